package sync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	stdsync "sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"
)

// WorkerOptions says what a Worker does and when. Round is required.
type WorkerOptions struct {
	Round    func(context.Context) (Report, error)         // exchanges everything
	Watch    func(ctx context.Context, fn func()) error    // calls fn when others wrote; nil for none
	Interval time.Duration                                 // between rounds without a reason; 0 means 300 s
	Retry    func() backoff.BackOff                        // nil means 0.5 s doubling to a minute, with jitter
	Paused   bool                                          // start paused
	Logger   *slog.Logger                                  // nil means silence
	Now      func() time.Time                              // nil means time.Now
	OnRound  func(rep Report, took time.Duration, e error) // may be nil
}

// WorkerState says what a Worker is doing, as status shows it.
type WorkerState string

// The states of a Worker.
const (
	StateIdle    WorkerState = "idle"
	StateSyncing WorkerState = "syncing"
	StateOffline WorkerState = "offline"
	StatePaused  WorkerState = "paused"
	StateFailing WorkerState = "failing" // the cloud answers, and says no, or something here is broken
)

// WorkerStatus is a Worker's account of itself.
type WorkerStatus struct {
	State    WorkerState
	SyncedAt time.Time // end of the last round that went through; zero for none since the start
	Error    error     // of the last round; nil if it went through
	NextTry  time.Time // zero while nothing is planned
	Rounds   int64
	Failed   int64
	Total    Report
}

// Offline trouble opens the breaker after breakerTrips rounds; then nothing but a person's order goes out for
// breakerRest at a time.
const (
	breakerTrips = 5
	breakerRest  = time.Minute
	roundLimit   = 10 * time.Minute
	waitingAgain = 100 * time.Millisecond
	moreAgain    = time.Second
	watchAgain   = 10 * time.Second // at most, until the cloud is looked for: the watch is who notices that it is back
)

// Worker has rounds done: on a nudge, when others wrote, every Interval, and again after a failure, later each time.
// It is safe for concurrent use.
type Worker struct {
	opts    WorkerOptions
	breaker *gobreaker.CircuitBreaker[Report] // of the goroutine that runs
	nudges  chan struct{}                     // something changed here
	signs   chan struct{}                     // the cloud was heard of
	orders  chan order
	cancel  context.CancelFunc
	done    stdsync.WaitGroup

	mu     stdsync.Mutex
	status WorkerStatus
	paused bool
}

type order struct {
	ctx  context.Context
	done chan answer
}

type answer struct {
	rep Report
	err error
}

// StartWorker starts a Worker, which begins with a round. Close ends it.
func StartWorker(ctx context.Context, o WorkerOptions) *Worker {
	if o.Interval <= 0 {
		o.Interval = 300 * time.Second
	}
	if o.Retry == nil {
		o.Retry = func() backoff.BackOff {
			return &backoff.ExponentialBackOff{InitialInterval: 500 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: time.Minute}
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &Worker{opts: o, nudges: make(chan struct{}, 1), signs: make(chan struct{}, 1), orders: make(chan order), cancel: cancel, paused: o.Paused}
	w.breaker = newBreaker()
	w.status.State = StateIdle
	w.done.Go(func() { w.run(ctx) })
	if o.Watch != nil {
		w.done.Go(func() { w.watch(ctx) })
	}
	return w
}

func newBreaker() *gobreaker.CircuitBreaker[Report] {
	return gobreaker.NewCircuitBreaker[Report](gobreaker.Settings{
		Timeout:      breakerRest,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
		IsSuccessful: func(err error) bool { return !errors.Is(err, ErrOffline) },
	})
}

// Close ends the worker and waits for the round under way, which it cuts short.
func (w *Worker) Close() error {
	w.cancel()
	w.done.Wait()
	return nil
}

// Nudge says that something changed here. It never waits.
func (w *Worker) Nudge() {
	select {
	case w.nudges <- struct{}{}:
	default:
	}
}

// heard says that the cloud was heard of: it is there, whatever failed before.
func (w *Worker) heard() {
	select {
	case w.signs <- struct{}{}:
	default:
	}
}

// Now does a round at once, whatever failed before, and returns what it did.
func (w *Worker) Now(ctx context.Context) (Report, error) {
	if w.isPaused() {
		return Report{}, errors.New("sync is paused; go on with: elderzan sync resume")
	}
	o := order{ctx, make(chan answer, 1)}
	select {
	case w.orders <- o:
	case <-ctx.Done():
		return Report{}, fmt.Errorf("sync: a round is under way: %w", ctx.Err())
	}
	select {
	case a := <-o.done:
		return a.rep, a.err
	case <-ctx.Done():
		return Report{}, ctx.Err()
	}
}

// Pause keeps everything here until Resume; a round under way ends first.
func (w *Worker) Pause() { w.setPaused(true) }

// Resume goes on after Pause.
func (w *Worker) Resume() {
	w.setPaused(false)
	w.Nudge()
}

func (w *Worker) setPaused(p bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = p
}

func (w *Worker) isPaused() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.paused
}

// Status returns the worker's account of itself.
func (w *Worker) Status() WorkerStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.status
	if w.paused {
		s.State = StatePaused
	}
	return s
}

func (w *Worker) run(ctx context.Context) {
	retry := w.opts.Retry()
	wait, failing := time.Duration(0), false
	for {
		var nudges chan struct{}
		if !failing { // after a failure a nudge must not hurry: everybody nudges when the cloud is away
			nudges = w.nudges
		}
		timer := time.NewTimer(wait)
		var o *order
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case got := <-w.orders:
			o = &got
		case <-nudges:
		case <-w.signs:
			w.breaker = newBreaker()
			retry.Reset()
		case <-timer.C:
		}
		timer.Stop()
		if w.isPaused() {
			wait, failing = w.opts.Interval, false
			if o != nil {
				o.done <- answer{err: errors.New("sync was paused")}
			}
			continue
		}
		rep, err := w.round(ctx, o)
		if ctx.Err() != nil {
			return
		}
		failing = errors.Is(err, ErrOffline) || errors.Is(err, gobreaker.ErrOpenState)
		switch {
		case err != nil:
			wait = min(retry.NextBackOff(), w.opts.Interval)
		case rep.Waiting > 0:
			wait = waitingAgain
		case rep.More:
			wait = moreAgain
		default:
			retry.Reset()
			wait = w.opts.Interval
		}
		w.plan(wait)
	}
}

// round does one round: for an order past the breaker, else through it.
func (w *Worker) round(ctx context.Context, o *order) (Report, error) {
	w.note(func(s *WorkerStatus) { s.State, s.NextTry = StateSyncing, time.Time{} })
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	if o != nil {
		stop := context.AfterFunc(o.ctx, cancel)
		defer stop()
	}
	began := w.opts.Now()
	do := func() (Report, error) { return w.opts.Round(ctx) }
	var rep Report
	var err error
	if o == nil {
		rep, err = w.breaker.Execute(do)
	} else if rep, err = do(); err == nil {
		w.breaker = newBreaker() // the cloud is there after all
	}
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		w.note(func(s *WorkerStatus) { s.State = StateOffline })
		return rep, err
	}
	w.settle(rep, err)
	if w.opts.OnRound != nil {
		w.opts.OnRound(rep, w.opts.Now().Sub(began), err)
	}
	if o != nil {
		o.done <- answer{rep, err}
	}
	return rep, err
}

func (w *Worker) settle(rep Report, err error) {
	w.note(func(s *WorkerStatus) {
		s.Rounds++
		waiting := rep.Waiting
		s.Total.Add(rep)
		s.Total.Waiting = waiting
		s.Error = err
		switch {
		case err == nil:
			s.State, s.SyncedAt = StateIdle, w.opts.Now()
		case errors.Is(err, ErrOffline):
			s.State = StateOffline
			s.Failed++
		default:
			s.State = StateFailing
			s.Failed++
		}
	})
	switch {
	case err == nil:
		w.opts.Logger.Debug("synced", "pushed", rep.Pushed, "pulled", rep.Pulled, "conflicts", rep.Conflicts, "held", rep.Held)
	case errors.Is(err, ErrOffline):
		w.opts.Logger.Info("the cloud is away; changes wait here", "error", err)
	default:
		w.opts.Logger.Warn("sync failed", "error", err)
	}
}

func (w *Worker) plan(wait time.Duration) {
	w.note(func(s *WorkerStatus) { s.NextTry = w.opts.Now().Add(wait) })
}

func (w *Worker) note(fn func(*WorkerStatus)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn(&w.status)
}

// watch keeps a watch on the cloud, and takes it up again after it broke.
func (w *Worker) watch(ctx context.Context) {
	retry := w.opts.Retry()
	for ctx.Err() == nil {
		began := w.opts.Now()
		var listened atomic.Bool
		err := w.opts.Watch(ctx, func() {
			listened.Store(true)
			w.heard()
		})
		if ctx.Err() != nil {
			return
		}
		if listened.Load() {
			w.Nudge() // a round finds out why it ended: the cloud is away, or has no place for this device any more
		}
		w.opts.Logger.Debug("the watch on the cloud broke", "error", err)
		if w.opts.Now().Sub(began) > time.Minute {
			retry.Reset()
		}
		timer := time.NewTimer(min(retry.NextBackOff(), watchAgain))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
