package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxIdentifier bounds the bytes that are read as one identifier; a longer one is taken as several.
const maxIdentifier = 256

// identifier reads the word at i, with the words joined to it, emits their terms, and returns where it ends.
func (a *analysis) identifier(i int) int {
	s := a.text.s
	a.words = a.words[:0]
	start, joiner := i, byte(0)
	for {
		end := min(runEnd(s, i, classWord, classWord), len(s))
		a.words = append(a.words, span{i, end, joiner})
		next, c := joined(s, i, end)
		if c == 0 || next-start > maxIdentifier {
			break
		}
		i, joiner = next, c
	}
	if name := language(s, a.words); name != "" {
		a.put(name, start, a.words[0].end)
		return a.words[len(a.words)-1].end
	}
	a.segments(a.words)
	return a.words[len(a.words)-1].end
}

// joined returns where the word goes on that is joined to s[start:end], and by what; 0 when nothing is.
func joined(s string, start, end int) (next int, joiner byte) {
	rest := s[end:]
	size := 1
	switch {
	case rest == "":
		return 0, 0
	case strings.HasPrefix(rest, "://"):
		joiner, size = '/', 3
	case strings.HasPrefix(rest, "::"), strings.HasPrefix(rest, "->"):
		joiner, size = ':', 2
	case strings.HasPrefix(rest, "’"):
		joiner, size = '\'', len("’")
	case strings.HasPrefix(rest, "‐"):
		joiner, size = '-', len("‐")
	case rest[0] == ',':
		if !thousands(s[start:end], rest[1:]) {
			return 0, 0
		}
		joiner = ','
	case strings.IndexByte(`_-.'/\:@?=&#%+~`, rest[0]) >= 0:
		joiner = rest[0]
	default:
		return 0, 0
	}
	next = end + size
	if next >= len(s) {
		return 0, 0
	}
	if c, _ := classAt(s, next); c != classWord {
		return 0, 0
	}
	return next, joiner
}

// thousands reports whether a comma between before and after groups the digits of one number.
func thousands(before, after string) bool {
	if len(after) < 3 || len(after) > 3 && isAlnum(after[3]) || !allDigits(after[:3]) {
		return false
	}
	return len(before) <= 3 && allDigits(before)
}

// language names the programming languages whose names end in signs; "" for anything else.
func language(s string, words []span) string {
	if len(words) != 1 || words[0].end-words[0].start != 1 {
		return ""
	}
	rest := s[words[0].end:]
	switch c := s[words[0].start] | 0x20; {
	case c == 'c' && strings.HasPrefix(rest, "++"):
		return "cpp"
	case (c == 'c' || c == 'f') && strings.HasPrefix(rest, "#"):
		return string(c) + "sharp"
	}
	return ""
}

// segments emits the parts of an identifier between slashes, colons and the like, then the whole.
func (a *analysis) segments(words []span) {
	from, segments := 0, 0
	for k := 1; k <= len(words); k++ {
		if k < len(words) && soft(words[k].joiner) {
			continue
		}
		a.segment(words[from:k])
		from, segments = k, segments+1
	}
	if segments > 1 {
		a.whole(words)
	}
}

// soft reports whether a joiner leaves one name, such as a file's, in one piece.
func soft(joiner byte) bool {
	return joiner == '_' || joiner == '-' || joiner == '.' || joiner == '\'' || joiner == ','
}

// segment emits the words of one name and, when it has several, the name.
func (a *analysis) segment(words []span) {
	if a.number(words) {
		return
	}
	parts := 0
	for k := 0; k < len(words); k++ {
		w := words[k]
		if k+1 < len(words) && words[k+1].joiner == '\'' {
			head, tail := a.text.s[w.start:w.end], a.text.s[words[k+1].start:words[k+1].end]
			if base, ok := contraction(head, tail); ok {
				a.term(base, w.start, words[k+1].end)
				k++
				parts++
				continue
			}
		}
		a.word(w)
		parts++
	}
	if parts > 1 {
		a.whole(words)
	}
}

// number emits words as one term when they are a version, a decimal or a number with grouped digits.
func (a *analysis) number(words []span) bool {
	if len(words) < 2 {
		return false
	}
	var b strings.Builder
	for k, w := range words {
		digits := a.text.s[w.start:w.end]
		if k == 0 && len(digits) > 1 && digits[0]|0x20 == 'v' {
			digits = digits[1:]
		}
		if !allDigits(digits) || k > 0 && w.joiner != '.' && w.joiner != ',' {
			return false
		}
		if k > 0 && w.joiner == '.' {
			b.WriteByte('.')
		}
		b.WriteString(digits)
	}
	a.put(strings.TrimRight(truncate(b.String()), "."), words[0].start, words[len(words)-1].end)
	return true
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// whole emits words written together, unless that is too long to be looked for.
func (a *analysis) whole(words []span) {
	start, end := words[0].start, words[len(words)-1].end
	if end-start > MaxTermBytes {
		return
	}
	var b strings.Builder
	for _, w := range words {
		b.WriteString(a.text.s[w.start:w.end])
	}
	a.term(b.String(), start, end)
}

// word emits a word and, when it is written in camel case, its parts.
func (a *analysis) word(w span) {
	s := a.text.s[w.start:w.end]
	from := 0
	for i := 1; i < len(s) && len(s) <= maxIdentifier; i++ {
		if hump(s, i) {
			a.term(s[from:i], w.start+from, w.start+i)
			from = i
		}
	}
	if from > 0 {
		a.term(s[from:], w.start+from, w.end)
	}
	a.term(s, w.start, w.end)
}

// hump reports whether a part of a camel-case word begins at s[i], i > 0.
func hump(s string, i int) bool {
	if !utf8.RuneStart(s[i]) {
		return false
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	if !unicode.IsUpper(r) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	if !unicode.IsUpper(before) {
		return unicode.IsLetter(before) || unicode.IsDigit(before)
	}
	after, _ := utf8.DecodeRuneInString(s[i+size:])
	return unicode.IsLower(after)
}

// term emits one word of a script with spaces, unless it is a stop word.
func (a *analysis) term(word string, start, end int) {
	w := truncate(fold(word))
	if stopWord(w) || a.mode == modeQuestion && questionWord(w) {
		return
	}
	a.put(stem(w), start, end)
}
