package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/security/keyring"
)

func TestReplicaFollows(t *testing.T) {
	r := newRig(t)
	rep := backup.StartReplica(t.Context(), r.Store, backup.ReplicaOptions{Repository: backup.Options{Folder: r.repo}, Every: 10 * time.Millisecond, Share: 1})
	until(t, "the first state", func() bool { return rep.Status().ID != "" && rep.Status().Lag == 0 })
	updates := rep.Status().Updates
	m := put(t, r.Store, "the replica learns of this")
	until(t, "the change", func() bool { return rep.Status().Updates > updates && rep.Status().Lag == 0 })
	idle := rep.Status()
	if idle.Err != nil || idle.Took == 0 {
		t.Errorf("Status = %+v", idle)
	}
	if err := rep.Sync(t.Context()); err != nil || rep.Status().ID != idle.ID {
		t.Errorf("Sync of an unchanged store = %v, made %s; want nothing new", err, rep.Status().ID)
	}
	if err := rep.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := rep.Sync(t.Context()); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Sync after Close = %v; want ErrClosed", err)
	}
	s, _ := restored(t, repository(t, backup.Options{Folder: r.repo, DataDir: r.dir}), "")
	if missing(t, s, []memory.ID{m.ID}) != 0 {
		t.Error("the replica lacks the newest memory")
	}
	list, err := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir}).List(t.Context())
	if err != nil || len(list) == 0 || len(list) > 3 {
		t.Errorf("the replica keeps %d states, %v; want 1 to 3", len(list), err)
	}
}

// TestReplicaFolder has the folder unusable at first: the status says so, and it is tried again.
func TestReplicaFolder(t *testing.T) {
	r := newRig(t)
	if err := os.WriteFile(r.repo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rep := backup.StartReplica(t.Context(), r.Store, backup.ReplicaOptions{Repository: backup.Options{Folder: r.repo}, Every: 5 * time.Millisecond, Share: 1})
	defer rep.Close(t.Context())
	until(t, "the error", func() bool { st := rep.Status(); return st.Err != nil && st.Lag > 0 })
	if err := os.Remove(r.repo); err != nil {
		t.Fatal(err)
	}
	until(t, "a state", func() bool { st := rep.Status(); return st.Err == nil && st.ID != "" })
}

// withReplica closes a store that has a replica and returns ids of the memories in it.
func withReplica(t *testing.T) (*rig, []memory.ID) {
	t.Helper()
	r := newRig(t)
	ids := load(t, r.Store, 0, 60)
	rep := backup.StartReplica(t.Context(), r.Store, backup.ReplicaOptions{Repository: backup.Options{Folder: r.repo}})
	if err := errors.Join(r.Flush(t.Context()), rep.Close(t.Context()), r.Close()); err != nil { // with table files
		t.Fatal(err)
	}
	return r, ids
}

func damage(t testing.TB, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range min(len(b), 200) {
		b[i] ^= 0x55
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	return names
}

func TestFailover(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, dir string){
		"first page of SQLite":          func(t *testing.T, dir string) { damage(t, filepath.Join(dir, "catalog.db")) },
		"SQLite's file is gone":         func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "catalog.db")) },
		"RocksDB's manifest":            func(t *testing.T, dir string) { damage(t, glob(t, dir+"/kv/MANIFEST-*")[0]) },
		"RocksDB's folder":              func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "kv")) },
		"RocksDB: a table file is gone": func(t *testing.T, dir string) { remove(t, glob(t, dir+"/kv/*.sst")[0]) },
		"keys.json damaged":             func(t *testing.T, dir string) { damage(t, filepath.Join(dir, "keys.json")) },
		"keys.json gone":                func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "keys.json")) },
		"all but the key gone": func(t *testing.T, dir string) {
			for _, path := range files(t, dir) {
				if filepath.Base(path) != keyring.KeyFileName {
					remove(t, path)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, ids := withReplica(t)
			harm(t, r.dir)
			before := hashes(t, r.dir)
			var log bytes.Buffer
			s, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{
				Store: storage.Options{Dir: r.dir, Logger: slog.New(slog.NewTextHandler(&log, nil))}, Replica: r.repo,
			})
			if err != nil || f == nil {
				t.Fatalf("OpenOrFailover = %v, %v; want a failover", f, err)
			}
			defer s.Close()
			if missing(t, s, ids) != 0 {
				t.Error("memories are missing")
			}
			storagetest.NoFindings(t, s)
			if !strings.Contains(log.String(), "FAILOVER") || !strings.Contains(f.Warning(), f.Aside) {
				t.Errorf("no loud warning: %s", log.String())
			}
			noted := false
			if err := s.AuditLog(t.Context(), 0, func(e storage.AuditEntry) error {
				noted = noted || e.Action == "failover"
				return nil
			}); err != nil || !noted {
				t.Errorf("no audit entry: %v", err)
			}
			if f.Vectors != strings.HasPrefix(name, "RocksDB") {
				t.Errorf("only the vectors were exchanged: %v", f.Vectors)
			}
			kept := hashes(t, f.Aside)
			for rel, sum := range before {
				if inStore(rel) && (!f.Vectors || strings.HasPrefix(rel, storage.VectorsFolder+"/")) && kept[rel] != sum {
					t.Errorf("%s of the damaged store is not kept as it was", rel)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			// From then on it is a store like any other.
			s, f, err = backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}, Replica: r.repo})
			if err != nil || f != nil {
				t.Fatalf("the next open = %v, %v; want no failover", f, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// inStore leaves out what RocksDB itself writes when it is opened, before the store turns out to be damaged.
func inStore(rel string) bool {
	if strings.HasPrefix(rel, "kv/") && !strings.HasSuffix(rel, ".sst") {
		return false
	}
	for _, name := range storage.DataFiles() {
		if rel == name || strings.HasPrefix(rel, name+"/") {
			return true
		}
	}
	return false
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func hashes(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if dir == "" {
		return out
	}
	for _, path := range files(t, dir) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		out[rel] = string(b)
	}
	return out
}

// TestNoFailover has trouble that the replica is no answer to: the error is the store's and nothing is changed.
func TestNoFailover(t *testing.T) {
	other := newRig(t)
	key, err := os.ReadFile(filepath.Join(other.dir, keyring.KeyFileName))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		harm func(t *testing.T, dir string)
		want error
	}{
		"wrong key": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, keyring.KeyFileName), key, 0o600); err != nil {
				t.Fatal(err)
			}
		}, keyring.ErrWrongKey},
		"key is gone":                     {func(t *testing.T, dir string) { remove(t, filepath.Join(dir, keyring.KeyFileName)) }, keyring.ErrMissing},
		"key is damaged":                  {func(t *testing.T, dir string) { damage(t, filepath.Join(dir, keyring.KeyFileName)) }, keyring.ErrCorrupt},
		"everything is gone, the key too": {func(t *testing.T, dir string) { remove(t, dir) }, keyring.ErrMissing},
		"newer format": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "store.format"), []byte("99\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, storage.ErrNewer},
		"open elsewhere": {func(t *testing.T, dir string) { s := open(t, dir); t.Cleanup(func() { _ = s.Close() }) }, storage.ErrLocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := withReplica(t)
			tc.harm(t, r.dir)
			s, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}, Replica: r.repo})
			if s != nil || f != nil || !errors.Is(err, tc.want) {
				t.Errorf("OpenOrFailover = %v, %v, %v; want %v", s, f, err, tc.want)
			}
			if list, err := filepath.Glob(r.dir + "/damaged-*"); err != nil || len(list) > 0 {
				t.Errorf("files were moved to %v, %v", list, err)
			}
		})
	}
	t.Run("no replica", func(t *testing.T) {
		r, _ := withReplica(t)
		damage(t, filepath.Join(r.dir, "catalog.db"))
		_, _, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}})
		if damage := new(memory.CorruptError); !errors.As(err, &damage) {
			t.Errorf("OpenOrFailover = %v; want the damage", err)
		}
	})
	t.Run("first start with a replica's folder that is empty", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		s, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: dir}, Replica: filepath.Join(t.TempDir(), "none")})
		if err != nil || f != nil {
			t.Fatalf("OpenOrFailover = %v, %v", f, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestVectorsAlone has RocksDB damaged after more was stored than the replica has: no memory is lost. Where SQLite turns
// out to be damaged as well, the whole store is exchanged.
func TestVectorsAlone(t *testing.T) {
	for name, both := range map[string]bool{"RocksDB": false, "SQLite too": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, ids := withReplica(t)
			s := open(t, r.dir)
			newer := load(t, s, 1000, 40)
			a := storagetest.Audit("purge")
			if err := errors.Join(s.Purge(t.Context(), ids[:5], "", a), s.Close()); err != nil {
				t.Fatal(err)
			}
			damage(t, glob(t, r.dir+"/kv/MANIFEST-*")[0])
			if both {
				damage(t, filepath.Join(r.dir, "catalog.db"))
			}
			s, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}, Replica: r.repo})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			storagetest.NoFindings(t, s)
			if both {
				if f.Vectors || missing(t, s, ids) > 0 || missing(t, s, newer) != len(newer) {
					t.Errorf("failover %+v; want the replica's store", f)
				}
				return
			}
			if !f.Vectors || missing(t, s, newer) > 0 || missing(t, s, ids[:5]) != 5 {
				t.Errorf("failover %+v; want the store's own memories, all of them", f)
			}
			st, err := s.Stats(t.Context())
			if err != nil || st.Pending != len(newer)+1 {
				t.Errorf("%d wait for a vector, %v; want the %d that the replica did not have, and the one from before", st.Pending, err, len(newer))
			}
		})
	}
}

// TestFailoverToOlder has the newest state of the replica damaged too: the one before is taken.
func TestFailoverToOlder(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	first := create(t, repo, r.Store)
	for i := range 200 {
		put(t, r.Store, strings.Repeat("x", i%7)+" later "+string(memory.NewID()))
	}
	known := map[string]bool{}
	for _, path := range files(t, r.repo) {
		known[path] = true
	}
	create(t, repo, r.Store)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range files(t, r.repo) {
		if !known[path] && strings.Contains(path, "/chunks/") {
			damage(t, path)
		}
	}
	damage(t, filepath.Join(r.dir, "catalog.db"))
	s, f, err := backup.OpenOrFailover(context.Background(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}, Replica: r.repo})
	if err != nil || f.ID != first.ID {
		t.Fatalf("OpenOrFailover = %+v, %v; want backup %s", f, err, first.ID)
	}
	defer s.Close()
	storagetest.NoFindings(t, s)
	if _, err := os.Stat(filepath.Join(r.dir, "restore.tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the failed attempt is left behind: %v", err)
	}
}
