package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// What stands in the place of a value.

// told reports whether s ends by saying what is to be written there: SlackAppTokenHere, RANDOMSTRINGHERE.
func told(s string) bool {
	l, ok := strings.CutSuffix(strings.ToLower(s), "here")
	if !ok || !strings.HasSuffix(s, "Here") && !strings.HasSuffix(s, "HERE") {
		return false
	}
	for _, w := range []string{"token", "key", "secret", "password", "string", "value"} {
		if strings.HasSuffix(strings.TrimRight(l, "_-"), w) {
			return true
		}
	}
	return false
}

// uniform reports whether s is a UUID each group of which is one digit again and again: 11111111-2222-3333-4444-555555555555.
func uniform(s string) bool {
	if !UUID(s) {
		return false
	}
	for _, group := range strings.Split(s, "-") {
		if !isDigit(group[0]) || strings.Trim(group, group[:1]) != "" {
			return false
		}
	}
	return true
}

// Struck reports whether s ends in a mask: x, X or 0 sixteen times in a row, and at most three more.
func Struck(s string) bool {
	const most, rest = 16, 3
	for _, mask := range []string{"X", "x", "0"} {
		if i := strings.LastIndex(s, strings.Repeat(mask, most)); i >= 0 && len(s)-i-most <= rest {
			return true
		}
	}
	return false
}

// template reports whether s holds a place for a value between open and shut, or the beginning of one. Where the brackets between
// them do not match it is a value with many marks: m{{h}o)p${e]n}}.
func template(s, open, shut string) bool {
	_, rest, ok := strings.Cut(s, open)
	if !ok {
		return false
	}
	body, _, closed := strings.Cut(rest, shut)
	if !closed {
		return true
	}
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0 || open == "${" && strings.Contains(body, "${")
}

// scoped is a name in code behind those of the modules that it lies in.
var scoped = pattern.New(`^[A-Z][a-z]{2,}[A-Za-z]*(?:::[A-Z][A-Za-z]*[0-9]{0,3})+(?:\.[a-z_]+)?$`)
