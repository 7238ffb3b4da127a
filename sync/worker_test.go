package sync_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	memsync "github.com/elderzan/elderzan/sync"
)

func TestWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rounds []time.Duration
		start, away := time.Now(), false
		w := memsync.StartWorker(t.Context(), memsync.WorkerOptions{Interval: 5 * time.Minute, Round: func(context.Context) (memsync.Report, error) {
			rounds = append(rounds, time.Since(start))
			if away {
				return memsync.Report{}, fmt.Errorf("%w: no route", memsync.ErrOffline)
			}
			return memsync.Report{Pushed: 1}, nil
		}})
		defer w.Close()
		synctest.Wait()
		if len(rounds) != 1 || w.Status().State != memsync.StateIdle {
			t.Fatalf("at start: rounds %v, %+v", rounds, w.Status())
		}
		w.Nudge()
		synctest.Wait()
		if len(rounds) != 2 {
			t.Errorf("a nudge did no round: %v", rounds)
		}
		time.Sleep(5*time.Minute + time.Second) //nolint:forbidigo // the bubble's clock
		if len(rounds) != 3 {
			t.Errorf("after an interval: %v", rounds)
		}
		away = true
		w.Nudge()
		synctest.Wait()
		before := len(rounds)
		for range 1000 {
			w.Nudge()
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // the bubble's clock
		}
		if tried := len(rounds) - before; tried < 3 || tried > 10 {
			t.Errorf("offline for 100 s with a thousand nudges: %d rounds, want a few", tried)
		}
		if s := w.Status(); s.State != memsync.StateOffline || s.NextTry.IsZero() || !errors.Is(s.Error, memsync.ErrOffline) {
			t.Errorf("offline: %+v", s)
		}
		away = false
		if rep, err := w.Now(t.Context()); err != nil || rep.Pushed != 1 || w.Status().State != memsync.StateIdle {
			t.Errorf("now: %+v, %v, %+v", rep, err, w.Status())
		}
		synctest.Wait() // a nudge was left over
		w.Pause()
		before = len(rounds)
		w.Nudge()
		time.Sleep(time.Hour) //nolint:forbidigo // the bubble's clock
		if _, err := w.Now(t.Context()); err == nil || len(rounds) != before || w.Status().State != memsync.StatePaused {
			t.Errorf("paused: %v, %d rounds, %+v", err, len(rounds)-before, w.Status())
		}
		w.Resume()
		synctest.Wait()
		if len(rounds) != before+1 {
			t.Errorf("resumed: %d rounds", len(rounds)-before)
		}
	})
}
