package backup_test

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// badDisk has calls of the file system fail, each kind of call on each kind of file once.
type badDisk struct {
	mu     sync.Mutex
	failed map[string]bool // kinds that have had their turn
	armed  bool
	hit    string // the kind that failed
	path   string
	passed []string // kinds that this operation passes over, beside tolerated
}

var (
	variable = regexp.MustCompile(`[0-9a-f]{6,}|[0-9]+`)
	// tolerated are the kinds whose failure takes nothing away: what could not be looked at is written anew, or found elsewhere,
	// or stays until later.
	tolerated = []string{"lstat chunks/", "read backups/keys.json", "lstat data/keys.json", "read backups/NTN", "stat backups/NTN"}
)

// staged is where a store is restored to before it takes its place.
var staged = regexp.MustCompile(`/(restore\.tmp|\.folder\.restore-[0-9]*|elderzan-verify-[0-9]*/data)/`)

// kind names a call without what differs from one file to the next.
func kind(op, path string) string {
	if staged.MatchString(path) {
		return op + " of a file of a store that is restored"
	}
	dir, name := filepath.Base(filepath.Dir(path)), filepath.Base(path)
	if len(dir) == 2 && len(name) == 64 {
		dir = "chunks"
	}
	return op + " " + variable.ReplaceAllString(dir, "N") + "/" + variable.ReplaceAllString(name, "N")
}

// fail is Options.Fail.
func (d *badDisk) fail(op, path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := kind(op, path)
	if !d.armed || d.hit != "" || d.failed[k] {
		return nil
	}
	d.failed[k], d.hit, d.path = true, k, path
	return &fs.PathError{Op: op, Path: path, Err: syscall.EIO}
}

// arm has the next call fail of a kind that has not failed yet.
func (d *badDisk) arm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed, d.hit, d.path = true, "", ""
}

func (d *badDisk) lift() (kind, path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = false
	return d.hit, d.path
}

// sweep calls do until it comes through without a failure. After each failure it wants an error that names what failed and
// says what to do, and check to be content. It returns the kinds that failed.
func (d *badDisk) sweep(t *testing.T, name string, do func() error, check func(kind string)) (kinds []string) {
	t.Helper()
	d.failed = map[string]bool{}
	for {
		d.arm()
		err := do()
		k, path := d.lift()
		if k == "" {
			if err != nil {
				t.Fatalf("%s after failures: %v", name, err)
			}
			return kinds
		}
		kinds = append(kinds, k)
		d.wantTold(t, name, k, path, err)
		check(k)
	}
}

func (d *badDisk) wantTold(t *testing.T, name, k, path string, err error) {
	t.Helper()
	if err == nil {
		if !slices.ContainsFunc(append(d.passed, tolerated...), func(prefix string) bool { return strings.HasPrefix(k, prefix) }) {
			t.Errorf("%s came through although this failed: %s", name, k)
		}
		return
	}
	advised := slices.ContainsFunc([]string{"see to the disk and repeat", "restore another backup", "remove this file", "make a new backup"},
		func(advice string) bool { return strings.Contains(err.Error(), advice) })
	if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), path) || !advised {
		t.Errorf("%s, %s: %v; want what failed, and what to do", name, k, err)
	}
}

// TestBadDisk has each kind of call of the file system fail once within each operation: the error says what to do, the store
// and the backups that there are stay whole, and the operation goes through afterwards.
func TestBadDisk(t *testing.T) {
	d := &badDisk{passed: []string{"read backups/repository."}} // where one cannot be read the other one does, and is written again
	r := newRig(t)
	o := backup.Options{Folder: r.repo, DataDir: r.dir, Create: true, Fail: d.fail}
	var repo *backup.Repository
	made := d.sweep(t, "Open", func() (err error) {
		if _, err := os.Stat(filepath.Join(r.repo, "repository.json")); err == nil { // it is made; what is not goes on
			remove(t, r.repo)
		}
		repo, err = backup.Open(t.Context(), o)
		return err
	}, func(string) {})
	if len(made) < 10 {
		t.Errorf("only %v failed", made)
	}
	first := create(t, repo, r.Store)
	wantFirst := func(kind string) {
		t.Helper()
		all, err := repo.List(t.Context())
		if err != nil || len(all) == 0 || all[0].ID != first.ID || all[0].Damage != "" {
			t.Errorf("%s: List = %+v, %v; want the first backup whole", kind, all, err)
		}
	}
	clean := func() {
		t.Helper()
		if v, err := repo.Verify(t.Context(), backup.VerifyOptions{}); err != nil || !v.Clean() {
			t.Errorf("Verify = %+v, %v; want it clean", v, err)
		}
	}
	d.sweep(t, "Create", func() error {
		put(t, r.Store, storagetest.Secret("new")+string(memory.NewID()))
		_, err := repo.Create(t.Context(), r.Store, backup.CreateOptions{WithKey: true})
		return err
	}, wantFirst)
	storagetest.NoFindings(t, r.Store)
	clean()
	d.sweep(t, "List", func() error { _, err := repo.List(t.Context()); return err }, func(string) {})
	d.sweep(t, "Verify", func() error {
		v, err := repo.Verify(t.Context(), backup.VerifyOptions{Open: true, Temp: filepath.Dir(r.repo)})
		if err == nil && !v.Clean() {
			return v.Damage[0]
		}
		return err
	}, wantFirst)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	d.sweep(t, "Restore", func() error {
		if holds, err := storage.Holds(dir); err != nil || holds { // the last step alone was missing
			remove(t, dir)
		}
		_, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: dir, Backup: first.ID})
		return err
	}, func(kind string) {
		left, err := filepath.Glob(filepath.Dir(dir) + "/.*")
		if err != nil || len(left) > 0 && !strings.HasPrefix(kind, "remove") {
			t.Errorf("%s: beside the folder are %v, %v", kind, left, err)
		}
	})
	s := open(t, dir)
	storagetest.NoFindings(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d.sweep(t, "Prune", func() error { _, err := repo.Prune(t.Context(), backup.Keep{Last: 1}, false); return err }, func(kind string) {
		if v, err := repo.Verify(t.Context(), backup.VerifyOptions{Backup: backup.Latest}); err != nil || !v.Clean() {
			t.Errorf("%s: Verify = %+v, %v; want the newest whole", kind, v, err)
		}
	})
	clean()
}

// toldErrors keeps the last error that a log was told of.
type toldErrors struct {
	slog.Handler
	mu  sync.Mutex
	err error
}

func (h *toldErrors) Enabled(context.Context, slog.Level) bool { return true }

func (h *toldErrors) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			h.err = err
		}
		return true
	})
	return nil
}

func (h *toldErrors) take() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.err
	h.err = nil
	return err
}

// TestBadDiskFollowing has the rounds of a replica fail as TestBadDisk does: the status tells of it, the states that there are
// stay whole, and the next round goes through.
func TestBadDiskFollowing(t *testing.T) {
	d := &badDisk{passed: []string{"remove backups/NTN", "remove chunks/"}} // older states are kept a while longer
	r := newRig(t)
	behind := &toldErrors{Handler: slog.DiscardHandler}
	rep := backup.StartReplica(t.Context(), r.Store, backup.ReplicaOptions{
		Repository: backup.Options{Folder: r.repo, Fail: d.fail}, Every: time.Hour, Keep: 1, Logger: slog.New(behind),
	})
	if err := rep.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	state := rep.Status().ID
	var last memory.Memory
	d.sweep(t, "Sync", func() error {
		last = put(t, r.Store, storagetest.Secret("new")+string(memory.NewID()))
		// A round of its own, of those that begin with the replica, may come first and meet the failure.
		return cmp.Or(rep.Sync(t.Context()), behind.take())
	}, func(kind string) {
		if st := rep.Status(); (st.ID == state) != (st.Err != nil) || (st.Err != nil) != (st.Lag > 0) {
			t.Errorf("%s: Status = %+v; the state before was %s", kind, st, state)
		}
		state = rep.Status().ID
	})
	if err := rep.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	repo := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir})
	if v, err := repo.Verify(t.Context(), backup.VerifyOptions{}); err != nil || !v.Clean() {
		t.Errorf("Verify = %+v, %v; want it clean", v, err)
	}
	s, _ := restored(t, repo, "")
	if missing(t, s, []memory.ID{last.ID}) != 0 {
		t.Error("the replica lacks the newest memory")
	}
}

// TestBadDiskFailover has a failover fail as TestBadDisk does: nothing of the damaged store is touched before the exchange
// begins, one that has begun is finished by the next call, and the damaged files are kept as they were.
func TestBadDiskFailover(t *testing.T) {
	// Where a chunk cannot be read the newest state has damage, and the one before is taken; of repository.json there is a copy.
	d := &badDisk{passed: []string{"read chunks/", "read backups/repository."}}
	base := newScene(t)
	scene := base.copy(t)
	journal := filepath.Join(scene.dir, "restore.json")
	begun := func() bool { _, err := os.Stat(journal); return err == nil }
	damage(t, filepath.Join(scene.dir, "catalog.db"))
	whole := hashes(t, scene.dir)
	run := func() (*backup.Failover, error) {
		s, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: scene.dir}, Replica: scene.repo, Fail: d.fail})
		if s != nil {
			err = errors.Join(err, s.Close())
		}
		return f, err
	}
	kinds := d.sweep(t, "OpenOrFailover", func() error {
		if begun() {
			if _, err := run(); err != nil {
				return err
			}
		}
		if _, err := os.Stat(filepath.Join(scene.dir, "restore.tmp")); err != nil { // nothing is under way
			remove(t, scene.dir)
			for name, b := range whole {
				path := filepath.Join(scene.dir, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(b), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
		}
		f, err := run()
		switch {
		case err == nil && f == nil:
			return errors.New("the damaged store was opened")
		case err == nil && (f.ID == base.second) == (strings.Contains(d.hit, "backups/NTN") || strings.HasPrefix(d.hit, "read chunks/")):
			t.Errorf("%s: state %s was taken; there are %s and %s", d.hit, f.ID, base.first, base.second)
		}
		return err
	}, func(kind string) {
		now := hashes(t, scene.dir)
		if begun() {
			return
		}
		for name, b := range whole {
			if inStore(name) && now[name] != b && len(find(t, scene.dir, "damaged-*/"+name)) == 0 {
				t.Errorf("%s: %s is not what it was", kind, name)
			}
		}
	})
	if len(kinds) < 20 {
		t.Errorf("only %v failed", kinds)
	}
	aside := glob(t, filepath.Join(scene.dir, "damaged-*"))
	if b, err := os.ReadFile(filepath.Join(aside[0], "catalog.db")); err != nil || string(b) != whole["catalog.db"] {
		t.Errorf("the damaged file is not kept: %v", err)
	}
	scene.holds(t, scene.dir, scene.early, scene.late)
}

// find is glob that may find nothing.
func find(t *testing.T, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return names
}
