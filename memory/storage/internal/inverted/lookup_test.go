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

// A cursor that leaps finds what one that walks finds.
func TestSeek(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	s := newState(Options{}.withDefaults())
	id := s.intern(nsTerm, "heron")
	tfs := map[uint32]uint8{}
	for doc := uint32(1); doc < 20_000; doc += 1 + uint32(r.IntN(6)) {
		tf := uint8(usual)
		if r.IntN(4) == 0 {
			tf = uint8(1 + r.IntN(255))
		}
		tfs[doc] = tf
		s.post(id, doc, tf)
	}
	for range 50 {
		k := s.seek(id)
		for doc := uint32(1 + r.IntN(300)); doc < 20_200; doc += 1 + uint32(r.IntN(1+r.IntN(2000))) {
			tf, want := tfs[doc]
			if got := k.to(doc); got != want || got && k.tf != tf {
				t.Fatalf("document %d: found %v with %d; want %v with %d", doc, got, k.tf, want, tf)
			}
		}
	}
}

// The newest postings are the end of a list, whole.
func TestNewest(t *testing.T) {
	s := newState(Options{}.withDefaults())
	id := s.intern(nsTerm, "heron")
	for doc := uint32(1); doc <= 1000; doc++ {
		s.post(id, 3*doc, usual)
	}
	for _, n := range []int{1, 64, 100, 999, 5000} {
		count, last := 0, uint32(0)
		for c := s.newest(id, n); c.next(); {
			count, last = count+1, c.doc
		}
		if last != 3000 || count < min(n, 1000) || count > min(n, 1000)+2*skipEvery {
			t.Errorf("the newest %d are %d, up to %d", n, count, last)
		}
	}
}

// notes makes memories of which every one holds a word of its own kind and frequent ones.
func notes(n int) *Index {
	r := rand.New(rand.NewPCG(9, 9))
	x := New(Options{})
	for row := range int64(n) {
		d := Doc{Row: row, Scope: scope.Project, State: memory.Active, Session: fmt.Sprint(row / 20), At: row * 1000, Turn: row%40 < 20}
		d.Body = append(d.Body, fmt.Sprintf("rare%d", row%97))
		for i := range 5 {
			if r.IntN(1+i) == 0 {
				d.Body = append(d.Body, fmt.Sprint("common", i))
			}
		}
		x.Put(d)
	}
	return x
}

// Words beyond the budget count for the memories that rarer words propose, their neighbours' words included.
func TestEffortLooksUp(t *testing.T) {
	x := notes(6000)
	sel := x.Select(memory.Filter{})
	terms := Words([]string{"rare5", "common2", "common4"})
	run := x.Begin(terms, sel, Effort{Budget: 200, Depth: 6000})
	defer run.End()
	if len(run.looked) != 2 {
		t.Fatalf("%d terms are looked up; want 2", len(run.looked))
	}
	got := run.Best(100)
	rows := make([]int64, len(got))
	for i, h := range got {
		rows[i] = h.Row
	}
	for i, w := range x.Score(terms, sel, rows) {
		// How rare a word is was guessed; all the rest is the same.
		if h := got[i]; math.Abs(h.Score-w.Score) > .2*w.Score || math.Abs(h.Cover-w.Cover) > .1 || (h.Own > 0) != (w.Own > 0) {
			t.Errorf("row %d: %+v; walking through everything gives %+v", h.Row, h, w)
		}
	}
	others := []int64{3, 4, 5999, 6001}
	want := x.Score(Words([]string{"common2", "common4"}), sel, others)
	for i, h := range run.Score(others) {
		if h.Row != others[i] || (h.Score > 0) != (want[i].Score > 0) {
			t.Errorf("asked about row %d: %+v; want a score %v", others[i], h, want[i].Score > 0)
		}
	}
}

// A question of frequent words alone is answered from the newest.
func TestEffortFrequentAlone(t *testing.T) {
	x := notes(6000)
	run := x.Begin(Words([]string{"common0"}), x.Select(memory.Filter{}), Effort{Budget: 300, Depth: 10})
	defer run.End()
	hits := run.Best(50)
	if len(hits) != 50 || slices.MinFunc(hits, func(a, b Hit) int { return int(a.Row - b.Row) }).Row < 6000-600 {
		t.Errorf("%d hits, the oldest of row %d", len(hits), slices.MinFunc(hits, func(a, b Hit) int { return int(a.Row - b.Row) }).Row)
	}
}
