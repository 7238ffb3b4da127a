package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
)

func TestHostileHellos(t *testing.T) {
	r := start(t, Options{})
	for name, line := range map[string]string{
		"no JSON":      "GET / HTTP/1.1\r\n",
		"too long":     strings.Repeat("x", 2*link.MaxHello) + "\n",
		"unknown kind": `{"kind":"own","protocol":1}` + "\n",
		"no epoch":     `{"protocol":1}` + "\n",
		"MCP":          `{"jsonrpc":"2.0","id":1,"method":"initialize"}` + "\n",
	} {
		if w := r.dial().say(line); w.OK || w.Code != link.CodeHello {
			t.Errorf("%s: %+v", name, w)
		}
	}
	half := r.dial()
	if _, err := io.WriteString(half, `{"protocol":`); err != nil {
		t.Fatal(err)
	}
	half.Close()
	r.dial().Close()
	c := r.open()
	if _, err := io.WriteString(c, "not a frame\n"); err != nil {
		t.Fatal(err)
	}
	c.gone()
	c = r.open()
	c.call("echo", `{"text":"alive"}`)
	if got := c.recv(); !strings.Contains(got, "alive") {
		t.Errorf("got %s", got)
	}
}

func TestOtherUsersAreTurnedAway(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can be another user; the check itself ran in every other test")
		return
	}
	dir, err := os.MkdirTemp("/tmp", "elderzan-engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := start(t, Options{Dir: dir})
	// Even with every permission on the way, and a program it can run.
	exe := filepath.Join(dir, "knock")
	b, err := os.ReadFile(os.Args[0])
	for _, err := range []error{err, os.WriteFile(exe, b, 0o755), os.Chmod(dir, 0o755), os.Chmod(filepath.Join(dir, link.SocketName), 0o666)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(exe)
	cmd.Dir = dir
	cmd.Env = []string{envKnock + "=" + filepath.Join(dir, link.SocketName)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	if err != nil || string(out) != `""` {
		t.Errorf("another user got %s, %v", out, err)
	}
	if !strings.Contains(r.log.String(), "user 65534 was turned away") {
		t.Errorf("log: %s", r.log)
	}
}

func TestFolderThatIsReplaced(t *testing.T) {
	r := start(t, Options{folderCheck: 5 * time.Millisecond})
	os.Remove(filepath.Join(r.dir, link.LockName))
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}

// An engine whose folder was removed under it leaves those alone who work on what was put in its place.
func TestFolderThatIsMadeAnew(t *testing.T) {
	old := start(t, Options{})
	for _, name := range []string{link.LockName, link.SocketName, link.PIDName} {
		if err := os.Remove(filepath.Join(old.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, Options{Dir: old.dir})
	old.cancel()
	select {
	case err := <-old.done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the older engine does not end")
	}
	c := r.open()
	c.call("echo", `{"text":"alive"}`)
	if got := c.recv(); !strings.Contains(got, "alive") {
		t.Errorf("got %s", got)
	}
	if pid := link.ReadPID(r.dir); pid != os.Getpid() {
		t.Errorf("the pid file of the newer engine names %d", pid)
	}
}

// Something that tidies up may take the socket; then another engine is to be started.
func TestSocketThatIsRemoved(t *testing.T) {
	r := start(t, Options{folderCheck: 5 * time.Millisecond})
	os.Remove(filepath.Join(r.dir, link.SocketName))
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}

func TestTooManyConnections(t *testing.T) {
	r := start(t, Options{MaxConns: 2})
	open := func() (c *conn, w link.Welcome) {
		c = r.dial()
		_, _ = c.Write(link.EncodeHello(link.Hello{Epoch: "abcdefgh"})) // one too many is told so before its hello
		line, err := c.r.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		if w, err = link.DecodeWelcome(line); err != nil {
			t.Fatal(err)
		}
		return c, w
	}
	var conns []*conn
	await(t, "two connections", func() bool { // start's own may not have gone yet
		c, w := open()
		if w.OK {
			conns = append(conns, c)
		}
		return len(conns) == 2
	})
	if _, w := open(); w.Code != link.CodeBusy {
		t.Errorf("third: %+v", w)
	}
	conns[0].Close()
	await(t, "room for another", func() bool { _, w := open(); return w.OK })
}

func TestLostRace(t *testing.T) {
	r := start(t, Options{})
	_, o := newRunning(t, Options{Dir: r.dir, LockWait: time.Millisecond})
	if err := Run(t.Context(), o); err != nil {
		t.Errorf("second engine: %v", err)
	}
	dir := t.TempDir()
	lock, err := link.Acquire(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	_, o = newRunning(t, Options{Dir: dir, LockWait: time.Millisecond})
	if err := Run(t.Context(), o); !errors.Is(err, ErrHeld) {
		t.Errorf("folder held by something else: %v", err)
	}
}

func TestAfterACrash(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, link.SocketName))
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	for _, name := range []string{link.PIDName, link.LockName} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("999999\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, Options{Dir: dir})
	c := r.open()
	c.call("echo", `{"text":"x"}`)
	if got := c.recv(); !strings.Contains(got, `"x"`) {
		t.Errorf("got %s", got)
	}
}

func TestStoreThatDoesNotOpen(t *testing.T) {
	r, o := newRunning(t, Options{})
	r.openErr = errors.New("keys are missing; run `elderzan doctor`")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { r.done <- Run(ctx, o) }()
	await(t, "socket", func() bool { return link.ReadPID(r.dir) != 0 && serving(r.dir) })
	c := r.open()
	c.call("echo", `{"text":"x"}`)
	var m struct{ Result struct{ IsError bool } }
	got := c.recv()
	if err := json.Unmarshal([]byte(got), &m); err != nil || !m.Result.IsError || !strings.Contains(got, "keys are missing") {
		t.Errorf("got %s", got)
	}
	if st := r.deps.Status(); st.Ready || !strings.Contains(st.OpenError, "keys are missing") {
		t.Errorf("status = %+v", st)
	}
	c.send(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`)
	if got := c.recv(); !strings.Contains(got, "echo") {
		t.Errorf("tools/list without a store: %s", got)
	}
	c.Close() // with its last client it goes
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}

func TestOptionsThatAreMissing(t *testing.T) {
	if err := Run(t.Context(), Options{}); err == nil {
		t.Error("Run without anything")
	}
	if err := RunInProcess(t.Context(), Options{}, session.Conn{}, nil, nil); err == nil {
		t.Error("RunInProcess without anything")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "sub")} {
		_, o := newRunning(t, Options{Dir: dir})
		if err := Run(t.Context(), o); err == nil {
			t.Errorf("Run on %s", dir)
		}
		if err := RunInProcess(t.Context(), o, session.Conn{}, nil, nil); err == nil {
			t.Errorf("RunInProcess on %s", dir)
		}
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, link.SocketName, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, o := newRunning(t, Options{Dir: dir})
	if err := Run(t.Context(), o); err == nil {
		t.Error("Run with a folder in the socket's place")
	}
	dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, link.PIDName, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, o = newRunning(t, Options{Dir: dir})
	if err := Run(t.Context(), o); err == nil {
		t.Error("Run with a folder in the pid file's place")
	}
}

func TestInProcess(t *testing.T) {
	r, o := newRunning(t, Options{})
	in := strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`)
	var out strings.Builder
	if err := RunInProcess(t.Context(), o, session.Conn{}, in, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "hi") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("output %q", out.String())
	}
	if r.closes != 1 || link.Held(o.Dir) {
		t.Errorf("store closed %d times", r.closes)
	}

	r, o = newRunning(t, Options{})
	inR, inW := io.Pipe()
	defer inW.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- RunInProcess(ctx, o, session.Conn{Session: "s"}, inR, io.Discard) }()
	await(t, "lock", func() bool { return link.Held(o.Dir) })
	_, second := newRunning(t, Options{Dir: o.Dir, LockWait: time.Millisecond})
	if err := RunInProcess(ctx, second, session.Conn{}, nil, nil); !errors.Is(err, ErrHeld) {
		t.Errorf("second: %v", err)
	}
	await(t, "store", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.opens == 1 })
	cancel()
	if err := <-done; err != nil || r.closes != 1 {
		t.Errorf("ended with %v, store closed %d times", err, r.closes)
	}
}
