package sealed

import (
	"errors"
	"fmt"
	stdsync "sync"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/envelope"
	memsync "github.com/elderzan/elderzan/sync"
)

// Sealer seals the records of one team.
type Sealer struct{ envelope *envelope.Envelope }

var _ memsync.Sealer = (*Sealer)(nil)

// NewSealer returns the sealer over e.
func NewSealer(e *envelope.Envelope) *Sealer { return &Sealer{e} }

// Seal implements memsync.Sealer. What this device may not write, or what is too large, is an error wrapping
// memsync.ErrRefused.
func (s *Sealer) Seal(id memory.ID, seen memsync.State, p memsync.Payload) ([]byte, memsync.State, error) {
	row, err := uuid.Parse(string(id))
	if err != nil {
		return nil, memsync.State{}, fmt.Errorf("seal: %w", err)
	}
	room := metas.Get().(*[]byte)
	meta := packMeta(*room, p.Meta, p.Vector)
	defer func() {
		clear(meta)
		*room = meta
		metas.Put(room)
	}()
	record, next, err := s.envelope.Seal(row, toState(seen), envelope.Content{
		Text: p.Text, Title: p.Title, Tags: p.Tags, Metadata: meta, Model: p.Space, Deleted: p.Deleted,
		Upper: len(p.Vector), Dense: len(p.Vector), // bytes of its components
	})
	if errors.Is(err, envelope.ErrAuthor) || errors.Is(err, envelope.ErrTooLarge) {
		return nil, memsync.State{}, fmt.Errorf("%w: %w", memsync.ErrRefused, err)
	}
	if err != nil {
		return nil, memsync.State{}, err
	}
	return record, fromState(next), nil
}

// metas holds room for metadata and vectors, wiped.
var metas = stdsync.Pool{New: func() any { return new([]byte) }}

// Open implements memsync.Sealer. A record whose epoch or key this device does not know yet is held: the chain and the
// wraps come with the next round, or a member has to grant the key.
func (s *Sealer) Open(id memory.ID, record []byte, seen memsync.State) (memsync.Payload, memsync.State, error) {
	row, err := uuid.Parse(string(id))
	if err != nil {
		return memsync.Payload{}, memsync.State{}, fmt.Errorf("open: %w", err)
	}
	o, err := s.envelope.Open(record, row, toState(seen))
	switch {
	case errors.Is(err, envelope.ErrKey), errors.Is(err, envelope.ErrEpoch):
		return memsync.Payload{}, memsync.State{}, fmt.Errorf("%w: %w", memsync.ErrHold, err)
	case err != nil:
		return memsync.Payload{}, memsync.State{}, err
	}
	c := o.Content
	meta, vector, err := unpackMeta(c.Metadata)
	if err != nil {
		return memsync.Payload{}, memsync.State{}, err
	}
	return memsync.Payload{
		Deleted: c.Deleted, Text: c.Text, Title: c.Title, Tags: c.Tags, Meta: meta, Vector: vector, Space: c.Model,
	}, fromState(o.State), nil
}

func toState(s memsync.State) envelope.State {
	return envelope.State{Version: s.Version, Epoch: s.Epoch, Hash: s.Hash}
}

func fromState(s envelope.State) memsync.State {
	return memsync.State{Version: s.Version, Epoch: s.Epoch, Hash: s.Hash}
}
