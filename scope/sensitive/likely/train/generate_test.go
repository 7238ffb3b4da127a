package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// literal are what the templates mean to stand as it is: placeholders of code and patterns that somebody pasted.
var literal = map[string]bool{"{16}": true, "{36}": true, "{4}": true, "{name}": true, "{}": true}

var slots = regexp.MustCompile(`\{[A-Za-z0-9]*\}`)

// TestGrammarExpands holds that every slot of every template is one that there is: a misspelt one would stand in the texts as it
// is, and the model would learn it. Every list has entries, and nothing expands into itself for ever.
func TestGrammarExpands(t *testing.T) {
	g := newGenerator(1)
	for name, all := range g.grammar {
		if name != "says" && name != "talks" && name != "scenes" && name != "calm" && !strings.Contains(sayings+talks+grammarText+scenesText, "{"+name+"}") {
			t.Errorf("nothing uses @%s", name)
		}
		if len(all) == 0 {
			t.Errorf("@%s has no alternatives", name)
		}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slots.FindAllString(sayings+talks+grammarText+scenesText, -1)))) {
		s, ok := g.slot(strings.Trim(name, "{}"))
		if ok == literal[name] {
			t.Errorf("%s: expands: %v", name, ok)
		}
		for _, left := range slots.FindAllString(s, -1) {
			if !literal[left] {
				t.Errorf("%s leaves %s", name, left)
			}
		}
	}
}

// TestTextsAreLabelled: what says a secret marks it, each mark is closed, and no word of what speaks of secrets is labelled one.
func TestTextsAreLabelled(t *testing.T) {
	g := newGenerator(11)
	marked := 0
	for _, text := range g.says(3000) {
		open := false
		for i := range len(text) {
			switch text[i : i+1] {
			case opens:
				if open {
					t.Fatalf("a value within a value: %q", text)
				}
				open = true
			case closes:
				if !open || text[i-1:i] == opens {
					t.Fatalf("an empty value: %q", text)
				}
				open = false
			}
		}
		if open {
			t.Fatalf("a value without an end: %q", text)
		}
		if strings.Contains(text, opens) {
			marked++
		}
	}
	if marked < 2900 {
		t.Errorf("%d of 3000 texts mark what they say", marked)
	}
	// What is drawn as a secret is drawn here too, so that how it looks decides nothing: it is labelled as none.
	c := &corpus{}
	for _, text := range g.talks(500) {
		if e := c.example(text, false, 1); slices.ContainsFunc(e.label, func(l int8) bool { return l != 0 }) {
			t.Errorf("a secret among those that say none: %q", text)
		}
	}
}

func TestGeneratorRepeats(t *testing.T) {
	one, again, other := newGenerator(4), newGenerator(4), newGenerator(5)
	a, b := append(one.says(500), one.talks(500)...), append(again.says(500), again.talks(500)...)
	if !slices.Equal(a, b) {
		t.Error("the same seed wrote other texts")
	}
	if slices.Equal(a, append(other.says(500), other.talks(500)...)) {
		t.Error("another seed wrote the same texts")
	}
}

// TestValues holds the form of the values whose form is fixed.
func TestValues(t *testing.T) {
	g := newGenerator(2)
	for slot, form := range map[string]string{
		"d":   `\d{4}|\d{5}|\d{6}|\d{8}`,
		"D":   `\d{3}[ -]?\d{3}|\d{4}[ -]?\d{4}`,
		"e":   `[a-z]+(( |, |-)[a-z]+){3,5}`,
		"f":   `\d(-\d){2,3}`,
		"f2":  `\d([・ -]\d){3}`,
		"d2":  `[一二三四五六七八九零]{4}`,
		"r":   `([a-z]+_)?[A-Za-z0-9]{8,}(-[A-Za-z0-9]{6})?`,
		"r2":  `[0-9a-f]{5}-[0-9a-f]{5}`,
		"o":   `[A-Z2-7]{16}`,
		"K":   `[A-Za-z0-9]{4,5}(-[A-Za-z0-9]{4,5}){1,4}`,
		"x":   `[^ .-]+([ .-][^ .-]+){2,4}`,
		"z":   `.((, | |-).)+`,
		"v":   `.+`,
		"w":   `.+`,
		"W":   `.+`,
		"j":   `.+`,
		"hex": `[0-9a-f]{7}|[0-9a-f]{8}|[0-9a-f]{40}`,
		"b64": `[A-Za-z0-9+/]+={0,2}`,
	} {
		re := regexp.MustCompile(`\A(` + form + `)\z`)
		for range 300 {
			s, ok := g.slot(slot)
			bare := strings.TrimSuffix(strings.TrimPrefix(s, opens), closes)
			if slot != "hex" && slot != "b64" && len(s) != len(bare)+2 {
				t.Fatalf("{%s}: %q is not marked", slot, s)
			}
			if !ok || !re.MatchString(bare) {
				t.Fatalf("{%s} wrote %q, want %s", slot, bare, form)
			}
		}
	}
}

func TestParseGrammar(t *testing.T) {
	got := parseGrammar("# what this is\n@open\nhey, \n@{N}: \n\n@tail\n.\n")
	if len(got) != 2 || !slices.Equal(got["open"], []string{"hey, ", "@{N}: ", ""}) || !slices.Equal(got["tail"], []string{"."}) {
		t.Errorf("%q", got)
	}
}
