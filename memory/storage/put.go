package storage

import (
	"context"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/scope"
)

// Put implements memory.Writer. Where p.Supersede names a memory and another active one holds the same text, nothing
// new is stored and that one becomes the successor. It returns an *memory.InputError for an id that is taken or a
// memory that was superseded or forgotten already, and a *memory.NotFoundError for p.Supersede.
func (s *Store) Put(ctx context.Context, p memory.Put) (memory.Stored, error) {
	m := p.Memory
	if m.ID == "" {
		m.ID = memory.NewID()
	}
	if _, err := memory.ParseID(string(m.ID)); err != nil {
		return memory.Stored{}, err
	}
	if !m.Scope.Valid() {
		return memory.Stored{}, &memory.InputError{Field: "scope", Problem: "is not decided", Hint: "use PRIVATE, PROJECT, SHARED or GLOBAL"}
	}
	m.Version = max(1, m.Version) // an imported memory keeps the number of its changes
	if p.Supersede != "" {
		m.Supersedes = p.Supersede
	}
	s.normalize(&m)
	d, err := s.draft(&m, m.Version, nil)
	if err != nil {
		return memory.Stored{}, err
	}
	put := &putting{store: s, put: &p, memory: &m, draft: d}
	if err := s.write(ctx, put.run); err != nil {
		return memory.Stored{}, err
	}
	return put.stored, nil
}

// Twin implements memory.Finder.
func (s *Store) Twin(ctx context.Context, m memory.Memory) (id memory.ID, ok bool, err error) {
	r := catalog.Record{Memory: bare(m), Hash: s.hashContent(m.Project, m.Content)}
	err = s.write(ctx, func(tx *catalog.Tx) (err error) { // changes nothing; the writer sees what is not committed yet
		id, _, ok, err = s.twin(tx, &r, m.Content)
		return err
	})
	return id, ok, err
}

// putting is one Put on the writer's goroutine.
type putting struct {
	store  *Store
	put    *memory.Put
	memory *memory.Memory
	draft  *draft
	stored memory.Stored
}

func (p *putting) run(tx *catalog.Tx) error {
	p.stored = memory.Stored{}
	if done, err := p.repeated(tx); done || err != nil {
		return err
	}
	old, err := p.superseded(tx)
	if err != nil {
		return err
	}
	if done, err := p.duplicate(tx, old); done || err != nil {
		return err
	}
	if old != nil {
		if err := p.supersede(tx, old, p.memory.ID); err != nil {
			return err
		}
	}
	r := &p.draft.record
	if err := tx.Insert(r, p.draft.words); err != nil {
		return err
	}
	if err := p.store.changed(tx, nil, p.memory); err != nil {
		return err
	}
	if err := tx.PutJob(r.Row); err != nil {
		return err
	}
	tx.TouchSession(p.memory)
	if err := p.finish(tx, p.memory.ID, false); err != nil {
		return err
	}
	doc := p.draft.doc(r.Row)
	tx.After(func() { p.store.putWords(doc) })
	p.stored = memory.Stored{ID: p.memory.ID, Memory: *p.memory}
	return nil
}

// repeated answers a request that was answered before.
func (p *putting) repeated(tx *catalog.Tx) (bool, error) {
	id, duplicate, ok, err := tx.Request(p.put.RequestKey)
	if err != nil || !ok {
		return false, err
	}
	m, err := p.store.current(tx, id)
	if err != nil {
		return false, err
	}
	p.stored = memory.Stored{ID: id, Memory: m}
	if duplicate {
		p.stored.DuplicateOf = id
	}
	return true, nil
}

// superseded reads the memory to be superseded; nil when there is none to be.
func (p *putting) superseded(tx *catalog.Tx) (*catalog.Record, error) {
	if p.put.Supersede == "" {
		return nil, nil
	}
	r, ok, err := tx.ByID(p.put.Supersede)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, &memory.NotFoundError{IDs: []memory.ID{p.put.Supersede}}
	case r.Memory.State == memory.Superseded:
		return nil, &memory.InputError{Field: "supersedes", Problem: "was superseded already", Hint: "supersede " + string(r.Memory.SupersededBy) + " instead"}
	case r.Memory.State == memory.Forgotten:
		return nil, &memory.InputError{Field: "supersedes", Problem: "is forgotten", Hint: "restore it with revise, or leave supersedes out"}
	}
	return &r, nil
}

// duplicate answers a Put of a text that an active memory other than old holds already.
func (p *putting) duplicate(tx *catalog.Tx, old *catalog.Record) (bool, error) {
	if p.memory.State != memory.Active {
		return false, nil
	}
	id, row, ok, err := p.store.twin(tx, &p.draft.record, p.memory.Content)
	if err != nil || !ok || old != nil && row == old.Row {
		return false, err
	}
	if old != nil {
		if err := p.supersede(tx, old, id); err != nil {
			return false, err
		}
	}
	m, err := p.store.current(tx, id)
	if err != nil {
		return false, err
	}
	p.stored = memory.Stored{ID: id, DuplicateOf: id, Memory: m}
	if old == nil { // nothing was stored: there is nothing to audit, and without a key no commit
		return true, p.remember(tx, id, true)
	}
	return true, p.finish(tx, id, true)
}

// supersede turns old into history of the memory by.
func (p *putting) supersede(tx *catalog.Tx, old *catalog.Record, by memory.ID) error {
	s := p.store
	before, err := s.open(old)
	if err != nil {
		return err
	}
	after := before
	after.State, after.SupersededBy, after.UpdatedAt = memory.Superseded, by, p.memory.UpdatedAt
	return s.revise(tx, old, &before, &after)
}

// finish writes the audit entry and remembers the request.
func (p *putting) finish(tx *catalog.Tx, id memory.ID, duplicate bool) error {
	a := p.put.Audit
	if a.Subject == "" || duplicate {
		a.Subject = id
	}
	p.store.stamp(&a)
	if err := tx.Audit(a); err != nil {
		return err
	}
	return p.remember(tx, id, duplicate)
}

// remember keeps the answer for a repeated request.
func (p *putting) remember(tx *catalog.Tx, id memory.ID, duplicate bool) error {
	return tx.PutRequest(p.put.RequestKey, id, duplicate, p.store.opts.Now())
}

// stamp fills in the time of an audit entry that has none.
func (s *Store) stamp(a *memory.Audit) {
	if a.At.IsZero() {
		a.At = s.opts.Now()
	}
	a.At = a.At.UTC().Truncate(time.Microsecond)
}

// current reads a memory as it stands in the writer's transaction.
func (s *Store) current(tx *catalog.Tx, id memory.ID) (memory.Memory, error) {
	r, ok, err := tx.ByID(id)
	switch {
	case err != nil:
		return memory.Memory{}, err
	case !ok:
		return memory.Memory{}, &memory.NotFoundError{IDs: []memory.ID{id}}
	}
	return s.open(&r)
}

// target is where in the cloud a memory belongs; the zero value is nowhere.
type target struct {
	scope scope.Scope
	team  string
}

func targetOf(m *memory.Memory) target {
	switch {
	case m == nil || !m.Scope.Cloud() || m.State == memory.Forgotten:
		return target{}
	case m.Scope == scope.Global:
		return target{scope: m.Scope}
	}
	return target{scope: m.Scope, team: m.Team}
}

// changed tells of the change from before to after: those who show it, and the cloud; nil stands for no memory. Each change
// of what a memory is comes by here.
func (s *Store) changed(tx *catalog.Tx, before, after *memory.Memory) error {
	tx.Told().Changed(before, after)
	return s.emit(tx, before, after)
}

// committed tells of a change that is no transaction of SQLite's.
func (s *Store) committed(c memory.Commit) {
	if s.opts.Committed != nil && !c.Empty() {
		s.opts.Committed(c)
	}
}

// emit stores the events that the change from before to after means for the cloud; nil stands for no memory.
func (s *Store) emit(tx *catalog.Tx, before, after *memory.Memory) error {
	from, to := targetOf(before), targetOf(after)
	m := after
	if m == nil {
		m = before
	}
	send := func(op catalog.Op, t target) error {
		if s.opts.CloudChanged != nil {
			tx.After(s.opts.CloudChanged)
		}
		return tx.Emit(catalog.Event{At: s.opts.Now(), Op: op, Memory: m.ID, Version: m.Version, Scope: t.scope, Team: t.team, Source: s.source})
	}
	none := target{}
	if from == to {
		if to == none {
			return nil
		}
		return send(catalog.Update, to)
	}
	if from != none {
		if err := send(catalog.Delete, from); err != nil {
			return err
		}
	}
	if to != none {
		return send(catalog.Create, to)
	}
	return nil
}
