package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// message is a JSON-RPC message from the server.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// toolResult is the result of tools/call.
type toolResult struct {
	IsError    bool            `json:"isError"`
	Structured json.RawMessage `json:"structuredContent"`
	Content    []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content"`
}

// text is what the result says in words.
func (r toolResult) text() string {
	var b strings.Builder
	for _, c := range r.Content {
		b.WriteString(c.Text)
	}
	return b.String()
}

// id reads the id of the memory that a remember has made.
func (r toolResult) id(t testing.TB) string {
	t.Helper()
	var stored struct {
		ID          string
		DuplicateOf string `json:"duplicate_of"`
	}
	if err := json.Unmarshal(r.Structured, &stored); err != nil || r.IsError || stored.ID == "" || stored.DuplicateOf != "" {
		t.Errorf("remember: %s %v", r.text(), err)
	}
	return stored.ID
}

// mcpClient is an MCP client whose server is `elderzan serve` in a process of its own, on two pipes. It checks that
// nothing but MCP comes out, and that each request is answered once. Safe for concurrent use.
type mcpClient struct {
	t      testing.TB
	cmd    *exec.Cmd
	in     io.WriteCloser
	stderr bytes.Buffer
	ended  chan struct{} // closed when the server's output has ended

	mu    sync.Mutex
	next  int
	open  map[string]chan message // by raw id
	notes []message
	wmu   sync.Mutex
}

// serve starts an MCP client on the folder. It is closed with the test.
func (f *folder) serve(args ...string) *mcpClient {
	f.t.Helper()
	c := &mcpClient{t: f.t, ended: make(chan struct{}), open: map[string]chan message{}}
	c.cmd = f.command(context.Background(), append([]string{"serve"}, args...)...)
	c.cmd.Stderr = &c.stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		f.t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	go c.read(out)
	f.t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			c.close()
		}
	})
	return c
}

// read takes the server's output apart.
func (c *mcpClient) read(out io.Reader) {
	defer close(c.ended)
	r := bufio.NewReaderSize(out, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if len(line) > 0 {
				c.t.Errorf("the output ends within a line: %.200q", line)
			}
			return
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil || m.Version != "2.0" || (m.Method == "") == (m.Result == nil && m.Error == nil) {
			c.t.Errorf("not MCP on standard output: %.200q", line)
			continue
		}
		c.mu.Lock()
		if m.Method != "" {
			c.notes = append(c.notes, m)
			c.mu.Unlock()
			continue
		}
		ch := c.open[string(m.ID)]
		delete(c.open, string(m.ID))
		c.mu.Unlock()
		if ch == nil {
			c.t.Errorf("an answer that nobody waits for: %.200q", line)
			continue
		}
		ch <- m
	}
}

// send writes one message.
func (c *mcpClient) send(v any) {
	c.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw(append(b, '\n'))
}

// raw writes bytes as they are.
func (c *mcpClient) raw(b []byte) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if _, err := c.in.Write(b); err != nil {
		c.t.Errorf("write to the server: %v", err)
	}
}

// expect makes a place for the answer to a request with the id.
func (c *mcpClient) expect(id string) <-chan message {
	ch := make(chan message, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[id] = ch
	return ch
}

// request sends a request; its answer comes on the channel.
func (c *mcpClient) request(method string, params any) <-chan message {
	c.mu.Lock()
	c.next++
	id := c.next
	c.mu.Unlock()
	ch := c.expect(fmt.Sprint(id))
	msg := map[string]any{"jsonrpc": "2.0", "id": id, "method": method}
	if params != nil {
		msg["params"] = params
	}
	c.send(msg)
	return ch
}

// await returns the answer to a request.
func (c *mcpClient) await(ch <-chan message) message {
	select {
	case m := <-ch:
		return m
	case <-c.ended:
		select {
		case m := <-ch:
			return m
		default:
		}
		c.t.Errorf("the server ended without an answer: %s", c.stderr.String())
	case <-time.After(commandTime):
		c.t.Errorf("no answer within %v", commandTime)
	}
	return message{Result: json.RawMessage("{}")}
}

// result returns what a request gives, which must not be an error, in v unless that is nil.
func (c *mcpClient) result(v any, method string, params any) {
	c.t.Helper()
	m := c.await(c.request(method, params))
	if m.Error != nil {
		c.t.Errorf("%s: error %d: %s", method, m.Error.Code, m.Error.Message)
		return
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(m.Result, v); err != nil {
		c.t.Errorf("%s: %v in %.200q", method, err, m.Result)
	}
}

// initialize does the handshake.
func (c *mcpClient) initialize() {
	c.t.Helper()
	c.result(nil, "initialize", map[string]any{
		"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "end-to-end", "version": "1"},
	})
	c.send(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
}

// tool calls a tool. An answer that is a protocol error fails the test.
func (c *mcpClient) tool(name string, args map[string]any) toolResult {
	c.t.Helper()
	var r toolResult
	c.result(&r, "tools/call", map[string]any{"name": name, "arguments": args})
	if !r.IsError && r.Content != nil {
		checkResult(c.t, c.schemas(), name, r)
	}
	return r
}

// schemas returns the output schemas that the server offers, by tool. Every server of this build offers the same.
func (c *mcpClient) schemas() map[string]*jsonschema.Schema {
	offered.Do(func() {
		var list toolList
		c.result(&list, "tools/list", nil)
		offered.schemas = list.schemas(c.t)
	})
	return offered.schemas
}

// ok calls a tool that must succeed and reads its data into v unless that is nil.
func (c *mcpClient) ok(v any, name string, args map[string]any) {
	c.t.Helper()
	r := c.tool(name, args)
	if r.IsError {
		c.t.Errorf("%s: %s", name, r.text())
		return
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(r.Structured, v); err != nil {
		c.t.Errorf("%s: %v in %.200q", name, err, r.Structured)
	}
}

// notesOf returns the notifications of a method so far.
func (c *mcpClient) notesOf(method string) []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []message
	for _, m := range c.notes {
		if m.Method == method {
			out = append(out, m)
		}
	}
	return out
}

// close closes the server's input, waits for its end and returns how long that took. Requests that were never
// answered, and an end that is not clean, fail the test.
func (c *mcpClient) close() time.Duration {
	c.t.Helper()
	start := time.Now()
	c.in.Close()
	select {
	case <-c.ended:
	case <-time.After(commandTime):
		c.t.Errorf("serve did not end within %v of its input", commandTime)
		_ = c.cmd.Process.Kill() // unless it has just ended
		<-c.ended
	}
	err := c.cmd.Wait()
	took := time.Since(start)
	if err != nil {
		c.t.Errorf("serve: %v: %s", err, c.stderr.String())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.open {
		c.t.Errorf("request %s was never answered", id)
	}
	return took
}
