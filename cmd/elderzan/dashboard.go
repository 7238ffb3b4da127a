package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/dashboard"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
)

// webPage is the dashboard of this process, which starts when it is first asked for and ends with the process.
type webPage struct {
	h *holder

	mu     sync.Mutex
	server *dashboard.Server
}

type dashboardArgs struct{}

type dashboardResult struct {
	URL string `json:"url"`
}

// address starts the page where it does not run yet, and returns an address that lets a browser in once.
func (w *webPage) address(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server == nil {
		s, err := dashboard.Start(dashboard.Options{
			Service:  w.h.service,
			Caller:   w.caller(),
			Overview: w.overview, Audit: auditReader{w.h}, Topics: w.topics, Conflicts: conflictBook{w}, Settings: w.settings, Recent: w.recent, Promises: w.promises, History: w.history, Flags: flagBoard{w}, Logger: w.h.log,
		})
		if err != nil {
			return "", err
		}
		w.server = s
	}
	return w.server.URL(), nil
}

func (w *webPage) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server == nil {
		return nil
	}
	err := w.server.Close()
	w.server = nil
	return err
}

func (w *webPage) overview(ctx context.Context) dashboard.Overview {
	i := w.h.info(ctx)
	o := dashboard.Overview{
		Version: version, PID: i.PID, Uptime: i.Uptime.Round(time.Second), Clients: i.Clients, Model: i.Model, DataDir: i.DataDir,
		Sync: i.SyncState, Alerts: i.Alerts,
	}
	if o.Sync == "" {
		o.Sync = "off"
	}
	return o
}

// settings shows what is in force. A file that does not load is told by its error.
func (w *webPage) settings() []dashboard.Setting {
	k, err := readSettings(w.h.dir)
	if err != nil {
		return []dashboard.Setting{{Key: "config.toml", Value: explain(err)}}
	}
	var out []dashboard.Setting
	for _, s := range settings {
		out = append(out, dashboard.Setting{Key: s.key, Value: k.String(s.key), Help: s.help, Secret: secretSetting(s.key)})
	}
	return out
}

// topics draws the map for the person at this machine.
func (w *webPage) topics(ctx context.Context) (memory.TopicMap, error) {
	st, err := w.h.current(ctx)
	if err != nil {
		return memory.TopicMap{}, err
	}
	return st.topicsFor(ctx, w.caller(), true)
}

func (w *webPage) caller() memory.Caller {
	return memory.Caller{User: userName(), Client: "dashboard", Trust: memory.TrustUser}
}

// conflictBook shows what two sides changed and settles it.
type conflictBook struct{ w *webPage }

func (b conflictBook) List(ctx context.Context) ([]dashboard.Conflict, error) {
	st, err := b.w.h.current(ctx)
	if err != nil {
		return nil, err
	}
	list, err := st.cloud.conflicts(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []dashboard.Conflict
	for _, c := range list {
		one := dashboard.Conflict{ID: c.ID, Title: c.Title, Text: c.Text}
		for _, o := range c.Others {
			one.Others = append(one.Others, dashboard.Version{Text: o.Text, Author: o.Author, At: o.At, Base: o.Base})
		}
		out = append(out, one)
	}
	return out, nil
}

func (b conflictBook) Settle(ctx context.Context, id memory.ID, text string) error {
	st, err := b.w.h.current(ctx)
	if err != nil {
		return err
	}
	_, err = st.resolve(ctx, b.w.caller(), resolveArgs{ID: id, Content: text})
	return err
}

// secretSetting reports whether a value must not be shown: keys, and addresses that may hold a password.
func secretSetting(key string) bool {
	return strings.HasSuffix(key, "_key") || strings.HasSuffix(key, "database_url") || strings.HasSuffix(key, "kms_url") || key == "traces_headers"
}

// auditReader shows the audit log, newest first.
type auditReader struct{ h *holder }

func (a auditReader) Entries(ctx context.Context, before int64, n int) ([]dashboard.AuditEntry, error) {
	st, err := a.h.current(ctx)
	if err != nil {
		return nil, err
	}
	var last []dashboard.AuditEntry
	err = st.store.AuditLog(ctx, 0, func(e storage.AuditEntry) error {
		if before > 0 && e.Seq >= before {
			return errEnough
		}
		if len(last) == 2*n {
			last = slices.Delete(last, 0, n)
		}
		last = append(last, dashboard.AuditEntry{Seq: e.Seq, Audit: e.Audit})
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	last = last[max(0, len(last)-n):]
	slices.Reverse(last)
	return last, nil
}

// errEnough ends a walk over the log.
var errEnough = errors.New("enough")

func (a auditReader) Verify(ctx context.Context) (n int64, err error) {
	st, err := a.h.current(ctx)
	if err != nil {
		return 0, err
	}
	err = st.store.AuditLog(ctx, 0, func(e storage.AuditEntry) error {
		n = e.Seq
		return nil
	})
	return n, err
}

// dashboard starts the page for a command.
func (a *admin) dashboard(ctx context.Context, _ *stack, _ dashboardArgs) (any, error) {
	url, err := a.page.address(ctx)
	return dashboardResult{URL: url}, err
}

func newDashboard(a *app) *cobra.Command {
	var noBrowser bool
	cmd := &cobra.Command{
		Use: "dashboard", Short: "Show the memory as a web page on this machine", GroupID: "server", Args: cobra.NoArgs,
		Long: "Prints an address on this machine that lets one browser in, and opens it where there is a desktop. The page is\n" +
			"served by the engine for as long as this command runs; end it with Ctrl-C.",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.dashboard(cmd.Context(), !noBrowser) },
	}
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "print the address and open nothing")
	return cmd
}

func (a *app) dashboard(ctx context.Context, browse bool) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var got dashboardResult
	if err := s.Call(ctx, adminPrefix+"dashboard", dashboardArgs{}, &got); err != nil {
		return err
	}
	if a.json {
		err = writeJSON(a.out, got)
	} else {
		_, err = fmt.Fprintf(a.out, "%s\nThe address works once; Ctrl-C ends the page.\n", got.URL)
	}
	if err != nil {
		return err
	}
	if browse {
		openBrowser(got.URL)
	}
	<-ctx.Done() // the connection keeps the engine, and with it the page
	return nil
}

// openBrowser is a courtesy: the address was printed.
func openBrowser(url string) {
	name := "xdg-open"
	if runtime.GOOS == "darwin" {
		name = "open"
	}
	if _, err := exec.LookPath(name); err != nil || strings.ContainsAny(url, " \n") {
		return
	}
	if cmd := exec.Command(name, url); cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}
