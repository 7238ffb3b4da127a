package embed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Router decides which embedders may see a text: the local one, in this process, or a remote provider. Every method
// takes a localOnly; a remote one is reached only where that is false, and no method hands it out. It is safe for
// concurrent use.
type Router struct {
	local  roles
	remote *roles // nil when there is none
	former []former
}

// Former is an embedder of vectors that are still stored, from before the model was changed. It is asked for the
// vectors of questions until the documents have been embedded anew.
type Former struct {
	Embedder Embedder
	Remote   bool // it is not in this process
}

type former struct {
	queries Embedder
	remote  bool
}

// roles are the two views of one embedder.
type roles struct{ documents, queries Embedder }

func rolesOf(e Embedder) roles { return roles{documents: ForDocuments(e), queries: ForQueries(e)} }

// NewRouter returns a Router over a local embedder, unless it is nil a remote one, and former ones. All must give
// vectors of Dim dimensions in spaces of their own.
func NewRouter(local, remote Embedder, formers ...Former) (*Router, error) {
	if local == nil {
		return nil, errors.New("embed: a router needs a local embedder")
	}
	all := []Embedder{local}
	if remote != nil {
		all = append(all, remote)
	}
	r := &Router{local: rolesOf(local)}
	for _, f := range formers {
		all = append(all, f.Embedder)
		r.former = append(r.former, former{queries: ForQueries(f.Embedder), remote: f.Remote})
	}
	spaces := make(map[string]bool)
	for _, e := range all {
		if e.Dim() != Dim {
			return nil, fmt.Errorf("%w: %s has %d dimensions, want %d", ErrDimension, e.Space(), e.Dim(), Dim)
		}
		if spaces[e.Space()] {
			return nil, fmt.Errorf("embed: two embedders share the space %q", e.Space())
		}
		spaces[e.Space()] = true
	}
	if remote != nil {
		views := rolesOf(remote)
		r.remote = &views
	}
	return r, nil
}

// Remote reports whether texts may leave the process at all.
func (r *Router) Remote() bool {
	return r.remote != nil || slices.ContainsFunc(r.former, func(f former) bool { return f.remote })
}

// Spaces lists the spaces that Query asks for: the local one, the remote one if there is one, then the former ones.
func (r *Router) Spaces() []string {
	spaces := []string{r.local.queries.Space()}
	for _, f := range r.others() {
		spaces = append(spaces, f.queries.Space())
	}
	return spaces
}

// others lists what Query asks beside the local embedder.
func (r *Router) others() []former {
	if r.remote == nil {
		return r.former
	}
	return append([]former{{queries: r.remote.queries, remote: true}}, r.former...)
}

// Documents embeds texts to be stored, all in the space it names: the remote one's if there is one and localOnly is
// false. It never falls back to the other, since texts and their questions must meet; the caller tries again later.
func (r *Router) Documents(ctx context.Context, texts []string, localOnly bool) ([]Embedding, string, error) {
	e := r.local.documents
	if r.remote != nil && !localOnly {
		e = r.remote.documents
	}
	rows, err := checked(ctx, e, texts, Dim)
	if err != nil {
		return nil, "", fmt.Errorf("embed documents as %s: %w", e.Space(), err)
	}
	return rows, e.Space(), nil
}

// Query embeds a question in every space, so that it meets all documents; with localOnly in those of this process.
// degraded says that a space could not be asked, because it failed or must not see the text: the other vectors stand
// without it. Only the local embedder must succeed.
func (r *Router) Query(ctx context.Context, text string, localOnly bool) (rows map[string]Embedding, degraded bool, err error) {
	others := r.others()
	answers := make([]Embedding, len(others))
	var calls sync.WaitGroup
	for i, f := range others {
		if f.remote && localOnly {
			continue
		}
		calls.Go(func() { answers[i], _ = one(ctx, f.queries, text) })
	}
	local, err := one(ctx, r.local.queries, text)
	calls.Wait()
	if err != nil {
		return nil, false, fmt.Errorf("embed question as %s: %w", r.local.queries.Space(), err)
	}
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	rows = map[string]Embedding{r.local.queries.Space(): local}
	for i, row := range answers {
		if row.Vector == nil {
			degraded = true
			continue
		}
		rows[others[i].queries.Space()] = row
	}
	return rows, degraded, nil
}

func one(ctx context.Context, e Embedder, text string) (Embedding, error) {
	rows, err := checked(ctx, e, []string{text}, Dim)
	if err != nil {
		return Embedding{}, err
	}
	return rows[0], nil
}
