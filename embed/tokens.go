package embed

import (
	"context"
	"fmt"
)

// TokenDim is the number of dimensions of a token's direction.
const TokenDim = 64

// Tokens is what the tokens of a text mean in it, so that single words of a question can be compared with those of a
// text. Zero for an embedder that cannot tell.
type Tokens struct {
	Rows  []int8   // of each token TokenDim whole numbers that point in its direction, the largest of them ±127
	Spans [][2]int // the part of the text that each stands for: text[span[0]:span[1]], in bytes
}

// Embedding is the vector of a text and its tokens.
type Embedding struct {
	Vector []float32
	Tokens Tokens
}

// TokenEmbedder is an Embedder that tells of the tokens as well, in the same pass. What Embed says of its result holds for
// the vectors of EmbedTokens too; the tokens are shared and must not be changed.
type TokenEmbedder interface {
	Embedder
	EmbedTokens(ctx context.Context, texts []string) ([]Embedding, error)
}

// WithTokens embeds texts with e, with their tokens where e tells of them.
func WithTokens(ctx context.Context, e Embedder, texts []string) ([]Embedding, error) {
	if t, ok := e.(TokenEmbedder); ok {
		return t.EmbedTokens(ctx, texts)
	}
	vectors, err := e.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	out := make([]Embedding, len(vectors))
	for i, v := range vectors {
		out[i].Vector = v
	}
	return out, nil
}

// vectorsOf are the vectors of es alone; err is handed on.
func vectorsOf(es []Embedding, err error) ([][]float32, error) {
	if err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(es))
	for i := range es {
		vectors[i] = es[i].Vector
	}
	return vectors, nil
}

// checked asks e about texts and returns an error wrapping ErrDimension unless there is a row of dim numbers for each, and of
// the tokens as many rows as spans.
func checked(ctx context.Context, e Embedder, texts []string, dim int) ([]Embedding, error) {
	es, err := WithTokens(ctx, e, texts)
	if err != nil {
		return nil, err
	}
	vectors, _ := vectorsOf(es, nil)
	if err := check(vectors, len(texts), dim); err != nil {
		return nil, err
	}
	for i := range es {
		if t := &es[i].Tokens; len(t.Rows) != TokenDim*len(t.Spans) {
			return nil, fmt.Errorf("%w: %d numbers of %d tokens", ErrDimension, len(t.Rows), len(t.Spans))
		}
	}
	return es, nil
}
