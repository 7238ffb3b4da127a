package streamable

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/session"
)

// headerSession carries the id of a session.
const headerSession = "Mcp-Session-Id"

// via is what a connection over HTTP says opened it.
const via = "http"

var errFull = errors.New("too many sessions; end one, or try again later")

// message is one of the client's on its way to its session.
type message struct {
	n    uint64
	text []byte
}

// httpSession is a session of the protocol up to 2025-11-25.
type httpSession struct {
	id      string
	owner   string
	streams *streams
	inbox   chan message
	ended   chan struct{}
	end     context.CancelFunc
	count   atomic.Uint64
	busy    atomic.Int64 // HTTP requests under way
	used    atomic.Int64 // when the last one ended, as nanoseconds since 1970
}

// begin starts a session for who.
func (s *Server) begin(r *http.Request, who Who) (*httpSession, error) {
	ctx, end := context.WithCancel(s.life)
	hs := &httpSession{
		id: rand.Text(), owner: who.ID, streams: newStreams(), inbox: make(chan message), ended: make(chan struct{}), end: end,
	}
	hs.used.Store(s.o.Now().UnixNano())
	s.mu.Lock()
	if len(s.sessions) >= s.o.MaxSessions {
		s.mu.Unlock()
		end()
		return nil, errFull
	}
	s.sessions[hs.id] = hs
	s.mu.Unlock()
	c := session.Conn{Session: hs.id, Client: via, User: who.User, Project: projectOf(r)}
	s.served.Go(func() {
		defer end()
		defer close(hs.ended)
		defer s.forget(hs)
		if err := s.o.Serve(ctx, c, hs.next(ctx), hs.streams); err != nil {
			s.o.Logger.Debug("http session ended", "error", err)
		}
	})
	return hs, nil
}

// next yields the messages that come by POST.
func (hs *httpSession) next(ctx context.Context) session.Source {
	return func() (uint64, []byte, error) {
		select {
		case m := <-hs.inbox:
			return m.n, m.text, nil
		case <-ctx.Done():
			return 0, nil, io.EOF
		}
	}
}

// give passes a message to the session; it is false when that has ended.
func (hs *httpSession) give(ctx context.Context, text []byte) bool {
	select {
	case hs.inbox <- message{hs.count.Add(1), text}:
		return true
	case <-hs.ended:
	case <-ctx.Done():
	}
	return false
}

func (s *Server) forget(hs *httpSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, hs.id)
}

// find returns the session that a request names, marked busy until release is called. It answers the request where there
// is none. A session of somebody else is as good as none.
func (s *Server) find(w http.ResponseWriter, r *http.Request, who Who) (hs *httpSession, release func()) {
	id := r.Header.Get(headerSession)
	if id == "" {
		http.Error(w, "the header "+headerSession+" is missing: begin with initialize, or speak the protocol 2026-07-28", http.StatusBadRequest)
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	hs = s.sessions[id]
	if hs == nil || hs.owner != who.ID {
		http.Error(w, "there is no such session; begin a new one with initialize", http.StatusNotFound)
		return nil, nil
	}
	hs.busy.Add(1)
	return hs, func() {
		hs.used.Store(s.o.Now().UnixNano())
		hs.busy.Add(-1)
	}
}

// visitor is a client without a session: of the protocol since 2026-07-28.
type visitor struct{ owner, client, project string }

// visit is what the requests of a visitor have in common, until it has not been heard of for long: the memory keeps its
// book by it.
type visit struct {
	conn  session.Conn
	count atomic.Uint64
	busy  int
	used  time.Time
}

// visiting returns the visit that a request belongs to; done ends the request's part of it.
func (s *Server) visiting(r *http.Request, who Who, client string) (v *visit, done func()) {
	key := visitor{who.ID, client, projectOf(r)}
	s.mu.Lock()
	defer s.mu.Unlock()
	v = s.visitors[key]
	if v == nil {
		v = &visit{conn: session.Conn{Session: rand.Text(), Client: via, User: who.User, Project: key.project, Brief: true}}
		if len(s.visitors) < maxVisitors {
			s.visitors[key] = v
		}
	}
	v.busy++
	return v, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		v.busy--
		v.used = s.o.Now()
	}
}

// maxVisitors bounds what made-up names of clients can take.
const maxVisitors = 1024

// sweep ends what has not been used for long.
func (s *Server) sweep() {
	every := time.NewTicker(min(s.o.SessionIdle/4+1, time.Minute))
	defer every.Stop()
	for {
		select {
		case <-every.C:
			s.sweepOnce()
		case <-s.life.Done():
			return
		}
	}
}

func (s *Server) sweepOnce() {
	oldest := s.o.Now().Add(-s.o.SessionIdle)
	var gone []*visit
	s.mu.Lock()
	for _, hs := range s.sessions {
		if hs.busy.Load() == 0 && hs.used.Load() < oldest.UnixNano() {
			hs.end()
		}
	}
	for key, v := range s.visitors {
		if v.busy == 0 && v.used.Before(oldest) {
			delete(s.visitors, key)
			gone = append(gone, v)
		}
	}
	s.mu.Unlock()
	for _, v := range gone {
		s.o.Ended(v.conn)
	}
}

// projectOf reads the project a client works in: over HTTP no folder tells it.
func projectOf(r *http.Request) string {
	p := r.Header.Get("Elderzan-Project")
	if len(p) > 200 {
		return ""
	}
	return p
}
