package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// RememberInput is a text to keep.
type RememberInput struct {
	Content    string
	Title      string
	Kind       string // "" lets the classifier name it
	Tags       []string
	Scope      scope.Scope // 0 lets the classifier decide
	Project    string      // "" means the caller's
	Team       string
	OccurredAt time.Time
	ExpiresIn  time.Duration // 0 means never
	Supersedes ID
	Metadata   map[string]any
	Importance float64 // in [0, 1]; 0 means not stated
	Pinned     bool
	Override   bool // keep Scope even where a detector asks for PRIVATE
	Wait       bool // return only when the vector is there too
	Ask        Ask  // may be nil
}

// RememberResult says what became of it.
type RememberResult struct {
	Memory      Memory
	Decision    scope.Decision
	DuplicateOf ID // set when the same text was there already; Memory is that one
	Warnings    []string
}

// Remember classifies in and stores it durably. The text never travels further than its scope allows: where a
// detector asks for PRIVATE, a wider scope needs Override, and a cloud scope a yes from the person as well;
// without it the memory is kept PRIVATE and Warnings says so. Errors: *InputError, ErrDenied, *NotFoundError for
// Supersedes, and those of the store.
func (s *Service) Remember(ctx context.Context, c Caller, in RememberInput) (RememberResult, error) {
	if err := checkRemember(&in); err != nil {
		return RememberResult{}, err
	}
	probe := s.draft(c, in)
	if err := s.authorize(ctx, c, "remember", &probe); err != nil {
		return RememberResult{}, err
	}
	if err := s.authorizeSupersede(ctx, c, in.Supersedes); err != nil {
		return RememberResult{}, err
	}
	if s.indexer != nil {
		defer s.indexer.Foreground()()
	}
	m := s.draft(c, in)
	d, err := s.classify(ctx, &m, c.Root)
	if err != nil {
		return RememberResult{}, err
	}
	res := RememberResult{Decision: d}
	a := s.audit(c, "remember")
	if err := s.decideScope(ctx, &m, in, d, &a, &res.Warnings); err != nil {
		return RememberResult{}, err
	}
	if m.Scope.Cloud() && !s.cloud() {
		res.Warnings = append(res.Warnings, fmt.Sprintf("no cloud is configured: the %s memory stays on this machine until one is", m.Scope))
	}
	if m.Kind == "" {
		m.Kind = d.Knowledge.Name
	}
	if m.Kind == "" {
		m.Kind = "note"
	}
	a.Subject, a.To, a.Rules = m.ID, m.Scope, m.Rules
	st, err := s.store.Put(ctx, Put{Memory: m, Supersede: in.Supersedes, RequestKey: c.RequestKey, Audit: a})
	if err != nil {
		return RememberResult{}, fmt.Errorf("remember: %w", err)
	}
	res.Memory, res.DuplicateOf = st.Memory, st.DuplicateOf
	if res.DuplicateOf == "" && in.Scope != 0 && m.Scope == in.Scope && (!d.Sensitive || m.Overridden) {
		s.corrected(&m, c.Root, d, in.Scope == scope.Private)
	}
	s.journal.Remembered(c, st.ID)
	if res.DuplicateOf == "" && s.indexer != nil {
		s.indexer.Wake()
		if in.Wait {
			if err := s.indexer.WaitIdle(ctx); err != nil {
				res.Warnings = append(res.Warnings, "stored, but not embedded yet; until then its words find it")
			}
		}
	}
	return res, nil
}

// authorizeSupersede asks for the right to change the memory that a new one replaces.
func (s *Service) authorizeSupersede(ctx context.Context, c Caller, old ID) error {
	if old == "" || s.authorizer == nil {
		return nil
	}
	ms, err := s.store.Get(ctx, []ID{old})
	if err != nil {
		return err
	}
	return s.authorize(ctx, c, "revise", &ms[0])
}

// draft turns the input into a memory that has everything but its scope.
func (s *Service) draft(c Caller, in RememberInput) Memory {
	now := s.now().UTC().Truncate(time.Millisecond)
	m := Memory{
		ID: NewID(), Content: in.Content, Title: in.Title, Kind: in.Kind, Tags: in.Tags, Project: in.Project, Team: in.Team,
		Session: c.Session, Author: c.User, Client: c.Client, Trust: c.Trust, Metadata: in.Metadata, State: Active, Version: 1,
		Supersedes: in.Supersedes, Importance: in.Importance, Pinned: in.Pinned, CreatedAt: now, UpdatedAt: now,
	}
	if m.Project == "" {
		m.Project = c.Project
	}
	if m.Trust == "" {
		m.Trust = TrustAgent
	}
	if !in.OccurredAt.IsZero() {
		m.OccurredAt = in.OccurredAt.UTC().Truncate(time.Millisecond)
	}
	if in.ExpiresIn > 0 {
		m.ExpiresAt = now.Add(in.ExpiresIn)
	}
	return m
}

// classify runs the detectors over everything that would be stored of m, and writes what they found into m.
func (s *Service) classify(ctx context.Context, m *Memory, root string) (scope.Decision, error) {
	d, err := s.classifier.Classify(ctx, input(m, root))
	if err != nil {
		return d, fmt.Errorf("classify: %w", err)
	}
	m.Sensitive, m.Rules, m.Confidence = d.Sensitive, d.Rules(), d.Confidence
	return d, nil
}

// decideScope settles between what was asked for and what the classifier says.
func (s *Service) decideScope(ctx context.Context, m *Memory, in RememberInput, d scope.Decision, a *Audit, warn *[]string) error {
	m.Scope = d.Scope
	if in.Scope == 0 || in.Scope == d.Scope {
		a.Reason = "classified"
		return nil
	}
	if !d.Sensitive {
		m.Scope, m.Overridden, a.Reason = in.Scope, true, "scope asked for"
		if in.Scope.WiderThan(d.Scope) {
			*warn = append(*warn, fmt.Sprintf("stored as %s as asked; the classifier suggests %s", in.Scope, d.Scope))
		}
		return nil
	}
	if in.Scope == scope.Private {
		m.Scope, a.Reason = in.Scope, "scope asked for"
		return nil
	}
	return s.overrideSensitive(ctx, m, in, d, a, warn)
}

func (s *Service) overrideSensitive(ctx context.Context, m *Memory, in RememberInput, d scope.Decision, a *Audit, warn *[]string) error {
	if !in.Override {
		a.Reason = "kept private: sensitive"
		*warn = append(*warn, fmt.Sprintf("kept PRIVATE instead of %s: it looks sensitive (%v); "+
			"if it is not, pass override_auto_classification=true", in.Scope, d.Rules()))
		return nil
	}
	if in.Scope.Cloud() {
		yes, err := askFor(ctx, in.Ask, fmt.Sprintf("storing a sensitive memory as %s", in.Scope), d.Rules())
		if err != nil {
			return err
		}
		if !yes {
			a.Reason = "kept private: sensitive and not confirmed"
			*warn = append(*warn, fmt.Sprintf("kept PRIVATE: it looks sensitive (%v) and %s leaves this machine; "+
				"to send it all the same, use share with scope=%s and confirm=true", d.Rules(), in.Scope, in.Scope))
			return nil
		}
	}
	m.Scope, m.Overridden, a.Action, a.From, a.Reason = in.Scope, true, "override", d.Scope, "override_auto_classification"
	*warn = append(*warn, fmt.Sprintf("stored as %s although it looks sensitive (%v), because override_auto_classification was set", in.Scope, d.Rules()))
	return nil
}

// askFor puts the question where someone can be asked; where nobody can, the answer is no.
func askFor(ctx context.Context, ask Ask, what string, why []string) (bool, error) {
	if ask == nil {
		return false, nil
	}
	yes, err := ask(ctx, what, why)
	if err != nil {
		return false, fmt.Errorf("ask for confirmation: %w", err)
	}
	return yes, nil
}
