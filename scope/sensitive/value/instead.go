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
