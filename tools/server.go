package tools

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/prompts"
)

// DefaultTimeout bounds a call when Options.Timeout is zero.
const DefaultTimeout = 30 * time.Second

// Options tells the server what it speaks for. Service is required; every other field has a default.
type Options struct {
	// Service returns the memory to work with, waiting until it is open or ctx is done. Its error is told to the
	// client, so it must hold nothing secret.
	Service func(ctx context.Context) (*memory.Service, error)
	// Caller says who makes the call; nil means an unnamed agent.
	Caller func(ctx context.Context) memory.Caller
	// Status reports what the Service does not know; nil means nothing.
	Status func(ctx context.Context) StatusInfo
	// Names completes the names of projects, tags and teams; nil means from the newest memories.
	Names func(ctx context.Context, c memory.Caller, field, prefix string, limit int) ([]string, error)
	// Topics groups the memories that the caller may read; nil means that there are no topics.
	Topics func(ctx context.Context, c memory.Caller) (memory.TopicMap, error)
	// OnCall is told of every finished tool call, for metrics; it must not block. nil means nobody is.
	OnCall  func(Call)
	Version string        // of the build; "" means "dev"
	Timeout time.Duration // ceiling of one call; 0 means DefaultTimeout
	Logger  *slog.Logger  // nil means silence
}

// Call is what metrics may know of one tool call.
type Call struct {
	Tool    string
	User    string // who called, and through which client; for groups of users, never for labels
	Client  string
	Took    time.Duration
	Outcome string // "ok", "asked", "input", "not_found", "denied", "unavailable", "timeout", "canceled", "corrupt" or "internal"
}

// surface is what the handlers share. It is safe for concurrent use.
type surface struct {
	opts Options
	log  *slog.Logger
	mcp  *server.MCPServer
	key  []byte // binds an answer to the question that was asked; lives as long as the process
}

// listsLast is how long a client may go on with what is offered, in milliseconds: it changes with the build alone, and
// a newer build takes over while clients are connected. What is read may change at any time and is not kept.
const listsLast = 5 * 60 * 1000

// signed has results of the protocol since 2026-07-28 carry name and version of the server, as they should, and leaves its
// title, description and icon to server/discover: each result would be some 400 bytes longer, paid for by every call.
func signed(version string) *server.Hooks {
	h := &server.Hooks{}
	h.AddOnSuccess(func(ctx context.Context, _ any, method mcp.MCPMethod, _, result any) {
		r, ok := result.(mcp.ResultMetadata)
		if ok && method != mcp.MethodServerDiscover && server.IsModernRequest(ctx) {
			r.EnsureResultMeta().SetServerInfo(mcp.Implementation{Name: "elderzan", Version: version})
		}
	})
	return h
}

// icon is three lines, things kept: <svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><path d='M1 1h6v1H1zm0 2.5h6v1H1zM1 6h6v1H1z'/></svg>.
// In base64, since a URI may hold neither spaces nor angle brackets.
const icon = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0naHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmcnIHZpZXdCb3g9JzAgMCA4IDgnPjxwYXRoIGQ9J00xIDFoNnYxSDF6bTAgMi41aDZ2MUgxek0xIDZoNnYxSDF6Jy8+PC9zdmc+"

// NewServer returns an MCP server with everything this package offers. It answers initialize, server/discover and
// the lists before the Service is open. The lists come in the same order every time. Use Handle to pass it messages.
func NewServer(o Options) (*server.MCPServer, error) {
	if o.Service == nil {
		return nil, errors.New("tools: server needs a service")
	}
	if o.Caller == nil {
		o.Caller = func(context.Context) memory.Caller { return memory.Caller{} }
	}
	if o.Status == nil {
		o.Status = func(context.Context) StatusInfo { return StatusInfo{} }
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	s := &surface{opts: o, log: o.Logger, key: make([]byte, 32)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	rand.Read(s.key) // never fails: crypto/rand aborts the process rather than return an error
	s.mcp = server.NewMCPServer("elderzan", o.Version, append(withCodes(),
		server.WithTitle("elderzan memory"),
		server.WithDescription("Long-term memory for AI agents: private by default, searched by meaning"),
		server.WithInstructions(prompts.Instructions()),
		server.WithToolCapabilities(false),
		server.WithResourceCapabilities(true, false),
		server.WithPromptCapabilities(false),
		server.WithCompletions(),
		server.WithLogging(),
		server.WithPromptCompletionProvider(s),
		server.WithResourceCompletionProvider(s),
		server.WithHooks(signed(o.Version)),
		server.WithIcons(mcp.Icon{Src: icon, MIMEType: "image/svg+xml", Sizes: []string{"any"}}),
		server.WithMethodCacheHints(mcp.MethodServerDiscover, listsLast, mcp.CacheScopePrivate),
		server.WithMethodCacheHints(mcp.MethodToolsList, listsLast, mcp.CacheScopePrivate),
		server.WithMethodCacheHints(mcp.MethodPromptsList, listsLast, mcp.CacheScopePrivate),
		server.WithMethodCacheHints(mcp.MethodResourcesList, listsLast, mcp.CacheScopePrivate),
		server.WithMethodCacheHints(mcp.MethodResourcesTemplatesList, listsLast, mcp.CacheScopePrivate),
	)...)
	s.addTools()
	s.addResources()
	s.addPrompts()
	return s.mcp, nil
}

func (s *surface) addTools() {
	s.add("remember", s.remember)
	s.add("recall", s.recall)
	s.add("search", s.search)
	s.add("classify", s.classify)
	s.add("share", s.share)
	s.add("revise", s.revise)
	s.add("forget", s.forget)
	s.add("status", s.status)
	s.add("workspace", s.workspace)
}

func (s *surface) add(name string, h handler) {
	d := definitions[name]
	s.mcp.AddTool(mcp.Tool{
		Name: name, Title: d.Title, Description: d.Description, Annotations: d.Annotations,
		RawInputSchema: d.InputSchema, RawOutputSchema: d.OutputSchema,
	}, s.run(d, h))
}
