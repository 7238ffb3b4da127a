package inverted

import (
	"cmp"
	"math"
	"slices"
)

// accumulator is the scratch memory of one search, by document. All of it is zero between searches.
type accumulator struct {
	freq    []frequency // of the term at hand
	sums    []sums
	touched []uint32 // documents of the term at hand
	found   []uint32 // documents with a score
	panes   *panes   // of searches by windows; nil before the first
}

// frequency of a term in a document, with what is borrowed, and alone; beside it the document's lengths, so that its column,
// which is seldom in the processor's cache, is asked for once.
type frequency struct{ full, own, mass, length float32 }

// sums is what a document has gathered over the terms so far.
type sums struct{ score, own, cover, near float32 }

// spareAccumulators is how many are kept for the next searches: as many as run side by side where there are two processors.
const spareAccumulators = 2

func (a *accumulator) fit(n int) {
	if len(a.freq) < n {
		n += n / 8
		a.freq, a.sums = make([]frequency, n), make([]sums, n)
	}
}

// Effort is what a search may cost. Words that are in more memories than it can walk through still count, for the
// memories that the others propose. The zero value is Thorough.
type Effort struct {
	Budget int // postings to walk through; 0 means Options.Budget
	Depth  int // memories for which the words beyond are looked up, and of many the most that Best returns; 0 means 4,096
}

// Efforts that were measured to keep the time a mode has at a million memories.
var (
	Thorough = Effort{}
	Usual    = Effort{Budget: 150_000, Depth: 1024}
	Quick    = Effort{Budget: 16_000, Depth: 512}
)

const defaultDepth = 4096

func (o Options) effort(e Effort) Effort {
	if e.Budget <= 0 {
		e.Budget = o.Budget
	}
	if e.Depth <= 0 {
		e.Depth = defaultDepth
	}
	return e
}

// queryTerm is a term of the question that the index knows.
type queryTerm struct {
	id     uint32
	count  int // postings
	weight float32
	idf    float32
	text   string
}

// Search returns the best k of the selected rows by BM25 with the neighbours' words, best first; ties go to the
// larger row. A row without any of the terms, own or borrowed, is no hit. Rarity and usual length are those of the
// selection, so that neither scores nor order depend on memories outside it.
func (x *Index) Search(terms []Term, sel *Selection, k int) []Hit {
	r := x.Begin(terms, sel, Effort{Depth: max(k, defaultDepth)})
	defer r.End()
	return r.Best(k)
}

// Score returns a hit for every one of rows, in order, as Search would have scored it; zero but for Row where no
// term matches or the row is not selected.
func (x *Index) Score(terms []Term, sel *Selection, rows []int64) []Hit {
	r := x.Begin(terms, sel, Thorough)
	defer r.End()
	return r.Score(rows)
}

// Run is one search whose scores can be asked for more than once. It belongs to one goroutine, which ends it.
type Run struct {
	x      *Index
	s      *state
	a      *accumulator
	sel    *Selection
	effort Effort
	looked []queryTerm        // terms that are not walked through
	total  float32            // of the terms' rarities
	rare   map[string]float32 // see Rarity
	full   map[uint32]bool

	windowed bool // the sums hold nothing but what full names; looked is all terms
}

// Begin scores the selected rows as far as the effort goes.
func (x *Index) Begin(terms []Term, sel *Selection, e Effort) *Run {
	x.mu.RLock()
	defer x.mu.RUnlock()
	r := &Run{x: x, s: x.s, sel: sel, effort: x.opt.effort(e)}
	select {
	case r.a = <-x.scratch:
	default:
		r.a = new(accumulator)
	}
	if sel.n > 0 {
		r.score(terms)
	}
	return r
}

// End gives the scratch memory back.
func (r *Run) End() {
	a := r.a
	for _, doc := range a.found {
		a.sums[doc] = sums{}
	}
	a.found = a.found[:0]
	select {
	case r.x.scratch <- a:
	default:
	}
	r.a = nil
}

// Best returns the k best of the rows.
func (r *Run) Best(k int) []Hit {
	if k <= 0 {
		return nil
	}
	r.x.mu.RLock()
	defer r.x.mu.RUnlock()
	hits := r.s.best(r.a, k)
	for i := range hits {
		hits[i].Cover /= float64(max(r.total, 1e-9))
		hits[i].Near /= float64(max(r.total, 1e-9))
	}
	return hits
}

// Score returns a hit for every one of rows, in order; zero but for Row where no term matches or the row is not selected.
func (r *Run) Score(rows []int64) []Hit {
	r.x.mu.RLock()
	defer r.x.mu.RUnlock()
	docs := make([]uint32, len(rows))
	for i, row := range rows {
		// A document that came since has no scores yet: its memory was changed while the question was answered.
		if doc := r.s.docOf(row); doc != 0 && int(doc) < len(r.a.sums) && r.sel.Has(row) {
			docs[i] = doc
		}
	}
	r.lookUp(docs)
	out := make([]Hit, len(rows))
	for i, row := range rows {
		out[i].Row = row
		if docs[i] != 0 {
			v := r.a.sums[docs[i]]
			total := float64(max(r.total, 1e-9))
			out[i] = Hit{Row: row, Score: float64(v.score), Own: float64(v.own), Cover: float64(v.cover) / total, Near: float64(v.near) / total}
		}
	}
	return out
}

// Rarity returns how rare a term of the question is among the selected memories: the inverse document frequency of those that
// hold it themselves; of a term in so many that it was not walked through, of those that borrow it as well. One that no
// memory holds is the rarest.
func (r *Run) Rarity(term string) float64 {
	if idf, ok := r.rare[term]; ok {
		return float64(idf)
	}
	return float64(rarity(r.sel.n, 0))
}

// Beside is what stands before and behind a row in its conversation.
type Beside struct {
	Before, Behind       int64   // rows; -1 for none
	BeforeOwn, BehindOwn float64 // BM25 of their own words
	Turn                 bool    // of the row itself: see Doc.Turn
}

// Beside returns, for every one of rows, its neighbours in the order of their conversation, as far as they are selected.
func (r *Run) Beside(rows []int64) []Beside {
	r.x.mu.RLock()
	defer r.x.mu.RUnlock()
	out := make([]Beside, len(rows))
	docs := make([]uint32, 2*len(rows))
	for i, row := range rows {
		out[i] = Beside{Before: -1, Behind: -1}
		doc := r.s.docOf(row)
		if doc == 0 {
			continue
		}
		c := &r.s.cols[doc]
		out[i].Turn = c.attr&turnBit != 0
		if c.bond != 0 {
			docs[2*i], out[i].Before = r.neighbour(c.prev)
		}
		if n := r.s.cols[doc].next; n != 0 && r.s.cols[n].bond != 0 {
			docs[2*i+1], out[i].Behind = r.neighbour(n)
		}
	}
	if len(r.a.sums) == 0 {
		return out
	}
	if r.windowed {
		own := r.owns(docs)
		for i := range out {
			out[i].BeforeOwn, out[i].BehindOwn = own[2*i], own[2*i+1]
		}
		return out
	}
	r.lookUp(docs)
	for i := range out {
		out[i].BeforeOwn, out[i].BehindOwn = float64(r.a.sums[docs[2*i]].own), float64(r.a.sums[docs[2*i+1]].own)
	}
	return out
}

// neighbour returns a document and its row, or 0 and -1 when it is not selected. One that came since the search began
// has no scores.
func (r *Run) neighbour(doc uint32) (uint32, int64) {
	row := int64(r.s.cols[doc].row)
	if !r.sel.Has(row) || int(doc) >= len(r.a.sums) {
		return 0, -1
	}
	return doc, row
}

// score walks through the rare terms and looks the others up. It needs the lock.
func (r *Run) score(terms []Term) {
	s, a, sel := r.s, r.a, r.sel
	a.fit(len(s.cols))
	all := s.plan(terms)
	r.rare = make(map[string]float32, len(all))
	walked, read := 0, 0
	for _, q := range all {
		if read += q.count; read > r.effort.Budget && walked > 0 {
			break
		}
		walked++
	}
	if len(s.cols) > windowsFrom && sel.n >= len(s.cols)/windowShare {
		if r.rate(all, walked); r.scoreWindows(all[:walked]) {
			return
		}
		r.looked, r.total, r.full = nil, 0, nil
	}
	touched, counted := 0, 0
	for i, q := range all {
		if i < walked {
			s.spread(a, sel, q, r.effort.Budget)
			q.idf = rarity(sel.n, len(a.touched))
			touched, counted = touched+len(a.touched), counted+min(q.count, r.effort.Budget)
			r.rare[q.text] = rarity(sel.n, s.settle(a, sel, q.idf*q.weight))
		} else {
			df, ok := s.sample(a, sel, q)
			if !ok {
				// As if those that own or borrow it fell at random, as many for each posting as of the others.
				share := float64(q.count) * float64(touched) / float64(max(counted, 1)) / float64(sel.n)
				df = int(float64(sel.n) * -math.Expm1(-share))
			}
			q.idf = rarity(sel.n, df)
			r.rare[q.text] = q.idf
			r.looked = append(r.looked, q)
		}
		r.total += q.idf * q.weight
	}
	if len(r.looked) > 0 {
		r.full = map[uint32]bool{}
		r.lookUp(s.bestDocs(a, r.effort.Depth))
	}
}

// rate finds out how rare terms are: from a sample where that tells, else by walking through them.
func (r *Run) rate(terms []queryTerm, walked int) {
	s, a := r.s, r.a
	for i := range terms {
		q := &terms[i]
		df, ok := s.sample(a, r.sel, *q)
		if !ok {
			s.spread(a, r.sel, *q, r.effort.Budget)
			df = len(a.touched)
			for _, doc := range a.touched {
				a.freq[doc] = frequency{}
			}
			a.touched = a.touched[:0]
		}
		q.idf = rarity(r.sel.n, df)
		r.rare[q.text] = q.idf
		r.total += q.idf * q.weight
	}
	r.looked = slices.Clone(terms[walked:])
}

// plan returns the known terms, each once, rarest first.
func (s *state) plan(terms []Term) []queryTerm {
	out := make([]queryTerm, 0, len(terms))
	for i, t := range terms {
		if slices.ContainsFunc(terms[:i], func(u Term) bool { return u.Text == t.Text }) {
			continue
		}
		id, ok := s.dict.find(nsTerm, t.Text)
		if !ok || !s.held(id) {
			continue
		}
		w := float32(t.Weight)
		if w == 0 {
			w = 1
		}
		out = append(out, queryTerm{id: id, count: s.postings(id), weight: w, text: t.Text})
	}
	slices.SortStableFunc(out, func(a, b queryTerm) int { return cmp.Compare(a.count, b.count) })
	return out
}

// spread walks a term's postings, the newest where they are more than most, and gives every selected document its own and
// borrowed frequency.
func (s *state) spread(a *accumulator, sel *Selection, q queryTerm, most int) {
	for c := s.newest(q.id, most); c.next(); {
		s.give(a, sel, &c)
	}
}

// give gives the document of a posting and those that borrow from it their frequencies, as far as they are selected.
func (s *state) give(a *accumulator, sel *Selection, c *cursor) {
	col := &s.cols[c.doc]
	if !sel.lend[col.attr] {
		return
	}
	body := tfValues[c.tf&15]
	own := body + tfValues[c.tf>>4]
	s.gain(a, sel, c.doc, own, own)
	if body == 0 {
		return
	}
	n, strength := c.doc, body
	for _, w := range toNext {
		n = s.cols[n].next
		if n == 0 || s.cols[n].bond == 0 {
			break
		}
		strength *= float32(s.cols[n].bond) / 255
		s.gain(a, sel, n, 0, w*strength)
	}
	n, strength = c.doc, body
	for _, w := range toPrev {
		b := s.cols[n].bond
		if b == 0 {
			break
		}
		strength *= float32(b) / 255
		n = s.cols[n].prev
		s.gain(a, sel, n, 0, w*strength)
	}
}

// gain adds to the frequencies of a document if it is selected.
func (s *state) gain(a *accumulator, sel *Selection, doc uint32, own, full float32) {
	f := &a.freq[doc]
	if f.full == 0 {
		c := &s.cols[doc]
		if !sel.Has(int64(c.row)) {
			return
		}
		a.touched = append(a.touched, doc)
		f.mass, f.length = c.mass, float32(c.length)
	}
	f.full += full
	f.own += own
}

// Documents are looked at in some spans to find how many own or borrow a term: neighbours share conversations, so that
// single documents would not tell.
const (
	spans       = 8
	spanDocs    = 1024
	fewInSpans  = 32 // below, chance says more than what was counted
	spansEnough = 4 * spans * spanDocs
)

// sample guesses how many selected documents own or borrow a term. ok is false where too few were seen.
func (s *state) sample(a *accumulator, sel *Selection, q queryTerm) (df int, ok bool) {
	n := len(s.cols) - 1
	if n < spansEnough {
		return 0, false
	}
	k := s.seek(q.id)
	for i := range spans {
		first := uint32(1 + i*(n-spanDocs)/(spans-1))
		k.to(first)
		for ; k.more && k.doc < first+spanDocs; k.more = k.next() {
			s.give(a, sel, &k.cursor)
		}
	}
	seen := len(a.touched)
	for _, doc := range a.touched {
		a.freq[doc] = frequency{}
	}
	a.touched = a.touched[:0]
	return min(sel.n, seen*n/(spans*spanDocs)), seen >= fewInSpans
}

// settle adds the term at hand, of the given rarity, to the sums and clears its frequencies. It returns how many documents
// hold it themselves.
func (s *state) settle(a *accumulator, sel *Selection, idf float32) (own int) {
	w := s.weights(sel)
	for _, doc := range a.touched {
		if a.freq[doc].own > 0 {
			own++
		}
		a.credit(&w, doc, a.freq[doc], idf)
		a.freq[doc] = frequency{}
	}
	a.touched = a.touched[:0]
	return own
}

// weights are BM25's constants for one selection: of a document of length l, k1·(1-b+b·l/mean) is base + slope·l.
type weights struct{ gain, base, full, own float32 }

func (s *state) weights(sel *Selection) weights {
	k1, b := float32(s.opt.K1), float32(s.opt.B)
	meanFull, meanOwn := sel.means()
	return weights{gain: k1 + 1, base: k1 * (1 - b), full: k1 * b / meanFull, own: k1 * b / meanOwn}
}

// credit adds what a term of frequency f is worth to the sums of a document.
func (a *accumulator) credit(w *weights, doc uint32, f frequency, idf float32) {
	v := &a.sums[doc]
	if v.score == 0 {
		a.found = append(a.found, doc)
	}
	v.near += idf * min(f.full, 1)
	v.score += idf * f.full * w.gain / (f.full + w.base + w.full*f.mass)
	if f.own > 0 {
		v.own += idf * f.own * w.gain / (f.own + w.base + w.own*f.length)
		v.cover += idf
	}
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
		h := Hit{Row: int64(s.cols[doc].row), Score: float64(v.score), Own: float64(v.own), Cover: float64(v.cover), Near: float64(v.near)}
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
func sink[T any](h []T, i int, worse func(x, y T) bool) {
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

// bestDocs returns the n documents with the highest score, in no particular order.
func (s *state) bestDocs(a *accumulator, n int) []uint32 {
	if len(a.found) <= n {
		return slices.Clone(a.found)
	}
	hits := s.best(a, n)
	docs := make([]uint32, len(hits))
	for i, h := range hits {
		docs[i] = s.byRow[h.Row]
	}
	return docs
}
