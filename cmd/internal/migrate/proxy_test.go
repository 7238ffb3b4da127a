package migrate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// shared is our side, which the proxy's goroutine asks while a test looks on.
type shared struct {
	mu sync.Mutex
	inMemory
}

func (s *shared) Call(ctx context.Context, tool string, args json.RawMessage) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inMemory.Call(ctx, tool, args)
}

func (s *shared) failing(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = func(string) error { return err }
}

func (s *shared) names() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return names(s.g)
}

// client speaks to a proxy as an MCP client.
type client struct {
	t    *testing.T
	file File
	ours *shared
	in   *io.PipeWriter
	out  *bufio.Reader
	log  bytes.Buffer // complete after end
	done chan error
	n    int
	past []string // lines that answered nothing
}

// connect runs a proxy over a migration until end.
func connect(t *testing.T, s State, ours *shared) *client {
	t.Helper()
	c := &client{t: t, file: StateFile(t.TempDir()), ours: ours, done: make(chan error, 1)}
	if err := c.file.Save(s); err != nil {
		t.Fatal(err)
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c.in, c.out = inW, bufio.NewReader(outR)
	go func() {
		err := Run(t.Context(), Options{File: c.file, Ours: ours, In: inR, Out: outW, Version: "1", Stderr: io.Discard, Logger: slog.New(slog.NewTextHandler(&c.log, nil))})
		inR.Close()
		outW.Close()
		c.done <- err
	}()
	c.ask(`"hello"`, "initialize", `{}`)
	c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return c
}

func (c *client) send(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// answer is what came for one request.
type answer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// ask sends a request with a raw id and returns its answer.
func (c *client) ask(id, method, params string) answer {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, params))
	for {
		line, err := c.out.ReadString('\n')
		if err != nil {
			c.t.Fatalf("%s: %v", method, err)
		}
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			c.t.Fatalf("not MCP: %q", line)
		}
		if a.Method == "" && idOf(a.ID) == idOf(json.RawMessage(id)) {
			return a
		}
		c.past = append(c.past, strings.TrimSpace(line))
	}
}

// call calls a tool and returns the graph that it answers, or what went wrong.
func (c *client) call(tool, args string) (Graph, string) {
	c.t.Helper()
	c.n++
	a := c.ask(fmt.Sprint(c.n), "tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, args))
	var g Graph
	if a.Error != nil {
		return g, a.Error.Message
	}
	raw, err := structured(a.Result)
	if err != nil {
		return g, err.Error()
	}
	_ = json.Unmarshal(raw, &g) // what creates and deletes answers otherwise
	return g, ""
}

func (c *client) create(name string) string {
	c.t.Helper()
	_, failed := c.call("create_entities", fmt.Sprintf(`{"entities":[{"name":%q,"entityType":"person","observations":["is here"]}]}`, name))
	return failed
}

// end ends the client's input and returns what was counted.
func (c *client) end() Counts {
	c.t.Helper()
	c.in.Close()
	if rest, err := io.ReadAll(c.out); err != nil || len(rest) > 0 {
		c.t.Errorf("after the last answer: %q, %v", rest, err)
	}
	if err := <-c.done; err != nil {
		c.t.Errorf("Run: %v", err)
	}
	s, err := c.file.Load()
	if err != nil {
		c.t.Fatal(err)
	}
	return s.Counts
}

func (c *client) phase(p Phase) {
	c.t.Helper()
	if err := c.file.Update(func(s *State) error { s.Phase = p; return nil }); err != nil {
		c.t.Fatal(err)
	}
}

func graphOf(names ...string) Graph {
	var g Graph
	for _, n := range names {
		g.Entities = append(g.Entities, Entity{n, "person", []string{"is here"}})
	}
	return g
}

// In Wrap the other server has everything, and here nothing is asked or counted.
func TestWrap(t *testing.T) {
	s, ours := other(t, "", Wrap), &shared{}
	ours.failing(errors.New("must not be asked"))
	c := connect(t, s, ours)
	if failed := c.create("Mia"); failed != "" {
		t.Error(failed)
	}
	if g, _ := c.call("read_graph", `{}`); names(g) != "Mia" {
		t.Errorf("read_graph = %+v", g)
	}
	if _, failed := c.call("add_observations", `{"observations":[{"entityName":"nobody","contents":["x"]}]}`); !strings.Contains(failed, "nobody not found") {
		t.Errorf("the other server's error came as %q", failed)
	}
	if a := c.ask(`"list"`, "tools/list", `{}`); !strings.Contains(string(a.Result), "read_graph") {
		t.Errorf("tools/list = %s", a.Result)
	}
	if n := c.end(); n != (Counts{}) || names(holds(s)) != "Mia" || c.log.Len() > 0 {
		t.Errorf("counts %+v, there %q, log %s", n, names(holds(s)), c.log.String())
	}
}

// In Dual changes go to both, and reads are compared.
func TestDual(t *testing.T) {
	s, ours := other(t, "", Dual), &shared{}
	c := connect(t, s, ours)
	c.create("Mia")
	c.call("read_graph", `{}`)
	if _, failed := c.call("add_observations", `{"observations":[{"entityName":"nobody","contents":["x"]}]}`); failed == "" {
		t.Error("an error of the other server was lost")
	}
	ours.failing(errors.New("out of order"))
	if failed := c.create("Tom"); failed != "" {
		t.Errorf("a change that was missed here failed for the client: %s", failed)
	}
	if g, _ := c.call("read_graph", `{}`); names(g) != "Mia Tom" {
		t.Errorf("read_graph = %+v", g)
	}
	ours.failing(nil)
	c.call("search_nodes", `{"query":"tom"}`)
	want := Counts{Writes: 3, Missed: 1, Reads: 3, Same: 1, Differ: 2}
	if n := c.end(); n != want || ours.names() != "Mia" || names(holds(s)) != "Mia Tom" {
		t.Errorf("counts %+v; want %+v; here %q, there %q", n, want, ours.names(), names(holds(s)))
	}
	if log := c.log.String(); !strings.Contains(log, "missed a change") || !strings.Contains(log, "migrate advance") || !strings.Contains(log, "answers differ") || strings.Contains(log, "Tom") {
		t.Errorf("log: %s", log)
	}
}

// In Read elderzan answers; the other server where elderzan fails or has nothing.
func TestRead(t *testing.T) {
	s, ours := other(t, "", Read), &shared{inMemory: inMemory{g: graphOf("Mia")}}
	c := connect(t, s, ours)
	if g, _ := c.call("read_graph", `{}`); names(g) != "Mia" { // from here: the other has none
		t.Errorf("read_graph = %+v", g)
	}
	c.create("Tom") // to both
	ours.failing(errors.New("out of order"))
	if g, _ := c.call("read_graph", `{}`); names(g) != "Tom" {
		t.Errorf("read_graph without ours = %+v", g)
	}
	ours.failing(nil)
	if g, failed := c.call("search_nodes", `{"query":"nowhere"}`); !g.Empty() || failed != "" {
		t.Errorf("search_nodes = %+v, %s", g, failed)
	}
	want := Counts{Writes: 1, Reads: 3, Fallbacks: 1} // that neither has anything is no fallback
	if n := c.end(); n != want || ours.names() != "Mia Tom" || names(holds(s)) != "Tom" {
		t.Errorf("counts %+v; want %+v; here %q, there %q", n, want, ours.names(), names(holds(s)))
	}
}

// Retired answers alone, from what the other server said of itself; a step back starts it again for the same client.
func TestRetiredAndBack(t *testing.T) {
	s, ours := other(t, "", Retired), &shared{inMemory: inMemory{g: graphOf("Mia")}}
	c := connect(t, s, ours)
	for method, want := range map[string]string{"initialize": "as it was", "tools/list": "kept", "ping": "{}"} {
		if a := c.ask(`"a"`, method, `{}`); a.Error != nil || !strings.Contains(string(a.Result), want) {
			t.Errorf("%s = %s, %v; want %s", method, a.Result, a.Error, want)
		}
	}
	if a := c.ask(`"b"`, "resources/list", `{}`); a.Error == nil || a.Error.Code != -32601 || !strings.Contains(a.Error.Message, "retired") {
		t.Errorf("resources/list = %+v", a)
	}
	c.send("") // no message at all
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled"}`)
	if g, _ := c.call("read_graph", `{}`); names(g) != "Mia" {
		t.Errorf("read_graph = %+v", g)
	}
	c.create("Tom")
	if _, failed := c.call("add_observations", `{"observations":[{"entityName":"nobody","contents":["x"]}]}`); !strings.Contains(failed, "nobody not found") {
		t.Errorf("our error came as %q", failed)
	}
	if got := names(holds(s)); got != "" || ours.names() != "Mia Tom" {
		t.Errorf("there %q, here %q", got, ours.names())
	}
	c.phase(Wrap)
	if failed := c.create("Eva"); failed != "" {
		t.Error(failed)
	}
	if a := c.ask(`"c"`, "tools/list", `{}`); !strings.Contains(string(a.Result), "read_graph") {
		t.Errorf("tools/list of the server that runs again = %s", a.Result)
	}
	c.end()
	if names(holds(s)) != "Eva" || len(c.past) > 0 {
		t.Errorf("there %q; lines that nobody asked for: %q", names(holds(s)), c.past)
	}
}

// A migration that was taken back altogether leaves a client its server.
func TestEndedUnderAClient(t *testing.T) {
	s, ours := other(t, "", Dual), &shared{}
	c := connect(t, s, ours)
	if err := c.file.Remove(); err != nil {
		t.Fatal(err)
	}
	if failed := c.create("Mia"); failed != "" {
		t.Error(failed)
	}
	if g, _ := c.call("read_graph", `{}`); names(g) != "Mia" || ours.names() != "" {
		t.Errorf("read_graph = %+v, here %q", g, ours.names())
	}
	if err := c.file.Save(s); err != nil {
		t.Fatal(err)
	}
	if n := c.end(); n != (Counts{}) {
		t.Errorf("counts %+v", n)
	}
}

// A server that dies is started anew: a read is asked again, a change is not, since it may have been made.
func TestOtherServerDies(t *testing.T) {
	for _, tool := range []string{"read_graph", "create_entities"} {
		t.Run(tool, func(t *testing.T) {
			s := other(t, "dies "+tool, Wrap)
			c := connect(t, s, &shared{})
			failed := c.create("Mia")
			if died := tool == "create_entities"; died != (failed != "") || died && !strings.Contains(failed, "start the client again") {
				t.Errorf("create_entities: %q", failed)
			}
			if failed != "" {
				failed = c.create("Mia")
			}
			if g, again := c.call("read_graph", `{}`); failed != "" || again != "" || names(g) != "Mia" {
				t.Errorf("afterwards: %q, %q, %+v", failed, again, g)
			}
			c.end()
		})
	}
}

// Where it cannot be started again calls fail with what to do, in Read elderzan goes on alone, and the end is in order.
func TestOtherServerIsGoneForGood(t *testing.T) {
	s := other(t, "ends ping", Wrap)
	script := filepath.Join(t.TempDir(), "server")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec \""+s.Command[0]+"\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.Command = []string{script}
	ours := &shared{}
	c := connect(t, s, ours)
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	c.send(`{"jsonrpc":"2.0","id":"end","method":"ping"}`) // it ends
	for range 2 {
		if _, failed := c.call("read_graph", `{}`); !strings.Contains(failed, "elderzan migrate advance") {
			t.Errorf("read_graph: %q", failed)
		}
	}
	c.phase(Read)
	if g, failed := c.call("read_graph", `{}`); failed != "" || !g.Empty() {
		t.Errorf("in Read: %+v, %q", g, failed)
	}
	ours.failing(errors.New("out of order, too"))
	if _, failed := c.call("read_graph", `{}`); failed != "out of order, too" {
		t.Errorf("without either: %q", failed)
	}
	if a := c.ask(`"d"`, "tools/list", `{}`); !strings.Contains(string(a.Result), "kept") {
		t.Errorf("tools/list = %s, %v", a.Result, a.Error)
	}
	c.end()
}

// Ids that come back in another spelling find their call; what is no answer goes to the client as it is.
func TestLinesAndIDs(t *testing.T) {
	c := connect(t, other(t, "ids", Wrap), &shared{})
	for _, id := range []string{`7`, `"é-1"`, `"<a>"`, `9007199254740993`} {
		if a := c.ask(id, "tools/call", `{"name":"read_graph","arguments":{}}`); a.Error != nil {
			t.Errorf("id %s: %+v", id, a.Error)
		}
	}
	c.end()
	if len(c.past) > 0 {
		t.Errorf("lines for nobody: %q", c.past)
	}

	c = connect(t, other(t, "junk", Dual), &shared{})
	c.past = nil
	if g, failed := c.call("read_graph", `{}`); failed != "" || !g.Empty() {
		t.Errorf("read_graph = %+v, %q", g, failed)
	}
	if len(c.past) != 2 || !strings.Contains(c.past[0], "notifications/message") || !strings.Contains(c.past[1], "roots/list") {
		t.Errorf("passed on: %q; want its notification and its request", c.past)
	}
	c.end()
}

// Older servers answer in text alone; an answer that is none counts as a difference and reaches the client all the same.
func TestOlderServers(t *testing.T) {
	for mode, want := range map[string]Counts{"text": {Writes: 1, Reads: 1, Same: 1}, "prose": {Writes: 1, Reads: 1, Differ: 1}} {
		c := connect(t, other(t, mode, Dual), &shared{})
		if failed := c.create("Mia"); failed != "" {
			t.Errorf("%s: %s", mode, failed)
		}
		if a := c.ask(`"r"`, "tools/call", `{"name":"read_graph","arguments":{}}`); !strings.Contains(string(a.Result), "text") {
			t.Errorf("%s: %+v", mode, a)
		}
		if n := c.end(); n != want {
			t.Errorf("%s: %+v; want %+v", mode, n, want)
		}
	}
}

// A signal ends the proxy and its server, although the client holds its end open.
func TestRunIsEnded(t *testing.T) {
	s := other(t, "", Wrap)
	f := StateFile(t.TempDir())
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	in, client := io.Pipe()
	defer client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	out, shown := io.Pipe()
	done := make(chan error)
	go func() {
		done <- Run(ctx, Options{File: f, Ours: &shared{}, In: in, Out: shown, Version: "1", Stderr: io.Discard})
	}()
	if _, err := io.WriteString(client, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("ping: %q, %v", line, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestRunRefuses(t *testing.T) {
	f := StateFile(t.TempDir())
	o := Options{File: f, Ours: &shared{}, In: strings.NewReader(""), Out: io.Discard, Stderr: io.Discard}
	if err := Run(t.Context(), o); !errors.Is(err, ErrNone) {
		t.Errorf("without a migration: %v", err)
	}
	if err := f.Save(State{Command: []string{filepath.Join(t.TempDir(), "nowhere")}, Phase: Wrap}); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), o); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the other server: %v", err)
	}
	if err := f.Save(State{Command: []string{"nowhere"}, Phase: Retired}); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), o); err != nil {
		t.Errorf("retired, it is not needed: %v", err)
	}
}
