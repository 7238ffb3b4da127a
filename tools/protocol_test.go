package tools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/prompts"
)

// Clients of both eras of the protocol are served: with a handshake, and with server/discover.
func TestProtocolVersions(t *testing.T) {
	w := newWorld(t, nil)
	for _, version := range []string{mcp.ProtocolVersion20250618, mcp.ProtocolVersion20251125} {
		res := w.connect(version)
		if res.ProtocolVersion != version {
			t.Errorf("asked for %s, got %s", version, res.ProtocolVersion)
		}
		if res.ServerInfo.Name != "elderzan" || res.ServerInfo.Title == "" || res.ServerInfo.Version != "1.2.3" || res.Instructions != prompts.Instructions() {
			t.Errorf("server = %+v", res.ServerInfo)
		}
		c := res.Capabilities
		if c.Tools == nil || c.Resources == nil || !c.Resources.Subscribe || c.Prompts == nil || c.Completions == nil || c.Logging == nil {
			t.Errorf("capabilities = %+v", c)
		}
		ok[statusResult](w, "status", nil)
	}
	w.connect(mcp.ProtocolVersion20260728)
	if got := w.client.ProtocolVersion(); got != mcp.ProtocolVersion20260728 {
		t.Errorf("the newer protocol was negotiated down to %s", got)
	}
	ok[statusResult](w, "status", nil)
	discovered, code := w.modern("server/discover", map[string]any{}, map[string]any{})
	if versions := fmt.Sprint(discovered["supportedVersions"]); code != 0 || !strings.Contains(versions, "2026-07-28") || !strings.Contains(versions, "2025-11-25") || discovered["instructions"] != prompts.Instructions() {
		t.Errorf("server/discover = %v, %d", discovered, code)
	}
	listed, code := w.modern("tools/list", map[string]any{}, map[string]any{})
	if n := len(mustMarshal(t, listed)); code != 0 || n > maxListBytes {
		t.Errorf("tools/list in the newer protocol is %d bytes (code %d); want at most %d", n, code, maxListBytes)
	}
}

func TestHandlePassesOn(t *testing.T) {
	w := newWorld(t, nil)
	if got := Handle(t.Context(), w.server, []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)); got != nil {
		t.Errorf("a notification is answered: %v", got)
	}
	for name, tc := range map[string]struct {
		message string
		code    int
	}{
		"no JSON":        {`{`, mcp.PARSE_ERROR},
		"no such tool":   {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"dance"}}`, mcp.INVALID_PARAMS},
		"no such method": {`{"jsonrpc":"2.0","id":1,"method":"dance"}`, mcp.METHOD_NOT_FOUND},
	} {
		if e, ok := Handle(t.Context(), w.server, []byte(tc.message)).(mcp.JSONRPCError); !ok || e.Error.Code != tc.code {
			t.Errorf("%s: %+v; want code %d", name, e, tc.code)
		}
	}
}

// What is dispatched is answered as the server would answer it.
func TestDispatchIsHandle(t *testing.T) {
	w := newWorld(t, nil)
	ok[rememberResult](w, "remember", map[string]any{"content": "the moon rises late"})
	for _, tc := range []struct{ tool, arguments string }{
		{"classify", `{"content":"the moon rises late"}`},
		{"search", `{"query":"moon"}`},
		{"search", `{"limit":-1}`},
		{"remember", `{}`},
		{"remember", `{"content":7}`},
		{"recall", `null`},
		{"recall", `[]`},
		{"status", `{"colour":"blue"}`},
		{"forget", `{"id":"none"}`},
		{"workspace", `{"project":"moon"}`},
	} {
		message := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, tc.tool, tc.arguments)
		handled := Handle(t.Context(), w.server, []byte(message)).(mcp.JSONRPCResponse)
		dispatched := Dispatch(t.Context(), w.server, tc.tool, []byte(tc.arguments)).(mcp.JSONRPCResponse)
		if a, b := mustMarshal(t, handled.Result), mustMarshal(t, dispatched.Result); string(a) != string(b) {
			t.Errorf("%s %s is dispatched to %s, handled as %s", tc.tool, tc.arguments, b, a)
		}
	}
}

func TestPrompts(t *testing.T) {
	w := newWorld(t, nil)
	for _, p := range prompts.All() {
		args := map[string]any{}
		for _, a := range p.Arguments {
			args[a.Name] = "value-of-" + a.Name
		}
		res, code := w.modern("prompts/get", map[string]any{"name": p.Name, "arguments": args}, map[string]any{})
		if code != 0 {
			t.Errorf("%s = error %d", p.Name, code)
			continue
		}
		text := fmt.Sprint(res["messages"])
		for _, a := range p.Arguments {
			if !strings.Contains(text, "value-of-"+a.Name) {
				t.Errorf("%s does not use its argument %s", p.Name, a.Name)
			}
		}
	}
	for name, params := range map[string]map[string]any{
		"required missing": {"name": "recall-before-task"},
		"unknown argument": {"name": "weekly-memory-review", "arguments": map[string]any{"weeks": "2"}},
		"unknown prompt":   {"name": "dance"},
	} {
		if _, code := w.modern("prompts/get", params, map[string]any{}); code != mcp.INVALID_PARAMS {
			t.Errorf("%s: code %d; want %d", name, code, mcp.INVALID_PARAMS)
		}
	}
}

// 2026-07-28, Basic Protocol: results name the server, and say how long what is listed may be kept.
func TestResultMetadata(t *testing.T) {
	w := newWorld(t, nil)
	for method, icon := range map[string]bool{"server/discover": true, "tools/list": false, "resources/list": false, "resources/templates/list": false, "prompts/list": false} {
		res, code := w.modern(method, map[string]any{}, map[string]any{})
		meta := fmt.Sprint(res["_meta"])
		if code != 0 || res["ttlMs"] != float64(listsLast) || res["cacheScope"] != "private" || res["resultType"] != "complete" {
			t.Errorf("%s: code %d, ttl %v, scope %v, type %v", method, code, res["ttlMs"], res["cacheScope"], res["resultType"])
		}
		if !strings.Contains(meta, "name:elderzan") || strings.Contains(meta, "svg") != icon {
			t.Errorf("%s: _meta = %s", method, meta)
		}
	}
	res, code := w.modern("resources/read", map[string]any{"uri": statusURI}, map[string]any{})
	if code != 0 || res["ttlMs"] != float64(0) {
		t.Errorf("what is read may be kept for %v (code %d)", res["ttlMs"], code)
	}
}

// 2025-11-25, Progress: a call that brings a token is told how far it is, each time further; one that brings none is not.
// Logging: failures that are not the caller's are told to clients that asked for their level.
func TestToldOnTheWay(t *testing.T) {
	w := newWorld(t, nil)
	told := make(chan mcp.JSONRPCNotification, 16)
	w.connect(mcp.ProtocolVersion20251125)
	w.client.OnNotification(func(n mcp.JSONRPCNotification) { told <- n })
	req := mcp.CallToolRequest{}
	req.Params.Name = "status"
	if _, err := w.client.CallTool(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	req.Params.Meta = &mcp.Meta{ProgressToken: "tok"}
	if _, err := w.client.CallTool(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		n := <-told
		if got := n.Params.AdditionalFields; n.Method != "notifications/progress" || fmt.Sprintf("%v %v %v", got["progressToken"], got["progress"], got["total"]) != fmt.Sprintf("tok %d 2", i+1) {
			t.Errorf("notification %d is %s %v", i, n.Method, got)
		}
	}
	var level mcp.SetLevelRequest
	level.Params.Level = mcp.LoggingLevelWarning
	if err := w.client.SetLevel(t.Context(), level); err != nil {
		t.Fatal(err)
	}
	s := &surface{mcp: w.server, log: slog.New(slog.DiscardHandler)}
	w.server.AddTool(mcp.NewTool("break"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		res, _ := s.failed(ctx, "break", errors.New("with a secret"))
		return res, nil
	})
	req = mcp.CallToolRequest{}
	req.Params.Name = "break"
	if _, err := w.client.CallTool(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	n := <-told
	if got := fmt.Sprint(n.Params.AdditionalFields); n.Method != "notifications/message" || !strings.Contains(got, "outcome:internal") || strings.Contains(got, "secret") {
		t.Errorf("told %s %s", n.Method, got)
	}
}
