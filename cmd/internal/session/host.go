package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// Options configure a Host. Only Server has no default.
type Options struct {
	Server *server.MCPServer
	// Handle passes a message to the server and returns its answer; nil means the server's own HandleMessage.
	Handle func(ctx context.Context, s *server.MCPServer, message json.RawMessage) mcp.JSONRPCMessage
	// Epoch tells this process's requests to clients from those of the process before; "" means none.
	Epoch string
	// Ready waits until what handlers need is open; its error is the answer to a call that needs it. nil means ready.
	Ready func(context.Context) error
	// NeedsReady tells which requests wait for Ready, by method and raw params; nil means tools/call, resources/read,
	// prompts/get and completion/complete.
	NeedsReady func(method string, params json.RawMessage) bool
	// ProjectOf names the project around a folder, as name, root and remote; nil means projects are known only from
	// what a connection says of itself.
	ProjectOf func(dir string) (name, root, remote string)
	// Opened and Ended are told of connections: when the client says that it is ready, and when it is gone. They must not
	// block; nil means nobody is told.
	Opened, Ended func(Conn)
	MaxConcurrent int           // requests of one session that run at once; 0 means 32
	Timeout       time.Duration // of one request, without the time it waits for the user; 0 means 60 s
	// TimeoutOf is the Timeout of requests that want another, by method and raw params; 0 means Timeout, nil that none do.
	TimeoutOf  func(method string, params json.RawMessage) time.Duration
	AskTimeout time.Duration // of one question to the client; 0 means 10 minutes
	LeaveGrace time.Duration // for running requests of a client that has gone; 0 means 10 s
	Logger     *slog.Logger  // nil means none
}

// Host serves sessions on one MCP server. Safe for concurrent use.
type Host struct {
	o       Options
	count   atomic.Int64 // sessions ever
	running atomic.Int64 // requests under way
	subs    atomic.Int64 // resources that sessions have subscribed to, counted for each session
	mu      sync.Mutex
	live    map[*Session]struct{}
}

// NewHost returns a Host. It adds a middleware to the server that turns a handler's panic into an error without detail.
func NewHost(o Options) *Host {
	o.MaxConcurrent = orInt(o.MaxConcurrent, 32)
	o.Timeout = orTime(o.Timeout, time.Minute)
	o.AskTimeout = orTime(o.AskTimeout, 10*time.Minute)
	o.LeaveGrace = orTime(o.LeaveGrace, 10*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.TimeoutOf == nil {
		o.TimeoutOf = func(string, json.RawMessage) time.Duration { return 0 }
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	if o.NeedsReady == nil {
		o.NeedsReady = needsReady
	}
	if o.Handle == nil {
		o.Handle = func(ctx context.Context, s *server.MCPServer, message json.RawMessage) mcp.JSONRPCMessage {
			return s.HandleMessage(ctx, message)
		}
	}
	if o.Opened == nil {
		o.Opened = func(Conn) {}
	}
	if o.Ended == nil {
		o.Ended = func(Conn) {}
	}
	h := &Host{o: o, live: map[*Session]struct{}{}}
	o.Server.Use(h.recoverTool)
	return h
}

func orInt(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

func orTime(v, def time.Duration) time.Duration {
	if v == 0 {
		return def
	}
	return v
}

func needsReady(method string, _ json.RawMessage) bool {
	switch mcp.MCPMethod(method) {
	case mcp.MethodToolsCall, mcp.MethodResourcesRead, mcp.MethodPromptsGet, mcp.MethodCompletionComplete:
		return true
	}
	return false
}

var errInternal = errors.New("internal error; the engine's log has the details")

// recoverTool stands nearest to the handler, so that no other middleware gets to tell the client what a panic said.
func (h *Host) recoverTool(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (res *mcp.CallToolResult, err error) {
		defer func() {
			if p := recover(); p != nil {
				h.logPanic(p, req.Params.Name)
				res, err = nil, errInternal
			}
		}()
		return next(ctx, req)
	}
}

// logPanic logs where a panic happened. Its value may hold a memory's text, so only its type and runtime errors are told.
func (h *Host) logPanic(p any, where string) {
	what := fmt.Sprintf("%T", p)
	if e, ok := p.(interface {
		error
		RuntimeError()
	}); ok {
		what = e.Error()
	}
	h.o.Logger.Error("panic in a handler", "where", where, "panic", what, "stack", string(debug.Stack()))
}

// Running returns how many requests are under way in all sessions.
func (h *Host) Running() int { return int(h.running.Load()) }

// Subscribed reports whether any session has subscribed to a resource: if none has, nobody needs to work out which have
// changed.
func (h *Host) Subscribed() bool { return h.subs.Load() > 0 }

// ResourceUpdated tells the sessions that subscribed to uri that the resource has changed. It does not wait for them: a
// client that is slow is told once of all that changed of a resource until it reads.
func (h *Host) ResourceUpdated(uri string) {
	if !h.Subscribed() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.live {
		s.resourceUpdated(uri)
	}
}

// Source yields a client's messages in order, each with its number in the client's epoch. Its errors are those of
// link.Reader; a *link.TooLongError does not end it. The message is valid until the next call.
type Source func() (n uint64, message []byte, err error)

// Frames reads messages from the frames of a socket.
func Frames(r *link.Reader) Source {
	return func() (uint64, []byte, error) {
		line, err := r.Next()
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) { // a torn frame: its sender is gone and will send it again
				err = io.EOF
			}
			return 0, nil, err
		}
		n, message, ok := link.SplitFrame(line)
		if !ok {
			return 0, nil, errors.New("session: not a frame")
		}
		return n, message, nil
	}
}

// Lines reads bare messages and numbers them itself.
func Lines(r *link.Reader) Source {
	var n uint64
	return func() (uint64, []byte, error) {
		line, err := r.Next()
		if errors.Is(err, io.ErrUnexpectedEOF) && len(line) > 0 {
			err = nil // a last line without an end
		}
		n++
		return n, line, err
	}
}

// Serve runs the session of one connection until its source ends, ctx is done, or drain is closed and the running
// requests have been answered. It owns w and closes it. It returns nil when the client left or the session was drained.
// A read of src may outlive it; what that brings is dropped.
func (h *Host) Serve(ctx context.Context, c Conn, src Source, w io.WriteCloser, drain <-chan struct{}) error {
	return h.start(ctx, c, src, w, nil, drain)
}

// ServeTo is Serve for a transport that keeps the messages of each request apart, such as HTTP. It owns sink and closes
// it.
func (h *Host) ServeTo(ctx context.Context, c Conn, src Source, sink Sink, drain <-chan struct{}) error {
	return h.start(ctx, c, src, sinkCloser{sink}, sink, drain)
}

func (h *Host) start(ctx context.Context, c Conn, src Source, w io.WriteCloser, sink Sink, drain <-chan struct{}) error {
	id := c.Session + "." + strconv.FormatInt(h.count.Add(1), 10)
	s := newSession(h, id, c, w, sink)
	ctx, s.cancel = context.WithCancelCause(ctx)
	defer s.cancel(nil)
	if err := h.o.Server.RegisterSession(ctx, s); err != nil {
		w.Close()
		return fmt.Errorf("register session: %w", err)
	}
	h.mu.Lock()
	h.live[s] = struct{}{}
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.live, s)
		h.mu.Unlock()
		s.unsubscribeAll()
		h.o.Server.UnregisterSession(context.WithoutCancel(ctx), id)
		select {
		case <-drain: // the client stays, with another engine
		default:
			if !c.Brief {
				h.o.Ended(s.Conn())
			}
		}
	}()
	s.ctx = h.o.Server.WithContext(ctx, s)
	return s.serve(src, drain)
}
