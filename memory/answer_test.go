package memory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/scope"
)

// TestPreviewImport says what an import would do, and does nothing.
func TestPreviewImport(t *testing.T) {
	w := newWorld(t, nil)
	here := w.keep(t, memory.RememberInput{Content: "we use tabs"}).Memory
	audits := len(w.store.Audits())
	for name, tc := range map[string]struct {
		in   memory.Memory
		want memory.ImportResult
	}{
		"new":             {memory.Memory{Content: "x"}, memory.ImportResult{Scope: scope.Project, Kind: "note"}},
		"sensitive":       {memory.Memory{Content: secret, Scope: scope.Global}, memory.ImportResult{Scope: scope.Private, Narrowed: true, Kind: "note"}},
		"the same id":     {memory.Memory{ID: here.ID, Content: "y"}, memory.ImportResult{ID: here.ID, Known: true}},
		"the same text":   {memory.Memory{Content: "we use tabs", Project: here.Project}, memory.ImportResult{ID: here.ID, Known: true}},
		"the same, gone":  {memory.Memory{Content: "we use tabs", Project: here.Project, State: memory.Forgotten}, memory.ImportResult{Scope: scope.Project, Kind: "note"}},
		"another project": {memory.Memory{Content: "we use tabs", Project: "else"}, memory.ImportResult{Scope: scope.Project, Kind: "note"}},
	} {
		res, err := w.PreviewImport(t.Context(), mia, tc.in)
		if !tc.want.Known {
			res.ID = ""
		}
		if err != nil || res != tc.want {
			t.Errorf("%s: %+v, %v; want %+v", name, res, err, tc.want)
		}
	}
	if st, err := w.Status(t.Context(), mia); err != nil || st.ByState[memory.Active] != 1 || len(w.store.Audits()) != audits {
		t.Errorf("previews left %+v, %v", st, err)
	}
	w.store.Fail = failing("Twin")
	if _, err := w.PreviewImport(t.Context(), mia, memory.Memory{Content: "x"}); !errors.Is(err, errDown) || err.Error() != "preview import: "+errDown.Error() {
		t.Errorf("PreviewImport = %v", err)
	}
}

// promising is a Ranker that tells beforehand; it prefers the newest.
type promising struct{ memorytest.Ranker }

func (promising) Promise(q memory.RankQuery, ps []memory.Prospect) []float64 {
	out := make([]float64, len(ps))
	for i := range ps {
		out[i] = float64(len(q.Text))
	}
	return out
}

// asking is a store that keeps what it was asked for.
type asking struct {
	*memorytest.Store
	query *memory.CandidateQuery
}

func (a asking) Candidates(ctx context.Context, q memory.CandidateQuery) (memory.CandidateSet, error) {
	*a.query = q
	return a.Store.Candidates(ctx, q)
}

// tokenEmbedder tells of tokens in one of its two spaces.
type tokenEmbedder struct{ *memorytest.Embedder }

func (e tokenEmbedder) Query(ctx context.Context, text string, localOnly bool) (map[string]memory.Embedding, bool, error) {
	rows, degraded, err := e.Embedder.Query(ctx, text, localOnly)
	if err != nil {
		return nil, degraded, err
	}
	with := rows[memorytest.Space]
	with.Tokens = memory.Tokens{Rows: make([]int8, memory.TokenDim), Spans: [][2]int{{0, len(text)}}}
	rows["tokens"] = with
	return rows, degraded, nil
}

// TestRecallAsks: what the ranker promises reaches the store in fast mode alone; what tokens mean reaches it by their space.
func TestRecallAsks(t *testing.T) {
	for _, mode := range []memory.Mode{memory.Fast, memory.Balanced, memory.Accurate} {
		var q memory.CandidateQuery
		w := newWorld(t, func(w *world, o *memory.Options) {
			o.Store, o.Ranker, o.Embedder = asking{w.store, &q}, promising{}, tokenEmbedder{w.embed}
		})
		m := w.keep(t, memory.RememberInput{Content: "we deploy on tuesdays"}).Memory
		if err := w.store.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: memorytest.Space, Values: make([]float32, memory.Dim)}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "deploy", Limit: 3, Mode: mode}); err != nil {
			t.Fatal(err)
		}
		if (q.Promise != nil) != (mode == memory.Fast) || (q.Want == 3) != (mode == memory.Fast) {
			t.Errorf("%s: want %d, promise %v", mode, q.Want, q.Promise != nil)
		}
		if q.Promise != nil && !slices.Equal(q.Promise(make([]memory.Prospect, 2)), []float64{6, 6}) {
			t.Errorf("%s: the promise is not the ranker's", mode)
		}
		if len(q.Vectors) != 2 || len(q.Tokens) != 1 || len(q.Tokens["tokens"].Rows) != memory.TokenDim {
			t.Errorf("%s: %d vectors, tokens %v", mode, len(q.Vectors), q.Tokens)
		}
	}
}

// TestRecallCountsTheWholeAnswer: with a form, all that is sent counts against the budget, the frame around it and a separator
// with each result among it.
func TestRecallCountsTheWholeAnswer(t *testing.T) {
	w := newWorld(t, func(_ *world, o *memory.Options) { o.CountTokens = letters })
	for range 5 {
		w.keep(t, memory.RememberInput{Content: "deploy " + strings.Repeat("x", 60) + string(memory.NewID())})
	}
	form := func(r *memory.Recalled) string { return "[" + string(r.Memory.ID) + "] " + r.Memory.Content }
	frame := strings.Repeat("-", 40)
	sent := func(budget int) (n, tokens int) {
		t.Helper()
		res, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "deploy", Limit: 5, MaxTokens: budget, Form: form, Frame: frame})
		if err != nil {
			t.Fatal(err)
		}
		tokens = w.Tokens(frame)
		for i := range res.Memories {
			tokens += w.Tokens(form(&res.Memories[i])) + 1
		}
		if (len(res.Memories) < 5) && !res.Truncated {
			t.Errorf("%d of 5 memories, and nothing says that something was left out", len(res.Memories))
		}
		return len(res.Memories), tokens
	}
	last := 0
	for _, budget := range []int{100, 200, 400, 800} {
		n, tokens := sent(budget)
		if tokens > budget || n < last {
			t.Errorf("a budget of %d: %d memories that take %d", budget, n, tokens)
		}
		last = n
	}
	if last != 5 {
		t.Errorf("%d memories fit 800; want all", last)
	}
}

// TestStep: tracing is told of ranking, and of its end.
func TestStep(t *testing.T) {
	var told []string
	w := newWorld(t, func(_ *world, o *memory.Options) {
		o.Step = func(ctx context.Context, name string) (context.Context, func(error)) {
			told = append(told, name)
			return ctx, func(error) { told = append(told, "end") }
		}
	})
	if _, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "x", Limit: 1}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, []string{"recall rank", "end"}) {
		t.Errorf("told %q", told)
	}
}

func TestRenewalSpeaks(t *testing.T) {
	for want, r := range map[string]memory.Renewal{
		"":                                   {},
		"analysing anew, 3 of 10 memories":   {Part: "terms", Done: 3, Total: 10},
		"sealing anew: indexes":              {Part: "indexes"},
		"sealing anew: values; stopped: why": {Part: "values", Err: "why"},
		"sealing anew: memories, 1 of 2 memories; stopped: why": {Part: "memories", Done: 1, Total: 2, Err: "why"},
	} {
		if got := r.String(); got != want {
			t.Errorf("%+v is %q; want %q", r, got, want)
		}
	}
}

// TestEmbeddingText: of a turn of a conversation neither id nor date is embedded.
func TestEmbeddingText(t *testing.T) {
	m := memory.Memory{Title: "chat", Content: "[D1:3] [2023-05-08 13:56] Caroline: I went to a support group."}
	if got := m.EmbeddingText(); !strings.HasPrefix(got, "chat\n") || !strings.Contains(got, "Caroline: I went to a support group.") || strings.Contains(got, "D1") && strings.Contains(got, "2023") {
		t.Errorf("EmbeddingText = %q", got)
	}
}

// TestMergeOnce: a merge that the transport repeats changes nothing twice; one that stops between its changes says so, and merging
// again ends it.
func TestMergeOnce(t *testing.T) {
	w := newWorld(t, nil)
	a := w.keep(t, memory.RememberInput{Content: "one"}).Memory.ID
	b := w.keep(t, memory.RememberInput{Content: "two"}).Memory.ID
	c := w.keep(t, memory.RememberInput{Content: "three"}).Memory.ID
	by := mia
	by.RequestKey = "k"
	in := memory.MergeInput{ID: a, Merge: []memory.ID{b}}
	n := 0
	w.store.Fail = func(op string) error {
		if op == "Change" {
			if n++; n == 2 {
				return errDown
			}
		}
		return nil
	}
	if m, err := w.Merge(t.Context(), by, in); !errors.Is(err, errDown) || m.ID != a {
		t.Errorf("a merge that stops half way = %+v, %v; want the error and what stays", m, err)
	}
	w.store.Fail = nil
	first, err := w.Merge(t.Context(), by, in)
	if err != nil || first.Version != 2 {
		t.Fatalf("the same call again = %+v, %v; want one change of the memory that stays", first, err)
	}
	audits := len(w.store.Audits())
	if again, err := w.Merge(t.Context(), by, in); err != nil || again.Version != 2 || len(w.store.Audits()) != audits {
		t.Errorf("and again = %+v, %v", again, err)
	}
	// What became another's history cannot become a third's.
	_, err = w.Merge(t.Context(), mia, memory.MergeInput{ID: c, Merge: []memory.ID{b}})
	wantInput(t, err, "merge")
}

// TestRelatedJoins what is near and what came back together; what is gone or has expired is left out.
func TestRelatedJoins(t *testing.T) {
	w, p := newFullWorld(t, nil)
	keep := func(text string) memory.Memory { return w.keep(t, memory.RememberInput{Content: text}).Memory }
	m, near, together, gone := keep("a"), keep("b"), keep("c"), keep("d")
	if _, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{gone.ID}}); err != nil {
		t.Fatal(err)
	}
	over := memory.Memory{ID: "over", ExpiresAt: start}
	p.near = []memory.Kindred{{Memory: near, Cosine: .5}, {Memory: over, Cosine: .9}}
	p.linked = []memory.Pair{{A: m.ID, B: near.ID, Kind: memory.PairNear}, {A: m.ID, B: together.ID, Kind: memory.PairTogether, Weight: 3}, {A: m.ID, B: gone.ID, Kind: memory.PairTogether, Weight: 100}}
	rel, err := w.Related(t.Context(), mia, m.ID, 5)
	if err != nil || len(rel) != 2 || rel[0].Memory.ID != near.ID || !rel[0].Near || rel[1].Memory.ID != together.ID || rel[1].Near || rel[1].Score <= 0 || !slices.Equal(rel[1].Why, []string{"came back together 3 times"}) {
		t.Errorf("Related = %+v, %v", rel, err)
	}
	if ids, err := w.Duplicates(t.Context(), mia, m.ID); err != nil || !slices.Equal(ids, []memory.ID{near.ID}) {
		t.Errorf("Duplicates = %v, %v", ids, err)
	}
	p.breaks("Get")
	if _, err := w.Related(t.Context(), mia, m.ID, 5); !errors.Is(err, errDown) {
		t.Errorf("Related = %v", err)
	}
	// A memory that waits for its embedding is asked about by its words.
	p.breaks()
	p.near, p.linked = nil, nil
	deploy := keep("we deploy on tuesdays")
	keep("what we deploy is built at night")
	if rel, err := w.Related(t.Context(), mia, deploy.ID, 1); err != nil || len(rel) != 1 || rel[0].Memory.ID == deploy.ID {
		t.Errorf("Related by words = %+v, %v", rel, err)
	}
	p.breaks("Candidates")
	if _, err := w.Related(t.Context(), mia, deploy.ID, 1); !errors.Is(err, errDown) {
		t.Errorf("Related by words = %v", err)
	}
}

// TestSessionLeavesOut what was purged or forgotten since it came back, and finds nothing alike where it was about nothing.
func TestSessionLeavesOut(t *testing.T) {
	w, p := newFullWorld(t, nil)
	there := w.keep(t, memory.RememberInput{Content: "a"}).Memory.ID
	gone := w.keep(t, memory.RememberInput{Content: "b"}).Memory.ID
	if _, err := w.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{gone}}); err != nil {
		t.Fatal(err)
	}
	p.session = memory.Session{ID: "monday"}
	p.uses = []memory.SessionUse{{ID: there, Count: 1}, {ID: gone, Count: 3}, {ID: memory.NewID(), Count: 2}}
	p.matches = []memory.SessionMatch{{Session: memory.Session{ID: "tuesday"}}}
	r, err := w.Service.Session(t.Context(), mia, "monday")
	if err != nil || len(r.Recalled) != 1 || r.Recalled[0].ID != there || r.Similar != nil || len(r.Counts) != 1 {
		t.Errorf("Session = %+v, %v", r, err)
	}
	if ms, err := w.SimilarSessions(t.Context(), mia, "monday", 3); err != nil || ms != nil {
		t.Errorf("SimilarSessions = %+v, %v", ms, err)
	}
	// By words, with no vectors to compare them with.
	if ms, err := w.SimilarSessions(t.Context(), mia, "invoices", 3); err != nil || ms != nil {
		t.Errorf("SimilarSessions by words = %+v, %v", ms, err)
	}
}

// TestRescanTrouble: a page that fails half way says what was moved until then; what was changed or purged meanwhile is left alone.
func TestRescanTrouble(t *testing.T) {
	strict := false
	prepared := func(t *testing.T) (*world, *ports, memory.Memory) {
		strict = false
		w, p := newFullWorld(t, func(_ *world, o *memory.Options) {
			o.Classifier = lenient{o.Classifier, &strict}
			o.CloudConfigured = true
		})
		m := w.keep(t, memory.RememberInput{Content: secret, Scope: scope.Shared}).Memory
		strict = true
		return w, p, m
	}
	w, p, m := prepared(t)
	p.breaks("Change")
	if page, err := w.Rescan(t.Context(), mia, ""); !errors.Is(err, errDown) || !strings.HasPrefix(err.Error(), "rescan "+string(m.ID)) || strings.Contains(err.Error(), "hunter2") || len(page.Moved) > 0 {
		t.Errorf("Rescan = %+v, %v", page, err)
	}
	w, _, m = prepared(t)
	changed := false
	w.store.Fail = func(op string) error {
		if op == "Change" && !changed {
			changed = true
			_, err := w.store.Change(t.Context(), m.ID, "", func(m *memory.Memory) (memory.Audit, error) { m.Pinned = true; return memory.Audit{}, nil })
			return err
		}
		return nil
	}
	if page, err := w.Rescan(t.Context(), mia, ""); err != nil || len(page.Moved) > 0 || page.Checked != 1 {
		t.Errorf("changed meanwhile: %+v, %v", page, err)
	}
	// In a cloud scope a yes to one kind of finding is none to another.
	for name, tc := range map[string]struct {
		rules []string
		moved bool
	}{"the same rule": {[]string{"password-is"}, false}, "another rule": {[]string{"email"}, true}} {
		w, _, m := prepared(t)
		if _, err := w.store.Change(t.Context(), m.ID, "", func(m *memory.Memory) (memory.Audit, error) {
			m.Overridden, m.Sensitive, m.Rules = true, true, tc.rules
			return memory.Audit{}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if page, err := w.Rescan(t.Context(), mia, ""); err != nil || (len(page.Moved) == 1) != tc.moved || (len(page.Confirmed) == 1) == tc.moved {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
	calls := 0
	w, _ = newFullWorld(t, func(_ *world, o *memory.Options) {
		o.Classifier = memorytest.Classifier{Fail: func() error {
			if calls++; calls > 1 {
				return errDown
			}
			return nil
		}}
	})
	w.keep(t, memory.RememberInput{Content: "x"})
	if _, err := w.Rescan(t.Context(), mia, ""); !errors.Is(err, errDown) {
		t.Errorf("Rescan = %v; what cannot be classified is not passed over", err)
	}
}

// TestDraftRoom: a workspace that cannot be counted takes nothing new.
func TestDraftRoom(t *testing.T) {
	w, p := newFullWorld(t, nil)
	p.breaks("Drafts")
	if _, err := w.SaveDraft(t.Context(), mia, memory.DraftInput{Key: "k", Content: "x"}); !errors.Is(err, errDown) || len(p.drafts) > 0 {
		t.Errorf("SaveDraft = %v", err)
	}
	p.breaks()
	if _, err := w.SaveDraft(t.Context(), mia, memory.DraftInput{Key: "k", Content: "x"}); err != nil {
		t.Error(err)
	}
	if all, err := w.Drafts(t.Context(), mia); err != nil || len(all) != 1 || all[0].Content != "" {
		t.Errorf("Drafts = %+v, %v", all, err)
	}
	if err := w.DropDraft(t.Context(), mia, "k"); err != nil || len(p.drafts) > 0 {
		t.Errorf("DropDraft = %v", err)
	}
}
