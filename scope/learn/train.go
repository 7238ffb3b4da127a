package learn

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
)

// What a model must reach to go live, and what it needs to be trained.
const (
	MinAccuracy = 0.95 // share of held-out corrections it must be right about, at least and not exactly
	MaxRaised   = 0.01 // share of the harmless texts of the regression corpus that it may raise at most
	MinExamples = 40   // corrections, of which
	MinEach     = 8    // so many of each kind
	Threshold   = 0.7  // probability from which a text counts as sensitive
)

const folds = 5

var strengths = []float64{1e-4, 1e-3, 1e-2, 1e-1}

// ErrTooFew reports that there are not enough corrections to learn from.
var ErrTooFew = errors.New("learn: too few corrections")

// Report says how good a model is.
type Report struct {
	Examples  int     `json:"corrections"`
	HeldOut   int     `json:"held_out"`
	Accuracy  float64 `json:"accuracy"`        // on the held-out corrections
	CrossVal  float64 `json:"cross_validated"` // mean accuracy over the folds of the others
	NewMisses int     `json:"new_misses"`      // sensitive texts of the regression corpus that would no longer be PRIVATE
	Raised    float64 `json:"raised"`          // share of its harmless texts that would become PRIVATE
	Fit       bool    `json:"may_go_live"`
	Why       string  `json:"why,omitempty"` // what keeps it from going live
}

// Regression judges a model on texts whose answers are known: how many secrets it would let out, and the share of harmless
// texts that it would raise.
type Regression func(m *Model) (newMisses int, raised float64, err error)

// Train fits a model: a fifth of the corrections is held out, the strength of the regularisation is chosen by five-fold
// cross-validation on the others. It returns ErrTooFew where there is not enough to learn from.
func Train(examples []Example, check Regression) (*Model, Report, error) {
	return train(examples, Dims, check, "")
}

// train is Train on features of the given length, the end of which is of a vector in space, unless that is "".
func train(examples []Example, dims int, check Regression, space string) (*Model, Report, error) {
	var rest, held []Example
	var each [2]int
	for _, e := range examples {
		if len(e.Features) != dims {
			continue // of another version
		}
		each[label(e)]++
		if bucket(e.Features, 5, 1) == 0 {
			held = append(held, e)
		} else {
			rest = append(rest, e)
		}
	}
	r := Report{Examples: each[0] + each[1], HeldOut: len(held)}
	if r.Examples < MinExamples || min(each[0], each[1]) < MinEach || len(held) < 5 {
		return nil, r, fmt.Errorf("%w: %d, of which %d called sensitive and %d not; %d are needed, %d of each kind", ErrTooFew, r.Examples, each[1], each[0], MinExamples, MinEach)
	}
	best := 0.0
	for _, l2 := range strengths {
		if a := crossValidate(rest, l2); a >= r.CrossVal {
			best, r.CrossVal = l2, a
		}
	}
	m, err := fit(rest, best)
	if err != nil {
		return nil, r, err
	}
	m.Space = space
	r.Accuracy = m.accuracy(held, Threshold)
	if check != nil {
		if r.NewMisses, r.Raised, err = check(m); err != nil {
			return nil, r, fmt.Errorf("learn: regression: %w", err)
		}
	}
	r.judge()
	return m, r, nil
}

func isTooFew(err error) bool { return errors.Is(err, ErrTooFew) }

func (r *Report) judge() {
	switch {
	case r.Accuracy <= MinAccuracy:
		r.Why = fmt.Sprintf("right about %.1f %% of the held-out corrections; more than %.0f %% are asked for", 100*r.Accuracy, 100*MinAccuracy)
	case r.NewMisses > 0:
		r.Why = fmt.Sprintf("it would let out %d secrets of the regression corpus", r.NewMisses)
	case r.Raised > MaxRaised:
		r.Why = fmt.Sprintf("it would make %.1f %% of the harmless texts PRIVATE; at most %.0f %% are allowed", 100*r.Raised, 100*MaxRaised)
	default:
		r.Fit = true
	}
}

func crossValidate(examples []Example, l2 float64) float64 {
	sum, n := 0.0, 0
	for k := range folds {
		var train, test []Example
		for _, e := range examples {
			if bucket(e.Features, folds, 2) == k {
				test = append(test, e)
			} else {
				train = append(train, e)
			}
		}
		m, err := fit(train, l2)
		if err != nil || len(test) == 0 {
			continue
		}
		sum += m.accuracy(test, Threshold)
		n++
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// bucket puts the same features always into the same of n parts, so that a text corrected twice is not on both sides.
func bucket(f Features, n int, salt byte) int {
	h := fnv.New32a()
	h.Write([]byte{salt})
	for _, x := range f {
		b := math.Float32bits(x)
		h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)})
	}
	return int(h.Sum32() % uint32(n))
}
