package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The command-line part of MCP Inspector, which `npx @modelcontextprotocol/inspector --cli` runs. Its web page is not
// needed here.
const (
	inspectorPackage = "@modelcontextprotocol/inspector-cli"
	inspectorVersion = "0.16.8"
)

// inspector returns the program of MCP Inspector.
func inspector(t *testing.T) string {
	t.Helper()
	dir := npmInstall(t, "inspector-cli-"+inspectorVersion, inspectorPackage+"@"+inspectorVersion)
	return filepath.Join(dir, "node_modules", filepath.FromSlash(inspectorPackage), "build", "cli.js")
}

// inspect has MCP Inspector start the server on the folder and ask it one thing, and reads the answer into v.
func (f *folder) inspect(program string, v any, args ...string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{program, "--cli", "elderzan", "serve"}, args...)...)
	cmd.Env = append(os.Environ(), "ELDERZAN_DATA="+f.dir)
	cmd.Dir = os.TempDir()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		f.t.Errorf("inspector %v: %v: %s%s", args, err, out.String(), stderr.String())
		return
	}
	if err := json.Unmarshal(out.Bytes(), v); err != nil {
		f.t.Errorf("inspector %v: %v in %.300q", args, err, out.String())
	}
}

// TestInspector has MCP Inspector list and call every tool. It checks each result against its schema, as we do.
func TestInspector(t *testing.T) {
	t.Parallel()
	program := inspector(t)
	f := newFolder(t)
	var list toolList
	f.inspect(program, &list, "--method", "tools/list")
	schemas := list.schemas(t)
	var called sync.Map
	call := func(tool string, args ...string) toolResult {
		called.Store(tool, true)
		words := []string{"--method", "tools/call", "--tool-name", tool}
		for _, a := range args {
			words = append(words, "--tool-arg", a)
		}
		var r toolResult
		f.inspect(program, &r, words...)
		if r.IsError {
			t.Errorf("%s: %s", tool, r.text())
			return r
		}
		checkResult(t, schemas, tool, r)
		return r
	}
	id := call("remember", "content=The office has a green door.", `tags=["office","door"]`, "wait=true", `metadata={"floor":2}`).id(t)
	var readers sync.WaitGroup // most of the time is Node's start
	readers.Go(func() {
		if r := call("recall", "query=which colour has the door?", "limit=3", "explain=true"); !strings.Contains(r.text(), id) {
			t.Errorf("recall: %s", r.text())
		}
	})
	readers.Go(func() { call("search", "text=green", "limit=1", `tags=["office"]`) })
	readers.Go(func() { call("classify", "content=The staging database password is wombat-Kettle-77.") })
	readers.Go(func() { call("status") })
	readers.Go(func() { call("revise", "id="+id, "title=Door", "pinned=true") })
	readers.Wait()
	call("share", "id="+id, "scope=PRIVATE")
	call("workspace", "key=plan", "content=look behind the door")
	call("forget", "id="+id)
	for _, tool := range list.Tools {
		if _, ok := called.Load(tool.Name); !ok {
			t.Errorf("%s was not called", tool.Name)
		}
	}
}
