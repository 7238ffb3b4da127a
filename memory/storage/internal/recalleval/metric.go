package recalleval

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Figures are means over questions: the share of the evidence among the first 5 and 10, and the reciprocal rank of
// the first evidence.
type Figures struct {
	R5, R10, MRR float64
	N            int
}

// Tally gathers figures, over all and by category.
type Tally struct {
	sum map[string]Figures
}

// Add counts one question: ranked are indexes of memories, best first, the first 20 of which matter.
func (t *Tally) Add(q Question, ranked []int) {
	if t.sum == nil {
		t.sum = map[string]Figures{}
	}
	var f Figures
	for i, d := range ranked[:min(len(ranked), 20)] {
		if !slices.Contains(q.Relevant, d) {
			continue
		}
		share := 1 / float64(len(q.Relevant))
		if i < 5 {
			f.R5 += share
		}
		if i < 10 {
			f.R10 += share
		}
		if f.MRR == 0 {
			f.MRR = 1 / float64(i+1)
		}
	}
	for _, c := range []string{"", q.Category} {
		s := t.sum[c]
		t.sum[c] = Figures{s.R5 + f.R5, s.R10 + f.R10, s.MRR + f.MRR, s.N + 1}
	}
}

// Mean returns the figures of a category; "" is all.
func (t *Tally) Mean(category string) Figures {
	s := t.sum[category]
	n := float64(max(s.N, 1))
	return Figures{s.R5 / n, s.R10 / n, s.MRR / n, s.N}
}

// String is one line: all, then R@10 by category.
func (t *Tally) String() string {
	all := t.Mean("")
	var b strings.Builder
	fmt.Fprintf(&b, "R@5 %.3f R@10 %.3f MRR %.3f |", all.R5, all.R10, all.MRR)
	for _, c := range slices.Sorted(maps.Keys(t.sum)) {
		if c != "" {
			fmt.Fprintf(&b, " %s %.3f", c, t.Mean(c).R10)
		}
	}
	return b.String()
}
