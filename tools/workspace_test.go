package tools

import (
	"strings"
	"testing"

	book "github.com/elderzan/elderzan/memory/session"
	"github.com/elderzan/elderzan/memory/storage"
)

// keeping is a world on the real store with a book of sessions.
func keeping(t *testing.T) (*world, *book.Book) {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	b := book.Open(t.Context(), book.Options{Store: s, Kin: s, Drafts: s})
	t.Cleanup(func() {
		b.Close(t.Context())
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return newWorld(t, func(w *world) {
		w.store, w.service.Store = nil, s
		w.service.Kin, w.service.Sessions, w.service.Drafts, w.service.Audits, w.service.Journal = s, s, s, s, b
	}), b
}

func TestWorkspace(t *testing.T) {
	w, _ := keeping(t)
	if r := ok[workspaceResult](w, "workspace", map[string]any{}); len(r.Drafts) != 0 || r.Note == "" {
		t.Errorf("empty = %+v", r)
	}
	if r := ok[workspaceResult](w, "workspace", map[string]any{"key": "release notes", "content": "first", "expires_in": "2h"}); r.Drafts[0].Bytes != 5 || r.Drafts[0].Content != "" {
		t.Errorf("saved = %+v", r)
	}
	ok[workspaceResult](w, "workspace", map[string]any{"key": "release notes", "content": "second", "append": true})
	if r := ok[workspaceResult](w, "workspace", map[string]any{"key": "release notes"}); r.Drafts[0].Content != "first\nsecond" || r.Drafts[0].Session != "s-1" {
		t.Errorf("read = %+v", r)
	}
	if d := get[draft](w, "elderzan://workspace/release%20notes"); d.Content != "first\nsecond" {
		t.Errorf("resource = %+v", d)
	}
	if got := w.complete("ref/resource", draftTemplate, "key", "rel"); len(got) != 1 || got[0] != "release notes" {
		t.Errorf("completions = %v", got)
	}
	if r := ok[workspaceResult](w, "workspace", nil); len(r.Drafts) != 1 || r.Drafts[0].Content != "" {
		t.Errorf("list = %+v", r)
	}
	r := ok[workspaceResult](w, "workspace", map[string]any{"key": "release notes", "promote": true})
	if m := get[hit](w, memoryURI(r.Memory)); m.Content != "first\nsecond" || r.Scope != "PROJECT" {
		t.Errorf("promoted = %+v, memory %+v", r, m)
	}
	ok[workspaceResult](w, "workspace", map[string]any{"key": "x", "content": "y"})
	ok[workspaceResult](w, "workspace", map[string]any{"key": "x", "drop": true})
	for want, args := range map[string]map[string]any{
		"no such":              {"key": "x"},
		"key is missing":       {"content": "y"},
		"content is missing":   {"key": "x", "append": true},
		"do one thing":         {"key": "x", "drop": true, "promote": true},
		"do one thing in":      {"key": "x", "drop": true, "content": "y"},
		"longer than 90 days":  {"key": "x", "content": "y", "expires_in": "91d"},
		"find it with recall":  {"key": "y", "promote": true},
		"find it with recall ": {"key": "y", "drop": true},
	} {
		if got := w.refused("workspace", args); !strings.Contains(got, strings.TrimSpace(want)) && !strings.Contains(got, "find it with") {
			t.Errorf("%v: %q; want %q", args, got, want)
		}
	}
}

func TestSessionAndAuditResources(t *testing.T) {
	w, book := keeping(t)
	id := ok[rememberResult](w, "remember", map[string]any{"content": "deploy on tuesdays"}).ID
	ok[recallResult](w, "recall", map[string]any{"query": "deploy"})
	ok[workspaceResult](w, "workspace", map[string]any{"key": "plan", "content": "x"})
	if err := book.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := get[sessionResult](w, sessionURI("s-1"))
	if s.Client != "test-client" || s.Status != "open" || s.Recalls != 1 || s.Total != 1 || len(s.Memories) != 1 || s.Memories[0].ID != id ||
		len(s.Recalled) != 1 || s.Recalled[0].Text != "deploy on tuesdays" || len(s.Drafts) != 1 {
		t.Errorf("session = %+v", s)
	}
	a := get[auditResult](w, auditURI)
	if a.Head != 1 || a.Entries[0].Subject != id || a.Entries[0].Action != "remember" || a.Entries[0].To != "PROJECT" {
		t.Errorf("audit = %+v", a)
	}
}
