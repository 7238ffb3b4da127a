package normalize

import "unicode/utf8"

// lookAlike gives the Latin letter that a Cyrillic or Greek one is drawn like.
var lookAlike = map[rune]byte{
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'у': 'y', 'х': 'x', 'і': 'i', 'ј': 'j', 'ѕ': 's', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'һ': 'h',
	'ӏ': 'l', 'к': 'k', 'т': 't', 'в': 'b', 'н': 'h', 'м': 'm', 'А': 'A', 'В': 'B', 'Е': 'E', 'К': 'K', 'М': 'M', 'Н': 'H', 'О': 'O', 'Р': 'P',
	'С': 'C', 'Т': 'T', 'У': 'Y', 'Х': 'X', 'І': 'I', 'Ј': 'J', 'Ѕ': 'S', 'ο': 'o', 'α': 'a', 'ν': 'v', 'ρ': 'p', 'ι': 'i', 'κ': 'k', 'τ': 't',
	'υ': 'u', 'χ': 'x', 'ε': 'e', 'η': 'n', 'ω': 'w', 'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N',
	'Ο': 'O', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X',
}

// foldLookAlikes writes words that mix Latin with look-alike letters in Latin only. Words in one script stay as they
// are: Russian stays Russian.
func (b *builder) foldLookAlikes() {
	if !b.mixed {
		return
	}
	src := *b
	b.out, b.starts, b.ends = b.out[:0:0], b.starts[:0:0], b.ends[:0:0]
	for i := 0; i < len(src.out); {
		j, latin, alike, other := wordAt(src.out, i)
		fold := latin && alike && !other
		for k := i; k < j; {
			r, size := utf8.DecodeRune(src.out[k:])
			if c, ok := lookAlike[r]; ok && fold {
				b.out = append(b.out, c)
				b.starts = append(b.starts, src.starts[k])
				b.ends = append(b.ends, src.ends[k])
			} else {
				b.out = append(b.out, src.out[k:k+size]...)
				b.starts = append(b.starts, src.starts[k:k+size]...)
				b.ends = append(b.ends, src.ends[k:k+size]...)
			}
			k += size
		}
		i = j
	}
}

// wordAt returns the end of the word (or of the single other rune) at i and which letters it holds.
func wordAt(text []byte, i int) (end int, latin, alike, other bool) {
	end = i
	for end < len(text) {
		r, size := utf8.DecodeRune(text[end:])
		switch {
		case r < utf8.RuneSelf && (r|0x20 >= 'a' && r|0x20 <= 'z'):
			latin = true
		case lookAlike[r] != 0:
			alike = true
		case r >= 0x370 && r < 0x530:
			other = true
		case r >= '0' && r <= '9':
		default:
			if end == i {
				end += size
			}
			return end, latin, alike, other
		}
		end += size
	}
	return end, latin, alike, other
}
