package security

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// placeholder is what a Secret shows of itself, in every format.
const placeholder = "[secret]"

// ErrSecretEncoded reports an attempt to read a Secret back from JSON, gob or another encoding. Encoding a Secret
// writes a placeholder, so what would be read is not the secret.
var ErrSecretEncoded = errors.New("security: a secret cannot be read from an encoding")

// Secret holds key material or a passphrase. It shows itself as "[secret]" through fmt (every verb), log/slog,
// encoding/json, encoding/gob and any encoder that honours encoding.TextMarshaler or BinaryMarshaler, even as an
// unexported field of a struct that is printed whole. The zero value is an empty secret.
//
// Copies of a Secret share the bytes: Wipe on one empties all. A Secret is safe for concurrent use as long as
// nobody wipes it meanwhile.
type Secret struct {
	// A closure, because fmt and other printers that work by reflection cannot call the methods of an unexported field
	// and would show its bytes, through a pointer too; of a function they show the address. It also forbids ==,
	// which would not run in constant time.
	hidden func() *[]byte
}

// NewSecret makes a Secret of b and takes ownership: the caller must neither change nor keep b.
func NewSecret(b []byte) Secret {
	if len(b) == 0 {
		return Secret{}
	}
	return Secret{hidden: func() *[]byte { return &b }}
}

// RandomSecret returns n bytes from the operating system's random source, which cannot fail (crypto/rand.Read ends
// the program instead). n must be positive.
func RandomSecret(n int) Secret {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return NewSecret(b)
}

// Bytes returns the secret itself, not a copy: the caller must not change it, and must not keep it longer than it
// is needed. It returns nil for an empty or wiped secret.
func (s Secret) Bytes() []byte {
	if s.hidden == nil {
		return nil
	}
	return *s.hidden()
}

// Clone returns a Secret with bytes of its own, which outlives a Wipe of s.
func (s Secret) Clone() Secret { return NewSecret(append([]byte(nil), s.Bytes()...)) }

// Len returns the length in bytes; it is 0 after Wipe.
func (s Secret) Len() int { return len(s.Bytes()) }

// IsZero reports whether the secret is empty or wiped.
func (s Secret) IsZero() bool { return s.Len() == 0 }

// Equal compares in a time that depends on the lengths alone.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), other.Bytes()) == 1
}

// Wipe overwrites the bytes with zeros and empties this Secret and its copies. It is a best effort: the runtime
// may have copied the bytes before.
func (s Secret) Wipe() {
	if s.hidden == nil {
		return
	}
	b := s.hidden()
	clear(*b)
	*b = nil
}

// String returns the placeholder.
func (Secret) String() string { return placeholder }

// GoString returns the placeholder.
func (Secret) GoString() string { return placeholder }

// Format writes the placeholder for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue returns the placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalJSON returns the placeholder as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + placeholder + `"`), nil }

// MarshalText returns the placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// MarshalBinary returns the placeholder; encoding/gob uses it too.
func (Secret) MarshalBinary() ([]byte, error) { return []byte(placeholder), nil }

// UnmarshalJSON refuses with ErrSecretEncoded.
func (*Secret) UnmarshalJSON([]byte) error { return ErrSecretEncoded }

// UnmarshalText refuses with ErrSecretEncoded.
func (*Secret) UnmarshalText([]byte) error { return ErrSecretEncoded }

// UnmarshalBinary refuses with ErrSecretEncoded.
func (*Secret) UnmarshalBinary([]byte) error { return ErrSecretEncoded }
