package storage

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// TestMend opens a folder whose RocksDB is missing or damaged: the texts are all there, and once Repair has had the
// memories embedded again, everything agrees. What was damaged is kept, and what can be read of it is taken over.
func TestMend(t *testing.T) {
	gone := func(pattern string) func(kv string) error {
		return func(kv string) error {
			names, err := filepath.Glob(filepath.Join(kv, pattern))
			for _, n := range names {
				err = errors.Join(err, os.Remove(n))
			}
			return err
		}
	}
	for name, tc := range map[string]struct {
		damage func(kv string) error
		lost   bool // vectors and settings
	}{
		"missing":       {os.RemoveAll, true},
		"no table file": {gone("*.sst"), true},
		"CURRENT":       {func(kv string) error { return os.WriteFile(filepath.Join(kv, "CURRENT"), []byte("nonsense"), 0o600) }, false},
		"no CURRENT":    {gone("CURRENT"), false},
		"no manifest":   {gone("MANIFEST-*"), false},
		"neither":       {gone("[CM][UA]*"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := errors.Join(r.PutConfig(t.Context(), "flag", []byte("on")), r.kv.Flush(), r.Close()); err != nil {
				t.Fatal(err)
			}
			if err := tc.damage(filepath.Join(r.dir, kvDir)); err != nil {
				t.Fatal(err)
			}
			var corrupt *memory.CorruptError
			if _, err := Open(t.Context(), Options{Dir: r.dir}); !errors.As(err, &corrupt) {
				t.Fatalf("Open: %v; want a *memory.CorruptError", err)
			}
			s, err := Open(t.Context(), Options{Dir: r.dir, Mend: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, m := range r.ms {
				if got, err := s.Get(t.Context(), []memory.ID{m.ID}); err != nil || got[0].Content != m.Content {
					t.Errorf("Get of %s: %v", m.ID, err)
				}
			}
			mended, left, err := s.Repair(t.Context())
			if err != nil || tc.lost != (mended > 0) || len(left) != 0 {
				t.Errorf("Repair = %d, %v, %v; want nothing left, and something mended: %v", mended, left, err, tc.lost)
			}
			jobs, err := s.Jobs(t.Context(), 10)
			if err != nil || tc.lost && len(jobs) != len(r.ms) || !tc.lost && len(jobs) > 0 {
				t.Errorf("%d memories are to be embedded again, %v; want all: %v", len(jobs), err, tc.lost)
			}
			if flag, err := s.Config(t.Context(), "flag"); err != nil || !tc.lost && string(flag) != "on" {
				t.Errorf("the setting is %q, %v", flag, err)
			}
			aside, err := filepath.Glob(filepath.Join(r.dir, kvDir+".*"))
			if name != "missing" && (err != nil || len(aside) != 1) {
				t.Errorf("set aside: %v, %v; want the damaged one", aside, err)
			}
		})
	}
}

// hurtFamily damages the first block of each table file of a family.
func hurtFamily(t *testing.T, dir string, f kv.Family) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, kvDir, "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	hurt := 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte("name"+string(f))) { // of the file's properties
			continue
		}
		b[5] ^= 1
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		hurt++
	}
	if hurt == 0 {
		t.Fatalf("no table file holds %s", f)
	}
}

// TestMendBlocks damages a block of each family of RocksDB in a folder that was left with two transactions under way: one that was
// decided and is not in place, and one that was not decided. Whoever meets the damage on opening refuses with the command to type. Once
// mended, no text is missing, vectors that are lost are to be made anew, what was not decided never was, and everything else is there.
func TestMendBlocks(t *testing.T) {
	for f, opens := range map[kv.Family]bool{kv.Intents: false, kv.Vectors: false, kv.Config: true, kv.Workspace: true, kv.SessionState: true, kv.Cache: true} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := underWay(t)
			hurtFamily(t, r.dir, f)
			if f == kv.Vectors { // they are read where the index was not saved
				if err := os.RemoveAll(filepath.Join(r.dir, vectorsDir)); err != nil {
					t.Fatal(err)
				}
			}
			s, err := Open(t.Context(), Options{Dir: r.dir})
			var corrupt *memory.CorruptError
			switch {
			case err != nil && (opens || !errors.As(err, &corrupt) || corrupt.Engine != "rocksdb"):
				t.Fatalf("Open: %v; want a *memory.CorruptError about RocksDB, or none: %v", err, opens)
			case err == nil && !opens:
				t.Fatal("it opens")
			case err == nil:
				if _, err := s.Config(t.Context(), "flag"); f == kv.Config && !errors.As(err, &corrupt) {
					t.Errorf("Config: %v; want a *memory.CorruptError", err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			if r.Store, err = Open(t.Context(), Options{Dir: r.dir, Mend: true}); err != nil {
				t.Fatal(err)
			}
			wantMendedBlocks(t, r, f)
			aside, err := filepath.Glob(filepath.Join(r.dir, kvDir+".*"))
			if err != nil || len(aside) != 1 {
				t.Errorf("set aside: %v, %v; want the damaged one", aside, err)
			}
		})
	}
}

// TestRepairBlocks has Repair meet a damaged block of a store that is open.
func TestRepairBlocks(t *testing.T) {
	for _, f := range []kv.Family{kv.Vectors, kv.Config, kv.Workspace, kv.SessionState, kv.Cache} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := underWay(t)
			hurtFamily(t, r.dir, f)
			r.open(t)
			wantMendedBlocks(t, r, f)
		})
	}
}

// underWay returns a closed store whose RocksDB holds something of every family in table files of its own, an intent that was decided
// for the PROJECT memory's vector, and one that was not for that of the SHARED one.
func underWay(t *testing.T) *rig {
	r := newRig(t)
	for f, key := range map[kv.Family]string{kv.Workspace: "draft", kv.SessionState: "state", kv.Cache: "topics"} {
		kvPut(t, r.kv, f, []byte(key), []byte("value"), security.ClassPrivate)
	}
	if err := errors.Join(r.PutConfig(t.Context(), "flag", []byte("on")), r.Close()); err != nil {
		t.Fatal(err)
	}
	var refuse atomic.Bool
	s, err := Open(t.Context(), Options{Dir: r.dir, Fail: func(engine, op string) error {
		if refuse.Load() && engine == "rocksdb" && op == kv.OpWrite {
			return errors.New("injected")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.Store = s
	refuse.Store(true)
	if err := r.PutVectors(t.Context(), r.vector(scope.Project, 1, 60)); err != nil {
		t.Fatal(err)
	}
	id, err := newTxID()
	if err != nil {
		t.Fatal(err)
	}
	undecided := intent{id: id, ops: []intentOp{{key: vectorKey(r.row(t, scope.Shared), "mini"), class: security.ClassStore, value: storedBytes(unit(61), nil, warmWidth)}}}
	b := kv.NewBatch()
	undecided.prepare(b)
	if err := errors.Join(r.kv.Write(b, true), r.kv.Flush(), r.Close()); err != nil {
		t.Fatal(err)
	}
	return r
}

// wantMendedBlocks repairs the open store, of which the family hurt is damaged.
func wantMendedBlocks(t *testing.T, r *rig, hurt kv.Family) {
	t.Helper()
	_, left, err := r.Repair(t.Context())
	if err != nil || len(left) != 0 {
		t.Errorf("Repair leaves %v, %v", left, err)
	}
	for _, m := range r.ms {
		if got, err := r.Get(t.Context(), []memory.ID{m.ID}); err != nil || got[0].Content != m.Content {
			t.Errorf("Get of %s: %v", m.ID, err)
		}
	}
	lost := map[memory.ID]bool{}
	jobs, err := r.Jobs(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		lost[j.ID] = true
	}
	for i, sc := range scope.All() {
		axis := i
		if sc == scope.Project {
			axis = 60
		}
		gone := hurt == kv.Vectors && sc != scope.Project || hurt == kv.Intents && sc == scope.Project
		if lost[r.ms[sc].ID] != gone {
			t.Errorf("the %s memory is to be embedded again: %v, want %v", sc, lost[r.ms[sc].ID], gone)
		}
		if c := r.near(t, sc, axis); !gone && c.Dense < 0.999 {
			t.Errorf("the %s memory lies %v from where it was", sc, c.Dense)
		}
	}
	for f, read := range map[kv.Family]func(context.Context) (string, error){
		kv.Config: func(ctx context.Context) (string, error) { b, err := r.Config(ctx, "flag"); return string(b), err },
		kv.Cache: func(context.Context) (string, error) {
			b, err := r.kv.Get(kv.Cache, []byte("topics"))
			return string(b), err
		},
	} {
		v, err := read(t.Context())
		if f != hurt && (err != nil || v == "") {
			t.Errorf("%s reads %q, %v", f, v, err)
		}
	}
}

// TestMendedAtStart damages what is saved of an index: it is built anew, and that is told with its time, once, by the store and by the
// audit log, also after the next start. A snapshot that is missing is none that is damaged.
func TestMendedAtStart(t *testing.T) {
	for name, tc := range map[string]struct {
		pattern string
		replay  int
		damage  func(path string) error
		tells   bool
	}{
		"vectors":         {"*.store.faiss", 0, flipByte, true},
		"vectors, replay": {"*.store.faiss", 1, flipByte, true},
		"words":           {wordsFile, 1, flipByte, true},
		"words, missing":  {wordsFile, 1, os.Remove, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			reopen := func() {
				t.Helper()
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				var err error
				if r.Store, err = Open(t.Context(), Options{Dir: r.dir, ReplayFrom: tc.replay}); err != nil {
					t.Fatal(err)
				}
			}
			reopen()
			if _, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{ID: memory.NewID(), Content: "A new heron.", Scope: scope.Project}}); err != nil {
				t.Fatal(err) // with it the words are worth saving
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			names, err := filepath.Glob(filepath.Join(r.dir, vectorsDir, tc.pattern))
			if err != nil || len(names) == 0 {
				t.Fatalf("no snapshot: %v", err)
			}
			if err := tc.damage(names[0]); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				reopen()
				told := r.Mended()
				if !tc.tells && len(told) > 0 || tc.tells && (len(told) != 1 || told[0].What != vectorsDir+"/"+filepath.Base(names[0]) || told[0].At.IsZero()) {
					t.Errorf("told: %+v; want it once: %v", told, tc.tells)
				}
				logged := 0
				err := r.AuditLog(t.Context(), 0, func(e AuditEntry) error {
					if e.Action == actionMended {
						logged++
					}
					return nil
				})
				if err != nil || logged != len(told) {
					t.Errorf("the audit log has %d entries of it, %v", logged, err)
				}
			}
			if found, err := r.Check(t.Context()); err != nil || len(found) > 0 {
				t.Errorf("Check: %v, %v", found, err)
			}
		})
	}
}

func flipByte(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)/2] ^= 1
	return os.WriteFile(path, b, 0o600)
}
