package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
)

// ErrHeld is returned when another process works on the data folder.
var ErrHeld = link.ErrHeld

// ErrLeaving is returned for a session that comes while the engine leaves.
var ErrLeaving = errors.New("engine: leaving; try again in a moment")

// Closer gives back what an OpenFunc opened. It is called once, with a context that bounds it.
type Closer func(context.Context) error

// OpenFunc opens what tool calls need. It may take its time, must heed ctx, and is called again after it failed.
type OpenFunc func(context.Context) (Closer, error)

// Options configure an engine. Dir, NewServer and Open have no default.
type Options struct {
	Dir   string // data folder; made with mode 0700 when it is not there
	Build string // build id, as link.BuildID makes it
	// NewServer returns the MCP server with all its tools. It is called once, before anything is open, and must be
	// quick: clients get their first answer after it.
	NewServer func(Deps) *server.MCPServer
	// Open runs in the background after the socket is ready. Tool calls wait for it.
	Open OpenFunc
	// Handle passes a message to the server and returns its answer; nil means the server's own HandleMessage.
	Handle func(ctx context.Context, s *server.MCPServer, message json.RawMessage) mcp.JSONRPCMessage
	// NeedsReady tells which requests wait for Open; nil means those that call or read something.
	NeedsReady func(method string, params json.RawMessage) bool
	// ProjectOf names the project around a folder that a client gives as its root; nil means roots are not asked for.
	ProjectOf func(dir string) (name, root, remote string)

	// Opened and Ended are told of clients' connections; see session.Options.
	Opened, Ended func(session.Conn)

	Idle         time.Duration                                             // without connections before the engine leaves; 0 means 5 minutes, negative never
	DrainTimeout time.Duration                                             // for running requests when the engine leaves; 0 means 8 s
	CloseTimeout time.Duration                                             // for the store to close; 0 means 20 s
	LockWait     time.Duration                                             // for the folder's lock; 0 means 1 s
	CallTimeout  time.Duration                                             // of one request; 0 means 60 s
	TimeoutOf    func(method string, params json.RawMessage) time.Duration // of requests that want another; see session.Options
	Concurrency  int                                                       // requests of one session that run at once; 0 means 32
	MaxConns     int                                                       // connections at once; 0 means 512
	Logger       *slog.Logger                                              // nil means none

	folderCheck  time.Duration // between looks whether the folder is still ours; 0 means 10 s
	helloTimeout time.Duration // for the hello, so that a silent connection does not stay; 0 means 5 s
}

// Deps is what an engine offers to the server it runs.
type Deps struct {
	// ResourceUpdated tells subscribed clients that the resource uri has changed, without waiting for them. Subscribed
	// reports whether there are any. Both are safe for concurrent use.
	ResourceUpdated func(uri string)
	Subscribed      func() bool
	// Ready waits until Open has succeeded; its error says why it has not. Safe for concurrent use.
	Ready func(context.Context) error
	// Status describes the engine. Safe for concurrent use.
	Status func() link.Status
	// Serve serves a session that did not come over the socket, until it ends or ctx does; it owns sink and closes it.
	// It returns ErrLeaving when the engine takes no more. Safe for concurrent use.
	Serve func(ctx context.Context, c session.Conn, src session.Source, sink session.Sink) error
}

func (o *Options) defaults() error {
	if o.Dir == "" || o.NewServer == nil || o.Open == nil {
		return errors.New("engine: Dir, NewServer and Open must be set")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("find data folder: %w", err)
	}
	o.Dir = dir
	for v, def := range map[*time.Duration]time.Duration{
		&o.folderCheck: 10 * time.Second, &o.helloTimeout: 5 * time.Second, &o.Idle: 5 * time.Minute,
		&o.DrainTimeout: 8 * time.Second, &o.CloseTimeout: 20 * time.Second, &o.LockWait: time.Second,
	} {
		if *v == 0 {
			*v = def
		}
	}
	if o.MaxConns == 0 {
		o.MaxConns = 512
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// engine is a running engine.
type engine struct {
	o       Options
	epoch   string
	started time.Time
	user    string
	lock    *link.Lock
	host    *session.Host
	store   *store

	conns   sync.WaitGroup
	drained chan struct{} // closed when the engine begins to leave
	begin   sync.Once
	close   func() // closes the socket

	mu    sync.Mutex
	life  context.Context // of the sessions; nil before the engine runs
	count int             // sessions
	open  int             // connections, with those that have not said hello
	idle  *time.Timer
}

// Run serves the data folder until ctx is done, the process gets SIGTERM or SIGINT, it is told to stop, a newer build
// asks for the folder, or nobody has been connected for Options.Idle. It returns nil then, and also when another
// engine serves the folder already: to lose that race is no error. It returns ErrHeld, wrapped, when something that is
// not an engine keeps the folder.
func Run(ctx context.Context, o Options) error {
	if err := o.defaults(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	lock, err := win(ctx, o)
	if lock == nil {
		return err
	}
	defer lock.Release()
	return newEngine(o, lock).run(ctx)
}

// win takes the folder's lock. It waits for an engine that is leaving, but not behind one that serves: then it returns
// nothing at all.
func win(ctx context.Context, o Options) (*link.Lock, error) {
	const step = 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += step {
		lock, err := link.Acquire(ctx, o.Dir, min(step, o.LockWait))
		switch {
		case err == nil:
			return lock, nil
		case !errors.Is(err, link.ErrHeld):
			return nil, err
		case serving(o.Dir):
			o.Logger.Info("another engine serves the data folder")
			return nil, nil
		case waited >= o.LockWait:
			return nil, err
		}
	}
}

// newEngine returns an engine that is not serving yet.
func newEngine(o Options, lock *link.Lock) *engine {
	e := &engine{
		o: o, epoch: rand.Text()[:12], started: time.Now(), user: userName(os.Geteuid()), lock: lock,
		drained: make(chan struct{}), close: func() {},
	}
	e.store = newStore(o.Open, o.Logger)
	e.host = session.NewHost(session.Options{
		Server: o.NewServer(Deps{ResourceUpdated: e.resourceUpdated, Subscribed: e.subscribed, Ready: e.store.ready, Status: e.status, Serve: e.serve}),
		Handle: o.Handle, NeedsReady: o.NeedsReady,
		Epoch: e.epoch, Ready: e.store.ready, ProjectOf: o.ProjectOf, Opened: o.Opened, Ended: o.Ended,
		MaxConcurrent: o.Concurrency, Timeout: o.CallTimeout, TimeoutOf: o.TimeoutOf, Logger: o.Logger,
	})
	return e
}

// serving reports whether an engine takes connections for dir.
func serving(dir string) bool {
	c, err := net.Dial("unix", link.SocketPath(dir))
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func userName(uid int) string {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return strconv.Itoa(uid)
	}
	return u.Username
}

func (e *engine) run(ctx context.Context) error {
	pidFile := filepath.Join(e.o.Dir, link.PIDName)
	if err := link.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	defer func() {
		if !e.lock.Taken() {
			os.Remove(pidFile)
		}
	}()
	l, remove, err := link.Listen(e.o.Dir)
	if err != nil {
		return err
	}
	e.close = sync.OnceFunc(func() {
		l.Close()
		if !e.lock.Taken() { // else the socket there is that of the engine that came after the folder was replaced
			remove()
		}
	})
	defer e.close()

	// Connections outlive ctx for as long as it takes to drain them.
	life, kill := context.WithCancelCause(context.WithoutCancel(ctx))
	defer kill(nil)
	e.setLife(life)
	e.store.start(life)
	e.rest()
	accepted := make(chan struct{})
	go func() { defer close(accepted); e.accept(life, l) }()
	e.o.Logger.Info("engine ready", "pid", os.Getpid(), "build", e.o.Build)
	e.wait(ctx)
	<-accepted
	return e.leave(kill)
}

// wait returns when it is time to leave, with the draining begun.
func (e *engine) wait(ctx context.Context) {
	tick := time.NewTicker(e.o.folderCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			e.drain("told to stop by a signal")
		case <-tick.C:
			// A folder that was removed, or replaced from a backup, is no longer ours; without its socket the engine would
			// hold the folder and nobody could reach it.
			if e.lock.Lost() {
				e.drain("the data folder has been removed or replaced")
			} else if _, err := os.Stat(link.SocketPath(e.o.Dir)); errors.Is(err, fs.ErrNotExist) {
				e.drain("its socket has been removed")
			}
		case <-e.drained:
			return
		}
	}
}

// drain begins the engine's leave: no client can connect any more when it returns.
func (e *engine) drain(why string) {
	e.begin.Do(func() {
		e.o.Logger.Info("engine leaves", "why", why)
		e.close()
		e.mu.Lock()
		close(e.drained)
		e.mu.Unlock()
	})
}

// leave ends the connections, each after its running requests, and closes the store.
func (e *engine) leave(kill context.CancelCauseFunc) error {
	done := make(chan struct{})
	go func() { e.conns.Wait(); close(done) }()
	late := time.NewTimer(e.o.DrainTimeout)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
		e.o.Logger.Warn("requests were cut off", "running", e.host.Running())
	}
	kill(errors.New("engine: leaving"))
	<-done // sessions end soon after their context, whatever their handlers do
	ctx, cancel := context.WithTimeout(context.Background(), e.o.CloseTimeout)
	defer cancel()
	return e.store.close(ctx)
}

func (e *engine) resourceUpdated(uri string) { e.host.ResourceUpdated(uri) }

func (e *engine) subscribed() bool { return e.host.Subscribed() }

// status describes the engine.
func (e *engine) status() link.Status {
	ready, openErr := e.store.state()
	e.mu.Lock()
	defer e.mu.Unlock()
	s := link.Status{
		PID: os.Getpid(), Build: e.o.Build, Protocol: link.Protocol, Started: e.started,
		Connections: e.count, Running: e.host.Running(), Ready: ready,
	}
	if openErr != nil {
		s.OpenError = openErr.Error()
	}
	select {
	case <-e.drained:
		s.Draining = true
	default:
	}
	return s
}
