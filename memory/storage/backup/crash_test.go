package backup_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// scene is a closed store with two backups, of which the second holds more.
type scene struct {
	dir, repo     string
	early, late   memory.ID
	first, second string
}

func newScene(t *testing.T) scene {
	t.Helper()
	r := newRig(t)
	s := scene{dir: r.dir, repo: r.repo}
	repo := r.repository(t)
	s.early = put(t, r.Store, "before the first backup").ID
	s.first = create(t, repo, r.Store).ID
	s.late = put(t, r.Store, "before the second backup").ID
	s.second = create(t, repo, r.Store).ID
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s scene) copy(t *testing.T) scene {
	t.Helper()
	base := t.TempDir()
	to := s
	to.dir, to.repo = filepath.Join(base, "data"), filepath.Join(base, "backups")
	for from, dst := range map[string]string{s.dir: to.dir, s.repo: to.repo} {
		if err := os.CopyFS(dst, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(to.dir, "master.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// whole wants every listed backup to be clean, and a new one to work.
func (s scene) whole(t *testing.T) []backup.Info {
	t.Helper()
	repo := repository(t, backup.Options{Folder: s.repo, DataDir: s.dir, Create: true})
	list, err := repo.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v, err := repo.Verify(t.Context(), backup.VerifyOptions{})
	if err != nil || !v.Clean() {
		t.Errorf("Verify = %+v, %v; want clean", v, err)
	}
	return list
}

// TestCrash kills the process at each durable step, and wants what the package promises of what is left.
func TestCrash(t *testing.T) {
	base := newScene(t)
	var mu sync.Mutex
	reached := map[backup.Step]bool{}
	for op, tc := range map[string]struct {
		steps []backup.Step
		ready func(t *testing.T, s scene)
		check func(t *testing.T, s scene)
	}{
		opCreate: {
			steps: []backup.Step{backup.StepFrozen, backup.StepChunk, backup.StepChunks, backup.StepManifest, backup.StepPublished},
			ready: func(t *testing.T, s scene) {
				st := open(t, s.dir)
				load(t, st, 5000, 40)
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
			},
			check: func(t *testing.T, s scene) {
				before := s.whole(t)
				st := open(t, s.dir)
				defer st.Close()
				storagetest.NoFindings(t, st)
				info := create(t, repository(t, backup.Options{Folder: s.repo, DataDir: s.dir, Create: true}), st)
				if after := s.whole(t); len(after) != len(before)+1 {
					t.Errorf("%d backups, then %d; want one more", len(before), len(after))
				}
				back, _ := restored(t, repository(t, backup.Options{Folder: s.repo, DataDir: s.dir}), info.ID)
				storagetest.NoFindings(t, back)
			},
		},
		opPrune: {
			steps: []backup.Step{backup.StepForgotten, backup.StepSwept},
			check: func(t *testing.T, s scene) {
				list := s.whole(t)
				if !slices.ContainsFunc(list, func(i backup.Info) bool { return i.ID == s.second }) {
					t.Error("the backup to keep is gone")
				}
				repo := repository(t, backup.Options{Folder: s.repo, DataDir: s.dir})
				if _, err := repo.Prune(t.Context(), backup.Keep{Last: 1}, false); err != nil {
					t.Error(err)
				}
				if res, err := repo.Prune(t.Context(), backup.Keep{Last: 1}, true); err != nil || res.Chunks > 0 {
					t.Errorf("after a prune another finds %+v, %v", res, err)
				}
			},
		},
		opRestore: {
			steps: []backup.Step{backup.StepFiles, backup.StepDropped, backup.StepPlaced},
			check: func(t *testing.T, s scene) {
				dir := filepath.Join(filepath.Dir(s.dir), "restored")
				if _, err := os.Stat(dir); err != nil {
					if _, err := repository(t, backup.Options{Folder: s.repo, DataDir: s.dir}).Restore(t.Context(), backup.RestoreOptions{Dir: dir}); err != nil {
						t.Fatal(err)
					}
				}
				s.holds(t, dir, s.early, s.late)
			},
		},
		opReplace: {
			steps: []backup.Step{backup.StepFiles, backup.StepDropped, backup.StepReady, backup.StepMoved, backup.StepAside, backup.StepSwapped, backup.StepPlaced},
			check: func(t *testing.T, s scene) {
				st, f, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: s.dir}})
				if err != nil || f != nil {
					t.Fatalf("OpenOrFailover = %v, %v", f, err)
				}
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
				s.holds(t, s.dir, s.early, s.late)
			},
		},
		opFailover: {
			steps: []backup.Step{backup.StepFiles, backup.StepDropped, backup.StepReady, backup.StepMoved, backup.StepAside, backup.StepSwapped, backup.StepPlaced},
			ready: func(t *testing.T, s scene) { damage(t, filepath.Join(s.dir, "catalog.db")) },
			check: func(t *testing.T, s scene) {
				st, _, err := backup.OpenOrFailover(t.Context(), backup.FailoverOptions{Store: storage.Options{Dir: s.dir}, Replica: s.repo})
				if err != nil {
					t.Fatal(err)
				}
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
				s.holds(t, s.dir, s.early, s.late)
				if aside := glob(t, s.dir+"/damaged-*/catalog.db"); len(aside) != 1 {
					t.Errorf("the damaged database is kept as %v; want it once", aside)
				}
			},
		},
	} {
		for _, step := range tc.steps {
			for _, count := range []int{1, 3} {
				t.Run(op+" "+step.String(), func(t *testing.T) {
					t.Parallel()
					s := base.copy(t)
					if tc.ready != nil {
						tc.ready(t, s)
					}
					steps, killed := runChild(t, op, s.dir, s.repo, step, count)
					if !killed && count == 1 {
						t.Fatalf("the child was not killed at %s; it came to %v", step, steps)
					}
					mu.Lock()
					for _, at := range steps {
						reached[at] = true
					}
					mu.Unlock()
					tc.check(t, s)
				})
				if step != backup.StepChunk && step != backup.StepMoved && step != backup.StepSwapped && step != backup.StepSwept {
					break // it is come to once
				}
			}
		}
	}
	t.Run("repository", func(t *testing.T) {
		t.Parallel()
		s := base.copy(t)
		remove(t, s.repo)
		steps, killed := runChild(t, opCreate, s.dir, s.repo, backup.StepMade, 1)
		if !killed {
			t.Fatalf("the child was not killed; it came to %v", steps)
		}
		mu.Lock()
		reached[backup.StepMade] = true
		mu.Unlock()
		st := open(t, s.dir)
		defer st.Close()
		create(t, repository(t, backup.Options{Folder: s.repo, DataDir: s.dir, Create: true}), st)
		s.whole(t)
	})
	t.Cleanup(func() {
		for _, step := range backup.Steps() {
			if !reached[step] {
				t.Errorf("no operation comes to the step %s", step)
			}
		}
	})
}

// holds wants a folder that opens, is clean and has the memories.
func (s scene) holds(t *testing.T, dir string, ids ...memory.ID) {
	t.Helper()
	st := open(t, dir)
	defer st.Close()
	if n := missing(t, st, ids); n > 0 {
		t.Errorf("%d memories are missing", n)
	}
	storagetest.NoFindings(t, st)
	for _, name := range []string{"restore.json", "restore.tmp"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left behind", name)
		}
	}
}

func TestFullDisk(t *testing.T) {
	r := newRig(t)
	load(t, r.Store, 0, 30)
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	// A mount of the child's own, in a name space of its own: that takes no rights on most machines.
	attr := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if os.Getuid() == 0 {
		attr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	}
	if out, _ := output(t, attr, opFull, r.dir, r.repo, "", 0); strings.Contains(out, noDisk) {
		t.Log(out) // the mapping of such errors is tested without a disk all the same
	}
}
