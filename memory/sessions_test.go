package memory_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/memory/session"
	"github.com/elderzan/elderzan/memory/storage"
)

// keptWorld is a service over the real store with a book of sessions.
func keptWorld(t *testing.T) (*memory.Service, *session.Book) {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	b := session.Open(t.Context(), session.Options{Store: s, Kin: s, Drafts: s, Every: time.Hour})
	x := memory.NewIndexer(t.Context(), s, &memorytest.Embedder{}, memory.IndexerOptions{})
	t.Cleanup(func() {
		x.Close()
		if err := errors.Join(b.Close(t.Context()), s.Close()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	svc, err := memory.NewService(memory.Options{
		Store: s, Embedder: &memorytest.Embedder{}, Classifier: memorytest.Classifier{}, Ranker: memorytest.Ranker{}, Indexer: x,
		Kin: s, Journal: b, Sessions: s, Drafts: s, Audits: s,
	})
	if err != nil {
		t.Fatal(err)
	}
	return svc, b
}

func caller(session string) memory.Caller {
	c := mia
	c.Session = session
	return c
}

func TestSessionReport(t *testing.T) {
	svc, book := keptWorld(t)
	keep := func(session, text string) memory.ID {
		t.Helper()
		r, err := svc.Remember(t.Context(), caller(session), memory.RememberInput{Content: text, Wait: true})
		if err != nil {
			t.Fatal(err)
		}
		return r.Memory.ID
	}
	a := keep("monday", "the invoice job runs at night")
	b := keep("monday", "the invoice job mails its totals")
	keep("tuesday", "kittens like warm windows")
	for range 2 {
		if _, err := svc.Recall(t.Context(), caller("wednesday"), memory.RecallInput{Query: "invoice job", Limit: 2}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := svc.SaveDraft(t.Context(), caller("wednesday"), memory.DraftInput{Key: "plan", Content: "look at the invoice job"}); err != nil {
		t.Fatal(err)
	}
	if err := book.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := svc.Session(t.Context(), mia, "wednesday")
	if err != nil || len(r.Remembered) != 0 || len(r.Recalled) != 2 || r.Counts[a] != 2 || r.Counts[b] != 2 || r.Recalls != 2 {
		t.Fatalf("report = %+v, %v", r, err)
	}
	if len(r.Drafts) != 1 || r.Drafts[0].Key != "plan" || len(r.Similar) == 0 || r.Similar[0].ID != "monday" {
		t.Errorf("drafts %+v, similar %+v; want monday", r.Drafts, r.Similar)
	}
	if r, err := svc.Session(t.Context(), mia, "monday"); err != nil || len(r.Remembered) != 2 || r.Remembered[0].ID != b {
		t.Errorf("monday = %+v, %v", r, err)
	}
	if ms, err := svc.SimilarSessions(t.Context(), mia, "warm kittens", 1); err != nil || len(ms) != 1 || ms[0].ID != "tuesday" {
		t.Errorf("similar by words = %+v, %v", ms, err)
	}
	if ms, err := svc.SimilarSessions(t.Context(), mia, "monday", 5); err != nil || len(ms) == 0 || ms[0].ID != "wednesday" {
		t.Errorf("similar to monday = %+v, %v; want wednesday, and not itself", ms, err)
	}
	// The two came back together twice.
	rel, err := svc.Related(t.Context(), mia, a, 1)
	if err != nil || len(rel) != 1 || rel[0].Memory.ID != b || !strings.Contains(strings.Join(rel[0].Why, ";"), "came back together 2 times") {
		t.Errorf("related = %+v, %v", rel, err)
	}
	list, err := svc.Sessions(t.Context(), mia, memory.SessionFilter{Limit: 10})
	if err != nil || len(list) != 3 {
		t.Errorf("sessions = %+v, %v", list, err)
	}
	if _, err := svc.Session(t.Context(), mia, "friday"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("unknown session: %v", err)
	}
	_, err = svc.SimilarSessions(t.Context(), mia, " ", 5)
	wantInput(t, err, "about")
}

func TestWorkspace(t *testing.T) {
	svc, _ := keptWorld(t)
	save := func(in memory.DraftInput) (memory.Draft, error) { return svc.SaveDraft(t.Context(), mia, in) }
	if _, err := save(memory.DraftInput{Key: "plan", Content: "one"}); err != nil {
		t.Fatal(err)
	}
	d, err := save(memory.DraftInput{Key: "plan", Content: "two", Append: true, ExpiresIn: time.Hour})
	if err != nil || d.Content != "one\ntwo" || d.ExpiresAt.Sub(d.UpdatedAt) != time.Hour {
		t.Errorf("appended = %+v, %v", d, err)
	}
	elsewhere := mia
	elsewhere.Project = "other"
	if _, err := svc.Draft(t.Context(), elsewhere, "plan"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("another project sees the draft: %v", err)
	}
	res, err := svc.PromoteDraft(t.Context(), mia, "plan", memory.RememberInput{Tags: []string{"t"}})
	if err != nil || res.Memory.Content != "one\ntwo" || res.Memory.Tags[0] != "t" || res.Memory.Session != "s-1" {
		t.Errorf("promoted = %+v, %v", res, err)
	}
	if _, err := svc.Draft(t.Context(), mia, "plan"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("the promoted draft is still there: %v", err)
	}
	if err := svc.DropDraft(t.Context(), mia, "plan"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("dropping none: %v", err)
	}
	for field, in := range map[string]memory.DraftInput{
		"key": {Key: " ", Content: "x"}, "content": {Key: "k"}, "expires_in": {Key: "k", Content: "x", ExpiresIn: 91 * 24 * time.Hour},
	} {
		_, err := save(in)
		wantInput(t, err, field)
	}
	if _, err := save(memory.DraftInput{Key: "long", Content: strings.Repeat("x", memory.MaxContentBytes)}); err != nil {
		t.Fatal(err)
	}
	_, err = save(memory.DraftInput{Key: "long", Content: "x", Append: true})
	wantInput(t, err, "content")
	for i := range memory.MaxDrafts - 1 {
		if _, err := save(memory.DraftInput{Key: strings.Repeat("k", 1+i%100) + strings.Repeat("j", i/100), Content: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = save(memory.DraftInput{Key: "one too many", Content: "x"})
	wantInput(t, err, "key")
}

func TestAuditTail(t *testing.T) {
	svc, _ := keptWorld(t)
	r, err := svc.Remember(t.Context(), mia, memory.RememberInput{Content: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Forget(t.Context(), mia, memory.ForgetInput{IDs: []memory.ID{r.Memory.ID}}); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]int{1: 1, 2: 2, 50: 2} {
		got, err := svc.AuditTail(t.Context(), mia, n)
		if err != nil || len(got) != want || got[0].Action != "forget" || got[0].Seq != 2 {
			t.Errorf("newest %d = %+v, %v", n, got, err)
		}
	}
}
