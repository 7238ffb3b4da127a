package memory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// calls are all calls that ask a port other than the store, by name, each with the action that it needs.
func calls(w *world, id, other memory.ID) map[string]struct {
	action string
	do     func(context.Context) error
} {
	type call = struct {
		action string
		do     func(context.Context) error
	}
	draft := memory.DraftInput{Key: "plan", Content: "a plan"}
	return map[string]call{
		"AuditTail":  {"audit", func(ctx context.Context) error { _, err := w.AuditTail(ctx, mia, 1); return err }},
		"Authorize":  {"keys", func(ctx context.Context) error { return w.Authorize(ctx, mia, "keys") }},
		"Conflict":   {"recall", func(ctx context.Context) error { _, err := w.Conflict(ctx, mia, id); return err }},
		"Draft":      {"recall", func(ctx context.Context) error { _, err := w.Draft(ctx, mia, "plan"); return err }},
		"Drafts":     {"recall", func(ctx context.Context) error { _, err := w.Drafts(ctx, mia); return err }},
		"DropDraft":  {"forget", func(ctx context.Context) error { return w.DropDraft(ctx, mia, "plan") }},
		"Duplicates": {"recall", func(ctx context.Context) error { _, err := w.Duplicates(ctx, mia, id); return err }},
		"Merge": {"revise", func(ctx context.Context) error {
			_, err := w.Merge(ctx, mia, memory.MergeInput{ID: id, Merge: []memory.ID{other}})
			return err
		}},
		"PromoteDraft": {"recall", func(ctx context.Context) error {
			_, err := w.PromoteDraft(ctx, mia, "plan", memory.RememberInput{})
			return err
		}},
		"Related":   {"recall", func(ctx context.Context) error { _, err := w.Related(ctx, mia, id, 3); return err }},
		"Rescan":    {"rescan", func(ctx context.Context) error { _, err := w.Rescan(ctx, mia, ""); return err }},
		"SaveDraft": {"remember", func(ctx context.Context) error { _, err := w.SaveDraft(ctx, mia, draft); return err }},
		"Session":   {"recall", func(ctx context.Context) error { _, err := w.Service.Session(ctx, mia, "monday"); return err }},
		"Sessions": {"recall", func(ctx context.Context) error {
			_, err := w.Sessions(ctx, mia, memory.SessionFilter{Limit: 1})
			return err
		}},
		"SimilarSessions": {"recall", func(ctx context.Context) error { _, err := w.SimilarSessions(ctx, mia, "monday", 1); return err }},
	}
}

// twoMemories are two that calls can be made about, in a world where everything is allowed but some actions.
func twoMemories(t *testing.T, denied ...string) (w *world, p *ports, a, b memory.ID) {
	t.Helper()
	w, p = newFullWorld(t, func(_ *world, o *memory.Options) { o.Authorizer = deny(denied) })
	p.session = memory.Session{ID: "monday"}
	p.drafts = map[string]memory.Draft{"plan": {Key: "plan", Content: "a plan of " + secret}}
	a, b = memory.NewID(), memory.NewID()
	w.store.Add(memory.Memory{ID: a, Content: "one", State: memory.Active, Version: 1, Project: mia.Project}, memory.Memory{ID: b, Content: "two", State: memory.Active, Version: 1, Project: mia.Project})
	return w, p, a, b
}

// TestDenied: who may not is told so and nothing else, the refusal is on record, and nothing has changed.
func TestDenied(t *testing.T) {
	w, _, a, b := twoMemories(t)
	for name, call := range calls(w, a, b) {
		t.Run(name, func(t *testing.T) {
			w, p, a, b := twoMemories(t, call.action)
			if err := calls(w, a, b)[name].do(t.Context()); !errors.Is(err, memory.ErrDenied) {
				t.Fatalf("denied: %v; want ErrDenied", err)
			}
			if all := w.store.Audits(); len(all) != 1 || all[0].Action != "denied" || all[0].Reason != call.action || all[0].User != mia.User {
				t.Errorf("audits = %+v; want one refusal", all)
			}
			ms, err := w.store.Get(t.Context(), []memory.ID{a, b})
			if err != nil || ms[0].Version != 1 || ms[1].Version != 1 || len(p.drafts) != 1 || p.drafts["plan"].Session != "" {
				t.Errorf("after a refusal: %+v, drafts %+v, %v", ms, p.drafts, err)
			}
		})
	}
}

// TestDeniedButNotOnRecord: a refusal that cannot be written down is still one, and says both.
func TestDeniedButNotOnRecord(t *testing.T) {
	w, p, _, _ := twoMemories(t, "keys")
	p.breaks("Note")
	if err := w.Authorize(t.Context(), mia, "keys"); !errors.Is(err, memory.ErrDenied) || !errors.Is(err, errDown) {
		t.Errorf("Authorize = %v", err)
	}
}

// TestLimited: who may see one project finds nothing of another, by no way of asking, and is not told how much there is.
func TestLimited(t *testing.T) {
	w, p := newFullWorld(t, func(_ *world, o *memory.Options) { o.Authorizer = only("billing") })
	mine := w.keep(t, memory.RememberInput{Content: "we deploy on tuesdays"}).Memory
	theirs := w.keep(t, memory.RememberInput{Content: "we deploy on fridays", Project: "payroll"}).Memory
	p.near = []memory.Kindred{{Memory: theirs, Cosine: .9}, {Memory: mine, Cosine: .8}}
	p.linked = []memory.Pair{{A: mine.ID, B: theirs.ID, Kind: memory.PairNear}}
	p.others = []memory.OtherText{{Text: "x"}}
	p.session = memory.Session{ID: "monday"}

	_, err := w.Get(t.Context(), mia, []memory.ID{mine.ID, theirs.ID})
	var missing *memory.NotFoundError
	if !errors.As(err, &missing) || !slices.Equal(missing.IDs, []memory.ID{theirs.ID}) {
		t.Errorf("Get = %v; want that %s is not found", err, theirs.ID)
	}
	if ms, err := w.Get(t.Context(), mia, []memory.ID{mine.ID}); err != nil || len(ms) != 1 {
		t.Errorf("Get of one's own = %v, %v", ms, err)
	}
	if page, err := w.Search(t.Context(), mia, memory.SearchQuery{Text: "deploy", Limit: 10}); err != nil || page.Total != 1 || page.Memories[0].ID != mine.ID {
		t.Errorf("Search = %+v, %v", page, err)
	}
	if res, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "deploy", Limit: 10, Filter: memory.Filter{Projects: []string{"billing", "payroll"}}}); err != nil || len(res.Memories) != 1 || res.Memories[0].Memory.ID != mine.ID {
		t.Errorf("Recall = %+v, %v", res, err)
	}
	if rel, err := w.Related(t.Context(), mia, mine.ID, 5); err != nil || len(rel) != 1 || rel[0].Memory.ID != mine.ID || rel[0].Near {
		t.Errorf("Related = %+v, %v", rel, err)
	}
	if ids, err := w.Duplicates(t.Context(), mia, mine.ID); err != nil || len(ids) != 0 {
		t.Errorf("Duplicates = %v, %v", ids, err)
	}
	if _, err := w.Conflict(t.Context(), mia, theirs.ID); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("Conflict = %v", err)
	}
	for name, do := range map[string]func() error{
		"sessions":  func() error { _, err := w.Sessions(t.Context(), mia, memory.SessionFilter{Limit: 1}); return err },
		"a session": func() error { _, err := w.Service.Session(t.Context(), mia, "monday"); return err },
		"drafts":    func() error { _, err := w.Drafts(t.Context(), mia); return err },
	} {
		if err := do(); !errors.Is(err, memory.ErrDenied) {
			t.Errorf("%s: %v; want ErrDenied: they are of every project", name, err)
		}
		if a := w.lastAudit(t); a.Action != "denied" || a.Reason != "recall of everything" {
			t.Errorf("%s: audit = %+v", name, a)
		}
	}
}

// TestWithoutPorts: what a service was built without is refused with an error that says so, or is not there.
func TestWithoutPorts(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(t, memory.RememberInput{Content: "we deploy on tuesdays"}).Memory
	for _, name := range []string{"AuditTail", "Draft", "Drafts", "DropDraft", "PromoteDraft", "SaveDraft", "Session", "Sessions", "SimilarSessions"} {
		if err := calls(w, m.ID, "")[name].do(t.Context()); err == nil || errors.Is(err, memory.ErrNotFound) || errors.Is(err, memory.ErrDenied) {
			t.Errorf("%s = %v", name, err)
		}
	}
	if texts, err := w.Conflict(t.Context(), mia, m.ID); err != nil || texts != nil {
		t.Errorf("Conflict = %v, %v", texts, err)
	}
	if ids, err := w.Duplicates(t.Context(), mia, m.ID); err != nil || ids != nil {
		t.Errorf("Duplicates = %v, %v", ids, err)
	}
	// What is related is found by its words.
	other := w.keep(t, memory.RememberInput{Content: "what we deploy is built at night"}).Memory
	if rel, err := w.Related(t.Context(), mia, m.ID, 1); err != nil || len(rel) != 1 || rel[0].Memory.ID != other.ID || len(rel[0].Why) == 0 {
		t.Errorf("Related = %+v, %v", rel, err)
	}
	_, err := w.Revise(t.Context(), mia, memory.ReviseInput{ID: m.ID, Resolves: memory.ResolveCurrent})
	wantInput(t, err, "resolves")
}

// TestRefusedBeforeAnything: arguments are looked at before anybody is asked.
func TestRefusedBeforeAnything(t *testing.T) {
	w, p, a, _ := twoMemories(t)
	p.breaks("Get", "Linked", "Near", "Draft", "DropDraft", "Sessions", "Session", "AuditTail", "Note")
	for field, do := range map[string]func() error{
		"limit":    func() error { _, err := w.Related(t.Context(), mia, a, 0); return err },
		"limit ":   func() error { _, err := w.AuditTail(t.Context(), mia, memory.MaxLimit+1); return err },
		"limit  ":  func() error { _, err := w.Sessions(t.Context(), mia, memory.SessionFilter{}); return err },
		"limit   ": func() error { _, err := w.SimilarSessions(t.Context(), mia, "monday", 0); return err },
		"key":      func() error { _, err := w.Draft(t.Context(), mia, "a\nb"); return err },
		"key ":     func() error { return w.DropDraft(t.Context(), mia, "") },
	} {
		err := do()
		var in *memory.InputError
		if !errors.As(err, &in) || in.Field != strings.TrimSpace(field) {
			t.Errorf("error = %v; want an InputError about %s", err, field)
		}
	}
}

// TestStepsOfTrouble: where a port fails, the error names the step, holds none of the texts, and nothing is half done.
func TestStepsOfTrouble(t *testing.T) {
	prepared := func(t *testing.T) (*world, *ports, memory.ID, memory.ID) {
		w, p, a, b := twoMemories(t)
		p.near = []memory.Kindred{{Memory: memory.Memory{ID: b}, Cosine: .9}}
		p.linked = []memory.Pair{{A: a, B: memory.NewID(), Kind: memory.PairNear}}
		p.uses = []memory.SessionUse{{ID: a, Count: 2, At: time.Now()}}
		p.vectors = map[string][]float32{"words": make([]float32, memory.Dim)}
		return w, p, a, b
	}
	for name, tc := range map[string]struct{ call, op, step string }{
		"audit":                {"AuditTail", "AuditTail", "audit: "},
		"texts that wait":      {"Conflict", "Others", "texts that wait: "},
		"a draft":              {"Draft", "Draft", "workspace: "},
		"drafts":               {"Drafts", "Drafts", "workspace: "},
		"drop a draft":         {"DropDraft", "DropDraft", "workspace: "},
		"save: read":           {"SaveDraft", "Draft", "workspace: "},
		"save: write":          {"SaveDraft", "PutDraft", "workspace: "},
		"promote: read":        {"PromoteDraft", "Draft", "workspace: "},
		"promote: remember":    {"PromoteDraft", "Put", "remember: "},
		"promote: drop":        {"PromoteDraft", "DropDraft", "workspace: "},
		"duplicates: pairs":    {"Duplicates", "Linked", "duplicates: "},
		"duplicates: texts":    {"Duplicates", "Get", "duplicates: "},
		"merge: read":          {"Merge", "Get", ""},
		"merge: write":         {"Merge", "Change", "merge: "},
		"related: near":        {"Related", "Near", "related: "},
		"related: pairs":       {"Related", "Linked", "related: "},
		"rescan: list":         {"Rescan", "Search", "rescan: "},
		"session":              {"Session", "Session", "session: "},
		"session: remembered":  {"Session", "Search", "session: "},
		"session: recalled":    {"Session", "Get", "session: "},
		"session: drafts":      {"Session", "Drafts", "session: "},
		"session: about":       {"Session", "SessionVectors", "similar sessions: "},
		"session: similar":     {"Session", "SimilarSessions", "similar sessions: "},
		"sessions":             {"Sessions", "Sessions", "sessions: "},
		"similar: the session": {"SimilarSessions", "Session", "similar sessions: "},
		"similar: about":       {"SimilarSessions", "SessionVectors", "similar sessions: "},
		"similar: others":      {"SimilarSessions", "SimilarSessions", "similar sessions: "},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, a, b := prepared(t)
			p.breaks(tc.op)
			err := calls(w, a, b)[tc.call].do(t.Context())
			if !errors.Is(err, errDown) || err.Error() != tc.step+errDown.Error() {
				t.Errorf("%s with %s failing: %v; want %q before the cause", tc.call, tc.op, err, tc.step)
			}
			p.breaks()
			ms, err := w.store.Get(t.Context(), []memory.ID{a, b})
			if err != nil || ms[0].Version != 1 || ms[1].State != memory.Active {
				t.Errorf("memories = %+v, %v", ms, err)
			}
			if d := p.drafts["plan"]; d.Content != "a plan of "+secret {
				t.Errorf("the draft is %q", d.Content)
			}
		})
	}
}
