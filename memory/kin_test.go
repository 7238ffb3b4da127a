package memory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// realWorld is a service over the real store, with near-duplicates found.
func realWorld(t *testing.T) (*memory.Service, *storage.Store, *memory.Linker) {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	x := memory.NewIndexer(t.Context(), s, &memorytest.Embedder{}, memory.IndexerOptions{})
	t.Cleanup(func() {
		x.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	svc, err := memory.NewService(memory.Options{Store: s, Embedder: &memorytest.Embedder{}, Classifier: memorytest.Classifier{}, Ranker: ranker, Indexer: x, Kin: s})
	if err != nil {
		t.Fatal(err)
	}
	return svc, s, memory.NewLinker(s, s, memory.LinkerOptions{Alike: rank.Alike, Min: .5})
}

func TestNearDuplicates(t *testing.T) {
	svc, _, linker := realWorld(t)
	keep := func(text string, tags ...string) memory.ID {
		t.Helper()
		r, err := svc.Remember(t.Context(), mia, memory.RememberInput{Content: text, Tags: tags, Wait: true})
		if err != nil {
			t.Fatal(err)
		}
		return r.Memory.ID
	}
	a := keep("The billing service deploys on Tuesdays from the main branch.", "ops")
	b := keep("The billing service deploys on Tuesdays from the main branch, always.", "release")
	port := keep("The billing service listens on port 8080 of the main host.")
	other := keep("The billing service listens on port 8081 of the main host.")
	for {
		n, err := linker.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	for id, want := range map[memory.ID][]memory.ID{a: {b}, b: {a}, port: {}, other: {}} {
		got, err := svc.Duplicates(t.Context(), mia, id)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("duplicates of %s = %v, %v; want %v", id, got, err, want)
		}
	}
	rel, err := svc.Related(t.Context(), mia, a, 3)
	if err != nil || len(rel) != 3 || rel[0].Memory.ID != b || !rel[0].Near || !strings.Contains(strings.Join(rel[0].Why, ";"), "nearly the same") {
		t.Errorf("related = %+v, %v", rel, err)
	}

	m, err := svc.Merge(t.Context(), mia, memory.MergeInput{ID: a, Merge: []memory.ID{b}})
	if err != nil || !slices.Equal(m.Tags, []string{"ops", "release"}) {
		t.Fatalf("Merge = %+v, %v", m, err)
	}
	ms, err := svc.Get(t.Context(), mia, []memory.ID{b})
	if err != nil || ms[0].State != memory.Superseded || ms[0].SupersededBy != a {
		t.Errorf("the merged one = %+v, %v", ms, err)
	}
	if got, err := svc.Duplicates(t.Context(), mia, a); err != nil || len(got) > 0 {
		t.Errorf("after the merge duplicates = %v, %v", got, err)
	}
	if _, err := svc.Merge(t.Context(), mia, memory.MergeInput{ID: a, Merge: []memory.ID{b}}); err != nil {
		t.Errorf("merging again: %v", err)
	}
	// The history can be had back.
	if _, err := svc.Revise(t.Context(), mia, memory.ReviseInput{ID: b, Restore: true}); err != nil {
		t.Errorf("restore the merged one: %v", err)
	}
}

func TestMergeRefuses(t *testing.T) {
	w := newWorld(t, nil)
	a := w.keep(t, memory.RememberInput{Content: "one"}).Memory.ID
	b := w.keep(t, memory.RememberInput{Content: "two"}).Memory.ID
	gone := w.keep(t, memory.RememberInput{Content: "three"}).Memory.ID
	if _, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{gone}}); err != nil {
		t.Fatal(err)
	}
	merge := func(id memory.ID, others ...memory.ID) error {
		_, err := w.Merge(t.Context(), mia, memory.MergeInput{ID: id, Merge: others})
		return err
	}
	wantInput(t, merge("", b), "id")
	wantInput(t, merge(a), "merge")
	wantInput(t, merge(a, a), "merge")
	wantInput(t, merge(a, gone), "merge")
	wantInput(t, merge(gone, b), "id")
	wantInput(t, merge(a, make([]memory.ID, memory.MaxBatch+1)...), "merge")
	if err := merge(a, memory.NewID()); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("unknown = %v", err)
	}
}

// What a narrower memory says of itself stays with it.
func TestMergeKeepsSecrets(t *testing.T) {
	w := newWorld(t, nil)
	public := w.keep(t, memory.RememberInput{Content: "one"}).Memory.ID
	secret := w.keep(t, memory.RememberInput{Content: "one more", Tags: []string{"secret"}, Scope: scope.Private, Pinned: true}).Memory.ID
	m, err := w.Merge(t.Context(), mia, memory.MergeInput{ID: public, Merge: []memory.ID{secret}})
	if err != nil || len(m.Tags) > 0 || m.Pinned {
		t.Errorf("Merge = %+v, %v; nothing of the private one may show", m, err)
	}
}

func TestStanding(t *testing.T) {
	day := 24 * time.Hour
	for name, tc := range map[string]struct {
		m        memory.Memory
		lastUsed time.Duration // after start; 0 never
		want     float64
	}{
		"fresh":          {memory.Memory{Importance: .8, UpdatedAt: start.Add(180 * day)}, 0, .8},
		"half a year":    {memory.Memory{Importance: .8, UpdatedAt: start}, 0, .8 * .625},
		"used meanwhile": {memory.Memory{Importance: .8, UpdatedAt: start}, 180 * day, .8},
		"pinned":         {memory.Memory{Importance: .8, UpdatedAt: start, Pinned: true}, 0, .8},
		"not stated":     {memory.Memory{UpdatedAt: start}, 0, 0},
		"no times":       {memory.Memory{Importance: .8}, 0, .8},
	} {
		t.Run(name, func(t *testing.T) {
			var used time.Time
			if tc.lastUsed > 0 {
				used = start.Add(tc.lastUsed)
			}
			if got := tc.m.Standing(used, start.Add(180*day)); got < tc.want-1e-9 || got > tc.want+1e-9 {
				t.Errorf("Standing = %v; want %v", got, tc.want)
			}
		})
	}
	old := memory.Memory{Importance: 1, UpdatedAt: start}
	if got := old.Standing(time.Time{}, start.AddDate(50, 0, 0)); got < .249 || got > .251 {
		t.Errorf("after 50 years %v; want the floor", got)
	}
}
