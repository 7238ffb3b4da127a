package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// found is a candidate value.
type found struct {
	start, end int  // the value without its quotes
	next       int  // where reading may go on
	quoted     bool // it stood in quotes
	words      int  // plain words that a quoted value consists of
	last       bool // nothing but punctuation follows in its sentence
}

// valueAt reads the value that begins at or after i.
func valueAt(text string, i int, l link, c *cue) (found, bool) {
	limit := 24
	if l.kind == assign {
		limit = 64 // YAML block scalars, values on the next line
	}
	i = skipSpace(text, i, limit)
	for i < len(text) && (text[i] == '*' || text[i] == '>' && l.kind == assign || text[i] == '(' && l.kind == assign && i+1 < len(text) && quote(text[i+1]) || text[i] == '|' && i+1 < len(text) && space(text[i+1])) {
		if text[i] == '*' && i+1 < len(text) && text[i+1] == '*' && i+2 < len(text) && text[i+2] == '*' {
			break // a mask, not Markdown
		}
		i = skipSpace(text, i+1, limit)
	}
	// Prefixes of string literals: b"…", f'…', @"…", r"…", L"…", and the words that declare one.
	if i+1 < len(text) && (letter(text[i]) || text[i] == '@' || text[i] == '$') && quote(text[i+1]) && text[i+1] != '`' {
		i++
	}
	if i >= len(text) {
		return found{}, false
	}
	if strings.HasPrefix(text[i:], "```") && (i == 0 || text[i-1] == '\n') { // a code block: its first line is the value
		nl := strings.IndexByte(text[i:min(len(text), i+24)], '\n')
		if nl < 0 {
			return found{}, false
		}
		f, ok := bare(text, skipSpace(text, i+nl, 8))
		return f, ok && (f.next >= len(text) || text[f.next] == '\n')
	}
	if l.prose && text[i] == '<' {
		i += len(inlineTag.FindString(text[i:min(len(text), i+40)]))
	}
	if i >= len(text) {
		return found{}, false
	}
	if open, size := openQuote(text, i); size > 0 {
		return quoted(text, i+size, open)
	}
	return bare(text, i)
}

// inlineTag opens what HTML sets off within a sentence: the password is <b>…</b>.
var inlineTag = pattern.New(`^<(?:b|i|em|strong|code|tt|kbd|samp|mark|u|span)(?: [^<>\n]*)?>`)

// clauses begin what may follow the last word of a clause.
var clauses = keyword.NewList(`and but or for on until till since before after now if when while because so in at as btw fyi please thanks though again all everywhere too yesterday today tonight tomorrow everywhere instead lol haha thx ok guys folks team mate`)

func quote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func openQuote(text string, i int) (closing string, size int) {
	switch {
	case strings.HasPrefix(text[i:], "「"):
		return "」", 3
	case strings.HasPrefix(text[i:], "『"):
		return "』", 3
	case strings.HasPrefix(text[i:], `"""`) || strings.HasPrefix(text[i:], "'''") || strings.HasPrefix(text[i:], "```"):
		return text[i : i+3], 3
	case quote(text[i]):
		return text[i : i+1], 1
	}
	return "", 0
}

func quoted(text string, i int, closing string) (found, bool) {
	end := min(len(text), i+reachValue)
	n := strings.Index(text[i:end], closing)
	if n < 0 {
		if n = strings.IndexByte(text[i:end], '\n'); n < 0 {
			n = end - i
		}
		if sp := strings.IndexByte(text[i:i+n], ' '); sp > 0 {
			n = sp
		} else if sp == 0 { // the quote closed what stood before it
			return found{}, false
		}
	}
	if nl := strings.IndexByte(text[i:i+n], '\n'); nl >= 0 && len(closing) == 1 {
		return found{}, false // the quote was an apostrophe
	}
	f := found{start: i, end: i + n, next: min(len(text), i+n+len(closing)), quoted: true, last: true}
	f.words = len(strings.Fields(text[i : i+n]))
	return f, n > 0
}

func bare(text string, i int) (found, bool) {
	j := i
	for j < len(text) && j-i < reachValue && !space(text[j]) && text[j] != '<' && text[j] != '"' && !(text[j] == '>' && i > 0 && text[i-1] == '<') {
		if text[j] == ';' && (j+1 >= len(text) || space(text[j+1]) || j-i >= 3) {
			break
		}
		if r, size := utf8.DecodeRuneInString(text[j:]); size > 1 && (stop(r) || r >= 0x3040 && j > i && text[j-1] < 0x80) {
			break
		}
		if text[j] == ',' && (j+1 >= len(text) || space(text[j+1]) || nameFollows(text, j+1)) {
			break
		}
		if text[j] == '&' && j+1 < len(text) && nameFollows(text, j+1) {
			break
		}
		j++
	}
	f := found{start: i, end: j, next: j}
	for f.end > f.start && strings.IndexByte(".,;:!?)]}'`*|\\", text[f.end-1]) >= 0 {
		c := text[f.end-1]
		if c == '!' || c == '?' { // passwords end with these more often than sentences about passwords do
			break
		}
		if c == ')' && strings.Count(text[f.start:f.end], "(") >= strings.Count(text[f.start:f.end], ")") || c == '}' && strings.ContainsRune(text[f.start:f.end], '{') || c == ']' && strings.ContainsRune(text[f.start:f.end], '[') {
			break
		}
		f.end--
	}
	if end := triples(text, f.start, f.end); end > f.end {
		f.end, f.next, j = end, end, end
	}
	k := skipSpace(text, j, 4)
	f.last = f.end < j || k >= len(text) || text[j] == '\n' || text[j] == ',' || text[j] == ';' || text[k] == '(' || text[k] == '-' || strings.HasPrefix(text[k:], "*/") || clauses.Has(strings.ToLower(text[k:wordEnd(text, k)])) || dated(text[k:])
	return f, f.end > f.start
}

// dated reports whether s begins with when something is so: "from Monday", "since the move", "as of June", "this week".
func dated(s string) bool {
	words := strings.Fields(strings.ToLower(s[:min(len(s), 32)]))
	if len(words) < 2 {
		return false
	}
	next := strings.Trim(words[1], ".,;!")
	switch words[0] {
	case "from", "starting", "effective", "until", "since":
		return days.Has(next)
	case "this", "next", "last":
		return next == "week" || next == "weekend" || next == "night" || next == "month" || next == "year" || next == "quarter" || days.Has(next)
	}
	return false
}

var days = keyword.NewList(`monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday now next january february march april may june july august september october november december`)

// stop reports whether r ends a bare value: Japanese punctuation and brackets.
func stop(r rune) bool { return strings.ContainsRune("。、」』）】・〉》，", r) }

// nameFollows reports whether a name and "=" stand at i: the next pair of a list.
func nameFollows(text string, i int) bool {
	j := i
	for j < len(text) && j-i < 40 && (alnum(text[j]) || text[j] == '_' || text[j] == '-') {
		j++
	}
	return j > i && j < len(text) && (text[j] == '=' || text[j] == ':')
}
