package inverted

import "encoding/binary"

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
	delta := uint64(doc-l.last) << 1
	if tf == usual {
		l.buf = binary.AppendUvarint(l.buf, delta)
	} else {
		l.buf = append(binary.AppendUvarint(l.buf, delta|1), tf)
	}
	l.last = doc
	l.count++
}

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
