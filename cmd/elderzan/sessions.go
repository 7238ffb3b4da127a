package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/tools"
)

type sessionsArgs struct {
	ID      string `json:"id"`    // of the session to show
	About   string `json:"about"` // id or words to find similar sessions by
	Project string `json:"project"`
	Open    bool   `json:"open"`
	Limit   int    `json:"limit"`
}

func (a *admin) sessions(ctx context.Context, st *stack, in sessionsArgs) (any, error) {
	if err := st.book.Save(ctx); err != nil {
		return nil, err
	}
	c := a.caller(ctx)
	switch {
	case in.ID != "":
		r, err := st.service.Session(ctx, c, in.ID)
		return tools.ShowSession(r), hintNoSession(err)
	case in.About != "":
		ms, err := st.service.SimilarSessions(ctx, c, in.About, in.Limit)
		return tools.ShowMatches(ms), err
	}
	list, err := st.service.Sessions(ctx, c, memory.SessionFilter{Project: in.Project, Open: in.Open, Limit: in.Limit})
	return tools.ShowSessions(list), err
}

func hintNoSession(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, memory.ErrNotFound) {
		err = errors.New("there is no such session")
	}
	return hint(err, "see which there are: elderzan sessions list")
}

func newSessions(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "sessions", Short: "See what happened in past sessions, and find similar ones", GroupID: "memory"}
	list := &cobra.Command{
		Use: "list", Short: "List sessions, the last used first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.tool(cmd.Context(), adminPrefix+"sessions", given(cmd, "project", "open", "limit"), showSessions)
		},
	}
	list.Flags().String("project", "", "only this project")
	list.Flags().Bool("open", false, "only those that are open")
	show := &cobra.Command{
		Use: "show ID", Short: "Show what was remembered and recalled in a session, and open drafts", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.tool(cmd.Context(), adminPrefix+"sessions", map[string]any{"id": args[0]}, showSession)
		},
	}
	similar := &cobra.Command{
		Use: "similar ID|WORDS…", Short: "Find past sessions about the same", Args: cobra.MinimumNArgs(1),
		Example: "  elderzan sessions similar \"the billing migration\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := given(cmd, "limit")
			in["about"] = strings.Join(args, " ")
			return a.tool(cmd.Context(), adminPrefix+"sessions", in, showSessions)
		},
	}
	for _, c := range []*cobra.Command{list, similar} {
		c.Flags().Int("limit", 20, "how many, 1 to 100")
		c.PreRun = func(cmd *cobra.Command, _ []string) { cmd.Flags().Lookup("limit").Changed = true }
	}
	cmd.AddCommand(list, show, similar)
	return cmd
}

type shownSession struct {
	ID      string   `json:"id"`
	Client  string   `json:"client"`
	Project string   `json:"project"`
	Status  string   `json:"status"`
	Started string   `json:"started_at"`
	Last    string   `json:"last_at"`
	Stored  int      `json:"stored"`
	Recalls int      `json:"recalls"`
	Score   *float64 `json:"score"`
}

func (s *shownSession) line() string {
	parts := []string{s.ID, s.Last, s.Status, s.Client, s.Project, fmt.Sprintf("%d stored", s.Stored), fmt.Sprintf("%d recalls", s.Recalls)}
	if s.Score != nil {
		parts = append([]string{fmt.Sprintf("%.2f", *s.Score)}, parts...)
	}
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "  ")
}

func showSessions(w io.Writer, raw json.RawMessage) error {
	var r struct {
		Sessions []shownSession `json:"sessions"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if len(r.Sessions) == 0 {
		_, err := fmt.Fprintln(w, "no sessions")
		return err
	}
	return sessionTable(w, r.Sessions)
}

func sessionTable(w io.Writer, sessions []shownSession) error {
	t := newTable(w, "session", "last call", "state", "client", "stored", "recalls", "project")
	alike := sessions[0].Score != nil
	if alike {
		t.head = append(t.head, "alike")
	}
	for i := range sessions {
		s := &sessions[i]
		cells := []string{s.ID, localTime(s.Last), s.Status, s.Client, strconv.Itoa(s.Stored), strconv.Itoa(s.Recalls), s.Project}
		if alike {
			cells = append(cells, fmt.Sprintf("%.2f", *s.Score))
		}
		t.row(cells...)
	}
	return t.flush()
}

// localTime shows a time of JSON to a person, in the time zone that is theirs.
func localTime(stamp string) string {
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return stamp
	}
	return at.Local().Format("2006-01-02 15:04")
}

func showSession(w io.Writer, raw json.RawMessage) error {
	var r struct {
		shownSession
		Memories []struct {
			ID      string `json:"id"`
			Content string `json:"content"`
		} `json:"memories"`
		Recalled []struct {
			ID    string `json:"id"`
			Text  string `json:"text"`
			Count int    `json:"count"`
		} `json:"recalled"`
		Drafts []struct {
			Key     string `json:"key"`
			Bytes   int    `json:"bytes"`
			Expires string `json:"expires_at"`
		} `json:"drafts"`
		Similar []shownSession `json:"similar"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	fmt.Fprintln(w, r.line())
	width := columns(w)
	for _, m := range r.Memories {
		fmt.Fprintf(w, "remembered %s\n%s\n", m.ID, wrap(m.Content, width, 2))
	}
	for _, u := range r.Recalled {
		fmt.Fprintf(w, "recalled %s  %d times\n%s\n", u.ID, u.Count, wrap(u.Text, width, 2))
	}
	for _, d := range r.Drafts {
		fmt.Fprintf(w, "draft %s  %d bytes, until %s\n", d.Key, d.Bytes, d.Expires)
	}
	for i := range r.Similar {
		fmt.Fprintf(w, "similar %s\n", r.Similar[i].line())
	}
	return nil
}
