package feature

import "strings"

// Candidate is a token that could be a secret, with what the model sees of it.
type Candidate struct {
	Token    int
	Near     bool     // a cue stands near it
	Features []uint32 // indexes below Buckets; valid until the next candidate
}

// Bits and Buckets size the table of weights.
const (
	Bits    = 18
	Buckets = 1 << Bits
)

// How many tokens before and behind a candidate a cue may stand.
const (
	cueBack  = 28
	cueAhead = 12
	around   = 8
)

// mostFar bounds how many words of a text are candidates without a cue near them.
const mostFar = 2000

// Each calls visit for every candidate in text. Its cost is linear.
func Each(text string, tokens []Token, visit func(Candidate)) {
	e := extractor{text: text, tokens: tokens}
	next := nextCue(tokens, 0)
	last := -1
	far := 0
	for i := range tokens {
		if next == i {
			next = nextCue(tokens, i+1)
		}
		near := last >= 0 && i-last <= cueBack || next < len(tokens) && next-i <= cueAhead
		ok := near && e.eligible(i)
		if !ok && far < mostFar && (e.striking(i) || e.rare(i)) {
			far++
			ok = true
		}
		if ok {
			visit(Candidate{i, near, e.features(i, last, next)})
		}
		if tokens[i].Cue > 0 {
			last = i
		}
	}
}

func nextCue(tokens []Token, i int) int {
	for i < len(tokens) && tokens[i].Cue == 0 {
		i++
	}
	return i
}

type extractor struct {
	text   string
	tokens []Token
	buf    []uint32
}

// eligible reports whether a token could be a secret: a rare word, anything with a digit or sign, and a common word where
// a value would stand.
func (e *extractor) eligible(i int) bool {
	t := &e.tokens[i]
	switch {
	case t.Line || t.Shape == Mark:
		return false
	case t.Cue > 0 && t.Known:
		return t.Shape != Word && i > 0 && e.opens(i-1)
	case t.Shape == Hira || t.Shape == Kana || t.Shape == Han || t.Shape == Other:
		return i > 0 && (e.opens(i-1) || t.Shape != Hira && !t.Known && e.particle(i-1))
	case t.Shape == HanDigits:
		return true
	case !t.Known:
		return t.Shape != Letter || i+1 < len(e.tokens) && e.tokens[i+1].Shape <= Mark || i+1 < len(e.tokens) && e.tokens[i+1].Shape == Letter
	}
	return i > 0 && (e.opens(i-1) || number(e.text[t.Start:t.End]))
}

// opens reports whether a value may begin behind token i: a quote, an operator, a slash.
func (e *extractor) opens(i int) bool {
	t := &e.tokens[i]
	if t.Shape != Mark || t.Line {
		return false
	}
	switch e.text[t.Start] {
	case '"', '\'', '`', '=', ':', '/', '(', '>', '|':
		return true
	}
	s := e.text[t.Start:t.End]
	return s == "「" || s == "『" || s == "：" || s == "→" || s == "“"
}

// particle reports whether token i is hiragana that introduces a value: は, が, を, って.
func (e *extractor) particle(i int) bool {
	t := &e.tokens[i]
	if t.Shape != Hira {
		return false
	}
	switch e.text[t.End-3 : t.End] {
	case "は", "が", "を", "て", "の":
		return true
	}
	return false
}

// striking reports whether token i looks like a password whatever stands around it: a word with a number or sign.
func (e *extractor) striking(i int) bool {
	t := &e.tokens[i]
	switch t.Shape {
	case CapDigit, LowDigit, Strong:
		return t.End-t.Start >= 6
	case Drawn:
		return t.End-t.Start >= 10 && t.End-t.Start <= 32
	}
	return false
}

// rare reports whether token i is a word outside of the vocabulary, or Japanese in quotes: what could be a password even where
// nothing near it speaks of one.
func (e *extractor) rare(i int) bool {
	t := &e.tokens[i]
	switch t.Shape {
	case Low, Cap, Joined, JoinedUp, LowDigit, CapDigit, Strong:
		return !t.Known && t.End-t.Start >= 4
	case Han, Hira, Kana, Other:
		return i > 0 && (strings.HasSuffix(e.text[:t.Start], "「") || strings.HasSuffix(e.text[:t.Start], "『"))
	}
	return false
}

var numbers = map[string]bool{"zero": true, "one": true, "two": true, "three": true, "four": true, "five": true, "six": true, "seven": true, "eight": true, "nine": true}

func number(s string) bool { return len(s) <= 5 && numbers[s] }

func (e *extractor) add(kind uint32, parts ...uint32) {
	h := kind * 2654435761
	for _, p := range parts {
		h = (h ^ p) * 2246822519
		h ^= h >> 15
	}
	h *= 3266489917
	e.buf = append(e.buf, h>>(32-Bits))
}

// id is the id of token i, or a border's.
func (e *extractor) id(i int) uint32 {
	if i < 0 {
		return 11
	}
	if i >= len(e.tokens) {
		return 13
	}
	return e.tokens[i].ID
}

func (e *extractor) features(i, last, next int) []uint32 {
	e.buf = e.buf[:0]
	t := &e.tokens[i]
	fine, rough := uint32(t.Shape), coarse(t.Shape)
	p1, p2, p3, n1, n2 := e.id(i-1), e.id(i-2), e.id(i-3), e.id(i+1), e.id(i+2)
	e.add(1)
	e.add(2, fine)
	e.add(3, fine, spelling(e.text[t.Start:t.End]))
	e.add(4, fine, p1)
	e.add(5, fine, p1, p2)
	e.add(6, rough, p1, p2, p3)
	e.add(7, fine, n1)
	e.add(8, fine, n1, n2)
	e.add(9, fine, p1, n1)
	e.add(10, p1, p2)
	e.add(11, p1)
	e.add(12, n1)
	e.add(13, p2)
	e.add(14, n1, n2)
	e.add(15, p1, p2, p3, e.id(i-4))
	e.add(16, p2, p3)
	e.add(17, p1, n1)
	if t.Known {
		e.add(18, t.ID)
	}
	e.cues(i, last, next, fine, rough, p1, n1)
	e.bag(i, rough)
	return e.buf
}

// cues describes the nearest cue words on both sides.
func (e *extractor) cues(i, last, next int, fine, rough, p1, n1 uint32) {
	l, ld := uint32(0), uint32(0)
	if last >= 0 && i-last <= cueBack {
		l, ld = uint32(e.tokens[last].Cue), bucket(i-last)
	}
	r, rd := uint32(0), uint32(0)
	if next < len(e.tokens) && next-i <= cueAhead {
		r, rd = uint32(e.tokens[next].Cue), bucket(next-i)
	}
	e.add(30, fine, l, ld)
	e.add(31, fine, r, rd)
	e.add(32, rough, l, r)
	e.add(33, l, p1)
	e.add(34, l, p1, ld)
	e.add(35, r, n1, rd)
	e.add(36, rough, l, p1, ld)
	e.add(37, l, ld)
	e.add(38, r, rd)
	if l > 0 {
		between, breaks, known := uint32(0), uint32(0), uint32(0)
		for k := last + 1; k < i; k++ {
			switch {
			case e.tokens[k].Line:
				breaks++
			case e.tokens[k].Shape == Mark:
				between = between*31 + e.tokens[k].ID
			case e.tokens[k].Known:
				known++
			}
		}
		e.add(39, l, rough, between)
		e.add(40, l, rough, min(breaks, 3), min(known, 6))
		e.add(41, l, e.id(last+1), rough)
		e.add(42, l, e.id(last+1), e.id(last+2), rough)
		e.add(43, l, e.id(last-1), rough)
	}
}

// bag describes the words around, whatever their order.
func (e *extractor) bag(i int, rough uint32) {
	for k := max(0, i-around); k < i; k++ {
		e.add(50, e.tokens[k].ID, rough)
		e.add(51, e.tokens[k].ID)
	}
	for k := i + 1; k < min(len(e.tokens), i+1+around-2); k++ {
		e.add(52, e.tokens[k].ID, rough)
		e.add(53, e.tokens[k].ID)
	}
	for k := max(0, i-24); k < max(0, i-around); k++ {
		if e.tokens[k].Cue > 0 {
			e.add(54, uint32(e.tokens[k].Cue), rough)
		}
	}
}

func bucket(d int) uint32 {
	switch {
	case d <= 4:
		return uint32(d)
	case d <= 6:
		return 5
	case d <= 10:
		return 6
	case d <= 16:
		return 7
	}
	return 8
}
