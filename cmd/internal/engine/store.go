package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// retryAfter is the least time between two attempts to open the store.
const retryAfter = 2 * time.Second

// store opens what tool calls need, once, in the background.
type store struct {
	openFn OpenFunc
	logger *slog.Logger
	life   context.Context

	mu      sync.Mutex
	attempt *attempt
	closing bool
}

// attempt is one try to open; its results are set when done is closed.
type attempt struct {
	done   chan struct{}
	ended  time.Time
	closer Closer
	err    error
}

func newStore(open OpenFunc, logger *slog.Logger) *store {
	return &store{openFn: open, logger: logger}
}

// start begins to open. Attempts end with life.
func (s *store) start(life context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life = life
	s.begin()
}

// begin starts an attempt; s.mu is held.
func (s *store) begin() *attempt {
	a := &attempt{done: make(chan struct{})}
	s.attempt = a
	go func() {
		t := time.Now()
		closer, err := s.call()
		a.closer, a.err, a.ended = closer, err, time.Now()
		close(a.done)
		if err != nil {
			s.logger.Error("store not opened", "err", err)
			return
		}
		s.logger.Info("store open", "took", time.Since(t).Round(time.Millisecond))
	}()
	return a
}

func (s *store) call() (c Closer, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = nil, fmt.Errorf("internal error (%T)", p)
		}
	}()
	return s.openFn(s.life)
}

// ready waits until the store is open. When the last attempt failed it tries again, unless that was a moment ago.
func (s *store) ready(ctx context.Context) error {
	s.mu.Lock()
	a := s.attempt
	select {
	case <-a.done:
		if a.err != nil && !s.closing && time.Since(a.ended) >= retryAfter {
			a = s.begin()
		}
	default:
	}
	s.mu.Unlock()
	select {
	case <-a.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if a.err != nil {
		return fmt.Errorf("the memory store could not be opened: %w", a.err)
	}
	return nil
}

// state reports whether the store is open and, if not, why the last attempt failed.
func (s *store) state() (ready bool, err error) {
	s.mu.Lock()
	a := s.attempt
	s.mu.Unlock()
	select {
	case <-a.done:
		return a.err == nil, a.err
	default:
		return false, nil
	}
}

// close ends the attempt under way and closes what is open.
func (s *store) close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	a := s.attempt
	s.mu.Unlock()
	select {
	case <-a.done:
	case <-ctx.Done():
		return fmt.Errorf("close store: still opening: %w", ctx.Err())
	}
	if a.closer == nil {
		return nil
	}
	if err := a.closer(ctx); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	s.logger.Info("store closed")
	return nil
}
