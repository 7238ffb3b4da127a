package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// What changes and documents say with the words for secrets: names of commands, arguments of calls, names beside names.

// imperatives begin what a change does, behind what it does it to: change-passphrase: print the location of the key.
var imperatives = keyword.NewList(`add allow avoid apply bump change check clarify clean cleanup convert correct deprecate detect disable document don't drop enable enforce ensure error expand expose extend extract fix fixed force
	forbid get guard handle hide ignore implement improve include introduce keep limit load log make mark merge migrate mention move only pass prefer prevent print prompt provide put raise read reduce refactor refuse reject release remove
	rename reorder reorganize replace report require reset restore restrict return reuse revert rewrite rework run set show simplify skip sort split stop store strip support suppress switch sync test tidy try turn tweak type
	unify update upgrade use using validate verify warn wrap write`)

// subjectLine reports whether a value begins what a change does to something that is named like a secret.
func subjectLine(text string, v found, l link) bool {
	s := text[v.start:v.end]
	if v.quoted || l.kind != assign || v.end+1 >= len(text) || text[v.end] != ' ' || !imperatives.Has(strings.ToLower(s)) {
		return false
	}
	line, _, _ := strings.Cut(text[v.end+1:], "\n")
	return len(strings.Fields(line[:min(len(line), 80)])) >= 2
}

// argument reports whether a value behind a name with nothing between is a named argument of a call, or a filter or name of LDAP:
// passes force_write=False, -w secret "cn=olga".
func argument(s string, l link) bool {
	name, val, ok := strings.Cut(s, "=")
	if !ok || l.kind != direct || name == "" || !value.Identifier(name) && len(name) > 2 {
		return false
	}
	return constants.Has(strings.ToLower(val)) || attributes.Has(strings.ToLower(strings.TrimLeft(name, "("))) || val != "" && strings.Trim(val, "0123456789") == "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
}

var (
	constants  = keyword.NewList(`true false none null nil self undefined`)
	attributes = keyword.NewList(`cn dc ou uid sn mail objectclass samaccountname givenname`)
)

// beside reports whether a value in backquotes follows a name in backquotes with nothing or a comma between: names in code, one after
// another.
func beside(text string, n name, v found, l link) bool {
	s := text[v.start:v.end]
	if !v.quoted || n.start == 0 || text[n.start-1] != '`' || text[v.start-1] != '`' || l.kind == copula || n.end >= len(text) || text[n.end] != '`' {
		return false
	}
	return strings.TrimLeft(text[n.end+1:v.start-1], " ,") == "" && (value.Identifier(s) || strings.HasPrefix(s, text[n.start:n.end])) && value.ShapeOf(s).Digit == 0
}

// constantName reports whether a value in backquotes is a constant, capital words joined by underscores, or behind a word such as "secret" any
// name in code.
func constantName(text, s string, v found, l link, c *cue) bool {
	if c.class == secret && l.kind == direct && v.quoted && v.start > 0 && text[v.start-1] == '`' && value.Identifier(s) && value.ShapeOf(s).Digit == 0 { // Apple's secret `SYS_recvmsg_x`
		return true
	}
	if v.quoted && v.start > 0 && text[v.start-1] == '`' && (strings.Contains(s, "::") && value.Reference(s) || strings.HasPrefix(s, "--")) { // pass through `task::block_in_place`, `--password`, use `--password-file`
		return true
	}
	return v.quoted && v.start > 0 && text[v.start-1] == '`' && strings.Contains(s, "_") && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// tested reports whether a name is what a test's run prints before its tests: --- PASS: TestAccUser_basic, PASS tests/auth.js.
func tested(text string, n name, s string) bool {
	return text[n.start:n.end] == "PASS" && (strings.HasSuffix(text[:n.start], "--- ") || strings.HasPrefix(s, "Test") || n.start == 0 || text[n.start-1] == '\n')
}

// inFragment reports whether a name stands in the path or the fragment of an address, where a colon tells nothing.
func inFragment(text string, n name, l link) bool {
	const reach = 200
	word := text[max(0, n.start-reach):n.start]
	word = word[strings.LastIndexAny(word, " \t\r\n\"'`<(")+1:]
	i := strings.Index(word, "://")
	return i >= 0 && l.kind == assign && n.end < len(text) && text[n.end] == ':' && strings.IndexByte(word[i+3:], '/') >= 0
}

// verbPass reports whether "pass" is what is done with the word behind it: pass utf8 to the parser.
func verbPass(text string, n name, v found) bool {
	return strings.EqualFold(text[n.start:n.end], "pass") && !v.quoted && objectOf.MatchString(text[v.end:min(len(text), v.end+16)])
}

var objectOf = pattern.New(`^(?:\(\))? (?:to|into|through|along|via|on to|explicitly|directly|when|instead|around|down|by)\b`)
