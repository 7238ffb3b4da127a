package rank

import (
	"bytes"
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
	Tokens modelFile          `json:"tokens"` // words, vectors and tokens
	Hybrid modelFile          `json:"hybrid"` // words and vectors
	Words  modelFile          `json:"words"`  // words alone
}

// modelFile holds weights for turns of conversations and for all other memories: what words and neighbours are worth
// differs, and what serves the one must not hurt the other.
type modelFile struct {
	Bias  float64            `json:"bias"` // added before the score is squeezed into (0, 1)
	Turns map[string]float64 `json:"turns"`
	Notes map[string]float64 `json:"notes"`
}

// model is a linear ranker.
type model struct {
	bias         float64
	turns, notes vector
}

// models are the rankers of a weights file.
type models struct{ tokens, hybrid, words model }

// readWeights checks and reads a weights file: every name a feature, every number finite.
func readWeights(raw []byte) (models, error) {
	var f weightsFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return models{}, fmt.Errorf("rank: weights: %w", err)
	}
	var out models
	for _, m := range []struct {
		from modelFile
		to   *model
	}{{f.Tokens, &out.tokens}, {f.Hybrid, &out.hybrid}, {f.Words, &out.words}} {
		m.to.bias = m.from.Bias
		for _, part := range []map[string]float64{f.Priors, m.from.Turns} {
			if err := m.to.turns.add(part); err != nil {
				return models{}, err
			}
		}
		for _, part := range []map[string]float64{f.Priors, m.from.Notes} {
			if err := m.to.notes.add(part); err != nil {
				return models{}, err
			}
		}
	}
	return out, nil
}

// add adds the weights of part, which go by the features' names.
func (v *vector) add(part map[string]float64) error {
	for _, name := range slices.Sorted(maps.Keys(part)) {
		i := slices.Index(featureNames[:], name)
		if w := part[name]; i < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
			return fmt.Errorf("rank: weights: %q is no feature or has no finite weight", name)
		}
		v[i] += part[name]
	}
	return nil
}

// of returns the weights for a memory with those traits.
func (m *model) of(t *traits) *vector {
	if t.speaker != "" {
		return &m.turns
	}
	return &m.notes
}

// logit is the model's score before it is squeezed.
func (m *model) logit(v *vector, t *traits) float64 {
	s, weights := m.bias, m.of(t)
	for i, x := range v {
		s += weights[i] * x
	}
	return s
}

// squeeze maps a logit into (0, 1).
func squeeze(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
