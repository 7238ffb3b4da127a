package security

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrAuth reports a sealed value that was altered, was sealed under another key, or stands in another place
	// than the one it was sealed for. The three cannot be told apart by the value alone.
	ErrAuth = errors.New("security: value does not authenticate: wrong key, wrong place or altered")
	// ErrFormat reports bytes that are no sealed value of a known format: too short, or another header.
	ErrFormat = errors.New("security: not a sealed value")
	// ErrGeneration reports a value sealed under a key generation that the Sealer does not hold.
	ErrGeneration = errors.New("security: value is sealed under an unknown key generation")
)

// Class says which of the keys at rest seals a value. It stands in the clear in the header of the value and is
// authenticated with it.
type Class uint8

// The key classes.
const (
	ClassStore   Class = 1 // the store's key: everything that is not PRIVATE
	ClassPrivate Class = 2 // the key of PRIVATE memories alone
)

// String returns "store", "private" or "class(n)".
func (c Class) String() string {
	switch c {
	case ClassStore:
		return "store"
	case ClassPrivate:
		return "private"
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// Layout of a sealed value, all of it authenticated:
//
//	0  magic 0xE5 0x5A
//	2  format version, now 1 (XAES-256-GCM)
//	3  key class
//	4  key generation, big endian
//	8  nonce, 24 bytes
//	32 ciphertext and 16 bytes of tag
const (
	magic0, magic1 = 0xE5, 0x5A
	formatV1       = 1
	headerSize     = 8
	bodyOffset     = headerSize + xaesNonceSize
)

// Overhead is how many bytes longer a sealed value is than its plaintext.
const Overhead = bodyOffset + xaesOverhead

// Header is what a sealed value says of itself in the clear. Until Open has succeeded it is a claim, not a fact.
type Header struct {
	Version    uint8
	Class      Class
	Generation uint32
}

// ParseHeader reads the header of a sealed value without opening it. It returns ErrFormat for anything else.
func ParseHeader(sealed []byte) (Header, error) {
	switch {
	case len(sealed) < Overhead:
		return Header{}, fmt.Errorf("%w: %d bytes are too few", ErrFormat, len(sealed))
	case sealed[0] != magic0 || sealed[1] != magic1:
		return Header{}, fmt.Errorf("%w: another magic number", ErrFormat)
	case sealed[2] != formatV1:
		return Header{}, fmt.Errorf("%w: format version %d is unknown; a newer build wrote it or it is damaged", ErrFormat, sealed[2])
	}
	return Header{Version: sealed[2], Class: Class(sealed[3]), Generation: binary.BigEndian.Uint32(sealed[4:])}, nil
}

// Sealer seals and opens values under the keys of one class: the current generation seals, every generation it
// holds opens. It is safe for concurrent use and is never changed after NewSealer.
type Sealer struct {
	class   Class
	current uint32
	keys    map[uint32]*xaes
}

// NewSealer returns a Sealer of class over keys, 32 bytes each, by generation; current names the one that seals. It
// copies what it needs, so that the caller may wipe the keys. It fails if current is not among keys or a key has
// another length.
func NewSealer(class Class, current uint32, keys map[uint32]Secret) (*Sealer, error) {
	s := &Sealer{class: class, current: current, keys: make(map[uint32]*xaes, len(keys))}
	for generation, key := range keys {
		x, err := newXAES(key.Bytes())
		if err != nil {
			return nil, fmt.Errorf("key of generation %d: %w", generation, err)
		}
		s.keys[generation] = x
	}
	if s.keys[current] == nil {
		return nil, fmt.Errorf("%w: %d has no key", ErrGeneration, current)
	}
	return s, nil
}

// Class returns the key class that stands in the header of what s seals.
func (s *Sealer) Class() Class { return s.class }

// Generation returns the key generation that s seals with.
func (s *Sealer) Generation() uint32 { return s.current }

// Seal appends the sealed form of plaintext to dst and returns the extended slice, which is Overhead bytes longer
// than dst and plaintext together. place says where the value will stand, such as table and key; Open needs the same.
// plaintext and dst must not overlap.
func (s *Sealer) Seal(dst, plaintext, place []byte) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, len(plaintext)+Overhead)
	dst = append(dst, magic0, magic1, formatV1, byte(s.class))
	dst = binary.BigEndian.AppendUint32(dst, s.current)
	dst = dst[:start+bodyOffset]
	nonce := dst[start+headerSize:]
	_, _ = rand.Read(nonce) // never fails: the runtime ends the program instead
	return s.keys[s.current].seal(dst, nonce, plaintext, aad(dst[start:start+headerSize], place))
}

// Open appends the plaintext of sealed to dst and returns the extended slice. It returns an error wrapping ErrFormat
// if sealed has no header of a known format, ErrGeneration if it was sealed under a generation that s does not
// hold, and ErrAuth if key, place or bytes are not the ones it was sealed with. dst and sealed must not overlap.
func (s *Sealer) Open(dst, sealed, place []byte) ([]byte, error) {
	h, err := ParseHeader(sealed)
	if err != nil {
		return nil, err
	}
	if h.Class != s.class {
		return nil, fmt.Errorf("%w: sealed for class %s, opened as %s", ErrAuth, h.Class, s.class)
	}
	key := s.keys[h.Generation]
	if key == nil {
		return nil, fmt.Errorf("%w: %d", ErrGeneration, h.Generation)
	}
	return key.open(dst, sealed[headerSize:bodyOffset], sealed[bodyOffset:], aad(sealed[:headerSize], place))
}

// aad joins header and place. The header has a fixed length, so that no two pairs give the same bytes.
func aad(header, place []byte) []byte {
	return append(append(make([]byte, 0, headerSize+len(place)), header...), place...)
}

// Place encodes parts with their lengths, so that ("ab", "c") and ("a", "bc") are different places.
func Place(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += binary.MaxVarintLen32 + len(p)
	}
	out := make([]byte, 0, n)
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
