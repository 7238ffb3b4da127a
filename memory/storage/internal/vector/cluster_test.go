package vector

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// clouds returns n unit vectors around each of k directions, one cloud after another.
func clouds(r *rand.Rand, dim, k, n int) []float32 {
	var out []float32
	for range k {
		at := make([]float64, dim)
		for i := range at {
			at[i] = r.NormFloat64()
		}
		for range n {
			v, sum := make([]float64, dim), 0.0
			for i := range v {
				v[i] = at[i] + .3*r.NormFloat64()
				sum += v[i] * v[i]
			}
			for _, x := range v {
				out = append(out, float32(x/math.Sqrt(sum)))
			}
		}
	}
	return out
}

func TestKMeans(t *testing.T) {
	const dim, k, n = 32, 5, 40
	r := rand.New(rand.NewPCG(1, 2))
	vecs := clouds(r, dim, k, n)
	var start []float32
	for c := range k {
		start = append(start, vecs[c*n*dim:c*n*dim+dim]...)
	}
	centroids := slices.Clone(start)
	near, err := KMeans(dim, vecs, centroids)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range near {
		if int(c) != i/n {
			t.Fatalf("vector %d is in cluster %d; want %d", i, c, i/n)
		}
	}
	for c := range k {
		if s := square(centroids[c*dim : (c+1)*dim]); math.Abs(s-1) > 1e-4 {
			t.Errorf("centroid %d has length² %v", c, s)
		}
	}
	again := slices.Clone(start)
	if _, err := KMeans(dim, vecs, again); err != nil || !slices.Equal(centroids, again) {
		t.Errorf("the same vectors give other centroids, %v", err)
	}
	// Starting from where they are, they stay.
	moved := slices.Clone(centroids)
	if _, err := KMeans(dim, vecs, moved); err != nil {
		t.Fatal(err)
	}
	for i := range moved {
		if math.Abs(float64(moved[i]-centroids[i])) > 1e-3 {
			t.Fatal("centroids that fit move")
		}
	}
	for name, args := range map[string][2][]float32{"no centroid": {vecs, nil}, "too few vectors": {vecs[:dim], start}, "odd length": {vecs[1:], start}} {
		if _, err := KMeans(dim, args[0], args[1]); !errors.Is(err, errClusters) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
