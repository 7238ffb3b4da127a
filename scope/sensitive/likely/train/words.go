package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
)

// How many words of Latin and of Japanese script the vocabulary holds.
const (
	latinWords    = 14000
	japaneseWords = 1500
)

// countWords writes the words that texts about software hold most often, without those that people use as passwords.
func (c *corpus) countWords() error {
	counts := make(map[string]int)
	var buf []feature.Token
	add := func(p string, weight int) {
		buf = feature.Tokens(p, buf[:0])
		seen := make(map[string]bool)
		for _, t := range buf {
			if t.Shape == feature.Mark || t.End-t.Start < 2 {
				continue
			}
			w := strings.ToLower(p[t.Start:t.End])
			if !seen[w] && !strings.ContainsAny(w, "_.#$!+") && strings.Trim(w, "0123456789-") != "" {
				seen[w] = true
				counts[w] += weight
			}
		}
	}
	if err := c.common(counts); err != nil {
		return err
	}
	if err := mined(c.sources, func(path, p string) { add(prose(path, p), 1) }); err != nil {
		return err
	}
	g := newGenerator(3)
	for _, list := range []string{"descr", "stores", "verbs", "jdescr", "jstores", "jverbs", "jnouns"} {
		for _, w := range g.lists[list] {
			add(w, 100)
		}
	}
	for _, t := range strings.Split(sayings+talks+grammarText, "\n") {
		for strings.Contains(t, "{") && strings.Contains(t, "}") {
			i, j := strings.IndexByte(t, '{'), strings.IndexByte(t, '}')
			if j < i {
				break
			}
			t = t[:i] + " " + t[j+1:]
		}
		add(t, 100)
	}
	for _, list := range []string{"words", "people", "answers", "users", "jwords"} {
		for _, w := range g.lists[list] {
			if !kept[strings.ToLower(w)] {
				delete(counts, strings.ToLower(w))
			}
		}
	}
	all := slices.Collect(maps.Keys(counts))
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	latin, other := 0, 0
	var out []string
	for _, w := range all {
		if feature.Compound(w) {
			continue
		}
		n := &latin
		if r, _ := utf8.DecodeRuneInString(w); r >= 0x3000 {
			n = &other
		}
		limit := latinWords
		if n == &other {
			limit = japaneseWords
		}
		if *n < limit && counts[w] >= 3 && (counts[w] >= 25 || !strings.ContainsAny(w, "0123456789")) {
			*n++
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return os.WriteFile(filepath.Join(c.dir, "internal", "feature", "words.txt"), []byte(strings.Join(out, "\n")+"\n"), 0o644)
}

// common counts in the everyday words of English: the first whole words of the embedding model's vocabulary, which is
// ordered by frequency.
func (c *corpus) common(counts map[string]int) error {
	words, err := wholeWords()
	if err != nil {
		return err
	}
	for w, rank := range words {
		if rank < everyday {
			counts[w] += 1000 + (everyday-rank)*10
		}
	}
	return nil
}

// everyday is how far down that vocabulary words count as everyday ones among texts about software.
const everyday = 13000

// wholeWords returns the words of the embedding model's vocabulary that begin with a small letter, and their rank. The folder
// comes from $ELDERZAN_MODEL.
func wholeWords() (map[string]int, error) {
	b, err := os.ReadFile(filepath.Join(os.Getenv("ELDERZAN_MODEL"), "tokenizer.json"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Model struct {
			Vocab map[string]int `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	for w := range file.Model.Vocab {
		if len(w) < 2 || w[0] < 'a' || w[0] > 'z' {
			delete(file.Model.Vocab, w)
		}
	}
	return file.Model.Vocab, nil
}

// writeEveryday writes the words of that vocabulary which texts about software seldom hold: letters only, and none that people use
// as passwords.
func (c *corpus) writeEveryday() error {
	words, err := wholeWords()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(c.dir, "internal", "feature", "words.txt"))
	if err != nil {
		return err
	}
	for _, w := range strings.Fields(string(b)) {
		delete(words, w)
	}
	g := newGenerator(3)
	for _, list := range []string{"words", "answers", "users", "jwords"} {
		for _, w := range g.lists[list] {
			delete(words, strings.ToLower(w))
		}
	}
	out := make([]string, 0, len(words))
	for w := range words {
		if len(w) >= 3 && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" && !feature.Compound(w) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return os.WriteFile(filepath.Join(c.dir, "internal", "feature", "everyday.txt"), []byte(strings.Join(out, "\n")+"\n"), 0o644)
}

// prose keeps what a paragraph says in words: of code, its comments.
func prose(path, p string) string {
	switch filepath.Ext(path) {
	case ".md", ".mdx", ".ini", ".txt", ".html":
		return p
	}
	var b strings.Builder
	for line := range strings.Lines(p) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "//") || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "*") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// kept are words that name passwords or users and yet belong to every text.
var kept = map[string]bool{"user": true, "admin": true, "root": true, "test": true, "guest": true, "service": true, "app": true, "operator": true, "demo": true, "dev": true, "backup": true, "support": true}
