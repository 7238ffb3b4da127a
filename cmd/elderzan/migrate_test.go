package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/migrate"
)

// npmProgram returns a file of an npm package, which npm puts into the user's cache the first time.
func npmProgram(t *testing.T, pkg, version, file string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "elderzan", strings.ReplaceAll(strings.TrimPrefix(pkg, "@"), "/", "-")+"-"+version)
	program := filepath.Join(dir, "node_modules", filepath.FromSlash(pkg), filepath.FromSlash(file))
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "npm-new-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // npm itself tries for long where it reaches nothing
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", pkg+"@"+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s cannot be installed: is npm there (make deps), and does it reach its registry? %v\n%s", pkg, err, out)
	}
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, os.ErrExist) { // another test run was faster
		t.Fatal(err)
	}
	return program
}

// serverMemory returns the program of the official server-memory.
func serverMemory(t *testing.T) string {
	t.Helper()
	return npmProgram(t, "@modelcontextprotocol/server-memory", "2026.8.31", "dist/index.js")
}

// graphClient is an MCP client of the wrapped server, on two pipes.
type graphClient struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	log bytes.Buffer
	n   int
}

func (f *folder) graphClient() *graphClient {
	f.t.Helper()
	c := &graphClient{t: f.t.(*testing.T), cmd: f.command(context.Background(), "migrate", "serve")}
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		f.t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	c.out, c.cmd.Stderr = bufio.NewReaderSize(out, 1<<20), &c.log
	if err := c.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	hello := c.ask("initialize", map[string]any{"protocolVersion": "2025-06-18", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "t", "version": "1"}})
	if !strings.Contains(string(hello), "memory-server") {
		f.t.Errorf("initialize = %s; want the wrapped server's", hello)
	}
	c.send(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
	return c
}

func (c *graphClient) send(v any) {
	b, err := json.Marshal(v)
	if err == nil {
		_, err = c.in.Write(append(b, '\n'))
	}
	if err != nil {
		c.t.Fatalf("send: %v; it said %s", err, c.log.String())
	}
}

func (c *graphClient) ask(method string, params any) json.RawMessage {
	c.t.Helper()
	c.n++
	c.send(map[string]any{"jsonrpc": "2.0", "id": c.n, "method": method, "params": params})
	for {
		line, err := c.out.ReadBytes('\n')
		if err != nil {
			c.t.Fatalf("%s: %v; it said %s", method, err, c.log.String())
		}
		var m struct {
			ID     json.RawMessage
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := json.Unmarshal(line, &m); err != nil {
			c.t.Fatalf("not MCP: %.200q", line)
		}
		if string(m.ID) == fmt.Sprint(c.n) {
			if m.Error != nil {
				c.t.Fatalf("%s: %s", method, m.Error)
			}
			return m.Result
		}
	}
}

// text calls a tool and returns what it says in words.
func (c *graphClient) text(tool, args string) string {
	c.t.Helper()
	raw := c.ask("tools/call", map[string]any{"name": tool, "arguments": json.RawMessage(args)})
	var r struct{ Content []struct{ Text string } }
	if err := json.Unmarshal(raw, &r); err != nil || len(r.Content) != 1 {
		c.t.Fatalf("%s = %s, %v", tool, raw, err)
	}
	return r.Content[0].Text
}

// wordings makes and takes back something of everything and returns what each tool says of it.
func (c *graphClient) wordings() map[string]string {
	c.t.Helper()
	out := map[string]string{}
	for _, step := range [][2]string{
		{"create_entities", `{"entities":[{"name":"Ferry & \"Co\"","entityType":"boat","observations":["a < b","海","\\\\u003c stays \\u2028 so"]},{"name":"Pier","entityType":"place","observations":[]}]}`},
		{"create_relations", `{"relations":[{"from":"Ferry & \"Co\"","to":"Pier","relationType":"calls at"}]}`},
		{"add_observations", `{"observations":[{"entityName":"Pier","contents":["has two lamps"]}]}`},
		{"search_nodes", `{"query":"lamps"}`},
		{"open_nodes", `{"names":["Ferry & \"Co\"","Pier"]}`},
		{"delete_observations", `{"deletions":[{"entityName":"Pier","observations":["has two lamps"]}]}`},
		{"delete_relations", `{"relations":[{"from":"Ferry & \"Co\"","to":"Pier","relationType":"calls at"}]}`},
		{"delete_entities", `{"entityNames":["Ferry & \"Co\"","Pier"]}`},
	} {
		out[step[0]] = c.text(step[0], step[1])
	}
	return out
}

// call calls a tool and returns its data.
func (c *graphClient) call(tool, args string) (migrate.Graph, string) {
	c.t.Helper()
	raw := c.ask("tools/call", map[string]any{"name": tool, "arguments": json.RawMessage(args)})
	var r struct {
		IsError    bool
		Structured json.RawMessage `json:"structuredContent"`
		Content    []struct{ Text string }
	}
	var g migrate.Graph
	if err := json.Unmarshal(raw, &r); err != nil || len(r.Content) != 1 {
		c.t.Fatalf("%s = %s, %v", tool, raw, err)
	}
	if r.IsError {
		return g, r.Content[0].Text
	}
	_ = json.Unmarshal(r.Structured, &g) // what creates and deletes answers otherwise
	return g, ""
}

func (c *graphClient) close() {
	c.in.Close()
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("migrate serve: %v; it said %s", err, c.log.String())
	}
}

// graphOf reads the other server's file.
func graphOf(t *testing.T, file string) (g migrate.Graph) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var l struct {
			Type string `json:"type"`
			migrate.Entity
			From         string `json:"from"`
			To           string `json:"to"`
			RelationType string `json:"relationType"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Type == "entity" {
			g.Entities = append(g.Entities, l.Entity)
		} else {
			g.Relations = append(g.Relations, migrate.Relation{From: l.From, To: l.To, Type: l.RelationType})
		}
	}
	return g
}

func wantSame(t *testing.T, what string, want, got migrate.Graph) {
	t.Helper()
	if missing, extra := migrate.Difference(&want, &got); missing+extra > 0 || len(got.Entities) != len(want.Entities) {
		t.Errorf("%s: %d missing, %d extra: %+v; want %+v", what, missing, extra, got, want)
	}
}

// TestMigration takes a client of the official server-memory through the four phases and back, over a real pipe.
func TestMigration(t *testing.T) {
	t.Parallel()
	program := serverMemory(t)
	f, other := newFolder(t), newFolder(t)
	file := filepath.Join(t.TempDir(), "memory.jsonl")
	f.fails([]string{"no migration", "migrate start"}, "migrate", "advance")
	f.fails([]string{"not the official", "elderzan import"}, "migrate", "start", "--", "elderzan", "serve", "--data", other.dir)
	f.ok("migrate", "start", "--env", "MEMORY_FILE_PATH="+file, "--", "node", program)

	// Wrap: the other server alone.
	c := f.graphClient()
	if list := c.ask("tools/list", map[string]any{}); strings.Count(string(list), `"inputSchema"`) != 9 {
		t.Errorf("tools/list = %s", list)
	}
	c.call("create_entities", `{"entities":[{"name":"Mia","entityType":"person","observations":["likes tea","lives in Oslo"]},{"name":"Orion","entityType":"project","observations":[]}]}`)
	c.call("create_relations", `{"relations":[{"from":"Mia","to":"Orion","relationType":"leads"}]}`)
	if out := f.ok("search", "Oslo"); strings.Contains(out, "Mia") {
		t.Error("a change in the phase wrap came here")
	}

	official := c.wordings()

	// Dual: what was there is here, changes go to both, reads agree.
	if out := f.ok("migrate", "advance"); !strings.Contains(out, "phase dual-write") {
		t.Errorf("advance: %s", out)
	}
	if out := f.ok("recall", "where does Mia live?"); !strings.Contains(out, "lives in Oslo") {
		t.Errorf("recall: %s", out)
	}
	c.call("add_observations", `{"observations":[{"entityName":"Mia","contents":["plays chess"]},{"entityName":"Orion","contents":["starts in May"]}]}`)
	c.call("delete_observations", `{"deletions":[{"entityName":"Mia","observations":["likes tea"]}]}`)
	if _, failed := c.call("add_observations", `{"observations":[{"entityName":"nobody","contents":["x"]}]}`); !strings.Contains(failed, "not found") {
		t.Errorf("an error of the other server: %q", failed)
	}
	for tool, args := range map[string]string{"read_graph": `{}`, "search_nodes": `{"query":"chess"}`, "open_nodes": `{"names":["Orion"]}`} {
		c.call(tool, args)
	}
	var report migrateReport
	if !await(commandTime, func() bool { // the last comparison comes after its answer
		f.json(&report, "migrate", "status")
		return report.Counts.Reads == 3
	}) || report.Counts.Same != 3 || report.Counts.Writes != 3 || report.Counts.Missed != 0 {
		t.Errorf("status = %+v", report)
	}

	// Read: elderzan answers as the other would.
	f.ok("migrate", "advance")
	got, _ := c.call("read_graph", `{}`)
	wantSame(t, "read", graphOf(t, file), got)
	c.call("add_observations", `{"observations":[{"entityName":"Mia","contents":["likes tea"]}]}`) // comes back from being forgotten
	got, _ = c.call("open_nodes", `{"names":["Mia"]}`)
	if len(got.Entities) != 1 || len(got.Entities[0].Observations) != 3 {
		t.Errorf("open_nodes = %+v", got)
	}

	// Retired: without it, and what was changed since goes there on the way back.
	f.ok("migrate", "advance")
	c.close()
	before := graphOf(t, file)
	c = f.graphClient()
	c.ask("ping", nil)
	if list := c.ask("tools/list", map[string]any{}); strings.Count(string(list), `"inputSchema"`) != 9 {
		t.Errorf("tools/list = %s", list)
	}
	got, _ = c.call("read_graph", `{}`)
	wantSame(t, "retired", before, got)
	for tool, is := range c.wordings() {
		if is != official[tool] {
			t.Errorf("%s says %s; the official server said %s", tool, is, official[tool])
		}
	}
	c.call("create_entities", `{"entities":[{"name":"Tom","entityType":"person","observations":["likes the sea"]}]}`)
	c.call("delete_entities", `{"entityNames":["Orion"]}`)
	wantSame(t, "the other's file", before, graphOf(t, file))
	f.fails([]string{"complete"}, "migrate", "advance")
	f.ok("migrate", "back")
	got, _ = c.call("read_graph", `{}`)
	wantSame(t, "back in read", graphOf(t, file), got)
	if len(got.Entities) != 2 || len(got.Relations) != 0 {
		t.Errorf("back in read: %+v", got)
	}
	if got, _ = c.call("search_nodes", `{"query":"nowhere"}`); !got.Empty() {
		t.Errorf("search_nodes = %+v", got)
	}
	f.ok("migrate", "back")
	c.call("create_relations", `{"relations":[{"from":"Mia","to":"Tom","relationType":"knows"}]}`)
	f.ok("migrate", "back")
	c.call("read_graph", `{}`)
	f.ok("migrate", "back") // ends it; the client goes on with its server
	got, _ = c.call("read_graph", `{}`)
	wantSame(t, "at the end", graphOf(t, file), got)
	c.close()
	f.fails([]string{"no migration"}, "migrate", "status")
}
