package match_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/match"
)

func TestPreviewGivesNothingAway(t *testing.T) {
	for name, tc := range map[string]struct{ secret, want string }{
		"short":    {"hunter2", "[credential, up to 16 characters]"},
		"medium":   {strings.Repeat("q", 27), "[credential, about 32 characters]"},
		"long":     {strings.Repeat("q", 200), "[credential, 192 characters or more]"},
		"Japanese": {strings.Repeat("山", 20), "[credential, about 24 characters]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := match.Preview(match.Credential, tc.secret); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	m := func(rule string, start, end int, conf float64) match.Match {
		return match.Match{Rule: rule, Kind: match.Credential, Start: start, End: end, Confidence: conf}
	}
	for name, tc := range map[string]struct{ in, want []match.Match }{
		"sorted by place":            {[]match.Match{m("b", 5, 9, .9), m("a", 0, 3, .9)}, []match.Match{m("a", 0, 3, .9), m("b", 5, 9, .9)}},
		"the surer of the same span": {[]match.Match{m("a", 0, 3, .5), m("b", 0, 3, .9)}, []match.Match{m("b", 0, 3, .9)}},
		"equals go by rule":          {[]match.Match{m("b", 0, 3, .9), m("a", 0, 3, .9)}, []match.Match{m("a", 0, 3, .9)}},
		"the longer first":           {[]match.Match{m("a", 0, 3, .9), m("b", 0, 5, .5)}, []match.Match{m("b", 0, 5, .5), m("a", 0, 3, .9)}},
		"inside a surer one":         {[]match.Match{m("a", 0, 9, .9), m("b", 2, 5, .6)}, []match.Match{m("a", 0, 9, .9)}},
		"a surer one inside stays":   {[]match.Match{m("a", 0, 9, .5), m("b", 2, 5, .9)}, []match.Match{m("a", 0, 9, .5), m("b", 2, 5, .9)}},
		"the same rule inside":       {[]match.Match{m("a", 0, 9, .5), m("a", 2, 5, .9)}, []match.Match{m("a", 0, 9, .5)}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := match.Merge(tc.in); !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestMergeKeepsOtherKinds(t *testing.T) {
	in := []match.Match{{Rule: "a", Kind: match.Personal, Start: 0, End: 9, Confidence: .9}, {Rule: "b", Kind: match.Financial, Start: 0, End: 9, Confidence: .8}}
	if got := match.Merge(in); len(got) != 2 {
		t.Errorf("got %v, want both kinds", got)
	}
}

func TestBudget(t *testing.T) {
	b := match.NewBudget(0)
	n := 0
	for b.Spend(1000) {
		if n++; n > 1000 {
			t.Fatal("the budget never ends")
		}
	}
	if !b.Spent() || n < 10 {
		t.Errorf("spent after %d matches of 1000 bytes: %v", n, b.Spent())
	}
	if m := match.TooDense(7); m.Start != 0 || m.End != 7 || m.Rule != match.Dense || m.Confidence < 0.5 {
		t.Errorf("TooDense = %+v, want a finding over the whole text", m)
	}
}
