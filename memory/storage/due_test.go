package storage_test

import (
	"errors"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/memory/storage"
)

// openService returns a service over a new store, whose clock shows *now.
func openService(t *testing.T, now *time.Time) (*storage.Store, *memory.Service) {
	t.Helper()
	store, err := storage.Open(t.Context(), storage.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	svc, err := memory.NewService(memory.Options{
		Store: store, Embedder: &memorytest.Embedder{}, Classifier: memorytest.Classifier{}, Ranker: memorytest.Ranker{},
		Now: func() time.Time { return *now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return store, svc
}

// TestSweep follows a memory with an expiry from its last day to the end of the time it could be brought back.
func TestSweep(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store, svc := openService(t, &now)
	remember := func(text string, span time.Duration) memory.ID {
		t.Helper()
		r, err := svc.Remember(t.Context(), memory.Caller{}, memory.RememberInput{Content: text, ExpiresIn: span})
		if err != nil {
			t.Fatal(err)
		}
		return r.Memory.ID
	}
	short, long, never := remember("the meeting is at noon", 24*time.Hour), remember("the trial ends", 48*time.Hour), remember("tabs", 0)
	sweep := func(wantExpired, wantPurged int) {
		t.Helper()
		expired, purged, err := svc.Sweep(t.Context(), store)
		if err != nil || expired != wantExpired || purged != wantPurged {
			t.Fatalf("Sweep = %d, %d, %v; want %d, %d", expired, purged, err, wantExpired, wantPurged)
		}
	}
	state := func(id memory.ID) memory.State {
		t.Helper()
		ms, err := store.Get(t.Context(), []memory.ID{id})
		if errors.Is(err, memory.ErrNotFound) {
			return "gone"
		} else if err != nil {
			t.Fatal(err)
		}
		return ms[0].State
	}
	want := func(a, b, c memory.State) {
		t.Helper()
		if x, y, z := state(short), state(long), state(never); x != a || y != b || z != c {
			t.Errorf("states %q, %q, %q; want %q, %q, %q", x, y, z, a, b, c)
		}
	}

	sweep(0, 0)
	now = now.Add(24 * time.Hour)
	sweep(1, 0)
	want(memory.Forgotten, memory.Active, memory.Active)
	now = now.Add(24 * time.Hour)
	sweep(1, 0)
	now = now.Add(memory.ForgetGrace)
	sweep(0, 1) // the second was forgotten exactly that long ago, and not before it
	want("gone", memory.Forgotten, memory.Active)
	now = now.Add(time.Millisecond)
	sweep(0, 1)
	want("gone", "gone", memory.Active)
	if found, err := store.Check(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("Check = %v, %v; want nothing", found, err)
	}
}

// TestSweepLeavesWhatWasExtended moves the expiry of a memory away in time.
func TestSweepLeavesWhatWasExtended(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store, svc := openService(t, &now)
	r, err := svc.Remember(t.Context(), memory.Caller{}, memory.RememberInput{Content: "freeze until Monday", ExpiresIn: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	forever := time.Duration(0)
	if _, err := svc.Revise(t.Context(), memory.Caller{}, memory.ReviseInput{ID: r.Memory.ID, ExpiresIn: &forever}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Hour)
	if expired, _, err := svc.Sweep(t.Context(), store); err != nil || expired != 0 {
		t.Errorf("Sweep = %d expired, %v; want none", expired, err)
	}
}
