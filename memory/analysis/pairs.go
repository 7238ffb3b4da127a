package analysis

import (
	"strings"
	"unicode/utf8"
)

// pairs emits each two neighbouring clusters of the run [start, end), and with single each cluster too. A run of one
// cluster gives that.
func (a *analysis) pairs(start, end int, single bool) {
	first, second := start, a.cluster(start, end)
	if second == end {
		a.put(strings.ToLower(a.text.s[start:end]), start, end)
		return
	}
	for {
		if single {
			a.put(a.text.s[first:second], first, second)
		}
		if second == end {
			return
		}
		third := a.cluster(second, end)
		a.put(a.text.s[first:third], first, third)
		first, second = second, third
	}
}

// cluster returns the end of the character at i with the marks that follow it, at most maxMarks of them.
func (a *analysis) cluster(i, end int) int {
	const maxMarks = 4
	_, size := utf8.DecodeRuneInString(a.text.s[i:end])
	i += size
	for range maxMarks {
		if i >= end {
			break
		}
		c, size := classAt(a.text.s, i)
		if c != classMark {
			break
		}
		i += size
	}
	return i
}
