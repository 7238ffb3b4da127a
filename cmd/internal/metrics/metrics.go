package metrics

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/elderzan/elderzan/memory"
)

// Options tells where what is not counted here comes from.
type Options struct {
	// Stats returns what the store counts; an error leaves its metrics out of that one answer.
	Stats   func(context.Context) (memory.Stats, error)
	Clients func() int                       // connections of the engine
	Offline func() (cloud, offline bool)     // whether there is a cloud, and whether it cannot be reached; nil means there is none
	Free    func() (bytes uint64, err error) // room that is left on the data folder's disk; nil means it is not told
	Version string
	Now     func() time.Time // nil means time.Now
}

// Metrics are those of one engine. Safe for concurrent use.
type Metrics struct {
	opts     Options
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	window   *window
	tally    tally // since the last point of the history

	roundsTotal, incidentsTotal, classified *prometheus.CounterVec
	alone                                   prometheus.Counter
	classifying                             prometheus.Histogram
	rounds, reached, fallback, incidents    *shares
}

// buckets are the bounds of the latency histograms in seconds; the promises (10, 50, 200, 500 ms) are among them.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .2, .5, 1, 2.5, 10, 30}

// New returns metrics that count from now on.
func New(o Options) *Metrics {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Metrics{
		opts: o, registry: prometheus.NewRegistry(), window: newWindow(o.Now),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "elderzan_tool_calls_total", Help: "Tool calls answered, by tool and outcome.",
		}, []string{"tool", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "elderzan_tool_duration_seconds", Help: "Time from a tool call to its answer.", Buckets: buckets,
		}, []string{"tool"}),
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m.roundsTotal = counter("elderzan_sync_rounds_total", "Rounds of sync, by how they ended.", "outcome")
	m.incidentsTotal = counter("elderzan_security_incidents_total", "Calls and requests without a right, by kind.", "kind")
	m.classified = counter("elderzan_classified_total", "Texts that were classified, by what was decided.", "scope", "sensitive")
	m.alone = prometheus.NewCounter(prometheus.CounterOpts{Name: "elderzan_local_fallback_calls_total", Help: "Tool calls answered while the cloud could not be reached."})
	m.classifying = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "elderzan_classify_duration_seconds", Help: "Time to classify a text.", Buckets: buckets})
	for _, o := range []string{RoundOK, RoundOffline, RoundFailed} { // a series that begins with its first event hides that from rate()
		m.roundsTotal.WithLabelValues(o)
	}
	for _, kind := range []string{IncidentDenied, IncidentToken} {
		m.incidentsTotal.WithLabelValues(kind)
	}
	m.rounds, m.reached = &shares{now: o.Now, span: roundSpan}, &shares{now: o.Now, span: roundSpan}
	m.fallback, m.incidents = &shares{now: o.Now, span: windowSpan}, &shares{now: o.Now, span: windowSpan}
	m.registry.MustRegister(m.calls, m.seconds, m.roundsTotal, m.incidentsTotal, m.classified, m.alone, m.classifying, &storeCollector{m}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Called counts one finished tool call; outcome is one of tools.Call's.
func (m *Metrics) Called(tool, outcome string, took time.Duration) {
	m.calls.WithLabelValues(tool, outcome).Inc()
	m.seconds.WithLabelValues(tool).Observe(took.Seconds())
	m.tally.add(tool, outcome, m.window.add(outcome, took))
	if outcome == "denied" {
		m.Incident(IncidentDenied)
	}
	if m.opts.Offline == nil {
		return
	}
	if cloud, offline := m.opts.Offline(); cloud {
		m.fallback.add(offline)
		if offline {
			m.alone.Inc()
		}
	}
}

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Write writes the metrics in Prometheus' text format.
func (m *Metrics) Write(w io.Writer) error {
	families, err := m.registry.Gather()
	if err != nil {
		return fmt.Errorf("gather metrics: %w", err)
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}

// What the store and the engine are asked for.
var (
	upDesc       = prometheus.NewDesc("elderzan_up", "1 when the store is open.", nil, nil)
	buildDesc    = prometheus.NewDesc("elderzan_build_info", "Always 1; the version is the label.", []string{"version"}, nil)
	clientsDesc  = prometheus.NewDesc("elderzan_clients", "Clients connected to the engine.", nil, nil)
	scopeDesc    = prometheus.NewDesc("elderzan_memories", "Active memories by scope.", []string{"scope"}, nil)
	stateDesc    = prometheus.NewDesc("elderzan_memories_by_state", "Memories by state.", []string{"state"}, nil)
	pendingDesc  = prometheus.NewDesc("elderzan_embedding_jobs", "Memories that wait for their vectors.", nil, nil)
	vectorsDesc  = prometheus.NewDesc("elderzan_vectors", "Vectors in the index.", []string{"kind"}, nil)
	outboxDesc   = prometheus.NewDesc("elderzan_outbox_events", "Changes that wait to be pushed to the cloud.", nil, nil)
	bytesDesc    = prometheus.NewDesc("elderzan_storage_bytes", "Size of the data folder.", nil, nil)
	findingsDesc = prometheus.NewDesc("elderzan_findings", "Findings of the newest check that are not mended.", nil, nil)
	freeDesc     = prometheus.NewDesc("elderzan_disk_free_bytes", "Room that is left on the data folder's disk.", nil, nil)
	checkedDesc  = prometheus.NewDesc("elderzan_checked_timestamp_seconds", "When the store was last checked.", nil, nil)
)

// storeTime bounds one look at the store.
const storeTime = 5 * time.Second

// storeCollector asks the store when it is itself asked.
type storeCollector struct{ m *Metrics }

func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, buildDesc, clientsDesc, scopeDesc, stateDesc, pendingDesc, vectorsDesc, outboxDesc, bytesDesc, freeDesc, findingsDesc, checkedDesc} {
		ch <- d
	}
}

func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(buildDesc, 1, c.m.opts.Version)
	if c.m.opts.Clients != nil {
		gauge(clientsDesc, float64(c.m.opts.Clients()))
	}
	if c.m.opts.Free != nil {
		if free, err := c.m.opts.Free(); err == nil {
			gauge(freeDesc, float64(free))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	st, err := c.m.opts.Stats(ctx)
	if err != nil {
		gauge(upDesc, 0)
		return
	}
	gauge(upDesc, 1)
	for sc, n := range st.ByScope {
		gauge(scopeDesc, float64(n), sc.String())
	}
	for state, n := range st.ByState {
		gauge(stateDesc, float64(n), string(state))
	}
	gauge(pendingDesc, float64(st.Pending))
	gauge(vectorsDesc, float64(st.Vectors), st.IndexKind)
	gauge(outboxDesc, float64(st.OutboxPending))
	gauge(bytesDesc, float64(st.Bytes))
	gauge(findingsDesc, float64(st.OpenFindings))
	if !st.LastCheckedAt.IsZero() {
		gauge(checkedDesc, float64(st.LastCheckedAt.Unix()))
	}
}
