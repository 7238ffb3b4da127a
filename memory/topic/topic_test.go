package topic

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// subjects are what the memories of these tests are about, with words that only one of them uses.
var subjects = []string{"kubernetes cluster rollout", "espresso machine grinder", "invoice ledger totals"}

// rig is a real store with memories of three subjects.
type rig struct {
	t     *testing.T
	store *storage.Store
	r     *rand.Rand
	axes  [][]float64
	ids   [][]memory.ID
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	g := &rig{t: t, store: s, r: rand.New(rand.NewPCG(3, 4)), ids: make([][]memory.ID, len(subjects))}
	for range subjects {
		axis := make([]float64, memory.Dim)
		for i := range axis {
			axis[i] = g.r.NormFloat64()
		}
		g.axes = append(g.axes, axis)
	}
	return g
}

func (g *rig) add(subject int, sc scope.Scope, extra string) memory.ID {
	g.t.Helper()
	m := memory.Memory{ID: memory.NewID(), Scope: sc, Project: "p", Content: fmt.Sprintf("The %s note %d says %s what to do.", subjects[subject], g.r.IntN(1e9), extra)}
	if _, err := g.store.Put(g.t.Context(), memory.Put{Memory: m}); err != nil {
		g.t.Fatal(err)
	}
	v, sum := make([]float64, memory.Dim), 0.0
	for i := range v {
		v[i] = g.axes[subject][i] + .4*g.r.NormFloat64()
		sum += v[i] * v[i]
	}
	values := make([]float32, memory.Dim)
	for i := range v {
		values[i] = float32(v[i] / math.Sqrt(sum))
	}
	if err := g.store.PutVectors(g.t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: values}}); err != nil {
		g.t.Fatal(err)
	}
	if sc != scope.Private {
		g.ids[subject] = append(g.ids[subject], m.ID)
	}
	return m.ID
}

func (g *rig) keeper() *Keeper {
	k := Open(g.t.Context(), Options{Store: g.store, Count: func() int { return g.store.Spaces()["mini"] }, Every: time.Hour})
	g.t.Cleanup(func() { k.Close() })
	return k
}

func (g *rig) topics(k *Keeper) memory.TopicMap {
	g.t.Helper()
	m, err := k.Topics(g.t.Context(), g.store.Get, true)
	if err != nil {
		g.t.Fatal(err)
	}
	return m
}

// byWord finds the topic whose name holds a word.
func byWord(m memory.TopicMap, word string) (out []memory.Topic) {
	for _, t := range m.Topics {
		if strings.Contains(t.Name, word) {
			out = append(out, t)
		}
	}
	return out
}

func TestTopics(t *testing.T) {
	g := newRig(t)
	k := g.keeper()
	if m := g.topics(k); len(m.Topics) != 0 {
		t.Errorf("topics of nothing: %+v", m)
	}
	for i := range 18 { // √(18/2) = 3 topics
		g.add(i%3, scope.Project, "")
	}
	if err := k.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := g.topics(k)
	if len(m.Topics) != 3 || m.Memories != 18 || len(m.Spots) != 18 {
		t.Fatalf("topics = %+v", m)
	}
	for i, word := range []string{"kubernetes", "espresso", "invoice"} {
		found := byWord(m, word)
		if len(found) != 1 || found[0].Size != 6 || len(found[0].Best) != 3 || !slices.Contains(g.ids[i], found[0].Best[0].ID) {
			t.Errorf("%s: %+v", word, found)
		}
	}
	for _, s := range m.Spots {
		if math.Abs(s.X) > 1 || math.Abs(s.Y) > 1 || s.Topic == "" {
			t.Errorf("spot %+v", s)
		}
	}
	// Topics lie apart on the map: members are nearer to their own than to another.
	at := map[string]memory.Topic{}
	for _, x := range m.Topics {
		at[x.ID] = x
	}
	for _, s := range m.Spots {
		own := math.Hypot(s.X-at[s.Topic].X, s.Y-at[s.Topic].Y)
		for id, other := range at {
			if id != s.Topic && math.Hypot(s.X-other.X, s.Y-other.Y) < own {
				t.Errorf("a memory of %s lies nearer to %s", at[s.Topic].Name, other.Name)
			}
		}
	}

	// More of the same, a restart of the keeper and a refresh: the ids stay.
	for i := range 9 {
		g.add(i%3, scope.Shared, "")
	}
	again := g.keeper()
	if again.due(t.Context()) {
		t.Error("a refresh is due after nine memories")
	}
	g.add(0, scope.Project, "")
	if !again.due(t.Context()) {
		t.Error("no refresh is due after ten memories")
	}
	if err := again.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := g.topics(again)
	for _, word := range []string{"kubernetes", "espresso", "invoice"} {
		a, b := byWord(m, word), byWord(after, word)
		if len(b) == 0 || a[0].ID != b[0].ID {
			t.Errorf("%s had the id %v, now %+v", word, a[0].ID, b)
		}
	}
}

// PRIVATE memories are in no topic, no name and no map, also where they became PRIVATE after the topics were made.
func TestPrivateStaysOut(t *testing.T) {
	g := newRig(t)
	secret := []memory.ID{g.add(0, scope.Private, "zqsecretwvx"), g.add(0, scope.Private, "zqsecretwvx")}
	for i := range 12 {
		g.add(i%2, scope.Project, "")
	}
	later := []memory.ID{g.add(0, scope.Project, "zqlaterwvx"), g.add(0, scope.Project, "zqlaterwvx")}
	k := g.keeper()
	check := func(hidden []memory.ID, word string, want bool) {
		t.Helper()
		m := g.topics(k)
		var all strings.Builder
		for _, x := range m.Topics {
			fmt.Fprint(&all, x.Name, x.Terms)
			for _, b := range x.Best {
				if slices.Contains(hidden, b.ID) && !want {
					t.Errorf("%s is shown", b.ID)
				}
			}
		}
		if strings.Contains(all.String(), word) != want {
			t.Errorf("names hold %q: %v; want %v", word, !want, want)
		}
		for _, s := range m.Spots {
			if slices.Contains(hidden, s.ID) && !want {
				t.Errorf("%s is on the map", s.ID)
			}
		}
		if m.Memories != 14 {
			t.Errorf("made of %d memories", m.Memories)
		}
	}
	check(secret, "zqsecretwvx", false)
	check(later, "zqlaterwvx", true)
	for _, id := range later {
		if _, err := g.store.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
			m.Scope = scope.Private
			return memory.Audit{}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	check(later, "zqlaterwvx", false)
	if err := g.store.Purge(t.Context(), later, "", memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	check(later, "zqlaterwvx", false)
}

func TestNames(t *testing.T) {
	m := func(text string, tags ...string) memory.Memory { return memory.Memory{Content: text, Tags: tags} }
	got := terms([][]memory.Memory{
		{m("請求書は毎月送ります"), m("請求書の宛先を確認します")},
		{m("Deploying takes an hour"), m("The deploying of the site", "ops"), m("unique words here", "ops")},
		{m("12 34"), m("12 34")},
		nil,
	})
	if !slices.Contains(got[0], "請求") && !slices.Contains(got[0], "請求書") {
		t.Errorf("Japanese: %q", got[0])
	}
	if !slices.Contains(got[1], "deploying") || !slices.Contains(got[1], "ops") || slices.Contains(got[1], "unique") {
		t.Errorf("English: %q", got[1])
	}
	if name(got[2]) != "other" || name(got[3]) != "other" {
		t.Errorf("no terms: %q, %q", got[2], got[3])
	}
	long := memory.Memory{Content: strings.Repeat("日本", nameBytes)}
	if len(words(&long)) == 0 {
		t.Error("a long text has no words")
	}
}

func TestTopicsFor(t *testing.T) {
	for n, want := range map[int]int{0: 0, 7: 0, 8: 2, 18: 3, 3000: 39, 1_000_000: 48} {
		if got := topicsFor(n); got != want {
			t.Errorf("topicsFor(%d) = %d; want %d", n, got, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	g := newRig(t)
	if err := g.store.SaveTopics(t.Context(), []byte("what")); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		g.add(i%2, scope.Project, "")
	}
	if m := g.topics(g.keeper()); len(m.Topics) != 2 {
		t.Errorf("topics = %+v", m)
	}
}

func TestFailingReader(t *testing.T) {
	g := newRig(t)
	for i := range 8 {
		g.add(i%2, scope.Project, "")
	}
	_, err := g.keeper().Topics(t.Context(), func(context.Context, []memory.ID) ([]memory.Memory, error) { return nil, memory.ErrDenied }, false)
	if err == nil {
		t.Error("topics are shown to whom nothing may be shown")
	}
}
