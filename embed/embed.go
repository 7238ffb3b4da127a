package embed

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Dim is the number of dimensions that stored vectors have.
const Dim = 768

// Embedder maps each text to a unit vector, in order: the result has len(texts) rows of Dim() numbers, which the
// caller owns. The same text gives the same vector. No text, no rows. Implementations are safe for concurrent use,
// return ctx's error soon after it ends, and name no text in their errors.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)

	// Space is a stable id of the model and its version. Vectors of different spaces are not comparable.
	Space() string

	// Dim is the number of dimensions of a vector.
	Dim() int
}

// ErrDimension reports an embedder whose vectors do not have the dimensions that they must have.
var ErrDimension = errors.New("embed: wrong dimension")

// check returns an error wrapping ErrDimension unless vectors are n rows of dim numbers.
func check(vectors [][]float32, n, dim int) error {
	if len(vectors) != n {
		return fmt.Errorf("embed: %d vectors for %d texts", len(vectors), n)
	}
	for _, v := range vectors {
		if len(v) != dim {
			return fmt.Errorf("%w: a vector has %d dimensions, want %d", ErrDimension, len(v), dim)
		}
	}
	return nil
}

// normalise scales v to length one. A vector without a direction, or with a part that is no number, is refused.
func normalise(v []float32) error {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return errors.New("embed: vector without a direction")
	}
	inverse := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= inverse
	}
	return nil
}
