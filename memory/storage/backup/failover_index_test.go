package backup_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// indexed opens a store that saves its indexes although it is small, and opens from them.
func indexed(t *testing.T, dir string) storage.Options {
	t.Helper()
	return storage.Options{Dir: dir, ReplayFrom: 1, SnapshotEvery: 1 << 20, Limits: storage.IndexLimits{SQ8: 60, SQ4: 100}}
}

func openWith(t *testing.T, o storage.Options) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// follow has a replica catch up once.
func follow(t *testing.T, s *storage.Store, folder string, indexes int64) {
	t.Helper()
	rep := backup.StartReplica(t.Context(), s, backup.ReplicaOptions{Repository: backup.Options{Folder: folder}, IndexBytes: indexes})
	if err := rep.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// saved reads the saved indexes of a data folder.
func saved(t *testing.T, dir string) map[string]string {
	return hashes(t, filepath.Join(dir, "vectors"))
}

// wantFound wants each memory among what its words and its vector find.
func wantFound(t *testing.T, s *storage.Store, ids []memory.ID) {
	t.Helper()
	if n := missing(t, s, ids); n > 0 {
		t.Fatalf("%d memories are missing", n)
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := s.Get(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		for _, q := range []memory.CandidateQuery{
			{Text: m.Content, Mode: memory.Accurate, Limit: 20},
			{Vectors: map[string][]float32{"mini": storagetest.UnitVector(uint64(i))}, Mode: memory.Accurate, Limit: 20},
		} {
			set, err := s.Candidates(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, c := range set.Candidates {
				found = found || c.Memory.ID == ids[i]
			}
			if !found {
				t.Errorf("memory %d of %d is not found, words: %v", i, len(ids), q.Text != "")
			}
		}
	}
}

// TestFailoverIndexes loses a store whose replica has saved indexes: those of the moment, older ones, older ones than the
// record says, damaged ones, and none. Everything is found each time, and those that fit are used as they are.
func TestFailoverIndexes(t *testing.T) {
	for name, tc := range map[string]struct {
		grow    func(t *testing.T, s *storage.Store) []memory.ID // after the indexes were saved and copied
		again   bool                                             // save them once more, which the replica does not copy
		harm    func(t *testing.T, folder string)
		used    bool   // the copied files are those of the new store
		warning string // in the log
	}{
		"of the moment":              {used: true},
		"older":                      {used: true, grow: func(t *testing.T, s *storage.Store) []memory.ID { return load(t, s, 120, 3) }},
		"older than the record says": {again: true, grow: func(t *testing.T, s *storage.Store) []memory.ID { return load(t, s, 120, 60) }},
		"damaged":                    {harm: damageIndexes, warning: "made anew"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, folder := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "replica")
			o := indexed(t, dir)
			s := openWith(t, o)
			ids := load(t, s, 0, 120)
			if err := errors.Join(s.Settle(t.Context()), s.Flush(t.Context()), s.Close()); err != nil {
				t.Fatal(err)
			}
			s = openWith(t, o) // the indexes as they were loaded have nothing left to save
			before := saved(t, dir)
			if len(before) < 2 || before["words.idx"] == "" {
				t.Fatalf("saved are %d indexes; want words and vectors", len(before))
			}
			follow(t, s, folder, 0)
			if tc.grow != nil {
				ids = append(ids, tc.grow(t, s)...)
				if tc.again {
					if err := s.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				follow(t, s, folder, -1)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			remove(t, filepath.Join(dir, "catalog.db"))
			remove(t, filepath.Join(dir, "vectors"))
			if tc.harm != nil {
				tc.harm(t, folder)
			}
			var log bytes.Buffer
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			s, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: o, Replica: folder})
			if err != nil || f == nil || f.Vectors {
				t.Fatalf("OpenOrFailover = %+v, %v; want a failover", f, err)
			}
			defer s.Close()
			after := saved(t, dir)
			for file, b := range before {
				if tc.used && after[file] != b {
					t.Errorf("%s is not the file that was copied", file)
				}
			}
			if refused := strings.Contains(log.String(), "index") || strings.Contains(log.String(), "snapshot"); refused == tc.used {
				t.Errorf("saved indexes were refused: %v\n%s", refused, log.String())
			}
			if !strings.Contains(log.String(), tc.warning) {
				t.Errorf("no warning %q in %s", tc.warning, log.String())
			}
			wantFound(t, s, ids)
			storagetest.NoFindings(t, s)
		})
	}
}

// damageIndexes flips a bit in the first chunk of each saved index in a replica.
func damageIndexes(t *testing.T, folder string) {
	t.Helper()
	n := 0
	for _, path := range files(t, filepath.Join(folder, "chunks")) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(b, []byte("ezvec")) || bytes.HasPrefix(b, []byte("ezwrd")) {
			n++
			b[len(b)/2] ^= 1
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n < 2 {
		t.Fatalf("%d chunks hold saved indexes", n)
	}
}
