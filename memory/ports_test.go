package memory_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
)

// ports are the small ports of a service in RAM, each of which fails when it is told to. The real ones are storage's, whose own
// tests hold what they promise; these show what a service makes of an answer.
type ports struct {
	store  *memorytest.Store
	failed map[string]bool // by name of the method

	mu        sync.Mutex  // of those below: a worker's clock wakes it without the test's doing
	expired   []memory.ID // what Due answers, once
	forgotten []memory.ID
	unlinked  []memory.ID   // what Unlinked answers, once
	links     []memory.Pair // what Link was told

	near    []memory.Kindred
	linked  []memory.Pair // what Linked answers
	upTo    int64
	asked   []memory.Filter // of Near
	seen    int64           // what Link was told
	drafts  map[string]memory.Draft
	session memory.Session
	uses    []memory.SessionUse
	vectors map[string][]float32
	matches []memory.SessionMatch
	others  []memory.OtherText
	unused  []memory.ID
}

func (p *ports) fail(op string) error {
	if p.failed[op] {
		return errDown
	}
	return nil
}

// breaks makes operations fail, those of the store among them.
func (p *ports) breaks(ops ...string) {
	p.failed = make(map[string]bool)
	for _, op := range ops {
		p.failed[op] = true
	}
	p.store.Fail = p.fail
}

func (p *ports) Unlinked(context.Context, int) ([]memory.ID, int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := p.unlinked
	p.unlinked = nil
	return ids, p.upTo, p.fail("Unlinked")
}

func (p *ports) Near(_ context.Context, _ memory.ID, f memory.Filter, _ int) ([]memory.Kindred, error) {
	p.asked = append(p.asked, f)
	return slices.Clone(p.near), p.fail("Near")
}

func (p *ports) Link(_ context.Context, pairs []memory.Pair, upTo int64) error {
	if err := p.fail("Link"); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links, p.seen = append(p.links, pairs...), upTo
	return nil
}

func (p *ports) Linked(context.Context, memory.ID, int) ([]memory.Pair, error) {
	return slices.Clone(p.linked), p.fail("Linked")
}

func (p *ports) PutDraft(_ context.Context, d memory.Draft) error {
	if err := p.fail("PutDraft"); err != nil {
		return err
	}
	if p.drafts == nil {
		p.drafts = make(map[string]memory.Draft)
	}
	p.drafts[d.Key] = d
	return nil
}

func (p *ports) Draft(_ context.Context, _, key string) (memory.Draft, error) {
	if err := p.fail("Draft"); err != nil {
		return memory.Draft{}, err
	}
	d, ok := p.drafts[key]
	if !ok {
		return d, memory.ErrNotFound
	}
	return d, nil
}

func (p *ports) Drafts(context.Context, string) (out []memory.Draft, err error) {
	for _, d := range p.drafts {
		d.Content = ""
		out = append(out, d)
	}
	return out, p.fail("Drafts")
}

func (p *ports) DropDraft(_ context.Context, _, key string) error {
	if err := p.fail("DropDraft"); err != nil {
		return err
	}
	if _, ok := p.drafts[key]; !ok {
		return memory.ErrNotFound
	}
	delete(p.drafts, key)
	return nil
}

func (p *ports) DropExpiredDrafts(context.Context, time.Time) (int, error) { return 0, nil }

func (p *ports) SaveSessions(context.Context, []memory.SessionUpdate) error { return nil }
func (p *ports) CloseSessions(context.Context, time.Time) error             { return nil }

func (p *ports) Sessions(context.Context, memory.SessionFilter) ([]memory.Session, error) {
	return []memory.Session{p.session}, p.fail("Sessions")
}

func (p *ports) Session(_ context.Context, id string) (memory.Session, []memory.SessionUse, error) {
	if err := p.fail("Session"); err != nil {
		return memory.Session{}, nil, err
	}
	if id != p.session.ID {
		return memory.Session{}, nil, memory.ErrNotFound
	}
	return p.session, p.uses, nil
}

func (p *ports) SimilarSessions(context.Context, map[string][]float32, int) ([]memory.SessionMatch, error) {
	return p.matches, p.fail("SimilarSessions")
}

func (p *ports) SessionVectors(context.Context, string) (map[string][]float32, error) {
	return p.vectors, p.fail("SessionVectors")
}

func (p *ports) Others(context.Context, *memory.Memory) ([]memory.OtherText, error) {
	return slices.Clone(p.others), p.fail("Others")
}

func (p *ports) Resolve(ctx context.Context, id memory.ID, key string, edit memory.Edit) (memory.Memory, error) {
	if err := p.fail("Resolve"); err != nil {
		return memory.Memory{}, err
	}
	m, err := p.store.Change(ctx, id, key, edit)
	if err == nil {
		p.others = nil
	}
	return m, err
}

func (p *ports) AuditTail(context.Context, int) ([]memory.AuditRecord, error) {
	return nil, p.fail("AuditTail")
}

func (p *ports) Due(context.Context, time.Time, time.Time, int) (expired, forgotten []memory.ID, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	expired, forgotten, p.expired, p.forgotten = p.expired, p.forgotten, nil, nil
	return expired, forgotten, p.fail("Due")
}

// PurgeForgotten leaves when a memory was forgotten to the tests of the real store.
func (p *ports) PurgeForgotten(ctx context.Context, ids []memory.ID, _ time.Time, a memory.Audit) (int, error) {
	return len(ids), p.store.Purge(ctx, ids, "", a)
}

func (p *ports) Unused(context.Context, time.Time, time.Time, int) ([]memory.ID, error) {
	ids := p.unused
	p.unused = nil
	return ids, p.fail("Unused")
}

var (
	_ memory.Kin          = (*ports)(nil)
	_ memory.Drafts       = (*ports)(nil)
	_ memory.SessionStore = (*ports)(nil)
	_ memory.Conflicts    = (*ports)(nil)
	_ memory.Audits       = (*ports)(nil)
	_ memory.Ager         = (*ports)(nil)
)

// newFullWorld is newWorld with all ports.
func newFullWorld(t *testing.T, configure func(*world, *memory.Options)) (*world, *ports) {
	t.Helper()
	p := &ports{}
	w := newWorld(t, func(w *world, o *memory.Options) {
		p.store = w.store
		o.Kin, o.Drafts, o.Sessions, o.Conflicts, o.Audits = p, p, p, p, p
		if configure != nil {
			configure(w, o)
		}
	})
	return w, p
}

// only is an Authorizer that lets everybody see one project.
type only string

func (only) Authorize(context.Context, memory.Caller, string, *memory.Memory) error { return nil }

func (o only) Limits(memory.Caller, string) func(*memory.Memory) bool {
	return func(m *memory.Memory) bool { return m.Project == string(o) }
}
