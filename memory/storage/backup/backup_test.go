package backup_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/security/keyring"
)

func TestRoundTrip(t *testing.T) {
	r := newRig(t)
	want := storagetest.Describe(t, r.Store)
	info := create(t, r.repository(t), r.Store)
	if info.Memories == 0 || info.Vectors == 0 || info.Bytes == 0 || info.Engines["sqlite"] == "" || info.Engines["rocksdb"] == "" || info.AuditHead == 0 {
		t.Errorf("Create = %+v; want counts and versions", info)
	}
	put(t, r.Store, "after the backup")
	s, res := restored(t, repository(t, backup.Options{Folder: r.repo, DataDir: r.dir}), "")
	restoreEntry := regexp.MustCompile(`(?m)^audit .*Action:restore.*\n`)
	if got := restoreEntry.ReplaceAllString(storagetest.Describe(t, s), ""); got != want {
		t.Errorf("restored:\n%s\nwant\n%s", got, want)
	}
	if res.ID != info.ID || res.Memories != info.Memories {
		t.Errorf("Restore = %+v; want backup %+v", res, info)
	}
	storagetest.NoFindings(t, s)
	storagetest.NoFindings(t, r.Store)
	for _, path := range files(t, r.repo) {
		if filepath.Base(path) == keyring.KeyFileName {
			t.Error("the master key is in the repository")
		}
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v; want 0600", path, st.Mode().Perm(), err)
		}
	}
	v, err := r.repository(t).Verify(t.Context(), backup.VerifyOptions{Open: true})
	if err != nil || !v.Clean() || v.Opened != info.ID || v.Chunks == 0 {
		t.Errorf("Verify = %+v, %v; want clean, opened", v, err)
	}
}

// TestUnderWrites makes backups while four clients write: what was acknowledged before each began is in it.
func TestUnderWrites(t *testing.T) {
	r := newRig(t)
	load(t, r.Store, 0, 300)
	repo := r.repository(t)
	var mu sync.Mutex
	var acked []memory.ID
	var slowest time.Duration
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				m := storagetest.Memory(storagetest.Secret("w") + string(memory.NewID()))
				begin := time.Now()
				_, err := r.Put(t.Context(), memory.Put{Memory: m, Audit: storagetest.Audit("remember")})
				took := time.Since(begin)
				if err == nil && i%4 == 0 {
					err = r.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(uint64(w*100000 + i))}})
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acked = append(acked, m.ID)
				slowest = max(slowest, took)
				mu.Unlock()
			}
		})
	}
	type made struct {
		info   backup.Info
		before []memory.ID
	}
	var all []made
	for range 3 {
		mu.Lock()
		n := len(acked)
		before := acked[:n:n]
		mu.Unlock()
		all = append(all, made{create(t, repo, r.Store), before})
	}
	close(stop)
	wg.Wait()
	for _, m := range all {
		t.Logf("%d acknowledged before; %d memories, %.1f MB, %.1f MB new, writers held up %v, took %v", len(m.before), m.info.Memories,
			float64(m.info.Bytes)/1e6, float64(m.info.Stored)/1e6, m.info.Pause, m.info.Took)
		s, _ := restored(t, repo, m.info.ID)
		if n := missing(t, s, m.before); n > 0 {
			t.Errorf("backup %s lacks %d of %d memories acknowledged before it began", m.info.ID, n, len(m.before))
		}
		storagetest.NoFindings(t, s)
	}
	t.Logf("slowest write %v", slowest)
	storagetest.NoFindings(t, r.Store)
}

func TestRestoreTarget(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	before := put(t, r.Store, "before the backup")
	info := create(t, repo, r.Store)
	after := put(t, r.Store, "after the backup")

	if _, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: r.dir}); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("Restore over a store = %v; want ErrNotEmpty", err)
	}
	if _, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: r.dir, Replace: true}); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("Restore over an open store = %v; want ErrLocked", err)
	}
	if _, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: filepath.Join(t.TempDir(), "x"), Backup: "20200101"}); !errors.Is(err, backup.ErrNoBackup) {
		t.Errorf("Restore of no backup = %v; want ErrNoBackup", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(r.dir, "config.toml")
	if err := os.WriteFile(settings, []byte("# kept\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: r.dir, Replace: true, Backup: info.ID[:20]})
	if err != nil || res.Aside == "" {
		t.Fatalf("Restore in place = %+v, %v", res, err)
	}
	s := open(t, r.dir)
	if missing(t, s, []memory.ID{before.ID}) != 0 || missing(t, s, []memory.ID{after.ID}) != 1 {
		t.Error("the folder is not the backup's")
	}
	storagetest.NoFindings(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(settings); err != nil {
		t.Errorf("the settings: %v", err)
	}
	// What was there is whole.
	key, err := os.ReadFile(filepath.Join(r.dir, keyring.KeyFileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(res.Aside, keyring.KeyFileName), key, 0o600); err != nil {
		t.Fatal(err)
	}
	old := open(t, res.Aside)
	defer old.Close()
	if missing(t, old, []memory.ID{before.ID, after.ID}) != 0 {
		t.Error("the store kept aside lacks a memory")
	}
	storagetest.NoFindings(t, old)

	for name, prepare := range map[string]func(dir string) error{
		"not there": func(string) error { return nil },
		"empty":     func(dir string) error { return os.Mkdir(dir, 0o700) },
		"key in place": func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, keyring.KeyFileName), key, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			if err := errors.Join(os.Mkdir(filepath.Dir(dir), 0o700), prepare(dir)); err != nil {
				t.Fatal(err)
			}
			res, err := repo.Restore(t.Context(), backup.RestoreOptions{Dir: dir})
			if err != nil || res.Aside != "" {
				t.Fatalf("Restore = %+v, %v", res, err)
			}
			s := open(t, dir)
			defer s.Close()
			storagetest.NoFindings(t, s)
			if rest, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(rest) != 1 {
				t.Errorf("beside the folder stand %v, %v; want it alone", rest, err)
			}
		})
	}
}

func TestIncremental(t *testing.T) {
	r := newRig(t)
	repo := r.repository(t)
	load(t, r.Store, 0, 4000) // words that are settled in between touch up to eight chunks of 64 KiB
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is old of the audit log is packed on close, if it was not yet
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		r.Store = open(t, r.dir)
	}
	first := create(t, repo, r.Store)
	again := create(t, repo, r.Store)
	one := put(t, r.Store, "one more")
	if err := r.PutVectors(t.Context(), []memory.Vector{{ID: one.ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(1 << 40)}}); err != nil {
		t.Fatal(err)
	}
	third := create(t, repo, r.Store)
	t.Logf("first %d bytes of %d, unchanged %d, one memory more %d", first.Stored, first.Bytes, again.Stored, third.Stored)
	if first.Stored < first.Bytes*9/10 || again.Stored > first.Bytes/20 || third.Stored > first.Bytes/4 {
		t.Errorf("stored %d, %d, %d of %d bytes; want all, hardly any, little", first.Stored, again.Stored, third.Stored, first.Bytes)
	}
	s, _ := restored(t, repo, third.ID)
	storagetest.NoFindings(t, s)
	list, err := repo.List(t.Context())
	if err != nil || len(list) != 3 || list[2].ID != third.ID {
		t.Errorf("List = %+v, %v; want three, the newest last", list, err)
	}
}
