package link

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Names of the files that an engine keeps in its data folder.
const (
	LockName    = "engine.lock"
	PIDName     = "engine.pid"
	SocketName  = "engine.sock"
	PointerName = "engine.path" // holds the socket's path when that is not in the data folder
	LogName     = "engine.log"
)

// ErrHeld is returned when another process holds the data folder.
var ErrHeld = errors.New("link: another process holds the data folder")

// Lock is the right to be the only process that works on a data folder. The kernel takes it back when the process
// ends, however it ends.
type Lock struct {
	f    *os.File
	path string
}

// Acquire takes the lock of dir, trying until wait has passed. It returns ErrHeld, wrapped with the holder's process id
// where that is known, when another process keeps it.
func Acquire(ctx context.Context, dir string, wait time.Duration) (*Lock, error) {
	path := filepath.Join(dir, LockName)
	deadline := time.Now().Add(wait)
	for {
		l, err := tryLock(path)
		if err == nil || !errors.Is(err, ErrHeld) {
			return l, err
		}
		if !time.Now().Before(deadline) {
			if pid := ReadPID(dir); pid > 0 {
				return nil, fmt.Errorf("%w (process %d)", ErrHeld, pid)
			}
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func tryLock(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, err
	}
	l := &Lock{f: f, path: path}
	if l.Lost() { // the file was replaced between opening and locking
		l.Release()
		return nil, ErrHeld
	}
	return l, nil
}

func flock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrHeld
		default:
			return fmt.Errorf("lock %s: %w", filepath.Base(f.Name()), err)
		}
	}
}

// Lost reports whether the lock's file is gone or another one, so that the lock no longer guards the folder.
func (l *Lock) Lost() bool {
	mine, err := l.f.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(l.path)
	return err != nil || !os.SameFile(mine, there)
}

// Taken reports whether another lock stands in the place of this one: what is in the folder is its holder's then.
func (l *Lock) Taken() bool {
	_, err := os.Stat(l.path)
	return err == nil && l.Lost()
}

// Release gives the lock back. The kernel does so whatever close returns.
func (l *Lock) Release() { _ = l.f.Close() }

// Held reports whether some process holds the lock of dir now.
func Held(dir string) bool {
	path := filepath.Join(dir, LockName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	l, err := tryLock(path)
	if err != nil {
		return errors.Is(err, ErrHeld)
	}
	l.Release()
	return false
}

// TryStart takes the right to start an engine for dir, so that clients that arrive together start one. It returns nil
// when another client has it; release gives it back.
func TryStart(dir string) (release func()) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {} // the engine itself will say what is wrong with the folder
	}
	if err := flock(f); err != nil {
		f.Close()
		if errors.Is(err, ErrHeld) {
			return nil
		}
		return func() {}
	}
	return func() { f.Close() }
}

// ReadPID returns the process id in the folder's pid file, or 0.
func ReadPID(dir string) int {
	b, err := os.ReadFile(filepath.Join(dir, PIDName))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return 0
	}
	return pid
}
