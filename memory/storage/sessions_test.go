package storage

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func update(id string, minute, recalls int, open bool, recalled ...memory.ID) memory.SessionUpdate {
	u := memory.SessionUpdate{Session: memory.Session{
		ID: id, Client: "desk", User: "mia", Project: "atlas", Open: open, StartedAt: noon, LastAt: noon.Add(time.Duration(minute) * time.Minute), Recalls: recalls,
	}}
	if !open {
		u.EndedAt = u.LastAt
	}
	for _, r := range recalled {
		u.Recalled = append(u.Recalled, memory.SessionUse{ID: r, Count: 1, At: u.LastAt})
	}
	return u
}

func (r *rig) addIn(t *testing.T, session, text string, sc scope.Scope, v []float32) memory.ID {
	t.Helper()
	m := memory.Memory{ID: memory.NewID(), Content: text, Scope: sc, Project: "atlas", Session: session}
	if _, err := r.Put(t.Context(), memory.Put{Memory: m}); err != nil {
		t.Fatal(err)
	}
	if err := r.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: v}}); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func (r *rig) saveSessions(t *testing.T, us ...memory.SessionUpdate) {
	t.Helper()
	if err := r.SaveSessions(t.Context(), us); err != nil {
		t.Fatal(err)
	}
}

func TestSessions(t *testing.T) {
	r := newRig(t)
	a := r.addIn(t, "one", "a", scope.Project, unit(100))
	b := r.addIn(t, "one", "b", scope.Private, unit(100))
	r.saveSessions(t, update("one", 1, 2, true, a, b), update("two", 2, 0, true))
	r.saveSessions(t, update("one", 3, 1, false, a))
	r.apart(t, func() {})
	s, uses, err := r.Session(t.Context(), "one")
	if err != nil || s.Open || s.Recalls != 3 || s.Memories != 2 || s.Client != "desk" || s.Project != "atlas" || !s.StartedAt.Equal(noon) || !s.EndedAt.Equal(noon.Add(3*time.Minute)) {
		t.Errorf("session = %+v, %v", s, err)
	}
	if len(uses) != 2 || uses[0].ID != b || uses[1].ID != a || uses[1].Count != 2 {
		t.Errorf("recalled = %+v", uses)
	}
	names := func(f memory.SessionFilter) (out string) {
		f.Limit = 10
		list, err := r.Sessions(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			out += s.ID + " "
		}
		return out
	}
	if got := names(memory.SessionFilter{Project: "atlas"}); got != "one two " {
		t.Errorf("sessions = %q", got)
	}
	if got := names(memory.SessionFilter{Open: true}); got != "two " {
		t.Errorf("open sessions = %q", got)
	}
	if err := r.CloseSessions(t.Context(), noon.Add(time.Hour)); err != nil || names(memory.SessionFilter{Open: true}) != "" {
		t.Errorf("sessions are open after CloseSessions, %v", err)
	}
	if _, _, err := r.Session(t.Context(), "three"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("unknown session: %v", err)
	}
}

func TestSimilarSessions(t *testing.T) {
	r := newRig(t)
	a := r.addIn(t, "one", "a", scope.Project, unit(100))
	r.addIn(t, "two", "b", scope.Private, near(100, .9))
	r.addIn(t, "three", "c", scope.Project, unit(300))
	r.saveSessions(t, update("one", 1, 0, true), update("two", 2, 0, true), update("three", 3, 0, true), update("empty", 4, 0, true))
	want := func(about []float32, n int, ids ...string) {
		t.Helper()
		got, err := r.SimilarSessions(t.Context(), map[string][]float32{"mini": about}, n)
		if err != nil || len(got) < len(ids) {
			t.Fatalf("similar = %+v, %v", got, err)
		}
		for i, id := range ids {
			if got[i].ID != id {
				t.Errorf("place %d: %s (%.2f); want %s", i, got[i].ID, got[i].Cosine, id)
			}
		}
	}
	want(unit(100), 2, "one", "two")
	// The index follows: a session that only asks is about what came back to it.
	r.saveSessions(t, update("four", 5, 1, true, a))
	want(unit(300), 1, "three")
	v, err := r.SessionVectors(t.Context(), "four")
	if err != nil || math.Abs(float64(v["mini"][100])-1) > 1e-6 {
		t.Errorf("vectors = %v, %v", len(v), err)
	}
	r.apart(t, func() {}) // filled again from RocksDB
	want(unit(100), 3, "one")
	if v, err := r.SessionVectors(t.Context(), "empty"); err != nil || len(v) != 0 {
		t.Errorf("an empty session is about %v, %v", v, err)
	}
}

// What is kept of sessions tells of private memories, and is sealed as they are.
func TestSessionsAreSealed(t *testing.T) {
	r := newRig(t)
	id := r.addIn(t, "one", "a", scope.Private, ramp(3))
	r.saveSessions(t, update("one", 1, 1, true, id))
	seen := 0
	err := r.kv.ScanKeys(kv.SessionState, nil, func(key []byte) error {
		_, class, err := r.kv.GetClass(kv.SessionState, key)
		if err != nil || class.String() != "private" {
			t.Errorf("%x is sealed as %s, %v", key, class, err)
		}
		seen++
		return nil
	})
	if err != nil || seen != 2 {
		t.Errorf("%d values, %v; want state and feature", seen, err)
	}
}

func TestDrafts(t *testing.T) {
	r := newRig(t)
	now := noon
	r.opts.Now = func() time.Time { return now }
	put := func(project, key, text string, days int) {
		t.Helper()
		d := memory.Draft{Key: key, Project: project, Content: text, CreatedAt: now, UpdatedAt: now, ExpiresAt: now.AddDate(0, 0, days), Session: "s"}
		if err := r.PutDraft(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	put("atlas", "plan", "first", 1)
	now = now.Add(time.Minute)
	put("atlas", "notes", "zqdraftwvx", 7)
	put("other", "plan", "not this", 7)
	put("atlas", "plan", "second", 1)
	r.apart(t, func() {
		if files := holding(t, r.dir, []byte("zqdraftwvx")); len(files) > 0 {
			t.Errorf("%v hold a draft in the clear", files)
		}
	})
	r.opts.Now = func() time.Time { return now }
	d, err := r.Draft(t.Context(), "atlas", "plan")
	if err != nil || d.Content != "second" || d.Bytes != 6 || !d.CreatedAt.Equal(now) || d.Session != "s" {
		t.Errorf("draft = %+v, %v", d, err)
	}
	list, err := r.Drafts(t.Context(), "atlas")
	if err != nil || len(list) != 2 || list[0].Key != "notes" || list[0].Content != "" || list[0].Bytes != 10 {
		t.Errorf("drafts = %+v, %v", list, err)
	}
	now = now.AddDate(0, 0, 2)
	if _, err := r.Draft(t.Context(), "atlas", "plan"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("an expired draft: %v", err)
	}
	if n, err := r.DropExpiredDrafts(t.Context(), now); n != 1 || err != nil {
		t.Errorf("%d expired drafts were dropped, %v", n, err)
	}
	if err := r.DropDraft(t.Context(), "atlas", "notes"); err != nil {
		t.Fatal(err)
	}
	if err := r.DropDraft(t.Context(), "atlas", "notes"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("dropping twice: %v", err)
	}
	left := 0
	if err := r.kv.ScanKeys(kv.Workspace, nil, func([]byte) error { left++; return nil }); err != nil || left != 1 {
		t.Errorf("%d values in the workspace, %v; want that of the other project", left, err)
	}
}
