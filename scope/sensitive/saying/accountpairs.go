package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// accountPair is the login of an account that every system has, with any password, behind what it is of: "Metabase: admin / cactus",
// "kibana → elastic / "lantern tree"". Lists of roles and paths through menus look nearly alike, so that no third part may follow, and
// the account is in small letters.
var accountPair = pattern.New(`(?:->|→|⇒|=>|[:：(（は]|ログイン|アカウント|\b[Ll]ogin|\b[Cc]reds|\b[Cc]redentials) ?["'` + "`" + `]?(root|admin|administrator|Administrator|sa|postgres|elastic|sysadmin|superuser|sysdba|ADMIN) / (?:"([^"\n]{4,40})"|'([^'\n]{4,40})'|` + "`([^`\n]{4,40})`" + `|([^\s"'` + "`" + `,;。、」)）]{4,40}))(?:[.,;)）。、!]|$|\s)`)

// workingPair is one that is said to open something: "admin / velvet still works on the printer".
var workingPair = pattern.New(`^(root|admin|administrator|sa|postgres|elastic|superuser|sysdba) / ([a-z]{4,24}) (?:still |also |now |just |should )?(?:works?|worked|(?:gets?|lets?|logs?) (?:you|me|us)|opens|will do|does it)\b`)

var accountPairWords = keyword.New([]string{"root / ", "admin / ", "administrator / ", "sa / ", "postgres / ", "elastic / ", "superuser / ", "sysdba / "})

// accountEnters is such an account with what it enters with, in Japanese: rootは sunset でログイン可能.
var accountEnters = pattern.New(`^(?:root|admin|administrator|postgres|sa)(?:は|には|に|で) ?["'「]?([!-~]{4,40}?)["'」]? ?(?:でログイン|で入れ|で入り|でサインイン|で接続)`)

var accountEntersWords = keyword.New([]string{"rootは", "rootに", "rootで", "adminは", "adminに", "adminで", "administratorは", "administratorに", "postgresは", "postgresに", "saは", "saに"})

// entrances are ways to enter that are no passwords.
var entrances = keyword.NewList(`ssh sso sudo mfa totp oidc ldap vnc rdp telnet console browser chrome safari firefox putty https http localhost google okta github yubikey passkey`)

// accountEntering finds what accountEnters describes.
func accountEntering(text string, out []match.Match, budget *match.Budget) []match.Match {
	accountEntersWords.Each(text, func(h keyword.Hit) bool {
		const reach = 72
		if h.Start > 0 && alnum(text[h.Start-1]) {
			return true
		}
		if !budget.Spend(reach / 2) {
			return false
		}
		m := accountEnters.FindStringSubmatchIndex(text[h.Start:min(len(text), h.Start+reach)])
		if m == nil {
			return true
		}
		start, end := h.Start+m[2], h.Start+m[3]
		s := text[start:end]
		if w := strings.ToLower(s); entrances.Has(w) || describes(w) || meta.Has(w) || Manager(s) || technical(s) || strings.ToUpper(s) == s && plain(s) || value.Placeholder(s) || value.Reference(s) && !value.Words(w) || measured(s) || strings.ContainsAny(s, "/:<>") {
			return true
		}
		out = append(out, match.Match{Rule: "ja-account-enters", Kind: match.Credential, Start: start, End: end, Confidence: 0.65})
		return len(out) < match.Enough
	})
	return out
}

// roles stand in lists with admin, and are no passwords.
var roles = keyword.NewList(`editor viewer member owner moderator reader writer staff public customer customers billing reports report home tools staging production prod dev developer developers operator maintainer author contributor auditor analyst superadmin tenant`)

// accountPairs finds what accountPair describes.
func accountPairs(text string, out []match.Match, budget *match.Budget) []match.Match {
	accountPairWords.Each(text, func(h keyword.Hit) bool {
		const before, reach = 16, 60
		from, to := max(0, h.Start-before), min(len(text), h.End+reach)
		if !budget.Spend(to - from) {
			return false
		}
		m := accountPair.FindStringSubmatchIndex(text[from:to])
		if m == nil && (h.Start == 0 || space(text[h.Start-1])) {
			if m = workingPair.FindStringSubmatchIndex(text[h.Start:to]); m != nil {
				from = h.Start
			}
		}
		if m == nil || from+m[2] > h.End || strings.HasPrefix(strings.TrimLeft(text[from+m[1]:], " "), "/") {
			return true
		}
		for g := 4; g < len(m); g += 2 {
			if m[g] < 0 {
				continue
			}
			start, end := from+m[g], from+m[g+1]
			s := strings.TrimRight(text[start:end], ".,;!")
			w := strings.ToLower(firstWord(s))
			if describes(w) || meta.Has(w) || accounts.Has(w) || generic.Has(w) || notUsers.Has(w) || roles.Has(w) || value.Placeholder(s) || value.Reference(s) && !value.Words(w) || technical(s) || measured(s) && value.ShapeOf(s).Digit < len(s) || strings.ContainsAny(s, "<>{}$/") || value.ShapeOf(s).High > 0 && !kanaOnly(s) {
				continue
			}
			out = append(out, match.Match{Rule: "account-pair", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.65})
		}
		return len(out) < match.Enough
	})
	return out
}
