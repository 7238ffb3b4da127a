package storage

import (
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// TestRecentChanges asks for a memory until it is kept, changes it in each way there is, and asks again.
func TestRecentChanges(t *testing.T) {
	r := newRig(t)
	ask := func(text string) (memory.Candidate, bool) {
		t.Helper()
		set, err := r.Candidates(t.Context(), memory.CandidateQuery{Text: text, Mode: memory.Balanced, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(set.Candidates) == 0 {
			return memory.Candidate{}, false
		}
		return set.Candidates[0], true
	}
	change := func(id memory.ID, edit func(m *memory.Memory)) {
		t.Helper()
		_, err := r.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
			edit(m)
			return memory.Audit{Action: "revise"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, sc := range []scope.Scope{scope.Project, scope.Private} {
		m := memory.Memory{ID: memory.NewID(), Content: "walrus at the harbour " + sc.String(), Scope: sc, CreatedAt: time.Now()}
		stored, err := r.Put(t.Context(), memory.Put{Memory: m, Audit: memory.Audit{Action: "remember"}})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if c, ok := ask("walrus"); !ok || c.Memory.Content != m.Content || c.Uses != 0 {
				t.Fatalf("%v: found %+v, %v", sc, c, ok)
			}
		}
		if kept := r.recent.entries.Len(); (kept > 0) != (sc == scope.Project) {
			t.Errorf("%v: %d memories are kept", sc, kept)
		}
		at := time.Now().UTC().Truncate(time.Millisecond)
		r.CountUse([]memory.ID{stored.ID}, at)
		for range 2 {
			if c, _ := ask("walrus"); c.Uses != 1 || !c.LastUsed.Equal(at) {
				t.Errorf("%v: %d uses, the last at %v", sc, c.Uses, c.LastUsed)
			}
			if err := r.flushUses(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		change(stored.ID, func(m *memory.Memory) { m.Title = "penguin" })
		if c, ok := ask("penguin"); !ok || c.Memory.Title != "penguin" || c.Uses != 1 {
			t.Errorf("%v: after a change: %+v, %v", sc, c, ok)
		}
		change(stored.ID, func(m *memory.Memory) { m.State = memory.Archived })
		if c, ok := ask("penguin"); ok {
			t.Errorf("%v: found in the archive: %+v", sc, c)
		}
		if err := r.Purge(t.Context(), []memory.ID{stored.ID}, "", memory.Audit{Action: "purge"}); err != nil {
			t.Fatal(err)
		}
		if kept := r.recent.entries.Len(); kept != 0 || r.recent.bytes != 0 {
			t.Errorf("%v: %d memories of %d bytes are kept after a purge", sc, kept, r.recent.bytes)
		}
	}
}

func TestRecentBounds(t *testing.T) {
	const most, each = 10_000, 100
	r := newRecent[string](most, each)
	before := r.begin()
	r.changed(7)
	r.keep(before, 7, "old", each)
	if r.entries.Len() != 0 {
		t.Error("what was read before a change is kept after it")
	}
	now := r.begin()
	for row := range int64(1000) {
		r.keep(now, row, "x", 3*each)
		if r.bytes > most {
			t.Fatalf("%d bytes are kept", r.bytes)
		}
	}
	held := r.entries.Len()
	r.keep(now, 999, "y", 3*each)
	if r.entries.Len() != held || r.bytes != held*3*each {
		t.Errorf("%d entries of %d bytes after one was kept again, %d before", r.entries.Len(), r.bytes, held)
	}
	found := map[int64]string{}
	if missing := r.find([]int64{0, 998, 999}, found); len(missing) != 1 || len(found) != 2 || found[999] != "y" {
		t.Errorf("missing %v, found %v; want the first missing", missing, found)
	}
}

func TestRecentKeepsNothingThatIsToStay(t *testing.T) {
	r := newRig(t)
	for row, m := range []memory.Memory{{Sensitive: true}, {Scope: scope.Private}} {
		r.keepMemory(r.recent.begin(), int64(row), &recentMemory{memory: m}, 10)
		r.keepTokens(r.tokens.begin(), int64(row), &m, recentTokens{"mini", make([]byte, 32)})
	}
	r.keepMemory(r.recent.begin(), 7, &recentMemory{}, recentEntry)
	if r.recent.entries.Len() != 0 || r.tokens.entries.Len() != 0 {
		t.Errorf("%d memories and the tokens of %d are kept of what is sensitive, PRIVATE or large", r.recent.entries.Len(), r.tokens.entries.Len())
	}
}
