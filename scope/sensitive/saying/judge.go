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
	if !utf8.ValidString(s) || value.Placeholder(s) || value.Alphabet(s) && !(c.class == secret && l.kind == assign && n.code) || value.Versioned(s) || value.Pattern(s) || value.Shortcut(s) || strings.Contains(s, "][") || value.Fingerprint(text, v.start, s) { // [a reference][of Markdown]
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
	if v.quoted && text[v.start-1] == '`' && l.kind == assign && n.env(text) && v.words > 1 { // KEY=`etcdctl get /key`
		return 0
	}
	if hashBegins(s) || l.kind == copula && n.code && strings.Contains(text[n.end:v.start], "replaced") { // readPassphrase was replaced by readSecret
		return 0
	}
	if subjectLine(text, v, l) || argument(s, l) || beside(text, n, v, l) || constantName(text, s, v, l, c) || tested(text, n, s) || inFragment(text, n, l) || l.kind == direct && verbPass(text, n, v) {
		return 0
	}
	if l.cell && (s[0] == '-' || s[0] == '|' || described(text, v)) { // | `--passphrase` | asks for the passphrase |
		return 0
	}
	if v.quoted && v.start > 2 && text[v.start-2] == ':' && text[v.start-3] == ' ' && value.Identifier(s) { // PASSWORD :'app_password' of psql
		return 0
	}
	if !v.quoted && l.kind == assign && v.end < len(text) && strings.IndexByte(",)", text[v.end]) >= 0 && parameters.Has(strings.ToLower(s)) { // password=passphrase, …
		return 0
	}
	if k := strings.LastIndexByte(s, '.'); k > 0 && strings.HasSuffix(text[n.start:n.end], s[k:]) && strings.HasPrefix(strings.TrimLeft(text[n.end:], " "), "->") { // Passphrase.argon2 -> FlexiKey.argon2
		return 0
	}
	if l.prose && l.kind == copula && s[0] == '#' && len(s) > 3 && sh.Digit == len(s)-1 && c.class == password { // when needed - #2137
		return 0
	}
	if l.kind == direct && !v.quoted && v.end+1 < len(text) && text[v.end] == ':' && text[v.end+1] == ' ' && value.Identifier(s) && sh.Digit == 0 { // the next key of a mapping that lost its lines
		return 0
	}
	if l.kind == copula && !v.quoted && plain(s) && partsOfScreens.Has(lastWord(text[max(0, n.start-24):n.start])) { // the label Password is bold
		return 0
	}
	if s == "export" && l.prose { // use this passphrase: export NAME=…
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
	if l.kind == direct && !v.quoted && member(s) { // $PASSWORD host=db
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
	if v.quoted && (strings.HasPrefix(s, " %") || strings.HasPrefix(s, ")") || strings.HasPrefix(s, ",") && strings.HasSuffix(s, ":")) { // what stands between two strings
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
	if c.word == "maiden name" && l.kind == direct && upper(s[0]) && plain(s) && len(s) >= 3 { // mother's maiden name Fitzgerald
		return 0.65
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
	if l.compared && c.class == secret {
		return 0.6
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
	case strings.HasSuffix(c.word, "code") && l.kind == copula && !n.code && (phrased(s) || capitals(s) && strings.Count(s, "-") >= 2 || passwordLike(s)) && networks.Contains(text[max(0, n.start-80):n.start]): // wifi code is Robot-Crimson-Melon
		return 0.66
	case strings.HasSuffix(c.word, "code") && l.kind != direct && !otherCode(text, n):
		if conf := judgePIN(text, s, sh, v, l, c); conf > 0 && (sh.Digit == sh.Len && sh.Digit >= 4 && sh.Digit <= 8 || strings.Count(s, "-") >= 2 || sh.Digit >= 3 && sh.Upper > 0 && sh.Lower == 0 && sh.Len <= 8) {
			return 0.6
		}
		return 0
	case l.kind != direct && len(s) >= 10 && looksMade(s, sh) && !measured(s):
		return 0.7
	case (c.word == "key" || !ascii(c.word) || c.word == "clave" || c.word == "chiave" || c.word == "chave") && l.kind != direct && !n.code && len(s) >= 5 && networks.Contains(strings.ToLower(text[max(0, n.start-80):v.start])) && judgePassword(text, s, sh, v, l, n) > 0: // the guest wifi is Attic and the key is sunshine
		return 0.6
	case c.word == "key" && l.kind != direct && !n.code && (counted(s) || mixedWords(s)): // luks key = Coffee@280
		return 0.66
	case c.word == "auth" && l.kind == assign && passwordLike(s): // redis: auth: Coffee@601
		return 0.66
	case l.kind == assign && passwordLike(s) && networks.Contains(text[max(0, n.start-80):n.start]):
		return 0.7
	case l.kind == copula && sh.Digit == 0 && strings.Count(s, "-") >= 2 && !describes(s) && networks.Contains(text[max(0, n.start-80):n.start]):
		return 0.65
	case c.word == "login" && l.kind == copula && v.quoted && v.words <= 5 && sh.Upper > 0 && (sh.Digit > 0 || v.words > 1) && !describes(firstWord(s)): // my login is 'Velvet Hammer 3'
		return 0.6
	case c.word == "login" && l.kind == copula && !v.quoted && sh.Digit > 0 && sh.Lower+sh.Upper >= 4 && !technical(s) && !value.Versioned(s) && !measured(s) && !value.Reference(s): // the laptop's login is pelican42
		return 0.6
	case v.quoted && v.words == 1 && sh.Digit > 0 && sh.Lower+sh.Upper > 0 && len(s) >= 8 && networks.Contains(text[max(0, n.start-80):n.start]):
		return 0.7
	}
	return 0
}

// partsOfScreens are what has a name that says password on it.
var partsOfScreens = keyword.NewList(`label column button tab heading caption property attribute checkbox tooltip placeholder`)

// lastWord returns the last word of s in small letters.
func lastWord(s string) string {
	words := strings.Fields(strings.ToLower(s))
	if len(words) == 0 {
		return ""
	}
	return strings.Trim(words[len(words)-1], "\"'`")
}

// parameters are names that arguments for a secret have.
var parameters = keyword.NewList(`passphrase passwd password passcode pwd secret token`)

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
	if v.quoted && strings.HasSuffix(l, ":") && plain(strings.ReplaceAll(l[:len(l)-1], " ", "")) && v.words <= 4 {
		return true
	}
	return v.quoted && v.words == 1 && strings.Contains(l, c.word) && (route.MatchString(l) || strings.HasSuffix(l, ":") && plain(l[:len(l)-1]) || (l[0] == '#' || l[0] == '.') && strings.Trim(l[1:], "abcdefghijklmnopqrstuvwxyz-_") == "" || strings.Contains(l, "/:"))
}

// route is a controller and one of its methods, as frameworks for the web name them: cms/passwords#edit.
var route = pattern.New(`^[a-z_]+(?:/[a-z_]+)*#[a-z_]+$`)

// message reports whether a quoted sentence, or a button, speaks of what it would be: "Choose a stronger password", "Set Password".
func message(s string, v found, c *cue) bool {
	return v.quoted && (v.words >= 3 || v.words == 2 && upper(s[0]) && strings.HasSuffix(strings.ToLower(s), c.word)) && ascii(c.word) && strings.Contains(strings.ToLower(s), c.word) && !strings.ContainsAny(s, "0123456789")
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
	return n.code || !opensLine(text, n.start, " \t\r")
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
		return !strings.Contains(s, "@") || exampleAddress(s)
	}
	if c.class == password && (l.kind == assign && (!l.prose && n.env(text) || setting(text, n, v)) || l.prose && l.kind != direct) && value.Words(strings.ToLower(s)) { // PGPASSWORD=teapot.storm, the password is Himbeer.torte
		return false
	}
	return value.Reference(s)
}

// setting reports whether a name and its value are a line of YAML or of properties, where nothing is computed.
func setting(text string, n name, v found) bool {
	property := strings.Contains(text[n.start:n.end], ".") && strings.ToLower(text[n.start:n.end]) == text[n.start:n.end] && (strings.HasPrefix(text[n.end:], " = ") || strings.HasPrefix(text[n.end:], "=")) // mail.password = Jacaranda.Bloom
	return !n.quoted && opensLine(text, n.start, " -") && (property || strings.HasPrefix(text[n.end:], ": ")) && (v.end == len(text) || text[v.end] == '\n')
}

// opensLine reports whether nothing but signs of blank stands before i on its line.
func opensLine(text string, i int, blank string) bool {
	for i > 0 && strings.IndexByte(blank, text[i-1]) >= 0 {
		i--
	}
	return i == 0 || text[i-1] == '\n'
}

// endsLine reports whether nothing but blanks stand from i on to the end of its line.
func endsLine(text string, i int) bool {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i == len(text) || text[i] == '\n'
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
	case licence(c.word) && numberGroups(s):
		return 0.75
	case measured(s), value.Version(s): // an image's tag: secrets:1.5.14-no-vault
		return 0
	case made:
		return 0.85
	}
	if l.kind == direct {
		if len(s) >= 10 && strings.HasPrefix(s, "0x") && value.ShapeOf(s[2:]).Hex && strings.HasSuffix(c.word, "key") {
			return 0.6
		}
		if passwordLike(s) && (strings.EqualFold(c.word, "secret") || strings.Contains(c.word, "shared")) && !n.code {
			return 0.55
		}
		return 0
	}
	if v.quoted && l.kind == assign && sentence(s, v) && c.word == "secret" { // secret: 'purple monkey dishwasher'
		return 0.6
	}
	if v.quoted && v.words == 1 && l.kind == assign && c.word == "secret" && !n.code {
		if a, b, ok := strings.Cut(s, "#"); ok && len(a) >= 3 && len(b) >= 3 && plain(a+b) && !parameters.Has(a) && !parameters.Has(b) { // secret: "garden#gnome"
			return 0.6
		}
	}
	if v.quoted && l.kind == copula && v.words >= 2 && v.words <= 5 && strings.HasSuffix(c.word, "secret") && plain(strings.ReplaceAll(s, " ", "")) && !strings.Contains(strings.ToLower(s), "secret") && !describes(firstWord(s)) { // the shared secret is 'Bamboo valley Comet'
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
	if l.kind == copula && passwordLike(s) {
		return 0.66
	}
	if l.kind == copula && sh.Digit > 0 && sh.Lower+sh.Upper > 0 && len(s) >= 6 && !value.Identifier(s) {
		return 0.65
	}
	if l.tag && n.start > 0 && text[n.start-1] == '<' && strings.HasPrefix(text[v.next:], "</") && standsNear(accountNames, text, max(0, n.start-80), n.start) { // <login>ops</login><secret>velvet59</secret>
		v.last = true
		return judgePassword(text, s, sh, v, l, n)
	}
	if v.quoted && l.kind == assign && !n.code && strings.EqualFold(c.word, "secret") && mixedOrCapital(s) { // "secret": "Velvet-Otter-Harbor"
		return 0.6
	}
	if l.kind == assign && strings.EqualFold(c.word, "secret") && (phrased(s) || camelWords(s)) && standsNear(tunnels, text, max(0, n.start-120), n.start) && standsNear(accountNames, text, max(0, n.start-80), n.start) { // user: mara, secret: velvet-otter-harbor
		return 0.6
	}
	if passwordLike(s) || l.kind == copula && !v.quoted && camelWords(s) || l.kind == assign && handmade(s, sh, strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(c.word)) {
		return 0.66
	}
	return 0
}

// mixedOrCapital reports whether s is three words joined by hyphens with a capital, as no object of a cluster is called.
func mixedOrCapital(s string) bool {
	return mixedWords(s) || capitals(s) && strings.Count(s, "-") >= 2 && !describes(s)
}

// tunnels are networks that one enters with an account and a secret.
var tunnels = keyword.New([]string{"vpn", "ipsec", "l2tp", "pptp", "wireguard", "radius", "wifi", "wi-fi", "wlan"})

// accountNames announce the name of an account.
var accountNames = keyword.New([]string{"login", "user", "username", "account"})

// chosenSecrets sign what a program hands out: people make them up as often as they draw them.
var chosenSecrets = keyword.NewList(`jwtsecret sessionsecret cookiesecret appsecret signingsecret hmacsecret`)

// handmade reports whether a setting's value is a word with digits, or behind the name of one of chosenSecrets words alone.
func handmade(s string, sh value.Shape, cue string) bool {
	chosen := chosenSecrets.Has(cue)
	if !chosen && cue != "secret" && cue != "secretkey" || sh.High > 0 || value.Version(s) || technical(s) || value.Numbered(s) {
		return false
	}
	if sh.Digit > 0 {
		for _, w := range strings.Split(s, "_") {
			if w = strings.TrimRight(strings.ToLower(w), "0123456789"); talk.Has(w) || meta.Has(w) || openNames.Has(w) {
				return false
			}
		}
		return sh.Lower+sh.Upper >= 4 && sh.Other == strings.Count(s, "_") && sh.Turns <= 1+2*sh.Other && letter(s[0])
	}
	for _, w := range strings.Split(s, "-") {
		if len(w) < 3 || !plain(w) || describes(w) || meta.Has(strings.ToLower(w)) {
			return false
		}
	}
	return chosen && len(s) >= 6
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

func typeName(s string) bool {
	switch strings.ToLower(s) {
	case "string", "str", "text", "varchar", "bytes", "byte", "char", "password", "secret", "token", "any", "object", "boolean", "uint", "float", "double", "decimal", "self", "rune", "long", "short", "bool", "int", "number", "null", "none", "nil", "undefined", "true", "false", "required", "optional":
		return true
	}
	return false
}

// licence reports whether a cue names what licences and recovery are written with: groups of digits alone are such a key.
func licence(cue string) bool {
	return hasAny(strings.ToLower(cue), []string{"licen", "product", "activation", "recovery", "serial", "gift", "voucher", "unlock", "enrol", "ライセンス", "プロダクト", "シリアル", "リカバリ", "回復", "復旧"})
}

// numberGroups reports whether s is three groups of digits or more, of four digits at least each: 28180-04444-46039.
func numberGroups(s string) bool {
	groups := strings.Split(s, "-")
	for _, g := range groups {
		if len(g) < 4 || len(g) > 8 || strings.Trim(g, "0123456789") != "" {
			return false
		}
	}
	return len(groups) >= 3
}

// hashBegins reports whether s is how hashes begin, and nothing more: $2b$12$.
func hashBegins(s string) bool {
	return len(s) > 2 && len(s) < 32 && s[0] == '$' && s[len(s)-1] == '$'
}
