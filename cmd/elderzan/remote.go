package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/openai"
)

// probeTime bounds the look at a remote provider at start: offline, the memory opens all the same.
const probeTime = 3 * time.Second

func newRemote(c embeddingConfig) (*openai.Embedder, error) {
	return openai.New(openai.Options{
		Model: c.Model, BaseURL: c.BaseURL, Timeout: c.Timeout, Shorten: c.Shorten,
		Key: func() string { return string(c.APIKey.Bytes()) },
	})
}

// openRemote connects an OpenAI-compatible provider. A model whose vectors do not fit is refused; a provider that does
// not answer is used when it does.
func (e *embeddings) openRemote(ctx context.Context, c embeddingConfig, log *slog.Logger) (embedding.Embedder, error) {
	r, err := newRemote(c)
	if err != nil {
		return nil, hint(fmt.Errorf("embedding provider: %w", err), "change the settings embedding.*, or set embedding.provider to builtin")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	switch err := r.Probe(ctx); {
	case errors.Is(err, embedding.ErrDimension):
		return nil, hint(fmt.Errorf("embedding provider: %w", err), "choose a model with 768 dimensions: elderzan reembed --provider openai --model NAME; or go back to the built-in one: elderzan reembed --provider builtin")
	case err != nil:
		log.Warn("the embedding provider does not answer; it is tried again with each text", "error", err)
	}
	return e.serve(r)
}
