package dashboard

import (
	"context"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/chart"
	"github.com/elderzan/elderzan/cmd/internal/metrics"
)

// History lists what was measured by a span of time since a moment, in order.
type History func(ctx context.Context, span time.Duration, since time.Time) ([]metrics.Point, error)

// reach is how far back the page of metrics looks.
type reach struct {
	Name, Title string
	Back, Span  time.Duration
}

var reaches = []reach{
	{"hour", "Last hour", time.Hour, time.Minute}, {"day", "Last day", 24 * time.Hour, time.Minute}, {"week", "Last week", 7 * 24 * time.Hour, time.Hour},
	{"month", "Last month", 31 * 24 * time.Hour, time.Hour}, {"year", "Last year", 365 * 24 * time.Hour, 24 * time.Hour},
}

// refreshEvery is how often the page of metrics loads itself anew, in seconds.
const refreshEvery = "30"

func (s *Server) metrics(w http.ResponseWriter, r *http.Request) (string, view, error) {
	chosen := reaches[1]
	for _, x := range reaches {
		if x.Name == r.URL.Query().Get("range") {
			chosen = x
		}
	}
	now := s.opts.Now()
	points, err := s.opts.History(r.Context(), chosen.Span, now.Add(-chosen.Back))
	if err != nil {
		return "", view{}, err
	}
	w.Header().Set("Refresh", refreshEvery)
	data := map[string]any{"Reaches": reaches, "Chosen": chosen, "Engine": s.opts.Overview(r.Context()), "Target": metrics.SlowTarget.Milliseconds(), "Every": refreshEvery}
	if s.opts.Recent != nil {
		data["Recent"] = s.opts.Recent()
	}
	if s.opts.Promises != nil {
		data["Promises"] = s.opts.Promises()
	}
	if len(points) > 0 {
		data["Charts"] = charts(points, now.Add(-chosen.Back), now)
	}
	return "metrics", view{Title: "Metrics", Path: "/metrics", Data: data}, nil
}

// charts draws what was measured.
func charts(ps []metrics.Point, from, to time.Time) []template.HTML {
	series := func(name string, value func(*metrics.Point) float64) chart.Series {
		out := chart.Series{Name: name}
		for i := range ps {
			out.Points = append(out.Points, chart.Point{At: ps[i].At, Value: value(&ps[i])})
		}
		return out
	}
	millis := func(q float64) func(*metrics.Point) float64 {
		return func(p *metrics.Point) float64 {
			if p.Calls == 0 {
				return math.NaN()
			}
			return float64(p.Quantile(q)) / float64(time.Millisecond)
		}
	}
	number := func(v float64) string { return fmt.Sprintf("%g", v) }
	size := func(v float64) string { return humanBytes(int64(v)) }
	lines := []chart.Line{
		{Title: "Calls", Format: number, Series: []chart.Series{
			series("all", func(p *metrics.Point) float64 { return float64(p.Calls) }), series("failed", func(p *metrics.Point) float64 { return float64(p.Failing) }),
		}},
		{Title: "Time to an answer, ms", Format: number, Limit: float64(metrics.SlowAlert.Milliseconds()), Series: []chart.Series{series("half", millis(.5)), series("19 of 20", millis(.95))}},
		{Title: "Memories", Format: number, Series: []chart.Series{
			series("all", func(p *metrics.Point) float64 { return float64(p.Memories) }), series("PRIVATE", func(p *metrics.Point) float64 { return float64(p.Scopes["PRIVATE"]) }),
			series("waiting", func(p *metrics.Point) float64 { return float64(p.Pending) }),
		}},
		{Title: "Size", Format: size, Series: []chart.Series{
			series("on disk", func(p *metrics.Point) float64 { return float64(p.Bytes) }), series("engine", func(p *metrics.Point) float64 { return float64(p.Memory) }),
		}},
	}
	var out []template.HTML
	for i := range lines {
		lines[i].From, lines[i].To = from, to
		out = append(out, template.HTML(lines[i].SVG())) //nolint:gosec // chart escapes every text, and these are ours
	}
	return out
}

// Flag is a feature and for whom it is on.
type Flag struct{ Name, Says, Help, State string }

// Flags shows features and turns them off for all, or back to their default.
type Flags interface {
	List() []Flag
	Set(ctx context.Context, name, state string) error
}

func (s *Server) setFlag(w http.ResponseWriter, r *http.Request) (string, view, error) {
	if err := r.ParseForm(); err != nil {
		return "", view{}, &failure{http.StatusBadRequest, "That form could not be read."}
	}
	state := r.PostForm.Get("state")
	if state != "on" && state != "off" && state != "default" {
		return "", view{}, &failure{http.StatusBadRequest, "A feature is turned on, off or to its default."}
	}
	if err := s.opts.Flags.Set(r.Context(), r.PathValue("name"), state); err != nil {
		return "", view{}, err
	}
	http.Redirect(w, r, "/settings?done=flag", http.StatusSeeOther)
	return "", view{}, nil
}
