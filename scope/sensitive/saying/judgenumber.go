package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

func judgePIN(text, s string, sh value.Shape, v found, l link, c *cue) float64 {
	code := strings.Trim(s, "#*")
	digits := 0
	for i := 0; i < len(code); i++ {
		if digit(code[i]) {
			digits++
		}
	}
	switch {
	case digits == 0:
		if v.quoted && v.words == 1 && sh.Upper >= 4 && sh.Lower == 0 && len(s) >= 5 {
			return 0.7
		}
		return 0
	case digits == len(code):
		if digits < 3 || digits > 12 || unitFollows(text, v.next) || l.kind == direct && digits < 4 {
			return 0
		}
		return 0.85
	case len(code) >= 5 && strings.Trim(code, "0123456789-") == "" && !calendar(code):
		return 0.8
	case measured(code) || len(code) < 4 || value.UUID(code) || value.Version(code) || strings.ContainsAny(code, "<>=~^"): // pin v2.0.0-alpha.1, pin PyYAML>=6.0.1
		return 0
	}
	if sh.Digit >= 2 && sh.Lower+sh.Upper >= 1 && len(code) <= 40 {
		return 0.75
	}
	return 0
}

// calendar reports whether digits and hyphens write a date.
func calendar(s string) bool {
	p := strings.Split(s, "-")
	return len(p) == 3 && len(p[0]) == 4 && len(p[1]) == 2 && len(p[2]) == 2 && (p[0][:2] == "19" || p[0][:2] == "20")
}

// measured reports whether s is a quantity, version, date, time or address rather than a secret.
func measured(s string) bool {
	i := 0
	for i < len(s) && (digit(s[i]) || s[i] == '.' || s[i] == ',' || s[i] == ':' || s[i] == '/' || s[i] == '-' || s[i] == '+') {
		i++
	}
	unit := strings.ToLower(strings.TrimSpace(s[i:]))
	if i > 0 && i < len(s) && strings.Trim(s, "0123456789hmsd.") == "" && !digit(s[len(s)-1]) { // 168h0m0s
		return true
	}
	if i > 0 && (i == len(s) && strings.ContainsAny(s, ".,:/-") && i < 20 || units.Has(unit)) {
		return true
	}
	if value.Quantity(s) {
		return true
	}
	if i == 0 && len(s) > 1 && (s[0] == 'v' || s[0] == 'V') && digit(s[1]) && strings.Trim(s[1:], "0123456789.") == "" {
		return true
	}
	return false
}

var units = keyword.NewList(`s ms us ns sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days w week weeks month months y yr year years b kb mb gb tb kib mib gib k
	bit bits byte bytes char chars character characters digit digits letter letters word words times time % x th st nd rd px pt em -character -digit -bit -byte -day -minute -hour
	tokens token requests entries items lines line rows columns pages files times`)

// unitFollows reports whether a unit or noun stands behind a number: "8 characters", "90 days", "3 times".
func unitFollows(text string, i int) bool {
	i = skipSpace(text, i, 3)
	if i < len(text) && text[i] == '-' {
		i++
	}
	j := i
	for j < len(text) && letter(text[j]) {
		j++
	}
	w := strings.ToLower(text[i:j])
	return w != "" && units.Has(w) || strings.HasPrefix(text[i:], "%") || strings.HasPrefix(text[i:], "文字") || strings.HasPrefix(text[i:], "桁") || strings.HasPrefix(text[i:], "日") || strings.HasPrefix(text[i:], "分")
}
