package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// cloudCommands are the commands of sharing beyond this machine.
func cloudCommands(a *app) []*cobra.Command {
	return []*cobra.Command{newCloud(a), newTeam(a), newSync(a), newConflicts(a), newMode(a)}
}

// sub is a command that calls one admin tool.
func sub(a *app, use, short, tool string, args cobra.PositionalArgs, in func(*cobra.Command, []string) (map[string]any, error), show func(io.Writer, json.RawMessage) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, words []string) error {
		values := map[string]any{}
		if in != nil {
			var err error
			if values, err = in(cmd, words); err != nil {
				return err
			}
		}
		return a.tool(cmd.Context(), adminPrefix+tool, values, show)
	}}
}

func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, GroupID: "cloud"}
	c.AddCommand(subs...)
	return c
}

// say returns a func that shows a result of type T.
func say[T any](show func(io.Writer, T)) func(io.Writer, json.RawMessage) error {
	return func(w io.Writer, raw json.RawMessage) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("read result: %w", err)
		}
		show(w, v)
		return nil
	}
}

// adminArgs reads the flags of the commands that need the database's administrator.
func adminArgs(cmd *cobra.Command) (map[string]any, error) {
	url, _ := cmd.Flags().GetString("admin-url")
	if url == "" {
		url = os.Getenv("ELDERZAN_ADMIN_URL")
	}
	if url == "" {
		return nil, hint(errors.New("no database"), "--admin-url postgres://ADMIN:PASSWORD@HOST:5432/DATABASE, or better in $ELDERZAN_ADMIN_URL, where no process list shows it")
	}
	in := map[string]any{"admin_url": url}
	if path, _ := cmd.Flags().GetString("ca"); path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, hint(fmt.Errorf("--ca: %w", err), "name the PEM file of the authority that vouches for the server")
		}
		in["ca"] = string(b)
	}
	return in, nil
}

func newCloud(a *app) *cobra.Command {
	initialise := sub(a, "init", "Set a PostgreSQL database up as the cloud of a new team", "cloud_init", cobra.NoArgs, func(cmd *cobra.Command, _ []string) (map[string]any, error) {
		in, err := adminArgs(cmd)
		if err == nil {
			in["no_pins"], _ = cmd.Flags().GetBool("no-pins")
		}
		return in, err
	}, say(func(w io.Writer, r cloudInitResult) {
		fmt.Fprintf(w, "The database is ready. Its administrator is not needed any more.\n")
		for i, p := range r.Pins {
			fmt.Fprintf(w, "pinned: %s%s\n", p, map[bool]string{true: " (backup)"}[i > 0])
		}
		fmt.Fprintf(w, "Next: %s\n", r.Next)
	}))
	initialise.Flags().Bool("no-pins", false, "do not pin the server's keys")
	update := sub(a, "update", "Bring the database's schema up to date with this build", "cloud_update", cobra.NoArgs, func(cmd *cobra.Command, _ []string) (map[string]any, error) {
		return adminArgs(cmd)
	}, say(func(w io.Writer, _ struct{}) { fmt.Fprintln(w, "The database is up to date.") }))
	for _, c := range []*cobra.Command{initialise, update} {
		c.Flags().String("admin-url", "", "address of the database with a role that may make roles, used this once (default $ELDERZAN_ADMIN_URL)")
		c.Flags().String("ca", "", "PEM file of the authority that vouches for the server (default: the system's)")
	}
	pins := sub(a, "pins", "Show the pins of the server's keys; --renew takes them over", "cloud_pins", cobra.NoArgs, func(cmd *cobra.Command, _ []string) (map[string]any, error) {
		return given(cmd, "renew"), nil
	}, say(func(w io.Writer, r pinsResult) {
		fmt.Fprintf(w, "server: %s\npinned: %s\n", strings.Join(r.Server, ", "), strings.Join(r.Set, ", "))
	}))
	pins.Flags().Bool("renew", false, "pin the keys that the server shows now")
	return group("cloud", "Set up and look after the cloud", append([]*cobra.Command{initialise, update, pins}, coldCommands(a)...)...)
}

func showTeam(w io.Writer, r teamResult) {
	fmt.Fprintf(w, "team %s, this device's fingerprint: %s\n", r.Name, r.Fingerprint)
	if r.Waiting {
		fmt.Fprintln(w, "The team lets this device in when the engine of whoever made the invite is online; shared memories then come by themselves.")
	}
}

func newTeam(a *app) *cobra.Command {
	create := sub(a, "create NAME", "Found a team in the cloud that cloud init set up", "team_create", cobra.ExactArgs(1), func(cmd *cobra.Command, words []string) (map[string]any, error) {
		in := given(cmd, "as")
		in["name"] = words[0]
		return in, nil
	}, say(showTeam))
	create.Flags().String("as", "", "your name in the team (default: the user's)")
	invite := sub(a, "invite", "Print a code that lets one more device join", "team_invite", cobra.NoArgs, func(cmd *cobra.Command, _ []string) (map[string]any, error) {
		return given(cmd, "role", "own", "hours", "confirm"), nil
	}, say(func(w io.Writer, r inviteResult) {
		fmt.Fprintf(w, "%s\n", r.Code)
		fmt.Fprintf(w, "\nHand this code over where nobody else reads it: it is a key. It works once, until %s:\n  elderzan team join CODE\n", r.Expires)
		if r.Confirm {
			fmt.Fprintln(w, "Then compare fingerprints over another channel: elderzan team accept FINGERPRINT\nSo do all who join from now on, until: elderzan team invite --confirm=false")
		}
	}))
	invite.Flags().String("role", "", "owner, editor, reader or auditor (default editor)")
	invite.Flags().Bool("own", false, "for a further device of your own")
	invite.Flags().Int("hours", 0, "how long the code works (default 48)")
	invite.Flags().Bool("confirm", false, "whoever joins, with this invite or another of yours, waits until you compared fingerprints; =false ends that")
	join := sub(a, "join CODE|-", "Join a team with the code that an invite printed", "team_join", cobra.MinimumNArgs(1), func(cmd *cobra.Command, words []string) (map[string]any, error) {
		code, err := a.text(words, "code")
		in := given(cmd, "name", "as")
		in["code"] = code
		return in, err
	}, say(showTeam))
	join.Flags().String("name", "", "what to call the team here")
	join.Flags().String("as", "", "your name in the team (default: the user's)")
	accept := sub(a, "accept FINGERPRINT", "Let in who asks to join, after comparing fingerprints", "team_accept", cobra.MinimumNArgs(1), func(_ *cobra.Command, words []string) (map[string]any, error) {
		return map[string]any{"fingerprint": strings.Join(words, " ")}, nil
	}, say(func(w io.Writer, r memberResult) { fmt.Fprintf(w, "%s is in the team\n", r.Member) }))
	members := sub(a, "members", "List members, devices, fingerprints and who asks to join", "team_members", cobra.NoArgs, nil, say(showMembers))
	remove := sub(a, "remove MEMBER", "Take a member out and open a new epoch; what was read stays read", "team_remove", cobra.ExactArgs(1), func(_ *cobra.Command, words []string) (map[string]any, error) {
		return map[string]any{"member": words[0]}, nil
	}, say(func(w io.Writer, r memberResult) {
		fmt.Fprintf(w, "%s is out of the team: what is written from now on they cannot read. What they have read stays read.\n", r.Member)
	}))
	role := sub(a, "role MEMBER ROLE", "Give a member another role", "team_role", cobra.ExactArgs(2), func(_ *cobra.Command, words []string) (map[string]any, error) {
		return map[string]any{"member": words[0], "role": words[1]}, nil
	}, say(func(w io.Writer, r memberResult) { fmt.Fprintf(w, "%s has the role\n", r.Member) }))
	rotate := sub(a, "rotate", "Open a new epoch with a new key", "team_rotate", cobra.NoArgs, nil, say(func(w io.Writer, _ struct{}) { fmt.Fprintln(w, "a new epoch is open") }))
	mend := sub(a, "mend", "Take out of the membership chain what does not belong to it", "team_mend", cobra.NoArgs, nil, say(func(w io.Writer, r mendResult) {
		fmt.Fprintf(w, "%d entries were taken out\n", r.Entries)
	}))
	return group("team", "Share memories with other people, end-to-end encrypted", create, invite, join, accept, members, remove, role, rotate, mend, newRecovery(a))
}

func showMembers(w io.Writer, r membersResult) {
	fmt.Fprintf(w, "team %s, epoch %d, fingerprint %s\nthis device %s\n", r.Team, r.Epoch, r.Fingerprint, r.Own)
	t := newTable(w, "member", "role", "id", "devices")
	for _, m := range r.Members {
		t.row(m.Name, m.Role, m.ID, strings.Join(m.Devices, " "))
	}
	_ = t.flush() // the first error stays with the writer, as of the lines around
	for _, q := range r.Asking {
		fmt.Fprintf(w, "asks to join: %s %s; once fingerprints are compared: elderzan team accept %s\n", q.Name, q.Fingerprint, q.Fingerprint)
	}
}

func newSync(a *app) *cobra.Command {
	pausing := func(on bool) func(*cobra.Command, []string) (map[string]any, error) {
		return func(*cobra.Command, []string) (map[string]any, error) { return map[string]any{"pause": on}, nil }
	}
	return group("sync", "Exchange with the cloud",
		sub(a, "now", "Exchange with the cloud at once", "sync_now", cobra.NoArgs, nil, say(func(w io.Writer, r syncReport) {
			fmt.Fprintf(w, "pushed %d, pulled %d, conflicts %d\n", r.Pushed, r.Pulled, r.Conflicts)
		})),
		sub(a, "status", "Show what waits, what failed and when it is tried again", "sync_status", cobra.NoArgs, nil, say(showSync)),
		sub(a, "pause", "Keep everything here until resume; nothing is lost", "sync_pause", cobra.NoArgs, pausing(true), say(showSync)),
		sub(a, "resume", "Go on after pause", "sync_pause", cobra.NoArgs, pausing(false), say(showSync)),
	)
}

func showSync(w io.Writer, r syncStatusResult) {
	fmt.Fprintf(w, "sync      %s\nteam      %s\nwaiting   %d\nconflicts %d\npushed    %d (%d bytes)\npulled    %d (%d bytes)\n",
		r.State, cmp.Or(r.Team, "none; elderzan guide team says how to have one"), r.Pending, r.Conflicts, r.Total.Pushed, r.Total.BytesOut, r.Total.Pulled, r.Total.BytesIn)
	for _, line := range [][2]string{{"synced", r.SyncedAt}, {"next", r.NextTry}, {"error", r.Error}} {
		if line[1] != "" {
			fmt.Fprintf(w, "%-9s %s\n", line[0], line[1])
		}
	}
	if n := r.Total.Refused; n > 0 {
		fmt.Fprintf(w, "refused   %d changes, which stay here: this device may not write them; elderzan audit show names them\n", n)
	}
	if r.Older > 0 {
		fmt.Fprintf(w, "renewing  %d rows still stand under keys of older epochs; %d are under the new one\n", r.Older, r.Total.Resealed)
	}
	for _, h := range r.Held {
		fmt.Fprintf(w, "not used: %s: %s\n", h.ID, h.Why)
	}
}

func newConflicts(a *app) *cobra.Command {
	byID := func(_ *cobra.Command, words []string) (map[string]any, error) {
		return map[string]any{"id": words[0]}, nil
	}
	resolve := sub(a, "resolve ID", "Decide what a memory says from now on", "conflicts_resolve", cobra.ExactArgs(1), func(cmd *cobra.Command, words []string) (map[string]any, error) {
		in := given(cmd, "keep", "content")
		in["id"] = words[0]
		return in, nil
	}, say(func(w io.Writer, r conflict) { fmt.Fprintf(w, "%s says now:\n%s\n", r.ID, r.Text) }))
	resolve.Flags().String("keep", "", "current, or the number of another text as conflicts show counts them")
	resolve.Flags().String("content", "", "a merged text")
	return group("conflicts", "Texts that two people changed at once",
		sub(a, "list", "List memories with texts that wait for a decision", "conflicts_list", cobra.NoArgs, nil, say(func(w io.Writer, r conflictsResult) {
			if len(r.Conflicts) == 0 {
				fmt.Fprintln(w, "no conflicts")
				return
			}
			t := newTable(w, "memory", "says now", "others")
			for _, c := range r.Conflicts {
				t.row(string(c.ID), firstLine(c.Text), strconv.Itoa(len(c.Others)))
			}
			_ = t.flush()
		})),
		sub(a, "show ID", "Show the texts of a conflict with what they come from", "conflicts_list", cobra.ExactArgs(1), byID, say(func(w io.Writer, r conflictsResult) {
			for _, c := range r.Conflicts {
				if len(c.Others) == 0 {
					fmt.Fprintf(w, "no other text waits beside %s, which says:\n%s\n", c.ID, c.Text)
					continue
				}
				fmt.Fprintf(w, "current:\n%s\n", c.Text)
				for i, o := range c.Others {
					if o.Base != "" {
						fmt.Fprintf(w, "\nboth come from:\n%s\n", o.Base)
					}
					fmt.Fprintf(w, "\n%d, by %s at %s:\n%s\n%s", i+1, o.Author, o.At, o.Text, lineDiff(c.Text, o.Text))
				}
				fmt.Fprintf(w, "\nDecide: elderzan conflicts resolve %s --keep current|1… or --content TEXT\n", c.ID)
			}
		})),
		resolve,
	)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	if r := []rune(line); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return line
}

// lineDiff shows the lines that only one of the texts has.
func lineDiff(a, b string) string {
	var out strings.Builder
	has := func(text, line string) bool { return strings.Contains("\n"+text+"\n", "\n"+line+"\n") }
	for line := range strings.SplitSeq(a, "\n") {
		if !has(b, line) {
			fmt.Fprintf(&out, "- %s\n", line)
		}
	}
	for line := range strings.SplitSeq(b, "\n") {
		if !has(a, line) {
			fmt.Fprintf(&out, "+ %s\n", line)
		}
	}
	return out.String()
}

func newMode(a *app) *cobra.Command {
	c := sub(a, "mode local-only|hybrid", "Keep everything on this machine, or share again; at once and without loss", "mode", cobra.ExactArgs(1), func(_ *cobra.Command, words []string) (map[string]any, error) {
		if words[0] != modeLocalOnly && words[0] != "hybrid" {
			return nil, hint(fmt.Errorf("unknown mode %q", words[0]), "elderzan mode local-only, or: elderzan mode hybrid")
		}
		return map[string]any{"mode": words[0]}, nil
	}, say(showSync))
	c.GroupID = "cloud"
	return c
}
