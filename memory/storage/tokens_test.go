package storage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// Who was stored without tokens is listed, a few at a time, until it has them; archived memories, those of other spaces and
// damaged values are not.
func TestWithoutTokens(t *testing.T) {
	r := newRig(t) // its own have tokens
	var want []memory.ID
	put := func(space string, tokens []int8) memory.ID {
		t.Helper()
		m := memory.Memory{ID: memory.NewID(), Content: "heron " + string(memory.NewID()), Scope: scope.All()[len(want)%4], State: memory.Active}
		if _, err := r.Put(t.Context(), memory.Put{Memory: m}); err != nil {
			t.Fatal(err)
		}
		if err := r.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: space, Values: unit(3), Tokens: tokens}}); err != nil {
			t.Fatal(err)
		}
		return m.ID
	}
	for i := range 7 {
		want = append(want, put("mini", nil))
		put("mini", tokenRows(i))
		put("other", nil)
	}
	archived := put("mini", nil)
	_, err := r.Change(t.Context(), archived, "", func(m *memory.Memory) (memory.Audit, error) {
		m.State = memory.Archived
		return memory.Audit{Action: "revise"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := r.catalog.RowsOf(t.Context(), []memory.ID{put("mini", nil)})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		r.apart(t, func() {
			withStrangeKeys(t, r.dir, func(db *kv.DB) {
				kvPut(t, db, kv.Vectors, vectorKey(row, "mini"), storedBytes(unit(1), nil, warmWidth), security.ClassStore)
			})
		})
	}
	want = append(want, put("mini", nil))
	list := func(n int) (ids []memory.ID) {
		t.Helper()
		for after := int64(0); ; {
			jobs, next, err := r.WithoutTokens(t.Context(), "mini", after, n)
			if err != nil {
				t.Fatal(err)
			}
			if len(jobs) == 0 {
				return ids
			}
			if len(jobs) > n || next <= after {
				t.Fatalf("%d jobs of %d, from %d to %d", len(jobs), n, after, next)
			}
			for _, j := range jobs {
				ids = append(ids, j.ID)
			}
			after = next
		}
	}
	for _, n := range []int{1, 3, 100} {
		if got := list(n); !slices.Equal(got, want) {
			t.Errorf("by %d: %v; want %v", n, got, want)
		}
	}
	for _, id := range want {
		if err := r.PutVectors(t.Context(), []memory.Vector{{ID: id, Version: 1, Space: "mini", Values: unit(3), Tokens: tokenRows(1)}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(3); len(got) > 0 {
		t.Errorf("%v are listed with tokens", got)
	}
}

// Tokens stay with a vector that moves between classes of keys, and go with it.
func TestTokensFollowVectors(t *testing.T) {
	r := newRig(t)
	id := r.ms[scope.Project].ID
	question := memory.Tokens{Rows: tokenRows(slices.Index(scope.All(), scope.Project)), Spans: [][2]int{{0, 5}, {6, 7}, {8, 9}}}
	match := func() (c memory.Candidate) {
		t.Helper()
		set, err := r.Candidates(t.Context(), memory.CandidateQuery{Text: "heron b c", Vectors: map[string][]float32{"mini": unit(0)},
			Tokens: map[string]memory.Tokens{"mini": question}, Filter: memory.Filter{IDs: []memory.ID{id}}})
		if err != nil || len(set.Candidates) != 1 {
			t.Fatalf("%d candidates, %v", len(set.Candidates), err)
		}
		return set.Candidates[0]
	}
	change := func(edit func(*memory.Memory)) {
		t.Helper()
		_, err := r.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
			edit(m)
			return memory.Audit{Action: "revise"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, sc := range []scope.Scope{scope.Project, scope.Private, scope.Shared} {
		change(func(m *memory.Memory) { m.Scope = sc })
		for range 2 { // read, and then kept unless it is PRIVATE
			if c := match(); !c.HasTokens || c.Match < .99 || c.Sharp < .97 {
				t.Errorf("as %s: %v, %v, %v", sc, c.HasTokens, c.Match, c.Sharp)
			}
		}
		if kept := r.tokens.entries.Len(); (kept > 0) != (sc != scope.Private) {
			t.Errorf("as %s: tokens of %d are kept", sc, kept)
		}
	}
	change(func(m *memory.Memory) { m.Content = "another heron" })
	if c := match(); c.HasTokens || c.HasVector {
		t.Errorf("the tokens of the former text are left: %v, %v", c.HasTokens, c.HasVector)
	}
	if err := r.PutVectors(t.Context(), []memory.Vector{{ID: id, Version: 5, Space: "mini", Values: unit(0), Tokens: tokenRows(2)}}); err != nil {
		t.Fatal(err)
	}
	other := match()
	if err := r.PutVectors(t.Context(), []memory.Vector{{ID: id, Version: 5, Space: "mini", Values: unit(0), Tokens: question.Rows}}); err != nil {
		t.Fatal(err)
	}
	if c := match(); !c.HasTokens || c.Match < .99 || c.Match <= other.Match {
		t.Errorf("after others were stored: %v, %v; before: %v", c.HasTokens, c.Match, other.Match)
	}
	found, err := r.Check(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
}

// A candidate tells how near the tokens of those before and behind it come, as far as these are candidates too.
func TestTokensOfNeighbours(t *testing.T) {
	r := newRig(t)
	ids := make([]memory.ID, 3)
	for i := range ids {
		m := memory.Memory{ID: memory.NewID(), Content: fmt.Sprintf("Mia: the ibis number %d wades", i), Scope: scope.Project, Project: "delta", Session: "one",
			CreatedAt: time.Date(2026, 3, 4, 5, i, 0, 0, time.UTC)}
		if _, err := r.Put(t.Context(), memory.Put{Memory: m}); err != nil {
			t.Fatal(err)
		}
		if err := r.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: unit(i), Tokens: tokenRows(i + 1)}}); err != nil {
			t.Fatal(err)
		}
		ids[i] = m.ID
	}
	question := memory.Tokens{Rows: tokenRows(2), Spans: [][2]int{{0, 5}, {6, 7}, {8, 9}}}
	set, err := r.Candidates(t.Context(), memory.CandidateQuery{Text: "heron b c", Vectors: map[string][]float32{"mini": unit(1)},
		Tokens: map[string]memory.Tokens{"mini": question}, Filter: memory.Filter{IDs: ids}})
	if err != nil || len(set.Candidates) != len(ids) {
		t.Fatalf("%d candidates, %v", len(set.Candidates), err)
	}
	match := make([]float64, len(ids)+2) // none before the first and behind the last
	for _, c := range set.Candidates {
		match[1+slices.Index(ids, c.Memory.ID)] = c.Match
	}
	for _, c := range set.Candidates {
		i := 1 + slices.Index(ids, c.Memory.ID)
		if c.Match == 0 || c.Before.Match != match[i-1] || c.Behind.Match != match[i+1] {
			t.Errorf("%d: %v between %v and %v; all are %v", i, c.Match, c.Before.Match, c.Behind.Match, match)
		}
	}
}
