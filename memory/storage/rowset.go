package storage

import (
	"iter"
	"math/bits"
)

// rowSet is a set of rows, bit row&63 of word row>>6.
type rowSet []uint64

// add returns the set with rows in it.
func (s rowSet) add(rows []int64) rowSet {
	for _, row := range rows {
		if n := int(row>>6) + 1 - len(s); n > 0 {
			s = append(s, make(rowSet, n)...)
		}
		s[row>>6] |= 1 << (row & 63)
	}
	return s
}

// or returns the set with those of others in it.
func (s rowSet) or(others rowSet) rowSet {
	if n := len(others) - len(s); n > 0 {
		s = append(s, make(rowSet, n)...)
	}
	for i, word := range others {
		s[i] |= word
	}
	return s
}

// drop takes a row out.
func (s rowSet) drop(row int64) {
	if row>>6 < int64(len(s)) {
		s[row>>6] &^= 1 << (row & 63)
	}
}

// within reports whether every row of s is one of others.
func (s rowSet) within(others []uint64) bool {
	for i, word := range s {
		if i < len(others) {
			word &^= others[i]
		}
		if word != 0 {
			return false
		}
	}
	return true
}

// has reports whether a row is in the set.
func (s rowSet) has(row int64) bool {
	return row >= 0 && row>>6 < int64(len(s)) && s[row>>6]>>(row&63)&1 != 0
}

// len counts the rows.
func (s rowSet) len() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// all lists the rows, rising.
func (s rowSet) all() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(int64(i)<<6 | int64(bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// middle is a row with about half of the set before it.
func (s rowSet) middle() int64 {
	half, n := s.len()/2, 0
	for i, word := range s {
		if n += bits.OnesCount64(word); n > half {
			return int64(i) << 6
		}
	}
	return 0
}
