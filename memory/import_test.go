package memory_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/scope"
)

func TestImport(t *testing.T) {
	created := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		in       memory.Memory
		want     scope.Scope
		narrowed bool
	}{
		"bare":                                 {memory.Memory{Content: "x"}, scope.Project, false},
		"bare and sensitive":                   {memory.Memory{Content: secret}, scope.Private, true},
		"scope kept":                           {memory.Memory{Content: "x", Scope: scope.Shared}, scope.Shared, false},
		"sensitive, came wider":                {memory.Memory{Content: secret, Scope: scope.Project}, scope.Private, true},
		"sensitive, overruled, local":          {memory.Memory{Content: secret, Scope: scope.Project, Overridden: true, Sensitive: true}, scope.Project, false},
		"sensitive, overruled, leaves":         {memory.Memory{Content: secret, Scope: scope.Global, Overridden: true, Sensitive: true}, scope.Private, true},
		"sensitive, PRIVATE already":           {memory.Memory{Content: secret, Scope: scope.Private}, scope.Private, false},
		"sensitive, overruled when it was not": {memory.Memory{Content: secret, Scope: scope.Project, Overridden: true}, scope.Private, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			tc.in.CreatedAt = created
			res, err := w.Import(t.Context(), mia, tc.in)
			if err != nil || res.Known || res.Narrowed != tc.narrowed {
				t.Fatalf("Import = %+v, %v; want narrowed %v", res, err, tc.narrowed)
			}
			ms, err := w.Get(t.Context(), mia, []memory.ID{res.ID})
			if err != nil {
				t.Fatal(err)
			}
			m := ms[0]
			if m.Scope != tc.want || !m.CreatedAt.Equal(created) || !m.UpdatedAt.Equal(created) || m.Trust != memory.TrustUntrusted || m.State != memory.Active || m.Version != 1 || m.Kind != "note" {
				t.Errorf("memory = %+v; want scope %v", m, tc.want)
			}
			if a := w.lastAudit(t); a.Action != "import" || a.To != tc.want || a.Subject != res.ID {
				t.Errorf("audit = %+v", a)
			}
		})
	}
}

func TestImportKeepsWhatCame(t *testing.T) {
	w := newWorld(t, nil)
	in := memory.Memory{
		ID: memory.NewID(), Content: "x", Scope: scope.Project, State: memory.Archived, Version: 7, Trust: memory.TrustUser, Kind: "decision",
		Author: "ann", Session: "old", Tags: []string{"b", "a", "b"}, UpdatedAt: start.Add(-time.Hour),
	}
	res, err := w.Import(t.Context(), mia, in)
	if err != nil || res.ID != in.ID {
		t.Fatalf("Import = %+v, %v", res, err)
	}
	ms, err := w.Get(t.Context(), mia, []memory.ID{in.ID})
	if err != nil {
		t.Fatal(err)
	}
	if m := ms[0]; m.State != memory.Archived || m.Version != 7 || m.Trust != memory.TrustUser || m.Kind != "decision" || m.Author != "ann" || len(m.Tags) != 2 || !m.CreatedAt.Equal(start) {
		t.Errorf("memory = %+v", m)
	}
	if again, err := w.Import(t.Context(), mia, in); err != nil || !again.Known || again.ID != in.ID {
		t.Errorf("the same id again = %+v, %v", again, err)
	}
	first := w.keep(t, memory.RememberInput{Content: "y"}).Memory
	if again, err := w.Import(t.Context(), mia, memory.Memory{Content: "y", Project: first.Project}); err != nil || !again.Known || again.ID != first.ID {
		t.Errorf("the same text again = %+v, %v", again, err)
	}
}

// A call again is known by the id that the memory has, or by its key, whatever the memory's state; and so are two at once.
func TestImportAgain(t *testing.T) {
	w := newWorld(t, nil)
	again := mia
	again.RequestKey = "k"
	named := memory.Memory{ID: memory.NewID(), Content: "x", State: memory.Archived}
	nameless := memory.Memory{Content: "x", State: memory.Archived}
	for range 2 {
		for _, m := range []memory.Memory{named, nameless} {
			if _, err := w.Import(t.Context(), again, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if st, err := w.Status(t.Context(), mia); err != nil || st.ByState[memory.Archived] != 2 {
		t.Errorf("%v, %v; want 2 archived", st.ByState, err)
	}
	other := memory.Memory{ID: memory.NewID(), Content: "y", State: memory.Archived}
	beaten := false
	w.store.Fail = func(op string) error {
		if op != "Put" || beaten {
			return nil
		}
		beaten = true
		if _, err := w.store.Put(t.Context(), memory.Put{Memory: other}); err != nil {
			t.Error(err)
		}
		return errDown
	}
	if res, err := w.Import(t.Context(), again, other); err != nil || !res.Known || res.ID != other.ID {
		t.Errorf("beaten by another call: %+v, %v", res, err)
	}
}

func TestImportRefuses(t *testing.T) {
	w := newWorld(t, nil)
	for name, tc := range map[string]struct {
		in    memory.Memory
		field string
	}{
		"no content": {memory.Memory{}, "content"},
		"bad id":     {memory.Memory{Content: "x", ID: "x"}, "id"},
		"bad state":  {memory.Memory{Content: "x", State: "lost"}, "state"},
		"bad tag":    {memory.Memory{Content: "x", Tags: []string{strings.Repeat("x", memory.MaxTagBytes+1)}}, "tags"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Import(t.Context(), mia, tc.in)
			wantInput(t, err, tc.field)
		})
	}
	for name, tc := range map[string]struct {
		configure func(*world, *memory.Options)
		want      error
	}{
		"denied":  {func(_ *world, o *memory.Options) { o.Authorizer = deny{"remember"} }, memory.ErrDenied},
		"reading": {func(w *world, _ *memory.Options) { w.store.Fail = failing("Get") }, errDown},
		"storing": {func(w *world, _ *memory.Options) { w.store.Fail = failing("Put") }, errDown},
		"classifier": {func(_ *world, o *memory.Options) {
			o.Classifier = memorytest.Classifier{Fail: func() error { return errDown }}
		}, errDown},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newWorld(t, tc.configure).Import(t.Context(), mia, memory.Memory{ID: memory.NewID(), Content: "x"}); !errors.Is(err, tc.want) {
				t.Errorf("Import = %v; want %v", err, tc.want)
			}
		})
	}
	nameless := newWorld(t, func(_ *world, o *memory.Options) { o.Classifier = nameless{} })
	if res, err := nameless.Import(t.Context(), mia, memory.Memory{Content: "x"}); err != nil || res.ID == "" {
		t.Errorf("Import without a kind = %+v, %v", res, err)
	}
}

func TestImportIsEmbedded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		w := newWorld(t, func(w *world, o *memory.Options) { w.store, o.Store, o.Indexer = b.store, b.store, b.Indexer })
		if _, err := w.Import(t.Context(), mia, memory.Memory{Content: "x"}); err != nil {
			t.Fatal(err)
		}
		b.idle(t)
		if b.store.Spaces()[memorytest.Space] != 1 {
			t.Error("an imported memory has no vector")
		}
	})
}
