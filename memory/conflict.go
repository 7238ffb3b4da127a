package memory

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// OtherText is what somebody else made of a memory at the same time. It waits for a decision.
type OtherText struct {
	Text   string
	Title  string
	Base   string // the text that both sides started from; "" where it is not known
	Author string
	At     time.Time
}

// Conflicts keeps the texts that wait for a decision. It is safe for concurrent use.
type Conflicts interface {
	// Others returns the texts that wait beside m, in the order in which a decision counts them.
	Others(ctx context.Context, m *Memory) ([]OtherText, error)
	// Resolve is Store.Change for a memory with such texts, which are dropped in the same transaction.
	Resolve(ctx context.Context, id ID, requestKey string, edit Edit) (Memory, error)
}

// The decisions that ReviseInput.Resolves names beside the number of a text.
const (
	ResolveCurrent = "current" // the text that stands is right
	ResolveMerged  = "merged"  // Content says what is true of all of them
)

// errSettled is what a decision meets when there is nothing to decide.
var errSettled = &InputError{Field: "resolves", Problem: "finds no text that waits beside this memory", Hint: "leave resolves out"}

// Conflict returns the texts that wait beside a memory. Errors: ErrNotFound, ErrDenied.
func (s *Service) Conflict(ctx context.Context, c Caller, id ID) ([]OtherText, error) {
	ms, err := s.Get(ctx, c, []ID{id})
	if err != nil {
		return nil, err
	}
	return s.others(ctx, &ms[0])
}

func (s *Service) others(ctx context.Context, m *Memory) ([]OtherText, error) {
	if s.conflicts == nil {
		return nil, nil
	}
	others, err := s.conflicts.Others(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("texts that wait: %w", err)
	}
	return others, nil
}

// decide turns a decision into the content and title that it means.
func (s *Service) decide(in *ReviseInput, others []OtherText) error {
	n, err := strconv.Atoi(in.Resolves)
	switch {
	case in.Resolves == ResolveCurrent && in.Content == nil:
	case in.Resolves == ResolveMerged && in.Content != nil:
	case err == nil && n >= 1 && n <= len(others) && in.Content == nil:
		in.Content, in.Title = &others[n-1].Text, &others[n-1].Title
	default:
		return &InputError{Field: "resolves", Problem: "is no decision",
			Hint: fmt.Sprintf("use %s, a number from 1 to %d, or %s with content", ResolveCurrent, len(others), ResolveMerged)}
	}
	return nil
}
