package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

const envKnock = "ELDERZAN_TEST_KNOCK" // socket that this program, as a child of another user, connects to

func TestMain(m *testing.M) {
	if path := os.Getenv(envKnock); path != "" {
		os.Exit(knock(path))
	}
	os.Exit(m.Run())
}

// knock prints what an engine answers to a hello.
func knock(path string) int {
	c, err := net.Dial("unix", path)
	if err != nil {
		fmt.Println("dial:", err)
		return 1
	}
	_, _ = c.Write(link.EncodeHello(link.Hello{Epoch: "abcdefgh"})) // an error: whom the engine turns away it may have hung up on already
	b, _ := io.ReadAll(c)
	fmt.Printf("%q", b)
	return 0
}

// running is an engine that runs in this process.
type running struct {
	t      *testing.T
	dir    string
	deps   Deps
	cancel context.CancelFunc
	done   chan error
	log    *buffer

	mu      sync.Mutex
	openErr error
	opens   int
	closes  int
	gate    chan struct{} // lets "wait" return
	started chan struct{}
}

type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newRunning(t *testing.T, o Options) (*running, Options) {
	r := &running{t: t, dir: t.TempDir(), done: make(chan error, 1), log: &buffer{}, gate: make(chan struct{}), started: make(chan struct{}, 100)}
	if o.Dir == "" {
		o.Dir = r.dir
	}
	r.dir = o.Dir
	if o.Build == "" {
		o.Build = "1.0.0"
	}
	o.NewServer = func(d Deps) *server.MCPServer {
		r.deps = d
		s := server.NewMCPServer("fixture", "1", server.WithResourceCapabilities(true, true))
		s.AddTool(mcp.NewTool("echo"), func(_ context.Context, q mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(q.GetString("text", "")), nil
		})
		s.AddTool(mcp.NewTool("wait"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			r.started <- struct{}{}
			select {
			case <-r.gate:
				return mcp.NewToolResultText("waited"), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		return s
	}
	if o.Open == nil {
		o.Open = func(context.Context) (Closer, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.opens++
			if r.openErr != nil {
				return nil, r.openErr
			}
			return func(context.Context) error {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.closes++
				return nil
			}, nil
		}
	}
	o.Logger = slog.New(slog.NewTextHandler(r.log, nil))
	return r, o
}

// start runs an engine and waits for its socket.
func start(t *testing.T, o Options) *running {
	t.Helper()
	r, o := newRunning(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	go func() { r.done <- Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if t.Failed() {
			t.Logf("log:\n%s", r.log)
		}
	})
	await(t, "socket", func() bool {
		c, err := net.Dial("unix", link.SocketPath(r.dir))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return r
}

// patience is for what must happen, on a machine under any load.
const patience = 2 * time.Minute

// await fails the test unless cond becomes true.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-time.After(time.Millisecond)
	}
}

// ended waits for Run to return and checks that nothing is left of the engine.
func (r *running) ended() error {
	r.t.Helper()
	var err error
	select {
	case err = <-r.done:
	case <-time.After(patience):
		r.t.Fatal("engine does not end")
	}
	for _, name := range []string{link.PIDName, link.SocketName, link.PointerName} {
		if _, err := os.Lstat(filepath.Join(r.dir, name)); !errors.Is(err, fs.ErrNotExist) {
			r.t.Errorf("%s is left", name)
		}
	}
	if link.Held(r.dir) {
		r.t.Error("lock is left")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.openErr == nil && r.closes != 1 && r.opens > 0 {
		r.t.Errorf("store opened %d times and closed %d times", r.opens, r.closes)
	}
	return err
}

// conn is a raw connection.
type conn struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
	n uint64
}

func (r *running) dial() *conn {
	r.t.Helper()
	c, err := net.Dial("unix", link.SocketPath(r.dir))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	return &conn{t: r.t, Conn: c, r: bufio.NewReader(c)}
}

func (c *conn) hello(h link.Hello) link.Welcome {
	c.t.Helper()
	if h.Epoch == "" {
		h.Epoch = "abcdefgh"
	}
	return c.say(string(link.EncodeHello(h)))
}

func (c *conn) say(line string) link.Welcome {
	c.t.Helper()
	if _, err := io.WriteString(c, line); err != nil {
		c.t.Fatal(err)
	}
	b, err := c.r.ReadBytes('\n')
	if err != nil {
		c.t.Fatalf("welcome: %v", err)
	}
	w, err := link.DecodeWelcome(b)
	if err != nil {
		c.t.Fatal(err)
	}
	return w
}

func (c *conn) send(message string) {
	c.n++
	_, _ = c.Write(link.AppendFrame(nil, c.n, []byte(message))) // an engine that is gone shows by the answer
}

func (c *conn) call(tool, args string) {
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + args + `}}`)
}

// recv returns the next line, "" at the end.
func (c *conn) recv() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Fatal(err)
	}
	return line
}

func (c *conn) gone() {
	c.t.Helper()
	if line := c.recv(); line != "" {
		c.t.Errorf("got %q, want the end", line)
	}
}

// open returns a connection with a session.
func (r *running) open() *conn {
	r.t.Helper()
	c := r.dial()
	if w := c.hello(link.Hello{Build: "1.0.0"}); !w.OK {
		r.t.Fatalf("welcome = %+v", w)
	}
	return c
}

func TestServe(t *testing.T) {
	r := start(t, Options{})
	c := r.open()
	c.call("echo", `{"text":"hi"}`)
	if got := c.recv(); !strings.Contains(got, "hi") {
		t.Errorf("got %s", got)
	}
	c.send(`{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"n"}}}`)
	c.recv()
	c.send(`{"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"x://y"}}`)
	c.recv()
	r.deps.ResourceUpdated("x://y")
	if got := c.recv(); !strings.Contains(got, "x://y") {
		t.Errorf("got %s", got)
	}
	if b, err := os.ReadFile(filepath.Join(r.dir, link.PIDName)); err != nil || string(b) != fmt.Sprintln(os.Getpid()) {
		t.Errorf("pid file %q, %v", b, err)
	}
	st := r.dial().hello(link.Hello{Kind: link.KindStatus}).Status
	if st == nil || st.Connections != 1 || st.PID != os.Getpid() || st.Build != "1.0.0" || !st.Ready || st.Draining {
		t.Errorf("status = %+v", st)
	}
	r.cancel()
	c.gone()
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}

func TestStopFinishesWhatRuns(t *testing.T) {
	r := start(t, Options{})
	c := r.open()
	c.call("wait", `{}`)
	<-r.started
	if w := r.dial().hello(link.Hello{Kind: link.KindStop}); !w.OK {
		t.Errorf("stop answered %+v", w)
	}
	if conn, err := net.Dial("unix", filepath.Join(r.dir, link.SocketName)); err == nil {
		conn.Close()
		t.Error("an engine that leaves takes connections")
	}
	if !r.deps.Status().Draining {
		t.Error("status does not tell that it leaves")
	}
	c.call("echo", `{"text":"new"}`) // for the next engine
	close(r.gate)
	if got := c.recv(); !strings.Contains(got, "waited") {
		t.Errorf("got %s", got)
	}
	c.gone()
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}

func TestStopCutsOffWhatDoesNotEnd(t *testing.T) {
	r := start(t, Options{DrainTimeout: 50 * time.Millisecond, helloTimeout: time.Hour})
	c := r.open()
	c.call("wait", `{}`)
	<-r.started
	silent := r.dial()
	r.dial().hello(link.Hello{Kind: link.KindStop})
	if got := silent.recv(); !strings.Contains(got, link.CodeDraining) {
		t.Errorf("a client about to say hello was told %q", got)
	}
	if err := r.ended(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r.log.String(), "cut off") {
		t.Error("nothing in the log about the call")
	}
}

func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, o := newRunning(t, Options{Idle: time.Minute})
		if err := o.defaults(); err != nil {
			t.Fatal(err)
		}
		e := newEngine(o, nil)
		e.store.start(t.Context())
		leaves := func() bool {
			synctest.Wait()
			select {
			case <-e.drained:
				return true
			default:
				return false
			}
		}
		e.rest()
		time.Sleep(time.Minute - 1)
		if !e.enter() || leaves() {
			t.Error("it left before its time")
		}
		time.Sleep(time.Hour)
		if leaves() {
			t.Error("it left its client")
		}
		if !e.enter() {
			t.Error("a second client was turned away")
		}
		e.exit()
		time.Sleep(time.Hour)
		if leaves() {
			t.Error("it left one of two clients")
		}
		e.exit()
		time.Sleep(time.Minute - 1)
		if leaves() {
			t.Error("it left before its time, after its last client")
		}
		time.Sleep(time.Nanosecond)
		if !leaves() || e.enter() {
			t.Error("it stays though nobody needs it")
		}
		if err := e.store.close(t.Context()); err != nil || r.closes != 1 {
			t.Errorf("store closed %d times: %v", r.closes, err)
		}
	})
	r, o := newRunning(t, Options{Idle: 30 * time.Millisecond}) // nobody ever comes
	go func() { r.done <- Run(t.Context(), o) }()
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}

func TestIdleNever(t *testing.T) {
	r := start(t, Options{Idle: -1})
	r.open().Close()
	await(t, "the session's end", func() bool { return r.deps.Status().Connections == 0 })
	r.cancel()
	if err := r.ended(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r.log.String(), "signal") {
		t.Errorf("it left by itself: %s", r.log)
	}
}

func TestBuilds(t *testing.T) {
	r := start(t, Options{Build: "1.5.0"})
	for _, build := range []string{"1.4.0", "1.5.0", ""} {
		if w := r.dial().hello(link.Hello{Build: build}); !w.OK || w.Build != "1.5.0" {
			t.Errorf("build %s: %+v", build, w)
		}
	}
	if w := r.dial().say(`{"protocol":0,"epoch":"abcdefgh"}` + "\n"); w.Code != link.CodeHello {
		t.Errorf("no protocol: %+v", w)
	}
	if w := r.dial().say(`{"protocol":99,"epoch":"abcdefgh","build":"1.0.0"}` + "\n"); w.Code != link.CodeProtocol || !strings.Contains(w.Error, "restart the client") {
		t.Errorf("another protocol: %+v", w)
	}
	if w := r.dial().hello(link.Hello{Build: "1.5.1"}); w.OK || w.Code != link.CodeDraining {
		t.Errorf("newer build: %+v", w)
	}
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}
