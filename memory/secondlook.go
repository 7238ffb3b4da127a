package memory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// Second judges a text again by what it means, when its vector is there, where a model that does so is live. It never speaks for less
// than the first judgement.
type Second interface {
	// Looks names the embedding space of the vectors it judges by; "" while it judges nothing.
	Looks() string
	// Look reports whether a text, of which the classifier said d, is sensitive after all.
	Look(in scope.Input, d scope.Decision, vector []float32, space string) (raise bool, confidence float64, reason string)
}

// Looker is asked about a memory again when its vector is there, before the vector is kept and before a remote provider sees the
// text. *Service is one.
type Looker interface {
	// Looks is Second.Looks. It may wait until that is known.
	Looks(ctx context.Context) (string, error)
	// LookAgain makes the memory PRIVATE if it looks sensitive. It reports whether what was made of its text is void: for that reason,
	// or because that version of it is no more.
	LookAgain(ctx context.Context, id ID, version int, vector []float32, space string) (void bool, err error)
}

var _ Looker = (*Service)(nil)

// Looks returns the embedding space of the vectors by which memories are judged again; "" while they are not. While it is not "",
// nothing may leave the machine of a memory that waits for its embedding.
func (s *Service) Looks(context.Context) (string, error) {
	if s.second == nil {
		return "", nil
	}
	return s.second.Looks(), nil
}

// LookAgain makes the memory PRIVATE if the second look finds it sensitive, in one transaction with its audit entry. What someone
// confirmed to be no secret stays where it is, and so does what was changed since: its new version waits for a look of its own.
func (s *Service) LookAgain(ctx context.Context, id ID, version int, vector []float32, space string) (bool, error) {
	if s.second == nil {
		return false, nil
	}
	got, err := s.store.Get(ctx, []ID{id})
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look again: %w", err)
	}
	before := got[0]
	if before.Version != version || before.Scope == scope.Private {
		return before.Version != version, nil
	}
	m := before
	d, err := s.classify(ctx, &m, "")
	if err != nil {
		return false, fmt.Errorf("look again: %w", err)
	}
	if d.Sensitive || !s.raised(&m, &d, vector, space) || confirmed(before, d.Rules()) {
		return false, nil
	}
	_, err = s.store.Change(ctx, id, "", func(cur *Memory) (Audit, error) {
		if cur.Version != version {
			return Audit{}, errNotDue
		}
		a := s.audit(Caller{}, "second-look")
		a.Subject, a.From, a.To, a.Rules, a.Reason = id, cur.Scope, scope.Private, d.Rules(), d.Reasons[len(d.Reasons)-1]
		cur.Scope, cur.Sensitive, cur.Rules, cur.Confidence, cur.Overridden = scope.Private, true, d.Rules(), d.Confidence, false
		cur.UpdatedAt = s.now().UTC().Truncate(time.Millisecond)
		return a, nil
	})
	switch {
	case errors.Is(err, errNotDue), errors.Is(err, ErrNotFound):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("look again: %w", err)
	}
	if s.indexer != nil {
		s.indexer.Wake()
	}
	return true, nil
}

// raised asks for the second look at m, of which the classifier said d, and lets d say what comes of it.
func (s *Service) raised(m *Memory, d *scope.Decision, vector []float32, space string) bool {
	raise, confidence, reason := s.second.Look(input(m, ""), *d, vector, space)
	if !raise {
		return false
	}
	scope.Raise(d, len(m.Content), confidence, reason)
	m.Sensitive, m.Rules, m.Confidence = d.Sensitive, d.Rules(), d.Confidence
	return true
}

// classifyBoth is classify with the second look at once, for a text that may leave the machine when the call ends and for one that is
// looked at again: what was embedded long ago waits for none.
func (s *Service) classifyBoth(ctx context.Context, m *Memory, root string) (scope.Decision, error) {
	d, err := s.classify(ctx, m, root)
	if err != nil || d.Sensitive || s.second == nil {
		return d, err
	}
	looks := s.second.Looks()
	if looks == "" {
		return d, nil
	}
	rows, space, err := s.embedder.Documents(ctx, []string{m.EmbeddingText()}, true)
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("%d vectors for one text", len(rows))
	}
	if err != nil {
		return d, fmt.Errorf("look again: embed: %w", err)
	}
	s.raised(m, &d, rows[0].Vector, space)
	return d, nil
}

// input is what a classifier is told of m.
func input(m *Memory, root string) scope.Input {
	return scope.Input{Title: m.Title, Content: m.Content, Tags: m.Tags, Metadata: m.Metadata, Project: m.Project, Root: root}
}
