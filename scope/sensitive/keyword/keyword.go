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
	width   int        // columns
	small   []uint16   // state × class → next state, each marked if words end there (see mark); nil where there are too many states
	large   []uint32   // the same, then
	depth   []int32    // state → bytes of a word's beginning that it stands for
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
	t := trie{{out: -1}}
	for i, w := range s.words {
		s.lengths[i] = int32(len(w))
		s.dup[i] = -1
		if w != "" {
			end := t.insert(w, &s.class)
			s.dup[i], t[end].out = t[end].out, int32(i)
		}
	}
	s.out, s.also, s.depth = make([]int32, len(t)), make([]int32, len(t)), make([]int32, len(t))
	if len(t) <= int(mark[uint16]()) {
		s.small = table[uint16](s, t)
	} else {
		s.large = table[uint32](s, t)
	}
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
	s.width = int(n) + 1
}

// trie is the words while the Set is built: a table of it would be mostly empty. The root is the first.
type trie []branch

type branch struct {
	child, sibling int32 // 0 for none
	out            int32 // word that ends here, or -1
	class          uint8
}

// insert returns where word ends.
func (t *trie) insert(word string, class *[256]uint8) int32 {
	at := int32(0)
	for i := range len(word) {
		c := class[word[i]]
		to := (*t)[at].child
		for to != 0 && (*t)[to].class != c {
			to = (*t)[to].sibling
		}
		if to == 0 {
			to = int32(len(*t))
			*t = append(*t, branch{sibling: (*t)[at].child, out: -1, class: c})
			(*t)[at].child = to
		}
		at = to
	}
	return at
}

// table makes the automaton of t, and s.out and s.also. States are numbered breadth first, so that the few near the root, where a scan
// spends its time, share cache lines. A state goes on as the longest suffix of it does that is a state, but where it has branches.
func table[T entry](s *Set, t trie) []T {
	next := make([]T, len(t)*s.width)
	from, suffix := make([]int32, 1, len(t)), make([]int32, len(t)) // state → branch, and that suffix
	s.out[0] = -1
	for at := 0; at < len(from); at++ {
		row := next[at*s.width : (at+1)*s.width]
		if f := int(suffix[at]); at > 0 {
			copy(row, next[f*s.width:(f+1)*s.width])
		}
		for b := t[from[at]].child; b != 0; b = t[b].sibling {
			to, cell := int32(len(from)), &row[t[b].class]
			from = append(from, b)
			s.out[to], s.depth[to] = t[b].out, s.depth[at]+1
			if at > 0 {
				suffix[to] = int32(*cell &^ mark[T]())
			}
			if s.also[to] = suffix[to]; s.out[suffix[to]] < 0 {
				s.also[to] = s.also[suffix[to]]
			}
			if *cell = T(to); s.out[to] >= 0 || s.also[to] != 0 {
				*cell |= mark[T]()
			}
		}
	}
	return next
}

// Each calls visit for every hit, ordered by its end and then by falling length, until visit returns false.
func (s *Set) Each(text string, visit func(Hit) bool) {
	s.once.Do(s.build)
	if s.small != nil {
		scan(s, s.small, text, visit)
	} else {
		scan(s, s.large, text, visit)
	}
}

// A scan waits for each look at the table before it knows where the next one is. Four scans side by side wait together: each
// has a lane of the text, and none shorter than shortLane. What they find is kept until the lanes before have been told of,
// which longLane bounds.
const (
	lanes     = 4
	shortLane = 12
	longLane  = 256
)

func scan[T entry](s *Set, next []T, text string, visit func(Hit) bool) {
	state, ok := 0, true
	for from := 0; ok && from < len(text); {
		lane := min((len(text)-from)/lanes, longLane)
		if lane < shortLane {
			walk(s, next, text, from, len(text), state, visit)
			return
		}
		state, ok = abreast(s, next, text, from, lane, state, visit)
		from += lanes * lane
	}
}

// walk scans text[from:to] beginning in state, and returns the state it ends in and whether to go on.
func walk[T entry](s *Set, next []T, text string, from, to, state int, visit func(Hit) bool) (int, bool) {
	for i := from; i < to; i++ {
		e := next[state*s.width+int(s.class[text[i]])]
		state = int(e &^ mark[T]())
		if e&mark[T]() != 0 && !s.tell(state, i+1, visit) {
			return 0, false
		}
	}
	return state, true
}

// ending is a state that was met in which words end.
type ending struct{ state, at int32 }

// abreast is walk over lanes of that length, side by side. All but the first begin as if nothing stood before them. The scan of
// the lane before therefore goes on into the next one while its state stands for something that began before the border;
// from there on both would be in the same state.
func abreast[T entry](s *Set, next []T, text string, from, lane, state int, visit func(Hit) bool) (int, bool) {
	var room [lanes][8]ending
	var ends [lanes][]ending
	for k := range ends {
		ends[k] = room[k][:0]
	}
	a, b, c, d := state, 0, 0, 0
	w, class := s.width, &s.class
	ta, tb, tc, td := text[from:from+lane], text[from+lane:from+2*lane], text[from+2*lane:from+3*lane], text[from+3*lane:from+4*lane]
	for i := 0; i < len(ta) && i < len(tb) && i < len(tc) && i < len(td); i++ {
		ea, eb := next[a*w+int(class[ta[i]])], next[b*w+int(class[tb[i]])]
		ec, ed := next[c*w+int(class[tc[i]])], next[d*w+int(class[td[i]])]
		a, b, c, d = int(ea&^mark[T]()), int(eb&^mark[T]()), int(ec&^mark[T]()), int(ed&^mark[T]())
		if (ea|eb|ec|ed)&mark[T]() != 0 {
			for k, e := range [lanes]T{ea, eb, ec, ed} {
				if e&mark[T]() != 0 {
					ends[k] = append(ends[k], ending{int32(e &^ mark[T]()), int32(from + k*lane + i + 1)})
				}
			}
		}
	}
	states := [lanes]int{a, b, c, d}
	known := from // before it all is told
	for k := range lanes {
		for _, e := range ends[k] {
			if int(e.at) > known && !s.tell(int(e.state), int(e.at), visit) {
				return 0, false
			}
		}
		border := from + (k+1)*lane
		known, state = border, states[k]
		for known < from+lanes*lane && int(s.depth[state]) > known-border {
			var ok bool
			if state, ok = walk(s, next, text, known, known+1, state, visit); !ok {
				return 0, false
			}
			known++
		}
		if known > border+lane || int(s.depth[state]) > known-border { // past the next lane, which began as if nothing stood before it
			return walk(s, next, text, known, from+lanes*lane, state, visit)
		}
	}
	return state, true
}

// tell calls visit for the words that end in state.
func (s *Set) tell(state, end int, visit func(Hit) bool) bool {
	at := int32(state)
	if s.out[at] < 0 {
		at = s.also[at]
	}
	for ; at != 0; at = s.also[at] {
		for w := s.out[at]; w >= 0; w = s.dup[w] {
			if !visit(Hit{Word: int(w), Start: end - int(s.lengths[w]), End: end}) {
				return false
			}
		}
	}
	return true
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
