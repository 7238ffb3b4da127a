package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
)

type rescanArgs struct {
	Cursor string `json:"cursor"`
}

// rescan looks again at one page of what is stored.
func (a *admin) rescan(ctx context.Context, st *stack, in rescanArgs) (any, error) {
	return st.service.Rescan(ctx, a.caller(ctx), in.Cursor)
}

func newRescan(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "rescan", Short: "Look again at everything stored, and make PRIVATE what looks sensitive by the rules of today", GroupID: "server", Args: cobra.NoArgs,
		Long: "rescan is for after an update or after a change of " + policyFile + ". What looks sensitive becomes PRIVATE at once and is listed by id and rule,\n" +
			"never by text. What you confirmed before to be no secret stays where it is and is listed too.",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runRescan(cmd.Context()) },
	}
}

func (a *app) runRescan(ctx context.Context) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var all memory.RescanPage
	for cursor := ""; ; {
		var page memory.RescanPage
		if err := s.Call(ctx, adminPrefix+"rescan", rescanArgs{Cursor: cursor}, &page); err != nil {
			return err
		}
		all.Checked += page.Checked
		all.Moved = append(all.Moved, page.Moved...)
		all.Confirmed = append(all.Confirmed, page.Confirmed...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	all.Total = all.Checked
	raw, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return a.print(raw, showRescan)
}

func showRescan(w io.Writer, raw json.RawMessage) error {
	var all memory.RescanPage
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d looked at, %d made PRIVATE, %d look sensitive and were confirmed before\n", all.Checked, len(all.Moved), len(all.Confirmed))
	for _, m := range all.Moved {
		fmt.Fprintf(w, "  %s  %s → PRIVATE  %s\n", m.ID, m.From, strings.Join(m.Rules, ", "))
	}
	for _, m := range all.Confirmed {
		fmt.Fprintf(w, "  %s  stays %s  %s\n", m.ID, m.From, strings.Join(m.Rules, ", "))
	}
	return nil
}
