package learn

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// Example is a correction: a text by its features, and whether a person holds it to be sensitive.
type Example struct {
	Features  Features  `json:"features"`
	Vector    []float32 `json:"vector,omitempty"` // what is kept of its vector, see vectorDims
	Space     string    `json:"space,omitempty"`  // of the vector
	Sensitive bool      `json:"sensitive"`
}

// Model is a logistic regression. It is immutable.
type Model struct {
	Weights []float64 `json:"weights"`
	L2      float64   `json:"l2"`              // strength of the regularisation it was trained with
	Space   string    `json:"space,omitempty"` // of the vectors that it judges by as well; "" for none
}

// Probability is how likely a text is sensitive, in [0, 1].
func (m *Model) Probability(f Features) float64 {
	if len(f) != len(m.Weights) {
		return 0
	}
	s := 0.0
	for i, x := range f {
		s += m.Weights[i] * float64(x)
	}
	return 1 / (1 + math.Exp(-s))
}

// fit trains a model by L-BFGS on the examples, each of which weighs so that both answers weigh the same.
func fit(examples []Example, l2 float64) (*Model, error) {
	var n [2]float64
	for _, e := range examples {
		n[label(e)]++
	}
	if n[0] == 0 || n[1] == 0 {
		return nil, errors.New("learn: corrections of both kinds are needed")
	}
	weight := [2]float64{0.5 / n[0], 0.5 / n[1]}
	dims := len(examples[0].Features)
	problem := optimize.Problem{
		Func: func(w []float64) float64 {
			loss := l2 / 2 * floats.Dot(w, w)
			for _, e := range examples {
				loss += weight[label(e)] * softplus(-margin(w, e))
			}
			return loss
		},
		Grad: func(grad, w []float64) {
			copy(grad, w)
			floats.Scale(l2, grad)
			for _, e := range examples {
				y := float64(2*label(e) - 1)
				g := -weight[label(e)] * y / (1 + math.Exp(margin(w, e)))
				for i, x := range e.Features {
					grad[i] += g * float64(x)
				}
			}
		},
	}
	res, err := optimize.Minimize(problem, make([]float64, dims), &optimize.Settings{MajorIterations: 200, GradientThreshold: 1e-5}, &optimize.LBFGS{})
	if err != nil && (res == nil || res.Status < optimize.NotTerminated || len(res.X) != dims) {
		return nil, fmt.Errorf("learn: train: %w", err)
	}
	return &Model{Weights: res.X, L2: l2}, nil
}

func label(e Example) int {
	if e.Sensitive {
		return 1
	}
	return 0
}

// margin is the score of an example in the direction of its answer.
func margin(w []float64, e Example) float64 {
	s := 0.0
	for i, x := range e.Features {
		s += w[i] * float64(x)
	}
	if !e.Sensitive {
		return -s
	}
	return s
}

func softplus(x float64) float64 {
	if x > 30 {
		return x
	}
	return math.Log1p(math.Exp(x))
}

// accuracy is the share of examples a model is right about, at the given threshold.
func (m *Model) accuracy(examples []Example, threshold float64) float64 {
	if len(examples) == 0 {
		return 0
	}
	right := 0
	for _, e := range examples {
		if (m.Probability(e.Features) >= threshold) == e.Sensitive {
			right++
		}
	}
	return float64(right) / float64(len(examples))
}
