// Package personal finds data about people: payment cards, bank accounts, national identity and tax numbers with their
// check digits, health numbers, phone numbers, e-mail and postal addresses, dates of birth, wallets and seed phrases.
//
// Numbers with a check digit and a telling shape are found wherever they stand; numbers that any counter could show
// are found only near a word that says what they are.
package personal

import (
	"regexp"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// rule finds one kind of number. Pattern runs over the text where a cue stands (near), or over every run of digits.
type rule struct {
	name    string
	kind    string
	cues    []string                 // words that say what the number is; nil means that none is needed
	pattern string                   // RE2, the number itself in group 1 if there is a group
	check   func(digits string) bool // over the match with separators removed; nil means that the cue is enough
	valid   func(digits string) bool // a check digit, which makes a number near its cue all but certain; nil means alone
	shapes  []string                 // how the number is written where no cue is needed: 9 a digit, A a letter; nil means never
	alone   func(digits string) bool // accepts the number without a cue, separators removed; nil if there are no shapes
	unless  *keyword.Set             // words around the cue that make it something else; nil means none
	refuse  *keyword.Set             // words between cue and number that make it something else; nil means none
	conf    float64
}

type compiled struct {
	rules []rule
	res   []*regexp.Regexp
	cues  *keyword.Set
	owner []int // cue → rule

	shapes map[string][]int // shape → rules
}

var table = sync.OnceValue(func() *compiled {
	t := &compiled{shapes: make(map[string][]int)}
	for _, group := range [][]rule{identityRules, moneyRules, healthRules} {
		t.rules = append(t.rules, group...)
	}
	var cues []string
	for i, r := range t.rules {
		t.res = append(t.res, regexp.MustCompile(r.pattern))
		for _, shape := range r.shapes {
			t.shapes[shape] = append(t.shapes[shape], i)
		}
		for _, c := range r.cues {
			cues = append(cues, fold(norm.NFKC.String(c)).text) // as the text is: the vowels of Thai, for one, are written otherwise then
			t.owner = append(t.owner, i)
		}
	}
	t.cues = keyword.New(cues)
	return t
})

// How far, in bytes, a number may stand from its cue.
const (
	cueBefore = 80 // the cue first: "my SSN, which I always forget, is …"
	cueAfter  = 40 // the number first: "… is my SSN"
	ownReach  = 90 // "my wife's health insurance number (private) is …"

	unlessReach = 200 // words that make a cue something else
)

// Scan returns the personal data in text. Its cost is linear in the length of text.
func Scan(text string) []match.Match { return Look(text, makeup.Of(text)) }

// Look is Scan of a text of which it is known what it is made of.
func Look(text string, made makeup.Makeup) []match.Match {
	names := folded{text: text}
	if made.Joins || made.High || made.Humps { // what fold changes
		names = fold(text)
	}
	return scan(text, made, names, gate().In(names.text))
}

// The bits of gate.
const (
	placeGate = 1 << iota
	personGate
	childGate
	lineGate
)

// gate tells which of the functions below would find a word of theirs.
var gate = sync.OnceValue(func() *keyword.Gate {
	return keyword.NewGate(placeTable().set, personWords, childWords, lineWords)
})

// scan is Scan by the functions that have a bit set in in and the digits or the length of words that they need.
func scan(text string, made makeup.Makeup, names folded, in uint64) (out []match.Match) {
	t := table()
	if made.Digits > 0 {
		out = registered(text, names, t.near(text, names, nil))
	}
	if made.Digits >= shapeDigits {
		out = t.alone(text, out)
	}
	if made.Digits >= cardDigits {
		out = cards(text, out)
	}
	if made.Digits >= ibanDigits {
		out = ibans(text, out)
	}
	if made.Digits >= phoneDigits {
		out = phones(text, out)
	}
	out = emails(text, out)
	if in&placeGate != 0 {
		out = places(text, names, out)
	}
	if in&(personGate|childGate) != 0 {
		out = persons(text, out)
	}
	if in&lineGate != 0 {
		out = lineIDs(text, out)
	}
	if made.Longest >= shortestWallet {
		out = wallets(text, out)
	}
	return seedPhrases(text, made, out)
}

// How many digits the numbers hold at least that need no cue, and how long, in bytes, a wallet's address is at least.
const (
	shapeDigits    = 4
	cardDigits     = 12
	ibanDigits     = 2
	phoneDigits    = 7
	shortestWallet = 26
)

// near looks for the numbers that a cue announces.
func (t *compiled) near(text string, names folded, out []match.Match) []match.Match {
	budget := match.NewBudget(len(text))
	done := make(map[int]int) // rule → end of the part already searched
	t.cues.Each(names.text, func(h keyword.Hit) bool {
		i := t.owner[h.Word]
		if !wholeWord(names.text, h) {
			return true
		}
		if h.Start, h.End = names.original(h.Start), names.original(h.End); h.End < done[i] {
			return true
		}
		r := &t.rules[i]
		from, to := max(done[i], h.Start-cueAfter), min(len(text), h.End+cueBefore)
		done[i] = to
		if !hasDigit(text[from:to]) || ofMany(text, h.Start, h.End) {
			return true
		}
		if r.unless != nil && r.unless.Contains(text[max(0, h.Start-unlessReach):min(len(text), h.End+unlessReach)]) {
			return true
		}
		if r.refuse != nil {
			from, to = h.Start, min(len(text), h.End+ownReach) // the pattern begins at the cue
			done[i] = h.End
		}
		if !budget.Spend(to - from) {
			return false
		}
		for _, m := range t.res[i].FindAllStringSubmatchIndex(text[from:to], 8) {
			start, end := from+m[0], from+m[1]
			if len(m) > 2 && m[2] >= 0 {
				start, end = from+m[2], from+m[3]
			}
			start = skipWord(text, start, end)
			if none(text, start, end) || r.refuse != nil && r.refuse.Contains(text[h.Start:start]) || embedded(text, start, end) || end-start <= len("4242") && digitsOnly(text[start:end]) && grouped(text, start, end) || r.check != nil && !r.check(compact(text[start:end])) || allSame(compact(text[start:end])) {
				continue
			}
			out = append(out, match.Match{Rule: r.name, Kind: r.kind, Start: start, End: end, Confidence: r.confidence(compact(text[start:end]))})
		}
		return true
	})
	if budget.Spent() {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

// confidence is that of a number near its cue: higher when its check digit is right.
func (r *rule) confidence(number string) float64 {
	if r.valid != nil && r.valid(number) || r.valid == nil && r.alone != nil && r.alone(number) {
		return 0.98
	}
	return r.conf
}

// alone looks for numbers that need no cue: those written in one of the shapes of their kind, with a right check digit.
func (t *compiled) alone(text string, out []match.Match) []match.Match {
	for i := 0; i < len(text); {
		if !alnum(text[i]) || i > 0 && alnum(text[i-1]) {
			i++
			continue
		}
		var shape [longestShape + 1]byte
		n, digits := 0, 0
		for j := i; j < len(text) && n < longestShape; j++ {
			c := text[j]
			switch {
			case digit(c):
				shape[n] = '9'
				digits++
			case letter(c):
				shape[n] = 'A'
			case (c == '-' || c == '.' || c == ' ' || c == '/' || c == '+') && j+1 < len(text) && alnum(text[j+1]):
				shape[n] = c
			default:
				c = 0
			}
			if c == 0 || n == 6 && digits == 0 && shape[5] == 'A' && shape[6] == 'A' {
				break
			}
			n++
			if end := j + 1; digits >= shapeDigits && (end == len(text) || !alnum(text[end])) {
				out = t.shaped(text, string(shape[:n]), i, end, out)
			}
		}
		for i++; i < len(text) && alnum(text[i]) && alnum(text[i-1]); i++ {
		}
	}
	return out
}

// longestShape is the length of the longest shape in bytes.
const longestShape = 21

func (t *compiled) shaped(text, shape string, start, end int, out []match.Match) []match.Match {
	for _, k := range t.shapes[shape] {
		r := &t.rules[k]
		s := compact(text[start:end])
		if !embedded(text, start, end) && !blank(s) && !(strings.Contains(shape, " ") && grouped(text, start, end)) && !allSame(s) && r.alone(s) && lettersFit(text[start:end]) {
			out = append(out, match.Match{Rule: r.name, Kind: r.kind, Start: start, End: end, Confidence: r.conf - 0.1})
		}
	}
	return out
}

// lettersFit reports whether the letters of a number are all of one case, as people write them.
func lettersFit(s string) bool { return s == strings.ToUpper(s) || s == strings.ToLower(s) }

// wholeWord reports whether a cue stands as a word of its own; cues in other scripts than Latin need no border.
// What follows may make it a compound: Reisepassnummer, Steuernummern.
func wholeWord(text string, h keyword.Hit) bool {
	if h.Start > 0 && letter(text[h.Start-1]) && letter(text[h.Start]) {
		return false
	}
	rest := text[h.End:]
	return rest == "" || !letter(rest[0]) || !letter(text[h.End-1]) || rest[0] == 's' || strings.HasPrefix(rest, "nummer") || strings.HasPrefix(rest, "nr")
}

// embedded reports whether a number is part of a longer number or word.
func embedded(text string, start, end int) bool {
	if start > 0 && (alnum(text[start-1]) || start > 1 && (text[start-1] == '-' || text[start-1] == '.' || text[start-1] == '/') && digit(text[start-2])) {
		return true
	}
	return end < len(text) && (alnum(text[end]) || end+1 < len(text) && (text[end] == '-' || text[end] == '/') && alnum(text[end+1]) && digit(text[end+1]))
}

// grouped reports whether a number in groups goes on with another group of digits on either side.
func grouped(text string, start, end int) bool {
	return end+1 < len(text) && text[end] == ' ' && digit(text[end+1]) || start > 1 && text[start-1] == ' ' && digit(text[start-2])
}

// compact removes the separators that people write in numbers and folds letters to upper case.
func compact(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; alnum(c) {
			if c >= 'a' && c <= 'z' {
				c -= 'a' - 'A'
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

func allSame(s string) bool { return s != "" && strings.Trim(s, s[:1]) == "" }

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func alnum(c byte) bool  { return digit(c) || letter(c) }

func hasDigit(s string) bool {
	for i := 0; i < len(s); i++ {
		if digit(s[i]) {
			return true
		}
	}
	return false
}
