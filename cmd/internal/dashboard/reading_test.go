package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/dashboard"
	"github.com/elderzan/elderzan/memory"
)

func TestOverview(t *testing.T) {
	var recent dashboard.Recent
	w := newWorld(t, func(_ *world, o *dashboard.Options) { o.Recent = func() dashboard.Recent { return recent } })
	w.get("/").want(http.StatusOK, "Nothing is remembered yet", "elderzan setup", "1 client connected", "0 calls in 5 minutes", "4711", "1m30s", "/home/ana/memory", "1.2.3").without("19 of 20")
	w.keep(memory.RememberInput{Content: "the password is hunter2"})
	for i := range 10 {
		w.keep(memory.RememberInput{Content: fmt.Sprintf("fact number %d", i)})
	}
	recent = dashboard.Recent{Calls: 7, Failing: 2, P95: 1500 * time.Millisecond}
	p := w.get("/").want(http.StatusOK, "1 PRIVATE", "10 PROJECT", "0 SHARED", "fact number 9", "All 11", "7 calls in 5 minutes, 2 failed", "≤ 1.5 s")
	if n := len(p.links("/memories/")); n != 8 {
		t.Errorf("%d of the newest are listed; want 8", n)
	}
	if got := p.link("1 PRIVATE"); got != "/memories?scope=PRIVATE" {
		t.Errorf("the card of PRIVATE leads to %q", got)
	}
}

func TestListAndItsFilters(t *testing.T) {
	w := newWorld(t, nil)
	w.keep(memory.RememberInput{Content: "We chose PostgreSQL.", Kind: "decision", Tags: []string{"db"}, Project: "billing"})
	w.keep(memory.RememberInput{Content: "We chose tabs.", Kind: "decision", Tags: []string{"style"}, Project: "editor"})
	w.keep(memory.RememberInput{Content: "The password is hunter2", Kind: "fact"})
	for name, tc := range map[string]struct {
		query string
		want  []string // texts
		not   []string
	}{
		"all":                {"", []string{"3 memories", "PostgreSQL", "tabs", "hunter2"}, nil},
		"words":              {"q=chose+tabs", []string{"1 memory", "tabs"}, []string{"PostgreSQL"}},
		"meaning":            {"q=chose+tabs&by=meaning", []string{"tabs"}, nil},
		"meaning of nothing": {"q=&by=meaning", []string{"3 memories"}, nil},
		"scope":              {"scope=PRIVATE", []string{"1 memory", "hunter2"}, []string{"tabs"}},
		"project":            {"project=editor", []string{"1 memory", "project editor", "any project"}, []string{"PostgreSQL"}},
		"kind":               {"kind=decision", []string{"2 memories", "any kind"}, []string{"hunter2"}},
		"tag":                {"tag=db", []string{"1 memory", "any tag"}, []string{"tabs"}},
		"state":              {"state=forgotten", []string{"0 memories", "Nothing here matches"}, nil},
		"future":             {"since=2999-01-01", []string{"0 memories"}, nil},
		"past":               {"until=2020-01-01", []string{"0 memories"}, nil},
		"long":               {"since=2020-01-01&until=2999-01-01", []string{"3 memories"}, nil},
		"by several":         {"kind=decision&tag=style&q=tabs", []string{"1 memory"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.get("/memories?"+tc.query).want(http.StatusOK, tc.want...)
			for _, line := range p.all("li") {
				for _, not := range tc.not {
					if strings.Contains(textOf(line), not) && attr(line, "class") == "memory" {
						t.Errorf("%s lists %q", tc.query, not)
					}
				}
			}
		})
	}
	for query, says := range map[string]string{
		"scope=EVERYWHERE":                            "no such scope",
		"state=lost":                                  "unknown state",
		"sort=random":                                 "sort is unknown",
		"since=yesterday":                             "2026-01-31",
		"until=31.01.2026":                            "2026-01-31",
		"since=2026-02-01&until=2026-01-01":           "not before until",
		"cursor=nonsense":                             "cursor",
		"q=" + strings.Repeat("x", 10_000):            "text",
		"by=meaning&q=" + strings.Repeat("x", 10_000): "query",
	} {
		w.get("/memories?"+query).want(http.StatusBadRequest, says)
	}
}

// What is typed into the form stays in it, and the links beside the list keep it.
func TestFilterIsKept(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 3 {
		w.keep(memory.RememberInput{Content: fmt.Sprintf("note %d", i), Kind: "fact", Tags: []string{"a & b"}, Project: "billing"})
	}
	query := url.Values{"q": {"note"}, "scope": {"PROJECT"}, "sort": {"oldest"}, "since": {"2020-01-01"}, "until": {"2999-12-31"}, "kind": {"fact"}}
	p := w.get("/memories?"+query.Encode()).want(http.StatusOK, "3 memories")
	form := p.form("/memories", 1)
	for k := range query {
		if form.Get(k) != query.Get(k) {
			t.Errorf("field %s = %q; want %q", k, form.Get(k), query.Get(k))
		}
	}
	narrow := p.link("a & b")
	if narrow == "" {
		t.Fatalf("no link for the tag: %s", p.text())
	}
	q, err := url.Parse(narrow)
	if err != nil || q.Query().Get("tag") != "a & b" || q.Query().Get("since") != "2020-01-01" || q.Query().Get("sort") != "oldest" {
		t.Errorf("the tag leads to %s, %v", narrow, err)
	}
	p = w.get(narrow).want(http.StatusOK, "3 memories", "tag a & b")
	w.get(p.link("× any kind")).want(http.StatusOK, "3 memories").without("any kind")
}

// A long list comes in pages that hold every memory once, and facets count beyond the page.
func TestPages(t *testing.T) {
	w := newWorld(t, nil)
	const n = 60
	for i := range n {
		w.keep(memory.RememberInput{Content: fmt.Sprintf("item-%02d of the list", i), Tags: []string{fmt.Sprintf("t%02d", i%20), "every"}})
	}
	for _, sort := range []string{"", "oldest", "updated"} {
		seen, at := map[string]int{}, "/memories?sort="+sort
		pages := 0
		for ; at != "" && pages < 10; pages++ {
			p := w.get(at).want(http.StatusOK, fmt.Sprintf("%d memories", n))
			for _, path := range p.links("/memories/") {
				seen[path]++
			}
			at = p.link("More")
		}
		if len(seen) != n || pages != 3 {
			t.Errorf("sort %q: %d memories on %d pages; want %d on 3", sort, len(seen), pages, n)
		}
		for path, times := range seen {
			if times != 1 {
				t.Errorf("sort %q: %s was listed %d times", sort, path, times)
			}
		}
	}
	var tags []string
	for _, li := range w.get("/memories").all("li") {
		if text := strings.Join(strings.Fields(textOf(li)), " "); attr(li, "class") == "" && (strings.HasPrefix(text, "t") || strings.HasPrefix(text, "every")) {
			tags = append(tags, text)
		}
	}
	if len(tags) != 12 || tags[0] != "every 60" || tags[1] != "t00 3" {
		t.Errorf("tags beside the list = %q; want the 12 most used, by number and then by name", tags)
	}
}

// A memory's page tells what is known of it, with what came before and after it and what is related.
func TestMemoryPage(t *testing.T) {
	w := newWorld(t, nil)
	hour := time.Hour
	old := w.keep(memory.RememberInput{Content: "The office is in Bergen.", Title: "Office", Tags: []string{"place"}})
	m := w.keep(memory.RememberInput{
		Content: "The office is in Oslo.", Title: "Office", Kind: "fact", Tags: []string{"place"}, Supersedes: old.ID, ExpiresIn: hour,
		Metadata: map[string]any{"floor": 3, "note": "<b>"},
	})
	last := w.keep(memory.RememberInput{Content: "The office is in Tromsø.", Supersedes: m.ID})
	w.keep(memory.RememberInput{Content: "The office has a kitchen."})
	p := w.get(pathOf(m)).want(http.StatusOK, "Office", "The office is in Oslo.", "superseded", "nothing sensitive was found", "mia with editor, trust user", "Expires", `"floor": 3`, "History", "Bergen", "this one", "Tromsø")
	at := func(text string) int { return strings.Index(p.text()[strings.Index(p.text(), "History"):], text) }
	if at("Tromsø") > at("this one") || at("this one") > at("Bergen") {
		t.Errorf("the history is not in order: %s", p.text())
	}
	w.get(pathOf(last)).want(http.StatusOK, "Related", "kitchen")
	secret := w.keep(memory.RememberInput{Content: "The password is hunter2"})
	w.get(pathOf(secret)).want(http.StatusOK, "PRIVATE", "sensitive", "rules password-is")
	untitled := w.keep(memory.RememberInput{Content: strings.Repeat("long ", 50)})
	if title := strings.TrimSpace(textOf(w.get(pathOf(untitled)).all("h1")[0])); len([]rune(title)) != 61 || !strings.HasSuffix(title, "…") {
		t.Errorf("title of a long text = %q", title)
	}

	// A version that was removed for good ends the history and breaks nothing.
	if _, err := w.svc.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{old.ID}, Purge: true}); err != nil {
		t.Fatal(err)
	}
	p = w.get(pathOf(m)).want(http.StatusOK, "Tromsø")
	if strings.Contains(p.text(), "Bergen") {
		t.Error("a purged text is still shown")
	}
}

// A long chain of versions is shown as far as it helps.
func TestLongHistory(t *testing.T) {
	w := newWorld(t, nil)
	var chain []memory.Memory
	for i := range 25 {
		in := memory.RememberInput{Content: fmt.Sprintf("version-%02d of the plan", i)}
		if i > 0 {
			in.Supersedes = chain[i-1].ID
		}
		chain = append(chain, w.keep(in))
	}
	p := w.get(pathOf(chain[24])).want(http.StatusOK, "version-04")
	if slices.Contains(p.links("/memories/"), pathOf(chain[3])) {
		t.Error("more than 20 older versions are shown")
	}
	p = w.get(pathOf(chain[0])).want(http.StatusOK, "version-20")
	if slices.Contains(p.links("/memories/"), pathOf(chain[21])) {
		t.Error("more than 20 newer versions are shown")
	}
}

func TestSessions(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/sessions").want(http.StatusOK, "No session is on record yet")
	w.keep(memory.RememberInput{Content: "the invoice job runs at night"})
	reader := mia
	reader.Session, reader.Client = "tuesday", "terminal"
	if _, err := w.svc.Recall(t.Context(), reader, memory.RecallInput{Query: "invoice job", Limit: 5}); err != nil {
		t.Fatal(err)
	}
	if err := w.book.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := w.get("/sessions").want(http.StatusOK, "editor", "terminal", "billing")
	if got := p.links("/sessions/"); len(got) != 2 {
		t.Errorf("links = %q", got)
	}
	w.get("/sessions/monday").want(http.StatusOK, "Session of editor", "project billing", "the invoice job", "0 recalls")
	w.get("/sessions/tuesday").want(http.StatusOK, "Session of terminal", "1 recall", "the invoice job")
	w.get("/sessions/never").want(http.StatusNotFound, "no such session")
}
