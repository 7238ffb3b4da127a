package main

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
)

//go:embed names.txt
var nameLists string

//go:embed says.txt
var sayings string

//go:embed talks.txt
var talks string

//go:embed grammar.txt
var grammarText string

//go:embed scenes.txt
var scenesText string

// generator writes sentences, settings and code that say secrets, or speak of them, from templates and word lists.
type generator struct {
	rnd     *rand.Rand
	lists   map[string][]string
	grammar map[string][]string // name → alternatives, of grammar.txt
}

func newGenerator(seed uint64) *generator {
	g := &generator{rand.New(rand.NewPCG(seed, 7)), make(map[string][]string), parseGrammar(grammarText + scenesText)}
	g.lists["everyday"] = feature.Everyday()
	for _, line := range strings.Split(nameLists, "\n") {
		name, rest, ok := strings.Cut(line, " ")
		if !ok {
			continue
		}
		if strings.Contains(rest, "|") {
			g.lists[name] = append(g.lists[name], strings.Split(rest, "|")...)
			continue
		}
		for _, w := range strings.Fields(rest) {
			if name == "systems" || name == "places" || name == "passcues" || name == "tokencues" || name == "pincues" || name == "questions" || name == "answers" {
				w = strings.ReplaceAll(w, "_", " ")
			}
			g.lists[name] = append(g.lists[name], w)
		}
	}
	return g
}

// parseGrammar reads lists of alternatives: "@name", then one a line. An empty line is the empty alternative.
func parseGrammar(text string) map[string][]string {
	m := make(map[string][]string)
	name := ""
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if n, ok := strings.CutPrefix(line, "@"); ok && !strings.ContainsAny(n, " {") {
			name = n
			continue
		}
		if name != "" {
			m[name] = append(m[name], line)
		}
	}
	return m
}

// opens and closes mark the value in what says returns.
const opens, closes = "\x01", "\x02"

// fill writes one template, varied as hurried people would.
func (g *generator) fill(template string) string { return g.vary(g.parts(template)) }

// parts writes one template or part of a sentence.
func (g *generator) parts(template string) string {
	template = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(template)
	var b strings.Builder
	for {
		i := strings.IndexByte(template, '{')
		j := strings.IndexByte(template, '}')
		if i < 0 || j < i {
			b.WriteString(template)
			break
		}
		s, ok := g.slot(template[i+1 : j])
		if !ok {
			b.WriteString(template[:i+1])
			template = template[i+1:]
			continue
		}
		b.WriteString(template[:i])
		b.WriteString(s)
		template = template[j+1:]
	}
	return b.String()
}

// vary writes a text as hurried people do.
func (g *generator) vary(s string) string {
	if strings.ContainsAny(s, "={}<>") || g.rnd.IntN(3) > 0 {
		return s
	}
	switch g.rnd.IntN(6) {
	case 0:
		return upperFirst(s)
	case 1:
		return g.pick([]string{"hey, ", "ok so ", "btw ", "fyi: ", "note: ", "reminder: ", "also, ", "- ", "* ", "remember that ", "TODO ", "[ops] ", "hi all, ", "please remember: "}) + s
	case 2:
		return s + g.pick([]string{".", "!", ", thanks", " (don't share)", " – please keep it to yourself", " btw", ", just so you know", " :)", " until Friday", " again", ", as always", " and it works", " now"})
	case 3:
		return g.pick([]string{"We met on Monday. ", "Deploy went fine. ", "The build is green. ", "Ticket closed. "}) + upperFirst(s)
	case 4:
		return s + g.pick([]string{". The rest is in the wiki.", ". Call me if it fails.", "\nsee you tomorrow", ". Next step: migrate the data."})
	}
	return s
}

func upperFirst(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

func (g *generator) pick(l []string) string { return l[g.rnd.IntN(len(l))] }

func mark(s string) string { return opens + s + closes }

func (g *generator) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + g.rnd.IntN(10))
	}
	return string(b)
}

func (g *generator) chars(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.rnd.IntN(len(alphabet))]
	}
	return string(b)
}

const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (g *generator) slot(name string) (string, bool) {
	p := func(list string) (string, bool) { return g.pick(g.lists[list]), true }
	switch name {
	case "p":
		return p("passcues")
	case "P":
		return g.pick([]string{"Password", "PW", "Passwort", "Pass", "Passcode"}), true
	case "t":
		return p("tokencues")
	case "T", "E":
		return p("envs")
	case "t2":
		return p("idents")
	case "k":
		return p("pincues")
	case "s":
		if g.rnd.IntN(12) == 0 {
			return g.word(), true
		}
		return p("systems")
	case "u":
		if g.rnd.IntN(6) == 0 {
			return g.word(), true
		}
		return p("users")
	case "h":
		return p("hosts")
	case "g":
		return p("places")
	case "g2":
		return p("jplaces")
	case "N":
		return p("people")
	case "N2":
		return p("jpeople")
	case "Q":
		return p("questions")
	case "A":
		return p("descr")
	case "S":
		return p("stores")
	case "B":
		return p("verbs")
	case "SJ":
		return p("jstores")
	case "AJ":
		return p("jdescr")
	case "BJ":
		return p("jverbs")
	case "BJ2":
		return p("jnouns")
	case "c":
		return p("common")
	case "l":
		return g.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1), true
	case "n":
		return fmt.Sprint(1 + g.rnd.IntN(99)), true
	case "ev0":
		return p("everyday")
	case "hex":
		return g.chars("0123456789abcdef", []int{7, 8, 40}[g.rnd.IntN(3)]), true
	case "d5":
		return g.digits(5), true
	case "b64":
		return g.chars(alnum+"+/", []int{16, 24, 43, 64, 86}[g.rnd.IntN(5)]) + g.pick([]string{"", "=", "=="}), true
	case "n1":
		return g.digits(1), true
	case "js":
		return p("jsystems")
	}
	if l := g.grammar[name]; l != nil {
		return g.parts(g.pick(l)), true
	}
	return g.value(name)
}

// value draws a secret for a slot.
func (g *generator) value(name string) (string, bool) {
	switch name {
	case "v":
		return mark(g.password()), true
	case "w":
		return mark(g.word()), true
	case "W":
		return mark(g.pick(g.lists["answers"])), true
	case "x":
		n := 3 + g.rnd.IntN(3)
		w := make([]string, n)
		for i := range w {
			w[i] = g.word()
		}
		return mark(strings.Join(w, g.pick([]string{" ", " ", " ", "-", "."}))), true
	case "z":
		return mark(strings.Join(strings.Split(g.word()+g.digits(g.rnd.IntN(3)), ""), g.pick([]string{" ", "-", ", "}))), true
	case "d":
		return mark(g.digits([]int{4, 4, 4, 4, 5, 6, 6, 8}[g.rnd.IntN(8)])), true
	case "D":
		n := g.digits(6 + 2*g.rnd.IntN(2))
		if g.rnd.IntN(3) == 0 {
			n = n[:len(n)/2] + g.pick([]string{" ", "-"}) + n[len(n)/2:]
		}
		return mark(n), true
	case "e":
		return mark(g.said(4 + g.rnd.IntN(3))), true
	case "f":
		return mark(strings.Join(strings.Split(g.digits(3+g.rnd.IntN(2)), ""), "-")), true
	case "f2":
		return mark(strings.Join(strings.Split(g.digits(4), ""), g.pick([]string{"・", "-", " "}))), true
	case "d2":
		return mark(g.kanji(4)), true
	case "r":
		return mark(g.token()), true
	case "r2":
		return mark(g.chars("0123456789abcdef", 5) + "-" + g.chars("0123456789abcdef", 5)), true
	case "o":
		return mark(g.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)), true
	case "K":
		return mark(g.blocks()), true
	case "j":
		return mark(g.pick(g.lists["jwords"])), true
	}
	return "", false
}

// blocks draws a key in groups, as licences and recovery codes are written.
func (g *generator) blocks() string {
	alphabet := g.pick([]string{"ABCDEFGHJKLMNPQRSTUVWXYZ23456789", "abcdefghjkmnpqrstuvwxyz23456789", "0123456789", "0123456789ABCDEF"})
	size := 4 + g.rnd.IntN(2)
	w := make([]string, 2+g.rnd.IntN(4))
	for i := range w {
		w[i] = g.chars(alphabet, size)
	}
	return strings.Join(w, "-")
}

func (g *generator) said(n int) string {
	w := make([]string, n)
	for i := range w {
		w[i] = g.pick([]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"})
	}
	return strings.Join(w, g.pick([]string{" ", " ", ", ", "-"}))
}

func (g *generator) kanji(n int) string {
	w := make([]string, n)
	for i := range w {
		w[i] = g.pick([]string{"一", "二", "三", "四", "五", "六", "七", "八", "九", "零"})
	}
	return strings.Join(w, "")
}

func (g *generator) word() string {
	if g.rnd.IntN(5) == 0 {
		var b strings.Builder
		for range 2 + g.rnd.IntN(3) {
			b.WriteString(g.pick([]string{"b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "br", "st", "tr", "sh", "kl", ""}))
			b.WriteString(g.pick([]string{"a", "e", "i", "o", "u", "ai", "ou", "ei"}))
			b.WriteString(g.pick([]string{"", "", "n", "r", "l", "s", "t", "ck"}))
		}
		if b.Len() >= 4 {
			return b.String()
		}
	}
	if g.rnd.IntN(6) == 0 {
		return g.pick(g.lists["everyday"])
	}
	return g.pick(g.lists["words"])
}

// password draws a password as people choose them.
func (g *generator) password() string {
	w := g.word()
	up := upperFirst(w)
	sign := g.chars("!@#$%&*?+-_.", 1)
	year := fmt.Sprint(1960 + g.rnd.IntN(70))
	switch g.rnd.IntN(26) {
	case 20:
		return w + "-" + g.word() + "-" + g.digits(2)
	case 21:
		return up + "." + upperFirst(g.word()) + "." + g.digits(2)
	case 22:
		return g.word() + g.pick([]string{"&", "-and-", "+", "_"}) + g.word() + g.digits(g.rnd.IntN(2))
	case 23:
		return w + g.digits(2) + "-" + g.word()
	case 24:
		return g.chars("ABCDEFGHJKLMNPQRSTUVWXYZ", 1) + g.digits(3+g.rnd.IntN(2)) + g.chars("ABCDEFGHJKLMNPQRSTUVWXYZ", 1)
	case 25:
		return g.word() + g.word()
	case 0, 1, 2, 3:
		return w
	case 4:
		return up
	case 5, 6:
		return w + g.digits(1+g.rnd.IntN(4))
	case 7:
		return up + g.digits(1+g.rnd.IntN(4))
	case 8:
		return up + year + sign
	case 9:
		return w + year
	case 10:
		return up + sign + g.digits(1+g.rnd.IntN(3))
	case 11:
		return w + g.pick([]string{"-", "_", ".", ""}) + g.word()
	case 12:
		return w + g.pick([]string{"-", "_"}) + g.word() + g.pick([]string{"-", "_"}) + g.digits(2)
	case 13:
		return up + upperFirst(g.word())
	case 14:
		return strings.NewReplacer("o", "0", "e", "3", "i", "1", "a", "4").Replace(w)
	case 15:
		return up + upperFirst(g.word()) + g.digits(2) + sign
	case 16:
		return g.chars(alnum, 8+g.rnd.IntN(6))
	case 17:
		return g.chars(alnum+"!#%&*+-", 8+g.rnd.IntN(10))
	case 18:
		return g.digits(4) + w
	}
	return w + sign + g.word()
}

func (g *generator) token() string {
	switch g.rnd.IntN(6) {
	case 0:
		return g.chars("0123456789abcdef", 16+8*g.rnd.IntN(4))
	case 1:
		return g.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 12+g.rnd.IntN(12))
	case 2:
		return g.pick([]string{"sk", "tk", "pk", "key", "live", "prod"}) + "_" + g.chars(alnum, 10+g.rnd.IntN(20))
	case 3:
		return g.chars(alnum, 8+g.rnd.IntN(8)) + "-" + g.chars(alnum, 6)
	}
	return g.chars(alnum, 10+g.rnd.IntN(30))
}

// says returns n texts that say a secret, the value between opens and closes; talks returns n that speak of secrets.
func (g *generator) says(n int) []string  { return g.expand(sayings, []string{"says", "scenes"}, n) }
func (g *generator) talks(n int) []string { return g.expand(talks, []string{"talks", "calm"}, n) }

// expand writes one text in three from whole templates and the others from the parts of the grammar by turns.
func (g *generator) expand(templates string, starts []string, n int) []string {
	lines := strings.Split(strings.TrimSpace(templates), "\n")
	out := make([]string, 0, n)
	for len(out) < n {
		if len(out)%3 == 0 {
			out = append(out, g.fill(g.pick(lines)))
		} else {
			out = append(out, g.fill(g.pick(g.grammar[starts[len(out)%3-1]])))
		}
	}
	return out
}
