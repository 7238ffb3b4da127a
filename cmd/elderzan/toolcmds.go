package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/memory"
)

// caller runs a tool of the memory, wherever its engine is, and reads the structured result into out.
type caller interface {
	Call(ctx context.Context, tool string, args, out any) error
	Close() error
}

// tool runs one tool and prints its result: as JSON with --json, else by show.
func (a *app) tool(ctx context.Context, name string, args map[string]any, show func(io.Writer, json.RawMessage) error) error {
	_, err := a.toolResult(ctx, name, args, show)
	return err
}

// toolResult is tool, and returns what it has printed.
func (a *app) toolResult(ctx context.Context, name string, args map[string]any, show func(io.Writer, json.RawMessage) error) (json.RawMessage, error) {
	if field := notText(args); field != "" {
		return nil, hint(fmt.Errorf("%s is not valid UTF-8; nothing was done", field), "turn the text into UTF-8 first, as with: iconv -f latin1 -t utf-8")
	}
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var raw json.RawMessage
	if err := s.Call(ctx, name, args, &raw); err != nil {
		return nil, err
	}
	return raw, a.print(raw, show)
}

// notText names an argument whose text is not UTF-8; "" when all are. As JSON it would travel as another text.
func notText(args map[string]any) string {
	for name, v := range args {
		var all string
		switch v := v.(type) {
		case string:
			all = v
		case []string:
			all = strings.Join(v, "")
		}
		if !utf8.ValidString(all) {
			return name
		}
	}
	return ""
}

func (a *app) print(raw json.RawMessage, show func(io.Writer, json.RawMessage) error) error {
	if !a.json {
		return show(a.out, visible(raw))
	}
	_, err := fmt.Fprintf(a.out, "%s\n", raw)
	return err
}

// given collects the flags that were set, under the names of the tool's arguments.
func given(cmd *cobra.Command, names ...string) map[string]any {
	args := map[string]any{}
	for _, name := range names {
		flag := cmd.Flags().Lookup(strings.ReplaceAll(name, "_", "-"))
		if flag == nil || !flag.Changed {
			continue
		}
		switch flag.Value.Type() {
		case "bool":
			args[name], _ = cmd.Flags().GetBool(flag.Name)
		case "int":
			args[name], _ = cmd.Flags().GetInt(flag.Name)
		case "float64":
			args[name], _ = cmd.Flags().GetFloat64(flag.Name)
		case "stringSlice":
			args[name], _ = cmd.Flags().GetStringSlice(flag.Name)
		default:
			args[name] = flag.Value.String()
		}
	}
	return args
}

// text joins the arguments, or reads standard input where the only one is "-".
func (a *app) text(args []string, what string) (string, error) {
	if len(args) == 1 && args[0] == "-" {
		b, err := io.ReadAll(io.LimitReader(a.in, 1<<20))
		if err != nil {
			return "", fmt.Errorf("read %s: %w", what, err)
		}
		return strings.TrimRight(string(b), "\n"), nil
	}
	if len(args) == 0 {
		return "", hint(fmt.Errorf("no %s", what), "give it as an argument, or as - to read it from standard input")
	}
	return strings.Join(args, " "), nil
}

func newRemember(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remember TEXT…|-", Short: "Keep something worth knowing later", GroupID: "memory",
		Example: "  elderzan remember \"We use tabs.\" --kind convention\n  git log -1 --format=%B | elderzan remember - --tags git",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := a.text(args, "text to remember")
			if err != nil {
				return err
			}
			in := given(cmd, "title", "kind", "tags", "scope", "project", "team", "occurred_at", "expires_in", "supersedes", "override_auto_classification", "wait")
			in["content"] = text
			if err := withMetadata(cmd, in); err != nil {
				return err
			}
			return a.tool(cmd.Context(), "remember", in, showRemembered)
		},
	}
	f := cmd.Flags()
	f.String("title", "", "short title")
	f.String("kind", "", "kind of knowledge, such as decision or preference (default: classified)")
	f.StringSlice("tags", nil, "tags")
	f.String("scope", "", "PRIVATE, PROJECT, SHARED or GLOBAL (default: classified)")
	f.String("project", "", "project (default: that of the working folder)")
	f.String("team", "", "team, for SHARED")
	f.String("occurred-at", "", "when it happened: RFC 3339 or a date")
	f.String("expires-in", "", "forget it after a span such as 30d")
	f.String("supersedes", "", "id of the memory that this one replaces")
	f.String("metadata", "", "further fields as a JSON object")
	f.Bool("override-auto-classification", false, "keep --scope even where the text looks sensitive")
	f.Bool("wait", false, "return only when it is embedded too")
	return cmd
}

// withMetadata adds what the flag metadata says to the arguments of a tool.
func withMetadata(cmd *cobra.Command, in map[string]any) error {
	md, _ := cmd.Flags().GetString("metadata")
	if md == "" {
		return nil
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(md), &m); err != nil || !utf8.ValidString(md) {
		return hint(errors.New("--metadata is not a JSON object"), `write it as '{"key": "value"}'`)
	}
	in["metadata"] = m
	return nil
}

// filterFlags adds the flags that narrow recall and search.
func filterFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSlice("scopes", nil, "only these scopes")
	f.String("project", "", "only this project")
	f.StringSlice("kinds", nil, "only these kinds")
	f.StringSlice("tags", nil, "only memories with all these tags")
	f.String("since", "", "only from this time on")
	f.String("until", "", "only before this time")
	f.Int("limit", 10, "how many, 1 to 100")
}

var filterNames = []string{"scopes", "project", "kinds", "tags", "since", "until", "limit"}

func newRecall(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "recall QUESTION…|-", Short: "Bring back what matters for a need, by meaning", GroupID: "memory",
		Example: "  elderzan recall \"how do we deploy?\" --limit 3 --explain",
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := a.text(args, "question")
			if err != nil {
				return err
			}
			in := given(cmd, append(filterNames, "mode", "max_tokens", "explain")...)
			in["query"] = q
			return a.tool(cmd.Context(), "recall", in, showMemories)
		},
	}
	filterFlags(cmd)
	cmd.Flags().String("mode", "balanced", "fast, balanced or accurate")
	cmd.Flags().Int("max-tokens", 0, "most tokens that the answer may take as JSON, 64 or more (default: 4 KB)")
	cmd.Flags().Bool("explain", false, "say why each memory came back")
	return cmd
}

func newSearch(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "search [WORDS…]", Short: "List memories by exact words and filters, page by page", GroupID: "memory",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := given(cmd, append(filterNames, "states", "sort", "cursor")...)
			if len(args) > 0 {
				in["text"] = strings.Join(args, " ")
			}
			if in["limit"] == nil { // a page without one is kept short, for agents
				in["limit"] = memory.DefaultLimit
			}
			return a.tool(cmd.Context(), "search", in, showMemories)
		},
	}
	filterFlags(cmd)
	cmd.Flags().StringSlice("states", nil, "active, superseded, archived or forgotten (default: active)")
	cmd.Flags().String("sort", "", "relevance, newest, oldest or updated")
	cmd.Flags().String("cursor", "", "next page, as the page before printed it")
	return cmd
}

func newClassify(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "classify TEXT…|-", Short: "Say where a text would be stored and why; stores nothing", GroupID: "memory",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := a.text(args, "text to classify")
			if err != nil {
				return err
			}
			in := given(cmd, "title", "tags")
			in["content"] = text
			if err := withMetadata(cmd, in); err != nil {
				return err
			}
			return a.tool(cmd.Context(), "classify", in, showDecision)
		},
	}
	f := cmd.Flags()
	f.String("title", "", "title it would have")
	f.StringSlice("tags", nil, "tags it would have")
	f.String("metadata", "", "further fields as a JSON object")
	cmd.Args = cobra.ArbitraryArgs // a text that begins with no name of a command below
	cmd.AddCommand(newModel(a))
	return cmd
}

func newShare(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "share ID…", Short: "Change how far memories may travel", GroupID: "memory", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := given(cmd, "scope", "team", "confirm")
			in["ids"] = args
			raw, err := a.toolResult(cmd.Context(), "share", in, showShared)
			if err != nil {
				return err
			}
			return refusedError(raw)
		},
	}
	cmd.Flags().String("scope", "SHARED", "PRIVATE, PROJECT, SHARED or GLOBAL")
	cmd.Flags().String("team", "", "team, for SHARED")
	cmd.Flags().Bool("confirm", false, "yes to sending out a memory that looks sensitive")
	cmd.PreRun = func(cmd *cobra.Command, _ []string) { cmd.Flags().Lookup("scope").Changed = true }
	return cmd
}

func newRevise(a *app) *cobra.Command {
	names := []string{"content", "title", "kind", "tags", "project", "occurred_at", "expires_in", "importance", "pinned", "merge", "restore", "resolves"}
	cmd := &cobra.Command{
		Use: "revise ID", Short: "Correct a memory, or bring a forgotten one back", GroupID: "memory", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := given(cmd, names...)
			if len(in) == 0 {
				return hint(errors.New("nothing to change"), "say what: --content, --title, --kind, --tags, --project, --occurred-at, --expires-in, --importance, --pinned, --merge, --restore or --resolves")
			}
			in["id"] = args[0]
			return a.tool(cmd.Context(), "revise", in, showRemembered)
		},
	}
	f := cmd.Flags()
	f.String("content", "", "new text")
	f.String("title", "", "new title")
	f.String("kind", "", "new kind")
	f.StringSlice("tags", nil, "new tags")
	f.String("project", "", "new project")
	f.String("occurred-at", "", "when it happened")
	f.String("expires-in", "", "forget it after a span such as 30d")
	f.Float64("importance", 0, "how much it matters, 0 to 1; fades while it is not used")
	f.Bool("pinned", false, "keep it from fading and from the archive; --pinned=false takes that back")
	f.StringSlice("merge", nil, "ids of memories that say the same: they become its history")
	f.Bool("restore", false, "bring it back")
	f.String("resolves", "", "decide between texts that two people wrote at once: list, current, a number, or merged with --content")
	return cmd
}

func newForget(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "forget [ID…]", Short: "Take memories out of every answer; recoverable for 30 days", GroupID: "memory",
		Example: "  elderzan forget 0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10\n  elderzan forget --query \"old staging\" --confirm",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := given(cmd, "query", "confirm", "reason", "purge")
			if len(args) > 0 {
				in["ids"] = args
			}
			if len(args) == 0 && in["query"] == nil {
				return hint(errors.New("nothing to forget is named"), `give an id, or a query: elderzan forget --query "old staging"`)
			}
			if purge, _ := cmd.Flags().GetBool("purge"); purge {
				if yes, _ := cmd.Flags().GetBool("confirm"); !yes {
					if err := a.ask("Purge for good? This cannot be undone."); err != nil {
						return err
					}
					in["confirm"] = true
				}
			}
			return a.tool(cmd.Context(), "forget", in, showForgotten)
		},
	}
	f := cmd.Flags()
	f.String("query", "", "forget what holds these words; without --confirm only lists them")
	f.Bool("confirm", false, "yes")
	f.String("reason", "", "why, for the audit log")
	f.Bool("purge", false, "for good, from every engine, now")
	return cmd
}

// interactive reports whether a person sits at a terminal and can be asked.
func (a *app) interactive() bool {
	f, ok := a.out.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(a.in.Fd())) && term.IsTerminal(int(f.Fd()))
}

// yes puts a question on the terminal; only y counts as a yes.
func (a *app) yes(question string) bool {
	fmt.Fprintf(a.out, "%s [y/N] ", question)
	var answer string
	_, err := fmt.Fscanln(a.in, &answer)
	return err == nil && strings.EqualFold(answer, "y")
}

// ask puts a question to the person; where there is none the answer is no.
func (a *app) ask(question string) error {
	if a.interactive() && a.yes(question) {
		return nil
	}
	return hint(errors.New("not confirmed; nothing was changed"), "repeat the command with --confirm")
}

// asker answers the questions that tools ask in the middle of a call; nil where nobody can be asked.
func (a *app) asker() func(context.Context, attach.Question) (attach.Reply, error) {
	if !a.interactive() {
		return nil
	}
	return func(_ context.Context, q attach.Question) (attach.Reply, error) {
		if !a.yes(q.Message) {
			return attach.Reply{Action: "decline"}, nil
		}
		return attach.Reply{Action: "accept", Content: map[string]any{"confirm": true}}, nil
	}
}
