package vector

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var quantisedKinds = []Kind{SQ8, SQ4, IVFPQ}

// Accurate answers of every kind are those of brute force over the full vectors, whatever was put, replaced and removed
// before, and whatever is selected.
func TestEveryKindIsExact(t *testing.T) {
	pool := NewPool(PoolOptions{})
	defer pool.Close()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(quantisedKinds).Draw(t, "kind")
		dim := rapid.SampledFrom([]int{1, 3, 16, 33, 64}).Draw(t, "dim")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		s := newShelf(dim)
		x, err := New(Options{Dim: dim, Kind: kind, Pool: pool, Source: s.source})
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		defer x.Close()
		idGen := rapid.Int64Range(0, 60)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				ids := rapid.SliceOfN(idGen, 0, 20).Draw(t, "ids")
				vecs := make([][]float32, len(ids))
				for i := range ids {
					vecs[i] = randomUnit(r, dim)
				}
				s.put(ids, vecs)
				if err := x.Put(ids, vecs); err != nil {
					t.Fatalf("Put: %v", err)
				}
			},
			"remove": func(t *rapid.T) {
				ids := rapid.SliceOfN(idGen, 0, 20).Draw(t, "ids")
				want := 0
				for _, id := range ids {
					if _, ok := s.vecs[id]; ok {
						delete(s.vecs, id)
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
				got, err := x.SearchWith(context.Background(), q, k, sel, SearchOptions{})
				if want := bruteForce(s.vecs, q, k, selected); err != nil || !got.Exact || !sameHits(s.vecs, q, got.Hits, want) {
					t.Fatalf("Search of %d among %T = %v, %v; want %v", k, sel, got, err, want)
				}
			},
			"": func(t *rapid.T) {
				if x.Len() != len(s.vecs) || len(x.IDs()) != len(s.vecs) {
					t.Fatalf("Len = %d; want %d", x.Len(), len(s.vecs))
				}
				for id, vec := range s.vecs {
					if ok, err := x.Matches(id, vec); !ok || err != nil {
						t.Fatalf("Matches(%d) = %t, %v", id, ok, err)
					}
				}
			},
		})
	})
}

// Enough vectors of the real dimension for the bounds to bite, and for inverted lists.
func TestKindsOverManyRows(t *testing.T) {
	const n, dim, k = 9000, 256, 10
	for _, kind := range quantisedKinds {
		t.Run(kind.String(), func(t *testing.T) {
			g := newSynthetic(5, dim, 40)
			x, s := stocked(t, g, n, Options{Kind: kind})
			if x.Kind() != kind {
				t.Fatalf("the kind is %s, want %s: %+v", x.Kind(), kind, x.Stats())
			}
			for nth, want := range map[int][3]float64{1: {1, .99, .95}, 3: {1, .97, .9}, 15: {1, .97, .9}, 100: {1, .97, .9}} {
				sel, selected := everyNth(nth)
				var share [3]float64
				const queries = 20
				for i := range queries {
					q := g.query(s.vecs[int64(i*37)])
					truth := bruteForce(s.vecs, q, k, selected)
					for mode := Accurate; mode <= Fast; mode++ {
						got, err := x.SearchWith(t.Context(), q, k, sel, SearchOptions{Mode: mode})
						if err != nil || len(got.Hits) != k {
							t.Fatalf("1 in %d, %s: %d hits, %v", nth, mode, len(got.Hits), err)
						}
						for _, h := range got.Hits {
							if !selected(h.ID) {
								t.Fatalf("1 in %d, %s: %d is not selected", nth, mode, h.ID)
							}
						}
						share[mode] += overlap(got.Hits, truth) / queries
					}
				}
				for mode, w := range want {
					if share[mode] < w {
						t.Errorf("1 in %d, %s: %.3f of the %d nearest, want %.2f", nth, Mode(mode), share[mode], k, w)
					}
				}
			}
		})
	}
}

var errSource = errors.New("source out of order")

func TestSourceTrouble(t *testing.T) {
	g := newSynthetic(5, 32, 4)
	x, s := stocked(t, g, 300, Options{Kind: SQ4})
	q := g.query(s.vecs[7])
	s.err = errSource
	if _, err := x.Search(t.Context(), q, 5, nil); !errors.Is(err, errSource) {
		t.Errorf("Search: got %v, want the source's error", err)
	}
	if _, err := x.Reconstruct(7); !errors.Is(err, errSource) {
		t.Errorf("Reconstruct: got %v, want the source's error", err)
	}
	s.err = nil
	want, err := x.Search(t.Context(), q, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	delete(s.vecs, want[0].ID)
	got, err := x.Search(t.Context(), q, 5, nil)
	if err != nil || overlap(got, want) != 1 {
		t.Errorf("with one full vector lost: %v, %v; want %v", got, err, want)
	}
	if _, err := x.Reconstruct(want[0].ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("Reconstruct of the lost one: got %v, want ErrNotFound", err)
	}
	if _, err := New(Options{Dim: 3, Kind: SQ8}); !errors.Is(err, ErrNoSource) {
		t.Errorf("New without a source: got %v, want ErrNoSource", err)
	}
}

// Vectors may be a little longer or shorter than 1; the nearest are then those that a Flat index finds.
func TestLengthsThatAreNotQuiteOne(t *testing.T) {
	const n, dim = 600, 64
	r := rand.New(rand.NewPCG(2, 3))
	base := randomUnit(r, dim)
	near := func() []float32 { // so alike that lengths decide
		v := randomUnit(r, dim)
		for i := range v {
			v[i] = base[i] + 0.03*v[i]
		}
		length := math.Sqrt(square(v)) / (1 + 0.0045*(2*r.Float64()-1))
		for i := range v {
			v[i] /= float32(length)
		}
		return v
	}
	s, flat := newShelf(dim), newTestIndex(t, dim)
	ids, vecs := make([]int64, n), make([][]float32, n)
	for i := range ids {
		ids[i], vecs[i] = int64(i), near()
	}
	s.put(ids, vecs)
	if err := flat.Put(ids, vecs); err != nil {
		t.Fatal(err)
	}
	for _, kind := range quantisedKinds {
		x, err := New(Options{Dim: dim, Kind: kind, Source: s.source})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		if err := x.Put(ids, vecs); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			q := near()
			got, err1 := x.Search(t.Context(), q, 5, nil)
			want, err2 := flat.Search(t.Context(), q, 5, nil)
			if err1 != nil || err2 != nil || len(got) != 5 {
				t.Fatal(err1, err2)
			}
			for i := range want {
				if math.Abs(float64(got[i].Cosine-want[i].Cosine)) > 2e-6 {
					t.Fatalf("%s: %v, want %v", kind, got, want)
				}
			}
		}
	}
}

func TestBitmapOfWords(t *testing.T) {
	b := BitmapOf([]uint64{1 << 5, 0, 3})
	for id, want := range map[int64]bool{5: true, 128: true, 129: true, 0: false, 64: false, 200: false} {
		if b.Has(id) != want {
			t.Errorf("Has(%d) = %t", id, !want)
		}
	}
	if got := b.octets(); b.Count() != 3 || len(got) != 24 || got[0] != 1<<5 || got[16] != 3 {
		t.Errorf("Count = %d, octets = %v", b.Count(), got)
	}
	if got := new(Bitmap).octets(); len(got) == 0 {
		t.Error("the empty bitmap has no octets: FAISS would take it for everything")
	}
}

func TestStatsAndNames(t *testing.T) {
	x := newTestIndex(t, 8)
	put(t, x, rand.New(rand.NewPCG(1, 1)), 10, 0, 1)
	if st := x.Stats(); st.Kind != Flat || st.Rows != 10 || st.Bytes < 320 || st.Bytes > 4000 || st.Working {
		t.Errorf("Stats = %+v", st)
	}
	if ok, err := x.Matches(3, randomUnit(rand.New(rand.NewPCG(5, 5)), 8)); ok || err != nil {
		t.Errorf("Matches of another vector = %t, %v", ok, err)
	}
	if _, err := x.Matches(99, randomUnit(rand.New(rand.NewPCG(5, 5)), 8)); !errors.Is(err, ErrNotFound) {
		t.Errorf("Matches of an unknown id: %v", err)
	}
	if _, err := x.Matches(3, nil); !errors.Is(err, ErrVector) {
		t.Errorf("Matches of no vector: %v", err)
	}
	for name, got := range map[string]string{
		"sq8": SQ8.String(), "sq4": SQ4.String(), "ivf,pq": IVFPQ.String(), "fast": Fast.String(), "balanced": Balanced.String(),
		"accurate": Accurate.String(), "mode(9)": Mode(9).String(),
	} {
		if got != name {
			t.Errorf("%q is called %q", name, got)
		}
	}
	g := newSynthetic(1, 16, 3)
	y, s := stocked(t, g, 20, Options{Kind: SQ4})
	if ok, err := y.Matches(3, s.vecs[4]); ok || err != nil {
		t.Errorf("Matches of another's vector = %t, %v", ok, err)
	}
	if got, err := y.Reconstruct(4); err != nil || !slices.Equal(got, s.vecs[4]) || y.Bytes() < 20*12 {
		t.Errorf("Reconstruct = %v, %v; %d bytes", got, err, y.Bytes())
	}
	e := SearchOptions{Mode: Fast, Probes: 3, Candidates: 700}.effort(10)
	if e.probes != 3 || e.ranked != 700 || e.pool < 1400 {
		t.Errorf("effort = %+v", e)
	}
}

func TestListsForSizes(t *testing.T) {
	for n, want := range map[int]int{0: 1, 77: 1, 78: 2, 5000: 128, 159_743: 2048, 159_744: 4096, 10_000_000: 4096} {
		if got := lists(n); got != want {
			t.Errorf("lists(%d) = %d, want %d", n, got, want)
		}
	}
	for dim, want := range map[int]int{768: 64, 384: 64, 1: 1, 33: 33, 67: 1, 130: 26} {
		if got := parts(dim); got != want {
			t.Errorf("parts(%d) = %d, want %d", dim, got, want)
		}
	}
}
