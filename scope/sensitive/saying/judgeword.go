package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

func judgePassword(text, s string, sh value.Shape, v found, l link, n name) float64 {
	if len(s) < 3 && alnum(s[0]) && spelled(text, v.start) {
		return 0.8
	}
	if len(s) < 3 || len(s) > 256 {
		return 0
	}
	if w := strings.TrimRight(s, "?!"); len(w) < len(s) && plain(w) && (describes(w) || meta.Has(strings.ToLower(w)) || strings.EqualFold(w, "please")) && !v.quoted && !capitalised(text, w, v, l) { // "the maximum password length?"
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
	case wordy && describes(s) && !capitalised(text, s, v, l), talk.Has(strings.ToLower(firstPart(s))) && sh.Digit == 0:
		return 0
	case sh.Digit == sh.Len:
		if len(s) < 4 || unitFollows(text, v.next) {
			return 0
		}
		return 0.85
	case measured(s) && !(l.kind != direct && numberGroup(s)) || value.UUID(s) && l.kind == direct:
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
	if l.kind == copula && !v.last && strings.Count(s, "-") == 1 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == "" && describes(firstWord(text[v.end:min(len(text), v.end+32)])) { // passwords are one-way hashed
		return 0
	}
	if strings.IndexByte(s, '+') > 0 && describes(s) { // computed+optional
		return 0
	}
	if sh.Digit == 0 && sh.Upper == 0 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz'") == "" { // doesn't, user's
		return 0
	}
	if l.kind == direct && (s[0] == '(' || s[0] == '[' || s[0] == '-' || s[0] == '/' || s[0] == '`' || s[0] == '&' || s[0] == '@' || s[0] == ']' || s[0] == ')' || sh.Lower+sh.Upper+sh.Digit < 3 || s[len(s)-1] == '_' || sh.Digit == 0 && strings.Contains(s, "/") && strings.Contains(s, ".")) { // pass csi.storage.k8s.io/serviceAccount.name
		return 0
	}
	return 0.85
}

// capitalised reports whether a word behind "is" or "to" that ends like a description begins with a capital, as no description does
// amid a sentence: the password is Schmetterling.
func capitalised(text, s string, v found, l link) bool {
	return l.kind == copula && l.prose && v.last && upper(s[0]) && strings.ToLower(s[1:]) == s[1:] && !talk.Has(strings.ToLower(s)) && v.start > 0 && text[v.start-1] == ' '
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
	if mixedCase(s) && !(l.kind == direct && lower(s[0]) && value.WordShare(s) >= 0.6) { // document Password secretKeys
		return 0.7
	}
	if k := skipSpace(text, v.next, 3); k < len(text) && digit(text[k]) && l.kind != direct { // "hunter 2"
		return 0.7
	}
	if spelled(text, v.start) {
		return 0.8
	}
	if l.kind == direct && v.last && len(s) >= 4 && !meta.Has(strings.ToLower(s)) && !technical(s) && ofUser.MatchString(text[max(0, v.start-64):v.start]) { // with user etl and password sunset
		return 0.6
	}
	if l.kind == direct && v.last && len(s) >= 4 && knownAccount(text[max(0, v.start-64):v.start]) && !meta.Has(strings.ToLower(s)) && !followers.Has(strings.ToLower(s)) && !technical(s) && !describes(s) { // login admin password velvet
		return 0.6
	}
	if l.kind == direct && v.last && len(s) >= 5 && withIt.MatchString(text[max(0, v.start-32):v.start]) && !meta.Has(strings.ToLower(s)) && !meta.Has(strings.TrimSuffix(strings.ToLower(s), "s")) && !followers.Has(strings.ToLower(s)) && !technical(s) && !Manager(s) {
		return 0.6
	}
	if l.kind == direct || !v.last || len(s) < 4 {
		return 0
	}
	return 0.6
}

// ofUser is how the login of a named user is told up to its password.
var ofUser = pattern.New(`(?i)\b(?:user|username|login|account|uses|as|logs in as) (?:is )?["'` + "`" + `]?([a-z0-9][a-z0-9._@-]+)["'` + "`" + `]?(?:,| and| with|, and) (?:the |its )?(?:password|passwd|pass|pw|pwd) $`)

// ofAccount is how it is told without anything between the words.
var ofAccount = pattern.New(`(?i)\b(?:user|username|login|account) ([a-z0-9][a-z0-9._-]+) (?:password|passwd|pass|pw|pwd) $`)

func knownAccount(before string) bool {
	m := ofAccount.FindStringSubmatchIndex(before)
	return m != nil && accounts.Has(strings.ToLower(before[m[2]:m[3]]))
}

// withIt ends in how a password is told right behind its word: "created with the password moonlight", "given the password moonlight".
var withIt = pattern.New(`(?i)\b(?:with|given|using|has|got|assigned|type|enter|uses|use|try) (?:the|this) (?:new |old |initial |temporary |admin |root )?(?:password|passphrase|passwd|pw|pass) $`)

// followers are words behind "password" that make both the name of a thing, besides those of meta.
var followers = keyword.NewList(`login logins fallback instead entry access sharing policy policies grant grants feature flow flows hashing prompt prompts only again itself too first twice below above today tomorrow please everywhere somewhere cracker crackers dump dumps spray lists reminder reminders sheet book safe agent daemon store stores keeper keepers expert experts team teams flag flags expiry
	everyone people users owner database databases table tables change changes request requests helper helpers modal popup link links email emails mail mails letter letters envelope envelopes`)

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
	word := strings.ToLower(strings.Trim(s, "\"'.,`"))
	if !wellKnown.Has(word) {
		if word = strings.TrimRight(word, "0123456789!"); !wellKnown.Has(word) && !seasons.Has(word) {
			return false
		}
	}
	const reach = 120
	return ranking.Contains(strings.ToLower(text[max(0, start-reach):min(len(text), start+reach)]))
}

// seasons are what those who must change a password often put before the year.
var seasons = keyword.NewList(`spring summer autumn winter january february march april may june july august september october november december company`)

var wellKnown = keyword.NewList(`123456 12345678 123456789 1234567890 12345 1234 0000 1111 111111 222222 654321 121212 000000 qwerty qwertz azerty password password1 letmein iloveyou admin welcome hunter2 abc123 monkey dragon football baseball sunshine princess 1q2w3e4r passw0rd secret changeme trustno1 master superman batman`)

var ranking = keyword.New([]string{"well-known", "well known", "weak password", "weak, ", "weak or", "weak pass", "guessable", "easily guessed", "easy to guess", "spraying", "password spray", "credential stuffing", "brute force", "brute-force", "dictionary attack", "obviously wrong", "deliberately wrong", "wrong on purpose", "anti-pattern", "bad password", "débiles", "脆弱", "弱い", "よく知られ", "広く知られ", "推測されやす", "スタッフィング", "ブルートフォース", "refused", "rejected", "not allowed", "forbidden", "disallowed", "denylist", "too weak", "most common", "commonest", "worst password", "worst pin", "popular password", "of all four", "of all pin", "the list of", "list is led", "top ten", "top 10", "tops the list", "leads the list", "joke", "ranking", "ranked", "number one again", "nobody is surprised", "最悪の", "ありがち", "一位", "1位", "ランキング", "よく使われる", "使われがち"})
