package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/spf13/cobra"
)

func newRecovery(a *app) *cobra.Command {
	create := sub(a, "create", "Make a recovery key and print its shares, this once", "recovery_create", cobra.NoArgs, func(cmd *cobra.Command, _ []string) (map[string]any, error) {
		need, _ := cmd.Flags().GetInt("need")
		shares, _ := cmd.Flags().GetInt("shares")
		if need < 1 || need > shares || shares > 16 {
			return nil, hint(errors.New("that many shares cannot be"), "up to 16 shares, and no more needed than there are, such as --need 2 --shares 3")
		}
		return map[string]any{"need": need, "shares": shares}, nil
	}, say(showRecovery))
	create.Flags().Int("need", 2, "how many shares it takes to read what the team shares")
	create.Flags().Int("shares", 3, "how many shares there are")
	show := sub(a, "show", "Tell whether the team has a recovery key", "recovery_show", cobra.NoArgs, nil, say(func(w io.Writer, r recoveryResult) {
		if r.ID == "" {
			fmt.Fprintln(w, "The team has no recovery key: if every device is lost, what it shares is lost. Make one: elderzan team recovery create")
			return
		}
		fmt.Fprintf(w, "any %d of %d shares bring back what %s shares\nteam %s\nfingerprint %s\n", r.Need, r.Shares, r.Name, r.Team, r.Fingerprint)
	}))
	check := sub(a, "check -", "Check shares from standard input without putting them together", "recovery_check", cobra.ExactArgs(1), func(_ *cobra.Command, words []string) (map[string]any, error) {
		codes, err := a.shares(words[0])
		return map[string]any{"codes": codes}, err
	}, say(func(w io.Writer, rs []shareResult) {
		for _, r := range rs {
			fmt.Fprintf(w, "share %d is good; it takes %d\n", r.Index, r.Need)
		}
	}))
	drop := sub(a, "drop", "End the recovery key with a new epoch", "recovery_drop", cobra.NoArgs, nil, say(func(w io.Writer, _ struct{}) {
		fmt.Fprintln(w, "The recovery key is ended: what is written from now on its shares cannot read.")
	}))
	c := &cobra.Command{Use: "recovery", Short: "A key on paper for the day on which every device is lost"}
	c.AddCommand(create, show, check, drop, newRestoreTeam(a))
	return c
}

// shares reads share codes, one a line.
func (a *app) shares(from string) ([]string, error) {
	if from != "-" {
		return nil, hint(errors.New("a share is a key: no process list should show it"), "give it on standard input, one a line, and - as the argument")
	}
	text, err := a.text([]string{"-"}, "shares")
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out, err
}

func showRecovery(w io.Writer, r recoveryResult) {
	fmt.Fprintf(w, `Recovery of the team %s. It takes %d of these %d shares, this program and the database's administrator.
Hand each share to another person, on paper or in a password manager; nothing keeps them here. On each sheet write:

team         %s
fingerprint  %s

`, r.Name, r.Need, r.Shares, r.Team, r.Fingerprint)
	for i, code := range r.Codes {
		fmt.Fprintf(w, "share %d      %s\n", i+1, code)
	}
	fmt.Fprintf(w, "\nOn a new machine: elderzan team recovery restore %s %s --ca AUTHORITY.pem -\n", r.Team, r.Fingerprint)
}

func newRestoreTeam(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore TEAM FINGERPRINT -",
		Short: "Read what a lost team shared into a new team, with shares from standard input",
		Long: "Puts the recovery key together from the shares on standard input, one a line, reads what the team shared, and founds a new\n" +
			"team with it on this machine. Whoever was in the lost team is invited anew. It may be run again: what is here is passed over.",
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, words []string) error { return a.restoreTeam(cmd, words) },
	}
	c.Flags().String("admin-url", "", "address of the database with a role that may make roles (default $ELDERZAN_ADMIN_URL)")
	c.Flags().String("ca", "", "PEM file of the authority that vouches for the server (default: the system's)")
	c.Flags().Bool("no-pins", false, "do not pin the server's keys")
	c.Flags().String("name", "", "what to call the new team (default: recovered)")
	c.Flags().String("as", "", "your name in the team (default: the user's)")
	return c
}

func (a *app) restoreTeam(cmd *cobra.Command, words []string) error {
	in, err := adminArgs(cmd)
	if err != nil {
		return err
	}
	maps.Copy(in, given(cmd, "no_pins", "name", "as"))
	in["team"], in["fingerprint"] = words[0], words[1]
	if in["codes"], err = a.shares(words[2]); err != nil {
		return err
	}
	s, err := a.session(cmd.Context())
	if err != nil {
		return err
	}
	defer s.Close()
	var total restoreTeamResult
	for {
		var page restoreTeamResult
		if err := s.Call(cmd.Context(), adminPrefix+"recovery_restore", in, &page); err != nil {
			return err
		}
		page.Read, page.Stored, page.Known = page.Read+total.Read, page.Stored+total.Stored, page.Known+total.Known
		page.Private, page.Deleted, page.Refused = page.Private+total.Private, page.Deleted+total.Deleted, page.Refused+total.Refused
		total = page
		if in["cursor"] = page.Next; page.Next == "" {
			break
		}
	}
	if a.json {
		return writeJSON(a.out, total)
	}
	fmt.Fprintf(a.out, "%d rows read: %d memories are in the new team %s, %d were here already, %d deleted, %d of no use\n",
		total.Read, total.Stored-total.Private, total.Name, total.Known, total.Deleted, total.Refused)
	if total.Private > 0 {
		fmt.Fprintf(a.out, "%d look sensitive and were kept PRIVATE; elderzan share ID shares one again\n", total.Private)
	}
	if len(total.Missing) > 0 {
		fmt.Fprintf(a.out, "the keys of epochs %v were not there: what was written under them is not readable\n", total.Missing)
	}
	fmt.Fprintf(a.out, "The lost team was %s. Invite who belongs to it: elderzan team invite\n", strings.Join(total.Members, ", "))
	return nil
}
