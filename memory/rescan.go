package memory

import (
	"context"
	"errors"
	"fmt"

	"github.com/elderzan/elderzan/scope"
)

// RescanPage is what looking again at some memories brought.
type RescanPage struct {
	Checked   int      `json:"checked"`
	Moved     []Moved  `json:"moved,omitempty"`     // made PRIVATE
	Confirmed []Moved  `json:"confirmed,omitempty"` // look sensitive, and a person said before that they may stay
	Next      string   `json:"next_cursor,omitempty"`
	Total     int      `json:"total"`
	Warnings  []string `json:"warnings,omitempty"`
}

// Moved is a memory that looks sensitive, by the rules that say so and never with its text.
type Moved struct {
	ID    ID       `json:"id"`
	From  string   `json:"from"`
	Rules []string `json:"rules"`
}

// rescanPage is how many memories one call looks at.
const rescanPage = 100

// Rescan classifies stored memories anew, by rules and by what was learnt of words and vectors, a page at a time from cursor on, and makes
// PRIVATE at once what looks sensitive today. What someone confirmed to be no secret stays where it is, unless it lies in a cloud scope and
// other rules speak now. Each move is audited; the texts are in no answer. The last page has no Next.
func (s *Service) Rescan(ctx context.Context, c Caller, cursor string) (RescanPage, error) {
	if err := s.authorize(ctx, c, "rescan", nil); err != nil {
		return RescanPage{}, err
	}
	p, err := s.store.Search(ctx, SearchQuery{
		Filter: Filter{States: []State{Active, Superseded, Archived, Forgotten}, Scopes: []scope.Scope{scope.Project, scope.Shared, scope.Global}},
		Sort:   SortOldest, Cursor: cursor, Limit: rescanPage,
	})
	if err != nil {
		return RescanPage{}, fmt.Errorf("rescan: %w", err)
	}
	out := RescanPage{Checked: len(p.Memories), Next: p.NextCursor, Total: p.Total}
	for _, m := range p.Memories {
		if err := s.rescanOne(ctx, c, m, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (s *Service) rescanOne(ctx context.Context, c Caller, m Memory, out *RescanPage) error {
	before := m
	d, err := s.classifyBoth(ctx, &m, c.Root)
	if err != nil {
		return fmt.Errorf("rescan %s: %w", m.ID, err)
	}
	if !d.Sensitive || before.Scope == scope.Private {
		return nil
	}
	found := Moved{ID: m.ID, From: before.Scope.String(), Rules: d.Rules()}
	if confirmed(before, found.Rules) {
		out.Confirmed = append(out.Confirmed, found)
		return nil
	}
	_, err = s.store.Change(ctx, m.ID, "", func(cur *Memory) (Audit, error) {
		if cur.Version != before.Version {
			return Audit{}, errNotDue // its change was classified by the rules of today
		}
		a := s.audit(c, "rescan")
		a.Subject, a.From, a.To, a.Rules, a.Reason = cur.ID, cur.Scope, scope.Private, found.Rules, "looks sensitive by the rules of today"
		cur.Scope, cur.Sensitive, cur.Rules, cur.Confidence, cur.Overridden = scope.Private, true, found.Rules, d.Confidence, false
		cur.UpdatedAt = s.now().UTC()
		return a, nil
	})
	switch {
	case errors.Is(err, errNotDue), errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("rescan %s: %w", m.ID, err)
	}
	out.Moved = append(out.Moved, found)
	return nil
}

// confirmed reports whether someone let m stay although it looked sensitive: on this machine whatever speaks now, in a
// cloud scope only if no rule speaks that did not then.
func confirmed(m Memory, rules []string) bool {
	if !m.Overridden || !m.Sensitive {
		return false
	}
	if !m.Scope.Cloud() {
		return true
	}
	known := make(map[string]bool, len(m.Rules))
	for _, r := range m.Rules {
		known[r] = true
	}
	for _, r := range rules {
		if !known[r] {
			return false
		}
	}
	return true
}
