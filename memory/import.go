package memory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// ImportResult says what became of one imported memory, or would become of it.
type ImportResult struct {
	ID       ID // of the memory in this store
	Known    bool
	Narrowed bool        // PRIVATE although it did not come as such: it looks sensitive
	Scope    scope.Scope // that it has here; 0 when it is Known
	Kind     string
}

// Import stores a memory that was exported here or elsewhere, with its id, times and state. Its text is classified
// like any other: a sensitive one becomes PRIVATE unless a person had overruled that where it comes from and it
// does not leave this machine. A memory whose id or text is here already is left as it is and reported as Known: so a
// call again is known by the id that m comes with, and by the caller's request only where it has none.
func (s *Service) Import(ctx context.Context, c Caller, m Memory) (ImportResult, error) {
	var key string
	if m.ID == "" {
		key = requestKey(c, "")
	}
	res, err := s.readyImport(ctx, c, &m)
	if err != nil || res.Known {
		return res, err
	}
	a := s.audit(c, "import")
	a.Subject, a.To, a.Rules, a.Reason = m.ID, m.Scope, m.Rules, "imported"
	st, err := s.store.Put(ctx, Put{Memory: m, RequestKey: key, Audit: a})
	if err != nil {
		if _, gerr := s.store.Get(ctx, []ID{m.ID}); gerr == nil { // the same call has stored it meanwhile
			return ImportResult{ID: m.ID, Known: true}, nil
		}
		return ImportResult{}, fmt.Errorf("import: %w", err)
	}
	if st.DuplicateOf != "" {
		return ImportResult{ID: st.DuplicateOf, Known: true}, nil
	}
	if s.indexer != nil {
		s.indexer.Wake()
	}
	res.ID = st.ID
	return res, nil
}

// PreviewImport says what Import would do with m, and changes nothing.
func (s *Service) PreviewImport(ctx context.Context, c Caller, m Memory) (ImportResult, error) {
	res, err := s.readyImport(ctx, c, &m)
	if err != nil || res.Known || m.State != Active {
		return res, err
	}
	id, ok, err := s.store.Twin(ctx, m)
	if err != nil {
		return ImportResult{}, fmt.Errorf("preview import: %w", err)
	}
	if ok {
		return ImportResult{ID: id, Known: true}, nil
	}
	return res, nil
}

// readyImport checks m and fills in what it came without. A memory whose id is here already is Known.
func (s *Service) readyImport(ctx context.Context, c Caller, m *Memory) (ImportResult, error) {
	probe := RememberInput{
		Content: m.Content, Title: m.Title, Kind: m.Kind, Tags: m.Tags, Project: m.Project, Team: m.Team,
		Metadata: m.Metadata, Importance: m.Importance,
	}
	if err := checkRemember(&probe); err != nil {
		return ImportResult{}, err
	}
	if err := s.authorize(ctx, c, "remember", m); err != nil {
		return ImportResult{}, err
	}
	if m.ID != "" {
		id, err := ParseID(string(m.ID))
		if err != nil {
			return ImportResult{}, err
		}
		m.ID = id
		_, err = s.store.Get(ctx, []ID{id})
		if err == nil {
			return ImportResult{ID: id, Known: true}, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return ImportResult{}, err
		}
	}
	narrowed, err := s.prepareImport(ctx, c, m, probe.Tags)
	return ImportResult{ID: m.ID, Narrowed: narrowed, Scope: m.Scope, Kind: m.Kind}, err
}

// prepareImport fills in what m came without and settles its scope; narrowed says that it became PRIVATE.
func (s *Service) prepareImport(ctx context.Context, c Caller, m *Memory, tags []string) (narrowed bool, err error) {
	now := s.now().UTC().Truncate(time.Millisecond)
	if m.ID == "" {
		m.ID = NewID()
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = now
	}
	if m.UpdatedAt.IsZero() {
		m.UpdatedAt = m.CreatedAt
	}
	if m.Trust == "" {
		m.Trust = TrustUntrusted
	}
	switch m.State {
	case Active, Superseded, Archived, Forgotten:
	case "":
		m.State = Active
	default:
		return false, &InputError{Field: "state", Problem: "is unknown", Hint: "use active, superseded, archived or forgotten"}
	}
	m.Tags, m.Version = tags, max(1, m.Version)
	asked, overruled := m.Scope, m.Overridden && m.Sensitive
	d, err := s.classify(ctx, m, c.Root)
	if err != nil {
		return false, err
	}
	if asked == 0 {
		m.Scope = d.Scope
	}
	if d.Sensitive && m.Scope != scope.Private && (m.Scope.Cloud() || !overruled) {
		m.Scope = scope.Private
	}
	narrowed = d.Sensitive && m.Scope == scope.Private && asked != scope.Private
	if m.Kind == "" {
		m.Kind = d.Knowledge.Name
	}
	if m.Kind == "" {
		m.Kind = "note"
	}
	return narrowed, nil
}
