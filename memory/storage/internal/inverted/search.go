package inverted

import (
	"cmp"
	"math"
	"slices"
)

// accumulator is the scratch memory of one search, by document. All of it is zero between searches.
type accumulator struct {
	full, own []float32 // frequency of the term at hand, with what is borrowed, and alone
	sums      []sums
	touched   []uint32 // documents of the term at hand
	found     []uint32 // documents with a score
}

// sums is what a document has gathered over the terms so far.
type sums struct{ score, own, cover float32 }

func (a *accumulator) fit(n int) {
	if len(a.full) < n {
		n += n / 8
		a.full, a.own, a.sums = make([]float32, n), make([]float32, n), make([]sums, n)
	}
}

// queryTerm is a term of the question that the index knows.
type queryTerm struct {
	id     uint32
	count  int // postings
	weight float32
}

// Search returns the best k of the selected rows by BM25 with the neighbours' words, best first; ties go to the
// larger row. A row without any of the terms, own or borrowed, is no hit. Rarity and usual length are those of the
// selection, so that neither scores nor order depend on memories outside it.
func (x *Index) Search(terms []Term, sel *Selection, k int) []Hit {
	if k <= 0 || sel.n == 0 {
		return nil
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	a := x.run(terms, sel)
	defer x.release(a)
	return x.s.best(a, k)
}

// Score returns a hit for every one of rows, in order, as Search would have scored it; zero but for Row where no
// term matches or the row is not selected.
func (x *Index) Score(terms []Term, sel *Selection, rows []int64) []Hit {
	x.mu.RLock()
	defer x.mu.RUnlock()
	a := x.run(terms, sel)
	defer x.release(a)
	out := make([]Hit, len(rows))
	for i, r := range rows {
		out[i].Row = r
		if doc := x.s.docOf(r); doc != 0 {
			v := a.sums[doc]
			out[i] = Hit{Row: r, Score: float64(v.score), Own: float64(v.own), Cover: float64(v.cover)}
		}
	}
	return out
}

// run scores every selected document. The caller holds a lock and releases the accumulator.
func (x *Index) run(terms []Term, sel *Selection) *accumulator {
	a, ok := x.scratch.Get().(*accumulator)
	if !ok {
		a = new(accumulator)
	}
	s := x.s
	a.fit(len(s.cols))
	total := float32(0)
	for _, q := range s.plan(terms) {
		s.spread(a, sel, q.id)
		idf := rarity(sel.n, len(a.touched))
		total += idf * q.weight
		s.settle(a, sel, idf*q.weight)
	}
	if total > 0 {
		for _, doc := range a.found {
			a.sums[doc].cover /= total
		}
	}
	return a
}

// release zeroes what the search wrote and puts the accumulator back.
func (x *Index) release(a *accumulator) {
	for _, doc := range a.found {
		a.sums[doc] = sums{}
	}
	a.found = a.found[:0]
	x.scratch.Put(a)
}

// plan returns the known terms, each once, rarest first, as far as the budget of postings reaches.
func (s *state) plan(terms []Term) []queryTerm {
	out := make([]queryTerm, 0, len(terms))
	for i, t := range terms {
		if slices.ContainsFunc(terms[:i], func(u Term) bool { return u.Text == t.Text }) {
			continue
		}
		id, ok := s.dict.find(nsTerm, t.Text)
		if !ok {
			continue
		}
		w := float32(t.Weight)
		if w == 0 {
			w = 1
		}
		out = append(out, queryTerm{id, s.postings(id), w})
	}
	slices.SortStableFunc(out, func(a, b queryTerm) int { return cmp.Compare(a.count, b.count) })
	read := 0
	for i, q := range out {
		if read += q.count; read > s.opt.Budget && i > 0 {
			return out[:i]
		}
	}
	return out
}

// spread walks a term's postings and gives every selected document its own and borrowed frequency.
func (s *state) spread(a *accumulator, sel *Selection, id uint32) {
	give := func(doc uint32, own, full float32) {
		if a.full[doc] == 0 {
			if !sel.Has(int64(s.cols[doc].row)) {
				return
			}
			a.touched = append(a.touched, doc)
		}
		a.full[doc] += full
		a.own[doc] += own
	}
	for c := s.walk(id); c.next(); {
		col := &s.cols[c.doc]
		if !sel.lend[col.attr] {
			continue
		}
		body := tfValues[c.tf&15]
		own := body + tfValues[c.tf>>4]
		give(c.doc, own, own)
		if body == 0 {
			continue
		}
		n, strength := c.doc, body
		for _, w := range toNext {
			n = s.cols[n].next
			if n == 0 || s.cols[n].bond == 0 {
				break
			}
			strength *= float32(s.cols[n].bond) / 255
			give(n, 0, w*strength)
		}
		n, strength = c.doc, body
		for _, w := range toPrev {
			b := s.cols[n].bond
			if b == 0 {
				break
			}
			strength *= float32(b) / 255
			n = s.cols[n].prev
			give(n, 0, w*strength)
		}
	}
}

// settle adds the term at hand, of the given rarity, to the sums and clears its frequencies.
func (s *state) settle(a *accumulator, sel *Selection, idf float32) {
	k1, b := float32(s.opt.K1), float32(s.opt.B)
	meanFull, meanOwn := sel.means()
	for _, doc := range a.touched {
		c, v := &s.cols[doc], &a.sums[doc]
		if v.score == 0 {
			a.found = append(a.found, doc)
		}
		f := a.full[doc]
		v.score += idf * f * (k1 + 1) / (f + k1*(1-b+b*c.mass/meanFull))
		if o := a.own[doc]; o > 0 {
			v.own += idf * o * (k1 + 1) / (o + k1*(1-b+b*c.length/meanOwn))
			v.cover += idf
		}
		a.full[doc], a.own[doc] = 0, 0
	}
	a.touched = a.touched[:0]
}

// rarity is BM25's inverse document frequency of a term that df of n documents hold; above 0.
func rarity(n, df int) float32 {
	return float32(math.Log(1 + (float64(n)-float64(df)+.5)/(float64(df)+.5)))
}

// best returns the k documents with the highest score.
func (s *state) best(a *accumulator, k int) []Hit {
	worse := func(x, y Hit) bool { return x.Score < y.Score || x.Score == y.Score && x.Row < y.Row }
	top := make([]Hit, 0, min(k, len(a.found)))
	for _, doc := range a.found {
		v := a.sums[doc]
		h := Hit{Row: int64(s.cols[doc].row), Score: float64(v.score), Own: float64(v.own), Cover: float64(v.cover)}
		switch {
		case len(top) < k:
			top = append(top, h)
			if len(top) == k {
				for i := k/2 - 1; i >= 0; i-- {
					sink(top, i, worse)
				}
			}
		case worse(top[0], h):
			top[0] = h
			sink(top, 0, worse)
		}
	}
	slices.SortFunc(top, func(x, y Hit) int {
		if worse(y, x) {
			return -1
		}
		return 1
	})
	return top
}

// sink restores the heap whose root is its worst hit, below position i.
func sink(h []Hit, i int, worse func(x, y Hit) bool) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && worse(h[c+1], h[c]) {
			c++
		}
		if !worse(h[c], h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}
