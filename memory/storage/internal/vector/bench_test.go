package vector

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func benchIndex(b *testing.B, n int) *Index {
	const dim = 768
	x := newTestIndex(b, dim)
	r := rand.New(rand.NewPCG(1, 2))
	for first := 0; first < n; first += 4096 {
		put(b, x, r, min(4096, n-first), int64(first), 1)
	}
	return x
}

// BenchmarkSearch reports the median and the 99th percentile of one exact search, which the mean hides.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{2760, 100_000} {
		x := benchIndex(b, n)
		half, percent := NewBitmap(int64(n)), NewBitmap(int64(n))
		for id := range int64(n) {
			if id%2 == 0 {
				half.Add(id)
			}
			if id%100 == 0 {
				percent.Add(id)
			}
		}
		for name, sel := range map[string]Selector{"all": nil, "half": half, "percent": percent} {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				q := randomUnit(rand.New(rand.NewPCG(3, 4)), x.Dim())
				var took []time.Duration
				for b.Loop() {
					start := time.Now()
					if hits, err := x.Search(b.Context(), q, 10, sel); err != nil || len(hits) != 10 {
						b.Fatal(hits, err)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			})
		}
	}
}

func BenchmarkSnapshot(b *testing.B) {
	x, s := benchIndex(b, 10_000), testSnapshot(b, 1)
	path := b.TempDir() + "/x.ezvec"
	b.Run("save", func(b *testing.B) {
		b.SetBytes(x.Bytes())
		for b.Loop() {
			if err := x.SaveFile(path, s); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		b.SetBytes(x.Bytes())
		for b.Loop() {
			y, err := LoadFile(path, s, Options{})
			if err != nil {
				b.Fatal(err)
			}
			_ = y.Close()
		}
	})
}
