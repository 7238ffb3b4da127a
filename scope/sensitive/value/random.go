package value

import "math/bits"

// surprise holds, for each letter (rows, the last for the start of a word), how unexpected each next letter (columns,
// the last for the end of the word) is in English words and in the parts of identifiers: eighths of a nat, in the
// alphabet of quanta, capped. It was counted over the words of the Go standard library's comments.
var surprise = [27]string{
	"zaVWxndzczkQaSzazRWOhhtnizd",
	"UhgnRkszTgzOjsWksaWhTsopbuS",
	"RxetStoTbzWZgrNmvciSdozvozV",
	"ctnaOptzSuzgjqasnfatdonqlzH",
	"arXShgjyqzzbcTuflQSYtjpcuzN",
	"XwggUSssNzzWjmSizYccYzwzgzQ",
	"evhuPrjaWzzgoYUpyYaidwxzzwI",
	"OzupLtwzSzykhsTtzakZdztzozO",
	"dhWZbdazzzvYYKUgzdWTzcznzfg",
	"RzviMjvzfzqzfgUizvPlOvzzzzS",
	"ZpqlKofvSzzijapmxtTnlxpzmzJ",
	"VtqaNprzQzuSzwSqwrccelpzVzQ",
	"OcrlNxzzTzomcsSRzzcoZzzzxzR",
	"YsXUUiQyZzjkoiZpzuUPjixzqzP",
	"hhYZoeizhzlZWNeZzQaZXYbuzzX",
	"RqfiQwqiZzqVfzTZzQXWaztzmzS",
	"zhrftsuzpzzmVszzgfirGzlssfJ",
	"TthfLlhzTzjidfUqzdXZflqzfzP",
	"drdpRvsaVzlhnsccsmYRZznyfzJ",
	"VvirOrwWPzzhpyYjzVYfezpvezM",
	"bYZgYefzYzzTYOmZwTTSzzzlzud",
	"RhieJosoUzzletdQhjcmplfozrV",
	"QnrjRvsUQzzkeZUntUapnzozzwO",
	"amZoViwuVzzpjrePzukPmbogizK",
	"tukzfzzzdzzhYZmTzkVczzpzzrE",
	"UsgnFzzvUzzsrqbrzqqzzzocpcP",
	"WaUYZZcfXspaYcbWsWSXcbdpuvz",
}

const (
	wordEdge  = 26  // row: start of a word; column: end of a word
	digitCost = 2.3 // nats for a digit, whatever stands before it
	digitEdge = 3.0 // nats for going from letters to digits: words are seldom followed by numbers
	firstCost = 2.3 // nats for the first character
)

// cost is the table in nats.
var cost = func() (t [27][27]float64) {
	for i, row := range surprise {
		for j := 0; j < 27; j++ {
			q := int(row[j] - 'A')
			if row[j] >= 'a' {
				q = int(row[j]-'a') + 26
			}
			t[i][j] = float64(q) / 8
		}
	}
	return t
}()

// Surprise returns the mean cost in nats of a letter or digit of s under a model of words and identifiers. Words
// and identifiers lie near 2.3, hexadecimal near 3.1, random base 62 near 4. Other characters end a word and count
// for nothing. It returns 0 for a text without letters and digits.
func Surprise(s string) float64 {
	sum, n := 0.0, 0
	row, prev := wordEdge, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			if isLetter(prev) {
				sum += digitEdge
			} else {
				sum += digitCost
			}
			n++
			row = wordEdge
		case isLetter(c):
			if row != wordEdge && isLower(prev) && isUpper(c) { // camelCase
				sum += cost[row][wordEdge] / 2
				row = wordEdge
			}
			col := int(fold(c) - 'a')
			if row == wordEdge && prev >= '0' && prev <= '9' {
				sum += 1 // a letter right after a digit
			}
			sum += cost[row][col]
			row = col
			n++
		default:
			row = wordEdge
		}
		prev = c
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Shape counts the character classes of a value.
type Shape struct {
	Len                              int // bytes
	Lower, Upper, Digit, Other, High int // ASCII letters and digits, other ASCII, bytes ≥ 0x80
	Turns                            int // changes between letter, digit and other
	Distinct                         int // different bytes
	LongestLetters                   int // longest run of ASCII letters
	Hex                              bool
}

// ShapeOf measures s.
func ShapeOf(s string) Shape {
	sh := Shape{Len: len(s), Hex: len(s) > 0}
	var seen [256 / 64]uint64
	last, run := uint8(0), 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		seen[c/64] |= 1 << (c % 64)
		k := byteClasses[c]
		switch k &^ hexByte {
		case smallByte:
			sh.Lower++
		case capitalByte:
			sh.Upper++
		case digitByte:
			sh.Digit++
		case highByte:
			sh.High++
		default:
			sh.Other++
		}
		if k&(smallByte|capitalByte) != 0 {
			run++
			sh.LongestLetters = max(sh.LongestLetters, run)
		} else {
			run = 0
		}
		turn := byteTurns[k&^hexByte]
		if last != 0 && turn != last {
			sh.Turns++
		}
		last = turn
		sh.Hex = sh.Hex && k&hexByte != 0
	}
	for _, b := range seen {
		sh.Distinct += bits.OnesCount64(b)
	}
	return sh
}

// The classes of bytes that ShapeOf tells apart.
const (
	smallByte = 1 << iota
	capitalByte
	digitByte
	highByte
	hexByte // beside one of the others
)

var byteClasses = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case isLower(c):
			t[i] = smallByte
		case isUpper(c):
			t[i] = capitalByte
		case c >= '0' && c <= '9':
			t[i] = digitByte
		case c >= 0x80:
			t[i] = highByte
		}
		if isHex(byte(i)) {
			t[i] |= hexByte
		}
	}
	return t
}()

// byteTurns are the kinds between which a value byteTurns: letters, digits and the rest.
var byteTurns = [...]uint8{0: 3, smallByte: 1, capitalByte: 1, digitByte: 2, highByte: 3}

// Random estimates, in [0, 1], how sure it is that s was drawn by a machine rather than written by a person. It
// judges values of 8 characters and more; shorter ones get at most 0.5, since too little speaks either way.
func Random(s string) float64 {
	sh := ShapeOf(s)
	alnum := sh.Lower + sh.Upper + sh.Digit
	if alnum < 6 || sh.High > 0 || sh.Distinct < 5 {
		return 0
	}
	// Evidence in nats above what words cost, summed over the value: a long value needs less a character.
	mean := Surprise(s)
	evidence := (mean - 2.75) * float64(min(alnum, 40))
	switch {
	case sh.Digit == 0 && sh.Upper == 0:
		evidence -= 3 // lower-case letters only
	case sh.Digit == 0:
		evidence -= 2
	}
	if sh.LongestLetters >= 10 && mean < 3 {
		evidence -= 3
	}
	p := 0.5 + evidence/16
	if alnum < 8 {
		p = min(p, 0.5)
	}
	return min(1, max(0, p))
}

func isLetter(c byte) bool { return isLower(c) || isUpper(c) }
func isLower(c byte) bool  { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func fold(c byte) byte {
	if isUpper(c) {
		return c + 'a' - 'A'
	}
	return c
}
