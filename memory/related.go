package memory

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// Relative is a memory that has to do with another.
type Relative struct {
	Memory Memory
	Score  float64  // in [0, 1]
	Why    []string // what joins the two
	Near   bool     // says nearly the same and may be merged
}

// together is what a pair gains each time the number of recalls that returned both doubles: a habit weighs as much as a
// fair difference in meaning, never as much as the meaning itself.
const together = 0.06

// Related returns up to limit active memories that have to do with the memory id, the closest first: what is near in
// meaning, by the vectors on record, and what came back together with it. A memory that waits for its embedding is asked
// about by its own words. Nothing is shown to a remote embedder. Errors: *InputError, *NotFoundError, ErrDenied.
func (s *Service) Related(ctx context.Context, c Caller, id ID, limit int) ([]Relative, error) {
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	ms, err := s.Get(ctx, c, []ID{id})
	if err != nil {
		return nil, err
	}
	if s.kin == nil {
		return s.relatedByText(ctx, c, &ms[0], limit)
	}
	near, err := s.kin.Near(ctx, id, Filter{}, 2*limit)
	if err != nil {
		return nil, fmt.Errorf("related: %w", err)
	}
	pairs, err := s.kin.Linked(ctx, id, 2*limit)
	if err != nil {
		return nil, fmt.Errorf("related: %w", err)
	}
	if len(near)+len(pairs) == 0 {
		return s.relatedByText(ctx, c, &ms[0], limit)
	}
	if keep := s.limits(c, "recall"); keep != nil {
		near = slices.DeleteFunc(near, func(k Kindred) bool { return !keep(&k.Memory) })
		pairs = nil // who they belong to is not known here
	}
	return s.join(ctx, near, pairs, limit)
}

// join scores the union of both sources.
func (s *Service) join(ctx context.Context, near []Kindred, pairs []Pair, limit int) ([]Relative, error) {
	byID := make(map[ID]*Relative, len(near))
	order := make([]*Relative, 0, len(near))
	add := func(m Memory) *Relative {
		r := &Relative{Memory: m}
		byID[m.ID] = r
		order = append(order, r)
		return r
	}
	for i := range near {
		r := add(near[i].Memory)
		r.Score = max(0, near[i].Cosine)
		r.Why = []string{fmt.Sprintf("close in meaning (%.2f)", near[i].Cosine)}
	}
	var missing []ID
	for _, p := range pairs {
		if byID[p.B] == nil && !slices.Contains(missing, p.B) {
			missing = append(missing, p.B)
		}
	}
	if len(missing) > 0 {
		rest, err := s.store.Get(ctx, missing)
		if err != nil {
			return nil, fmt.Errorf("related: %w", err)
		}
		for _, m := range rest {
			if m.State == Active {
				add(m)
			}
		}
	}
	for _, p := range pairs {
		if r := byID[p.B]; r != nil {
			r.join(p)
		}
	}
	slices.SortStableFunc(order, func(a, b *Relative) int { return cmp.Compare(b.Score, a.Score) })
	out := make([]Relative, 0, limit)
	for _, r := range order[:min(len(order), limit)] {
		if r.Memory.ExpiresAt.IsZero() || r.Memory.ExpiresAt.After(s.now()) {
			out = append(out, *r)
		}
	}
	return out, nil
}

func (r *Relative) join(p Pair) {
	switch p.Kind {
	case PairNear:
		r.Near = true
		r.Why = append(r.Why, "says nearly the same")
	case PairTogether:
		r.Score = min(1, r.Score+together*math.Log2(1+p.Weight))
		r.Why = append(r.Why, fmt.Sprintf("came back together %d times", int(p.Weight)))
	}
}

// relatedByText asks for what m itself says.
func (s *Service) relatedByText(ctx context.Context, c Caller, m *Memory, limit int) ([]Relative, error) {
	query := clip(m.EmbeddingText(), MaxQueryBytes-len("…"))
	res, err := s.Recall(ctx, c, RecallInput{Query: query, Limit: min(limit+1, MaxLimit), LocalOnly: true, MaxTokens: MaxMaxTokens, Explain: true})
	if err != nil {
		return nil, err
	}
	var out []Relative
	for i := range res.Memories {
		if r := &res.Memories[i]; r.Memory.ID != m.ID && len(out) < limit {
			out = append(out, Relative{Memory: *r.Memory, Score: r.Score, Why: r.Why})
		}
	}
	return out, nil
}

// Duplicates returns the ids of the active memories that say nearly the same as the memory id, the most alike first.
func (s *Service) Duplicates(ctx context.Context, c Caller, id ID) ([]ID, error) {
	if s.kin == nil {
		return nil, nil
	}
	if err := s.authorize(ctx, c, "recall", nil); err != nil || s.limits(c, "recall") != nil {
		return nil, err
	}
	pairs, err := s.kin.Linked(ctx, id, DefaultLimit)
	if err != nil {
		return nil, fmt.Errorf("duplicates: %w", err)
	}
	var ids []ID
	for _, p := range pairs {
		if p.Kind == PairNear {
			ids = append(ids, p.B)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	ms, err := s.store.Get(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("duplicates: %w", err)
	}
	ids = ids[:0]
	for i := range ms {
		if ms[i].State == Active {
			ids = append(ids, ms[i].ID)
		}
	}
	return ids, nil
}
