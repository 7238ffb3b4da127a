package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/keyring"
)

func TestOpenRefuses(t *testing.T) {
	corrupt := func(engine string) func(error) bool {
		return func(err error) bool {
			var c *memory.CorruptError
			return errors.As(err, &c) && c.Engine == engine
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	remove := func(names ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for _, name := range names {
				if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	write := func(name, content string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   func(error) bool
	}{
		"database missing":        {remove(catalogFile), corrupt("sqlite")},
		"database emptied":        {write(catalogFile, ""), corrupt("sqlite")},
		"first page damage":       {func(t *testing.T, dir string) { scribble(t, filepath.Join(dir, catalogFile), 100, 200) }, corrupt("sqlite")},
		"rocksdb missing":         {remove(kvDir), corrupt("rocksdb")},
		"rocksdb damaged":         {write(filepath.Join(kvDir, "CURRENT"), "nonsense"), corrupt("rocksdb")},
		"key missing":             {remove("master.key"), is(keyring.ErrMissing)},
		"keys all missing":        {remove("master.key", keyring.CheckFileName), is(keyring.ErrMissing)},
		"marker and keys missing": {remove("master.key", keyring.CheckFileName, readyFile), is(keyring.ErrMissing)},
		"key of another folder": {func(t *testing.T, dir string) {
			other := newRig(t)
			b, err := os.ReadFile(filepath.Join(other.dir, "master.key"))
			if err != nil {
				t.Fatal(err)
			}
			write("master.key", string(b))(t, dir)
		}, is(keyring.ErrWrongKey)},
		"newer layout": {write(readyFile, "2\n"), is(ErrNewer)},
		"newer schema": {func(t *testing.T, dir string) {
			execSQL(t, dir, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
		}, is(ErrNewer)},
		"folder is a file": {func(t *testing.T, dir string) {
			remove("")(t, dir)
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, func(err error) bool { return err != nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			tc.damage(t, r.dir)
			for range 2 { // the first refusal must not make things worse
				s, err := Open(t.Context(), Options{Dir: r.dir})
				if err == nil {
					t.Fatalf("it opened: %v", s.Close())
				}
				if !tc.want(err) {
					t.Errorf("Open: %v", err)
				}
				if strings.Contains(err.Error(), "cipher=") || strings.Contains(err.Error(), "key=") {
					t.Errorf("the error shows the data source name: %v", err)
				}
			}
		})
	}
}

func TestOpenTwice(t *testing.T) {
	r := newRig(t)
	if _, err := Open(t.Context(), Options{Dir: r.dir}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second Open: %v; want ErrLocked", err)
	}
	r.apart(t, func() {})
	if _, err := r.Get(t.Context(), []memory.ID{r.ms[scope.Project].ID}); err != nil {
		t.Errorf("after the refused Open: %v", err)
	}
	if _, err := Open(t.Context(), Options{}); err == nil {
		t.Error("Open without a folder works")
	}
}

// TestOpenMends loses each thing that can be made anew: the store opens and is whole.
func TestOpenMends(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"snapshots missing": func(t *testing.T, dir string) {
			for _, f := range glob(t, dir, vectorsDir+"/*") {
				if err := os.Remove(f); err != nil {
					t.Fatal(err)
				}
			}
		},
		"snapshots damaged": func(t *testing.T, dir string) {
			for _, f := range glob(t, dir, vectorsDir+"/*") {
				scribble(t, f, 200, 500)
			}
		},
		"snapshots swapped": func(t *testing.T, dir string) {
			files := glob(t, dir, vectorsDir+"/*")
			if err := os.Rename(files[0], files[1]); err != nil {
				t.Fatal(err)
			}
		},
		"a stray snapshot": func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, vectorsDir, "stray.faiss.tmp"), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"terms of another analysis": func(t *testing.T, dir string) {
			execSQL(t, dir, `UPDATE meta SET value = x'30' WHERE key = 'terms-version'`, `INSERT INTO fts (fts) VALUES ('delete-all')`)
		},
		"marker missing": func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, readyFile)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.apart(t, func() { damage(t, r.dir) })
			if err := r.WaitRenewed(t.Context()); err != nil {
				t.Fatal(err)
			}
			if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
				t.Errorf("Check = %v, %v", found, err)
			}
			if n := r.Spaces()["mini"]; n != 4 {
				t.Errorf("%d vectors; want 4", n)
			}
		})
	}
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files match %s, %v; want two at least", len(files), pattern, err)
	}
	return files
}

// TestSnapshotBehind loads an older snapshot of the vector index: what came later, was replaced, moved or removed since
// must come from the record.
func TestSnapshotBehind(t *testing.T) {
	r := newRig(t)
	old := filepath.Join(t.TempDir(), "old")
	r.apart(t, func() {
		if err := os.CopyFS(old, os.DirFS(filepath.Join(r.dir, vectorsDir))); err != nil {
			t.Fatal(err)
		}
	})
	added := memory.Memory{ID: memory.NewID(), Content: "later", Scope: scope.Project}
	if _, err := r.Put(t.Context(), memory.Put{Memory: added}); err != nil {
		t.Fatal(err)
	}
	vector := func(id memory.ID, axis int) memory.Vector {
		return memory.Vector{ID: id, Version: 1, Space: "mini", Values: unit(axis)}
	}
	if err := r.PutVectors(t.Context(), []memory.Vector{vector(added.ID, 50), vector(r.ms[scope.Project].ID, 51)}); err != nil {
		t.Fatal(err)
	}
	if err := r.Purge(t.Context(), []memory.ID{r.ms[scope.Shared].ID}, "", memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	_, err := r.Change(t.Context(), r.ms[scope.Global].ID, "", func(m *memory.Memory) (memory.Audit, error) {
		m.Scope = scope.Private
		return memory.Audit{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.apart(t, func() {
		if err := os.RemoveAll(filepath.Join(r.dir, vectorsDir)); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(r.dir, vectorsDir), os.DirFS(old)); err != nil {
			t.Fatal(err)
		}
	})
	if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
	set, err := r.Candidates(t.Context(), memory.CandidateQuery{Vectors: map[string][]float32{"mini": unit(51)}, Limit: 1})
	if err != nil || len(set.Candidates) != 1 || set.Candidates[0].Memory.ID != r.ms[scope.Project].ID || set.Candidates[0].Dense < 0.999 {
		t.Errorf("the replaced vector is not the new one: %+v, %v", set, err)
	}
}

// TestCloseLeavesNothing wants no goroutine of this project to outlive the store.
func TestCloseLeavesNothing(t *testing.T) {
	r := newRig(t)
	r.CountUse([]memory.ID{r.ms[scope.Project].ID}, time.Now())
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		left := ours()
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
		}
		runtime.Gosched()
	}
}

// ours lists the goroutines that run code of the store, tests apart.
func ours() (out []string) {
	buf := make([]byte, 1<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "/memory/storage") && !strings.Contains(g, "testing.tRunner") || strings.Contains(g, "database/sql") {
			out = append(out, g)
		}
	}
	return out
}

// TestBackground wants uses and snapshots to reach the disk without anybody asking.
func TestBackground(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	snapshots := make(chan struct{}, 100)
	s, err := Open(t.Context(), Options{Dir: dir, UseFlush: time.Millisecond, SnapshotEvery: 2, Crash: func(at Step) {
		if at == StepSnapshotted {
			snapshots <- struct{}{}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var vs []memory.Vector
	for i := range 3 {
		m := memory.Memory{ID: memory.NewID(), Content: fmt.Sprint("text ", i), Scope: scope.Project}
		if _, err := s.Put(t.Context(), memory.Put{Memory: m}); err != nil {
			t.Fatal(err)
		}
		vs = append(vs, memory.Vector{ID: m.ID, Version: 1, Space: "mini", Values: unit(i)})
	}
	if err := s.PutVectors(t.Context(), vs); err != nil {
		t.Fatal(err)
	}
	select {
	case <-snapshots:
	case <-time.After(time.Minute):
		t.Fatal("no snapshot was written after three vectors")
	}
	s.CountUse([]memory.ID{vs[0].ID}, time.Now())
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		records, err := s.catalog.ByIDs(t.Context(), []memory.ID{vs[0].ID})
		if err != nil {
			t.Fatal(err)
		}
		if records[0].Uses == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the use did not reach the record")
		}
	}
}

// TestRotate opens a store whose master key was rotated: everything is there, also what is sealed, duplicates are
// known, and the audit log authenticates over both keys.
func TestRotate(t *testing.T) {
	r := newRig(t)
	for range 2 {
		r.apart(t, func() {
			ring, err := keyring.Open(t.Context(), keyring.Options{Dir: r.dir})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(ring.Rotate(t.Context()), ring.Close()); err != nil {
				t.Fatal(err)
			}
		})
		for sc, m := range r.ms {
			got, err := r.Get(t.Context(), []memory.ID{m.ID})
			if err != nil || got[0].Content != m.Content {
				t.Errorf("%s: Get = %+v, %v", sc, got, err)
			}
			again := m
			again.ID = memory.NewID()
			if st, err := r.Put(t.Context(), memory.Put{Memory: again}); err != nil || st.DuplicateOf != m.ID {
				t.Errorf("%s: Put = %+v, %v; want a duplicate", sc, st, err)
			}
		}
		if err := r.Note(t.Context(), memory.Audit{Action: "rotate"}); err != nil {
			t.Fatal(err)
		}
		if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("Check = %v, %v", found, err)
		}
	}
}

// TestCloseMeanwhile closes the store while it is asked: every call ends, with its result or with ErrUnavailable.
func TestCloseMeanwhile(t *testing.T) {
	for range 5 {
		r := newRig(t)
		var wg sync.WaitGroup
		started := make(chan struct{}, 64)
		for i := range 8 {
			wg.Go(func() {
				for n := 0; ; n++ {
					var err error
					switch i % 4 {
					case 0:
						_, err = r.Put(t.Context(), memory.Put{Memory: memory.Memory{Content: fmt.Sprint(i, " ", n), Scope: scope.Project}})
					case 1:
						var set memory.CandidateSet
						set, err = r.Candidates(t.Context(), memory.CandidateQuery{Text: "heron", Vectors: map[string][]float32{"mini": unit(1)}})
						if err == nil && len(set.Candidates) != 4 {
							t.Errorf("%d candidates; want 4 or an error", len(set.Candidates))
						}
					case 2:
						_, err = r.Search(t.Context(), memory.SearchQuery{Text: "marsh"})
					case 3:
						err = r.PutVectors(t.Context(), r.vector(scope.Project, 1, n%700))
					}
					if n == 0 {
						started <- struct{}{}
					}
					if err != nil {
						if !errors.Is(err, memory.ErrUnavailable) {
							t.Errorf("call %d: %v; want ErrUnavailable", i%4, err)
						}
						return
					}
				}
			})
		}
		for range 8 {
			<-started
		}
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		wg.Wait()
	}
}
