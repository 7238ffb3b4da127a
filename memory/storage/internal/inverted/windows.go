package inverted

import (
	"slices"
	"sync/atomic"
)

// Of many documents, frequent terms are walked through in windows of documents, all terms of the question in one window
// before the next: what they gather then stays in the processor's cache, where walking one term after the other through
// all documents waits for memory at nearly every posting. The gathered is given up with its window, but for the best
// documents; what else is asked about is looked up.

const (
	windowDocs = 1 << 12
	stride     = 16                   // how many documents on the next of a conversation may stand to be seen in the window
	reach      = stride * len(toNext) // how far a document lends within a window, at most
	margin     = 2 * reach            // documents before and behind a window that are seen with it
	// windowsFrom is from how many documents on windows pay, and windowShare which part of all must be selected.
	windowsFrom = spansEnough
	windowShare = 8
	// spilledMost is up to how many documents that borrow from other windows are looked up one by one.
	spilledMost = 20_000
)

// nearDoc is what a search asks of a document for each posting, side by side for a window. It follows from the column.
type nearDoc struct {
	mass       float32
	row        uint32
	length     uint16
	attr       uint8
	bond       uint8 // with the one before it in the conversation
	prev, next uint8 // how many documents back and on those before and behind it stand, as far as a bond ties them; 0 is none
}

// far, as nearDoc.prev and next, says that the other stands elsewhere.
const far = 255

// nearWindow is the documents of a window with margins; the first is first-margin.
type nearWindow [windowDocs + 2*margin]nearDoc

// nearOf returns the documents of window w, made from the columns where that was not done since they changed. It needs the
// lock for reading.
func (s *state) nearOf(w int) *nearWindow {
	p := s.window(w)
	if v := p.Load(); v != nil {
		return v
	}
	v := new(nearWindow)
	first := w*windowDocs - margin
	for i := range v {
		doc := first + i
		if doc < 1 || doc >= len(s.cols) {
			continue
		}
		c := &s.cols[doc]
		v[i] = nearDoc{mass: c.mass, row: c.row, length: c.length, attr: c.attr, bond: c.bond}
		if c.bond != 0 {
			v[i].prev = distance(c.prev, uint32(doc))
		}
		if c.next != 0 && s.cols[c.next].bond != 0 {
			v[i].next = distance(uint32(doc), c.next)
		}
	}
	p.Store(v)
	return v
}

func (s *state) window(w int) *atomic.Pointer[nearWindow] { return &(*s.windows.Load())[w] }

// roomForWindows has a place for each window. Readers may do it side by side: what one of them made is lost at worst.
func (s *state) roomForWindows() {
	n := len(s.cols)/windowDocs + 1
	old := s.windows.Load()
	if old != nil && len(*old) >= n {
		return
	}
	more := make([]atomic.Pointer[nearWindow], n+n/8)
	if old != nil {
		for i := range *old {
			more[i].Store((*old)[i].Load())
		}
	}
	s.windows.Store(&more)
}

// changed has the windows made anew that see doc. It needs the lock for writing.
func (s *state) changed(doc uint32) {
	v := s.windows.Load()
	if v == nil {
		return
	}
	for w := max(0, int(doc)-2*margin) / windowDocs; w <= (int(doc)+2*margin)/windowDocs && w < len(*v); w++ {
		(*v)[w].Store(nil)
	}
}

func distance(from, to uint32) uint8 {
	if to <= from || to-from > stride {
		return far
	}
	return uint8(to - from)
}

// bestDocs are the documents with the highest score so far, as a heap with the least on top.
type bestDocs struct {
	most int
	list []docSums
}

type docSums struct {
	doc uint32
	sums
}

func worse(x, y docSums) bool { return x.score < y.score || x.score == y.score && x.doc < y.doc }

func (b *bestDocs) offer(d docSums) {
	if len(b.list) < b.most {
		if b.list = append(b.list, d); len(b.list) == b.most {
			for i := b.most/2 - 1; i >= 0; i-- {
				sink(b.list, i, worse)
			}
		}
		return
	}
	if worse(b.list[0], d) {
		b.list[0] = d
		sink(b.list, 0, worse)
	}
}

// floor is the score that a document must have to count.
func (b *bestDocs) floor() float32 {
	if len(b.list) < b.most {
		return 0
	}
	return b.list[0].score
}

// panes is the scratch memory of a search by windows; all of it is zero between windows.
type panes struct {
	freq    [windowDocs + 2*margin]struct{ full, own float32 }
	sums    [windowDocs + 2*margin]sums
	touched []uint16
	found   []uint16
}

// walk is one search by windows.
type walk struct {
	s     *state
	sel   *Selection
	w     weights
	p     *panes
	near  *nearWindow
	first int // document before which the window's margin ends
	best  bestDocs
	spill map[uint32]bool // documents that borrow from outside their window
}

// walkWindows scores the selected documents by terms, whose rarity is known, and returns the best. ok is false where too
// many of them borrow from afar.
func (r *Run) walkWindows(terms []queryTerm) (best []docSums, spilled map[uint32]bool, ok bool) {
	s := r.s
	s.roomForWindows()
	k := &walk{s: s, sel: r.sel, w: s.weights(r.sel), p: r.a.panes, best: bestDocs{most: r.effort.Depth}, spill: map[uint32]bool{}}
	if k.p == nil {
		k.p = new(panes)
		r.a.panes = k.p
	}
	seeks := make([]seek, len(terms))
	for i, q := range terms {
		seeks[i] = s.seekNewest(q.id, r.effort.Budget)
	}
	for w := 0; w*windowDocs < len(s.cols); w++ {
		k.first, k.near = w*windowDocs, nil
		end := uint32(k.first + windowDocs + reach)
		for i := range seeks {
			if seeks[i].more && seeks[i].doc < end {
				k.term(&seeks[i], terms[i].idf*terms[i].weight)
			}
		}
		k.gather()
		if len(k.spill) > spilledMost {
			return nil, nil, false
		}
	}
	return k.best.list, k.spill, true
}

// seekNewest is seek from about the n-th posting from the end on.
func (s *state) seekNewest(id uint32, n int) seek {
	k := s.seek(id)
	if c := s.newest(id, n); k.more && c.doc > k.doc {
		k.cursor = c
		k.more = k.next()
	}
	return k
}

// term adds a term's postings in the window to the sums.
func (k *walk) term(at *seek, idf float32) {
	if k.near == nil {
		k.near = k.s.nearOf(k.first / windowDocs)
	}
	last, end := uint32(k.first+windowDocs-reach), uint32(k.first+windowDocs+reach)
	var again seek // the first posting that the next window sees as well
	for ; at.more && at.doc < end; at.more = at.next() {
		if at.doc >= last && again.all == nil && !again.more {
			again = *at
		}
		k.give(at.doc, at.tf)
	}
	if again.more {
		*at = again
	}
	p := k.p
	for _, i := range p.touched {
		f, n, v := &p.freq[i], &k.near[i], &p.sums[i]
		if v.score == 0 {
			p.found = append(p.found, i)
		}
		v.near += idf * min(f.full, 1)
		v.score += idf * f.full * k.w.gain / (f.full + k.w.base + k.w.full*n.mass)
		if f.own > 0 {
			v.own += idf * f.own * k.w.gain / (f.own + k.w.base + k.w.own*float32(n.length))
			v.cover += idf
		}
		f.full, f.own = 0, 0
	}
	p.touched = p.touched[:0]
}

// give is state.give within the window.
func (k *walk) give(doc uint32, tf uint8) {
	i := int(doc) - k.first + margin
	n := &k.near[i]
	if !k.sel.lend[n.attr] {
		return
	}
	body := tfValues[tf&15]
	own := body + tfValues[tf>>4]
	inside := i >= margin && i < margin+windowDocs
	if inside {
		k.gain(i, own, own)
	}
	if body == 0 {
		return
	}
	k.lendAhead(i, body, inside)
	k.lendBehind(i, body, inside)
}

// lendAhead lends to those behind the document of place i in its conversation. What lies behind one that stands far away
// is the business of the window that the lender is in.
func (k *walk) lendAhead(i int, strength float32, inside bool) {
	for j, w := range toNext {
		switch d := k.near[i].next; d {
		case 0:
			return
		case far:
			if inside {
				k.lendFarAhead(uint32(k.first+i-margin), strength, toNext[j:])
			}
			return
		default:
			i += int(d)
		}
		strength *= float32(k.near[i].bond) / 255
		k.gain(i, 0, w*strength)
	}
}

func (k *walk) lendBehind(i int, strength float32, inside bool) {
	for j, w := range toPrev {
		n := &k.near[i]
		switch n.prev {
		case 0:
			return
		case far:
			if inside {
				k.lendFarBehind(uint32(k.first+i-margin), strength, toPrev[j:])
			}
			return
		}
		strength *= float32(n.bond) / 255
		i -= int(n.prev)
		k.gain(i, 0, w*strength)
	}
}

func (k *walk) lendFarAhead(doc uint32, strength float32, shares []float32) {
	for _, w := range shares {
		doc = k.s.cols[doc].next
		if doc == 0 || k.s.cols[doc].bond == 0 {
			return
		}
		strength *= float32(k.s.cols[doc].bond) / 255
		k.lendTo(doc, w*strength)
	}
}

func (k *walk) lendFarBehind(doc uint32, strength float32, shares []float32) {
	for _, w := range shares {
		c := &k.s.cols[doc]
		if c.bond == 0 {
			return
		}
		strength *= float32(c.bond) / 255
		doc = c.prev
		k.lendTo(doc, w*strength)
	}
}

// lendTo lends to a document that may be in another window.
func (k *walk) lendTo(doc uint32, full float32) {
	i := int(doc) - k.first + margin
	if i >= margin && i < margin+windowDocs {
		k.gain(i, 0, full)
	} else if k.sel.Has(int64(k.s.cols[doc].row)) {
		k.spill[doc] = true
	}
}

// gain is state.gain within the window.
func (k *walk) gain(i int, own, full float32) {
	f := &k.p.freq[i]
	if f.full == 0 {
		if i < margin || i >= margin+windowDocs || !k.sel.Has(int64(k.near[i].row)) {
			return
		}
		k.p.touched = append(k.p.touched, uint16(i))
	}
	f.full += full
	f.own += own
}

// gather keeps the best of the window and clears it.
func (k *walk) gather() {
	p := k.p
	floor := k.best.floor()
	for _, i := range p.found {
		if v := &p.sums[i]; v.score >= floor {
			k.best.offer(docSums{uint32(k.first + int(i) - margin), *v})
			floor = k.best.floor()
		}
		p.sums[i] = sums{}
	}
	p.found = p.found[:0]
}

// scoreWindows is score for many documents. It reports whether it was done.
func (r *Run) scoreWindows(walked []queryTerm) bool {
	best, spilled, ok := r.walkWindows(walked)
	if !ok {
		return false
	}
	a := r.a
	r.full = make(map[uint32]bool, len(best))
	docs := make([]uint32, 0, len(best))
	for _, b := range best {
		if !spilled[b.doc] {
			a.sums[b.doc] = b.sums
			a.found = append(a.found, b.doc)
			docs = append(docs, b.doc)
		}
	}
	r.lookUp(docs)
	for _, doc := range docs {
		r.full[doc] = true
	}
	// Whatever else is asked about was not kept: it is looked up with all terms.
	r.looked, r.windowed = slices.Concat(walked, r.looked), true
	rest := make([]uint32, 0, len(spilled))
	for doc := range spilled {
		rest = append(rest, doc)
	}
	r.lookUp(rest)
	return true
}

// owns returns what documents score by their own words; 0 stands for no document.
func (r *Run) owns(docs []uint32) []float64 {
	out := make([]float64, len(docs))
	var need []uint32
	for _, doc := range docs {
		if doc != 0 && !r.full[doc] {
			need = append(need, doc)
		}
	}
	slices.Sort(need)
	need = slices.Compact(need)
	own := make(map[uint32]float32, len(need))
	w := r.s.weights(r.sel)
	for _, q := range r.looked {
		k := r.s.seek(q.id)
		for _, doc := range need {
			if !k.to(doc) {
				continue
			}
			if f := tfValues[k.tf&15] + tfValues[k.tf>>4]; f > 0 {
				own[doc] += q.idf * q.weight * f * w.gain / (f + w.base + w.own*float32(r.s.cols[doc].length))
			}
		}
	}
	for i, doc := range docs {
		if doc != 0 && r.full[doc] {
			out[i] = float64(r.a.sums[doc].own)
		} else {
			out[i] = float64(own[doc])
		}
	}
	return out
}
