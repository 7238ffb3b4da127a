package team

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// Wrap is the key of one epoch, sealed to one device. It may be kept and handed around by anybody: only the device
// opens it, only as what it was made for, and it counts only if the signed chain commits to what is in it.
type Wrap struct {
	Suite  Suite
	Team   uuid.UUID
	Epoch  uint64
	Member uuid.UUID // uuid.Nil for the recovery recipient
	Device uuid.UUID // the recovery recipient's id for the recovery recipient
	Sealed []byte
}

// info is the wrap context: OAEP's label and HPKE's info.
func (w *Wrap) info() []byte {
	return newFields(magicWrapInfo).num(uint64(w.Suite)).id(w.Team).num(w.Epoch).id(w.Member).id(w.Device).b
}

// Encode returns the wrap's canonical encoding.
func (w *Wrap) Encode() []byte {
	return newFields(magicWrap).num(uint64(w.Suite)).id(w.Team).num(w.Epoch).id(w.Member).id(w.Device).bytes(w.Sealed).b
}

// ParseWrap reads what Encode wrote. It returns an error wrapping ErrFormat or ErrVersion for anything else. What it
// says is a claim until the wrap is opened.
func ParseWrap(b []byte) (Wrap, error) {
	r := newReader(b, magicWrap)
	w := Wrap{
		Suite: Suite(r.small(255)), Team: r.id(), Epoch: r.num(), Member: r.id(), Device: r.id(),
		Sealed: slices.Clone(r.bytes(maxSealedBytes)),
	}
	if err := r.end(); err != nil {
		return Wrap{}, err
	}
	return w, nil
}

// recipient is whom an epoch key is wrapped to.
type recipient struct {
	member, device uuid.UUID
	key            WrapKey
}

func (to recipient) wrap(team uuid.UUID, epoch uint64, key security.Secret) (Wrap, error) {
	w := Wrap{Suite: to.key.Suite, Team: team, Epoch: epoch, Member: to.member, Device: to.device}
	public, err := to.key.Suite.parsePublic(to.key.Key)
	if err != nil {
		return Wrap{}, fmt.Errorf("wrap for device %s: %w", to.device, err)
	}
	if w.Sealed, err = public.wrap(w.info(), key.Bytes()); err != nil {
		return Wrap{}, fmt.Errorf("wrap for device %s: %w", to.device, err)
	}
	return w, nil
}

// commitment is what the chain says of an epoch's key: it gives nothing of the key away, and no two keys have the same.
func commitment(team uuid.UUID, epoch uint64, key security.Secret) Hash {
	mac := hmac.New(sha256.New, key.Bytes())
	mac.Write(newFields(magicCommit).id(team).num(epoch).b)
	return Hash(mac.Sum(nil))
}

// unwrapFor opens w for the recipient that holds keys, and checks what is in it against the chain.
func (c *Chain) unwrapFor(w *Wrap, member, device uuid.UUID, keys map[Suite]unwrapper) (security.Secret, error) {
	if w.Team != c.Team() {
		return security.Secret{}, fmt.Errorf("%w: wrapped key of team %s", ErrTeam, w.Team)
	}
	if w.Device != device || w.Member != member {
		return security.Secret{}, fmt.Errorf("%w: device %s of member %s", ErrWrap, w.Device, w.Member)
	}
	e, err := c.epoch(w.Epoch)
	if err != nil {
		return security.Secret{}, err
	}
	if !w.Suite.Known() {
		return security.Secret{}, fmt.Errorf("%w: %d", ErrSuite, uint8(w.Suite))
	}
	if w.Suite < e.minSuite {
		return security.Secret{}, fmt.Errorf("%w: epoch %d allows %v at least, the key came under %v", ErrDowngrade, w.Epoch, e.minSuite, w.Suite)
	}
	private := keys[w.Suite]
	if private == nil {
		return security.Secret{}, fmt.Errorf("%w: this device has no %v key", ErrSuiteMissing, w.Suite)
	}
	// The cause is left out: what a decryption says of its failure is of use to an attacker alone.
	raw, err := private.unwrap(w.info(), w.Sealed)
	if err != nil || len(raw) != epochKeyBytes {
		return security.Secret{}, fmt.Errorf("%w: epoch %d", ErrUnwrap, w.Epoch)
	}
	key := security.NewSecret(raw)
	if got := commitment(w.Team, w.Epoch, key); !hmac.Equal(got[:], e.commit[:]) {
		return security.Secret{}, fmt.Errorf("%w: epoch %d", ErrEpochKey, w.Epoch)
	}
	return key, nil
}
