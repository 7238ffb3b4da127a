package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func testGet(t *testing.T, s *suite) {
	a, b := s.put(t, Memory("first of two")), s.put(t, Memory("second of two"))
	got, err := s.Get(t.Context(), []memory.ID{b.ID, a.ID, b.ID})
	if err != nil || len(got) != 3 || got[0].ID != b.ID || got[1].ID != a.ID || got[2].ID != b.ID {
		t.Errorf("Get = %v, %v; want b, a, b", got, err)
	}
	x, y := memory.NewID(), memory.ID("no id at all")
	var missing *memory.NotFoundError
	if _, err := s.Get(t.Context(), []memory.ID{x, a.ID, y, x}); !errors.As(err, &missing) || !slices.Equal(missing.IDs, []memory.ID{x, y}) {
		t.Errorf("Get of absent ids: error %v; want NotFoundError of %v", err, []memory.ID{x, y})
	}
	if got, err := s.Get(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("Get of nothing = %v, %v", got, err)
	}
}

func testCandidates(t *testing.T, s *suite) {
	var ms []memory.Memory
	for i, text := range []string{
		"The heron nests by the canal.", "Otters swim in the canal at night.", "The library opens at nine.",
		"図書館は九時に開きます。", "Nobody has embedded this heron yet.",
	} {
		m := Memory(text)
		m.Session = fmt.Sprint("s-", i) // neighbours would lend each other words
		if i%2 == 1 {
			m.Scope = scope.Private
		}
		ms = append(ms, s.put(t, m))
	}
	s.embed(t, "mini", 100, ms[:4]...)
	for range 2 {
		q := memory.CandidateQuery{Text: "heron", Vectors: map[string][]float32{"mini": UnitVector(101)}, Limit: 2}
		by, set := s.candidates(t, q)
		if c := by[ms[0].ID]; c.Lexical <= 0 || c.Own <= 0 || !c.HasVector || math.Abs(c.Dense-dot(UnitVector(100), UnitVector(101))) > 1e-4 || c.Space != "mini" {
			t.Errorf("found by words, with a vector: %+v; want its cosine filled in", c)
		}
		if c := by[ms[4].ID]; c.Lexical <= 0 || c.HasVector {
			t.Errorf("found by words, without a vector: %+v", c)
		}
		if c := by[ms[1].ID]; c.Lexical != 0 || !c.HasVector || c.Dense < 0.999 {
			t.Errorf("found by its vector alone: %+v", c)
		}
		if set.Pending != 1 || !set.Exact {
			t.Errorf("Pending = %d, Exact = %v; want 1, true", set.Pending, set.Exact)
		}
		if by, _ := s.candidates(t, memory.CandidateQuery{Text: "図書館はいつ開く", Limit: 5}); by[ms[3].ID].Lexical <= 0 {
			t.Errorf("a Japanese question finds %v", by)
		}
		if by, _ := s.candidates(t, memory.CandidateQuery{Vectors: q.Vectors, Limit: 3}); len(by) != 3 {
			t.Errorf("by vector alone: %d candidates; want 3", len(by))
		}
		if by, _ := s.candidates(t, memory.CandidateQuery{Text: "zebra", Limit: 3}); len(by) != 0 {
			t.Errorf("a word nobody holds finds %v", by)
		}
		s.reopen(t)
	}
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func testCandidatesModes(t *testing.T, s *suite) {
	states := []memory.State{memory.Active, memory.Archived, memory.Superseded, memory.Forgotten}
	ids := map[memory.State]memory.ID{}
	for _, st := range states {
		m := s.put(t, Memory("walrus "+string(st)))
		s.change(t, m.ID, func(m *memory.Memory) { m.State = st })
		ids[st] = m.ID
	}
	for mode, want := range map[memory.Mode][]memory.State{
		memory.Fast: {memory.Active}, memory.Balanced: {memory.Active}, memory.Accurate: {memory.Active, memory.Archived},
	} {
		by, _ := s.candidates(t, memory.CandidateQuery{Text: "walrus", Mode: mode})
		for _, st := range states {
			if _, found := by[ids[st]]; found != slices.Contains(want, st) {
				t.Errorf("%s: %s found = %v", mode, st, found)
			}
		}
		by, _ = s.candidates(t, memory.CandidateQuery{Text: "walrus", Mode: mode, Filter: memory.Filter{States: states}})
		if len(by) != len(states) {
			t.Errorf("%s with every state: %d candidates; want %d", mode, len(by), len(states))
		}
	}
}

// testFilters compares both ways of finding with a filter written in the plainest way.
func testFilters(t *testing.T, s *suite) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(names ...string) string { return names[r.IntN(len(names))] }
	var ms []memory.Memory
	for i := range 120 {
		m := Memory(fmt.Sprintf("badger number %d", i))
		m.Scope = scope.All()[r.IntN(4)]
		m.Project, m.Kind, m.Session = pick("", "atlas", "borealis"), pick("note", "decision"), pick("s-1", "s-2", "")
		for _, tag := range []string{"red", "green", "blue"} {
			if r.IntN(2) == 0 {
				m.Tags = append(m.Tags, tag)
			}
		}
		if r.IntN(3) == 0 {
			m.OccurredAt = m.CreatedAt.AddDate(0, 0, -r.IntN(60))
		}
		m.CreatedAt = m.CreatedAt.AddDate(0, 0, r.IntN(30))
		m.State = memory.State(pick("active", "active", "archived", "forgotten"))
		ms = append(ms, s.put(t, m))
	}
	base := ms[0].CreatedAt.Truncate(24 * time.Hour)
	for round := range 60 {
		f := memory.Filter{}
		maybe := func(do func()) {
			if r.IntN(3) == 0 {
				do()
			}
		}
		maybe(func() { f.Scopes = []scope.Scope{scope.All()[r.IntN(4)], scope.All()[r.IntN(4)]} })
		maybe(func() { f.Projects = []string{pick("", "atlas"), pick("borealis", "none")} })
		maybe(func() { f.Kinds = []string{pick("note", "decision")} })
		maybe(func() { f.Sessions = []string{pick("s-1", "s-2", "")} })
		maybe(func() { f.Tags = []string{pick("red", "green"), pick("green", "blue")} })
		maybe(func() { f.States = []memory.State{memory.State(pick("active", "archived")), memory.Forgotten} })
		maybe(func() { f.Since = base.AddDate(0, 0, r.IntN(40)-30) })
		maybe(func() { f.Until = base.AddDate(0, 0, r.IntN(40)-10).Add(time.Microsecond) })
		maybe(func() { f.IDs = []memory.ID{ms[r.IntN(120)].ID, ms[r.IntN(120)].ID, memory.NewID()} })
		var want []memory.ID
		for i := range ms {
			if passes(&f, &ms[i]) {
				want = append(want, ms[i].ID)
			}
		}
		slices.Sort(want)
		for _, text := range []string{"badger", ""} {
			got := s.find(t, memory.SearchQuery{Text: text, Filter: f, Limit: memory.MaxLimit})
			if len(want) > memory.MaxLimit {
				continue
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("round %d: Search %q with %+v found %d; want %d", round, text, f, len(got), len(want))
			}
		}
		by, _ := s.candidates(t, memory.CandidateQuery{Text: "badger", Filter: f, Limit: len(ms)})
		if len(by) != len(want) {
			t.Errorf("round %d: Candidates with %+v gave %d; want %d", round, f, len(by), len(want))
		}
		for _, id := range want {
			if _, ok := by[id]; !ok {
				t.Errorf("round %d: Candidates hide %s", round, id)
			}
		}
	}
}

func passes(f *memory.Filter, m *memory.Memory) bool {
	has := func(n int, in bool) bool { return n == 0 || in }
	for _, tag := range f.Tags {
		if !slices.Contains(m.Tags, tag) {
			return false
		}
	}
	states := f.States
	if len(states) == 0 {
		states = []memory.State{memory.Active}
	}
	return has(len(f.IDs), slices.Contains(f.IDs, m.ID)) && has(len(f.Scopes), slices.Contains(f.Scopes, m.Scope)) &&
		has(len(f.Projects), slices.Contains(f.Projects, m.Project)) && has(len(f.Kinds), slices.Contains(f.Kinds, m.Kind)) &&
		has(len(f.Sessions), slices.Contains(f.Sessions, m.Session)) && slices.Contains(states, m.State) &&
		(f.Since.IsZero() || !m.At().Before(f.Since)) && (f.Until.IsZero() || m.At().Before(f.Until))
}

func testSearch(t *testing.T, s *suite) {
	a := s.put(t, Memory("The gateway signs tokens with Ed25519 keys; keys rotate monthly."))
	secret := Memory("My gateway key is kept in the blue drawer.")
	secret.Scope = scope.Private
	b := s.put(t, secret)
	titled := Memory("It lives in the basement.")
	titled.Title, titled.Tags = "Gateway hardware", []string{"gateway", "Hardware Room"}
	c := s.put(t, titled)
	for _, tc := range []struct {
		name string
		q    memory.SearchQuery
		want []memory.ID
	}{
		{"one word", memory.SearchQuery{Text: "gateway"}, []memory.ID{a.ID, b.ID, c.ID}},
		{"words that must all occur", memory.SearchQuery{Text: "gateway keys"}, []memory.ID{a.ID, b.ID}},
		{"private alone", memory.SearchQuery{Text: "drawer"}, []memory.ID{b.ID}},
		{"title and tag", memory.SearchQuery{Text: "hardware basement"}, []memory.ID{c.ID}},
		{"no such word", memory.SearchQuery{Text: "gateway zebra"}, nil},
		{"stop words alone", memory.SearchQuery{Text: "the of it"}, nil},
		{"syntax is no syntax", memory.SearchQuery{Text: `gateway" OR NEAR( *`}, nil},
		{"nothing but marks", memory.SearchQuery{Text: `"*^:()`}, nil},
		{"no text", memory.SearchQuery{}, []memory.ID{a.ID, b.ID, c.ID}},
		{"no scope that is there", memory.SearchQuery{Text: "gateway", Filter: memory.Filter{Scopes: []scope.Scope{scope.Global}}}, nil},
	} {
		got := s.find(t, tc.q)
		slices.Sort(got)
		want := slices.Sorted(slices.Values(tc.want))
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %v; want %v", tc.name, got, want)
		}
	}
	empty := memory.Filter{
		IDs: []memory.ID{}, Scopes: []scope.Scope{}, Projects: []string{}, Kinds: []string{}, Tags: []string{}, Sessions: []string{}, States: []memory.State{},
	}
	if got := s.find(t, memory.SearchQuery{Text: "gateway", Filter: empty}); len(got) != 3 {
		t.Errorf("empty lists narrow the search to %d", len(got))
	}
	if by, _ := s.candidates(t, memory.CandidateQuery{Text: "gateway", Filter: empty}); len(by) != 3 {
		t.Errorf("empty lists narrow the candidates to %d", len(by))
	}
	if got := s.find(t, memory.SearchQuery{Text: "keys gateway", Sort: memory.SortRelevance}); len(got) == 0 || got[0] != a.ID {
		t.Errorf("by relevance: %v; want %s first, which holds a word twice", got, a.ID)
	}
}

// testSearchPages walks through every order page by page: no gaps, no repeats, totals throughout.
func testSearchPages(t *testing.T, s *suite) {
	const n = 23
	for i := range n {
		m := Memory(fmt.Sprintf("page turner %d %s", i, []string{"page", "", "page page"}[i%3]))
		m.CreatedAt = m.CreatedAt.Add(time.Duration(i/4) * time.Hour) // ties
		m.UpdatedAt = m.CreatedAt.Add(time.Duration(i%5) * 24 * time.Hour)
		if i%3 == 0 {
			m.Scope = scope.Private
		}
		s.put(t, m)
	}
	for _, sort := range []memory.Sort{"", memory.SortRelevance, memory.SortNewest, memory.SortOldest, memory.SortUpdated} {
		for _, text := range []string{"", "page"} {
			q := memory.SearchQuery{Text: text, Sort: sort, Limit: 5}
			var got []memory.Memory
			for pages := 0; ; pages++ {
				p, err := s.Search(t.Context(), q)
				if err != nil {
					t.Fatalf("%q by %q, page %d: %v", text, sort, pages, err)
				}
				if p.Total != n {
					t.Errorf("%q by %q, page %d: total %d; want %d", text, sort, pages, p.Total, n)
				}
				got = append(got, p.Memories...)
				if q.Cursor = p.NextCursor; q.Cursor == "" || pages > n {
					break
				}
				q.Limit = 4 // a page may have another length
			}
			seen := map[memory.ID]bool{}
			for i, m := range got {
				if seen[m.ID] {
					t.Errorf("%q by %q: %s came twice", text, sort, m.ID)
				}
				seen[m.ID] = true
				if i == 0 {
					continue
				}
				before := got[i-1]
				switch sort {
				case memory.SortNewest:
					if before.At().Before(m.At()) {
						t.Errorf("%q by newest: out of order at %d", text, i)
					}
				case memory.SortOldest:
					if before.At().After(m.At()) {
						t.Errorf("%q by oldest: out of order at %d", text, i)
					}
				case memory.SortUpdated:
					if before.UpdatedAt.Before(m.UpdatedAt) {
						t.Errorf("%q by updated: out of order at %d", text, i)
					}
				}
			}
			if len(seen) != n {
				t.Errorf("%q by %q: %d of %d over all pages", text, sort, len(seen), n)
			}
		}
	}
	p, err := s.Search(t.Context(), memory.SearchQuery{Text: "page", Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	var input *memory.InputError
	for name, q := range map[string]memory.SearchQuery{
		"of another text":   {Text: "turner", Cursor: p.NextCursor, Limit: 5},
		"of another filter": {Text: "page", Filter: memory.Filter{Kinds: []string{"note"}}, Cursor: p.NextCursor, Limit: 5},
		"of another order":  {Text: "page", Sort: memory.SortOldest, Cursor: p.NextCursor, Limit: 5},
		"cut short":         {Text: "page", Cursor: p.NextCursor[:10], Limit: 5},
		"made up":           {Text: "page", Cursor: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Limit: 5},
		"no cursor at all":  {Text: "page", Cursor: "%%%", Limit: 5},
	} {
		if _, err := s.Search(t.Context(), q); !errors.As(err, &input) {
			t.Errorf("cursor %s: error %v; want an InputError", name, err)
		}
	}
}

func testUses(t *testing.T, s *suite) {
	m := s.put(t, Memory("used often"))
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range 3 {
		s.CountUse([]memory.ID{m.ID, memory.NewID()}, at.AddDate(0, 0, i))
	}
	for range 2 {
		by, _ := s.candidates(t, memory.CandidateQuery{Text: "used"})
		if c := by[m.ID]; c.Uses != 3 || !c.LastUsed.Equal(at.AddDate(0, 0, 2)) {
			t.Errorf("uses %d, last %v; want 3, %v", c.Uses, c.LastUsed, at.AddDate(0, 0, 2))
		}
		s.reopen(t)
	}
}

func testStats(t *testing.T, s *suite) {
	for i, sc := range []scope.Scope{scope.Private, scope.Project, scope.Project, scope.Shared} {
		m := Memory(fmt.Sprintf("count me %d", i))
		m.Scope = sc
		m = s.put(t, m)
		if i == 1 {
			s.embed(t, "mini", 1, m)
		}
		if i == 2 {
			s.change(t, m.ID, func(m *memory.Memory) { m.State = memory.Archived })
		}
	}
	st, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if st.ByScope[scope.Private] != 1 || st.ByScope[scope.Project] != 1 || st.ByScope[scope.Shared] != 1 || st.ByState[memory.Archived] != 1 ||
		st.ByState[memory.Active] != 3 || st.Pending != 3 || st.Vectors != 1 || st.OutboxPending != 1 || st.Bytes <= 0 || st.SchemaVersion <= 0 || st.IndexKind == "" {
		t.Errorf("Stats = %+v", st)
	}
}

func testCanceled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := Memory("never stored")
	if _, err := s.Put(ctx, memory.Put{Memory: m, Audit: Audit("remember")}); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: error %v; want context.Canceled", err)
	}
	if _, err := s.Get(ctx, []memory.ID{m.ID}); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: error %v; want context.Canceled", err)
	}
	if _, err := s.Search(ctx, memory.SearchQuery{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Search: error %v; want context.Canceled", err)
	}
	if ids := s.find(t, memory.SearchQuery{}); len(ids) != 0 {
		t.Errorf("a canceled Put left %v", ids)
	}
}

func testClosed(t *testing.T, s *suite) {
	m := s.put(t, Memory("before closing"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, putErr := s.Put(ctx, memory.Put{Memory: Memory("late"), Audit: Audit("remember")})
	_, getErr := s.Get(ctx, []memory.ID{m.ID})
	_, candidatesErr := s.Candidates(ctx, memory.CandidateQuery{Text: "late"})
	_, searchErr := s.Search(ctx, memory.SearchQuery{})
	_, statsErr := s.Stats(ctx)
	_, jobsErr := s.Jobs(ctx, 1)
	for name, err := range map[string]error{
		"Put": putErr, "Get": getErr, "Candidates": candidatesErr, "Search": searchErr, "Stats": statsErr, "Jobs": jobsErr,
		"Purge": s.Purge(ctx, []memory.ID{m.ID}, "", Audit("purge")), "Note": s.Note(ctx, Audit("denied")),
		"PutVectors": s.PutVectors(ctx, []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: UnitVector(1)}}),
		"FailJobs":   s.FailJobs(ctx, []memory.ID{m.ID}, time.Time{}),
	} {
		if !errors.Is(err, memory.ErrUnavailable) {
			t.Errorf("%s after Close: error %v; want ErrUnavailable", name, err)
		}
	}
	s.CountUse([]memory.ID{m.ID}, time.Time{})
	if n := len(s.Spaces()); n != 0 {
		t.Errorf("Spaces after Close: %d", n)
	}
}
