package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/elderzan/elderzan/cmd/internal/streamable"
)

// httpToken makes a token by the command line.
func (f *folder) httpToken(name string) string {
	f.t.Helper()
	var got httpResult
	f.json(&got, "http", "token", name)
	if got.Token == "" {
		f.t.Fatal("no token")
	}
	return got.Token
}

// serveHTTP has the program serve an address until the test ends, and returns the address of MCP.
func (f *folder) serveHTTP(address string) (url string, stop func()) {
	f.t.Helper()
	cmd := f.command(context.Background(), "serve", "--http", address)
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	stop = func() {
		if cmd.ProcessState != nil {
			return
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			f.t.Errorf("serve --http ended by itself: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			f.t.Errorf("serve --http: %v", err)
		}
	}
	f.t.Cleanup(stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	at, ok := strings.CutPrefix(strings.TrimSpace(line), "MCP at ")
	if err != nil || !ok {
		f.t.Fatalf("serve --http says %q, %v", line, err)
	}
	return at, stop
}

// rawCall is one request of the protocol without sessions, by nothing but net/http.
func rawCall(ctx context.Context, c *http.Client, url, token, tool, args string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":`+args+`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
			`"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`))
	if err != nil {
		return 0, "", err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": "2026-07-28",
		"Mcp-Method": "tools/call", "Mcp-Name": tool, "Authorization": "Bearer " + token, "Elderzan-Project": "garden",
	} {
		req.Header.Set(name, value)
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// TestHTTP remembers over HTTP and recalls by the command line, goes on after the engine was killed, and ends with its
// command.
func TestHTTP(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	path := f.dir + ".sock"
	at, stop := f.serveHTTP("unix:" + path)
	if at != "unix:"+path+streamable.Path {
		t.Errorf("served at %s", at)
	}
	dial := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}, DisableKeepAlives: true}
	c := &http.Client{Transport: dial, Timeout: commandTime}
	token := f.httpToken("laptop")
	remember := func(text string) bool {
		status, body, err := rawCall(t.Context(), c, "http://localhost/mcp", token, "remember", `{"content":"`+text+`"}`)
		return err == nil && status == http.StatusOK && strings.Contains(body, `"resultType":"complete"`) && !strings.Contains(body, `"isError":true`)
	}
	if !remember("The hedge is cut in June.") {
		t.Error("remember over HTTP failed")
	}
	if got := f.ok("search", "hedge", "--json"); !strings.Contains(got, `"project":"garden"`) || !strings.Contains(got, `"client":"raw"`) {
		t.Errorf("the memory does not tell where it comes from: %s", got)
	}
	f.killEngine()
	waitFor(t, "another engine to serve", func() bool { return remember("The pond freezes in January.") })
	if _, body, err := rawCall(t.Context(), c, "http://localhost/mcp", "elz_WRONG", "status", `{}`); err != nil || !strings.Contains(body, "send a token") {
		t.Errorf("a wrong token: %s, %v", body, err)
	}
	stop()
	if _, _, err := rawCall(t.Context(), c, "http://localhost/mcp", token, "status", `{}`); err == nil {
		t.Error("the address outlives its command")
	}
	f.wantCount(2)
	if got := f.ok("audit", "show"); !strings.Contains(got, "a request over HTTP without a valid token") {
		t.Error("a refused request is not on record")
	}
}

// TestHTTPListen has the engine serve what the settings say, for as long as it runs.
func TestHTTPListen(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f := newFolder(t, "ELDERZAN_HTTP_LISTEN="+taken.Addr().String())
	var s status
	waitFor(t, "the memory is open", func() bool { s = f.status(); return s.Ready }) // it answers while it is being opened
	if !s.Ready || len(s.Alerts) != 1 || !strings.Contains(s.Alerts[0], "http_listen") {
		t.Errorf("with a taken port: ready %v, alerts %q", s.Ready, s.Alerts)
	}
	g := newFolder(t, "ELDERZAN_HTTP_LISTEN=127.0.0.1:0")
	token := g.httpToken("laptop")
	var got httpResult
	g.json(&got, "http", "list")
	if len(got.URLs) != 1 {
		t.Fatalf("served at %v", got.URLs)
	}
	code, body, err := rawCall(t.Context(), http.DefaultClient, got.URLs[0], token, "status", `{}`)
	var answer struct {
		Result struct{ StructuredContent status }
	}
	if err != nil || code != 200 || json.Unmarshal([]byte(body), &answer) != nil || answer.Result.StructuredContent.PID != g.enginePID() {
		t.Errorf("status over HTTP: %d %s %v", code, body, err)
	}
}
