package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// The environment that makes the test binary a child which dies at a step.
const (
	envOperation = "ELDERZAN_BACKUP_OPERATION"
	envDir       = "ELDERZAN_BACKUP_DIR"
	envRepo      = "ELDERZAN_BACKUP_REPO"
	envStep      = "ELDERZAN_BACKUP_STEP"
	envCount     = "ELDERZAN_BACKUP_COUNT"
)

func TestMain(m *testing.M) {
	op := os.Getenv(envOperation)
	if op == "" {
		os.Exit(m.Run())
	}
	count, err := strconv.Atoi(os.Getenv(envCount))
	if err == nil {
		err = child(context.Background(), op, os.Getenv(envDir), os.Getenv(envRepo), dieAt(backup.Step(os.Getenv(envStep)), count))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// dieAt kills the process when it comes to a step for the count-th time.
func dieAt(step backup.Step, count int) func(backup.Step) {
	var mu sync.Mutex
	return func(at backup.Step) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println("step " + at.String())
		if at == step {
			if count--; count == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // the signal is on its way
			}
		}
	}
}

// The operations of a child.
const (
	opCreate   = "create"
	opPrune    = "prune"
	opRestore  = "restore"
	opReplace  = "replace"
	opFailover = "failover"
	opFull     = "full"
	opFollow   = "follow"
)

// child does op once the folder is free: what the parent has closed stays locked while it is starting another child, which has
// the parent's files until it is one.
func child(ctx context.Context, op, dir, folder string, crash func(backup.Step)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); ; <-tick.C {
		if err := attempt(ctx, op, dir, folder, crash); !errors.Is(err, storage.ErrLocked) || time.Now().After(end) {
			return err
		}
	}
}

func attempt(ctx context.Context, op, dir, folder string, crash func(backup.Step)) (err error) {
	if op == opFailover {
		s, _, err := backup.OpenOrFailover(ctx, backup.FailoverOptions{Store: storage.Options{Dir: dir}, Replica: folder, Crash: crash})
		return errors.Join(err, closing(s))
	}
	if op == opFollow {
		return followed(ctx, dir, folder, crash)
	}
	o := backup.Options{Folder: folder, DataDir: dir, Create: op == opCreate || op == opFull, Crash: crash, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if op == opCreate || op == opFull {
		s, err := storage.Open(ctx, storage.Options{Dir: dir})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		if op == opFull {
			return fillUp(ctx, s, o)
		}
		repo, err := backup.Open(ctx, o)
		if err != nil {
			return err
		}
		_, err = repo.Create(ctx, s, backup.CreateOptions{})
		return err
	}
	repo, err := backup.Open(ctx, o)
	if err != nil {
		return err
	}
	switch op {
	case opPrune:
		_, err = repo.Prune(ctx, backup.Keep{Last: 1}, false)
	case opRestore:
		_, err = repo.Restore(ctx, backup.RestoreOptions{Dir: filepath.Join(filepath.Dir(dir), "restored")})
	case opReplace:
		_, err = repo.Restore(ctx, backup.RestoreOptions{Dir: dir, Replace: true})
	}
	return err
}

func closing(s *storage.Store) error {
	if s == nil {
		return nil
	}
	return s.Close()
}

// noDisk is what a child prints that may not mount a disk of its own.
const noDisk = "no small disk can be made here"

// fillUp makes a backup on a disk that is too small for it. With room again the backup is made by the same process.
func fillUp(ctx context.Context, s *storage.Store, o backup.Options) error {
	if err := errors.Join(os.MkdirAll(o.Folder, 0o700), unix.Mount("tmpfs", o.Folder, "tmpfs", 0, "size=128k")); err != nil {
		fmt.Println(noDisk, err)
		return nil
	}
	repo, err := backup.Open(ctx, o)
	if err != nil {
		return err
	}
	_, err = repo.Create(ctx, s, backup.CreateOptions{})
	if !errors.Is(err, memory.ErrFull) || !strings.Contains(err.Error(), o.Folder) || !strings.Contains(err.Error(), "free some space") {
		return fmt.Errorf("Create on a full disk = %w; want ErrFull, the file and what to do", err)
	}
	if list, err := repo.List(ctx); err != nil || len(list) > 0 {
		return fmt.Errorf("List = %v, %w; want none", list, err)
	}
	if err := unix.Mount("", o.Folder, "", unix.MS_REMOUNT, "size=64m"); err != nil {
		return err
	}
	if err := s.Note(ctx, storagetest.Audit("note")); err != nil {
		return fmt.Errorf("the store after a failed backup: %w", err)
	}
	if _, err := repo.Create(ctx, s, backup.CreateOptions{}); err != nil {
		return err
	}
	v, err := repo.Verify(ctx, backup.VerifyOptions{Open: true})
	if err != nil || !v.Clean() || v.Backups != 1 {
		return fmt.Errorf("Verify = %+v, %w; want one clean backup", v, err)
	}
	return nil
}

// runChild starts a child and returns the steps it came to, and whether it was killed.
func runChild(t testing.TB, op, dir, folder string, step backup.Step, count int) (reached []backup.Step, killed bool) {
	t.Helper()
	out, killed := output(t, nil, op, dir, folder, step, count)
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "step "); ok {
			reached = append(reached, backup.Step(name))
		}
	}
	return reached, killed
}

func output(t testing.TB, attr *syscall.SysProcAttr, op, dir, folder string, step backup.Step, count int) (text string, killed bool) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), envOperation+"="+op, envDir+"="+dir, envRepo+"="+folder, envStep+"="+step.String(), envCount+"="+strconv.Itoa(count))
	cmd.SysProcAttr = attr
	out, err := cmd.Output()
	if errors.Is(err, syscall.EPERM) && attr != nil {
		return noDisk, false
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, ok := exit.Sys().(syscall.WaitStatus)
		killed = ok && status.Signaled() && status.Signal() == syscall.SIGKILL
	}
	if err != nil && !killed {
		t.Fatalf("child %s: %v\n%s", op, err, out)
	}
	return string(out), killed
}
