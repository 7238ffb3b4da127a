package analysis

import (
	"unicode"
	"unicode/utf8"
)

// class says how a character takes part in words.
type class uint8

const (
	classNone  class = iota // separates
	classWord               // letters and digits of scripts that put spaces between words
	classDense              // letters of scripts without spaces, or with long inflected words, other than Han and kana
	classHan
	classKana
	classMark // belongs to whatever stands before it
)

// classAt returns the class of the character at s[i:] and its length in bytes.
func classAt(s string, i int) (class, int) {
	if c := s[i]; c < utf8.RuneSelf {
		if isAlnum(c) {
			return classWord, 1
		}
		return classNone, 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	return classOf(r), size
}

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func classOf(r rune) class {
	switch {
	case unicode.Is(unicode.M, r):
		return classMark
	case !unicode.IsLetter(r) && !unicode.IsNumber(r):
		return classNone
	case r >= 0x3040 && r <= 0x30FF || r >= 0x31F0 && r <= 0x31FF || r >= 0x1B000 && r <= 0x1B16F:
		return classKana
	case r >= 0x2E80 && unicode.Is(unicode.Han, r):
		return classHan
	case dense(r):
		return classDense
	}
	return classWord
}

func dense(r rune) bool {
	switch {
	case r >= 0x0E00 && r <= 0x0FFF: // Thai, Lao, Tibetan
		return true
	case r >= 0x1000 && r <= 0x109F: // Burmese
		return true
	case r >= 0x1100 && r <= 0x11FF, r >= 0xA960 && r <= 0xA97F, r >= 0xAC00 && r <= 0xD7FF: // Hangul
		return true
	case r >= 0x1780 && r <= 0x17FF: // Khmer
		return true
	case r >= 0x1950 && r <= 0x19DF, r >= 0xA980 && r <= 0xA9DF, r >= 0xAA60 && r <= 0xAADF:
		return true // Tai Le, New Tai Lue, Javanese, Burmese extended, Tai Viet
	}
	return false
}

// runEnd returns the end of the run of characters of class c or d, with their marks, that holds s[i].
func runEnd(s string, i int, c, d class) int {
	for i < len(s) {
		k, size := classAt(s, i)
		if k != c && k != d && k != classMark {
			break
		}
		i += size
	}
	return i
}

func hasKana(s string) bool {
	for _, r := range s {
		if r >= 0x3040 && classOf(r) == classKana && r != 0x30FC {
			return true
		}
	}
	return false
}
