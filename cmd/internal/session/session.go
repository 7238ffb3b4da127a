package session

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Queues of one session. Notifications over the limit are lost, as mcp-go defines; results wait.
const (
	noteQueue  = 512
	outQueue   = 32
	eventQueue = 64   // notifications from the client
	maxListens = 16   // subscriptions/listen streams
	maxQueue   = 1024 // requests that wait for their turn
)

// Session is one connection's MCP session. mcp-go calls its exported methods, from any goroutine.
type Session struct {
	h      *Host
	id     string
	ctx    context.Context
	cancel context.CancelCauseFunc
	w      io.WriteCloser // nil with a sink
	sink   Sink           // takes messages apart by request; nil for a connection

	notes  chan mcp.JSONRPCNotification
	fresh  chan struct{} // has an element when updated has one
	out    chan []byte
	events chan event
	stop   chan struct{} // closed when nothing more will be queued
	dead   chan struct{} // closed when the writer has ended
	queue  chan struct{} // one taken by each request that waits for its turn
	slots  chan struct{} // one taken by each running request
	idle   chan func()   // takes work for a goroutine that waits for some

	inited atomic.Bool
	asked  atomic.Int64 // requests to the client so far

	mu       sync.Mutex
	conn     Conn
	info     mcp.Implementation
	caps     mcp.ClientCapabilities
	version  string // negotiated by initialize; "" in the sessionless protocol
	level    mcp.LoggingLevel
	draining bool
	gone     bool // the client cannot answer any more
	running  map[string]*request
	listens  int
	asking   map[string]chan answer
	subs     map[string]int      // resource URI → how many subscriptions hold it
	updated  map[string]struct{} // resources whose update is to be written: once, however often they change until then
	over     bool                // takes no more subscriptions
	streams  map[string]stream
	roots    chan struct{} // closed when the client's roots are known; nil when they are not asked for
	byRoots  bool          // the project is that of the client's first root
}

// stream is a subscriptions/listen request that was acknowledged.
type stream struct {
	id     json.RawMessage
	filter mcp.SubscriptionFilter
}

func newSession(h *Host, id string, c Conn, w io.WriteCloser, sink Sink) *Session {
	return &Session{
		h: h, id: id, conn: c, w: w, sink: sink,
		notes:   make(chan mcp.JSONRPCNotification, noteQueue),
		fresh:   make(chan struct{}, 1),
		out:     make(chan []byte, outQueue),
		events:  make(chan event, eventQueue),
		idle:    make(chan func()),
		stop:    make(chan struct{}),
		dead:    make(chan struct{}),
		queue:   make(chan struct{}, maxQueue),
		slots:   make(chan struct{}, h.o.MaxConcurrent),
		level:   mcp.LoggingLevelError,
		running: map[string]*request{},
		asking:  map[string]chan answer{},
		subs:    map[string]int{},
		updated: map[string]struct{}{},
		streams: map[string]stream{},
	}
}

// Initialize marks the session as ready for notifications.
func (s *Session) Initialize() { s.inited.Store(true) }

// Initialized reports whether the session is ready for notifications.
func (s *Session) Initialized() bool { return s.inited.Load() }

// SessionID is unique among the sessions of this process. Conn.Session is the id that outlives it.
func (s *Session) SessionID() string { return s.id }

// NotificationChannel takes notifications for the client.
func (s *Session) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.notes }

// SetLogLevel sets the lowest level of log messages that the client wants.
func (s *Session) SetLogLevel(l mcp.LoggingLevel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.level = l
}

// GetLogLevel returns the lowest level of log messages that the client wants.
func (s *Session) GetLogLevel() mcp.LoggingLevel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.level
}

// SetClientInfo records what the client calls itself.
func (s *Session) SetClientInfo(i mcp.Implementation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info = i
}

// GetClientInfo returns what the client calls itself.
func (s *Session) GetClientInfo() mcp.Implementation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// SetClientCapabilities records what the client can do.
func (s *Session) SetClientCapabilities(c mcp.ClientCapabilities) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caps = c
}

// GetClientCapabilities returns what the client can do.
func (s *Session) GetClientCapabilities() mcp.ClientCapabilities {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caps
}

// SetProtocolVersion records the version negotiated by initialize.
func (s *Session) SetProtocolVersion(v string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = v
}

// ProtocolVersion returns the version negotiated by initialize, or "" without one.
func (s *Session) ProtocolVersion() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

var (
	_ server.SessionWithLogging               = (*Session)(nil)
	_ server.SessionWithClientInfo            = (*Session)(nil)
	_ server.SessionWithElicitation           = (*Session)(nil)
	_ server.SessionWithRoots                 = (*Session)(nil)
	_ server.SessionWithSampling              = (*Session)(nil)
	_ server.SessionWithSubscriptionFilter    = (*Session)(nil)
	_ server.SessionWithResourceSubscriptions = (*Session)(nil)
	_ server.SessionWithProtocolVersion       = (*Session)(nil)
)
