package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
	"github.com/elderzan/elderzan/sync/synctest"
)

// TestFailover kills the server that takes writes while a device writes, and looks how long it takes until writes go on
// at the other one, and whether everything that was acknowledged is there.
func TestFailover(t *testing.T) {
	before, after := 300, 200
	if os.Getenv("ELDERZAN_LONG") != "" {
		before, after = 3000, 2000
	}
	m := pgtest.StartManaged(t)
	admin := postgres.Options{URL: func() string { return m.AdminURL("postgres") }, CA: m.CA}
	if err := postgres.Init(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	team, device := uuid.New(), uuid.New()
	login, password := postgres.NewLogin()
	if err := postgres.Found(t.Context(), admin, team, device, login, password); err != nil {
		t.Fatal(err)
	}
	open := func() *postgres.Remote {
		db, err := postgres.Open(t.Context(), postgres.Options{URL: func() string { return m.URL(login, password, "postgres") }, CA: m.CA, Timeout: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db.Remote(team)
	}
	local := synctest.NewLocal(time.Now)
	engine := memsync.NewEngine(memsync.Global(), local, open(), memsync.Plain{}, memsync.Options{Device: "w", Batch: 20, Patience: -1})
	w := &loaded{t: t, local: local, engine: engine}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			w.step(ctx)
		}
	}()
	end := func() { stop(); <-done }
	t.Cleanup(end)
	waitFor(t, "enough is written", func() bool { return w.count() >= before })
	m.Settled(t)
	killed := time.Now()
	had := w.count()
	m.Kill(t)
	waitFor(t, "writes go on", func() bool { return w.acknowledgedSince(killed) && w.count() >= had+after })
	end()
	gap := w.gap()
	if gap > slowFailover {
		t.Logf("the manager took its time:\n%s", m.Events(t))
	}
	t.Logf("killed after %d acknowledged; the longest time without one is %v; %d rounds of %d met trouble", had, gap.Round(10*time.Millisecond), w.failed, w.rounds)

	reads := synctest.NewLocal(time.Now)
	reader := memsync.NewEngine(memsync.Global(), reads, open(), memsync.Plain{}, memsync.Options{Device: "r", Batch: 200, Patience: -1})
	waitFor(t, "the other side has all", func() bool {
		_, err := reader.Round(t.Context())
		return err == nil && len(reads.IDs()) >= w.count()
	})
	known := maps.Clone(w.acked)
	maps.Copy(known, w.waiting) // under way when the writer ended: they may be there or not
	for id, text := range w.acked {
		if got, _, ok := reads.Get(id); !ok || got.Content != text {
			t.Errorf("%s was acknowledged with %q and reads %q", id, text, got.Content)
		}
	}
	for _, id := range reads.IDs() {
		if known[id] == "" {
			t.Errorf("%s is there and was never written", id)
		}
	}
}

// slowFailover is when a log of what happened is worth having.
const slowFailover = 20 * time.Second

func waitFor(t *testing.T, what string, check func() bool) {
	t.Helper()
	limit := time.Now().Add(5 * time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		if time.Now().After(limit) {
			t.Fatalf("%s: not within 5 minutes", what)
		}
		<-tick.C
	}
}

// loaded writes memories as fast as the cloud takes them and remembers which it acknowledged.
type loaded struct {
	t      *testing.T
	local  *synctest.Local
	engine *memsync.Engine

	mu             sync.Mutex
	acked          map[memory.ID]string
	waiting        map[memory.ID]string
	last           time.Time
	longest        time.Duration
	rounds, failed int
}

func (w *loaded) step(ctx context.Context) {
	w.mu.Lock()
	if w.acked == nil {
		w.acked, w.waiting, w.last = map[memory.ID]string{}, map[memory.ID]string{}, time.Now()
	}
	if len(w.waiting) < 20 {
		for range 20 {
			id := memory.NewID()
			text := fmt.Sprintf("memory %s", id)
			w.local.Put(memory.Memory{ID: id, Content: text, Scope: scope.Global, State: memory.Active}, false)
			w.waiting[id] = text
		}
	}
	w.mu.Unlock()
	round, cancel := context.WithTimeout(ctx, 10*time.Second)
	_, err := w.engine.Round(round)
	cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rounds++
	if err != nil {
		w.failed++
		if !errors.Is(err, memsync.ErrOffline) && !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			w.t.Errorf("a failover is told as %v", err)
		}
		return
	}
	if w.local.Waiting() == 0 {
		for id, text := range w.waiting {
			w.acked[id] = text
		}
		clear(w.waiting)
		w.longest, w.last = max(w.longest, time.Since(w.last)), time.Now()
	}
}

func (w *loaded) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

// acknowledgedSince reports whether a round that began behind at went through.
func (w *loaded) acknowledgedSince(at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last.Sub(at) > 2*time.Second && w.longest > time.Second
}

func (w *loaded) gap() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.longest
}
