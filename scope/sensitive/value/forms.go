package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// shortDigest is how long the beginning of a commit's name is at most, which a key may be too.
const shortDigest = 12

// claims are the members of a token that say who it is for, and of its head.
var claims = keyword.NewList(`iss sub aud exp nbf iat jti azp acr amr nonce kid x5u x5c x5t jku jwk typ cty alg crit cnf htm htu ath`)

// section reports whether s is the number of a section: 9.2.4.
func section(s string) bool {
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if p == "" || len(p) > 2 || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return len(parts) == 3 || len(parts) == 4
}

// pull reports whether s is a request or an issue of a repository: hpke-pq#28.
func pull(s string) bool {
	name, number, ok := strings.Cut(s, "#")
	return ok && len(name) > 2 && number != "" && len(number) <= 6 && strings.Trim(number, "0123456789") == "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-/.") == ""
}

// served reports whether s is words of which one is the version of an API: v5-custom-fields.
func served(s string) bool {
	found := false
	parts := strings.Split(s, "-")
	for _, p := range parts {
		v := len(p) >= 2 && len(p) <= 3 && p[0] == 'v' && strings.Trim(p[1:], "0123456789") == ""
		if found = found || v; !v && strings.Trim(p, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return found && len(parts) > 1
}

// Likened reports whether s says of something what it is like: Tr0ub4dor-style.
func Likened(s string) bool {
	i := strings.LastIndexByte(s, '-')
	return i > 0 && likenesses.Has(strings.ToLower(s[i+1:]))
}

var likenesses = keyword.NewList(`style like type based only free proof safe ready compatible compliant encoded encrypted hashed formatted sized bit byte`)

// Shortcut reports whether s is keys to press together: Ctrl+Shift+P, ctrl+k.
func Shortcut(s string) bool {
	keys := strings.Split(strings.ToLower(s), "+")
	for _, k := range keys[:len(keys)-1] {
		if !modifiers.Has(k) {
			return false
		}
	}
	return len(keys) > 1
}

var modifiers = keyword.NewList(`ctrl control alt option opt cmd command meta super win shift fn`)

// prefix reports whether s is how tokens of a kind begin, and no more: npm_, sk_live_.
func prefix(s string) bool {
	return strings.HasSuffix(s, "_") && len(s) <= 12 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// paperNumber reports whether s is a number that says so: No.Q25-0117.
func paperNumber(s string) bool {
	return strings.HasPrefix(s, "No.") && strings.ContainsAny(s, "0123456789")
}

// Version reports whether s is the number of a version: v1.22.3, 2.10-12+deb12u2.
func Version(s string) bool {
	if len(s) > 4 && s[0] == 'v' && isDigit(s[1]) && strings.Count(s, ".") >= 2 {
		return true
	}
	if !isDigit(s[0]) || !strings.Contains(s, ".") {
		return false
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r >= '0' && r <= '9' || strings.ContainsRune(".+~:-", r) })
	for _, w := range words {
		if !builds.Has(w) {
			return false
		}
	}
	return len(words) > 0
}

// builds are what numbers of versions hold beside figures.
var builds = keyword.NewList(`deb u ubuntu rc alpha beta a b dev pre post preview snapshot dfsg ds el fc git bpo build p r final ga sp esr lts amd arm x`)

// hostName reports whether s is the name of a host: db.prod.internal.
func hostName(s string) bool { return strings.Count(s, ".") >= 2 && host.MatchString(s) }

// figures reports whether s is digits and hyphens.
func figures(s string) bool { return strings.Trim(s, "0123456789-") == "" }

// drawing reports whether s is a piece of the path of a drawing: 2.8V17h-2v-4.2a3.
func drawing(s string) bool {
	return strings.Count(s, ".")+strings.Count(s, "-") >= 3 && strings.ContainsAny(s, "MmLlHhVvCcSsQqTtAaZz") && strings.Trim(s, "0123456789.-MmLlHhVvCcSsQqTtAaZz") == ""
}

// versioned reports whether s is the number of a version: v1.4, v2.10.3-rc1.
func versioned(s string) bool {
	if len(s) < 4 || s[0] != 'v' || s[1] < '0' || s[1] > '9' || !strings.Contains(s, ".") {
		return false
	}
	head, tail, _ := strings.Cut(s[1:], "-")
	tail = strings.TrimRight(tail, "0123456789.")
	return strings.Trim(head, "0123456789.") == "" && (tail == "" || releases.Has(tail))
}

var releases = keyword.NewList(`rc alpha beta dev pre preview snapshot patch post`)

// camel reports whether s is words that capitals join and nothing else, as names in code and of products are: CloudWatch.
func camel(s string) bool {
	humps := 0
	for i := 0; i < len(s); i++ {
		if !isLetter(s[i]) {
			return false
		}
		if i > 0 && s[i] < 'a' && s[i-1] >= 'a' {
			humps++
		}
	}
	return humps > 0 && Identifier(s) && WordShare(s) >= 0.8
}

// issue is how trackers name what they track: BIL-7.
var issue = pattern.New(`^[A-Z][A-Z0-9]{1,9}-[0-9]{1,6}$`)

var host = pattern.New(`^[a-z0-9-]+(?:\.[a-z0-9-]+)+\.(?:com|org|net|io|dev|internal|local|lan|example|de|jp|co|eu|uk|fr|test)$`)
