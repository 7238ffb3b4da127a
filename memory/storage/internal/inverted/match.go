package inverted

import (
	"cmp"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// MatchAll returns, in ascending order, the selected rows that hold every one of words in body, title or labels.
// With no words every selected row matches.
func (x *Index) MatchAll(words []string, sel *Selection) []int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := x.s
	if len(words) == 0 {
		return slices.Collect(sel.Rows())
	}
	ids := make([]uint32, 0, len(words))
	for _, w := range words {
		id, ok := s.dict.find(nsTerm, w)
		if !ok {
			return nil
		}
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uint32) int { return cmp.Compare(s.postings(a), s.postings(b)) })
	var docs []uint32
	for c := s.walk(ids[0]); c.next(); {
		if col := &s.cols[c.doc]; col.attr&liveBit != 0 && sel.Has(int64(col.row)) {
			docs = append(docs, c.doc)
		}
	}
	for _, id := range ids[1:] {
		docs = s.among(docs, id)
	}
	rows := make([]int64, len(docs))
	for i, d := range docs {
		rows[i] = int64(s.cols[d].row)
	}
	slices.Sort(rows)
	return rows
}

// among keeps those of docs, ascending, that have a posting of the term; in place.
func (s *state) among(docs []uint32, id uint32) []uint32 {
	out := docs[:0]
	c := s.walk(id)
	for more := c.next(); more && len(docs) > 0; {
		switch {
		case c.doc < docs[0]:
			more = c.next()
		case c.doc > docs[0]:
			docs = docs[1:]
		default:
			out = append(out, docs[0])
			docs, more = docs[1:], c.next()
		}
	}
	return out
}

// DocFreq counts, for each of words, the selected rows that hold it themselves.
func (x *Index) DocFreq(words []string, sel *Selection) []int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make([]int, len(words))
	for i, w := range words {
		id, ok := x.s.dict.find(nsTerm, w)
		if !ok {
			continue
		}
		for c := x.s.walk(id); c.next(); {
			if col := &x.s.cols[c.doc]; col.attr&liveBit != 0 && sel.Has(int64(col.row)) {
				out[i]++
			}
		}
	}
	return out
}

// Place is where a row stands in a list: by its time in Unix milliseconds, then by row.
type Place struct{ Time, Row int64 }

// List returns up to limit selected rows in the order by (SortOldest, SortUpdated; anything else is SortNewest), those
// that come behind after; nil means from the start. Ties go to the larger row, with SortOldest to the smaller.
func (x *Index) List(sel *Selection, by memory.Sort, after *Place, limit int) []Place {
	x.mu.RLock()
	defer x.mu.RUnlock()
	order := func(a, b Place) int { return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(b.Row, a.Row)) }
	if by == memory.SortOldest {
		order = func(a, b Place) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Row, b.Row)) }
	}
	limit = max(limit, 0)
	var best []Place
	trim := func(to int) {
		slices.SortFunc(best, order)
		best = best[:min(len(best), to)]
	}
	for r := range sel.Rows() {
		doc := x.s.docOf(r)
		if doc == 0 {
			continue
		}
		p := Place{x.s.cols[doc].at.milli(), r}
		if by == memory.SortUpdated {
			p.Time = x.s.cols[doc].updated.milli()
		}
		if after != nil && order(p, *after) <= 0 {
			continue
		}
		if best = append(best, p); len(best) >= 2*limit+listSlack {
			trim(limit)
		}
	}
	trim(limit)
	return best
}

// listSlack is how many rows List gathers beyond what it needs before it sorts, so that it seldom does.
const listSlack = 1024

// Each calls fn with how many rows each scope has in each state, as far as it has any.
func (x *Index) Each(fn func(sc scope.Scope, st memory.State, n int)) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for attr := range x.s.class {
		if n := x.s.class[attr].n; n > 0 {
			fn(scope.Scope(uint8(attr)&scopeMask), states[uint8(attr)&stateMask>>3], n)
		}
	}
}

// Stats says how large the index is.
type Stats struct {
	Docs          int // live documents
	Dead          int // replaced or removed ones not yet dropped
	Terms         int // distinct terms and attribute values
	Postings      int // of terms and attributes, dead documents' among them
	Conversations int
	Bytes         int // in RAM, without the allocator's rounding
	ColumnBytes   int // the part of Bytes that columns and order take
	SnapshotBytes int // of a snapshot, before it is packed
}

// Stats measures the index; it looks at every term.
func (x *Index) Stats() Stats {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := x.s
	st := Stats{Docs: s.live, Dead: len(s.cols) - 1 - s.live, Terms: len(s.terms), Conversations: len(s.groups)}
	st.ColumnBytes = columnSize*cap(s.cols) + 4*cap(s.byRow)
	for _, g := range s.groups {
		st.ColumnBytes += groupSize + chunkHeader*cap(g.chunks)
		for _, c := range g.chunks {
			st.ColumnBytes += 4 * cap(c)
		}
	}
	st.Bytes = st.ColumnBytes + s.dict.bytes() + entrySize*cap(s.terms) + listSize*cap(s.lists)
	st.SnapshotBytes = s.snapshotBytes()
	for id := range s.terms {
		st.Postings += s.postings(uint32(id))
	}
	for _, l := range s.lists {
		st.Bytes += cap(l.buf)
	}
	for _, k := range s.skips {
		st.Bytes += skipSize*cap(k) + 2*(chunkHeader+4) // with its entry in the map
	}
	return st
}
