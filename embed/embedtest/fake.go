package embedtest

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sync"
)

// Fake is an embedder without a model, for tests of what stands around one: each text has a random direction of its
// own. It records what it was asked. Safe for concurrent use; set the fields before the first call.
type Fake struct {
	Name  string
	N     int                                             // what Dim says
	Gives int                                             // how long the vectors really are; 0 means N
	Err   error                                           // what Embed returns; nil means that it succeeds
	Gate  func(ctx context.Context, texts []string) error // called first, when it is not nil

	mu    sync.Mutex
	calls [][]string
}

// Space returns f.Name.
func (f *Fake) Space() string { return f.Name }

// Dim returns f.N.
func (f *Fake) Dim() int { return f.N }

// Embed records texts and returns their vectors.
func (f *Fake) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	f.mu.Lock()
	f.calls = append(f.calls, append([]string(nil), texts...))
	f.mu.Unlock()
	if f.Gate != nil {
		if err := f.Gate(ctx, texts); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.Err != nil {
		return nil, f.Err
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = f.vector(text)
	}
	return vectors, nil
}

func (f *Fake) vector(text string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(f.Name + "\x00" + text))
	random := rand.New(rand.NewPCG(h.Sum64(), 1))
	n := f.N
	if f.Gives != 0 {
		n = f.Gives
	}
	v := make([]float32, n)
	var sum float64
	for i := range v {
		x := random.NormFloat64()
		v[i] = float32(x)
		sum += x * x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// Calls returns the texts of each call so far.
func (f *Fake) Calls() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([][]string(nil), f.calls...)
}
