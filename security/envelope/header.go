package envelope

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Places in a record; the package comment has the whole layout.
const (
	magic         = "EZRC"
	formatVersion = 1
	scopeShared   = 3 // as scope.Shared; this package imports nothing of ours but security

	offFormat  = 4
	offSuite   = 5
	offScope   = 6
	offTeam    = 7
	offRow     = 23
	offVersion = 39
	offEpoch   = 47
	offAuthor  = 55
	offPrev    = 71
	offHour    = 103
	offSalt    = 107
	offKey     = 131
	offLength  = 179
	headerSize = 183

	saltSize   = offKey - offSalt
	keySize    = 32
	tagSize    = 16
	sigSize    = ed25519.SignatureSize
	maxVersion = 1 << 62 // databases have no larger number; it leaves room to add one
	suiteLast  = 3       // the newest suite of security/team
)

// Overhead is how many bytes longer a record is than its padded content.
const Overhead = headerSize + tagSize + sigSize

// Hash names one version of a row and, through the hash of the version before in it, the versions before.
type Hash [sha256.Size]byte

// IsZero reports whether h was never set.
func (h Hash) IsZero() bool { return h == Hash{} }

// Header is what a record says of itself in the clear. Until Open has succeeded it is a claim, not a fact.
type Header struct {
	Suite   uint8
	Scope   uint8
	Team    uuid.UUID
	Row     uuid.UUID
	Version uint64 // from 1
	Epoch   uint64
	Author  uuid.UUID // the author's device
	Prev    Hash      // of the version before; zero for version 1
	Time    time.Time // to the hour, by the author's clock
}

// ParseHeader reads the header of a record without opening it. It returns an error wrapping ErrFormat, ErrVersion or
// ErrTooLarge for anything else than a record.
func ParseHeader(record []byte) (Header, error) {
	switch {
	case len(record) < Overhead || string(record[:offFormat]) != magic:
		return Header{}, ErrFormat
	case record[offFormat] != formatVersion:
		return Header{}, fmt.Errorf("%w: version %d", ErrVersion, record[offFormat])
	case len(record) > maxRecord:
		return Header{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(record))
	case uint64(binary.BigEndian.Uint32(record[offLength:])) != uint64(len(record)-headerSize-sigSize):
		return Header{}, fmt.Errorf("%w: it is cut or was extended", ErrFormat)
	}
	h := Header{
		Suite: record[offSuite], Scope: record[offScope], Team: uuid.UUID(record[offTeam:offRow]),
		Row: uuid.UUID(record[offRow:offVersion]), Version: binary.BigEndian.Uint64(record[offVersion:]),
		Epoch: binary.BigEndian.Uint64(record[offEpoch:]), Author: uuid.UUID(record[offAuthor:offPrev]),
		Prev: Hash(record[offPrev:offHour]), Time: time.Unix(int64(binary.BigEndian.Uint32(record[offHour:]))*3600, 0).UTC(),
	}
	if h.Version == 0 || h.Version > maxVersion {
		return Header{}, fmt.Errorf("%w: version %d", ErrFormat, h.Version)
	}
	if h.Version == 1 != h.Prev.IsZero() {
		return Header{}, fmt.Errorf("%w: version %d with or without one before it", ErrHistory, h.Version)
	}
	return h, nil
}

// append writes the header up to the salt.
func (h *Header) append(b []byte) []byte {
	b = append(b, magic...)
	b = append(b, formatVersion, h.Suite, h.Scope)
	b = append(b, h.Team[:]...)
	b = append(b, h.Row[:]...)
	b = binary.BigEndian.AppendUint64(b, h.Version)
	b = binary.BigEndian.AppendUint64(b, h.Epoch)
	b = append(b, h.Author[:]...)
	b = append(b, h.Prev[:]...)
	return binary.BigEndian.AppendUint32(b, uint32(max(h.Time.Unix(), 0)/3600))
}

// aad returns the associated data of both encryptions: the fields of the header that say what and where the record is.
func aad(header []byte) []byte {
	b := make([]byte, 0, offHour+10*4)
	for _, field := range [][]byte{
		header[:offFormat], header[offFormat:offSuite], header[offSuite:offScope], header[offTeam:offRow], header[offRow:offVersion],
		header[offScope:offTeam], header[offVersion:offEpoch], header[offEpoch:offAuthor], header[offAuthor:offPrev], header[offPrev:offHour],
	} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	return b
}

// The labels keep a signature or hash of one kind from being one of another. No message that security/team signs
// begins like the first: those begin with the length of a field.
const (
	labelSign = "elderzan record signature v1\x00"
	labelHash = "elderzan record hash v1\x00"
	labelKey  = "elderzan record key v1\x00"
)

// parts takes a record that ParseHeader has read apart.
func parts(record []byte) (header, ciphertext, signature []byte) {
	end := len(record) - sigSize
	return record[:headerSize], record[headerSize:end], record[end:]
}

// signed returns what the author signs.
func signed(header []byte, ciphertext [sha256.Size]byte) []byte {
	b := make([]byte, 0, len(labelSign)+headerSize+sha256.Size)
	b = append(b, labelSign...)
	b = append(b, header...)
	return append(b, ciphertext[:]...)
}

// hashOf returns the record's hash, given that of its ciphertext.
func hashOf(header []byte, ciphertext [sha256.Size]byte, signature []byte) Hash {
	b := make([]byte, 0, len(labelHash)+headerSize+sha256.Size+sigSize)
	b = append(b, labelHash...)
	b = append(b, header...)
	b = append(b, ciphertext[:]...)
	return sha256.Sum256(append(b, signature...))
}
