package trace

import (
	"context"

	"go.opentelemetry.io/otel/attribute"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Store is a store whose changes and searches are spans; a nil Tracer returns it as it is.
func (t *Tracer) Store(s memory.Store) memory.Store {
	if t == nil {
		return s
	}
	return &store{Store: s, t: t}
}

type store struct {
	memory.Store
	t *Tracer
}

func (s *store) Put(ctx context.Context, p memory.Put) (memory.Stored, error) {
	ctx, end := s.t.Begin(ctx, "store put")
	out, err := s.Store.Put(ctx, p)
	end(err)
	return out, err
}

func (s *store) Change(ctx context.Context, id memory.ID, requestKey string, edit memory.Edit) (memory.Memory, error) {
	ctx, end := s.t.Begin(ctx, "store change")
	out, err := s.Store.Change(ctx, id, requestKey, edit)
	end(err)
	return out, err
}

func (s *store) Candidates(ctx context.Context, q memory.CandidateQuery) (memory.CandidateSet, error) {
	ctx, end := s.t.Begin(ctx, "recall candidates", attribute.String("elderzan.mode", string(q.Mode)))
	out, err := s.Store.Candidates(ctx, q)
	end(err, attribute.Int("elderzan.candidates", len(out.Candidates)), attribute.Bool("elderzan.exact", out.Exact))
	return out, err
}

func (s *store) Search(ctx context.Context, q memory.SearchQuery) (memory.Page, error) {
	ctx, end := s.t.Begin(ctx, "store search")
	out, err := s.Store.Search(ctx, q)
	end(err)
	return out, err
}

// Embedder is an embedder whose work is spans; a nil Tracer returns it as it is.
func (t *Tracer) Embedder(e memory.Embedder) memory.Embedder {
	if t == nil {
		return e
	}
	return &embedder{e, t}
}

type embedder struct {
	inner memory.Embedder
	t     *Tracer
}

func (e *embedder) Documents(ctx context.Context, texts []string, localOnly bool) ([]memory.Embedding, string, error) {
	ctx, end := e.t.Begin(ctx, "embed texts", attribute.Int("elderzan.texts", len(texts)))
	v, space, err := e.inner.Documents(ctx, texts, localOnly)
	end(err)
	return v, space, err
}

func (e *embedder) Query(ctx context.Context, text string, localOnly bool) (map[string]memory.Embedding, bool, error) {
	ctx, end := e.t.Begin(ctx, "embed question")
	v, degraded, err := e.inner.Query(ctx, text, localOnly)
	end(err, attribute.Bool("elderzan.degraded", degraded))
	return v, degraded, err
}

// Classifier is a classifier whose decisions are spans, which do not say how it decided; a nil Tracer returns it as it is.
func (t *Tracer) Classifier(c memory.Classifier) memory.Classifier {
	if t == nil {
		return c
	}
	return &classifier{c, t}
}

type classifier struct {
	inner memory.Classifier
	t     *Tracer
}

func (c *classifier) Classify(ctx context.Context, in scope.Input) (scope.Decision, error) {
	ctx, end := c.t.Begin(ctx, "classify")
	d, err := c.inner.Classify(ctx, in)
	end(err)
	return d, err
}
