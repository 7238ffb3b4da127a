package analysis

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalized is a text in NFKC without format characters, and the way back to the places of the original.
type normalized struct {
	s     string
	parts []part // ascending; none when s is the original
}

// part is a stretch of the normalised text that begins at byte at and stems from bytes [start, end) of the original.
type part struct {
	at, start, end int
	same           bool // byte for byte
}

// origin returns the bytes of the original that bytes [start, end) of the normalised text stem from.
func (n *normalized) origin(start, end int) (int, int) {
	if len(n.parts) == 0 {
		return start, end
	}
	if p := n.partAt(start); p.same {
		start = p.start + start - p.at
	} else {
		start = p.start
	}
	if p := n.partAt(end - 1); p.same {
		end = p.start + end - p.at
	} else {
		end = p.end
	}
	return start, end
}

// partAt returns the part that holds byte i.
func (n *normalized) partAt(i int) part {
	k := sort.Search(len(n.parts), func(k int) bool { return n.parts[k].at > i })
	return n.parts[k-1]
}

func normalize(text string) normalized {
	if isASCII(text) {
		return normalized{s: text}
	}
	if norm.NFKC.QuickSpanString(text) == len(text) && strings.IndexFunc(text, dropped) < 0 {
		return normalized{s: text}
	}
	var n normalized
	out := make([]byte, 0, len(text))
	var it norm.Iter
	it.InitString(norm.NFKC, text)
	for !it.Done() {
		start, at := it.Pos(), len(out)
		out = appendVisible(out, it.Next())
		for it.Pos() == start && !it.Done() { // one character that becomes several
			out = appendVisible(out, it.Next())
		}
		if len(out) > at {
			same := string(out[at:]) == text[start:it.Pos()]
			n.parts = appendPart(n.parts, part{at: at, start: start, end: it.Pos(), same: same})
		}
	}
	n.s = string(out)
	return n
}

func appendVisible(out, segment []byte) []byte {
	for len(segment) > 0 {
		r, size := utf8.DecodeRune(segment)
		if !dropped(r) {
			out = append(out, segment[:size]...)
		}
		segment = segment[size:]
	}
	return out
}

// appendPart adds p, or widens the last part where the two texts run side by side.
func appendPart(parts []part, p part) []part {
	if k := len(parts) - 1; k >= 0 && p.same && parts[k].same && parts[k].end == p.start {
		parts[k].end = p.end
		return parts
	}
	return append(parts, p)
}

// dropped reports whether r is invisible and would only cut words in two.
func dropped(r rune) bool {
	return r > utf8.RuneSelf && (unicode.Is(unicode.Cf, r) || r == 0x34F || r >= 0xFE00 && r <= 0xFE0F)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold lower-cases a word and frees it of accents where readers expect accents not to matter.
func fold(word string) string {
	if isASCII(word) {
		return strings.ToLower(word)
	}
	if !strings.ContainsFunc(word, accented) {
		return strings.ToLower(word)
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(word)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ø':
			b.WriteByte('o')
		case r == 'ł':
			b.WriteByte('l')
		case r == 'đ':
			b.WriteByte('d')
		case r == 'ı':
			b.WriteByte('i')
		case r == 'ς': // sigma at the end of a word
			b.WriteRune('σ')
		case r == 'ß':
			b.WriteString("ss")
		case r == 'æ':
			b.WriteString("ae")
		case r == 'œ':
			b.WriteString("oe")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// accented reports whether r belongs to a script whose marks fold removes.
func accented(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return false
	case r < 0x0700: // Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic and the combining accents
		return true
	default:
		return r >= 0x1E00 && r < 0x2000 // Latin additional, Greek extended
	}
}

// truncate cuts a term to MaxTermBytes between two characters.
func truncate(term string) string {
	if len(term) <= MaxTermBytes {
		return term
	}
	end := MaxTermBytes
	for end > 0 && !utf8.RuneStart(term[end]) {
		end--
	}
	return term[:end]
}
