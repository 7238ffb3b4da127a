package security

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// KeyID names a key without telling anything of it: the first eight bytes of an HMAC under the key. Two keys share
// an id by chance once in 2^64. The zero value names no key.
type KeyID [8]byte

// ErrKeyID reports a text that is no key id.
var ErrKeyID = errors.New("security: not a key id, which is 16 hexadecimal digits")

// KeyIDOf returns the id of key.
func KeyIDOf(key Secret) KeyID {
	mac := hmac.New(sha256.New, key.Bytes())
	mac.Write([]byte("elderzan key id v1"))
	return KeyID(mac.Sum(nil)[:len(KeyID{})])
}

// ParseKeyID reads what String wrote. It returns ErrKeyID for anything else.
func ParseKeyID(s string) (KeyID, error) {
	var id KeyID
	if len(s) != 2*len(id) {
		return KeyID{}, ErrKeyID
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return KeyID{}, ErrKeyID
	}
	return id, nil
}

// String returns 16 lower-case hexadecimal digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id names no key.
func (id KeyID) IsZero() bool { return id == KeyID{} }

// MarshalText returns String's form, so that a KeyID stands as a string in JSON.
func (id KeyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads String's form; it returns ErrKeyID for anything else.
func (id *KeyID) UnmarshalText(text []byte) error {
	parsed, err := ParseKeyID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
