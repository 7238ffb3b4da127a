package normalize

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// The bounds of decoding: how often a piece may be wrapped, how short a piece may be, how many pieces are tried and
// how many decoded bytes are kept for one text.
const (
	maxDepth   = 3
	minEncoded = 16
	maxPieces  = 64
	maxDecoded = 128 << 10
)

// Views returns the plain view of text first and then a view of each encoded piece in it.
func Views(text string) []View {
	views := []View{plain(text)}
	budget, pieces := maxDecoded, maxPieces
	for i := 0; i < len(views) && pieces > 0; i++ {
		if strings.Count(views[i].Encoding, "+")+1 >= maxDepth && views[i].Encoding != "" {
			continue
		}
		if made := views[i].Made; made.Longest < minEncoded && !made.Percent {
			continue
		}
		for _, p := range encodedPieces(views[i].Text, pieces) {
			pieces--
			decoded, how := decode(views[i].Text[p.start:p.end], p.how)
			if how == "" || len(decoded) > budget {
				continue
			}
			budget -= len(decoded)
			from, to := views[i].Original(p.start, p.end)
			if views[i].Encoding != "" {
				how = views[i].Encoding + "+" + how
			}
			v := plain(decoded)
			views = append(views, View{Text: v.Text, Made: v.Made, Encoding: how, whole: true, from: from, to: to})
		}
	}
	return views
}

type piece struct {
	start, end int
	how        string
}

// encodedPieces finds at most limit runs that might be base64, hexadecimal or percent encoding, in one pass.
func encodedPieces(text string, limit int) []piece {
	var out []piece
	for i := 0; i < len(text) && len(out) < limit; {
		if !encodingByte(text[i]) {
			i++
			continue
		}
		j, percent, odd := i, 0, false
		for j < len(text) && encodingByte(text[j]) {
			if text[j] == '%' {
				percent++
			}
			odd = odd || !base64Byte(text[j])
			j++
		}
		switch {
		case percent >= 2:
			out = append(out, piece{i, j, "percent"})
		case j-i >= minEncoded && !odd:
			out = append(out, piece{i, j, "base64"})
		case j-i >= minEncoded: // a key or path before the encoded part: take the longest base64 run
			if s, e := longestRun(text[i:j]); e-s >= minEncoded {
				out = append(out, piece{i + s, i + e, "base64"})
			}
		}
		i = j
	}
	return out
}

func longestRun(s string) (start, end int) {
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && base64Byte(s[j]) {
			j++
		}
		if j-i > end-start {
			start, end = i, j
		}
		i = j + 1
	}
	return start, end
}

func encodingByte(c byte) bool {
	return base64Byte(c) || c == '%' || c == '.' || c == ':' || c == '~'
}

func base64Byte(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_' || c == '='
}

// decode tries the encodings that fit s and returns the text it held, or "" for how when it held none.
func decode(s, how string) (text, how2 string) {
	if how == "percent" {
		if t := percent(s); t != s && readable(t) {
			return t, how
		}
		return "", ""
	}
	if len(s)%2 == 0 {
		if b, err := hex.DecodeString(s); err == nil && readable(string(b)) {
			return string(b), "hex"
		}
	}
	if eq := strings.IndexByte(s, '='); eq > 0 && eq < len(s)-2 && eq < 40 { // KEY=base64
		s = s[eq+1:]
	}
	s = strings.TrimRight(s, "=")
	if strings.IndexByte(s, '=') >= 0 || len(s) < minEncoded-2 || len(s)%4 == 1 {
		return "", ""
	}
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	b, err := enc.DecodeString(s)
	if err != nil || !readable(string(b)) {
		return "", ""
	}
	return string(b), "base64"
}

func percent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0 {
			b.WriteByte(byte(unhex(s[i+1])<<4 | unhex(s[i+2])))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// readable reports whether b is UTF-8 text: bytes that were never text seldom decode to it.
func readable(s string) bool {
	if len(s) < 4 || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7F || r == utf8.RuneError {
			return false
		}
	}
	return true
}
