package memory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/scope"
)

// byMeaning holds a text to be sensitive that speaks of a merger, which no detector does.
type byMeaning struct{ space string }

func (b byMeaning) Looks() string { return b.space }

func (b byMeaning) Look(in scope.Input, d scope.Decision, vector []float32, space string) (bool, float64, string) {
	if space != b.space || len(vector) != memory.Dim || d.Sensitive {
		return false, 0, ""
	}
	return strings.Contains(in.Content, "merger"), 0.9, "it resembles what you corrected"
}

// lookWorld is a service with a second look, and what the embedder was shown in the order it was.
type lookWorld struct {
	*world
	mu    sync.Mutex
	shown []string // "local: text" or "open: text"
	x     *memory.Indexer
	late  *lateService
}

type lateService struct {
	ready   chan struct{}
	service *memory.Service
}

func (l *lateService) Looks(ctx context.Context) (string, error) {
	select {
	case <-l.ready:
		return l.service.Looks(ctx)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (l *lateService) LookAgain(ctx context.Context, id memory.ID, version int, vector []float32, space string) (bool, error) {
	return l.service.LookAgain(ctx, id, version, vector, space)
}

func newLookWorld(t *testing.T, second memory.Second) *lookWorld {
	t.Helper()
	l := &lookWorld{late: &lateService{ready: make(chan struct{})}}
	l.world = newWorld(t, func(w *world, o *memory.Options) {
		w.embed.Fail = func(texts []string, local bool) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			for _, text := range texts {
				where := "open: "
				if local {
					where = "local: "
				}
				l.shown = append(l.shown, where+text)
			}
			return nil
		}
		l.x = memory.NewIndexer(t.Context(), w.store, w.embed, memory.IndexerOptions{Looker: l.late, Remote: true})
		o.Indexer, o.Second, o.CloudConfigured = l.x, second, true
	})
	l.late.service = l.Service
	close(l.late.ready)
	t.Cleanup(func() { l.x.Close() })
	return l
}

func (l *lookWorld) scopeOf(t *testing.T, id memory.ID) scope.Scope {
	t.Helper()
	ms, err := l.Get(t.Context(), mia, []memory.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return ms[0].Scope
}

func TestSecondLookRaises(t *testing.T) {
	l := newLookWorld(t, byMeaning{memorytest.Space})
	kept := map[scope.Scope]memory.ID{}
	for _, s := range []scope.Scope{scope.Project, scope.Shared, scope.Global} {
		kept[s] = l.keep(t, memory.RememberInput{Content: "the merger as " + s.String() + " knows it", Scope: s, Wait: true}).Memory.ID
	}
	harmless := l.keep(t, memory.RememberInput{Content: "we use tabs", Scope: scope.Shared, Wait: true}).Memory.ID
	for was, id := range kept {
		if got := l.scopeOf(t, id); got != scope.Private {
			t.Errorf("what was %v is %v after the second look; want PRIVATE", was, got)
		}
	}
	if got := l.scopeOf(t, harmless); got != scope.Shared {
		t.Errorf("a harmless memory became %v", got)
	}
	var looks []memory.Audit
	for _, a := range l.store.Audits() {
		if a.Action == "second-look" {
			looks = append(looks, a)
		}
	}
	if len(looks) != 3 || looks[0].To != scope.Private || len(looks[0].Rules) == 0 || looks[0].Reason == "" {
		t.Errorf("audit entries %+v; want three moves to PRIVATE with rules and reason", looks)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.shown {
		if strings.HasPrefix(s, "open: ") && strings.Contains(s, "merger") {
			t.Errorf("a remote provider may have seen %q", s)
		}
	}
	if !slices.Contains(l.shown, "open: we use tabs") {
		t.Errorf("the harmless text was not embedded as it would be otherwise: %q", l.shown)
	}
	if jobs, _ := l.store.Waiting(); jobs != 0 {
		t.Errorf("%d jobs wait", jobs)
	}
}

// TestSecondLookElsewhere has a model of another space, or none, change nothing.
func TestSecondLookElsewhere(t *testing.T) {
	for _, space := range []string{"", "another"} {
		l := newLookWorld(t, byMeaning{space})
		id := l.keep(t, memory.RememberInput{Content: "the merger", Scope: scope.Shared, Wait: true}).Memory.ID
		if got := l.scopeOf(t, id); got != scope.Shared {
			t.Errorf("with a model of %q the memory is %v; want SHARED", space, got)
		}
	}
}

// TestSecondLookBeforeSharing shares, and revises in a cloud scope, what was embedded long ago.
func TestSecondLookBeforeSharing(t *testing.T) {
	l := newLookWorld(t, byMeaning{memorytest.Space})
	old := memory.Memory{ID: memory.NewID(), Content: "all about the merger", State: memory.Active, Version: 1, Scope: scope.Project}
	l.store.AddEmbedded(old)
	res, err := l.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{old.ID}, Scope: scope.Shared})
	if err != nil || len(res.Changed) != 0 || len(res.Refused) != 1 {
		t.Fatalf("share = %+v, %v; want it refused until a person agrees", res, err)
	}
	if res, err = l.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{old.ID}, Scope: scope.Shared, Confirm: true}); err != nil || len(res.Changed) != 1 {
		t.Fatalf("share with a yes = %+v, %v", res, err)
	}
	if err := l.x.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.scopeOf(t, old.ID); got != scope.Shared {
		t.Errorf("what a person confirmed became %v", got)
	}
	if raised, err := l.LookAgain(t.Context(), old.ID, 2, make([]float32, memory.Dim), memorytest.Space); raised || err != nil {
		t.Errorf("what a person confirmed was looked at again: %v, %v", raised, err)
	}

	plain := l.keep(t, memory.RememberInput{Content: "lunch is at noon", Scope: scope.Shared, Wait: true}).Memory.ID
	text := "the merger is at noon"
	rev, err := l.Revise(t.Context(), mia, memory.ReviseInput{ID: plain, Content: &text})
	if err != nil || rev.Memory.Scope != scope.Private {
		t.Errorf("revised to %v, %v; want PRIVATE at once", rev.Memory.Scope, err)
	}
}

// TestSecondLookInRescan looks again at what was embedded before the model was there.
func TestSecondLookInRescan(t *testing.T) {
	l := newLookWorld(t, byMeaning{memorytest.Space})
	old := memory.Memory{ID: memory.NewID(), Content: "all about the merger", State: memory.Active, Version: 1, Scope: scope.Shared}
	harmless := memory.Memory{ID: memory.NewID(), Content: "we use tabs", State: memory.Active, Version: 1, Scope: scope.Shared}
	l.store.AddEmbedded(old)
	l.store.AddEmbedded(harmless)
	page, err := l.Rescan(t.Context(), mia, "")
	if err != nil || page.Checked != 2 || len(page.Moved) != 1 || page.Moved[0].ID != old.ID || len(page.Moved[0].Rules) == 0 {
		t.Fatalf("rescan = %+v, %v; want what resembles a correction moved, and why", page, err)
	}
	if l.scopeOf(t, old.ID) != scope.Private || l.scopeOf(t, harmless.ID) != scope.Shared {
		t.Error("the rescan says one thing and did another")
	}

	deaf := newWorld(t, func(w *world, o *memory.Options) {
		o.Second, o.CloudConfigured = byMeaning{memorytest.Space}, true
		w.embed.Fail = func([]string, bool) error { return errDown }
	})
	deaf.store.Add(old)
	if page, err := deaf.Rescan(t.Context(), mia, ""); !errors.Is(err, errDown) {
		t.Errorf("rescan without a vector = %+v, %v; want that it is said", page, err)
	}
}

func TestSecondLookTrouble(t *testing.T) {
	l := newLookWorld(t, byMeaning{memorytest.Space})
	m := memory.Memory{ID: memory.NewID(), Content: "all about the merger", State: memory.Active, Version: 3, Scope: scope.Shared}
	l.store.Add(m)
	vector := make([]float32, memory.Dim)
	for name, tc := range map[string]struct {
		id      memory.ID
		version int
	}{"changed since": {m.ID, 2}, "gone": {memory.NewID(), 1}} {
		if raised, err := l.LookAgain(t.Context(), tc.id, tc.version, vector, memorytest.Space); !raised || err != nil {
			t.Errorf("%s: %v, %v; want the vector void", name, raised, err)
		}
	}
	down := newWorld(t, func(w *world, o *memory.Options) {
		o.Second, w.store.Fail = byMeaning{memorytest.Space}, failing("Get")
	})
	if _, err := down.LookAgain(t.Context(), m.ID, 1, vector, memorytest.Space); !errors.Is(err, errDown) {
		t.Errorf("LookAgain without a store = %v", err)
	}
	deaf := newWorld(t, func(w *world, o *memory.Options) {
		o.Second, o.CloudConfigured = byMeaning{memorytest.Space}, true
		w.embed.Fail = func([]string, bool) error { return errDown }
	})
	deaf.store.Add(memory.Memory{ID: m.ID, Content: "we use tabs", State: memory.Active, Version: 1, Scope: scope.Project})
	if res, err := deaf.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: scope.Shared}); err == nil && len(res.Changed) > 0 {
		t.Errorf("shared without a look: %+v", res)
	}
}
