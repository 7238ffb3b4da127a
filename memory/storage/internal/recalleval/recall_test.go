package recalleval

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/lexical"
	"github.com/elderzan/elderzan/embed/minilm"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// asked is when the questions are asked: long after all memories.
var asked = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// stages are ways to order candidates, each with all that the ones before have.
func stages(t *testing.T, c *Corpus) []struct {
	name  string
	order func(q int, set memory.CandidateSet) []int
} {
	t.Helper()
	place := c.Set.Places()
	by := func(score func(*memory.Candidate) float64) func(int, memory.CandidateSet) []int {
		return func(_ int, set memory.CandidateSet) []int {
			slices.SortStableFunc(set.Candidates, func(a, b memory.Candidate) int { return cmp.Compare(score(&b), score(&a)) })
			out := make([]int, len(set.Candidates))
			for i := range set.Candidates {
				out[i] = place[set.Candidates[i].Memory.ID]
			}
			return out
		}
	}
	r, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return []struct {
		name  string
		order func(q int, set memory.CandidateSet) []int
	}{
		{"own words", by(func(c *memory.Candidate) float64 { return c.Own })},
		{"neighbours' words", by(func(c *memory.Candidate) float64 { return c.Lexical })},
		{"ranked", func(q int, set memory.CandidateSet) []int {
			return c.Indexes(r.Rank(memory.RankQuery{Text: c.Set.Questions[q].Text, Now: asked, Limit: 20}, set), place)
		}},
	}
}

// figures runs every stage within the project and over all.
func figures(t *testing.T, c *Corpus) (within, pooled []Figures) {
	t.Helper()
	for _, s := range stages(t, c) {
		w, took := c.Run(false, 100, s.order)
		p, _ := c.Run(true, 100, s.order)
		t.Logf("%s, vectors %v, %-17s within %v", c.Set.Name, c.Vectors != nil, s.name, &w)
		t.Logf("%s, vectors %v, %-17s over all %v; %v a question", c.Set.Name, c.Vectors != nil, s.name, &p, took)
		within, pooled = append(within, w.Mean("")), append(pooled, p.Mean(""))
	}
	return within, pooled
}

// vectors gives c the vectors of the built-in embedder: made now for a small set, taken from the cache of the
// training program for a large one. It reports whether c has them.
func vectors(t *testing.T, c *Corpus, make bool) bool {
	t.Helper()
	dir := os.Getenv("ELDERZAN_MODEL")
	if dir == "" {
		t.Log("ELDERZAN_MODEL is not set: measured without vectors")
		return false
	}
	model, err := minilm.Open(dir, minilm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	words, err := lexical.New(lexical.Options{Terms: analysis.Terms, TermsVersion: analysis.Version})
	if err != nil {
		t.Fatal(err)
	}
	joint, err := embedding.NewJoint(model, words, embedding.JointOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var e Embedder
	cache := filepath.Join(os.TempDir(), "elderzan-recalleval")
	if make {
		cache = t.TempDir()
		e = func(ctx context.Context, texts []string, add func([]float32, memory.Tokens)) error {
			rows, err := joint.EmbedTokens(ctx, texts)
			for _, r := range rows {
				add(r.Vector, memory.Tokens(r.Tokens))
			}
			return err
		}
	}
	ok, err := c.Embed(context.Background(), e, joint.Space(), cache)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		t.Log("no vectors in the cache: measured without them; the training program makes them")
	}
	return ok
}

// Dialogue is what the weights were fitted on: the bars only say that nothing broke. The figures that count are
// those of other conversations.
func TestRecallOfDialogue(t *testing.T) {
	path, ok := DataFile("locomo-dev.json")
	if !ok {
		t.Logf("no %s: nothing measured", path)
		return
	}
	set, err := LoadLoCoMo(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Memories) != 2760 || len(set.Questions) != 997 {
		t.Fatalf("%d turns and %d questions; want 2,760 and 997", len(set.Memories), len(set.Questions))
	}
	c := NewCorpus(set, inverted.Options{})
	within, pooled := figures(t, c)
	reach(t, "own words within", within[0].R10, .67)
	reach(t, "neighbours' words within", within[1].R10, .80)
	reach(t, "neighbours' words over all", pooled[1].R10, .785)
	reach(t, "ranked within", within[2].R10, .83)
	reach(t, "ranked over all", pooled[2].R10, .82)
	if !vectors(t, c, false) {
		return
	}
	within, pooled = figures(t, c)
	reach(t, "ranked within, with vectors", within[2].R10, .86)
	reach(t, "ranked over all, with vectors", pooled[2].R10, .85)
}

func reach(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want {
		t.Errorf("%s: recall at 10 is %.3f; want at least %.3f", what, got, want)
	}
}

// No stage may find less of what agents note than the stage before it: what serves dialogue must not hurt them.
func TestRecallOfNotes(t *testing.T) {
	set, err := LoadNotes()
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Memories) < 600 || len(set.Questions) < 200 {
		t.Fatalf("%d notes and %d questions are too few to tell", len(set.Memories), len(set.Questions))
	}
	c := NewCorpus(set, inverted.Options{})
	check := func(fs []Figures) {
		t.Helper()
		for i := 1; i < len(fs); i++ {
			if fs[i].R10 < fs[i-1].R10-.001 || fs[i].R5 < fs[i-1].R5-.001 || fs[i].MRR < fs[i-1].MRR-.005 {
				t.Errorf("stage %d lowers %+v to %+v", i, fs[i-1], fs[i])
			}
		}
	}
	within, pooled := figures(t, c)
	check(within)
	check(pooled)
	words := within[2]
	if vectors(t, c, true) {
		within, pooled = figures(t, c)
		check(within)
		check(pooled)
		check([]Figures{words, within[2]})
	}
}

// What is found without a model of the language: the floors are what was measured, less a few questions.
func TestRecallOfLanguages(t *testing.T) {
	floors := map[string]float64{"ja": .69, "zh": .57, "ko": .63, "de": .51}
	for _, code := range Languages {
		set, err := LoadLanguage(code)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][2]int{"ja": {300, 150}}[code]
		if len(set.Memories) < max(want[0], 80) || len(set.Questions) < max(want[1], 40) {
			t.Errorf("%s: %d notes and %d questions are too few to tell", code, len(set.Memories), len(set.Questions))
		}
		within, _ := figures(t, NewCorpus(set, inverted.Options{}))
		reach(t, code, within[2].R10, floors[code])
		if within[2].R10 < within[0].R10-.03 {
			t.Errorf("%s: ranking lowers %.3f to %.3f", code, within[0].R10, within[2].R10)
		}
	}
}

// Notes and dialogue in one store must not push each other down: being a turn is no merit.
func TestNotesBesideDialogue(t *testing.T) {
	notes, err := LoadNotes()
	if err != nil {
		t.Fatal(err)
	}
	path, ok := DataFile("locomo-dev.json")
	if !ok {
		t.Logf("no %s: nothing measured", path)
		return
	}
	dialogue, err := LoadLoCoMo(path)
	if err != nil {
		t.Fatal(err)
	}
	_, alone := figures(t, NewCorpus(notes, inverted.Options{}))
	_, beside := figures(t, NewCorpus(Join(notes, dialogue), inverted.Options{}))
	words, ranked := beside[0], beside[2]
	const question = 1. / 108 // one question more or less says nothing
	if ranked.R10 < words.R10-question || ranked.MRR < words.MRR-.005 || ranked.R10 < alone[2].R10-.05 {
		t.Errorf("beside dialogue: own words %+v, ranked %+v; alone %+v", words, ranked, alone[2])
	}
}
