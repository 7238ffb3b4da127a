package tools

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
)

// maxCompletions is the protocol's limit.
const maxCompletions = 100

// completionTimeout is how long a person would wait for a suggestion.
const completionTimeout = 2 * time.Second

// CompletePromptArgument implements server.PromptCompletionProvider.
func (s *surface) CompletePromptArgument(ctx context.Context, _ string, arg mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return s.complete(ctx, arg.Name, arg.Value), nil
}

// CompleteResourceArgument implements server.ResourceCompletionProvider.
func (s *surface) CompleteResourceArgument(ctx context.Context, uri string, arg mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	name := arg.Name
	if uri == sessionTemplate && name == "id" {
		name = "session"
	}
	return s.complete(ctx, name, arg.Value), nil
}

// complete suggests values. Suggestions are a courtesy: what goes wrong is logged, and none are given.
func (s *surface) complete(ctx context.Context, field, typed string) (out *mcp.Completion) {
	out = &mcp.Completion{Values: []string{}}
	defer func() {
		if r := recover(); r != nil {
			s.failed(ctx, "completion", panicError(r))
			out = &mcp.Completion{Values: []string{}}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	values, err := s.suggest(ctx, field, typed)
	if err != nil {
		s.failed(ctx, "completion", err)
		return out
	}
	out.HasMore = len(values) > maxCompletions
	out.Values = append(out.Values, values[:min(len(values), maxCompletions)]...)
	return out
}

func (s *surface) suggest(ctx context.Context, field, typed string) ([]string, error) {
	switch field {
	case "days":
		return startingWith([]string{"7", "14", "30", "90"}, typed), nil
	case "key":
		return s.suggestDrafts(ctx, typed)
	case "project", "tag", "team", "id", "session":
	default:
		return nil, nil
	}
	svc, err := s.open(ctx, "completion")
	if err != nil {
		return nil, err
	}
	caller := s.opts.Caller(ctx)
	if s.opts.Names != nil && field != "id" {
		return s.opts.Names(ctx, caller, field, typed, maxCompletions+1)
	}
	q := memory.SearchQuery{Sort: memory.SortNewest, Limit: memory.MaxLimit}
	byText := field == "id" && !looksLikeID(typed)
	if byText {
		q.Text, q.Sort = typed, memory.SortRelevance
	}
	p, err := svc.Search(ctx, caller, q)
	if err != nil {
		return nil, err
	}
	var values []string
	for i := range p.Memories {
		values = append(values, valuesOf(&p.Memories[i], field)...)
	}
	if byText {
		return values, nil
	}
	return startingWith(values, typed), nil
}

// suggestDrafts completes the keys of the project's workspace.
func (s *surface) suggestDrafts(ctx context.Context, typed string) ([]string, error) {
	svc, err := s.open(ctx, "completion")
	if err != nil {
		return nil, err
	}
	ds, err := svc.Drafts(ctx, s.opts.Caller(ctx))
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(ds))
	for i := range ds {
		keys[i] = ds[i].Key
	}
	return startingWith(keys, typed), nil
}

// looksLikeID reports whether typed may be the beginning of an id; anything else is taken for words to find one by.
func looksLikeID(typed string) bool {
	return strings.Trim(strings.ToLower(typed), "0123456789abcdef-") == ""
}

func valuesOf(m *memory.Memory, field string) []string {
	switch field {
	case "project":
		return []string{m.Project}
	case "tag":
		return m.Tags
	case "team":
		return []string{m.Team}
	case "session":
		return []string{m.Session}
	}
	return []string{string(m.ID)}
}

// startingWith returns the values that begin with prefix in any case, each once, in order.
func startingWith(values []string, prefix string) []string {
	var out []string
	for _, v := range values {
		if v != "" && strings.HasPrefix(strings.ToLower(v), strings.ToLower(prefix)) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
