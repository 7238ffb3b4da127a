package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Limiter is an Authorizer that lets some callers do an action with some memories only.
type Limiter interface {
	// Limits returns which memories the caller may do the action with; nil means every one.
	Limits(c Caller, action string) func(*Memory) bool
}

// Authorize asks the Authorizer about an action that is not one of the Service's own, such as reading the audit log or
// changing the keys, and records a refusal. It returns an error wrapping ErrDenied.
func (s *Service) Authorize(ctx context.Context, c Caller, action string) error {
	return s.authorize(ctx, c, action, nil)
}

// limits returns which memories the caller may do the action with; nil means every one.
func (s *Service) limits(c Caller, action string) func(*Memory) bool {
	if l, ok := s.authorizer.(Limiter); ok {
		return l.Limits(c, action)
	}
	return nil
}

// authorizeAll is authorize for what cannot be told apart by memory: who may see some memories only is refused.
func (s *Service) authorizeAll(ctx context.Context, c Caller, action string) error {
	if err := s.authorize(ctx, c, action, nil); err != nil {
		return err
	}
	if s.limits(c, action) == nil {
		return nil
	}
	a := s.audit(c, "denied")
	a.Reason = action + " of everything"
	return errors.Join(fmt.Errorf("%w: it shows memories of every project", ErrDenied), s.store.Note(ctx, a))
}

// get reads memories as far as the caller may see them: others are not found.
func (s *Service) get(ctx context.Context, c Caller, action string, ids []ID) ([]Memory, error) {
	ms, err := s.store.Get(ctx, ids)
	keep := s.limits(c, action)
	if err != nil || keep == nil {
		return ms, err
	}
	var hidden []ID
	for i := range ms {
		if !keep(&ms[i]) {
			hidden = append(hidden, ms[i].ID)
		}
	}
	if len(hidden) > 0 {
		return nil, &NotFoundError{IDs: hidden}
	}
	return ms, nil
}

// search lists memories as far as the caller may see them. For a caller who may not see all, Total counts the page.
func (s *Service) search(ctx context.Context, c Caller, action string, q SearchQuery) (Page, error) {
	p, err := s.store.Search(ctx, q)
	keep := s.limits(c, action)
	if err != nil || keep == nil {
		return p, err
	}
	p.Memories = slices.DeleteFunc(p.Memories, func(m Memory) bool { return !keep(&m) })
	p.Total = len(p.Memories)
	return p, nil
}
