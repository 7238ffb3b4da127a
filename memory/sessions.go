package memory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Session is one client connection: when it was, whose, and how much came of it.
type Session struct {
	ID        string
	Client    string // name of the MCP client, or "cli"
	User      string
	Project   string
	Open      bool
	StartedAt time.Time
	LastAt    time.Time // of the last call
	EndedAt   time.Time // zero while it is open
	Memories  int       // stored in it
	Recalls   int       // questions asked in it
}

// SessionUse is a memory that came back in a session.
type SessionUse struct {
	ID    ID        `msgpack:"i"`
	Count int       `msgpack:"n"`
	At    time.Time `msgpack:"t"` // last
}

// SessionUpdate is what is new about a session.
type SessionUpdate struct {
	Session               // Memories is ignored: the store counts them; Recalls is added
	Recalled []SessionUse // added to what is known, the newest last
}

// SessionFilter narrows a list of sessions; zero fields do not narrow.
type SessionFilter struct {
	Project string
	Open    bool
	Limit   int // 1 to MaxLimit
}

// SessionMatch is a session that was like another.
type SessionMatch struct {
	Session
	Cosine float64
}

// SessionStore keeps sessions; *storage.Store is one.
type SessionStore interface {
	// SaveSessions records what is new, in one transaction. A session that has ended and is updated again is open again
	// unless the update says otherwise.
	SaveSessions(ctx context.Context, us []SessionUpdate) error
	// CloseSessions ends every open session that was last heard of before a moment.
	CloseSessions(ctx context.Context, before time.Time) error
	// Sessions lists sessions, the last used first.
	Sessions(ctx context.Context, f SessionFilter) ([]Session, error)
	// Session returns one, with what came back in it, the newest last. ErrNotFound, wrapped, for an unknown id.
	Session(ctx context.Context, id string) (Session, []SessionUse, error)
	// SimilarSessions returns up to n sessions that were about what the vectors say, by space, the most alike first.
	SimilarSessions(ctx context.Context, vectors map[string][]float32, n int) ([]SessionMatch, error)
	// SessionVectors returns what a session was about; none where it stored and recalled nothing that has a vector.
	SessionVectors(ctx context.Context, id string) (map[string][]float32, error)
}

// SessionReport is all there is to take up a session again.
type SessionReport struct {
	Session
	Remembered []Memory       // the newest first, at most reportLimit
	Recalled   []Memory       // those that came back most often first
	Counts     map[ID]int     // how often each of Recalled came back
	Drafts     []Draft        // of its project, without their texts
	Similar    []SessionMatch // past sessions about the same
}

// reportLimit is how many memories of each kind a SessionReport holds.
const reportLimit = 20

// similarLimit is how many sessions a SessionReport names.
const similarLimit = 5

// ErrNoSessions is returned by a Service that keeps no sessions.
var ErrNoSessions = errors.New("memory: this service keeps no sessions")

// Sessions lists sessions, the last used first.
func (s *Service) Sessions(ctx context.Context, c Caller, f SessionFilter) ([]Session, error) {
	if err := firstError(checkLimit(f.Limit), checkText("project", f.Project, MaxNameBytes)); err != nil {
		return nil, err
	}
	if err := s.mayReadSessions(ctx, c); err != nil {
		return nil, err
	}
	all, err := s.sessions.Sessions(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return all, nil
}

func (s *Service) mayReadSessions(ctx context.Context, c Caller) error {
	if s.sessions == nil {
		return ErrNoSessions
	}
	return s.authorizeAll(ctx, c, "recall")
}

// Session tells what is needed to take up a session again: what was remembered and recalled in it, the open drafts of
// its project, and past sessions about the same. Errors: ErrNotFound, ErrDenied, and those of the store.
func (s *Service) Session(ctx context.Context, c Caller, id string) (SessionReport, error) {
	if err := s.mayReadSessions(ctx, c); err != nil {
		return SessionReport{}, err
	}
	one, uses, err := s.sessions.Session(ctx, id)
	if err != nil {
		return SessionReport{}, fmt.Errorf("session: %w", err)
	}
	r := SessionReport{Session: one, Counts: map[ID]int{}}
	p, err := s.store.Search(ctx, SearchQuery{Filter: Filter{Sessions: []string{id}}, Sort: SortNewest, Limit: reportLimit})
	if err != nil {
		return r, fmt.Errorf("session: %w", err)
	}
	r.Remembered = p.Memories
	if r.Recalled, err = s.recalledIn(ctx, uses, r.Counts); err != nil {
		return r, err
	}
	if s.drafts != nil {
		if r.Drafts, err = s.drafts.Drafts(ctx, one.Project); err != nil {
			return r, fmt.Errorf("session: %w", err)
		}
	}
	r.Similar, err = s.similarTo(ctx, id, similarLimit)
	return r, err
}

// recalledIn returns the active memories among uses, those that came back most often first.
func (s *Service) recalledIn(ctx context.Context, uses []SessionUse, counts map[ID]int) ([]Memory, error) {
	var out []Memory
	for _, u := range mostUsed(uses, reportLimit) {
		ms, err := s.store.Get(ctx, []ID{u.ID})
		if errors.Is(err, ErrNotFound) {
			continue // purged since
		}
		if err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
		if ms[0].State == Active {
			out = append(out, ms[0])
			counts[u.ID] = u.Count
		}
	}
	return out, nil
}

// SimilarSessions returns up to n sessions that were about the same: as the session named by about, or as what about says
// where it names none. A text that looks sensitive is not shown to a remote embedder.
func (s *Service) SimilarSessions(ctx context.Context, c Caller, about string, n int) ([]SessionMatch, error) {
	about = strings.TrimSpace(about)
	if about == "" {
		return nil, &InputError{Field: "about", Problem: "is empty", Hint: "give the id of a session, or say in words what it was about"}
	}
	if err := firstError(checkLimit(n), checkText("about", about, MaxQueryBytes)); err != nil {
		return nil, err
	}
	if err := s.mayReadSessions(ctx, c); err != nil {
		return nil, err
	}
	_, _, err := s.sessions.Session(ctx, about)
	switch {
	case err == nil:
		return s.similarTo(ctx, about, n)
	case !errors.Is(err, ErrNotFound):
		return nil, fmt.Errorf("similar sessions: %w", err)
	}
	var res RecallResult
	rows, err := s.embedQuery(ctx, RecallInput{Query: about}, &res)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return s.similar(ctx, vectorsOf(rows), "", n)
}

// similarTo returns sessions that were about the same as the session id; none where it was about nothing that has a vector.
func (s *Service) similarTo(ctx context.Context, id string, n int) ([]SessionMatch, error) {
	vectors, err := s.sessions.SessionVectors(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("similar sessions: %w", err)
	}
	if len(vectors) == 0 {
		return nil, nil
	}
	return s.similar(ctx, vectors, id, n)
}

// similar leaves the session itself out.
func (s *Service) similar(ctx context.Context, vectors map[string][]float32, self string, n int) ([]SessionMatch, error) {
	found, err := s.sessions.SimilarSessions(ctx, vectors, n+1)
	if err != nil {
		return nil, fmt.Errorf("similar sessions: %w", err)
	}
	out := make([]SessionMatch, 0, n)
	for _, m := range found {
		if m.ID != self && len(out) < n {
			out = append(out, m)
		}
	}
	return out, nil
}
