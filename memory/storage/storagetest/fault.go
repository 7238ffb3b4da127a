package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/memory/storage"
)

// ErrInjected is what a failing engine returns.
var ErrInjected = errors.New("storagetest: injected failure")

// Faults fails the n-th call of an engine. The zero value fails none. It is safe for concurrent use.
type Faults struct {
	mu     sync.Mutex
	engine string
	left   int
	op     string // what failed
}

// FailNth has the n-th call of engine from now on fail, and every other one work.
func (f *Faults) FailNth(engine string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.engine, f.left, f.op = engine, n, ""
}

// Failed returns the operation that failed, or "" while none has.
func (f *Faults) Failed() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.op
}

// Fail is for storage.Options.Fail.
func (f *Faults) Fail(engine, op string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if engine != f.engine || f.left == 0 {
		return nil
	}
	if f.left--; f.left > 0 {
		return nil
	}
	f.op = engine + " " + op
	return fmt.Errorf("%w in %s", ErrInjected, f.op)
}

// FailEach fails the n-th call of each engine in each operation, for every n until a run comes through without. The
// operation must fail as a whole or work as a whole, in the same process and after opening the folder again.
func FailEach(t *testing.T) {
	b := prepare(t)
	for _, engine := range []string{"sqlite", "rocksdb", "faiss"} {
		for _, op := range Operations() {
			t.Run(engine+"/"+op.Name, func(t *testing.T) {
				t.Parallel()
				for n := 1; b.failNth(t, op, engine, n); n++ {
					if n > 500 {
						t.Fatal("no run comes to an end")
					}
				}
			})
		}
	}
}

// failNth reports whether anything failed. The calls are counted from the end of Open, or, for operations that are
// about opening, from its beginning; those of Close are counted apart.
func (b *bases) failNth(t *testing.T, op Operation, engine string, n int) bool {
	t.Helper()
	var f Faults
	want := b.ops[op.Name]
	dir := b.folder(t, op)
	if op.Opens {
		f.FailNth(engine, n)
	}
	s, err := storage.Open(t.Context(), storage.Options{Dir: dir, Source: "test", Mend: op.Damage != nil, Fail: f.Fail})
	failed := f.Failed()
	if err != nil && !errors.Is(err, ErrInjected) {
		t.Errorf("%d. call: Open: %v; want the injected failure", n, err)
	}
	if err == nil {
		if !op.Opens {
			f.FailNth(engine, n)
		}
		if err = op.Run(t.Context(), s); err != nil && !errors.Is(err, ErrInjected) {
			t.Errorf("%d. call (%s): %v; want the injected failure or none", n, f.Failed(), err)
		}
		failed = f.Failed()
		f.FailNth("", 0)
		if got := Describe(t, s); engine != "faiss" && got != want.after && (err == nil || got != want.before) {
			t.Errorf("%d. call (%s), error %v: the store is\n%s\nbefore\n%s\nafter\n%s", n, failed, err, got, want.before, want.after)
		}
		if engine != "faiss" { // FAISS may be behind until the next start, and says so
			NoFindings(t, s)
		}
		f.FailNth(engine, n)
		if cerr := s.Close(); cerr != nil && !errors.Is(cerr, ErrInjected) {
			t.Errorf("%d. call: Close: %v", n, cerr)
		}
		if failed == "" && f.Failed() == "" {
			return false
		}
	}
	again := mustOpen(t, storage.Options{Dir: dir, Mend: op.Damage != nil})
	if got := Describe(t, again); got != want.after && (err == nil || got != want.before) {
		t.Errorf("%d. call (%s), error %v: after opening again the store is\n%s\nbefore\n%s\nafter\n%s", n, failed, err, got, want.before, want.after)
	}
	NoFindings(t, again)
	mustClose(t, again)
	return true
}
