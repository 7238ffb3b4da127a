package storage

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

var sharedPlace = CloudPlace{Key: make([]byte, 16), Scope: scope.Shared, Teams: []string{""}}

func (r *rig) cloudView(t *testing.T, id memory.ID) CloudView {
	t.Helper()
	rows, err := r.CloudRows(t.Context(), sharedPlace, []memory.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return rows[id]
}

func (r *rig) wantClean(t *testing.T) {
	t.Helper()
	found, err := r.Check(t.Context())
	if err != nil || len(found) != 0 {
		t.Errorf("check: %+v, %v", found, err)
	}
}

// TestCloudWrite brings a memory from one folder to another, changes it there, and takes it out again.
func TestCloudWrite(t *testing.T) {
	a, b := newRig(t), newRig(t)
	id := a.add(t, "the deploy runs at noon", scope.Shared, unit(3))
	a.add(t, "mine alone", scope.Private, unit(4))
	a.add(t, "this project's", scope.Project, unit(5))
	changed, err := a.CloudChanged(t.Context(), sharedPlace, 10)
	if err != nil || len(changed) != 1 || changed[0] != id {
		t.Fatalf("changed: %v, %v", changed, err)
	}
	v := a.cloudView(t, id)
	if !v.Exists || v.Seq == 0 || len(v.Vectors) != 1 || v.Job {
		t.Fatalf("view: %+v", v)
	}
	before, err := b.Stats(t.Context()) // what a rig begins with
	if err != nil {
		t.Fatal(err)
	}
	arrive := func(m memory.Memory, vec *memory.Vector, want int) error {
		return b.CloudWrite(t.Context(), sharedPlace, CloudBatch{Items: []CloudItem{{ID: m.ID, Row: CloudRow{Version: 1, Hash: []byte{1}}, Apply: &m, Vector: vec, WantVersion: want}}})
	}
	if err := arrive(v.Memory, &v.Vectors[0], 0); err != nil {
		t.Fatal(err)
	}
	st, err := b.Stats(t.Context())
	if err != nil || st.Pending != 0 || st.Vectors != before.Vectors+1 || st.OutboxPending != before.OutboxPending || st.ByScope[scope.Shared] != before.ByScope[scope.Shared]+1 {
		t.Errorf("arrived: %+v, %v; want a vector, no job and nothing to send back", st, err)
	}
	if got := find(t, b, "deploy noon"); len(got) != 1 || got[0] != id {
		t.Errorf("found by words: %v", got)
	}
	b.wantClean(t)
	if err := arrive(v.Memory, nil, 0); !errors.Is(err, ErrCloudRaced) {
		t.Errorf("against another version: %v", err)
	}
	m := v.Memory
	m.Content = "the deploy runs at one"
	if err := arrive(m, &memory.Vector{ID: id, Space: "mini", Values: unit(9)}, 1); err != nil {
		t.Fatal(err)
	}
	if st, err := b.Stats(t.Context()); err != nil || st.Pending != 0 || st.Vectors != before.Vectors+1 || st.OutboxPending != before.OutboxPending {
		t.Errorf("changed: %+v, %v", st, err)
	}
	gone := CloudItem{ID: id, Row: CloudRow{Version: 2, Hash: []byte{2}}, Gone: true, WantVersion: 2}
	if err := b.CloudWrite(t.Context(), sharedPlace, CloudBatch{Items: []CloudItem{gone}}); err != nil {
		t.Fatal(err)
	}
	if got := find(t, b, "deploy one"); len(got) != 0 {
		t.Errorf("found after it was taken out: %v", got)
	}
	b.wantClean(t)
	done := CloudItem{ID: id, Row: CloudRow{Version: 1, Hash: []byte{1}}, Done: v.Seq}
	if err := a.CloudWrite(t.Context(), sharedPlace, CloudBatch{Items: []CloudItem{done}, Meta: map[string][]byte{"cloud.x": {7}}}); err != nil {
		t.Fatal(err)
	}
	if st, err := a.Stats(t.Context()); err != nil || st.OutboxPending != before.OutboxPending {
		t.Errorf("pushed: %+v, %v", st, err)
	}
	if x, err := a.Meta(t.Context(), "cloud.x"); err != nil || len(x) != 1 {
		t.Errorf("meta: %v, %v", x, err)
	}
	a.wantClean(t)
}

// TestCloudTwins brings a text that is here already.
func TestCloudTwins(t *testing.T) {
	for name, tc := range map[string]struct {
		scope     scope.Scope
		here      memory.ID
		wantHere  memory.State
		wantThere memory.State
	}{
		"a local one gives way":          {scope.Project, "00000000-0000-7000-8000-000000000001", memory.Superseded, memory.Active},
		"of two in the cloud the older":  {scope.Shared, "00000000-0000-7000-8000-000000000001", memory.Active, memory.Superseded},
		"of two in the cloud the older'": {scope.Shared, "ffffffff-0000-7000-8000-000000000001", memory.Superseded, memory.Active},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if _, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{ID: tc.here, Content: "twin", Scope: tc.scope}}); err != nil {
				t.Fatal(err)
			}
			m := memory.Memory{ID: "0f000000-0000-7000-8000-000000000002", Content: "twin", Scope: scope.Shared}
			if err := r.CloudWrite(t.Context(), sharedPlace, CloudBatch{Items: []CloudItem{{ID: m.ID, Apply: &m}}}); err != nil {
				t.Fatal(err)
			}
			got, err := r.Get(t.Context(), []memory.ID{tc.here, m.ID})
			if err != nil || got[0].State != tc.wantHere || got[1].State != tc.wantThere {
				t.Errorf("states %v and %v, %v", got[0].State, got[1].State, err)
			}
			r.wantClean(t)
		})
	}
}

// TestCloudTwinsLeave brings texts that are here already and takes them away again, as somebody would who wants what others
// wrote to go with them.
func TestCloudTwinsLeave(t *testing.T) {
	for name, leave := range map[string]func(*CloudItem){
		"deleted":       func(it *CloudItem) { it.Gone = true },
		"changed":       func(it *CloudItem) { it.Apply.Content = "something else" },
		"moved":         func(it *CloudItem) { it.Apply.Project = "elsewhere" },
		"superseded":    func(it *CloudItem) { it.Apply.State = memory.Superseded },
		"says the same": func(it *CloudItem) { it.Apply.Tags = []string{"new"} },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			const mine = memory.ID("ffffffff-0000-7000-8000-000000000001")
			if _, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{ID: mine, Content: "what the team relies on", Scope: scope.Project}}); err != nil {
				t.Fatal(err)
			}
			var copies []memory.ID
			for _, id := range []memory.ID{"0f000000-0000-7000-8000-000000000002", "00000000-0000-7000-8000-000000000001"} { // the second takes the first one's place
				m := memory.Memory{ID: id, Content: "what the team relies on", Scope: scope.Shared}
				if err := r.CloudWrite(t.Context(), sharedPlace, CloudBatch{Items: []CloudItem{{ID: id, Apply: &m}}}); err != nil {
					t.Fatal(err)
				}
				copies = append(copies, id)
			}
			state := func(id memory.ID) memory.State {
				t.Helper()
				got, err := r.Get(t.Context(), []memory.ID{id})
				if err != nil {
					t.Fatal(err)
				}
				return got[0].State
			}
			if state(mine) != memory.Superseded {
				t.Fatalf("mine is %s", state(mine))
			}
			if name == "deleted" { // in whichever order
				slices.Reverse(copies)
			}
			for i, id := range []memory.ID{copies[1], copies[0]} {
				got, err := r.Get(t.Context(), []memory.ID{id})
				if err != nil {
					t.Fatal(err)
				}
				it := CloudItem{ID: id, Apply: &got[0], WantVersion: got[0].Version, WantSeq: r.cloudView(t, id).Seq}
				leave(&it)
				if err := r.CloudWrite(t.Context(), sharedPlace, CloudBatch{Items: []CloudItem{it}}); err != nil {
					t.Fatal(err)
				}
				want := memory.Superseded
				if i == 1 && name != "says the same" {
					want = memory.Active
				}
				if state(mine) != want {
					t.Errorf("after %d of two: mine is %s, want %s", i+1, state(mine), want)
				}
			}
			if name != "says the same" {
				if got := find(t, r, "team relies"); !slices.Contains(got, mine) {
					t.Errorf("found: %v", got)
				}
			}
			r.wantClean(t)
		})
	}
}

// TestCloudVector brings vectors that are none: the text is embedded here.
func TestCloudVector(t *testing.T) {
	r := newRig(t)
	m := memory.Memory{ID: "0f000000-0000-7000-8000-000000000002", Content: "first text", Scope: scope.Shared}
	bad := unit(3)
	bad[0] = float32(math.NaN())
	for version, text := range []string{"first text", "second text"} {
		m.Content = text
		it := CloudItem{ID: m.ID, Apply: &m, WantVersion: version, Vector: &memory.Vector{ID: m.ID, Space: "mini", Values: bad}}
		if err := r.CloudWrite(t.Context(), sharedPlace, CloudBatch{Items: []CloudItem{it}}); err != nil {
			t.Fatal(err)
		}
		if st, err := r.Stats(t.Context()); err != nil || st.Pending == 0 {
			t.Errorf("%s: %+v, %v; want a job", text, st, err)
		}
	}
	r.wantClean(t)
}

func find(t *testing.T, r *rig, text string) []memory.ID {
	t.Helper()
	p, err := r.Search(t.Context(), memory.SearchQuery{Text: text, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var out []memory.ID
	for _, m := range p.Memories {
		out = append(out, m.ID)
	}
	return out
}
