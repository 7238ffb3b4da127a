package security

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The vectors of c2sp.org/XAES-256-GCM: our derivation must be the published one, not merely one that reads what
// it wrote.
func TestXAESVectors(t *testing.T) {
	for name, tc := range map[string]struct {
		keyByte  byte
		aad      string
		wantText string
	}{
		"top bit of L clear": {0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		"top bit of L set":   {0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := newXAES(bytes.Repeat([]byte{tc.keyByte}, 32))
			if err != nil {
				t.Fatalf("newXAES: %v", err)
			}
			nonce := []byte("ABCDEFGHIJKLMNOPQRSTUVWX")
			got, err := x.seal(nil, nonce, []byte("XAES-256-GCM"), []byte(tc.aad))
			if err != nil || hex.EncodeToString(got) != tc.wantText {
				t.Fatalf("seal = %x, %v; want %s", got, err, tc.wantText)
			}
			back, err := x.open(nil, nonce, got, []byte(tc.aad))
			if err != nil || string(back) != "XAES-256-GCM" {
				t.Errorf("open = %q, %v", back, err)
			}
		})
	}
}

func newTestSealer(t testing.TB, class Class, generations ...uint32) *Sealer {
	t.Helper()
	keys := map[uint32]Secret{}
	for _, g := range generations {
		keys[g] = NewSecret(bytes.Repeat([]byte{byte(g), byte(class)}, 16))
	}
	s, err := NewSealer(class, generations[len(generations)-1], keys)
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	return s
}

func TestSealOpenRoundTrip(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		place := rapid.SliceOf(rapid.Byte()).Draw(t, "place")
		prefix := rapid.SliceOf(rapid.Byte()).Draw(t, "prefix")
		sealed, err := s.Seal(bytes.Clone(prefix), plain, place)
		if err != nil {
			t.Fatalf("Seal: %v", err)
		}
		if !bytes.HasPrefix(sealed, prefix) || len(sealed) != len(prefix)+len(plain)+Overhead {
			t.Fatalf("Seal changed dst or gave %d bytes, want %d", len(sealed), len(prefix)+len(plain)+Overhead)
		}
		got, err := s.Open(bytes.Clone(prefix), sealed[len(prefix):], place)
		if err != nil || !bytes.Equal(got, append(bytes.Clone(prefix), plain...)) {
			t.Fatalf("Open = %x, %v; want %x", got, err, plain)
		}
	})
}

func TestSealNeverRepeatsItself(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	seen := map[string]bool{}
	for range 1000 {
		sealed, err := s.Seal(nil, []byte("same"), []byte("place"))
		if err != nil {
			t.Fatalf("Seal: %v", err)
		}
		if seen[string(sealed)] {
			t.Fatal("two seals of the same value are equal: a nonce was used twice")
		}
		seen[string(sealed)] = true
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	sealed, err := s.Seal(nil, []byte("the build runs on Tuesdays"), []byte("place"))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	for i := range len(sealed) * 8 {
		bad := bytes.Clone(sealed)
		bad[i/8] ^= 1 << (i % 8)
		if got, err := s.Open(nil, bad, []byte("place")); err == nil {
			t.Errorf("bit %d flipped: opened as %q", i, got)
		}
	}
	for n := range sealed {
		if _, err := s.Open(nil, sealed[:n], []byte("place")); err == nil {
			t.Errorf("cut to %d bytes: opened", n)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1, 2)
	sealed, err := s.Seal(nil, []byte("text"), []byte("place"))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	version := bytes.Clone(sealed)
	version[2] = 9
	for name, tc := range map[string]struct {
		sealer *Sealer
		sealed []byte
		place  string
		want   error
	}{
		"another place":      {s, sealed, "elsewhere", ErrAuth},
		"another key":        {mustSealer(t, ClassStore, 2, RandomSecret(32)), sealed, "place", ErrAuth},
		"another class":      {newTestSealer(t, ClassPrivate, 1, 2), sealed, "place", ErrAuth},
		"unknown generation": {newTestSealer(t, ClassStore, 1), sealed, "place", ErrGeneration},
		"empty":              {s, nil, "place", ErrFormat},
		"other magic":        {s, bytes.Repeat([]byte{'x'}, 80), "place", ErrFormat},
		"newer format":       {s, version, "place", ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.sealer.Open(nil, tc.sealed, []byte(tc.place))
			if !errors.Is(err, tc.want) || got != nil {
				t.Errorf("Open = %q, %v; want %v", got, err, tc.want)
			}
		})
	}
}

func mustSealer(t testing.TB, class Class, generation uint32, key Secret) *Sealer {
	t.Helper()
	s, err := NewSealer(class, generation, map[uint32]Secret{generation: key})
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	return s
}

func TestOlderGenerationsStillOpen(t *testing.T) {
	old, both := newTestSealer(t, ClassStore, 1), newTestSealer(t, ClassStore, 1, 2)
	sealed, err := old.Seal(nil, []byte("text"), nil)
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	if got, err := both.Open(nil, sealed, nil); err != nil || string(got) != "text" {
		t.Errorf("Open of generation 1 = %q, %v", got, err)
	}
	resealed, err := both.Seal(nil, []byte("text"), nil)
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	h, err := ParseHeader(resealed)
	if want := (Header{Version: 1, Class: ClassStore, Generation: 2}); err != nil || h != want || both.Generation() != 2 || both.Class() != ClassStore {
		t.Errorf("header = %+v, %v; want %+v", h, err, want)
	}
}

func TestNewSealerErrors(t *testing.T) {
	if _, err := NewSealer(ClassStore, 1, map[uint32]Secret{1: RandomSecret(16)}); err == nil || !strings.Contains(err.Error(), "32 bytes") {
		t.Errorf("short key: got %v", err)
	}
	if _, err := NewSealer(ClassStore, 2, map[uint32]Secret{1: RandomSecret(32)}); !errors.Is(err, ErrGeneration) {
		t.Errorf("no current key: got %v, want ErrGeneration", err)
	}
}

func TestPlaceIsInjective(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 200))
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		same := len(a) == len(b)
		for i := 0; same && i < len(a); i++ {
			same = bytes.Equal(a[i], b[i])
		}
		if got := bytes.Equal(Place(a...), Place(b...)); got != same {
			t.Fatalf("Place(%x) == Place(%x) is %t", a, b, got)
		}
	})
	if bytes.Equal(Place([]byte("ab"), []byte("c")), Place([]byte("a"), []byte("bc"))) {
		t.Error("the border between parts does not matter")
	}
}

func TestClassNames(t *testing.T) {
	if ClassStore.String() != "store" || ClassPrivate.String() != "private" || Class(9).String() != "class(9)" {
		t.Error("a class has the wrong name")
	}
}

// FuzzOpen checks that nothing but what was sealed under the key opens.
func FuzzOpen(f *testing.F) {
	s := newTestSealer(f, ClassStore, 1)
	sealed, err := s.Seal(nil, []byte("text"), []byte("place"))
	if err != nil {
		f.Fatalf("Seal: %v", err)
	}
	f.Add(sealed, []byte("place"))
	f.Add([]byte{magic0, magic1, formatV1}, []byte(""))
	f.Fuzz(func(t *testing.T, in, place []byte) {
		// Another fuzzing process seals the seed with another nonce: what opens must be the value, not these bytes.
		if got, err := s.Open(nil, in, place); err == nil && !(string(got) == "text" && string(place) == "place") {
			t.Errorf("forged: %x opens as %q", in, got)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	for name, n := range map[string]int{"256B": 256, "vector3KiB": 3072} {
		b.Run(name, func(b *testing.B) {
			s, plain := newTestSealer(b, ClassStore, 1), make([]byte, n)
			_, _ = rand.Read(plain)
			sealed, _ := s.Seal(nil, plain, nil)
			buf := make([]byte, 0, len(sealed))
			b.SetBytes(int64(n))
			for b.Loop() {
				if _, err := s.Open(buf, sealed, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
