package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

type auditArgs struct {
	Action      string   `json:"action"` // show, verify or checkpoint
	After       int64    `json:"after"`
	Limit       int      `json:"limit"`
	Last        int      `json:"last"`        // the newest ones instead of those after After
	Checkpoints []string `json:"checkpoints"` // kept elsewhere
}

// auditEntry is an entry of the audit log as it travels and is exported.
type auditEntry struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Action  string    `json:"action"`
	Subject memory.ID `json:"subject,omitempty"`
	User    string    `json:"user,omitempty"`
	Client  string    `json:"client,omitempty"`
	Session string    `json:"session,omitempty"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to,omitempty"`
	Rules   []string  `json:"rules,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

type auditPage struct {
	Entries []auditEntry `json:"entries"`
	Head    int64        `json:"head"` // number of the newest entry
}

// auditPageSize is how many entries one call returns.
const auditPageSize = 1000

var errPageFull = errors.New("the page is full")

// audit answers the commands about the audit log. Who may not read it is refused, and that is logged.
func (a *admin) audit(ctx context.Context, st *stack, in auditArgs) (any, error) {
	if err := st.service.Authorize(ctx, a.caller(ctx), "audit"); err != nil {
		return nil, err
	}
	switch in.Action {
	case "verify":
		elsewhere := make([][]byte, len(in.Checkpoints))
		for i, c := range in.Checkpoints {
			elsewhere[i] = []byte(c)
		}
		return st.store.VerifyAudit(ctx, elsewhere)
	case "checkpoint":
		return st.store.CheckpointAudit(ctx)
	}
	page := auditPage{Entries: []auditEntry{}, Head: st.store.AuditHead()}
	after, limit := in.After, min(max(in.Limit, 1), auditPageSize)
	if in.Last > 0 {
		limit = min(in.Last, auditPageSize)
		after = max(page.Head-int64(limit), 0)
	}
	err := st.store.AuditLog(ctx, after, func(e storage.AuditEntry) error {
		page.Entries = append(page.Entries, toEntry(&e))
		if len(page.Entries) == limit {
			return errPageFull
		}
		return nil
	})
	if err != nil && !errors.Is(err, errPageFull) {
		return nil, hint(err, "see what is wrong with it: elderzan audit verify")
	}
	return page, nil
}

func toEntry(e *storage.AuditEntry) auditEntry {
	named := func(s scope.Scope) string {
		if !s.Valid() {
			return ""
		}
		return s.String()
	}
	return auditEntry{
		Seq: e.Seq, At: e.At, Action: e.Action, Subject: e.Subject, User: e.User, Client: e.Client, Session: e.Session,
		From: named(e.From), To: named(e.To), Rules: e.Rules, Reason: e.Reason,
	}
}

// cells are the columns of auditHead.
func (e *auditEntry) cells() []string {
	var scopes, who string
	if e.From != "" || e.To != "" {
		scopes = orDash(e.From) + " → " + orDash(e.To)
	}
	if e.User != "" || e.Client != "" {
		who = orDash(e.User) + " (" + orDash(e.Client) + ")"
	}
	why := e.Reason
	if len(e.Rules) > 0 {
		why = strings.TrimSpace(why + ": " + strings.Join(e.Rules, ", "))
	}
	return []string{strconv.FormatUint(uint64(e.Seq), 10), e.At.Local().Format(time.DateTime), e.Action, string(e.Subject), scopes, who, why}
}

var auditHead = []string{"no", "when", "what", "memory", "scope", "who", "why"}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func newAudit(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Show, export and verify the log of everything that was done", GroupID: "server", Args: unknownCommand,
		Long: "Every change, share, override, denied access and use of keys is in the audit log, with its reason and never with a text.\n" +
			"Each entry is bound to the one before, and signed checkpoints vouch for all of them: keep some elsewhere.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAuditShow(a), newAuditExport(a), newAuditVerify(a), newAuditCheckpoint(a))
	return cmd
}

func newAuditShow(a *app) *cobra.Command {
	in := auditArgs{Action: "show"}
	cmd := &cobra.Command{
		Use: "show", Short: "Show the newest entries", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var raw json.RawMessage
			if err := a.callAudit(cmd.Context(), in, &raw); err != nil {
				return err
			}
			return a.print(raw, func(w io.Writer, raw json.RawMessage) error {
				var p auditPage
				if err := json.Unmarshal(raw, &p); err != nil {
					return err
				}
				t := newTable(w, auditHead...)
				for i := range p.Entries {
					t.row(p.Entries[i].cells()...)
				}
				return t.flush()
			})
		},
	}
	cmd.Flags().IntVar(&in.Last, "last", 20, "how many")
	return cmd
}

func (a *app) callAudit(ctx context.Context, in auditArgs, out any) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Call(ctx, adminPrefix+"audit", in, out)
}

func newAuditExport(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "export", Short: "Write the whole log as JSON Lines, each entry verified on the way", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			w := a.out
			if out != "" {
				f, err := os.OpenFile(out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
				if err != nil {
					return fmt.Errorf("audit export: %w", err)
				}
				defer func() { err = errors.Join(err, f.Close()) }()
				w = f
			}
			s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			for after := int64(0); ; {
				var p auditPage
				if err := s.Call(cmd.Context(), adminPrefix+"audit", auditArgs{Action: "show", After: after, Limit: auditPageSize}, &p); err != nil {
					return err
				}
				for i := range p.Entries {
					if err := writeJSON(w, &p.Entries[i]); err != nil {
						return err
					}
				}
				if len(p.Entries) == 0 {
					return nil
				}
				after = p.Entries[len(p.Entries)-1].Seq
			}
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "file (default standard output)")
	return cmd
}

var errAudit = errors.New("the audit log is not what was written")

func newAuditVerify(a *app) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use: "verify", Short: "Find entries that were altered, removed, moved or written anew", Args: cobra.NoArgs,
		Long: "verify reads the whole log: each entry must follow from the one before, and all of it be what the newest signed checkpoint\n" +
			"vouches for, and those in the files named by --checkpoint.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := auditArgs{Action: "verify"}
			for _, name := range files {
				b, err := os.ReadFile(name)
				if err != nil {
					return fmt.Errorf("checkpoint: %w", err)
				}
				in.Checkpoints = append(in.Checkpoints, string(bytes.TrimLeft(b, "\n")))
			}
			var raw json.RawMessage
			if err := a.callAudit(cmd.Context(), in, &raw); err != nil {
				return err
			}
			if err := a.print(raw, showAuditReport); err != nil {
				return err
			}
			var r storage.AuditReport
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			if len(r.Faults) > 0 {
				return hint(errAudit, "compare with a backup: elderzan restore --to DIR; if only stored hashes are damaged: elderzan doctor --repair")
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&files, "checkpoint", nil, "file with a checkpoint that was kept elsewhere; may be repeated")
	return cmd
}

func showAuditReport(w io.Writer, raw json.RawMessage) error {
	var r storage.AuditReport
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	for _, f := range r.Faults {
		fmt.Fprintln(w, f)
	}
	if len(r.Faults) == 0 {
		fmt.Fprintf(w, "%s, each follows from the one before; signed for: %d\n", count(int(r.Entries), "entry", "entries"), r.Signed)
	}
	return nil
}

func newAuditCheckpoint(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "checkpoint", Short: "Sign what the log holds now, to be kept elsewhere", Args: cobra.NoArgs,
		Long: "checkpoint signs the number of entries and the hash of them all. Kept with another person, on paper or on another machine,\n" +
			"it shows a log that was written anew, even by somebody who has the keys of this one.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var raw json.RawMessage
			if err := a.callAudit(cmd.Context(), auditArgs{Action: "checkpoint"}, &raw); err != nil {
				return err
			}
			var c storage.AuditCheckpoint
			if err := json.Unmarshal(raw, &c); err != nil {
				return err
			}
			if out != "" {
				if err := os.WriteFile(out, []byte(c.Note), 0o600); err != nil {
					return fmt.Errorf("checkpoint: %w", err)
				}
			}
			return a.print(raw, func(w io.Writer, _ json.RawMessage) error {
				if out != "" {
					fmt.Fprintf(w, "%d entries are signed for in %s; keep it elsewhere\nverifier key %s\n", c.Entries, out, c.Verifier)
					return nil
				}
				_, err := io.WriteString(w, c.Note)
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "file (default standard output)")
	return cmd
}
