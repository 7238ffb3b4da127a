package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ForgetInput names what to forget: either IDs, or Query with Confirm.
type ForgetInput struct {
	IDs     []ID
	Query   string // words; all matches of the filter are forgotten
	Filter  Filter
	Confirm bool // yes to forgetting what Query matches
	Purge   bool // for good, from every engine, now
	Reason  string
}

// ForgetResult says what was forgotten, or, for an unconfirmed query, what would be.
type ForgetResult struct {
	Forgotten   []ID
	WouldForget []Memory // set instead of Forgotten when confirmation is missing
	Total       int      // of the matches of Query
	Until       time.Time
}

// Forget takes memories out of every answer. They can be brought back with Revise for ForgetGrace; with Purge they
// are gone at once. A Query without Confirm changes nothing and returns what it would forget; with it, at most
// MaxBatch are forgotten in one call. Errors: *InputError, *NotFoundError, ErrDenied, and those of the store.
func (s *Service) Forget(ctx context.Context, c Caller, in ForgetInput) (ForgetResult, error) {
	if err := checkForget(&in); err != nil {
		return ForgetResult{}, err
	}
	var res ForgetResult
	if len(in.IDs) == 0 {
		if err := s.authorize(ctx, c, "search", nil); err != nil {
			return res, err
		}
		p, err := s.search(ctx, c, "forget", SearchQuery{Text: in.Query, Filter: in.Filter, Sort: SortRelevance, Limit: MaxBatch})
		if err != nil {
			return res, fmt.Errorf("forget: %w", err)
		}
		res.Total = p.Total
		if !in.Confirm {
			res.WouldForget = p.Memories
			return res, nil
		}
		for _, m := range p.Memories {
			in.IDs = append(in.IDs, m.ID)
		}
		if len(in.IDs) == 0 {
			return res, nil
		}
	}
	ms, err := s.store.Get(ctx, in.IDs)
	var missing *NotFoundError
	if in.Purge && c.RequestKey != "" && errors.As(err, &missing) { // this may be a call again that has purged them
		there := slices.DeleteFunc(slices.Clone(in.IDs), func(id ID) bool { return slices.Contains(missing.IDs, id) })
		ms, err = s.store.Get(ctx, there)
	}
	if err != nil {
		return res, err
	}
	for i := range ms {
		if err := s.authorize(ctx, c, "forget", &ms[i]); err != nil {
			return res, err
		}
	}
	if in.Purge {
		a := s.audit(c, "purge")
		a.Reason = in.Reason
		if err := s.store.Purge(ctx, in.IDs, c.RequestKey, a); err != nil {
			return res, fmt.Errorf("purge: %w", err)
		}
		res.Forgotten = in.IDs
		return res, nil
	}
	res.Until = s.now().UTC().Add(ForgetGrace)
	for _, m := range ms {
		if err := s.forgetOne(ctx, c, m.ID, in.Reason); err != nil {
			return res, err
		}
		res.Forgotten = append(res.Forgotten, m.ID)
	}
	return res, nil
}

func (s *Service) forgetOne(ctx context.Context, c Caller, id ID, reason string) error {
	_, err := s.store.Change(ctx, id, requestKey(c, id), func(cur *Memory) (Audit, error) {
		a := s.audit(c, "forget")
		a.Subject, a.From, a.To, a.Reason = id, cur.Scope, cur.Scope, reason
		if cur.State != Forgotten {
			cur.ForgottenAt = s.now().UTC().Truncate(time.Millisecond)
		}
		cur.State, cur.UpdatedAt = Forgotten, s.now().UTC().Truncate(time.Millisecond)
		return a, nil
	})
	if err != nil {
		return fmt.Errorf("forget: %w", err)
	}
	return nil
}

func checkForget(in *ForgetInput) error {
	in.Query = strings.TrimSpace(in.Query) // blanks match everything
	switch {
	case len(in.IDs) == 0 && in.Query == "":
		return &InputError{Field: "id", Problem: "is missing", Hint: "give an id, or a query with confirm=true"}
	case len(in.IDs) > 0 && in.Query != "":
		return &InputError{Field: "query", Problem: "came together with an id", Hint: "give one of the two"}
	case len(in.IDs) > MaxBatch:
		return &InputError{Field: "ids", Problem: fmt.Sprintf("holds %d ids; the limit is %d", len(in.IDs), MaxBatch)}
	}
	return firstError(checkText("query", in.Query, MaxQueryBytes), checkText("reason", in.Reason, MaxTitleBytes), checkFilter(&in.Filter))
}
