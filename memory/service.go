package memory

import (
	"context"
	"errors"
	"time"
)

// Options tells a Service what it works with. Store, Embedder, Classifier and Ranker are required.
type Options struct {
	Store      Store
	Embedder   Embedder
	Classifier Classifier
	Ranker     Ranker
	Second     Second       // judges again by vectors; nil means that nothing does
	Learner    Learner      // is told of corrections of scope; nil means nobody is
	Authorizer Authorizer   // nil allows everything: one person, one machine
	Indexer    *Indexer     // nil means that nothing is waited for
	Kin        Kin          // nil means that what is related is found by words and questions alone
	Journal    Journal      // nil means that nobody is told
	Sessions   SessionStore // nil means that sessions are not kept
	Drafts     Drafts       // nil means that there is no workspace
	Conflicts  Conflicts    // nil means that no texts wait for a decision
	Audits     Audits       // nil means that the audit log cannot be read
	// RemoteEmbedding says that the embedder may ask a remote provider: then each question is classified first.
	RemoteEmbedding bool
	// CloudConfigured says whether shared memories have anywhere to go; Cloud, where it is not nil, says so instead, as
	// that can change.
	CloudConfigured bool
	Cloud           func() bool
	CountTokens     func(string) int // never more than the text has bytes; nil means four bytes a token
	// Passage returns where in a text the part of about that many bytes begins that answers a question best; nil
	// means the beginning.
	Passage func(text, question string, bytes int) int
	// Feature says whether a feature, one of Features, is on for a caller; nil means that all are.
	Feature func(c Caller, name string) bool
	Step    Step             // is told of ranking; nil means nobody is
	Now     func() time.Time // nil means time.Now
}

// Service is the memory that tools and commands work with. It is safe for concurrent use.
type Service struct {
	store      Store
	embedder   Embedder
	classifier Classifier
	ranker     Ranker
	learner    Learner
	second     Second
	authorizer Authorizer
	indexer    *Indexer
	kin        Kin
	journal    Journal
	sessions   SessionStore
	drafts     Drafts
	conflicts  Conflicts
	audits     Audits
	remote     bool
	cloud      func() bool
	tokens     func(string) int
	passage    func(text, question string, bytes int) int
	feature    func(c Caller, name string) bool
	step       Step
	now        func() time.Time
}

// NewService joins the parts. It returns an error when a required one is missing.
func NewService(o Options) (*Service, error) {
	if o.Store == nil || o.Embedder == nil || o.Classifier == nil || o.Ranker == nil {
		return nil, errors.New("memory: service needs a store, an embedder, a classifier and a ranker")
	}
	s := &Service{
		store: o.Store, embedder: o.Embedder, classifier: o.Classifier, ranker: o.Ranker, learner: o.Learner, second: o.Second, authorizer: o.Authorizer,
		indexer: o.Indexer, kin: o.Kin, journal: o.Journal, sessions: o.Sessions, drafts: o.Drafts, conflicts: o.Conflicts, audits: o.Audits, remote: o.RemoteEmbedding, cloud: o.Cloud, tokens: o.CountTokens, step: o.Step, now: o.Now,
	}
	if s.passage = o.Passage; s.passage == nil {
		s.passage = func(string, string, int) int { return 0 }
	}
	if s.feature = o.Feature; s.feature == nil {
		s.feature = func(Caller, string) bool { return true }
	}
	if s.tokens == nil {
		s.tokens = func(t string) int { return (len(t) + 3) / 4 }
	}
	if s.cloud == nil {
		s.cloud = func() bool { return o.CloudConfigured }
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.journal == nil {
		s.journal = nobody{}
	}
	return s, nil
}

// authorize asks the Authorizer and records a refusal, which is worth as much in the audit log as a change.
func (s *Service) authorize(ctx context.Context, c Caller, action string, m *Memory) error {
	if s.authorizer == nil {
		return nil
	}
	err := s.authorizer.Authorize(ctx, c, action, m)
	if err == nil || !errors.Is(err, ErrDenied) {
		return err
	}
	a := s.audit(c, "denied")
	a.Reason = action
	if m != nil {
		a.Subject = m.ID
	}
	if nerr := s.store.Note(ctx, a); nerr != nil {
		return errors.Join(err, nerr)
	}
	return err
}

func (s *Service) audit(c Caller, action string) Audit {
	return Audit{At: s.now().UTC(), Action: action, User: c.User, Client: c.Client, Session: c.Session}
}

// Ask puts a question to the person behind the client. A nil Ask means that nobody can be asked.
type Ask func(ctx context.Context, what string, why []string) (bool, error)

// Journal is told what callers did, for the sessions. Its methods only touch memory and return at once; they are safe for
// concurrent use.
type Journal interface {
	// Remembered is told of a memory that was stored; ids of duplicates are told, too.
	Remembered(c Caller, id ID)
	// Recalled is told which memories came back, best first.
	Recalled(c Caller, ids []ID)
}

type nobody struct{}

func (nobody) Remembered(Caller, ID) {}
func (nobody) Recalled(Caller, []ID) {}
