package storage_test

import (
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/scope"
)

// TestTiers follows memories through half a year: what is hardly used goes to the archive, nothing is lost to recall in
// accurate mode or to a search of the archive, and what recall returns comes back.
func TestTiers(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	store, svc := openService(t, &now)
	put := func(text string, edit func(*memory.Memory)) memory.ID {
		t.Helper()
		m := storagetest.Memory(text)
		m.CreatedAt = now.AddDate(-3, 0, 0) // old already, as an imported one is
		m.UpdatedAt = m.CreatedAt
		edit(&m)
		if _, err := store.Put(t.Context(), memory.Put{Memory: m, Audit: storagetest.Audit("import")}); err != nil {
			t.Fatal(err)
		}
		return m.ID
	}
	plain := func(*memory.Memory) {}
	unused, busy := put("the unused heron", plain), put("the busy heron", plain)
	pinned := put("the pinned heron", func(m *memory.Memory) { m.Pinned = true })
	global := put("the global heron", func(m *memory.Memory) { m.Scope = scope.Global })
	private := put("the private heron", func(m *memory.Memory) { m.Scope = scope.Private })
	archive := func(want int) {
		t.Helper()
		if n, err := svc.Archive(t.Context(), store); err != nil || n != want {
			t.Fatalf("Archive = %d, %v; want %d", n, err, want)
		}
	}
	wantStates := func(want map[memory.ID]memory.State) {
		t.Helper()
		for id, st := range want {
			if ms, err := store.Get(t.Context(), []memory.ID{id}); err != nil || ms[0].State != st {
				t.Errorf("%s is %v, %v; want %s", id, ms[0].State, err, st)
			}
		}
	}
	archive(0) // new here, whatever its dates say
	for range 5 {
		now = now.AddDate(0, 0, 20)
		store.CountUse([]memory.ID{busy}, now)
		if now.Before(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)) {
			archive(0)
		}
	}
	archive(1)
	states := map[memory.ID]memory.State{unused: memory.Archived, busy: memory.Active, pinned: memory.Active, global: memory.Active, private: memory.Active}
	wantStates(states)

	recalls := func(mode memory.Mode) bool {
		t.Helper()
		res, err := svc.Recall(t.Context(), memory.Caller{}, memory.RecallInput{Query: "unused heron", Limit: 10, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range res.Memories {
			if m.Memory.ID == unused {
				return true
			}
		}
		return false
	}
	if recalls(memory.Fast) || recalls(memory.Balanced) {
		t.Error("fast or balanced mode finds the archived memory")
	}
	p, err := svc.Search(t.Context(), memory.Caller{}, memory.SearchQuery{Text: "unused", Filter: memory.Filter{States: []memory.State{memory.Archived}}, Limit: 5})
	if err != nil || len(p.Memories) != 1 || p.Memories[0].ID != unused {
		t.Errorf("a search of the archive gives %v, %v", p.Memories, err)
	}
	wantStates(states)
	if !recalls(memory.Accurate) {
		t.Error("accurate mode does not find the archived memory")
	}
	if err := store.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	states[unused] = memory.Active
	wantStates(states)
	if !recalls(memory.Fast) {
		t.Error("fast mode does not find the memory that came back")
	}
	archive(0) // it was used just now
	storagetest.NoFindings(t, store)
	now = now.AddDate(0, 0, 95)
	archive(2) // nobody asked for either since
	states[unused], states[busy] = memory.Archived, memory.Archived
	wantStates(states)
	storagetest.NoFindings(t, store)
}
