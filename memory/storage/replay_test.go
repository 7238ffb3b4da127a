package storage_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/scope"
)

// unsettle makes changes of every kind to a store.
func unsettle(t *testing.T, r *rand.Rand, s *storage.Store, ids *[]memory.ID, n int) {
	t.Helper()
	one := func() memory.ID { return (*ids)[r.IntN(len(*ids))] }
	check := func(err error) {
		t.Helper()
		var refused *memory.InputError
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
	}
	for i := range n {
		switch {
		case len(*ids) < 5 || r.IntN(3) == 0:
			m := storagetest.Memory(fmt.Sprintf("heron number %d of %d", r.IntN(1<<30), i))
			m.Scope = scope.All()[r.IntN(4)]
			st, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: storagetest.Audit("remember")})
			check(err)
			*ids = append(*ids, st.ID)
			if r.IntN(5) > 0 {
				check(s.PutVectors(t.Context(), []memory.Vector{{ID: st.ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(r.Uint64())}}))
			}
		case r.IntN(6) == 0:
			id := one()
			check(s.Purge(t.Context(), []memory.ID{id}, "", storagetest.Audit("purge")))
			*ids = slices.DeleteFunc(*ids, func(o memory.ID) bool { return o == id })
		default:
			_, err := s.Change(t.Context(), one(), "", func(m *memory.Memory) (memory.Audit, error) {
				switch r.IntN(4) {
				case 0:
					m.Content += " again"
				case 1:
					m.Scope = scope.All()[r.IntN(4)]
				case 2:
					m.Tags = []string{"red", "green"}[:r.IntN(3)]
				default:
					m.State = []memory.State{memory.Active, memory.Archived, memory.Forgotten}[r.IntN(3)]
				}
				return storagetest.Audit("revise"), nil
			})
			check(err)
		}
	}
}

// copied is the folder as a crash at this moment would leave it.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(to, "master.key")
	if err := os.Chmod(key, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return to
}

// What opens from snapshots and what changed since is what opens from the record: after a close, after a crash, and with
// snapshots older than the last changes.
func TestReplay(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	o := storage.Options{Dir: filepath.Join(t.TempDir(), "data"), ReplayFrom: 1, SnapshotEvery: 40, Limits: storage.IndexLimits{SQ8: 60}}
	var ids []memory.ID
	for round := range 6 {
		s := mustOpen(t, o)
		unsettle(t, r, s, &ids, 60)
		if round%2 == 1 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			unsettle(t, r, s, &ids, 5)
		}
		want := storagetest.Describe(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for name, from := range map[string]int{"from snapshots": 1, "from the record": 1 << 30} {
			c := storage.Options{Dir: copied(t, o.Dir), ReplayFrom: from}
			s := mustOpen(t, c)
			if got := storagetest.Describe(t, s); got != want {
				t.Errorf("round %d, %s:\n%s\nwant\n%s", round, name, got, want)
			}
			storagetest.NoFindings(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Snapshots that do not fit the record are not used.
func TestReplayMisfits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	o := storage.Options{Dir: filepath.Join(t.TempDir(), "data"), ReplayFrom: 1}
	var ids []memory.ID
	session := func(n int) {
		s := mustOpen(t, o)
		unsettle(t, r, s, &ids, n)
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	session(60)
	older := copied(t, filepath.Join(o.Dir, "vectors"))
	session(60)
	for name, spoil := range map[string]func(dir string) error{
		"older files": func(dir string) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.CopyFS(dir, os.DirFS(older))
		},
		"no files": os.RemoveAll,
		"damage": func(dir string) error {
			names, err := filepath.Glob(dir + "/*")
			for _, n := range names {
				b, rerr := os.ReadFile(n)
				b[len(b)/2] ^= 1
				err = errors.Join(err, rerr, os.WriteFile(n, b, 0o600))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := storage.Options{Dir: copied(t, o.Dir), ReplayFrom: 1}
			if err := spoil(filepath.Join(c.Dir, "vectors")); err != nil {
				t.Fatal(err)
			}
			s := mustOpen(t, c)
			storagetest.NoFindings(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func mustOpen(t *testing.T, o storage.Options) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Where the snapshots did not fit, they do after one start: the files and what the record says of them.
func TestReplayFitsAgain(t *testing.T) {
	o := storage.Options{Dir: filepath.Join(t.TempDir(), "data"), ReplayFrom: 1}
	s := mustOpen(t, o)
	for i := range 20 {
		st, err := s.Put(t.Context(), memory.Put{Memory: storagetest.Memory(fmt.Sprint("heron ", i)), Audit: storagetest.Audit("remember")})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.PutVectors(t.Context(), []memory.Vector{{ID: st.ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(uint64(i))}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(o.Dir, "vectors", "*.faiss"))
	if err != nil || len(files) == 0 {
		t.Fatalf("snapshots: %v, %v", files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := mustOpen(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	times := func() (out []int64) {
		for _, f := range files {
			info, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, info.ModTime().UnixNano())
		}
		return out
	}
	before := times()
	if err := mustOpen(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	if after := times(); !slices.Equal(before, after) {
		t.Error("a start that found fitting snapshots wrote them anew")
	}
}
