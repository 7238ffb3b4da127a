// Package keyword finds every occurrence of any of thousands of fixed words in one pass over a text. It is the
// prefilter of the detectors: a rule runs only where one of its words stands.
package keyword

import (
	"sync"
	"unicode/utf8"
)

// Set is an Aho–Corasick automaton with a complete transition table, so a scan costs one table look-up a byte
// whatever the text. Words match without regard to ASCII case; other bytes match exactly. A Set is built on first use
// and safe for concurrent use.
type Set struct {
	words []string
	once  sync.Once

	class   [256]uint8 // byte → column of the table; 0 stands for bytes in no word
	width   int32      // columns
	next    []int32    // state × class → next state; while the Set is built
	small   []uint16   // the same, each marked if words end there (see mark); nil where there are too many states
	large   []uint32   // the same, then
	out     []int32    // state → index of the word that ends here, or -1
	also    []int32    // state → nearest other state on the suffix chain where a word ends, or 0
	lengths []int32    // word → length in bytes
	dup     []int32    // word → next word with the same spelling, or -1
}

// entry is a state in a table. A text meets many Sets, so that the size of their tables decides how long a scan waits.
type entry interface{ uint16 | uint32 }

// mark is the bit of an entry whose state ends a word, so that a scan looks at nothing else in between.
func mark[T entry]() T { return ^(^T(0) >> 1) }

// Hit is one occurrence: text[Start:End] spells the Word-th word given to New.
type Hit struct {
	Word, Start, End int
}

// New returns the Set of words. Empty words never match. It costs nothing until first use; the caller must not change
// the slice any more.
func New(words []string) *Set { return &Set{words: words} }

func (s *Set) build() {
	s.lengths, s.dup = make([]int32, len(s.words)), make([]int32, len(s.words))
	s.classes(s.words)
	s.grow()
	for i, w := range s.words {
		s.lengths[i] = int32(len(w))
		s.dup[i] = -1
		if w != "" {
			s.insert(i, w)
		}
	}
	s.arrange(s.link())
}

func (s *Set) classes(words []string) {
	n := uint8(0)
	for _, w := range words {
		for i := 0; i < len(w); i++ {
			if c := lower(w[i]); s.class[c] == 0 {
				n++
				s.class[c] = n
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		s.class[c] = s.class[c+'a'-'A']
	}
	s.width = int32(n) + 1
}

func (s *Set) grow() int32 {
	id := int32(len(s.out))
	s.out = append(s.out, -1)
	s.also = append(s.also, 0)
	s.next = append(s.next, make([]int32, s.width)...)
	return id
}

func (s *Set) insert(index int, word string) {
	state := int32(0)
	for i := 0; i < len(word); i++ {
		cell := state*s.width + int32(s.class[word[i]])
		if s.next[cell] == 0 {
			s.next[cell] = s.grow()
		}
		state = s.next[cell]
	}
	s.dup[index] = s.out[state]
	s.out[state] = int32(index)
}

// link turns the trie into the automaton, breadth first: a missing edge becomes the edge of the suffix state. It
// returns the states in that order, the root first.
func (s *Set) link() []int32 {
	suffix := make([]int32, len(s.out))
	queue := make([]int32, 1, len(s.out))
	for c := int32(1); c < s.width; c++ {
		if t := s.next[c]; t != 0 {
			queue = append(queue, t)
		}
	}
	for at := 1; at < len(queue); at++ {
		state := queue[at]
		f := suffix[state]
		if s.out[f] >= 0 {
			s.also[state] = f
		} else {
			s.also[state] = s.also[f]
		}
		for c := int32(1); c < s.width; c++ {
			t, back := s.next[state*s.width+c], s.next[f*s.width+c]
			if t == 0 {
				s.next[state*s.width+c] = back
				continue
			}
			suffix[t] = back
			queue = append(queue, t)
		}
	}
	return queue
}

// arrange numbers the states in the order given, so that the few near the root, where a scan spends its time, share
// cache lines, and makes the table of a scan.
func (s *Set) arrange(order []int32) {
	place := make([]int32, len(order))
	for to, from := range order {
		place[from] = int32(to)
	}
	out, also := make([]int32, len(s.out)), make([]int32, len(s.also))
	for to, from := range order {
		out[to], also[to] = s.out[from], place[s.also[from]]
	}
	if len(order) <= int(mark[uint16]()) {
		s.small = table[uint16](s, order, place)
	} else {
		s.large = table[uint32](s, order, place)
	}
	s.next, s.out, s.also = nil, out, also
}

// table is s.next with the states of order at their places.
func table[T entry](s *Set, order, place []int32) []T {
	out := make([]T, 0, len(s.next))
	for _, from := range order {
		for _, to := range s.next[from*s.width : (from+1)*s.width] {
			e := T(place[to])
			if s.out[to] >= 0 || s.also[to] != 0 {
				e |= mark[T]()
			}
			out = append(out, e)
		}
	}
	return out
}

// Each calls visit for every hit, ordered by its end and then by falling length, until visit returns false. It does
// not allocate.
func (s *Set) Each(text string, visit func(Hit) bool) {
	s.once.Do(s.build)
	if s.small != nil {
		scan(s, s.small, text, visit)
	} else {
		scan(s, s.large, text, visit)
	}
}

func scan[T entry](s *Set, next []T, text string, visit func(Hit) bool) {
	state, width := 0, int(s.width)
	for i := 0; i < len(text); i++ {
		e := next[state*width+int(s.class[text[i]])]
		state = int(e &^ mark[T]())
		if e&mark[T]() == 0 {
			continue
		}
		at := int32(state)
		if s.out[at] < 0 {
			at = s.also[at]
		}
		for ; at != 0; at = s.also[at] {
			for w := s.out[at]; w >= 0; w = s.dup[w] {
				if !visit(Hit{Word: int(w), Start: i + 1 - int(s.lengths[w]), End: i + 1}) {
					return
				}
			}
		}
	}
}

// Contains reports whether any of the words occurs in text.
func (s *Set) Contains(text string) bool {
	found := false
	s.Each(text, func(Hit) bool {
		found = true
		return false
	})
	return found
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// InsideKatakana reports whether a hit in katakana is part of a longer katakana word: ローン in クローン, キー in キーボード.
// Katakana words are written without spaces, so this is their word border.
func InsideKatakana(text string, h Hit) bool {
	first, _ := utf8.DecodeRuneInString(text[h.Start:])
	last, _ := utf8.DecodeLastRuneInString(text[:h.End])
	return katakana(first) && KatakanaBefore(text, h.Start) || katakana(last) && KatakanaAfter(text, h.End)
}

// KatakanaBefore reports whether a katakana letter stands right before offset i.
func KatakanaBefore(text string, i int) bool {
	prev, _ := utf8.DecodeLastRuneInString(text[:i])
	return katakana(prev)
}

// KatakanaAfter reports whether a katakana letter stands right behind offset i.
func KatakanaAfter(text string, i int) bool {
	next, _ := utf8.DecodeRuneInString(text[i:])
	return katakana(next)
}

func katakana(r rune) bool { return r >= 0x30A1 && r <= 0x30FA || r == 'ー' }
