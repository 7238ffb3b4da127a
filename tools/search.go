package tools

import (
	"context"

	"github.com/elderzan/elderzan/memory"
)

// maxPageBytes bounds the texts of one page of a search: more fills a model's memory, and the id reads the rest.
const maxPageBytes = 24 << 10

// A page that nobody gave a limit for takes no more than usualPageBytes, its texts usualTextBytes: fewer memories, the rest
// behind the cursor.
const (
	usualPageBytes = 4 << 10
	usualTextBytes = 2 << 10
	cursorBytes    = 80 // what a cursor may add
)

type searchResult struct {
	Memories   []hit  `json:"memories"`
	NextCursor string `json:"next_cursor"`
	Total      int    `json:"total"`
}

func (s *surface) search(ctx context.Context, c *call) (any, error) {
	a := c.args
	ids := a.ids("ids")
	q := memory.SearchQuery{
		Text: a.text("text"), Filter: a.filter(), Sort: memory.Sort(a.word("sort")), Cursor: a.word("cursor"),
		Limit: a.whole("limit", memory.DefaultLimit),
	}
	for _, st := range a.list("states") {
		q.Filter.States = append(q.Filter.States, memory.State(st))
	}
	if len(ids) > 0 && len(a.raw) > 1 {
		a.fail("ids", "came together with other arguments", "give the ids alone to read them whole")
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		return s.read(ctx, c, ids)
	}
	p, err := c.service.Search(ctx, c.caller, q)
	if err != nil {
		return nil, err
	}
	if a.has("limit") {
		return page(p.Memories, p, maxPageBytes), nil
	}
	n := len(p.Memories)
	for n > 1 && len(encode(page(p.Memories[:n], p, usualTextBytes)))+cursorBytes > usualPageBytes {
		n--
	}
	if n < len(p.Memories) { // for the cursor that goes on behind the last that is shown
		q.Limit = n
		if p, err = c.service.Search(ctx, c.caller, q); err != nil {
			return nil, err
		}
	}
	return page(p.Memories, p, usualTextBytes), nil
}

// read returns the memories whole, whatever their state.
func (s *surface) read(ctx context.Context, c *call, ids []memory.ID) (any, error) {
	ms, err := c.service.Get(ctx, c.caller, ids)
	if err != nil {
		return nil, err
	}
	out := searchResult{Memories: []hit{}, Total: len(ms)}
	for i := range ms {
		out.Memories = append(out.Memories, full(&ms[i]))
	}
	return out, nil
}

// page shows each of the memories, the first ones of p, with its share of bytes; what short ones leave over goes to those
// behind them.
func page(ms []memory.Memory, p memory.Page, bytes int) searchResult {
	out := searchResult{Memories: []hit{}, NextCursor: p.NextCursor, Total: p.Total}
	left := bytes
	for i := range ms {
		h := full(&ms[i])
		h.Content, h.Cut = clip(h.Content, left/(len(ms)-i))
		left -= len(h.Content)
		out.Memories = append(out.Memories, h)
	}
	return out
}
