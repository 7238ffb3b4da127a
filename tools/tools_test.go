package tools

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func TestRememberAndRecall(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		res := w.call("remember", map[string]any{
			"content": "We deploy on Tuesdays because the customer freezes on Wednesday.", "title": " Deploy day ", "tags": []string{"ops", "ops", " "},
			"occurred_at": "2026-01-02", "metadata": map[string]any{"source": "import:mem0"},
		})
		got := decode[rememberResult](t, resultText(res))
		if got.Scope != "PROJECT" || got.Project != "billing" || got.Kind != "note" || got.ID == "" || len(got.Warnings) != 0 || got.Classification.Confidence != 0.75 {
			t.Errorf("remember = %+v", got)
		}
		if link, ok := res.Content[1].(mcp.ResourceLink); !ok || link.URI != memoryURI(got.ID) {
			t.Errorf("remember links to %+v", res.Content)
		}
		again := ok[rememberResult](w, "remember", map[string]any{"content": "We deploy on Tuesdays because the customer freezes on Wednesday."})
		if again.DuplicateOf != got.ID {
			t.Errorf("the same text again: duplicate_of = %q; want %q", again.DuplicateOf, got.ID)
		}
		r := ok[recallResult](w, "recall", map[string]any{"query": "when do we deploy?"})
		if len(r.Memories) != 1 || r.Memories[0].ID != got.ID || r.Memories[0].Why != nil || r.Truncated || r.Degraded || r.Note != "" {
			t.Fatalf("recall = %+v", r)
		}
		m := r.Memories[0]
		if m.Score == nil || *m.Score <= 0 || *m.Score > 1 || !slices.Equal(m.Tags, []string{"ops"}) || m.Title != "Deploy day" || m.OccurredAt != "2026-01-02T00:00:00Z" {
			t.Errorf("recall's memory = %+v", m)
		}
		if p := m.Provenance; p.Author != "mia" || p.Client != "test-client" || p.Session != "" || p.Source != "import:mem0" || m.Trust != "agent" {
			t.Errorf("provenance = %+v", p)
		}
		r = ok[recallResult](w, "recall", map[string]any{"query": "when do we deploy?", "explain": true, "project": "billing", "kinds": []string{"note"}, "scopes": []string{"PROJECT"}})
		if len(r.Memories) != 1 || len(r.Memories[0].Why) == 0 || r.Memories[0].Provenance.Session != "s-1" {
			t.Errorf("recall with explain = %+v", r)
		}
		if r = ok[recallResult](w, "recall", map[string]any{"query": "zebra"}); len(r.Memories) != 0 || r.Note == "" {
			t.Errorf("recall of nothing = %+v", r)
		}
	})
}

// The text of a PRIVATE memory is what recall is for; it stays on the machine.
func TestPrivateTextIsRecalled(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		got := ok[rememberResult](w, "remember", map[string]any{"content": secretText, "scope": "PROJECT"})
		if got.Scope != "PRIVATE" || !got.Classification.Sensitive || !slices.Equal(got.Classification.Rules, []string{"password-is"}) || len(got.Warnings) != 1 {
			t.Errorf("remember = %+v", got)
		}
		if r := ok[recallResult](w, "recall", map[string]any{"query": "staging password"}); len(r.Memories) != 1 || r.Memories[0].Content != secretText {
			t.Errorf("recall = %+v", r)
		}
	})
}

// Without a budget of its own a recall keeps to 4 KB as JSON, whatever is stored, and returns something.
func TestRecallIsSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 100 {
		w := newWorld(t, nil)
		for range 1 + r.IntN(15) {
			m := memory.Memory{
				ID: memory.NewID(), Content: "needle " + strings.Repeat([]string{"word ", "日本語", "a\"b\n", "<&>"}[r.IntN(4)], 1+r.IntN(1<<r.IntN(12))),
				State: memory.Active, Scope: scope.Project, Project: "billing", Author: "mia", Client: "claude-code", Trust: memory.TrustAgent, Kind: "decision", CreatedAt: time.Now(),
			}
			if round%3 == 0 {
				for i := range r.IntN(memory.MaxTags) {
					m.Tags = append(m.Tags, fmt.Sprint(i, strings.Repeat("t", r.IntN(memory.MaxTagBytes/2))))
				}
			}
			w.store.Add(m)
		}
		res := w.call("recall", map[string]any{"query": "needle"})
		out := decode[recallResult](t, resultText(res))
		if n := len(resultText(res)); n > defaultRecallBytes && len(out.Memories) > 1 {
			t.Errorf("round %d: %d bytes in %d memories; want at most %d", round, n, len(out.Memories), defaultRecallBytes)
		}
		if len(out.Memories) == 0 {
			t.Errorf("round %d: nothing came back", round)
		}
		if out.Truncated != (out.Note != "") {
			t.Errorf("round %d: truncated %v, note %q", round, out.Truncated, out.Note)
		}
	}
}

// Ten memories of a sentence each fit into a recall without a budget.
func TestTenSentencesFit(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 10 {
		w.store.Add(memory.Memory{
			ID: memory.NewID(), Content: fmt.Sprintf("Needle %d: the billing service retries a failed payment three times, one hour apart.", i), Tags: []string{"payments"},
			State: memory.Active, Scope: scope.Project, Project: "billing", Author: "mia", Client: "claude-code", Trust: memory.TrustAgent, Kind: "decision", CreatedAt: time.Now(),
		})
	}
	res := w.call("recall", map[string]any{"query": "needle"})
	if out := decode[recallResult](t, resultText(res)); len(out.Memories) != 10 || out.Truncated {
		t.Errorf("%d memories came back, truncated %v", len(out.Memories), out.Truncated)
	}
	t.Logf("ten memories of a sentence: %d bytes", len(resultText(res)))
}

func TestRecallBudget(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 5 {
		w.store.Add(memory.Memory{ID: memory.NewID(), Content: fmt.Sprintf("needle %d %s", i, strings.Repeat("word ", 2000)), State: memory.Active, Scope: scope.Project, Trust: memory.TrustAgent})
	}
	if out := ok[recallResult](w, "recall", map[string]any{"query": "needle", "max_tokens": 20000}); len(out.Memories) != 5 || out.Truncated {
		t.Errorf("a large budget: %d memories, truncated %v", len(out.Memories), out.Truncated)
	}
	out := ok[recallResult](w, "recall", map[string]any{"query": "needle", "max_tokens": 300})
	if len(out.Memories) != 1 || !out.Memories[0].Cut || !out.Truncated || len(out.Memories[0].Content) > 1000 || out.Note == "" {
		t.Errorf("a small budget: %+v", out)
	}
	if none := ok[recallResult](w, "recall", map[string]any{"query": "needle", "max_tokens": 64}); len(none.Memories) != 0 || !none.Truncated || none.Note != noteTooLittle {
		t.Errorf("too small a budget: %+v", none)
	}
	whole := ok[searchResult](w, "search", map[string]any{"ids": []memory.ID{out.Memories[0].ID}})
	if len(whole.Memories) != 1 || len(whole.Memories[0].Content) < 10000 || whole.Memories[0].Cut {
		t.Errorf("reading it whole: %d memories", len(whole.Memories))
	}
}

func TestSearch(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		for i := range 25 {
			ok[rememberResult](w, "remember", map[string]any{"content": fmt.Sprintf("note %d", i), "tags": []string{"t"}})
		}
		seen := map[memory.ID]bool{}
		args := map[string]any{"text": "note", "tags": []string{"t"}, "sort": "oldest"}
		for pages := 0; ; pages++ {
			p := ok[searchResult](w, "search", args)
			if p.Total != 25 || len(p.Memories) > 10 {
				t.Fatalf("page = %d of %d", len(p.Memories), p.Total)
			}
			for _, m := range p.Memories {
				if seen[m.ID] || m.State != "active" || m.Version != 1 || m.Score != nil || m.Provenance.Session != "s-1" {
					t.Errorf("hit = %+v", m)
				}
				seen[m.ID] = true
			}
			if p.NextCursor == "" {
				break
			}
			if pages > 5 {
				t.Fatal("the pages never end")
			}
			args["cursor"] = p.NextCursor
		}
		if len(seen) != 25 {
			t.Errorf("saw %d of 25", len(seen))
		}
		if got := w.refused("search", map[string]any{"cursor": "zebra"}); !strings.Contains(got, "cursor") {
			t.Errorf("a made-up cursor: %s", got)
		}
		if p := ok[searchResult](w, "search", map[string]any{"text": "zebra"}); p.Total != 0 || len(p.Memories) != 0 {
			t.Errorf("nothing = %+v", p)
		}
	})
}

// A page of long memories is cut, and short ones leave their share to the long.
func TestSearchIsBounded(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		for i := range 20 {
			n := 10
			if i%4 == 0 {
				n = 60000
			}
			ok[rememberResult](w, "remember", map[string]any{"content": fmt.Sprintf("note %d %s", i, strings.Repeat("x", n))})
		}
		res := w.call("search", map[string]any{"limit": 20})
		p := decode[searchResult](t, resultText(res))
		cut := 0
		for _, m := range p.Memories {
			if m.Cut {
				cut++
			}
		}
		if n := len(resultText(res)); n > maxPageBytes+20*1024 || cut != 5 {
			t.Errorf("a page of %d bytes with %d cut", n, cut)
		}
	})
}

// A page that nobody gave a limit for is short, whatever is stored, and the cursor leads to all the rest.
func TestSearchIsShortByDefault(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		for i := range 30 {
			ok[rememberResult](w, "remember", map[string]any{"content": fmt.Sprintf("note %d %s", i, strings.Repeat("words ", 20*i)),
				"title": fmt.Sprintf("The note %d", i), "tags": []string{"first", "second", "third"}})
		}
		seen := map[memory.ID]bool{}
		for cursor := ""; ; {
			args := map[string]any{"sort": "newest"}
			if cursor != "" {
				args["cursor"] = cursor
			}
			text := resultText(w.call("search", args))
			p := decode[searchResult](t, text)
			if len(text) > usualPageBytes || len(p.Memories) == 0 || p.Total != 30 {
				t.Fatalf("a page of %d bytes with %d of %d", len(text), len(p.Memories), p.Total)
			}
			for _, m := range p.Memories {
				if seen[m.ID] {
					t.Errorf("%s comes twice", m.ID)
				}
				seen[m.ID] = true
			}
			if cursor = p.NextCursor; cursor == "" {
				break
			}
		}
		if len(seen) != 30 {
			t.Errorf("%d of 30 were found page by page", len(seen))
		}
	})
}

func TestClassify(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		got := ok[classifyResult](w, "classify", map[string]any{"content": secretText})
		if got.Scope != "PRIVATE" || !got.Sensitive || len(got.Detectors) != 1 || got.Knowledge != "note" || got.Project.Project != "billing" {
			t.Errorf("classify = %+v", got)
		}
		d := got.Detectors[0]
		if d.Rule != "password-is" || d.Kind != "credential" || secretText[d.Span[0]:d.Span[1]] != "hunter2" {
			t.Errorf("detector = %+v", d)
		}
		if all := string(mustMarshal(t, got)); strings.Contains(all, "hunter2") {
			t.Errorf("classify repeats the secret: %s", all)
		}
		if got := ok[classifyResult](w, "classify", map[string]any{"content": "we use tabs"}); got.Sensitive || len(got.Detectors) != 0 || got.Scope != "PROJECT" {
			t.Errorf("classify = %+v", got)
		}
		if st := ok[statusResult](w, "status", nil); len(st.States) != 0 {
			t.Errorf("classify stored something: %+v", st)
		}
	})
}

func TestVeil(t *testing.T) {
	content := "key sk-123456 and 42"
	words := []string{"found sk-123456 twice: sk-123456", "nothing", "42"}
	find := func(from, to int) scope.Finding {
		return scope.Finding{Kind: "credential", Field: scope.FieldContent, Start: from, End: to}
	}
	got := veil(scope.Input{Content: content}, []scope.Finding{find(4, 13), find(18, 20), find(0, 99), find(-1, 5), {Field: scope.FieldTitle, Start: 0, End: 10}}, words)
	if want := []string{"found [credential] twice: [credential]", "nothing", "42"}; !slices.Equal(got, want) {
		t.Errorf("veil = %q; want %q", got, want)
	}
	parts := scope.Input{Title: "the sesame-seed", Tags: []string{"a", "tag=mustard"}, Metadata: map[string]any{"k": map[string]any{"list": []any{"coriander"}}}}
	got = veil(parts, []scope.Finding{
		{Kind: "key", Field: scope.FieldTitle, Start: 4, End: 15}, {Kind: "key", Field: scope.FieldTag, Start: 4, End: 11}, {Kind: "key", Field: scope.FieldMetadata + ".k", Start: 5, End: 90},
	}, []string{"sesame-seed and mustard", "coriander"})
	if want := []string{"[key] and [key]", "[key]"}; !slices.Equal(got, want) {
		t.Errorf("veil = %q; want %q", got, want)
	}
	if words[0] != "found sk-123456 twice: sk-123456" {
		t.Error("veil changed its argument")
	}
}

func TestShare(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, func(w *world) { w.service.CloudConfigured = true })
		a := ok[rememberResult](w, "remember", map[string]any{"content": "we use tabs"}).ID
		b := ok[rememberResult](w, "remember", map[string]any{"content": secretText}).ID
		got := ok[shareResult](w, "share", map[string]any{"ids": []memory.ID{a, b}, "scope": "shared", "team": "core"})
		if len(got.Changed) != 1 || got.Changed[0] != (scopeChange{a, "PROJECT", "SHARED"}) || !got.Leaves || !strings.Contains(got.To, "core") || !got.NeedsConfirm {
			t.Errorf("share = %+v", got)
		}
		if len(got.Refused) != 1 || got.Refused[0].ID != b || strings.Contains(got.Refused[0].Reason, "hunter2") {
			t.Errorf("refused = %+v", got.Refused)
		}
		if again := ok[shareResult](w, "share", map[string]any{"id": a, "scope": "SHARED"}); len(again.Changed) != 0 || len(again.Refused) != 0 || again.Leaves {
			t.Errorf("sharing again = %+v", again)
		}
		for to, want := range map[string]string{"PRIVATE": "sealed", "PROJECT": "in this project", "SHARED": "the memory's team", "GLOBAL": "everyone"} {
			if got := ok[shareResult](w, "share", map[string]any{"id": a, "scope": to}); !strings.Contains(got.To, want) {
				t.Errorf("share to %s = %+v; want %q", to, got, want)
			}
		}
		local := newWorld(t, nil)
		a = ok[rememberResult](local, "remember", map[string]any{"content": "we use tabs"}).ID
		if got := ok[shareResult](local, "share", map[string]any{"id": a, "scope": "GLOBAL"}); got.Leaves || !strings.Contains(got.To, "nobody else") || len(got.Warnings) != 1 {
			t.Errorf("share without a cloud = %+v", got)
		}
	})
}

// One memory whose change fails inside is told under a reference; what happened to the others is told, too.
func TestShareTellsOfEach(t *testing.T) {
	w := newWorld(t, nil)
	a := ok[rememberResult](w, "remember", map[string]any{"content": "a"}).ID
	b := ok[rememberResult](w, "remember", map[string]any{"content": "b"}).ID
	n := 0
	w.store.Fail = func(op string) error {
		if op == "Change" {
			if n++; n == 2 {
				return fmt.Errorf("disk 10.0.0.1 on fire")
			}
		}
		return nil
	}
	got := ok[shareResult](w, "share", map[string]any{"ids": []memory.ID{a, b}, "scope": "PRIVATE"})
	if len(got.Changed) != 1 || len(got.Refused) != 1 || !strings.Contains(got.Refused[0].Reason, "reference") || strings.Contains(got.Refused[0].Reason, "fire") {
		t.Errorf("share = %+v", got)
	}
}

func TestRevise(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		id := ok[rememberResult](w, "remember", map[string]any{"content": "we use tabs", "title": "t", "tags": []string{"a"}, "expires_in": "1d"}).ID
		got := ok[reviseResult](w, "revise", map[string]any{
			"id": strings.ToUpper(string(id)), "content": "we use spaces", "title": "", "tags": []string{}, "expires_in": "never", "importance": "0.5", "pinned": true, "metadata": map[string]any{"k": 1},
		})
		if got.ID != id || got.Version != 2 || got.State != "active" || got.Scope != "PROJECT" {
			t.Errorf("revise = %+v", got)
		}
		m := ok[searchResult](w, "search", map[string]any{"ids": []memory.ID{id}}).Memories[0]
		if m.Content != "we use spaces" || m.Title != "" || len(m.Tags) != 0 || m.ExpiresAt != "" || !m.Pinned || m.Importance != 0.5 || m.Metadata["k"] != 1.0 {
			t.Errorf("memory = %+v", m)
		}
		if got := ok[reviseResult](w, "revise", map[string]any{"id": id, "content": secretText}); got.Scope != "PRIVATE" || len(got.Warnings) != 1 {
			t.Errorf("revise to something sensitive = %+v", got)
		}
		if got := ok[reviseResult](w, "revise", map[string]any{"id": id, "expires_in": "2w"}); got.Version != 4 {
			t.Errorf("revise = %+v", got)
		}
		if m := ok[searchResult](w, "search", map[string]any{"ids": []memory.ID{id}}).Memories[0]; m.ExpiresAt == "" {
			t.Errorf("memory = %+v", m)
		}
	})
}

func TestForget(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		long := strings.Repeat("old staging ", 50)
		id := ok[rememberResult](w, "remember", map[string]any{"content": long}).ID
		ok[rememberResult](w, "remember", map[string]any{"content": "old staging two", "title": "Two"})
		list := ok[forgetResult](w, "forget", map[string]any{"query": "old staging"})
		if !list.NeedsConfirm || len(list.WouldForget) != 2 || list.Total != 2 || len(list.Forgotten) != 0 || list.Note == "" {
			t.Errorf("unconfirmed = %+v", list)
		}
		for _, p := range list.WouldForget {
			if len(p.Text) > previewBytes+len("…") || p.ID != id && p.Text != "Two" {
				t.Errorf("preview = %+v", p)
			}
		}
		one := ok[forgetResult](w, "forget", map[string]any{"id": id, "reason": "old"})
		if len(one.Forgotten) != 1 || one.Total != 1 || one.Until == "" || one.NeedsConfirm {
			t.Errorf("by id = %+v", one)
		}
		if r := ok[reviseResult](w, "revise", map[string]any{"id": id, "restore": true}); r.State != "active" {
			t.Errorf("restore = %+v", r)
		}
		if all := ok[forgetResult](w, "forget", map[string]any{"query": "old staging", "confirm": true}); len(all.Forgotten) != 2 || all.Note != "" {
			t.Errorf("confirmed = %+v", all)
		}
		if none := ok[forgetResult](w, "forget", map[string]any{"query": "old staging", "confirm": true}); len(none.Forgotten) != 0 || !strings.Contains(none.Note, "nothing matches") {
			t.Errorf("nothing left = %+v", none)
		}
		if s := ok[searchResult](w, "search", map[string]any{"states": []string{"forgotten"}}); s.Total != 2 || s.Memories[0].State != "forgotten" {
			t.Errorf("search of the forgotten = %+v", s)
		}
	})
}

func TestForgetMoreThanOneCallTakes(t *testing.T) {
	w := newWorld(t, nil)
	for i := range memory.MaxBatch + 5 {
		w.store.Add(memory.Memory{ID: memory.NewID(), Content: fmt.Sprintf("bulk %d", i), State: memory.Active, Scope: scope.Project})
	}
	if all := ok[forgetResult](w, "forget", map[string]any{"query": "bulk", "confirm": true}); len(all.Forgotten) != memory.MaxBatch || !strings.Contains(all.Note, "5 more match") {
		t.Errorf("more than one call takes = %d, %q", len(all.Forgotten), all.Note)
	}
}

func TestStatus(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		ok[rememberResult](w, "remember", map[string]any{"content": "x"})
		ok[rememberResult](w, "remember", map[string]any{"content": secretText})
		got := ok[statusResult](w, "status", json.RawMessage(`{}`))
		if got.Version != "1.2.3" || !got.Ready || got.Memories["PROJECT"] != 1 || got.Memories["PRIVATE"] != 1 || got.Memories["GLOBAL"] != 0 || got.States["active"] != 2 ||
			got.Embedding.Pending != 2 || got.Sync.State != "off" || len(got.Alerts) != 0 || got.Storage.SchemaVersion < 1 {
			t.Errorf("status = %+v", got)
		}
	})
}

func TestStatusOfDamage(t *testing.T) {
	var full statusResult
	full.add(memory.Stats{OpenFindings: 2, LastCheckedAt: time.Unix(0, 0)})
	if len(full.Alerts) != 1 || full.Storage.CheckedAt != "1970-01-01T00:00:00Z" {
		t.Errorf("status with findings = %+v", full)
	}
}

func TestSource(t *testing.T) {
	for name, tc := range map[string]struct {
		m    memory.Memory
		want string
	}{
		"unknown": {memory.Memory{}, "unknown"}, "cli": {memory.Memory{Client: "cli"}, "cli"}, "agent": {memory.Memory{Client: "claude-code"}, "mcp"},
		"import": {memory.Memory{Metadata: map[string]any{"source": "mem0"}}, "mem0"}, "too long": {memory.Memory{Metadata: map[string]any{"source": strings.Repeat("x", 200)}}, "unknown"},
		"no text": {memory.Memory{Client: "cli", Metadata: map[string]any{"source": 7}}, "cli"},
	} {
		if got := source(&tc.m); got != tc.want {
			t.Errorf("%s: source = %q; want %q", name, got, tc.want)
		}
	}
}

func TestRound(t *testing.T) {
	nan := 0.0
	for in, want := range map[float64]float64{0.123456: 0.1235, 1: 1, -0.00001: 0, 1 / nan: 0} {
		if got := round(in); got != want {
			t.Errorf("round(%v) = %v; want %v", in, got, want)
		}
	}
	if got := round(nan / nan); got != 0 {
		t.Errorf("round(NaN) = %v", got)
	}
}
