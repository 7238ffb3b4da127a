// Package projectctx names the project that a text is about, by the paths, repositories, tickets, hosts, branches and
// identifiers in it, and by words such as "this repo". A text that shows none of them may be of use elsewhere.
package projectctx

import (
	"sort"
	"strings"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// Options tune a Guesser. The zero value works.
type Options struct {
	Vocabulary map[string][]string // project → its own words: service names, code names, modules; nil means none
}

// Guesser is a scope.Guesser. It is immutable and safe for concurrent use.
type Guesser struct {
	words  *keyword.Set
	owners []string // word → project
}

var _ scope.Guesser = (*Guesser)(nil)

// New returns a Guesser. The tables are built on first use.
func New(o Options) *Guesser {
	g := &Guesser{}
	var words []string
	projects := make([]string, 0, len(o.Vocabulary))
	for p := range o.Vocabulary {
		projects = append(projects, p)
	}
	sort.Strings(projects)
	for _, p := range projects {
		for _, w := range append([]string{p}, o.Vocabulary[p]...) {
			if len(w) >= 3 {
				words = append(words, w)
				g.owners = append(g.owners, p)
			}
		}
	}
	g.words = keyword.New(words)
	return g
}

// maxText bounds how much of a text is read, in bytes: the first pages say what it is about.
const maxText = 16 << 10

// Guess names the project of a text: the one whose words it holds, else the one it was written in, else the repository
// it names. Confidence is how sure it is that the text is about a project at all.
func (g *Guesser) Guess(in scope.Input) scope.Guess {
	text := in.Title + "\n" + in.Content + "\n" + strings.Join(in.Tags, " ")
	if len(text) > maxText {
		text = text[:maxText]
	}
	out := scope.Guess{Name: in.Project}
	general := 1.0
	note := func(weight float64, reason string) {
		general *= 1 - weight
		out.Signals = append(out.Signals, reason)
	}
	if owner := g.owner(text); owner != "" {
		out.Name = owner
		note(0.7, "it uses the project's own words")
	}
	if in.Project != "" && containsWord(text, in.Project) {
		note(0.7, "it names the project")
	}
	if in.Root != "" && strings.Contains(text, in.Root) {
		note(0.8, "it names the project's folder")
	}
	seen, repo := read(text)
	for s, yes := range seen {
		if yes {
			note(evidence[s].weight, evidence[s].reason)
		}
	}
	if out.Name == "" {
		out.Name = repo
	}
	out.Confidence = 1 - general
	if out.Confidence < 0.3 && in.Project == "" {
		out.Name = ""
	}
	return out
}

// owner returns the project with the most of its words in text.
func (g *Guesser) owner(text string) string {
	if len(g.owners) == 0 {
		return ""
	}
	counts := make(map[string]int)
	best := ""
	g.words.Each(text, func(h keyword.Hit) bool {
		if !alone(text, h) {
			return true
		}
		p := g.owners[h.Word]
		counts[p]++
		if best == "" || counts[p] > counts[best] || counts[p] == counts[best] && p < best {
			best = p
		}
		return true
	})
	return best
}

// containsWord reports whether word stands in text as a word of its own, in any case.
func containsWord(text, word string) bool {
	if len(word) < 3 {
		return false
	}
	low, w := strings.ToLower(text), strings.ToLower(word)
	for i := 0; ; {
		n := strings.Index(low[i:], w)
		if n < 0 {
			return false
		}
		at := i + n
		if alone(low, keyword.Hit{Start: at, End: at + len(w)}) {
			return true
		}
		i = at + 1
	}
}
