package streamable

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
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

func TestWhoGetsIn(t *testing.T) {
	denied := make(chan *http.Request, 64)
	w := newWorld(t, func(o *Options) {
		o.Denied = func(r *http.Request) { denied <- r }
		o.Hosts, o.Origins = []string{"memory.example"}, []string{"https://app.example"}
	})
	for name, tc := range map[string]struct {
		headers []string
		status  int
		text    string
	}{
		"no token":                  {[]string{"Authorization", ""}, 401, "elderzan http token"},
		"wrong token":               {[]string{"Authorization", "Bearer elz_WRONG"}, 401, ""},
		"token of another scheme":   {[]string{"Authorization", "Basic " + w.token}, 401, ""},
		"name rebound to us":        {[]string{"Host", "evil.example"}, 403, "http_hosts"},
		"name like ours":            {[]string{"Host", "localhost.evil.example"}, 403, ""},
		"page elsewhere":            {[]string{"Origin", "https://evil.example"}, 403, "http_origins"},
		"page of no origin":         {[]string{"Origin", "null"}, 403, ""},
		"page that looks like ours": {[]string{"Origin", "http://localhost@evil.example"}, 403, ""},
		"page here":                 {[]string{"Origin", "http://localhost:6274"}, 200, ""},
		"page let in":               {[]string{"Origin", "https://app.example"}, 200, ""},
		"name let in":               {[]string{"Host", "memory.example:7420"}, 200, ""},
		"localhost":                 {[]string{"Host", "localhost:1"}, 200, ""},
		"IPv6":                      {[]string{"Host", "[::1]:1"}, 200, ""},
	} {
		res := w.do("POST", initialize, tc.headers...)
		wants(t, name, res, tc.status, tc.text)
		if (res.StatusCode == 401) != (res.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: WWW-Authenticate = %q", name, res.Header.Get("WWW-Authenticate"))
		}
	}
	if len(denied) != 3 {
		t.Errorf("%d refusals were told of; want 3", len(denied))
	}
	res := w.do("OPTIONS", "", "Authorization", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || !strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Mcp-Session-Id") {
		t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
	}
	if res := w.do("OPTIONS", "", "Origin", "https://evil.example"); res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another page: %d", res.StatusCode)
	}
}

func TestMalformed(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin()
	with := func(headers ...string) []string { return append(append([]string{}, s...), headers...) }
	for name, tc := range map[string]struct {
		method, body string
		headers      []string
		status       int
		text         string
	}{
		"no JSON":              {"POST", `{`, s, 400, "-32700"},
		"batch":                {"POST", `[` + initialize + `]`, s, 400, "-32600"},
		"too long":             {"POST", `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", maxBody) + `"}`, s, 413, "4 MiB"},
		"not JSON by its type": {"POST", initialize, with("Content-Type", "text/plain"), 415, ""},
		"accepts neither":      {"POST", initialize, with("Accept", "text/html"), 406, ""},
		"no session":           {"POST", call(1, "echo", "x"), nil, 400, headerSession},
		"unknown session":      {"POST", call(1, "echo", "x"), []string{headerSession, "made-up"}, 404, "initialize"},
		"unknown version":      {"POST", call(1, "echo", "x"), with(mcp.HeaderProtocolVersion, "1999-01-01"), 400, ""},
		"another method":       {"PUT", ``, s, 405, ""},
		"stream not accepted":  {"GET", ``, with("Accept", "application/json"), 406, ""},
		"failed initialize":    {"POST", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":7}`, nil, 200, `"error"`},
		"answer to nobody":     {"POST", `{"jsonrpc":"2.0","id":"nobody","result":{}}`, s, 202, ""},
		"still there":          {"POST", call(1, "echo", "still there"), s, 200, "still there"},
	} {
		res := w.do(tc.method, tc.body, tc.headers...)
		wants(t, name, res, tc.status, tc.text)
		if name == "failed initialize" && res.Header.Get(headerSession) != "" {
			t.Error("a failed initialize opens a session")
		}
	}
	if res, err := w.client.Get(strings.TrimSuffix(w.url, Path)); err != nil || res.StatusCode != 404 {
		t.Errorf("another path: %v %v", res, err)
	}
}

func TestSessionBelongsToItsToken(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin("Elderzan-Project", "garden")
	wants(t, "its own", w.do("POST", call(1, "who", ""), s...), 200, "ann tester http garden")
	other := w.make("desktop", "bob")
	as := append([]string{"Authorization", "Bearer " + other}, s...)
	wants(t, "another token", w.do("POST", call(1, "who", ""), as...), 404, "")
	wants(t, "another token's end", w.do("DELETE", "", as...), 404, "")
	if err := w.tokens.Revoke("laptop"); err != nil {
		t.Fatal(err)
	}
	wants(t, "a revoked token", w.do("POST", call(1, "who", ""), s...), 401, "")
}

// 2025-11-25, Transports, "Sending Messages to the Server" 5 and 6: the answer to a request comes as JSON or ends a
// stream, after the messages that belong to it.
func TestNotificationsComeBeforeTheAnswer(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin()
	for name, res := range map[string]*http.Response{
		"with a session": w.do("POST", call(5, "count", "tok"), s...),
		"without":        w.modern(t.Context(), "tools/call", "count", `"name":"count","arguments":{"text":"tok"}`),
	} {
		e := streamOf(t, res)
		for i := range 40 {
			if got := e.next(); !strings.Contains(got, "notifications/progress") || !strings.Contains(got, `"progressToken":"tok"`) {
				t.Fatalf("%s: message %d is %s", name, i, got)
			}
		}
		if got := e.next(); !strings.Contains(got, "counted") {
			t.Errorf("%s: answer %s", name, got)
		}
		if got := e.next(); got != "" {
			t.Errorf("%s: %s after the answer", name, got)
		}
	}
	wants(t, "JSON alone", w.do("POST", call(6, "count", "tok"), append([]string{"Accept", "application/json"}, s...)...), 200, "counted")
	res := w.do("POST", call(7, "echo", "hi"), append([]string{"Accept", "text/event-stream"}, s...)...)
	if got := streamOf(t, res).next(); !strings.Contains(got, "hi") {
		t.Errorf("a stream alone: %s", got)
	}
}

// 2025-11-25, Transports, "Sending Messages to the Server" 6: a request to the client comes on the stream of the request
// that it belongs to.
func TestQuestionOnItsStream(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin()
	e := streamOf(t, w.do("POST", call(1, "ask", ""), s...))
	var q struct {
		ID     string
		Method string
	}
	if err := json.Unmarshal([]byte(e.next()), &q); err != nil || q.Method != "elicitation/create" {
		t.Fatalf("question %+v, %v", q, err)
	}
	if res := w.do("POST", `{"jsonrpc":"2.0","id":"`+q.ID+`","result":{"action":"accept","content":{}}}`, s...); res.StatusCode != 202 {
		t.Errorf("answer: %d", res.StatusCode)
	}
	if got := e.next(); !strings.Contains(got, "answer accept") {
		t.Errorf("got %s", got)
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t, nil)
	t.Run("by a notification", func(t *testing.T) {
		s := w.begin()
		answered := make(chan string, 1)
		go func() {
			res, err := w.send(t.Context(), "POST", call(9, "wait", "a"), s...)
			if err != nil {
				answered <- err.Error()
				return
			}
			defer res.Body.Close()
			b, _ := io.ReadAll(res.Body)
			answered <- string(b)
		}()
		await(t, "the call", w.started)
		if res := w.do("POST", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}}`, s...); res.StatusCode != 202 {
			t.Errorf("cancelled: %d", res.StatusCode)
		}
		if why := await(t, "the end of the call", w.ended); why == "let go" {
			t.Error("the call was not cancelled")
		}
		if got := await(t, "the end of its stream", answered); got != "" {
			t.Errorf("a cancelled request is answered with %s", got)
		}
	})
	// 2026-07-28, Transports, "Cancellation": closing the stream of a request cancels it.
	t.Run("by closing the stream", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := w.send(ctx, "POST", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wait","arguments":{},`+meta+`}}`,
				mcp.HeaderProtocolVersion, "2026-07-28", mcp.HeaderMethod, "tools/call", mcp.HeaderName, "wait")
			failed <- err
		}()
		await(t, "the call", w.started)
		cancel()
		if err := await(t, "the client's end", failed); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if why := await(t, "the end of the call", w.ended); why == "let go" {
			t.Error("the call was not cancelled")
		}
	})
	t.Run("by the end of the session", func(t *testing.T) {
		s := w.begin()
		go func() {
			if res, err := w.send(t.Context(), "POST", call(9, "wait", "a"), s...); err == nil {
				res.Body.Close()
			}
		}()
		await(t, "the call", w.started)
		if res := w.do("POST", call(9, "echo", "twice"), s...); res.StatusCode != 400 {
			t.Errorf("the same id twice: %d", res.StatusCode)
		}
		if res := w.do("DELETE", "", s...); res.StatusCode != 204 {
			t.Errorf("delete: %d", res.StatusCode)
		}
		if why := await(t, "the end of the call", w.ended); why == "let go" {
			t.Error("the call was not cancelled")
		}
		await(t, "the session's end", w.gone)
		wants(t, "an ended session", w.do("POST", call(1, "echo", ""), s...), 404, "")
	})
}

// 2025-11-25, Transports, "Listening for Messages from the Server".
func TestListening(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.KeepAlive = 10 * time.Millisecond })
	s := w.begin()
	w.mcp.SendNotificationToAllClients(mcp.MethodNotificationToolsListChanged, nil) // before anybody listens: kept
	first := streamOf(t, w.do("GET", "", s...))
	if got := first.next(); !strings.Contains(got, "tools/list_changed") {
		t.Errorf("got %s", got)
	}
	second := streamOf(t, w.do("GET", "", s...)) // takes the place of the first
	if got := first.next(); got != "" {
		t.Errorf("the first stream goes on with %s", got)
	}
	if res := w.do("POST", `{"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"x://y"}}`, s...); res.StatusCode != 200 {
		t.Errorf("subscribe: %d", res.StatusCode)
	}
	w.host.ResourceUpdated("x://y")
	if got := second.next(); !strings.Contains(got, "x://y") {
		t.Errorf("got %s", got)
	}
	if err := w.tokens.Revoke("laptop"); err != nil {
		t.Fatal(err)
	}
	if got := second.next(); got != "" {
		t.Errorf("a stream outlives its token: %s", got)
	}
}

// 2026-07-28, Subscriptions: the acknowledgement is the first message of a stream; what follows is what was asked for, and
// names the subscription.
func TestSubscription(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	e := streamOf(t, w.modern(ctx, "subscriptions/listen", "", `"notifications":{"resourceSubscriptions":["x://y"]}`))
	if got := e.next(); !strings.Contains(got, "subscriptions/acknowledged") {
		t.Fatalf("the first message is %s", got)
	}
	w.mcp.SendNotificationToAllClients(mcp.MethodNotificationToolsListChanged, nil)
	w.host.ResourceUpdated("x://other")
	w.host.ResourceUpdated("x://y")
	if got := e.next(); !strings.Contains(got, "x://y") || !strings.Contains(got, `"io.modelcontextprotocol/subscriptionId":7`) {
		t.Errorf("got %s", got)
	}
	close(w.drain) // the engine leaves: the stream ends, and the client opens another
	if got := e.next(); got != "" {
		t.Errorf("after the engine's leave: %s", got)
	}
	cancel()
}

// 2026-07-28, Transports, "Protocol Version Header" and "Standard Request Headers".
func TestModernHeaders(t *testing.T) {
	w := newWorld(t, nil)
	ok := `"name":"echo","arguments":{"text":"hi"}`
	for name, tc := range map[string]struct {
		method, tool, params string
		headers              []string
		status               int
		text                 string
	}{
		"all there":              {"tools/call", "echo", ok, nil, 200, "hi"},
		"no version header":      {"tools/call", "echo", ok, []string{mcp.HeaderProtocolVersion, ""}, 400, "-32020"},
		"another version header": {"tools/call", "echo", ok, []string{mcp.HeaderProtocolVersion, "2025-11-25"}, 400, "-32020"},
		"another method header":  {"tools/call", "echo", ok, []string{mcp.HeaderMethod, "tools/list"}, 400, "-32020"},
		"no method header":       {"tools/call", "echo", ok, []string{mcp.HeaderMethod, ""}, 400, "-32020"},
		"another name header":    {"tools/call", "who", ok, nil, 400, "-32020"},
		"no such method":         {"dance", "", "", nil, 404, "-32601"},
		"a session's method":     {"ping", "", "", nil, 404, "-32601"},
		"argument's header":      {"tools/call", "placed", `"name":"placed","arguments":{"region":"west"}`, []string{"Mcp-Param-Region", "west"}, 200, "placed"},
		"argument's other":       {"tools/call", "placed", `"name":"placed","arguments":{"region":"west"}`, []string{"Mcp-Param-Region", "east"}, 400, "-32020"},
		"argument's none":        {"tools/call", "placed", `"name":"placed","arguments":{"region":"west"}`, nil, 400, "-32020"},
	} {
		wants(t, name, w.modern(t.Context(), tc.method, tc.tool, tc.params, tc.headers...), tc.status, tc.text)
	}
	res := w.do("POST", strings.ReplaceAll(`{"jsonrpc":"2.0","id":"v","method":"tools/list","params":{`+meta+`}}`, "2026-07-28", "2027-01-01"), mcp.HeaderProtocolVersion, "2027-01-01")
	wants(t, "a version to come", res, 400, `"requested":"2027-01-01"`)
	for _, method := range []string{"GET", "DELETE"} {
		wants(t, method, w.do(method, "", mcp.HeaderProtocolVersion, "2026-07-28"), 405, "")
	}
	wants(t, "an answer", w.do("POST", `{"jsonrpc":"2.0","id":1,"result":{}}`, mcp.HeaderProtocolVersion, "2026-07-28"), 400, "-32600")
	wants(t, "a notification", w.do("POST", `{"jsonrpc":"2.0","method":"notifications/x","params":{`+meta+`}}`, mcp.HeaderProtocolVersion, "2026-07-28"), 202, "")
}

// A client without a session is one visitor to the memory's book, whose requests have keys of their own.
func TestVisitor(t *testing.T) {
	w := newWorld(t, nil)
	who := func() []string {
		var a struct {
			Result struct{ Content []struct{ Text string } }
		}
		if err := json.Unmarshal([]byte(read(t, w.modern(t.Context(), "tools/call", "who", `"name":"who"`))), &a); err != nil {
			t.Fatal(err)
		}
		return strings.Fields(a.Result.Content[0].Text)
	}
	a, b := who(), who()
	if len(a) != 5 || a[1] != "newer" || a[3] != b[3] || a[4] == b[4] {
		t.Errorf("%v and %v: want one session and two keys", a, b)
	}
	select {
	case c := <-w.gone:
		t.Errorf("%s ended with a request", c.Session)
	default:
	}
}

func TestIdle(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(o *Options) {
		o.SessionIdle = time.Hour
		o.Now = func() time.Time { return now }
		o.MaxSessions = 2
	})
	s := w.begin()
	w.begin()
	wants(t, "one session too many", w.do("POST", initialize), 503, "sessions")
	wants(t, "a visit", w.modern(t.Context(), "tools/list", "", ""), 200, "echo")
	now = now.Add(59 * time.Minute)
	wants(t, "used", w.do("POST", call(1, "echo", "x"), s...), 200, "")
	now = now.Add(2 * time.Minute)
	w.http.sweepOnce()
	await(t, "the end of a session", w.gone)
	await(t, "the end of the visit", w.gone)
	wants(t, "the other session", w.do("POST", call(1, "echo", "here"), s...), 200, "here")
	w.begin()
}

func TestDraining(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin()
	answered := make(chan string, 1)
	go func() {
		res, err := w.send(t.Context(), "POST", call(1, "wait", ""), s...)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answered <- string(b)
	}()
	await(t, "the call", w.started)
	close(w.drain)
	close(w.gate)
	if got := await(t, "the answer", answered); !strings.Contains(got, "waited") {
		t.Errorf("got %s", got)
	}
	await(t, "the session's end", w.ended)
}

func TestTooMany(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.MaxRequests = 1 })
	go func() {
		if res, err := w.send(t.Context(), "POST", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wait",`+meta+`}}`,
			mcp.HeaderProtocolVersion, "2026-07-28", mcp.HeaderMethod, "tools/call", mcp.HeaderName, "wait"); err == nil {
			res.Body.Close()
		}
	}()
	await(t, "the call", w.started)
	wants(t, "one too many", w.do("POST", initialize), 503, "try again")
	close(w.gate)
	await(t, "the end of the call", w.ended)
}

func TestMessageIsOneLineOfData(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin()
	res := w.do("POST", call(1, "echo", "a\nb\r\ndata: c"), append([]string{"Accept", "text/event-stream"}, s...)...)
	raw := read(t, res)
	if strings.Count(raw, "\ndata: ") != 1 || !bytes.Contains([]byte(raw), []byte(`a\nb\r\ndata: c`)) {
		t.Errorf("got %q", raw)
	}
}
