package recalleval

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

func load(t *testing.T, language string) *Set {
	t.Helper()
	set, err := LoadLanguage(language)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A set beside another keeps its own questions; sets that are merged keep all, each about the memory that it was about.
func TestJoinAndMerge(t *testing.T) {
	a, b := load(t, "de"), load(t, "ja")
	joined := Join(a, b)
	if len(joined.Memories) != len(a.Memories)+len(b.Memories) || len(joined.Questions) != len(a.Questions) || joined.Name != "de beside ja" {
		t.Errorf("joined: %s of %d memories and %d questions", joined.Name, len(joined.Memories), len(joined.Questions))
	}
	before := slices.Clone(b.Questions[0].Relevant)
	merged := Merge("both", a, b)
	if len(merged.Memories) != len(joined.Memories) || len(merged.Questions) != len(a.Questions)+len(b.Questions) {
		t.Fatalf("merged: %d memories and %d questions", len(merged.Memories), len(merged.Questions))
	}
	if places := merged.Places(); len(places) != len(merged.Memories) {
		t.Errorf("%d of %d memories have an id of their own", len(places), len(merged.Memories))
	}
	for i, q := range append(slices.Clone(a.Questions), b.Questions...) {
		of := a
		if i >= len(a.Questions) {
			of = b
		}
		for k, r := range q.Relevant {
			if got := merged.Memories[merged.Questions[i].Relevant[k]]; got.Content != of.Memories[r].Content {
				t.Fatalf("question %d is about another memory than before", i)
			}
		}
	}
	if !slices.Equal(b.Questions[0].Relevant, before) {
		t.Error("merging changed a set that went in")
	}
}

// Questions of rare words alone are about the memory that holds them, each word of it, and find it by words.
func TestKeywords(t *testing.T) {
	set := load(t, "de")
	had := len(set.Questions)
	set.Memories[2].Project = ""
	set.AddKeywords()
	added := set.Questions[had:]
	if len(added) != (len(set.Memories)+1)/2 || added[1].Project != "-" {
		t.Fatalf("%d questions for %d memories; of one without a project %q", len(added), len(set.Memories), added[1].Project)
	}
	for _, q := range added {
		words := strings.Fields(q.Text)
		if len(words) == 0 || len(words) > keywordWords || q.Category != "keywords" || len(q.Relevant) != 1 {
			t.Fatalf("question %+v", q)
		}
		for _, w := range words {
			if !strings.Contains(set.Memories[q.Relevant[0]].Content, w) {
				t.Errorf("%q is not in the memory that it is about", w)
			}
		}
	}
	set.Questions = added
	place := set.Places()
	own, _ := NewCorpus(set, inverted.Options{}).Run(false, 20, func(_ int, c memory.CandidateSet) (out []int) {
		slices.SortStableFunc(c.Candidates, func(a, b memory.Candidate) int {
			if a.Own > b.Own {
				return -1
			}
			return 1
		})
		for i := range c.Candidates {
			out = append(out, place[c.Candidates[i].Memory.ID])
		}
		return out
	})
	reach(t, "rare words find their memory", own.Mean("keywords").R5, .98)
}

// Groups describes each question twice; weights are fitted to what they may be fitted to.
func TestGroupsAndFit(t *testing.T) {
	set := Merge("both", load(t, "de"), load(t, "ko"))
	c := NewCorpus(set, inverted.Options{})
	names, groups := c.Groups(asked, 50, 2, 3)
	if len(groups) != 2*len(set.Questions) || len(names) == 0 {
		t.Fatalf("%d groups for %d questions, %d features", len(groups), len(set.Questions), len(names))
	}
	for i := range groups {
		g := &groups[i]
		if g.Pooled != (i%2 == 1) || g.Weight != 2 || g.Question.Text != set.Questions[i/2].Text || len(g.Rows) != len(g.Memories) || len(g.Rows) != len(g.Turns) {
			t.Fatalf("group %d: %+v", i, g)
		}
		for k, row := range g.Rows {
			if len(row) != len(names) || g.Relevant[k] != slices.Contains(g.Question.Relevant, g.Memories[k]) {
				t.Fatalf("group %d, row %d: %d features, relevant %v", i, k, len(row), g.Relevant[k])
			}
		}
		if p := c.Set.Memories; !g.Pooled && g.Question.Project != "-" && slices.ContainsFunc(g.Memories, func(m int) bool { return p[m].Project != g.Question.Project }) {
			t.Errorf("group %d has memories of other projects", i)
		}
	}
	use := Columns{Turns: make([]bool, len(names)), Notes: make([]bool, len(names))}
	for i := range names {
		use.Notes[i] = true
	}
	o := FitOptions{Rounds: 30, Workers: 2}
	extra, projects := groups[:4], Projects(groups)
	by := CrossFit(groups, extra, 0, use, o)
	if len(by) != len(projects)+1 {
		t.Fatalf("weights for %d of %d projects", len(by), len(projects))
	}
	// A project's weights come from the other projects and from what is extra, and from nothing else.
	var others []*Group
	for i := range extra {
		others = append(others, &extra[i])
	}
	for i := range groups {
		if groups[i].Question.Project != projects[1] {
			others = append(others, &groups[i])
		}
	}
	if want := Fit(others, use, o); !slices.Equal(by[projects[1]].Notes, want.Notes) {
		t.Errorf("weights of %s: %v; fitted to the others: %v", projects[1], by[projects[1]].Notes, want.Notes)
	}
	if halves := CrossFit(groups, nil, 2, use, o); halves[projects[0]] != halves[projects[2]] || halves[projects[0]] == halves[projects[1]] {
		t.Error("in two folds every other project has the same weights")
	}
	// Those of all put answers in front, and turned round behind.
	around := &Weights{Turns: by[""].Turns}
	for _, w := range by[""].Notes {
		around.Notes = append(around.Notes, -w)
	}
	within, pooled := Measure(groups, func(string) *Weights { return by[""] })
	_, behind := Measure(groups, func(string) *Weights { return around })
	if within.Mean("").N != len(set.Questions) || pooled.Mean("").N != len(set.Questions) || pooled.Mean("").MRR <= behind.Mean("").MRR {
		t.Errorf("%d questions, MRR %.3f; %.3f turned round", within.Mean("").N, pooled.Mean("").MRR, behind.Mean("").MRR)
	}
}

// What was embedded once is not embedded again, also by another program; a cache that cannot be used is an error that says
// what to do, never a set without vectors.
func TestCacheOfVectors(t *testing.T) {
	set, cache := load(t, "de"), filepath.Join(t.TempDir(), "cache")
	asks := 0
	e := func(_ context.Context, texts []string, add func([]float32, memory.Tokens)) error {
		for _, s := range texts {
			asks++
			add([]float32{float32(len(s)), 1}, memory.Tokens{})
		}
		return nil
	}
	embed := func(set *Set, e Embedder, space string) (*Corpus, bool) {
		t.Helper()
		c := NewCorpus(set, inverted.Options{})
		ok, err := c.Embed(t.Context(), e, space, cache)
		if err != nil {
			t.Fatal(err)
		}
		return c, ok
	}
	if _, ok := embed(set, nil, "s"); ok {
		t.Error("vectors out of nothing")
	}
	c, ok := embed(set, e, "s")
	if n := len(set.Memories) + len(set.Questions); !ok || asks == 0 || asks > n || len(c.Vectors) != len(set.Memories) || len(c.Queries) != len(set.Questions) {
		t.Fatalf("%d of %d texts were embedded: %d vectors", asks, n, len(c.Vectors))
	}
	if got, want := c.Vectors[3][0], float32(len(set.Memories[3].EmbeddingText())); got != want {
		t.Errorf("memory 3 has the vector of another text: %v; want %v", got, want)
	}
	asks = 0
	if again, ok := embed(set, nil, "s"); !ok || again.Queries[1].Vector[0] != float32(len(set.Questions[1].Text)) {
		t.Error("the cache does not hold what was embedded")
	}
	if _, ok := embed(set, nil, "another space"); ok {
		t.Error("vectors of another space were taken")
	}
	more := *set
	more.Questions = append(slices.Clone(set.Questions), Question{Text: "Noch eine Frage?", Project: "-"})
	if _, ok := embed(&more, e, "s"); !ok || asks != 1 {
		t.Errorf("%d texts were embedded for one new question", asks)
	}

	broken := errors.New("out of order")
	fail := func(context.Context, []string, func([]float32, memory.Tokens)) error { return broken }
	if _, err := c.Embed(t.Context(), fail, "fresh", cache); !errors.Is(err, broken) {
		t.Errorf("an embedder that fails: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the cache holds %q, %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Embed(t.Context(), e, "s", cache); err == nil || !strings.Contains(err.Error(), files[0]) || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("a damaged cache: %v", err)
	}
	for what, path := range map[string]string{"in a file's place": files[0], "below a file": filepath.Join(files[0], "x")} {
		if _, err := c.Embed(t.Context(), e, "s", path); err == nil {
			t.Errorf("a cache %s was used", what)
		}
	}
}

// Files that are not as they should be are errors that name the line.
func TestFilesThatAreWrong(t *testing.T) {
	if _, err := LoadLanguage("tlh"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a language without files: %v", err)
	}
	if _, err := loadFiles("x", [][2]string{{"notes.txt", "nowhere.txt"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("notes without questions: %v", err)
	}
	if _, err := loadFiles("x", [][2]string{{"notes.txt", "questions.txt"}, {"notes.txt", "questions.txt"}}); err == nil || !strings.Contains(err.Error(), "notes.txt:") {
		t.Errorf("the same names twice: %v", err)
	}
	if _, err := loadFiles("x", [][2]string{{"de-notes.txt", "questions.txt"}}); err == nil || !strings.Contains(err.Error(), "questions.txt:") {
		t.Errorf("questions about other memories: %v", err)
	}
	if _, err := loadFiles("x", [][2]string{{"questions.txt", "questions.txt"}}); err == nil || !strings.Contains(err.Error(), "questions.txt:") {
		t.Errorf("questions in the place of notes: %v", err)
	}
	for line, n := range map[string]int{"": 3, "a|b": 3, "|b|c": 3, "a|b|": 3, " | b | c": 3} {
		if got := split(line, n); got != nil {
			t.Errorf("split(%q) = %q", line, got)
		}
	}
	if got := split(" a | b | c | d ", 3); !slices.Equal(got, []string{"a", "b", "c | d"}) {
		t.Errorf("split = %q", got)
	}
	for name, text := range map[string]string{"no JSON": "[", "turns that are none": `[{"conversation":{"session_1":3}}]`, "a date that is none": `[{"conversation":{"session_1":[],"session_1_date_time":3}}]`} {
		path := filepath.Join(t.TempDir(), "s.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadLoCoMo(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
