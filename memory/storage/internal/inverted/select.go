package inverted

import (
	"iter"
	"math/bits"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// Selection is the set of rows that a filter lets through at one moment. It does not change when the index does.
// Rows answers are safe for concurrent use; Keep and After are not.
type Selection struct {
	bits []uint64
	n    int
	lend [256]bool // by attribute byte: whether such a document may lend its words
	// Sums over the documents that the filter let through, before Keep: what the lengths of documents are
	// compared with.
	docs         int
	mass, length float64
}

// Len counts the rows.
func (s *Selection) Len() int { return s.n }

// Has reports whether row is selected.
func (s *Selection) Has(row int64) bool {
	return row >= 0 && row>>6 < int64(len(s.bits)) && s.bits[row>>6]&(1<<(row&63)) != 0
}

// Bits returns the selection as a bitmap, bit row&63 of word row>>6. The caller must not change it.
func (s *Selection) Bits() []uint64 { return s.bits }

// Rows yields the rows in ascending order.
func (s *Selection) Rows() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i, w := range s.bits {
			for ; w != 0; w &= w - 1 {
				if !yield(int64(i)<<6 + int64(bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// Keep narrows the selection to the rows given: what memory.Filter.IDs stand for, which the index does not know.
func (s *Selection) Keep(rows []int64) {
	kept := make([]uint64, len(s.bits))
	s.n = 0
	for _, r := range rows {
		if s.Has(r) && kept[r>>6]&(1<<(r&63)) == 0 {
			kept[r>>6] |= 1 << (r & 63)
			s.n++
		}
	}
	s.bits = kept
}

// After narrows the selection to the rows after row.
func (s *Selection) After(row int64) {
	for i := range s.bits {
		switch first := int64(i) << 6; {
		case first+63 <= row:
			s.n -= bits.OnesCount64(s.bits[i])
			s.bits[i] = 0
		case first <= row:
			low := s.bits[i] & (1<<(row-first+1) - 1)
			s.n -= bits.OnesCount64(low)
			s.bits[i] &^= low
		default:
			return
		}
	}
}

// Select returns the rows that match every field of f but IDs (see Keep).
func (x *Index) Select(f memory.Filter) *Selection {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.s.selectRows(f)
}

// All returns every row of any scope and state.
func (x *Index) All() *Selection {
	return x.Select(memory.Filter{States: states[:]})
}

// attrTable says for every attribute byte whether scope and state pass f.
func attrTable(f memory.Filter) (t [256]bool) {
	var sc, st [8]bool
	for _, s := range f.Scopes {
		sc[uint8(s)&scopeMask] = true
	}
	for _, s := range f.States {
		st[stateBits(s)>>3] = true
	}
	if len(f.States) == 0 {
		st[stateBits(memory.Active)>>3] = true
	}
	for a := range t {
		a8 := uint8(a)
		t[a] = a8&liveBit != 0 && (len(f.Scopes) == 0 || sc[a8&scopeMask]) && st[a8&stateMask>>3]
	}
	return t
}

// class is the live documents of one scope, state and kind of text, so that what narrows by nothing else costs the same
// however many there are.
type class struct {
	rows         []uint64 // bit row&63 of word row>>6
	n            int
	mass, length float64
}

const (
	classMask = scopeMask | stateMask | turnBit
	classes   = int(classMask) + 1
)

// enroll and withdraw keep a live document in its class.
func (s *state) enroll(doc uint32) {
	c := &s.cols[doc]
	k := &s.class[c.attr&classMask]
	if n := int(c.row>>6) + 1 - len(k.rows); n > 0 {
		k.rows = roomy(k.rows, n)
		k.rows = k.rows[:len(k.rows)+n]
	}
	k.rows[c.row>>6] |= 1 << (c.row & 63)
	k.n++
	k.mass += float64(c.mass)
	k.length += float64(c.length)
}

func (s *state) withdraw(doc uint32) {
	c := &s.cols[doc]
	k := &s.class[c.attr&classMask]
	k.rows[c.row>>6] &^= 1 << (c.row & 63)
	k.n--
	k.mass -= float64(c.mass)
	k.length -= float64(c.length)
}

// selectClasses marks every document whose scope and state pass.
func (s *state) selectClasses(sel *Selection) {
	for attr := range s.class {
		k := &s.class[attr]
		if k.n == 0 || !sel.lend[uint8(attr)|liveBit] {
			continue
		}
		for i, word := range k.rows {
			sel.bits[i] |= word
		}
		sel.n += k.n
		sel.docs += k.n
		sel.mass += k.mass
		sel.length += k.length
	}
}

// selectTimes leaves those marked that are in a span of time.
func (s *state) selectTimes(sel *Selection, since, until int64, open bool) *Selection {
	sel.n, sel.docs, sel.mass, sel.length = 0, 0, 0, 0
	for i, word := range sel.bits {
		for w := word; w != 0; w &= w - 1 {
			row := uint32(i)<<6 + uint32(bits.TrailingZeros64(w))
			c := &s.cols[s.byRow[row]]
			if at := c.at.milli(); at < since || at >= until && !open {
				sel.bits[i] &^= 1 << (row & 63)
				continue
			}
			sel.n++
			sel.docs++
			sel.mass += float64(c.mass)
			sel.length += float64(c.length)
		}
	}
	return sel
}

// selectRows marks the documents that the narrowest attribute names, and checks the rest on the columns.
func (s *state) selectRows(f memory.Filter) *Selection {
	sel := &Selection{lend: attrTable(f), bits: make([]uint64, (len(s.byRow)+63)/64)}
	sets, none := s.attributeSets(f)
	if none {
		return sel
	}
	since, until := int64(-1<<63), int64(1<<63-1)
	if !f.Since.IsZero() {
		since = ceilMilli(f.Since)
	}
	if !f.Until.IsZero() {
		until = ceilMilli(f.Until) // exclusive; see ceilMilli
	}
	if len(sets) == 0 {
		s.selectClasses(sel)
		if f.Since.IsZero() && f.Until.IsZero() {
			return sel
		}
		return s.selectTimes(sel, since, until, f.Until.IsZero())
	}
	take := func(doc uint32) {
		c := &s.cols[doc]
		if at := c.at.milli(); sel.lend[c.attr] && at >= since && (at < until || f.Until.IsZero()) {
			sel.bits[c.row>>6] |= 1 << (c.row & 63)
			sel.n++
			sel.docs++
			sel.mass += float64(c.mass)
			sel.length += float64(c.length)
		}
	}
	for i, w := range intersect(sets) {
		for ; w != 0; w &= w - 1 {
			take(uint32(i)<<6 + uint32(bits.TrailingZeros64(w)))
		}
	}
	return sel
}

// attributeSets returns a set of documents for each attribute that f narrows by: one for "any of these projects",
// one for each tag. none says that one of them is empty.
func (s *state) attributeSets(f memory.Filter) (sets [][]uint64, none bool) {
	union := func(ns byte, values []string) {
		if len(values) == 0 || none {
			return
		}
		set := make([]uint64, (len(s.cols)+63)/64)
		found := false
		for _, v := range values {
			id, ok := s.dict.find(ns, v)
			if !ok {
				continue
			}
			found = true
			for c := s.walk(id); c.next(); {
				set[c.doc>>6] |= 1 << (c.doc & 63)
			}
		}
		sets = append(sets, set)
		none = !found
	}
	union(nsProject, f.Projects)
	union(nsKind, f.Kinds)
	union(nsSession, f.Sessions)
	for _, t := range f.Tags {
		union(nsTag, []string{t})
	}
	return sets, none
}

// intersect narrows the first set by the others, in place.
func intersect(sets [][]uint64) []uint64 {
	out := sets[0]
	for _, s := range sets[1:] {
		for i := range out {
			out[i] &= s[i]
		}
	}
	return out
}

// ceilMilli is the first millisecond that is not before t. Documents' times are whole milliseconds, so it serves
// both an inclusive lower and an exclusive upper bound.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// means are the average lengths of the documents that the filter let through, with and without what they borrow;
// at least 1.
func (s *Selection) means() (full, own float32) {
	n := float64(max(s.docs, 1))
	return float32(max(s.mass/n, 1)), float32(max(s.length/n, 1))
}
