package backup

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// TestFollowingIsAudited has a part of the database change that was not said to: the round in which it is read all the
// same reads everything.
func TestFollowingIsAudited(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s, err := storage.Open(t.Context(), storage.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := storagetest.Prepare(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	r, err := Open(t.Context(), Options{Folder: filepath.Join(t.TempDir(), "replica"), DataDir: dir, Create: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	round := func() {
		t.Helper()
		if _, err := r.follow(t.Context(), s, 3, 0); err != nil {
			t.Fatal(err)
		}
	}
	round()
	round()
	l := &r.followed
	whole := l.database
	if whole.count() < 3 || l.mark == 0 {
		t.Fatalf("the database has %d chunks at mark %d; want some", whole.count(), l.mark)
	}
	// As if the second chunk had been changed since, behind the log.
	l.database.Hashes = bytes.Clone(whole.Hashes)
	copy(l.database.Hashes[hashSize:], whole.Hashes[:hashSize])
	l.turn = 2
	round()
	if strings.Contains(log.String(), "reads all") || l.database.hash(1) != whole.hash(0) {
		t.Fatalf("a chunk was read whose turn it was not: %s", log.String())
	}
	l.turn = auditTurns + 1
	round()
	if !strings.Contains(log.String(), "reads all") || l.database.hash(1) != whole.hash(1) {
		t.Errorf("the change was not found: %s", log.String())
	}
	m, err := r.find(Latest)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Files {
		if m.Files[i].Name == l.database.Name && m.Files[i].hash(1) != whole.hash(1) {
			t.Error("the newest state has the older chunk")
		}
	}
}

// TestFollowing restores each state of a replica that follows changes of many kinds, with backups of another kind made in
// between, and wants it to hold what the store did, without a finding, and nothing to be left that no state names.
func TestFollowing(t *testing.T) {
	dir, folder := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "replica")
	s, err := storage.Open(t.Context(), storage.Options{Dir: dir, ReplayFrom: 1, SnapshotEvery: 40})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := Open(t.Context(), Options{Folder: folder, DataDir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), Options{Folder: filepath.Join(t.TempDir(), "backups"), DataDir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	var ids []memory.ID
	for round := range 8 {
		for i := range 30 {
			m := storagetest.Memory(fmt.Sprintf("heron %d of round %d", i, round))
			if _, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: storagetest.Audit("remember")}); err != nil {
				t.Fatal(err)
			}
			v := memory.Vector{ID: m.ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(uint64(round*100 + i))}
			if err := s.PutVectors(t.Context(), []memory.Vector{v}); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.ID)
		}
		switch round {
		case 2, 6:
			err = s.Flush(t.Context())
		case 3:
			_, err = other.Create(t.Context(), s, CreateOptions{})
		case 4:
			err = s.Purge(t.Context(), ids[:20], "", storagetest.Audit("purge"))
			ids = ids[20:]
		case 5:
			err = s.Scrub(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := r.follow(t.Context(), s, 2, 0)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "restored")
		if _, err := r.Restore(t.Context(), RestoreOptions{Backup: info.ID, Dir: to}); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		copied, err := storage.Open(t.Context(), storage.Options{Dir: to})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		list, err := copied.Get(t.Context(), ids)
		if err != nil || len(list) != len(ids) {
			t.Errorf("round %d: %d of %d memories, %v", round, len(list), len(ids), err)
		}
		storagetest.NoFindings(t, copied)
		if err := copied.Close(); err != nil {
			t.Fatal(err)
		}
	}
	v, err := r.Verify(t.Context(), VerifyOptions{})
	if err != nil || !v.Clean() || v.Backups != 2 {
		t.Errorf("Verify = %+v, %v; want two whole states", v, err)
	}
	// Another process may have been cut short; nothing of this one is left over.
	p, err := r.Prune(t.Context(), Keep{Last: 2}, true)
	if err != nil || p.Chunks > 0 || len(p.Removed) > 0 {
		t.Errorf("Prune would remove %d chunks and the states %v, %v", p.Chunks, p.Removed, err)
	}
}

// TestFollowingMendsFolder has chunks of the replica's folder removed while nobody looks: they are written anew some
// rounds later.
func TestFollowingMendsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s, err := storage.Open(t.Context(), storage.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(storagetest.Prepare(t.Context(), s), s.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), Options{Folder: filepath.Join(t.TempDir(), "replica"), DataDir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.follow(t.Context(), s, 1, 1<<20); err != nil {
		t.Fatal(err)
	}
	m, err := r.find(Latest)
	if err != nil {
		t.Fatal(err)
	}
	m.each(func(h hash) { _ = os.Remove(r.path(h.file())) }) // one may stand in it twice
	for range lookTurns {
		if _, err := r.follow(t.Context(), s, 1, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	v, err := r.Verify(t.Context(), VerifyOptions{Backup: Latest, Open: true})
	if err != nil || !v.Clean() {
		t.Errorf("Verify = %+v, %v; want a whole state", v, err)
	}
}
