package sealed_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/envelope"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
)

// TestReseal takes ben out of a team and has its rows go over to the new epoch: with the keys he had he reads none of
// them any more, and nobody else sees a change.
func TestReseal(t *testing.T) {
	w := newWorld(t)
	c := w.join(t, "cyd")
	var ids []memory.ID
	for i := range 25 {
		ids = append(ids, w.a.put(fmt.Sprintf("memory %d", i)))
	}
	w.a.must(t)
	w.b.must(t)
	c.must(t)
	ring, err := w.a.team.Ring()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ring.Chain().Members() {
		if m.Name == "ben" {
			if err := w.a.team.Remove(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	epoch, own, at, writes, err := w.a.team.Opened()
	if err != nil || epoch != 2 || !own || !writes || time.Since(at) > time.Hour {
		t.Fatalf("opened: epoch %d, own %v, writes %v, %v", epoch, own, writes, err)
	}
	former, err := w.b.team.Sealer() // with the keys of before
	if err != nil {
		t.Fatal(err)
	}
	c.must(t)
	c.change(ids[3], "changed by cyd while rows are sealed anew")

	s, err := w.a.team.Sealer()
	if err != nil {
		t.Fatal(err)
	}
	engine := memsync.NewEngine(w.place, w.a.local, w.a.remote, s, memsync.Options{Device: w.a.team.Device().String(), Patience: -1})
	versions := func() map[memory.ID]int {
		out := map[memory.ID]int{}
		for _, id := range ids {
			m, _, _ := w.a.local.Get(id)
			out[id] = m.Version
		}
		return out
	}
	before := versions()
	resealed, calls := 0, 0
	for after := memory.ID(""); ; calls++ {
		rep, last, err := engine.Reseal(t.Context(), epoch, after, 10)
		if err != nil {
			t.Fatal(err)
		}
		if resealed += rep.Resealed; last == "" {
			break
		}
		after = last
		if calls == 1 { // one of those that are left changes here
			w.a.change(ids[24], "changed here meanwhile")
		}
	}
	if resealed < 24 || calls != 3 {
		t.Errorf("%d rows sealed anew in %d calls; want 24 or 25 in 3", resealed, calls)
	}
	c.must(t)
	w.a.must(t)
	c.must(t)
	w.a.must(t)
	w.remote.Tamper(w.place, func(r *memsync.Record) {
		h, err := envelope.ParseHeader(r.Body)
		if err != nil || h.Epoch != 2 {
			t.Errorf("row %s stands under epoch %d, %v", r.ID, h.Epoch, err)
		}
		if _, _, err := former.Open(r.ID, r.Body, memsync.State{}); !errors.Is(err, memsync.ErrHold) {
			t.Errorf("with the former keys: %v", err)
		}
	})
	for _, id := range ids {
		m, others, _ := w.a.local.Get(id)
		n, _, _ := c.local.Get(id)
		if m.Content != n.Content || len(others) != 0 {
			t.Errorf("%s: %q here, %q there, %d others", id, m.Content, n.Content, len(others))
		}
		if id != ids[3] && id != ids[24] && m.Version != before[id] {
			t.Errorf("%s went from version %d to %d without a change", id, before[id], m.Version)
		}
	}
	if m, _, _ := w.a.local.Get(ids[3]); m.Content != "changed by cyd while rows are sealed anew" {
		t.Errorf("the change was lost: %q", m.Content)
	}
	if left, err := w.a.local.Older(t.Context(), w.place, epoch, "", 100); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestResealReader has a member try who may no longer write.
func TestResealReader(t *testing.T) {
	w := newWorld(t)
	w.a.put("text")
	w.a.must(t)
	ring, err := w.a.team.Ring()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ring.Chain().Members() {
		if m.Name == "ben" {
			if err := w.a.team.SetRole(t.Context(), m.ID, team.Reader); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.b.must(t)
	if _, _, _, writes, err := w.b.team.Opened(); writes || err != nil {
		t.Errorf("a reader writes: %v, %v", writes, err)
	}
	s, err := w.b.team.Sealer()
	if err != nil {
		t.Fatal(err)
	}
	engine := memsync.NewEngine(w.place, w.b.local, w.b.remote, s, memsync.Options{Device: w.b.team.Device().String(), Patience: -1})
	if rep, last, err := engine.Reseal(t.Context(), 9, "", 10); err != nil || rep.Resealed != 0 || last == "" {
		t.Errorf("%+v, %q, %v", rep, last, err)
	}
	w.b.must(t)
}
