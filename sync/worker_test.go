package sync_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	memsync "github.com/elderzan/elderzan/sync"
)

func TestWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rounds atomic.Int64
		var away atomic.Bool
		w := memsync.StartWorker(t.Context(), memsync.WorkerOptions{Interval: 5 * time.Minute, Round: func(context.Context) (memsync.Report, error) {
			rounds.Add(1)
			if away.Load() {
				return memsync.Report{}, fmt.Errorf("%w: no route", memsync.ErrOffline)
			}
			return memsync.Report{Pushed: 1}, nil
		}})
		defer w.Close()
		synctest.Wait()
		if rounds.Load() != 1 || w.Status().State != memsync.StateIdle {
			t.Fatalf("at start: %d rounds, %+v", rounds.Load(), w.Status())
		}
		w.Nudge()
		synctest.Wait()
		if rounds.Load() != 2 {
			t.Errorf("a nudge did no round: %d", rounds.Load())
		}
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		if rounds.Load() != 3 {
			t.Errorf("after an interval: %d rounds", rounds.Load())
		}
		away.Store(true)
		w.Nudge()
		synctest.Wait()
		before := rounds.Load()
		for range 1000 {
			w.Nudge()
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if tried := rounds.Load() - before; tried < 3 || tried > 10 {
			t.Errorf("offline for 100 s with a thousand nudges: %d rounds, want a few", tried)
		}
		if s := w.Status(); s.State != memsync.StateOffline || s.NextTry.IsZero() || !errors.Is(s.Error, memsync.ErrOffline) {
			t.Errorf("offline: %+v", s)
		}
		away.Store(false)
		rep, err := w.Now(t.Context())
		synctest.Wait()
		if err != nil || rep.Pushed != 1 || w.Status().State != memsync.StateIdle {
			t.Errorf("now: %+v, %v, %+v", rep, err, w.Status())
		}
		w.Pause()
		before = rounds.Load()
		w.Nudge()
		time.Sleep(time.Hour)
		synctest.Wait()
		if _, err := w.Now(t.Context()); err == nil || rounds.Load() != before || w.Status().State != memsync.StatePaused {
			t.Errorf("paused: %v, %d rounds, %+v", err, rounds.Load()-before, w.Status())
		}
		w.Resume()
		synctest.Wait()
		if rounds.Load() != before+1 {
			t.Errorf("resumed: %d rounds", rounds.Load()-before)
		}
	})
}

// TestWorkerBack has the cloud be away for an hour: the watch notices within seconds that it is back, and a round that
// stumbles then is soon done again.
func TestWorkerBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away, stumble atomic.Bool
		away.Store(true)
		offline := fmt.Errorf("%w: no route", memsync.ErrOffline)
		w := memsync.StartWorker(t.Context(), memsync.WorkerOptions{
			Round: func(context.Context) (memsync.Report, error) {
				if away.Load() || stumble.CompareAndSwap(true, false) {
					return memsync.Report{}, offline
				}
				return memsync.Report{}, nil
			},
			Watch: func(ctx context.Context, heard func()) error {
				if away.Load() {
					return offline
				}
				heard()
				<-ctx.Done()
				return ctx.Err()
			},
		})
		defer w.Close()
		time.Sleep(time.Hour)
		stumble.Store(true)
		away.Store(false)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if s := w.Status(); s.State != memsync.StateIdle || s.SyncedAt.IsZero() {
			t.Errorf("12 s after the cloud came back: %+v", s)
		}
	})
}

// TestWorkerOrders has a worker be asked, cut short and refused.
func TestWorkerOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var next atomic.Pointer[error]
		var rep atomic.Pointer[memsync.Report]
		rep.Store(&memsync.Report{})
		told := 0
		gate := make(chan struct{}, 100)
		w := memsync.StartWorker(t.Context(), memsync.WorkerOptions{
			OnRound: func(memsync.Report, time.Duration, error) { told++ },
			Round: func(ctx context.Context) (memsync.Report, error) {
				select {
				case gate <- struct{}{}:
				case <-ctx.Done():
					return memsync.Report{}, ctx.Err()
				}
				<-gate
				if err := next.Load(); err != nil {
					return memsync.Report{}, *err
				}
				return *rep.Load(), nil
			},
		})
		defer w.Close()
		synctest.Wait()
		broken := errors.New("something here is broken")
		next.Store(&broken)
		if _, err := w.Now(t.Context()); !errors.Is(err, broken) {
			t.Errorf("a round that failed: %v", err)
		}
		synctest.Wait()
		if s := w.Status(); s.State != memsync.StateFailing || s.Failed != 1 || told != 2 {
			t.Errorf("%+v, told %d times", s, told)
		}
		next.Store(nil)
		rep.Store(&memsync.Report{Waiting: 1})
		before := w.Status().Rounds
		time.Sleep(3 * time.Second)
		if s := w.Status(); s.Rounds < before+5 || s.Total.Waiting != 1 {
			t.Errorf("with an embedding to wait for: %+v", s)
		}
		rep.Store(&memsync.Report{More: true})
		time.Sleep(time.Second)
		synctest.Wait()
		before = w.Status().Rounds
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if n := w.Status().Rounds - before; n < 4 || n > 6 {
			t.Errorf("with more to seal anew: %d rounds in 5 s", n)
		}
		rep.Store(&memsync.Report{})
		time.Sleep(2 * time.Second)
		for range cap(gate) { // a round hangs
			gate <- struct{}{}
		}
		w.Nudge()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Now(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while a round is under way: %v", err)
		}
	})
}

// TestWorkerCutOff ends the connection on which a worker listens, as a cloud does that removes the device: it finds out.
func TestWorkerCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var removed atomic.Bool
		cut := make(chan struct{})
		w := memsync.StartWorker(t.Context(), memsync.WorkerOptions{
			Round: func(context.Context) (memsync.Report, error) {
				if removed.Load() {
					return memsync.Report{}, memsync.ErrRefused
				}
				return memsync.Report{}, nil
			},
			Watch: func(ctx context.Context, heard func()) error {
				if removed.Load() {
					return memsync.ErrRefused
				}
				heard()
				select {
				case <-cut:
				case <-ctx.Done():
				}
				return memsync.ErrOffline
			},
		})
		defer w.Close()
		synctest.Wait()
		removed.Store(true)
		close(cut)
		synctest.Wait()
		if s := w.Status(); s.State != memsync.StateFailing {
			t.Errorf("after it was cut off: %+v", s)
		}
	})
}

// TestWorkerAskedMeanwhile asks for a round while one hangs: whose time is over is told so, and who waits when sync is paused is
// not left waiting.
func TestWorkerAskedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		var hang atomic.Bool
		w := memsync.StartWorker(t.Context(), memsync.WorkerOptions{Round: func(context.Context) (memsync.Report, error) {
			if hang.Load() {
				<-hold
			}
			return memsync.Report{}, nil
		}})
		defer w.Close()
		synctest.Wait()
		hang.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Now(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a round that hangs: %v", err)
		}
		told := make(chan error, 1)
		go func() {
			_, err := w.Now(t.Context())
			told <- err
		}()
		synctest.Wait()
		w.Pause()
		close(hold)
		if err := <-told; err == nil || err.Error() != "sync was paused" {
			t.Errorf("who waited while sync was paused: %v", err)
		}
	})
}
