package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
)

// accept takes connections until the socket is closed.
func (e *engine) accept(ctx context.Context, l *net.UnixListener) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of descriptors, most likely: connections that end will free some.
			e.o.Logger.Warn("connection not accepted", "err", err)
			select {
			case <-e.drained:
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		e.mu.Lock()
		full := e.open >= e.o.MaxConns
		if !full {
			e.open++
			e.conns.Add(1)
		}
		e.mu.Unlock()
		if full {
			_ = e.refuse(c, link.CodeBusy, "too many clients are connected; close some")
			c.Close()
			continue
		}
		go func() {
			defer e.conns.Done()
			defer e.ended()
			defer c.Close()
			if err := e.connection(ctx, c); err != nil {
				e.o.Logger.Warn("connection ended", "err", err)
			}
		}()
	}
}

// ended notes the end of a connection.
func (e *engine) ended() {
	e.mu.Lock()
	e.open--
	e.mu.Unlock()
}

// connection serves one connection.
func (e *engine) connection(ctx context.Context, c *net.UnixConn) error {
	uid, pid, err := link.PeerUID(c)
	if err != nil {
		return fmt.Errorf("ask for the peer's user: %w", err)
	}
	if uid != os.Geteuid() {
		return fmt.Errorf("process %d of user %d was turned away: the engine serves its own user only", pid, uid)
	}
	if err := c.SetDeadline(time.Now().Add(e.o.helloTimeout)); err != nil {
		return fmt.Errorf("limit the wait for a hello: %w", err)
	}
	greeted := make(chan struct{})
	defer close(greeted)
	go func() { // an engine that leaves waits for no hello
		select {
		case <-e.drained:
			_ = c.SetReadDeadline(time.Now()) // it fails on a closed connection, which is no longer read from
		case <-greeted:
		}
	}()
	r := link.NewReader(c, link.MaxHello)
	line, err := r.Next()
	if err != nil {
		return e.noHello(c, err)
	}
	h, err := link.DecodeHello(line)
	if err != nil {
		_ = e.refuse(c, link.CodeHello, err.Error()) // what was wrong with the hello is the error to tell of
		return fmt.Errorf("read hello: %w", err)
	}
	return e.greet(ctx, c, r, h, uid)
}

// noHello ends a connection that got no hello across.
func (e *engine) noHello(c net.Conn, err error) error {
	select {
	case <-e.drained: // it was cut short by our leave
		return e.refuse(c, link.CodeDraining, "this engine is leaving")
	default:
	}
	if errors.Is(err, io.EOF) {
		return nil // somebody looked whether we are here
	}
	_ = e.refuse(c, link.CodeHello, "no hello") // as a courtesy; err says what happened
	return fmt.Errorf("read hello: %w", err)
}

// greet does what the hello asks for.
func (e *engine) greet(ctx context.Context, c *net.UnixConn, r *link.Reader, h link.Hello, uid int) error {
	switch {
	case h.Kind == link.KindStatus:
		s := e.status()
		return e.welcome(c, link.Welcome{OK: true, Status: &s})
	case h.Kind == link.KindStop:
		e.drain("told to stop")
		return e.welcome(c, link.Welcome{OK: true})
	case link.Newer(h.Build, e.o.Build):
		e.drain("a newer build takes over: " + h.Build)
		return e.refuse(c, link.CodeDraining, "this engine makes room for the newer build")
	case h.Protocol != link.Protocol:
		return e.refuse(c, link.CodeProtocol, fmt.Sprintf(
			"elderzan %s runs, and this client was started by %s, which speaks an older protocol: restart the client", e.o.Build, h.Build))
	}
	if !e.enter() {
		return e.refuse(c, link.CodeDraining, "this engine is leaving")
	}
	defer e.exit()
	if err := e.welcome(c, link.Welcome{OK: true}); err != nil {
		return err
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return fmt.Errorf("lift the limit on the wait for a hello: %w", err)
	}
	return e.host.Serve(ctx, session.Conn{
		Session: h.Epoch, Client: h.Client, User: e.user, UID: uid, PID: h.PID, CWD: h.CWD,
		Project: h.Project, Root: h.Root, Remote: h.Remote, Build: h.Build,
	}, session.Frames(r.Frames()), c, e.drained)
}

func (e *engine) welcome(c net.Conn, w link.Welcome) error {
	w.Build, w.PID, w.Epoch = e.o.Build, os.Getpid(), e.epoch
	if _, err := c.Write(link.EncodeWelcome(w)); err != nil {
		return fmt.Errorf("write welcome: %w", err)
	}
	return nil
}

func (e *engine) refuse(c net.Conn, code, why string) error {
	return e.welcome(c, link.Welcome{Code: code, Error: why})
}

// enter counts a session in; it is false when the engine is leaving.
func (e *engine) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.drained:
		return false
	default:
	}
	e.count++
	if e.idle != nil {
		e.idle.Stop()
	}
	return true
}

func (e *engine) setLife(life context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.life = life
}

// serve serves a session that another transport brings.
func (e *engine) serve(ctx context.Context, c session.Conn, src session.Source, sink session.Sink) error {
	life, ok := e.enterConn()
	if !ok {
		sink.Close()
		return ErrLeaving
	}
	defer e.conns.Done()
	defer e.exit()
	life, cancel := context.WithCancelCause(life)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	c.Build = e.o.Build
	return e.host.ServeTo(life, c, src, sink, e.drained)
}

// enterConn is enter for a session without a connection of ours; the caller ends what it began with exit and conns.Done.
func (e *engine) enterConn() (life context.Context, ok bool) {
	if !e.enter() {
		return nil, false
	}
	e.mu.Lock()
	select {
	case <-e.drained: // since then
		e.mu.Unlock()
		e.exit()
		return nil, false
	default:
	}
	defer e.mu.Unlock()
	e.conns.Add(1)
	return e.life, true
}

// exit counts a session out.
func (e *engine) exit() {
	e.mu.Lock()
	e.count--
	none := e.count == 0
	e.mu.Unlock()
	if !none {
		return
	}
	if ready, err := e.store.state(); !ready && err != nil {
		e.drain("the store cannot be opened and the last client has left")
		return
	}
	e.rest()
}

// rest starts the idle clock.
func (e *engine) rest() {
	if e.o.Idle < 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.idle != nil {
		e.idle.Stop()
	}
	e.idle = time.AfterFunc(e.o.Idle, func() {
		e.mu.Lock()
		busy := e.count > 0
		e.mu.Unlock()
		if !busy {
			e.drain("nobody has been connected for " + e.o.Idle.String())
		}
	})
}
