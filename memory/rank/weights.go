package rank

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

//go:embed weights.json
var reviewedWeights []byte

// weightsFile is the form of weights.json.
type weightsFile struct {
	Note   string             `json:"note"`
	Priors map[string]float64 `json:"priors"` // features that no data teaches, for both models
	Hybrid modelFile          `json:"hybrid"` // words and vectors
	Words  modelFile          `json:"words"`  // words alone
}

type modelFile struct {
	Bias    float64            `json:"bias"` // added before the score is squeezed into (0, 1)
	Weights map[string]float64 `json:"weights"`
}

// model is a linear ranker.
type model struct {
	bias    float64
	weights vector
}

// models are the two rankers of a weights file.
type models struct{ hybrid, words model }

// readWeights checks and reads a weights file: every name a feature, every number finite.
func readWeights(raw []byte) (models, error) {
	var f weightsFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return models{}, fmt.Errorf("rank: weights: %w", err)
	}
	var out models
	for _, m := range []struct {
		from modelFile
		to   *model
	}{{f.Hybrid, &out.hybrid}, {f.Words, &out.words}} {
		m.to.bias = m.from.Bias
		for _, part := range []map[string]float64{f.Priors, m.from.Weights} {
			for _, name := range slices.Sorted(maps.Keys(part)) {
				i := slices.Index(featureNames[:], name)
				if w := part[name]; i < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
					return models{}, fmt.Errorf("rank: weights: %q is no feature or has no finite weight", name)
				}
				m.to.weights[i] += part[name]
			}
		}
	}
	return out, nil
}

// logit is the model's score before it is squeezed.
func (m *model) logit(v *vector) float64 {
	s := m.bias
	for i, x := range v {
		s += m.weights[i] * x
	}
	return s
}

// squeeze maps a logit into (0, 1).
func squeeze(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
