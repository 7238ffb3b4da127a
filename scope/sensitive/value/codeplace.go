package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// What names in code, packages and commits look like where texts speak of them.

// upgraded reports whether a word is a package that goes from one version to another: jnr-unixsocket to v0.38.23.
func (p place) upgraded() bool {
	const reach = 24
	return versions.MatchString(p.text[p.end:min(len(p.text), p.end+reach)])
}

var versions = pattern.New("^[`\"']? (?:from|to|at|@) [`\"']?v?\\d+\\.\\d+")

// slug reports whether a word is words joined by hyphens in the path or the fragment of an address, as titles of pages are.
func (p place) slug() bool {
	const reach = 200
	word := p.text[max(0, p.start-reach):p.start]
	word = word[strings.LastIndexAny(word, " \t\r\n\"'`(<>[,")+1:]
	i := strings.Index(word, "://")
	if i < 0 || strings.IndexByte(word[i+3:], '/') < 0 || strings.ContainsAny(word[i+3:], "?=@") {
		return false
	}
	parts := strings.FieldsFunc(p.s, func(r rune) bool { return strings.ContainsRune("-_.#/", r) })
	letters := 0
	for _, w := range parts {
		switch {
		case strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" && Surprise(w) < 3.6, len(w) <= 4 && strings.Trim(w, "0123456789") == "":
			letters += len(w)
		default:
			return false
		}
	}
	return len(parts) > 1 && letters > 5
}

// referred reports whether a word is part of a name that a text in reStructuredText refers to: :meth:`client.revoke_token`.
func (p place) referred() bool {
	const reach = 96
	word := p.text[max(0, p.start-reach):p.start]
	return rstRole.MatchString(word[strings.LastIndexAny(word, " \t\n([,")+1:])
}

// issues reports whether a word is how a tracker names what it tracks, beside another that it names alike: CNJR-2154, CNJR-3536.
func (p place) issues() bool {
	tracker, _, ok := strings.Cut(p.s, "-")
	const reach = 400
	return ok && issue.MatchString(p.s) && strings.Count(p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)], tracker+"-") > 1
}

// constructor reports whether s is a function or a member that its first word gives away: NewAuthStore, getHTTPKeys, httpKeysAPI.Get.
func constructor(s string) bool { return constructors.MatchString(s) }

var constructors = pattern.New(`^(?:(?:[Nn]ew|[Gg]et|[Ss]et|[Ii]s|[Hh]as|[Ww]ith|[Mm]ake|[Pp]arse|[Ll]oad|[Oo]n|[Tt]o|[Ff]rom|[Ww]rite|[Rr]ead|[Uu]pdate|[Dd]elete|[Cc]reate)(?:[A-Z][a-z]+|[A-Z]{2,5})+|[a-z]+[A-Z][A-Za-z]+\.[A-Z][a-z]+)$`)

// runtime reports whether s is a language with its version: go1.7, php8.2.
func runtime(s string) bool { return runtimes.MatchString(s) }

var runtimes = pattern.New(`^(?:go|py|python|ruby|php|node|java|jdk|lua|perl|swift|rust|gcc|clang|llvm|glibc|openssl)-?\d{1,2}(?:\.\d{1,3}){1,2}$`)

// scope reports whether a plain word begins a message with what a change is about: etcdhttp: always strip the hash.
func (p place) scope() bool {
	if p.start != 0 || strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	rest, ok := strings.CutPrefix(p.text[p.end:], ": ")
	line, _, _ := strings.Cut(rest, "\n")
	return ok && len(strings.Fields(line[:min(len(line), 80)])) >= 3
}

// snake reports whether a quoted word is a name in code, of plain words, that is called with alone or stands in a list:
// find('new_message'), ['password', 'recovery_question'].
func (p place) snake() bool {
	if !strings.Contains(p.s, "_") || strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz_") != "" || p.start < 2 || p.end+1 >= len(p.text) || p.text[p.start-1] != p.text[p.end] || !p.quoted() {
		return false
	}
	before, after := strings.TrimRight(p.text[:p.start-1], " "), strings.TrimLeft(p.text[p.end+1:], " ")
	return strings.HasSuffix(before, "(") && strings.HasPrefix(after, ")") || strings.HasSuffix(before, ",") && strings.HasPrefix(after, "]") || strings.HasSuffix(before, "[") && strings.HasPrefix(after, ",")
}

// component reports whether s is a package or a setting, words joined by hyphens of which one is of the trade: go-grpc-middleware.
func component(s string) bool {
	parts := strings.Split(s, "-")
	trade := 0
	for _, w := range parts {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" || len(w) < 2 {
			return false
		}
		if terms.Has(w) || programs.Has(w) && !everyday.Has(w) || w == "go" || w == "rustc" || w == "js" || w == "py" {
			trade++
		}
	}
	return len(parts) > 1 && trade > 0
}

// fileMode reports whether a word is how a file is opened: open('key.pem', 'rb').
func (p place) fileMode() bool {
	return openModes.Has(p.s) && p.quoted() && p.start > 2 && strings.HasSuffix(strings.TrimRight(p.text[:p.start-1], " "), ",")
}

var openModes = keyword.NewList(`r w a x rb wb ab xb r+ w+ a+ rb+ wb+ rt wt`)
