package inverted

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Term frequencies are kept in four bits each: the body's, which neighbours borrow, and that of title and labels.
// BM25 saturates long before the steps get coarse.
var tfSteps = [16]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 64, 128}

// tfValues holds tfSteps as it enters the sums.
var tfValues = func() (v [16]float32) {
	for i, s := range tfSteps {
		v[i] = float32(s)
	}
	return v
}()

// tfCode returns the largest step that is no more than n.
func tfCode(n int) uint8 {
	c := uint8(0)
	for int(c)+1 < len(tfSteps) && int(tfSteps[c+1]) <= n {
		c++
	}
	return c
}

// usual is the frequency of a word said once in the body, which most words are.
const usual = 1

// list is the postings of a term: documents in ascending order with their frequencies. Documents are only ever
// appended, since each Put takes a new document number.
//
// A single posting, which is what most terms have, is held in the struct. More are delta-coded in buf: the
// distance shifted left by one, the low bit set when the frequency is not usual and follows as a byte.
type list struct {
	buf   []byte
	last  uint32
	count uint32
}

// entry is a term: its only posting, or where its list is.
type entry struct {
	doc  uint32 // the only posting's document; 0 when there is a list or nothing
	list uint32 // index in state.lists; 0 is none
	tf   uint8  // the only posting's frequencies
}

func (l *list) append(doc uint32, tf uint8) {
	if n := len(l.buf); cap(l.buf)-n < longestPosting {
		l.buf = append(make([]byte, 0, n+n/8+longestPosting+1), l.buf...) // append would double it
	}
	delta := uint64(doc-l.last) << 1
	if tf == usual {
		l.buf = binary.AppendUvarint(l.buf, delta)
	} else {
		l.buf = append(binary.AppendUvarint(l.buf, delta|1), tf)
	}
	l.last = doc
	l.count++
}

// longestPosting is how many bytes a posting takes at most.
const longestPosting = 6

// cursor walks postings.
type cursor struct {
	buf []byte
	doc uint32
	tf  uint8
	one bool
}

// next moves to the next posting and reports whether there is one.
func (c *cursor) next() bool {
	if c.one {
		c.one = false
		return true
	}
	if len(c.buf) == 0 {
		return false
	}
	v := uint64(c.buf[0])
	n := 1
	if v >= 0x80 {
		v, n = binary.Uvarint(c.buf)
	}
	c.doc += uint32(v >> 1)
	c.tf = usual
	if v&1 != 0 {
		c.tf = c.buf[n]
		n++
	}
	c.buf = c.buf[n:]
	return true
}

// skipEvery is how many postings stand between two places at which a list can be entered.
const skipEvery = 64

// skip is a place in a list: what stands before it ends with doc.
type skip struct{ doc, off uint32 }

// newest starts at about the n-th posting from the end.
func (s *state) newest(id uint32, n int) cursor {
	e := s.terms[id]
	skips := s.skips[e.list]
	if e.list == 0 || len(skips) == 0 {
		return s.walk(id)
	}
	i := (int(s.lists[e.list].count)-n)/skipEvery - 1
	if i < 0 {
		return s.walk(id)
	}
	i = min(i, len(skips)-1)
	return cursor{buf: s.lists[e.list].buf[skips[i].off:], doc: skips[i].doc}
}

// seek is a cursor that can leap.
type seek struct {
	cursor
	all   []byte
	skips []skip
	more  bool
}

func (s *state) seek(id uint32) seek {
	k := seek{cursor: s.walk(id)}
	if e := s.terms[id]; e.list != 0 {
		k.all, k.skips = k.buf, s.skips[e.list]
	}
	k.more = k.next()
	return k
}

// to moves to the first posting that is not before doc, and reports whether it is doc's. doc must not fall from call to
// call.
func (k *seek) to(doc uint32) bool {
	if len(k.skips) > 0 && k.skips[0].doc < doc {
		n, _ := slices.BinarySearchFunc(k.skips, doc, func(p skip, d uint32) int { return cmp.Compare(p.doc, d) })
		if p := k.skips[n-1]; p.doc > k.doc {
			k.cursor = cursor{buf: k.all[p.off:], doc: p.doc}
			k.more = k.next()
		}
		k.skips = k.skips[n-1:]
		if k.skips[0].doc <= k.doc {
			k.skips = k.skips[1:]
		}
	}
	for k.more && k.doc < doc {
		k.more = k.next()
	}
	return k.more && k.doc == doc
}
