package team

import (
	"crypto/ed25519"
	"fmt"

	"github.com/google/uuid"
)

// apply checks an entry that follows on s, signature included, against every rule, and carries it out. After an error
// s is of no more use.
func (s *state) apply(e *Entry, genesis Hash) error {
	if g, ok := e.Op.(Genesis); ok {
		return s.found(e, g)
	}
	author := s.devices[e.Author]
	if author == nil || author.gone {
		return fmt.Errorf("%w: device %s", ErrAuthor, e.Author)
	}
	if !ed25519.Verify(author.public.Signing, e.signed().b, e.Signature) {
		return ErrSignature
	}
	role := s.members[author.member].Role
	if err := s.permit(e, author, role); err != nil {
		return err
	}
	if err := s.checkEpoch(e, role); err != nil {
		return err
	}
	switch op := e.Op.(type) {
	case Add:
		return s.add(e, op, genesis)
	case Remove:
		return s.remove(e, op)
	case SetRole:
		return s.setRole(e, op)
	case SetPolicy:
		return s.setPolicy(e, op)
	}
	return s.open(e, s.policy.MinSuite)
}

// found carries out the first entry, which vouches for itself: what makes it the right one is its hash.
func (s *state) found(e *Entry, g Genesis) error {
	if e.Author != g.Device.ID || g.Founder.Role != Owner || e.Epoch != 1 || e.Commit.IsZero() {
		return fmt.Errorf("%w: a team begins with an owner, their device and epoch 1", ErrFormat)
	}
	if err := g.Founder.check(); err != nil {
		return err
	}
	if !ed25519.Verify(g.Device.Signing, e.signed().b, e.Signature) {
		return ErrSignature
	}
	if err := checkPolicy(g.Policy); err != nil {
		return err
	}
	if g.Device.best().Suite < g.Policy.MinSuite {
		return fmt.Errorf("%w: the founder's", ErrSuiteMissing)
	}
	s.policy = g.Policy
	s.epochs = []epochState{{commit: e.Commit, minSuite: g.Policy.MinSuite}}
	s.members[g.Founder.ID] = &memberState{Member: g.Founder}
	s.enter(g.Device, g.Founder, 1)
	return nil
}

// permit says who may append what.
func (s *state) permit(e *Entry, author *deviceState, role Role) error {
	switch op := e.Op.(type) {
	case Add:
		// A person brings in their own further devices.
		if op.Member.ID == author.member && op.Member.Role == role {
			return nil
		}
	case Remove:
		if op.Device == e.Author || op.Device == uuid.Nil && op.Member == author.member {
			return fmt.Errorf("%w: who leaves must not make the key that follows; another device or owner removes it", ErrNotAllowed)
		}
		if op.Device != uuid.Nil && op.Member == author.member {
			return nil
		}
	case SetRole:
		if op.Member == author.member && !op.Role.Reads() {
			return fmt.Errorf("%w: who gives up reading must not make the key that follows; another owner does it", ErrNotAllowed)
		}
	}
	if !role.Manages() {
		return fmt.Errorf("%w: %s by %s", ErrNotAllowed, e.Op.Kind(), role)
	}
	return nil
}

// checkEpoch checks the epoch that an entry opens, if it opens one.
func (s *state) checkEpoch(e *Entry, role Role) error {
	if e.Epoch == 0 {
		if !e.Commit.IsZero() {
			return fmt.Errorf("%w: a key without an epoch", ErrFormat)
		}
		return nil
	}
	switch {
	case e.Epoch != s.current()+1:
		return fmt.Errorf("%w: %d does not follow on %d", ErrEpoch, e.Epoch, s.current())
	case e.Commit.IsZero():
		return fmt.Errorf("%w: an epoch without a key", ErrFormat)
	case !role.Reads():
		return fmt.Errorf("%w: %s may not know the team's key", ErrNotAllowed, role)
	}
	return nil
}

// open carries out the epoch that e opens, if it opens one.
func (s *state) open(e *Entry, minSuite Suite) error {
	if e.Epoch != 0 {
		s.epochs = append(s.epochs, epochState{commit: e.Commit, minSuite: minSuite, seq: e.Seq})
	} else if e.Op.Kind() == KindRotate {
		return fmt.Errorf("%w: a rotation opens one", ErrEpoch)
	}
	return nil
}

// enter makes a device one of the team from epoch on.
func (s *state) enter(p Public, m Member, epoch uint64) {
	s.devices[p.ID] = &deviceState{public: p, member: m.ID, grants: []grant{{from: epoch, role: m.Role}}}
	s.signing[string(p.Signing)] = p.ID
	s.members[m.ID].devices++
}

func (s *state) add(e *Entry, op Add, genesis Hash) error {
	if err := op.Member.check(); err != nil {
		return err
	}
	if err := s.checkNewDevice(&op.Device, op.Member.Role); err != nil {
		return err
	}
	if !ed25519.Verify(op.Device.Signing, proofMessage(s.team, genesis, op.Member, &op.Device, op.Invite), op.Proof) {
		return fmt.Errorf("%w: the new device did not ask for it", ErrSignature)
	}
	if op.Invite.IsZero() {
		return fmt.Errorf("%w: there is none", ErrInvite)
	}
	if _, used := s.invites[op.Invite]; used {
		return ErrInviteUsed
	}
	s.invites[op.Invite] = struct{}{}
	m := s.members[op.Member.ID]
	switch {
	case m != nil && !m.gone && m.Member != op.Member:
		return fmt.Errorf("%w: member %s is there with another name or role", ErrMember, op.Member.ID)
	case m != nil && m.gone:
		return fmt.Errorf("%w: member %s was removed; take the person in as a new member", ErrMember, op.Member.ID)
	case m == nil && len(s.members) >= maxMembers:
		return fmt.Errorf("%w: %d members", ErrLimit, maxMembers)
	case m != nil && m.devices >= maxDevices:
		return fmt.Errorf("%w: %d devices of a member", ErrLimit, maxDevices)
	case m == nil:
		s.members[op.Member.ID] = &memberState{Member: op.Member}
	}
	if err := s.open(e, s.policy.MinSuite); err != nil {
		return err
	}
	s.enter(op.Device, op.Member, s.current())
	return nil
}

func (s *state) checkNewDevice(p *Public, role Role) error {
	if known := s.devices[p.ID]; known != nil {
		if !known.public.Equal(p) {
			return fmt.Errorf("%w: device %s", ErrKeyChanged, p.ID)
		}
		return fmt.Errorf("%w: device %s is or was one of the team", ErrDevice, p.ID)
	}
	if other, ok := s.signing[string(p.Signing)]; ok {
		return fmt.Errorf("%w: device %s", ErrKeyReused, other)
	}
	if role.Reads() && p.best().Suite < s.policy.MinSuite {
		return fmt.Errorf("%w: %v, device %s", ErrSuiteMissing, s.policy.MinSuite, p.ID)
	}
	return nil
}

func (s *state) remove(e *Entry, op Remove) error {
	m := s.members[op.Member]
	if m == nil || m.gone {
		return fmt.Errorf("%w: no member %s", ErrMember, op.Member)
	}
	if op.Device != uuid.Nil {
		d := s.devices[op.Device]
		if d == nil || d.gone || d.member != op.Member {
			return fmt.Errorf("%w: member %s has no device %s", ErrDevice, op.Member, op.Device)
		}
	}
	if e.Epoch == 0 && m.Role.Reads() {
		return fmt.Errorf("%w: a removal opens one", ErrEpoch)
	}
	last := s.current()
	for id, d := range s.devices {
		if d.member == op.Member && !d.gone && (op.Device == uuid.Nil || op.Device == id) {
			d.gone = true
			m.devices--
			d.grants[len(d.grants)-1].to = last
		}
	}
	m.gone = m.devices == 0
	if !s.owned() {
		return ErrLastOwner
	}
	return s.open(e, s.policy.MinSuite)
}

// owned reports whether an owner is there.
func (s *state) owned() bool {
	for _, m := range s.members {
		if !m.gone && m.Role == Owner {
			return true
		}
	}
	return false
}

func (s *state) setRole(e *Entry, op SetRole) error {
	m := s.members[op.Member]
	if m == nil || m.gone || !op.Role.Valid() || m.Role == op.Role {
		return fmt.Errorf("%w: no member %s, or no new role %v", ErrMember, op.Member, op.Role)
	}
	if e.Epoch == 0 && m.Role.loses(op.Role) {
		return fmt.Errorf("%w: going from %v to %v opens one", ErrEpoch, m.Role, op.Role)
	}
	last := s.current()
	if err := s.open(e, s.policy.MinSuite); err != nil {
		return err
	}
	m.Role = op.Role
	for _, d := range s.devices {
		if d.member != op.Member || d.gone {
			continue
		}
		if op.Role.Reads() && d.public.best().Suite < s.policy.MinSuite {
			return fmt.Errorf("%w: %v, device %s", ErrSuiteMissing, s.policy.MinSuite, d.public.ID)
		}
		d.grants[len(d.grants)-1].to = last
		d.grants = append(d.grants, grant{from: s.current(), role: op.Role})
	}
	if !s.owned() {
		return ErrLastOwner
	}
	return nil
}

func checkPolicy(p Policy) error {
	if !p.MinSuite.Known() {
		return fmt.Errorf("%w: %d", ErrSuite, uint8(p.MinSuite))
	}
	if p.Recovery != nil && p.Recovery.Key.Suite < p.MinSuite {
		return fmt.Errorf("%w: the recovery key is %v", ErrDowngrade, p.Recovery.Key.Suite)
	}
	return nil
}

func (s *state) setPolicy(e *Entry, op SetPolicy) error {
	if err := checkPolicy(op.Policy); err != nil {
		return err
	}
	if op.Policy.MinSuite < s.policy.MinSuite {
		return fmt.Errorf("%w: the minimum goes from %v up, not down to %v", ErrDowngrade, s.policy.MinSuite, op.Policy.MinSuite)
	}
	if e.Epoch == 0 && s.policyOpens(op.Policy) {
		return fmt.Errorf("%w: a stronger suite, or another recovery key, opens one", ErrEpoch)
	}
	for _, d := range s.devices {
		if !d.gone && s.members[d.member].Role.Reads() && d.public.best().Suite < op.Policy.MinSuite {
			return fmt.Errorf("%w: %v, device %s", ErrSuiteMissing, op.Policy.MinSuite, d.public.ID)
		}
	}
	s.policy = op.Policy
	return s.open(e, op.Policy.MinSuite)
}
