package catalog

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Op says what happened to a memory in the cloud's eyes.
type Op int

// The operations of an Event.
const (
	Create Op = iota + 1
	Update
	Delete
)

// Event says that a memory that travels has changed. Scope and Team say where the event goes: where a memory changes
// place, the old place gets a Delete and the new one a Create.
type Event struct {
	Seq     int64  // order of the commits; 0 before it is stored
	ID      string // UUIDv7; given when it is stored
	At      time.Time
	Op      Op
	Memory  memory.ID
	Version int
	Scope   scope.Scope // SHARED or GLOBAL
	Team    string
	Source  string // the device that the change was made on
	Synced  bool
}

// Emit stores an event for the cloud with the change it tells of.
func (tx *Tx) Emit(e Event) error {
	mem, err := idBytes(e.Memory)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return wrap("insert event", err)
	}
	_, err = tx.exec("insert event", `INSERT INTO outbox (id, at, op, memory, version, scope, team, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id[:], e.At.UnixMilli(), int64(e.Op), mem, e.Version, int64(e.Scope), e.Team, e.Source)
	return err
}

// Pending returns up to n events that are not synced, in the order of the commits.
func (v *View) Pending(ctx context.Context, n int) ([]Event, error) {
	return v.events(ctx, ` WHERE synced = 0 ORDER BY seq LIMIT ?`, n)
}

// Events returns up to n events that come after the one numbered after, synced or not.
func (v *View) Events(ctx context.Context, after int64, n int) ([]Event, error) {
	return v.events(ctx, ` WHERE seq > ? ORDER BY seq LIMIT ?`, after, n)
}

func (v *View) events(ctx context.Context, where string, args ...any) ([]Event, error) {
	rows, err := v.query(ctx, "read events", `SELECT seq, id, at, op, memory, version, scope, team, source, synced FROM outbox`+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var id, mem []byte
		var at, op, sc int64
		if err := rows.Scan(&e.Seq, &id, &at, &op, &mem, &e.Version, &sc, &e.Team, &e.Source, &e.Synced); err != nil {
			return nil, wrap("read events", err)
		}
		e.ID, e.Memory, e.At, e.Op, e.Scope = string(idOf(id)), idOf(mem), time.UnixMilli(at).UTC(), Op(op), scope.Scope(sc)
		out = append(out, e)
	}
	return out, wrap("read events", rows.Err())
}
