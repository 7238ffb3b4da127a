package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
)

// RunInProcess serves one client on in and out in this process, without an engine or a socket. It returns ErrHeld,
// wrapped, when an engine or another process holds the data folder, and nil when the client has closed in, ctx is done
// or the process gets SIGTERM or SIGINT. c.Session is given an id when it has none. A read of in may outlive it.
func RunInProcess(ctx context.Context, o Options, c session.Conn, in io.Reader, out io.Writer) error {
	if err := o.defaults(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	lock, err := link.Acquire(ctx, o.Dir, o.LockWait)
	if err != nil {
		return err
	}
	defer lock.Release()
	e := newEngine(o, lock)
	if c.Session == "" {
		c.Session = e.epoch
	}
	c.User, c.UID, c.PID, c.Build = e.user, os.Geteuid(), os.Getpid(), o.Build
	go func() {
		<-ctx.Done()
		e.drain("told to stop")
	}()
	life, kill := context.WithCancelCause(context.WithoutCancel(ctx))
	defer kill(nil)
	e.setLife(life)
	e.store.start(life)
	e.conns.Add(1)
	served := make(chan error, 1)
	go func() {
		defer e.conns.Done()
		served <- e.host.Serve(life, c, session.Lines(link.NewReader(in, link.MaxMessage)), nopCloser{out}, e.drained)
	}()
	select {
	case err = <-served:
		e.drain("the client has left")
	case <-e.drained:
	}
	return errors.Join(err, e.leave(kill))
}

// nopCloser leaves a writer open that is not ours to close.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
