package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

var (
	errCancelled = errors.New("session: the client cancelled the request")
	errLeft      = errors.New("session: the client has left")
	errDrained   = errors.New("session: the engine is leaving")
)

// event is a notification from the client.
type event struct {
	n       uint64
	method  string
	message []byte
}

// serve runs the session; see Host.Serve.
func (s *Session) serve(src Source, drain <-chan struct{}) error {
	var work, background sync.WaitGroup
	background.Go(s.write)
	background.Go(s.handleEvents)
	read := make(chan error, 1)
	go func() { read <- s.read(src, drain, &work) }()

	var err error
	select {
	case err = <-read:
		s.leave()
		s.refuseMore(errLeft)
		s.finish(&work, s.h.o.LeaveGrace)
	case <-s.dead: // the client does not take what we write
		s.leave()
		s.refuseMore(errLeft)
		s.finish(&work, s.h.o.LeaveGrace)
	case <-drain:
		s.refuseMore(errDrained)
		s.finish(&work, -1)
	case <-s.ctx.Done():
		s.leave()
		s.refuseMore(errDrained)
		s.finish(&work, 0)
	}
	close(s.stop)
	unblock := time.AfterFunc(stuckGrace, func() { s.w.Close() }) // of a client that does not read
	background.Wait()
	unblock.Stop()
	s.w.Close() // ends the reader, too, where it can be ended
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return fmt.Errorf("read from client: %w", err)
}

// finish waits for the running requests and cancels what still runs after grace; a negative grace lasts until the
// session's context ends.
func (s *Session) finish(work *sync.WaitGroup, grace time.Duration) {
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	var late <-chan time.Time
	if grace >= 0 {
		t := time.NewTimer(grace)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-done:
		return
	case <-late:
	case <-s.ctx.Done():
	}
	s.cancel(errLeft)
	// A handler that does not heed its context must not keep the connection: its answer is dropped.
	t := time.NewTimer(stuckGrace)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		s.h.o.Logger.Warn("handler still running after its session ended", "session", s.id)
	}
}

// refuseMore lets no further request in and ends the streams without an answer: whoever opened them has left, or opens
// them again at the next engine.
func (s *Session) refuseMore(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for _, r := range s.running {
		if r.method == string(mcp.MethodSubscriptionsListen) {
			r.silence(cause)
		}
	}
}

// read takes messages until the source ends. It never waits for something that only a later message can bring.
func (s *Session) read(src Source, drain <-chan struct{}, work *sync.WaitGroup) error {
	for {
		n, message, err := src()
		var long *link.TooLongError
		switch {
		case errors.As(err, &long):
			s.fail(long.ID, mcp.INVALID_REQUEST, fmt.Sprintf("the message is longer than %d MiB; split it", link.MaxMessage>>20))
			continue
		case err != nil:
			return err
		}
		s.handle(n, message, drain, work)
	}
}

func (s *Session) handle(n uint64, message []byte, drain <-chan struct{}, work *sync.WaitGroup) {
	if len(message) == 0 {
		return
	}
	m, code, text := link.Check(message)
	switch {
	case code != 0:
		s.fail(m.ID, code, text)
	case m.Method == "":
		s.answered(m.ID, message)
	case m.ID != nil:
		s.request(n, m, append([]byte(nil), message...), drain, work)
	case m.Method == string(mcp.MethodNotificationCancelled):
		s.cancelled(m.Params)
	default:
		if m.Method == methodInitialized {
			s.expectRoots()
		}
		select {
		case s.events <- event{n, m.Method, append([]byte(nil), message...)}:
		default:
			s.h.o.Logger.Debug("notification from client dropped", "session", s.id, "method", m.Method)
		}
	}
}

// cancelled stops the request that the client no longer wants; no answer follows. initialize is not cancellable.
func (s *Session) cancelled(params []byte) {
	id := link.IDKey(link.Member(params, "requestId"))
	s.mu.Lock()
	r := s.running[id]
	s.mu.Unlock()
	if r != nil && r.method != string(mcp.MethodInitialize) {
		r.silence(errCancelled)
	}
}

// handleEvents runs the handlers of the client's notifications in order, away from the reader: they may ask the client.
func (s *Session) handleEvents() {
	for {
		select {
		case e := <-s.events:
			s.handleEvent(e)
		case <-s.stop:
			return
		}
	}
}

func (s *Session) handleEvent(e event) {
	defer func() {
		if p := recover(); p != nil {
			s.h.logPanic(p, e.method)
		}
	}()
	ctx := context.WithValue(s.ctx, requestKey{}, &request{s: s, n: e.n, method: e.method})
	s.h.o.Handle(ctx, s.h.o.Server, e.message)
	if e.method == methodInitialized {
		s.h.o.Opened(s.Conn())
	}
	if e.method == methodInitialized || e.method == string(mcp.MethodNotificationRootsListChanged) {
		s.adoptRoots(ctx)
	}
}
