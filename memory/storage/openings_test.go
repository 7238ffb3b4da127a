package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/keyring"
)

// copyFolder copies a closed data folder. Its files are their owner's alone, as the keyring asks.
func copyFolder(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(to, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestOpeningsFail fails each call of each engine while a folder is opened that asks for more than usual: Open says which
// step failed, and the next start works and finds nothing amiss.
func TestOpeningsFail(t *testing.T) {
	for name, tc := range map[string]struct {
		o    Options
		make func(t *testing.T, r *rig) // what the folder is like, before it is closed
		then func(t *testing.T, dir string)
		lost bool // what opening cannot bring back, Repair does
	}{
		"with snapshots and what came after them": {o: Options{ReplayFrom: 1}, make: changedSince},
		"without keys.json":                       {o: Options{Mend: true}, then: func(t *testing.T, dir string) { remove(t, filepath.Join(dir, keyring.CheckFileName)) }},
		"without RocksDB":                         {o: Options{Mend: true}, then: func(t *testing.T, dir string) { remove(t, filepath.Join(dir, kvDir)) }, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.opts.ReplayFrom = 1
			if tc.make != nil {
				tc.make(t, r)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if tc.then != nil {
				tc.then(t, r.dir)
			}
			for _, engine := range engineNames {
				for n := 1; openFails(t, copyFolder(t, r.dir), tc.o, engine, n, tc.lost); n++ {
					if n > mostCalls {
						t.Fatal("no opening comes through")
					}
				}
			}
		})
	}
}

// openFails reports whether something failed.
func openFails(t *testing.T, dir string, o Options, engine string, n int, lost bool) bool {
	t.Helper()
	var b breaker
	b.arm(engine, n, func() error { return errEngine })
	o.Dir, o.Fail, o.Patrol.Rate = dir, b.fail, -1
	s, err := Open(t.Context(), o)
	if err == nil {
		err = s.WaitRenewed(t.Context())
	}
	op := b.disarm()
	if s != nil {
		if cerr := s.Close(); cerr != nil {
			t.Errorf("%d. call of %s (%s): Close: %v", n, engine, op, cerr)
		}
	}
	if err != nil && (!errors.Is(err, errEngine) || !strings.Contains(err.Error(), op) && !strings.Contains(err.Error(), engine)) {
		t.Errorf("%d. call of %s: %v; want the failure, in %q", n, engine, err, op)
	}
	o.Fail = nil
	again, err := Open(t.Context(), o)
	if err != nil {
		t.Errorf("%d. call of %s (%s): the next start: %v", n, engine, op, err)
		return op != ""
	}
	defer again.Close()
	if lost {
		_, _, err = again.Repair(t.Context())
	}
	found, cerr := again.Check(t.Context())
	if err = errors.Join(err, again.WaitRenewed(t.Context()), cerr); err != nil || len(found) > 0 {
		t.Errorf("%d. call of %s (%s): after the next start %v, %v", n, engine, op, found, err)
	}
	return op != ""
}

// changedSince changes vectors and words in each way there is after the indexes were saved.
func changedSince(t *testing.T, r *rig) {
	if err := r.saveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.add(t, "a heron that came later", scope.Project, unit(40))
	r.rescope(t, r.ms[scope.Shared].ID, scope.Private)
	if err := r.Purge(t.Context(), []memory.ID{r.ms[scope.Project].ID}, "", memory.Audit{Action: ActionPurge}); err != nil {
		t.Fatal(err)
	}
	r.opts.ReplayFrom = 1 << 30 // so that closing saves nothing
	r.vectors.mu.Lock()
	clear(r.vectors.dirty)
	r.vectors.mu.Unlock()
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// TestOpenBlocked has something else in the place of each file and folder: Open names the step, and opens once it is gone.
func TestOpenBlocked(t *testing.T) {
	folder := func(t *testing.T, path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(path, "inside"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		fresh bool
		name  string
		block func(*testing.T, string)
		want  string
	}{
		"the folder":                   {true, ".", file, "make the data folder"},
		"the lock":                     {false, lockFile, folder, "open the lock of the data folder"},
		"the layout":                   {false, readyFile, folder, "read the layout of the data folder"},
		"the layout that is written":   {true, readyFile + ".tmp", folder, "mark the data folder as ready"},
		"a snapshot":                   {false, vectorsDir + "/6d696e69.store.faiss", folder, "vector index"},
		"a snapshot that nobody wants": {false, vectorsDir + "/old.faiss", folder, "remove an old snapshot"},
		"the folder of RocksDB":        {false, kvDir, file, "rocksdb"},
		"the database":                 {false, catalogFile, folder, "sqlite"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if !tc.fresh {
				r := newRig(t)
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				dir = r.dir
			} else if tc.name != "." {
				folder(t, dir)
			}
			path := filepath.Join(dir, tc.name)
			if err := os.Rename(path, dir+".aside"); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			tc.block(t, path)
			s, err := Open(t.Context(), Options{Dir: dir})
			if err == nil {
				_ = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Open: %v; want %q in it", err, tc.want)
			}
		})
	}
}

// TestPatrolFails fails each call of an engine while a round of the patrol is under way: it does not end as if all had been
// looked at.
func TestPatrolFails(t *testing.T) {
	w := newSwept(t)
	w.opts.Patrol.Rate = 1 << 40
	for _, engine := range engineNames {
		for n := 1; ; n++ {
			w.patrol.set(patrolState{Began: noon, Page: 1})
			w.b.arm(engine, n, func() error { return errEngine })
			err := w.patrol.round(t.Context())
			op := w.b.disarm()
			if ended := !w.Patrol().Ended.IsZero(); ended != (err == nil) || err != nil && !errors.Is(err, errEngine) {
				t.Errorf("%d. call of %s (%s): %v, ended %v", n, engine, op, err, ended)
			}
			if op == "" {
				break
			}
			if n > mostCalls {
				t.Fatal("no round comes through")
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.patrol.set(patrolState{Began: noon, Page: 1})
	if err := w.patrol.round(ctx); err != nil || !w.Patrol().Ended.IsZero() {
		t.Errorf("a round that was ended early: %v, %+v", err, w.Patrol())
	}
}

// TestKeysFail asks for a rotation and what follows where they cannot be.
func TestKeysFail(t *testing.T) {
	w := newSwept(t)
	fail := func(name string, do func() error) {
		t.Helper()
		w.b.arm("sqlite", 1, func() error { return errEngine })
		err := do()
		// What the writer does in idle time may be what failed instead.
		if op := w.b.disarm(); op != "" && !errors.Is(err, errEngine) && !slices.Contains([]string{"merge", "checkpoint", "expire requests"}, op) {
			t.Errorf("%s: %v; want the failure in %q", name, err, op)
		}
	}
	if err := w.WaitRenewed(t.Context()); err != nil { // which looks whether there is anything to renew, for a moment after the opening
		t.Fatal(err)
	}
	fail("RotateKeys", func() error { return w.RotateKeys(t.Context(), memory.Audit{}) })
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(t)
	if err := w.WaitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
	fail("RetireKeys", func() error { return w.RetireKeys(t.Context(), memory.Audit{}) })
	if st, err := w.KeyStatus(t.Context()); err != nil || st.Generation != 2 {
		t.Errorf("KeyStatus = %+v, %v; want the second generation", st, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &Store{renewal: &renewal{done: make(chan struct{})}}
	if err := s.WaitRenewed(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("WaitRenewed that is not waited for: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"RotateKeys": func() error { return w.RotateKeys(t.Context(), memory.Audit{}) },
		"RetireKeys": func() error { return w.RetireKeys(t.Context(), memory.Audit{}) },
	} {
		if err := do(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s of a closed store: %v", name, err)
		}
	}
}

// TestSearchPagesByOrder goes through a search in each order with a page for each memory: none comes twice and none is left out.
func TestSearchPagesByOrder(t *testing.T) {
	r := newRig(t)
	for _, text := range []string{"", "heron"} {
		for _, sort := range []memory.Sort{memory.SortRelevance, memory.SortNewest, memory.SortOldest, memory.SortUpdated} {
			seen := map[memory.ID]int{}
			q := memory.SearchQuery{Text: text, Sort: sort, Limit: 1}
			for {
				p, err := r.Search(t.Context(), q)
				if err != nil || p.Total != len(r.ms) {
					t.Fatalf("%q by %s: %d in all, %v; want %d", text, sort, p.Total, err, len(r.ms))
				}
				for _, m := range p.Memories {
					seen[m.ID]++
				}
				if q.Cursor = p.NextCursor; q.Cursor == "" {
					break
				}
				other := q
				other.Text += " marsh"
				var bad *memory.InputError
				if _, err := r.Search(t.Context(), other); !errors.As(err, &bad) || bad.Field != "cursor" {
					t.Errorf("with the cursor of another search: %v", err)
				}
			}
			for _, m := range r.ms {
				if seen[m.ID] != 1 {
					t.Errorf("%q by %s: %s came %d times", text, sort, m.ID, seen[m.ID])
				}
			}
		}
	}
}

// TestSeenBeforeDecided has two transactions wait for one value: readers see that of the decided one alone.
func TestSeenBeforeDecided(t *testing.T) {
	r := newRig(t)
	key := vectorKey(r.row(t, scope.Project), "mini")
	values := func() [][]byte {
		out := [][]byte{[]byte("stored")}
		r.txns.decided([][]byte{key}, out)
		return out
	}
	first, second := &txn{decided: true}, &txn{}
	first.id, second.id = txID{1}, txID{2}
	first.ops, second.ops = []intentOp{{key: key, value: []byte("first")}}, []intentOp{{key: key, value: []byte("second")}}
	r.txns.hold(first)
	r.txns.hold(second)
	if got := string(values()[0]); got != "first" {
		t.Errorf("readers see %q; want what is decided", got)
	}
	if held := r.txns.held(); !held[first.id] || !held[second.id] || len(held) != 2 {
		t.Errorf("held: %v; want both", held)
	}
	r.txns.release(first)
	if got := string(values()[0]); got != "stored" {
		t.Errorf("readers see %q; want what is stored", got)
	}
	r.txns.release(second)
	if held := r.txns.held(); len(held) != 0 {
		t.Errorf("held: %v; want none", held)
	}
}

// TestFlushBlocked has something in the place of each snapshot: Flush says so, nothing of it stays behind, and the next writes it.
func TestFlushBlocked(t *testing.T) {
	for _, name := range []string{wordsFile, wordsFile + ".tmp", "6d696e69.store.faiss"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.opts.ReplayFrom = 1
			path := filepath.Join(r.dir, vectorsDir, name)
			remove(t, path)
			if err := os.MkdirAll(filepath.Join(path, "inside"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := r.saveAll(t.Context()); err == nil || !strings.Contains(err.Error(), "snapshot") {
				t.Errorf("saving: %v; want an error that names the snapshot", err)
			}
			remove(t, path)
			if left, err := filepath.Glob(filepath.Join(r.dir, vectorsDir, "*.tmp")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
			if err := r.saveAll(t.Context()); err != nil {
				t.Errorf("saving with the place free again: %v", err)
			}
			if _, err := os.Stat(strings.TrimSuffix(path, ".tmp")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSnapshotOfNoUse opens a folder whose snapshots begin well and are damaged, or that does not know what they hold: all is
// filled from the record.
func TestSnapshotOfNoUse(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, r *rig){
		"damaged at the end": func(t *testing.T, r *rig) {
			for _, f := range glob(t, r.dir, vectorsDir+"/*.faiss") {
				flip(t, f, -10)
			}
		},
		"one is gone": func(t *testing.T, r *rig) { remove(t, filepath.Join(r.dir, vectorsDir, "6d696e69.private.faiss")) },
		"the note lies": func(t *testing.T, r *rig) {
			execSQL(t, r.dir, `UPDATE meta SET value = x'7B' WHERE key = '`+metaIndexes+`'`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.opts.ReplayFrom = 1
			if err := errors.Join(r.saveAll(t.Context()), r.Close()); err != nil {
				t.Fatal(err)
			}
			spoil(t, r)
			s, err := Open(t.Context(), Options{Dir: r.dir, ReplayFrom: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if n := s.Spaces()["mini"]; n != len(r.ms) {
				t.Errorf("%d vectors; want %d", n, len(r.ms))
			}
			if found, err := s.Check(t.Context()); err != nil || len(found) > 0 {
				t.Errorf("Check = %v, %v", found, err)
			}
		})
	}
}
