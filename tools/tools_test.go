package tools

import (
	"testing"
)

func TestRememberAndRecall(t *testing.T) {
	w := newWorld(t, nil)
	got := ok[rememberResult](w, "remember", map[string]any{
		"content": "We deploy on Tuesdays because the customer freezes on Wednesday.", "title": "Deploy day", "tags": []string{"ops", "ops", " "},
	})
	if got.Scope != "PROJECT" || got.Project != "billing" || got.Kind != "note" || got.ID == "" || len(got.Warnings) != 0 {
		t.Errorf("remember = %+v", got)
	}
	again := ok[rememberResult](w, "remember", map[string]any{"content": "We deploy on Tuesdays because the customer freezes on Wednesday."})
	if again.DuplicateOf != got.ID {
		t.Errorf("the same text again: duplicate_of = %q; want %q", again.DuplicateOf, got.ID)
	}
	r := ok[recallResult](w, "recall", map[string]any{"query": "when do we deploy?"})
	if len(r.Memories) != 1 || r.Memories[0].ID != got.ID || r.Memories[0].Provenance.Author != "mia" || r.Memories[0].Trust != "agent" {
		t.Fatalf("recall = %+v", r)
	}
	if m := r.Memories[0]; m.Score == nil || *m.Score <= 0 || *m.Score > 1 || len(m.Tags) != 1 {
		t.Errorf("recall's memory = %+v", m)
	}
}
