package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

func (r *rig) vector(sc scope.Scope, version, axis int) []memory.Vector {
	return []memory.Vector{{ID: r.ms[sc].ID, Version: version, Space: "mini", Values: unit(axis)}}
}

func (r *rig) rescope(t *testing.T, id memory.ID, to scope.Scope) {
	t.Helper()
	_, err := r.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
		m.Scope = to
		return memory.Audit{}, nil
	})
	if err != nil {
		t.Errorf("Change: %v", err)
	}
}

// near asks which vector the memory of a scope has: the axis along which it lies.
func (r *rig) near(t *testing.T, sc scope.Scope, axis int) memory.Candidate {
	t.Helper()
	set, err := r.Candidates(t.Context(), memory.CandidateQuery{
		Vectors: map[string][]float32{"mini": unit(axis)}, Filter: memory.Filter{IDs: []memory.ID{r.ms[sc].ID}},
	})
	if err != nil || len(set.Candidates) > 1 {
		t.Fatalf("Candidates = %+v, %v", set, err)
	}
	if len(set.Candidates) == 0 {
		return memory.Candidate{}
	}
	return set.Candidates[0]
}

// TestOneCommit has several changes of one vector share a commit: each must see what the ones before it prepared.
func TestOneCommit(t *testing.T) {
	r := newRig(t)
	id := r.ms[scope.Project].ID
	begun, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // keeps the writer busy until the others wait
		if err := r.catalog.Write(t.Context(), func(*catalog.Tx) error { close(begun); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-begun
	for i, step := range []func(){
		func() {
			if err := r.PutVectors(t.Context(), r.vector(scope.Project, 1, 60)); err != nil {
				t.Error(err)
			}
		},
		func() { r.rescope(t, id, scope.Private) },
		func() {
			if err := r.PutVectors(t.Context(), r.vector(scope.Project, 2, 61)); err != nil {
				t.Error(err)
			}
		},
		func() { r.rescope(t, id, scope.Global) },
		func() {
			if err := r.Purge(t.Context(), []memory.ID{r.ms[scope.Shared].ID}, "", memory.Audit{}); err != nil {
				t.Error(err)
			}
		},
	} {
		wg.Go(step)
		for deadline := time.Now().Add(time.Minute); r.catalog.Waiting() <= i; runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatal("the requests do not queue up")
			}
		}
	}
	close(release)
	wg.Wait()
	for range 2 {
		if c := r.near(t, scope.Project, 61); c.Dense < 0.999 || c.Memory.Scope != scope.Global {
			t.Errorf("candidate %+v; want the last vector", c)
		}
		if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("Check = %v, %v", found, err)
		}
		r.apart(t, func() {})
	}
}

// TestPostponed has RocksDB refuse to move decided vectors in place: they are found all the same, later changes see
// them, and they are moved as soon as it works again.
func TestPostponed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var refuse bool
	var mu sync.Mutex
	injected := errors.New("injected")
	s, err := Open(t.Context(), Options{Dir: dir, Fail: func(engine, op string) error {
		mu.Lock()
		defer mu.Unlock()
		if refuse && engine == "rocksdb" && op == kv.OpWrite {
			return injected
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Store: s, dir: dir, ms: map[scope.Scope]memory.Memory{}}
	for _, sc := range []scope.Scope{scope.Project, scope.Shared} {
		st, err := s.Put(t.Context(), memory.Put{Memory: memory.Memory{Content: "text " + sc.String(), Scope: sc}})
		if err != nil {
			t.Fatal(err)
		}
		r.ms[sc] = st.Memory
	}
	set := func(to bool) { mu.Lock(); refuse = to; mu.Unlock() }
	set(true)
	if err := s.PutVectors(t.Context(), r.vector(scope.Project, 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.PutVectors(t.Context(), r.vector(scope.Project, 1, 2)); err != nil {
		t.Fatal(err)
	}
	r.rescope(t, r.ms[scope.Project].ID, scope.Private)
	if c := r.near(t, scope.Project, 2); c.Dense < 0.999 {
		t.Errorf("candidate %+v; want the vector that waits", c)
	}
	if n := len(s.txns.unfinished); n != 3 {
		t.Errorf("%d transactions wait; want 3", n)
	}
	set(false)
	if err := s.PutVectors(t.Context(), r.vector(scope.Shared, 1, 3)); err != nil {
		t.Fatal(err)
	}
	if n := len(s.txns.unfinished) + len(s.txns.pending); n != 0 {
		t.Errorf("%d still wait; want none", n)
	}
	if found, err := s.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestUndoneLater has SQLite refuse a commit and RocksDB the removal of what was prepared for it: the checker does not take that for
// a stray, and it goes as soon as RocksDB works again.
func TestUndoneLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var refuse atomic.Bool
	injected := errors.New("injected")
	s, err := Open(t.Context(), Options{Dir: dir, Fail: func(engine, op string) error {
		if refuse.Load() && (engine == "rocksdb" && op == kv.OpWrite || engine == "sqlite" && op == "commit") {
			return injected
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &rig{Store: s, dir: dir, ms: map[scope.Scope]memory.Memory{}}
	st, err := s.Put(t.Context(), memory.Put{Memory: memory.Memory{Content: "a text", Scope: scope.Project}})
	if err != nil {
		t.Fatal(err)
	}
	r.ms[scope.Project] = st.Memory
	intents := func() (n int) {
		if err := s.kv.ScanKeys(kv.Intents, nil, func([]byte) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	check := func() ([]Finding, error) { // without the note of how many there are, which SQLite refuses
		c := &checker{store: s}
		err := c.run(t.Context())
		return c.findings, err
	}
	refuse.Store(true)
	if err := s.PutVectors(t.Context(), r.vector(scope.Project, 1, 1)); !errors.Is(err, injected) {
		t.Fatalf("PutVectors: %v; want what SQLite says", err)
	}
	for range 2 {
		if found, err := check(); err != nil || len(found) != 0 || intents() == 0 {
			t.Errorf("Check = %v, %v with %d keys of intents; want none found, and some there", found, err, intents())
		}
	}
	refuse.Store(false)
	if found, err := check(); err != nil || len(found) != 0 || intents() != 0 {
		t.Errorf("Check = %v, %v with %d keys of intents; want none", found, err, intents())
	}
	if err := s.PutVectors(t.Context(), r.vector(scope.Project, 1, 1)); err != nil || len(s.txns.undone) != 0 {
		t.Errorf("PutVectors: %v; %d wait to be taken back", err, len(s.txns.undone))
	}
}

// TestMissedChange has FAISS miss a change, and later ones not, before snapshots are saved: the next start makes up for it.
func TestMissedChange(t *testing.T) {
	for _, from := range []int{1, 0} { // from how many vectors on an index is opened from its snapshot and what changed since
		dir := filepath.Join(t.TempDir(), "data")
		var refuse atomic.Bool
		o := Options{Dir: dir, ReplayFrom: from, Fail: func(engine, op string) error {
			if refuse.Load() && engine == "faiss" && op == "apply" {
				return errors.New("injected")
			}
			return nil
		}}
		s, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{Store: s, dir: dir, ms: map[scope.Scope]memory.Memory{}}
		put := func(sc scope.Scope, hot int) {
			t.Helper()
			if err := s.PutVectors(t.Context(), r.vector(sc, 1, hot)); err != nil {
				t.Fatal(err)
			}
		}
		for i, sc := range []scope.Scope{scope.Project, scope.Shared, scope.Global} {
			st, err := s.Put(t.Context(), memory.Put{Memory: memory.Memory{Content: "text " + sc.String(), Scope: sc}})
			if err != nil {
				t.Fatal(err)
			}
			r.ms[sc] = st.Memory
			put(sc, i)
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		refuse.Store(true)
		put(scope.Project, 7)
		if err := s.Purge(t.Context(), []memory.ID{r.ms[scope.Global].ID}, "", memory.Audit{Action: "purge"}); err != nil {
			t.Fatal(err)
		}
		refuse.Store(false)
		put(scope.Shared, 8)
		if err := errors.Join(s.Flush(t.Context()), s.Close()); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if found, err := s.Check(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("from %d: Check = %v, %v", from, found, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestHideDamaged makes a memory private whose stored vector is damaged: the memory must be hidden all the same, and
// be embedded anew.
func TestHideDamaged(t *testing.T) {
	r := newRig(t)
	r.kvVector(t, scope.Shared, unit(70), security.ClassStore)
	r.rescope(t, r.ms[scope.Shared].ID, scope.Private)
	jobs, err := r.Jobs(t.Context(), 5)
	if err != nil || len(jobs) != 1 || jobs[0].ID != r.ms[scope.Shared].ID || !jobs[0].LocalOnly {
		t.Errorf("Jobs = %+v, %v; want the memory", jobs, err)
	}
	if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
}

// TestManyVectors has more vectors than are handed to FAISS as a list.
func TestManyVectors(t *testing.T) {
	r := newRig(t)
	var vs []memory.Vector
	for i := range fewSelected + 50 {
		st, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{
			Content: fmt.Sprint("text ", i), Scope: scope.All()[i%2], Kind: []string{"even", "odd"}[i%2],
		}})
		if err != nil {
			t.Fatal(err)
		}
		vs = append(vs, memory.Vector{ID: st.ID, Version: 1, Space: "mini", Values: unit(100 + i)})
	}
	if err := r.PutVectors(t.Context(), vs); err != nil {
		t.Fatal(err)
	}
	for i := range vs {
		for kind, want := range map[string]bool{"": true, "even": i%2 == 0, "odd": i%2 == 1} {
			q := memory.CandidateQuery{Vectors: map[string][]float32{"mini": unit(100 + i)}, Limit: 1}
			if kind != "" {
				q.Filter.Kinds = []string{kind}
			}
			set, err := r.Candidates(t.Context(), q)
			if err != nil || len(set.Candidates) != 1 || (set.Candidates[0].Memory.ID == vs[i].ID) != want {
				t.Fatalf("vector %d of kind %q: %+v, %v; found: want %v", i, kind, set, err, want)
			}
		}
	}
}

// TestDamagedVectorAtOpen opens without snapshots a store one of whose vectors is damaged: the others are there.
func TestDamagedVectorAtOpen(t *testing.T) {
	r := newRig(t)
	key := vectorKey(r.row(t, scope.Project), "mini")
	r.apart(t, func() {
		withStrangeKeys(t, r.dir, func(db *kv.DB) {
			kvPut(t, db, kv.Vectors, key, storedBytes(unit(1), nil, warmWidth), security.ClassStore)
		})
		for _, f := range glob(t, r.dir, vectorsDir+"/*") {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	})
	if n := r.Spaces()["mini"]; n != 3 {
		t.Errorf("%d vectors; want 3", n)
	}
	if c := r.near(t, scope.Shared, 2); c.Dense < 0.999 {
		t.Errorf("candidate %+v; want its vector", c)
	}
	if _, left, err := r.Repair(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("Repair left %v, %v", left, err)
	}
}

// TestDamagedMemory reads around a memory whose text is damaged.
func TestDamagedMemory(t *testing.T) {
	r := newRig(t)
	r.apart(t, func() {
		execSQL(t, r.dir, `UPDATE texts SET body = x'00' WHERE row = 2`, `UPDATE memories SET lex = x'00' WHERE row = 1`)
	})
	var corrupt *memory.CorruptError
	if _, err := r.Get(t.Context(), []memory.ID{r.ms[scope.Project].ID}); !errors.As(err, &corrupt) || corrupt.ID != r.ms[scope.Project].ID {
		t.Errorf("Get: %v; want a CorruptError that names the memory", err)
	}
	if _, err := r.Search(t.Context(), memory.SearchQuery{}); !errors.As(err, &corrupt) {
		t.Errorf("Search: %v; want a CorruptError", err)
	}
	set, err := r.Candidates(t.Context(), memory.CandidateQuery{Text: "heron", Limit: 10})
	if err != nil || len(set.Candidates) != 2 {
		t.Errorf("Candidates = %+v, %v; want the two whole ones that have their words", set, err)
	}
	for _, id := range []memory.ID{r.ms[scope.Project].ID} {
		_, err := r.Change(t.Context(), id, "", func(*memory.Memory) (memory.Audit, error) {
			t.Error("edit was called with a damaged memory")
			return memory.Audit{}, nil
		})
		if !errors.As(err, &corrupt) {
			t.Errorf("Change: %v; want a CorruptError", err)
		}
	}
}

// TestRepeatedAfterPurge repeats a call whose memory is gone for good.
func TestRepeatedAfterPurge(t *testing.T) {
	r := newRig(t)
	p := memory.Put{Memory: memory.Memory{Content: "for a moment", Scope: scope.Project}, RequestKey: "k"}
	st, err := r.Put(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Purge(t.Context(), []memory.ID{st.ID}, "", memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Put(t.Context(), p); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("Put: %v; want ErrNotFound", err)
	}
}
