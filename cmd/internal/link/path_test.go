package link

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	dir := t.TempDir()
	if Held(dir) {
		t.Error("held before anyone took it")
	}
	l, err := Acquire(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !Held(dir) || l.Lost() {
		t.Error("not held after it was taken")
	}
	if _, err := Acquire(t.Context(), dir, 20*time.Millisecond); !errors.Is(err, ErrHeld) {
		t.Errorf("second: %v", err)
	}
	if err := WriteFile(filepath.Join(dir, PIDName), []byte("4711\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(t.Context(), dir, 0); err == nil || !strings.Contains(err.Error(), "4711") {
		t.Errorf("second does not name the holder: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Acquire(ctx, dir, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	freed := make(chan struct{})
	go func() {
		defer close(freed)
		l2, err := Acquire(t.Context(), dir, time.Minute)
		if err != nil {
			t.Error(err)
			return
		}
		l2.Release()
	}()
	l.Release()
	<-freed
	if _, err := Acquire(t.Context(), filepath.Join(dir, "none"), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestLockIsLostWithItsFile(t *testing.T) {
	dir := t.TempDir()
	l, err := Acquire(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	os.Remove(filepath.Join(dir, LockName))
	if !l.Lost() {
		t.Error("not lost though its file is gone")
	}
	l2, err := Acquire(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !l.Lost() || l2.Lost() {
		t.Error("the wrong one is lost")
	}
	l2.Release()
	if !l2.Lost() {
		t.Error("not lost after its release")
	}
}

func TestTryStart(t *testing.T) {
	dir := t.TempDir()
	release := TryStart(dir)
	if release == nil {
		t.Fatal("nobody starts, and yet refused")
	}
	if TryStart(dir) != nil {
		t.Error("two may start")
	}
	release()
	if release = TryStart(dir); release == nil {
		t.Error("refused after release")
	} else {
		release()
	}
	if TryStart(filepath.Join(dir, "none")) == nil {
		t.Error("a folder that cannot be opened must be the engine's to complain about")
	}
}

func TestReadPID(t *testing.T) {
	for text, want := range map[string]int{"12\n": 12, " 7 \nrest": 7, "": 0, "x": 0, "-3": 0, "0": 0} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, PIDName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := ReadPID(dir); got != want {
			t.Errorf("ReadPID of %q = %d, want %d", text, got, want)
		}
	}
	if got := ReadPID(t.TempDir()); got != 0 {
		t.Errorf("ReadPID without a file = %d", got)
	}
}

// listen checks that a socket for dir can be opened, is private, is where SocketPath says, and can be reached.
func listen(t *testing.T, dir string) (path string) {
	t.Helper()
	l, remove, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	path = SocketPath(dir)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode().Type() != fs.ModeSocket {
		t.Errorf("socket %v, %v", info, err)
	}
	accepted := make(chan *net.UnixConn, 1)
	go func() {
		c, err := l.AcceptUnix()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a := <-accepted
	defer a.Close()
	if uid, pid, err := PeerUID(a); err != nil || uid != os.Geteuid() || pid != os.Getpid() {
		t.Errorf("peer is user %d, process %d, %v", uid, pid, err)
	}
	l.Close()
	remove()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("socket is left: %v", err)
	}
	return path
}

func TestListen(t *testing.T) {
	dir := t.TempDir()
	if len(dir) > 80 {
		t.Logf("temporary folder's path has %d bytes", len(dir))
	}
	// What an engine that was killed leaves behind.
	stale, err := net.Listen("unix", filepath.Join(dir, SocketName))
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	if err := os.WriteFile(filepath.Join(dir, PointerName), []byte(filepath.Join(dir, "elsewhere.sock")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := listen(t, dir); got != filepath.Join(dir, SocketName) {
		t.Errorf("socket at %s", got)
	}
}

func TestListenWithALongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30), strings.Repeat("path", 30))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run := t.TempDir()
	if err := os.Chmod(run, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Run("runtime folder", func(t *testing.T) {
		t.Setenv("XDG_RUNTIME_DIR", run)
		got := listen(t, dir)
		if len(got) > maxSocketPath || (len(run) < 50 && !strings.HasPrefix(got, run)) {
			t.Errorf("socket at %s", got)
		}
	})
	for name, value := range map[string]string{"no runtime folder": "", "a runtime folder that is gone": filepath.Join(run, "gone"), "a relative one": "run"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_RUNTIME_DIR", value)
			if got := listen(t, dir); !strings.HasPrefix(got, "/tmp/elderzan-"+strconv.Itoa(os.Getuid())+"/") {
				t.Errorf("socket at %s", got)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, PointerName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("pointer is left: %v", err)
	}
}

func TestPrivate(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	open := filepath.Join(dir, "open")
	link := filepath.Join(dir, "link")
	file := filepath.Join(dir, "file")
	for _, err := range []error{os.Mkdir(mine, 0o700), os.Mkdir(open, 0o755), os.Symlink(mine, link), os.WriteFile(file, nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := private(mine); err != nil {
		t.Error(err)
	}
	for _, p := range []string{open, link, file, filepath.Join(dir, "none")} {
		if private(p) == nil {
			t.Errorf("%s passes for private", filepath.Base(p))
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(mine, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if private(mine) == nil {
			t.Error("another user's folder passes for private")
		}
	}
}

func TestListenErrors(t *testing.T) {
	if _, _, err := Listen(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there")
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, SocketName, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Listen(dir); err == nil {
		t.Error("a folder in the socket's place")
	}
}

func TestSocketPathMistrustsItsPointer(t *testing.T) {
	for name, text := range map[string]string{"relative": "x.sock", "too long": "/" + strings.Repeat("a", 200), "empty": ""} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, PointerName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := SocketPath(dir); got != filepath.Join(dir, SocketName) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
