package memory_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func always(a, b *memory.Memory) bool { return true }

// linked is a world of one memory that waits to be linked, beside one far from it, one near it, and one that is near but says
// something else.
func linked(t *testing.T) (*world, *ports, memory.LinkerOptions) {
	t.Helper()
	w, p := newFullWorld(t, nil)
	m := memory.Memory{ID: "m", Content: secret, State: memory.Active, Project: "billing", Scope: scope.Private}
	w.store.Add(m, memory.Memory{ID: "old", State: memory.Superseded})
	p.unlinked, p.upTo = []memory.ID{"m", "old"}, 7
	p.near = []memory.Kindred{{Memory: memory.Memory{ID: "near"}, Cosine: .9}, {Memory: memory.Memory{ID: "other"}, Cosine: .95}, {Memory: memory.Memory{ID: "far"}, Cosine: .84}}
	return w, p, memory.LinkerOptions{Alike: func(_, b *memory.Memory) bool { return b.ID != "other" }}
}

func TestLinkerStep(t *testing.T) {
	w, p, o := linked(t)
	l := memory.NewLinker(p, w.store, o)
	if n, err := l.Step(t.Context()); err != nil || n != 2 {
		t.Fatalf("Step = %d, %v", n, err)
	}
	if want := []memory.Pair{{A: "m", B: "near", Kind: memory.PairNear, Weight: .9}}; !slices.Equal(p.links, want) || p.seen != 7 {
		t.Errorf("linked %+v up to %d; want %+v up to 7", p.links, p.seen, want)
	}
	// A memory is compared with those of its project and scope alone, and one that is history with none.
	if len(p.asked) != 1 || !slices.Equal(p.asked[0].Projects, []string{"billing"}) || !slices.Equal(p.asked[0].Scopes, []scope.Scope{scope.Private}) {
		t.Errorf("asked for %+v", p.asked)
	}
	if n, err := l.Step(t.Context()); err != nil || n != 0 {
		t.Errorf("with nothing to do: %d, %v", n, err)
	}
}

// TestLinkerTrouble: a step that fails is not taken for done.
func TestLinkerTrouble(t *testing.T) {
	for _, op := range []string{"Unlinked", "Get", "Near", "Link"} {
		w, p, o := linked(t)
		p.breaks(op)
		n, err := memory.NewLinker(p, w.store, o).Step(t.Context())
		if n != 0 || !errors.Is(err, errDown) || err.Error() != "link: "+errDown.Error() || p.seen != 0 || len(p.links) > 0 {
			t.Errorf("%s: Step = %d, %v; seen %d", op, n, err, p.seen)
		}
	}
}

// TestLinkerWorks: it works when it is woken, and otherwise once a minute; it rests while calls are answered, goes on after a
// failure, and has no text in its log.
func TestLinkerWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, o := linked(t)
		var log lockedBuffer
		var busy atomic.Bool
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		l := memory.NewLinker(p, w.store, o)
		if err := l.Close(); err != nil {
			t.Errorf("Close before Start: %v", err)
		}
		p.breaks("Link")
		l.Start(t.Context(), busy.Load)
		synctest.Wait()
		if got := log.String(); !strings.Contains(got, "engine down") || strings.Contains(got, "hunter2") || strings.Contains(got, secret) {
			t.Errorf("log = %q", got)
		}
		p.breaks()
		p.unlinked = []memory.ID{"m"}
		l.Wake()
		l.Wake() // does not block
		synctest.Wait()
		if len(p.links) != 1 {
			t.Errorf("woken, it linked %+v", p.links)
		}
		busy.Store(true)
		p.mu.Lock()
		p.unlinked = []memory.ID{"m"}
		p.mu.Unlock()
		<-time.After(time.Minute)
		synctest.Wait()
		if len(p.links) != 2 {
			t.Errorf("after a minute it has linked %+v", p.links)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		idle := memory.NewLinker(p, w.store, memory.LinkerOptions{Alike: always})
		p.unlinked = []memory.ID{"m"}
		idle.Start(t.Context(), nil)
		synctest.Wait()
		if err := idle.Close(); err != nil || len(p.links) == 2 {
			t.Errorf("with nobody to give way to it linked %+v, %v", p.links, err)
		}
	})
}
