package streamable

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

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

func TestMessageIsOneLineOfData(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin()
	res := w.do("POST", call(1, "echo", "a\nb\r\ndata: c"), append([]string{"Accept", "text/event-stream"}, s...)...)
	raw := read(t, res)
	if strings.Count(raw, "\ndata: ") != 1 || !bytes.Contains([]byte(raw), []byte(`a\nb\r\ndata: c`)) {
		t.Errorf("got %q", raw)
	}
}
