package vector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// Hit is a vector found.
type Hit struct {
	ID     int64
	Cosine float32 // similarity to the query, at most 1
}

// Result is what a search found.
type Result struct {
	Hits  []Hit // nearest first, and of equal ones the lower id first
	Exact bool  // these are the nearest there are
}

// MaxK is the most hits a search returns.
const MaxK = 10_000

// blockRows is how many rows a worker searches before it looks for the next block and for the end of ctx: of 768
// dimensions 25 MB at most, a few milliseconds.
const blockRows = 8192

// Search returns the k nearest vectors to query among those that sel selects, nearest first, and of equal ones the
// lower id first. There are fewer only if fewer are selected; where equal ones stand at the end, any of them may be
// left out. query must be a unit vector; k must be in 1 to MaxK. It returns ctx's error when that ends first.
func (x *Index) Search(ctx context.Context, query []float32, k int, sel Selector) ([]Hit, error) {
	r, err := x.SearchWith(ctx, query, k, sel, SearchOptions{})
	return r.Hits, err
}

// SearchWith is Search in the mode of opts.
func (x *Index) SearchWith(ctx context.Context, query []float32, k int, sel Selector, opts SearchOptions) (Result, error) {
	if k < 1 || k > MaxK {
		return Result{}, fmt.Errorf("vector: search for %d hits; ask for 1 to %d", k, MaxK)
	}
	if err := x.checkVector(query); err != nil {
		return Result{}, fmt.Errorf("search: %w", err)
	}
	e := opts.effort(k)
	for try := 1; ; try++ {
		hits, found, err := x.propose(ctx, query, k, sel, e)
		if found == nil || err != nil {
			return Result{hits, true}, err
		}
		if e.rough {
			return found.result(k), nil
		}
		r, all, err := x.rank(ctx, query, k, found, e)
		if all || err != nil || try == maxTries {
			return r, err
		}
	}
}

// maxTries bounds how often a search begins anew because hits are removed while it reads their full vectors.
const maxTries = 4

// propose searches a Flat index, or returns proposals to be ranked by the full vectors.
func (x *Index) propose(ctx context.Context, query []float32, k int, sel Selector, e effort) ([]Hit, *proposals, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.body == nil {
		return nil, nil, ErrClosed
	}
	if n, ok := x.body.rows.(*native); ok {
		s := scan{x: x, rows: n, ctx: ctx, query: query, k: k, n: len(x.body.ids)}
		if sel != nil {
			s.list = x.selected(sel)
			s.n = len(s.list)
		}
		hits, err := s.run()
		return hits, nil, err
	}
	found, err := x.estimate(ctx, query, k, sel, e)
	return nil, found, err
}

// selected returns the rows of the ids that sel selects, rising, each once. It needs mu held for reading.
func (x *Index) selected(sel Selector) []int64 {
	list := []int64{}
	switch sel := sel.(type) {
	case IDs:
		for _, id := range sel {
			if row, ok := x.body.table.get(id); ok {
				list = append(list, int64(row))
			}
		}
		slices.Sort(list)
		list = slices.Compact(list)
	case *Bitmap:
		// Whichever is shorter: the bits that are set, or the rows there are.
		if sel.count < len(x.body.ids)/4 {
			sel.each(func(id int64) {
				if row, ok := x.body.table.get(id); ok {
					list = append(list, int64(row))
				}
			})
			slices.Sort(list)
			return list
		}
		for row, id := range x.body.ids {
			if sel.Has(id) {
				list = append(list, int64(row))
			}
		}
	}
	return list
}

// scan is one exact search of a Flat index, over all rows or a list of them, in blocks.
type scan struct {
	x     *Index
	rows  *native
	ctx   context.Context
	query []float32
	k     int
	n     int     // rows to look at
	list  []int64 // the rows, nil for the first n
	next  atomic.Int64
}

type found struct {
	row  int64
	dist float32
}

func (s *scan) run() ([]Hit, error) {
	if s.n == 0 {
		return nil, s.ctx.Err()
	}
	results, err := spread(s.x.pool, s.n, s.work)
	if err != nil {
		return nil, err
	}
	return s.hits(slices.Concat(results...)), nil
}

// spread runs work on as many goroutines of the pool as n rows have blocks for.
func spread[T any](p *Pool, n int, work func() (T, error)) ([]T, error) {
	workers := min((n+blockRows-1)/blockRows, p.Workers())
	results, errs := make([]T, workers), make([]error, workers)
	var worker atomic.Int32
	err := p.do(workers, func() {
		i := worker.Add(1) - 1
		results[i], errs[i] = work()
	})
	if err != nil {
		return nil, err
	}
	return results, errors.Join(errs...)
}

// work searches blocks until none is left and returns the k nearest rows it saw.
func (s *scan) work() ([]found, error) {
	var best []found
	k := min(s.k, blockRows)
	dist, rows := make([]float32, k), make([]int64, k)
	for {
		first := int(s.next.Add(1)-1) * blockRows
		if first >= s.n {
			return best, nil
		}
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		end := min(first+blockRows, s.n)
		var err error
		if s.list == nil {
			err = s.rows.searchRange(s.query, first, end, dist, rows)
		} else {
			err = s.rows.searchRows(s.query, s.list[first:end], dist, rows)
		}
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			if row < 0 {
				break
			}
			best = append(best, found{row, dist[i]})
		}
		best = s.keep(best)
	}
}

// keep sorts f and cuts it to the k nearest.
func (s *scan) keep(f []found) []found {
	slices.SortFunc(f, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.dist, b.dist), cmp.Compare(s.x.body.ids[a.row], s.x.body.ids[b.row]))
	})
	return f[:min(len(f), s.k)]
}

func (s *scan) hits(all []found) []Hit {
	all = s.keep(all)
	hits := make([]Hit, len(all))
	for i, f := range all {
		// For unit vectors |a-b|² = 2 - 2cos.
		hits[i] = Hit{ID: s.x.body.ids[f.row], Cosine: 1 - f.dist/2}
	}
	return hits
}
