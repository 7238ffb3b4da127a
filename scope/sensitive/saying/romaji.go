package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// romajiSaid is a secret told in Japanese that is written in Latin letters: "wifi no password wa Kaze-2210 desu".
var romajiSaid = pattern.New(`^(?:no )?(?: ?wa|ha|ga|:)[ :]+["'「]?([^\s"'」]{3,40}|[^"'」\n]{3,40}[」"'])["'」]? ?(?:desu|dayo|da yo|da\b|datta|deshita|ni shita|ni shimashita|ni henkou|$|\n)`)

var romajiWords = keyword.New([]string{"password wa", "password ha", "pass wa", "pw wa", "pasuwa-do", "pasuwādo", "pasuwaado", "pasuwado", "ansho bango", "anshobango", "anshou bangou", "anshoubangou", "pin wa", "pinkodo wa", "pin code wa", "token wa", "api key wa", "kagi wa", "aikotoba"})

// romajiTold finds what romajiSaid describes.
func romajiTold(text string, out []match.Match, budget *match.Budget) []match.Match {
	romajiWords.Each(text, func(h keyword.Hit) bool {
		const reach = 90
		if h.Start > 0 && alnum(text[h.Start-1]) || h.End < len(text) && alnum(text[h.End]) {
			return true
		}
		if !budget.Spend(reach / 2) {
			return false
		}
		at := h.End
		for _, link := range []string{" wa", " ha", " ga"} {
			if strings.HasSuffix(text[h.Start:h.End], link) {
				at -= len(link) - 1
				break
			}
		}
		for at < len(text) && text[at] == ' ' {
			at++
		}
		m := romajiSaid.FindStringSubmatchIndex(text[at:min(len(text), at+reach)])
		if m == nil {
			return true
		}
		start, end := at+m[2], at+m[3]
		s := strings.Trim(text[start:end], "「」\"'")
		start += strings.Index(text[start:end], s)
		if len(s) < 3 || value.Placeholder(s) || romajiTalk.Has(strings.ToLower(firstWord(s))) || technical(s) || Manager(s) || measured(s) && !numberGroup(s) && value.ShapeOf(s).Digit < len(s) || DescribesJapanese(s) {
			return true
		}
		out = append(out, match.Match{Rule: "ja-romaji", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.76})
		return len(out) < match.Enough
	})
	return out
}

// romajiTalk is what is said of secrets in Latin letters.
var romajiTalk = keyword.NewList(`nan nani dare doko itsu hitsuyou hitsuyo fuyou himitsu mada nai onaji chigau tadashii anzen abunai nagai mijikai kore sore are koko soko betsu atode wasureta henkou henko kakunin nyuuryoku nyuryoku yowai tsuyoi random`)
