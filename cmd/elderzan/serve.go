package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/early"
	"github.com/elderzan/elderzan/cmd/internal/engine"
	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/cmd/internal/session"
	"github.com/elderzan/elderzan/cmd/internal/trace"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/tools"
)

func newServe(a *app) *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use: "serve", Short: "Speak MCP on standard input and output", GroupID: "server", Args: cobra.NoArgs,
		Long: "serve is what an MCP client starts. It is a thin pipe to the engine of the data folder, which it starts if\n" +
			"none runs. It ends when its input does.\n\nWith --http it has the engine speak MCP over HTTP instead, until Ctrl-C: for clients that take a URL.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if address != "" {
				return a.serveHTTP(cmd.Context(), address)
			}
			return a.serve(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&address, "http", "", "speak MCP over HTTP at this address, such as 127.0.0.1:7420, or unix: and a path")
	return cmd
}

func buildID() string {
	exe, err := os.Executable()
	if err != nil {
		return version
	}
	return link.BuildID(version, exe)
}

func (a *app) serve(ctx context.Context) error {
	dir, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	if a.inProcess {
		return a.serveInProcess(ctx, dir)
	}
	log := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if a.in == os.Stdin && len(early.Image) > 0 { // asked for in words that early did not understand
		log.Debug("serve from this process", "reason", early.Become(early.Image, dir, version))
	}
	return attach.Run(ctx, attach.Options{
		Dir: dir, Build: buildID(), Client: "mcp", Stdin: a.in, Stdout: a.out,
		Logger: log,
	})
}

func newEngine(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "engine", Short: "Run the engine of a data folder; clients start it by themselves", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := dataFolder(a.data)
			if err != nil {
				return err
			}
			if set := os.Getenv("GOGC"); set == "" || set == "off" { // off is what a client has started it with
				tuneCollector()
			}
			err = engine.Run(cmd.Context(), newHolder(dir, a.err).engineOptions())
			if errors.Is(err, engine.ErrHeld) {
				return hint(err, "see who holds it: elderzan status; or end it: elderzan stop")
			}
			return err
		},
	}
}

// holder is the process that has the store open, be it the engine or a server in one process.
type holder struct {
	dir     string
	log     *slog.Logger
	level   *slog.LevelVar
	started time.Time
	build   string
	mend    mending // to open the store though it is damaged
	stack   atomic.Pointer[stack]
	ready   func(context.Context) error // waits for stack; nil where it was opened before anything is served
	status  func() link.Status
	watch   atomic.Pointer[watch] // nil where no client can subscribe
	page    *webPage
	door    *httpDoor
	metrics *metrics.Metrics
	traces  *trace.Tracer // nil while none are wanted
	traced  atomic.Bool   // calls go through the middleware that traces them
}

// newHolder also sees to it that whatever this process writes is its user's alone: the engines make files as wide as
// the process's mask allows.
func newHolder(dir string, logTo interface{ Write([]byte) (int, error) }) *holder {
	unix.Umask(0o077)
	level := new(slog.LevelVar)
	h := &holder{
		dir: dir, level: level, log: slog.New(slog.NewTextHandler(logTo, &slog.HandlerOptions{Level: level})),
		started: time.Now(), build: buildID(),
		status: func() link.Status { return link.Status{PID: os.Getpid()} },
	}
	h.page = &webPage{h: h}
	h.door = newHTTPDoor(h)
	h.metrics = h.newMetrics()
	return h
}

func (h *holder) engineOptions() engine.Options {
	o := engine.Options{
		Dir: h.dir, Build: h.build, Logger: h.log, ProjectOf: attach.Project, Handle: h.handle, NeedsReady: needsStore, TimeoutOf: patience,
		NewServer: func(d engine.Deps) *server.MCPServer {
			h.ready, h.status, h.door.serve = d.Ready, d.Status, d.Serve
			h.watch.Store(&watch{any: d.Subscribed, tell: d.ResourceUpdated})
			h.door.mcp = h.server()
			return h.door.mcp
		},
		Open:   h.openPatiently,
		Opened: func(c session.Conn) { h.heard(callerFrom(c)) },
		Ended:  h.ended,
	}
	if c, err := loadConfig(h.dir); err == nil { // open tells the client what is wrong with the settings
		_ = h.traceTo(c.Traces) // before the server is made; open tries it again
		o.Idle = c.EngineIdle
		if c.HTTP.Listen != "" {
			o.Idle = -1 // whoever has an address expects it to answer
		}
	}
	return o
}

// lockPatience is how long an engine waits for a folder that another program has: a restore has it for a moment, and clients that
// wait for something start an engine meanwhile.
const lockPatience = 3 * time.Second

// openPatiently is open, and waits for the folder.
func (h *holder) openPatiently(ctx context.Context) (engine.Closer, error) {
	began := time.Now()
	for {
		closer, err := h.open(ctx)
		if !errors.Is(err, storage.ErrLocked) || time.Since(began) > lockPatience {
			return closer, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// open is called again after it failed, so that what a person has mended counts.
func (h *holder) open(ctx context.Context) (engine.Closer, error) {
	c, err := loadConfig(h.dir)
	if err != nil {
		return nil, unopened{errors.New(explain(err))}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err == nil {
		h.level.Set(level)
	}
	if err := h.traceTo(c.Traces); err != nil {
		return nil, unopened{err}
	}
	st, err := openStack(ctx, c, h.traces, h.metrics, h.mend, h.committed, h.log)
	if err != nil {
		return nil, unopened{err}
	}
	stopMetrics, err := h.serveMetrics(c.MetricsListen)
	if err != nil {
		return nil, unopened{errors.Join(errors.New(explain(err)), st.close())}
	}
	if c.HTTP.Listen != "" && h.door.serve != nil {
		h.door.keep(c.HTTP)
	}
	h.stack.Store(st)
	recorder := metrics.Record(st.store, h.metrics, h.log)
	return func(context.Context) error {
		recorder.Close()
		h.door.close()
		err := errors.Join(h.page.close(), stopMetrics())
		h.stack.Store(nil)
		return errors.Join(err, st.close(), h.traces.Close())
	}, nil
}

// watch is who is told of changed resources.
type watch struct {
	any  func() bool
	tell func(uri string)
}

// committed tells subscribers of what a commit has changed, whoever made it.
func (h *holder) committed(c memory.Commit) {
	w := h.watch.Load()
	if w == nil || !w.any() {
		return
	}
	for uri := range tools.Shows(c) {
		w.tell(uri)
	}
}

// unopened is why the store could not be opened. It matches memory.ErrUnavailable and does not say so over again.
type unopened struct{ error }

func (e unopened) Unwrap() []error { return []error{memory.ErrUnavailable, e.error} }

func (h *holder) current(ctx context.Context) (*stack, error) {
	if h.ready != nil {
		if err := h.ready(ctx); err != nil {
			return nil, err
		}
	}
	st := h.stack.Load()
	if st == nil {
		return nil, memory.ErrUnavailable
	}
	return st, nil
}

func (h *holder) service(ctx context.Context) (*memory.Service, error) {
	st, err := h.current(ctx)
	if err != nil {
		return nil, err
	}
	return st.service, nil
}

func (h *holder) server() *server.MCPServer {
	s, err := tools.NewServer(tools.Options{
		Service: h.service,
		Caller: func(ctx context.Context) memory.Caller {
			c := callerOf(ctx)
			h.heard(c)
			return c
		},
		Topics: func(ctx context.Context, c memory.Caller) (memory.TopicMap, error) {
			st, err := h.current(ctx)
			if err != nil {
				return memory.TopicMap{}, err
			}
			return st.topicsFor(ctx, c, false)
		},
		Status: h.info, Version: version, Logger: h.log, OnCall: h.onCall,
	})
	if err != nil {
		panic(err) // the options above are complete: a programmer's mistake
	}
	if h.traces != nil {
		s.Use(h.traces.Tools)
		h.traced.Store(true)
	}
	ad := &admin{open: h.current, caller: callerOf, isCLI: isCLI, page: h.page, door: h.door, metrics: h.metrics}
	ad.register(s)
	return s
}

// adminPatience is for what a person at the command line has asked for, and may stop: to check a million memories, to back them up or
// to seal them anew takes minutes.
const adminPatience = 2 * time.Hour

// patience tells which requests may take longer than an agent would wait.
func patience(method string, params json.RawMessage) time.Duration {
	if method == string(mcp.MethodToolsCall) && bytes.HasPrefix(link.Member(params, "name"), []byte(`"`+adminPrefix)) {
		return adminPatience
	}
	return 0
}

// needsStore tells which requests wait until the store is open. A status does not: it says why there is none, and
// waits for it by itself, as long as a person likes to wait.
func needsStore(method string, params json.RawMessage) bool {
	switch mcp.MCPMethod(method) {
	case mcp.MethodToolsCall:
		return string(link.Member(params, "name")) != `"status"`
	case mcp.MethodResourcesRead:
		return string(link.Member(params, "uri")) != `"elderzan://status"`
	case mcp.MethodCompletionComplete:
		return true
	}
	return false
}

// callerOf tells the service who calls, from what the connection said of itself.
func callerOf(ctx context.Context) memory.Caller {
	c, ok := session.ConnFrom(ctx)
	if !ok {
		return memory.Caller{User: userName(), Client: "cli", Trust: memory.TrustUser}
	}
	return callerFrom(c)
}

func callerFrom(c session.Conn) memory.Caller {
	m := memory.Caller{User: c.User, Client: c.Client, Session: c.Session, Project: c.Project, Root: c.Root, RequestKey: c.Key, Trust: memory.TrustAgent}
	if c.Via == adminClient {
		m.Trust = memory.TrustUser
	}
	return m
}

// heard notes that a client's session is alive. One command of a person is no session, unless something is stored in it.
func (h *holder) heard(c memory.Caller) {
	if st := h.stack.Load(); st != nil && c.Client != adminClient {
		st.book.Touch(c)
	}
}

// isCLI reports whether a call comes from a command of this program, which a person typed. What an MCP client calls
// itself does not count. Calls without a connection are made by a command in its own process.
func isCLI(ctx context.Context) bool {
	c, ok := session.ConnFrom(ctx)
	return !ok || c.Via == adminClient
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

func (h *holder) info(ctx context.Context) tools.StatusInfo {
	s := h.status()
	info := tools.StatusInfo{PID: s.PID, Uptime: time.Since(h.started), Clients: s.Connections, DataDir: h.dir}
	if st := h.stack.Load(); st != nil {
		info.Model = st.embeds.name()
		if err := st.embeds.trouble(); err != nil {
			info.Alerts = append(info.Alerts, "no embeddings: "+err.Error())
		}
		info.Alerts = append(info.Alerts, st.alerts()...)
		info.Alerts = append(info.Alerts, st.cloud.alerts(ctx)...)
		info.SyncState, info.SyncedAt = st.cloud.state()
		info.Alerts = append(info.Alerts, h.metrics.Alerts()...)
		info.Alerts = append(info.Alerts, h.door.alerts()...)
		if alert := h.traces.Alert(); alert != "" {
			info.Alerts = append(info.Alerts, alert)
		}
	}
	return info
}

func newStop(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "stop", Short: "End the engine of the data folder", GroupID: "server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := dataFolder(a.data)
			if err != nil {
				return err
			}
			_, err = attach.Control(cmd.Context(), dir, link.KindStop)
			if err != nil && !errors.Is(err, attach.ErrNoEngine) {
				return err
			}
			stopped := err == nil
			switch {
			case a.json:
				return writeJSON(a.out, map[string]bool{"stopped": stopped})
			case stopped:
				fmt.Fprintln(a.out, "the engine has ended")
			default:
				fmt.Fprintln(a.out, "no engine runs")
			}
			return nil
		},
	}
}

func newStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show what is stored and how the engine is", GroupID: "server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.tool(cmd.Context(), "status", map[string]any{}, showStatus)
		},
	}
}

// showStatusIfAny adds the status to the help where there is a data folder; help alone starts nothing.
func (a *app) showStatusIfAny(ctx context.Context) error {
	dir, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "keys.json")); err != nil {
		fmt.Fprintf(a.out, "\nNothing is stored yet in %s. Try: elderzan remember \"We use tabs.\"\n", dir)
		return nil
	}
	fmt.Fprintln(a.out)
	return a.tool(ctx, "status", map[string]any{}, showStatus)
}

func writeJSON(w interface{ Write([]byte) (int, error) }, v any) error {
	return json.NewEncoder(w).Encode(v)
}
