package normalize

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/elderzan/elderzan/scope/sensitive/makeup"
)

// View is a text to scan and where its bytes come from.
type View struct {
	Text     string
	Made     makeup.Makeup
	Encoding string // how it was hidden: "", "base64", "hex", "percent", or several joined by "+"

	starts, ends []int32 // per byte of Text, the original range it came from; nil when Text is the original
	whole        bool    // every span maps to [from, to)
	from, to     int
}

// Original maps a span of v.Text to the smallest span of the original text that it came from. A span of a decoded
// view maps to the whole encoded piece.
func (v *View) Original(start, end int) (int, int) {
	switch {
	case v.whole:
		return v.from, v.to
	case v.starts == nil:
		return start, end
	case start >= end || start >= len(v.starts):
		return 0, 0
	}
	end = min(end, len(v.ends))
	return int(v.starts[start]), int(v.ends[end-1])
}

// plain returns the view without disguises. Texts that have none come back as they are.
func plain(text string) View {
	if undisguised(text) {
		return View{Text: text, Made: makeup.Of(text)}
	}
	b := &builder{out: make([]byte, 0, len(text)), starts: make([]int32, 0, len(text)), ends: make([]int32, 0, len(text))}
	b.scan(text)
	b.foldLookAlikes()
	v := View{Text: string(b.out), starts: b.starts, ends: b.ends}
	v.Made = makeup.Of(v.Text)
	return v
}

func undisguised(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c >= 0x80 || c == '&' || c == '\\' || c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

type builder struct {
	out          []byte
	starts, ends []int32
	mixed        bool // some Cyrillic or Greek letter was seen
}

func (b *builder) add(s string, start, end int) {
	for i := 0; i < len(s); i++ {
		b.out = append(b.out, s[i])
		b.starts = append(b.starts, int32(start))
		b.ends = append(b.ends, int32(end))
	}
}

func (b *builder) scan(text string) {
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\\':
			i = b.escape(text, i)
		case c == '&':
			i = b.entity(text, i)
		case c < utf8.RuneSelf:
			if c >= ' ' || c == '\n' || c == '\t' || c == '\r' {
				b.add(text[i:i+1], i, i+1)
			}
			i++
		default:
			i = b.segment(text, i)
		}
	}
}

// escape undoes the escapes of JSON and of most languages' string literals, so that a document quoted inside another
// reads like itself.
func (b *builder) escape(text string, i int) int {
	if i+1 >= len(text) {
		b.add("\\", i, i+1)
		return i + 1
	}
	switch text[i+1] {
	case 'n', 'r':
		b.add("\n", i, i+2)
		return i + 2
	case 't':
		b.add("\t", i, i+2)
		return i + 2
	case '"', '\'', '/', '`':
		b.add(text[i+1:i+2], i, i+2)
		return i + 2
	case '\\': // an escaped escape: drop the levels and look at what they guard
		end := i
		for end < len(text) && text[end] == '\\' {
			end++
		}
		if end < len(text) && strings.IndexByte("nrt\"'u", text[end]) >= 0 {
			from := len(b.out)
			next := b.escape(text, end-1)
			for k := from; k < len(b.starts); k++ {
				b.starts[k] = int32(i)
			}
			return next
		}
		b.add("\\", i, end)
		return end
	case 'u':
		if r, ok := hexRune(text, i+2, 4); ok {
			b.rune(r, i, i+6)
			return i + 6
		}
	case 'x':
		if r, ok := hexRune(text, i+2, 2); ok && r < utf8.RuneSelf {
			b.rune(r, i, i+4)
			return i + 4
		}
	}
	b.add("\\", i, i+1)
	return i + 1
}

func hexRune(text string, at, digits int) (rune, bool) {
	if at+digits > len(text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(text[at : at+digits]) {
		d := unhex(c)
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, utf8.ValidRune(r)
}

// longestEntity bounds the look-ahead for the ';' of an HTML entity.
const longestEntity = 12

func (b *builder) entity(text string, i int) int {
	end := min(len(text), i+longestEntity)
	if semi := strings.IndexByte(text[i:end], ';'); semi > 1 {
		if s := html.UnescapeString(text[i : i+semi+1]); s != text[i:i+semi+1] && !strings.HasSuffix(s, ";") {
			for _, r := range s {
				b.rune(r, i, i+semi+1)
			}
			return i + semi + 1
		}
	}
	b.add("&", i, i+1)
	return i + 1
}

// segment normalises from a non-ASCII rune up to the next boundary of composition.
func (b *builder) segment(text string, i int) int {
	r, size := utf8.DecodeRuneInString(text[i:])
	if r == utf8.RuneError && size == 1 {
		b.add(" ", i, i+1)
		return i + 1
	}
	if still(r) && settled(text, i+size) { // most of Japanese
		b.add(text[i:i+size], i, i+size)
		return i + size
	}
	if wide(r) && settled(text, i+size) {
		b.rune(r-wideShift, i, i+size)
		return i + size
	}
	if invisible(r) {
		return i + size
	}
	if exponent(r) && len(b.out) > 0 && b.out[len(b.out)-1] >= '0' && b.out[len(b.out)-1] <= '9' { // 2²⁵⁶ is not 2256
		b.add(text[i:i+size], i, i+size)
		return i + size
	}
	n := size
	if next := norm.NFKC.NextBoundaryInString(text[i:], true); next > size && next <= 64 {
		n = next
	}
	for _, r := range norm.NFKC.String(text[i : i+n]) {
		if r == 'ー' && digitLast(b.out) && digitFirst(text[i+n:]) { // 080ー5512ー7793, typed with the mark of a long vowel
			r = '-'
		}
		b.rune(r, i, i+n)
	}
	return i + n
}

// still reports whether r is a kana or a common ideograph, which stand for themselves.
func still(r rune) bool {
	return r >= 'ぁ' && r <= 'ゖ' || r >= 'ァ' && r <= 'ヺ' || r >= '一' && r <= '龯' || r >= '、' && r <= '〃' || r >= '「' && r <= '】'
}

// wide reports whether r is an ASCII character in full width.
func wide(r rune) bool { return r >= '！' && r <= '～' }

// wideShift is how far the characters in full width lie behind those they stand for.
const wideShift = '！' - '!'

// settled reports whether what stands at i cannot join the character before it.
func settled(text string, i int) bool {
	if i >= len(text) || text[i] < utf8.RuneSelf {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	return still(r) || wide(r) || r == 'ー'
}

func (b *builder) rune(r rune, start, end int) {
	switch {
	case invisible(r):
		return
	case r < ' ' && r != '\n' && r != '\t' && r != '\r', r == unicode.ReplacementChar:
		r = ' '
	case r == '\u2028' || r == '\u2029' || r == '\u0085':
		r = '\n'
	case r == '“' || r == '”' || r == '„' || r == '‟' || r == '«' || r == '»':
		r = '"'
	case r == '‘' || r == '’' || r == '‚' || r == '‛':
		r = '\''
	case r == '‐' || r == '‑' || r == '‒' || r == '–' || r == '—' || r == '―' || r == '−':
		r = '-'
	case unicode.Is(unicode.Zs, r):
		r = ' '
	}
	if r >= 0x370 && r < 0x530 {
		b.mixed = true
	}
	var buf [utf8.UTFMax]byte
	b.add(string(buf[:utf8.EncodeRune(buf[:], r)]), start, end)
}

// digitLast reports whether s ends in a digit, and digitFirst whether a text begins with one, wide or not.
func digitLast(s []byte) bool { return len(s) > 0 && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' }

func digitFirst(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return r >= '0' && r <= '9' || r >= '０' && r <= '９'
}

// exponent reports whether r is a figure or a sign above the line.
func exponent(r rune) bool {
	return r == '²' || r == '³' || r == '¹' || r >= '⁰' && r <= '⁻'
}

// invisible reports whether r shows nothing: zero-width, direction and variation controls, soft hyphens, tags.
func invisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x3164, r == 0xFFA0, r == 0xFEFF:
		return true
	case r >= 0x180B && r <= 0x180F, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F:
		return true
	case r == 0x20E3, r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0000 && r <= 0xE0FFF, r >= 0xFFF0 && r <= 0xFFFB:
		return true
	}
	return false
}
