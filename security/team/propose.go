package team

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// CreateOptions says how a team begins.
type CreateOptions struct {
	Name   string    // of the founder; required
	Team   uuid.UUID // uuid.Nil means a new UUIDv7
	Member uuid.UUID // of the founder; uuid.Nil means a new UUIDv7
	Policy Policy    // a zero MinSuite means DefaultSuite
	Now    func() time.Time
}

// Create founds a team with device as its first. The ring is ready to use once the server has the change; nothing
// needs to be applied to it.
func Create(device *Device, opts CreateOptions) (*Ring, Change, error) {
	if opts.Policy.MinSuite == 0 {
		opts.Policy.MinSuite = DefaultSuite
	}
	team, err := orNew(opts.Team)
	if err != nil {
		return nil, Change{}, err
	}
	member, err := orNew(opts.Member)
	if err != nil {
		return nil, Change{}, err
	}
	key := security.RandomSecret(epochKeyBytes)
	e := Entry{
		Team: team, Author: device.ID(), Time: now(opts.Now), Epoch: 1, Commit: commitment(team, 1, key),
		Op: Genesis{Founder: Member{ID: member, Name: opts.Name, Role: Owner}, Device: device.Public(), Policy: opts.Policy},
	}
	e.Signature = device.Sign(e.signed().b)
	raw := e.Encode()
	chain, err := extend(nil, [][]byte{raw}) // as everybody else will verify it
	if err != nil {
		return nil, Change{}, err
	}
	ring := NewRing(device, chain)
	ring.keys[1] = key
	c := Change{Entry: raw, Head: chain.Head(), Epoch: 1, Key: key}
	for _, to := range chain.state.recipients() {
		w, err := to.wrap(team, 1, key)
		if err != nil {
			return nil, Change{}, err
		}
		c.Wraps = append(c.Wraps, w)
	}
	return ring, c, nil
}

// ProposeOptions tunes a change. The zero value is what people mean.
type ProposeOptions struct {
	// NewEpoch opens an epoch where the change does not need one. A newcomer added with it and WithoutHistory reads
	// nothing that was written before.
	NewEpoch bool
	// WithoutHistory keeps the keys of past epochs from those who may read only from this change on. The current
	// epoch's key, which opens everything written in it, goes to them all the same.
	WithoutHistory bool
	Now            func() time.Time // nil means time.Now
}

// Propose makes the change that carries out op, signed by the ring's device. It changes nothing yet: see Change. What
// takes a right away opens an epoch by itself. The errors are those that every other member would meet on verifying
// the entry, such as ErrNotAllowed, ErrLastOwner or ErrSuiteMissing.
func (r *Ring) Propose(op Op, opts ProposeOptions) (Change, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	author, err := r.own()
	if err != nil {
		return Change{}, err
	}
	chain := r.chain
	head := chain.Head()
	e := Entry{Team: head.Team, Seq: head.Seq + 1, Prev: head.Hash, Author: r.device.ID(), Time: now(opts.Now), Op: op}
	var c Change
	if opts.NewEpoch || chain.state.opens(op) {
		if !chain.state.members[author.member].Role.Reads() {
			return Change{}, fmt.Errorf("%w: %s opens an epoch, whose key an auditor may not know", ErrNotAllowed, op.Kind())
		}
		c.Epoch, c.Key = chain.Epoch()+1, security.RandomSecret(epochKeyBytes)
		e.Epoch, e.Commit = c.Epoch, commitment(e.Team, c.Epoch, c.Key)
	}
	e.Signature = r.device.Sign(e.signed().b)
	c.Entry = e.Encode()
	next, err := chain.Extend([][]byte{c.Entry})
	if err != nil {
		return Change{}, err
	}
	c.Head = next.Head()
	c.Wraps, err = r.wrapsFor(chain, next, c, opts)
	return c, err
}

// wrapsFor makes the wraps of a change: the past to those who may read only now, and the new epoch's key to all. r.mu
// is held.
func (r *Ring) wrapsFor(chain, next *Chain, c Change, opts ProposeOptions) ([]Wrap, error) {
	var out []Wrap
	for _, to := range needed(chain, next) {
		history, err := r.history(chain, to, opts.WithoutHistory, c.Epoch != 0)
		if err != nil {
			return nil, err
		}
		out = append(out, history...)
	}
	if c.Epoch == 0 {
		return out, nil
	}
	for _, to := range next.state.recipients() {
		w, err := to.wrap(next.Team(), c.Epoch, c.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// history wraps to a newcomer what they may read of the epochs that are there.
func (r *Ring) history(chain *Chain, to recipient, without, opens bool) ([]Wrap, error) {
	if !without {
		return r.wrapAll(chain, to)
	}
	key, ok := r.keys[chain.Epoch()]
	if opens || !ok {
		return nil, nil
	}
	w, err := to.wrap(chain.Team(), chain.Epoch(), key)
	return []Wrap{w}, err
}

// opens reports whether op must open an epoch.
func (s *state) opens(op Op) bool {
	switch op := op.(type) {
	case Rotate:
		return true
	case Remove:
		m := s.members[op.Member]
		return m != nil && m.Role.Reads()
	case SetRole:
		m := s.members[op.Member]
		return m != nil && m.Role.loses(op.Role)
	case SetPolicy:
		return s.policyOpens(op.Policy)
	}
	return false
}

// policyOpens reports whether going over to p calls for a new epoch: the old keys were wrapped under a weaker suite, or
// to a recovery recipient that is one no longer.
func (s *state) policyOpens(p Policy) bool {
	replaced := s.policy.Recovery != nil && !s.policy.Recovery.equal(p.Recovery)
	return replaced || p.MinSuite > s.policy.MinSuite
}

func orNew(id uuid.UUID) (uuid.UUID, error) {
	if id != uuid.Nil {
		return id, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return id, fmt.Errorf("team: new id: %w", err)
	}
	return id, nil
}

func now(clock func() time.Time) time.Time {
	if clock == nil {
		clock = time.Now
	}
	return clock().UTC()
}
