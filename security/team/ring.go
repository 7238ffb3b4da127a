package team

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// Ring is a device's place in a team: the verified chain, the device's private keys, and the epoch keys it has. It is
// what security/envelope calls a Roster. Safe for concurrent use.
type Ring struct {
	device *Device

	mu    sync.RWMutex
	chain *Chain
	keys  map[uint64]security.Secret
}

// NewRing returns the ring of a device over a chain, without keys: Learn brings them. The device need not be, or still
// be, one of the team; then it learns nothing and proposes nothing.
func NewRing(device *Device, chain *Chain) *Ring {
	return &Ring{device: device, chain: chain, keys: map[uint64]security.Secret{}}
}

// Chain returns the chain as it stands.
func (r *Ring) Chain() *Chain {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.chain
}

// Device returns the id of the ring's own device.
func (r *Ring) Device() uuid.UUID { return r.device.ID() }

// Sign signs a record's message with the device's key; see Device.Sign.
func (r *Ring) Sign(message []byte) []byte { return r.device.Sign(message) }

// Extend verifies and takes in further entries of the chain, as Chain.Extend does. The caller keeps the entries and
// the new head before it acts on them.
func (r *Ring) Extend(entries [][]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	chain, err := r.chain.Extend(entries)
	if err != nil {
		return err
	}
	r.chain = chain
	return nil
}

// Learn opens a wrapped key and keeps what is in it. It returns an error wrapping ErrTeam or ErrWrap if the key is not
// for this device, ErrEpoch, ErrSuite, ErrDowngrade or ErrSuiteMissing if it cannot be taken, ErrUnwrap if it does not
// open, and ErrEpochKey if it is not the key that the chain commits to.
func (r *Ring) Learn(w Wrap) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var member uuid.UUID
	if d := r.chain.state.devices[r.device.ID()]; d != nil {
		member = d.member
	}
	key, err := r.chain.unwrapFor(&w, member, r.device.ID(), r.device.wrap)
	if err != nil {
		return err
	}
	if _, have := r.keys[w.Epoch]; have {
		key.Wipe()
		return nil
	}
	r.keys[w.Epoch] = key
	return nil
}

// Missing returns the epochs whose keys the ring lacks, oldest first: their wraps are to be fetched, or asked for.
func (r *Ring) Missing() []uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []uint64
	for e := uint64(1); e <= r.chain.Epoch(); e++ {
		if _, ok := r.keys[e]; !ok {
			out = append(out, e)
		}
	}
	return out
}

// Wipe forgets the epoch keys, such as when the device was removed.
func (r *Ring) Wipe() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.keys {
		k.Wipe()
	}
	clear(r.keys)
}

// Team returns the team's id.
func (r *Ring) Team() uuid.UUID { return r.Chain().Team() }

// Epoch returns the current epoch.
func (r *Ring) Epoch() uint64 { return r.Chain().Epoch() }

// Suite is Chain.Suite.
func (r *Ring) Suite(epoch uint64) (uint8, error) { return r.Chain().Suite(epoch) }

// Writer is Chain.Writer.
func (r *Ring) Writer(epoch uint64, device uuid.UUID) (ed25519.PublicKey, bool, error) {
	return r.Chain().Writer(epoch, device)
}

// Key returns the key of an epoch, which the caller must not wipe. It returns an error wrapping ErrEpoch if the chain
// has no such epoch, and ErrNoKey if the ring lacks its key.
func (r *Ring) Key(epoch uint64) (security.Secret, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if _, err := r.chain.epoch(epoch); err != nil {
		return security.Secret{}, err
	}
	key, ok := r.keys[epoch]
	if !ok {
		return security.Secret{}, fmt.Errorf("%w: %d", ErrNoKey, epoch)
	}
	return key, nil
}

// Grant wraps every epoch key of the ring to a device of the team that may read, such as one that lost its wraps or
// was given a role that reads. It returns an error wrapping ErrDevice or ErrAuthor for a device that is none of the
// team's, and ErrNotAllowed for one whose role does not read: keys go to nobody the signed chain does not name.
func (r *Ring) Grant(device uuid.UUID) ([]Wrap, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	d := r.chain.state.devices[device]
	switch {
	case d == nil:
		return nil, fmt.Errorf("%w: no device %s", ErrDevice, device)
	case d.gone:
		return nil, fmt.Errorf("%w: device %s was removed", ErrAuthor, device)
	}
	if role := r.chain.state.members[d.member].Role; !role.Reads() {
		return nil, fmt.Errorf("%w: %v does not read", ErrNotAllowed, role)
	}
	to := recipient{member: d.member, device: device, key: d.public.best()}
	return r.wrapAll(r.chain, to)
}

// wrapAll wraps every key of the ring to one recipient. r.mu is held.
func (r *Ring) wrapAll(c *Chain, to recipient) ([]Wrap, error) {
	var out []Wrap
	for epoch := uint64(1); epoch <= c.Epoch(); epoch++ {
		key, ok := r.keys[epoch]
		if !ok {
			continue
		}
		if e := c.state.epochs[epoch-1]; to.key.Suite < e.minSuite {
			return nil, fmt.Errorf("%w: epoch %d allows %v at least, device %s has %v", ErrDowngrade, epoch, e.minSuite, to.device, to.key.Suite)
		}
		w, err := to.wrap(c.Team(), epoch, key)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// Change is an entry with the wrapped keys that belong to it. The server must store all of it in one transaction, and
// must refuse it if another entry took its place in the chain: then Extend with that one, and propose again. Only
// after the server has it may Apply be called.
type Change struct {
	Entry []byte // encoded
	Head  Head   // of the chain with the entry
	Epoch uint64 // that the entry opens; 0 for none
	Wraps []Wrap // of the new epoch's key to everybody who stays, and of what newcomers need
	Key   security.Secret
}

// Apply takes a change into the ring that made it, or into another one of the same device.
func (r *Ring) Apply(c Change) error {
	if err := r.Extend([][]byte{c.Entry}); err != nil {
		return err
	}
	if c.Epoch == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.chain.epoch(c.Epoch)
	if err != nil {
		return err
	}
	if commitment(r.chain.Team(), c.Epoch, c.Key) != e.commit {
		return fmt.Errorf("%w: epoch %d", ErrEpochKey, c.Epoch)
	}
	r.keys[c.Epoch] = c.Key
	return nil
}

// errNoMember is what a device that is none of the team's is told when it proposes.
var errNoMember = errors.New("this device is not in the team; join with an invite")

// own returns the ring's device as the chain has it.
func (r *Ring) own() (*deviceState, error) {
	d := r.chain.state.devices[r.device.ID()]
	if d == nil || d.gone {
		return nil, fmt.Errorf("%w: %w", ErrAuthor, errNoMember)
	}
	return d, nil
}

// needed lists the recipients of next that were none of c: newcomers, and those whose role reads only now.
func needed(c, next *Chain) []recipient {
	before := c.state.recipients()
	return slices.DeleteFunc(next.state.recipients(), func(to recipient) bool {
		return slices.ContainsFunc(before, func(b recipient) bool { return b.device == to.device })
	})
}
