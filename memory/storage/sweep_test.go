package storage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
)

// The calls of calls_test.go are all that a store can be asked. Here each is made while the n-th call of an engine fails, for
// every n until one comes through; while its context ends there; and on a store that is closed.

// errEngine is what an engine fails with.
var errEngine = errors.New("the engine failed")

// breaker stands between a store and its engines.
type breaker struct {
	mu     sync.Mutex
	engine string
	left   int
	hit    func() error // instead of the call that is broken
	op     string       // what was broken
}

// arm has fn take the place of the n-th call of engine from now on.
func (b *breaker) arm(engine string, n int, fn func() error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.engine, b.left, b.hit, b.op = engine, n, fn, ""
}

// disarm lets everything through, and returns the operation that was broken; "" for none.
func (b *breaker) disarm() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.engine = ""
	return b.op
}

func (b *breaker) fail(engine, op string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if engine != b.engine || b.left == 0 {
		return nil
	}
	if b.left--; b.left > 0 {
		return nil
	}
	b.op = op
	return b.hit()
}

// mostCalls is more than any call makes of an engine.
const mostCalls = 500

var engineNames = []string{"sqlite", "rocksdb", "faiss"}

// swept is a store that is asked everything.
type swept struct {
	*rig
	b breaker
	n int // made so far; names what is new
	h heard

	// The memory that a call is about, made before every attempt where a call uses it up.
	id   memory.ID
	text string
	seq  int64 // of its event that waits for the cloud
}

// newSwept opens a store in which nothing happens by itself, and that holds something of everything.
func newSwept(t *testing.T) *swept {
	t.Helper()
	w := &swept{rig: &rig{dir: filepath.Join(t.TempDir(), "data"), ms: map[scope.Scope]memory.Memory{}}}
	w.open(t)
	t.Cleanup(func() { _ = w.Close() })
	for i, sc := range scope.All() {
		w.id = w.fresh(t, sc)
		ms, err := w.Get(t.Context(), []memory.ID{w.id})
		if err != nil {
			t.Fatal(err)
		}
		w.ms[sc] = ms[0]
		w.embed(t, w.id, "mini", i)
	}
	if err := w.catalog.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *swept) open(t *testing.T) {
	t.Helper()
	var err error
	quiet := PatrolOptions{Rate: -1}
	if w.Store, err = Open(t.Context(), Options{Dir: w.dir, Source: "here", Fail: w.b.fail, Patrol: quiet, UseFlush: time.Hour, ScrubAfter: time.Hour, Committed: w.h.committed}); err != nil {
		t.Fatal(err)
	}
}

// word returns one that nothing else holds.
func (w *swept) word() string {
	w.n++
	return fmt.Sprintf("reed%dx", w.n)
}

// fresh stores a new memory without a vector.
func (w *swept) fresh(t *testing.T, sc scope.Scope) memory.ID {
	t.Helper()
	m := w.memory(sc)
	if _, err := w.Put(t.Context(), memory.Put{Memory: m}); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func (w *swept) memory(sc scope.Scope) memory.Memory {
	word := w.word()
	return memory.Memory{
		ID: memory.NewID(), Content: "The heron stands by " + word, Title: word, Tags: []string{"marsh"}, Scope: sc, Project: "atlas", Team: "platform", Session: "one",
		CreatedAt: noon,
	}
}

func (w *swept) embed(t *testing.T, id memory.ID, space string, axis int) {
	t.Helper()
	ms, err := w.Get(t.Context(), []memory.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	v := memory.Vector{ID: id, Version: ms[0].Version, Space: space, Values: unit(axis), Tokens: tokenRows(axis)}
	if err := w.PutVectors(t.Context(), []memory.Vector{v}); err != nil {
		t.Fatal(err)
	}
}

// counts are how much there is of everything.
type counts struct{ memories, forgotten, jobs, events, audit int }

func (w *swept) counts(t *testing.T) counts {
	t.Helper()
	st, err := w.catalog.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := counts{forgotten: st.ByState[memory.Forgotten], jobs: st.Jobs, events: st.Outbox, audit: int(w.AuditHead())}
	for _, n := range st.ByScope {
		c.memories += n
	}
	return c
}

func (c counts) less(o counts) counts {
	return counts{c.memories - o.memories, c.forgotten - o.forgotten, c.jobs - o.jobs, c.events - o.events, c.audit - o.audit}
}

// state writes down the memories that calls are about.
func (w *swept) state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, id := range []memory.ID{w.id, w.ms[scope.Private].ID, w.ms[scope.Project].ID, w.ms[scope.Shared].ID, w.ms[scope.Global].ID} {
		ms, err := w.Get(t.Context(), []memory.ID{id})
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%+v\n", ms)
	}
	fmt.Fprint(&b, w.Spaces())
	return b.String()
}

// attempt is a call with something in the way.
type attempt struct {
	op    string // what was broken; "" for nothing
	err   error  // of the call
	added counts
}

// attempt makes a call. Where it fails, nothing may have changed.
func (w *swept) attempt(ctx context.Context, t *testing.T, c *call, engine string, n int, hit func() error) (a attempt) {
	t.Helper()
	if c.ready != nil {
		c.ready(t, w)
	}
	var before string
	var had counts
	if !c.reads {
		before, had = w.state(t), w.counts(t)
	}
	w.h.take()
	w.b.arm(engine, n, hit)
	a.err = c.run(ctx, w)
	a.op = w.b.disarm()
	if c.reads || c.partly {
		return a
	}
	if a.added = w.counts(t).less(had); a.err == nil {
		return a
	}
	if told := w.h.take(); len(told) > 0 {
		t.Errorf("%s, %d. call of %s (%s): %v, and those who look on were told of %+v", c.name, n, engine, a.op, a.err, told)
	}
	if after := w.state(t); after != before || a.added != (counts{}) {
		t.Errorf("%s, %d. call of %s (%s): %v, and the store has got %+v and changed from\n%s\nto\n%s", c.name, n, engine, a.op, a.err, a.added, before, after)
	}
	return a
}

// absorbed reports whether a failure may reach nobody: what is decided is moved in place later, FAISS is filled again at
// the next start, and what the writer does in idle time it does again.
func absorbed(c *call, engine, op string) bool {
	return engine == "faiss" && op == "apply" || engine == "rocksdb" && op == kv.OpWrite ||
		slices.Contains([]string{"merge", "checkpoint", "settle words", "settle hashes", "insert fts", "insert tag", "expire requests"}, op) ||
		c.again && op == kv.OpGet
}

// TestCallsFail fails each call of each engine in everything that a store can be asked: the error says which step failed,
// nothing has changed, the same call works right after, and the checker finds nothing.
func TestCallsFail(t *testing.T) {
	for _, list := range callLists {
		w := newSwept(t)
		for i := range list {
			for _, engine := range engineNames {
				w.failEach(t, &list[i], engine)
			}
			w.wantWhole(t, &list[i])
		}
	}
}

// failEach fails the n-th call of an engine until c comes through.
func (w *swept) failEach(t *testing.T, c *call, engine string) {
	t.Helper()
	done := map[counts]bool{} // what it came to each time
	for n := 1; n < mostCalls; n++ {
		a := w.attempt(t.Context(), t, c, engine, n, func() error { return errEngine })
		switch {
		case a.err == nil && a.op != "" && !absorbed(c, engine, a.op):
			t.Errorf("%s, %d. call of %s: nobody is told that %q failed", c.name, n, engine, a.op)
		case a.err == nil:
			done[a.added] = true
		case !errors.Is(a.err, errEngine) || !strings.Contains(a.err.Error(), a.op) && !strings.Contains(a.err.Error(), engine):
			t.Errorf("%s, %d. call of %s: %v; want the failure, in %q", c.name, n, engine, a.err, a.op)
		}
		if a.op == "" {
			if len(done) != 1 {
				t.Errorf("%s, %s: it came to %v; want the same each time", c.name, engine, done)
			}
			return
		}
		if engine == "faiss" && !c.reads { // what an index lacks is there after the next start
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			w.open(t)
		}
	}
	t.Fatalf("%s: no call comes through", c.name)
}

// TestCallsCancelled ends the context of everything that a store can be asked at each call of an engine: the call is done as
// a whole, or not at all with the context's error.
func TestCallsCancelled(t *testing.T) {
	for _, list := range callLists {
		w := newSwept(t)
		for i := range list {
			for _, engine := range engineNames[:2] {
				w.cancelEach(t, &list[i], engine)
			}
			w.wantWhole(t, &list[i])
		}
	}
}

// cancelEach ends the context at the n-th call of an engine until c comes through, and first before it is made.
func (w *swept) cancelEach(t *testing.T, c *call, engine string) {
	t.Helper()
	for n := range mostCalls {
		ctx, cancel := context.WithCancel(t.Context())
		if n == 0 {
			cancel()
		}
		a := w.attempt(ctx, t, c, engine, n, func() error { cancel(); return nil })
		cancel()
		if a.op == "" && n > 0 {
			if a.err != nil {
				t.Errorf("%s: %v; want none", c.name, a.err)
			}
			return
		}
		if a.err != nil && !errors.Is(a.err, context.Canceled) {
			t.Errorf("%s, ended at the %d. call of %s (%s): %v; want the context's error or none", c.name, n, engine, a.op, a.err)
		}
	}
	t.Fatalf("%s: no call comes through", c.name)
}

// wantWhole wants the checker to find nothing, once what c was given to mend is mended.
func (w *swept) wantWhole(t *testing.T, c *call) {
	t.Helper()
	if c.spoils {
		if _, _, err := w.Repair(t.Context()); err != nil {
			t.Fatalf("after %s: Repair: %v", c.name, err)
		}
	}
	if found, err := w.Check(t.Context()); err != nil || len(found) > 0 {
		t.Fatalf("after %s: Check = %v, %v", c.name, found, err)
	}
}

// TestCallsClosed asks a closed store everything.
func TestCallsClosed(t *testing.T) {
	w := newSwept(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(callLists...) {
		if err := c.run(t.Context(), w); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v; want ErrClosed", c.name, err)
		}
	}
}

// TestCallsAreAll holds the list to what a store can do.
func TestCallsAreAll(t *testing.T) {
	elsewhere := []string{"RotateKeys", "RetireKeys", "WaitRenewed"} // of keys and what follows them
	of, takes := reflect.TypeFor[*Store](), reflect.TypeFor[context.Context]()
	for i := range of.NumMethod() {
		m := of.Method(i)
		if m.Type.NumIn() < 2 || m.Type.In(1) != takes || slices.Contains(elsewhere, m.Name) {
			continue
		}
		if !slices.ContainsFunc(slices.Concat(callLists...), func(c call) bool { return strings.SplitN(c.name, ",", 2)[0] == m.Name }) {
			t.Errorf("no call is about %s", m.Name)
		}
	}
}
