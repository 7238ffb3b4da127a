package storage

import (
	"fmt"
	"math"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// near returns a unit vector whose cosine with axis i is cos.
func near(i int, cos float64) []float32 {
	v := make([]float32, memory.Dim)
	v[i], v[i+1] = float32(cos), float32(math.Sqrt(1-cos*cos))
	return v
}

func (r *rig) add(t *testing.T, text string, sc scope.Scope, v []float32) memory.ID {
	t.Helper()
	m := memory.Memory{ID: memory.NewID(), Content: text, Scope: sc, Project: "atlas"}
	if _, err := r.Put(t.Context(), memory.Put{Memory: m}); err != nil {
		t.Fatal(err)
	}
	if v != nil {
		if err := r.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: v}}); err != nil {
			t.Fatal(err)
		}
	}
	return m.ID
}

func TestNear(t *testing.T) {
	r := newRig(t)
	a := r.add(t, "a", scope.Project, unit(100))
	b := r.add(t, "b", scope.Private, near(100, .9))
	c := r.add(t, "c", scope.Project, near(100, .8))
	waiting := r.add(t, "d", scope.Project, nil)
	got, err := r.Near(t.Context(), a, memory.Filter{}, 2)
	if err != nil || len(got) != 2 || got[0].Memory.ID != b || got[1].Memory.ID != c || math.Abs(got[0].Cosine-.9) > 1e-3 {
		t.Errorf("Near = %+v, %v; want b and c", got, err)
	}
	if got[0].Memory.Content != "b" {
		t.Error("the memory is not whole")
	}
	if got, err := r.Near(t.Context(), a, memory.Filter{Scopes: []scope.Scope{scope.Project}}, 1); err != nil || len(got) != 1 || got[0].Memory.ID != c {
		t.Errorf("with a filter: %+v, %v", got, err)
	}
	if got, err := r.Near(t.Context(), waiting, memory.Filter{}, 2); err != nil || len(got) != 0 {
		t.Errorf("without a vector: %+v, %v", got, err)
	}
	if _, err := r.Near(t.Context(), memory.NewID(), memory.Filter{}, 2); err == nil {
		t.Error("an unknown memory has neighbours")
	}
}

func TestLinks(t *testing.T) {
	r := newRig(t)
	a, b, c := r.add(t, "a", scope.Project, unit(100)), r.add(t, "b", scope.Project, near(100, .9)), r.add(t, "c", scope.Private, near(100, .8))
	link := func(pairs ...memory.Pair) {
		t.Helper()
		if err := r.Link(t.Context(), pairs, 0); err != nil {
			t.Fatal(err)
		}
	}
	want := func(id memory.ID, want ...string) {
		t.Helper()
		pairs, err := r.Linked(t.Context(), id, 5)
		if err != nil {
			t.Fatal(err)
		}
		names := map[memory.ID]string{a: "a", b: "b", c: "c"}
		var got []string
		for _, p := range pairs {
			if p.A != id || p.At.IsZero() {
				t.Errorf("pair %+v", p)
			}
			got = append(got, fmt.Sprintf("%s %s %.2f", names[p.B], p.Kind, p.Weight))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("links of %s = %v; want %v", names[id], got, want)
		}
	}
	link(memory.Pair{A: b, B: a, Kind: memory.PairNear, Weight: .9}, memory.Pair{A: a, B: a, Kind: memory.PairNear, Weight: 1},
		memory.Pair{A: a, B: memory.NewID(), Kind: memory.PairTogether, Weight: 1})
	link(memory.Pair{A: a, B: b, Kind: memory.PairNear, Weight: .92})
	link(memory.Pair{A: a, B: c, Kind: memory.PairTogether, Weight: 1}, memory.Pair{A: c, B: a, Kind: memory.PairTogether, Weight: 2})
	want(a, "b near 0.92", "c together 3.00")
	want(b, "a near 0.92")

	// A new text is no near-duplicate any more, and keeps what it was used with.
	for _, id := range []memory.ID{a, b} {
		if _, err := r.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
			m.Content += " and more"
			return memory.Audit{}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	want(a, "c together 3.00")
	if err := r.Purge(t.Context(), []memory.ID{c}, "", memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	want(a)
}

// TestUnlinked checks that each vector is looked at once, over a restart, too.
func TestUnlinked(t *testing.T) {
	r := newRig(t)
	seen := map[memory.ID]int{}
	drain := func() {
		t.Helper()
		for {
			ids, upTo, err := r.Unlinked(t.Context(), 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(ids) == 0 {
				return
			}
			for _, id := range ids {
				seen[id]++
			}
			if err := r.Link(t.Context(), nil, upTo); err != nil {
				t.Fatal(err)
			}
		}
	}
	drain()
	r.apart(t, func() {})
	id := r.add(t, "later", scope.Project, unit(101))
	drain()
	for _, m := range r.ms {
		if seen[m.ID] != 1 {
			t.Errorf("%s was looked at %d times", m.Scope, seen[m.ID])
		}
	}
	if seen[id] != 1 {
		t.Errorf("the later one was looked at %d times", seen[id])
	}
}
