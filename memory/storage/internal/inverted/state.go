package inverted

import (
	"encoding/binary"
	"math"
	"slices"
	"sync/atomic"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Name spaces of the dictionary.
const (
	nsTerm byte = iota
	nsProject
	nsSession
	nsKind
	nsTag
)

// The attribute byte of a document: scope, state, and two flags.
const (
	scopeMask uint8 = 0b0000_0111
	stateMask uint8 = 0b0001_1000
	turnBit   uint8 = 0b0010_0000
	liveBit   uint8 = 0b0100_0000
)

var states = [...]memory.State{memory.Active, memory.Superseded, memory.Archived, memory.Forgotten}

// stateBits codes a state; one that is not known counts as forgotten, so that nothing shows it by mistake.
func stateBits(s memory.State) uint8 {
	i := slices.Index(states[:], s)
	if s == "" {
		i = 0
	}
	if i < 0 {
		i = len(states) - 1
	}
	return uint8(i) << 3
}

func attrOf(sc scope.Scope, st memory.State) uint8 { return uint8(sc)&scopeMask | stateBits(st) }

// column is what is kept of one document besides its postings. Its size counts for every memory there is.
type column struct {
	prev, next  uint32 // neighbours in the order of the conversation; 0 is none
	row         uint32
	group       uint32
	mass        float32 // terms of its own and borrowed
	length      uint16  // terms of its own; the largest there is stands for more
	bond        uint8   // strength of the bond with prev, in 255ths
	attr        uint8
	at, updated moment
}

// moment is a time in Unix milliseconds, in 48 bits: what is more than 4,459 years from 1970 counts as that far.
type moment [6]byte

const farthest = 1<<47 - 1

func momentOf(milli int64) (m moment) {
	v := uint64(min(max(milli, -farthest), farthest))
	binary.LittleEndian.PutUint32(m[:], uint32(v))
	binary.LittleEndian.PutUint16(m[4:], uint16(v>>32))
	return m
}

func (m moment) milli() int64 {
	v := uint64(binary.LittleEndian.Uint32(m[:])) | uint64(binary.LittleEndian.Uint16(m[4:]))<<32
	return int64(v<<16) >> 16
}

// terms is how many terms the document has of its own, as a column has it.
func (d *Doc) terms() uint16 {
	return uint16(min(len(d.Body)+len(d.Title)+len(d.Labels), math.MaxUint16))
}

// state is the index proper; Index guards it. Document 0 stands for none.
type state struct {
	opt    Options
	dict   *dict
	terms  []entry // by number in dict
	lists  []list  // 0 unused
	cols   []column
	byRow  []uint32 // document of each row
	live   int
	class  [classes]class
	skips  map[uint32][]skip // by number of a long list
	groups []group
	byKey  map[groupKey]uint32
	tf     map[uint32]freq

	windows atomic.Pointer[[]atomic.Pointer[nearWindow]] // see nearOf
}

// freq counts a term while a document is added.
type freq struct{ body, head float64 }

func newState(o Options) *state {
	return &state{opt: o, dict: newDict(), lists: make([]list, 1), cols: make([]column, 1),
		byKey: map[groupKey]uint32{}, tf: map[uint32]freq{}, skips: map[uint32][]skip{}}
}

// docOf returns the live document of row, or 0.
func (s *state) docOf(row int64) uint32 {
	if row < 0 || row >= int64(len(s.byRow)) {
		return 0
	}
	return s.byRow[row]
}

func (s *state) intern(ns byte, text string) uint32 {
	id, added := s.dict.intern(ns, text)
	if added {
		s.terms = append(roomy(s.terms, 1), entry{})
	}
	return id
}

func (s *state) post(id, doc uint32, tf uint8) {
	e := &s.terms[id]
	switch {
	case e.list != 0:
		l := &s.lists[e.list]
		l.append(doc, tf)
		if l.count%skipEvery == 0 {
			s.skips[e.list] = append(s.skips[e.list], skip{l.last, uint32(len(l.buf))})
		}
	case e.doc == 0:
		e.doc, e.tf = doc, tf
	default:
		var l list
		l.append(e.doc, e.tf)
		l.append(doc, tf)
		e.doc, e.tf, e.list = 0, 0, uint32(len(s.lists))
		s.lists = append(roomy(s.lists, 1), l)
	}
}

// walk starts at the first posting of a term.
func (s *state) walk(id uint32) cursor {
	e := s.terms[id]
	if e.list != 0 {
		return cursor{buf: s.lists[e.list].buf}
	}
	return cursor{doc: e.doc, tf: e.tf, one: e.doc != 0}
}

// postings counts the postings of a term, dead documents among them.
func (s *state) postings(id uint32) int {
	e := s.terms[id]
	switch {
	case e.list != 0:
		return int(s.lists[e.list].count)
	case e.doc != 0:
		return 1
	}
	return 0
}

// held reports whether any live document holds the term. Dead ones' postings stay until the index is compacted, and a word must not
// count as one that is known for as long: the newest few nearly always tell.
func (s *state) held(id uint32) bool {
	for _, c := range [2]cursor{s.newest(id, skipEvery), s.walk(id)} {
		for c.next() {
			if s.cols[c.doc].attr != 0 {
				return true
			}
		}
	}
	return false
}

// add indexes d as a new document; its row must be free.
func (s *state) add(d *Doc) {
	doc := uint32(len(s.cols))
	clear(s.tf)
	count := func(words []string, body, head float64) {
		for _, w := range words {
			id := s.intern(nsTerm, w)
			f := s.tf[id]
			s.tf[id] = freq{f.body + body, f.head + head}
		}
	}
	count(d.Body, 1, 0)
	count(d.Title, 0, s.opt.Title)
	count(d.Labels, 0, s.opt.Label)
	for id, f := range s.tf {
		s.post(id, doc, tfCode(int(f.body))|tfCode(int(math.Round(f.head)))<<4)
	}
	project, session := s.intern(nsProject, d.Project), s.intern(nsSession, d.Session)
	s.post(project, doc, usual)
	s.post(session, doc, usual)
	s.post(s.intern(nsKind, d.Kind), doc, usual)
	for i, t := range d.Tags {
		if !slices.Contains(d.Tags[:i], t) {
			s.post(s.intern(nsTag, t), doc, usual)
		}
	}
	attr := attrOf(d.Scope, d.State) | liveBit
	if d.Turn {
		attr |= turnBit
	}
	s.cols = append(roomy(s.cols, 1), column{at: momentOf(d.At), updated: momentOf(d.Updated), row: uint32(d.Row), length: d.terms(), attr: attr})
	if n := int(d.Row) + 1 - len(s.byRow); n > 0 {
		s.byRow = roomy(s.byRow, n)
		s.byRow = s.byRow[:len(s.byRow)+n]
	}
	s.byRow[d.Row] = doc
	s.changed(doc)
	s.live++
	s.enroll(doc)
	s.link(doc, groupKey{project, session})
}

// roomy returns s with room for n more. It grows by a sixteenth, not by a quarter as append does: these slices are
// the largest of the index.
func roomy[T any](s []T, n int) []T {
	if len(s)+n <= cap(s) {
		return s
	}
	return append(make([]T, 0, len(s)+max(n, len(s)/16+64)), s...)
}

// remove marks the document of row dead and takes it out of its conversation. It reports whether there was one.
func (s *state) remove(row uint32) bool {
	doc := s.docOf(int64(row))
	if doc == 0 {
		return false
	}
	s.unlink(doc)
	s.withdraw(doc)
	c := &s.cols[doc]
	c.attr = 0
	s.changed(doc)
	s.byRow[row] = 0
	s.live--
	return true
}
