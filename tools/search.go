package tools

import (
	"context"

	"github.com/elderzan/elderzan/memory"
)

// maxPageBytes bounds the texts of one page of a search: more fills a model's memory, and the id reads the rest.
const maxPageBytes = 24 << 10

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
	return page(p), nil
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

// page shows each memory with its share of maxPageBytes; what short ones leave over goes to those behind them.
func page(p memory.Page) searchResult {
	out := searchResult{Memories: []hit{}, NextCursor: p.NextCursor, Total: p.Total}
	left := maxPageBytes
	for i := range p.Memories {
		h := full(&p.Memories[i])
		h.Content, h.Cut = clip(h.Content, left/(len(p.Memories)-i))
		left -= len(h.Content)
		out.Memories = append(out.Memories, h)
	}
	return out
}
