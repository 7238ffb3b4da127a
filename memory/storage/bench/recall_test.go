package bench

import (
	"os"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
)

// BenchmarkRecall asks the folder that $ELDERZAN_BENCH_DIR names, one that `elderzan bench` filled to its largest size, or a
// small one of its own.
func BenchmarkRecall(b *testing.B) {
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		b.Fatal(err)
	}
	o := Options{Dir: os.Getenv("ELDERZAN_BENCH_DIR"), Ranker: ranker, Seed: 1}
	if o.Dir == "" {
		o.Dir, o.Sizes, o.Queries, o.Writes = b.TempDir(), []int{2000}, 1, 1
		if _, err := Run(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
	r := &run{opts: o}
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
	r.lib = newLibrary(o.Seed, max(40, size/200)) // as Run has it
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

// A small run measures what it says, is taken up where it ended, and refuses to shrink.
func TestRun(t *testing.T) {
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: t.TempDir(), Ranker: ranker, Sizes: []int{200, 400}, Queries: 10, Writes: 5, Clusters: 40}
	for range 2 {
		reports, err := Run(t.Context(), o)
		if err != nil || len(reports) != len(o.Sizes) {
			t.Fatalf("Run = %d reports, %v", len(reports), err)
		}
		for i, r := range reports {
			if r.Memories != o.Sizes[i] || len(r.Modes) != 3 || r.Resident == 0 || r.Disk["catalog.db"] == 0 || r.Write.P50 == 0 || r.FirstFast < r.Open {
				t.Errorf("report %d: %+v", i, r)
			}
			if m := r.Modes[0]; m.Mode != memory.Accurate || m.Overlap != 1 {
				t.Errorf("accurate mode overlaps with itself by %g", m.Overlap)
			}
		}
		o.Sizes = []int{400}
	}
	o.Sizes = []int{200}
	if _, err := Run(t.Context(), o); err == nil {
		t.Error("a store of 400 was measured as one of 200")
	}
}
