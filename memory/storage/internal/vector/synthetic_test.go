package vector

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// synthetic makes unit vectors that lie like those of texts: in clusters of very unequal size (the c-th is chosen with a
// weight of 1/(c+1)), and within a cluster not everywhere but where a few of some hundred directions lead, as topics and
// turns of phrase do. Half of a vector's squared length is its cluster's centre, seven twentieths are six of the
// directions, with weights between ½ and 1½, and the rest is noise in all dimensions. The same seed makes the same
// vectors.
type synthetic struct {
	r       *rand.Rand
	dim     int
	centres [][]float32
	atoms   [][]float32
	noise   []float32
	weights []float64 // of the centres, added up
}

func newSynthetic(seed uint64, dim, clusters int) *synthetic {
	g := &synthetic{r: rand.New(rand.NewPCG(seed, 77)), dim: dim}
	var sum float64
	for c := range clusters {
		g.centres = append(g.centres, randomUnit(g.r, dim))
		sum += 1 / float64(c+1)
		g.weights = append(g.weights, sum)
	}
	for range 400 {
		g.atoms = append(g.atoms, randomUnit(g.r, dim))
	}
	g.noise = make([]float32, 1<<16+dim)
	for i := range g.noise {
		g.noise[i] = float32(g.r.NormFloat64() / math.Sqrt(float64(dim)))
	}
	return g
}

func (g *synthetic) vector() []float32 {
	c, _ := slices.BinarySearch(g.weights, g.r.Float64()*g.weights[len(g.weights)-1])
	return g.mix(g.centres[min(c, len(g.centres)-1)], 0.5, 0.35, 0.15)
}

// query makes a vector that is about the same as v, as a question is about what it asks for.
func (g *synthetic) query(v []float32) []float32 { return g.mix(v, 0.55, 0.3, 0.15) }

func (g *synthetic) mix(base []float32, baseShare, atomShare, noiseShare float64) []float32 {
	v := make([]float32, g.dim)
	noise := g.noise[g.r.IntN(1<<16):]
	a, n := float32(math.Sqrt(baseShare)), float32(math.Sqrt(noiseShare))
	for i := range v {
		v[i] = a*base[i] + n*noise[i]
	}
	for range 6 {
		w := float32(math.Sqrt(atomShare/6) * (0.5 + g.r.Float64()))
		for i, x := range g.atoms[g.r.IntN(len(g.atoms))] {
			v[i] += w * x
		}
	}
	s := float32(1 / math.Sqrt(square(v)))
	for i := range v {
		v[i] *= s
	}
	return v
}

// shelf keeps the full vectors of an index where tests can reach them.
type shelf struct {
	mu   sync.Mutex
	dim  int
	vecs map[int64][]float32
	read int
	err  error
}

func newShelf(dim int) *shelf { return &shelf{dim: dim, vecs: map[int64][]float32{}} }

func (s *shelf) source(_ context.Context, ids []int64, dst []float32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	for i, id := range ids {
		copy(dst[i*s.dim:(i+1)*s.dim], s.vecs[id])
	}
	s.read += len(ids)
	return nil
}

func (s *shelf) put(ids []int64, vecs [][]float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, id := range ids {
		s.vecs[id] = vecs[i]
	}
}

// stocked returns an index of a kind, with n synthetic vectors under the ids 0 to n-1, and where they are.
func stocked(t testing.TB, g *synthetic, n int, opts Options) (*Index, *shelf) {
	t.Helper()
	s := newShelf(g.dim)
	opts.Dim, opts.Source = g.dim, s.source
	x, err := New(opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	for first := 0; first < n; first += 1000 {
		putMore(t, g, x, s, first, min(first+1000, n))
	}
	if err := x.Settle(t.Context()); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	return x, s
}

func putMore(t testing.TB, g *synthetic, x *Index, s *shelf, first, end int) {
	t.Helper()
	ids, vecs := make([]int64, end-first), make([][]float32, end-first)
	for i := range ids {
		ids[i], vecs[i] = int64(first+i), g.vector()
	}
	s.put(ids, vecs)
	if err := x.Put(ids, vecs); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

// overlap returns which share of want's ids got has.
func overlap(got, want []Hit) float64 {
	if len(want) == 0 {
		return 1
	}
	n := 0
	for _, w := range want {
		if slices.ContainsFunc(got, func(h Hit) bool { return h.ID == w.ID || h.Cosine >= want[len(want)-1].Cosine+1e-6 && h.ID == w.ID }) {
			n++
		}
	}
	return float64(n) / float64(len(want))
}

func everyNth(n int) (*Bitmap, func(int64) bool) {
	b := NewBitmap(1 << 14)
	for id := int64(0); id < 1<<14; id += int64(n) {
		b.Add(id)
	}
	return b, func(id int64) bool { return id%int64(n) == 0 }
}

func name(parts ...any) string { return fmt.Sprint(parts...) }
