package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// Secrets of a second factor, and those that a header carries: they are drawn, and what they are for is said in front of them.

// drawnWords announce such a secret.
var drawnWords = keyword.New([]string{"recovery code", "backup code", "rescue code", "scratch code", "emergency code", "リカバリーコード", "リカバリコード", "復旧コード", "復旧用コード", "復元コード", "回復コード", "予備コード", "バックアップコード", "バックアップ用コード",
	"mfa seed", "2fa seed", "otp seed", "authenticator seed", "two-factor seed", "second factor seed", "mfa secret", "2fa secret", "otp secret", "authenticator secret",
	"api-key header", "apikey header", "api key header", "token header", "auth-key header", "access-key header", "secret header"})

// said joins an announced secret to what announces it; what it is for may stand between.
const said = `(?: (?:for|of|to|from|on) [^\n.;:=]{1,40}?)?(?:(?: is| are| was| were)?(?: now| still)?:?|：|を[^。：:\n]{1,30}[：:]|は|が|には|、| =| ->| →|→)[ "'` + "`" + `「]{1,2}`

var (
	// halves is a code of two groups of capitals and digits, or several: "my recovery code is TKXD-QXWM", リカバリーコード：KQZA-ATKX.
	halves = pattern.New(`^s?(?:` + said + `|(?:を[^。：:\n]{1,30})?[:：はが→])「?([A-Z0-9]{4,5}-[A-Z0-9]{4,5}(?:(?:, | and | or | |と|、)[A-Z0-9]{4,5}-[A-Z0-9]{4,5})*)(?:[^A-Za-z0-9-]|$)`)

	// seedOf is base 32 as apps for codes take it: "MFA seed for the billing account IMVFB64MK5EBRCZE".
	seedOf = pattern.New(`^` + said + `([A-Z2-7]{16,64}=*)(?:[^A-Za-z0-9]|$)`)

	// headerMust is what a header has to hold: "the x-api-key header must be 17c6bf3d…".
	headerMust = pattern.New(`(?i)^(?: value)?(?: (?:is|must|has to|should|needs to|shall|ought to|to|as)(?: always)?(?: be| equal| hold| carry| read)?(?: set to| exactly)?:?)[ "'` + "`" + `]{1,2}([A-Za-z0-9_-]{32,128})(?:[^A-Za-z0-9_-]|$)`)
)

// publicSeed begins the key with which RFC 6238 tests codes, in base 32.
const publicSeed = "GEZDGNBVGY3TQOJQ"

// announced finds what these patterns describe behind drawnWords.
func announced(text string, out []match.Match, budget *match.Budget) []match.Match {
	drawnWords.Each(text, func(h keyword.Hit) bool {
		const reach = 140
		to := min(len(text), h.End+reach)
		if !budget.Spend((to - h.End) / 2) {
			return false
		}
		rest, re, holds := text[h.End:to], halves, drawnHalves
		switch word := strings.ToLower(text[h.Start:h.End]); {
		case strings.HasSuffix(word, "header"):
			re, holds = headerMust, drawn
		case strings.HasSuffix(word, "seed"), strings.HasSuffix(word, "secret"):
			re, holds = seedOf, func(s string) bool {
				return !strings.HasPrefix(s, publicSeed) && value.Surprise(s) > 3.5 && !value.Placeholder(s)
			}
		}
		if m := re.FindStringSubmatchIndex(rest); m != nil && holds(rest[m[2]:m[3]]) {
			out = append(out, match.Match{Rule: "announced-code", Kind: match.Credential, Start: h.End + m[2], End: h.End + m[3], Confidence: 0.75})
		}
		return len(out) < match.Enough
	})
	return out
}

// drawnHalves reports whether no group of a code is a word, a placeholder or a run of the alphabet: TKXD-QXWM, unlike READ-ONLY.
func drawnHalves(s string) bool {
	for _, code := range strings.FieldsFunc(s, func(r rune) bool { return !(r < 0x80 && (alnum(byte(r)) || r == '-')) }) {
		a, b, ok := strings.Cut(code, "-")
		if !ok { // a word between two codes
			continue
		}
		sh := value.ShapeOf(a + b)
		if value.Placeholder(code) || sh.Distinct < 4 || strings.HasPrefix("ABCDEFGHIJ", a) || calendar(code) || sh.Digit == 0 && (value.Surprise(a) < 3.2 || value.Surprise(b) < 3.2 || value.Surprise(a+b) < 3.8) || sh.Digit > 0 && sh.Upper > 0 && (letters(a) && value.Surprise(a) < 3.2 && numbers(b) || numbers(a) && letters(b) && value.Surprise(b) < 3.2 || technical(a) || wordGroup(a) || wordGroup(b)) {
			return false
		}
	}
	return true
}

// wordGroup reports whether a group is a word in capitals: SAFE.
func wordGroup(s string) bool { return letters(s) && value.Surprise(s) < 2.9 }

func letters(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }

func numbers(s string) bool { return strings.Trim(s, "0123456789") == "" }
