package rank

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

func TestStages(t *testing.T) {
	fixed := []string{"note", "long", "project", "recent", "latest", "importance", "pinned", "used", "untrusted", "repeated"}
	seen := map[string]int{}
	for _, s := range Stages() {
		fs := s.Features()
		if len(fs) == 0 {
			t.Errorf("stage %q has no features", s)
		}
		for _, f := range fs {
			seen[f]++
		}
	}
	for _, f := range featureNames {
		if (seen[f] > 0) == slices.Contains(fixed, f) {
			t.Errorf("feature %q is of %d stages", f, seen[f])
		}
	}
	if len(Stages()) != len(stageFeatures) {
		t.Errorf("%d stages in the list, %d with features", len(Stages()), len(stageFeatures))
	}
}

// Without a stage its features do not count: what differs in them alone comes back in the order of age.
func TestSwitchedOff(t *testing.T) {
	if _, err := New(Options{Off: []Stage{"magic"}}); err == nil {
		t.Error("a stage that is none can be switched off")
	}
	rnd := rand.New(rand.NewPCG(5, 5))
	set := memory.CandidateSet{Candidates: randomSet(rnd, 40)}
	q := memory.RankQuery{Text: "When did Anna open port 7?", Now: start, Limit: 40}
	all := newRanker(t)
	for _, s := range Stages() {
		r, err := New(Options{Off: []Stage{s}})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []model{r.models.tokens, r.models.hybrid, r.models.words} {
			for _, f := range stageFeatures[s] {
				if m.turns[f] != 0 || m.notes[f] != 0 {
					t.Errorf("without %q feature %q still counts", s, featureNames[f])
				}
			}
		}
		if got := r.Rank(q, set); len(got) == 0 {
			t.Errorf("without %q nothing comes back", s)
		}
	}
	none, err := New(Options{Off: Stages()})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := order(none.Rank(q, set)), order(all.Rank(q, set)); reflect.DeepEqual(a, b) {
		t.Errorf("without any stage the order is as with all: %v", a)
	}
}
