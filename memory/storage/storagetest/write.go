package storagetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// full returns a memory with every field set.
func full(sc scope.Scope) memory.Memory {
	m := Memory("The staging cluster runs PostgreSQL fifteen behind pgbouncer. " + sc.String())
	m.Title, m.Tags, m.Scope, m.Team = "Database of staging", []string{"infra", "db"}, sc, "platform"
	m.Metadata = map[string]any{"file": "deploy/db.yaml", "line": 12.0, "nested": map[string]any{"ok": true}}
	m.Sensitive, m.Rules, m.Overridden, m.Importance, m.Pinned = true, []string{"en-password-is"}, true, 0.5, true
	m.OccurredAt, m.ExpiresAt = m.CreatedAt.Add(-48*time.Hour), m.CreatedAt.Add(24*time.Hour)
	return m
}

func testPut(t *testing.T, s *suite) {
	for _, sc := range scope.All() {
		want := full(sc)
		got := s.put(t, want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: Put = %+v; want %+v", sc, got, want)
		}
		if got := s.get(t, want.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: Get = %+v; want %+v", sc, got, want)
		}
		ids := s.find(t, memory.SearchQuery{Text: "pgbouncer", Filter: memory.Filter{Scopes: []scope.Scope{sc}}})
		if !slices.Equal(ids, []memory.ID{want.ID}) {
			t.Errorf("%s: Search right after Put = %v; want %s", sc, ids, want.ID)
		}
	}
	s.reopen(t)
	for _, sc := range scope.All() {
		if ids := s.find(t, memory.SearchQuery{Text: "pgbouncer", Filter: memory.Filter{Scopes: []scope.Scope{sc}}}); len(ids) != 1 {
			t.Errorf("%s: Search after reopening found %d; want 1", sc, len(ids))
		}
	}
	bare := s.put(t, memory.Memory{Content: "only a text", Scope: scope.Project})
	if bare.ID == "" || bare.Version != 1 || bare.State != memory.Active || bare.CreatedAt.IsZero() || bare.Trust != memory.TrustAgent {
		t.Errorf("Put of a bare memory = %+v; want id, version, state, time and trust filled in", bare)
	}
}

func testPutDuplicate(t *testing.T, s *suite) {
	first := s.put(t, Memory("Caf\u00e9 deploys go out on Thursdays."))
	for name, m := range map[string]memory.Memory{
		"same text":           Memory(first.Content),
		"space differs":       Memory("  Caf\u00e9 deploys go out\non  Thursdays. "),
		"another scope":       func() memory.Memory { m := Memory(first.Content); m.Scope = scope.Private; return m }(),
		"decomposed accents":  Memory("Cafe\u0301 deploys go out on Thursdays."),
		"another title, kind": func() memory.Memory { m := Memory(first.Content); m.Title, m.Kind = "t", "how-to"; return m }(),
	} {
		if id, ok, err := s.Twin(t.Context(), m); err != nil || !ok || id != first.ID {
			t.Errorf("%s: Twin = %s, %v, %v; want %s", name, id, ok, err, first.ID)
		}
		st, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: Audit("remember")})
		if err != nil || st.DuplicateOf != first.ID || st.ID != first.ID || st.Memory.ID != first.ID {
			t.Errorf("%s: Put = %+v, %v; want a duplicate of %s", name, st, err, first.ID)
		}
	}
	other := Memory(first.Content)
	other.Project = "borealis"
	if id, ok, err := s.Twin(t.Context(), other); err != nil || ok {
		t.Errorf("in another project: Twin = %s, %v, %v; want none", id, ok, err)
	}
	s.put(t, other)
	s.change(t, first.ID, func(m *memory.Memory) { m.State = memory.Forgotten })
	s.put(t, Memory(first.Content)) // only active memories count
}

func testPutSupersede(t *testing.T, s *suite) {
	old := s.put(t, Memory("The API listens on port 8080."))
	next := Memory("The API listens on port 9090.")
	st, err := s.Put(t.Context(), memory.Put{Memory: next, Supersede: old.ID, Audit: Audit("remember")})
	if err != nil || st.Memory.Supersedes != old.ID {
		t.Fatalf("Put = %+v, %v; want it to supersede %s", st, err, old.ID)
	}
	got := s.get(t, old.ID)
	if got.State != memory.Superseded || got.SupersededBy != next.ID || got.Version != 2 {
		t.Errorf("old memory = %+v; want superseded by %s in version 2", got, next.ID)
	}
	if ids := s.find(t, memory.SearchQuery{Text: "port"}); !slices.Equal(ids, []memory.ID{next.ID}) {
		t.Errorf("Search = %v; want the new one alone", ids)
	}
	// The same text again, as a newer version, is no duplicate of what it replaces.
	again := Memory(next.Content)
	if st, err = s.Put(t.Context(), memory.Put{Memory: again, Supersede: next.ID, Audit: Audit("remember")}); err != nil || st.DuplicateOf != "" {
		t.Errorf("Put of the same text over its predecessor = %+v, %v; want a new memory", st, err)
	}
	// A text that another memory holds makes that one the successor.
	third := s.put(t, Memory("Port numbers are in ports.yaml."))
	st, err = s.Put(t.Context(), memory.Put{Memory: Memory(third.Content), Supersede: again.ID, Audit: Audit("remember")})
	if err != nil || st.DuplicateOf != third.ID {
		t.Errorf("Put = %+v, %v; want a duplicate of %s", st, err, third.ID)
	}
	if got := s.get(t, again.ID); got.SupersededBy != third.ID {
		t.Errorf("superseded by %s; want %s", got.SupersededBy, third.ID)
	}
	var input *memory.InputError
	if _, err := s.Put(t.Context(), memory.Put{Memory: Memory("x y z"), Supersede: old.ID, Audit: Audit("remember")}); !errors.As(err, &input) {
		t.Errorf("superseding history: error %v; want an InputError", err)
	}
	if _, err := s.Put(t.Context(), memory.Put{Memory: Memory("x y z"), Supersede: memory.NewID(), Audit: Audit("remember")}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("superseding nothing: error %v; want ErrNotFound", err)
	}
	if ids := s.find(t, memory.SearchQuery{Text: "x y z"}); len(ids) != 0 {
		t.Errorf("a refused Put left %v", ids)
	}
}

func testPutRepeated(t *testing.T, s *suite) {
	p := memory.Put{Memory: Memory("Say it once."), RequestKey: "r-1", Audit: Audit("remember")}
	first, err := s.Put(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	p.Memory.ID = memory.NewID() // a replayed call makes a new draft
	for range 2 {
		again, err := s.Put(t.Context(), p)
		if err != nil || again.ID != first.ID || again.DuplicateOf != "" || again.Memory.ID != first.ID {
			t.Errorf("repeated Put = %+v, %v; want %s and no duplicate", again, err, first.ID)
		}
		s.reopen(t)
	}
	dup := memory.Put{Memory: Memory("Say it once."), RequestKey: "r-2", Audit: Audit("remember")}
	for range 2 {
		if st, err := s.Put(t.Context(), dup); err != nil || st.DuplicateOf != first.ID {
			t.Errorf("repeated duplicate = %+v, %v; want a duplicate of %s", st, err, first.ID)
		}
	}
}

func testPutRefused(t *testing.T, s *suite) {
	taken := s.put(t, Memory("taken"))
	for name, m := range map[string]memory.Memory{
		"scope undecided": {Content: "a", ID: memory.NewID()},
		"id malformed":    {Content: "b", ID: "nonsense", Scope: scope.Project},
		"id taken":        func() memory.Memory { m := Memory("c"); m.ID = taken.ID; return m }(),
		"state unknown":   func() memory.Memory { m := Memory("d"); m.State = "lost"; return m }(),
	} {
		var input *memory.InputError
		if _, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: Audit("remember")}); !errors.As(err, &input) {
			t.Errorf("%s: error %v; want an InputError", name, err)
		}
	}
	if ids := s.find(t, memory.SearchQuery{}); len(ids) != 1 {
		t.Errorf("%d memories after refused Puts; want 1", len(ids))
	}
}

func testChange(t *testing.T, s *suite) {
	m := s.put(t, Memory("Retries back off from one second."))
	at := m.UpdatedAt.Add(time.Hour)
	got := s.change(t, m.ID, func(m *memory.Memory) {
		m.Content, m.Title, m.Tags, m.UpdatedAt = "Retries back off from five seconds.", "Retries", []string{"net"}, at
		m.ID, m.Version, m.CreatedAt = memory.NewID(), 99, at // not edit's to change
	})
	want := m
	want.Content, want.Title, want.Tags, want.UpdatedAt, want.Version = "Retries back off from five seconds.", "Retries", []string{"net"}, at, 2
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(s.get(t, m.ID), want) {
		t.Errorf("Change = %+v; want %+v", got, want)
	}
	for range 2 {
		if ids := s.find(t, memory.SearchQuery{Text: "five"}); len(ids) != 1 {
			t.Errorf("the new text is not found")
		}
		if ids := s.find(t, memory.SearchQuery{Text: "one"}); len(ids) != 0 {
			t.Errorf("the old text is still found")
		}
		if ids := s.find(t, memory.SearchQuery{Filter: memory.Filter{Tags: []string{"net"}}}); len(ids) != 1 {
			t.Errorf("the new tag is not found")
		}
		s.reopen(t)
	}
	_, err := s.Change(t.Context(), memory.NewID(), "", func(*memory.Memory) (memory.Audit, error) {
		t.Error("edit was called for a memory that is not there")
		return memory.Audit{}, nil
	})
	if !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("Change of nothing: error %v; want ErrNotFound", err)
	}
}

func testChangeUndone(t *testing.T, s *suite) {
	m := s.put(t, Memory("Stay as you are."))
	refused := errors.New("refused")
	var wg sync.WaitGroup
	for i := range 16 { // some share a commit with changes that work
		wg.Go(func() {
			if i%2 == 0 {
				s.put(t, Memory(fmt.Sprintf("bystander number %d", i)))
				return
			}
			_, err := s.Change(t.Context(), m.ID, fmt.Sprint("undone-", i), func(m *memory.Memory) (memory.Audit, error) {
				m.Content = "changed"
				return memory.Audit{}, refused
			})
			if !errors.Is(err, refused) || err.Error() != refused.Error() {
				t.Errorf("Change: error %v; want edit's own", err)
			}
		})
	}
	wg.Wait()
	if got := s.get(t, m.ID); !reflect.DeepEqual(got, m) {
		t.Errorf("after refused edits the memory is %+v; want %+v", got, m)
	}
	if ids := s.find(t, memory.SearchQuery{Text: "bystander"}); len(ids) != 8 {
		t.Errorf("%d bystanders stored; want 8", len(ids))
	}
	func() {
		defer func() {
			if v := recover(); v != "edit's own panic" {
				t.Errorf("recovered %v; want the panic of edit", v)
			}
		}()
		_, err := s.Change(t.Context(), m.ID, "", func(*memory.Memory) (memory.Audit, error) { panic("edit's own panic") })
		t.Errorf("Change returned %v; want a panic", err)
	}()
	s.change(t, m.ID, func(m *memory.Memory) { m.Title = "still writable" })
}

func testChangeRepeated(t *testing.T, s *suite) {
	m := s.put(t, Memory("Count the calls."))
	calls := 0
	for range 3 {
		got, err := s.Change(t.Context(), m.ID, "k", func(m *memory.Memory) (memory.Audit, error) {
			calls++
			m.Title = fmt.Sprintf("call %d", calls)
			return Audit("revise"), nil
		})
		if err != nil || got.Title != "call 1" || got.Version != 2 {
			t.Errorf("Change = %+v, %v; want the first call's result", got, err)
		}
	}
	if calls != 1 {
		t.Errorf("edit was called %d times under one key; want once", calls)
	}
}

func testChangeTwin(t *testing.T, s *suite) {
	a, b := s.put(t, Memory("alpha text")), s.put(t, Memory("beta text"))
	var input *memory.InputError
	_, err := s.Change(t.Context(), b.ID, "", func(m *memory.Memory) (memory.Audit, error) {
		m.Content = a.Content
		return Audit("revise"), nil
	})
	if !errors.As(err, &input) {
		t.Errorf("Change into a twin: error %v; want an InputError", err)
	}
	s.change(t, a.ID, func(m *memory.Memory) { m.State = memory.Forgotten })
	s.change(t, b.ID, func(m *memory.Memory) { m.Content = a.Content })
	_, err = s.Change(t.Context(), a.ID, "", func(m *memory.Memory) (memory.Audit, error) {
		m.State = memory.Active
		return Audit("revise"), nil
	})
	if !errors.As(err, &input) {
		t.Errorf("restoring beside a twin: error %v; want an InputError", err)
	}
}

// testChangeScope moves a memory through every scope; words, tags and vectors must follow.
func testChangeScope(t *testing.T, s *suite) {
	m := Memory("The courier's badge number is blue heron.")
	m.Tags = []string{"badge"}
	m = s.put(t, m)
	s.embed(t, "mini", 7, m)
	for _, sc := range []scope.Scope{scope.Private, scope.Shared, scope.Private, scope.Global, scope.Project, scope.Private} {
		m = s.change(t, m.ID, func(m *memory.Memory) { m.Scope = sc })
		for _, fresh := range []bool{false, true} {
			if fresh {
				s.reopen(t)
			}
			q := memory.CandidateQuery{Text: "heron", Vectors: map[string][]float32{"mini": UnitVector(7)}, Filter: memory.Filter{Scopes: []scope.Scope{sc}}}
			by, set := s.candidates(t, q)
			c := by[m.ID]
			if len(by) != 1 || c.Lexical <= 0 || !c.HasVector || c.Dense < 0.999 || set.Pending != 0 || c.Memory == nil || !reflect.DeepEqual(*c.Memory, m) {
				t.Errorf("%s (reopened %v): candidates %+v; want %s by word and vector", sc, fresh, set, m.ID)
			}
			if ids := s.find(t, memory.SearchQuery{Text: "heron badge", Filter: memory.Filter{Tags: []string{"badge"}, Scopes: []scope.Scope{sc}}}); len(ids) != 1 {
				t.Errorf("%s (reopened %v): Search found %d; want 1", sc, fresh, len(ids))
			}
			for _, other := range scope.All() {
				if ids := s.find(t, memory.SearchQuery{Text: "heron", Filter: memory.Filter{Scopes: []scope.Scope{other}}}); other != sc && len(ids) != 0 {
					t.Errorf("%s: found in %s too", sc, other)
				}
			}
		}
	}
}

func testChangeTogether(t *testing.T, s *suite) {
	m := s.put(t, Memory("A counter."))
	const n = 40
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			s.change(t, m.ID, func(m *memory.Memory) { m.Importance += 1.0 / 64 })
		})
	}
	wg.Wait()
	if got := s.get(t, m.ID); got.Version != n+1 || got.Importance != float64(n)/64 {
		t.Errorf("after %d changes at once: version %d, importance %v; want %d, %v", n, got.Version, got.Importance, n+1, float64(n)/64)
	}
}

func testPurge(t *testing.T, s *suite) {
	var ms []memory.Memory
	for i, sc := range scope.All() {
		m := Memory(fmt.Sprintf("purge me %d", i))
		m.Scope = sc
		ms = append(ms, s.put(t, m))
	}
	s.embed(t, "mini", 1, ms...)
	keep := s.put(t, Memory("purge me not"))
	ids := []memory.ID{ms[0].ID, ms[1].ID, ms[2].ID, ms[3].ID, ms[0].ID}
	absent := memory.NewID()
	var missing *memory.NotFoundError
	if err := s.Purge(t.Context(), append(ids, absent), "", Audit("purge")); !errors.As(err, &missing) || !slices.Equal(missing.IDs, []memory.ID{absent}) {
		t.Errorf("Purge with an absent id: error %v; want NotFoundError of it alone", err)
	}
	if got := s.find(t, memory.SearchQuery{Text: "purge"}); len(got) != 5 {
		t.Errorf("a refused Purge left %d of 5", len(got))
	}
	if err := s.Purge(t.Context(), ids, "r-9", Audit("purge")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"", "r-8"} {
		if err := s.Purge(t.Context(), ids[:1], key, Audit("purge")); !errors.As(err, &missing) {
			t.Errorf("Purge again under %q: error %v; want NotFoundError", key, err)
		}
	}
	for range 2 {
		if err := s.Purge(t.Context(), ids, "r-9", Audit("purge")); err != nil {
			t.Errorf("the same request again: %v", err)
		}
		if got := s.find(t, memory.SearchQuery{Text: "purge"}); !slices.Equal(got, []memory.ID{keep.ID}) {
			t.Errorf("after Purge: %v; want %s alone", got, keep.ID)
		}
		if by, _ := s.candidates(t, memory.CandidateQuery{Text: "purge", Vectors: map[string][]float32{"mini": UnitVector(1)}}); len(by) != 1 {
			t.Errorf("after Purge: %d candidates; want 1", len(by))
		}
		if n := s.Spaces()["mini"]; n != 0 {
			t.Errorf("after Purge: %d vectors; want none", n)
		}
		s.reopen(t)
	}
	s.put(t, Memory("purge me 0")) // its text may come again
}
