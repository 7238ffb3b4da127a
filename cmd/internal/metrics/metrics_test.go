package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/scope"
)

func testMetrics(stats func(context.Context) (memory.Stats, error), clock *time.Time) *Metrics {
	free := func() (uint64, error) { return 1 << 40, nil }
	return New(Options{Stats: stats, Clients: func() int { return 3 }, Free: free, Version: "v1", Now: func() time.Time { return *clock }})
}

func open(context.Context) (memory.Stats, error) {
	return memory.Stats{ByScope: map[scope.Scope]int{scope.Private: 2, scope.Project: 5}, ByState: map[memory.State]int{memory.Active: 7}, Vectors: 7, IndexKind: "flat", Bytes: 1000}, nil
}

func text(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	var b strings.Builder
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	if w.Code != 200 || !strings.Contains(w.Body.String(), "elderzan_up") {
		t.Errorf("handler = %d", w.Code)
	}
	return b.String()
}

func TestExposition(t *testing.T) {
	clock := time.Now()
	m := testMetrics(open, &clock)
	m.Called("recall", "ok", 7*time.Millisecond)
	m.Called("recall", "internal", time.Second)
	got := text(t, m)
	for _, line := range []string{
		`elderzan_tool_calls_total{outcome="ok",tool="recall"} 1`, `elderzan_tool_duration_seconds_bucket{tool="recall",le="0.01"} 1`,
		`elderzan_memories{scope="PRIVATE"} 2`, `elderzan_up 1`, `elderzan_clients 3`, `elderzan_build_info{version="v1"} 1`, `process_resident_memory_bytes`,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	closed := testMetrics(func(context.Context) (memory.Stats, error) { return memory.Stats{}, errors.New("closed") }, &clock)
	if got := text(t, closed); !strings.Contains(got, "elderzan_up 0") || strings.Contains(got, "elderzan_memories{") {
		t.Error("a store that is not open is not told as such")
	}
}

func TestAlerts(t *testing.T) {
	clock := time.Now()
	m := testMetrics(open, &clock)
	for range EnoughCalls - 1 {
		m.Called("recall", "internal", time.Second)
	}
	if got := m.Alerts(); got != nil {
		t.Errorf("alerts from too few calls: %v", got)
	}
	m.Called("recall", "ok", time.Second)
	if got := m.Alerts(); len(got) != 2 {
		t.Errorf("alerts = %v; want slow and failing", got)
	}
	clock = clock.Add(windowSpan + time.Second)
	if r := m.Recent(); r.Calls != 0 || m.Alerts() != nil {
		t.Errorf("after the window: %+v", r)
	}
	for i := range 100 {
		took := 4 * time.Millisecond
		if i >= 96 {
			took = 20 * time.Second
		}
		m.Called("remember", "input", took) // a caller's mistake is no failure of ours
	}
	if r := m.Recent(); r.P50 != 5*time.Millisecond || r.P95 != 5*time.Millisecond || r.Failing != 0 || m.Alerts() != nil {
		t.Errorf("Recent = %+v, alerts %v", r, m.Alerts())
	}
}

// Every row of the table of objectives is met, missed or an alert by what was counted.
func TestObjectives(t *testing.T) {
	clock := time.Now()
	cloud, offline := false, false
	m := New(Options{Stats: open, Now: func() time.Time { return clock }, Offline: func() (bool, bool) { return cloud, offline }})
	states := func() (out []State) {
		for _, o := range m.Objectives() {
			out = append(out, o.State)
		}
		return out
	}
	want := func(when string, of ...State) {
		t.Helper()
		if got := states(); !slices.Equal(got, of) {
			t.Errorf("%s: %q; want %q", when, got, of)
		}
	}
	want("at first", Unknown, Unknown, Unknown, Unknown, Unknown, Met)
	cloud = true
	for range 20 {
		m.Called("recall", "ok", time.Millisecond)
		m.Round(RoundOK)
	}
	want("all is well", Met, Met, Met, Met, Met, Met)
	m.Called("recall", "ok", time.Millisecond)
	offline = true
	for range 2 {
		m.Called("recall", "ok", 300*time.Millisecond)
	}
	m.Round(RoundOffline)
	want("the cloud goes away", Missed, Met, Missed, Alarm, Missed, Met)
	for range 20 {
		m.Called("recall", "denied", time.Millisecond)
		m.Round(RoundFailed)
	}
	m.Incident(IncidentToken)
	want("much is wrong", Met, Met, Alarm, Alarm, Alarm, Alarm)
	if got := m.Alerts(); len(got) != 4 || !strings.HasPrefix(got[3], "21 security incidents") {
		t.Errorf("alerts = %q", got)
	}
	have := text(t, m)
	for _, line := range []string{`elderzan_sync_rounds_total{outcome="offline"} 1`, `elderzan_security_incidents_total{kind="denied"} 20`, `elderzan_local_fallback_calls_total 22`} {
		if !strings.Contains(have, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	clock = clock.Add(windowSpan + time.Minute)
	want("five minutes later", Unknown, Unknown, Alarm, Alarm, Unknown, Met)
	clock = clock.Add(roundSpan)
	want("hours later", Unknown, Unknown, Unknown, Unknown, Unknown, Met)
}

// What the classifier decides is counted, and nothing of the text.
func TestClassified(t *testing.T) {
	clock := time.Now()
	m := testMetrics(open, &clock)
	if _, err := m.Classifier(memorytest.Classifier{}).Classify(t.Context(), scope.Input{Content: "wombat"}); err != nil {
		t.Fatal(err)
	}
	if have := text(t, m); !strings.Contains(have, `elderzan_classified_total{scope="`) || !strings.Contains(have, "elderzan_classify_duration_seconds_count 1") || strings.Contains(have, "wombat") {
		t.Errorf("a classified text is not counted as it should: %s", have)
	}
	var none *Metrics
	none.Round(RoundOK)
	if none.Classifier(memorytest.Classifier{}) == nil {
		t.Error("without metrics there is no classifier")
	}
}

// The rules name metrics that there are.
func TestRules(t *testing.T) {
	b, err := os.ReadFile("rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Now()
	m := testMetrics(open, &clock)
	m.Called("recall", "ok", time.Millisecond)
	have := text(t, m)
	names := regexp.MustCompile(`elderzan_[a-z_]+`).FindAllString(string(b), -1)
	if len(names) < 7 {
		t.Fatalf("rules name %d metrics", len(names))
	}
	for _, n := range names {
		if !strings.Contains(have, n) {
			t.Errorf("the rules use %s, which is not measured", n)
		}
	}
	if latencies != len(buckets)+1 {
		t.Errorf("%d slots for %d buckets", latencies, len(buckets))
	}
}

// The rules for Prometheus judge by the figures that the engine's own alerts judge by, over the same time.
func TestRulesKeepThePromises(t *testing.T) {
	b, err := os.ReadFile("rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	type rule struct {
		Alert, Expr string
		Labels      struct{ Severity string }
		Annotations struct{ Summary string }
	}
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	rules := map[string]rule{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			rules[r.Alert] = r
		}
	}
	limit, least, reach := regexp.MustCompile(`> (\S+)`), regexp.MustCompile(`>= (\d+)`), regexp.MustCompile(`\[(\w+)\]`)
	check := func(p promise, name, severity string, want float64) {
		r, known := rules[name]
		delete(rules, name)
		found := limit.FindStringSubmatch(r.Expr)
		if !known || found == nil || r.Labels.Severity != severity {
			t.Errorf("%s: rule %s is %+v; want one with a limit, of severity %s", p.name, name, r, severity)
			return
		}
		if is, err := strconv.ParseFloat(found[1], 64); err != nil || is != want {
			t.Errorf("%s: rule %s has the limit %s; want %v", p.name, name, found[1], want)
		}
		for _, span := range reach.FindAllStringSubmatch(r.Expr, -1) {
			if d, err := time.ParseDuration(span[1]); err != nil || d != p.span {
				t.Errorf("%s: rule %s looks at %s; want %v", p.name, name, span[1], p.span)
			}
		}
		if enough := least.FindStringSubmatch(r.Expr); p.span == roundSpan && (enough == nil || enough[1] != strconv.Itoa(p.enough)) {
			t.Errorf("%s: rule %s judges by %q; want %d at least", p.name, name, enough, p.enough)
		}
	}
	for _, p := range promises {
		if p.warnRule != "" {
			check(p, p.warnRule, "warning", p.target)
		}
		check(p, p.alertRule, "critical", p.alert)
	}
	clock := time.Now()
	for i, o := range testMetrics(open, &clock).Objectives() {
		if o.Name != promises[i].name {
			t.Errorf("objective %d is %q; want %q", i, o.Name, promises[i].name)
		}
	}
	// What no objective is about: the state of the store and of the machine.
	if rest := slices.Sorted(maps.Keys(rules)); !slices.Equal(rest, []string{"ElderzanDiskFillsUp", "ElderzanDown", "ElderzanEmbeddingBehind", "ElderzanInconsistent", "ElderzanSyncBehind"}) {
		t.Errorf("rules without an objective: %q", rest)
	}
}

// The Grafana dashboard names metrics and labels that there are, in panels that do not overlap.
func TestGrafana(t *testing.T) {
	b, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Name, Query string }
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	clock := time.Now()
	m := testMetrics(func(context.Context) (memory.Stats, error) {
		st, err := open(t.Context())
		st.LastCheckedAt = clock
		return st, err
	}, &clock)
	m.Called("recall", "ok", time.Millisecond)
	if _, err := m.Classifier(memorytest.Classifier{}).Classify(t.Context(), scope.Input{Content: "x"}); err != nil {
		t.Fatal(err)
	}
	have := text(t, m)
	names, labels := regexp.MustCompile(`(elderzan|process)_[a-z_]+`), regexp.MustCompile(`\{\{(\w+)\}\}|by \((\w+)\)|[{,](\w+)=~?"`)
	covered, seen := map[[2]int]string{}, map[string]bool{}
	check := func(where, expr string) {
		for _, n := range names.FindAllString(expr, -1) {
			seen[n] = true
			if !strings.Contains(have, "\n"+n+"{") && !strings.Contains(have, "\n"+n+" ") {
				t.Errorf("%s uses %s, which is not measured", where, n)
			}
		}
		for _, l := range labels.FindAllStringSubmatch(expr, -1) {
			label := l[1] + l[2] + l[3]
			if label != "instance" && label != "job" && label != "le" && !strings.Contains(have, label+`="`) { // Prometheus adds the first two
				t.Errorf("%s uses the label %s, which nothing has", where, label)
			}
		}
	}
	for _, p := range d.Panels {
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := covered[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies over %q or beyond the edge", p.Title, other)
				}
				covered[[2]int{x, y}] = p.Title
			}
		}
		if len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			check(p.Title, target.Expr+" "+target.LegendFormat)
		}
	}
	for _, v := range d.Templating.List {
		check("variable "+v.Name, v.Query)
	}
	for _, line := range strings.Split(have, "\n") { // and leaves none of ours out
		name := strings.TrimSuffix(strings.TrimSuffix(names.FindString(line), "_count"), "_sum")
		if strings.HasPrefix(line, "elderzan_") && name != "elderzan_build_info" && !seen[name] && !seen[name+"_bucket"] {
			t.Errorf("no panel shows %s", name)
		}
	}
}
