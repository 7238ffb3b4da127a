package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func testJobs(t *testing.T, s *suite) {
	var ms []memory.Memory
	for i := range 5 {
		m := Memory(fmt.Sprintf("job %d", i))
		m.Title = "title"
		m.Scope = []scope.Scope{scope.Project, scope.Private}[i%2]
		ms = append(ms, s.put(t, m))
	}
	ids := func(n int) (ids []memory.ID) {
		jobs, err := s.Jobs(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			i := slices.IndexFunc(ms, func(m memory.Memory) bool { return m.ID == j.ID })
			if i < 0 || j.Text != ms[i].EmbeddingText() || j.LocalOnly != ms[i].LocalOnly() || j.Version != ms[i].Version {
				t.Errorf("job %+v is not that of %+v", j, ms[max(i, 0)])
			}
			ids = append(ids, j.ID)
		}
		return ids
	}
	if got, want := ids(3), []memory.ID{ms[0].ID, ms[1].ID, ms[2].ID}; !slices.Equal(got, want) {
		t.Errorf("Jobs = %v; want the oldest, %v", got, want)
	}
	if err := s.FailJobs(t.Context(), []memory.ID{ms[0].ID, memory.NewID()}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.embed(t, "mini", 1, ms[1])
	if err := s.Purge(t.Context(), []memory.ID{ms[2].ID}, "", Audit("purge")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, want := ids(10), []memory.ID{ms[3].ID, ms[4].ID}; !slices.Equal(got, want) {
			t.Errorf("Jobs = %v; want %v: one delayed, one done, one purged", got, want)
		}
		s.reopen(t)
	}
	if err := s.FailJobs(t.Context(), []memory.ID{ms[0].ID}, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := ids(1); !slices.Equal(got, []memory.ID{ms[0].ID}) {
		t.Errorf("Jobs = %v; want the one that came due", got)
	}
}

func testVectors(t *testing.T, s *suite) {
	const n = 40
	var ms []memory.Memory
	for i := range n {
		m := Memory(fmt.Sprintf("vector %d", i))
		m.Scope = scope.All()[i%4]
		m.Sensitive = i%8 == 3
		ms = append(ms, s.put(t, m))
	}
	s.embed(t, "mini", 500, ms[:n/2]...)
	s.embed(t, "mini", 500+n/2, ms[n/2:]...)
	s.embed(t, "mini", 500, ms[0]) // again: no second one
	for range 3 {
		for i, m := range ms {
			q := memory.CandidateQuery{Text: "a b c", Vectors: map[string][]float32{"mini": UnitVector(500 + uint64(i))},
				Tokens: map[string]memory.Tokens{"mini": RandomTokens(500 + uint64(i))}, Limit: 1}
			by, _ := s.candidates(t, q)
			if c := by[m.ID]; c.Dense < .999 || !c.HasTokens || c.Match < .99 || c.Sharp < .97 {
				t.Errorf("memory %d is not the nearest to its own vector and tokens: %+v", i, c)
			}
			delete(q.Tokens, "mini")
			if by, _ = s.candidates(t, q); by[m.ID].HasTokens {
				t.Errorf("memory %d: tokens without a question", i)
			}
		}
		if got := s.Spaces()["mini"]; got != n {
			t.Errorf("Spaces = %d; want %d", got, n)
		}
		s.reopen(t)
	}
	var input *memory.InputError
	for name, v := range map[string]memory.Vector{
		"no space":        {ID: ms[0].ID, Version: 1, Values: UnitVector(1)},
		"too short":       {ID: ms[0].ID, Version: 1, Space: "mini", Values: UnitVector(1)[:10]},
		"part of a token": {ID: ms[0].ID, Version: 1, Space: "mini", Values: UnitVector(1), Tokens: make([]int8, 7)},
		"not unit length": {ID: ms[0].ID, Version: 1, Space: "mini", Values: make([]float32, memory.Dim)},
	} {
		if err := s.PutVectors(t.Context(), []memory.Vector{v}); !errors.As(err, &input) {
			t.Errorf("%s: error %v; want an InputError", name, err)
		}
	}
}

func testVectorsStale(t *testing.T, s *suite) {
	m := s.put(t, Memory("first wording"))
	retitled := s.change(t, m.ID, func(m *memory.Memory) { m.Pinned = true })
	s.embed(t, "mini", 1, m) // the text is still that of version 1
	if n := s.Spaces()["mini"]; n != 1 {
		t.Errorf("a vector for an older version of the same text was dropped: %d vectors", n)
	}
	reworded := s.change(t, m.ID, func(m *memory.Memory) { m.Content = "second wording" })
	if n := s.Spaces()["mini"]; n != 0 {
		t.Errorf("the vector of the old wording is still there")
	}
	gone := m
	gone.ID = memory.NewID()
	early := m
	early.Version = reworded.Version + 1
	s.embed(t, "mini", 1, m, retitled, gone, early)
	if n := s.Spaces()["mini"]; n != 0 {
		t.Errorf("%d stale vectors were stored", n)
	}
	jobs, err := s.Jobs(t.Context(), 5)
	if err != nil || len(jobs) != 1 || jobs[0].Text != "second wording" || jobs[0].Version != reworded.Version {
		t.Errorf("Jobs = %+v, %v; want the second wording", jobs, err)
	}
	s.embed(t, "mini", 1, reworded)
	s.reopen(t)
	if n := s.Spaces()["mini"]; n != 1 {
		t.Errorf("%d vectors; want 1", n)
	}
}

func testVectorsSpaces(t *testing.T, s *suite) {
	a, b := s.put(t, Memory("old and new space")), s.put(t, Memory("old space alone"))
	s.embed(t, "old/v1", 10, a, b)
	s.embed(t, "new v2", 20, a)
	for range 2 {
		q := memory.CandidateQuery{Vectors: map[string][]float32{"old/v1": UnitVector(10), "new v2": UnitVector(20)}, Limit: 5}
		by, _ := s.candidates(t, q)
		if len(by) != 2 || by[a.ID].Space != "old/v1" || by[a.ID].Dense < 0.999 || by[b.ID].Space != "old/v1" {
			t.Errorf("candidates %+v; want both, from the larger space", by)
		}
		delete(q.Vectors, "old/v1")
		if by, _ = s.candidates(t, q); len(by) != 1 || by[a.ID].Space != "new v2" {
			t.Errorf("candidates %+v; want a alone, from the new space", by)
		}
		s.reopen(t)
	}
}

// testTogether has many clients do everything at once; what was acknowledged must be there and be found.
func testTogether(t *testing.T, s *suite) {
	const clients, each = 8, 12
	var mu sync.Mutex
	kept, purged := map[memory.ID]memory.Memory{}, map[memory.ID]bool{}
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				m := Memory(fmt.Sprintf("ferret %d of client %d", i, c))
				m.Scope = scope.All()[(c+i)%4]
				m = s.put(t, m)
				s.embed(t, "mini", uint64(1000*c+i), m)
				switch i % 4 {
				case 1:
					m = s.change(t, m.ID, func(m *memory.Memory) { m.Scope = scope.Private })
				case 2:
					m = s.change(t, m.ID, func(m *memory.Memory) { m.Content += " reworded" })
				case 3:
					if err := s.Purge(t.Context(), []memory.ID{m.ID}, "", Audit("purge")); err != nil {
						t.Errorf("Purge: %v", err)
					}
					mu.Lock()
					purged[m.ID] = true
					mu.Unlock()
					continue
				}
				if by, _ := s.candidates(t, memory.CandidateQuery{Text: "ferret", Filter: memory.Filter{IDs: []memory.ID{m.ID}}}); len(by) != 1 {
					t.Errorf("client %d does not find its own write %d", c, i)
				}
				mu.Lock()
				kept[m.ID] = m
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for range 2 {
		by, set := s.candidates(t, memory.CandidateQuery{Text: "ferret", Limit: clients * each})
		if len(by) != len(kept) || set.Pending != clients*each/4 {
			t.Errorf("%d candidates, %d pending; want %d, %d", len(by), set.Pending, len(kept), clients*each/4)
		}
		for id, m := range kept {
			if c, ok := by[id]; !ok || c.Memory.Content != m.Content || c.Memory.Scope != m.Scope {
				t.Errorf("%s came back as %+v; want %+v", id, c.Memory, m)
			}
		}
		for id := range purged {
			if _, ok := by[id]; ok {
				t.Errorf("%s came back after its purge", id)
			}
		}
		s.reopen(t)
	}
}
