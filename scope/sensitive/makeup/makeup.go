// Package makeup tells in one pass what a text is made of, so that what needs a digit, a mark or a long word is not looked for in a
// text that has none. Most texts are a few sentences and have none.
package makeup

// Makeup is what a text is made of. The zero value is that of the empty text.
type Makeup struct {
	Digits  int  // how many ASCII digits it holds
	Longest int  // the length in bytes of its longest run without white space and control characters
	High    bool // it holds bytes that are not ASCII
	Humps   bool // a small letter stands right before a capital one
	Joins   bool // it holds a hyphen or an underscore
	Percent bool // it holds a percent sign
	Marks   bool // it holds one of ! # % & $ ?
}

// The kinds of bytes.
const (
	digit = 1 << iota
	high
	join
	percent
	mark
	small
	capital
	blank
)

var kinds = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case c <= ' ':
			t[i] = blank
		case c >= '0' && c <= '9':
			t[i] = digit
		case c >= 'a' && c <= 'z':
			t[i] = small
		case c >= 'A' && c <= 'Z':
			t[i] = capital
		case c >= 0x80:
			t[i] = high
		case c == '-' || c == '_':
			t[i] = join
		case c == '%':
			t[i] = percent | mark
		case c == '!' || c == '#' || c == '&' || c == '$' || c == '?':
			t[i] = mark
		}
	}
	return t
}()

// Of returns the Makeup of text. It does not allocate.
func Of(text string) Makeup {
	var m Makeup
	all, humps, before := uint8(0), uint8(0), uint8(0)
	start := 0 // of the run
	for i := 0; i < len(text); i++ {
		k := kinds[text[i]]
		all |= k
		humps |= before & (k >> 1) // capital is the bit above small
		before = k & small
		if k&(blank|digit) == 0 {
			continue
		}
		if k == digit {
			m.Digits++
			continue
		}
		m.Longest = max(m.Longest, i-start)
		start = i + 1
	}
	m.Longest = max(m.Longest, len(text)-start)
	m.High, m.Joins, m.Percent, m.Marks, m.Humps = all&high != 0, all&join != 0, all&percent != 0, all&mark != 0, humps&small != 0
	return m
}
