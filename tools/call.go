package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/memory"
)

// call is one tool call on its way through a handler.
type call struct {
	tool    string
	service *memory.Service
	caller  memory.Caller
	args    *args
	ask     memory.Ask // nil where nobody can be asked
	asked   *questions
	links   []mcp.Content // resource links to send beside the result
	closed  error         // why service is nil, for the tool that works without
}

// handler does a tool's work and returns its result, which is sent as structured content and as text.
type handler func(ctx context.Context, c *call) (any, error)

// withoutService names the tool that has something to say while the memory is not open.
const withoutService = "status"

// run wraps a handler: it reads the arguments, waits for the service, sets the deadline, and turns what comes back,
// a panic included, into a result.
func (s *surface) run(d *definition, h handler) server.ToolHandlerFunc {
	attempt := func(ctx context.Context, req mcp.CallToolRequest) (res *mcp.CallToolResult, outcome string) {
		defer func() {
			if r := recover(); r != nil {
				res, outcome = s.failed(ctx, d.name, panicError(r))
			}
		}()
		a, err := readArgs(ctx, d, req)
		if err != nil {
			return s.failed(ctx, d.name, err)
		}
		c := &call{tool: d.name, caller: s.opts.Caller(ctx), args: a, asked: s.newQuestions(a, req)}
		if c.asked.possible(ctx) {
			c.ask = c.asked.ask
		}
		ctx, cancel := context.WithTimeout(ctx, s.timeout(d.name, a))
		defer cancel()
		if c.service, c.closed = s.open(ctx, d.name); c.closed != nil && d.name != withoutService {
			return s.failed(ctx, d.name, c.closed)
		}
		s.progress(ctx, req, 1, "the memory is open")
		out, err := h(ctx, c)
		if c.asked.open() {
			return c.asked.result(), "asked"
		}
		if err != nil {
			return s.failed(ctx, d.name, err)
		}
		s.progress(ctx, req, 2, "done")
		return succeeded(out, c.links), "ok"
	}
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		start := time.Now()
		res, outcome := s.askLegacy(ctx, req, attempt)
		if s.opts.OnCall != nil {
			who := s.opts.Caller(ctx)
			s.opts.OnCall(Call{Tool: d.name, User: who.User, Client: who.Client, Took: time.Since(start), Outcome: outcome})
		}
		return res, nil
	}
}

// progress tells a client that asked for it how far a call has come: the memory may take a while to open, and the model
// to load.
func (s *surface) progress(ctx context.Context, req mcp.CallToolRequest, done int, what string) {
	if req.Params.Meta == nil || req.Params.Meta.ProgressToken == nil {
		return
	}
	_ = s.mcp.SendNotificationToClient(ctx, "notifications/progress", map[string]any{ // a client that has gone needs none
		"progressToken": req.Params.Meta.ProgressToken, "progress": done, "total": 2, "message": what,
	})
}

// timeouts of recall by mode: what a client that waits for an answer would bear, with room for the first call, which
// loads the model.
var timeouts = map[memory.Mode]time.Duration{memory.Fast: 5 * time.Second, memory.Balanced: 15 * time.Second}

func (s *surface) timeout(tool string, a *args) time.Duration {
	if tool == "recall" {
		if t, ok := timeouts[memory.Mode(a.peek("mode", string(memory.Balanced)))]; ok {
			return min(t, s.opts.Timeout)
		}
	}
	return s.opts.Timeout
}

// succeeded sends out twice, as the protocol asks: as data, and as the same JSON in text for clients that read no data. What is
// JSON already is sent as it is.
func succeeded(out any, links []mcp.Content) *mcp.CallToolResult {
	b, written := out.(json.RawMessage)
	if !written {
		b = encode(out)
	}
	content := append([]mcp.Content{mcp.NewTextContent(string(b))}, links...)
	return &mcp.CallToolResult{Content: content, StructuredContent: b}
}

// encode writes v as compact JSON, with <, > and & as they are: the text is read by models, not browsers.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // results are structs of strings and numbers; caught by run like any other panic
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// panicked is a panic as an error. It shows the value only where the runtime made it: any other may hold a text.
type panicked struct {
	value string
	stack string
}

func (p *panicked) Error() string { return "panic: " + p.value }

func panicError(r any) error {
	value := fmt.Sprintf("%T", r)
	if e, ok := r.(runtime.Error); ok {
		value = e.Error()
	}
	return &panicked{value: value, stack: string(debug.Stack())}
}
