package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// loginWords announce logins that follow without any verb.
var loginWords = keyword.New([]string{"credential", "creds", "login", "logins", "log-in", "passwords", "accounts", "account"})

// terseLogin is a login right behind its word: "new credentials app/Ginger-zebra-biscuit", "login ops violet-Orange-Phoenix", "staging
// creds - tomcat - harbor69", "[login] nas.local ops Tiger45".
var terseLogin = pattern.New(`(?i)^(?:credentials?|creds|logins?|log-in|account)(?:\]|:)?(?: -| \||,)? (?:[a-z0-9.-]+ )?([a-z0-9][a-z0-9._@\\-]{1,40})(?:/| / |:|: | : | - | \| |, | )["'` + "`" + `]?([^\s"'` + "`" + `,;]{5,60})["'` + "`" + `]?(?:$|[\s.,;)])`)

// loginOf is one that says what it is of: "login for argocd: admin, Spring6".
var loginOf = pattern.New(`(?i)^(?:credentials?|creds|logins?|log-in|account) (?:for|to|of|on|at) [^\n.;:,]{1,30}: ([a-z0-9][a-z0-9._@\\-]{1,40})(?:, | / )["'` + "`" + `]?([^\s"'` + "`" + `,;]{5,60})["'` + "`" + `]?(?:$|[\s.,;)])`)

// titledLogin is a login below a title, user and password on a line each: "Staging login", "admin", "Tiger45".
var titledLogin = pattern.New(`(?i)^(?:credentials?|creds|logins?|log-in|account)[ *:]*\r?\n+(?:[-=]{3,}\r?\n)?[ \t]*([a-z0-9][a-z0-9._@\\-]{1,40})\r?\n[ \t]*([^\s"'` + "`" + `,;:]{5,60})[ \t\r]*(?:\n|$)`)

// listedLogin is one below a title of several: "Credentials:", "- jenkins: Dragon-Bicycle-kitten".
var listedLogin = pattern.New(`(?i)^(?:credentials|creds|logins|passwords|accounts)[ *]*:?[ *]*\r?\n(?:[-=]{3,}\r?\n)?[ \t]*(?:[-*•] )?([^\s:=/][^:=/\n]{0,30}?)(?:: | = | / | - | ?\.{3,} ?)["'` + "`" + `]?([^\s"'` + "`" + `,;]{5,60})["'` + "`" + `]?[ \t\r]*(?:\n|$)`)

// logins finds what these patterns describe, where the password looks made up by hand or drawn.
func logins(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	loginWords.Each(text, func(h keyword.Hit) bool {
		const reach = 140
		if h.Start < done || h.Start > 0 && letter(text[h.Start-1]) {
			return true
		}
		to := min(len(text), h.Start+reach)
		if !budget.Spend((to - h.Start) / 2) {
			return false
		}
		for _, re := range []*pattern.Pattern{terseLogin, loginOf, titledLogin, listedLogin} {
			m := re.FindStringSubmatchIndex(text[h.Start:to])
			if m == nil {
				continue
			}
			user, start := strings.ToLower(text[h.Start+m[2]:h.Start+m[3]]), h.Start+m[4]
			s := strings.TrimRight(text[start:h.Start+m[5]], ".?)")
			pair := hasAnyPrefix(strings.ToLower(text[h.Start:min(len(text), h.End+1)]), []string{"credentials", "creds"}) && strings.IndexByte("/:", text[start-1]) >= 0 && plain(user+s) && len(s) >= 6 && !describes(s) && !meta.Has(strings.ToLower(s)) && !roles.Has(strings.ToLower(s)) // credentials ops/butterfly
			titled := strings.HasSuffix(text[:start], ", ") && (accounts.Has(user) || address(user)) && capitalNumber(s)                                                                                                                                                                      // login: admin, Spring6
			listed := re == listedLogin && strings.HasPrefix(strings.ToLower(text[h.Start:]), "passwords") && (wordsNumbered(s) || madeUp(s) && value.Otherwise(text, start, start+len(s)) < value.Some)
			if !userName(user) && !listed || len(s) == 0 || !byHand(text, start, start+len(s)) && !pair && !titled && !listed {
				continue
			}
			done = start + len(s)
			out = append(out, match.Match{Rule: "terse-login", Kind: match.Credential, Start: start, End: done, Confidence: 0.66})
			break
		}
		return len(out) < match.Enough
	})
	return out
}

// capitalNumber reports whether s is a word with a capital and a number behind it that nothing else is numbered with: Spring6.
func capitalNumber(s string) bool {
	word := strings.TrimRight(s, "0123456789")
	return len(word) >= 4 && len(s) > len(word) && len(s) <= len(word)+4 && upper(s[0]) && plain(word) && strings.ToLower(word[1:]) == word[1:] && !numbered.Has(strings.ToLower(word)) && !ordinary(s) && !technical(s) && !value.Versioned(s) && !describes(word) && !meta.Has(strings.ToLower(word))
}

// numbered are systems and parts of them that a number stands behind.
var numbered = keyword.NewList(`ubuntu debian fedora centos rhel windows macos android runner worker agent cluster server client service keycloak angular drupal joomla django laravel symfony bootstrap kernel module option method group team role admin operator area zone site device door gate slot rack lane batch round wave sprint quarter grade class type mode model series index field column block chunk shard replica slave master primary backup profile chapter section lesson task card unit`)

// userName reports whether a word in small letters can name an account.
func userName(w string) bool {
	return accounts.Has(w) || ownAccounts.Has(w) || !describes(w) && !meta.Has(w) && !notUsers.Has(w)
}

// ownAccounts are names of accounts that talk of secrets uses as well.
var ownAccounts = keyword.NewList(`app service api db client server database prod`)

// lineLogins are the whole of a line: a service, who enters, what with: "LinkedIn: jdoe, kitten@395", "user partner Harbor_41",
// "wiki	ops	denver-Lemon-panda", "Wi-Fi (2nd floor): robot@740", "guest wifi -> noodle-Nagoya-Orchid", "Attic (5 GHz): tiger.pickle.29".
var lineLogins = []*pattern.Pattern{
	pattern.New(`^(?:[-*•] )?[A-Za-z][A-Za-z0-9 .+-]{1,24}: ([a-z0-9][a-z0-9._@-]{1,40})(?:,? | / )(\S{6,40})$`),
	pattern.New(`^(?:user|USER) ([a-z0-9][a-z0-9._@-]{1,40}) (\S{6,40})$`),
	pattern.New(`^(?:[^|\t]{2,30}(?:\t| \| )){1,3}([a-z0-9][a-z0-9._@-]{1,40})(?:\t| \| )(\S{6,40})$`),
	pattern.New(`(?i)^(?:[-*•] )?(?:the )?(?:[a-z]+ ){0,3}(wi-?fi|wlan|hotspot)[^:\n]{0,24}?(?::| ->| →| =>) (\S{6,40})$`),
	pattern.New(`^(?:[-*•] )?([\w -]{2,24} \((?:5|2\.4|6) ?GHz\))(?::| ->| →) (\S{6,40})$`),
}

// hostLogin is an account at a host and what it enters with: "tomcat@web-02: Wizard@890".
var hostLogin = pattern.New(`^(?:[-*•] )?[a-z0-9][a-z0-9._-]*@[A-Za-z0-9][\w.-]*(?::| /| -|,) ["'` + "`" + `]?([^\s"'` + "`" + `]{5,40})["'` + "`" + `]?$`)

// submatch is what re finds in a line that is not too long and holds mark, without which it finds nothing.
func submatch(re *pattern.Pattern, line, mark string, longest int) []int {
	if len(line) >= longest || !strings.Contains(line, mark) {
		return nil
	}
	return re.FindStringSubmatchIndex(line)
}

// slashLogin is a service, an account and what it enters with: "OVH manager: xx12345-ovh / cedar12".
var slashLogin = pattern.New(`^(?:[-*•] )?[A-Z][A-Za-z0-9 .+-]{1,24}: ([a-z0-9][a-z0-9._@-]{1,40}) / (\S{5,40})$`)

// quotedPair is an account and its password in quotes each, as Markdown has them: "`tomcat` / `Anchor86`".
var quotedPair = pattern.New("[`\"]([a-z0-9][a-z0-9._@-]{1,40})[`\"](?: / |/| : |: |:| \\| )[`\"]([^\\s`\"]{5,40})[`\"]")

// quotedPairs finds what quotedPair describes.
func quotedPairs(text string, out []match.Match) []match.Match {
	const before, reach = 44, 48
	for i := 0; len(out) < match.Enough; {
		n := strings.IndexAny(text[i:], "`\"")
		if n < 0 {
			return out
		}
		at := i + n
		i = at + 1
		rest := text[i:min(len(text), i+4)]
		if at == 0 || !alnum(text[at-1]) || !hasAnyPrefix(rest, []string{" / ", "/", " : ", ": ", ":", " | "}) { // no quote that closes before a pair goes on
			continue
		}
		from := max(0, at-before)
		m := quotedPair.FindStringSubmatchIndex(text[from:min(len(text), at+reach)])
		if m == nil || from+m[3] != at {
			continue
		}
		start, end := from+m[4], from+m[5]
		user, s := text[from+m[2]:from+m[3]], text[start:end]
		object := text[at] == '"' && strings.HasPrefix(rest, ":") // a member and its value
		if !userName(user) || object && !accounts.Has(user) || !byHand(text, start, end) && !(value.Otherwise(text, start, end) < value.Strong && (mixedWords(s) || passwordLike(s))) {
			continue
		}
		i = end
		out = append(out, match.Match{Rule: "quoted-login-pair", Kind: match.Credential, Start: start, End: end, Confidence: 0.66})
	}
	return out
}

// chiefAlone is a text that is nothing but an account and what it enters with: "root papaya6".
var chiefAlone = pattern.New(`^(?:root|admin|administrator|sudo|postgres|sa) (\S{5,40})\s*$`)

// ofLine finds what lineLogins describes. A word and a number alone are much else there.
func ofLine(text string, out []match.Match) []match.Match {
	const longest = 110
	if len(text) < 64 {
		if m := chiefAlone.FindStringSubmatchIndex(text); m != nil && byHand(text, m[2], m[3]) {
			out = append(out, match.Match{Rule: "line-login", Kind: match.Credential, Start: m[2], End: m[3], Confidence: 0.66})
		}
	}
	for at := 0; at < len(text) && len(out) < match.Enough; {
		line, _, _ := strings.Cut(text[at:], "\n")
		next := at + len(line) + 1
		line = strings.TrimRight(line, " \r.")
		last := line[strings.LastIndexAny(line, " \t")+1:]
		if m := submatch(hostLogin, line, "@", longest); m != nil && byHand(text, at+m[2], at+m[3]) {
			out = append(out, match.Match{Rule: "line-login", Kind: match.Credential, Start: at + m[2], End: at + m[3], Confidence: 0.66})
		}
		if m := submatch(slashLogin, line, " / ", longest); m != nil && byHand(text, at+m[4], at+m[5]) {
			if user := line[m[2]:m[3]]; userName(user) && (accounts.Has(user) || strings.ContainsAny(user, "0123456789._@-")) {
				out = append(out, match.Match{Rule: "line-login", Kind: match.Credential, Start: at + m[4], End: at + m[5], Confidence: 0.66})
			}
		}
		if len(line) < longest && len(last) >= 6 && len(last) < len(line) && (mixedWords(last) || counted(last) || phrased(last) || passwordLike(last) && strings.ContainsAny(last, "!#&_") || wordsNumbered(last) && networks.Contains(strings.ToLower(line)) || strings.Contains(line, "GHz)") && (wordsNumbered(last) || byHand(text, at+len(line)-len(last), at+len(line)))) {
			for i, re := range lineLogins {
				m := re.FindStringSubmatchIndex(line)
				if m == nil {
					continue
				}
				user, start, end := line[m[2]:m[3]], at+m[4], at+m[5]
				if i == 0 && lower(line[0]) && !strings.Contains(line[:m[2]], user) { // tomcat manager: tomcat, Turnip-Violin-pickle
					continue
				}
				if phrased(last) && !mixedWords(last) && i < 3 && !accounts.Has(user) || !userName(user) || value.Otherwise(text, start, end) >= value.Some {
					continue
				}
				out = append(out, match.Match{Rule: "line-login", Kind: match.Credential, Start: start, End: end, Confidence: 0.66})
				break
			}
		}
		at = next
	}
	return out
}
