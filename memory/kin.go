package memory

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// PairKind says what two memories have to do with each other.
type PairKind string

// The kinds of pairs.
const (
	PairNear     PairKind = "near"     // near-duplicates; the weight is the cosine of their vectors
	PairTogether PairKind = "together" // came back in the same recall; the weight is how often
)

// Pair joins two memories, in no order.
type Pair struct {
	A, B   ID
	Kind   PairKind
	Weight float64
	At     time.Time // when the pair was last seen; set by the store
}

// Kindred is a memory that is like another.
type Kindred struct {
	Memory Memory
	Cosine float64 // of the two vectors
}

// Kin knows which memories are like each other and which are used together. *storage.Store is one.
type Kin interface {
	// Unlinked returns the memories of up to n vectors that were stored after those that Link was last told of, and
	// the number of the last of these vectors. None means that there is nothing to do.
	Unlinked(ctx context.Context, n int) (ids []ID, upTo int64, err error)
	// Near returns the k memories under the filter that are most like the memory id by the vectors on record, the most
	// alike first; none while it waits for its embedding. No text is embedded for it.
	Near(ctx context.Context, id ID, f Filter, k int) ([]Kindred, error)
	// Link records pairs: a near pair replaces the one on record, a pair used together adds its weight. upTo, unless
	// it is 0, is what Unlinked returned.
	Link(ctx context.Context, pairs []Pair, upTo int64) error
	// Linked returns up to n pairs of each kind with the memory id as A, the strongest first.
	Linked(ctx context.Context, id ID, n int) ([]Pair, error)
}

// MergeInput names memories that say the same as another.
type MergeInput struct {
	ID    ID   // the one that stays
	Merge []ID // those that become its history; 1 to MaxBatch
}

// Merge lets one memory stand for others that say the same: they become its history, as if it had superseded each, and
// it takes over their tags, pin and importance. What is narrower in scope than the one that stays gives it nothing of
// itself. Merging twice is merging once. Errors: *InputError, *NotFoundError, ErrDenied, and those of the store.
func (s *Service) Merge(ctx context.Context, c Caller, in MergeInput) (Memory, error) {
	if err := checkMerge(in); err != nil {
		return Memory{}, err
	}
	ms, err := s.store.Get(ctx, append([]ID{in.ID}, in.Merge...))
	if err != nil {
		return Memory{}, err
	}
	for i := range ms {
		if err := s.authorize(ctx, c, "revise", &ms[i]); err != nil {
			return Memory{}, err
		}
	}
	keep, others := ms[0], ms[1:]
	if err := mergeable(&keep, others); err != nil {
		return Memory{}, err
	}
	out, err := s.store.Change(ctx, keep.ID, requestKey(c, keep.ID)+mergeKey(c), func(cur *Memory) (Audit, error) {
		for i := range others {
			takeOver(cur, &others[i])
		}
		cur.UpdatedAt = s.now().UTC().Truncate(time.Millisecond)
		a := s.audit(c, "merge")
		a.Subject, a.From, a.To, a.Reason = cur.ID, cur.Scope, cur.Scope, fmt.Sprintf("stands for %d others that say the same", len(others))
		return a, nil
	})
	if err != nil {
		return Memory{}, fmt.Errorf("merge: %w", err)
	}
	for i := range others {
		if err := s.mergeAway(ctx, c, others[i].ID, keep.ID); err != nil {
			return out, err
		}
	}
	return out, nil
}

// mergeKey keeps the two changes of one request to the same memory apart: merging and revising.
func mergeKey(c Caller) string {
	if c.RequestKey == "" {
		return ""
	}
	return "/merge"
}

func (s *Service) mergeAway(ctx context.Context, c Caller, id, into ID) error {
	_, err := s.store.Change(ctx, id, requestKey(c, id), func(cur *Memory) (Audit, error) {
		a := s.audit(c, "merge")
		a.Subject, a.From, a.To, a.Reason = id, cur.Scope, cur.Scope, "merged into "+string(into)
		cur.State, cur.SupersededBy, cur.UpdatedAt = Superseded, into, s.now().UTC().Truncate(time.Millisecond)
		return a, nil
	})
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	return nil
}

// takeOver gives cur what is worth keeping of other beside its text.
func takeOver(cur, other *Memory) {
	if cur.Scope.WiderThan(other.Scope) {
		return
	}
	for _, tag := range other.Tags {
		if !slices.Contains(cur.Tags, tag) && len(cur.Tags) < MaxTags {
			cur.Tags = append(cur.Tags, tag)
		}
	}
	cur.Pinned = cur.Pinned || other.Pinned
	cur.Importance = max(cur.Importance, other.Importance)
}

func checkMerge(in MergeInput) error {
	switch {
	case in.ID == "":
		return &InputError{Field: "id", Problem: "is missing", Hint: "give the id of the memory that stays"}
	case len(in.Merge) == 0:
		return &InputError{Field: "merge", Problem: "is empty", Hint: "give the ids of the memories that say the same"}
	case len(in.Merge) > MaxBatch:
		return &InputError{Field: "merge", Problem: fmt.Sprintf("holds %d ids; the limit is %d", len(in.Merge), MaxBatch)}
	case slices.Contains(in.Merge, in.ID):
		return &InputError{Field: "merge", Problem: "holds the id of the memory that stays"}
	}
	return nil
}

func mergeable(keep *Memory, others []Memory) error {
	if keep.State != Active {
		return &InputError{Field: "id", Problem: "is " + string(keep.State), Hint: "restore it with revise, or merge into an active memory"}
	}
	for i := range others {
		o := &others[i]
		switch {
		case o.State == Forgotten:
			return &InputError{Field: "merge", Problem: "holds " + string(o.ID) + ", which is forgotten", Hint: "leave it out"}
		case o.State == Superseded && o.SupersededBy != keep.ID:
			return &InputError{Field: "merge", Problem: "holds " + string(o.ID) + ", which was superseded already", Hint: "leave it out"}
		}
	}
	return nil
}
