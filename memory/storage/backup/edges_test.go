package backup_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/security/keyring"
)

// rotate closes the store and gives it a new master key, under which its keys.json keeps the older one.
func (r *rig) rotate(t *testing.T) *keyring.Keyring {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(t.Context(), keyring.Options{Dir: r.dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ring.Close() })
	if err := ring.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return ring
}

// TestRestoreAfterRotation restores a backup from before the master key was rotated: the older key is found in the data
// folder's keys.json, or in the repository's where there is no other; once it is retired the error says so.
func TestRestoreAfterRotation(t *testing.T) {
	r := newRig(t)
	first := create(t, r.repository(t), r.Store)
	ring := r.rotate(t)
	repo := r.repository(t)
	s, _ := restored(t, repo, first.ID)
	storagetest.NoFindings(t, s)

	r.Store = open(t, r.dir)
	create(t, repo, r.Store) // brings the repository's keys.json to that of the store
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	apart := repository(t, backup.Options{Folder: r.repo, KeySource: keyring.NewFileSource(r.dir)})
	s, _ = restored(t, apart, first.ID)
	storagetest.NoFindings(t, s)

	if err := ring.Retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "x")
	_, err := r.repository(t).Restore(t.Context(), backup.RestoreOptions{Dir: dir, Backup: first.ID})
	if !errors.Is(err, keyring.ErrWrongKey) || !strings.Contains(err.Error(), "a copy of that key opens it") {
		t.Errorf("Restore under a retired key: %v; want ErrWrongKey, and what opens it", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed restore leaves %s: %v", dir, err)
	}
}

// TestPurgedThatWasNotThere restores a backup of before a memory came that was purged later: there is nothing to drop.
func TestPurgedThatWasNotThere(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	both := put(t, r.Store, "in the backup, and purged")
	first := create(t, repo, r.Store)
	later := put(t, r.Store, "came later, and was purged")
	a := storagetest.Audit(storage.ActionPurge)
	a.At = time.Now().UTC()
	if err := r.Purge(t.Context(), []memory.ID{later.ID}, "", a); err != nil {
		t.Fatal(err)
	}
	create(t, repo, r.Store)
	if s, res := restored(t, repo, first.ID); res.Purged != 0 || missing(t, s, []memory.ID{both.ID}) != 0 {
		t.Errorf("Restore = %+v; want nothing dropped", res)
	}
	if err := r.Purge(t.Context(), []memory.ID{both.ID}, "", a); err != nil {
		t.Fatal(err)
	}
	create(t, repo, r.Store)
	if s, res := restored(t, repo, first.ID); res.Purged != 1 || missing(t, s, []memory.ID{both.ID}) != 1 {
		t.Errorf("Restore = %+v; want the one dropped", res)
	}
}

// TestProgress wants to be told of all the bytes there are, of each operation.
func TestProgress(t *testing.T) {
	r := newRig(t)
	var last, total int64
	told := func(what string) {
		t.Helper()
		if total == 0 || last != total {
			t.Errorf("%s: told of %d of %d bytes", what, last, total)
		}
		last, total = 0, 0
	}
	repo := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir, Create: true, Progress: func(done, all int64) {
		if done < last || done > all {
			t.Errorf("told of %d after %d, of %d", done, last, all)
		}
		last, total = done, all
	}})
	create(t, repo, r.Store)
	told("Create")
	if _, err := repo.Verify(t.Context(), backup.VerifyOptions{}); err != nil {
		t.Fatal(err)
	}
	told("Verify")
	if _, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: filepath.Join(t.TempDir(), "x")}); err != nil {
		t.Fatal(err)
	}
	told("Restore")
}

// TestWhichBackup asks for backups that are not there, or not one.
func TestWhichBackup(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	target := backup.RestoreOptions{Dir: filepath.Join(t.TempDir(), "x")}
	restore := func(id string) error {
		o := target
		o.Backup = id
		_, err := repo.Restore(t.Context(), o)
		return err
	}
	if err := restore(""); !errors.Is(err, backup.ErrNoBackup) || !strings.Contains(err.Error(), r.repo) {
		t.Errorf("of none: %v; want ErrNoBackup, and the folder", err)
	}
	first := create(t, repo, r.Store)
	second := create(t, repo, r.Store)
	if err := restore("2"); !errors.Is(err, backup.ErrNoBackup) || !strings.Contains(err.Error(), "2 begin with") {
		t.Errorf("of two: %v; want how many there are", err)
	}
	if _, err := repo.Restore(t.Context(), backup.RestoreOptions{}); err == nil {
		t.Error("a backup is restored to nowhere")
	}
	for name, keep := range map[string]backup.Keep{"none": {}, "fewer than none": {Last: 1, Daily: -1}} {
		if _, err := repo.Prune(t.Context(), keep, false); err == nil {
			t.Errorf("%s are kept", name)
		}
	}
	before := len(files(t, r.repo))
	p, err := repo.Prune(t.Context(), backup.Keep{Last: 1}, true)
	if err != nil || len(p.Removed) != 1 || p.Removed[0] != first.ID || len(files(t, r.repo)) != before {
		t.Errorf("a dry Prune = %+v, %v", p, err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, listErr := repo.List(canceled)
	_, verifyErr := repo.Verify(canceled, backup.VerifyOptions{})
	_, restoreErr := repo.Restore(canceled, target)
	_, createErr := repo.Create(canceled, r.Store, backup.CreateOptions{})
	_, keyErr := repo.Create(canceled, r.Store, backup.CreateOptions{WithKey: true})
	for name, err := range map[string]error{"List": listErr, "Verify": verifyErr, "Restore": restoreErr, "Create": createErr, "Create with the key": keyErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v; want context.Canceled", name, err)
		}
	}
	for _, id := range []string{first.ID, second.ID} {
		flip(t, filepath.Join(r.repo, "backups", id), 40)
	}
	var damage *backup.DamageError
	if err := restore(backup.Latest); !errors.As(err, &damage) || !strings.Contains(err.Error(), first.ID) || !strings.Contains(err.Error(), second.ID) {
		t.Errorf("of two damaged ones: %v; want both named", err)
	}
	remove(t, filepath.Join(r.repo, "backups"))
	if _, err := repo.List(t.Context()); !errors.As(err, &damage) || !strings.Contains(err.Error(), "put the folder back") {
		t.Errorf("without their folder: %v; want the damage, and what to do", err)
	}
}

// TestReadOnlyRepository restores from a folder that cannot be written to, and makes no backup there.
func TestReadOnlyRepository(t *testing.T) {
	r := newRig(t)
	create(t, r.repository(t), r.Store)
	locked := func(op, path string) error {
		if op == "open" && filepath.Base(path) == "lock" {
			return &fs.PathError{Op: op, Path: path, Err: syscall.EROFS}
		}
		return nil
	}
	repo := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir, Fail: locked})
	if v, err := repo.Verify(t.Context(), backup.VerifyOptions{}); err != nil || !v.Clean() || v.Backups != 1 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	if _, err := repo.Create(t.Context(), r.Store, backup.CreateOptions{}); !errors.Is(err, memory.ErrReadOnly) || !strings.Contains(err.Error(), "name another folder") {
		t.Errorf("Create: %v; want ErrReadOnly, and what to do", err)
	}
}

// keyElsewhere keeps the master key in no file.
type keyElsewhere struct{ keyring.Source }

// TestKeyElsewhere backs a store up whose master key is in no file: it cannot be taken along, and is not written to what is
// restored.
func TestKeyElsewhere(t *testing.T) {
	r := newRig(t)
	source := keyElsewhere{keyring.NewFileSource(filepath.Join(filepath.Dir(r.dir), "vault"))}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	vault := filepath.Join(filepath.Dir(r.dir), "vault")
	if err := errors.Join(os.Mkdir(vault, 0o700), os.Rename(filepath.Join(r.dir, keyring.KeyFileName), filepath.Join(vault, keyring.KeyFileName))); err != nil {
		t.Fatal(err)
	}
	s, err := storage.Open(t.Context(), storage.Options{Dir: r.dir, KeySource: source})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	repo := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir, KeySource: source, Create: true})
	if _, err := repo.Create(t.Context(), s, backup.CreateOptions{WithKey: true}); err == nil || !strings.Contains(err.Error(), "leave the key out") {
		t.Errorf("Create with the key: %v; want what to do", err)
	}
	create(t, repo, s)
	dir := filepath.Join(t.TempDir(), "x")
	if _, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files(t, dir), files(t, r.repo)...) {
		if filepath.Base(path) == keyring.KeyFileName {
			t.Errorf("the master key is in %s", path)
		}
	}
}

// TestDamagedJournal opens a folder in which an exchange is said to be under way that makes no sense: it says what to do, and
// touches nothing.
func TestDamagedJournal(t *testing.T) {
	r := newRig(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(r.dir, "restore.json")
	for name, text := range map[string]string{
		"no JSON": "{", "a folder elsewhere": `{"aside":"../x"}`, "a file of the store": `{"aside":"catalog.db"}`,
		"another file": `{"aside":"before-restore-1","moves":["master.key"]}`, "another name": `{"aside":"before-restore-1","names":["../catalog.db"]}`,
	} {
		if err := os.WriteFile(journal, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before := hashes(t, r.dir)
		_, _, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}})
		var damage *backup.DamageError
		if !errors.As(err, &damage) || damage.Path != journal || !strings.Contains(err.Error(), "remove it together with") {
			t.Errorf("%s: %v; want the damage of %s", name, err, journal)
		}
		for file, b := range hashes(t, r.dir) {
			if file != "LOCK" && file != "lock" && before[file] != b {
				t.Errorf("%s: %s was touched", name, file)
			}
		}
	}
}

// TestReplicaEnds has calls on a replica end with their context, and closes it twice.
func TestReplicaEnds(t *testing.T) {
	r := newRig(t)
	held, let := make(chan struct{}), make(chan struct{})
	first := true
	rep := backup.StartReplica(t.Context(), r.Store, backup.ReplicaOptions{Repository: backup.Options{Folder: r.repo, Crash: func(at backup.Step) {
		if at == backup.StepFrozen && first {
			first = false
			close(held)
			<-let
		}
	}}, Every: time.Hour})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := rep.Sync(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Sync: %v; want context.Canceled", err)
	}
	close(let)
	if err := rep.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The folder is exchanged for another: what is in it is looked at anew.
	remove(t, filepath.Join(r.repo, "backups"))
	put(t, r.Store, "one more")
	var damage *backup.DamageError
	if err := rep.Sync(t.Context()); !errors.As(err, &damage) || rep.Status().Err == nil {
		t.Errorf("Sync to a damaged folder: %v; want the damage", err)
	}
	remove(t, r.repo)
	if err := rep.Sync(t.Context()); err != nil {
		t.Errorf("Sync to a folder that is gone: %v; want it made", err)
	}
	for range 2 {
		if err := rep.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// TestNothingToFailOverTo has a store damaged whose replica holds no state.
func TestNothingToFailOverTo(t *testing.T) {
	r := newRig(t)
	r.repository(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, filepath.Join(r.dir, "catalog.db"))
	_, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}, Replica: r.repo})
	if f != nil || !errors.Is(err, backup.ErrNoBackup) || !storage.Damaged(err) {
		t.Errorf("OpenOrFailover = %v, %v; want the damage, and that there is no backup", f, err)
	}
	remove(t, r.dir)
	s, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: r.dir}, Replica: r.repo})
	if err != nil || f != nil {
		t.Fatalf("a folder that never held more: %v, %v; want a new store", f, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
