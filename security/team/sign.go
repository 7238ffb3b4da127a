package team

import (
	"crypto/ed25519"
	"crypto/sha512"
	"fmt"

	"filippo.io/edwards25519"
)

// signer makes Ed25519 signatures, the same bytes as crypto/ed25519 and in constant time as well, with what does not change
// from message to message computed beforehand. crypto/ed25519 encodes the point of each signature twice, and encoding
// takes a seventh of the time. Safe for concurrent use.
type signer struct {
	public ed25519.PublicKey
	scalar *edwards25519.Scalar
	prefix [sha512.Size / 2]byte
}

func newSigner(key ed25519.PrivateKey) (*signer, error) {
	h := sha512.Sum512(key.Seed())
	defer clear(h[:])
	s := &signer{public: key.Public().(ed25519.PublicKey)}
	var err error
	if s.scalar, err = edwards25519.NewScalar().SetBytesWithClamping(h[:32]); err != nil {
		return nil, fmt.Errorf("team: signing key: %w", err)
	}
	copy(s.prefix[:], h[32:])
	return s, nil
}

// sign returns the signature of message: RFC 8032, section 5.1.6.
func (s *signer) sign(message []byte) []byte {
	var sum [sha512.Size]byte
	h := sha512.New()
	h.Write(s.prefix[:])
	h.Write(message)
	nonce := uniform(h.Sum(sum[:0]))
	clear(sum[:])
	signature := append(make([]byte, 0, ed25519.SignatureSize), new(edwards25519.Point).ScalarBaseMult(nonce).Bytes()...)
	h.Reset()
	h.Write(signature)
	h.Write(s.public)
	h.Write(message)
	k := uniform(h.Sum(sum[:0]))
	return append(signature, k.MultiplyAdd(k, s.scalar, nonce).Bytes()...)
}

// uniform returns the scalar of a hash.
func uniform(sum []byte) *edwards25519.Scalar {
	s, err := edwards25519.NewScalar().SetUniformBytes(sum)
	if err != nil {
		panic("team: " + err.Error()) // a hash has the length that is asked for
	}
	return s
}
