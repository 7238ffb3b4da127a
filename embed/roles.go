package embed

// Roles is what an Embedder also offers when it treats questions and the documents that answer them differently: by
// another prompt, or by letting questions pass. Both views share the space and everything else.
type Roles interface {
	ForDocuments() Embedder
	ForQueries() Embedder
}

// ForDocuments returns the view of e for texts to be stored: e itself unless it has Roles.
func ForDocuments(e Embedder) Embedder {
	if r, ok := e.(Roles); ok {
		return r.ForDocuments()
	}
	return e
}

// ForQueries returns the view of e for questions: e itself unless it has Roles.
func ForQueries(e Embedder) Embedder {
	if r, ok := e.(Roles); ok {
		return r.ForQueries()
	}
	return e
}
