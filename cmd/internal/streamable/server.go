package streamable

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
)

// Path is where the transport answers.
const Path = "/mcp"

// Options configure a Server. Serve and Admit have no default.
type Options struct {
	// Serve serves one session until it ends or ctx does, and closes sink.
	Serve func(ctx context.Context, c session.Conn, src session.Source, sink session.Sink) error
	// Admit says who makes a request, and whether it may; see Tokens.Admit.
	Admit func(r *http.Request) (Who, bool)
	// Local is the user on whose behalf processes of the same user act that come over a unix socket; they need no token.
	Local string
	// Denied is told of a request without a right; nil means nobody is.
	Denied func(r *http.Request)
	// Ended is told of a client without a session of its own that has not been heard of for SessionIdle.
	Ended func(session.Conn)
	// Tool returns a tool by name, for the headers that repeat its arguments; nil means there are no such tools.
	Tool func(name string) *mcp.Tool
	// Hosts are names, besides those of the loopback, under which this server is reached; Origins are those of web
	// pages that may use it, such as https://app.example.
	Hosts, Origins []string
	SessionIdle    time.Duration // before a session that nobody uses ends; 0 means 30 minutes
	KeepAlive      time.Duration // between signs of life on an open stream; 0 means 15 s
	MaxSessions    int           // at once; 0 means 256
	MaxRequests    int           // under way at once; 0 means 256
	Logger         *slog.Logger  // nil means none
	Now            func() time.Time
}

// Who is the caller that a request was admitted for.
type Who struct {
	ID   string // of the token or certificate: a session answers to this one only
	User string // on whose behalf it acts
	// Valid reports whether the right still holds, for streams that stay open; nil means for good.
	Valid func() bool
}

// Server is the transport. It is an http.Handler, safe for concurrent use.
type Server struct {
	o      Options
	life   context.Context
	end    context.CancelFunc
	slots  chan struct{}
	served sync.WaitGroup

	mu       sync.Mutex
	sessions map[string]*httpSession
	visitors map[visitor]*visit
}

// New returns a Server that serves until it is closed.
func New(o Options) *Server {
	if o.SessionIdle == 0 {
		o.SessionIdle = 30 * time.Minute
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 15 * time.Second
	}
	if o.MaxSessions == 0 {
		o.MaxSessions = 256
	}
	if o.MaxRequests == 0 {
		o.MaxRequests = 256
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Ended == nil {
		o.Ended = func(session.Conn) {}
	}
	if o.Denied == nil {
		o.Denied = func(*http.Request) {}
	}
	if o.Tool == nil {
		o.Tool = func(string) *mcp.Tool { return nil }
	}
	s := &Server{o: o, slots: make(chan struct{}, o.MaxRequests), sessions: map[string]*httpSession{}, visitors: map[visitor]*visit{}}
	s.life, s.end = context.WithCancel(context.Background())
	s.served.Go(s.sweep)
	return s
}

// Close ends all sessions and waits for them.
func (s *Server) Close() {
	s.end()
	s.served.Wait()
}

// Listen serves the transport on l until the returned function is called, which ends it after a moment for what runs.
// With TLS settings it speaks HTTPS.
func (s *Server) Listen(l net.Listener, secure *tls.Config) (stop func() error) {
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, TLSConfig: secure,
		ErrorLog: slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug),
	}
	if l.Addr().Network() == "unix" {
		l = ownPeers{l, s.o.Logger}
		srv.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { return context.WithValue(ctx, localKey{}, true) }
	}
	go func() {
		var err error
		if secure != nil {
			err = srv.ServeTLS(l, "", "")
		} else {
			err = srv.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.o.Logger.Error("http ended", "error", err)
		}
	}()
	return func() error {
		s.end() // open streams end with it
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			return srv.Close()
		}
		return nil
	}
}

// ServeHTTP answers one HTTP request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if !s.guardNames(w, r) {
		return
	}
	if r.URL.Path != Path {
		http.Error(w, "MCP is at "+Path, http.StatusNotFound)
		return
	}
	if r.Method == http.MethodOptions {
		h.Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	who, ok := s.admit(r)
	if !ok {
		s.o.Denied(r)
		h.Set("WWW-Authenticate", `Bearer realm="elderzan"`)
		http.Error(w, "send a token: Authorization: Bearer …; `elderzan http token NAME` makes one", http.StatusUnauthorized)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		h.Set("Retry-After", "1")
		http.Error(w, "too many requests at once; try again in a moment", http.StatusServiceUnavailable)
		return
	}
	switch r.Method {
	case http.MethodPost:
		s.post(w, r, who)
	case http.MethodGet:
		s.get(w, r, who)
	case http.MethodDelete:
		s.delete(w, r, who)
	default:
		h.Set("Allow", allowed)
		http.Error(w, "use POST, GET or DELETE", http.StatusMethodNotAllowed)
	}
}

const allowed = "GET, POST, DELETE, OPTIONS"

// maxBody is the longest message, as over the socket.
const maxBody = link.MaxMessage
