package tools

import (
	"fmt"
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
