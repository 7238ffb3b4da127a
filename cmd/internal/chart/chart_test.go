package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// wantXML reads the picture as a browser would read it strictly.
func wantXML(t interface{ Fatalf(string, ...any) }, svg string) {
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

func TestLine(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := Line{Title: `<script>"a" & b`, Limit: 3, Series: []Series{
		{"one", []Point{{start, 1}, {start.Add(time.Hour), 4}, {start.Add(2 * time.Hour), math.NaN()}, {start.Add(3 * time.Hour), 2}}},
		{"two", []Point{{start, 0}, {start.Add(3 * time.Hour), 0}}},
	}}
	svg := l.SVG()
	wantXML(t, svg)
	for _, want := range []string{`class="chart-line s0"`, `class="chart-line s1"`, "chart-limit", `class="chart-dot s0"`, "one at last 2", "&lt;script&gt;"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	for _, forbidden := range []string{"<script", "style=", "href", "NaN", "Inf"} {
		if strings.Contains(svg, forbidden) {
			t.Errorf("%s in %s", forbidden, svg)
		}
	}
}

// Whatever the values, the picture is well formed and everything is inside it.
func TestAnyLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Line{Title: rapid.StringN(0, 40, -1).Draw(t, "title")}
		for range rapid.IntRange(0, 3).Draw(t, "series") {
			s := Series{Name: rapid.SampledFrom([]string{"", "a<b", "ü"}).Draw(t, "name")}
			for range rapid.IntRange(0, 5).Draw(t, "points") {
				v := rapid.OneOf(rapid.Float64Range(0, 1e15), rapid.Just(math.NaN()), rapid.Just(0.0)).Draw(t, "v")
				s.Points = append(s.Points, Point{time.Unix(rapid.Int64Range(0, 2e9).Draw(t, "at"), 0), v})
			}
			l.Series = append(l.Series, s)
		}
		if strings.ContainsFunc(l.Title, func(r rune) bool { return r < 0x20 || r == 0xfffe || r == 0xffff || r == 0xfffd }) {
			l.Title = "t" // XML has no such characters
		}
		svg := l.SVG()
		wantXML(t, svg)
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Fatalf("a number that is none in %s", svg)
		}
	})
}

func TestSpark(t *testing.T) {
	if got := Spark([]float64{0, 1, math.NaN(), 2, 8}); got != "▁▂ ▃█" {
		t.Errorf("Spark = %q", got)
	}
	if got := Spark([]float64{0, 0}); got != "▁▁" {
		t.Errorf("Spark of nothing = %q", got)
	}
}
