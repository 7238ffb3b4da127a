package sync

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// ErrLocalOnly reports a memory that must not leave the machine.
var ErrLocalOnly = errors.New("sync: the memory does not belong into the cloud")

// Place is where in the cloud a memory lives: with a team, encrypted, or with everybody. Its zero value is no place,
// and there is no value for PRIVATE and PROJECT.
type Place struct {
	realm realm
	team  uuid.UUID
}

type realm uint8

const (
	shared realm = iota + 1
	global
)

// Shared returns the place of a team's memories.
func Shared(team uuid.UUID) Place { return Place{realm: shared, team: team} }

// Global returns the place of the memories that everybody on the same cloud may read.
func Global() Place { return Place{realm: global} }

// Team returns the team's id; uuid.Nil for Global.
func (p Place) Team() uuid.UUID { return p.team }

// Scope returns SHARED or GLOBAL, or 0 for the zero Place.
func (p Place) Scope() scope.Scope {
	switch p.realm {
	case shared:
		return scope.Shared
	case global:
		return scope.Global
	}
	return 0
}

// Key names the place in storage: the team's id, or zeros for Global.
func (p Place) Key() []byte { k := p.team; return k[:] }

// String names the place in logs and errors.
func (p Place) String() string {
	if p.realm == shared {
		return "SHARED of team " + p.team.String()
	}
	return p.Scope().String()
}

// Change is a memory of a Place that waits to be pushed. Only NewChange and NewDeletion make one.
type Change struct {
	id      memory.ID
	seq     int64
	at      time.Time
	waiting bool // for its embedding
	unseen  bool // this version of its text has no embedding yet
	doc     Doc
}

// ChangeInfo is what the outbox knows of a change.
type ChangeInfo struct {
	Seq     int64     // of the newest event that the change covers
	At      time.Time // of that event
	Waiting bool      // the embedding is still being made
	Others  []Version
	Vector  []float32
	Space   string
}

// NewChange makes the change that brings m, as it stands, to p. It returns an error wrapping ErrLocalOnly for a memory
// whose scope is not that of p.
func NewChange(p Place, m *memory.Memory, info ChangeInfo) (Change, error) {
	d, err := DocOf(p, m)
	if err != nil {
		return Change{}, err
	}
	d.Vector, d.Space, d.Others = info.Vector, info.Space, info.Others
	return Change{id: m.ID, seq: info.Seq, at: info.At, waiting: info.Waiting && len(info.Vector) == 0, unseen: info.Waiting, doc: d}, nil
}

// NewDeletion makes the change that takes id out of p.
func NewDeletion(p Place, id memory.ID, info ChangeInfo) (Change, error) {
	if p.Scope() == 0 {
		return Change{}, ErrLocalOnly
	}
	return Change{id: id, seq: info.Seq, at: info.At, doc: Doc{Deleted: true}}, nil
}

// ID returns the memory's id.
func (c Change) ID() memory.ID { return c.id }

// admits returns an error wrapping ErrLocalOnly unless m belongs to p.
func (p Place) admits(m *memory.Memory) error {
	if p.Scope() == 0 || m.Scope != p.Scope() || !m.Scope.Cloud() || m.Scope.Sealed() {
		return fmt.Errorf("%w: %s is %s", ErrLocalOnly, m.ID, m.Scope)
	}
	if m.Sensitive && !m.Overridden {
		return fmt.Errorf("%w: %s is sensitive and nobody confirmed that it may travel", ErrLocalOnly, m.ID)
	}
	return nil
}

func rowID(id memory.ID) (uuid.UUID, error) {
	u, err := uuid.Parse(string(id))
	if err != nil {
		return uuid.Nil, fmt.Errorf("sync: %w", err)
	}
	return u, nil
}
