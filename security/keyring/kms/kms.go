package kms

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// ErrURL reports a kms_url that names no keeper.
var ErrURL = errors.New("kms: kms_url is not usable")

// Options is what keepers need beside their URL.
type Options struct {
	// Passphrase returns the passphrase. With fresh it is a new one, which a person should type twice. nil means that
	// there is none.
	Passphrase func(fresh bool) (security.Secret, error)
	PIN        func() (security.Secret, error) // of a PKCS#11 token whose URL names no pin-source; nil means none
	Key        func() (security.Secret, error) // of base64key://, in base64; nil means none
	Folder     string                          // names the entry of this data folder in the operating system's keyring
	// CreateKey lets a token be given the key that the URL names if it has none.
	CreateKey bool
	Helper    string        // the program HelperName; "" means beside this one, or on the PATH
	Patience  time.Duration // until the KMS of a cloud has to have answered; 0 means 30 s
}

// Closer is a keeper that holds something open.
type Closer interface{ Close() error }

// Open returns the keeper that rawURL names. It returns an error wrapping ErrURL for one that is malformed or of an
// unknown kind; whether the keeper can be reached shows when it is used. The error does not repeat the URL, which may
// hold a secret.
func Open(_ context.Context, rawURL string, o Options) (keyring.Keeper, error) {
	scheme, rest, ok := strings.Cut(rawURL, ":")
	if !ok {
		return nil, fmt.Errorf("%w: it has no scheme; use one of %s", ErrURL, strings.Join(Schemes(), ", "))
	}
	switch scheme {
	case "passphrase":
		if rest != "" && rest != "//" {
			return nil, fmt.Errorf("%w: nothing may follow passphrase:; give the passphrase in ELDERZAN_PASSPHRASE or by passphrase_file", ErrURL)
		}
		return newPassphrase(o.Passphrase), nil
	case "keyring":
		return newOSKeyring(o.Folder), nil
	case "pkcs11":
		return newPKCS11(rawURL, o)
	case "base64key":
		return newFixedKey(strings.TrimPrefix(rest, "//"), o.Key), nil
	}
	if clouds[scheme] != "" {
		k, err := newCloudKMS(rawURL, scheme, o.Helper)
		if err != nil {
			return nil, err
		}
		if o.Patience > 0 {
			k.seconds = max(1, int(o.Patience/time.Second))
		}
		return k, nil
	}
	return nil, fmt.Errorf("%w: its scheme is unknown; use one of %s", ErrURL, strings.Join(Schemes(), ", "))
}

// Schemes lists the URL schemes that Open knows each with its colon.
func Schemes() []string {
	return []string{"passphrase:", "keyring:", "pkcs11:", "base64key:", "awskms:", "gcpkms:", "azurekeyvault:", "hashivault:"}
}

// Describe returns a kms_url without what may be secret in it.
func Describe(rawURL string) string {
	scheme, _, _ := strings.Cut(rawURL, ":")
	switch scheme {
	case "base64key":
		return "base64key:"
	case "pkcs11":
		path, _, _ := strings.Cut(rawURL, "?")
		return path
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return scheme + ":"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// place is what keepers that authenticate more than the key bind it to.
var place = []byte("elderzan master key v1")

// sealed returns key sealed under wrapping.
func seal(wrapping, key security.Secret) ([]byte, error) {
	s, err := security.NewSealer(security.ClassStore, 1, map[uint32]security.Secret{1: wrapping})
	if err != nil {
		return nil, err
	}
	return s.Seal(nil, key.Bytes(), place)
}

// open is the way back; the error is ErrAuth for another wrapping key.
func open(wrapping security.Secret, sealed []byte) (security.Secret, error) {
	s, err := security.NewSealer(security.ClassStore, 1, map[uint32]security.Secret{1: wrapping})
	if err != nil {
		return security.Secret{}, err
	}
	b, err := s.Open(nil, sealed, place)
	if err != nil {
		return security.Secret{}, err
	}
	return security.NewSecret(b), nil
}
