package session

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// fixture is a host with test tools.
type fixture struct {
	h       *Host
	s       *server.MCPServer
	started chan string   // names of blocking calls that have begun
	ended   chan error    // why their contexts ended
	gate    chan struct{} // lets "wait" return
	log     *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFixture(o Options) *fixture {
	f := &fixture{started: make(chan string, 4096), ended: make(chan error, 4096), gate: make(chan struct{}), log: &lockedBuffer{}}
	f.s = server.NewMCPServer("fixture", "1", server.WithToolCapabilities(true), server.WithResourceCapabilities(true, true),
		server.WithPromptCapabilities(true), server.WithLogging(), server.WithRecovery())
	tool := func(name string, h server.ToolHandlerFunc) { f.s.AddTool(mcp.NewTool(name), h) }
	tool("echo", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(r.GetString("text", "")), nil
	})
	tool("conn", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		c, ok := ConnFrom(ctx)
		if !ok {
			return nil, errors.New("no connection")
		}
		return mcp.NewToolResultStructured(c, "conn"), nil
	})
	tool("block", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		f.started <- r.GetString("name", "")
		<-ctx.Done()
		f.ended <- context.Cause(ctx)
		return nil, ctx.Err()
	})
	tool("wait", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		f.started <- r.GetString("name", "")
		<-f.gate
		return mcp.NewToolResultText("waited"), nil
	})
	tool("panic", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		panic("the secret word is xyzzy")
	})
	tool("index", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText([]string{}[r.GetInt("i", 1)]), nil
	})
	tool("nan", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{StructuredContent: math.NaN()}, nil
	})
	tool("steps", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i := range 20 {
			if err := f.s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progress": i}); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("done"), nil
	})
	tool("confirm", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if a := server.ElicitationResponse(r.Params.InputResponses, "q"); a != nil {
			return mcp.NewToolResultText(string(a.Action)), nil
		}
		return server.NewInputRequestBuilder("s").Elicit("q", mcp.ElicitationParams{
			Message: "Sure?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}}).ToolResult(), nil
	})
	f.s.AddResource(mcp.NewResource("x://panic", "p"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		panic("the secret word is xyzzy")
	})
	f.s.AddResource(mcp.NewResource("x://r", "r"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: "x://r", Text: "t"}}, nil
	})
	f.s.AddPrompt(mcp.NewPrompt("panic"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		panic("the secret word is xyzzy")
	})
	o.Server = f.s
	o.Epoch = "EPOCH"
	o.Logger = slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.h = NewHost(o)
	return f
}

// peer is the client's end of a session.
type peer struct {
	t     *testing.T
	in    *io.PipeWriter
	out   *bufio.Reader
	outR  *io.PipeReader
	n     uint64
	drain chan struct{}
	stop  context.CancelFunc
	done  chan error
}

// connect starts a session; the test must end it.
func (f *fixture) connect(t *testing.T, conn Conn) *peer {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	p := &peer{t: t, in: inW, out: bufio.NewReader(outR), outR: outR, drain: make(chan struct{}), stop: cancel, done: make(chan error, 1)}
	if conn.Session == "" {
		conn.Session = "sess"
	}
	go func() {
		p.done <- f.h.Serve(ctx, conn, Frames(link.NewReader(inR, link.MaxHello).Frames()), closer{outW, inR}, p.drain)
	}()
	return p
}

// closer closes both directions, as a socket does.
type closer struct {
	*io.PipeWriter
	in *io.PipeReader
}

func (c closer) Close() error {
	c.in.Close()
	return c.PipeWriter.Close()
}

func (p *peer) send(message string) {
	p.t.Helper()
	p.n++
	if _, err := p.in.Write(link.AppendFrame(nil, p.n, []byte(message))); err != nil {
		p.t.Errorf("send: %v", err)
	}
}

func (p *peer) call(id, tool, args string) {
	p.t.Helper()
	p.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + args + `}}`)
}

// message is any message from the engine.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	line string
}

func (p *peer) recv() message {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("receive: %v", err)
	}
	m := message{line: line}
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		p.t.Fatalf("receive %q: %v", line, err)
	}
	return m
}

// want receives an answer with the id.
func (p *peer) want(id string) message {
	p.t.Helper()
	m := p.recv()
	if string(m.ID) != id {
		p.t.Fatalf("answer with id %s, want %s: %s", m.ID, id, m.line)
	}
	return m
}

// wantText receives a tool's result with the text.
func (p *peer) wantText(id, text string) {
	p.t.Helper()
	if m := p.want(id); !strings.Contains(string(m.Result), text) {
		p.t.Errorf("result %s, want it to hold %q", m.line, text)
	}
}

func (p *peer) initialize(caps string) {
	p.t.Helper()
	p.send(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":` + caps + `,"clientInfo":{"name":"tester","version":"9"}}}`)
	p.want(`"init"`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// leave ends the client's input and returns what Serve returned.
func (p *peer) leave() error {
	p.t.Helper()
	p.in.Close()
	go func() { _, _ = io.Copy(io.Discard, p.out) }()
	return <-p.done
}

func (p *peer) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Errorf("Serve: %v", err)
	}
}

func TestMessagesThatAreNoRequests(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	for name, tc := range map[string]struct {
		line string
		id   string
		code int
	}{
		"no JSON":               {`{bad`, `null`, mcp.PARSE_ERROR},
		"cut off":               {`{"jsonrpc":"2.0","id":1,"method":"ping"`, `null`, mcp.PARSE_ERROR},
		"batch":                 {`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, `null`, mcp.INVALID_REQUEST},
		"number":                {`5`, `null`, mcp.INVALID_REQUEST},
		"neither this nor that": {`{"jsonrpc":"2.0","id":4}`, `4`, mcp.INVALID_REQUEST},
		"without anything":      {`{}`, `null`, mcp.INVALID_REQUEST},
		"request and answer":    {`{"jsonrpc":"2.0","id":5,"method":"ping","result":{}}`, `5`, mcp.INVALID_REQUEST},
		"null id":               {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, `null`, mcp.INVALID_REQUEST},
		"fraction id":           {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, `null`, mcp.INVALID_REQUEST},
		"object id":             {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, `null`, mcp.INVALID_REQUEST},
		"wrong version":         {`{"jsonrpc":"1.0","id":6,"method":"ping"}`, `6`, mcp.INVALID_REQUEST},
		"unknown method":        {`{"jsonrpc":"2.0","id":7,"method":"nope"}`, `7`, mcp.METHOD_NOT_FOUND},
		"unknown tool":          {`{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"nope"}}`, `8`, mcp.INVALID_PARAMS},
		"names in capitals":     {`{"jsonrpc":"2.0","id":9,"method":"ping","ID":null}`, `9`, mcp.INTERNAL_ERROR},
		"too long":              {`{"jsonrpc":"2.0","id":10,"method":"ping","params":{"x":"` + strings.Repeat("x", link.MaxMessage) + `"}}`, `10`, mcp.INVALID_REQUEST},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			p.send(tc.line)
			if m := p.want(tc.id); m.Error == nil || m.Error.Code != tc.code {
				t.Errorf("answer %s, want error %d", m.line, tc.code)
			}
			p.send(``)                                                // an empty line is nothing
			p.send(`{"jsonrpc":"2.0","id":"nobody's","result":{}}`)   // an answer to nobody
			p.send(`{"jsonrpc":"2.0","id":"nobody's","result":`)      // and a broken one
			p.want(`null`)                                            // the broken one
			p.send(`{"jsonrpc":"2.0","method":"notifications/what"}`) // a notification for nobody
			p.send(`{"jsonrpc":"2.0","id":"after","method":"ping"}`)
			p.want(`"after"`)
		})
	}
	p.t = t
	p.ok(p.leave())
}

func TestFramesThatAreNone(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	if _, err := p.in.Write([]byte("{\"jsonrpc\":\"2.0\"}\n")); err != nil {
		t.Fatal(err)
	}
	out := p.out
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if err := <-p.done; err == nil {
		t.Error("a line without a number ended the session without an error")
	}
	p = f.connect(t, Conn{})
	if _, err := p.in.Write([]byte(`7 {"jsonrpc":"2.0","id":1,"method":"pi`)); err != nil {
		t.Fatal(err)
	}
	p.ok(p.leave())
}

func TestLines(t *testing.T) {
	src := Lines(link.NewReader(strings.NewReader("a\nb"), 10))
	for i, want := range []string{"a", "b"} {
		n, m, err := src()
		if n != uint64(i+1) || string(m) != want || err != nil {
			t.Errorf("line %d: %d, %q, %v", i, n, m, err)
		}
	}
	if _, _, err := src(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestIDsComeBackAsTheyWere(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	for _, id := range []string{`0`, `-1`, `9007199254740993`, `"x\u0061<>"`, `""`, `"1"`} {
		p.call(id, "echo", `{"text":"a b"}`)
		p.wantText(id, `a b`)
	}
	p.ok(p.leave())
}

func TestConn(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{Session: "sess", Client: "pipe", User: "u", UID: 5, PID: 6, CWD: "/c", Project: "p", Root: "/r", Remote: "h/o/n", Build: "b"})
	p.call(`1`, "conn", `{}`)
	p.wantText(`1`, `"Client":"pipe"`)
	p.initialize(`{}`)
	p.call(`2`, "conn", `{}`)
	var got struct{ StructuredContent Conn }
	if err := json.Unmarshal(p.want(`2`).Result, &got); err != nil {
		t.Fatal(err)
	}
	want := Conn{Session: "sess", Client: "tester", Via: "pipe", ClientVersion: "9", User: "u", UID: 5, PID: 6, CWD: "/c", Project: "p", Root: "/r", Remote: "h/o/n", Build: "b", Key: "sess-4"}
	if got.StructuredContent != want {
		t.Errorf("conn = %+v, want %+v", got.StructuredContent, want)
	}
	p.ok(p.leave())
	if _, ok := ConnFrom(t.Context()); ok {
		t.Error("a context of nobody has a connection")
	}
}

func TestSessionlessProtocol(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"modern","version":"2"},"io.modelcontextprotocol/clientCapabilities":{}}`
	p.send(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{` + meta + `}}`)
	p.wantText(`1`, `2026-07-28`)
	p.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"conn","arguments":{},` + meta + `}}`)
	p.wantText(`2`, `"Client":"modern"`)
	p.send(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"confirm","arguments":{},` + meta + `}}`)
	p.wantText(`3`, `input_required`)
	p.ok(p.leave())
}

func TestPanicsTellNothing(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	for name, line := range map[string]string{
		"tool":     `"method":"tools/call","params":{"name":"panic"}`,
		"runtime":  `"method":"tools/call","params":{"name":"index"}`,
		"resource": `"method":"resources/read","params":{"uri":"x://panic"}`,
		"prompt":   `"method":"prompts/get","params":{"name":"panic"}`,
	} {
		p.send(`{"jsonrpc":"2.0","id":"` + name + `",` + line + `}`)
		m := p.want(`"` + name + `"`)
		if m.Error == nil || m.Error.Code != mcp.INTERNAL_ERROR || strings.Contains(m.line, "xyzzy") || strings.Contains(m.line, "out of range") {
			t.Errorf("%s: %s", name, m.line)
		}
	}
	p.call(`"nan"`, "nan", `{}`)
	if m := p.want(`"nan"`); m.Error == nil || m.Error.Code != mcp.INTERNAL_ERROR {
		t.Errorf("a result that is no JSON: %s", m.line)
	}
	f.s.AddNotificationHandler("notifications/boom", func(context.Context, mcp.JSONRPCNotification) { panic("xyzzy") })
	p.send(`{"jsonrpc":"2.0","method":"notifications/boom"}`)
	p.call(`1`, "echo", `{"text":"alive"}`)
	p.wantText(`1`, "alive")
	p.ok(p.leave())
	if log := f.log.String(); strings.Contains(log, "xyzzy") || !strings.Contains(log, "index out of range") {
		t.Errorf("log must tell where, and not what: %s", log)
	}
}

func TestNotificationsBeforeTheirResult(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	p.initialize(`{}`)
	for i := range 50 {
		id := fmt.Sprint(i)
		p.call(id, "steps", `{}`)
		for step := range 20 {
			if m := p.recv(); m.Method != "notifications/progress" || !strings.Contains(string(m.Params), fmt.Sprintf(`"progress":%d`, step)) {
				t.Fatalf("call %d, step %d: %s", i, step, m.line)
			}
		}
		p.want(id)
	}
	p.ok(p.leave())
}

func TestCancel(t *testing.T) {
	f := newFixture(Options{MaxConcurrent: 2})
	p := f.connect(t, Conn{})
	p.call(`1`, "block", `{"name":"a"}`)
	p.call(`"1"`, "block", `{"name":"b"}`)
	<-f.started
	<-f.started
	p.call(`3`, "block", `{"name":"queued"}`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"\u0031","reason":"x"}}`)
	if err := <-f.ended; !errors.Is(err, errCancelled) {
		t.Errorf("context ended with %v", err)
	}
	p.send(`{"jsonrpc":"2.0","id":4,"method":"ping"}`)
	p.want(`4`) // and nothing about "1" or 3
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	<-f.ended
	p.call(`1`, "echo", `{"text":"again"}`) // the id is free
	p.wantText(`1`, "again")
	p.ok(p.leave())
	select {
	case name := <-f.started:
		t.Errorf("%s was begun", name)
	default:
	}
}

func TestQueueAndDrain(t *testing.T) {
	f := newFixture(Options{MaxConcurrent: 4})
	p := f.connect(t, Conn{})
	for i := range 20 {
		p.call(fmt.Sprint(i), "wait", `{}`)
	}
	for range 4 {
		<-f.started
	}
	p.send(`{"jsonrpc":"2.0","id":"p","method":"ping"}`)
	p.want(`"p"`) // requests that wait hold nothing up
	if got := f.h.Running(); got != 4 {
		t.Errorf("%d run, want 4", got)
	}
	close(p.drain)
	p.call(`99`, "wait", `{}`)
	close(f.gate)
	answers := 0
	for {
		line, err := p.out.ReadString('\n')
		if err != nil {
			break
		}
		if strings.Contains(line, "waited") {
			answers++
		}
	}
	p.ok(<-p.done)
	// The four that ran are answered. Others may have begun in the moment before they saw the drain; none is half done.
	if begun := 4 + len(f.started); answers != begun || answers == 21 {
		t.Errorf("%d answers to %d calls begun", answers, begun)
	}
}
