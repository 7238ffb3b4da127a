package security

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

// xaes is XAES-256-GCM as C2SP specifies it (c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived for
// each value from a 192-bit nonce by the NIST SP 800-108 KDF in counter mode over AES-CMAC.
//
// Plain AES-256-GCM with random 96-bit nonces may seal 2^32 values under one key before two of them share a nonce
// with a probability of 2^-33, and a shared nonce gives away both values and the power to forge. A store that takes
// its promised thousand writes a second gets there in 50 days, and it must not have to count across crashes.
// With 192 bits the same bound is reached after 2^80 values. The price is twelve bytes and one AES key schedule a
// value (about half a microsecond), which is far below the cost of the write that follows.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // the CMAC subkey of one full block, which depends on the key alone
}

const (
	xaesKeySize   = 32
	xaesNonceSize = 24
	xaesOverhead  = 16
)

var errKeySize = errors.New("security: a sealing key must have 32 bytes")

func newXAES(key []byte) (*xaes, error) {
	if len(key) != xaesKeySize {
		return nil, errKeySize
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	// Doubling in GF(2^128), without a branch on the secret's top bit.
	var carry byte
	for i := len(x.k1) - 1; i >= 0; i-- {
		next := x.k1[i] >> 7
		x.k1[i] = x.k1[i]<<1 | carry
		carry = next
	}
	x.k1[len(x.k1)-1] ^= carry * 0b1000_0111
	return x, nil
}

// derive returns AES-256-GCM under the key that belongs to the first half of nonce, and the second half to use with it.
func (x *xaes) derive(nonce []byte) (cipher.AEAD, []byte, error) {
	var key [xaesKeySize]byte
	for half := range 2 {
		block := key[half*aes.BlockSize:][:aes.BlockSize]
		block[1], block[2] = byte(half+1), 'X' // SP 800-108: counter, label, separator, context
		copy(block[4:], nonce[:12])
		for i := range block {
			block[i] ^= x.k1[i]
		}
		x.block.Encrypt(block, block)
	}
	block, err := aes.NewCipher(key[:])
	clear(key[:])
	if err != nil {
		return nil, nil, err
	}
	gcm, err := cipher.NewGCM(block)
	return gcm, nonce[12:], err
}

func (x *xaes) seal(dst, nonce, plaintext, aad []byte) ([]byte, error) {
	gcm, rest, err := x.derive(nonce)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(dst, rest, plaintext, aad), nil
}

func (x *xaes) open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	gcm, rest, err := x.derive(nonce)
	if err != nil {
		return nil, err
	}
	out, err := gcm.Open(dst, rest, sealed, aad)
	if err != nil {
		return nil, ErrAuth
	}
	return out, nil
}
