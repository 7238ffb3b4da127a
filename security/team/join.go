package team

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// JoinRequest is a device's wish to be taken in, made with an invite. It may go through the server, which can neither
// alter it nor make one.
type JoinRequest struct {
	Invite  InviteID
	Team    uuid.UUID
	Genesis Hash
	Inviter uuid.UUID
	Nonce   [inviteNonceBytes]byte
	Expires time.Time
	Role    Role // of the invite; 0 for a further device of the inviter
	Member  Member
	Device  Public
	Proof   []byte // the device's signature: it holds the keys and wants this
	mac     []byte // under the invite's secret
}

// proofMessage is what a new device signs; the chain verifies it again. The role is the inviter's business.
func proofMessage(team uuid.UUID, genesis Hash, m Member, p *Public, invite InviteID) []byte {
	return newFields(magicProof).id(team).hash(genesis).id(m.ID).str(m.Name).bytes(p.encode()).bytes(invite[:]).b
}

// Join makes the request of a newcomer called name. It returns an error wrapping ErrInvite for an invite of another
// kind, and ErrFormat or ErrLimit for an unusable name.
func (d *Device) Join(i Invite, name string) (JoinRequest, error) {
	if i.Role == 0 {
		return JoinRequest{}, fmt.Errorf("%w: it is for a further device of the inviter", ErrInvite)
	}
	id, err := orNew(uuid.Nil)
	if err != nil {
		return JoinRequest{}, err
	}
	return d.request(i, Member{ID: id, Name: name, Role: i.Role})
}

// JoinAs makes the request of a further device of the member who made the invite. chain is the team's, which the
// device has loaded with Invite.Anchor.
func (d *Device) JoinAs(i Invite, chain *Chain) (JoinRequest, error) {
	if i.Role != 0 {
		return JoinRequest{}, fmt.Errorf("%w: it is for a newcomer", ErrInvite)
	}
	if err := chain.Includes(i.Anchor()); err != nil {
		return JoinRequest{}, err
	}
	inviter, err := chain.Device(i.Inviter)
	if err != nil {
		return JoinRequest{}, err
	}
	return d.request(i, inviter.Member)
}

func (d *Device) request(i Invite, m Member) (JoinRequest, error) {
	if err := m.check(); err != nil {
		return JoinRequest{}, err
	}
	q := JoinRequest{
		Invite: i.ID(), Team: i.Team, Genesis: i.Genesis, Inviter: i.Inviter, Nonce: i.Nonce, Expires: i.Expires, Role: i.Role,
		Member: m, Device: d.Public(),
	}
	q.Proof = d.Sign(proofMessage(q.Team, q.Genesis, m, &q.Device, q.Invite))
	q.mac = q.sum(&i)
	return q, nil
}

func (q *JoinRequest) body() *fields {
	return newFields(magicJoin).bytes(q.Invite[:]).id(q.Team).hash(q.Genesis).id(q.Inviter).bytes(q.Nonce[:]).
		num(uint64(q.Expires.Unix())).num(uint64(q.Role)).member(q.Member).bytes(q.Device.encode()).bytes(q.Proof)
}

func (q *JoinRequest) sum(i *Invite) []byte {
	mac := hmac.New(sha256.New, i.secret[:])
	mac.Write(q.body().b)
	return mac.Sum(nil)
}

// Encode returns the request's canonical encoding.
func (q *JoinRequest) Encode() []byte { return q.body().bytes(q.mac).b }

// ParseJoinRequest reads what Encode wrote. It returns an error wrapping ErrFormat, ErrVersion or ErrSuite for anything
// else. Accept verifies what it says.
func ParseJoinRequest(b []byte) (JoinRequest, error) {
	if len(b) > maxEntryBytes {
		return JoinRequest{}, fmt.Errorf("%w: a request of %d bytes is too long", ErrFormat, len(b))
	}
	r := newReader(b, magicJoin)
	q := JoinRequest{
		Invite: InviteID(r.fixed(len(InviteID{}))), Team: r.id(), Genesis: r.hash(), Inviter: r.id(),
		Nonce: [inviteNonceBytes]byte(r.fixed(inviteNonceBytes)), Expires: r.time(), Role: Role(r.small(uint64(Auditor))),
		Member: r.member(), Device: nested(r, maxEntryBytes, parsePublic),
		Proof: slices.Clone(r.fixed(ed25519.SignatureSize)), mac: slices.Clone(r.fixed(macBytes)),
	}
	if err := r.end(); err != nil {
		return JoinRequest{}, err
	}
	if err := q.Member.check(); err != nil {
		return JoinRequest{}, err
	}
	return q, nil
}

// AcceptOptions says how a request is checked.
type AcceptOptions struct {
	Fingerprint string           // what the new device shows and its owner read out; "" relies on the invite alone
	Now         func() time.Time // nil means time.Now
}

// Accept checks a request against the invite of this device that it was made with, and returns the Add to propose.
//
// It returns an error wrapping ErrTeam for a request to another team, ErrInvite for one that was not made with an
// invite of this device or was altered, ErrInviteExpired, ErrInviteUsed, ErrSignature if the new device does not hold
// its keys, ErrCode for a mistyped fingerprint, and ErrKeyChanged if the fingerprint is another device's.
func (r *Ring) Accept(q JoinRequest, opts AcceptOptions) (Add, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err := r.checkInvite(&q); err != nil {
		return Add{}, err
	}
	if !now(opts.Now).Before(q.Expires) {
		return Add{}, fmt.Errorf("%w: it was good until %s", ErrInviteExpired, q.Expires.Format(time.RFC3339))
	}
	if _, used := r.chain.state.invites[q.Invite]; used {
		return Add{}, ErrInviteUsed
	}
	if !ed25519.Verify(q.Device.Signing, proofMessage(q.Team, q.Genesis, q.Member, &q.Device, q.Invite), q.Proof) {
		return Add{}, fmt.Errorf("%w: the new device does not hold its keys", ErrSignature)
	}
	if opts.Fingerprint != "" {
		if err := q.Device.Fingerprint().Matches(opts.Fingerprint); err != nil {
			return Add{}, err
		}
	}
	return Add{Member: q.Member, Device: q.Device, Invite: q.Invite, Proof: q.Proof}, nil
}

// checkInvite checks that q was made with an invite of the ring's device, and for the person it was meant for.
func (r *Ring) checkInvite(q *JoinRequest) error {
	author, err := r.own()
	if err != nil {
		return err
	}
	if q.Team != r.chain.Team() || q.Genesis != r.chain.Genesis() {
		return fmt.Errorf("%w: the request is for team %s", ErrTeam, q.Team)
	}
	if q.Inviter != r.device.ID() {
		return fmt.Errorf("%w: accept it on the device that made the invite, %s", ErrInvite, q.Inviter)
	}
	i := Invite{Team: q.Team, Genesis: q.Genesis, Inviter: q.Inviter, Nonce: q.Nonce, Expires: q.Expires, Role: q.Role}
	i.secret = r.device.inviteSecret(&i)
	if i.ID() != q.Invite || !hmac.Equal(q.sum(&i), q.mac) {
		return ErrInvite
	}
	own := r.chain.state.members[author.member].Member
	if q.Role == 0 && q.Member != own || q.Role != 0 && q.Member.Role != q.Role {
		return fmt.Errorf("%w: it was meant for somebody else or for another role", ErrInvite)
	}
	return nil
}
