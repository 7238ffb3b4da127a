package storage_test

import (
	"context"
	"errors"
	"sync"
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

// restoring is a store in which something happens right after it was asked what is due.
type restoring struct {
	*storage.Store
	meanwhile func()
}

func (r restoring) Due(ctx context.Context, now, before time.Time, n int) (expired, forgotten []memory.ID, err error) {
	expired, forgotten, err = r.Store.Due(ctx, now, before, n)
	r.meanwhile()
	return expired, forgotten, err
}

// TestSweepLooksAgain restores one memory, purges another, and lets a third be superseded, at the moment between finding what
// is due and doing it: what was restored stays as it is, with its vectors and its text, and the rest is swept all the same.
func TestSweepLooksAgain(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store, svc := openService(t, &now)
	remember := func(in memory.RememberInput) memory.ID {
		t.Helper()
		r, err := svc.Remember(t.Context(), memory.Caller{}, in)
		if err != nil {
			t.Fatal(err)
		}
		return r.Memory.ID
	}
	restored, purged, due := remember(memory.RememberInput{Content: "kept after all"}), remember(memory.RememberInput{Content: "gone"}), remember(memory.RememberInput{Content: "due"})
	expiring := remember(memory.RememberInput{Content: "until the spring", ExpiresIn: time.Hour})
	if _, err := svc.Forget(t.Context(), memory.Caller{}, memory.ForgetInput{IDs: []memory.ID{restored, purged, due}}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(memory.ForgetGrace + time.Hour)
	once := func() {
		if _, err := svc.Revise(t.Context(), memory.Caller{}, memory.ReviseInput{ID: restored, Restore: true}); err != nil {
			t.Error(err)
		}
		if err := store.Purge(t.Context(), []memory.ID{purged}, "", memory.Audit{Action: storage.ActionPurge}); err != nil {
			t.Error(err)
		}
		remember(memory.RememberInput{Content: "until the summer", Supersedes: expiring})
	}
	expired, n, err := svc.Sweep(t.Context(), restoring{store, sync.OnceFunc(once)})
	if err != nil || expired != 0 || n != 1 {
		t.Errorf("Sweep = %d expired, %d purged, %v; want the one that was still due to be purged", expired, n, err)
	}
	ms, err := store.Get(t.Context(), []memory.ID{restored, expiring})
	if err != nil || ms[0].State != memory.Active || ms[0].Content != "kept after all" || ms[1].State != memory.Superseded {
		t.Errorf("what was restored and what was superseded = %+v, %v", ms, err)
	}
	if _, err := store.Get(t.Context(), []memory.ID{due}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("what was due: %v; want it purged", err)
	}
	if found, err := store.Check(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("Check = %v, %v; want nothing", found, err)
	}
}

// TestSweepEnds although what is found due is never done: whoever changes memories as fast as they are looked for must not
// keep the sweeper busy.
func TestSweepEnds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store, svc := openService(t, &now)
	r, err := svc.Remember(t.Context(), memory.Caller{}, memory.RememberInput{Content: "for an hour", ExpiresIn: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Hour)
	looks := 0
	later := restoring{store, func() {
		if looks++; looks > 3 {
			t.Fatal("it goes on looking")
		}
		span := 2 * time.Hour
		if _, err := svc.Revise(t.Context(), memory.Caller{}, memory.ReviseInput{ID: r.Memory.ID, ExpiresIn: &span}); err != nil {
			t.Error(err)
		}
		now = now.Add(2 * time.Hour) // it is due again when it is looked for next
	}}
	if expired, purged, err := svc.Sweep(t.Context(), later); err != nil || expired+purged != 0 {
		t.Errorf("Sweep = %d, %d, %v", expired, purged, err)
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
