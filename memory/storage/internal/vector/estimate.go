package vector

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync/atomic"
)

// proposal is a row that may be among the nearest.
type proposal struct {
	id    int64
	est   float32 // of its similarity to the query
	reach float32 // what the similarity is at the most, as far as that matters
}

// proposals are best first.
type proposals struct {
	list  []proposal
	exact bool // whatever is neither here nor in later is not among the nearest

	// Of exact searches: rows of body that may be nearest too, in no order, as a first look estimates them. Which of them
	// are to be looked at again shows when the full vectors of list are read: by those estimates alone there are many more.
	later []proposal
	body  *body
	ask   *question
	luck  luck
}

// fewSelected is the share of the rows below which a selection is looked at row by row in every mode: inverted lists
// lose too many of so few.
const fewSelected = 1. / 8

// manyFresh is the part of the rows beyond which fresh ones make lists not worth asking: after many changes at once.
const manyFresh = 32

// estimate proposes rows from codes. It needs mu held for reading.
func (x *Index) estimate(ctx context.Context, query []float32, k int, sel Selector, e effort) (*proposals, error) {
	rows := x.body.rows.(*quantised)
	w := &weigh{x: x, ctx: ctx, rows: rows, ask: rows.ask(query), k: k, effort: e}
	n := len(x.body.ids)
	bitmap, isBitmap := sel.(*Bitmap)
	if !e.exact && x.ivf != nil && len(x.ivf.fresh) <= n/manyFresh && (sel == nil || isBitmap && float64(bitmap.count) >= fewSelected*float64(n)) {
		return w.probe(bitmap)
	}
	switch {
	case sel == nil:
		w.n = n
	case isBitmap && bitmap.count > n/8:
		w.n, w.mask = n, bitmap
	default:
		w.list = x.selected(sel)
		w.n = len(w.list)
	}
	return w.all()
}

// weigh estimates rows for one search.
type weigh struct {
	x    *Index
	ctx  context.Context
	rows *quantised
	ask  *question
	k    int
	effort

	n    int     // rows to look at
	list []int64 // the rows, nil for the first n
	mask *Bitmap // of ids, nil for all
	next atomic.Int64
}

// sieve is for a first look at rows, with estimates that packing the query has made a little worse. Of exact searches
// it must keep every row that may be among the k nearest: the k-th best is at least its estimate less the margin, and
// so a row counts out only if its estimate is two margins below that.
func (w *weigh) sieve() sieve {
	if w.exact {
		return newSieve(w.k, 2*(w.rows.margin(w.luck)+w.ask.loss))
	}
	// What a first look puts wrongly behind the others is made up for by keeping some more of them.
	return newSieve(max(w.ranked, w.k)*3/2, 0)
}

// all looks at every row asked for.
func (w *weigh) all() (*proposals, error) {
	if w.n == 0 {
		return &proposals{exact: true}, w.ctx.Err()
	}
	sieves, err := spread(w.x.pool, w.n, w.work)
	if err != nil {
		return nil, err
	}
	s := sieves[0]
	for _, other := range sieves[1:] {
		s.merge(other)
	}
	kept := s.prune()
	if !w.exact {
		return w.guess(kept), w.ctx.Err()
	}
	if len(kept) <= w.k {
		rows := make([]int64, len(kept))
		for i, r := range kept {
			rows[i] = r.row
		}
		return w.refine(rows)
	}
	// The k best are in the answer or tell how near one must be.
	var rows []int64
	var later []proposal
	for _, r := range kept {
		if r.est >= s.best[0] {
			rows = append(rows, r.row)
		} else {
			later = append(later, proposal{id: w.x.body.ids[r.row], est: r.est + w.ask.bias})
		}
	}
	p, err := w.refine(rows)
	if err == nil {
		p.later = later
	}
	return p, err
}

// work estimates blocks of rows until none is left.
func (w *weigh) work() (sieve, error) {
	s := w.sieve()
	out := make([]float32, min(blockRows, w.n))
	for {
		first := int(w.next.Add(1)-1) * blockRows
		if first >= w.n {
			return s, nil
		}
		if err := w.ctx.Err(); err != nil {
			return s, err
		}
		end := min(first+blockRows, w.n)
		block := out[:end-first]
		var err error
		if w.list != nil {
			err = w.rows.scanList(w.ask, w.list[first:end], block)
		} else {
			err = w.rows.scan(w.ask, first, block)
		}
		if err != nil {
			return s, err
		}
		w.sift(&s, first, block)
	}
}

func (w *weigh) sift(s *sieve, first int, block []float32) {
	floor := s.floor()
	for i, est := range block {
		if est < floor {
			continue
		}
		row := int64(first + i)
		if w.list != nil {
			row = w.list[first+i]
		}
		if w.mask != nil && !w.mask.Has(w.x.body.ids[row]) {
			continue
		}
		s.offer(row, est)
		floor = s.floor()
	}
}

// refine estimates rows of exact searches with all of the query.
func (w *weigh) refine(rows []int64) (*proposals, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	p := &proposals{exact: true, body: w.x.body, ask: w.ask, luck: w.luck}
	return p, p.look(w.rows, rows, least(nil, w.k, w.floor))
}

// guess proposes rows by what a look at their codes estimates: what packing the query has lost is less than the codes have.
func (w *weigh) guess(rows []weighed) *proposals {
	p := &proposals{list: make([]proposal, len(rows))}
	margin := w.rows.margin(w.luck) + w.ask.loss
	for i, r := range rows {
		est := r.est + w.ask.bias
		p.list[i] = proposal{w.x.body.ids[r.row], est, est + margin}
	}
	p.sort()
	return p
}

// look estimates rows for list, those of them that may be as near as c.
func (p *proposals) look(q *quantised, rows []int64, c float32) error {
	est, spreads := make([]float32, len(rows)), make([]float32, len(rows))
	if err := q.dots(p.ask, rows, est, spreads); err != nil {
		return err
	}
	p.list = make([]proposal, 0, len(rows))
	for i, row := range rows {
		r := proposal{id: p.body.ids[row], est: est[i] + p.ask.bias}
		if r.reach = r.est + q.marginAt(p.ask, spreads[i], c, p.luck); r.reach >= c {
			p.list = append(p.list, r)
		}
	}
	p.sort()
	return nil
}

func (p *proposals) sort() {
	slices.SortFunc(p.list, func(a, b proposal) int { return cmp.Or(cmp.Compare(b.reach, a.reach), cmp.Compare(a.id, b.id)) })
}

// resume makes those of later the list that may be as near as c. It reports false where the rows have been coded anew
// meanwhile.
func (x *Index) resume(p *proposals, c float32) (ok bool, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.body == nil {
		return false, ErrClosed
	}
	if x.body != p.body {
		return false, nil
	}
	q := p.body.rows.(*quantised)
	least := c - q.marginAt(p.ask, q.spread, c, p.luck) - p.ask.loss
	var rows []int64
	for _, r := range p.later {
		if r.est < least {
			continue
		}
		if row, ok := p.body.table.get(r.id); ok {
			rows = append(rows, int64(row))
		}
	}
	p.later = nil
	return true, p.look(q, rows, c)
}

// probe asks the inverted lists, and looks at the rows that are in none.
func (w *weigh) probe(sel *Bitmap) (*proposals, error) {
	v, b := w.x.ivf, w.x.body
	probes := w.probes
	if sel != nil {
		// A selection that leaves a quarter of each list wants four times as many.
		probes = int(float64(probes) * float64(len(b.ids)) / float64(max(1, sel.count)))
	}
	var rows []int64
	for _, id := range v.freshIDs() {
		if row, ok := b.table.get(id); ok && (sel == nil || sel.Has(id)) {
			rows = append(rows, int64(row))
		}
	}
	if len(rows) > w.pool {
		w.list, w.n = rows, len(rows)
		s, err := spread(w.x.pool, w.n, w.work)
		if err != nil {
			return nil, err
		}
		rows = rows[:0:0]
		for _, s := range s {
			for _, r := range s.prune() {
				rows = append(rows, r.row)
			}
		}
	}
	for lists := v.lists(); ; probes *= 4 {
		var ids []int64
		err := w.x.call(func() (err error) { ids, _, err = v.search(w.ask.z, w.pool+w.pool/4, min(probes, lists), sel); return })
		if err != nil {
			return nil, err
		}
		got := slices.Clone(rows)
		for _, id := range ids {
			if row, ok := b.table.get(id); ok {
				got = append(got, int64(row))
			}
		}
		slices.Sort(got)
		got = slices.Compact(got)
		if len(got) < w.k && probes < lists {
			continue
		}
		est, kept := make([]float32, len(got)), make([]weighed, len(got))
		if err := w.rows.scanList(w.ask, got, est); err != nil {
			return nil, err
		}
		for i, row := range got {
			kept[i] = weighed{row, est[i]}
		}
		return w.guess(kept), w.ctx.Err()
	}
}

// sieve keeps the rows whose estimate is not below the n-th best less slack.
type sieve struct {
	n     int
	slack float32
	best  []float32 // the n best estimates, as a heap with the least on top
	kept  []weighed
	limit int // of kept before the next pruning
}

type weighed struct {
	row int64
	est float32
}

func newSieve(n int, slack float32) sieve { return sieve{n: n, slack: slack, limit: 2*n + 1024} }

// floor returns the estimate below which a row counts out.
func (s *sieve) floor() float32 {
	if len(s.best) < s.n {
		return float32(math.Inf(-1))
	}
	return s.best[0] - s.slack
}

func (s *sieve) offer(row int64, est float32) {
	if est < s.floor() {
		return
	}
	s.kept = append(s.kept, weighed{row, est})
	s.rank(est)
	if len(s.kept) >= s.limit {
		s.limit = 2*len(s.prune()) + 1024
	}
}

// rank puts est into the heap if it is among the n best.
func (s *sieve) rank(est float32) {
	h := s.best
	if len(h) < s.n {
		h = append(h, est)
		for i := len(h) - 1; i > 0 && h[i] < h[(i-1)/2]; i = (i - 1) / 2 {
			h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
		}
		s.best = h
		return
	}
	if est <= h[0] {
		return
	}
	h[0] = est
	for i := 0; ; {
		least := i
		for _, c := range [2]int{2*i + 1, 2*i + 2} {
			if c < len(h) && h[c] < h[least] {
				least = c
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// prune drops what counts out by now and returns what is left.
func (s *sieve) prune() []weighed {
	floor := s.floor()
	s.kept = slices.DeleteFunc(s.kept, func(w weighed) bool { return w.est < floor })
	return s.kept
}

func (s *sieve) merge(other sieve) {
	for _, w := range other.kept {
		s.offer(w.row, w.est)
	}
}
