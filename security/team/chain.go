package team

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// Head is what a client remembers of a chain: how far it has seen it. It belongs in the device's own storage, as a
// server that could change it could show the device another history.
type Head struct {
	Team uuid.UUID
	Seq  uint64 // of the newest entry seen
	Hash Hash   // of that entry
}

// IsZero reports whether h was never set.
func (h Head) IsZero() bool { return h == Head{} }

// Encode returns the head's canonical encoding.
func (h Head) Encode() []byte { return newFields(magicHead).id(h.Team).num(h.Seq).hash(h.Hash).b }

// ParseHead reads what Encode wrote; it returns an error wrapping ErrFormat or ErrVersion for anything else.
func ParseHead(b []byte) (Head, error) {
	r := newReader(b, magicHead)
	h := Head{Team: r.id(), Seq: r.num(), Hash: r.hash()}
	if err := r.end(); err != nil {
		return Head{}, err
	}
	return h, nil
}

// Chain is a verified membership chain. It is never changed: Extend returns another. Safe for concurrent use.
type Chain struct {
	hashes []Hash // of every entry
	state  *state
}

// Load verifies a chain, given as the encoded entries from genesis on, against anchor: the head this client
// remembers, or the one that an invite names. Entries after the anchor are verified too and taken in.
//
// It returns an error wrapping ErrAnchor without an anchor, ErrTruncated or ErrForked if the chain is not the one
// that the client has seen, and the error of the entry that breaks a rule otherwise.
func Load(anchor Head, entries [][]byte) (*Chain, error) {
	if anchor.IsZero() {
		return nil, ErrAnchor
	}
	c, err := extend(nil, entries)
	if err != nil {
		return nil, err
	}
	return c, c.Includes(anchor)
}

// LoadNamed verifies a chain of which nothing is remembered but the team's fingerprint, as somebody wrote it down. What
// it holds was signed by the team; whether the newest entries were left out, nobody can tell from it alone. The errors
// are those of Load, ErrCode for a fingerprint that was mistyped, and ErrKeyChanged for another team.
func LoadNamed(fingerprint string, entries [][]byte) (*Chain, error) {
	c, err := extend(nil, entries)
	if err != nil {
		return nil, err
	}
	return c, c.Fingerprint().Matches(fingerprint)
}

// Extend verifies further entries and returns the longer chain. Entries that c holds already may stand at the
// beginning: they must be the same ones. The errors are those of Load.
func (c *Chain) Extend(entries [][]byte) (*Chain, error) { return extend(c, entries) }

// Includes reports whether the chain holds the head another client, or this one at another time, has seen. It returns
// an error wrapping ErrTruncated or ErrForked if it does not.
func (c *Chain) Includes(h Head) error {
	switch {
	case h.Team != c.Team():
		return fmt.Errorf("%w: the chain is of %s, the head of %s", ErrTeam, c.Team(), h.Team)
	case h.Seq >= uint64(len(c.hashes)):
		return fmt.Errorf("%w: it has %d entries and should have %d or more", ErrTruncated, len(c.hashes), h.Seq+1)
	case c.hashes[h.Seq] != h.Hash:
		return fmt.Errorf("%w: at entry %d", ErrForked, h.Seq)
	}
	return nil
}

func extend(c *Chain, entries [][]byte) (*Chain, error) {
	next := &Chain{}
	if c != nil {
		next.hashes, next.state = slices.Clone(c.hashes), c.state.clone()
	}
	for _, raw := range entries {
		e, err := ParseEntry(raw)
		if err != nil {
			return nil, err
		}
		if err := next.append(&e, raw); err != nil {
			return nil, fmt.Errorf("entry %d (%v): %w", e.Seq, e.Op.Kind(), err)
		}
	}
	if next.state == nil {
		return nil, fmt.Errorf("%w: there are none", ErrGap)
	}
	return next, nil
}

// append takes in one entry, whose encoding is raw.
func (c *Chain) append(e *Entry, raw []byte) error {
	hash := hashOf(raw)
	n := uint64(len(c.hashes))
	_, first := e.Op.(Genesis)
	switch {
	case c.state != nil && e.Team != c.state.team:
		return fmt.Errorf("%w: %s", ErrTeam, e.Team)
	case e.Seq < n:
		if c.hashes[e.Seq] != hash {
			return ErrForked
		}
		return nil
	case e.Seq > n:
		return fmt.Errorf("%w: after %d entries", ErrGap, n)
	case first != (n == 0) || n == 0 && !e.Prev.IsZero():
		return fmt.Errorf("%w: genesis is the first entry and no other", ErrGap)
	case n > 0 && e.Prev != c.hashes[n-1]:
		return fmt.Errorf("%w: it does not follow on the entry before", ErrForked)
	}
	if n == 0 {
		c.state = newState(e.Team)
	}
	genesis := hash
	if n > 0 {
		genesis = c.hashes[0]
	}
	if err := c.state.apply(e, genesis); err != nil {
		return err
	}
	c.hashes = append(c.hashes, hash)
	return nil
}

// Team returns the team's id.
func (c *Chain) Team() uuid.UUID { return c.state.team }

// Head returns the newest entry's place and hash, for the client to remember.
func (c *Chain) Head() Head {
	last := len(c.hashes) - 1
	return Head{Team: c.Team(), Seq: uint64(last), Hash: c.hashes[last]}
}

// Genesis returns the hash of the first entry. Its Fingerprint is the team's.
func (c *Chain) Genesis() Hash { return c.hashes[0] }

// Fingerprint returns what members compare to know that they are in the same team.
func (c *Chain) Fingerprint() Fingerprint { return Fingerprint(c.hashes[0]) }

// Policy returns the policy in force. The recovery recipient must not be changed.
func (c *Chain) Policy() Policy { return c.state.policy }

// Epoch returns the current epoch, which is 1 or more.
func (c *Chain) Epoch() uint64 { return c.state.current() }

// Members returns the present members, oldest id first; the caller owns the slice.
func (c *Chain) Members() []Member {
	var out []Member
	for _, m := range c.state.members {
		if !m.gone {
			out = append(out, m.Member)
		}
	}
	slices.SortFunc(out, func(a, b Member) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return out
}

// Member returns a present member. It returns an error wrapping ErrMember if there is none.
func (c *Chain) Member(id uuid.UUID) (Member, error) {
	if m := c.state.members[id]; m != nil && !m.gone {
		return m.Member, nil
	}
	return Member{}, fmt.Errorf("%w: no member %s", ErrMember, id)
}

// DeviceInfo is a device as the chain knows it.
type DeviceInfo struct {
	Public  Public
	Member  Member
	Removed bool
}

// Device returns a device, present or removed. It returns an error wrapping ErrDevice if it never was one.
func (c *Chain) Device(id uuid.UUID) (DeviceInfo, error) {
	d := c.state.devices[id]
	if d == nil {
		return DeviceInfo{}, fmt.Errorf("%w: no device %s", ErrDevice, id)
	}
	return DeviceInfo{Public: d.public.clone(), Member: c.state.members[d.member].Member, Removed: d.gone}, nil
}

// Devices returns the present devices of a member, oldest id first; the caller owns the slice.
func (c *Chain) Devices(member uuid.UUID) []DeviceInfo {
	var out []DeviceInfo
	for id, d := range c.state.devices {
		if d.member == member && !d.gone {
			info, _ := c.Device(id) // it is there
			out = append(out, info)
		}
	}
	slices.SortFunc(out, func(a, b DeviceInfo) int { return bytes.Compare(a.Public.ID[:], b.Public.ID[:]) })
	return out
}

// CheckDevice compares what somebody, such as the server's directory, says of a device with the chain. It returns an
// error wrapping ErrKeyChanged if the keys are others, ErrAuthor if the device was removed, and ErrDevice if it never
// was one of the team.
func (c *Chain) CheckDevice(p Public) error {
	d := c.state.devices[p.ID]
	switch {
	case d == nil:
		return fmt.Errorf("%w: no device %s", ErrDevice, p.ID)
	case !d.public.Equal(&p):
		return fmt.Errorf("%w: device %s", ErrKeyChanged, p.ID)
	case d.gone:
		return fmt.Errorf("%w: device %s was removed", ErrAuthor, p.ID)
	}
	return nil
}

func (c *Chain) epoch(n uint64) (epochState, error) {
	if n == 0 || n > c.Epoch() {
		return epochState{}, fmt.Errorf("%w: %d, the newest is %d", ErrEpoch, n, c.Epoch())
	}
	return c.state.epochs[n-1], nil
}

// Suite returns the minimum suite of an epoch as a number. It returns an error wrapping ErrEpoch for an epoch that the
// chain does not hold.
func (c *Chain) Suite(epoch uint64) (uint8, error) {
	e, err := c.epoch(epoch)
	return uint8(e.minSuite), err
}

// Writer returns the signing key of a device that could write records in an epoch, and whether it still can. It
// returns an error wrapping ErrEpoch, ErrAuthor for a device that was none of the team's in that epoch, or
// ErrNotAllowed for one that could only read.
func (c *Chain) Writer(epoch uint64, device uuid.UUID) (key ed25519.PublicKey, still bool, err error) {
	if _, err := c.epoch(epoch); err != nil {
		return nil, false, err
	}
	d := c.state.devices[device]
	if d == nil {
		return nil, false, fmt.Errorf("%w: device %s", ErrAuthor, device)
	}
	for _, g := range d.grants {
		if epoch < g.from || g.to != 0 && epoch > g.to {
			continue
		}
		if g.role.Writes() {
			last := d.grants[len(d.grants)-1]
			return slices.Clone(d.public.Signing), last.to == 0 && last.role.Writes(), nil
		}
		err = fmt.Errorf("%w: device %s was %v in epoch %d", ErrNotAllowed, device, g.role, epoch)
	}
	if err == nil {
		err = fmt.Errorf("%w: device %s in epoch %d", ErrAuthor, device, epoch)
	}
	return nil, false, err
}

// recipients returns everybody an epoch key is wrapped to now, in a fixed order.
func (s *state) recipients() []recipient {
	var out []recipient
	for id, d := range s.devices {
		if !d.gone && s.members[d.member].Role.Reads() {
			out = append(out, recipient{member: d.member, device: id, key: d.public.best()})
		}
	}
	slices.SortFunc(out, func(a, b recipient) int {
		return cmp.Or(bytes.Compare(a.member[:], b.member[:]), bytes.Compare(a.device[:], b.device[:]))
	})
	if r := s.policy.Recovery; r != nil {
		out = append(out, recipient{device: r.ID, key: r.Key})
	}
	return out
}
