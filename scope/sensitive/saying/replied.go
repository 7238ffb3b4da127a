package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// replyWords ask for something in a chat.
var replyWords = keyword.New([]string{"what", "wht ", "wat ", "anyone", "anybody", "someone", "somebody", "remind me", "send me", "give me", "tell me", "can you", "could you", "can i", "need the", "which ", "please", "confirm", "教え", "だっけ", "わかる", "分かる", "知って", "ください", "下さい", "何で", "なんで", "何番", "？", "?"})

// reply is one line of a chat that holds nothing but a word: who speaks, perhaps when, and the word.
var reply = pattern.New(`^[ \t]*(?:\[[^\]\n]{1,24}\] ?|\(?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?\)?(?: ?[AaPp][Mm])?[ \t]*[-–]?[ \t]*)?(?:<[^<>\n]{1,24}>|>{1,3}|@?[\pL][\pL\d._-]{0,20}(?: [\pL][\pL\d._-]{0,20})? ?[:>|：])[ \t]*(?:(?:use|try|yes,?|sure[:,]?|it'?s|that'?s) )?["'` + "`" + `「]?([^\s"'` + "`" + `「」]{4,40})["'` + "`" + `」]?[ \t\r]*$`)

// replied finds what one says in a chat when another has asked for a secret: "whats the pw for jenkins", next line "tom: Gargoyle_55".
func replied(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := -1
	replyWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done {
			return true
		}
		const reach = 160
		from := max(0, h.Start-reach)
		from += strings.LastIndexByte(text[from:h.Start], '\n') + 1
		nl := strings.IndexByte(text[h.End:min(len(text), h.End+reach)], '\n')
		if nl < 0 {
			return true
		}
		question := text[from : h.End+nl]
		done = h.End + nl + 1
		answer, _, _ := strings.Cut(text[done:min(len(text), done+reach)], "\n")
		if !standsNear(askedFor, question, 0, len(question)) {
			return true
		}
		if !budget.Spend(len(answer)) {
			return false
		}
		m := reply.FindStringSubmatchIndex(answer)
		if m == nil {
			return true
		}
		start, end := done+m[2], done+m[3]
		s := text[start:end]
		sh := value.ShapeOf(s)
		made := sh.Digit > 0 || mixedCase(s) || strings.ContainsAny(s, "!@#$%&+_") || strings.Count(s, "-") > 0
		if !made || strings.ContainsAny(s[len(s)-1:], "?,:") || plain(strings.Trim(s, ".!-'")) && !mixedCase(s) || value.Placeholder(s) || value.Reference(s) || technical(s) || measured(s) && sh.Digit < sh.Len || strings.Contains(s, "://") || Manager(s) || value.Otherwise(text, start, end) >= value.Strong && !(sh.Hex && sh.Digit > 0 && sh.Lower > 0 && len(s) <= 16) {
			return true
		}
		out = append(out, match.Match{Rule: "chat-reply", Kind: match.Credential, Start: start, End: end, Confidence: 0.7})
		return len(out) < match.Enough
	})
	return out
}

// askedFor is what a chat asks for.
var askedFor = keyword.New([]string{"password", "passwort", "passphrase", "passcode", "pass", "pasword", "pw", "pwd", "pin", "door code", "gate code", "alarm code", "code for", "code to", "combo", "combination", "login", "creds", "credentials", "secret", "token", "api key", "key for", "wifi", "wi-fi", "wlan",
	"パスワード", "パス", "暗証", "コード", "ログイン", "鍵", "キー", "トークン", "PW"})
