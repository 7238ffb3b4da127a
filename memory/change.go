package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// ShareInput asks for another scope for some memories.
type ShareInput struct {
	IDs     []ID // 1 to MaxBatch
	Scope   scope.Scope
	Team    string // for SHARED
	Confirm bool   // yes to sending a sensitive memory out
	Ask     Ask    // may be nil
}

// ShareResult says what changed. Memories whose scope could not be changed are in Refused, with the reason; those
// that had the scope already are in none of the lists.
type ShareResult struct {
	Changed  []Memory
	From     map[ID]scope.Scope // scope before, of the changed ones
	Refused  map[ID]error
	Leaves   bool // whether the memories now leave this machine
	Cloud    bool // whether memories of a cloud scope have anywhere to go
	Warnings []string
}

// Share changes how far memories may travel. Going wider classifies each text again; a sensitive one is refused
// with a *ConfirmError unless in.Confirm is set or the person says yes. Each memory is a transaction of its own.
func (s *Service) Share(ctx context.Context, c Caller, in ShareInput) (ShareResult, error) {
	if len(in.IDs) == 0 || len(in.IDs) > MaxBatch {
		return ShareResult{}, &InputError{Field: "ids", Problem: fmt.Sprintf("holds %d ids", len(in.IDs)), Hint: fmt.Sprintf("give 1 to %d", MaxBatch)}
	}
	if !in.Scope.Valid() {
		return ShareResult{}, &InputError{Field: "scope", Problem: "is missing", Hint: "use PRIVATE, PROJECT, SHARED or GLOBAL"}
	}
	if err := checkText("team", in.Team, MaxNameBytes); err != nil {
		return ShareResult{}, err
	}
	before, err := s.store.Get(ctx, in.IDs)
	if err != nil {
		return ShareResult{}, err
	}
	res := ShareResult{From: map[ID]scope.Scope{}, Refused: map[ID]error{}, Cloud: s.cloud()}
	for i := range before {
		m, err := s.shareOne(ctx, c, in, before[i])
		switch {
		case err != nil && ctx.Err() != nil:
			return res, ctx.Err()
		case err != nil:
			res.Refused[before[i].ID] = err
		case m.Version != before[i].Version:
			res.Changed = append(res.Changed, m)
			res.From[m.ID] = before[i].Scope
		}
	}
	if in.Scope.Cloud() && len(res.Changed) > 0 {
		res.Leaves = s.cloud()
		if !s.cloud() {
			res.Warnings = append(res.Warnings, fmt.Sprintf("no cloud is configured: %s is noted and nothing leaves this machine until one is", in.Scope))
		}
	}
	return res, nil
}

func (s *Service) shareOne(ctx context.Context, c Caller, in ShareInput, m Memory) (Memory, error) {
	if err := s.authorize(ctx, c, "share", &m); err != nil {
		return Memory{}, err
	}
	if m.Scope == in.Scope && (in.Team == "" || in.Team == m.Team) {
		return m, nil
	}
	var found scope.Decision
	override := false
	if in.Scope.WiderThan(m.Scope) {
		var err error
		if found, err = s.classifyBoth(ctx, &m, c.Root); err != nil {
			return Memory{}, err
		}
		if found.Sensitive {
			if err := s.confirmSensitive(ctx, in, m.ID, found); err != nil {
				return Memory{}, err
			}
			override = true
		}
	}
	seen := m.Version
	out, err := s.store.Change(ctx, m.ID, requestKey(c, m.ID), func(cur *Memory) (Audit, error) {
		if cur.Version != seen {
			return Audit{}, &InputError{Field: "id", Problem: "was changed by someone else just now", Hint: "read it again and repeat the call"}
		}
		a := s.audit(c, "share")
		a.Subject, a.From, a.To, a.Rules, a.Reason = cur.ID, cur.Scope, in.Scope, found.Rules(), "scope asked for"
		if override {
			a.Action, a.Reason = "override", "sensitive, confirmed"
		}
		if in.Scope.WiderThan(cur.Scope) {
			cur.Sensitive, cur.Rules, cur.Confidence = found.Sensitive, found.Rules(), found.Confidence
		}
		cur.Scope, cur.Overridden = in.Scope, true
		if in.Team != "" {
			cur.Team = in.Team
		}
		cur.UpdatedAt = s.now().UTC().Truncate(time.Millisecond)
		return a, nil
	})
	if err != nil {
		return Memory{}, fmt.Errorf("share: %w", err)
	}
	switch {
	case override:
		s.corrected(&m, c.Root, found, false)
	case in.Scope == scope.Private && m.Scope != scope.Private:
		if found, err = s.classify(ctx, &m, c.Root); err == nil && !found.Sensitive {
			s.corrected(&m, c.Root, found, true)
		}
	}
	return out, nil
}

func (s *Service) confirmSensitive(ctx context.Context, in ShareInput, id ID, d scope.Decision) error {
	if in.Confirm {
		return nil
	}
	what := fmt.Sprintf("making the sensitive memory %s %s", id, in.Scope)
	yes, err := askFor(ctx, in.Ask, what, d.Rules())
	if err != nil || yes {
		return err
	}
	return &ConfirmError{What: what, Why: d.Rules(), How: "repeat the call with confirm=true if the person agrees, or revise the memory first"}
}

// requestKey keeps the calls on several memories under one request apart.
func requestKey(c Caller, id ID) string { return RequestKeyOf(c.RequestKey, id) }

// RequestKeyOf is the key of what the request key does to the memory id; "" where the request has no key.
func RequestKeyOf(key string, id ID) string {
	if key == "" {
		return ""
	}
	return key + "/" + string(id)
}

// ReviseInput changes parts of a memory; nil fields stay as they are.
type ReviseInput struct {
	ID         ID
	Content    *string
	Title      *string
	Kind       *string
	Tags       *[]string
	Project    *string
	Metadata   *map[string]any
	OccurredAt *time.Time
	ExpiresIn  *time.Duration // 0 takes the expiry away
	Importance *float64
	Pinned     *bool
	Restore    bool // bring a forgotten or archived memory back
	// Resolves decides between the texts that wait beside the memory: ResolveCurrent, the number of one from 1, or
	// ResolveMerged with Content; "" decides nothing.
	Resolves string
}

// ReviseResult is the memory as it is now.
type ReviseResult struct {
	Memory   Memory
	Decision scope.Decision
	Warnings []string
}

// Revise changes a memory in place, classifies the new text, and makes the memory PRIVATE at once where the text
// has become sensitive. Errors: *InputError, ErrNotFound, ErrDenied.
func (s *Service) Revise(ctx context.Context, c Caller, in ReviseInput) (ReviseResult, error) {
	got, err := s.store.Get(ctx, []ID{in.ID})
	if err != nil {
		return ReviseResult{}, err
	}
	m := got[0]
	if err := s.authorize(ctx, c, "revise", &m); err != nil {
		return ReviseResult{}, err
	}
	write, action, reason := s.store.Change, "revise", "revised"
	others, err := s.others(ctx, &m)
	switch {
	case err != nil:
		return ReviseResult{}, err
	case in.Resolves != "" && len(others) == 0:
		return s.settled(ctx, c, in.ID)
	case in.Resolves != "":
		write, action, reason = s.conflicts.Resolve, "conflict-resolve", "a conflict was decided"
		if err := s.decide(&in, others); err != nil {
			return ReviseResult{}, err
		}
	}
	if err := s.applyRevision(&m, in); err != nil {
		return ReviseResult{}, err
	}
	before, seen, known := m.Scope, m.Version, m.Rules
	confirmed := m.Overridden && m.Sensitive // a person kept this scope although the text was sensitive
	classify := s.classify
	if m.Scope.Cloud() {
		classify = s.classifyBoth
	}
	d, err := classify(ctx, &m, c.Root)
	if err != nil {
		return ReviseResult{}, err
	}
	res := ReviseResult{Decision: d}
	if d.Sensitive && m.Scope != scope.Private && !(confirmed && within(m.Rules, known)) {
		m.Scope = scope.Private
		res.Warnings = append(res.Warnings, fmt.Sprintf("moved from %s to PRIVATE: the new text looks sensitive (%v)", before, d.Rules()))
	}
	if in.Content != nil && in.Resolves == "" && len(others) > 0 {
		res.Warnings = append(res.Warnings, fmt.Sprintf("%d other texts of this memory still wait for a decision: revise with resolves", len(others)))
	}
	res.Memory, err = write(ctx, in.ID, requestKey(c, in.ID), func(cur *Memory) (Audit, error) {
		if cur.Version != seen {
			return Audit{}, &InputError{Field: "id", Problem: "was changed by someone else just now", Hint: "read it again and repeat the call"}
		}
		a := s.audit(c, action)
		a.Subject, a.From, a.To, a.Rules, a.Reason = cur.ID, before, m.Scope, m.Rules, reason
		*cur = m
		return a, nil
	})
	if err != nil {
		return ReviseResult{}, fmt.Errorf("revise: %w", err)
	}
	if s.indexer != nil {
		s.indexer.Wake()
	}
	return res, nil
}

// settled answers a decision where nothing waits: with the memory as it is where this very call made it so before.
func (s *Service) settled(ctx context.Context, c Caller, id ID) (ReviseResult, error) {
	key := requestKey(c, id)
	if s.conflicts == nil || key == "" {
		return ReviseResult{}, errSettled
	}
	m, err := s.conflicts.Resolve(ctx, id, key, func(*Memory) (Audit, error) { return Audit{}, errSettled })
	return ReviseResult{Memory: m}, err
}

// within reports whether all of list are in known: a yes to one kind of finding is none to another.
func within(list, known []string) bool {
	for _, v := range list {
		if !slices.Contains(known, v) {
			return false
		}
	}
	return true
}

// applyRevision writes in's fields into m after checking the memory that results.
func (s *Service) applyRevision(m *Memory, in ReviseInput) error {
	set(&m.Content, in.Content)
	set(&m.Title, in.Title)
	set(&m.Kind, in.Kind)
	set(&m.Tags, in.Tags)
	set(&m.Project, in.Project)
	set(&m.Metadata, in.Metadata)
	set(&m.Importance, in.Importance)
	set(&m.Pinned, in.Pinned)
	now := s.now().UTC().Truncate(time.Millisecond)
	if in.OccurredAt != nil {
		m.OccurredAt = in.OccurredAt.UTC().Truncate(time.Millisecond)
	}
	probe := RememberInput{Content: m.Content, Title: m.Title, Kind: m.Kind, Tags: m.Tags, Project: m.Project, Metadata: m.Metadata, Importance: m.Importance}
	if in.ExpiresIn != nil {
		probe.ExpiresIn = *in.ExpiresIn
		m.ExpiresAt = time.Time{}
		if *in.ExpiresIn > 0 {
			m.ExpiresAt = now.Add(*in.ExpiresIn)
		}
	}
	if in.Restore {
		m.State, m.ForgottenAt = Active, time.Time{}
	}
	m.UpdatedAt = now
	if err := checkRemember(&probe); err != nil {
		return err
	}
	m.Tags = probe.Tags
	return nil
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}
