package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Guards of times that depend on the machine and its other work; the times themselves are logged.
const (
	firstAnswerGuard = 30 * time.Second // a figure on an idle machine is below 100 ms
	endGuard         = 30 * time.Second // below 1 s
)

// modelLoaded reports whether a process has the model's weights in use: it keeps their file open then.
func modelLoaded(t *testing.T, pid int) bool {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("no open files of process %d: %v", pid, err)
	}
	return slices.ContainsFunc(files, func(f string) bool {
		file, err := os.Readlink(f) // an error: closed meanwhile
		return err == nil && strings.HasSuffix(file, ".safetensors")
	})
}

// TestFirstAnswer measures how long a client waits for the handshake and the list of tools, with no engine running and
// with one, and that neither needs the model.
func TestFirstAnswer(t *testing.T) {
	f := newFolder(t)
	for _, when := range []string{"cold", "warm"} {
		start := time.Now()
		c := f.serve()
		c.initialize()
		shaken := time.Since(start)
		var list struct{ Tools []struct{ Name string } }
		c.result(&list, "tools/list", nil)
		took := time.Since(start)
		if len(list.Tools) != 9 {
			t.Errorf("%s: %d tools; want the 9 that are for agents", when, len(list.Tools))
		}
		for _, tool := range list.Tools {
			if strings.HasPrefix(tool.Name, adminPrefix) {
				t.Errorf("an agent sees %s", tool.Name)
			}
		}
		if modelLoaded(t, f.enginePID()) {
			t.Errorf("%s: the model is loaded", when)
		}
		end := c.close()
		t.Logf("%s: handshake %v, tools/list %v after the start; end %v after that of the input", when,
			shaken.Round(time.Millisecond), took.Round(time.Millisecond), end.Round(time.Millisecond))
		if took > firstAnswerGuard || end > endGuard {
			t.Errorf("%s: tools/list after %v, end after %v", when, took, end)
		}
	}
	c := f.serve()
	c.initialize()
	c.ok(nil, "remember", map[string]any{"content": "The office has a green door.", "wait": true})
	if !modelLoaded(t, f.enginePID()) {
		t.Error("the model is not loaded after an embedding: the check above cannot fail")
	}
}

// TestEndOfInput closes the input with calls under way: they are answered, and serve is gone at once.
func TestEndOfInput(t *testing.T) {
	f := newFolder(t)
	c := f.serve()
	c.initialize()
	var answers []<-chan message
	for i := range 20 {
		answers = append(answers, c.request("tools/call", map[string]any{"name": "remember", "arguments": map[string]any{"content": fmt.Sprint("note ", i)}}))
	}
	took := c.close()
	for i, ch := range answers {
		if m := c.await(ch); m.Error != nil {
			t.Errorf("call %d: %s", i, m.Error.Message)
		}
	}
	t.Logf("end %v after that of the input, with 20 writes under way", took.Round(time.Millisecond))
	if took > endGuard {
		t.Errorf("serve ended %v after its input", took)
	}
	f.wantCount(20)
}

// TestManyPipes writes from four clients at once: everything is stored, and nothing fails.
func TestManyPipes(t *testing.T) {
	const pipes, writes = 4, 50
	f := newFolder(t)
	clients := make([]*mcpClient, pipes)
	var ready sync.WaitGroup
	for i := range clients {
		clients[i] = f.serve() // all of them at once find no engine
		ready.Go(clients[i].initialize)
	}
	ready.Wait()
	var mu sync.Mutex
	ids := map[string]string{}
	start := time.Now()
	var all sync.WaitGroup
	for p, c := range clients {
		for n := range writes {
			all.Go(func() {
				text := fmt.Sprintf("Client %d noted fact number %d.", p, n)
				var r struct{ ID, DuplicateOf string }
				c.ok(&r, "remember", map[string]any{"content": text})
				mu.Lock()
				defer mu.Unlock()
				if other, known := ids[r.ID]; known {
					t.Errorf("%q and %q have the id %s", text, other, r.ID)
				}
				ids[r.ID] = text
			})
		}
	}
	all.Wait()
	t.Logf("%d writes from %d clients: %v", pipes*writes, pipes, time.Since(start).Round(time.Millisecond))
	for _, c := range clients {
		c.close()
	}
	f.wantCount(pipes * writes)
	stored := f.export()
	for id, text := range ids {
		if stored[id]["content"] != text {
			t.Errorf("%s holds %q; want %q", id, stored[id]["content"], text)
		}
	}
}

// TestFoldersAreApart serves two data folders at once: neither sees what is in the other.
func TestFoldersAreApart(t *testing.T) {
	a, b := newFolder(t), newFolder(t)
	id := a.remember("The alpha team meets in the library.")
	b.remember("The beta team meets in the cellar.")
	for f, want := range map[*folder]string{a: "library", b: "cellar"} {
		c := f.serve()
		c.initialize()
		var r struct{ Memories []struct{ Content string } }
		c.ok(&r, "recall", map[string]any{"query": "where does the team meet?", "mode": "accurate"})
		if len(r.Memories) != 1 || !strings.Contains(r.Memories[0].Content, want) {
			t.Errorf("recall in the folder of %q: %+v", want, r.Memories)
		}
		f.wantCount(1)
	}
	if a.enginePID() == b.enginePID() {
		t.Error("one engine serves both folders")
	}
	b.fails([]string{"no memory has the id"}, "revise", id, "--title", "x")
}

// TestResources reads and subscribes over the real pipe, and gets the protocol's own codes for what is not there.
func TestResources(t *testing.T) {
	f := newFolder(t)
	c, writer := f.serve(), f.serve()
	c.initialize()
	writer.initialize()
	var m struct{ ID string }
	c.ok(&m, "remember", map[string]any{"content": "The office has a green door."})
	uri := "elderzan://memory/" + m.ID
	var read struct{ Contents []struct{ Text string } }
	c.result(&read, "resources/read", map[string]any{"uri": uri})
	if len(read.Contents) != 1 || !strings.Contains(read.Contents[0].Text, "green door") {
		t.Errorf("resources/read = %+v", read)
	}
	c.result(nil, "resources/subscribe", map[string]any{"uri": uri})
	writer.ok(nil, "revise", map[string]any{"id": m.ID, "title": "Door"})
	waitFor(t, "the note of the change", func() bool { return len(c.notesOf("notifications/resources/updated")) > 0 })
	for _, n := range c.notesOf("notifications/resources/updated") {
		var p struct{ URI string }
		if err := json.Unmarshal(n.Params, &p); err != nil || p.URI != uri {
			t.Errorf("note of %s", n.Params)
		}
	}
	for name, tc := range map[string]struct {
		method string
		params map[string]any
		code   int
	}{
		"unknown memory":     {"resources/read", map[string]any{"uri": "elderzan://memory/0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10"}, -32002},
		"not an id":          {"resources/read", map[string]any{"uri": "elderzan://memory/nonsense"}, -32602},
		"unknown resource":   {"resources/read", map[string]any{"uri": "elderzan://nothing"}, -32002},
		"unknown prompt":     {"prompts/get", map[string]any{"name": "nothing"}, -32602},
		"unknown tool":       {"tools/call", map[string]any{"name": "nothing"}, -32602},
		"a hidden tool":      {"tools/call", map[string]any{"name": adminPrefix + "export"}, -32602},
		"unknown method":     {"memories/list", nil, -32601},
		"modern and unknown": {"resources/read", modern(map[string]any{"uri": "elderzan://memory/0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10"}), -32602},
	} {
		got := c.await(c.request(tc.method, tc.params))
		if got.Error == nil || got.Error.Code != tc.code || got.Error.Message == "" {
			t.Errorf("%s: %+v %s; want code %d", name, got.Error, got.Result, tc.code)
		}
	}
}

// modern marks the parameters of a request as those of protocol 2026-07-28, which knows no handshake.
func modern(params map[string]any) map[string]any {
	params["_meta"] = map[string]any{
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}
	return params
}

// TestSmallPipe serves as the Makefile builds it: by a small program that the large one carries and becomes.
func TestSmallPipe(t *testing.T) {
	t.Parallel()
	image := filepath.Join(t.TempDir(), "pipe")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", image, "../pipe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	f := newFolder(t, envPipe+"="+image)
	c := f.serve()
	c.initialize()
	pid := c.cmd.Process.Pid
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil || !strings.Contains(exe, "memfd:") {
		t.Errorf("serve runs %s, %v; want the small program in memory", exe, err)
	}
	c.ok(nil, "remember", map[string]any{"content": "The office has a green door."})
	f.killEngine()
	var r struct{ Memories []struct{ Content string } }
	c.ok(&r, "recall", map[string]any{"query": "green door"})
	if len(r.Memories) != 1 {
		t.Errorf("recall after a crash: %+v", r)
	}
	size := residentBytes(t, pid)
	t.Logf("serve takes %.1f MB; end %v after that of the input", float64(size)/1e6, c.close().Round(time.Millisecond))
	if size > 20<<20 {
		t.Errorf("serve takes %d bytes of memory; want a small program", size)
	}
}

// residentBytes is how much of a process is in memory.
func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(b), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}
