package embed

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Joint sets the vectors of two embedders side by side: [√w·semantic ‖ √(1-w)·lexical], of unit length again. The
// cosine of two such vectors is the weighted mean of the cosines of the parts. It is safe for concurrent use.
type Joint struct {
	semantic, lexical Embedder
	share             float64
}

// JointOptions configure a Joint. The zero value is ready to use.
type JointOptions struct {
	SemanticShare float64 // weight w of the semantic part, in (0, 1); 0 means 0.7
}

// NewJoint joins two embedders. It fails when the share is not in (0, 1).
func NewJoint(semantic, lexical Embedder, o JointOptions) (*Joint, error) {
	if semantic == nil || lexical == nil {
		return nil, errors.New("embed: a joint needs two embedders")
	}
	if o.SemanticShare == 0 {
		o.SemanticShare = 0.7
	}
	if !(o.SemanticShare > 0 && o.SemanticShare < 1) {
		return nil, fmt.Errorf("embed: semantic share %v is not between 0 and 1", o.SemanticShare)
	}
	return &Joint{semantic: semantic, lexical: lexical, share: o.SemanticShare}, nil
}

// Dim returns the sum of the dimensions of both parts.
func (j *Joint) Dim() int { return j.semantic.Dim() + j.lexical.Dim() }

// Space names both parts and, unless it is the usual one, their share.
func (j *Joint) Space() string {
	space := j.semantic.Space() + "+" + j.lexical.Space()
	if j.share != 0.7 {
		space += fmt.Sprintf("@%g", j.share)
	}
	return space
}

// Embed returns the joined vector of each text.
func (j *Joint) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return vectorsOf(j.EmbedTokens(ctx, texts))
}

// EmbedTokens returns the joined vector of each text, and its tokens where the semantic part tells of them.
func (j *Joint) EmbedTokens(ctx context.Context, texts []string) ([]Embedding, error) {
	rows, err := checked(ctx, j.semantic, texts, j.semantic.Dim())
	if err != nil {
		return nil, fmt.Errorf("semantic part: %w", err)
	}
	lexical, err := j.lexical.Embed(ctx, texts)
	if err == nil {
		err = check(lexical, len(texts), j.lexical.Dim())
	}
	if err != nil {
		return nil, fmt.Errorf("lexical part: %w", err)
	}
	for i := range rows {
		v := make([]float32, 0, j.Dim())
		v = appendScaled(v, rows[i].Vector, math.Sqrt(j.share))
		v = appendScaled(v, lexical[i], math.Sqrt(1-j.share))
		if err := normalise(v); err != nil {
			return nil, err
		}
		rows[i].Vector = v
	}
	return rows, nil
}

func appendScaled(dst, v []float32, scale float64) []float32 {
	for _, x := range v {
		dst = append(dst, x*float32(scale))
	}
	return dst
}
