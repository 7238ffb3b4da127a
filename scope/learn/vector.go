package learn

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"math"
	"math/rand/v2"

	"github.com/elderzan/elderzan/scope"
)

// Embed returns the vector of a text by a model on this machine, and the name of the space that it lies in.
type Embed func(ctx context.Context, text string) (vector []float32, space string, err error)

// Of a vector its components in so many directions are kept, which the key draws: enough to tell alike texts from others, and too
// little to read a text back.
const (
	vectorDims  = 64
	vectorShare = 3.0 // length of the part for the vector
	secondDims  = Dims + vectorDims
)

// Second is the part of a version that judges a text again when its vector is there.
type Second struct {
	Space  string `json:"space"` // of the vectors it was trained with
	Report Report `json:"report"`
	Model  *Model `json:"model,omitempty"` // left out by Versions
}

// UseVectors has corrections kept with a part of their vectors from now on, which are made in the background: nobody who corrects waits
// for them. Call it before anything else or after Close, and Close at the end.
func (s *Store) UseVectors(e Embed) {
	s.closing.Store(false)
	s.embed, s.queue, s.done = e, make(chan pending, maxPending), make(chan struct{})
	go func() {
		defer close(s.done)
		for p := range s.queue {
			p.Vector, p.Space = s.vectorOf(p.text)
			_ = s.keep(p.Example) // one correction less is no harm
			s.waiting.Done()
		}
	}()
}

// pending is a correction that waits for its vector.
type pending struct {
	Example
	text string
}

// maxPending is how many corrections may wait; further ones are kept without a vector.
const maxPending = 64

// Close keeps what still waits, without vectors, and stops. No correction may come after it.
func (s *Store) Close() error {
	if s.queue != nil {
		s.closing.Store(true)
		close(s.queue)
		<-s.done
	}
	return nil
}

// TextOf is what is embedded of an input.
func TextOf(in scope.Input) string {
	if in.Title == "" {
		return in.Content
	}
	return in.Title + "\n" + in.Content
}

// vectorOf returns what is kept of the vector of a text; nothing where there is none.
func (s *Store) vectorOf(text string) ([]float32, string) {
	if s.closing.Load() {
		return nil, ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), embedLimit)
	defer cancel()
	v, space, err := s.embed(ctx, text)
	if err != nil || space == "" {
		return nil, ""
	}
	return project(s.key, v), space
}

// project returns the components of a vector in directions that the key draws, at the length vectorShare.
func project(key []byte, vector []float32) []float32 {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("directions of vectors"))
	draw := rand.NewChaCha8([sha256.Size]byte(mac.Sum(nil)))
	out := make([]float32, vectorDims)
	sum := 0.0
	for i := range out {
		s := 0.0
		for j := 0; j < len(vector); j += 64 {
			signs := draw.Uint64()
			for k := j; k < min(j+64, len(vector)); k++ {
				if signs&1 == 0 {
					s += float64(vector[k])
				} else {
					s -= float64(vector[k])
				}
				signs >>= 1
			}
		}
		out[i] = float32(s)
		sum += s * s
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return make([]float32, vectorDims)
	}
	scale := float32(vectorShare / math.Sqrt(sum))
	for i := range out {
		out[i] *= scale
	}
	return out
}

// withVector returns the examples that have a vector in the space most of them have one in, with it behind the features.
func withVector(examples []Example) (out []Example, space string) {
	counts := map[string]int{}
	for _, e := range examples {
		if len(e.Vector) != vectorDims || e.Space == "" {
			continue
		}
		if counts[e.Space]++; counts[e.Space] > counts[space] || space == "" {
			space = e.Space
		}
	}
	for _, e := range examples {
		if e.Space == space && len(e.Vector) == vectorDims {
			out = append(out, Example{Features: join(e.Features, e.Vector), Sensitive: e.Sensitive})
		}
	}
	return out, space
}

func join(f Features, vector []float32) Features {
	return append(append(make(Features, 0, secondDims), f...), vector...)
}

// trainSecond trains the second look on the corrections that have a vector; nil where they are too few.
func trainSecond(examples []Example, check Regression) (*Second, error) {
	with, space := withVector(examples)
	m, r, err := train(with, secondDims, check, space)
	switch {
	case m == nil && len(with) == 0, isTooFew(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &Second{Space: space, Report: r, Model: m}, nil
}

// Looks returns the space of the vectors by which the live model judges texts again; "" where it does not.
func (s *Store) Looks() string {
	if v := s.live.Load(); v != nil && v.Second != nil && v.Second.Report.Fit {
		return v.Second.Space
	}
	return ""
}

// Look is Raise for a text whose vector is there: by both. It says nothing of vectors in another space than that of Looks.
func (s *Store) Look(in scope.Input, d scope.Decision, vector []float32, space string) (raise bool, confidence float64, reason string) {
	v := s.live.Load()
	if v == nil || v.Second == nil || !v.Second.Report.Fit || v.Second.Space != space {
		return false, 0, ""
	}
	raise, p, reason := s.JudgeVector(v.Second.Model, in, d, vector)
	return raise, p, versioned(reason, v.Number)
}

// JudgeVector is Look by a model that need not be live.
func (s *Store) JudgeVector(m *Model, in scope.Input, d scope.Decision, vector []float32) (bool, float64, string) {
	p := m.Probability(join(Extract(s.key, in, d), project(s.key, vector)))
	return p >= Threshold, p, "what it means resembles what you corrected to PRIVATE"
}
