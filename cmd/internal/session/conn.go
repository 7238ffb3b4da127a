package session

import (
	"context"
	"strconv"
)

// Conn tells a handler who calls, and from where. The connection's two ends filled it, never the arguments of a call.
type Conn struct {
	Session       string // id of the client's connection; the same across engines that it outlives
	Client        string // name the MCP client gave itself, else Via
	Via           string // what opened the connection, as that program says: the pipe of an MCP client, or the command line
	ClientVersion string
	User          string // operating system user
	UID           int
	PID           int    // process at the other end
	CWD           string // client's working folder
	Project       string // name of the project around CWD; "" when there is none
	Root          string // that project's folder
	Remote        string // its origin as host/owner/name
	Build         string // of the process at the other end
	Brief         bool   // the connection is one request of a client whose session outlives it
	Key           string // names this request for good: a repeated request has the same; "" outside a request
}

type requestKey struct{}

// ConnFrom returns the connection and request that ctx belongs to; ok is false for contexts that no session made.
func ConnFrom(ctx context.Context) (Conn, bool) {
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return Conn{}, false
	}
	c := r.s.Conn()
	if r.n > 0 {
		c.Key = c.Session + "-" + strconv.FormatUint(r.n, 10)
	}
	return c, true
}

// Conn returns the connection as it is known now.
func (s *Session) Conn() Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conn
	c.Via = c.Client
	if s.info.Name != "" {
		c.Client, c.ClientVersion = s.info.Name, s.info.Version
	}
	return c
}
