package attach_test

import (
	"bufio"
	"context"
	"encoding/json"
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

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/engine"
	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
)

// The tests start real processes: this program again, in the role that the environment names.
const (
	envRole  = "ELDERZAN_TEST_ROLE" // "engine" or "pipe"
	envDir   = "ELDERZAN_TEST_DIR"
	envBuild = "ELDERZAN_TEST_BUILD"
	envIdle  = "ELDERZAN_TEST_IDLE"
	envLevel = "ELDERZAN_TEST_LEVEL"
	envDrain = "ELDERZAN_TEST_DRAIN"
	envStart = "ELDERZAN_TEST_START"
	envExe   = "ELDERZAN_TEST_EXE"
	envCWD   = "ELDERZAN_TEST_CWD"
)

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case "engine":
		os.Exit(engineMain())
	case "pipe":
		os.Exit(pipeMain())
	case "fail":
		fmt.Fprint(os.Stderr, "starting\nthe settings are wrong: line 3\n\n")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func pipeMain() int {
	level := slog.LevelError
	if os.Getenv(envLevel) != "" {
		level = slog.LevelDebug
	}
	drain, _ := time.ParseDuration(os.Getenv(envDrain))
	start, _ := time.ParseDuration(os.Getenv(envStart))
	role := "engine"
	if other := os.Getenv(envRole + "2"); other != "" {
		role = other
	}
	err := attach.Run(context.Background(), attach.Options{
		Dir: os.Getenv(envDir), Build: os.Getenv(envBuild), Client: "test", CWD: os.Getenv(envCWD),
		Exe: os.Getenv(envExe), EngineEnv: []string{envRole + "=" + role}, DrainTimeout: drain, StartTimeout: start,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func engineMain() int {
	dir := os.Getenv(envDir)
	idle, _ := time.ParseDuration(os.Getenv(envIdle))
	if idle == 0 {
		idle = 20 * time.Second
	}
	f := &fixture{dir: dir}
	err := engine.Run(context.Background(), engine.Options{
		Dir: dir, Build: os.Getenv(envBuild), Idle: idle, LockWait: 200 * time.Millisecond,
		NewServer: f.server, Open: f.open, ProjectOf: attach.Project,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		return 1
	}
	return 0
}

// fixture is the engine's inside in these tests: files in the data folder stand for the store.
type fixture struct {
	dir  string
	deps engine.Deps
	mu   sync.Mutex
}

func (f *fixture) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fixture) exists(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}

// open fails while there is a file "broken" and waits while there is a file "slow".
func (f *fixture) open(ctx context.Context) (engine.Closer, error) {
	for f.exists("slow") {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	if f.exists("broken") {
		return nil, errors.New("the store is broken; run `elderzan doctor`")
	}
	f.note("log", "open "+strconv.Itoa(os.Getpid()))
	return func(context.Context) error {
		f.note("log", "close "+strconv.Itoa(os.Getpid()))
		return nil
	}, nil
}

func (f *fixture) note(file, line string) {
	w, err := os.OpenFile(f.path(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer w.Close()
	fmt.Fprintln(w, line)
}

func (f *fixture) server(deps engine.Deps) *server.MCPServer {
	f.deps = deps
	s := server.NewMCPServer("fixture", "1", server.WithToolCapabilities(true), server.WithResourceCapabilities(true, true),
		server.WithLogging(), server.WithRecovery(), server.WithElicitation(), server.WithInstructions("Use recall first."))
	s.AddTool(mcp.NewTool("echo", mcp.WithString("text")), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultStructured(map[string]any{"text": r.GetString("text", ""), "pid": os.Getpid()}, "echo"), nil
	})
	s.AddTool(mcp.NewTool("whoami"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		c, ok := session.ConnFrom(ctx)
		if !ok {
			return nil, errors.New("no connection in the context")
		}
		return mcp.NewToolResultStructured(c, "conn"), nil
	})
	s.AddTool(mcp.NewTool("once", mcp.WithString("mark")), f.once)
	s.AddTool(mcp.NewTool("die"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		f.note("deaths", "x")
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})
	s.AddTool(mcp.NewTool("block"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		f.note("calls", "begin")
		<-ctx.Done()
		f.note("calls", "cancelled")
		return nil, ctx.Err()
	})
	s.AddTool(mcp.NewTool("confirm"), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if a := server.ElicitationResponse(r.Params.InputResponses, "yes"); a != nil {
			return mcp.NewToolResultText(fmt.Sprint(a.Action, " ", a.Content)), nil
		}
		return server.NewInputRequestBuilder("s").Elicit("yes", mcp.ElicitationParams{
			Message: "Sure?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
		}).ToolResult(), nil
	})
	s.AddTool(mcp.NewTool("steps"), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i := range 5 {
			_ = s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
				"progressToken": r.Params.Meta.ProgressToken, "progress": i + 1, "total": 5})
		}
		return mcp.NewToolResultText("done"), nil
	})
	s.AddTool(mcp.NewTool("touch", mcp.WithString("uri")), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		f.deps.ResourceUpdated(r.GetString("uri", ""))
		return mcp.NewToolResultText("touched"), nil
	})
	return s
}

// once has its effect, a line in a file, once for each key, and answers when no file "hold" is there.
func (f *fixture) once(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	c, _ := session.ConnFrom(ctx)
	f.mu.Lock()
	done, _ := os.ReadFile(f.path("effects"))
	if !strings.Contains(string(done), c.Key+" ") {
		f.note("effects", c.Key+" "+r.GetString("mark", ""))
	}
	f.mu.Unlock()
	for f.exists("hold") {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	return mcp.NewToolResultText(r.GetString("mark", "")), nil
}

// client is an MCP client of a pipe process.
type client struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	err *strings.Builder

	mu    sync.Mutex
	next  int
	calls map[string]chan answer
	notes []json.RawMessage
	dups  []string
	ask   func(method string, params json.RawMessage) any
	ended chan struct{}
	first int // process of the first engine, for some tests
}

type answer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// startPipe starts a pipe process on dir; extra is added to its environment and inherited by an engine it starts.
func startPipe(t testing.TB, dir string, extra ...string) *client {
	t.Helper()
	c := &client{t: t, cmd: exec.Command(os.Args[0]), err: &strings.Builder{}, calls: map[string]chan answer{}, ended: make(chan struct{})}
	// The race detector holds processes up for a second as they exit.
	c.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", envRole+"=pipe", envDir+"="+dir)
	c.cmd.Env = append(c.cmd.Env, extra...)
	c.cmd.Stderr = c.err
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended by itself
		<-c.ended
		_ = c.cmd.Wait()
		if t.Failed() && c.err.Len() > 0 {
			t.Logf("pipe's stderr:\n%s", c.err)
		}
	})
	go c.read(out)
	return c
}

func (c *client) read(out io.Reader) {
	defer close(c.ended)
	br := bufio.NewReaderSize(out, 1<<20)
	for {
		line, err := br.ReadBytes('\n')
		if err != nil {
			return
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			c.t.Errorf("pipe wrote something that is not JSON: %q", line)
			continue
		}
		c.mu.Lock()
		switch ch := c.calls[string(a.ID)]; {
		case a.Method != "" && a.ID != nil && c.ask != nil:
			if res := c.ask(a.Method, a.Params); res != nil {
				go c.send(map[string]any{"jsonrpc": "2.0", "id": a.ID, "result": res})
			}
		case a.Method != "":
			c.notes = append(c.notes, append(json.RawMessage(nil), line...))
		case ch == nil:
			c.dups = append(c.dups, string(line))
		default:
			delete(c.calls, string(a.ID))
			ch <- a
		}
		c.mu.Unlock()
	}
}

func (c *client) send(msg any) {
	b, err := json.Marshal(msg)
	if err != nil {
		c.t.Error(err)
		return
	}
	c.raw(string(b) + "\n")
}

func (c *client) raw(s string) {
	if _, err := io.WriteString(c.in, s); err != nil {
		c.t.Errorf("write to pipe: %v", err)
	}
}

// request sends a request and returns where its answer will be.
func (c *client) request(method string, params any) (id string, ch chan answer) {
	c.mu.Lock()
	c.next++
	id = strconv.Itoa(c.next)
	ch = make(chan answer, 1)
	c.calls[id] = ch
	c.mu.Unlock()
	msg := map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "method": method}
	if params != nil {
		msg["params"] = params
	}
	c.send(msg)
	return id, ch
}

// patience is for what must happen, on a machine under any load.
const patience = 2 * time.Minute

func (c *client) wait(ch chan answer) answer {
	c.t.Helper()
	select {
	case a := <-ch:
		return a
	case <-time.After(patience):
		c.t.Fatal("no answer")
	case <-c.ended:
		select {
		case a := <-ch:
			return a
		default:
		}
		c.t.Fatalf("pipe ended without an answer: %s", c.err)
	}
	return answer{}
}

func (c *client) initialize(caps map[string]any) answer {
	c.t.Helper()
	if caps == nil {
		caps = map[string]any{}
	}
	_, ch := c.request("initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": caps,
		"clientInfo": map[string]any{"name": "tester", "version": "1"}})
	a := c.wait(ch)
	if a.Error != nil {
		c.t.Fatalf("initialize: %s", a.Error.Message)
	}
	c.send(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
	return a
}

func (c *client) tool(name string, args map[string]any) chan answer {
	_, ch := c.request("tools/call", map[string]any{"name": name, "arguments": args})
	return ch
}

// call calls a tool and returns its text, failing the test on an error of the protocol.
func (c *client) call(name string, args map[string]any) string {
	c.t.Helper()
	a := c.wait(c.tool(name, args))
	if a.Error != nil {
		c.t.Fatalf("%s: error %d: %s", name, a.Error.Code, a.Error.Message)
	}
	return toolText(c.t, a)
}

func toolText(t testing.TB, a answer) string {
	t.Helper()
	var r struct {
		Content []struct{ Text string } `json:"content"`
	}
	if err := json.Unmarshal(a.Result, &r); err != nil || len(r.Content) == 0 {
		t.Fatalf("not a tool's result: %s (%+v)", a.Result, a.Error)
	}
	return r.Content[0].Text
}

// close ends the pipe's input and returns how long the pipe took to exit.
func (c *client) close() time.Duration {
	c.t.Helper()
	t := time.Now()
	c.in.Close()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.t.Fatal("pipe did not exit")
	}
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("pipe: %v", err)
	}
	if len(c.dups) > 0 {
		c.t.Errorf("answers nobody waits for: %q", c.dups)
	}
	return time.Since(t)
}

// await fails the test unless cond becomes true.
func await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-time.After(2 * time.Millisecond)
	}
}

func lines(t testing.TB, path string) []string {
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(b)), " ", "·"))
}

func pid(dir string) int { return link.ReadPID(dir) }

// dataDir returns a fresh data folder whose engine is stopped when the test ends.
func dataDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	stopAfter(t, dir)
	return dir
}

func stopAfter(t testing.TB, dir string) {
	t.Cleanup(func() {
		for _, f := range []string{"hold", "slow"} {
			os.Remove(filepath.Join(dir, f))
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := attach.Control(ctx, dir, "stop"); err != nil && !errors.Is(err, attach.ErrNoEngine) {
			t.Errorf("stop engine: %v", err)
		}
		log, err := os.ReadFile(filepath.Join(dir, link.LogName))
		if strings.Contains(string(log), "DATA RACE") {
			t.Error("the engine has a data race")
		}
		if err == nil && t.Failed() {
			t.Logf("engine's log:\n%s", log)
		}
	})
}
