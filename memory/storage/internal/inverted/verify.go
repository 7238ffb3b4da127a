package inverted

import (
	"cmp"
	"slices"

	"github.com/elderzan/elderzan/memory"
)

// verifyTerms is how many of a document's terms, the rarest, Matches looks for: walking the postings of frequent ones
// for every document would take hours where this takes seconds.
const verifyTerms = 4

// Has reports whether the index holds row.
func (x *Index) Has(row int64) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.s.docOf(row) != 0
}

// Archived reports whether the index holds row as that of an archived memory.
func (x *Index) Archived(row int64) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	doc := x.s.docOf(row)
	return doc != 0 && x.s.cols[doc].attr&stateMask == stateBits(memory.Archived)
}

// Matches reports whether the index holds d.Row as d says: scope, state, times, number of terms and the rarest of
// them, project, session, kind and tags. It is for the checker, and reads what it can of an index that it does not trust.
func (x *Index) Matches(d Doc) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := x.s
	doc := s.docOf(d.Row)
	if doc == 0 {
		return false
	}
	c := &s.cols[doc]
	attr := attrOf(d.Scope, d.State) | liveBit
	if d.Turn {
		attr |= turnBit
	}
	if c.attr != attr || c.at != momentOf(d.At) || c.updated != momentOf(d.Updated) || c.length != d.terms() {
		return false
	}
	names := map[byte][]string{
		nsTerm: slices.Concat(d.Body, d.Title, d.Labels), nsProject: {d.Project}, nsSession: {d.Session}, nsKind: {d.Kind}, nsTag: d.Tags,
	}
	var ids []uint32
	for ns, list := range names {
		for _, name := range list {
			id, ok := s.dict.find(ns, name)
			if !ok {
				return false
			}
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uint32) int { return cmp.Or(cmp.Compare(s.postings(a), s.postings(b)), cmp.Compare(a, b)) })
	ids = slices.Compact(ids)
	for _, id := range ids[:min(len(ids), verifyTerms)] {
		if len(s.among([]uint32{doc}, id)) == 0 {
			return false
		}
	}
	return true
}
