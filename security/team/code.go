package team

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// Codes are what people read out, type or paste: Crockford's base32, which has no I, L, O and U, in groups of four
// with hyphens between, the last three bytes a checksum. The checksum depends on the kind of code, so that a
// fingerprint pasted where an invite is wanted is refused as such.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// lookalikes undoes what a reader makes of the letters that the alphabet leaves out.
var lookalikes = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "", "\n", "", "\r", "", "\t", "")

const (
	checksumBytes = 3
	groupChars    = 4
	maxCodeChars  = 1024
)

// The kinds of codes.
const (
	codeFingerprint = "fingerprint"
	codeInvite      = "invite"
	codeShare       = "recovery share"
)

func checksum(kind string, payload []byte) []byte {
	sum := sha256.Sum256(newFields("elderzan code").str(kind).bytes(payload).b)
	return sum[:checksumBytes]
}

// encodeCode writes payload as a code.
func encodeCode(kind string, payload []byte) string {
	all := crockford.EncodeToString(append(bytes.Clone(payload), checksum(kind, payload)...))
	var b strings.Builder
	for i := 0; i < len(all); i += groupChars {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(all[i:min(i+groupChars, len(all))])
	}
	return b.String()
}

// decodeCode reads a code in any case and grouping. It returns an error wrapping ErrCode, which repeats nothing of it.
func decodeCode(kind, code string, size int) ([]byte, error) {
	if len(code) > maxCodeChars {
		return nil, fmt.Errorf("%w: too long for the %s", ErrCode, kind)
	}
	plain := lookalikes.Replace(strings.ToUpper(code))
	raw, err := crockford.DecodeString(plain)
	if err != nil || len(raw) != size+checksumBytes || crockford.EncodeToString(raw) != plain {
		return nil, fmt.Errorf("%w: the %s has another length, or characters that no code has", ErrCode, kind)
	}
	payload, sum := raw[:size], raw[size:]
	if !bytes.Equal(sum, checksum(kind, payload)) {
		return nil, fmt.Errorf("%w: the checksum of the %s is wrong; is it another kind of code?", ErrCode, kind)
	}
	return payload, nil
}

// Fingerprint stands for a device's keys or a team's first entry. Whoever finds another device with the fingerprint
// people compare must try 2^96 keys.
type Fingerprint [sha256.Size]byte

// spokenBytes is how much of a fingerprint people compare.
const spokenBytes = 12

// String returns 24 characters in groups of four, checksum included, to be read out or compared by eye.
func (f Fingerprint) String() string { return encodeCode(codeFingerprint, f[:spokenBytes]) }

// Matches reports whether spoken, what a person read out or typed, is the fingerprint's String, in any case and
// grouping. It returns an error wrapping ErrCode if it was mistyped, and ErrKeyChanged if it is another fingerprint.
func (f Fingerprint) Matches(spoken string) error {
	got, err := decodeCode(codeFingerprint, spoken, spokenBytes)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, f[:spokenBytes]) {
		return ErrKeyChanged
	}
	return nil
}
