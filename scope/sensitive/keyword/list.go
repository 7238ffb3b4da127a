package keyword

import (
	"strings"
	"sync"
)

// List is a set of whole words. It is built on first use and safe for concurrent use.
type List struct {
	text string
	once sync.Once
	has  map[string]bool
}

// NewList returns the set of the words of text, which white space separates.
func NewList(text string) *List { return &List{text: text} }

// Has reports whether word is in the list, in exactly this spelling.
func (l *List) Has(word string) bool {
	l.once.Do(func() {
		l.has = make(map[string]bool)
		for _, w := range strings.Fields(l.text) {
			l.has[w] = true
		}
	})
	return l.has[word]
}
