package saying

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// linkKind says how a cue and its value are joined.
type linkKind uint8

const (
	assign linkKind = iota // an operator: = : => -> , | >
	copula                 // a verb: is, was, has been changed to
	direct                 // nothing: "with password hunter2"
)

func (k linkKind) String() string { return [...]string{"assign", "is", "with"}[k] }

type link struct {
	kind  linkKind
	at    int  // where the value begins, before quotes and space
	prose bool // the link is said in a sentence rather than written in code
	comma bool // the operator is a comma between two quoted strings
	tag   bool // the operator ends a tag: a closing tag must follow the value
	cell  bool // the operator parts the cells of a table

	compared bool // the name is compared with what looks made up as passwords are
}

// linkAfter finds what joins the name to a value.
func linkAfter(text string, n name, c *cue) (link, bool) {
	i := n.end
	if strings.HasPrefix(text[i:], "'s ") {
		return link{kind: copula, at: i + 3, prose: true}, true
	}
	for i < len(text) && (text[i] == '"' || text[i] == '\'' || text[i] == '`' || text[i] == ']' || text[i] == '*' || text[i] == ')' && n.quoted) {
		i++
	}
	closed := i > n.end
	j := skipSpace(text, i, 24)
	if j >= len(text) {
		return link{}, false
	}
	if closed && text[n.end] == ']' && n.start > 0 && text[n.start-1] == '[' && j == n.end+2 && text[j-1] == ' ' && c.class == password && (n.start == 1 || text[n.start-2] == '\n') { // [password] starlight
		return link{kind: assign, at: j, prose: true}, true
	}
	if n.quotedValue {
		v, ok := attribute(text, j)
		return link{kind: assign, at: v}, ok
	}
	if k, ok := compared(text, j); ok && (c.class == password || strings.EqualFold(c.word, "secret")) {
		return link{kind: assign, at: k, compared: true}, true
	}
	if k, ok := operator(text, j); ok && strings.IndexByte(text[i:j], '\n') < 0 && !(text[j] == ',' && !(n.quoted && closed)) {
		if text[j] == '-' && text[k-1] == '>' && j == n.end { // a member in C or PHP
			return link{}, false
		}
		if text[j] == '|' && (text[n.start] == '$' || n.start > 0 && text[n.start-1] == '$') { // echo "$PASSWORD" | command
			return link{}, false
		}
		if (text[j] == '=' || text[j] == '?') && emptyLine(text, k) {
			return link{}, false
		}
		if text[j] == ',' {
			return link{kind: assign, at: k, comma: true}, true
		}
		if text[j] == '>' && (j != i || n.start == 0 || text[n.start-1] != '<' && !strings.Contains(text[max(0, n.start-40):n.start], "<")) && !strings.HasPrefix(text[j:], ">>") {
			if text[n.start:n.end] == c.word { // "password > x" is a comparison
				return link{}, false
			}
		}
		return link{kind: assign, at: k, prose: !n.code && !n.quoted, tag: text[j] == '>', cell: text[j] == '|'}, true
	}
	if at, ok := cell(text, j); ok { // <td>password</td><td>
		return link{kind: assign, at: at, tag: true}, true
	}
	if v, ok := attribute(text, j); ok { // <add key="Password" value="x"/>
		return link{kind: assign, at: v}, true
	}
	if text[j] == '?' && j+1 < len(text) && space(text[j+1]) && c.class != weak { // "Door code? 8812."
		at := skipSpace(text, j+1, 4)
		for _, w := range []string{"it's ", "its ", "it is ", "that's ", "that is ", "yes, ", "sure, ", "sure: ", "a: ", "answer: "} { // Could you store the password? It's …
			if len(text) > at+len(w) && strings.EqualFold(text[at:at+len(w)], w) {
				return link{kind: copula, at: at + len(w), prose: true}, true
			}
		}
		return link{kind: direct, at: j + 1, prose: true}, true
	}
	if at, ok := usual(text, j); ok && c.class <= pin {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := answered(text, j); ok && c.class != weak {
		return link{kind: direct, at: at, prose: true}, true
	}
	if at, ok := filledIn(text, j); ok && n.quoted && c.class <= pin {
		return link{kind: assign, at: at}, true
	}
	if at, ok := changedFrom(text, j); ok && c.class == password {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := apposed(text, j); ok && c.class == password {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := below(text, n); ok && (c.class == password || c.class == secret && announcesNext(line(text[n.end:min(len(text), n.end+80)]))) {
		return link{kind: copula, at: at, prose: true}, true
	}
	if m := decided.FindStringIndex(strings.ToLower(text[n.end:min(len(text), n.end+40)])); m != nil && c.class == password {
		return link{kind: copula, at: n.end + m[1], prose: true}, true
	}
	if at, ok := verb(text, j); ok {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := past(text, j); ok {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := changed(text, n, j); ok {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := remarked(text, j); ok && c.class == password {
		return link{kind: copula, at: at, prose: true}, true
	}
	if l, ok := paren(text, j); ok && j > n.end && !documented(text[j:]) {
		return l, true
	}
	if at, ok := enclosed(text, j); ok && j > n.end && c.class == password && (text[j] == '(' || text[j-1] == ' ') {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := defaulted(text, j); ok && n.quoted {
		return link{kind: assign, at: at}, true
	}
	if text[j] == '(' && documented(text[j:]) { // password (string): at least 8 characters
		return link{}, false
	}
	if at, ok := qualified(text, j); ok && j > n.end {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := aside(text, j); ok {
		return link{kind: copula, at: at, prose: true}, true
	}
	if at, ok := restated(text, j); ok && c.class <= secret {
		return link{kind: copula, at: at, prose: true}, true
	}
	if text[j] == ',' || c.class == weak && !quote(text[j]) || j == i && !closed || closed && i > n.end && strings.IndexByte(text[n.end:i], ')') >= 0 {
		return link{}, false
	}
	return link{kind: direct, at: j, prose: true}, true
}

// line returns the first line of s.
func line(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}

// compared reads a comparison with a string that looks made up as passwords are: == "letMeIn-dachshund", eq "kob0ldking".
func compared(text string, i int) (int, bool) {
	k := i
	for _, op := range []string{"===", "!==", "==", "!=", "eq "} {
		if strings.HasPrefix(text[i:], op) {
			k = skipSpace(text, i+len(op), 4)
			break
		}
	}
	if k == i || k >= len(text) || !quote(text[k]) {
		return i, false
	}
	s := text[k+1 : min(len(text), k+64)]
	end := strings.IndexByte(s, text[k])
	return k, end >= 6 && comparable(s[:end])
}

// comparable reports whether a string that code compares a password with looks made up as passwords are: letMeIn-dachshund, kob0ldking,
// open-sesame. Two plain words are terms more often.
func comparable(s string) bool {
	sh := value.ShapeOf(s)
	made := sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && !value.Numbered(s) || sh.Upper > 0 && sh.Lower > 0 && strings.ContainsAny(s, "-!#$&+.") || entrance.MatchString(s)
	return made && !strings.ContainsAny(s, " {}/") && !value.Reference(s) && !value.Digest(s)
}

// entrance is a phrase that says to open or to let in.
var entrance = pattern.New(`(?i)^(?:open|let|enter|knock|hello|magic|shibboleth|abra|hocus|mellon|speak)[-_.]?[a-z]{2,10}(?:[-_.][a-z]{2,12}){0,2}$`)

// comparedAhead reads a comparison whose string stands before the name: "Tango-Fox-12" == password.
func comparedAhead(text string, n name, c *cue) (match.Match, bool) {
	if c.class != password && !strings.EqualFold(c.word, "secret") {
		return match.Match{}, false
	}
	const longest = 64
	head := strings.TrimRight(text[max(0, n.start-longest):n.start], " ")
	body := strings.TrimRight(head, "=!")
	if op := head[len(body):]; len(op) < 2 || len(op) > 3 || op[len(op)-1] != '=' {
		return match.Match{}, false
	}
	body = strings.TrimRight(body, " ")
	if body == "" || !quote(body[len(body)-1]) {
		return match.Match{}, false
	}
	open := strings.LastIndexByte(body[:len(body)-1], body[len(body)-1])
	if open < 0 || len(body)-open < 8 || !comparable(body[open+1:len(body)-1]) {
		return match.Match{}, false
	}
	start := max(0, n.start-longest) + open + 1
	return match.Match{Rule: "en-" + c.kind + "-ahead", Kind: match.Credential, Start: start, End: start + len(body) - open - 2, Confidence: 0.7}, true
}

// remarked reads what a secret is now from a remark in brackets: the password (now "Pinstripe-Zebra").
func remarked(text string, i int) (int, bool) {
	if text[i] != '(' {
		return i, false
	}
	for _, w := range []string{"now", "currently", "it's", "it is", "i.e.", "today", "namely", "still"} {
		if hasWord(text, i+1, w) {
			at := skipSpace(text, i+1+len(w), 2)
			_, size := openQuote(text, min(at, len(text)-1))
			return at, size > 0
		}
	}
	return i, false
}

// enclosed reads a value that stands alone in brackets: he told me the password (Kelpie$31). What reads as a word or a name there is a
// remark.
func enclosed(text string, i int) (int, bool) {
	if text[i] != '(' && text[i] != '[' && text[i] != '<' {
		return i, false
	}
	s := text[i+1 : min(len(text), i+48)]
	end := strings.IndexByte(s, map[byte]byte{'(': ')', '[': ']', '<': '>'}[text[i]])
	if end >= 6 && quote(s[0]) && s[end-1] == s[0] && !strings.ContainsAny(s[1:end-1], "\n\"'`") { // the password ("river forest")
		return i + 1, true
	}
	if end < 4 || strings.ContainsAny(s[:end], " \n=<>{}[];,") {
		return i, false
	}
	s = s[:end]
	sh := value.ShapeOf(s)
	if sh.High > 0 || value.Placeholder(s) || value.UUID(s) || value.Digest(s) || measured(s) || technical(s) {
		return i, false
	}
	made := sh.Digit == sh.Len && sh.Digit <= 10 && !year(s) || camelWords(s) || tripled(s) || wordsNumbered(s) || byHand(text, i+1, i+1+len(s)) || passwordLike(s) || value.Words(s) || sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && (strings.ContainsAny(s, "!@#$%&*") || sh.Digit > 1 && sh.Turns >= 3 && sh.Other == 0)
	return i + 1, made
}

// year reports whether s is a year of our time.
func year(s string) bool { return len(s) == 4 && (s[:2] == "19" || s[:2] == "20") }

// restatements say again, later in the sentence or in the next one, what a secret is.
var restatements = []string{"it's still ", "it is still ", "it's now ", "it is now ", "it remains ", "it's just ", "it's always ", "it was always ", "still the good old ", "it's the same old ", "which is ", "that's ", "that is ", "namely ", "type ", "use ", "enter ", "try ", "it's ", "it is "}

// orders are those of them that only a comma joins to what was said: "the server wants the password, type Kelp!9".
var orders = keyword.NewList(`type use enter try`)

// restated reads "the password hasn't changed, it's still Nuthatch": one of restatements behind a comma or the end of a sentence.
func restated(text string, i int) (int, bool) {
	const reach = 80
	part := text[i:min(len(text), i+reach)]
	if nl := strings.IndexByte(part, '\n'); nl >= 0 {
		part = part[:nl]
	}
	for k := 0; k+2 < len(part); k++ {
		if strings.IndexByte(",.;-", part[k]) < 0 || part[k+1] != ' ' {
			continue
		}
		rest := strings.TrimPrefix(part[k+2:], "and ")
		for _, w := range restatements {
			if len(rest) > len(w) && strings.EqualFold(rest[:len(w)], w) && (part[k] == ',' || !orders.Has(w[:len(w)-1])) && (len(w) > len("which is ") || !plain(strings.TrimRight(firstWord(rest[len(w):]), ".,!")) || mixedCase(firstWord(rest[len(w):]))) {
				return i + len(part) - len(rest) + len(w), true
			}
		}
	}
	return i, false
}

// defaulted reads the default of a variable of Terraform: variable "db_password" { default = "…" }.
func defaulted(text string, i int) (int, bool) {
	const reach = 200
	if text[i] != '{' {
		return i, false
	}
	block := text[i:min(len(text), i+reach)]
	if end := strings.IndexByte(block, '}'); end >= 0 {
		block = block[:end]
	}
	k := strings.Index(block, "default")
	if k < 0 {
		return i, false
	}
	at := skipSpace(text, i+k+len("default"), 16)
	if at >= len(text) || text[at] != '=' {
		return i, false
	}
	return at + 1, true
}

// documented reports whether the brackets that s begins with hold a type, as the description of a parameter does.
func documented(s string) bool {
	first, _, ok := strings.Cut(s[1:min(len(s), 24)], ")")
	first, _, _ = strings.Cut(first, ",")
	return ok && typeName(first)
}

// paren steps over a remark in brackets between the name and its operator: "SSN (US): …", "token (prod) = …".
func paren(text string, i int) (link, bool) {
	if text[i] != '(' {
		return link{}, false
	}
	end := strings.IndexByte(text[i:min(len(text), i+48)], ')')
	if end < 0 {
		return link{}, false
	}
	j := skipSpace(text, i+end+1, 8)
	if k, ok := operator(text, j); ok && text[j] != ',' && text[j] != '>' && strings.IndexByte(text[i:j], '\n') < 0 {
		return link{kind: assign, at: k, prose: true}, true
	}
	if at, ok := verb(text, j); ok {
		return link{kind: copula, at: at, prose: true}, true
	}
	return link{}, false
}

// aside steps over a remark between commas: "the password, in case you need it, is …".
func aside(text string, i int) (int, bool) {
	if text[i] != ',' || i+1 >= len(text) || text[i+1] != ' ' {
		return i, false
	}
	part := text[i+1 : min(len(text), i+80)]
	if stop := strings.IndexAny(part, ".;:!?\n\"'=("); stop >= 0 {
		part = part[:stop]
	}
	n := strings.Index(part, ", ")
	if n < 0 {
		return i, false
	}
	return verb(text, i+1+n+2)
}

// past reads what was done to a secret, and an operator: "password rotated => Chimney_Swift".
func past(text string, i int) (int, bool) {
	for _, w := range []string{"rotated", "changed", "reset", "updated", "renewed", "replaced", "today", "tonight", "currently", "this week", "this month"} {
		if !hasWord(text, i, w) {
			continue
		}
		j := skipSpace(text, i+len(w), 4)
		for _, op := range []string{"=>", "->", "→", "⇒", ":"} {
			if strings.HasPrefix(text[j:], op) {
				return j + len(op), true
			}
		}
	}
	return i, false
}

// emptyLine reports whether the line ends at i: an assignment of nothing.
func emptyLine(text string, i int) bool {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i >= len(text) || text[i] == '\n'
}

// changed reads the "to" or "as" of "changed the password to X", "set the pin as X".
func changed(text string, n name, j int) (int, bool) {
	if !hasWord(text, j, "to") && !hasWord(text, j, "as") {
		return j, false
	}
	before := withTitles.Replace(strings.ToLower(text[max(0, n.start-60):n.start]))
	if i := strings.LastIndexAny(before, ".\n;!?"); i >= 0 {
		before = before[i:]
	}
	for _, v := range []string{"chang", "set ", "reset", "rotat", "updat", "switch", "made ", "turned", "renew", "replac"} {
		if strings.Contains(before, v) {
			return j + 2, true
		}
	}
	return j, false
}

// withTitles takes the points from titles, so that they end no sentence.
var withTitles = strings.NewReplacer("dr. ", "dr ", "mr. ", "mr ", "mrs. ", "mrs ", "ms. ", "ms ", "prof. ", "prof ")

func skipSpace(text string, i, limit int) int {
	for end := min(len(text), i+limit); i < end && space(text[i]); {
		i++
	}
	return i
}

// operator reads an operator at i and returns where it ends.
func operator(text string, i int) (int, bool) {
	if i >= len(text) {
		return i, false
	}
	if strings.HasPrefix(text[i:], "→") || strings.HasPrefix(text[i:], "⇒") || strings.HasPrefix(text[i:], "➜") || strings.HasPrefix(text[i:], "↓") || strings.HasPrefix(text[i:], "➡") {
		return i + 3, true
	}
	if strings.HasPrefix(text[i:], "👉") {
		return i + len("👉"), true
	}
	switch text[i] {
	case '=', ':':
		j := i
		for j < len(text) && (text[j] == '=' || text[j] == ':' || text[j] == '>' || text[j] == '~') {
			j++
		}
		if text[i] == '=' && j-i >= 2 && text[j-1] == '=' { // a comparison
			return i, text[i+1] != '=' || j-i > 3
		}
		if strings.HasPrefix(text[i:], "://") {
			return i, false
		}
		if text[i:j] == "::" && j < len(text) && (text[j] == '\n' || i > 0 && alnum(text[i-1]) && letter(text[j])) { // a term of AsciiDoc, a member
			return i, false
		}
		return j, true
	case '-', '?', '|', '.', '+', '<':
		for _, op := range []string{"->", "?=", "||=", "|=", ".=", "+=", "<-", "-- ", "- "} {
			if strings.HasPrefix(text[i:], op) {
				return i + len(op), true
			}
		}
		if text[i] == '|' && i+1 < len(text) && space(text[i+1]) { // a table
			return i + 1, true
		}
	case ',', '>':
		return i + 1, true
	}
	return i, false
}

// cell reads the end of one cell of a table or list in HTML and the beginning of the next.
func cell(text string, i int) (int, bool) {
	for _, p := range [][2]string{{"</td>", "<td"}, {"</th>", "<td"}, {"</dt>", "<dd"}, {"</key>", "<string"}} {
		if !strings.HasPrefix(text[i:], p[0]) {
			continue
		}
		j := skipSpace(text, i+len(p[0]), 16)
		if !strings.HasPrefix(text[j:], p[1]) {
			continue
		}
		if end := strings.IndexByte(text[j:min(len(text), j+60)], '>'); end > 0 {
			return j + end + 1, true
		}
	}
	return i, false
}

// attribute reads value="…" of the same tag or of the same JSON object.
func attribute(text string, i int) (int, bool) {
	for _, p := range []string{`value=`, `Value=`, `content=`, `VALUE=`} {
		if strings.HasPrefix(text[i:], p) {
			return i + len(p), true
		}
	}
	return i, false
}

// verbs join a cue and a value in a sentence; longer ones first.
var verbs = []string{
	"has been changed to be", "has been changed to", "has been set to", "has been reset to", "has been updated to", "was changed to", "was set to", "was reset to", "is being changed to",
	"is currently set to", "is currently", "is now set to", "is now", "is still", "is set to", "is just", "is simply", "is literally", "is called", "is always", "should be set to", "should be", "must be set to",
	"will be", "would be", "got changed to", "got reset to", "went back to", "goes back to", "switched to", "changed to", "changes to", "set to", "reset to", "updated to", "rotated to", "equals", "equal to", "used to be", "starts with", "begins with", "ends with", "ending in", "ends in",
	"was replaced by", "got replaced by", "replaced by", "replaced with", "has the value", "has value", "の値は", "is spelled out", "is spelled", "spelled", "is written as", "is written", "was always", "is actually", "is probably", "is maybe", "is something like", "should still be", "is either", "can be", "remains", "stays",
	"is just now", "are as follows", "is as follows", "as follows", "reads", "are", "is", "was", "were", "'s", "being", "=", "ist", "est", "es", "é", "jest", "lautet", "became", "becomes", "to be", "goes", "now", "é:", "são", "era", "là", "ist:", "lautet:", "是", "为", "為", "ヘッダーには", "ヘッダーに", "ヘッダーは", "ヘッダには", "の値には", "には", "は", "는", "은", "이", "가",
}

// verbsBy groups the verbs by their first byte, in their order.
var verbsBy = sync.OnceValue(func() *[256][]string {
	var t [256][]string
	for _, v := range verbs {
		t[v[0]] = append(t[v[0]], v)
	}
	return &t
})

func lowered(c byte) byte {
	if upper(c) {
		return c + 'a' - 'A'
	}
	return c
}

// verb reads a verb at i and returns where it ends.
func verb(text string, i int) (int, bool) {
	if i >= len(text) {
		return i, false
	}
	for _, v := range verbsBy()[lowered(text[i])] {
		if hasWord(text, i, v) {
			j := i + len(v)
			if j < len(text) && (text[j] == ':' || text[j] == '-' && j+1 < len(text) && text[j+1] == ' ') {
				j++
			}
			return j, true
		}
	}
	return i, false
}

func hasWord(text string, i int, w string) bool {
	end := i + len(w)
	return end <= len(text) && strings.EqualFold(text[i:end], w) && (end == len(text) || !alnum(text[end]) || w[0] >= 0x80)
}

// openers begin a remark that says which secret is meant: "the password for …", "the token we use".
var openers = keyword.NewList(`for of since between among on at in to into from we i you he she they that which used when with by as behind after under over near inside your our my here there currently (
	across against via do da de del della dei du des für vom zum pour para dla til för voor von через для от к through when protecting guarding unlocking opening configured created generated sent stored given`)

// qualified finds a verb or colon behind a remark that belongs to the cue, in the same sentence.
func qualified(text string, i int) (int, bool) {
	end := min(len(text), i+reachLink)
	j := wordEnd(text, i)
	if j == i || !openers.Has(strings.ToLower(text[i:j])) || text[i:j] == "FROM" { // SELECT password FROM users WHERE name =
		return i, false
	}
	for k := j; k < end; k++ {
		switch c := text[k]; {
		case c == '?' && k+1 < len(text):
			at := skipSpace(text, k+1, 4)
			for _, v := range []string{"it's", "its", "it is", "that's", "that is", "that would be", "try", "should be", "A:", "answer:"} {
				if hasWord(text, at, v) {
					return at + len(v), true
				}
			}
			return i, false
		case c == '\'' && saidOf(text, k):
			return k + len("'s "), true
		case c == '\n' || c == ';' || c == '!' || c == '.' && (k+1 >= len(text) || space(text[k+1])):
			return i, false
		case (c == ':' || c == '=') && k+1 < len(text) && (space(text[k+1]) || c == '=' || text[k+1] == '"'):
			return k + 1, true
		case c == ' ' && k+1 < len(text):
			if at, ok := verb(text, k+1); ok && !hasWord(text, k+1, "to be") && !hasWord(text, k+1, "now") {
				return at, true
			}
			if strings.HasPrefix(text[k+1:], "->") || strings.HasPrefix(text[k+1:], "→") || strings.HasPrefix(text[k+1:], "- ") {
				at, _ := operator(text, k+1)
				return at, true
			}
		}
	}
	return i, false
}

func wordEnd(text string, i int) int {
	j := i
	for j < len(text) && (letter(text[j]) || text[j] >= 0x80 || text[j] == '(' && j == i) {
		j++
		if text[j-1] == '(' {
			break
		}
	}
	return j
}
