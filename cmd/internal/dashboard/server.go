package dashboard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"embed"

	"github.com/elderzan/elderzan/memory"
)

//go:embed assets
var assets embed.FS

// Options says what there is to show. Service, Caller, Overview and Logger are required; a page whose source is nil is
// not offered.
type Options struct {
	// Service returns the memory, or why it is not open.
	Service func(context.Context) (*memory.Service, error)
	// Caller is on whose behalf the page acts: the person at this machine.
	Caller    memory.Caller
	Overview  func(context.Context) Overview
	Audit     Audit
	Topics    func(context.Context) (memory.TopicMap, error)
	Conflicts Conflicts
	Settings  func() []Setting
	Recent    func() Recent    // nil: nothing is counted
	Promises  func() []Promise // nil: nothing is promised
	History   History
	Flags     Flags
	Logger    *slog.Logger
	Now       func() time.Time // nil means time.Now
}

// Overview is what the first page tells of the engine.
type Overview struct {
	Version string
	PID     int
	Uptime  time.Duration
	Clients int
	Model   string
	DataDir string
	Sync    string
	Alerts  []string
}

// Recent is what the calls of the last five minutes were like.
type Recent struct {
	Calls, Failing int
	P50, P95       time.Duration // upper bounds; 0 without calls
}

// Promise is an objective of the service, in words, and how it is kept.
type Promise struct {
	Name, Target, Alert, Now, State string
	Alarm                           bool
}

// Setting is one line of the configuration.
type Setting struct {
	Key, Value, Help string
	Secret           bool // Value is not shown
}

// Server is the dashboard of one engine. It is safe for concurrent use.
type Server struct {
	opts   Options
	guard  *guard
	pages  pages
	routes []page
	mux    *http.ServeMux
	http   *http.Server
	addr   string
}

// page is an entry of the navigation.
type page struct{ Path, Title string }

// Start listens on a free port of 127.0.0.1. The caller closes the Server.
func Start(o Options) (*Server, error) {
	if o.Service == nil || o.Overview == nil || o.Logger == nil {
		return nil, errors.New("dashboard: Service, Overview and Logger must be set")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	parsed, err := parsePages()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	s := &Server{opts: o, pages: parsed, guard: newGuard(o.Now), mux: http.NewServeMux(), addr: l.Addr().String()}
	if err := s.route(); err != nil {
		l.Close()
		return nil, err
	}
	s.http = &http.Server{
		Handler: s.protect(s.mux), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			o.Logger.Error("dashboard ended", "error", err)
		}
	}()
	return s, nil
}

// URL returns an address that lets a browser in once, within a few minutes.
func (s *Server) URL() string { return "http://" + s.addr + "/enter?token=" + s.guard.issue() }

// Close ends the page. Requests under way are cut off after a moment.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

func (s *Server) route() error {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		return err
	}
	s.mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(files)))
	s.mux.HandleFunc("GET /enter", s.enter)
	s.mux.HandleFunc("GET /{$}", s.handle(s.overview))
	s.mux.HandleFunc("GET /memories", s.handle(s.memories))
	s.mux.HandleFunc("GET /memories/{id}", s.handle(s.memory))
	s.mux.HandleFunc("POST /memories/{id}/{action}", s.handle(s.change))
	s.mux.HandleFunc("GET /sessions", s.handle(s.sessions))
	s.mux.HandleFunc("GET /sessions/{id}", s.handle(s.session))
	s.routes = []page{{"/", "Overview"}, {"/memories", "Memories"}}
	if s.opts.Topics != nil {
		s.mux.HandleFunc("GET /topics", s.handle(s.topics))
		s.routes = append(s.routes, page{"/topics", "Topics"})
	}
	s.routes = append(s.routes, page{"/sessions", "Sessions"})
	if s.opts.Conflicts != nil {
		s.mux.HandleFunc("GET /conflicts", s.handle(s.conflicts))
		s.mux.HandleFunc("POST /conflicts/{id}/settle", s.handle(s.settle))
		s.routes = append(s.routes, page{"/conflicts", "Conflicts"})
	}
	if s.opts.Audit != nil {
		s.mux.HandleFunc("GET /audit", s.handle(s.audit))
		s.routes = append(s.routes, page{"/audit", "Audit"})
	}
	if s.opts.History != nil {
		s.mux.HandleFunc("GET /metrics", s.handle(s.metrics))
		s.routes = append(s.routes, page{"/metrics", "Metrics"})
	}
	if s.opts.Flags != nil {
		s.mux.HandleFunc("POST /flags/{name}", s.handle(s.setFlag))
	}
	if s.opts.Settings != nil {
		s.mux.HandleFunc("GET /settings", s.handle(s.settings))
		s.routes = append(s.routes, page{"/settings", "Settings"})
	}
	return nil
}
