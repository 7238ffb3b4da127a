package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// spokenDigits are the digits as people say them to a microphone.
var spokenDigits = keyword.NewList(`zero oh nought one two three four five six seven eight nine double triple`)

// spokenCues are what such a number opens.
var spokenCues = keyword.New([]string{"pin", "code", "password", "passcode", "pass code", "combination", "combo", "safe", "alarm", "garage", "gate", "door", "voicemail", "locker", "keypad", "vault", "unlock", "otp"})

// spokenLeast is how many digits in a row make a number that someone dictates.
const spokenLeast = 4

// spoken finds numbers said digit by digit, "two two eight four", in texts that speak of what they open.
func spoken(text string, out []match.Match, budget *match.Budget) []match.Match {
	start, run := -1, 0
	for i := 0; i < len(text); {
		if !letter(text[i]) {
			if c := text[i]; c != ' ' && c != ',' && c != '-' {
				start, run = -1, 0
			}
			i++
			continue
		}
		j := i
		for j < len(text) && letter(text[j]) {
			j++
		}
		if j-i > 6 || !spokenDigits.Has(strings.ToLower(text[i:j])) {
			start, run, i = -1, 0, j
			continue
		}
		if run == 0 {
			start = i
		}
		run++
		i = j
		if run != spokenLeast {
			continue
		}
		from, to := max(0, start-80), min(len(text), j+60)
		if !budget.Spend(to - from) {
			return out
		}
		if hasCue(text[from:to]) {
			out = append(out, match.Match{Rule: "spoken-digits", Kind: match.Credential, Start: start, End: j, Confidence: 0.75})
		}
	}
	return out
}

func hasCue(part string) bool {
	found := false
	spokenCues.Each(part, func(h keyword.Hit) bool {
		found = !(h.Start > 0 && letter(part[h.Start-1])) && !(h.End < len(part) && letter(part[h.End]) && part[h.End] != 's')
		return !found
	})
	return found
}

// enteredWords follow, in Japanese, what is to be typed or what opens a login.
var enteredWords = keyword.New([]string{"と入力", "を入力", "って入力", "と入れ", "を入れ", "って入れ", "と打", "を打ち", "でログイン", "で入っ", "で入れ", "で開き", "で開く"})

// entered finds what is to be typed: "hokkaido88 と入力", "deploy / kumo-no-ito で入って".
func entered(text string, out []match.Match, budget *match.Budget) []match.Match {
	enteredWords.Each(text, func(h keyword.Hit) bool {
		if !budget.Spend(64) {
			return false
		}
		end := h.Start
		for end > 0 && (text[end-1] == ' ' || text[end-1] == '"' || text[end-1] == '\'') {
			end--
		}
		start := end
		for start > 0 && end-start < 48 && text[start-1] > ' ' && text[start-1] < 0x80 && text[start-1] != '"' && text[start-1] != '\'' {
			start--
		}
		s := text[start:end]
		sh := value.ShapeOf(s)
		pair := strings.HasSuffix(strings.TrimRight(text[max(0, start-3):start], " "), "/")
		made := sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && len(s) >= 6
		joined := pair && len(s) >= 5 && (strings.ContainsAny(s, "-_") || sh.Digit > 0 || sh.Upper > 0)
		if !made && !joined || value.Placeholder(s) || value.Reference(s) || value.Versioned(s) || value.Digest(s) || measured(s) || technical(s) || strings.ContainsAny(s, "()<>{}=") {
			return true
		}
		out = append(out, match.Match{Rule: "ja-entered", Kind: match.Credential, Start: start, End: end, Confidence: 0.65})
		return true
	})
	return out
}
