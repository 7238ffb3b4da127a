package embed

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Router decides which of two embedders may see a text: the local one, in this process, or a remote provider. Every
// method takes a localOnly; the remote one is reached only where that is false, and no method hands it out. It is
// safe for concurrent use.
type Router struct {
	local  roles
	remote *roles // nil when there is none
}

// roles are the two views of one embedder.
type roles struct{ documents, queries Embedder }

func rolesOf(e Embedder) roles { return roles{documents: ForDocuments(e), queries: ForQueries(e)} }

// NewRouter returns a Router over a local embedder and, unless it is nil, a remote one. Both must give vectors of
// Dim dimensions in spaces of their own.
func NewRouter(local, remote Embedder) (*Router, error) {
	if local == nil {
		return nil, errors.New("embed: a router needs a local embedder")
	}
	for _, e := range []Embedder{local, remote} {
		if e != nil && e.Dim() != Dim {
			return nil, fmt.Errorf("%w: %s has %d dimensions, want %d", ErrDimension, e.Space(), e.Dim(), Dim)
		}
	}
	if remote != nil && remote.Space() == local.Space() {
		return nil, fmt.Errorf("embed: local and remote embedder share the space %q", local.Space())
	}
	r := &Router{local: rolesOf(local)}
	if remote != nil {
		views := rolesOf(remote)
		r.remote = &views
	}
	return r, nil
}

// Remote reports whether texts may leave the process at all.
func (r *Router) Remote() bool { return r.remote != nil }

// Spaces lists the spaces whose vectors Query asks for, the local one first.
func (r *Router) Spaces() []string {
	if r.remote == nil {
		return []string{r.local.queries.Space()}
	}
	return []string{r.local.queries.Space(), r.remote.queries.Space()}
}

// Documents embeds texts to be stored, all in the space it names: the remote one's if there is one and localOnly is
// false. It never falls back to the other, since texts and their questions must meet; the caller tries again later.
func (r *Router) Documents(ctx context.Context, texts []string, localOnly bool) ([][]float32, string, error) {
	e := r.local.documents
	if r.remote != nil && !localOnly {
		e = r.remote.documents
	}
	vectors, err := e.Embed(ctx, texts)
	if err == nil {
		err = check(vectors, len(texts), Dim)
	}
	if err != nil {
		return nil, "", fmt.Errorf("embed documents as %s: %w", e.Space(), err)
	}
	return vectors, e.Space(), nil
}

// Query embeds a question in every space, so that it meets all documents; with localOnly, or without a remote
// embedder, in the local one. When the remote one fails, degraded is true and the local vector stands alone; with
// localOnly it is true too if there is a remote one, since its documents cannot be met.
func (r *Router) Query(ctx context.Context, text string, localOnly bool) (vectors map[string][]float32, degraded bool, err error) {
	var remote []float32
	var remoteErr error
	var other sync.WaitGroup
	if r.remote != nil && !localOnly {
		other.Go(func() { remote, remoteErr = one(ctx, r.remote.queries, text) })
	}
	local, err := one(ctx, r.local.queries, text)
	other.Wait()
	if err != nil {
		return nil, false, fmt.Errorf("embed question as %s: %w", r.local.queries.Space(), err)
	}
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	vectors = map[string][]float32{r.local.queries.Space(): local}
	if remote != nil {
		vectors[r.remote.queries.Space()] = remote
	}
	return vectors, r.remote != nil && (localOnly || remoteErr != nil), nil
}

func one(ctx context.Context, e Embedder, text string) ([]float32, error) {
	vectors, err := e.Embed(ctx, []string{text})
	if err == nil {
		err = check(vectors, 1, Dim)
	}
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}
