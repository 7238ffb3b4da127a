// Package chart draws small charts as SVG: for the dashboard's pages, whose style sheet colours them, and for reports, where
// they stand by themselves. It uses no script, no style attribute and nothing from elsewhere. Every text is escaped.
package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

// Series is a named line.
type Series struct {
	Name   string
	Points []Point
}

// Point is a value at a time; NaN leaves a gap.
type Point struct {
	At    time.Time
	Value float64
}

// Line is a chart of values over time.
type Line struct {
	Title  string
	Series []Series
	Format func(float64) string // of values; nil means %g
	From   time.Time            // the left end; zero means the first point
	To     time.Time            // the right end; zero means the last point
	Limit  float64              // drawn as a dashed line when positive, such as where an alert begins
}

// The picture, in its own units.
const (
	width, height            = 720, 220
	left, right, top, bottom = 64, 12, 30, 26
	plotWidth, plotHeight    = width - left - right, height - top - bottom
	steps                    = 4 // lines across
)

// colours of lines without a style sheet; they differ in lightness, too.
var colours = []string{"#2f5d50", "#b4532a", "#1f5f99", "#8a6d00", "#6b4aa0"}

// SVG draws the chart.
func (l *Line) SVG() string {
	format := l.Format
	if format == nil {
		format = func(v float64) string { return fmt.Sprintf("%g", v) }
	}
	from, to, most := l.extent()
	x := func(t time.Time) float64 { return left + plotWidth*float64(t.Sub(from))/float64(to.Sub(from)) }
	y := func(v float64) float64 { return top + plotHeight*(1-v/most) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, html.EscapeString(l.summary(format)))
	fmt.Fprintf(&b, `<text class="chart-title" x="%d" y="16" font-family="system-ui, sans-serif" font-size="13" font-weight="600" fill="#1f2723">%s</text>`, left, html.EscapeString(l.Title))
	for i := range steps + 1 {
		v := most * float64(i) / steps
		fmt.Fprintf(&b, `<line class="chart-grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd8cc" stroke-width="1"/>`, left, width-right, y(v), y(v))
		fmt.Fprintf(&b, `<text class="chart-label" x="%d" y="%.1f" text-anchor="end" font-family="system-ui, sans-serif" font-size="11" fill="#5b665f">%s</text>`, left-6, y(v)+4, html.EscapeString(format(v)))
	}
	layout := "2 Jan"
	if to.Sub(from) <= 48*time.Hour {
		layout = "15:04"
	}
	for i := range steps + 1 {
		at := from.Add(to.Sub(from) * time.Duration(i) / steps)
		anchor := "middle"
		if i == 0 {
			anchor = "start"
		} else if i == steps {
			anchor = "end"
		}
		fmt.Fprintf(&b, `<text class="chart-label" x="%.1f" y="%d" text-anchor="%s" font-family="system-ui, sans-serif" font-size="11" fill="#5b665f">%s</text>`, x(at), height-8, anchor, at.Local().Format(layout))
	}
	if l.Limit > 0 && l.Limit <= most {
		fmt.Fprintf(&b, `<line class="chart-limit" x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#8b2e3c" stroke-dasharray="5 4"/>`, left, width-right, y(l.Limit), y(l.Limit))
	}
	at := left + 8*float64(len(l.Title)) + 24
	for i, s := range l.Series {
		colour := colours[i%len(colours)]
		if len(l.Series) > 1 {
			fmt.Fprintf(&b, `<circle class="chart-dot s%d" cx="%.0f" cy="12" r="4" fill="%s"/><text class="chart-label" x="%.0f" y="16" font-family="system-ui, sans-serif" font-size="11" fill="#5b665f">%s</text>`,
				i%len(colours), at, colour, at+8, html.EscapeString(s.Name))
			at += 7*float64(len(s.Name)) + 30
		}
		draw(&b, s, i, colour, x, y)
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// draw writes a series as one path per run without gaps; a point between gaps is a dot.
func draw(b *strings.Builder, s Series, i int, colour string, x func(time.Time) float64, y func(float64) float64) {
	var run []Point
	flush := func() {
		switch {
		case len(run) == 1:
			fmt.Fprintf(b, `<circle class="chart-dot s%d" cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`, i%len(colours), x(run[0].At), y(run[0].Value), colour)
		case len(run) > 1:
			var d strings.Builder
			for n, p := range run {
				op := "L"
				if n == 0 {
					op = "M"
				}
				fmt.Fprintf(&d, "%s%.1f %.1f", op, x(p.At), y(p.Value))
			}
			fmt.Fprintf(b, `<path class="chart-line s%d" d="%s" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"/>`, i%len(colours), d.String(), colour)
		}
		run = nil
	}
	for _, p := range s.Points {
		if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			flush()
			continue
		}
		run = append(run, p)
	}
	flush()
}

// extent is the time from left to right, and a round number at or above every value.
func (l *Line) extent() (from, to time.Time, most float64) {
	from, to = l.From, l.To
	for _, s := range l.Series {
		for _, p := range s.Points {
			if from.IsZero() || l.From.IsZero() && p.At.Before(from) {
				from = p.At
			}
			if to.IsZero() || l.To.IsZero() && p.At.After(to) {
				to = p.At
			}
			if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) {
				most = max(most, p.Value)
			}
		}
	}
	if !to.After(from) {
		to = from.Add(time.Hour)
	}
	return from, to, round(most)
}

// round goes up to 1, 2, 4, 5 or 8 times a power of ten.
func round(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 4, 5, 8, 10} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// summary is the chart for those who do not see it: the last value of each series.
func (l *Line) summary(format func(float64) string) string {
	parts := []string{l.Title}
	for _, s := range l.Series {
		for i := len(s.Points) - 1; i >= 0; i-- {
			if v := s.Points[i].Value; !math.IsNaN(v) && !math.IsInf(v, 0) {
				parts = append(parts, s.Name+" at last "+format(v))
				break
			}
		}
	}
	return strings.Join(parts, "; ")
}

var blocks = []rune("▁▂▃▄▅▆▇█")

// Spark draws values as a line of text, a gap as a blank.
func Spark(values []float64) string {
	most := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			most = max(most, v)
		}
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case most == 0:
			b.WriteRune(blocks[0])
		default:
			b.WriteRune(blocks[min(len(blocks)-1, int(v/most*float64(len(blocks))))])
		}
	}
	return b.String()
}
