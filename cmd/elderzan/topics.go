package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/tools"
)

type topicsArgs struct {
	Refresh bool `json:"refresh"`
	Map     bool `json:"map"`
}

func (a *admin) topics(ctx context.Context, st *stack, in topicsArgs) (any, error) {
	if in.Refresh {
		if err := st.topics.Refresh(ctx); err != nil {
			return nil, err
		}
	}
	m, err := st.topicsFor(ctx, a.caller(ctx), in.Map)
	return tools.ShowTopics(m), err
}

func newTopics(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "topics", Short: "Show what the memories are about, in groups", GroupID: "memory", Args: cobra.NoArgs,
		Long: "topics groups the newest 8,000 memories by meaning and names each group by the terms that tell it from the others.\n" +
			"The groups are refreshed in the background and keep their ids. PRIVATE and sensitive memories are in none.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.tool(cmd.Context(), adminPrefix+"topics", given(cmd, "refresh", "map"), showTopics)
		},
	}
	cmd.Flags().Bool("refresh", false, "group them anew now")
	cmd.Flags().Bool("map", false, "with --json: where each memory lies on a map in two dimensions")
	return cmd
}

func showTopics(w io.Writer, raw json.RawMessage) error {
	var r struct {
		Topics []struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			Size     int    `json:"memories"`
			Examples []struct {
				Text string `json:"text"`
			} `json:"examples"`
		} `json:"topics"`
		Note string `json:"note"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	width := columns(w)
	for _, t := range r.Topics {
		fmt.Fprintf(w, "%s  %s  (%d)\n", paint(w, faint, t.ID), t.Name, t.Size)
		if len(t.Examples) > 0 {
			fmt.Fprintln(w, wrap(t.Examples[0].Text, width, 2))
		}
	}
	if r.Note != "" {
		fmt.Fprintln(w, r.Note)
	}
	return nil
}
