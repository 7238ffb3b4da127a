package metrics

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// The window that alerts look at.
const (
	windowSpan  = 5 * time.Minute
	windowSlots = 30
)

// EnoughCalls is how many calls there must be to judge by.
const EnoughCalls = 20

// Targets of the engine's service, and where an alert begins: the 95th percentile of an answer, and the share of calls that
// failed inside.
const (
	SlowTarget   = 200 * time.Millisecond
	SlowAlert    = 500 * time.Millisecond
	ErrorsTarget = .005
	ErrorsAlert  = .02
)

// slot is a part of the window: calls by latency bucket, and those that failed.
type slot struct {
	at      int64 // number of the slot since 1970
	byTime  [latencies]int
	calls   int
	failing int
}

// latencies is one more than there are buckets: the last is beyond all bounds.
const latencies = 14

// window counts the calls of the last minutes.
type window struct {
	now func() time.Time

	mu    sync.Mutex
	slots [windowSlots]slot
}

func newWindow(now func() time.Time) *window { return &window{now: now} }

func (w *window) number() int64 { return w.now().UnixNano() / int64(windowSpan/windowSlots) }

// failures are the outcomes that are not the caller's doing.
var failures = map[string]bool{"internal": true, "corrupt": true, "unavailable": true, "timeout": true}

// add counts a call and returns the number of its bucket.
func (w *window) add(outcome string, took time.Duration) (bucket int) {
	b, _ := slices.BinarySearch(buckets, took.Seconds())
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.number()
	s := &w.slots[n%windowSlots]
	if s.at != n {
		*s = slot{at: n}
	}
	s.byTime[b]++
	s.calls++
	if failures[outcome] {
		s.failing++
	}
	return b
}

// Recent is what the calls of the last minutes were like.
type Recent struct {
	Calls    int
	Failing  int
	P50, P95 time.Duration // upper bounds of the buckets that hold them; 0 without calls
}

// Recent sums the window up.
func (m *Metrics) Recent() Recent { return m.window.recent() }

func (w *window) recent() Recent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var sum slot
	oldest := w.number() - windowSlots
	for i := range w.slots {
		if s := &w.slots[i]; s.at > oldest {
			sum.calls += s.calls
			sum.failing += s.failing
			for b, n := range s.byTime {
				sum.byTime[b] += n
			}
		}
	}
	return Recent{Calls: sum.calls, Failing: sum.failing, P50: sum.quantile(.5), P95: sum.quantile(.95)}
}

func (s *slot) quantile(q float64) time.Duration {
	if s.calls == 0 {
		return 0
	}
	seen, want := 0, q*float64(s.calls)
	for b, n := range s.byTime {
		if seen += n; float64(seen) >= want {
			return time.Duration(buckets[min(b, len(buckets)-1)] * float64(time.Second))
		}
	}
	return time.Duration(buckets[len(buckets)-1] * float64(time.Second))
}

// Group is a part of all calls, such as those of the users of a new feature, with alerts of its own. Safe for concurrent
// use.
type Group struct{ window *window }

// NewGroup returns a group without calls.
func NewGroup(now func() time.Time) *Group { return &Group{newWindow(now)} }

// Called counts one finished call.
func (g *Group) Called(outcome string, took time.Duration) { g.window.add(outcome, took) }

// Alerts says, in words, that calls of the group are slow or fail; none when too few were made to judge.
func (g *Group) Alerts() []string { return g.window.alerts() }

func (w *window) alerts() []string {
	r := w.recent()
	if r.Calls < EnoughCalls {
		return nil
	}
	var out []string
	if r.P95 > SlowAlert {
		out = append(out, fmt.Sprintf("answers are slow: one in twenty of the last %d took more than %v (target %v)", r.Calls, SlowAlert, SlowTarget))
	}
	if share := float64(r.Failing) / float64(r.Calls); share > ErrorsAlert {
		out = append(out, fmt.Sprintf("%.1f %% of the last %d calls failed inside (target %.1f %%); see DIR/engine.log", 100*share, r.Calls, 100*ErrorsTarget))
	}
	return out
}
