package team

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Kind says what an entry does.
type Kind uint8

// The kinds of entries.
const (
	KindGenesis Kind = 1 // the team, its first owner and their device, the policy, epoch 1
	KindAdd     Kind = 2 // a member with a device, or another device of a member
	KindRemove  Kind = 3 // a member with all devices, or one device; opens an epoch
	KindRole    Kind = 4 // another role for a member; opens an epoch if the member loses a right
	KindRotate  Kind = 5 // opens an epoch
	KindPolicy  Kind = 6 // minimum suite and recovery recipient
)

var kindNames = [...]string{
	KindGenesis: "genesis", KindAdd: "add", KindRemove: "remove", KindRole: "role", KindRotate: "rotate", KindPolicy: "policy",
}

// String returns the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Op is what an entry does: Genesis, Add, Remove, SetRole, Rotate or SetPolicy.
type Op interface {
	Kind() Kind
	encode() []byte
}

// Genesis founds a team.
type Genesis struct {
	Founder Member // an owner
	Device  Public
	Policy  Policy
}

// Add takes in a member with a device, or, if the member is there already with this name and role, another device.
type Add struct {
	Member Member
	Device Public
	Invite InviteID // of the invite that was used
	Proof  []byte   // the device's signature over its wish to join; see JoinRequest
}

// Remove takes out a member with all devices, or one device of theirs. What it takes out never comes back under the
// same device id.
type Remove struct {
	Member uuid.UUID
	Device uuid.UUID // uuid.Nil for the member with all devices
}

// SetRole gives a member another role.
type SetRole struct {
	Member uuid.UUID
	Role   Role
}

// Rotate does nothing but open an epoch.
type Rotate struct{}

// SetPolicy replaces the policy.
type SetPolicy struct{ Policy Policy }

// Policy is what the team agreed on. The server cannot change it, as it is part of the signed chain.
type Policy struct {
	MinSuite Suite             // below it no key is wrapped or accepted; it never goes down. 0 means DefaultSuite in CreateOptions
	Recovery *RecoveryIdentity // recipient of every epoch's key besides the members; nil for none
}

// Kind returns KindGenesis.
func (Genesis) Kind() Kind { return KindGenesis }

// Kind returns KindAdd.
func (Add) Kind() Kind { return KindAdd }

// Kind returns KindRemove.
func (Remove) Kind() Kind { return KindRemove }

// Kind returns KindRole.
func (SetRole) Kind() Kind { return KindRole }

// Kind returns KindRotate.
func (Rotate) Kind() Kind { return KindRotate }

// Kind returns KindPolicy.
func (SetPolicy) Kind() Kind { return KindPolicy }

func (f *fields) member(m Member) *fields { return f.id(m.ID).str(m.Name).num(uint64(m.Role)) }
func (f *fields) policy(p Policy) *fields {
	f.num(uint64(p.MinSuite))
	if p.Recovery == nil {
		return f.bytes(nil)
	}
	return f.bytes(p.Recovery.encode())
}

func (o Genesis) encode() []byte {
	return (&fields{}).member(o.Founder).bytes(o.Device.encode()).policy(o.Policy).b
}

func (o Add) encode() []byte {
	return (&fields{}).member(o.Member).bytes(o.Device.encode()).bytes(o.Invite[:]).bytes(o.Proof).b
}
func (o Remove) encode() []byte    { return (&fields{}).id(o.Member).id(o.Device).b }
func (o SetRole) encode() []byte   { return (&fields{}).id(o.Member).num(uint64(o.Role)).b }
func (Rotate) encode() []byte      { return nil }
func (o SetPolicy) encode() []byte { return (&fields{}).policy(o.Policy).b }

// nested reads a field that holds an encoding of its own.
func nested[T any](r *reader, limit int, parse func([]byte) (T, error)) T {
	var zero T
	b := r.bytes(limit)
	if r.err != nil {
		return zero
	}
	v, err := parse(b)
	if err != nil {
		r.err = err
		return zero
	}
	return v
}

func (r *reader) member() Member {
	return Member{ID: r.id(), Name: r.name(), Role: Role(r.small(255))}
}

func (r *reader) policy() Policy {
	p := Policy{MinSuite: Suite(r.small(255))}
	p.Recovery = nested(r, maxEntryBytes, func(b []byte) (*RecoveryIdentity, error) {
		if len(b) == 0 {
			return nil, nil
		}
		return parseRecoveryIdentity(b)
	})
	return p
}

func parseOp(kind Kind, payload []byte) (Op, error) {
	r := &reader{rest: payload}
	var op Op
	switch kind {
	case KindGenesis:
		op = Genesis{Founder: r.member(), Device: nested(r, maxEntryBytes, parsePublic), Policy: r.policy()}
	case KindAdd:
		op = Add{
			Member: r.member(), Device: nested(r, maxEntryBytes, parsePublic), Invite: InviteID(r.fixed(len(InviteID{}))),
			Proof: slices.Clone(r.fixed(ed25519.SignatureSize)),
		}
	case KindRemove:
		op = Remove{Member: r.id(), Device: r.id()}
	case KindRole:
		op = SetRole{Member: r.id(), Role: Role(r.small(255))}
	case KindRotate:
		op = Rotate{}
	case KindPolicy:
		op = SetPolicy{Policy: r.policy()}
	default:
		return nil, fmt.Errorf("%w: %v; update elderzan", ErrFormat, kind)
	}
	return op, r.end()
}

// Entry is one link of the chain.
type Entry struct {
	Team   uuid.UUID
	Seq    uint64    // 0 for genesis
	Prev   Hash      // of the entry before; zero for genesis
	Author uuid.UUID // the device that signed
	Time   time.Time // by the author's clock, whole seconds; for people to read, no rule depends on it
	Op     Op
	// Epoch is the epoch that the entry opens, one more than the last; 0 if it opens none. Commit binds its key.
	Epoch     uint64
	Commit    Hash
	Signature []byte
}

// signed returns what the author signs.
func (e *Entry) signed() *fields {
	return newFields(magicEntry).id(e.Team).num(e.Seq).hash(e.Prev).id(e.Author).num(uint64(e.Time.Unix())).
		num(uint64(e.Op.Kind())).num(e.Epoch).hash(e.Commit).bytes(e.Op.encode())
}

// Encode returns the entry's canonical encoding.
func (e *Entry) Encode() []byte { return e.signed().bytes(e.Signature).b }

// Hash names the entry and, through Prev, everything before it.
func (e *Entry) Hash() Hash { return hashOf(e.Encode()) }

func hashOf(raw []byte) Hash { return sha256.Sum256(raw) }

// ParseEntry reads what Encode wrote. It returns an error wrapping ErrFormat, ErrVersion or ErrSuite for anything
// else. It verifies nothing: that is Load's and Extend's work.
func ParseEntry(b []byte) (Entry, error) {
	if len(b) > maxEntryBytes {
		return Entry{}, fmt.Errorf("%w: an entry of %d bytes is too long", ErrFormat, len(b))
	}
	r := newReader(b, magicEntry)
	e := Entry{Team: r.id(), Seq: r.num(), Prev: r.hash(), Author: r.id(), Time: r.time()}
	kind := Kind(r.small(255))
	e.Epoch, e.Commit = r.num(), r.hash()
	payload := r.bytes(maxEntryBytes)
	e.Signature = slices.Clone(r.fixed(ed25519.SignatureSize))
	if err := r.end(); err != nil {
		return Entry{}, err
	}
	var err error
	if e.Op, err = parseOp(kind, payload); err != nil {
		return Entry{}, fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	return e, nil
}
