package inverted

import (
	"cmp"
	"slices"
	"sort"
)

// Shares of a turn's body terms that the following and the preceding turns borrow, nearest first. Answers follow
// what they answer, so words travel further forward than back.
var (
	toNext = [...]float32{.8, .4, .2, .1}
	toPrev = [...]float32{.4, .2, .1, .1}
)

// groupKey names a conversation: the dictionary's numbers of project and session.
type groupKey struct{ project, session uint32 }

// chunkSize bounds what one insertion out of order moves.
const chunkSize = 512

// fewInGroup is up to how many documents a conversation has no chunks before something comes out of order: most are told
// from their beginning to their end, and a million of them would be as many things for the garbage collector to look at.
const fewInGroup = 64

// group keeps the documents of one conversation by (at, row), in chunks of at most chunkSize; where chunks is nil the
// documents' own links alone tell of them.
type group struct {
	key    groupKey
	last   uint32 // document; 0 for none
	n      uint32 // documents
	chunks [][]uint32
}

// fill makes the chunks of a group from the documents' links.
func (s *state) fill(g *group) {
	all := make([]uint32, g.n)
	for i, doc := int(g.n)-1, g.last; i >= 0 && doc != 0; i, doc = i-1, s.cols[doc].prev {
		all[i] = doc
	}
	g.chunks = [][]uint32{}
	for part := range slices.Chunk(all, chunkSize) {
		g.chunks = append(g.chunks, slices.Clone(part))
	}
}

// before orders documents within a conversation.
func (s *state) before(a, b uint32) int {
	x, y := &s.cols[a], &s.cols[b]
	if c := cmp.Compare(x.at.milli(), y.at.milli()); c != 0 {
		return c
	}
	return cmp.Compare(x.row, y.row)
}

// place finds the chunk and the position in it at which doc stands or would stand.
func (s *state) place(g *group, doc uint32) (chunk, pos int) {
	n := len(g.chunks)
	chunk = sort.Search(n, func(i int) bool {
		c := g.chunks[i]
		return s.before(doc, c[len(c)-1]) <= 0
	})
	if chunk == n {
		if n == 0 {
			return 0, 0
		}
		return n - 1, len(g.chunks[n-1])
	}
	pos, _ = slices.BinarySearchFunc(g.chunks[chunk], doc, s.before)
	return chunk, pos
}

// link puts doc in its place in the conversation named by key.
func (s *state) link(doc uint32, key groupKey) {
	id, ok := s.byKey[key]
	if !ok {
		id = uint32(len(s.groups))
		s.groups = append(s.groups, group{key: key})
		s.byKey[key] = id
	}
	s.cols[doc].group = id
	g := &s.groups[id]
	prev, next := s.insert(g, doc)
	s.join(prev, doc)
	s.join(doc, next)
	s.weigh(doc)
}

// insert puts doc into its place in g and returns the documents on both sides.
func (s *state) insert(g *group, doc uint32) (prev, next uint32) {
	behindAll := g.last == 0 || s.before(g.last, doc) < 0
	if g.chunks == nil && (!behindAll || g.n >= fewInGroup) {
		s.fill(g)
	}
	g.n++
	if behindAll {
		prev, g.last = g.last, doc
	}
	if g.chunks == nil {
		return prev, 0
	}
	ci, pos := s.place(g, doc)
	if len(g.chunks) == 0 {
		g.chunks = append(g.chunks, nil)
	}
	prev, next = g.around(ci, pos)
	c := slices.Insert(g.chunks[ci], pos, doc)
	g.chunks[ci] = c
	if len(c) > chunkSize {
		// A chunk that grew at its end is left nearly full, as in a conversation that only goes forward.
		cut := len(c) / 2
		if ci == len(g.chunks)-1 && pos == len(c)-1 {
			cut = len(c) - 1
		}
		tail := append(make([]uint32, 0, 16), c[cut:]...)
		g.chunks[ci] = c[:cut:cut]
		g.chunks = slices.Insert(g.chunks, ci+1, tail)
	}
	return prev, next
}

// unlink takes doc out of its conversation.
func (s *state) unlink(doc uint32) {
	c := &s.cols[doc]
	g := &s.groups[c.group]
	if g.chunks != nil {
		ci, pos := s.place(g, doc)
		g.chunks[ci] = slices.Delete(g.chunks[ci], pos, pos+1)
		if len(g.chunks[ci]) == 0 {
			g.chunks = slices.Delete(g.chunks, ci, ci+1)
		}
	}
	prev, next := c.prev, c.next
	if g.n--; g.last == doc {
		g.last = prev
	}
	c.prev, c.next, c.bond = 0, 0, 0
	s.changed(doc)
	s.join(prev, next)
	if next != 0 {
		s.weigh(next)
	} else if prev != 0 {
		s.weigh(prev)
	}
}

// around returns the documents on both sides of a place.
func (g *group) around(ci, pos int) (prev, next uint32) {
	c := g.chunks[ci]
	switch {
	case pos > 0:
		prev = c[pos-1]
	case ci > 0:
		prev = g.chunks[ci-1][len(g.chunks[ci-1])-1]
	}
	switch {
	case pos < len(c):
		next = c[pos]
	case ci+1 < len(g.chunks):
		next = g.chunks[ci+1][0]
	}
	return prev, next
}

// join makes b follow a; either may be 0.
func (s *state) join(a, b uint32) {
	if a != 0 {
		s.cols[a].next = b
		s.changed(a)
	}
	if b != 0 {
		s.changed(b)
		s.cols[b].prev = a
		s.cols[b].bond = 0
		if a != 0 {
			s.cols[b].bond = s.bond(a, b)
		}
	}
}

// bond is how strongly b, which follows a, is tied to it, in 255ths.
func (s *state) bond(a, b uint32) uint8 {
	x, y := &s.cols[a], &s.cols[b]
	switch {
	case y.at.milli()-x.at.milli() > s.opt.Gap.Milliseconds():
		return 0
	case x.attr&y.attr&turnBit != 0:
		return 255
	}
	return uint8(s.opt.NoteBond * 255)
}

// lenders calls f with every document that lends to doc, and the share it lends.
func (s *state) lenders(doc uint32, f func(from uint32, share float32)) {
	n, strength := doc, float32(1)
	for _, w := range toNext {
		c := &s.cols[n]
		if c.bond == 0 {
			break
		}
		strength *= float32(c.bond) / 255
		n = c.prev
		f(n, w*strength)
	}
	n, strength = doc, 1
	for _, w := range toPrev {
		n = s.cols[n].next
		if n == 0 || s.cols[n].bond == 0 {
			break
		}
		strength *= float32(s.cols[n].bond) / 255
		f(n, w*strength)
	}
}

// weigh sums up the length with what is borrowed of doc and of all that borrow from it.
func (s *state) weigh(doc uint32) {
	first := doc
	for range toNext {
		if p := s.cols[first].prev; p != 0 {
			first = p
		}
	}
	last := doc
	for range toPrev {
		if n := s.cols[last].next; n != 0 {
			last = n
		}
	}
	for n := first; ; n = s.cols[n].next {
		c := &s.cols[n]
		m := float32(c.length)
		s.lenders(n, func(from uint32, share float32) { m += share * float32(s.cols[from].length) })
		s.class[c.attr&classMask].mass += float64(m) - float64(c.mass)
		c.mass = m
		s.changed(n)
		if n == last {
			return
		}
	}
}

// regroup makes the conversations named by keys anew from the documents' neighbours.
func (s *state) regroup(keys []groupKey) {
	s.groups = make([]group, len(keys))
	s.byKey = make(map[groupKey]uint32, len(keys))
	for i, key := range keys {
		s.groups[i].key = key
		s.byKey[key] = uint32(i)
	}
	for first := range s.cols {
		c := &s.cols[first]
		if c.attr&liveBit == 0 || c.prev != 0 {
			continue
		}
		g := &s.groups[c.group]
		for doc := uint32(first); doc != 0; doc = s.cols[doc].next {
			g.last = doc
			g.n++
		}
		if g.n > fewInGroup {
			s.fill(g)
		}
	}
}
