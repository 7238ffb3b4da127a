package storage

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/scope"
)

// heard is what Options.Committed was told.
type heard struct {
	mu   sync.Mutex
	told []memory.Commit
	look func() // where set, is called each time
}

func (h *heard) committed(c memory.Commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, c)
	if h.look != nil {
		h.look()
	}
}

// take returns what was told since the last call.
func (h *heard) take() []memory.Commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	told := h.told
	h.told = nil
	return told
}

// ids are the memories that were told of since the last call, each once.
func (h *heard) ids() []memory.ID {
	var out []memory.ID
	for _, c := range h.take() {
		for _, p := range c.Memories {
			out = append(out, p.ID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// shownThing is something that clients are shown, with what they are shown of it, and where.
type shownThing struct {
	text   string
	places []memory.Place
}

// shown writes down all that clients can look at: each memory, session and draft, and how far the audit log goes.
func (w *swept) shown(t *testing.T) map[string]shownThing {
	t.Helper()
	out := map[string]shownThing{"audit": {text: fmt.Sprint(w.AuditHead())}}
	var ids []memory.ID
	if err := w.catalog.TermsAfter(t.Context(), 0, func(r *catalog.Record) error { ids = append(ids, r.Memory.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	ms, err := w.Get(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	views, err := w.CloudRows(t.Context(), sharedPlace, ids)
	if err != nil {
		t.Fatal(err)
	}
	state := map[memory.ID]memory.State{}
	for i := range ms {
		state[ms[i].ID] = ms[i].State
	}
	for i := range ms {
		m := &ms[i]
		near := ""
		pairs, err := w.Linked(t.Context(), m.ID, 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			if p.Kind == memory.PairNear && state[p.B] == memory.Active {
				near += string(p.B)
			}
		}
		out["memory "+string(m.ID)] = shownThing{
			fmt.Sprintf("%+v beside %q and %q", *m, near, views[m.ID].Others), []memory.Place{{ID: m.ID, Project: m.Project, Session: m.Session}},
		}
	}
	drafts, err := w.Drafts(t.Context(), "atlas")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drafts {
		out["draft "+d.Key] = shownThing{text: fmt.Sprintf("%+v", d)}
	}
	sessions, err := w.Sessions(t.Context(), memory.SessionFilter{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sessions {
		if s.Recalls+s.Memories == 0 && s.Open {
			continue // it has called, and that is all
		}
		out["session "+s.ID] = shownThing{text: fmt.Sprintf("%d questions, open: %v", s.Recalls, s.Open)}
	}
	return out
}

// TestCommitsAreTold asks a store everything and wants whoever looks on to be told of all that looks different after it, of
// a memory in every list that it is or was in, and of nothing where nothing does.
func TestCommitsAreTold(t *testing.T) {
	for _, list := range callLists {
		w := newSwept(t)
		for i := range list {
			c := &list[i]
			if c.ready != nil {
				c.ready(t, w)
			}
			before := w.shown(t)
			w.h.take()
			if err := c.run(t.Context(), w); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			wantTold(t, c.name, before, w.shown(t), w.h.take())
		}
	}
}

func wantTold(t *testing.T, name string, before, after map[string]shownThing, commits []memory.Commit) {
	t.Helper()
	told := map[string]bool{}
	places := map[memory.Place]bool{}
	for _, c := range commits {
		for _, p := range c.Memories {
			told["memory "+string(p.ID)], places[p] = true, true
			if p.Session != "" {
				told["session "+p.Session] = true
			}
		}
		for _, id := range c.Sessions {
			told["session "+id] = true
		}
		for _, key := range c.Drafts {
			told["draft "+key] = true
		}
		if c.Audited {
			told["audit"] = true
		}
	}
	changed := 0
	for _, side := range []map[string]shownThing{before, after} {
		for what, is := range side {
			if before[what].text == after[what].text {
				continue
			}
			changed++
			if !told[what] && name != "CloseSessions" { // at the start, before anybody can have subscribed
				t.Errorf("%s changes %s from\n%s\nto\n%s\nand nobody is told; told was %+v", name, what, before[what].text, after[what].text, commits)
			}
			for _, p := range is.places {
				moved := len(before[what].places) == 0 || len(after[what].places) == 0 || before[what].places[0] != after[what].places[0]
				if moved && !places[p] {
					t.Errorf("%s: a list that %+v is or was in is not told of; told was %+v", name, p, commits)
				}
			}
		}
	}
	if changed == 0 && len(told) > 0 && name != "Link" { // again
		t.Errorf("%s changes nothing that is shown, and told was %v", name, told)
	}
}

// TestCommitIsFound reads, when it is told of a change, and finds it: on record, in the index of words, and in what recalls
// keep.
func TestCommitIsFound(t *testing.T) {
	w := newSwept(t)
	id := w.ms[scope.Project].ID
	for range 3 {
		word := w.word()
		var found []memory.ID
		var text string
		looked := false
		w.h.look = func() {
			if looked { // at the first word of it
				return
			}
			looked = true
			if ms, err := w.Get(t.Context(), []memory.ID{id}); err == nil {
				text = ms[0].Content
			}
			if cs, err := w.Candidates(t.Context(), memory.CandidateQuery{Text: word, Mode: memory.Fast, Limit: 5}); err == nil {
				for i := range cs.Candidates {
					found = append(found, cs.Candidates[i].Memory.ID)
				}
			}
		}
		if _, err := w.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
			m.Content = "The heron stands by " + word
			return memory.Audit{Action: "revise"}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if text != "The heron stands by "+word || !slices.Contains(found, id) {
			t.Errorf("told of %s, which reads %q, and %v is found", id, text, found)
		}
	}
}

// TestNeighboursAreTold follows two memories that say nearly the same: what is shown beside the one depends on the other.
func TestNeighboursAreTold(t *testing.T) {
	w := newSwept(t)
	a, b := w.ms[scope.Project].ID, w.ms[scope.Shared].ID
	link := func() {
		t.Helper()
		if err := w.Link(t.Context(), []memory.Pair{{A: a, B: b, Kind: memory.PairNear, Weight: .99}}, 1); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, ids ...memory.ID) {
		t.Helper()
		slices.Sort(ids)
		if got := w.h.ids(); !slices.Equal(got, ids) {
			t.Errorf("%s: told of %v; want %v", what, got, ids)
		}
	}
	change := func(id memory.ID, edit func(*memory.Memory)) {
		t.Helper()
		w.id = id
		if err := edited(edit)(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	w.h.take()
	link()
	want("found to be alike", a, b)
	change(a, func(m *memory.Memory) { m.State, m.ForgottenAt = memory.Forgotten, noon })
	want("one forgotten", a, b)
	change(a, func(m *memory.Memory) { m.State = memory.Active })
	want("one restored", a, b)
	change(b, func(m *memory.Memory) { m.Title = "a title" })
	want("another title, so that its vector is made anew", a, b)
	change(b, func(m *memory.Memory) { m.Pinned = true })
	want("pinned, which is not shown beside it", b)
	link()
	w.h.take()
	if err := w.Purge(t.Context(), []memory.ID{a}, "", memory.Audit{Action: ActionPurge}); err != nil {
		t.Fatal(err)
	}
	want("one purged", a, b)
	w.embed(t, b, "mini", 3)
	w.CountUse([]memory.ID{b}, noon)
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("a vector, and a use")
}

// TestTextsBesideAreTold follows a text that waits beside a memory for a decision.
func TestTextsBesideAreTold(t *testing.T) {
	w := newSwept(t)
	newest(scope.Shared)(t, w)
	row := CloudRow{Version: 1, Others: []byte("theirs")}
	for i, want := range []int{1, 0, 1, 0} {
		if i == 2 {
			row.Others = nil
		}
		w.h.take()
		if err := w.arrive(t.Context(), CloudItem{ID: w.id, Row: row}); err != nil {
			t.Fatal(err)
		}
		if got := w.h.ids(); len(got) != want {
			t.Errorf("%d. write: told of %v; want %d", i+1, got, want)
		}
	}
}

// TestSessionsThatOnlyCalled are not told of: whoever reads what it is told of has called.
func TestSessionsThatOnlyCalled(t *testing.T) {
	w := newSwept(t)
	w.h.take()
	for i, u := range []memory.SessionUpdate{update("three", 1, 0, true), update("three", 2, 1, true), update("three", 3, 0, false)} {
		if err := w.SaveSessions(t.Context(), []memory.SessionUpdate{u}); err != nil {
			t.Fatal(err)
		}
		if got := len(w.h.take()); got != min(i, 1) {
			t.Errorf("update %d: told %d times", i, got)
		}
	}
}
