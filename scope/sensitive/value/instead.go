package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
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

// filter reports whether what stands between start and end names what a template does with the value before it, between two braces and
// behind a bar: {{ .Values.auth.password | b64enc }}. Nothing in quotes and no value made up is such a name.
func filter(text string, start, end int) bool {
	const reach = 160
	before := strings.TrimRight(text[max(0, start-reach):start], " \t")
	if !strings.HasSuffix(before, "|") || strings.HasSuffix(before, "||") {
		return false
	}
	before = before[strings.LastIndexByte(before, '\n')+1:]
	open := max(strings.LastIndex(before, "{{"), strings.LastIndex(before, "{%"))
	if open < 0 || strings.Contains(before[open:], "}}") || strings.Contains(before[open:], "%}") {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimRight(strings.TrimSuffix(text[start:end], "}}"), "-% \t"), "(")
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.") == "" || numberedFilters.Has(name)
}

// numberedFilters are what templates do with a value, where its name has digits.
var numberedFilters = keyword.NewList(`b64enc b64dec b64encode b64decode b32enc b32dec base64 base64encode base64decode sha1 sha256 sha512 sha1sum sha256sum sha512sum md5 md5sum crc32 utf8 indent2 hash256 adler32sum`)

// zipped reports whether s is what a link hands a page about code to show, gzip in base64, the bytes of which look drawn whatever is in it:
// https://play.host/#H4sIAAAA….
func zipped(before, s string) bool {
	link := before + s
	link = link[strings.LastIndexAny(link, " \t\r\n\"'`()<>")+1:]
	i := strings.Index(link, "H4sI")
	return i > 0 && strings.IndexByte("#=/:", link[i-1]) >= 0 && !strings.Contains(link[i:], "&") && strings.Contains(link[:i], "://") && !privateWords.Contains(link[:i])
}

// repeated reports whether s is one letter again and again, eight times at least, as what stands in for a secret is: qqqqqqqqqqqq.
func repeated(s string) bool {
	const least = 8
	return len(s) >= least && isLetter(s[0]) && strings.Trim(s, s[:1]) == ""
}
