package memory

import (
	"context"
	"fmt"

	"github.com/elderzan/elderzan/scope"
)

// Search lists exact, filtered matches page by page. Errors: *InputError (a Cursor of another query among them),
// ErrDenied, and those of the store.
func (s *Service) Search(ctx context.Context, c Caller, q SearchQuery) (Page, error) {
	switch q.Sort {
	case "":
		q.Sort = SortRelevance
	case SortRelevance, SortNewest, SortOldest, SortUpdated:
	default:
		return Page{}, &InputError{Field: "sort", Problem: "is unknown", Hint: "use relevance, newest, oldest or updated"}
	}
	if err := firstError(checkLimit(q.Limit), checkText("text", q.Text, MaxQueryBytes), checkText("cursor", q.Cursor, MaxQueryBytes), checkFilter(&q.Filter)); err != nil {
		return Page{}, err
	}
	if err := s.authorize(ctx, c, "search", nil); err != nil {
		return Page{}, err
	}
	if s.indexer != nil {
		defer s.indexer.Foreground()()
	}
	p, err := s.search(ctx, c, "search", q)
	if err != nil {
		return Page{}, fmt.Errorf("search: %w", err)
	}
	return p, nil
}

// Get returns the memories in the order of ids. Errors: *InputError, *NotFoundError, ErrDenied.
func (s *Service) Get(ctx context.Context, c Caller, ids []ID) ([]Memory, error) {
	if len(ids) == 0 || len(ids) > MaxBatch {
		return nil, &InputError{Field: "ids", Problem: fmt.Sprintf("holds %d ids", len(ids)), Hint: fmt.Sprintf("give 1 to %d", MaxBatch)}
	}
	if err := s.authorize(ctx, c, "recall", nil); err != nil {
		return nil, err
	}
	return s.get(ctx, c, "recall", ids)
}

// ClassifyInput is a text that is not stored, with what would be stored beside it.
type ClassifyInput struct {
	Content  string
	Title    string
	Tags     []string
	Metadata map[string]any
}

// Classify says where a text would be stored and why, and stores nothing.
func (s *Service) Classify(ctx context.Context, c Caller, in ClassifyInput) (scope.Decision, error) {
	tags, err := checkTags(in.Tags)
	if err := firstError(checkContent(in.Content), checkText("title", in.Title, MaxTitleBytes), err, checkMetadata(in.Metadata)); err != nil {
		return scope.Decision{}, err
	}
	if err := s.authorize(ctx, c, "classify", nil); err != nil {
		return scope.Decision{}, err
	}
	m := Memory{Content: in.Content, Title: in.Title, Tags: tags, Metadata: in.Metadata, Project: c.Project}
	return s.classify(ctx, &m, c.Root)
}

// Status counts what is stored.
func (s *Service) Status(ctx context.Context, c Caller) (Stats, error) {
	if err := s.authorize(ctx, c, "status", nil); err != nil {
		return Stats{}, err
	}
	return s.store.Stats(ctx)
}
