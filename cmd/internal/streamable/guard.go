package streamable

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// localKey marks the context of connections over a unix socket.
type localKey struct{}

// admit says whose request r is.
func (s *Server) admit(r *http.Request) (Who, bool) {
	if local, _ := r.Context().Value(localKey{}).(bool); local && s.o.Local != "" && r.Header.Get("Authorization") == "" {
		return Who{ID: "local", User: s.o.Local}, true
	}
	return s.o.Admit(r)
}

// ownPeers accepts the connections of this process's user alone.
type ownPeers struct {
	net.Listener
	logger *slog.Logger
}

func (l ownPeers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if u, ok := c.(*net.UnixConn); ok {
			if uid, _, err := link.PeerUID(u); err == nil && uid == os.Geteuid() {
				return c, nil
			}
		}
		l.logger.Warn("a connection over the HTTP socket was turned away: it serves its own user only")
		c.Close()
	}
}

// guardNames refuses requests for another host's name and those of web pages that were not let in: a page elsewhere can
// have its own name point at this machine, but cannot hide the name from us. It answers a page's question whether it may.
func (s *Server) guardNames(w http.ResponseWriter, r *http.Request) bool {
	if !s.ourHost(r.Host) {
		http.Error(w, "this server does not answer under that name; the setting http_hosts adds one", http.StatusForbidden)
		return false
	}
	origins, ok := r.Header["Origin"]
	if !ok {
		return true
	}
	if len(origins) != 1 || !s.ourOrigin(origins[0]) {
		http.Error(w, "this web page may not use the memory; the setting http_origins lets one in", http.StatusForbidden)
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", allowed)
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Elderzan-Project")
		h.Set("Access-Control-Max-Age", "600")
	}
	return true
}

func (s *Server) ourHost(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	return loopbackName(name) || slices.ContainsFunc(s.o.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

func (s *Server) ourOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" {
		return false
	}
	return loopbackName(u.Hostname()) || slices.Contains(s.o.Origins, origin)
}

// loopbackName reports whether a host's name, without its port, is one that names cannot be rebound to.
func loopbackName(name string) bool {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return strings.EqualFold(name, "localhost") || name == "127.0.0.1" || name == "::1"
}
