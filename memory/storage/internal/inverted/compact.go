package inverted

import "unsafe"

// Sizes for Stats; a group's counts its entry in the map.
const (
	columnSize  = int(unsafe.Sizeof(column{}))
	entrySize   = int(unsafe.Sizeof(entry{}))
	listSize    = int(unsafe.Sizeof(list{}))
	groupSize   = int(unsafe.Sizeof(group{})) + 2*int(unsafe.Sizeof(groupKey{})+4)
	chunkHeader = int(unsafe.Sizeof([]uint32(nil)))
)

// compact returns a copy of s without its dead documents and without the terms that only they held, so that no
// word of a purged memory stays behind.
func (s *state) compact() *state {
	to := newState(s.opt)
	renamed := make([]uint32, len(s.cols))
	to.cols = make([]column, 1, s.live+s.live/16+1)
	to.byRow = make([]uint32, len(s.byRow))
	for doc := 1; doc < len(s.cols); doc++ {
		c := s.cols[doc]
		if c.attr&liveBit == 0 {
			continue
		}
		renamed[doc] = uint32(len(to.cols))
		to.byRow[c.row] = renamed[doc]
		to.cols = append(to.cols, c)
	}
	for i := range to.cols {
		c := &to.cols[i]
		c.prev, c.next = renamed[c.prev], renamed[c.next]
	}
	to.live = s.live
	for doc := 1; doc < len(to.cols); doc++ {
		to.enroll(uint32(doc))
	}
	ids := s.copyPostings(to, renamed)
	s.copyGroups(to, renamed, ids)
	return to
}

// copyPostings writes the postings of live documents under their new numbers and returns the terms' new numbers.
func (s *state) copyPostings(to *state, renamed []uint32) (ids map[uint32]uint32) {
	ids = map[uint32]uint32{} // of projects and sessions, which name conversations
	for old := range s.terms {
		text := s.dict.at(uint32(old))
		id, interned := uint32(0), false
		for c := s.walk(uint32(old)); c.next(); {
			doc := renamed[c.doc]
			if doc == 0 {
				continue
			}
			if !interned {
				id, interned = to.intern(text[0], string(text[1:])), true
			}
			to.post(id, doc, c.tf)
		}
		if interned && (text[0] == nsProject || text[0] == nsSession) {
			ids[uint32(old)] = id
		}
	}
	return ids
}

// copyGroups writes the conversations that still have documents.
func (s *state) copyGroups(to *state, renamed []uint32, ids map[uint32]uint32) {
	for key, old := range s.byKey {
		g := s.groups[old]
		if len(g.chunks) == 0 {
			continue
		}
		n := uint32(len(to.groups))
		to.groups = append(to.groups, group{chunks: make([][]uint32, len(g.chunks))})
		to.byKey[groupKey{ids[key.project], ids[key.session]}] = n
		for i, c := range g.chunks {
			docs := make([]uint32, len(c))
			for j, d := range c {
				docs[j] = renamed[d]
				to.cols[docs[j]].group = n
			}
			to.groups[n].chunks[i] = docs
		}
	}
}
