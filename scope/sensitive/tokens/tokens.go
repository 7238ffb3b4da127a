// Package tokens finds secrets whose format alone gives them away: a vendor's prefix, a fixed length, an alphabet,
// sometimes a checksum. The formats are data, one row each, in table.go.
package tokens

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// Format is one row of the table. An example of each stands in testdata/examples.txt.
type Format struct {
	Name    string            // rule id, unique
	Literal string            // fixed text that every token holds; matching starts from it
	Pattern string            // RE2; from the literal on if it begins with it, else around it
	Kind    string            // match.Kind…; "" means match.Credential
	Check   func(string) bool // plausibility; nil when there is none
	Sum     func(string) bool // the format's checksum, which a token must hold; nil where the format has none
	Source  string            // where the format is documented
}

// How far, in bytes, a token may reach: forward from a literal that begins it, and around one that lies inside it.
const (
	reach       = 4096
	insideBack  = 96
	insideAhead = 400
	reachSpaces = 600 // how far behind its first word a token that begins with its literal may go on
)

// A format whose literal is a single character is tried on every word at least this long that holds the character.
const shapedWord = 24

type rule struct {
	Format
	re     *regexp.Regexp
	prefix bool // every match begins with the literal
	fold   bool // the pattern ignores case
	least  int  // of a token that begins with its literal and holds no space: its shortest length in bytes
}

type compiled struct {
	rules  []rule       // those with a literal worth searching for
	words  *keyword.Set // their literals
	shapes []rule       // the others
}

var table = sync.OnceValue(func() *compiled {
	t := &compiled{}
	var words []string
	for _, f := range Formats() {
		r := rule{Format: f, prefix: startsWith(f.Pattern, f.Literal), fold: strings.HasPrefix(f.Pattern, "(?i)")}
		if r.Kind == "" {
			r.Kind = match.Credential
		}
		pattern := f.Pattern
		if r.prefix {
			r.least = shortest(pattern)
			pattern = `\A(?:` + pattern + `)`
		}
		r.re = regexp.MustCompile(pattern)
		if len(f.Literal) == 1 {
			t.shapes = append(t.shapes, r)
			continue
		}
		t.rules = append(t.rules, r)
		words = append(words, f.Literal)
	}
	t.words = keyword.New(words)
	return t
})

// shortest returns the length in bytes of the shortest text that pattern matches, 0 if it may hold white space.
func shortest(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	n, ok := least(re)
	if !ok {
		return 0
	}
	return n
}

// least is the length of the shortest match of re in bytes; not ok means that a match may hold white space.
func least(re *syntax.Regexp) (n int, ok bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(string(re.Rune)), !strings.ContainsAny(string(re.Rune), " \t\r\n")
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= ' ' {
				return 0, false
			}
		}
		return 1, true
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return 0, true
	case syntax.OpCapture:
		return least(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest:
		_, ok := least(re.Sub[0])
		return 0, ok
	case syntax.OpPlus:
		return least(re.Sub[0])
	case syntax.OpRepeat:
		n, ok := least(re.Sub[0])
		return n * re.Min, ok
	case syntax.OpConcat, syntax.OpAlternate:
		for i, sub := range re.Sub {
			m, fine := least(sub)
			if !fine {
				return 0, false
			}
			switch {
			case re.Op == syntax.OpConcat:
				n += m
			case i == 0 || m < n:
				n = m
			}
		}
		return n, true
	}
	return 0, false // any character may be a space
}

// startsWith reports whether every match of pattern begins with literal, as far as the pattern's text shows.
func startsWith(pattern, literal string) bool {
	return len(literal) > 1 && strings.HasPrefix(strings.ReplaceAll(strings.TrimPrefix(pattern, "(?i)"), `\`, ""), literal)
}

// Scan returns the tokens in text. Its cost is linear: each literal found costs one match of bounded length, and all
// matches together have a budget.
func Scan(text string) []match.Match { return Look(text, makeup.Of(text)) }

// Look is Scan of a text of which it is known what it is made of.
func Look(text string, made makeup.Makeup) []match.Match {
	t := table()
	var out []match.Match
	budget := match.NewBudget(len(text))
	var last map[int]int // rule → end of its last match, so that one token is found once
	t.words.Each(text, func(h keyword.Hit) bool {
		r := &t.rules[h.Word]
		if !r.fold && text[h.Start:h.End] != r.Literal || r.prefix && h.Start > 0 && word(text[h.Start-1]) && word(text[h.Start]) || h.Start < last[h.Word] {
			return true
		}
		if start, end := r.at(text, h, &budget); start >= 0 {
			if last == nil {
				last = make(map[int]int)
			}
			last[h.Word] = end
			out = append(out, r.match(start, end))
		}
		return !budget.Spent() && len(out) < match.Enough
	})
	if made.Digits > 0 && made.Longest >= shapedWord {
		out = t.shaped(text, out, &budget)
	}
	if budget.Spent() {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

// shaped tries the formats without a literal on each long word.
func (t *compiled) shaped(text string, out []match.Match, budget *match.Budget) []match.Match {
	for i := 0; i < len(text) && !budget.Spent(); {
		if text[i] <= ' ' {
			i++
			continue
		}
		j := i
		for j < len(text) && text[j] > ' ' && j-i < reach {
			j++
		}
		if j-i >= shapedWord {
			for k := range t.shapes {
				r := &t.shapes[k]
				if strings.IndexByte(text[i:j], r.Literal[0]) < 0 || !digits(text[i:j]) {
					continue
				}
				if !budget.Spend(j - i) {
					return out
				}
				if loc := r.re.FindStringIndex(text[i:j]); loc != nil && r.accept(text, i+loc[0], i+loc[1]) {
					out = append(out, r.match(i+loc[0], i+loc[1]))
				}
			}
		}
		i = j
	}
	return out
}

func (r *rule) match(start, end int) match.Match {
	return match.Match{Rule: r.Name, Kind: r.Kind, Start: start, End: end, Confidence: 0.95}
}

func (r *rule) at(text string, h keyword.Hit, budget *match.Budget) (start, end int) {
	if h.Start > 0 && text[h.Start-1] == r.Literal[0] && strings.Trim(r.Literal, r.Literal[:1]) == "" { // a line of one sign, no token
		return -1, -1
	}
	from, to := h.Start, min(len(text), h.End+reach)
	if !r.prefix {
		from, to = max(0, h.Start-insideBack), min(len(text), h.End+insideAhead)
	}
	if r.prefix {
		word := wordLength(text[h.End:to])
		if h.End-h.Start+word < r.least {
			return -1, -1
		}
		to = min(to, h.End+word+reachSpaces)
	}
	cost := to - from
	if !r.prefix {
		cost *= 2 // such a pattern is tried from every byte
	}
	if !budget.Spend(cost) {
		return -1, -1
	}
	loc := r.re.FindStringIndex(text[from:to])
	if loc == nil {
		return -1, -1
	}
	start, end = from+loc[0], from+loc[1]
	if start > h.Start || end < h.End || !r.accept(text, start, end) {
		return -1, -1
	}
	return start, end
}

func (r *rule) accept(text string, start, end int) bool {
	token := text[start:end]
	if bordered(text, start, end) && strings.IndexByte(token, '\n') < 0 && strings.Count(token, " ") < 3 || strings.HasSuffix(token, "EXAMPLE") {
		return false
	}
	if b := text[max(0, start-8):start]; strings.HasSuffix(b, "sha512-") || strings.HasSuffix(b, "sha384-") || strings.HasSuffix(b, "sha256-") || strings.HasSuffix(b, "sha1-") { // a digest of a lock file
		return false
	}
	return (r.Check == nil || r.Check(token)) && (r.Sum == nil || r.Sum(token)) && !filler(strings.TrimPrefix(token, r.Literal)) && (r.Sum != nil || !value.Struck(token) || len(token) > longestStruck)
}

// longestStruck is how long, in bytes, a token is at most that sixteen x or 0 in a row make a mask.
const longestStruck = 200

// bordered reports whether the token is part of a longer word.
func bordered(text string, start, end int) bool {
	return start > 0 && word(text[start-1]) && word(text[start]) || end < len(text) && word(text[end]) && word(text[end-1])
}

func word(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// filler reports whether the variable part says that it is none: xxxx, ****, 0000, your-token-here.
func filler(s string) bool {
	if len(s) >= 8 && value.ShapeOf(s).Distinct <= 2 {
		return true
	}
	if l := strings.ToLower(s); strings.Contains(l, "your_") && strings.Contains(l, "_here") || strings.Contains(l, "token_here") {
		return true
	}
	return len(s) >= 6 && value.Placeholder(s)
}

// wordLength returns the length of the word that s begins with.
func wordLength(s string) int {
	i := 0
	for i < len(s) && s[i] > ' ' {
		i++
	}
	return i
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			return true
		}
	}
	return false
}
