package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// madeUpLists returns lists that nothing was trained for, of entries with codes drawn at random under the ids from 0 on, and
// the centroids and words behind them.
func madeUpLists(t testing.TB, r *rand.Rand, dim, parts int, sizes ...int) (v *ivf, centroids, words []float32) {
	t.Helper()
	words = randomUnit(r, 256*dim)
	for range sizes {
		centroids = append(centroids, randomUnit(r, dim)...)
	}
	v, err := newIVF(dim, len(sizes), parts, 0, centroids, words)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.free)
	var id int64
	for list, n := range sizes {
		fill(t, v, r, list, n, id)
		id += int64(n)
	}
	return v, centroids, words
}

func fill(t testing.TB, v *ivf, r *rand.Rand, list, n int, first int64) {
	t.Helper()
	ids, lists, codes := make([]int64, n), make([]int64, n), make([]byte, n*v.parts())
	for i := range ids {
		ids[i], lists[i] = first+int64(i), int64(list)
	}
	for i := range codes {
		codes[i] = byte(r.Uint32())
	}
	if err := v.append(ids, lists, codes); err != nil {
		t.Fatal(err)
	}
}

// squaredTo is how far from z what a code stands for is, squared.
func squaredTo(z, words []float32, code []byte) (sum float64) {
	width := len(z) / len(code)
	for m, c := range code {
		for i, w := range words[width*(256*m+int(c)) : width*(256*m+int(c)+1)] {
			d := float64(z[width*m+i] - w)
			sum += d * d
		}
	}
	return sum
}

// farthest is the code that is as far from z as one can be.
func farthest(z, words []float32, parts int) []byte {
	code, width := make([]byte, parts), len(z)/parts
	for m := range code {
		away := func(c int) float64 {
			return squaredTo(z[width*m:width*(m+1)], words[width*(256*m+c):width*(256*m+c+1)], []byte{0})
		}
		for c := range 256 {
			if away(c) > away(int(code[m])) {
				code[m] = byte(c)
			}
		}
	}
	return code
}

// stepOf is the step that bytes have instead of the distances to words, with sums of at most 16 bits.
func stepOf(z, words []float32, parts int) float64 {
	width, widest := len(z)/parts, 0.0
	for m := range parts {
		least, most := math.Inf(1), 0.0
		for c := range 256 {
			d := squaredTo(z[width*m:width*(m+1)], words[width*(256*m+c):width*(256*m+c+1)], []byte{0})
			least, most = min(least, d), max(most, d)
		}
		widest = max(widest, most-least)
	}
	return widest / float64(min(255, 65534/parts))
}

// Sums of bytes differ from distances by no more than half a step for each byte of a code, with whatever instructions, and all
// of these have the same sums; lists give back what was put into them. Each length about the edges of panes, and more bytes a
// code than 255 fit into 16 bits.
func TestPanesHoldWhatWasPut(t *testing.T) {
	defer limitKernels(avx512)
	sizes := []int{1, 0, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 192, 193}
	for _, parts := range []int{1, 3, 64, 600} {
		r := rand.New(rand.NewPCG(7, uint64(parts)))
		v, _, words := madeUpLists(t, r, 2*parts, parts, sizes...)
		z := make([]float32, 2*parts) // alike for all parts: what is farthest then has all but the largest sum there is
		for i := range z {
			z[i] = float32(1 / math.Sqrt(float64(len(z))))
		}
		if err := v.append([]int64{int64(v.entries)}, []int64{1}, farthest(z, words, parts)); err != nil {
			t.Fatal(err)
		}
		n := v.entries
		half := stepOf(z, words, parts) * float64(parts) / 2
		want := make([]float64, n)
		for list, size := range sizes {
			ids, codes, err := v.list(list)
			if err != nil || len(ids) != max(size, 1) {
				t.Fatalf("list %d holds %d, %v; want %d", list, len(ids), err, size)
			}
			for i, id := range ids {
				want[id] = squaredTo(z, words, codes[parts*i:parts*(i+1)])
			}
		}
		var before []float32
		for kernels := scalar; kernels <= limitKernels(avx512); kernels++ {
			limitKernels(kernels)
			ids, dist, err := v.search(z, n+9, len(sizes), nil)
			if err != nil || len(ids) != n {
				t.Fatalf("%d parts, instructions %d: %d of %d entries, %v", parts, kernels, len(ids), n, err)
			}
			got := make([]float32, n)
			for i, id := range ids {
				got[id] = dist[i]
				if off := math.Abs(float64(dist[i]) - want[id]); off > half+1e-5 {
					t.Fatalf("%d parts, instructions %d, entry %d: %g, want %g", parts, kernels, id, dist[i], want[id])
				}
			}
			if before != nil && !slices.Equal(got, before) {
				t.Errorf("%d parts: instructions %d have other sums than those before", parts, kernels)
			}
			before = got
		}
	}
}

// Of a search for fewer than there are, the nearest come back, and of a selection the nearest of those selected.
func TestNearestOfLists(t *testing.T) {
	defer limitKernels(avx512)
	r := rand.New(rand.NewPCG(3, 3))
	v, _, _ := madeUpLists(t, r, 32, 16, 1000, 77, 0, 923, 64)
	z := randomUnit(r, 32)
	third := NewBitmap(900) // ids beyond it are not selected
	for id := int64(0); id < 900; id += 3 {
		third.Add(id)
	}
	for kernels := scalar; kernels <= limitKernels(avx512); kernels++ {
		limitKernels(kernels)
		for name, sel := range map[string]*Bitmap{"all": nil, "a third": third, "none": {}} {
			ids, dist, err := v.search(z, v.entries, v.lists(), sel)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				if sel != nil && !sel.Has(id) {
					t.Errorf("%s: %d is not selected", name, id)
				}
			}
			if want := v.entries; sel == nil && len(ids) != want || sel != nil && len(ids) != sel.count {
				t.Errorf("%s: %d entries", name, len(ids))
			}
			slices.Sort(dist)
			for _, k := range []int{1, 2, 50, 299, 1000} {
				_, some, err := v.search(z, k, v.lists(), sel)
				slices.Sort(some)
				if err != nil || !slices.Equal(some, dist[:min(k, len(dist))]) {
					t.Fatalf("instructions %d, the nearest %d of %s: %v, %v", kernels, k, name, some, err)
				}
			}
		}
	}
}

// Only the lists asked for are looked into: those of the nearest centroids, as far as these can be told by their codes.
func TestProbes(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	const lists = 50
	sizes := make([]int, lists)
	for i := range sizes {
		sizes[i] = 2
	}
	v, centroids, _ := madeUpLists(t, r, 64, 8, sizes...)
	z := randomUnit(r, 64)
	const unsure = 2 * 0.042 / 8 * 4 // twice half a step of the codes in each of 64 dimensions
	away := make([]float64, lists)
	for i := range away {
		for j, c := range centroids[i*64 : (i+1)*64] {
			away[i] += float64(z[j]-c) * float64(z[j]-c)
		}
	}
	sorted := slices.Sorted(slices.Values(away))
	for _, probes := range []int{1, 2, 10, 49, 50} {
		ids, _, err := v.search(z, 2*lists, probes, nil)
		if err != nil || len(ids) != 2*probes {
			t.Fatalf("%d lists: %d entries, %v", probes, len(ids), err)
		}
		for _, id := range ids {
			if away[id/2] > sorted[probes-1]+unsure {
				t.Errorf("%d lists: entry %d is of list %d, %g away; want %g at the most", probes, id, id/2, away[id/2], sorted[probes-1])
			}
		}
	}
}

func TestListErrorsAreReported(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	v, _, _ := madeUpLists(t, r, 4, 2, 3, 3)
	for _, list := range []int64{-1, 2} {
		if err := v.append([]int64{9}, []int64{list}, []byte{1, 2}); err == nil {
			t.Errorf("an entry went into list %d of 2", list)
		}
	}
	if _, err := newIVF(70_000, 1, 70_000, 0, make([]float32, 70_000), make([]float32, 256*70_000)); err == nil {
		t.Error("sums of 70,000 entries are to fit into 16 bits")
	}
}

// BenchmarkLists looks into as many of 4,096 lists as fast and balanced mode do.
func BenchmarkLists(b *testing.B) {
	defer limitKernels(avx512)
	r := rand.New(rand.NewPCG(1, 1))
	sizes := make([]int, maxLists)
	for i := range sizes {
		sizes[i] = 244
	}
	v, _, _ := madeUpLists(b, r, 768, 64, sizes...)
	z := make([][]float32, 64)
	for i := range z {
		z[i] = randomUnit(r, 768)
	}
	for _, mode := range []Mode{Fast, Balanced} {
		e := SearchOptions{Mode: mode}.effort(10)
		for kernels := limitKernels(avx512); kernels >= scalar; kernels-- {
			b.Run(fmt.Sprintf("%s/instructions=%d", mode, kernels), func(b *testing.B) {
				limitKernels(kernels)
				for i := 0; b.Loop(); i++ {
					if _, _, err := v.search(z[i%len(z)], e.pool+e.pool/4, e.probes, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
