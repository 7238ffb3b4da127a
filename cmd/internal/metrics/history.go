package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// Point is what was measured in one span of time: counts of it, and how things stood at its end.
type Point struct {
	At      time.Time      `json:"-"`
	Calls   int            `json:"calls,omitempty"`
	Failing int            `json:"failing,omitempty"` // not the caller's doing
	Tools   map[string]int `json:"tools,omitempty"`   // calls by tool
	Latency []int          `json:"latency,omitempty"` // calls by bucket

	Memories int            `json:"memories"` // active
	Scopes   map[string]int `json:"scopes,omitempty"`
	Bytes    int64          `json:"bytes"`  // on disk
	Memory   int64          `json:"memory"` // resident bytes of the engine
	Pending  int            `json:"pending,omitempty"`
	Outbox   int            `json:"outbox,omitempty"`
}

// Quantile is an upper bound for the share q of the answers; 0 without calls.
func (p *Point) Quantile(q float64) time.Duration {
	s := slot{calls: p.Calls}
	copy(s.byTime[:], p.Latency)
	return s.quantile(q)
}

// Add joins what was measured later in the same span.
func (p *Point) Add(later *Point) {
	calls, failing, tools, latency := p.Calls+later.Calls, p.Failing+later.Failing, maps.Clone(p.Tools), make([]int, latencies)
	if tools == nil {
		tools = map[string]int{}
	}
	for tool, n := range later.Tools {
		tools[tool] += n
	}
	copy(latency, p.Latency)
	for i, n := range later.Latency {
		latency[i] += n
	}
	at := p.At
	*p = *later
	p.At, p.Calls, p.Failing, p.Tools, p.Latency = at, calls, failing, tools, latency
}

// Sum joins points in their order.
func Sum(ps []Point) (sum Point) {
	for i := range ps {
		sum.Add(&ps[i])
	}
	return sum
}

// HistoryStore keeps points by the minute, the hour and the day; *storage.Store is one, through an adapter.
type HistoryStore interface {
	AddHistory(ctx context.Context, at time.Time, merge func(old []byte) ([]byte, error)) error
}

// Recorder writes what Metrics has counted to a store, once a minute.
type Recorder struct {
	store HistoryStore
	m     *Metrics
	log   *slog.Logger
	stop  chan struct{}
	ended chan struct{}
	once  sync.Once
}

// recordEvery is the time between two points.
const recordEvery = time.Minute

// Record begins to write. The caller closes the Recorder before the store.
func Record(store HistoryStore, m *Metrics, log *slog.Logger) *Recorder {
	r := &Recorder{store: store, m: m, log: log, stop: make(chan struct{}), ended: make(chan struct{})}
	go r.run()
	return r
}

func (r *Recorder) run() {
	defer close(r.ended)
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
			r.write(context.Background())
		}
	}
}

// Close writes what was counted since the last minute, and ends.
func (r *Recorder) Close() {
	r.once.Do(func() {
		close(r.stop)
		<-r.ended
		ctx, cancel := context.WithTimeout(context.Background(), storeTime)
		defer cancel()
		r.write(ctx)
	})
}

// write adds one point. Without calls there is nothing new to say: an engine that idles writes nothing.
func (r *Recorder) write(ctx context.Context) {
	counted := r.m.take()
	if counted.Calls == 0 {
		return
	}
	if err := r.add(ctx, counted); err != nil {
		r.m.giveBack(counted)
		r.log.Warn("metrics: the history was not written", "error", err)
	}
}

func (r *Recorder) add(ctx context.Context, p *Point) error {
	st, err := r.m.opts.Stats(ctx)
	if err != nil {
		return err
	}
	now := r.m.opts.Now()
	full := *p
	full.stand(&st, resident())
	return r.store.AddHistory(ctx, now, func(old []byte) ([]byte, error) {
		sum := Point{}
		if old != nil {
			if err := json.Unmarshal(old, &sum); err != nil {
				sum = Point{} // a damaged row is not worth losing new ones for
			}
		}
		sum.Add(&full)
		return json.Marshal(&sum)
	})
}

// stand fills in how things stand.
func (p *Point) stand(st *memory.Stats, rss int64) {
	p.Scopes = map[string]int{}
	for s, n := range st.ByScope {
		p.Scopes[s.String()] = n
		p.Memories += n
	}
	p.Bytes, p.Memory, p.Pending, p.Outbox = st.Bytes, rss, st.Pending, st.OutboxPending
}

// Decode reads a point as it is stored.
func Decode(at time.Time, data []byte) (Point, error) {
	p := Point{At: at}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("history of %s: %w", at.Format(time.RFC3339), err)
	}
	return p, nil
}

// tally is what was counted since the last point.
type tally struct {
	mu sync.Mutex
	p  Point
}

func (t *tally) add(tool, outcome string, bucket int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.p.Tools == nil {
		t.p.Tools, t.p.Latency = map[string]int{}, make([]int, latencies)
	}
	t.p.Calls++
	t.p.Tools[tool]++
	t.p.Latency[bucket]++
	if failures[outcome] {
		t.p.Failing++
	}
}

func (m *Metrics) take() *Point {
	m.tally.mu.Lock()
	defer m.tally.mu.Unlock()
	p := m.tally.p
	m.tally.p = Point{}
	return &p
}

func (m *Metrics) giveBack(p *Point) {
	m.tally.mu.Lock()
	defer m.tally.mu.Unlock()
	p.Add(&m.tally.p)
	m.tally.p = *p
}
