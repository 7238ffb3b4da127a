package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// pairOfLogin is a user and a password side by side in Japanese: 監視ツールには admin / Kuma-2210 でログイン, VPNアカウント：sato／「夏祭42」.
var pairOfLogin = pattern.New(`(?:^|[^A-Za-z0-9._@/-])([A-Za-z][A-Za-z0-9._@-]{1,40})["'` + "`" + `」]?( ?[/／] ?| ?[と・] ?| で |:)(?:[「"'` + "`" + `]([^」"'` + "`" + `\n]{3,30})[」"'` + "`" + `]|([!-\\(*-~]{4,40})|([\x{3041}-\x{30FE}]{3,12}\d{0,4}))`)

// loginWordsJapanese speak of logging in.
var loginWordsJapanese = keyword.New([]string{"ログイン", "サインイン", "アカウント", "認証", "管理画面", "管理者", "で入れ", "で入り", "で入っ", "で入る", "で接続", "でアクセス", "引き継ぎ", "引継ぎ", "ID/PW", "ID／PW", "IDとパス", "ID/パス", "ID／パス", "環境／", "ログオン"})

// loginRightBefore end what stands right before a pair that is a login.
var loginRightBefore = []string{"ログイン", "アカウント", "認証", "ログイン情報", "管理者", "管理画面", "ID/PW", "ID／PW", "ログインは", "引き継ぎ", "引継ぎ", "Wi-Fi", "WiFi", "無線LAN"}

// pairsOfLogin finds what pairOfLogin describes in a line that speaks of logging in.
func pairsOfLogin(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	loginWordsJapanese.Each(text, func(h keyword.Hit) bool {
		const before, after = 96, 120
		if h.Start < done {
			return true
		}
		from, to := lineOf(text, h, min(before, h.Start-done), after)
		if !strings.ContainsAny(text[from:to], "/／とで・") {
			return true
		}
		if !budget.Spend(to - from) {
			return false
		}
		done = h.End
		for _, m := range pairOfLogin.FindAllStringSubmatchIndex(text[from:to], 3) {
			p := loginPair{text: text, before: text[from : from+m[2]], user: text[from+m[2] : from+m[3]], joint: text[from+m[4] : from+m[5]]}
			for g := 6; g < len(m); g += 2 {
				if m[g] < 0 {
					continue
				}
				p.start, p.end, p.quoted = from+m[g], from+m[g+1], g == 6
				p.end = p.start + len(strings.TrimRight(text[p.start:p.end], ".,;:!)]"))
				if p.end > p.start && p.holds() {
					out = append(out, match.Match{Rule: "ja-login", Kind: match.Credential, Start: p.start, End: p.end, Confidence: 0.76})
				}
			}
		}
		return len(out) < match.Enough
	})
	return out
}

// loginPair is a user and what may be a password, and what stands before both.
type loginPair struct {
	text, before, user, joint string
	start, end                int
	quoted                    bool
}

// holds reports whether a pair is a login.
func (p loginPair) holds() bool {
	s, user := p.text[p.start:p.end], strings.ToLower(p.user)
	rest := strings.TrimLeft(strings.TrimLeft(p.text[p.end:], "」\"'`"), " ")
	if notUsers.Has(user) && user != "user" || value.Placeholder(s) || technical(s) || Manager(s) || strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "／") || hasAnyPrefix(rest, refusals) {
		return false
	}
	head := strings.TrimRight(p.before, " :：は（(「\"'`\u3000")
	told := hasAnySuffix(head, loginRightBefore...) && len(head) < len(strings.TrimRight(p.before, " "))
	known := accounts.Has(user) && (user != "user" || told)
	bracketed := hasAnySuffix(p.before, "（", "(") && hasAnyPrefix(rest, []string{"）", ")"}) // （preview / X）
	entered := hasAnyPrefix(rest, opening) || hasAnyPrefix(rest, []string{"でアクセス", "でいけ", "でOK", "でいい", "を入力", "と入力", "を入れ"})
	slash := strings.ContainsAny(p.joint, "/／:")
	if p.joint == ":" && !told {
		return false
	}
	switch {
	case !known && !told && !(slash && (entered || bracketed)), !slash && !known, !slash && !entered && !wholeJapanese(rest), p.joint == "/" && !told && !entered:
		return false
	case strings.TrimSpace(p.joint) == "で" && !told && !hasAny(head[max(0, len(head)-24):], []string{"ログイン"}):
		return false
	}
	sh := value.ShapeOf(s)
	if sh.High > 0 {
		if DescribesJapanese(s) || hasAny(s, kanaTalk) || hasAny(s, instead) {
			return false
		}
		return p.quoted || kanaOnly(strings.TrimRight(s, "0123456789")) && (entered || bracketed || told && wholeJapanese(rest) || known && slash && wholeJapanese(rest))
	}
	w := strings.ToLower(firstWord(s))
	if describes(w) || meta.Has(w) || accounts.Has(w) || generic.Has(w) || roles.Has(w) || strings.ContainsAny(s, "<>{}()=$\\") || strings.Contains(s, "://") || measured(s) && !numberGroup(s) && sh.Digit < sh.Len || value.Reference(s) && !value.Words(w) && !p.quoted {
		return false
	}
	made := sh.Digit > 0 && sh.Lower+sh.Upper >= 2 || numberGroup(s) || sh.Digit == sh.Len && sh.Len >= 6 || strings.ContainsAny(s, "!@#%&+?") || strings.Count(s, "-") >= 2 || mixedCase(s) && !value.Identifier(s)
	if made || p.quoted {
		return true
	}
	return known && (slash || told && hasAnyPrefix(rest, closing)) && plain(s) && (entered || told) && s != strings.ToUpper(s)
}
