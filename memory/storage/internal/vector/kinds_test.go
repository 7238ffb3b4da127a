package vector

import (
	"context"
	"errors"
	"math/rand/v2"
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
