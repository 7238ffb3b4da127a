package bench

import (
	"os"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
)

// BenchmarkRecall asks the folder that $ELDERZAN_BENCH_DIR names, or a small one of its own.
func BenchmarkRecall(b *testing.B) {
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		b.Fatal(err)
	}
	o := Options{Dir: os.Getenv("ELDERZAN_BENCH_DIR"), Ranker: ranker, Seed: 1, Clusters: 500}
	if o.Dir == "" {
		o.Dir, o.Sizes, o.Queries, o.Writes = b.TempDir(), []int{2000}, 1, 1
		if _, err := Run(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
	r := &run{opts: o, lib: newLibrary(o.Seed, o.Clusters)}
	s, err := r.open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Settle(b.Context()); err != nil {
		b.Fatal(err)
	}
	st, err := s.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for _, n := range st.ByScope {
		size += n
	}
	for _, mode := range []memory.Mode{memory.Fast, memory.Balanced, memory.Accurate} {
		b.Run(string(mode), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := r.ask(b.Context(), mode, i, size); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
