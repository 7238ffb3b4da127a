package storage

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
