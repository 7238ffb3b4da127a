package main

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// model writes a vocabulary as that of the embedding model is.
func model(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "tokenizer.json"), text)
	t.Setenv("ELDERZAN_MODEL", dir)
}

// TestVocabulary counts the words of made-up sources: what is common stays, and neither what people use as passwords nor what
// was drawn.
func TestVocabulary(t *testing.T) {
	model(t, `{"model": {"vocab": {"[PAD]": 0, "river": 5, "tulip": 6, "##ing": 7, "Berlin": 8, "x": 9, "harbour": 20000, "widget": 20001, "user": 30, "ab": 31, "o'clock": 32}}}`)
	dir := layer(t)
	if err := os.MkdirAll(filepath.Join(dir, "internal", "feature"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := &corpus{dir: dir, out: io.Discard, sources: []source{published(t, map[string]string{
		"go.mod":  "module example.test/prose\n",
		"a.md":    strings.Repeat("the frobnicator runs\n\n", 30) + "the onceonly word\n\n" + strings.Repeat("release r2d2 of it\n\n", 10),
		"code.go": strings.Repeat("var identifieronly = 1\n// the commented word\n\n", 30),
	})}}
	if err := c.countWords(); err != nil {
		t.Fatal(err)
	}
	words := read(t, filepath.Join(dir, "internal", "feature", "words.txt"))
	for word, want := range map[string]bool{
		"frobnicator": true, "river": true, "user": true, "commented": true,
		"tulip": false, "onceonly": false, "r2d2": false, "identifieronly": false, "harbour": false, "swordfish": false,
	} {
		if words[word] != want {
			t.Errorf("%s is a word: %v, want %v", word, words[word], want)
		}
	}
	if all := slices.Sorted(maps.Keys(words)); len(all) > latinWords+japaneseWords {
		t.Errorf("%d words", len(all))
	}

	if err := c.writeEveryday(); err != nil {
		t.Fatal(err)
	}
	everyday := read(t, filepath.Join(dir, "internal", "feature", "everyday.txt"))
	if want := map[string]bool{"harbour": true, "widget": true}; !maps.Equal(everyday, want) {
		t.Errorf("everyday words: %v, want %v: those that texts about software seldom hold", everyday, want)
	}
}

func read(t *testing.T, path string) map[string]bool {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]bool)
	for _, w := range strings.Fields(string(b)) {
		out[w] = true
	}
	return out
}

func TestVocabularyRefused(t *testing.T) {
	c := &corpus{dir: layer(t), out: io.Discard, sources: []source{{sum: "go1.0"}}}
	model(t, `{"model": {"vocab": ["not", "a", "map"]}}`)
	if err := c.countWords(); err == nil || !strings.Contains(err.Error(), "vocab") {
		t.Errorf("a vocabulary of another form: %v", err)
	}
	model(t, `{"model": {"vocab": {}}}`)
	if err := c.countWords(); err == nil || !strings.Contains(err.Error(), "go1.0") {
		t.Errorf("a source that is another: %v", err)
	}
	if err := c.writeEveryday(); err == nil || !strings.Contains(err.Error(), "words.txt: no such file") {
		t.Errorf("everyday words before there are words: %v", err)
	}
}
