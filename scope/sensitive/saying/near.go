package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// nearCues are words whose sentence makes a word such as "Osprey_71" a password, however they are joined.
var nearCues = keyword.New([]string{"password", "passwd", "passcode", "passphrase", "pwd", "creds", "credentials", "passwort", "contraseña", "mot de passe", "パスワード", "パスコード", "密码", "비밀번호"})

// nearReach is how far, in bytes, such a word may stand from the cue.
const nearReach = 70

// nearby finds words that are shaped like passwords in the sentence of a cue. It is the net below the grammar: what no
// rule of linking explains is still a secret more often than not.
func nearby(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	nearCues.Each(text, func(h keyword.Hit) bool {
		if h.Start > 0 && letter(text[h.Start-1]) && letter(text[h.Start]) || h.End < len(text) && (letter(text[h.End]) && letter(text[h.End-1]) || text[h.End] == '_') {
			return true
		}
		from, to := min(h.Start, max(done, h.Start-nearReach)), min(len(text), h.End+nearReach)
		from += sentenceStart(text[from:h.Start])
		to = h.End + sentenceEnd(text[h.End:to])
		if !budget.Spend((to - from) / 4) {
			return false
		}
		limit := min(len(text), to+nearReach)
		for i := from; i < to; {
			if space(text[i]) || text[i] >= 0x80 {
				i++
				continue
			}
			j := i
			for j < limit && !space(text[j]) && text[j] < 0x80 {
				j++
			}
			if j == limit && j < len(text) { // longer than any password
				break
			}
			s := strings.Trim(text[i:j], "\"'`()[]{}<>,;:.?|*")
			if passwordLike(s) && (j <= h.Start || i >= h.End) && !famous(text, i, s) {
				start := i + strings.Index(text[i:j], s)
				out = append(out, match.Match{Rule: "password-like-word", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.55})
			}
			i = j
		}
		done = to
		return true
	})
	return out
}

func sentenceStart(s string) int {
	at := 0
	for _, end := range []string{"\n", ". ", "? ", "。"} {
		if i := strings.LastIndex(s, end); i >= 0 {
			at = max(at, i+len(end))
		}
	}
	return at
}

func sentenceEnd(s string) int {
	at := len(s)
	for _, end := range []string{"\n", ". ", "? ", "。"} {
		if i := strings.Index(s, end); i >= 0 {
			at = min(at, i)
		}
	}
	return at
}

// passwordLike reports whether s is shaped as people shape passwords and nothing else: a word with a number or a mark
// behind it or letters swapped for digits, in mixed case or with a mark; no term, name, date, version or path.
func passwordLike(s string) bool {
	if len(s) < 6 || len(s) > 32 {
		return false
	}
	if mixedWords(s) {
		return true
	}
	sh := value.ShapeOf(s)
	marks := strings.Count(s, "!") + strings.Count(s, "#") + strings.Count(s, "%") + strings.Count(s, "&") + strings.Count(s, "^") + strings.Count(s, "~")
	switch {
	case sh.Digit == 0 || sh.Lower+sh.Upper < 3 || sh.Digit < 2 && marks == 0 && !passSigned(s),
		strings.ContainsAny(s, "/\\()[]{}<>=\"'`,;|") || strings.Contains(s, "::") || strings.Contains(s, "..") || strings.Contains(s, "--"),
		value.UUID(s) || value.Digest(s) || value.Reference(s) || value.Placeholder(s) || value.Versioned(s) || measured(s) || technical(s) || value.Typed(s) || ordinary(s) || value.Likened(s):
		return false
	case marks > 0 || counted(s) || typedRun(s) || passSigned(s):
		return true
	}
	return sh.Upper > 0 && sh.Lower > 0 && (sh.Turns <= 2 || sh.Other > 0) || sh.Digit >= 3 && sh.Turns == 1 && sh.Lower >= 3
}

// counted reports whether s is a word, an @ and a number too large for the version of a package: ginger@431.
func counted(s string) bool {
	word, number, ok := strings.Cut(s, "@")
	return ok && len(word) >= 3 && plain(word) && (len(number) == 3 || len(number) == 4) && strings.Trim(number, "0123456789") == ""
}

// passSigned reports whether s begins like the password of which a letter is a sign: P@ssharbor7, p@$$word1.
func passSigned(s string) bool {
	l := strings.ToLower(s)
	return (strings.HasPrefix(l, "p@ss") || strings.HasPrefix(l, "p@$$")) && !strings.Contains(l, ".")
}

// keyRows are the rows of a keyboard.
var keyRows = [...]string{"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"}

// typedRun reports whether s is letters and digits that lie beside each other on a keyboard, nearly all: 1q2w3e4r, zxcvbn12.
func typedRun(s string) bool {
	letters, near := 0, 0
	row, col := -1, -1
	for i := 0; i < len(s); i++ {
		r, c := -1, -1
		for k, keys := range keyRows {
			if at := strings.IndexByte(keys, lowered(s[i])); at >= 0 {
				r, c = k, at
			}
		}
		if r < 0 {
			return false
		}
		if r > 0 {
			letters++
		}
		if i > 0 && max(r-row, row-r) <= 1 && max(c-col, col-c) <= 1 && !(r == row && c == col) {
			near++
		}
		row, col = r, c
	}
	return letters >= 3 && len(s)-letters >= 2 && near*10 >= (len(s)-1)*8
}

// mixedWords reports whether s is three words or four joined by hyphens, of which some begin with a capital and some do not, as no term
// and no name is written: Phoenix-coffee-magnet. Small words inside are those of names: Stratford-upon-Avon.
func mixedWords(s string) bool {
	const shortest = 4
	parts := strings.Split(s, "-")
	if len(parts) < 3 || len(parts) > 4 {
		return false
	}
	capitals := 0
	for _, p := range parts {
		if len(p) < shortest || !plain(p) || strings.ToLower(p[1:]) != p[1:] || small.Has(strings.ToLower(p)) {
			return false
		}
		if upper(p[0]) {
			capitals++
		}
	}
	return capitals > 0 && capitals < len(parts)
}

// small are words inside of names, and what terms begin or end with.
var small = keyword.NewList(`upon under over sous près near like style speaking based non anti semi multi cross self post inter intra trans mono content type only free first born ridden driven wide side aware safe ready proof header type name file class page form field request response policy error state auth token key password secret user server client service api based-on based sensitive specific related default encrypted encoded signed authentication authorization verification`)

// ordinary reports whether s is a term or a name with a number in it: camel-case names, host names, keys of settings.
func ordinary(s string) bool {
	i := 0
	for i < len(s) && letter(s[i]) {
		i++
	}
	word := s[:i]
	if i < len(s) && strings.IndexByte("@$!%&", s[i]) >= 0 { // P@$$w0rd
		word = ""
	}
	switch strings.ToLower(word) {
	case "sha", "md", "aes", "rsa", "base", "utf", "oauth", "http", "https", "ipv", "argon", "bcrypt", "pbkdf", "x", "ed", "es", "rs", "hs", "ps", "k", "s", "ec", "log", "web", "h", "p", "v", "ticket", "issue", "pr", "section",
		"step", "chapter", "page", "line", "row", "version", "room", "user", "item", "test", "node", "host", "server", "build", "release", "port", "level", "phase", "stage", "part", "figure", "table", "appendix", "windows", "win",
		"office", "python", "java", "php", "mysql", "postgres", "redis", "nginx", "db", "app", "api", "cve", "rfc", "iso", "nist", "pkcs", "tls", "ssl", "int", "uint", "float", "vector", "tier", "day", "week", "month", "year", "q":
		return true
	}
	if strings.Contains(s, "_") && value.ShapeOf(s).Digit < 2 {
		return true
	}
	return strings.Count(s, ".") > 0 && value.Dotted(s) || strings.Count(s, "-") >= 2
}
