package envelope

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// clock is the time of every test.
func clock() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

var errFake = errors.New("the roster's reason")

// fakeRoster is a team whose every answer a test can bend.
type fakeRoster struct {
	team    uuid.UUID
	epoch   uint64
	suites  map[uint64]uint8
	keys    map[uint64]security.Secret
	writers map[uuid.UUID]writer
}

type writer struct {
	key      ed25519.PublicKey
	from, to uint64 // to 0 means for ever
}

func (r *fakeRoster) Team() uuid.UUID { return r.team }
func (r *fakeRoster) Epoch() uint64   { return r.epoch }
func (r *fakeRoster) Suite(epoch uint64) (uint8, error) {
	if s, ok := r.suites[epoch]; ok {
		return s, nil
	}
	return 0, errFake
}
func (r *fakeRoster) Writer(epoch uint64, device uuid.UUID) (ed25519.PublicKey, bool, error) {
	w, ok := r.writers[device]
	if !ok || epoch < w.from || w.to != 0 && epoch > w.to {
		return nil, false, errFake
	}
	return w.key, w.to == 0, nil
}
func (r *fakeRoster) Key(epoch uint64) (security.Secret, error) {
	if k, ok := r.keys[epoch]; ok {
		return k, nil
	}
	return security.Secret{}, errFake
}

// fakeSigner is a device.
type fakeSigner struct {
	id  uuid.UUID
	key ed25519.PrivateKey
}

func (s *fakeSigner) Device() uuid.UUID          { return s.id }
func (s *fakeSigner) Sign(message []byte) []byte { return ed25519.Sign(s.key, message) }

func number(n byte) uuid.UUID { return uuid.UUID{15: n, 6: 0x70, 8: 0x80} }

func newSigner(n byte) *fakeSigner {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return &fakeSigner{id: number(n), key: ed25519.NewKeyFromSeed(seed)}
}

// newWorld is a team in epoch 2, in which device 1 writes.
func newWorld() (*fakeRoster, *fakeSigner) {
	s := newSigner(1)
	r := &fakeRoster{
		team: number(100), epoch: 2, suites: map[uint64]uint8{1: 2, 2: 3}, keys: map[uint64]security.Secret{},
		writers: map[uuid.UUID]writer{s.id: {key: s.key.Public().(ed25519.PublicKey), from: 1}},
	}
	for e := range uint64(2) {
		key := make([]byte, keySize)
		key[0] = byte(e + 1)
		r.keys[e+1] = security.NewSecret(key)
	}
	return r, s
}

// vector is a unit vector as the embedded model makes them: one half dense, the other the hashed words, mostly zeros.
func vector(seed uint64) []float32 {
	rnd := rand.New(rand.NewPCG(seed, seed))
	v := make([]float32, 768)
	sum := 0.0
	for i := range v {
		if i < 384 || rnd.IntN(8) == 0 {
			v[i] = float32(rnd.NormFloat64())
			sum += float64(v[i]) * float64(v[i])
		}
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func sample(seed uint64) Content {
	return Content{
		Text:  fmt.Sprintf("We decided to keep the staging cluster in Frankfurt, because latency to the office in Vienna was 40 ms lower than from Dublin, and the contract with the provider runs until 2028 (note %d).", seed),
		Title: "Where staging runs", Tags: []string{"infrastructure", "decision"},
		Metadata:  []byte(`{"kind":"decision","project":"atlas","importance":0.7}`),
		Embedding: vector(seed), Model: "minilm-l6-v2+lexical-384/1",
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}
