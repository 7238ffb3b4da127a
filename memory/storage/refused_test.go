package storage

import (
	"errors"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/access"
)

// TestRefused asks for what makes no sense: the error names the field, and nothing has changed.
func TestRefused(t *testing.T) {
	w := newSwept(t)
	id := w.ms[scope.Shared].ID
	bulk := func(m memory.Memory, vs ...memory.Vector) error {
		return err1(w.PutBulk(t.Context(), []Bulk{{Memory: m, Vectors: vs}}, memory.Audit{Action: "import"}))
	}
	nowhere := memory.Memory{ID: memory.NewID(), Content: "a heron"}
	before, had := w.state(t), w.counts(t)
	for name, err := range map[string]error{
		"id":     bulk(memory.Memory{ID: "x", Content: "a heron", Scope: scope.Project}),
		"scope":  bulk(nowhere),
		"vector": bulk(w.memory(scope.Project), memory.Vector{Space: "mini", Version: 1, Values: unit(1)[1:]}),
		"scope ": err1(w.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
			m.Scope = 0
			return memory.Audit{}, nil
		})),
		"scope  ": err1(w.Put(t.Context(), memory.Put{Memory: nowhere})),
	} {
		var refused *memory.InputError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v; want an InputError", name, err)
		}
	}
	mine := errors.New("on second thoughts")
	if _, err := w.Change(t.Context(), id, "", func(*memory.Memory) (memory.Audit, error) { return memory.Audit{}, mine }); !errors.Is(err, mine) {
		t.Errorf("Change: %v; want the error of edit", err)
	}
	if _, err := w.Change(t.Context(), memory.NewID(), "", func(*memory.Memory) (memory.Audit, error) { return memory.Audit{}, nil }); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("Change of none: %v", err)
	}
	if err := w.Grant(t.Context(), access.Grant{}, memory.Audit{}); !errors.Is(err, access.ErrGrant) {
		t.Errorf("Grant to nobody: %v", err)
	}
	m := w.ms[scope.Shared]
	for name, it := range map[string]CloudItem{
		"an older version": {ID: id, Apply: &m, WantVersion: 7, WantSeq: w.cloudView(t, id).Seq},
		"an older event":   {ID: id, Apply: &m, WantVersion: 1, WantSeq: 99_999},
	} {
		if err := w.arrive(t.Context(), it); !errors.Is(err, ErrCloudRaced) {
			t.Errorf("CloudWrite on %s: %v; want ErrCloudRaced", name, err)
		}
	}
	if after, has := w.state(t), w.counts(t); after != before || has != had {
		t.Errorf("the store has changed from\n%s\nto\n%s", before, after)
	}
	w.wantWhole(t, &call{name: "what was refused"})
}

// TestDamagedEverywhere has every call that needs the text of a memory say so where it is damaged, and those that can do without go on.
func TestDamagedEverywhere(t *testing.T) {
	w := newSwept(t)
	id := w.ms[scope.Shared].ID
	seq := w.cloudView(t, id).Seq
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	execSQL(t, w.dir, `UPDATE texts SET body = x'00' WHERE row = (SELECT row FROM memories WHERE row = 3)`)
	w.open(t)
	m := w.ms[scope.Shared]
	m.Content = "another text"
	other := w.memory(scope.Project)
	for name, err := range map[string]error{
		"CloudRows":  err1(w.CloudRows(t.Context(), sharedPlace, []memory.ID{id})),
		"CloudWrite": w.arrive(t.Context(), CloudItem{ID: id, Apply: &m, WantVersion: 1, WantSeq: seq}),
		"Put":        err1(w.Put(t.Context(), memory.Put{Memory: other, Supersede: id})),
	} {
		var damaged *memory.CorruptError
		if !errors.As(err, &damaged) {
			t.Errorf("%s: %v; want a CorruptError", name, err)
		}
	}
	if jobs, _, err := w.Outdated(t.Context(), spacesWanted, 0, 1); err != nil || len(jobs) != 1 || jobs[0].ID == id {
		t.Errorf("Outdated = %v, %v; want one that can be read", jobs, err)
	}
	if near, err := w.Near(t.Context(), w.ms[scope.Project].ID, memory.Filter{}, 5); err != nil || len(near) != 2 {
		t.Errorf("Near = %d, %v; want the two that can be read", len(near), err)
	}
	if err := w.Purge(t.Context(), []memory.ID{id}, "", memory.Audit{Action: ActionPurge}); err != nil {
		t.Errorf("Purge: %v", err)
	}
	w.wantWhole(t, &call{name: "the damaged memory was purged"})
}

// TestKeysUnderRenewal asks for the next rotation while what the last one left is sealed anew.
func TestKeysUnderRenewal(t *testing.T) {
	w := newSwept(t)
	w.renewal.mu.Lock()
	w.renewal.active = true
	w.renewal.mu.Unlock()
	if err := w.RotateKeys(t.Context(), memory.Audit{}); !errors.Is(err, ErrKeys) {
		t.Errorf("RotateKeys: %v; want ErrKeys", err)
	}
	if st, err := w.KeyStatus(t.Context()); err != nil || st.Retirable || st.Renewal.Part == "" || st.NotYet == "" {
		t.Errorf("KeyStatus = %+v, %v; want what is under way", st, err)
	}
	if err := w.RetireKeys(t.Context(), memory.Audit{}); !errors.Is(err, ErrKeys) {
		t.Errorf("RetireKeys: %v; want ErrKeys", err)
	}
}
