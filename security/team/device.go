package team

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// Limits of a team.
const (
	maxNameBytes   = 128
	maxKeyBytes    = 4096 // one public or private wrapping key
	maxWrapKeys    = 8
	maxMembers     = 1024
	maxDevices     = 16 // of one member, removed ones not counted
	maxEntryBytes  = 32 << 10
	epochKeyBytes  = 32
	maxSealedBytes = 4096 // one wrapped key
)

// Hash is a SHA-256 hash.
type Hash [sha256.Size]byte

// IsZero reports whether h was never set.
func (h Hash) IsZero() bool { return h == Hash{} }

// Public is what a device shows of itself: everything but its private keys. Its fields are fixed for the life of the
// device; a device that needs new keys becomes a new device.
type Public struct {
	ID      uuid.UUID
	Label   string // what the person calls the device; the server sees it
	Signing ed25519.PublicKey
	Wrap    []WrapKey // by ascending suite, at least one
}

// WrapKey is a device's public key of one suite.
type WrapKey struct {
	Suite Suite
	Key   []byte
}

// best returns the device's key of the strongest suite.
func (p *Public) best() WrapKey { return p.Wrap[len(p.Wrap)-1] }

func (p *Public) encode() []byte {
	f := newFields(magicPublic).id(p.ID).str(p.Label).bytes(p.Signing).num(uint64(len(p.Wrap)))
	for _, k := range p.Wrap {
		f.num(uint64(k.Suite)).bytes(k.Key)
	}
	return f.b
}

func parsePublic(b []byte) (Public, error) {
	r := newReader(b, magicPublic)
	p := Public{ID: r.id(), Label: r.name(), Signing: slices.Clone(r.fixed(ed25519.PublicKeySize))}
	n := r.small(maxWrapKeys)
	for i := uint64(0); i < n && r.err == nil; i++ {
		p.Wrap = append(p.Wrap, WrapKey{Suite: Suite(r.small(255)), Key: slices.Clone(r.bytes(maxKeyBytes))})
	}
	if err := r.end(); err != nil {
		return Public{}, err
	}
	return p, p.check()
}

// check refuses keys that are malformed or of an unknown suite, so that whoever wraps to them later cannot fail.
func (p *Public) check() error {
	if p.ID == uuid.Nil || len(p.Wrap) == 0 || !validName(p.Label) || len(p.Signing) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: a device needs an id, a label, a signing key and a wrapping key", ErrFormat)
	}
	last := Suite(0)
	for _, k := range p.Wrap {
		if k.Suite <= last {
			return fmt.Errorf("%w: the wrapping keys are not in order", ErrFormat)
		}
		last = k.Suite
		key, err := k.Suite.parsePublic(k.Key)
		if err != nil {
			return err
		}
		// A key of low order passes for well formed and fails only here. A member who slipped one in could keep the
		// team from ever removing anybody, as the removal wraps a key to every device that stays.
		if _, err := key.wrap(nil, make([]byte, epochKeyBytes)); err != nil {
			return fmt.Errorf("%w: nothing can be wrapped to the %v key of device %s", ErrFormat, k.Suite, p.ID)
		}
	}
	return nil
}

// Fingerprint returns what people compare over another channel before they trust the device.
func (p *Public) Fingerprint() Fingerprint { return Fingerprint(sha256.Sum256(p.encode())) }

// Equal reports whether p and q are the same device with the same keys.
func (p *Public) Equal(q *Public) bool { return p.Fingerprint() == q.Fingerprint() }

// clone returns a copy that shares nothing with p.
func (p *Public) clone() Public {
	q := *p
	q.Signing = slices.Clone(p.Signing)
	q.Wrap = make([]WrapKey, len(p.Wrap))
	for i, k := range p.Wrap {
		q.Wrap[i] = WrapKey{Suite: k.Suite, Key: slices.Clone(k.Key)}
	}
	return q
}

// DeviceOptions says what keys a new device gets.
type DeviceOptions struct {
	Label   string  // see Public.Label; at most 128 bytes
	Suites  []Suite // one wrapping key each; nil means SuiteX25519 and SuiteHybrid
	RSABits int     // 3072 or 4096; 0 means 3072. Making an RSA key takes up to some seconds
}

// Device is a device's identity with its private keys. It is safe for concurrent use.
type Device struct {
	public  Public
	signing ed25519.PrivateKey
	wrap    map[Suite]unwrapper
}

// NewDevice makes a device with fresh keys. Encode gives what is to be kept in the keyring.
func NewDevice(opts DeviceOptions) (*Device, error) {
	suites := opts.Suites
	if suites == nil {
		suites = []Suite{SuiteX25519, SuiteHybrid}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("team: device id: %w", err)
	}
	_, signing, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("team: generate signing key: %w", err)
	}
	d := &Device{signing: signing, wrap: map[Suite]unwrapper{}, public: Public{ID: id, Label: opts.Label}}
	for _, s := range suites {
		if d.wrap[s], err = s.generate(opts.RSABits); err != nil {
			return nil, err
		}
	}
	return d, d.publish()
}

// publish derives the public half.
func (d *Device) publish() error {
	d.public.Signing = d.signing.Public().(ed25519.PublicKey)
	for s, k := range d.wrap {
		d.public.Wrap = append(d.public.Wrap, WrapKey{Suite: s, Key: k.public().encode()})
	}
	slices.SortFunc(d.public.Wrap, func(a, b WrapKey) int { return int(a.Suite) - int(b.Suite) })
	return d.public.check()
}

// Public returns the device's public half; the caller owns it.
func (d *Device) Public() Public { return d.public.clone() }

// ID returns the device's id.
func (d *Device) ID() uuid.UUID { return d.public.ID }

// Sign signs message, which must begin with a label that says what it is and that no other kind of message begins
// with.
func (d *Device) Sign(message []byte) []byte { return ed25519.Sign(d.signing, message) }

// String shows the id and nothing secret.
func (d *Device) String() string { return "device " + d.public.ID.String() }

// Format is String for every verb: some would print what is secret.
func (d *Device) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// Encode returns the device with its private keys, for the keyring.
func (d *Device) Encode() security.Secret {
	f := newFields(magicDevice).id(d.public.ID).str(d.public.Label).bytes(d.signing.Seed()).num(uint64(len(d.wrap)))
	for _, k := range d.public.Wrap {
		f.num(uint64(k.Suite)).bytes(d.wrap[k.Suite].encode())
	}
	return security.NewSecret(f.b)
}

// ParseDevice reads what Encode wrote. It returns an error wrapping ErrFormat, ErrVersion or ErrSuite otherwise, which
// shows nothing of the keys.
func ParseDevice(encoded security.Secret) (*Device, error) {
	r := newReader(encoded.Bytes(), magicDevice)
	d := &Device{public: Public{ID: r.id(), Label: r.name()}, wrap: map[Suite]unwrapper{}}
	d.signing = ed25519.NewKeyFromSeed(r.fixed(ed25519.SeedSize))
	n := r.small(maxWrapKeys)
	for i := uint64(0); i < n && r.err == nil; i++ {
		s := Suite(r.small(255))
		key := r.bytes(maxKeyBytes)
		if r.err != nil {
			break
		}
		private, err := s.parsePrivate(key)
		if err != nil {
			return nil, err
		}
		if d.wrap[s] != nil {
			r.fail("two keys of one suite")
		}
		d.wrap[s] = private
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return d, d.publish()
}

// derive returns a key for a purpose of this device alone.
func (d *Device) derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, d.signing.Seed(), nil, purpose, sha256.Size)
	if err != nil {
		panic("team: " + err.Error()) // only a length beyond 255 hashes is refused
	}
	return key
}
