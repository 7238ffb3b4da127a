package kms

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// MinPassphrase is the shortest passphrase taken, in bytes.
const MinPassphrase = 12

// The cost of Argon2id: memory first, since that is what hardware for guessing lacks; then passes until the target.
const (
	kdfTarget   = 400 * time.Millisecond
	kdfMemory   = 256 << 10 // KiB
	kdfLeast    = 64 << 10  // KiB
	kdfPasses   = 64
	kdfSaltSize = 16
	// Bounds on what a file may ask for.
	kdfMostMemory = 4 << 20 // KiB
	kdfMostPasses = 1 << 10
)

// passphrase wraps the key under a key stretched from a passphrase.
type passphrase struct {
	ask    func(fresh bool) (security.Secret, error)
	target time.Duration
	fresh  security.Secret // the one that Wrap asked for, so that unwrapping at once does not ask again
}

func newPassphrase(ask func(bool) (security.Secret, error)) *passphrase {
	return &passphrase{ask: ask, target: kdfTarget}
}

func (*passphrase) String() string { return "a passphrase" }

// stretched is the wrapped key with all that is needed to unwrap it but the passphrase.
type stretched struct {
	KDF    string `json:"kdf"` // argon2id
	Memory uint32 `json:"memory_kib"`
	Passes uint32 `json:"passes"`
	Lanes  uint8  `json:"lanes"`
	Salt   []byte `json:"salt"`
	Key    []byte `json:"key"`
}

func (p *stretched) stretch(phrase security.Secret) security.Secret {
	return security.NewSecret(argon2.IDKey(phrase.Bytes(), p.Salt, p.Passes, p.Memory, p.Lanes, 32))
}

// calibrate finds the cost that takes the target on this machine.
func calibrate(target time.Duration) stretched {
	p := stretched{KDF: "argon2id", Memory: kdfLeast, Passes: 1, Lanes: uint8(min(4, runtime.NumCPU())), Salt: make([]byte, kdfSaltSize)}
	took := func() time.Duration {
		begin := time.Now()
		key := p.stretch(security.NewSecret([]byte("calibration")))
		key.Wipe()
		return time.Since(begin)
	}
	for d := took(); p.Memory < kdfMemory && 2*d < target; d = took() {
		p.Memory *= 2
	}
	if d := took(); d < target {
		p.Passes = uint32(min(max(int64(target/max(d, time.Millisecond)), 1), kdfPasses))
	}
	_, _ = rand.Read(p.Salt) // never fails
	return p
}

func (k *passphrase) Wrap(_ context.Context, key security.Secret) ([]byte, error) {
	phrase, err := k.phrase(true)
	if err != nil {
		return nil, err
	}
	if phrase.Len() < MinPassphrase {
		return nil, fmt.Errorf("%w: a passphrase has %d characters at least; choose some words", keyring.ErrRefused, MinPassphrase)
	}
	p := calibrate(k.target)
	wrapping := p.stretch(phrase)
	defer wrapping.Wipe()
	if p.Key, err = seal(wrapping, key); err != nil {
		return nil, err
	}
	k.fresh = phrase
	return json.Marshal(p)
}

func (k *passphrase) phrase(fresh bool) (security.Secret, error) {
	if !fresh && !k.fresh.IsZero() {
		return k.fresh, nil
	}
	if k.ask == nil {
		return security.Secret{}, errNoPassphrase
	}
	s, err := k.ask(fresh)
	if err == nil && s.IsZero() {
		err = errNoPassphrase
	}
	return s, err
}

var errNoPassphrase = fmt.Errorf("%w: no passphrase is given; set ELDERZAN_PASSPHRASE in the environment of whoever starts elderzan, or name a file that holds it: passphrase_file",
	keyring.ErrUnavailable)

func (k *passphrase) Unwrap(_ context.Context, wrapped []byte) (security.Secret, error) {
	var p stretched
	if err := json.Unmarshal(wrapped, &p); err != nil || p.KDF != "argon2id" || p.Lanes == 0 || p.Passes == 0 || p.Passes > kdfMostPasses || p.Memory > kdfMostMemory {
		return security.Secret{}, fmt.Errorf("%w: it was not wrapped by a passphrase; set kms_url to what it was wrapped by", keyring.ErrRefused)
	}
	phrase, err := k.phrase(false)
	if err != nil {
		return security.Secret{}, err
	}
	wrapping := p.stretch(phrase)
	defer wrapping.Wipe()
	key, err := open(wrapping, p.Key)
	if errors.Is(err, security.ErrAuth) {
		return security.Secret{}, fmt.Errorf("%w: the passphrase is not the right one; nothing was changed; give the right one in ELDERZAN_PASSPHRASE or passphrase_file", keyring.ErrRefused)
	}
	return key, err
}
