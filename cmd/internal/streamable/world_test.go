package streamable

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/session"
)

// patience is for what must happen, on a machine under any load.
const patience = 2 * time.Minute

// world is a server over HTTP with tools that show what happens in it.
type world struct {
	t       *testing.T
	mcp     *server.MCPServer
	host    *session.Host
	http    *Server
	tokens  *Tokens
	token   string
	url     string
	client  *http.Client
	started chan string // a "wait" has begun
	ended   chan string // and why it ended
	gate    chan struct{}
	drain   chan struct{}
	gone    chan session.Conn
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{
		t: t, started: make(chan string, 16), ended: make(chan string, 16), gate: make(chan struct{}), drain: make(chan struct{}), gone: make(chan session.Conn, 16),
		tokens: NewTokens(filepath.Join(t.TempDir(), "tokens.json"), nil), client: &http.Client{Timeout: patience, Transport: &http.Transport{}},
	}
	w.mcp = server.NewMCPServer("test", "1", server.WithToolCapabilities(true), server.WithResourceCapabilities(true, true), server.WithLogging())
	w.addTools()
	w.host = session.NewHost(session.Options{Server: w.mcp, Epoch: "e", Ended: func(c session.Conn) { w.gone <- c }})
	o := Options{
		Serve: func(ctx context.Context, c session.Conn, src session.Source, sink session.Sink) error {
			return w.host.ServeTo(ctx, c, src, sink, w.drain)
		},
		Admit: w.tokens.Admit, Ended: func(c session.Conn) { w.gone <- c }, Tool: func(name string) *mcp.Tool {
			if st := w.mcp.GetTool(name); st != nil {
				return &st.Tool
			}
			return nil
		},
	}
	if change != nil {
		change(&o)
	}
	w.http = New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := w.http.Listen(l, nil)
	w.url = "http://" + l.Addr().String() + Path
	w.token = w.make("laptop", "ann")
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		if err := stop(); err != nil {
			t.Error(err)
		}
		w.http.Close()
	})
	return w
}

func (w *world) make(name, user string) string {
	w.t.Helper()
	token, err := w.tokens.Make(name, user, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func (w *world) addTools() {
	w.mcp.AddTool(mcp.NewTool("echo"), func(_ context.Context, q mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(q.GetString("text", "")), nil
	})
	w.mcp.AddTool(mcp.NewTool("who"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		c, _ := session.ConnFrom(ctx)
		return mcp.NewToolResultText(strings.Join([]string{c.User, c.Client, c.Via, c.Project, c.Session, c.Key}, " ")), nil
	})
	w.mcp.AddTool(mcp.NewTool("count"), func(ctx context.Context, q mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i := range 40 {
			_ = w.mcp.SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progressToken": q.GetString("text", ""), "progress": i})
		}
		return mcp.NewToolResultText("counted"), nil
	})
	w.mcp.AddTool(mcp.NewTool("wait"), func(ctx context.Context, q mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		w.started <- q.GetString("text", "")
		select {
		case <-w.gate:
			w.ended <- "let go"
			return mcp.NewToolResultText("waited"), nil
		case <-ctx.Done():
			w.ended <- context.Cause(ctx).Error()
			return nil, ctx.Err()
		}
	})
	w.mcp.AddTool(mcp.NewTool("ask"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		res, err := w.mcp.RequestElicitation(ctx, mcp.ElicitationRequest{Params: mcp.ElicitationParams{Message: "sure?", RequestedSchema: map[string]any{"type": "object"}}})
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText("answer " + string(res.Action)), nil
	})
	w.mcp.AddTool(mcp.Tool{Name: "placed", RawInputSchema: json.RawMessage(`{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}`)},
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("placed"), nil
		})
}

// do sends a request with the token and headers, "" for one to leave out.
func (w *world) do(method, body string, headers ...string) *http.Response {
	w.t.Helper()
	return w.doWith(w.t.Context(), method, body, headers...)
}

func (w *world) doWith(ctx context.Context, method, body string, headers ...string) *http.Response {
	w.t.Helper()
	res, err := w.send(ctx, method, body, headers...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { res.Body.Close() })
	return res
}

func (w *world) send(ctx context.Context, method, body string, headers ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, w.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Accept", "application/json, text/event-stream")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Del(headers[i])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		} else if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	return w.client.Do(req)
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wants checks status and text of an answer.
func wants(t *testing.T, what string, res *http.Response, status int, text string) {
	t.Helper()
	if got := read(t, res); res.StatusCode != status || !strings.Contains(got, text) {
		t.Errorf("%s: %d %s; want %d with %q", what, res.StatusCode, got, status, text)
	}
}

func call(id int, tool, text string) string {
	b, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": map[string]any{"text": text}}})
	return string(b)
}

const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"tester","version":"1"}}}`

// begin opens a session and returns its header.
func (w *world) begin(headers ...string) []string {
	w.t.Helper()
	res := w.do("POST", initialize, headers...)
	id := res.Header.Get(headerSession)
	if body := read(w.t, res); res.StatusCode != 200 || len(id) < 20 || !strings.Contains(body, `"2025-11-25"`) {
		w.t.Fatalf("initialize: %d, session %q, %s", res.StatusCode, id, body)
	}
	all := append([]string{headerSession, id}, headers...)
	if res := w.do("POST", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, all...); res.StatusCode != 202 {
		w.t.Fatalf("initialized: %d", res.StatusCode)
	}
	return all
}

const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"newer","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`

// modern sends a request of the protocol without sessions.
func (w *world) modern(ctx context.Context, method, name, params string, headers ...string) *http.Response {
	w.t.Helper()
	if params != "" {
		params += ","
	}
	all := append([]string{mcp.HeaderProtocolVersion, "2026-07-28", mcp.HeaderMethod, method, mcp.HeaderName, name}, headers...)
	return w.doWith(ctx, "POST", `{"jsonrpc":"2.0","id":7,"method":"`+method+`","params":{`+params+meta+`}}`, all...)
}

// events reads a stream of events one by one.
type events struct {
	t *testing.T
	r *bufio.Reader
}

func streamOf(t *testing.T, res *http.Response) *events {
	t.Helper()
	if kind := res.Header.Get("Content-Type"); res.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("%d %s %s; want a stream", res.StatusCode, kind, read(t, res))
	}
	return &events{t, bufio.NewReader(res.Body)}
}

// next returns the next message, "" at the end of the stream.
func (e *events) next() string {
	e.t.Helper()
	for {
		line, err := e.r.ReadString('\n')
		if err != nil {
			return ""
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return strings.TrimSpace(data)
		}
	}
}

func await[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
	return v
}

// waiting calls the tool that waits, and returns when it does; on the channel comes what the call was answered with, "" for
// a stream that ended without.
func (w *world) waiting(id int, headers []string) <-chan string {
	w.t.Helper()
	answered := make(chan string, 1)
	go func() {
		res, err := w.send(w.t.Context(), "POST", call(id, "wait", ""), headers...)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answered <- string(b)
	}()
	await(w.t, "the call", w.started)
	return answered
}
