package memory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

func TestForgetAndRestore(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(t, memory.RememberInput{Content: "deploy on tuesdays"}).Memory
	res, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{m.ID}, Reason: "old"})
	if err != nil || len(res.Forgotten) != 1 || !res.Until.Equal(start.Add(memory.ForgetGrace)) {
		t.Fatalf("Forget = %+v, %v", res, err)
	}
	if a := w.lastAudit(t); a.Action != "forget" || a.Reason != "old" || a.Subject != m.ID {
		t.Errorf("audit = %+v", a)
	}
	if r, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "deploy", Limit: 5}); err != nil || len(r.Memories) != 0 {
		t.Errorf("Recall after Forget = %+v, %v", r, err)
	}
	w.now = start.Add(1000)
	if _, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{m.ID}}); err != nil {
		t.Errorf("forgetting again: %v", err)
	}
	ms, err := w.Get(t.Context(), mia, []memory.ID{m.ID})
	if err != nil || !ms[0].ForgottenAt.Equal(start) {
		t.Errorf("forgotten at %v, %v; want the first time, so that the grace does not grow", ms[0].ForgottenAt, err)
	}
	back, err := w.Revise(t.Context(), mia, memory.ReviseInput{ID: m.ID, Restore: true})
	if err != nil || back.Memory.State != memory.Active || !back.Memory.ForgottenAt.IsZero() {
		t.Errorf("restore = %+v, %v", back.Memory, err)
	}
}

func TestForgetByQuery(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 3 {
		w.keep(t, memory.RememberInput{Content: fmt.Sprintf("old staging %d", i)})
	}
	w.keep(t, memory.RememberInput{Content: "production"})
	res, err := w.Forget(t.Context(), mia, memory.ForgetInput{Query: " old staging "})
	if err != nil || len(res.WouldForget) != 3 || res.Total != 3 || len(res.Forgotten) != 0 {
		t.Fatalf("unconfirmed: %+v, %v", res, err)
	}
	if st, _ := w.Status(t.Context(), mia); st.ByState[memory.Active] != 4 {
		t.Errorf("an unconfirmed query forgot something: %v", st.ByState)
	}
	res, err = w.Forget(t.Context(), mia, memory.ForgetInput{Query: "old staging", Confirm: true})
	if err != nil || len(res.Forgotten) != 3 || res.Total != 3 || len(res.WouldForget) != 0 {
		t.Errorf("confirmed: %+v, %v", res, err)
	}
	res, err = w.Forget(t.Context(), mia, memory.ForgetInput{Query: "old staging", Confirm: true})
	if err != nil || len(res.Forgotten) != 0 || res.Total != 0 {
		t.Errorf("nothing left: %+v, %v", res, err)
	}
}

func TestPurge(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(t, memory.RememberInput{Content: "x"}).Memory
	res, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{m.ID}, Purge: true, Reason: "asked to"})
	if err != nil || len(res.Forgotten) != 1 || !res.Until.IsZero() {
		t.Errorf("Purge = %+v, %v", res, err)
	}
	if _, err := w.Get(t.Context(), mia, []memory.ID{m.ID}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("Get after purge = %v; want ErrNotFound", err)
	}
	if a := w.lastAudit(t); a.Action != "purge" || a.Reason != "asked to" {
		t.Errorf("audit = %+v", a)
	}
	if _, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{m.ID}, Purge: true}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("another purge of it: %v; want ErrNotFound", err)
	}
}

// TestPurgeAgain repeats a request whose answer was lost: what it has purged is no error.
func TestPurgeAgain(t *testing.T) {
	w := newWorld(t, nil)
	ids := []memory.ID{w.keep(t, memory.RememberInput{Content: "x"}).Memory.ID, w.keep(t, memory.RememberInput{Content: "y"}).Memory.ID}
	again := mia
	again.RequestKey = "k"
	if _, err := w.Forget(t.Context(), again, memory.ForgetInput{IDs: ids[:1], Purge: true}); err != nil {
		t.Fatal(err)
	}
	if res, err := w.Forget(t.Context(), again, memory.ForgetInput{IDs: ids[:1], Purge: true}); err != nil || !slices.Equal(res.Forgotten, ids[:1]) {
		t.Errorf("again: %+v, %v", res, err)
	}
	if res, err := w.Forget(t.Context(), again, memory.ForgetInput{IDs: ids, Purge: true}); err != nil || !slices.Equal(res.Forgotten, ids) {
		t.Errorf("again, with one that is there: %+v, %v", res, err)
	}
	if _, err := w.Get(t.Context(), mia, ids[1:]); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("Get after purge = %v; want ErrNotFound", err)
	}
}

func TestForgetRefuses(t *testing.T) {
	w := newWorld(t, nil)
	id := w.keep(t, memory.RememberInput{Content: "x"}).Memory.ID
	for name, tc := range map[string]struct {
		in    memory.ForgetInput
		field string
	}{
		"nothing":         {memory.ForgetInput{}, "id"},
		"a blank query":   {memory.ForgetInput{Query: " \t", Confirm: true}, "id"},
		"both":            {memory.ForgetInput{IDs: []memory.ID{id}, Query: "x"}, "query"},
		"too many":        {memory.ForgetInput{IDs: make([]memory.ID, memory.MaxBatch+1)}, "ids"},
		"query too long":  {memory.ForgetInput{Query: strings.Repeat("x", memory.MaxQueryBytes+1)}, "query"},
		"reason too long": {memory.ForgetInput{IDs: []memory.ID{id}, Reason: strings.Repeat("x", memory.MaxTitleBytes+1)}, "reason"},
		"bad filter":      {memory.ForgetInput{Query: "x", Filter: memory.Filter{States: []memory.State{"lost"}}}, "states"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Forget(t.Context(), mia, tc.in)
			wantInput(t, err, tc.field)
		})
	}
	if _, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{id, memory.NewID()}}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("an unknown id: %v; want ErrNotFound", err)
	}
	if ms, err := w.Get(t.Context(), mia, []memory.ID{id}); err != nil || ms[0].State != memory.Active {
		t.Errorf("a refused call forgot %+v, %v", ms, err)
	}
}

func TestForgetTrouble(t *testing.T) {
	for name, tc := range map[string]struct {
		in   memory.ForgetInput
		op   string
		deny string
		want error
	}{
		"search":            {memory.ForgetInput{Query: "x"}, "Search", "", errDown},
		"change":            {memory.ForgetInput{Query: "x", Confirm: true}, "Change", "", errDown},
		"purge":             {memory.ForgetInput{Query: "x", Confirm: true, Purge: true}, "Purge", "", errDown},
		"denied":            {memory.ForgetInput{Query: "x", Confirm: true}, "", "forget", memory.ErrDenied},
		"may not look":      {memory.ForgetInput{Query: "x"}, "", "search", memory.ErrDenied},
		"looking is enough": {memory.ForgetInput{Query: "x"}, "", "forget", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *world, o *memory.Options) { o.Authorizer = deny{tc.deny} })
			w.keep(t, memory.RememberInput{Content: "x"})
			w.store.Fail = failing(tc.op)
			if _, err := w.Forget(t.Context(), mia, tc.in); !errors.Is(err, tc.want) {
				t.Errorf("Forget = %v; want %v", err, tc.want)
			}
		})
	}
}
