package team

import (
	"bytes"
	"crypto/ed25519"
	"math/rand/v2"
	"testing"
)

// TestSignaturesAreThoseOfCrypto has the device's signatures be those of crypto/ed25519 to the byte, for messages of all
// lengths around the blocks of the hash.
func TestSignaturesAreThoseOfCrypto(t *testing.T) {
	seed := [32]byte{1}
	rng := rand.NewChaCha8(seed)
	for n := range 600 {
		key := make([]byte, ed25519.SeedSize)
		message := make([]byte, n)
		_, _ = rng.Read(key)     // never fails
		_, _ = rng.Read(message) // never fails
		private := ed25519.NewKeyFromSeed(key)
		s, err := newSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		got, want := s.sign(message), ed25519.Sign(private, message)
		if !bytes.Equal(got, want) {
			t.Fatalf("key %x, message %x: %x, want %x", key, message, got, want)
		}
	}
}

// TestSignTogether has many goroutines sign with one device.
func TestSignTogether(t *testing.T) {
	d, err := NewDevice(DeviceOptions{Suites: []Suite{SuiteX25519}})
	if err != nil {
		t.Fatal(err)
	}
	public := d.Public().Signing
	bad := make(chan []byte, 8)
	for g := range cap(bad) {
		go func() {
			var wrong []byte
			for i := range 50 {
				if m := []byte{byte(g), byte(i)}; !ed25519.Verify(public, m, d.Sign(m)) {
					wrong = m
				}
			}
			bad <- wrong
		}()
	}
	for range cap(bad) {
		if m := <-bad; m != nil {
			t.Errorf("the signature of %x is not good", m)
		}
	}
}
