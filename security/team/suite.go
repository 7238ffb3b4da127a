package team

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
)

// Suite names how a key is wrapped to a device. A larger number is a stronger suite: a team's minimum orders by it.
type Suite uint8

// The suites.
const (
	SuiteRSA    Suite = 1 // RSA-OAEP with SHA-256, 3072 or 4096 bits, for hardware and rules that know nothing newer
	SuiteX25519 Suite = 2 // HPKE: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM
	SuiteHybrid Suite = 3 // HPKE: MLKEM768-X25519, HKDF-SHA256, AES-256-GCM; holds against quantum computers
)

// DefaultSuite is the minimum of a new team.
const DefaultSuite = SuiteHybrid

// String returns the suite's name.
func (s Suite) String() string {
	switch s {
	case SuiteRSA:
		return "RSA-OAEP-SHA256"
	case SuiteX25519:
		return "HPKE-X25519"
	case SuiteHybrid:
		return "HPKE-MLKEM768-X25519"
	}
	return fmt.Sprintf("suite %d", uint8(s))
}

// Known reports whether this build has the suite.
func (s Suite) Known() bool { return s >= SuiteRSA && s <= SuiteHybrid }

func (s Suite) kem() hpke.KEM {
	if s == SuiteX25519 {
		return hpke.DHKEM(ecdh.X25519())
	}
	return hpke.MLKEM768X25519()
}

// wrapper is a public wrapping key.
type wrapper interface {
	// wrap seals key so that only the private half opens it, and only with the same info.
	wrap(info, key []byte) ([]byte, error)
	encode() []byte
}

// unwrapper is a private wrapping key.
type unwrapper interface {
	unwrap(info, sealed []byte) ([]byte, error)
	public() wrapper
	encode() []byte
}

type hpkePublic struct{ key hpke.PublicKey }
type hpkePrivate struct{ key hpke.PrivateKey }

func (k hpkePublic) encode() []byte { return k.key.Bytes() }
func (k hpkePublic) wrap(info, key []byte) ([]byte, error) {
	return hpke.Seal(k.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, key)
}

func (k hpkePrivate) public() wrapper { return hpkePublic{k.key.PublicKey()} }
func (k hpkePrivate) unwrap(info, sealed []byte) ([]byte, error) {
	return hpke.Open(k.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed)
}
func (k hpkePrivate) encode() []byte {
	b, err := k.key.Bytes()
	if err != nil {
		panic("team: a private key made by crypto/hpke has no bytes: " + err.Error()) // only a foreign KeyExchanger has none
	}
	return b
}

type rsaPublic struct{ key *rsa.PublicKey }
type rsaPrivate struct{ key *rsa.PrivateKey }

func (k rsaPublic) encode() []byte { return x509.MarshalPKCS1PublicKey(k.key) }
func (k rsaPublic) wrap(info, key []byte) ([]byte, error) {
	return rsa.EncryptOAEP(sha256.New(), rand.Reader, k.key, key, info)
}

func (k rsaPrivate) public() wrapper { return rsaPublic{&k.key.PublicKey} }
func (k rsaPrivate) encode() []byte  { return x509.MarshalPKCS1PrivateKey(k.key) }
func (k rsaPrivate) unwrap(info, sealed []byte) ([]byte, error) {
	return rsa.DecryptOAEP(sha256.New(), nil, k.key, sealed, info)
}

// The sizes of RSA keys.
const (
	rsaBits    = 3072
	rsaBitsMax = 4096
)

// generate makes a private key of the suite; bits count for RSA alone.
func (s Suite) generate(bits int) (unwrapper, error) {
	switch s {
	case SuiteRSA:
		if bits == 0 {
			bits = rsaBits
		}
		if bits != rsaBits && bits != rsaBitsMax {
			return nil, fmt.Errorf("%w: an RSA key has 3072 or 4096 bits, not %d", ErrSuite, bits)
		}
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, fmt.Errorf("team: generate RSA key: %w", err)
		}
		return rsaPrivate{key}, nil
	case SuiteX25519, SuiteHybrid:
		key, err := s.kem().GenerateKey()
		if err != nil {
			return nil, fmt.Errorf("team: generate %v key: %w", s, err)
		}
		return hpkePrivate{key}, nil
	}
	return nil, fmt.Errorf("%w: %d", ErrSuite, uint8(s))
}

// parsePublic reads what encode of a public key wrote.
func (s Suite) parsePublic(b []byte) (wrapper, error) {
	switch s {
	case SuiteRSA:
		key, err := x509.ParsePKCS1PublicKey(b)
		if err != nil || !soundRSA(key) || !bytes.Equal(x509.MarshalPKCS1PublicKey(key), b) {
			return nil, fmt.Errorf("%w: not an RSA key of 3072 or 4096 bits", ErrFormat)
		}
		return rsaPublic{key}, nil
	case SuiteX25519, SuiteHybrid:
		key, err := s.kem().NewPublicKey(b)
		if err != nil {
			return nil, fmt.Errorf("%w: not a %v key", ErrFormat, s)
		}
		return hpkePublic{key}, nil
	}
	return nil, fmt.Errorf("%w: %d", ErrSuite, uint8(s))
}

// soundRSA refuses sizes that nobody agreed on, before anything costly is done with them.
func soundRSA(k *rsa.PublicKey) bool {
	n := k.N.BitLen()
	return k.E == 65537 && (n == rsaBits || n == rsaBitsMax)
}

// parsePrivate reads what encode of a private key wrote.
func (s Suite) parsePrivate(b []byte) (unwrapper, error) {
	var private unwrapper
	switch s {
	case SuiteRSA:
		key, err := x509.ParsePKCS1PrivateKey(b)
		if err != nil || !soundRSA(&key.PublicKey) {
			return nil, fmt.Errorf("%w: not an RSA key of 3072 or 4096 bits", ErrFormat)
		}
		private = rsaPrivate{key}
	case SuiteX25519, SuiteHybrid:
		key, err := s.kem().NewPrivateKey(b)
		if err != nil {
			return nil, fmt.Errorf("%w: not a %v key", ErrFormat, s)
		}
		private = hpkePrivate{key}
	default:
		return nil, fmt.Errorf("%w: %d", ErrSuite, uint8(s))
	}
	if !bytes.Equal(private.encode(), b) {
		return nil, fmt.Errorf("%w: a %v key in another form", ErrFormat, s)
	}
	return private, nil
}
