package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/metrics"
)

func sample() *Data {
	to := time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)
	d := &Data{Period: Weekly, From: to.AddDate(0, 0, -7), To: to, Version: "v1", Audit: map[string]int{"remember": 4, "denied": 2}, Memories: 40, Private: 3, Used: 10}
	for h := range 7 * 24 {
		latency := make([]int, 14)
		latency[3] = h % 5
		d.Points = append(d.Points, metrics.Point{At: d.From.Add(time.Duration(h) * time.Hour), Calls: h % 5, Latency: latency, Tools: map[string]int{"recall": h % 5}, Memories: h, Bytes: int64(h) * 1000})
	}
	return d
}

func TestReport(t *testing.T) {
	d := sample()
	md := d.Markdown("")
	for _, want := range []string{"# elderzan: weekly report", "## Performance", "## Cost", "## Accuracy", "## Security", "| 19 of 20 answers within | 10ms |", "as fast as promised", "| Memories that recall has returned | 10 (25.0 %) |", "Denied | 2", "█", "audit log is whole"} {
		if !strings.Contains(md, want) {
			t.Errorf("Markdown lacks %q:\n%s", want, md)
		}
	}
	linked, plots := d.Markdown("r"), d.Plots()
	if len(plots) != 4 {
		t.Errorf("%d plots", len(plots))
	}
	for name, svg := range plots {
		if !strings.Contains(linked, "(r"+name+")") || !strings.HasPrefix(svg, "<svg") {
			t.Errorf("plot %s is not linked, or is none", name)
		}
	}
	d.Verified, d.Alerts = errors.New("broken"), []string{"<script>alert(1)</script>"}
	html, err := d.HTML()
	if err != nil || strings.Contains(string(html), "<script>") || strings.Count(string(html), "<svg") != 4 || !strings.Contains(string(html), `class="attention">Attention: The audit log does not verify`) {
		t.Errorf("HTML: %v\n%.2000s", err, html)
	}
}

// A report judges by no fewer calls than the alerts do: the first one after an evening's use would be a false alarm.
func TestFewCalls(t *testing.T) {
	for calls, want := range map[int]string{1: "too few to judge by", metrics.EnoughCalls - 1: "too few to judge by", metrics.EnoughCalls: "Attention: Answers are slower than promised (19 of 20 within 200 ms)"} {
		d := &Data{Period: Weekly, From: time.Unix(0, 0), To: time.Unix(0, 0).AddDate(0, 0, 7)}
		latency := make([]int, 14)
		latency[len(latency)-1] = calls
		d.Points = []metrics.Point{{At: d.From, Calls: calls, Latency: latency}}
		md := d.Markdown("")
		if !strings.Contains(strings.ReplaceAll(md, "*", ""), want) || strings.Contains(md, "Attention") != strings.Contains(want, "Attention") {
			t.Errorf("%d calls: %s", calls, md[:min(len(md), 700)])
		}
	}
}

// A report of nothing says so and divides by nothing.
func TestEmpty(t *testing.T) {
	for _, p := range []Period{Weekly, Monthly, Quarterly} {
		d := &Data{Period: p, From: time.Unix(0, 0), To: time.Unix(0, 0).AddDate(0, 0, p.Days())}
		if md := d.Markdown(""); !strings.Contains(md, "No calls were made") || strings.Contains(md, "NaN") || p.Days() == 0 || p.Span() == 0 {
			t.Errorf("%s: %s", p, md)
		}
		if html, err := d.HTML(); err != nil || strings.Contains(string(html), "NaN") {
			t.Errorf("%s: %v", p, err)
		}
	}
}
