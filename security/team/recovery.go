package team

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"
	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// Recovery is for the day on which every device is lost: the keys of all epochs are wrapped to one more recipient,
// whose private key exists nowhere. Its seed was split into n shares, of which any m give it back (Shamir over the
// scalars of ristretto255), and was thrown away. The chain holds commitments to the polynomial (Feldman), so that
// every holder can check a share, and a wrong one is named instead of spoiling the rest.
//
// It recovers reading alone: it signs nothing, so that whoever recovers founds another team with what they read. The
// caller puts every use into the audit log.

// maxShares is the largest number of shares.
const maxShares = 16

const scalarBytes = 32

// recoveryGroup has constant-time scalars.
var recoveryGroup = group.Ristretto255

// RecoveryIdentity is the public half of a recovery recipient, as the policy holds it.
type RecoveryIdentity struct {
	ID          uuid.UUID
	Need        int // m: shares that give the key
	Shares      int // n: shares that were made
	Key         WrapKey
	Commitments [][]byte // Need of them
}

func (r *RecoveryIdentity) encode() []byte {
	f := newFields(magicRecovery).id(r.ID).num(uint64(r.Need)).num(uint64(r.Shares)).num(uint64(r.Key.Suite)).bytes(r.Key.Key)
	for _, c := range r.Commitments {
		f.bytes(c)
	}
	return f.b
}

func (r *RecoveryIdentity) equal(other *RecoveryIdentity) bool {
	return other != nil && bytes.Equal(r.encode(), other.encode())
}

func parseRecoveryIdentity(b []byte) (*RecoveryIdentity, error) {
	r := newReader(b, magicRecovery)
	id := &RecoveryIdentity{
		ID: r.id(), Need: int(r.small(maxShares)), Shares: int(r.small(maxShares)),
		Key: WrapKey{Suite: Suite(r.small(255)), Key: slices.Clone(r.bytes(maxKeyBytes))},
	}
	for range id.Need {
		id.Commitments = append(id.Commitments, slices.Clone(r.fixed(scalarBytes)))
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if err := checkShares(id.Need, id.Shares); err != nil {
		return nil, err
	}
	if _, err := id.points(); err != nil {
		return nil, err
	}
	key, err := id.Key.Suite.parsePublic(id.Key.Key)
	if err != nil {
		return nil, err
	}
	if _, err := key.wrap(nil, make([]byte, epochKeyBytes)); err != nil { // see Public.check
		return nil, fmt.Errorf("%w: nothing can be wrapped to the recovery key", ErrFormat)
	}
	return id, nil
}

func checkShares(need, shares int) error {
	if need < 1 || need > shares || shares > maxShares {
		return fmt.Errorf("%w: recovery takes 1 to %d shares, and needs no more than there are", ErrLimit, maxShares)
	}
	return nil
}

// points decodes the commitments.
func (r *RecoveryIdentity) points() (secretsharing.SecretCommitment, error) {
	var out secretsharing.SecretCommitment
	for _, c := range r.Commitments {
		p := recoveryGroup.NewElement()
		if err := p.UnmarshalBinary(c); err != nil {
			return nil, fmt.Errorf("%w: a recovery commitment is no group element", ErrFormat)
		}
		out = append(out, p)
	}
	return out, nil
}

// Share is one part of a recovery key. Its Code is for paper or a password manager, one holder each.
type Share struct {
	Recovery uuid.UUID
	Index    int // from 1
	value    security.Secret
}

const shareBytes = 1 + 16 + 1 + scalarBytes

// Code returns the share as a code to keep. It is secret.
func (s Share) Code() string {
	b := append(make([]byte, 0, shareBytes), formatVersion)
	b = append(b, s.Recovery[:]...)
	b = append(b, byte(s.Index))
	return encodeCode(codeShare, append(b, s.value.Bytes()...))
}

// String says which share it is, and not what is in it.
func (s Share) String() string { return fmt.Sprintf("recovery share %d of %s", s.Index, s.Recovery) }

// ParseShare reads a code. It returns an error wrapping ErrCode if it was mistyped, ErrVersion or ErrFormat.
func ParseShare(code string) (Share, error) {
	b, err := decodeCode(codeShare, code, shareBytes)
	if err != nil {
		return Share{}, err
	}
	if b[0] != formatVersion {
		return Share{}, fmt.Errorf("%w: recovery share of version %d", ErrVersion, b[0])
	}
	s := Share{Recovery: uuid.UUID(b[1:17]), Index: int(b[17]), value: security.NewSecret(b[18:])}
	if s.Index < 1 || s.Index > maxShares {
		return Share{}, fmt.Errorf("%w: recovery share %d", ErrFormat, s.Index)
	}
	return s, nil
}

// scalars returns the share for arithmetic; a value that is not reduced is refused.
func (s Share) scalars() (secretsharing.Share, error) {
	v := recoveryGroup.NewScalar()
	err := v.UnmarshalBinary(s.value.Bytes())
	if err == nil {
		var again []byte
		if again, err = v.MarshalBinary(); err == nil && !bytes.Equal(again, s.value.Bytes()) {
			err = errors.New("not reduced")
		}
	}
	if err != nil {
		return secretsharing.Share{}, fmt.Errorf("%w: number %d", ErrShare, s.Index)
	}
	return secretsharing.Share{ID: recoveryGroup.NewScalar().SetUint64(uint64(s.Index)), Value: v}, nil
}

// NewRecovery makes a recovery recipient of which any need of shares shares give the key back. Propose the identity as
// part of a SetPolicy, hand out the shares, and keep none.
func NewRecovery(need, shares int) (*RecoveryIdentity, []Share, error) {
	if err := checkShares(need, shares); err != nil {
		return nil, nil, err
	}
	id, err := orNew(uuid.Nil)
	if err != nil {
		return nil, nil, err
	}
	secret := recoveryGroup.RandomNonZeroScalar(nil)
	split := secretsharing.New(nil, uint(need-1), secret)
	r := &RecoveryIdentity{ID: id, Need: need, Shares: shares}
	private, err := recoveryKey(id, secret)
	if err != nil {
		return nil, nil, err
	}
	r.Key = WrapKey{Suite: SuiteHybrid, Key: private.public().encode()}
	for _, c := range split.CommitSecret() {
		b, err := c.MarshalBinary()
		if err != nil {
			return nil, nil, fmt.Errorf("team: recovery commitment: %w", err)
		}
		r.Commitments = append(r.Commitments, b)
	}
	var out []Share
	for i, s := range split.Share(uint(shares)) {
		b, err := s.Value.MarshalBinary()
		if err != nil {
			return nil, nil, fmt.Errorf("team: recovery share: %w", err)
		}
		out = append(out, Share{Recovery: id, Index: i + 1, value: security.NewSecret(b)})
	}
	return r, out, nil
}

// recoveryKey derives the private key from the shared secret.
func recoveryKey(id uuid.UUID, secret group.Scalar) (unwrapper, error) {
	b, err := secret.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("team: recovery key: %w", err)
	}
	seed, err := hkdf.Key(sha256.New, b, id[:], magicRecovery, 64)
	clear(b)
	if err != nil {
		return nil, fmt.Errorf("team: recovery key: %w", err)
	}
	key, err := SuiteHybrid.kem().DeriveKeyPair(seed)
	if err != nil {
		return nil, fmt.Errorf("team: recovery key: %w", err)
	}
	return hpkePrivate{key}, nil
}

// CheckShare lets a holder verify their share. It returns an error wrapping ErrShare if it is none of this recovery
// key or was altered.
func (r *RecoveryIdentity) CheckShare(s Share) error {
	if s.Recovery != r.ID || s.Index > r.Shares {
		return fmt.Errorf("%w: it is of %s", ErrShare, s.Recovery)
	}
	points, err := r.points()
	if err != nil {
		return err
	}
	sh, err := s.scalars()
	if err != nil {
		return err
	}
	if !secretsharing.Verify(uint(r.Need-1), sh, points) {
		return fmt.Errorf("%w: number %d was altered", ErrShare, s.Index)
	}
	return nil
}

// RecoveryKey is the private half of a recovery recipient, put together from shares. Each use of it belongs in the
// audit log.
type RecoveryKey struct {
	id  uuid.UUID
	key unwrapper
}

// Recover puts the recovery key together. It returns an error wrapping ErrShares if there are fewer different shares
// than it needs, and ErrShare if one is wrong.
func (r *RecoveryIdentity) Recover(shares []Share) (*RecoveryKey, error) {
	var parts []secretsharing.Share
	seen := map[int]bool{}
	for _, s := range shares {
		if err := r.CheckShare(s); err != nil {
			return nil, err
		}
		if seen[s.Index] {
			continue
		}
		seen[s.Index] = true
		sh, err := s.scalars()
		if err != nil {
			return nil, err
		}
		parts = append(parts, sh)
	}
	if len(parts) < r.Need {
		return nil, fmt.Errorf("%w: %d of %d", ErrShares, len(parts), r.Need)
	}
	secret, err := secretsharing.Recover(uint(r.Need-1), parts)
	if err != nil {
		return nil, fmt.Errorf("team: recover: %w", err)
	}
	key, err := recoveryKey(r.ID, secret)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(key.public().encode(), r.Key.Key) {
		return nil, fmt.Errorf("%w: together they give another key", ErrShare)
	}
	return &RecoveryKey{id: r.ID, key: key}, nil
}

// Open returns the epoch keys in wraps, by epoch, checked against chain as Ring.Learn checks them, with its errors.
func (k *RecoveryKey) Open(chain *Chain, wraps []Wrap) (map[uint64]security.Secret, error) {
	out := map[uint64]security.Secret{}
	for i := range wraps {
		key, err := chain.unwrapFor(&wraps[i], uuid.Nil, k.id, map[Suite]unwrapper{SuiteHybrid: k.key})
		if err != nil {
			return nil, err
		}
		out[wraps[i].Epoch] = key
	}
	return out, nil
}

// Recovered is what a recovery key makes of a team: it reads what the team wrote, and writes nothing. It is what
// security/envelope calls a Roster. Safe for concurrent use.
type Recovered struct {
	chain *Chain
	keys  map[uint64]security.Secret
}

// Read returns the team as far as wraps give its keys. Wraps that are of no use, such as garbage that a member or the
// server put among them, are passed over: Missing tells what is not there.
func (k *RecoveryKey) Read(chain *Chain, wraps []Wrap) *Recovered {
	r := &Recovered{chain: chain, keys: map[uint64]security.Secret{}}
	for i := range wraps {
		if keys, err := k.Open(chain, wraps[i:i+1]); err == nil {
			for epoch, key := range keys {
				r.keys[epoch] = key
			}
		}
	}
	return r
}

// Missing returns the epochs whose keys are not there, oldest first.
func (r *Recovered) Missing() []uint64 {
	var out []uint64
	for e := uint64(1); e <= r.chain.Epoch(); e++ {
		if _, ok := r.keys[e]; !ok {
			out = append(out, e)
		}
	}
	return out
}

// Chain returns the team's chain.
func (r *Recovered) Chain() *Chain { return r.chain }

// Team returns the team's id.
func (r *Recovered) Team() uuid.UUID { return r.chain.Team() }

// Epoch returns the current epoch.
func (r *Recovered) Epoch() uint64 { return r.chain.Epoch() }

// Suite is Chain.Suite.
func (r *Recovered) Suite(epoch uint64) (uint8, error) { return r.chain.Suite(epoch) }

// Writer is Chain.Writer.
func (r *Recovered) Writer(epoch uint64, device uuid.UUID) (ed25519.PublicKey, bool, error) {
	return r.chain.Writer(epoch, device)
}

// Key returns the key of an epoch, which the caller must not wipe, or an error wrapping ErrEpoch or ErrNoKey.
func (r *Recovered) Key(epoch uint64) (security.Secret, error) {
	if _, err := r.chain.epoch(epoch); err != nil {
		return security.Secret{}, err
	}
	key, ok := r.keys[epoch]
	if !ok {
		return security.Secret{}, fmt.Errorf("%w: %d", ErrNoKey, epoch)
	}
	return key, nil
}

// String shows the recipient's id and nothing secret.
func (k *RecoveryKey) String() string { return "recovery key " + k.id.String() }

// GoString is String: %#v would print the key.
func (k *RecoveryKey) GoString() string { return k.String() }
