package memory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// TestConflict decides between what stands and what waits, in each way that there is.
func TestConflict(t *testing.T) {
	for name, tc := range map[string]struct {
		in      memory.ReviseInput
		other   string
		content string // afterwards
		title   string
		scope   scope.Scope
		warning string
		refused bool
		waits   bool
	}{
		"what stands is right":         {in: memory.ReviseInput{Resolves: memory.ResolveCurrent}, other: "port 81", content: "port 80", scope: scope.Shared},
		"the other is right":           {in: memory.ReviseInput{Resolves: "1"}, other: "port 81", content: "port 81", title: "theirs", scope: scope.Shared},
		"the other tells a secret":     {in: memory.ReviseInput{Resolves: "1"}, other: secret, content: secret, title: "theirs", scope: scope.Private, warning: "moved from SHARED to PRIVATE"},
		"both are right":               {in: memory.ReviseInput{Resolves: memory.ResolveMerged, Content: ptr("port 80, later 81")}, other: "port 81", content: "port 80, later 81", scope: scope.Shared},
		"both, without saying what":    {in: memory.ReviseInput{Resolves: memory.ResolveMerged}, refused: true},
		"what stands, with a new text": {in: memory.ReviseInput{Resolves: memory.ResolveCurrent, Content: ptr("x")}, refused: true},
		"the other, with a new text":   {in: memory.ReviseInput{Resolves: "1", Content: ptr("x")}, refused: true},
		"one that there is not":        {in: memory.ReviseInput{Resolves: "2"}, refused: true},
		"the zeroth":                   {in: memory.ReviseInput{Resolves: "0"}, refused: true},
		"a word":                       {in: memory.ReviseInput{Resolves: "mine"}, refused: true},
		"no decision":                  {in: memory.ReviseInput{Content: ptr("port 82")}, other: "port 81", content: "port 82", scope: scope.Shared, warning: "1 other texts of this memory still wait", waits: true},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := newFullWorld(t, func(_ *world, o *memory.Options) { o.CloudConfigured = true })
			m := w.keep(t, memory.RememberInput{Content: "port 80", Scope: scope.Shared}).Memory
			p.others = []memory.OtherText{{Text: tc.other, Title: "theirs", Author: "ann"}}
			if texts, err := w.Conflict(t.Context(), mia, m.ID); err != nil || len(texts) != 1 || texts[0].Author != "ann" {
				t.Errorf("Conflict = %+v, %v", texts, err)
			}
			tc.in.ID = m.ID
			res, err := w.Revise(t.Context(), mia, tc.in)
			if tc.refused {
				wantInput(t, err, "resolves")
				if now, err := w.Get(t.Context(), mia, []memory.ID{m.ID}); err != nil || now[0].Version != m.Version || len(p.others) != 1 {
					t.Errorf("a refused decision left %+v, %d waiting, %v", now, len(p.others), err)
				}
				return
			}
			if err != nil || res.Memory.Content != tc.content || res.Memory.Title != tc.title || res.Memory.Scope != tc.scope {
				t.Fatalf("Revise = %+v, %v", res, err)
			}
			wantWarning(t, res.Warnings, tc.warning)
			if (len(p.others) == 1) != tc.waits {
				t.Errorf("%d texts wait", len(p.others))
			}
			want := "conflict-resolve"
			if tc.waits {
				want = "revise"
			}
			if a := w.lastAudit(t); a.Action != want || a.To != tc.scope || strings.Contains(a.Reason, tc.other) {
				t.Errorf("audit = %+v; want %s", a, want)
			}
		})
	}
}

// TestConflictDecidedAlready: a call that is repeated by the transport gets the memory that it made; any other is told that
// nothing waits.
func TestConflictDecidedAlready(t *testing.T) {
	w, p := newFullWorld(t, nil)
	m := w.keep(t, memory.RememberInput{Content: "port 80"}).Memory
	p.others = []memory.OtherText{{Text: "port 81"}}
	c := mia
	c.RequestKey = "k1"
	in := memory.ReviseInput{ID: m.ID, Resolves: "1"}
	first, err := w.Revise(t.Context(), c, in)
	if err != nil || first.Memory.Content != "port 81" {
		t.Fatalf("Revise = %+v, %v", first, err)
	}
	if again, err := w.Revise(t.Context(), c, in); err != nil || again.Memory.Version != first.Memory.Version {
		t.Errorf("the same call again = %+v, %v", again, err)
	}
	_, err = w.Revise(t.Context(), mia, in)
	wantInput(t, err, "resolves")
	c.RequestKey = "k2"
	_, err = w.Revise(t.Context(), c, in)
	wantInput(t, err, "resolves")
}

func TestConflictTrouble(t *testing.T) {
	for _, op := range []string{"Others", "Resolve"} {
		w, p := newFullWorld(t, nil)
		m := w.keep(t, memory.RememberInput{Content: "port 80"}).Memory
		p.others = []memory.OtherText{{Text: "port 81"}}
		p.breaks(op)
		if _, err := w.Revise(t.Context(), mia, memory.ReviseInput{ID: m.ID, Resolves: "1"}); !errors.Is(err, errDown) || strings.Contains(err.Error(), "port 8") {
			t.Errorf("%s: %v", op, err)
		}
		if len(p.others) != 1 {
			t.Errorf("%s: the text no longer waits", op)
		}
	}
}
