package kms

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	oskeyring "github.com/zalando/go-keyring"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// service is the name of our entries in the operating system's keyring.
const service = "elderzan"

// osKeyring wraps the key under one that the operating system's keyring holds, an entry for each data folder.
type osKeyring struct{ folder string }

func newOSKeyring(folder string) *osKeyring { return &osKeyring{folder} }

func (*osKeyring) String() string { return "the operating system's keyring" }

func (k *osKeyring) key() (security.Secret, error) {
	text, err := oskeyring.Get(service, k.folder)
	if err != nil {
		return security.Secret{}, err
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != 32 {
		return security.Secret{}, fmt.Errorf("%w: the entry %q of the keyring is no key of elderzan's", keyring.ErrRefused, service)
	}
	return security.NewSecret(b), nil
}

func (k *osKeyring) Wrap(_ context.Context, key security.Secret) ([]byte, error) {
	wrapping, err := k.key()
	if errors.Is(err, oskeyring.ErrNotFound) {
		wrapping = security.RandomSecret(32)
		err = oskeyring.Set(service, k.folder, base64.StdEncoding.EncodeToString(wrapping.Bytes()))
	}
	if err != nil {
		return nil, osError(err)
	}
	defer wrapping.Wipe()
	return seal(wrapping, key)
}

func (k *osKeyring) Unwrap(_ context.Context, wrapped []byte) (security.Secret, error) {
	wrapping, err := k.key()
	if errors.Is(err, oskeyring.ErrNotFound) {
		return security.Secret{}, fmt.Errorf("%w: the keyring has no entry %q for this data folder; was it moved? restore the keyring, or a backup of the key", keyring.ErrRefused, service)
	}
	if err != nil {
		return security.Secret{}, osError(err)
	}
	defer wrapping.Wipe()
	key, err := open(wrapping, wrapped)
	if errors.Is(err, security.ErrAuth) || errors.Is(err, security.ErrFormat) {
		err = fmt.Errorf("%w: the keyring's entry %q is not the one it was wrapped under", keyring.ErrRefused, service)
	}
	return key, err
}

func osError(err error) error {
	if errors.Is(err, keyring.ErrRefused) {
		return err
	}
	return fmt.Errorf("%w: the operating system's keyring: %w; unlock it, or start elderzan within the desktop session", keyring.ErrUnavailable, err)
}
