package backup_test

import (
	"bytes"
	"errors"
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

func flip(t testing.TB, path string, at int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at%int64(len(b))] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEveryBit flips a bit of every chunk in turn: Verify names that file, of which file of the store it is a part, and
// Restore refuses.
func TestEveryBit(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	info := create(t, repo, r.Store)
	kinds := map[string]bool{}
	for i, path := range files(t, filepath.Join(r.repo, "chunks")) {
		flip(t, path, int64(i)*977)
		v, err := repo.Verify(t.Context(), backup.VerifyOptions{Backup: backup.Latest})
		if err != nil || len(v.Damage) != 1 || v.Damage[0].Path != path || v.Damage[0].Backup != info.ID || v.Damage[0].File == "" {
			t.Fatalf("Verify with a flipped bit in %s = %+v, %v", path, v, err)
		}
		kinds[strings.SplitN(v.Damage[0].File, "-", 2)[0]] = true
		var damage *backup.DamageError
		dir := filepath.Join(t.TempDir(), "x")
		_, err = repo.Restore(t.Context(), backup.RestoreOptions{Dir: dir})
		if !errors.As(err, &damage) || damage.Path != path {
			t.Errorf("Restore = %v; want the damage of %s", err, path)
		}
		if rest, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(rest) > 0 {
			t.Errorf("a failed restore leaves %v, %v", rest, err)
		}
		flip(t, path, int64(i)*977)
	}
	for _, kind := range []string{"catalog.db", "keys.json", "store.format", "kv/MANIFEST", "kv/CURRENT", "kv/OPTIONS"} {
		if !kinds[kind] {
			t.Errorf("no chunk of %s was tried, but of %v", kind, kinds)
		}
	}
	if v, err := repo.Verify(t.Context(), backup.VerifyOptions{}); err != nil || !v.Clean() {
		t.Errorf("Verify of what is whole again = %+v, %v", v, err)
	}
}

func TestDamage(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	first := create(t, repo, r.Store)
	put(t, r.Store, "one more")
	second := create(t, repo, r.Store)
	manifest := filepath.Join(r.repo, "backups", second.ID)
	whole, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	mend := func() {
		if err := os.WriteFile(manifest, whole, 0o600); err != nil {
			t.Error(err)
		}
	}
	for name, b := range map[string][]byte{
		"empty": {}, "truncated": whole[:len(whole)/2], "a byte short": whole[:len(whole)-1], "longer": append(whole[:len(whole):len(whole)], 0),
		"flipped": append([]byte{whole[0], whole[1], whole[2], whole[3], whole[4], whole[5], whole[6], whole[7], whole[8] ^ 1}, whole[9:]...),
	} {
		t.Run("manifest "+name, func(t *testing.T) {
			if err := os.WriteFile(manifest, b, 0o600); err != nil {
				t.Fatal(err)
			}
			defer mend()
			list, err := repo.List(t.Context())
			if err != nil || len(list) != 2 || list[0].Damage != "" || !strings.Contains(list[1].Damage, manifest) {
				t.Errorf("List = %+v, %v; want the second damaged", list, err)
			}
			v, err := repo.Verify(t.Context(), backup.VerifyOptions{})
			if err != nil || len(v.Damage) != 1 || v.Damage[0].Path != manifest || v.Backups != 1 {
				t.Errorf("Verify = %+v, %v", v, err)
			}
			v, err = repo.Verify(t.Context(), backup.VerifyOptions{Backup: second.ID})
			if err != nil || len(v.Damage) != 1 {
				t.Errorf("Verify of that backup = %+v, %v", v, err)
			}
			var damage *backup.DamageError
			if _, err := repo.Prune(t.Context(), backup.Keep{Last: 1}, false); !errors.As(err, &damage) {
				t.Errorf("Prune = %v; want the damage, and nothing removed", err)
			}
			if _, err := repo.Restore(t.Context(), backup.RestoreOptions{Backup: second.ID, Dir: filepath.Join(t.TempDir(), "x")}); !errors.As(err, &damage) {
				t.Errorf("Restore of it = %v; want the damage", err)
			}
			s, res := restored(t, repo, backup.Latest)
			if res.ID != first.ID {
				t.Errorf("the latest is %s; want %s, which is whole", res.ID, first.ID)
			}
			storagetest.NoFindings(t, s)
		})
	}
	t.Run("exchanged manifests", func(t *testing.T) {
		other := filepath.Join(r.repo, "backups", first.ID)
		b, err := os.ReadFile(other)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(manifest, b, 0o600); err != nil {
			t.Fatal(err)
		}
		defer mend()
		if v, err := repo.Verify(t.Context(), backup.VerifyOptions{}); err != nil || len(v.Damage) != 1 {
			t.Errorf("Verify = %+v, %v; want one damage", v, err)
		}
	})
	t.Run("missing chunk", func(t *testing.T) {
		path := files(t, filepath.Join(r.repo, "chunks"))[0]
		remove(t, path)
		v, err := repo.Verify(t.Context(), backup.VerifyOptions{Open: true})
		if err != nil || len(v.Damage) != 1 || v.Damage[0].Path != path || v.Opened != "" {
			t.Errorf("Verify = %+v, %v", v, err)
		}
		for _, part := range []string{path, "it is missing", "make a new backup"} {
			if !strings.Contains(v.Damage[0].Error(), part) {
				t.Errorf("%q does not tell %q", v.Damage[0], part)
			}
		}
	})
	t.Run("repository.json", func(t *testing.T) { damageHeader(t, r) })
}

// damageHeader damages repository.json, its copy and both: one of them is enough, and Create has them be the same again.
func damageHeader(t *testing.T, r *rig) {
	main, twin := filepath.Join(r.repo, "repository.json"), filepath.Join(r.repo, "repository.copy.json")
	whole, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Replace(whole, []byte("A"), []byte("B"), 1)
	write := func(path, text string) {
		t.Helper()
		if text == "gone" {
			remove(t, path)
		} else if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := backup.Options{Folder: r.repo, DataDir: r.dir}
	for name, text := range map[string]string{
		"no JSON": "{", "empty": "", "no id": `{"format":1}`, "no key": `{"format":1,"id":"x"}`, "old": `{"format":0,"id":"x"}`, "a bit flipped": string(flipped), "gone": "gone",
	} {
		write(main, text)
		repo, err := backup.Open(t.Context(), o)
		if err != nil {
			t.Errorf("%s: Open = %v; want that its copy is used", name, err)
		} else if v, err := repo.Verify(t.Context(), backup.VerifyOptions{}); err != nil || v.Backups == 0 {
			t.Errorf("%s: Verify = %+v, %v", name, v, err)
		}
		write(twin, text)
		for _, making := range []bool{false, true} {
			_, err = backup.Open(t.Context(), backup.Options{Folder: r.repo, DataDir: r.dir, Create: making})
			var damage *backup.DamageError
			if !(errors.As(err, &damage) && damage.Path == main) && !errors.Is(err, backup.ErrOtherKey) {
				t.Errorf("%s, both of them: Open = %v; want the damage", name, err)
			}
		}
		write(twin, string(whole))
		if _, err := backup.Open(t.Context(), backup.Options{Folder: r.repo, DataDir: r.dir, Create: true}); err != nil {
			t.Error(err)
		}
		if b, err := os.ReadFile(main); err != nil || !bytes.Equal(b, whole) {
			t.Errorf("%s: it is %q, %v after an opening for writing; want what it was", name, b, err)
		}
	}
	write(main, `{"format":9,"id":"x"}`)
	if _, err = backup.Open(t.Context(), o); !errors.Is(err, backup.ErrNewer) {
		t.Errorf("Open = %v; want ErrNewer", err)
	}
	write(main, string(whole))
}

// TestHeals makes a backup after a chunk was removed, as Verify advises: it is written again.
func TestHeals(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	create(t, repo, r.Store)
	remove(t, files(t, filepath.Join(r.repo, "chunks"))[0])
	for _, path := range files(t, filepath.Join(r.repo, "chunks")) {
		if err := os.Truncate(path, 1); err != nil {
			t.Fatal(err)
		}
	}
	info := create(t, repo, r.Store)
	if v, err := repo.Verify(t.Context(), backup.VerifyOptions{Backup: info.ID}); err != nil || !v.Clean() {
		t.Errorf("Verify = %+v, %v; want the new backup clean", v, err)
	}
}

func TestKeys(t *testing.T) {
	r := newRig(t)
	other := newRig(t)
	repo := r.repository(t)
	info := create(t, repo, r.Store)

	if _, err := backup.Open(t.Context(), backup.Options{Folder: r.repo, DataDir: other.dir}); !errors.Is(err, backup.ErrOtherKey) {
		t.Errorf("Open with the key of another store = %v; want ErrOtherKey", err)
	}
	if _, err := backup.Open(t.Context(), backup.Options{Folder: r.repo, KeySource: keyring.NewFileSource(other.dir)}); !errors.Is(err, keyring.ErrWrongKey) {
		t.Errorf("Open with a wrong key = %v; want ErrWrongKey", err)
	}
	if _, err := backup.Open(t.Context(), backup.Options{Folder: r.repo}); !errors.Is(err, keyring.ErrMissing) {
		t.Errorf("Open without a key = %v; want ErrMissing", err)
	}
	if _, err := backup.Open(t.Context(), backup.Options{Folder: filepath.Join(t.TempDir(), "none"), DataDir: r.dir}); !errors.Is(err, backup.ErrNoRepository) {
		t.Errorf("Open of no repository = %v; want ErrNoRepository", err)
	}
	if _, err := backup.Open(t.Context(), backup.Options{Folder: other.dir, DataDir: r.dir, Create: true}); !errors.Is(err, backup.ErrNoRepository) {
		t.Errorf("making a repository of a folder with other files = %v; want a refusal", err)
	}
	if _, err := backup.Open(t.Context(), backup.Options{Folder: filepath.Join(t.TempDir(), "x"), DataDir: t.TempDir(), Create: true}); !errors.Is(err, keyring.ErrMissing) {
		t.Errorf("making a repository without keys = %v; want ErrMissing", err)
	}
	if _, err := backup.Open(t.Context(), backup.Options{}); err == nil {
		t.Error("Open without a folder works")
	}
	// The key alone is enough, wherever it is; the restored folder has it.
	dir := filepath.Join(t.TempDir(), "x")
	apart := repository(t, backup.Options{Folder: r.repo, KeySource: keyring.NewFileSource(r.dir)})
	if _, err := apart.Restore(t.Context(), backup.RestoreOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	storagetest.NoFindings(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// With the key in the repository nothing else is needed.
	with, err := repo.Create(t.Context(), r.Store, backup.CreateOptions{WithKey: true, Indexes: true})
	if err != nil {
		t.Fatal(err)
	}
	s, _ = restored(t, repository(t, backup.Options{Folder: r.repo}), with.ID)
	storagetest.NoFindings(t, s)

	// After a rotation the older key still opens what it sealed.
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(t.Context(), keyring.Options{Dir: r.dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	remove(t, filepath.Join(r.repo, keyring.KeyFileName))
	repository(t, backup.Options{Folder: r.repo, DataDir: r.dir, Create: true}) // seals the repository's key anew
	if err := errors.Join(ring.Retire(t.Context()), ring.Close()); err != nil {
		t.Fatal(err)
	}
	list, err := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir}).List(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != info.ID || list[0].Damage != "" {
		t.Errorf("List after a rotation = %+v, %v", list, err)
	}
}

func TestLocks(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	create(t, repo, r.Store)
	held := make(chan struct{})
	let := make(chan struct{})
	done := make(chan error, 1)
	slow := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir, Crash: func(at backup.Step) {
		if at == backup.StepFrozen {
			close(held)
			<-let
		}
	}})
	go func() {
		_, err := slow.Create(t.Context(), r.Store, backup.CreateOptions{})
		done <- err
	}()
	<-held
	for name, call := range map[string]func() error{
		"Create": func() error { _, err := repo.Create(t.Context(), r.Store, backup.CreateOptions{}); return err },
		"Prune":  func() error { _, err := repo.Prune(t.Context(), backup.Keep{Last: 1}, false); return err },
		"Verify": func() error { _, err := repo.Verify(t.Context(), backup.VerifyOptions{}); return err },
		"Restore": func() error {
			_, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: filepath.Join(t.TempDir(), "x")})
			return err
		},
	} {
		if err := call(); !errors.Is(err, backup.ErrLocked) {
			t.Errorf("%s during a backup = %v; want ErrLocked", name, err)
		}
	}
	if list, err := repo.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("List during a backup = %v, %v; want the one there is", list, err)
	}
	// Writers go on, and closing the store ends the backup.
	put(t, r.Store, "while a backup is made")
	closed := make(chan error, 1)
	go func() { closed <- r.Close() }()
	until(t, "the store is closing", func() bool {
		_, err := r.Put(t.Context(), memory.Put{Memory: storagetest.Memory("x" + string(memory.NewID()))})
		return err == nil || errors.Is(err, storage.ErrClosed)
	})
	close(let)
	if err := <-done; err == nil {
		t.Log("the backup was through before the store closed")
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := r.SnapshotTo(t.Context(), storage.SnapshotOptions{}, nil); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("SnapshotTo of a closed store = %v; want ErrClosed", err)
	}
}

// TestPurged purges a memory after a backup: restoring that backup does not bring it back, and one that was brought back
// on purpose later stays.
func TestPurged(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	gone, again := put(t, r.Store, "purged later"), put(t, r.Store, "purged and brought back")
	first := create(t, repo, r.Store)
	purge := func(ids ...memory.ID) {
		t.Helper()
		a := storagetest.Audit(storage.ActionPurge)
		a.At = time.Now().UTC()
		if err := r.Purge(t.Context(), ids, "", a); err != nil {
			t.Fatal(err)
		}
	}
	purge(gone.ID, again.ID)
	create(t, repo, r.Store)
	if _, err := r.Put(t.Context(), memory.Put{Memory: again}); err != nil {
		t.Fatal(err)
	}
	third := create(t, repo, r.Store)
	s, res := restored(t, repo, first.ID)
	if res.Purged != 2 || missing(t, s, []memory.ID{gone.ID, again.ID}) != 2 {
		t.Errorf("Restore of the first backup = %+v; want both dropped", res)
	}
	storagetest.NoFindings(t, s)
	s, res = restored(t, repo, third.ID)
	if res.Purged != 0 || missing(t, s, []memory.ID{gone.ID, again.ID}) != 1 {
		t.Errorf("Restore of the third backup = %+v; want the one that was brought back", res)
	}
	// The list outlives the backup that had it first, and a store that has lost its audit entry.
	if _, err := repo.Prune(t.Context(), backup.Keep{Last: 1}, false); err != nil {
		t.Fatal(err)
	}
	fourth, err := repository(t, backup.Options{Folder: r.repo, DataDir: r.dir}).Create(t.Context(), s, backup.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := repo.List(t.Context()); err != nil || len(list) != 2 || list[1].ID != fourth.ID {
		t.Errorf("List = %+v, %v", list, err)
	}
}
