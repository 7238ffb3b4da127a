package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// lineID is what somebody is called in the messenger LINE: LINE IDは neko.sumo です.
var lineID = pattern.New(`^(?:の?アカウント|の? ?ID)?(?:で連絡してください、IDは|は|:|が|=| |「|を教えます|を送ります|、){1,4}@?([A-Za-z][A-Za-z0-9._-]{3,19})(?:」|です|だ|で|に| |$|\n|、|。)`)

var lineWords = keyword.New([]string{"LINE ID", "LINEID", "LINEのID", "LINEは", "LINEのアカウント", "LINEアカウント", "LINE:", "LINE：", "LINEで", "ラインID", "ラインのID", "ラインは"})

// lineIDs finds what lineID describes. A plain word there is talk of LINE itself.
func lineIDs(text string, out []match.Match) []match.Match {
	lineWords.Each(text, func(h keyword.Hit) bool {
		at := h.Start + len("LINE")
		if strings.HasPrefix(text[h.Start:], "ライン") {
			at = h.Start + len("ライン")
		}
		if h.Start > 0 && alnum(text[h.Start-1]) || text[h.Start] == 'l' {
			return true
		}
		const reach = 64
		rest := strings.TrimLeft(text[at:min(len(text), at+reach)], " ")
		m := lineID.FindStringSubmatchIndex(rest)
		if m == nil {
			return true
		}
		if s := rest[m[2]:m[3]]; countDigits(s) > 0 || strings.ContainsAny(s, "._") {
			start := strings.Index(text[at:], s) + at
			out = append(out, match.Match{Rule: "line-id", Kind: match.Personal, Start: start, End: start + len(s), Confidence: 0.7})
		}
		return len(out) < match.Enough
	})
	return out
}
