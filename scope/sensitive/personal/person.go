package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// A record of someone gives a name and an age, or a name behind a word for whose it is: "Mr. Fitzwilliam Osei, 72", 相談者 真鍋 さやか（34）.
var (
	titledAge   = pattern.New(`^(?:Mr|Mrs|Ms|Miss|Mx|Herr|Frau|Mme|Sra?)\.? (?:\p{Lu}[\p{L}'’-]+ ?){1,4}(?:, ?| \()(?:aged? )?(?:[1-9]\d?|1[01]\d)(?:[,;.)]| ?(?:y/?o|years))`)
	childAge    = pattern.New(`(?:\p{Lu}[\p{L}'’-]+ ){1,3}\((?:aged? )?\d{1,2}\)`)
	roleName    = pattern.New(`^(?:氏名|相談者|患者|患者名|利用者|利用者名|生徒|生徒名|児童|園児|入居者|契約者|申込者|受診者|被保険者|本人|依頼者|被害者|世帯主)[：:　 は]{1,2}(\p{Han}{1,4}[ 　]?[\p{Han}\p{Hiragana}\p{Katakana}]{1,6})[^。\n]{0,16}?(?:（\d|\(\d|\d歳|生年|年生|\d年)`)
	personWords = keyword.New([]string{"Mr", "Mrs", "Ms", "Miss", "Mx", "Herr", "Frau", "Mme", "Sr", "Sra", "氏名", "相談者", "患者", "利用者", "生徒", "児童", "園児", "入居者", "契約者", "申込者", "受診者", "被保険者", "本人", "依頼者", "被害者", "世帯主"})
	childWords  = keyword.New([]string{"pick up", "drop her", "drop him", "drop them", "nursery", "kindergarten", "primary school", "foster", "the teacher", "pupil", "custody", "babysit", "childminder"})
)

// persons finds records of people.
func persons(text string, out []match.Match) []match.Match {
	budget := match.NewBudget(len(text))
	add := func(start, end int) {
		out = append(out, match.Match{Rule: "person-record", Kind: match.Personal, Start: start, End: end, Confidence: 0.65})
	}
	done := 0
	personWords.Each(text, func(h keyword.Hit) bool {
		to := min(len(text), h.Start+130)
		if h.Start < done || h.Start > 0 && alnum(text[h.Start-1]) && text[h.Start] < 0x80 || !hasDigit(text[h.Start:to]) {
			return true
		}
		if !budget.Spend(to - h.Start) {
			return false
		}
		if loc := titledAge.FindStringIndex(text[h.Start:to]); loc != nil {
			done = h.Start + loc[1]
			add(h.Start, done)
		} else if loc := roleName.FindStringSubmatchIndex(text[h.Start:to]); loc != nil && !samples.Contains(text[h.Start+loc[2]:h.Start+loc[3]]) {
			done = h.Start + loc[1]
			add(h.Start+loc[2], h.Start+loc[3])
		}
		return len(out) < match.Enough
	})
	childWords.Each(text, func(h keyword.Hit) bool {
		from, to := max(0, h.Start-80), min(len(text), h.End+80)
		if !wholeWord(text, h) || h.Start < done || !strings.Contains(text[from:to], "(") || !budget.Spend(2*(to-from)) {
			return !budget.Spent()
		}
		if loc := childAge.FindStringIndex(text[from:to]); loc != nil {
			done = to
			add(from+loc[0], from+loc[1])
		}
		return len(out) < match.Enough
	})
	if budget.Spent() {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

// samples are the names that forms are filled in with to show how.
var samples = keyword.New([]string{"山田 太郎", "山田　太郎", "山田太郎", "山田花子", "山田 花子", "鈴木一郎", "見本", "記入例", "〇〇", "○○"})
