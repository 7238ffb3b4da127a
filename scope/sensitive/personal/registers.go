package personal

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

//go:embed registers.txt
var registerText string

// register is a kind of number that some office gives to people, found by what the number is called.
type register struct {
	rule, kind string
	form       *pattern.Pattern // of the number in capitals, without separators
	digits     int              // that a number has at least
}

// anyNumber is what @ stands for in the table: the numbers of most offices.
const anyNumber = `[A-Z]{0,5}\d{5,20}[A-Z]{0,2}|[A-Z]{1,3}\d{2,6}[A-Z]{1,3}\d{2,8}[A-Z]?|\d{5,12}[A-Z]{1,2}\d{1,4}`

// name is one of the things a number is called. A short one is a word or an abbreviation of other things too, so that the number has
// to stand close to it, and it is to be written in capitals or as a key. Of a told one nothing but a link separates it: "is", ":".
type name struct {
	register    int
	short, told bool
}

type registerTable struct {
	registers []register
	set       *keyword.Set
	names     []name
}

// registers reads the table: nothing happens before the first number.
var registers = sync.OnceValue(func() (t registerTable) {
	var words []string
	for line := range strings.Lines(registerText) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || line[0] == '#' {
			continue
		}
		digits, _ := strconv.Atoi(f[4])
		t.registers = append(t.registers, register{rule: f[0], kind: f[1], form: pattern.New(`^(?:` + strings.ReplaceAll(f[2], "@", anyNumber) + `)$`), digits: digits})
		for _, w := range strings.Split(f[3], "|") {
			words = append(words, fold(norm.NFKC.String(strings.TrimLeft(w, "^~"))).text)
			t.names = append(t.names, name{len(t.registers) - 1, w[0] == '^', w[0] == '~'})
		}
	}
	t.set = keyword.New(words)
	return t
})

// How far, in bytes, a number may stand from its name.
const (
	nameAfter   = 64 // the number first: "… as German personal tax number"
	shortBefore = 34
	shortAfter  = 32
)

// registered looks for the numbers of registers near what they are called.
func registered(text string, names folded, out []match.Match) []match.Match {
	t := registers()
	budget := match.NewBudget(len(text))
	done := make(map[int]int) // register → end of the part already searched
	t.set.Each(names.text, func(h keyword.Hit) bool {
		n := t.names[h.Word]
		start, end := names.original(h.Start), names.original(h.End)
		if !wholeWord(names.text, h) || end < done[n.register] {
			return true
		}
		before, after := nameAfter, cueBefore
		if n.short {
			if before, after = shortAfter, shortBefore; !capitals(text[start:end]) && !keyLike(text, start, end) {
				return true
			}
		}
		brief := n.short && h.End-h.Start <= len("NI")
		linked := n.told || brief || n.short && !capitals(text[start:end])
		from, to := max(done[n.register], start-before), min(len(text), end+after)
		if !hasDigit(text[from:to]) || ofMany(text, start, end) {
			return true
		}
		if !budget.Spend(to - from) {
			return false
		}
		done[n.register] = end
		r := &t.registers[n.register]
		for _, part := range [2][2]int{{end, to}, {from, start}} { // what stands behind a name is more likely its number
			if s, e, ok := r.find(text, part[0], part[1]); ok && (s >= end || e <= start) && !ofForms.Contains(text[min(end, s):max(end, s)]) && !asSample.MatchString(text[max(0, s-16):s]) && !noOne(text, start, end, s, e) && !issueKey(text, end, s, e) && (!linked || linksTo(text, start, end, s, e)) && !(brief && bare(text, end, s, e)) {
				done[n.register] = e
				out = append(out, match.Match{Rule: r.rule, Kind: r.kind, Start: s, End: e, Confidence: 0.85})
				break
			}
		}
		return len(out) < match.Enough
	})
	if budget.Spent() {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

// find returns the first number of the register that begins in text[from:to].
func (r *register) find(text string, from, to int) (start, end int, ok bool) {
	for i := from; i < to; i++ {
		if !alnum(text[i]) || i > 0 && alnum(text[i-1]) {
			continue
		}
		if e := r.number(text, i); e > 0 && !none(text, i, e) && !underscored(text, i, e) && !embedded(text, i, e) && !(e+1 < len(text) && text[e] == '.' && digit(text[e+1])) {
			return i, e, true
		}
	}
	return 0, 0, false
}

// underscored reports whether a number is joined to another word or number by an underscore, as in names of files.
func underscored(text string, start, end int) bool {
	return start > 1 && text[start-1] == '_' && alnum(text[start-2]) || end+1 < len(text) && text[end] == '_' && alnum(text[end+1])
}

// number returns the end of the longest number of the register that begins at start, or 0. Its groups are joined by one separator each.
func (r *register) number(text string, start int) int {
	const longest, groups = 36, 9
	var s [longest]byte
	n, best, digits := 0, 0, 0
	for i, g := start, 0; g < groups; g++ {
		word := true
		group := i
		for i < len(text) && alnum(text[i]) && n < longest {
			c := text[i]
			if digit(c) {
				digits, word = digits+1, false
			} else if c >= 'a' {
				c -= 'a' - 'A'
			}
			s[n] = c
			n++
			i++
		}
		if i < len(text) && alnum(text[i]) || word && (i-group > 4 || text[group] >= 'a' && i-group > 1) {
			break
		}
		if digits >= r.digits && !otherwise.MatchString(text[start:i]) && !allSame(string(s[:n])) && !filler(string(s[:n])) && r.form.MatchString(string(s[:n])) {
			best = i
		}
		width := joint(text, i)
		if i += width; width == 0 || i >= len(text) || !alnum(text[i]) {
			break
		}
	}
	return best
}

// joint returns the length of the separator at i, or 0 if none joins groups of a number.
func joint(text string, i int) int {
	if i >= len(text) {
		return 0
	}
	switch text[i] {
	case ' ', '-', '.', '/', ':', '+':
		return 1
	case '(': // the check digit of Hong Kong's cards
		if i+2 < len(text) && alnum(text[i+1]) && text[i+2] == ')' {
			return 1
		}
	}
	for _, s := range []string{"–", "‐", "−", "・", "·"} {
		if strings.HasPrefix(text[i:], s) {
			return len(s)
		}
	}
	return 0
}

// otherwise matches dates, times and addresses, which have as many digits as a number.
var otherwise = pattern.New(`^(?:(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])(?:[-./](?:0?[1-9]|[12]\d|3[01]))?|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|[12]\d)[-./](?:19|20)\d\d|(?:19|20)\d\d[- ](?:19|20)\d\d|(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)|\d\d?:\d\d(?::\d\d)?)$`)

// filler reports whether the digits of a number are nearly all zeros or nines, as where documentation shows how many there are.
func filler(s string) bool {
	n := countDigits(s)
	return n > 3 && (n-strings.Count(s, "0") <= 1 || n == strings.Count(s, "9"))
}

// bare reports whether nothing but a space stands between a name of two letters and a short number without groups, as in "MF 1234567".
func bare(text string, end, s, e int) bool {
	return s == end+1 && text[end] == ' ' && e-s < 8 && digitsOnly(text[s:e])
}

// linksTo reports whether nothing but a link stands between the name at start and the number at s, or a line's end below a column's name.
func linksTo(text string, start, end, s, e int) bool {
	if s < end {
		return e <= start && numberFirst.MatchString(text[e:start])
	}
	return nameFirst.MatchString(text[end:s]) || keyLike(text, start, end) && strings.Contains(text[end:s], "\n")
}

var (
	nameFirst   = pattern.New("(?i)^['\"]?(?:\\s?(?:no|nr|number|num|n[°º]|id|code|card|#|番号)\\.?){0,2}\\s?['\"]?(?:\\s?(?:is|was|are|:|=|->|→|：|はこちらです[:：]|は|が|,|-|–|—|>|\\||turned out to be|を[^。\\n\\d]{1,20}。|of (?:my|the) [a-z]+ (?:is|-|:)))?\\s?['\"「(`]?$")
	numberFirst = pattern.New(`(?i)^['"」]?,?\s?(?:\(|(?:is|was|as|が|は|が私の|=) ?(?:(?:my|his|her|their|the|our) )?(?:[a-z]+'s )?)$`)
)

// noOne reports whether the number at s is one that was never given to a person, or is void since it was printed, unless the text says
// that it is someone's, or says so of the counting one and does not speak of samples.
func noOne(text string, start, end, s, e int) bool {
	number := compact(text[s:e])
	if !noOnes.Has(number) || personNear(text[:start]) {
		return false
	}
	return number != "123456789" || !linksTo(text, start, end, s, e) || sampleWords.Contains(text[max(0, start-60):min(len(text), max(end, e)+60)])
}

var (
	noOnes      = keyword.NewList(`078051120 219099999 123456789 987654321 457555462`)
	sampleWords = keyword.New([]string{"example", "placeholder", "sample", "dummy", "fake", "invalid", "void", "format", "mask", "regex", "pattern", "test", "docs", "例", "ダミー", "サンプル", "形式", "テスト"})
)

// ofForms, between a name and a number, make it one of a form that is spoken of.
var ofForms = keyword.New([]string{"format", "digits", "characters", "placeholder", "pattern", "regex", "length", "maximum", "minimum", "形式", "桁", "入力", "サンプル", "ダミー", "以上", "半角", "テスト", "例", "of the job", "of the build", "of the process", "of the pod", "of the order", "of the ticket", "of the device", "of the machine", "of the server", "of the container"})

// issueKey reports whether a name and a number are joined as the key of an issue: PASSPORT-48291.
func issueKey(text string, end, s, e int) bool {
	return s == end+1 && text[end] == '-' && e-s <= len("482910") && digitsOnly(text[s:e])
}

// asSample matches what stands before a number that shows what such numbers look like.
var asSample = pattern.New(`(?i)(?:e\.g\.|for example|for instance|such as|looks? like|formatted as|例えば|(?:例|形式)[:：は])[,:]?\s?['"(]?$`)

// capitals reports whether s is written in capitals, as abbreviations are.
func capitals(s string) bool { return s == strings.ToUpper(s) }

// keyLike reports whether the word at start stands as the key of a value or as the name of a column.
func keyLike(text string, start, end int) bool {
	rest := strings.TrimLeft(text[end:min(len(text), end+3)], `"'`)
	if rest != "" && rest[0] == '>' {
		return start > 0 && text[start-1] == '<'
	}
	if rest == "" || strings.IndexByte(":=,;\t|_", rest[0]) < 0 && !strings.HasPrefix(rest, " =") {
		return false
	}
	return start == 0 || strings.IndexByte("\"'{,;|\t\n_ .", text[start-1]) >= 0
}
