package keyword

import (
	"strings"
	"sync"
)

// List is a set of whole words. It is built on first use and safe for concurrent use.
type List struct {
	text  string
	once  sync.Once
	has   map[string]bool
	looks [1 << 10 / 64]uint64 // bits by what a look at a word shows: most words are in no list
}

// look sums up length, beginning and end of a word that is not empty.
func look(word string) uint {
	n := uint(len(word))
	return (n*7 + uint(word[0])*29 + uint(word[n/2])*101 + uint(word[n-1])*13) % (1 << 10)
}

// NewList returns the set of the words of text, which white space separates.
func NewList(text string) *List { return &List{text: text} }

// Has reports whether word is in the list, in exactly this spelling.
func (l *List) Has(word string) bool {
	l.once.Do(func() {
		l.has = make(map[string]bool)
		for _, w := range strings.Fields(l.text) {
			l.has[w] = true
			l.looks[look(w)/64] |= 1 << (look(w) % 64)
		}
	})
	if word == "" {
		return false
	}
	at := look(word)
	return l.looks[at/64]&(1<<(at%64)) != 0 && l.has[word]
}
