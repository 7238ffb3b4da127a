// Package report writes what happened in a week, a month or a quarter: performance, cost, accuracy and security, as Markdown or
// as one HTML file with plots. It gets figures alone: no text of a memory, id or path is in a report.
package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/chart"
	"github.com/elderzan/elderzan/cmd/internal/metrics"
)

// Period is how long a report reaches back.
type Period string

// The periods.
const (
	Weekly    Period = "weekly"
	Monthly   Period = "monthly"
	Quarterly Period = "quarterly"
)

// Days is the length of a period; 0 for none.
func (p Period) Days() int { return map[Period]int{Weekly: 7, Monthly: 30, Quarterly: 91}[p] }

// Span is how finely the period is plotted.
func (p Period) Span() time.Duration {
	if p == Weekly {
		return time.Hour
	}
	return 24 * time.Hour
}

// Data is what a report tells of.
type Data struct {
	Period   Period
	From, To time.Time
	Version  string
	Points   []metrics.Point // of the period, by Period.Span, in order
	Before   []metrics.Point // of the period before
	Audit    map[string]int  // entries of the audit log by action, in the period
	Verified error           // of the audit log's chain; nil: whole
	Memories int             // active now
	Private  int             // of them PRIVATE
	Used     int             // active memories that recall ever returned
	Findings int             // of the newest check, not mended
	Alerts   []string        // now
}

// section is a part of the report: a table, and a plot.
type section struct {
	title string
	rows  [][3]string // what, this period, the period before
	notes []string
	plots []plot
}

type plot struct {
	name string // of its file
	line chart.Line
}

func (d *Data) sections() []section {
	now, before := metrics.Sum(d.Points), metrics.Sum(d.Before)
	return []section{d.performance(&now, &before), d.cost(&now, &before), d.accuracy(&now, &before), d.security()}
}

func (d *Data) series(name string, value func(*metrics.Point) float64) chart.Series {
	s := chart.Series{Name: name}
	for i := range d.Points {
		s.Points = append(s.Points, chart.Point{At: d.Points[i].At, Value: value(&d.Points[i])})
	}
	return s
}

func (d *Data) line(title string, format func(float64) string, series ...chart.Series) chart.Line {
	return chart.Line{Title: title, Series: series, Format: format, From: d.From, To: d.To}
}

func millis(q float64) func(*metrics.Point) float64 {
	return func(p *metrics.Point) float64 {
		if p.Calls == 0 {
			return math.NaN()
		}
		return float64(p.Quantile(q)) / float64(time.Millisecond)
	}
}

func (d *Data) performance(now, before *metrics.Point) section {
	s := section{title: "Performance", rows: [][3]string{
		{"Calls", count(now.Calls), count(before.Calls)},
		{"Half of the answers within", within(now, .5), within(before, .5)},
		{"19 of 20 answers within", within(now, .95), within(before, .95)},
		{"Failed inside", share(now.Failing, now.Calls), share(before.Failing, before.Calls)},
	}}
	latency := d.line("Time to an answer, ms", plain, d.series("half", millis(.5)), d.series("19 of 20", millis(.95)))
	latency.Limit = float64(metrics.SlowAlert / time.Millisecond)
	s.plots = []plot{
		{"calls", d.line("Calls", plain, d.series("calls", func(p *metrics.Point) float64 { return float64(p.Calls) }))},
		{"latency", latency},
	}
	switch {
	case now.Calls == 0:
		s.notes = append(s.notes, "No calls were made.")
	case now.Calls < metrics.EnoughCalls:
		s.notes = append(s.notes, fmt.Sprintf("Fewer than %d calls are too few to judge by.", metrics.EnoughCalls))
	default:
		fast := fmt.Sprintf("(19 of 20 within %d ms)", metrics.SlowTarget.Milliseconds())
		s.notes = append(s.notes, verdict(now.Quantile(.95) <= metrics.SlowTarget, "Answers are as fast as promised "+fast+".", "Answers are slower than promised "+fast+": see elderzan metrics, and elderzan doctor."))
		failed := fmt.Sprintf("(%.1f %%)", 100*metrics.ErrorsTarget)
		s.notes = append(s.notes, verdict(float64(now.Failing) <= metrics.ErrorsTarget*float64(now.Calls), "Failures are within the promise "+failed+".", "More calls failed than promised "+failed+": the engine's log says why."))
	}
	return s
}

func (d *Data) cost(now, before *metrics.Point) section {
	each := "–"
	if now.Memories > 0 {
		each = size(float64(now.Bytes) / float64(now.Memories))
	}
	return section{title: "Cost", rows: [][3]string{
		{"On disk", size(float64(now.Bytes)), size(float64(before.Bytes))},
		{"A memory, on the mean", each, "–"},
		{"Engine's memory", size(float64(now.Memory)), size(float64(before.Memory))},
		{"Waiting to be embedded", count(now.Pending), count(before.Pending)},
		{"Waiting for the cloud", count(now.Outbox), count(before.Outbox)},
	}, plots: []plot{
		{"disk", d.line("On disk", size, d.series("disk", func(p *metrics.Point) float64 { return float64(p.Bytes) }))},
	}}
}

func (d *Data) accuracy(now, before *metrics.Point) section {
	s := section{title: "Accuracy", rows: [][3]string{
		{"Memories", count(d.Memories), count(before.Memories)},
		{"Remembered", count(now.Tools["remember"]), count(before.Tools["remember"])},
		{"Recalls", count(now.Tools["recall"]), count(before.Tools["recall"])},
		{"Memories that recall has returned", share(d.Used, d.Memories), "–"},
		{"Corrected by hand", count(d.Audit["revise"] + d.Audit["merge"]), "–"},
		{"Scopes changed by hand", count(d.Audit["share"] + d.Audit["override"]), "–"},
		{"Forgotten", count(d.Audit["forget"] + d.Audit["purge"]), "–"},
	}, plots: []plot{
		{"memories", d.line("Memories", plain, d.series("memories", func(p *metrics.Point) float64 { return float64(p.Memories) }))},
	}}
	if now.Tools["remember"] > 0 && now.Tools["recall"] == 0 {
		s.notes = append(s.notes, "Memories were kept and none was asked for: do the clients follow the instructions? See elderzan setup.")
	}
	return s
}

func (d *Data) security() section {
	s := section{title: "Security", rows: [][3]string{
		{"PRIVATE memories", count(d.Private), "–"},
		{"Denied", count(d.Audit["denied"]), "–"},
		{"Overruled classifications", count(d.Audit["override"]), "–"},
		{"Findings of the last check", count(d.Findings), "–"},
	}}
	s.notes = append(s.notes, verdict(d.Verified == nil, "The audit log is whole.", "The audit log does not verify: elderzan audit verify says where."))
	if d.Audit["denied"] > 0 {
		s.notes = append(s.notes, "Calls were denied: elderzan audit show tells whose.")
	}
	for _, action := range slices.Sorted(maps.Keys(d.Audit)) {
		s.rows = append(s.rows, [3]string{"Audit entries: " + action, count(d.Audit[action]), "–"})
	}
	s.notes = append(s.notes, d.Alerts...)
	return s
}

func verdict(good bool, yes, no string) string {
	if good {
		return yes
	}
	return "Attention: " + no
}

func count(n int) string { return fmt.Sprint(n) }

func plain(v float64) string { return fmt.Sprintf("%g", v) }

func within(p *metrics.Point, q float64) string {
	if p.Calls == 0 {
		return "–"
	}
	return p.Quantile(q).String()
}

func share(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(of))
}

func size(v float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if v < 1000 || unit == "GB" {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + unit
		}
		v /= 1000
	}
	return ""
}

func (d *Data) title() string {
	return fmt.Sprintf("elderzan: %s report, %s to %s", d.Period, d.From.Local().Format(time.DateOnly), d.To.Local().Format(time.DateOnly))
}

// Markdown writes the report as Markdown. With pictures, each plot is a link to its file, which Plots gives; without, a
// line of blocks.
func (d *Data) Markdown(pictures string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", d.title())
	for _, s := range d.sections() {
		fmt.Fprintf(&b, "\n## %s\n\n| | this period | before |\n|---|---|---|\n", s.title)
		for _, r := range s.rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", r[0], r[1], r[2])
		}
		for _, p := range s.plots {
			if pictures != "" {
				fmt.Fprintf(&b, "\n![%s](%s-%s.svg)\n", p.line.Title, pictures, p.name)
				continue
			}
			if len(p.line.Series[len(p.line.Series)-1].Points) == 0 {
				continue // nothing was measured
			}
			fmt.Fprintf(&b, "\n%s: `%s`\n", p.line.Title, chart.Spark(squeezed(p.line.Series[len(p.line.Series)-1].Points)))
		}
		for _, n := range s.notes {
			fmt.Fprintf(&b, "\n- %s", n)
		}
		if len(s.notes) > 0 {
			b.WriteString("\n")
		}
	}
	fmt.Fprintf(&b, "\nMade by elderzan %s.\n", d.Version)
	return b.String()
}

// sparkWidth is how many blocks a plot has as text.
const sparkWidth = 42

// squeezed gives the largest values of equal parts of the points.
func squeezed(ps []chart.Point) []float64 {
	n := min(len(ps), sparkWidth)
	out := make([]float64, n)
	for i := range n {
		out[i] = math.NaN()
		for _, p := range ps[i*len(ps)/n : (i+1)*len(ps)/n] {
			if math.IsNaN(out[i]) || p.Value > out[i] {
				out[i] = p.Value
			}
		}
	}
	return out
}

// Plots are the pictures that Markdown links to, by the end of their names.
func (d *Data) Plots() map[string]string {
	out := map[string]string{}
	for _, s := range d.sections() {
		for _, p := range s.plots {
			out["-"+p.name+".svg"] = p.line.SVG()
		}
	}
	return out
}
