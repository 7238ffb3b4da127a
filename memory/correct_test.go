package memory_test

import (
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

type pupil struct{ heard []bool }

func (p *pupil) Correct(_ scope.Input, _ scope.Decision, sensitive bool) error {
	p.heard = append(p.heard, sensitive)
	return nil
}

func TestCorrectionsAreTold(t *testing.T) {
	for name, tc := range map[string]struct {
		in    memory.RememberInput
		share scope.Scope
		want  []bool
	}{
		"agreed":             {in: memory.RememberInput{Content: "we use tabs"}},
		"the same scope":     {in: memory.RememberInput{Content: "we use tabs", Scope: scope.Project}, want: []bool{false}},
		"made private":       {in: memory.RememberInput{Content: "we use tabs", Scope: scope.Private}, want: []bool{true}},
		"made private later": {in: memory.RememberInput{Content: "we use tabs"}, share: scope.Private, want: []bool{true}},
		"secret":             {in: memory.RememberInput{Content: secret}},
		"secret overridden":  {in: memory.RememberInput{Content: secret, Scope: scope.Project, Override: true}, want: []bool{false}},
		"override refused":   {in: memory.RememberInput{Content: secret, Scope: scope.Project}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pupil{}
			w := newWorld(t, func(_ *world, o *memory.Options) { o.Learner = p })
			m := w.keep(t, tc.in).Memory
			if tc.share != 0 {
				if _, err := w.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: tc.share}); err != nil {
					t.Fatal(err)
				}
			}
			if len(p.heard) != len(tc.want) || len(tc.want) > 0 && p.heard[0] != tc.want[0] {
				t.Errorf("heard %v, want %v", p.heard, tc.want)
			}
		})
	}
}
