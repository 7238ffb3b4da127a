package vector

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// randomUnit returns a unit vector.
func randomUnit(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	var sum float64
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func newTestIndex(t testing.TB, dim int) *Index {
	t.Helper()
	x, err := New(Options{Dim: dim})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return x
}

// put puts n random vectors with ids first, first+step … and returns them by id.
func put(t testing.TB, x *Index, r *rand.Rand, n int, first, step int64) map[int64][]float32 {
	t.Helper()
	ids, vecs, all := make([]int64, n), make([][]float32, n), make(map[int64][]float32, n)
	for i := range ids {
		ids[i], vecs[i] = first+int64(i)*step, randomUnit(r, x.Dim())
		all[ids[i]] = vecs[i]
	}
	if err := x.Put(ids, vecs); err != nil {
		t.Fatalf("Put: %v", err)
	}
	return all
}

func cosine(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// bruteForce is the answer that Search must give, by another way.
func bruteForce(all map[int64][]float32, q []float32, k int, selected func(int64) bool) []Hit {
	var hits []Hit
	for id, v := range all {
		if selected(id) {
			hits = append(hits, Hit{id, float32(cosine(q, v))})
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), cmp.Compare(a.ID, b.ID)) })
	return hits[:min(len(hits), k)]
}

// sameHits compares by similarity, as rounding may exchange hits that are all but equal; every hit's own similarity
// must be right.
func sameHits(all map[int64][]float32, q []float32, got, want []Hit) bool {
	if len(got) != len(want) {
		return false
	}
	seen := map[int64]bool{}
	for i, h := range got {
		v, ok := all[h.ID]
		if !ok || seen[h.ID] || math.Abs(float64(h.Cosine-want[i].Cosine)) > 1e-5 || math.Abs(float64(h.Cosine)-cosine(q, v)) > 1e-5 {
			return false
		}
		seen[h.ID] = true
	}
	return true
}

func everything(int64) bool { return true }

// The index must answer like a plain map searched by brute force, whatever was put, replaced and removed before,
// and whatever is selected.
func TestIndexAgainstBruteForce(t *testing.T) {
	pool := NewPool(PoolOptions{})
	defer pool.Close()
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.SampledFrom([]int{1, 3, 16, 33}).Draw(t, "dim")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		x, err := New(Options{Dim: dim, Pool: pool})
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		defer x.Close()
		model := map[int64][]float32{}
		idGen := rapid.Int64Range(0, 60)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				ids := rapid.SliceOfN(idGen, 0, 20).Draw(t, "ids")
				vecs := make([][]float32, len(ids))
				for i, id := range ids {
					vecs[i] = randomUnit(r, dim)
					model[id] = vecs[i]
				}
				if err := x.Put(ids, vecs); err != nil {
					t.Fatalf("Put: %v", err)
				}
			},
			"remove": func(t *rapid.T) {
				ids := rapid.SliceOfN(idGen, 0, 20).Draw(t, "ids")
				want := 0
				for _, id := range ids {
					if _, ok := model[id]; ok {
						delete(model, id)
						want++
					}
				}
				if got, err := x.Remove(ids); err != nil || got != want {
					t.Fatalf("Remove = %d, %v; want %d", got, err, want)
				}
			},
			"search": func(t *rapid.T) {
				q, k := randomUnit(r, dim), rapid.IntRange(1, 70).Draw(t, "k")
				sel, selected := drawSelector(t, idGen)
				got, err := x.Search(context.Background(), q, k, sel)
				if want := bruteForce(model, q, k, selected); err != nil || !sameHits(model, q, got, want) {
					t.Fatalf("Search of %d among %T = %v, %v; want %v", k, sel, got, err, want)
				}
			},
			"": func(t *rapid.T) {
				if x.Len() != len(model) || x.Bytes() != int64(len(model)*dim*4) || x.body.rows.(*native).index.Ntotal() != int64(len(model)) {
					t.Fatalf("Len = %d, Bytes = %d, %d rows; want %d", x.Len(), x.Bytes(), x.body.rows.(*native).index.Ntotal(), len(model))
				}
				for _, id := range x.IDs() {
					got, err := x.Reconstruct(id)
					if err != nil || !slices.Equal(got, model[id]) || !x.Has(id) {
						t.Fatalf("Reconstruct(%d) = %v, %v; want %v", id, got, err, model[id])
					}
				}
			},
		})
	})
}

func drawSelector(t *rapid.T, idGen *rapid.Generator[int64]) (Selector, func(int64) bool) {
	ids := rapid.SliceOfN(idGen, 0, 40).Draw(t, "selected")
	in := func(id int64) bool { return slices.Contains(ids, id) }
	switch rapid.IntRange(0, 2).Draw(t, "selector") {
	case 0:
		return nil, everything
	case 1:
		return IDs(ids), in
	}
	b := NewBitmap(rapid.Int64Range(-1, 80).Draw(t, "room"))
	for _, id := range ids {
		b.Add(id)
	}
	return b, in
}

// More rows than a block holds, so that the pool's goroutines share a search.
func TestSearchOverManyBlocks(t *testing.T) {
	const dim, n = 8, 3*blockRows + 17
	r := rand.New(rand.NewPCG(7, 7))
	x := newTestIndex(t, dim)
	all := put(t, x, r, n, 5, 3)
	half := NewBitmap(0)
	var few IDs
	for id := range all {
		if id%2 == 0 {
			half.Add(id)
		}
		if id%1000 == 1 {
			few = append(few, id)
		}
	}
	for name, tc := range map[string]struct {
		sel      Selector
		selected func(int64) bool
	}{
		"all":    {nil, everything},
		"bitmap": {half, func(id int64) bool { return id%2 == 0 }},
		"few":    {few, func(id int64) bool { return id%1000 == 1 }},
		"none":   {IDs{}, func(int64) bool { return false }},
	} {
		for _, k := range []int{1, 10, MaxK} {
			q := randomUnit(r, dim)
			got, err := x.Search(t.Context(), q, k, tc.sel)
			if want := bruteForce(all, q, k, tc.selected); err != nil || !sameHits(all, q, got, want) {
				t.Errorf("%s, k=%d: %d hits, %v; want %d", name, k, len(got), err, len(want))
			}
		}
	}
}

func TestEqualVectorsComeByID(t *testing.T) {
	x := newTestIndex(t, 4)
	v := []float32{0, 1, 0, 0}
	if err := x.Put([]int64{9, 2, 5}, [][]float32{v, v, v}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	got, err := x.Search(t.Context(), v, 3, nil)
	if want := []Hit{{2, 1}, {5, 1}, {9, 1}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Search = %v, %v; want %v", got, err, want)
	}
}

func TestBadInput(t *testing.T) {
	x := newTestIndex(t, 3)
	unit, nan := []float32{0, 0, 1}, float32(math.NaN())
	if err := x.Put([]int64{1}, [][]float32{unit}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	for name, v := range map[string][]float32{
		"short": {1, 0}, "long": {1, 0, 0, 0}, "zero": {0, 0, 0}, "too long": {3, 0, 0},
		"NaN": {nan, 0, 0}, "infinite": {float32(math.Inf(1)), 0, 0}, "empty": nil,
	} {
		t.Run(name, func(t *testing.T) {
			if err := x.Put([]int64{2, 1}, [][]float32{unit, v}); !errors.Is(err, ErrVector) {
				t.Errorf("Put: got %v, want ErrVector", err)
			}
			if _, err := x.Search(t.Context(), v, 1, nil); !errors.Is(err, ErrVector) {
				t.Errorf("Search: got %v, want ErrVector", err)
			}
			if x.Len() != 1 {
				t.Errorf("a refused Put left %d vectors, want 1", x.Len())
			}
		})
	}
	if err := x.Put([]int64{-1}, [][]float32{unit}); err == nil {
		t.Error("a negative id was put")
	}
	if err := x.Put([]int64{1, 2}, [][]float32{unit}); err == nil {
		t.Error("fewer vectors than ids were put")
	}
	for _, k := range []int{0, -1, MaxK + 1} {
		if _, err := x.Search(t.Context(), unit, k, nil); err == nil {
			t.Errorf("Search for %d hits gave no error", k)
		}
	}
	if _, err := x.Reconstruct(5); !errors.Is(err, ErrNotFound) {
		t.Errorf("Reconstruct of an unknown id: got %v, want ErrNotFound", err)
	}
	for _, opts := range []Options{{}, {Dim: -1}, {Dim: MaxDim + 1}, {Dim: 3, Kind: 77}} {
		if x, err := New(opts); err == nil {
			_ = x.Close()
			t.Errorf("New(%+v) gave no error", opts)
		}
	}
}

func TestSearchEndsWithItsContext(t *testing.T) {
	x := newTestIndex(t, 4)
	put(t, x, rand.New(rand.NewPCG(1, 1)), 10, 0, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Search(ctx, []float32{1, 0, 0, 0}, 3, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Search: got %v, want context.Canceled", err)
	}
	if _, err := x.Search(ctx, []float32{1, 0, 0, 0}, 3, IDs{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Search among none: got %v, want context.Canceled", err)
	}
}

func TestClosed(t *testing.T) {
	pool := NewPool(PoolOptions{Workers: 1})
	x, err := New(Options{Dim: 2, Pool: pool})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	for range 2 {
		if err := x.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	v := []float32{1, 0}
	_, searchErr := x.Search(t.Context(), v, 1, nil)
	_, removeErr := x.Remove([]int64{1})
	_, getErr := x.Reconstruct(1)
	for name, err := range map[string]error{
		"Put": x.Put([]int64{1}, [][]float32{v}), "Search": searchErr, "Remove": removeErr, "Reconstruct": getErr,
		"WriteSnapshot": x.WriteSnapshot(nil, testSnapshot(t, 1)),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: got %v, want ErrClosed", name, err)
		}
	}
	for range 2 {
		if err := pool.Close(); err != nil {
			t.Fatalf("Pool.Close: %v", err)
		}
	}
	if _, err := New(Options{Dim: 2, Pool: pool}); !errors.Is(err, ErrClosed) {
		t.Errorf("New on a closed pool: got %v, want ErrClosed", err)
	}
}

// Searches run beside changes; the race detector and the index's own checks watch.
func TestConcurrentUse(t *testing.T) {
	const dim = 16
	x := newTestIndex(t, dim)
	put(t, x, rand.New(rand.NewPCG(3, 3)), 200, 0, 1)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 9))
			for i := range 100 {
				id := int64(r.IntN(400))
				switch i % 4 {
				case 0:
					if err := x.Put([]int64{id}, [][]float32{randomUnit(r, dim)}); err != nil {
						t.Errorf("Put: %v", err)
					}
				case 1:
					if _, err := x.Remove([]int64{id}); err != nil {
						t.Errorf("Remove: %v", err)
					}
				default:
					hits, err := x.Search(t.Context(), randomUnit(r, dim), 5, nil)
					if err != nil || len(hits) != 5 {
						t.Errorf("Search = %v, %v; want 5 hits", hits, err)
					}
				}
			}
		})
	}
	wg.Wait()
	if got := len(x.IDs()); got != x.Len() {
		t.Errorf("%d ids, Len %d", got, x.Len())
	}
}

func TestFAISSErrorsAreReported(t *testing.T) {
	x := newTestIndex(t, 2)
	put(t, x, rand.New(rand.NewPCG(1, 2)), 3, 0, 1)
	one, row := make([]float32, 1), make([]int64, 1)
	n := x.body.rows.(*native)
	err := x.call(func() error {
		return errors.Join(
			wantError(t, "set", n.set(3, batch{vecs: []float32{1, 0}}, 0)),
			wantError(t, "get", n.get(2, make([]float32, 4))),
			wantError(t, "range", n.searchRange([]float32{1, 0}, 2, 9, one, row)),
			wantError(t, "rows", n.searchRows([]float32{1, 0}, []int64{0, 3}, one, row)),
			wantError(t, "rows below", n.searchRows([]float32{1, 0}, []int64{-1}, one, row)),
			wantError(t, "shrink", n.shrink([]int64{0}, []int64{8}, 1)),
			wantError(t, "grow", n.shrink(nil, nil, 4)),
			wantError(t, "reserve", n.reserve(math.MaxInt64/8)),
		)
	})
	if err != nil {
		t.Error(err)
	}
}

func wantError(t *testing.T, name string, err error) error {
	t.Helper()
	if err == nil {
		t.Errorf("%s out of range gave no error", name)
	}
	return nil
}

func TestHandleOfAnotherForm(t *testing.T) {
	if _, err := handle(nil); err == nil {
		t.Error("handle(nil) gave no error")
	}
}

func TestBitmap(t *testing.T) {
	b := NewBitmap(-5)
	for _, id := range []int64{3, 3, 64, 700, -1} {
		b.Add(id)
	}
	for id, want := range map[int64]bool{3: true, 64: true, 700: true, -1: false, 4: false, 1 << 40: false} {
		if b.Has(id) != want {
			t.Errorf("Has(%d) = %t, want %t", id, !want, want)
		}
	}
	if b.Count() != 3 {
		t.Errorf("Count = %d, want 3", b.Count())
	}
}

func TestKindNames(t *testing.T) {
	if x := newTestIndex(t, 2); x.Kind() != Flat {
		t.Errorf("the kind of a new index is %s, want flat", x.Kind())
	}
	if Flat.String() != "flat" || Kind(9).String() != "kind(9)" {
		t.Error("a kind has the wrong name")
	}
}
