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

// look sums up length, beginning and end of a word that is not empty, whatever the case of its letters.
func look(word string) uint {
	n := uint(len(word))
	return (n*7 + uint(word[0]|small)*29 + uint(word[n/2]|small)*101 + uint(word[n-1]|small)*13) % (1 << 10)
}

// small is the bit that makes a letter a small one.
const small = 'a' - 'A'

// NewList returns the set of the words of text, which white space separates.
func NewList(text string) *List { return &List{text: text} }

// Maybe reports whether word may be in the list, in whatever case. It takes no more than a look: most words that are not are told so.
func (l *List) Maybe(word string) bool {
	l.once.Do(l.build)
	if word == "" {
		return false
	}
	at := look(word)
	return l.looks[at/64]&(1<<(at%64)) != 0
}

// Has reports whether word is in the list, in exactly this spelling.
func (l *List) Has(word string) bool {
	return l.Maybe(word) && l.has[word]
}

func (l *List) build() {
	l.has = make(map[string]bool)
	for _, w := range strings.Fields(l.text) {
		l.has[w] = true
		l.looks[look(w)/64] |= 1 << (look(w) % 64)
	}
}
