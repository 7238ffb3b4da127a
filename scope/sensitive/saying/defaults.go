package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// defaults finds what a variable for a secret is when nobody sets it: ${MAIL_PW:tRt7MSClZPyq}, ${API_TOKEN:-5f8c…}. Most defaults are
// words for a machine of one's own, so that it must look made.
func defaults(text string, out []match.Match) []match.Match {
	const reach = 200
	for i := 0; len(out) < match.Enough; {
		n := strings.Index(text[i:], "${")
		if n < 0 {
			return out
		}
		i += n + 2
		body := text[i:min(len(text), i+reach)]
		end := strings.IndexByte(body, '}')
		if end < 0 {
			continue
		}
		name, s, ok := strings.Cut(body[:end], ":")
		start := i + len(name) + 1
		if cut, dash := strings.CutPrefix(s, "-"); dash {
			s, start = cut, start+1
		}
		if sh := value.ShapeOf(s); !ok || len(s) < 6 || !secretVariable(name) || value.Placeholder(s) || value.Reference(s) || strings.Contains(s, "://") || measured(s) ||
			!passwordLike(s) && !(sh.Digit > 0 && sh.Digit <= 2 && sh.Lower >= 5 && sh.Len == sh.Digit+sh.Lower && passwordVariable(name) && !value.Numbered(s)) && !(sh.Digit > 0 && sh.Lower+sh.Upper >= 4 && value.Random(s) >= 0.7 && !value.Identifier(s)) {
			continue
		}
		out = append(out, match.Match{Rule: "variable-default", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.75})
	}
	return out
}

// secretVariable reports whether a part of a variable's name is a word for a secret.
func secretVariable(name string) bool {
	for _, w := range nameParts(name) {
		switch w {
		case "pw", "pwd", "pass", "passwd", "password", "passphrase", "secret", "token", "key", "apikey", "credential", "credentials":
			return true
		}
	}
	return false
}

// passwordVariable reports whether the last part of a variable's name is a word for a password, which people choose as words with a
// digit: ${DB_PASS:-sturmh4ube}.
func passwordVariable(name string) bool {
	parts := nameParts(name)
	switch parts[len(parts)-1] {
	case "pw", "pwd", "pass", "passwd", "password", "passphrase":
		return true
	}
	return false
}

// hostPairs finds a login in front of a host without a scheme, as proxies and remote copies have it: ops:kelp-9@10.0.0.9.
func hostPairs(text string, out []match.Match) []match.Match {
	for i := 0; len(out) < match.Enough; {
		n := strings.IndexByte(text[i:], '@')
		if n < 0 {
			return out
		}
		at := i + n
		i = at + 1
		from := at
		for from > 0 && at-from < 64 && text[from-1] > ' ' && text[from-1] < 0x80 && strings.IndexByte("\"'`()<>[],;=/@", text[from-1]) < 0 {
			from--
		}
		if from > 0 && text[from-1] == '/' {
			continue
		}
		user, s, ok := strings.Cut(text[from:at], ":")
		if !ok || len(user) < 2 || len(s) < 4 || !letter(user[0]) || strings.Trim(user, lettersDigits+"._-") != "" || !reachable(text[i:]) {
			continue
		}
		start := at - len(s)
		if value.Placeholder(s) || value.Reference(s) && !dotted(s) || generic.Has(strings.ToLower(s)) || accounts.Has(strings.ToLower(s)) || strings.Trim(s, "0123456789") == "" && len(s) < 6 || strings.ContainsAny(s, "{}$%*") {
			continue
		}
		out = append(out, match.Match{Rule: "host-login", Kind: match.Credential, Start: start, End: at, Confidence: 0.8})
	}
	return out
}

const lettersDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// reachable reports whether s begins with an address of four numbers, or with a host and a port.
func reachable(s string) bool {
	end := strings.IndexFunc(s, func(r rune) bool {
		return !(r < 0x80 && (alnum(byte(r)) || r == '.' || r == '-' || r == ':'))
	})
	if end < 0 {
		end = len(s)
	}
	host, port, _ := strings.Cut(s[:min(end, 80)], ":")
	if strings.Count(host, ".") == 3 && strings.Trim(host, "0123456789.") == "" {
		return true
	}
	return strings.Contains(host, ".") && len(port) >= 2 && len(port) <= 5 && strings.Trim(port, "0123456789") == ""
}

// groupWords announce a code of groups that a machine has drawn.
var groupWords = keyword.New([]string{"app password", "app-password", "application password", "app-specific password", "backup code", "recovery code", "recovery key", "print code", "printed code", "emergency code", "emergency key", "rescue code", "scratch code", "アプリパスワード", "リカバリーコード", "バックアップコード", "復旧コード", "予備コード", "serial for", "activate", "activation", "license", "licence", "registration key", "product key", "gift card", "アクティベーション", "ライセンス", "プロダクトキー", "登録キー"})

// groups is such a code: m20p cefj 4ihh ut8z 91ge.
var groups = pattern.New(`^[^\n.;]{0,24}?[ :"'` + "`" + `「はI]((?:[a-z0-9]{4,5}[ -]){3,8}[a-z0-9]{4,5})(?:[^A-Za-z0-9]|$)`)

// joinedGroups is one in capitals or digits, joined by hyphens: 7XK2P-11QRT-9ZB4M, 28180-04444-46039.
var joinedGroups = pattern.New(`^[^\n.;]{0,40}?[ :"'` + "`" + `「はI]((?:[A-Z0-9]{4,6}-){2,8}[A-Z0-9]{4,6}|(?:[a-z0-9]{4,6}-){3,8}[a-z0-9]{4,6})(?:[^A-Za-z0-9-]|$)`)

// groupedCodes finds what groups describes, unless its groups are words.
func groupedCodes(text string, out []match.Match, budget *match.Budget) []match.Match {
	groupWords.Each(text, func(h keyword.Hit) bool {
		const reach = 90
		if !budget.Spend(reach) {
			return false
		}
		m := groups.FindStringSubmatchIndex(text[h.End:min(len(text), h.End+reach)])
		if m == nil {
			m = joinedGroups.FindStringSubmatchIndex(text[h.End:min(len(text), h.End+reach)])
		}
		if m == nil {
			return true
		}
		start, end := h.End+m[2], h.End+m[3]
		parts, drawnParts := strings.FieldsFunc(text[start:end], func(r rune) bool { return r == ' ' || r == '-' }), 0
		for _, p := range parts {
			if sh := value.ShapeOf(p); sh.Digit > 0 && (sh.Lower+sh.Upper > 0 || sh.Len >= 4) || value.Surprise(p) > 3.5 {
				drawnParts++
			}
		}
		if drawnParts*2 < len(parts) {
			return true
		}
		out = append(out, match.Match{Rule: "grouped-code", Kind: match.Credential, Start: start, End: end, Confidence: 0.7})
		return len(out) < match.Enough
	})
	return out
}
