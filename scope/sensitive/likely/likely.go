// Package likely finds words that stand where secrets stand: "try sommer2019 if the box asks for a password". It is a
// linear model over the shape of a word and the words around it, trained on invented texts (see train), and catches
// ways of saying a secret that no rule of the other layers spells out. It knows no secret itself: rare words are
// reduced to their shape before the model sees them.
package likely

import (
	_ "embed"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/saying"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

//go:generate go run ./train -dir .

//go:embed weights.bin
var weights []byte // one signed byte a bucket, in units of 1/unit

// unit is how many steps of a weight make one nat.
const unit = 24

// A class of words is judged by one threshold: more is asked of what could be any rare word or name.
type class uint8

const (
	wordClass    class = iota // letters only: Albatros, swordfish
	joinedClass               // words joined by marks: velvet.hammer, winter-cod-liver
	mixedClass                // letters with digits or signs: bergluft2019, Kwik!
	numberClass               // digits, perhaps with hyphens: 4711, 2-5-8-0
	countClass                // a number of one or two digits, or with dots
	foreignClass              // other scripts, in quotes or behind an operator
	runningClass              // other scripts within a sentence
	classes
)

// From which score, in nats, a word of each class counts, near a word for a secret and away from one. They were set on
// the rounds of testdata and on paragraphs and commit messages of other projects, so that about one text in a hundred is found by mistake;
// away from such a word on chat and notes in Japanese too, which are full of names.
var (
	thresholdNear = [classes]float64{wordClass: 0.3, joinedClass: -0.7, mixedClass: -0.3, numberClass: 0.1, countClass: 2.2, foreignClass: -0.7, runningClass: 0.6}
	thresholdFar  = [classes]float64{wordClass: 2.6, joinedClass: 1.4, mixedClass: 1.4, numberClass: 1.5, countClass: 2, foreignClass: 2, runningClass: 2}
)

// classAt is classOf with what stands before the word.
func classAt(text string, start, end int) class {
	k := classOf(text[start:end])
	if k != foreignClass {
		return k
	}
	if r, _ := utf8.DecodeRuneInString(text[end:]); strings.ContainsRune("のをがでと", r) { // the sentence goes on
		return runningClass
	}
	for _, opens := range []string{"「", "『", "“", "：", "→", "\"", "'", "`", ":", "=", "(", "（", "\n", " "} {
		if strings.HasSuffix(text[:start], opens) {
			return k
		}
	}
	if start == 0 {
		return k
	}
	return runningClass
}

func classOf(s string) class {
	letters, digits, joins, others := 0, 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 0xE0 && letters+digits == 0 && i == 0: // Japanese, Korean; not the letters of Europe
			if r, _ := utf8.DecodeRuneInString(s); r >= 0x3000 {
				return foreignClass
			}
			letters++
		case letter(c) || c >= 0x80:
			letters++
		case c >= '0' && c <= '9':
			digits++
		case c == '-' || c == '_' || c == '.' || c == '\'':
			joins++
		default:
			others++
		}
	}
	switch {
	case letters+digits+others < 3, letters == 0 && others == 0 && (digits+joins < 3 || strings.Contains(s, ".")):
		return countClass
	case letters == 0:
		return numberClass
	case digits+others > 0:
		return mixedClass
	case joins > 0:
		return joinedClass
	}
	return wordClass
}

var tokens = sync.Pool{New: func() any { return new([]feature.Token) }}

// enough is how many findings a text needs at most: one makes it sensitive.
const enough = 64

// Scan returns the words of text that are likely secrets. Its cost is linear.
func Scan(text string) []match.Match {
	var out, rare []match.Match // rare are plain words away from talk of secrets
	end, accents, public := 0, 0, value.PublicBlocks(text)
	judged, most := 0, leastJudged+len(text)/64
	Each(text, func(start, stop int, near bool, score float64) {
		least := &thresholdFar
		if near {
			least = &thresholdNear
		}
		if start < end || len(out)+len(rare) >= enough || score < least[classAt(text, start, stop)] || !near && score < sure && member(text, start) {
			return
		}
		if judged++; judged > most || dismissed(text, start, text[start:stop], score, public) {
			return
		}
		end = stop
		if accented(text[start:stop]) {
			accents++
		}
		m := match.Match{Rule: "likely-secret", Kind: match.Credential, Start: start, End: stop, Confidence: confidence(score)}
		if !near && classOf(text[start:stop]) == wordClass {
			rare = append(rare, m)
			return
		}
		out = append(out, m)
	})
	if accents >= foreignText { // the words of another language
		out = slices.DeleteFunc(out, func(m match.Match) bool { return accented(text[m.Start:m.End]) })
	}
	if slices.ContainsFunc(out, func(m match.Match) bool { return ofLanguage(text, m) }) && foreign(text) {
		out = slices.DeleteFunc(out, func(m match.Match) bool { return ofLanguage(text, m) })
	}
	if len(rare) < foreignText {
		out = append(out, rare...)
		slices.SortFunc(out, func(a, b match.Match) int { return a.Start - b.Start })
	}
	if judged > most {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

// leastJudged is how many words that look like secrets are judged in any text; one that holds many more was made to be costly.
const leastJudged = 256

// foreignText is how many plain words that nothing announces say that a text is in a language the model does not know, rather
// than that it holds so many secrets.
const foreignText = 2

// accented reports whether a word is plain but for letters that English has not.
func accented(s string) bool {
	high := false
	for i := 0; i < len(s); i++ {
		high = high || s[i] >= 0x80
		if s[i] < 0x80 && !letter(s[i]) && s[i] != '\'' {
			return false
		}
	}
	r, _ := utf8.DecodeRuneInString(s)
	return high && r < 0x3000
}

// unread reports whether a word is in a script that the model has not learnt to read, and no more than a word: Cyrillic, Devanagari.
func unread(s string) bool {
	for _, r := range s {
		if r >= 0x370 && r < 0x2000 && (r < 0x1E00 || r > 0x1EFF) && !strings.ContainsAny(s, "0123456789!#$+") {
			return true
		}
	}
	return false
}

// member reports whether what stands at start is the value of a member of a JSON object: "source": "server-memory". Its name
// says what it is, so that with no word for a secret near it a rare word is one of the many names that such values are.
func member(text string, start int) bool {
	before, quoted := strings.CutSuffix(text[max(0, start-8):start], "\"")
	return quoted && strings.HasSuffix(strings.TrimRight(before, " "), "\":")
}

// dismissed reports whether a word is something else, which it takes more to outweigh the firmer that is.
func dismissed(text string, start int, s string, score float64, public value.Blocks) bool {
	limits := [...]float64{value.None: math.Inf(-1), value.Some: sure, value.Strong: beyond, value.Certain: math.Inf(1)}
	if score < limits[value.Otherwise(text, start, start+len(s))] {
		return true
	}
	run := value.RunStart(text, start)
	return unread(s) || score < beyond && plain(s) && start+len(s) < len(text) && text[start+len(s)] >= 0xE0 && saying.RefusedJapanese(text[start+len(s):]) || score < beyond && s[0] >= 0xE0 && saying.DescribesJapanese(s) || public.Hold(text, run) || saying.Famous(text, start, s) || saying.Harmless(value.Assigned(text, run)) ||
		score < beyond && (saying.Manager(s) || strings.Contains(s, "+") && saying.Describes(s)) || (score < sure || score < surer && classOf(s) == wordClass && !introduced(text, start)) && plain(s) && (saying.Describes(s) || saying.Meta(s)) || score < sure && plain(s) && english(text, start, start+len(s)) && (feature.Derived(s) || feature.Misspelt(s) || ordinary(text, start, s))
}

// english reports whether no other script stands right around a word.
func english(text string, start, end int) bool {
	const reach = 4
	for i := max(0, start-reach); i < min(len(text), end+reach); i++ {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// plain reports whether s is letters, perhaps joined: any rare word or name.
func plain(s string) bool { return !strings.ContainsAny(s, "0123456789!#$+") }

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// sure is the score, in nats, from which a name with a digit counts as a password: "Ringo.Musi9".
const sure = 3

// surer is the score, in nats, from which a word in the midst of a sentence that mostly describes secrets, or is about them, counts as
// one.
const surer = 4

// beyond is the score, in nats, from which even a name without one does: "PWはAsahi.no.yama".
const beyond = 6

// Each calls visit for every word that could be a secret, with how likely it is: the log-odds by the model.
func Each(text string, visit func(start, end int, near bool, score float64)) {
	buf := tokens.Get().(*[]feature.Token)
	*buf = feature.Tokens(text, (*buf)[:0])
	feature.Each(text, *buf, func(c feature.Candidate) {
		sum := 0
		for _, f := range c.Features {
			sum += int(int8(weights[f]))
		}
		t := (*buf)[c.Token]
		visit(t.Start, t.End, c.Near, float64(sum)/unit)
	})
	if cap(*buf) < 1<<15 {
		tokens.Put(buf)
	}
}

func confidence(score float64) float64 { return min(0.75, max(0.5, 1/(1+math.Exp(-score/2)))) }
