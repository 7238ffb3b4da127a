package inverted

import (
	"slices"
	"unsafe"

	"github.com/elderzan/elderzan/memory"
)

// Sizes for Stats; a group's counts its entry in the map.
const (
	columnSize  = int(unsafe.Sizeof(column{}))
	entrySize   = int(unsafe.Sizeof(entry{}))
	listSize    = int(unsafe.Sizeof(list{}))
	groupSize   = int(unsafe.Sizeof(group{})) + 2*int(unsafe.Sizeof(groupKey{})+4)
	skipSize    = int(unsafe.Sizeof(skip{}))
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
	to.regroup(to.renumber(s.keys(), ids))
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

// keys lists the names of the conversations by number.
func (s *state) keys() []groupKey {
	keys := make([]groupKey, len(s.groups))
	for i := range s.groups {
		keys[i] = s.groups[i].key
	}
	return keys
}

// renumber gives the documents' conversations new numbers, without those that are empty, and returns their new names.
func (s *state) renumber(old []groupKey, ids map[uint32]uint32) []groupKey {
	renamed := make([]uint32, len(old)) // + 1
	var keys []groupKey
	for i := 1; i < len(s.cols); i++ {
		c := &s.cols[i]
		if renamed[c.group] == 0 {
			key := old[c.group]
			keys = append(keys, groupKey{ids[key.project], ids[key.session]})
			renamed[c.group] = uint32(len(keys))
		}
		c.group = renamed[c.group] - 1
	}
	return keys
}

// view returns the index as it is at this moment. Writers wait while what changes in place is copied; what only grows is
// shared.
func (x *Index) view() *state {
	x.mu.RLock()
	sizes := [3]int{len(x.s.terms), len(x.s.lists), len(x.s.cols)}
	x.mu.RUnlock()
	terms, lists, cols := touched[entry](sizes[0]), touched[list](sizes[1]), touched[column](sizes[2])
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := x.s
	v := &state{opt: s.opt, live: s.live, byRow: make([]uint32, len(s.byRow)), groups: make([]group, len(s.groups))}
	v.dict = &dict{seed: s.dict.seed, text: s.dict.text[:len(s.dict.text):len(s.dict.text)], off: s.dict.off[:len(s.dict.off):len(s.dict.off)]}
	v.terms, v.lists, v.cols = append(terms, s.terms...), append(lists, s.lists...), append(cols, s.cols...)
	for i := range s.groups {
		v.groups[i].key = s.groups[i].key
	}
	return v
}

// touched returns an empty slice with room for about n, in memory that is there: the first use of each page costs more than
// copying into it.
func touched[T any](n int) []T {
	s := make([]T, n+n/64+256)
	var zero T
	for i := 0; i < len(s); i += 64 {
		s[i] = zero
	}
	return s[:0]
}

// inlineMost is up to how many documents a Put drops dead ones itself: it takes some milliseconds.
const inlineMost = 20_000

// edit is something done to the index while it is compacted.
type edit struct {
	doc    *Doc // put; nil for the others
	row    int64
	remove bool
	state  memory.State
	at     int64
}

func (c *edit) apply(s *state) {
	switch {
	case c.doc != nil:
		s.remove(uint32(c.doc.Row))
		s.add(c.doc)
	case c.remove:
		s.remove(uint32(c.row))
	default:
		s.setState(c.row, c.state, c.at)
	}
}

// note remembers a change for a compaction under way. It needs the lock.
func (x *Index) note(c edit) {
	if !x.compacting {
		return
	}
	if c.doc != nil {
		d := *c.doc
		d.Body, d.Title, d.Labels, d.Tags = slices.Clone(d.Body), slices.Clone(d.Title), slices.Clone(d.Labels), slices.Clone(d.Tags)
		c.doc = &d
	}
	x.changes = append(x.changes, c)
}

// fewChanges may be caught up with while everybody waits: a millisecond.
const fewChanges = 128

// Compact drops the dead documents and the terms that only they held, so that no word of a removed memory stays behind,
// beside the index that goes on answering and changing. It reports whether there was anything to drop. Calls come one
// at a time.
func (x *Index) Compact() bool {
	x.mu.Lock()
	if len(x.s.cols)-1 == x.s.live {
		x.mu.Unlock()
		return false
	}
	x.compacting, x.changes = true, nil
	x.mu.Unlock()
	next := x.view().compact() // what the view has already is done once more, which changes nothing
	for {
		x.mu.Lock()
		changes := x.changes
		x.changes = nil
		if len(changes) <= fewChanges {
			for i := range changes {
				changes[i].apply(next)
			}
			x.s, x.compacting = next, false
			x.mu.Unlock()
			return true
		}
		x.mu.Unlock()
		for i := range changes {
			changes[i].apply(next)
		}
	}
}
