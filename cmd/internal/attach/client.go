package attach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// protocolVersion is the MCP revision that Client speaks.
const protocolVersion = "2025-11-25"

// ErrClosed is returned by calls on a Client that has been closed.
var ErrClosed = errors.New("attach: client is closed")

// ToolError is a tool's own error: a text for whoever called it.
type ToolError struct {
	Tool string
	Text string
	Data json.RawMessage // structured content that came with it; nil for none
}

func (e *ToolError) Error() string { return e.Text }

// CallError is a JSON-RPC error.
type CallError struct {
	Code int             `json:"code"`
	Text string          `json:"message"`
	Data json.RawMessage `json:"data,omitempty"`
}

func (e *CallError) Error() string { return e.Text }

// Question is what a tool asks the user in the middle of a call.
type Question struct {
	Message string          `json:"message"`
	Schema  json.RawMessage `json:"requestedSchema"` // JSON schema of the content that is asked for
}

// Reply answers a Question. Action is "accept", "decline" or "cancel".
type Reply struct {
	Action  string         `json:"action"`
	Content map[string]any `json:"content,omitempty"`
}

// Progress is how far a call has come. Total is 0 when that is not known.
type Progress struct {
	Progress float64 `json:"progress"`
	Total    float64 `json:"total"`
	Message  string  `json:"message"`
}

// ClientOptions are the options of a Client beyond those of the pipe; its Stdin and Stdout are not used.
type ClientOptions struct {
	Options
	Version string // of this program, for the engine's log
	// Ask puts a tool's question to the user. nil makes tools go without asking.
	Ask func(context.Context, Question) (Reply, error)
}

// Client is a small MCP client of the engine, with the pipe's guarantees: it starts the engine when none runs, and a
// call whose engine dies is repeated on the next one, in effect once. Safe for concurrent use.
type Client struct {
	o      ClientOptions
	cancel context.CancelFunc
	ctx    context.Context
	in     *io.PipeWriter // to the pipe
	ended  chan struct{}  // closed when the pipe has ended and all its output was read

	wmu sync.Mutex

	mu       sync.Mutex
	next     int
	calls    map[string]chan reply
	progress map[string]func(Progress)
	closed   bool
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *CallError      `json:"error"`
}

// Dial connects to the engine of o.Dir, starting it when none runs, and opens an MCP session. The client lives until
// Close; ctx bounds the dialling only.
func Dial(ctx context.Context, o ClientOptions) (*Client, error) {
	if o.Client == "" {
		o.Client = "elderzan-cli"
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	o.Stdin, o.Stdout = inR, outW
	if err := o.defaults(); err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &Client{
		o: o, ctx: life, cancel: cancel, in: inW, ended: make(chan struct{}),
		calls: map[string]chan reply{}, progress: map[string]func(Progress){},
	}
	go func() {
		newPipe(o.Options).run(life)
		outW.Close()
		inR.Close()
	}()
	go c.read(outR)
	if err := c.initialize(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) initialize(ctx context.Context) error {
	caps := map[string]any{}
	if c.o.Ask != nil {
		caps["elicitation"] = map[string]any{}
	}
	err := c.Request(ctx, methodInitialize, map[string]any{
		"protocolVersion": protocolVersion,
		"capabilities":    caps,
		"clientInfo":      map[string]any{"name": c.o.Client, "version": c.o.Version},
	}, nil)
	if err != nil {
		return err
	}
	return c.send(map[string]any{"jsonrpc": "2.0", "method": methodInitialized})
}

// Close ends the session, after the calls under way were answered or the pipe's DrainTimeout has passed.
func (c *Client) Close() error {
	c.in.Close()
	<-c.ended
	c.cancel()
	return nil
}

// Call calls a tool with args, which are marshalled to a JSON object, and unmarshals its structured content, or else
// its text, into out unless that is nil. A tool that reports an error makes it return a *ToolError, the protocol a
// *CallError.
func (c *Client) Call(ctx context.Context, tool string, args, out any) error {
	return c.CallProgress(ctx, tool, args, out, nil)
}

// CallProgress is Call with progress: it is called, from one goroutine at a time, for every step that the tool reports.
func (c *Client) CallProgress(ctx context.Context, tool string, args, out any, progress func(Progress)) error {
	params := map[string]any{"name": tool}
	if args != nil {
		params["arguments"] = args
	}
	var res struct {
		IsError    bool            `json:"isError"`
		Structured json.RawMessage `json:"structuredContent"`
		Content    []struct {
			Type string `json:"type"`
			Text string `json:"text"`
		} `json:"content"`
	}
	if err := c.request(ctx, "tools/call", params, &res, progress); err != nil {
		return err
	}
	var text string
	for _, part := range res.Content {
		if part.Type == "text" {
			text += part.Text
		}
	}
	if res.IsError {
		return &ToolError{Tool: tool, Text: text, Data: res.Structured}
	}
	if out == nil {
		return nil
	}
	raw := []byte(res.Structured)
	if raw == nil {
		raw = []byte(text)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("read result of %s: %w", tool, err)
	}
	return nil
}

// Request sends any MCP request and unmarshals its result into out unless that is nil.
func (c *Client) Request(ctx context.Context, method string, params, out any) error {
	return c.request(ctx, method, params, out, nil)
}

func (c *Client) request(ctx context.Context, method string, params, out any, progress func(Progress)) error {
	ch := make(chan reply, 1)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrClosed
	}
	c.next++
	id := strconv.Itoa(c.next)
	c.calls[id] = ch
	if m, ok := params.(map[string]any); ok && progress != nil {
		m["_meta"] = map[string]any{"progressToken": c.next}
		c.progress[id] = progress
	}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.calls, id)
		delete(c.progress, id)
		c.mu.Unlock()
	}()
	msg := map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "method": method}
	if params != nil {
		msg["params"] = params
	}
	if err := c.send(msg); err != nil {
		return err
	}
	select {
	case r, ok := <-ch:
		switch {
		case !ok:
			return ErrClosed
		case r.Error != nil:
			return r.Error
		case out == nil:
			return nil
		}
		if err := json.Unmarshal(r.Result, out); err != nil {
			return fmt.Errorf("read result of %s: %w", method, err)
		}
		return nil
	case <-ctx.Done():
		_ = c.send(map[string]any{"jsonrpc": "2.0", "method": methodCancelled, "params": map[string]any{"requestId": json.RawMessage(id)}})
		return ctx.Err()
	}
}

func (c *Client) send(msg any) error {
	b, err := json.Marshal(msg)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if _, err := c.in.Write(append(b, '\n')); err != nil {
		return ErrClosed
	}
	return nil
}

// read takes what the pipe writes until it ends.
func (c *Client) read(out io.Reader) {
	defer close(c.ended)
	r := link.NewReader(out, link.MaxAnswer)
	for {
		line, err := r.Next()
		if err != nil {
			break
		}
		m, err := link.Parse(line)
		switch {
		case err != nil:
		case m.Method == "":
			c.answered(m, line)
		case m.ID != nil:
			go c.asked(m.Method, append([]byte(nil), m.ID...), append([]byte(nil), m.Params...))
		case m.Method == "notifications/progress":
			c.progressed(m.Params)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for id, ch := range c.calls {
		close(ch)
		delete(c.calls, id)
	}
}

func (c *Client) answered(m link.Message, line []byte) {
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		r.Error = &CallError{Text: "the engine's answer cannot be read"}
	}
	c.mu.Lock()
	ch := c.calls[string(m.ID)]
	delete(c.calls, string(m.ID))
	c.mu.Unlock()
	if ch != nil {
		ch <- r
	}
}

func (c *Client) progressed(params []byte) {
	var p Progress
	if json.Unmarshal(params, &p) != nil {
		return
	}
	c.mu.Lock()
	f := c.progress[string(link.Member(params, "progressToken"))]
	c.mu.Unlock()
	if f != nil {
		f(p)
	}
}

// asked answers the engine's requests: it may ask the user, if we can, and whether we live.
func (c *Client) asked(method string, id, params []byte) {
	answer := map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id)}
	switch {
	case method == "ping":
		answer["result"] = struct{}{}
	case method == "elicitation/create" && c.o.Ask != nil:
		var q Question
		err := json.Unmarshal(params, &q)
		if err == nil {
			var r Reply
			if r, err = c.o.Ask(c.ctx, q); err == nil {
				answer["result"] = r
				break
			}
		}
		answer["error"] = CallError{Code: -32603, Text: err.Error()}
	default:
		answer["error"] = CallError{Code: -32601, Text: "this client does not answer " + method}
	}
	_ = c.send(answer) // a client that is closing needs no answer
}
