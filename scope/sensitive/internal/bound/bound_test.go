package bound

import (
	"testing"
	"time"
)

// recorder is a testing.TB that remembers whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

// spin burns processor time of the calling thread.
func spin(t *testing.T, d time.Duration) {
	for start := thread(t); thread(t)-start < d; {
	}
}

func TestWithin(t *testing.T) {
	for name, tc := range map[string]struct {
		costs  []int // of each call, in milliseconds
		race   bool
		failed bool
		calls  int
	}{
		"cheap":                      {costs: []int{0}, calls: 1},
		"always dear":                {costs: []int{30, 30, 30}, failed: true, calls: 3},
		"dear once":                  {costs: []int{30, 0}, calls: 2},
		"dear under the race checks": {costs: []int{30}, race: true, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r, calls := &recorder{TB: t}, 0
			Within(r, 20*time.Millisecond, tc.race, func() {
				spin(t, time.Duration(tc.costs[calls])*time.Millisecond)
				calls++
			})
			if r.failed != tc.failed || calls != tc.calls {
				t.Errorf("failed %v after %d calls, want %v after %d", r.failed, calls, tc.failed, tc.calls)
			}
		})
	}
}

// TestWaitingCostsNothing: what counts is the processor, not the clock.
func TestWaitingCostsNothing(t *testing.T) {
	r := &recorder{TB: t}
	Within(r, 50*time.Millisecond, false, func() { <-time.After(120 * time.Millisecond) })
	if r.failed {
		t.Error("a call that only waited counted as dear")
	}
}

// TestLimit: the limit that all share is twenty times what a text of 64 KiB should cost.
func TestLimit(t *testing.T) {
	if Limit != 20*50*time.Millisecond {
		t.Errorf("%v, want a second", Limit)
	}
}
