package memory_test

import (
	"context"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// lenient finds nothing until strict is set.
type lenient struct {
	memory.Classifier
	strict *bool
}

func TestRescan(t *testing.T) {
	strict := false
	w := newWorld(t, func(_ *world, o *memory.Options) {
		o.Classifier = lenient{o.Classifier, &strict}
		o.CloudConfigured = true
	})
	harmless := w.keep(t, memory.RememberInput{Content: "we use tabs", Scope: scope.Project}).Memory
	late := w.keep(t, memory.RememberInput{Content: secret, Scope: scope.Project}).Memory
	shared := w.keep(t, memory.RememberInput{Content: secret + " too", Scope: scope.Shared}).Memory
	strict = true
	said := w.keep(t, memory.RememberInput{Content: secret + " as the manual says", Scope: scope.Project, Override: true}).Memory
	p, err := w.Rescan(t.Context(), mia, "")
	if err != nil {
		t.Fatal(err)
	}
	var moved []memory.ID
	for _, m := range p.Moved {
		moved = append(moved, m.ID)
		if len(m.Rules) == 0 {
			t.Errorf("%s moved without a rule", m.ID)
		}
	}
	if p.Next != "" || len(moved) != 2 || !slices.Contains(moved, late.ID) || !slices.Contains(moved, shared.ID) {
		t.Errorf("moved %v, next %q; want %s and %s", moved, p.Next, late.ID, shared.ID)
	}
	if len(p.Confirmed) != 1 || p.Confirmed[0].ID != said.ID {
		t.Errorf("confirmed = %+v; want %s", p.Confirmed, said.ID)
	}
	if a := w.lastAudit(t); a.Action != "rescan" || a.To != scope.Private || len(a.Rules) == 0 {
		t.Errorf("audit = %+v; want a rescan to PRIVATE with rules", a)
	}
	ms, err := w.Get(t.Context(), mia, []memory.ID{harmless.ID, late.ID, shared.ID, said.ID})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []scope.Scope{scope.Project, scope.Private, scope.Private, scope.Project} {
		if ms[i].Scope != want {
			t.Errorf("memory %d is %v, want %v", i, ms[i].Scope, want)
		}
	}
	if again, err := w.Rescan(t.Context(), mia, ""); err != nil || len(again.Moved) != 0 {
		t.Errorf("a second rescan moved %v, %v; want nothing", again.Moved, err)
	}
}

func (l lenient) Classify(ctx context.Context, in scope.Input) (scope.Decision, error) {
	if !*l.strict {
		return scope.Decision{Scope: scope.Project}, nil
	}
	return l.Classifier.Classify(ctx, in)
}
