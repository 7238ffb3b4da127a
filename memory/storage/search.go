package storage

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/scope"
)

// Search implements memory.Finder. A memory matches a text when it holds every word of it in content, title or tags;
// a text without any word that is searched for (stop words alone) matches nothing. Pages follow each other without
// gaps or repeats while nothing is written; a write between two pages may move hits of SortRelevance, whose scores
// depend on all memories. A cursor of another query, or one that was tampered with, is an *memory.InputError.
func (s *Store) Search(ctx context.Context, q memory.SearchQuery) (memory.Page, error) {
	if err := s.usable(); err != nil {
		return memory.Page{}, err
	}
	if q.Limit <= 0 {
		q.Limit = memory.DefaultLimit
	}
	q.Limit = min(q.Limit, memory.MaxLimit)
	text := strings.TrimSpace(q.Text)
	if text == "" && (q.Sort == memory.SortRelevance || q.Sort == "") {
		q.Sort = memory.SortNewest
	} else if q.Sort == "" {
		q.Sort = memory.SortRelevance
	}
	after, err := s.readCursor(&q)
	if err != nil {
		return memory.Page{}, err
	}
	words := analysis.Search(text)
	if text != "" && len(words) == 0 {
		return memory.Page{}, nil
	}
	var page []catalog.Order
	var total int
	switch {
	case len(words) == 0:
		page, total, err = s.byTime(ctx, &q, after)
	case q.Sort == memory.SortRelevance:
		page, total, err = s.byRelevance(ctx, &q, s.textQuery(q.Filter, words), after)
	default:
		page, total, err = s.catalog.List(ctx, s.textQuery(q.Filter, words), q.Sort, after, q.Limit+1)
	}
	if err != nil {
		return memory.Page{}, catalogError(err)
	}
	return s.page(ctx, &q, page, total)
}

// page loads the memories of a page that may be one hit too long, which says that there is another.
func (s *Store) page(ctx context.Context, q *memory.SearchQuery, orders []catalog.Order, total int) (memory.Page, error) {
	p := memory.Page{Total: total}
	if len(orders) > q.Limit {
		orders = orders[:q.Limit]
		p.NextCursor = s.cursor(q, orders[len(orders)-1])
	}
	rows := make([]int64, len(orders))
	for i, o := range orders {
		rows[i] = o.Row
	}
	records, err := s.catalog.ByRows(ctx, rows)
	if err != nil {
		return memory.Page{}, catalogError(err)
	}
	byRow := make(map[int64]*catalog.Record, len(records))
	for i := range records {
		byRow[records[i].Row] = &records[i]
	}
	for _, row := range rows {
		r := byRow[row]
		if r == nil {
			continue // purged since the list was made
		}
		m, err := s.open(r)
		if err != nil {
			return memory.Page{}, err
		}
		p.Memories = append(p.Memories, m)
	}
	return p, nil
}

// byTime lists what matches the filter, from RAM alone.
func (s *Store) byTime(ctx context.Context, q *memory.SearchQuery, after *catalog.Order) ([]catalog.Order, int, error) {
	sel, err := s.selected(ctx, q.Filter)
	if err != nil {
		return nil, 0, err
	}
	var from *inverted.Place
	if after != nil {
		from = &inverted.Place{Time: after.Key, Row: after.Row}
	}
	places := s.index.List(sel, q.Sort, from, q.Limit+1)
	page := make([]catalog.Order, len(places))
	for i, p := range places {
		page[i] = catalog.Order{Key: p.Time, Row: p.Row}
	}
	return page, sel.Len(), nil
}

// textQuery asks the full-text table, and finds in RAM what is not in there: sealed memories and archived ones, which never
// are, and the newest, which come there later.
func (s *Store) textQuery(f memory.Filter, words []string) catalog.Query {
	q := catalog.Query{Filter: f, Words: words}
	late := s.index.Select(f)
	if late.After(s.catalog.Settled()); late.Len() > 0 {
		q.Else = s.index.MatchAll(words, late)
	}
	if len(f.Scopes) == 0 || slices.Contains(f.Scopes, scope.Private) {
		f.Scopes = []scope.Scope{scope.Private}
		q.Else = append(q.Else, s.index.MatchAll(words, s.index.Select(f))...)
	}
	if slices.Contains(q.Filter.States, memory.Archived) {
		f := q.Filter
		f.States = []memory.State{memory.Archived}
		q.Else = append(q.Else, s.index.MatchAll(words, s.index.Select(f))...)
	}
	return q
}

// byRelevance scores every match in RAM, where sealed and other memories are scored alike.
func (s *Store) byRelevance(ctx context.Context, q *memory.SearchQuery, query catalog.Query, after *catalog.Order) ([]catalog.Order, int, error) {
	matches, err := s.catalog.Match(ctx, query)
	if err != nil {
		return nil, 0, err
	}
	rows := make([]int64, len(matches))
	for i, o := range matches {
		rows[i] = o.Row
	}
	sel := s.index.Select(q.Filter)
	for i, h := range s.index.Score(inverted.Words(query.Words), sel, rows) {
		// The bits of floats that are not negative rise with them: one key serves both kinds of order.
		matches[i].Key = int64(math.Float64bits(max(h.Score, 0)))
	}
	slices.SortStableFunc(matches, func(a, b catalog.Order) int { return cmp.Or(cmp.Compare(b.Key, a.Key), cmp.Compare(b.Row, a.Row)) })
	page := matches
	if after != nil {
		i := slices.IndexFunc(matches, func(o catalog.Order) bool {
			return o.Key < after.Key || o.Key == after.Key && o.Row < after.Row
		})
		if i < 0 {
			i = len(matches)
		}
		page = matches[i:]
	}
	return page[:min(len(page), q.Limit+1)], len(matches), nil
}
