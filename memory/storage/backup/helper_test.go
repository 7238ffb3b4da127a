package backup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// rig is an open store with a few memories of every scope, and a repository for it that is not made yet.
type rig struct {
	*storage.Store
	dir, repo string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	base := t.TempDir()
	r := &rig{dir: filepath.Join(base, "data"), repo: filepath.Join(base, "backups")}
	r.Store = open(t, r.dir)
	t.Cleanup(func() { _ = r.Close() })
	if err := storagetest.Prepare(t.Context(), r.Store); err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, dir string) *storage.Store {
	t.Helper()
	// A child that another test is starting holds this process's files, the lock among them, until it runs.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		s, err := storage.Open(t.Context(), storage.Options{Dir: dir})
		switch {
		case err == nil:
			return s
		case !errors.Is(err, storage.ErrLocked) || ctx.Err() != nil:
			t.Fatalf("Open: %v", err)
		}
		<-tick.C
	}
}

func (r *rig) repository(t testing.TB) *backup.Repository {
	t.Helper()
	return repository(t, backup.Options{Folder: r.repo, DataDir: r.dir, Create: true, Build: "test"})
}

func repository(t testing.TB, o backup.Options) *backup.Repository {
	t.Helper()
	repo, err := backup.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("backup.Open: %v", err)
	}
	return repo
}

func create(t testing.TB, repo *backup.Repository, s *storage.Store) backup.Info {
	t.Helper()
	info, err := repo.Create(t.Context(), s, backup.CreateOptions{})
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	return info
}

// restored restores a backup into a new folder and opens it.
func restored(t testing.TB, repo *backup.Repository, id string) (*storage.Store, backup.Restored) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	res, err := repo.Restore(t.Context(), backup.RestoreOptions{Backup: id, Dir: dir})
	if err != nil {
		t.Fatalf("Restore: %v", err)
	}
	s := open(t, dir)
	t.Cleanup(func() { _ = s.Close() })
	return s, res
}

func put(t testing.TB, s *storage.Store, content string) memory.Memory {
	t.Helper()
	m := storagetest.Memory(content)
	if _, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: storagetest.Audit("remember")}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	return m
}

// load stores n memories with vectors from clients at once.
func load(t testing.TB, s *storage.Store, from, n int) []memory.ID {
	t.Helper()
	ids := make([]memory.ID, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				m := storagetest.Memory(fmt.Sprintf("memory %d tells of heron %d in the marsh beside house %d", from+i, i*7919%1000, i*31%977))
				ids[i] = m.ID
				if _, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: storagetest.Audit("remember")}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := 0; i < n; i += 64 {
		var vs []memory.Vector
		for j := i; j < min(i+64, n); j++ {
			vs = append(vs, memory.Vector{ID: ids[j], Version: 1, Space: "mini", Values: storagetest.UnitVector(uint64(from + j))})
		}
		if err := s.PutVectors(t.Context(), vs); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// missing counts which of ids the store does not have.
func missing(t testing.TB, s *storage.Store, ids []memory.ID) int {
	t.Helper()
	_, err := s.Get(t.Context(), ids)
	var gone *memory.NotFoundError
	if errors.As(err, &gone) {
		return len(gone.IDs)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// files lists the regular files below dir.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within two minutes", what)
		}
	}
}
