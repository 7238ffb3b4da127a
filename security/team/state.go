package team

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

// state is what a chain amounts to. Load and Extend change one of their own; a Chain's is never changed.
type state struct {
	team    uuid.UUID
	members map[uuid.UUID]*memberState
	devices map[uuid.UUID]*deviceState // removed ones too: their records stay valid
	signing map[string]uuid.UUID       // signing keys of all devices that ever were
	invites map[InviteID]struct{}
	policy  Policy
	epochs  []epochState // epoch n at n-1
}

type memberState struct {
	Member
	gone    bool
	devices int // present ones
}

type deviceState struct {
	public Public
	member uuid.UUID
	gone   bool
	grants []grant // by epoch; the last one is open while the device is present
}

// grant is a role over a span of epochs.
type grant struct {
	from, to uint64 // to is 0 while the grant lasts
	role     Role
}

type epochState struct {
	commit   Hash
	minSuite Suite
	seq      uint64 // of the entry that opened it
}

func newState(team uuid.UUID) *state {
	return &state{
		team: team, members: map[uuid.UUID]*memberState{}, devices: map[uuid.UUID]*deviceState{},
		signing: map[string]uuid.UUID{}, invites: map[InviteID]struct{}{},
	}
}

// clone returns a state that can be changed without changing s. Public keys and policies are shared: nobody changes
// those in place.
func (s *state) clone() *state {
	t := *s
	t.members = make(map[uuid.UUID]*memberState, len(s.members))
	for id, m := range s.members {
		n := *m
		t.members[id] = &n
	}
	t.devices = make(map[uuid.UUID]*deviceState, len(s.devices))
	for id, d := range s.devices {
		n := *d
		n.grants = slices.Clone(d.grants)
		t.devices[id] = &n
	}
	t.signing, t.invites, t.epochs = maps.Clone(s.signing), maps.Clone(s.invites), slices.Clone(s.epochs)
	return &t
}

func (s *state) current() uint64 { return uint64(len(s.epochs)) }
