package main

import (
	"strings"
	"testing"
)

// TestAccess holds an MCP client to one project through the real program: it finds, reads and writes there and nowhere
// else, what is refused is in the audit log, and with the grant gone it may do everything again.
func TestAccess(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	atlas := f.remember("The atlas office has a green door.", "--project", "atlas")
	other := f.remember("The other office has a red door.", "--project", "other")
	c := f.serve()
	c.initialize()
	var client struct {
		Memories []struct{ Provenance struct{ Client string } }
	}
	own := f.ok("audit", "show", "--last", "1")
	if !strings.Contains(own, "(cli)") {
		t.Errorf("audit: %s", own)
	}
	c.ok(nil, "remember", map[string]any{"content": "The client was here.", "project": "atlas"})
	f.json(&client, "search", "client")
	name := client.Memories[0].Provenance.Client
	f.fails([]string{"role", "unknown"}, "access", "grant", "client:"+name, "king", "--project", "atlas")
	f.fails([]string{"held to less"}, "access", "grant", "client:cli", "reader")
	f.ok("access", "grant", "client:"+name, "reader", "--project", "atlas")
	if got := f.ok("access", "list"); !strings.Contains(got, "client:"+name+" is reader of the project atlas") {
		t.Errorf("list: %s", got)
	}

	if got := c.tool("recall", map[string]any{"query": "which door does the office have"}); !strings.Contains(got.text(), "green") || strings.Contains(got.text(), "red door") {
		t.Errorf("recall of a held program: %s", got.text())
	}
	if got := c.tool("search", map[string]any{"text": "door"}); !strings.Contains(got.text(), "green") || strings.Contains(got.text(), "red door") || !strings.Contains(got.text(), `"total":1`) {
		t.Errorf("search of a held program: %s", got.text())
	}
	for name, args := range map[string]map[string]any{
		"remember": {"content": "A new thing.", "project": "atlas"}, "revise": {"id": other, "content": "x"}, "forget": {"id": atlas}, "share": {"id": atlas, "scope": "SHARED", "team": "t"},
	} {
		if got := c.tool(name, args); name != "share" && !got.IsError || !strings.Contains(got.text(), "denied") && !strings.Contains(got.text(), "may not") {
			t.Errorf("%s of a held program: %s", name, got.text())
		}
	}
	if got := f.ok("audit", "show"); !strings.Contains(got, "denied") || !strings.Contains(got, "grant") {
		t.Errorf("audit: %s", got)
	}
	f.killEngine() // grants are on record
	if got := c.tool("search", map[string]any{"text": "red"}); strings.Contains(got.text(), "red door") {
		t.Errorf("after a crash: %s", got.text())
	}
	f.ok("access", "revoke", "client:"+name, "--project", "atlas")
	f.fails([]string{"no such grant"}, "access", "revoke", "client:"+name, "--project", "atlas")
	c.ok(nil, "remember", map[string]any{"content": "Another new thing.", "project": "other"})
	c.close()
	f.ok("stop")
}
