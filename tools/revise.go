package tools

import (
	"context"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
)

type reviseResult struct {
	ID       memory.ID `json:"id"`
	Scope    string    `json:"scope"`
	State    string    `json:"state"`
	Version  int       `json:"version"`
	Warnings []string  `json:"warnings"`
	Others   []other   `json:"others,omitempty"`
}

// other is a text that waits for a decision beside a memory.
type other struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
	Title  string `json:"title,omitempty"`
	Base   string `json:"base,omitempty"`
	Author string `json:"author,omitempty"`
	At     string `json:"at"`
}

// othersOf lists the texts that wait beside a memory.
func othersOf(ctx context.Context, c *call, id memory.ID) ([]other, error) {
	list, err := c.service.Conflict(ctx, c.caller, id)
	var out []other
	for i, o := range list {
		out = append(out, other{Number: i + 1, Text: o.Text, Title: o.Title, Base: o.Base, Author: o.Author, At: stamp(o.At)})
	}
	return out, err
}

func (s *surface) revise(ctx context.Context, c *call) (any, error) {
	a := c.args
	in := memory.ReviseInput{
		ID: a.id("id"), Content: given(a, "content", a.text), Title: given(a, "title", a.word), Kind: given(a, "kind", a.word),
		Tags: given(a, "tags", a.list), Project: given(a, "project", a.word), Metadata: given(a, "metadata", a.object),
		OccurredAt: given(a, "occurred_at", a.time), ExpiresIn: given(a, "expires_in", a.expiry),
		Importance: given(a, "importance", a.fraction), Pinned: given(a, "pinned", a.flag), Restore: a.flag("restore"),
		Resolves: a.word("resolves"),
	}
	switch {
	case in.ID == "":
		a.fail("id", "is missing", "give the id of the memory to revise")
	case len(a.raw) == 1:
		a.fail("id", "came alone", "say what to change; "+takes(a.def))
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	if in.Resolves == "list" {
		return s.listOthers(ctx, c, in.ID)
	}
	if a.has("merge") {
		m, err := s.merge(ctx, c, in.ID)
		if err != nil || len(a.raw) == 2 {
			return m, err
		}
	}
	res, err := c.service.Revise(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	m := &res.Memory
	return reviseResult{ID: m.ID, Scope: m.Scope.String(), State: string(m.State), Version: m.Version, Warnings: orEmpty(res.Warnings)}, nil
}

// listOthers changes nothing: it shows what there is to decide.
func (s *surface) listOthers(ctx context.Context, c *call, id memory.ID) (any, error) {
	m, err := one(ctx, c, string(id))
	if err != nil {
		return nil, err
	}
	others, err := othersOf(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return reviseResult{ID: m.ID, Scope: m.Scope.String(), State: string(m.State), Version: m.Version, Warnings: []string{}, Others: others}, nil
}

// merge lets the memory id stand for others that say the same.
func (s *surface) merge(ctx context.Context, c *call, id memory.ID) (any, error) {
	in := memory.MergeInput{ID: id, Merge: c.args.ids("merge")}
	if err := c.args.err(); err != nil {
		return nil, err
	}
	m, err := c.service.Merge(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	return reviseResult{ID: m.ID, Scope: m.Scope.String(), State: string(m.State), Version: m.Version, Warnings: []string{}}, nil
}

// given reads an argument where it came, and returns nil where it did not: an empty value is a change, too.
func given[T any](a *args, name string, read func(string) T) *T {
	if !a.has(name) {
		return nil
	}
	v := read(name)
	return &v
}

// expiry is a span, or a word for none.
func (a *args) expiry(name string) time.Duration {
	switch strings.ToLower(a.word(name)) {
	case "", "never", "none":
		return 0
	}
	return a.span(name)
}

// fraction reads a number.
func (a *args) fraction(name string) float64 {
	f, _ := a.number(name)
	return f
}
