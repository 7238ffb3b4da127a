// Package feature turns a text into what the likely layer's model is trained on and judges by: tokens, of which those that
// could be a secret are candidates, each described by its shape and by the words around it. Rare words lose their
// letters and keep their shape, so that a model learns how secrets stand in texts and not which ones.
package feature

import (
	_ "embed"
	"strings"
	"unicode/utf8"
)

// Token is a word, a number, a run of one script or a mark.
type Token struct {
	Start, End int
	ID         uint32 // hash of what the model sees of it
	Shape      Shape
	Cue        uint8 // group of cue words, 0 for none
	Known      bool  // a word of the vocabulary
	Line       bool  // a line break
}

// Shape is what a token looks like.
type Shape uint8

// The shapes of tokens.
const (
	Mark     Shape = iota // punctuation, line breaks
	Word                  // a word of the vocabulary
	Low                   // other small letters: swordfish
	Talk                  // small letters that end as descriptions do: unreliable, enumeration
	Cap                   // Kupferdach
	Upper                 // DONTLOOK
	Mixed                 // fooBar, letters only
	Joined                // words joined by - _ . ' without digits: wp-badger
	JoinedUp              // the same with capitals: My_Horse, DB_HOST
	LowDigit              // letters, then digits: sommer2019
	CapDigit              // Welkom01
	Digits3               // up to three digits
	Digits4
	Digits6
	Digits8
	DigitsN // more than eight digits
	Strong  // a capital or digit, and a sign inside: Cisco#9
	Drawn   // drawn by a machine
	Hex
	Numbers // digits and signs: 3-7-2-9, 1.2.3
	Letter  // one letter
	Kana    // katakana
	Hira
	Han
	HanDigits // 五三八一
	Other
	Plain    // an everyday word outside of the vocabulary: caretaker, peacock
	PlainCap // the same with a capital
	shapes
)

//go:embed words.txt
var wordList string

//go:embed everyday.txt
var everydayList string // English words that texts about software seldom hold

//go:embed nouns.txt
var nounList string // everyday Japanese nouns, names of products, and the small words of other languages

// Tokens appends the tokens of text to dst.
func Tokens(text string, dst []Token) []Token {
	words := lists()
	var buf [64]byte
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\n':
			j := i
			for j < len(text) && (text[j] == '\n' || text[j] == ' ' || text[j] == '\t' || text[j] == '\r') {
				j++
			}
			dst = append(dst, Token{Start: i, End: i + 1, ID: hash("\n"), Line: true})
			i = j
		case c <= ' ':
			i++
		case alnum(c) || c >= 0x80 && latin(text[i:]):
			j := wordEnd(text, i)
			dst = append(dst, word(text, i, j, words, &buf))
			i = j
		case c < 0x80:
			j := i + 1
			for j < len(text) && text[j] == c {
				j++
			}
			dst = append(dst, Token{Start: i, End: j, ID: hash(text[i : i+1])})
			i = j
		default:
			j, shape := script(text, i)
			t := Token{Start: i, End: j, Shape: shape}
			s := text[i:j]
			h := hash(s)
			k := what{}
			if shape != Mark {
				k = words.find(append(buf[:0], s...), h)
			}
			t.Cue = k.cue
			switch {
			case t.Cue > 0:
				t.ID = cueID(t.Cue)
				t.Known = true
			case shape == Han && hanDigits(s) && (len(s) >= 9 || len(dst) > 0 && (dst[len(dst)-1].Shape == Mark || dst[len(dst)-1].Shape == Hira)):
				t.Shape, t.ID = HanDigits, shapeID(HanDigits)
			case shape == Mark || k.known:
				t.ID, t.Known = h, true
			case shape == Hira:
				t.ID = hash(clip(s))
			default:
				t.ID = shapeID(shape)
			}
			dst = append(dst, t)
			i = j
		}
	}
	return dst
}

// clip keeps the last two characters of a run of hiragana, where its grammar is.
func clip(s string) string {
	if len(s) <= 6 {
		return s
	}
	return s[len(s)-6:]
}

func hanDigits(s string) bool {
	return strings.Trim(s, "〇零一二三四五六七八九") == ""
}

func latin(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r >= 0xC0 && r < 0x2000 && r != 0xD7 && r != 0xF7
}

const joiners = "_-.'!#$+"

func wordEnd(text string, i int) int {
	j := i
	for j < len(text) && j-i < 256 {
		c := text[j]
		if alnum(c) || c == '_' {
			j++
			continue
		}
		if c >= 0x80 {
			if !latin(text[j:]) {
				break
			}
			_, n := utf8.DecodeRuneInString(text[j:])
			j += n
			continue
		}
		if strings.IndexByte(joiners, c) < 0 || j+1 >= len(text) || !alnum(text[j+1]) && text[j+1] != '_' {
			break
		}
		j++
	}
	return j
}

func word(text string, i, j int, words *lexicon, buf *[64]byte) Token {
	t := Token{Start: i, End: j}
	s := text[i:j]
	low := fold(s, buf)
	h := hashBytes(low)
	k := words.find(low, h)
	if c := k.cue; c > 0 {
		t.Cue, t.Known, t.Shape, t.ID = c, true, Word, cueID(c)
		return t
	}
	if k.known {
		t.Known, t.Shape, t.ID = true, Word, h
		return t
	}
	t.Shape = shapeOf(s)
	if (t.Shape == Low || t.Shape == Cap || t.Shape == Talk) && k.plain {
		if t.Shape = Plain; upper(s[0]) {
			t.Shape = PlainCap
		}
	}
	t.ID = shapeID(t.Shape)
	last, n := "", 0
	if i := strings.IndexAny(s, "._-"); i > 0 { // WiFi.begin
		if c := words.folded(s[:i], buf).cue; c > 0 {
			t.Cue = c
		}
	}
	eachPart(s, func(p string) {
		n++
		last = p
		if c := words.folded(p, buf).cue; c > 0 {
			t.Cue = c
		}
	})
	if n < 2 {
		if c := suffixCue(low); c > 0 { // dbpassword, authtoken
			t.ID, t.Cue, t.Known = cueID(c)+1, c, true
		}
		return t
	}
	low = fold(last, buf)
	h = hashBytes(low)
	k = words.find(low, h)
	if c := k.cue; c > 0 { // db_password, ADMIN_PIN
		t.ID, t.Cue, t.Known = cueID(c)+1, c, true
	} else if t.Cue > 0 { // password_hash
		t.Known = k.known
		t.Cue = cueWithin
		t.ID = hash("cue+other")
		if t.Known {
			t.ID = h + 7
		}
	} else if k.known && (t.Shape == Joined || t.Shape == JoinedUp || t.Shape == Mixed) {
		t.ID = shapeID(t.Shape) + 3
	}
	return t
}

// cueWithin is the group of names that hold a cue and mean something else: password_hash, login_info.
const cueWithin = 200

// suffixCue finds a cue at the end of words written as one.
func suffixCue(low []byte) uint8 {
	for _, x := range []struct {
		word string
		cue  uint8
	}{{"password", 1}, {"passwd", 1}, {"pass", 1}, {"pwd", 1}, {"passwort", 1}, {"passphrase", 2}, {"secret", 5}, {"token", 7}, {"apikey", 6}, {"creds", 5}, {"login", 8}, {"pin", 3}} {
		if n := len(low) - len(x.word); n > 0 && n < 12 && string(low[n:]) == x.word && (len(x.word) > 4 || n == 2 && x.word != "pin") {
			return x.cue
		}
	}
	return 0
}

// eachPart visits the words of an identifier.
func eachPart(s string, visit func(string)) {
	start := 0
	for i := 1; i <= len(s); i++ {
		switch {
		case i == len(s):
			visit(s[start:])
		case !alnum(s[i]) && s[i] < 0x80:
			if i > start {
				visit(s[start:i])
			}
			start = i + 1
		case i > start && lower(s[i-1]) && upper(s[i]):
			visit(s[start:i])
			start = i
		}
	}
}

func fold(s string, buf *[64]byte) []byte {
	if len(s) > len(buf) {
		return nil
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if upper(c) {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:len(s)]
}

// script reads a run of one script.
func script(text string, i int) (int, Shape) {
	r, n := utf8.DecodeRuneInString(text[i:])
	k := scriptOf(r)
	j := i + n
	if k == Mark {
		return j, k
	}
	for j < len(text) && j-i < 96 {
		r, n := utf8.DecodeRuneInString(text[j:])
		if s := scriptOf(r); s != k && !(k == Kana && r == 'ー') {
			break
		}
		j += n
	}
	return j, k
}

func scriptOf(r rune) Shape {
	switch {
	case r >= 0x3041 && r <= 0x309F:
		return Hira
	case r >= 0x30A1 && r <= 0x30FF && r != '・':
		return Kana
	case r >= 0x3400 && r <= 0x9FFF || r == '々':
		return Han
	case r >= 0xAC00 && r <= 0xD7A3:
		return Other
	}
	return Mark
}

func alnum(c byte) bool { return c >= '0' && c <= '9' || lower(c) || upper(c) }
func digit(c byte) bool { return c >= '0' && c <= '9' }
func lower(c byte) bool { return c >= 'a' && c <= 'z' }
func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

func hashBytes(s []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range s {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

func cueID(c uint8) uint32   { return 0x51ED0000 + uint32(c)*16 }
func shapeID(s Shape) uint32 { return 0xA1B20000 + uint32(s)*16 }

// Compound reports whether w ends in a word for a secret written together with another.
func Compound(w string) bool { return suffixCue([]byte(w)) > 0 }

// Everyday returns the everyday words outside of the vocabulary.
func Everyday() []string { return strings.Fields(everydayList) }
