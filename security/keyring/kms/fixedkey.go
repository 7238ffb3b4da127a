package kms

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// fixedKey wraps the key under one that is given as base64, as gocloud.dev's localsecrets does: the nonce, then NaCl's
// secretbox.
type fixedKey struct {
	inURL string
	ask   func() (security.Secret, error)
}

func newFixedKey(inURL string, ask func() (security.Secret, error)) *fixedKey {
	return &fixedKey{inURL, ask}
}

func (*fixedKey) String() string { return "a key given in base64" }

const boxNonce = 24

func (k *fixedKey) key() (*[32]byte, error) {
	text := []byte(k.inURL)
	if len(text) == 0 && k.ask != nil {
		s, err := k.ask()
		if err != nil {
			return nil, err
		}
		text = s.Bytes()
	}
	if len(text) == 0 {
		return nil, fmt.Errorf("%w: no key is given; set ELDERZAN_KMS_KEY to 32 bytes in base64", keyring.ErrUnavailable)
	}
	b, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		b, err = base64.URLEncoding.DecodeString(string(text))
	}
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("%w: the key given is not 32 bytes in base64", ErrURL)
	}
	return (*[32]byte)(b), nil
}

func (k *fixedKey) Wrap(_ context.Context, key security.Secret) ([]byte, error) {
	wrapping, err := k.key()
	if err != nil {
		return nil, err
	}
	var nonce [boxNonce]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return secretbox.Seal(nonce[:], key.Bytes(), &nonce, wrapping), nil
}

func (k *fixedKey) Unwrap(_ context.Context, wrapped []byte) (security.Secret, error) {
	wrapping, err := k.key()
	if err != nil {
		return security.Secret{}, err
	}
	if len(wrapped) < boxNonce {
		return security.Secret{}, fmt.Errorf("%w: it was not wrapped by such a key", keyring.ErrRefused)
	}
	b, ok := secretbox.Open(nil, wrapped[boxNonce:], (*[boxNonce]byte)(wrapped), wrapping)
	if !ok {
		return security.Secret{}, fmt.Errorf("%w: the key given is another one; nothing was changed; give the right one in ELDERZAN_KMS_KEY", keyring.ErrRefused)
	}
	return security.NewSecret(b), nil
}
