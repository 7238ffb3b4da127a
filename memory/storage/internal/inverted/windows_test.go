package inverted

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// many makes an index that is searched by windows, whose conversations are told side by side, over windows' edges, and
// with words that only follow far away; some documents have been replaced, removed, or are not to be seen.
func many(r *rand.Rand) *Index {
	x := New(Options{NoteBond: .5})
	n := windowsFrom + 9000
	for row := range int64(n) {
		d := Doc{Row: row, Scope: scope.Project, State: memory.Active, Session: fmt.Sprint(row / 40), At: row * 1000, Turn: row%120 < 80}
		switch {
		case row/2000%3 == 1: // three conversations at a time
			d.Session = fmt.Sprint("s", row/300, "-", row%3)
		case row%1000 == 999: // goes on some windows later
			d.Session, d.At = "long", row
		}
		for i := range 12 {
			if r.IntN(1<<i) == 0 {
				d.Body = append(d.Body, fmt.Sprint("common", i))
			}
		}
		d.Body = append(d.Body, fmt.Sprint("rare", r.IntN(5000)))
		if r.IntN(9) == 0 {
			d.Title = []string{fmt.Sprint("common", r.IntN(12))}
		}
		x.Put(d)
	}
	for range 500 {
		row := r.Int64N(int64(n))
		switch r.IntN(3) {
		case 0:
			x.Remove(row)
		case 1:
			x.SetState(row, memory.Archived, 1)
		default:
			x.Put(Doc{Row: row, Scope: scope.Project, State: memory.Active, Session: fmt.Sprint(row / 40), At: row * 1000, Turn: true, Body: []string{"common3", "rare7"}})
		}
	}
	return x
}

// throughout scores by walking through everything, one term after the other, with the rarity that run has found.
func throughout(x *Index, sel *Selection, run *Run) map[int64]Hit {
	s, a := x.s, new(accumulator)
	a.fit(len(s.cols))
	total := float32(0)
	for _, q := range run.looked {
		s.spread(a, sel, q, math.MaxInt32)
		s.settle(a, sel, q.idf*q.weight)
		total += q.idf * q.weight
	}
	out := map[int64]Hit{}
	for _, h := range s.best(a, len(a.found)) {
		h.Cover /= float64(total)
		h.Near /= float64(total)
		out[h.Row] = h
	}
	return out
}

func alike(a, b Hit) bool {
	return a.Row == b.Row && math.Abs(a.Score-b.Score) < 1e-3 && math.Abs(a.Own-b.Own) < 1e-3 && math.Abs(a.Cover-b.Cover) < 1e-4 && math.Abs(a.Near-b.Near) < 1e-4
}

// Windows find what a walk through everything finds: the best, what any row scores, and what its neighbours score; before
// and after changes.
func TestWindowsAgainstAll(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	x := many(r)
	for round := range 6 {
		var words []string
		for range 2 + r.IntN(5) {
			words = append(words, fmt.Sprint("common", r.IntN(12)), fmt.Sprint("rare", r.IntN(5000)))
		}
		sel := x.Select(memory.Filter{})
		run := x.Begin(Words(words), sel, Effort{Budget: 1 << 30, Depth: 300})
		if !run.windowed {
			t.Fatal("windows were not used")
		}
		all := throughout(x, sel, run)
		var want []Hit
		for _, h := range all {
			want = append(want, h)
		}
		slices.SortFunc(want, func(a, b Hit) int {
			if a.Score > b.Score || a.Score == b.Score && a.Row > b.Row {
				return -1
			}
			return 1
		})
		best := run.Best(100)
		if len(best) != min(100, len(want)) {
			t.Fatalf("%d hits; want %d", len(best), min(100, len(want)))
		}
		for i, h := range best {
			if !alike(h, all[h.Row]) || math.Abs(h.Score-want[i].Score) > 1e-3 {
				t.Fatalf("round %d, place %d: %+v; all gives it %+v and the place %+v", round, i, h, all[h.Row], want[i])
			}
		}
		rows := make([]int64, 200)
		for i := range rows {
			rows[i] = r.Int64N(int64(len(x.s.byRow)))
		}
		for i, h := range run.Score(rows) {
			w := all[rows[i]]
			w.Row = rows[i]
			if !alike(h, w) {
				t.Fatalf("round %d, asked about: %+v; want %+v", round, h, w)
			}
		}
		for i, b := range run.Beside(rows) {
			if b.Before >= 0 && math.Abs(b.BeforeOwn-all[b.Before].Own) > 1e-3 || b.Behind >= 0 && math.Abs(b.BehindOwn-all[b.Behind].Own) > 1e-3 {
				t.Fatalf("round %d, beside %d: %+v; want %v and %v", round, rows[i], b, all[b.Before].Own, all[b.Behind].Own)
			}
		}
		run.End()
		churn(x, r, 100)
	}
}

// Where words beyond the budget are looked up, and the newest postings alone are walked, windows say the same of what they find.
func TestWindowsLookUp(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	x := many(r)
	sel := x.Select(memory.Filter{})
	run := x.Begin(Words([]string{"rare7", "common0", "common1", "common4"}), sel, Effort{Budget: 6000, Depth: 200})
	defer run.End()
	all := throughout(x, sel, run)
	best := run.Best(50)
	if !run.windowed || len(best) != 50 {
		t.Fatalf("%d hits, by windows %v", len(best), run.windowed)
	}
	for _, h := range best {
		if !alike(h, all[h.Row]) {
			t.Errorf("%+v; all gives %+v", h, all[h.Row])
		}
	}
}
