package inverted

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0 takes one from the clock")

func newRand(t *testing.T) *rand.Rand {
	s := *seedFlag
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", s)
	return rand.New(rand.NewPCG(s, 1))
}

// The index must agree with the reference after any sequence of changes, before and after it drops what is dead.
func TestAgainstReference(t *testing.T) {
	rnd := newRand(t)
	for _, o := range []Options{{}, {NoteBond: 0.5, Gap: 15 * time.Minute, B: 0.7, K1: 1.4, Title: 3, Label: 2}} {
		x, ref := New(o), newReference(o)
		for round := range 60 {
			for range 12 {
				change(rnd, x, ref)
			}
			if round%20 == 19 {
				x.s = x.s.compact()
			}
			compare(t, rnd, x, ref)
			if t.Failed() {
				return
			}
		}
	}
}

func change(rnd *rand.Rand, x *Index, ref *reference) {
	row := int64(rnd.IntN(90))
	switch rnd.IntN(8) {
	case 0:
		_, want := ref.docs[row]
		if x.Remove(row) != want {
			panic("Remove answered wrongly")
		}
		delete(ref.docs, row)
	case 1:
		st := states[rnd.IntN(4)]
		if d, ok := ref.docs[row]; x.SetState(row, st, 77) != ok {
			panic("SetState answered wrongly")
		} else if ok {
			d.State, d.Updated = st, 77
			ref.docs[row] = d
		}
	default:
		d := randomDoc(rnd, row)
		ref.docs[row] = d
		x.Put(d)
	}
}

func compare(t *testing.T, rnd *rand.Rand, x *Index, ref *reference) {
	t.Helper()
	if x.Len() != len(ref.docs) {
		t.Fatalf("Len = %d; want %d", x.Len(), len(ref.docs))
	}
	for range 6 {
		f := randomFilter(rnd)
		sel, want := x.Select(f), ref.rows(f)
		if got := slices.Collect(sel.Rows()); !slices.Equal(got, want) || sel.Len() != len(want) {
			t.Fatalf("Select(%+v) = %v (%d); want %v", f, got, sel.Len(), want)
		}
		compareSearch(t, rnd, x, ref, f, sel)
		compareWords(t, rnd, x, ref, sel, want)
	}
}

func compareSearch(t *testing.T, rnd *rand.Rand, x *Index, ref *reference, f memory.Filter, sel *Selection) {
	t.Helper()
	terms := []Term{{"w1", 1}, {fmt.Sprintf("w%d", rnd.IntN(14)), 0.5}, {"w1", 3}, {fmt.Sprintf("w%d", rnd.IntN(12)), 1}}
	want := ref.search(terms, f)
	hits := x.Search(terms, sel, 1000)
	if len(hits) != len(want) {
		t.Fatalf("Search found %d; want %d", len(hits), len(want))
	}
	rows := make([]int64, len(hits))
	for i, h := range hits {
		rows[i] = h.Row
		w := want[h.Row]
		if !near(h.Score, w.Score) || !near(h.Own, w.Own) || !near(h.Cover, w.Cover) {
			t.Fatalf("hit %+v; want %+v", h, w)
		}
		if i > 0 && (hits[i-1].Score < h.Score || hits[i-1].Score == h.Score && hits[i-1].Row < h.Row) {
			t.Fatalf("hits %d and %d out of order", i-1, i)
		}
	}
	k := rnd.IntN(len(hits) + 2)
	if got := x.Search(terms, sel, k); !slices.Equal(got, hits[:min(k, len(hits))]) {
		t.Fatalf("best %d are not the first of all: %v; all %v", k, got, hits)
	}
	rows = append(rows, -1, MaxRow, int64(rnd.IntN(90)))
	for i, h := range x.Score(terms, sel, rows) {
		if w := want[rows[i]]; h.Row != rows[i] || !near(h.Score, w.Score) || !near(h.Own, w.Own) || !near(h.Cover, w.Cover) {
			t.Fatalf("Score of row %d = %+v; want %+v", rows[i], h, w)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-4*(1+math.Abs(b)) }

func compareWords(t *testing.T, rnd *rand.Rand, x *Index, ref *reference, sel *Selection, selected []int64) {
	t.Helper()
	words := []string{fmt.Sprintf("w%d", rnd.IntN(12)), fmt.Sprintf("w%d", rnd.IntN(12)), fmt.Sprintf("w%d", rnd.IntN(12))}
	holds := func(row int64, w string) bool {
		d := ref.docs[row]
		return slices.Contains(d.Body, w) || slices.Contains(d.Title, w) || slices.Contains(d.Labels, w)
	}
	var all []int64
	freq := make([]int, len(words))
	for _, row := range selected {
		every := true
		for i, w := range words {
			if holds(row, w) {
				freq[i]++
			} else {
				every = false
			}
		}
		if every {
			all = append(all, row)
		}
	}
	if got := x.MatchAll(words, sel); !slices.Equal(got, all) {
		t.Fatalf("MatchAll(%v) = %v; want %v", words, got, all)
	}
	if got := x.DocFreq(words, sel); !slices.Equal(got, freq) {
		t.Fatalf("DocFreq(%v) = %v; want %v", words, got, freq)
	}
	if got := x.MatchAll(nil, sel); !slices.Equal(got, selected) {
		t.Fatalf("MatchAll of no words = %v; want %v", got, selected)
	}
}

func turn(row int64, minute int, words ...string) Doc {
	return Doc{Row: row, Body: words, Project: "p", Session: "s", Turn: true, Scope: scope.Project, State: memory.Active,
		At: int64(minute) * 60_000}
}

func TestLending(t *testing.T) {
	base := func() []Doc {
		return []Doc{turn(1, 0, "question"), turn(2, 1, "answer"), turn(3, 2, "thanks"), turn(4, 3, "sure"), turn(5, 4, "bye"), turn(6, 5, "end")}
	}
	for name, tc := range map[string]struct {
		change func(ds []Doc)
		filter memory.Filter
		want   []int64 // rows that the word "question" finds, best first
	}{
		"four follow":                     {func([]Doc) {}, memory.Filter{}, []int64{1, 2, 3, 4, 5}},
		"out of order":                    {func(ds []Doc) { slices.Reverse(ds) }, memory.Filter{}, []int64{1, 2, 3, 4, 5}},
		"a silence ends it":               {func(ds []Doc) { ds[2].At += 3 * 3600_000; ds[3].At += 3 * 3600_000 }, memory.Filter{Until: time.UnixMilli(3600_000)}, []int64{1, 2, 5, 6}},
		"notes do not borrow":             {func(ds []Doc) { ds[1].Turn = false }, memory.Filter{}, []int64{1}},
		"another session does not":        {func(ds []Doc) { ds[1].Session = "t"; ds[2].Project = "q" }, memory.Filter{}, []int64{1, 4, 5, 6}},
		"a turn not asked for lends":      {func(ds []Doc) { ds[0].Kind = "hidden"; ds[1].Kind = "wanted" }, memory.Filter{Kinds: []string{"wanted"}}, []int64{2}},
		"a forgotten turn does not":       {func(ds []Doc) { ds[0].State = memory.Forgotten }, memory.Filter{}, nil},
		"nor one of a scope not asked":    {func(ds []Doc) { ds[0].Scope = scope.Private }, memory.Filter{Scopes: []scope.Scope{scope.Project}}, nil},
		"all scopes asked: private lends": {func(ds []Doc) { ds[0].Scope = scope.Private }, memory.Filter{}, []int64{1, 2, 3, 4, 5}},
		"an unknown state is not shown":   {func(ds []Doc) { ds[0].State = "odd" }, memory.Filter{}, nil},
		"no state is active":              {func(ds []Doc) { ds[0].State = "" }, memory.Filter{}, []int64{1, 2, 3, 4, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			ds := base()
			tc.change(ds)
			x := New(Options{})
			x.PutAll(ds)
			var got []int64
			for _, h := range x.Search(Words([]string{"question"}), x.Select(tc.filter), 10) {
				got = append(got, h.Row)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("found %v; want %v", got, tc.want)
			}
		})
	}
}

// A conversation longer than a chunk, filled forwards, backwards and at random, is one chain all the same.
func TestLongConversation(t *testing.T) {
	const n = 3 * chunkSize
	rnd := newRand(t)
	for name, order := range map[string]func(i int) int{
		"forwards":  func(i int) int { return i },
		"backwards": func(i int) int { return n - 1 - i },
		"at random": func() func(int) int { p := rnd.Perm(n); return func(i int) int { return p[i] } }(),
	} {
		t.Run(name, func(t *testing.T) {
			x := New(Options{})
			for i := range n {
				k := order(i)
				x.Put(turn(int64(k), k, fmt.Sprint("w", k)))
			}
			checkChain(t, x, n)
			for k := range n {
				if k%2 == 0 {
					x.Remove(int64(k))
				}
			}
			checkChain(t, x, n/2)
			for k := range n {
				x.Remove(int64(k))
			}
			if sel := x.All(); sel.mass != 0 || sel.Len() != 0 || x.Len() != 0 {
				t.Errorf("an emptied index selects %d of mass %g", sel.Len(), sel.mass)
			}
		})
	}
}

// checkChain follows the links of the only conversation and compares them with its chunks.
func checkChain(t *testing.T, x *Index, want int) {
	t.Helper()
	s := x.s
	var docs []uint32
	for _, g := range s.groups {
		for _, c := range g.chunks {
			if len(c) == 0 || len(c) > chunkSize {
				t.Fatalf("a chunk of %d", len(c))
			}
			docs = append(docs, c...)
		}
	}
	if len(docs) != want {
		t.Fatalf("%d documents in order; want %d", len(docs), want)
	}
	for i, d := range docs {
		var prev, next uint32
		if i > 0 {
			prev = docs[i-1]
			if s.before(prev, d) >= 0 {
				t.Fatalf("document %d is out of order", d)
			}
		}
		if i+1 < len(docs) {
			next = docs[i+1]
		}
		if c := s.cols[d]; c.prev != prev || c.next != next {
			t.Fatalf("document %d has neighbours %d and %d; want %d and %d", d, c.prev, c.next, prev, next)
		}
		m := float32(s.cols[d].length)
		s.lenders(d, func(from uint32, share float32) { m += share * float32(s.cols[from].length) })
		if math.Abs(float64(m-s.cols[d].mass)) > 1e-3 {
			t.Fatalf("document %d has mass %g; want %g", d, s.cols[d].mass, m)
		}
	}
}

func TestRemovedWordsGo(t *testing.T) {
	x := New(Options{})
	for i := range int64(2000) {
		x.Put(turn(i, int(i), "shared", fmt.Sprint("unique", i)))
	}
	for i := range int64(1900) {
		x.Remove(i)
	}
	st := x.Stats()
	if st.Docs != 100 || st.Dead*4 > st.Docs+1024 || st.Terms > 600 {
		t.Errorf("after removing 1,900 of 2,000: %+v", st)
	}
	if got := x.Search(Words([]string{"unique5", "unique1950"}), x.All(), 5); len(got) == 0 || got[0].Row != 1950 {
		t.Errorf("hits %v; want row 1950 first", got)
	}
	if id, ok := x.s.dict.find(nsTerm, "unique5"); ok {
		t.Errorf("a removed word is still term %d", id)
	}
}

func TestBudgetDropsFrequentTerms(t *testing.T) {
	x := New(Options{Budget: 50})
	for i := range int64(100) {
		x.Put(turn(i, int(i)*120, "common", fmt.Sprint("rare", i)))
	}
	if got := x.Search(Words([]string{"common", "rare7"}), x.All(), 10); len(got) != 1 || got[0].Row != 7 {
		t.Errorf("hits %v; want row 7 alone", got)
	}
	if got := x.Search(Words([]string{"common"}), x.All(), 10); len(got) != 10 {
		t.Errorf("%d hits of the only term; want 10", len(got))
	}
}

func TestKeep(t *testing.T) {
	x := New(Options{})
	for i := range int64(200) {
		x.Put(turn(i, int(i), "w"))
	}
	sel := x.All()
	sel.Keep([]int64{3, 150, 3, -1, 999, MaxRow})
	if got := slices.Collect(sel.Rows()); !slices.Equal(got, []int64{3, 150}) || sel.Len() != 2 {
		t.Errorf("kept %v (%d); want [3 150]", got, sel.Len())
	}
	if got := x.Search(Words([]string{"w"}), sel, 10); len(got) != 2 {
		t.Errorf("%d hits; want 2", len(got))
	}
	for r := range sel.Rows() {
		if r != 3 {
			t.Errorf("Rows went on after it was stopped")
		}
		break
	}
}

func TestList(t *testing.T) {
	x := New(Options{})
	for i, minute := range []int{5, 1, 9, 1, 7} {
		d := turn(int64(i), minute)
		d.Updated = int64(10 - i)
		x.Put(d)
	}
	rows := func(ps []Place) (out []int64) {
		for _, p := range ps {
			out = append(out, p.Row)
		}
		return out
	}
	for name, tc := range map[string]struct {
		by    memory.Sort
		limit int
		want  []int64
	}{
		"newest":         {memory.SortNewest, 9, []int64{2, 4, 0, 3, 1}},
		"default":        {"", 2, []int64{2, 4}},
		"oldest":         {memory.SortOldest, 9, []int64{1, 3, 0, 4, 2}},
		"updated":        {memory.SortUpdated, 3, []int64{0, 1, 2}},
		"negative limit": {memory.SortNewest, -1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := x.List(x.All(), tc.by, nil, tc.limit)
			if !slices.Equal(rows(got), tc.want) {
				t.Errorf("got %v; want %v", got, tc.want)
			}
			var after *Place
			for i, want := range tc.want { // one at a time
				next := x.List(x.All(), tc.by, after, 1)
				if len(next) != 1 || next[0].Row != want {
					t.Fatalf("%d. page: %v; want %d", i, next, want)
				}
				after = &next[0]
			}
		})
	}
	sel := x.All()
	x.Remove(2)
	if got := x.List(sel, memory.SortNewest, nil, 1); !slices.Equal(rows(got), []int64{4}) {
		t.Errorf("after a removal got %v; want [4]", got)
	}
}

// TestListOfMany has more rows than List gathers before it sorts.
func TestListOfMany(t *testing.T) {
	x := New(Options{})
	const n = 3 * listSlack
	for i := range int64(n) {
		x.Put(turn(i, int(i*7919%n)))
	}
	var after *Place
	for seen := 0; ; {
		page := x.List(x.All(), memory.SortNewest, after, 1000)
		for i := range page {
			if page[i].Row*7919%n != int64(n-1-seen) {
				t.Fatalf("place %d is row %d", seen, page[i].Row)
			}
			seen, after = seen+1, &page[i]
		}
		if len(page) < 1000 {
			if seen != n {
				t.Errorf("%d rows listed; want %d", seen, n)
			}
			return
		}
	}
}

func TestSelectionAfter(t *testing.T) {
	x := New(Options{})
	for i := range int64(200) {
		x.Put(turn(i, int(i)))
	}
	for _, row := range []int64{-1, 0, 1, 62, 63, 64, 65, 127, 198, 199, 500} {
		sel := x.All()
		sel.After(row)
		var want []int64
		for i := row + 1; i < 200; i++ {
			want = append(want, i)
		}
		if got := slices.Collect(sel.Rows()); !slices.Equal(got, want) || sel.Len() != len(want) {
			t.Errorf("after %d: %v (Len %d); want %v", row, got, sel.Len(), want)
		}
	}
}

func TestPutPanicsOutOfRange(t *testing.T) {
	for _, row := range []int64{-1, MaxRow + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Put of row %d did not panic", row)
				}
			}()
			New(Options{}).Put(Doc{Row: row})
		}()
	}
}

// Readers beside a writer see each document whole: a row is found by both of its words or by neither.
func TestConcurrentUse(t *testing.T) {
	x := New(Options{})
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sel := x.Select(memory.Filter{Projects: []string{"p"}})
				for _, h := range x.Search(Words([]string{"left", "right"}), sel, 5) {
					if h.Own == 0 || h.Cover < .999 {
						t.Errorf("half a document: %+v", h)
						return
					}
				}
				x.MatchAll([]string{"left", "right"}, sel)
				x.Stats()
			}
		})
	}
	for i := range int64(3000) {
		d := turn(i%700, int(i)*120, "left", "right", fmt.Sprint(i))
		x.Put(d)
		if i%5 == 0 {
			x.Remove((i * 7) % 700)
		}
	}
	close(stop)
	readers.Wait()
}
