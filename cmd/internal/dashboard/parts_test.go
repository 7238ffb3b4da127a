package dashboard_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/dashboard"
	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// parts are the sources of the pages that not every engine has.
type parts struct {
	topics    memory.TopicMap
	conflicts []dashboard.Conflict
	settled   map[memory.ID]string
	flags     map[string]string
	points    []metrics.Point
	asked     []string // of the history: span and how far back
	recent    dashboard.Recent
	alerts    []string
	broken    error // of every source
}

func (p *parts) List(context.Context) ([]dashboard.Conflict, error) { return p.conflicts, p.broken }

func (p *parts) Settle(_ context.Context, id memory.ID, text string) error {
	if !slices.ContainsFunc(p.conflicts, func(c dashboard.Conflict) bool { return c.ID == id }) {
		return &memory.NotFoundError{IDs: []memory.ID{id}}
	}
	p.settled[id] = text
	return p.broken
}

type flagList struct{ *parts }

func (f flagList) List() []dashboard.Flag {
	var out []dashboard.Flag
	for _, name := range []string{"recall.first", "recall.second"} {
		out = append(out, dashboard.Flag{Name: name, Says: "says " + f.flags[name], Help: "helps", State: f.flags[name]})
	}
	return out
}

func (f flagList) Set(_ context.Context, name, state string) error {
	if f.flags[name] == "" {
		return &memory.InputError{Field: "feature", Problem: "is unknown"}
	}
	f.flags[name] = state
	return f.broken
}

type auditLog struct {
	store *storage.Store
	cut   *error // what verifying ends with
}

func (a auditLog) Entries(ctx context.Context, before int64, n int) ([]dashboard.AuditEntry, error) {
	var out []dashboard.AuditEntry
	err := a.store.AuditLog(ctx, 0, func(e storage.AuditEntry) error {
		if before == 0 || e.Seq < before {
			out = append(out, dashboard.AuditEntry{Seq: e.Seq, Audit: e.Audit})
		}
		return nil
	})
	slices.Reverse(out)
	return out[:min(len(out), n)], err
}

func (a auditLog) Verify(ctx context.Context) (int64, error) {
	all, err := a.Entries(ctx, 0, 1)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0].Seq, *a.cut
}

// now is when the page of metrics is looked at.
var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// wholeWorld offers every page.
func wholeWorld(t *testing.T) (*world, *parts, *error) {
	t.Helper()
	p, cut := &parts{settled: map[memory.ID]string{}, flags: map[string]string{"recall.first": "on", "recall.second": "off"}}, new(error)
	w := newWorld(t, func(w *world, o *dashboard.Options) {
		o.Topics = func(context.Context) (memory.TopicMap, error) { return p.topics, p.broken }
		o.Conflicts, o.Flags, o.Audit = p, flagList{p}, auditLog{w.store, cut}
		o.Recent = func() dashboard.Recent { return p.recent }
		o.History = func(_ context.Context, span time.Duration, since time.Time) ([]metrics.Point, error) {
			p.asked = append(p.asked, fmt.Sprint(span, " ", now.Sub(since)))
			return p.points, p.broken
		}
		o.Settings = func() []dashboard.Setting {
			return []dashboard.Setting{
				{Key: "default_scope", Value: "PROJECT", Help: "where it goes"}, {Key: "embed.api_key", Value: "sk-very-secret", Help: "of the provider", Secret: true},
				{Key: "sync.database_url", Help: "of the cloud", Secret: true},
			}
		}
		overview := o.Overview
		o.Overview = func(ctx context.Context) dashboard.Overview {
			out := overview(ctx)
			out.Alerts = p.alerts
			return out
		}
		o.Now = func() time.Time { return now }
	})
	return w, p, cut
}

// Every page is in the navigation of every page, and a part that is not there is offered nowhere.
func TestNavigation(t *testing.T) {
	w, _, _ := wholeWorld(t)
	paths := []string{"/", "/memories", "/topics", "/sessions", "/conflicts", "/audit", "/metrics", "/settings"}
	for _, path := range paths {
		p := w.get(path).want(http.StatusOK)
		for _, to := range paths {
			if !slices.Contains(p.links("/"), to) {
				t.Errorf("%s has no link to %s", path, to)
			}
		}
		for _, a := range p.all("a") {
			if attr(a, "aria-current") == "page" && attr(a, "href") != path && !strings.HasPrefix(attr(a, "href"), "/metrics?") {
				t.Errorf("%s marks %s as the page", path, attr(a, "href"))
			}
		}
	}
	bare := newWorld(t, nil)
	for _, path := range []string{"/topics", "/conflicts", "/audit", "/metrics", "/settings"} {
		bare.get(path).want(http.StatusNotFound)
	}
	if got := bare.get("/").links("/"); slices.Contains(got, "/topics") || slices.Contains(got, "/settings") {
		t.Errorf("links = %q", got)
	}
	bare.post("/flags/recall.first", nil).want(http.StatusNotFound)
}

func TestSettingsAndFlags(t *testing.T) {
	w, p, _ := wholeWorld(t)
	w.get("/settings").want(http.StatusOK, "default_scope PROJECT", "embed.api_key set", "sync.database_url not set", "recall.first", "/home/ana/memory").without("sk-very-secret")
	w.post("/flags/recall.first", map[string][]string{"state": {"off"}}).want(http.StatusOK, "Changed; it is in force.", "says off")
	w.post("/flags/recall.second", map[string][]string{"state": {"default"}}).want(http.StatusOK, "says default")
	for _, state := range []string{"", "maybe"} {
		w.post("/flags/recall.first", map[string][]string{"state": {state}}).want(http.StatusBadRequest, "on, off or to its default")
	}
	w.post("/flags/other", map[string][]string{"state": {"on"}}).want(http.StatusBadRequest, "unknown")
	w.post("/flags/recall.first", map[string][]string{"state": {strings.Repeat("x", 300<<10)}}).want(http.StatusBadRequest, "could not be read")
	if p.flags["recall.first"] != "off" || len(p.flags) != 2 {
		t.Errorf("flags = %v", p.flags)
	}
}

func TestConflicts(t *testing.T) {
	w, p, _ := wholeWorld(t)
	w.get("/conflicts").want(http.StatusOK, "There are none", "Sync: off")
	m := w.keep(memory.RememberInput{Content: "\nours"})
	p.conflicts = []dashboard.Conflict{
		{ID: m.ID, Text: "\nours\nsecond", Others: []dashboard.Version{{Text: "\ntheirs <b>", Author: "tom", At: "2026-04-30", Base: "the base"}, {Text: "third", Author: "eva"}}},
	}
	p.alerts = []string{"the disk is nearly full"}
	page := w.get("/conflicts").want(http.StatusOK, "tom 2026-04-30", "theirs <b>", "Both began with the base", "third")
	w.get("/").want(http.StatusOK, "the disk is nearly full")
	settle := "/conflicts/" + string(m.ID) + "/settle"
	for n, want := range []string{"\nours\nsecond", "\ntheirs <b>", "third", "\nours\nsecond"} { // the last is the merge by hand
		w.post(settle, page.form(settle, n)).want(http.StatusOK, "Settled; the other machines follow.")
		if got := p.settled[m.ID]; got != want {
			t.Errorf("form %d settles as %q; want %q", n, got, want)
		}
	}
	other := w.keep(memory.RememberInput{Content: "not in conflict"})
	w.post("/conflicts/"+string(other.ID)+"/settle", map[string][]string{"text": {"x"}}).want(http.StatusNotFound, "no such memory")
	w.post("/conflicts/nonsense/settle", nil).want(http.StatusNotFound, "no such memory")
	w.post(settle, map[string][]string{"text": {strings.Repeat("x", 300<<10)}}).want(http.StatusBadRequest, "at most 64 KiB")
}

func TestTopics(t *testing.T) {
	w, p, _ := wholeWorld(t)
	w.get("/topics").want(http.StatusOK, "There are no topics yet")
	m := w.keep(memory.RememberInput{Content: "the invoice job runs at night"})
	p.topics = memory.TopicMap{At: now, Memories: 5000, Topics: []memory.Topic{
		{ID: "a", Name: `invoices & <b>"jobs"`, Size: 4000, Best: []memory.Memory{m}, X: -1, Y: 1}, {ID: "b", Name: "kittens", Size: 1, X: 1, Y: -1},
	}}
	for range 5000 {
		p.topics.Spots = append(p.topics.Spots, memory.Spot{ID: m.ID, Topic: "a"})
	}
	page := w.get("/topics").want(http.StatusOK, "From 5000 memories", `invoices & <b>"jobs"`, "kittens", "the invoice job")
	spots := 0
	for _, c := range page.all("circle") {
		switch attr(c, "class") {
		case "spot":
			spots++
			if attr(c, "cx") != "450.0" || attr(c, "cy") != "280.0" {
				t.Fatalf("a spot in the middle is at %s, %s", attr(c, "cx"), attr(c, "cy"))
			}
		case "topic":
			if r, x := attr(c, "r"), attr(c, "cx"); r+" "+x != "28 40.0" && r+" "+x != "5 860.0" {
				t.Errorf("a topic of radius %s is at %s", r, x)
			}
		}
	}
	if n := len(page.all("text")); n != 2 {
		t.Errorf("%d names are written; want both", n)
	}
	for i := range 40 { // around one place: some names have room there, and each stands alone
		p.topics.Topics = append(p.topics.Topics, memory.Topic{ID: fmt.Sprint(i), Name: "topic of things", Size: 40, X: float64(i%8) / 40, Y: float64(i/8) / 40})
	}
	var last []float64
	for _, c := range w.get("/topics").all("text") {
		x, y := number(t, attr(c, "x")), number(t, attr(c, "y"))-number(t, strings.TrimPrefix(attr(c, "dy"), "-"))
		for i := 0; i < len(last); i += 2 {
			if math.Abs(x-last[i]) < 60 && math.Abs(y-last[i+1]) < 14 {
				t.Errorf("a name at %.0f, %.0f covers one at %.0f, %.0f", x, y, last[i], last[i+1])
			}
		}
		last = append(last, x, y)
	}
	if n := len(last) / 2; n < 4 || n > 30 {
		t.Errorf("%d of 42 names are written", n)
	}
	if spots != 2000 {
		t.Errorf("%d spots are drawn; want 2000 of 5000", spots)
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMetrics(t *testing.T) {
	w, p, _ := wholeWorld(t)
	w.get("/metrics").want(http.StatusOK, "There is nothing to draw", "0 calls in 5 minutes", "– for half of the answers")
	for i := range 5 {
		p.points = append(p.points, metrics.Point{At: now.Add(time.Duration(i-10) * time.Minute), Calls: i, Memories: 100 + i, Scopes: map[string]int{"PRIVATE": 1}, Bytes: 5_000_000, Memory: 90_000_000})
	}
	p.recent = dashboard.Recent{Calls: 9, Failing: 1, P50: 20 * time.Millisecond, P95: 2 * time.Second}
	p.alerts = []string{"answers are slow"}
	page := w.get("/metrics").want(http.StatusOK, "≤ 20 ms for half", "≤ 2 s for 19 of 20, target 200 ms", "answers are slow", "Time to an answer, ms", "Size")
	if n := len(page.all("svg")); n != 4 || page.header.Get("Refresh") != "30" {
		t.Errorf("%d charts, refresh %q", n, page.header.Get("Refresh"))
	}
	for name, want := range map[string]string{ // span and how far back
		"hour": "1m0s 1h0m0s", "day": "1m0s 24h0m0s", "week": "1h0m0s 168h0m0s", "month": "1h0m0s 744h0m0s", "year": "24h0m0s 8760h0m0s",
		"": "1m0s 24h0m0s", "eon": "1m0s 24h0m0s",
	} {
		p.asked = nil
		w.get("/metrics?range=" + name).want(http.StatusOK)
		if len(p.asked) != 1 || p.asked[0] != want {
			t.Errorf("range %q asks for %q; want %q", name, p.asked, want)
		}
	}
}

func TestAudit(t *testing.T) {
	w, _, cut := wholeWorld(t)
	m := w.keep(memory.RememberInput{Content: "the password is hunter2"})
	if _, err := w.svc.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: scope.Project, Confirm: true}); err != nil {
		t.Fatal(err)
	}
	for i := range 58 {
		w.keep(memory.RememberInput{Content: fmt.Sprintf("fact %d", i)})
	}
	p := w.get("/audit").want(http.StatusOK, "60 ", "remember")
	if rows := len(p.all("tr")) - 1; rows != 50 {
		t.Errorf("%d entries are shown; want 50", rows)
	}
	p = w.get(p.link("Older")).want(http.StatusOK, "override", "PRIVATE → PROJECT", "password-is", "mia · editor").without("hunter2", "fact 1")
	if rows := len(p.all("tr")) - 1; rows != 10 || p.link("Older") != "" {
		t.Errorf("%d older entries, then %q; want 10 and no more", rows, p.link("Older"))
	}
	if got := p.links(pathOf(m)); len(got) != 1 {
		t.Errorf("the memory is linked %d times", len(got))
	}
	w.get("/audit?before=soon").want(http.StatusOK, "60 ")
	w.get("/audit?verify=1").want(http.StatusOK, "All 60 entries follow from each other")
	*cut = errors.New("entry 41 does not follow")
	w.get("/audit?verify=1").want(http.StatusOK, "broken after 60 entries", "entry 41 does not follow", "elderzan doctor")
}

// What is missing is said at the start, not by a page.
func TestStartRefuses(t *testing.T) {
	service := func(context.Context) (*memory.Service, error) { return nil, memory.ErrUnavailable }
	overview := func(context.Context) dashboard.Overview { return dashboard.Overview{} }
	for name, o := range map[string]dashboard.Options{
		"nothing": {}, "no logger": {Service: service, Overview: overview}, "no service": {Overview: overview, Logger: slog.New(slog.DiscardHandler)},
		"no overview": {Service: service, Logger: slog.New(slog.DiscardHandler)},
	} {
		if s, err := dashboard.Start(o); err == nil {
			t.Errorf("%s: started", name)
			_ = s.Close()
		}
	}
}
