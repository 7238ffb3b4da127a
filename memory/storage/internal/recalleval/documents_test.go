package recalleval

import (
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// Documents hold each note of the set once, and a question asks for the one that its note went into.
func TestLoadDocuments(t *testing.T) {
	notes, err := LoadNotes()
	if err != nil {
		t.Fatal(err)
	}
	set, err := LoadDocuments()
	if err != nil {
		t.Fatal(err)
	}
	long := 0
	for i := range set.Memories {
		if len(set.Memories[i].Content) > 1000 {
			long++
		}
	}
	if long < 15 || len(set.Questions) < len(notes.Questions) {
		t.Fatalf("%d long memories of %d, %d questions", long, len(set.Memories), len(set.Questions))
	}
	for i, q := range notes.Questions {
		asked := set.Questions[i]
		if asked.Text != q.Text || asked.Project != q.Project {
			t.Fatalf("question %d is %q; want %q", i, asked.Text, q.Text)
		}
		for _, r := range q.Relevant {
			holds := slices.IndexFunc(asked.Relevant, func(d int) bool {
				m := &set.Memories[d]
				return m.Project == notes.Memories[r].Project && strings.Contains(m.Content, notes.Memories[r].Content)
			})
			if holds < 0 {
				t.Fatalf("question %q asks for %v, none of which holds %q", q.Text, asked.Relevant, notes.Memories[r].Content)
			}
		}
	}
}

// What stands somewhere in a document is found: by words alone, and better with vectors.
func TestRecallOfDocuments(t *testing.T) {
	set, err := LoadDocuments()
	if err != nil {
		t.Fatal(err)
	}
	c := NewCorpus(set, inverted.Options{})
	_, pooled := figures(t, c)
	reach(t, "documents by words", pooled[2].R10, .78)
	if vectors(t, c, true) {
		_, pooled = figures(t, c)
		reach(t, "documents with vectors", pooled[2].R10, .90)
	}
}

// Refine leaves alone what it starts from but for its columns.
func TestRefine(t *testing.T) {
	c := NewCorpus(load(t, "de"), inverted.Options{})
	names, groups := c.Groups(asked, 50, 1, 2)
	use := Columns{Turns: make([]bool, len(names)), Notes: make([]bool, len(names))}
	at := slices.Index(names, "lexical")
	use.Notes[at] = true
	base := &Weights{Turns: make([]float64, len(names)), Notes: make([]float64, len(names))}
	base.Notes[slices.Index(names, "cover")], base.Notes[at] = 2, -3
	by := Refine(groups, map[string]*Weights{"": base}, use, FitOptions{Rounds: 60})
	if len(by) != len(Projects(groups))+1 {
		t.Fatalf("weights for %d projects", len(by))
	}
	for i := range names {
		if got, want := by[""].Notes[i], base.Notes[i]; (got != want) != (i == at) {
			t.Errorf("%s has weight %v, from %v", names[i], got, want)
		}
	}
	if by[""].Notes[at] <= base.Notes[at] {
		t.Errorf("words that match have weight %v, no more than they were given", by[""].Notes[at])
	}
}
