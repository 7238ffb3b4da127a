package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// judge returns how sure it is that v is a secret, or 0.
func judge(text string, v found, l link, n name, c *cue) float64 {
	s := text[v.start:v.end]
	if !utf8.ValidString(s) || value.Placeholder(s) || value.Alphabet(s) || value.Versioned(s) || value.Pattern(s) || value.Shortcut(s) || value.Public(text, v.start, v.end) || strings.Contains(s, "][") || value.Fingerprint(text, v.start, s) { // [a reference][of Markdown]
		return 0
	}
	if strings.EqualFold(s, text[n.start:n.end]) { // password 'password' beside a user is one; a label is none
		if v.quoted && c.class == password && account(text, n) {
			return 0.7
		}
		return 0
	}
	if rest := s[min(len(s), n.end-n.start):]; !v.quoted && strings.EqualFold(s[:len(s)-len(rest)], text[n.start:n.end]) && strings.IndexByte(")}]", rest[0]) >= 0 { // {"password": password})
		return 0
	}
	sh := value.ShapeOf(s)
	if l.cell && (s[0] == '-' || s[0] == '|' || described(text, v)) { // | `--passphrase` | asks for the passphrase |
		return 0
	}
	if strings.HasPrefix(s, "%}") || strings.HasPrefix(s, "}}") { // behind a tag of a template
		return 0
	}
	if apiVersion.MatchString(s) || prompt(text, n, v, c) {
		return 0
	}
	if Manager(s) || value.Bracketed(text[v.start:]) || message(s, v, c) || label(s, v, c) {
		return 0
	}
	if strings.HasPrefix(c.word, "serial") && sh.Lower+sh.Upper+sh.Digit < shortestLicence { // of a thing
		return 0
	}
	if strings.HasSuffix(s, "=") && value.Identifier(s[:len(s)-1]) && value.Random(s) < 0.9 { // the next setting
		return 0
	}
	if c.word == "seed" && sh.Digit == sh.Len { // of a generator of random numbers
		return 0
	}
	if c.class == secret && l.kind == assign && places.Has(strings.ToLower(s[:strings.IndexByte(s, '=')+1])) { // what follows has cues of its own
		return 0
	}
	if v.quoted && len(s) > 2 && s[0] == '%' && s[len(s)-1] == '%' && value.Reference(s) && strings.ToUpper(s) == s {
		return 0
	}
	if sh.High > 0 && !v.quoted && (sh.Digit == 0 || sh.Lower+sh.Upper == 0 && ascii(c.word) || l.kind == direct) {
		return 0
	}
	if !v.quoted && v.end < v.next && text[v.end] == ':' && strings.IndexByte(text[n.end:v.start], '\n') >= 0 { // the next key of a mapping
		return 0
	}
	if v.quoted && (strings.HasPrefix(s, " %") || strings.HasPrefix(s, ")")) { // what stands between two strings
		return 0
	}
	if l.comma && (!v.quoted || value.Dotted(s) || strings.IndexByte(text[n.end:v.start], '\n') >= 0) || c.class == weak && v.words > 1 && c.word != "login" {
		return 0
	}
	if famous(text, v.start, s) || !v.quoted && s[0] == '(' && plain(strings.Trim(s, "()")) { // password = (sensitive value)
		return 0
	}
	if !v.quoted && s[0] == '{' && l.kind == assign && (len(s) < 2 || s[1] != '{') || declared(text, n, l, c) || sealed(text, v) { // a nested mapping, a constant, what only a cluster can open
		return 0
	}
	if v.words >= 3 && strings.IndexByte(s, '{') >= 0 && strings.IndexByte(s, '}') >= 0 { // a message with a place for a value
		return 0
	}
	if k := skipSpace(text, v.next, 8); l.tag && (k >= len(text) || text[k] != '<') {
		return 0
	}
	if reference(text, s, sh, n, c, v, l) || l.kind == direct && (pointer(text, v) || code(text, v, s) || apart(text, n, v)) {
		return 0
	}
	if l.kind == direct && sh.Digit == 0 && v.next < len(text) && v.end < len(text) && text[v.end] == ')' && strings.Contains(s, "/") { // $(vault kv get -field=password kv/db)
		return 0
	}
	if l.kind == direct && strings.EqualFold(text[n.start:n.end], "pass") && (sh.Digit == 0 || text[n.start] == 'P' && !v.last) { // a verb
		return 0
	}
	switch c.class {
	case password:
		return judgePassword(text, s, sh, v, l, n)
	case pin:
		return judgePIN(text, s, sh, v, l, c)
	case secret:
		return judgeSecret(text, s, sh, v, l, n, c)
	}
	switch {
	case strings.HasSuffix(c.word, "code") && l.kind != direct && !otherCode(text, n):
		if conf := judgePIN(text, s, sh, v, l, c); conf > 0 && (sh.Digit == sh.Len && sh.Digit >= 4 && sh.Digit <= 8 || strings.Count(s, "-") >= 2 || sh.Digit >= 3 && sh.Upper > 0 && sh.Lower == 0 && sh.Len <= 8) {
			return 0.6
		}
		return 0
	case l.kind != direct && len(s) >= 10 && looksMade(s, sh) && !measured(s):
		return 0.7
	case l.kind == assign && passwordLike(s) && networks.Contains(text[max(0, n.start-80):n.start]):
		return 0.7
	case l.kind == copula && sh.Digit == 0 && strings.Count(s, "-") >= 2 && !describes(s) && networks.Contains(text[max(0, n.start-80):n.start]):
		return 0.65
	case c.word == "login" && l.kind == copula && v.quoted && v.words <= 5 && sh.Upper > 0 && (sh.Digit > 0 || v.words > 1) && !describes(firstWord(s)): // my login is 'Velvet Hammer 3'
		return 0.6
	case v.quoted && v.words == 1 && sh.Digit > 0 && sh.Lower+sh.Upper > 0 && len(s) >= 8 && networks.Contains(text[max(0, n.start-80):n.start]):
		return 0.7
	}
	return 0
}

// described reports whether a cell of a table holds a sentence: three words or more, nothing but letters.
func described(text string, v found) bool {
	cell := text[v.start:min(len(text), v.start+200)]
	if i := strings.IndexAny(cell, "|\n"); i >= 0 {
		cell = cell[:i]
	}
	words := strings.Fields(cell)
	for _, w := range words {
		if !plain(strings.Trim(w, ".,;()`\"'")) {
			return false
		}
	}
	return len(words) >= 3
}

// prompt reports whether a value begins a further line of words, as what a program asks next does.
func prompt(text string, n name, v found, c *cue) bool {
	if v.quoted || strings.IndexByte(text[n.end:v.start], '\n') < 0 || strings.HasSuffix(strings.ToLower(c.word), "phrase") && !strings.HasPrefix(text[v.start:], "Enter ") || !plain(text[v.start:v.end]) {
		return false
	}
	line, _, _ := strings.Cut(text[v.end:min(len(text), v.end+120)], "\n")
	words := strings.Fields(line)
	return len(words) >= 2 && plain(strings.Trim(words[0], ",.")) && plain(strings.Trim(words[1], ",.:"))
}

// shortestLicence is how many letters and digits a serial number has that opens something.
const shortestLicence = 15

// templated is an address whose password stands elsewhere.
var templated = pattern.New(`://[^\s/@]*:(?:\$\{[^}]*\}|\{\{[^}]*\}\}|\$\([^)]*\)|%[A-Z_]+%|\$[A-Z_]+)@`)

// apiVersion is how Kubernetes numbers what it serves.
var apiVersion = pattern.New(`^v[0-9]+(?:(?:alpha|beta)[0-9]+)?(?:/.*)?$`)

// label reports whether a quoted value names its own place: "Password:", "#add-password".
func label(s string, v found, c *cue) bool {
	l := strings.ToLower(s)
	return v.quoted && v.words == 1 && strings.Contains(l, c.word) && (strings.HasSuffix(l, ":") && plain(l[:len(l)-1]) || (l[0] == '#' || l[0] == '.') && strings.Trim(l[1:], "abcdefghijklmnopqrstuvwxyz-_") == "" || strings.Contains(l, "/:"))
}

// message reports whether a quoted sentence speaks of what it would be: "Choose a stronger password".
func message(s string, v found, c *cue) bool {
	return v.quoted && v.words >= 3 && ascii(c.word) && strings.Contains(strings.ToLower(s), c.word) && !strings.ContainsAny(s, "0123456789")
}

// managers are programs that keep passwords: to say that a password is 1Password says where it is.
var managers = keyword.NewList(`1password bitwarden vaultwarden keepass keepassxc keepassx lastpass dashlane passbolt enpass nordpass roboform psono teampass pass gopass keeper protonpass`)

// keeper reports whether a name begins with that of such a program: KeePass2Reader, keepassxc.exe.
func keeper(name string) bool {
	const shortest = len("keepass")
	for i := shortest; i <= min(len(name), len("vaultwarden")); i++ {
		if Manager(name[:i]) {
			return true
		}
	}
	return false
}

// Manager reports whether s is a program that keeps passwords.
func Manager(s string) bool { return managers.Has(strings.ToLower(s)) }

// places begin a connection string with where it leads.
var places = keyword.NewList(`server= host= hostname= endpoint= address= addr= driver= provider= database= dbname= uid= user= username=`)

// declared reports whether a bare "Code =" behind another name is the type of a constant: ErrNotFound Code = 1003.
func declared(text string, n name, l link, c *cue) bool {
	if c.class != weak || l.kind != assign || n.start < 2 || !upper(text[n.start]) || text[n.start-1] != ' ' && text[n.start-1] != '\t' {
		return false
	}
	before := strings.TrimRight(text[max(0, n.start-64):n.start], " \t")
	w := before[strings.LastIndexAny(before, " \t\n(")+1:]
	return mixedCase(w) && value.Identifier(w)
}

// sealed reports whether a value is one of a SealedSecret, which only its cluster can open.
func sealed(text string, v found) bool {
	return v.end-v.start > 40 && strings.HasPrefix(text[v.start:v.end], "Ag") && strings.Contains(text[max(0, v.start-2000):v.start], "encryptedData")
}

// otherCode reports whether the words before "code" make it no secret: an error code, a zip code.
func otherCode(text string, n name) bool {
	before := strings.Fields(strings.ToLower(text[max(0, n.start-30):n.start]))
	if len(before) == 0 || n.code {
		return true
	}
	return otherCodes.Has(strings.Trim(before[len(before)-1], "\"'`(,.:"))
}

var otherCodes = keyword.NewList(`error status exit return response zip postal post country area language currency http sql reason source promo coupon discount voucher bar qr morse color colour dress product item
	error-code class course airport city region state stock ticker diagnosis billing tax legal penal building fire op byte machine native dead legacy test unit of no any some more less sample example
	commodity tariff hs sic naics icd iata icao iso event result tracking booking reservation order part model serial lot batch`)

// networks are words that make a bare "key" the one of a network.
var networks = keyword.New([]string{"wifi", "wi-fi", "wlan", "ssid", "network", "hotspot"})

// apart reports whether a line break lies between a name and a value, and the name is not alone on its line.
func apart(text string, n name, v found) bool {
	if strings.IndexByte(text[n.end:v.start], '\n') < 0 {
		return false
	}
	return n.code || strings.TrimSpace(text[strings.LastIndexByte(text[:n.start], '\n')+1:n.start]) != ""
}

// pointer reports whether a single asterisk stands before a value: a type, not Markdown.
func pointer(text string, v found) bool {
	return v.start > 1 && text[v.start-1] == '*' && text[v.start-2] != '*'
}

// code reports whether a value right behind a name is the next word of a declaration: a type or another name.
func code(text string, v found, s string) bool {
	if v.next < len(text) && (text[v.next] == ')' || v.end < v.next && text[v.end] == ')') && value.Identifier(s) && value.ShapeOf(s).Digit < 3 {
		return true
	}
	if strings.HasPrefix(s, "--") || strings.HasPrefix(s, "[]") || strings.IndexByte("(`<{", s[0]) >= 0 || technical(s) {
		return true
	}
	if k := skipSpace(text, v.next, 2); v.quoted && k < len(text) && text[k] == '{' { // resource "random_password" "db" {
		return true
	}
	return typeName(strings.TrimRight(s, "0123456789")) || strings.HasPrefix(s, "_") && value.Identifier(s) || s[0] == '.' || s[0] == '='
}

// reference tells names of places from values. A quoted value after a password is taken at its word.
func reference(text, s string, sh value.Shape, n name, c *cue, v found, l link) bool {
	if c.class == password && v.quoted && sh.Digit+sh.Other > 0 && !strings.ContainsAny(s, "{}<>/$()[]") {
		return false
	}
	if templated.MatchString(s) { // postgres://${DB_USER}:${DB_PASS}@…
		return true
	}
	if strings.Contains(s, "://") {
		return !strings.Contains(s, "@")
	}
	if c.class == password && (l.kind == assign && (!l.prose && n.env(text) || setting(text, n, v)) || l.prose && l.kind != direct) && value.Words(strings.ToLower(s)) { // PGPASSWORD=teapot.storm, the password is Himbeer.torte
		return false
	}
	return value.Reference(s)
}

// setting reports whether a name and its value are a line of YAML or of properties, where nothing is computed.
func setting(text string, n name, v found) bool {
	indent := text[strings.LastIndexByte(text[:n.start], '\n')+1 : n.start]
	property := strings.Contains(text[n.start:n.end], ".") && strings.ToLower(text[n.start:n.end]) == text[n.start:n.end] && strings.HasPrefix(text[n.end:], " = ") // mail.password = Jacaranda.Bloom
	return !n.quoted && strings.Trim(indent, " -") == "" && (property || strings.HasPrefix(text[n.end:], ": ")) && (v.end == len(text) || text[v.end] == '\n')
}

// env reports whether a name is that of a variable of a shell with its value right behind it.
func (n name) env(text string) bool {
	return text[n.start:n.end] == strings.ToUpper(text[n.start:n.end]) && n.end < len(text) && text[n.end] == '=' && n.end-n.start > len("PW")
}

// account reports whether the text before a name speaks of a user: "username 'u' password 'password'".
func account(text string, n name) bool {
	before := strings.ToLower(text[max(0, n.start-48):n.start])
	return strings.Contains(before, "user") || strings.Contains(before, "login")
}

func judgePassword(text, s string, sh value.Shape, v found, l link, n name) float64 {
	if len(s) < 3 && alnum(s[0]) && spelled(text, v.start) {
		return 0.8
	}
	if len(s) < 3 || len(s) > 256 {
		return 0
	}
	if w := strings.TrimRight(s, "?!"); len(w) < len(s) && plain(w) && (describes(w) || meta.Has(strings.ToLower(w))) && !v.quoted { // "the maximum password length?"
		return 0
	}
	wordy := sh.Lower+sh.Upper == sh.Len
	switch {
	case v.quoted && l.kind != direct:
		return judgeQuoted(text, s, v, l, n)
	case v.quoted:
		if v.words > 6 || describes(firstWord(s)) {
			return 0
		}
		return 0.85
	case wordy && phrase(text, n, v) && l.kind != direct:
		return 0.7
	case wordy && !v.last && text[v.start-1] == ' ' && things(text, v.start) && strings.HasSuffix(strings.TrimRight(text[n.end:v.start], " "), ":"): // the wifi password for guests: velvet morning
		return 0.6
	case wordy && describes(s), talk.Has(strings.ToLower(firstPart(s))) && sh.Digit == 0:
		return 0
	case sh.Digit == sh.Len:
		if len(s) < 4 || unitFollows(text, v.next) {
			return 0
		}
		return 0.85
	case measured(s) || value.UUID(s) && l.kind == direct:
		return 0
	}
	if l.kind == assign && !l.prose {
		if wordy && (value.Identifier(s) && strings.HasSuffix(strings.ToLower(s), "password") || typeName(s)) {
			return 0
		}
		return 0.9
	}
	if wordy {
		return judgeWord(text, s, v, l)
	}
	if sh.Digit == 0 && value.Identifier(s) && (describes(s) || l.kind == direct && strings.Count(s, "-") < 2 && strings.Count(s, "_") < 1) {
		return 0
	}
	if sh.Digit == 0 && sh.Upper == 0 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz'") == "" { // doesn't, user's
		return 0
	}
	if l.kind == direct && (s[0] == '(' || s[0] == '[' || s[0] == '-' || s[0] == '/' || s[0] == '`' || s[0] == '&' || s[0] == '@' || s[0] == ']' || s[0] == ')' || sh.Lower+sh.Upper+sh.Digit < 3) {
		return 0
	}
	return 0.85
}

// judgeQuoted judges a quoted value after an operator or a verb.
func judgeQuoted(text, s string, v found, l link, n name) float64 {
	switch {
	case v.words >= 3 && v.words <= 10 && l.kind == copula && strings.Contains(strings.ToLower(text[n.start:n.end]), "phrase"): // the passphrase is "my other car is a broom"
		return 0.9
	case v.words > 8, v.words >= 2 && l.kind == assign && !l.prose && describes(firstWord(s)), v.words >= 4 && describes(firstWord(s)) && !digits.Has(strings.ToLower(firstWord(s))):
		return 0
	case v.words == 1 && plain(s) && (describes(s) && l.kind == copula && !stock.Has(strings.ToLower(s)) || typeName(s)):
		return 0
	case l.comma && plain(s) && !n.code: // a list of words in quotes
		return 0
	case l.comma && !value.Identifier(s) || !l.comma:
		return 0.9
	}
	return 0.7
}

// stock are passwords that installations begin with: in quotes behind "the password is" they are said, not described.
var stock = keyword.NewList(`admin root guest test demo default changeme user`)

// phrase reports whether a word begins a passphrase: three words or more to the end of the line or sentence, after a cue
// that speaks of a phrase, and most of them things rather than words of talk.
func phrase(text string, n name, v found) bool {
	if !strings.HasSuffix(strings.ToLower(text[n.start:n.end]), "phrase") {
		return false
	}
	words, things := 0, 0
	for i := v.start; i < len(text) && words < 12; {
		j := i
		for j < len(text) && (alnum(text[j]) || text[j] == '-') {
			j++
		}
		if j == i {
			break
		}
		words++
		if w := text[i:j]; !describes(w) || digits.Has(w) {
			things++
		}
		if i = j; i < len(text) && text[i] == ' ' {
			i++
		}
	}
	return words >= 2 && things == words || words >= 3 && things*4 >= words*3 || words >= 5 && things*3 >= words*2
}

// things reports whether two to four words in small letters stand alone to the end of the line, none of which talks of secrets.
func things(text string, i int) bool {
	line, _, _ := strings.Cut(text[i:min(len(text), i+80)], "\n")
	words := strings.Fields(strings.TrimRight(line, " .!"))
	for _, w := range words {
		if len(w) < 3 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" || describes(w) || meta.Has(w) {
			return false
		}
	}
	return len(words) >= 2 && len(words) <= 4
}

// digits are number words, which talk about passphrases as well as passphrases hold.
var digits = keyword.NewList(`one two three four five six seven eight nine ten zero`)

// judgeWord judges a single plain word in a sentence: "the wifi password is sunshine".
func judgeWord(text, s string, v found, l link) float64 {
	if mixedCase(s) {
		return 0.7
	}
	if k := skipSpace(text, v.next, 3); k < len(text) && digit(text[k]) && l.kind != direct { // "hunter 2"
		return 0.7
	}
	if spelled(text, v.start) {
		return 0.8
	}
	if l.kind == direct || !v.last || len(s) < 4 {
		return 0
	}
	return 0.6
}

// spelled reports whether single letters or digits stand in a row: h u n t e r 2.
func spelled(text string, i int) bool {
	n := 0
	for i+1 < len(text) && alnum(text[i]) && (text[i+1] == ' ' || text[i+1] == '-' || text[i+1] == ',') {
		n++
		i = skipSpace(text, i+2, 2)
	}
	return n >= 4
}

func mixedCase(s string) bool {
	up, low := 0, 0
	for i := 1; i < len(s); i++ {
		if upper(s[i]) {
			up++
		}
		if lower(s[i]) {
			low++
		}
	}
	return up > 0 && low > 0
}

// sentence reports whether a quoted value is words in small letters that are things rather than talk.
func sentence(s string, v found) bool {
	if v.words < 3 || v.words > 6 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz ") != "" {
		return false
	}
	for _, w := range strings.Fields(s) {
		if describes(w) {
			return false
		}
	}
	return true
}

func judgePIN(text, s string, sh value.Shape, v found, l link, c *cue) float64 {
	code := strings.Trim(s, "#*")
	digits := 0
	for i := 0; i < len(code); i++ {
		if digit(code[i]) {
			digits++
		}
	}
	switch {
	case digits == 0:
		if v.quoted && v.words == 1 && sh.Upper >= 4 && sh.Lower == 0 && len(s) >= 5 {
			return 0.7
		}
		return 0
	case digits == len(code):
		if digits < 3 || digits > 12 || unitFollows(text, v.next) || l.kind == direct && digits < 4 {
			return 0
		}
		return 0.85
	case len(code) >= 5 && strings.Trim(code, "0123456789-") == "" && !calendar(code):
		return 0.8
	case measured(code) || len(code) < 4 || value.UUID(code):
		return 0
	}
	if sh.Digit >= 2 && sh.Lower+sh.Upper >= 1 && len(code) <= 40 {
		return 0.75
	}
	return 0
}

// calendar reports whether digits and hyphens write a date.
func calendar(s string) bool {
	p := strings.Split(s, "-")
	return len(p) == 3 && len(p[0]) == 4 && len(p[1]) == 2 && len(p[2]) == 2 && (p[0][:2] == "19" || p[0][:2] == "20")
}

func judgeSecret(text, s string, sh value.Shape, v found, l link, n name, c *cue) float64 {
	made := looksMade(s, sh)
	switch {
	case l.kind == direct && strings.IndexByte("[(\\-", s[0]) >= 0, // what an option or a manual has there
		len(s) < 6 || v.words > 4 && v.quoted:
		return 0
	case value.UUID(s):
		if l.kind != direct {
			return 0.7
		}
		return 0
	case measured(s):
		return 0
	case made:
		return 0.85
	}
	if l.kind == direct {
		if passwordLike(s) && strings.EqualFold(c.word, "secret") && !n.code {
			return 0.55
		}
		return 0
	}
	if v.quoted && l.kind == assign && sentence(s, v) && c.word == "secret" { // secret: 'purple monkey dishwasher'
		return 0.6
	}
	if v.quoted && v.words == 1 && !describes(s) && l.kind == assign {
		if sh.Digit > 0 && sh.Lower+sh.Upper > 0 && len(s) >= 8 && !value.Identifier(s) || sh.Other >= 2 && !value.Identifier(s) && len(s) >= 10 && sh.Digit+sh.Upper > 0 {
			return 0.7
		}
	}
	if l.kind == assign && n.code && !l.prose && sh.Digit >= 3 && sh.Lower+sh.Upper >= 3 && len(s) >= 8 && sh.Other == 0 && !value.Digest(s) {
		return 0.6
	}
	if l.kind == copula && sh.Digit > 0 && sh.Lower+sh.Upper > 0 && len(s) >= 6 && !value.Identifier(s) {
		return 0.65
	}
	return 0
}

// looksMade reports whether a value was drawn by a machine or made up with digits, and is no name or path.
func looksMade(s string, sh value.Shape) bool {
	if sh.Digit == sh.Len || sh.Digit >= 20 && strings.Trim(s, "0123456789-") == "" {
		return sh.Len >= 12
	}
	if value.Identifier(s) && (value.Random(s) < 0.95 || sh.Digit == 0 && sh.Len < 20) || sh.Digit == 0 && sh.Len < 12 || value.Dotted(s) {
		return false
	}
	if strings.Count(s, "/") >= 2 && value.Random(s) < 0.9 {
		return false
	}
	return value.Random(s) >= 0.55 || sh.Digit >= 4 && sh.Turns >= 3 && sh.Len >= 10 && sh.Lower+sh.Upper >= 4
}

// measured reports whether s is a quantity, version, date, time or address rather than a secret.
func measured(s string) bool {
	i := 0
	for i < len(s) && (digit(s[i]) || s[i] == '.' || s[i] == ',' || s[i] == ':' || s[i] == '/' || s[i] == '-' || s[i] == '+') {
		i++
	}
	unit := strings.ToLower(strings.TrimSpace(s[i:]))
	if i > 0 && i < len(s) && strings.Trim(s, "0123456789hmsd.") == "" { // 168h0m0s
		return true
	}
	if i > 0 && (i == len(s) && strings.ContainsAny(s, ".,:/-") && i < 20 || units.Has(unit)) {
		return true
	}
	if value.Quantity(s) {
		return true
	}
	if i == 0 && len(s) > 1 && (s[0] == 'v' || s[0] == 'V') && digit(s[1]) && strings.Trim(s[1:], "0123456789.") == "" {
		return true
	}
	return false
}

var units = keyword.NewList(`s ms us ns sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days w week weeks month months y yr year years b kb mb gb tb kib mib gib k
	bit bits byte bytes char chars character characters digit digits letter letters word words times time % x th st nd rd px pt em -character -digit -bit -byte -day -minute -hour
	tokens token requests entries items lines line rows columns pages files times`)

// unitFollows reports whether a unit or noun stands behind a number: "8 characters", "90 days", "3 times".
func unitFollows(text string, i int) bool {
	i = skipSpace(text, i, 3)
	if i < len(text) && text[i] == '-' {
		i++
	}
	j := i
	for j < len(text) && letter(text[j]) {
		j++
	}
	w := strings.ToLower(text[i:j])
	return w != "" && units.Has(w) || strings.HasPrefix(text[i:], "%") || strings.HasPrefix(text[i:], "文字") || strings.HasPrefix(text[i:], "桁") || strings.HasPrefix(text[i:], "日") || strings.HasPrefix(text[i:], "分")
}

func typeName(s string) bool {
	switch strings.ToLower(s) {
	case "string", "str", "text", "varchar", "bytes", "byte", "char", "password", "secret", "token", "any", "object", "boolean", "uint", "float", "double", "decimal", "self", "rune", "long", "short", "bool", "int", "number", "null", "none", "nil", "undefined", "true", "false", "required", "optional":
		return true
	}
	return false
}

func firstWord(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, " \t\n"); i >= 0 {
		return s[:i]
	}
	return s
}

func firstPart(s string) string {
	if i := strings.IndexAny(s, "'/.,;:()"); i > 0 {
		return s[:i]
	}
	return s
}

// Famous reports whether s is one of the passwords that everybody knows, in a text that speaks of how common they are.
func Famous(text string, start int, s string) bool { return famous(text, start, s) }

func famous(text string, start int, s string) bool {
	return wellKnown.Has(strings.ToLower(strings.Trim(s, "\"'.,`"))) && ranking.Contains(strings.ToLower(text[max(0, start-120):min(len(text), start+120)]))
}

var wellKnown = keyword.NewList(`123456 12345678 123456789 1234567890 12345 1234 0000 1111 111111 222222 654321 121212 000000 qwerty qwertz azerty password password1 letmein iloveyou admin welcome hunter2 abc123 monkey dragon football baseball sunshine princess 1q2w3e4r passw0rd secret changeme trustno1 master superman batman`)

var ranking = keyword.New([]string{"refused", "rejected", "not allowed", "forbidden", "disallowed", "denylist", "too weak", "most common", "commonest", "worst password", "worst pin", "popular password", "of all four", "of all pin", "the list of", "list is led", "top ten", "top 10", "tops the list", "leads the list", "joke", "ranking", "ranked", "number one again", "nobody is surprised", "最悪の", "ありがち", "一位", "1位", "ランキング", "よく使われる", "使われがち"})
