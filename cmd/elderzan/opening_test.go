package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestStatusWhileOpening keeps the store from opening for as long as the test likes, by a key file that is a pipe: the
// handshake, the lists, the prompts and a status are answered meanwhile, and a call waits.
func TestStatusWhileOpening(t *testing.T) {
	t.Parallel()
	f, before := filled(t)
	if err := os.Rename(f.path("master.key"), f.path("master.away")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(f.path("master.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := f.serve()
	c.initialize()
	c.result(nil, "tools/list", nil)
	c.result(nil, "prompts/list", nil)
	c.result(nil, "prompts/get", map[string]any{"name": "weekly-memory-review"})
	waits := c.request("tools/call", map[string]any{"name": "search", "arguments": map[string]any{}})
	start := time.Now()
	var s status
	c.ok(&s, "status", nil)
	t.Logf("status after %v", time.Since(start).Round(time.Millisecond))
	if s.Ready || len(s.Alerts) == 0 || !strings.Contains(s.Alerts[0], "not open yet") {
		t.Errorf("status: %+v; want an alert that the memory is not open yet", s)
	}
	c.result(nil, "resources/read", map[string]any{"uri": "elderzan://status"})
	select {
	case m := <-waits:
		t.Errorf("a call did not wait for the store: %s", m.Result)
	default:
	}
	// The pipe is no key; the next attempt finds the real one.
	if err := os.Rename(f.path("master.key"), f.path("pipe")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.path("master.away"), f.path("master.key")); err != nil {
		t.Fatal(err)
	}
	p, err := os.OpenFile(f.path("pipe"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if m := c.await(waits); m.Error != nil || !strings.Contains(string(m.Result), "not a regular file") {
		t.Errorf("the call that waited: %+v %s", m.Error, m.Result)
	}
	waitFor(t, "the store to open", func() bool { return !c.tool("search", nil).IsError })
	wantUnchanged(t, f, before)
}
