package vector

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// rebuilds notes what was done in the background.
type rebuilds struct {
	mu    sync.Mutex
	steps []string
}

func (r *rebuilds) note(b Rebuild) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, b.Step+" "+b.From.String()+" "+b.To.String())
}

func (r *rebuilds) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.steps
	r.steps = nil
	return s
}

func settle(t testing.TB, x *Index) {
	t.Helper()
	if err := x.Settle(t.Context()); err != nil {
		t.Fatalf("Settle: %v", err)
	}
}

func remove(t testing.TB, x *Index, s *shelf, first, end int) {
	t.Helper()
	var ids []int64
	s.mu.Lock()
	for id := int64(first); id < int64(end); id++ {
		ids = append(ids, id)
		delete(s.vecs, id)
	}
	s.mu.Unlock()
	if _, err := x.Remove(ids); err != nil {
		t.Fatalf("Remove: %v", err)
	}
}

// wantExact compares accurate answers with brute force, and what the index holds with the shelf.
func wantExact(t testing.TB, g *synthetic, x *Index, s *shelf) {
	t.Helper()
	if want := slices.Sorted(maps.Keys(s.vecs)); !slices.Equal(x.IDs(), want) {
		t.Fatalf("it holds %d ids, want %d", x.Len(), len(want))
	}
	for id, vec := range s.vecs {
		if ok, err := x.Matches(id, vec); !ok || err != nil {
			t.Fatalf("Matches(%d) = %t, %v", id, ok, err)
		}
		if id%50 != 0 {
			continue
		}
		q := g.query(vec)
		got, err := x.Search(t.Context(), q, 10, nil)
		if want := bruteForce(s.vecs, q, 10, everything); err != nil || !sameHits(s.vecs, q, got, want) {
			t.Fatalf("near %d: %v, %v; want %v", id, got, err, want)
		}
	}
}

var smallLimits = Limits{SQ8: 100, SQ4: 400, IVFPQ: 1200}

func TestKindFollowsSize(t *testing.T) {
	var r rebuilds
	g := newSynthetic(3, 32, 10)
	x, s := stocked(t, g, 0, Options{Limits: smallLimits, Rebuilt: r.note})
	for _, step := range []struct {
		grow, shrink int // to how many
		kind         Kind
		steps        []string
	}{
		{99, 0, Flat, nil},
		{100, 0, SQ8, []string{"convert flat sq8"}},
		{0, 75, SQ8, nil},
		{0, 74, Flat, []string{"convert sq8 flat"}},
		{400, 0, SQ4, nil},
		{1200, 0, IVFPQ, []string{"train sq4 ivf,pq"}},
		{0, 900, IVFPQ, nil},
		{0, 899, SQ4, []string{"drop ivf,pq sq4"}},
		{0, 20, Flat, nil},
	} {
		n := x.Len()
		if step.grow > 0 {
			putMore(t, g, x, s, n, step.grow)
		} else {
			remove(t, x, s, step.shrink, n)
		}
		settle(t, x)
		if got := r.take(); x.Kind() != step.kind || step.steps != nil && !slices.Equal(got, step.steps) || step.kind == x.Kind() && len(got) > 3 {
			t.Fatalf("from %d to %d: %s by %q, want %s by %q", n, x.Len(), x.Kind(), got, step.kind, step.steps)
		}
		wantExact(t, g, x, s)
	}
}

func TestExpectedSizeDecidesTheKind(t *testing.T) {
	g := newSynthetic(3, 16, 4)
	for expect, want := range map[int]Kind{0: Flat, 99: Flat, 100: SQ8, 5000: SQ4} {
		var r rebuilds
		x, _ := stocked(t, g, 90, Options{Limits: smallLimits, Expect: expect, Rebuilt: r.note})
		if x.Kind() != want || len(r.take()) != 0 {
			t.Errorf("expecting %d: %s, want %s and no rebuild", expect, x.Kind(), want)
		}
	}
}

// gate holds up the source until it is opened.
type gate struct {
	*shelf
	asked chan struct{} // holds a token once somebody has asked
	open  chan struct{}
}

func (g *gate) source(ctx context.Context, ids []int64, dst []float32) error {
	select {
	case g.asked <- struct{}{}:
	default:
	}
	select {
	case <-g.open:
	case <-ctx.Done():
		return ctx.Err()
	}
	return g.shelf.source(ctx, ids, dst)
}

// What changes while rows are converted is in the new rows; a snapshot written meanwhile is of the old ones.
func TestChangesDuringAConversion(t *testing.T) {
	g := newSynthetic(3, 32, 10)
	held := &gate{newShelf(32), make(chan struct{}, 1), make(chan struct{})}
	x, err := New(Options{Dim: 32, Limits: smallLimits, Source: held.source})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	putMore(t, g, x, held.shelf, 0, 200)
	settle(t, x) // of Flat nothing is asked
	putMore(t, g, x, held.shelf, 200, 400)
	<-held.asked
	if st := x.Stats(); st.Kind != SQ8 || !st.Working {
		t.Fatalf("while the source is held up: %+v", st)
	}
	putMore(t, g, x, held.shelf, 100, 300) // other vectors
	putMore(t, g, x, held.shelf, 400, 600)
	remove(t, x, held.shelf, 50, 120)
	saved := written(t, x, testSnapshot(t, 1))
	y, err := ReadSnapshot(bytes.NewReader(saved), testSnapshot(t, 1), Options{Kind: SQ8, Source: held.shelf.source})
	if err != nil {
		t.Fatalf("ReadSnapshot: %v", err)
	}
	defer y.Close()
	wantExact(t, g, y, held.shelf)
	close(held.open)
	settle(t, x)
	if x.Kind() != SQ4 {
		t.Fatalf("the kind is %s, want sq4", x.Kind())
	}
	wantExact(t, g, x, held.shelf)
}

func TestCloseEndsAConversion(t *testing.T) {
	g := newSynthetic(3, 32, 10)
	held := &gate{newShelf(32), make(chan struct{}, 1), make(chan struct{})}
	x, err := New(Options{Dim: 32, Kind: SQ8, Source: held.source})
	if err != nil {
		t.Fatal(err)
	}
	putMore(t, g, x, held.shelf, 0, 300)
	raw := written(t, x, testSnapshot(t, 1))
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	var told Rebuild
	x, err = ReadSnapshot(bytes.NewReader(raw), testSnapshot(t, 1), Options{Kind: SQ4, Source: held.source, Rebuilt: func(r Rebuild) { told = r }})
	if err != nil {
		t.Fatal(err)
	}
	<-held.asked
	if err := x.Close(); err != nil || !errors.Is(told.Err, context.Canceled) {
		t.Errorf("Close: %v; the conversion ended with %v", err, told.Err)
	}
	if err := x.Settle(t.Context()); err == nil || x.Kind() != Flat || x.Len() != 0 {
		t.Errorf("after Close: Settle gives %v", err)
	}
}

// Training is by far the longest piece of work that is not cut into short ones.
func TestCloseEndsTraining(t *testing.T) {
	g := newSynthetic(3, 512, 10)
	s := newShelf(512)
	var told Rebuild
	x, err := New(Options{Dim: 512, Limits: Limits{SQ8: 1, SQ4: 1, IVFPQ: 5000}, Expect: 4000, Source: s.source, Rebuilt: func(r Rebuild) { told = r }})
	if err != nil {
		t.Fatal(err)
	}
	putMore(t, g, x, s, 0, 5000)
	if !x.Stats().Working {
		t.Fatal("nothing is trained")
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(told.Err, context.Canceled) {
		t.Errorf("training ended with %v; want it cut short", told.Err)
	}
}

func TestFailedRebuildKeepsWhatIsThere(t *testing.T) {
	g := newSynthetic(3, 32, 10)
	x, s := stocked(t, g, 300, Options{Limits: smallLimits})
	s.err = errSource
	putMore(t, g, x, s, 300, 450)
	if err := x.Settle(t.Context()); !errors.Is(err, errSource) || x.Kind() != SQ8 || !errors.Is(x.Stats().Err, errSource) {
		t.Fatalf("Settle: %v, %s", err, x.Kind())
	}
	s.err = nil
	wantExact(t, g, x, s)
	putMore(t, g, x, s, 450, 460)
	if st := x.Stats(); st.Kind != SQ8 || st.Working {
		t.Errorf("it tries again at once: %+v", st)
	}
	settle(t, x)
	if x.Kind() != SQ4 {
		t.Errorf("the kind is %s, want sq4", x.Kind())
	}
	wantExact(t, g, x, s)
}

// A vector that the source lost is taken from its code.
func TestConversionWithoutAFullVector(t *testing.T) {
	g := newSynthetic(3, 32, 10)
	x, s := stocked(t, g, 300, Options{Limits: smallLimits})
	lost := s.vecs[7]
	delete(s.vecs, 7)
	putMore(t, g, x, s, 300, 400)
	settle(t, x)
	if hits, err := x.Search(t.Context(), lost, 1, nil); err != nil || x.Kind() != SQ4 || hits[0].ID != 7 || hits[0].Cosine < 0.9 {
		t.Errorf("Search for the lost vector = %v, %v", hits, err)
	}
	s.vecs[7] = make([]float32, 32)
	s.vecs[7][0] = 2 // not what was put
	remove(t, x, s, 100, 400)
	if err := x.Settle(t.Context()); err != nil { // to sq8 and flat
		t.Errorf("Settle: %v", err)
	}
}

// Lists go on serving while rows change, come and go, and are extended and built anew.
func TestListsOverChanges(t *testing.T) {
	var r rebuilds
	g := newSynthetic(3, 32, 30)
	x, s := stocked(t, g, 6000, Options{Limits: Limits{SQ8: 1, SQ4: 1, IVFPQ: 6000}, Expect: 6000, Rebuilt: r.note})
	check := func(what string, steps ...string) {
		t.Helper()
		settle(t, x)
		got := r.take()
		for _, step := range steps {
			if !slices.Contains(got, step+" ivf,pq ivf,pq") {
				t.Fatalf("%s: %q, want %q among it", what, got, step)
			}
		}
		if st := x.Stats(); st.Kind != IVFPQ || st.Fresh >= minExtend || st.Stale >= minExtend || st.Err != nil {
			t.Fatalf("%s: %+v", what, st)
		}
		wantExact(t, g, x, s)
		var share float64
		for id := int64(4000); id < 4050; id++ {
			q := g.query(s.vecs[id])
			res, err := x.SearchWith(t.Context(), q, 10, nil, SearchOptions{Mode: Fast})
			if err != nil || res.Exact {
				t.Fatalf("%s: %+v, %v", what, res, err)
			}
			share += overlap(res.Hits, bruteForce(s.vecs, q, 10, everything)) / 50
		}
		if share < 0.9 {
			t.Errorf("%s: fast finds %.3f of the nearest", what, share)
		}
	}
	check("filled")
	remove(t, x, s, 0, 1000)
	check("removed some")
	putMore(t, g, x, s, 3000, 4000)
	if st := x.Stats(); st.Stale != 2000 {
		t.Errorf("1,000 removed and 1,000 replaced left %d stale entries", st.Stale)
	}
	check("replaced some")
	putMore(t, g, x, s, 6000, 9500)
	check("added some", "extend")
	putMore(t, g, x, s, 4000, 6000)
	putMore(t, g, x, s, 0, 2500)
	check("replaced and added more", "compact")
}

// Searches and changes run beside rebuilds; the race detector watches.
func TestConcurrentRebuilds(t *testing.T) {
	g := newSynthetic(3, 16, 10)
	x, s := stocked(t, g, 50, Options{Limits: Limits{SQ8: 100, SQ4: 200, IVFPQ: 300}})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 3 {
		q := s.vecs[int64(i)]
		wg.Go(func() {
			for ctx.Err() == nil {
				r, err := x.SearchWith(t.Context(), q, 5, nil, SearchOptions{Mode: Mode(i)})
				if err != nil || len(r.Hits) != 5 || r.Hits[0].ID != int64(i) {
					t.Errorf("Search = %v, %v", r.Hits, err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		path := filepath.Join(t.TempDir(), "x.ezvec")
		for ctx.Err() == nil {
			if err := x.SaveFile(path, testSnapshot(t, 1)); err != nil {
				t.Errorf("SaveFile: %v", err)
			}
		}
	})
	for range 4 {
		putMore(t, g, x, s, 50, 400)
		settle(t, x)
		if x.Kind() != IVFPQ {
			t.Errorf("the kind is %s", x.Kind())
		}
		remove(t, x, s, 50, 400)
		settle(t, x)
		if x.Kind() != Flat {
			t.Errorf("the kind is %s", x.Kind())
		}
	}
	stop()
	wg.Wait()
	wantExact(t, g, x, s)
}

// fastFinds fails unless a fast search near each vector finds it first: the vector on the shelf, not an earlier one.
func fastFinds(t *testing.T, what string, x *Index, s *shelf, ids ...int64) {
	t.Helper()
	for _, id := range ids {
		r, err := x.SearchWith(t.Context(), s.vecs[id], 1, nil, SearchOptions{Mode: Fast, Probes: 1})
		if err != nil || len(r.Hits) != 1 || r.Hits[0].ID != id || r.Hits[0].Cosine < 0.999 {
			t.Errorf("%s: near %d it finds %v, %v", what, id, r.Hits, err)
		}
	}
}

// Rows that change while they are made ready for the lists must not be lost to fast searches.
func TestChangesWhileListsAreBuilt(t *testing.T) {
	g := newSynthetic(3, 32, 100)
	x, s := stocked(t, g, 2000, Options{Kind: IVFPQ})
	if err := x.relist(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	putMore(t, g, x, s, 2000, 2100)
	e, puts, err := x.freshEntries(t.Context())
	if err != nil || len(e.ids) != 100 {
		t.Fatalf("freshEntries: %d, %v", len(e.ids), err)
	}
	putMore(t, g, x, s, 2010, 2020)
	remove(t, x, s, 2030, 2040)
	if err := x.appendFresh(e, puts); err != nil {
		t.Fatal(err)
	}
	if st := x.Stats(); st.Fresh != 10 || st.Stale != 20 {
		t.Errorf("10 changed and 10 removed meanwhile leave %+v", st)
	}
	fastFinds(t, "extended", x, s, 2010, 2019)

	for _, train := range []bool{false, true} {
		ids, b := x.begin(false)
		next, err := x.buildLists(t.Context(), train, ids, b)
		if err != nil {
			t.Fatalf("buildLists: %v", err)
		}
		putMore(t, g, x, s, 500, 520)
		putMore(t, g, x, s, 3000, 3020)
		remove(t, x, s, 600, 620)
		x.relisted(next)
		x.endLog()
		if st := x.Stats(); st.Fresh != 40 || st.Stale != 40 {
			t.Errorf("20 changed, 20 added, 20 removed meanwhile leave %+v", st)
		}
		fastFinds(t, "built anew", x, s, 500, 519, 3000, 3019)
		wantExact(t, g, x, s)
		remove(t, x, s, 3000, 3020)
		putMore(t, g, x, s, 600, 620)
	}
}
