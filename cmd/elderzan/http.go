package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/cmd/internal/session"
	"github.com/elderzan/elderzan/cmd/internal/streamable"
	"github.com/elderzan/elderzan/memory"
)

// httpTokens is the file of the tokens in a data folder.
const httpTokens = "http-tokens.json"

// httpLease is how long the engine goes on listening for a command that does not tell of itself any more.
const httpLease = 30 * time.Second

// httpDoor is MCP over HTTP in this process: at the address of the settings, and at one that a command asks for.
type httpDoor struct {
	h      *holder
	tokens *streamable.Tokens
	serve  func(context.Context, session.Conn, session.Source, session.Sink) error
	mcp    *server.MCPServer

	mu     sync.Mutex
	open   map[string]*httpListener
	denied time.Time // when a refusal was last put on record
	failed error     // why the address of the settings is not served
}

// httpListener is one address.
type httpListener struct {
	url   string
	stop  func() error
	lease *time.Timer // nil for the address of the settings
}

func newHTTPDoor(h *holder) *httpDoor {
	return &httpDoor{h: h, tokens: streamable.NewTokens(filepath.Join(h.dir, httpTokens), nil), open: map[string]*httpListener{}}
}

// listen opens an address, or goes on with it where it is open. With a lease it closes when that is not renewed.
func (d *httpDoor) listen(c httpConfig, address string, lease time.Duration) (url string, err error) {
	if d.serve == nil {
		return "", errors.New("this process serves one client; HTTP is served by the engine")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.open[address]; l != nil {
		if l.lease != nil {
			l.lease.Reset(lease)
		}
		return l.url, nil
	}
	secure, names, err := c.secure(d.h.log)
	if err != nil {
		return "", err
	}
	nl, err := listenAt(address)
	if err != nil {
		return "", hint(fmt.Errorf("listen for HTTP: %w", err), "name a free address: elderzan serve --http 127.0.0.1:0 takes any")
	}
	s := d.transport(c, names, d.tokens.Admit)
	stop := s.Listen(nl, secure)
	l := &httpListener{url: urlOf(nl, secure != nil), stop: sync.OnceValue(func() error { return errors.Join(stop(), closed(s)) })}
	if lease > 0 {
		l.lease = time.AfterFunc(lease, func() { d.leave(address) })
	}
	d.open[address] = l
	d.h.log.Info("MCP over HTTP", "at", l.url)
	return l.url, nil
}

// transport returns what answers at an address, under the names that its certificate vouches for.
func (d *httpDoor) transport(c httpConfig, names []string, admit func(*http.Request) (streamable.Who, bool)) *streamable.Server {
	return streamable.New(streamable.Options{
		Serve: d.serve, Admit: admit, Denied: d.deny, Ended: d.h.ended, Tool: d.tool, Local: userName(),
		Hosts: append(names, c.Hosts...), Origins: c.Origins, Logger: d.h.log,
	})
}

// keep serves the address of the settings. One that cannot be served is an alert: it keeps nobody else from the memory.
func (d *httpDoor) keep(c httpConfig) {
	_, err := d.listen(c, c.Listen, 0)
	if err != nil {
		d.h.log.Error("http_listen", "error", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failed = err
}

func (d *httpDoor) alerts() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed == nil {
		return nil
	}
	return []string{"MCP is not served over HTTP as http_listen says: " + d.failed.Error()}
}

func closed(s *streamable.Server) error { s.Close(); return nil }

// leave closes an address.
func (d *httpDoor) leave(address string) {
	d.mu.Lock()
	l := d.open[address]
	delete(d.open, address)
	d.mu.Unlock()
	if l == nil {
		return
	}
	if l.lease != nil {
		l.lease.Stop()
	}
	if err := l.stop(); err != nil {
		d.h.log.Debug("close HTTP", "error", err)
	}
}

func (d *httpDoor) close() {
	d.mu.Lock()
	addresses := make([]string, 0, len(d.open))
	for a := range d.open {
		addresses = append(addresses, a)
	}
	d.mu.Unlock()
	for _, a := range addresses {
		d.leave(a)
	}
}

// urls are the addresses that are open.
func (d *httpDoor) urls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []string{}
	for _, l := range d.open {
		out = append(out, l.url)
	}
	slices.Sort(out)
	return out
}

func (d *httpDoor) tool(name string) *mcp.Tool {
	if t := d.mcp.GetTool(name); t != nil {
		return &t.Tool
	}
	return nil
}

// deny puts a request without a right on record, one in a minute at the most.
func (d *httpDoor) deny(r *http.Request) {
	d.h.metrics.Incident(metrics.IncidentToken)
	d.mu.Lock()
	now := time.Now()
	again := now.Sub(d.denied) < time.Minute
	if !again {
		d.denied = now
	}
	d.mu.Unlock()
	st := d.h.stack.Load()
	if again || st == nil {
		return
	}
	if err := st.store.Note(context.WithoutCancel(r.Context()), memory.Audit{Action: "denied", Client: "http", Reason: "a request over HTTP without a valid token or certificate"}); err != nil {
		d.h.log.Warn("a refused HTTP request is not on record", "error", err)
	}
}

// listenAt opens an address. A socket that a process before has left makes room.
func listenAt(address string) (net.Listener, error) {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return net.Listen("tcp", address)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return nil, fmt.Errorf("%s is in use", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return net.Listen("unix", path)
}

func urlOf(l net.Listener, secure bool) string {
	switch {
	case l.Addr().Network() == "unix":
		return "unix:" + l.Addr().String() + streamable.Path
	case secure:
		return "https://" + l.Addr().String() + streamable.Path
	}
	return "http://" + l.Addr().String() + streamable.Path
}

// ended tells the book of sessions that a client has left.
func (h *holder) ended(c session.Conn) {
	if st := h.stack.Load(); st != nil {
		st.book.Ended(c.Session)
	}
}
