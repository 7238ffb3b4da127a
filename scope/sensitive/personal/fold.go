package personal

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a text as the names of numbers are looked up in it: passport_number, passportNumber and "Passport-Number" all read
// "passport number", and "NUMÉRO" reads "numero". Numbers themselves are read in the original.
type folded struct {
	text string
	at   []int32 // offset in text → offset in the original, one more than text has bytes; nil where they are the same
}

// original returns where the byte at offset i of the folded text comes from.
func (f *folded) original(i int) int {
	if f.at == nil {
		return i
	}
	return int(f.at[i])
}

// fold returns text folded. What is plain already comes back as it is: the search for names does not mind ASCII case.
func fold(text string) folded {
	if plain(text) {
		return folded{text: text}
	}
	known := foldings()
	b := make([]byte, 0, len(text)+16)
	at := make([]int32, 0, len(text)+17)
	add := func(s string, from int) {
		for i := 0; i < len(s); i++ {
			b = append(b, s[i])
			at = append(at, int32(from))
		}
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c == '_' || c == '-' {
				c = ' '
			}
			if hump(text, i) {
				add(" ", i)
			}
			b, at = append(b, c), append(at, int32(i))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if !folds(r) {
			add(text[i:i+n], i)
		} else if s, ok := known[r]; ok {
			add(s, i)
		} else {
			add(string(unicode.ToLower(r)), i)
		}
		i += n
	}
	return folded{text: string(b), at: append(at, int32(len(text)))}
}

// plain reports whether folding changes nothing but case.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '_' || c == '-' || c >= 0xC3 && c <= 0xD5 || c == 0xE1 || hump(text, i) {
			return false
		}
	}
	return true
}

// hump reports whether a capital at i begins the next word of a name in code: passportNumber, but not GitHub or MySQL. A name
// that begins with a capital counts where a value follows it: "PassportNumber": or TaxId =.
func hump(text string, i int) bool {
	if text[i] < 'A' || text[i] > 'Z' || i == 0 || text[i-1] < 'a' || text[i-1] > 'z' {
		return false
	}
	const reach = 40
	start := i
	for start > 0 && i-start < reach && alnum(text[start-1]) {
		start--
	}
	end := i
	for end < len(text) && end-i < reach && alnum(text[end]) {
		end++
	}
	const least = 5 // IdNr and eID are words of their own
	if end-start < least {
		return false
	}
	if text[start] >= 'a' {
		return true
	}
	rest := strings.TrimLeft(text[end:min(len(text), end+4)], `"' `)
	return rest != "" && (rest[0] == ':' || rest[0] == '=')
}

// folds reports whether the letter r has another case or an accent that folding takes off: Latin, Greek and Cyrillic.
func folds(r rune) bool { return r >= 0xC0 && r < 0x560 || r >= 0x1E00 && r < 0x2000 }

// foldings are the letters with an accent, and some that are one of the plain letters with a mark.
var foldings = sync.OnceValue(func() map[rune]string {
	m := map[rune]string{'ø': "o", 'Ø': "o", 'ł': "l", 'Ł': "l", 'đ': "d", 'Đ': "d", 'ı': "i", 'ə': "e", 'Ə': "e", 'ς': "σ", 'й': "й", 'Й': "й"}
	for r := rune(0xC0); r < 0x2000; r++ {
		if _, ok := m[r]; ok || !folds(r) {
			continue
		}
		if unicode.Is(unicode.Mn, r) {
			m[r] = ""
			continue
		}
		apart := norm.NFD.String(string(r))
		if first, n := utf8.DecodeRuneInString(apart); n < len(apart) {
			m[r] = string(unicode.ToLower(first))
		}
	}
	return m
})
