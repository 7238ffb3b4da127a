package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestWordsGolden holds the format still: what is archived must be read for ever.
func TestWordsGolden(t *testing.T) {
	l := theWords()
	if sum := sha256.Sum256([]byte(strings.Join(l.words, "\n"))); len(l.words) != 21776 || hex.EncodeToString(sum[:8]) != "02bd8aaf55307a14" {
		t.Errorf("%d words, %x; the list is part of the format", len(l.words), sum[:8])
	}
	for _, w := range l.words {
		if len(w) > longestWord {
			t.Errorf("%q is longer than any word may be", w)
		}
	}
	texts := []string{"The API of Caroline's service DIDN'T answer: 503, at 10:15.\n\tgo test ./... -run 'TestX|TestÄ' fixes kubernetes (v1.2)", "", "沼"}
	got := hex.EncodeToString(wordsOf(texts))
	if want := "30f08daf7694973fa31f020f3d5ca68e256a4a7ffd7d25b6470c9fb3608e7a5767c76369156ffc5b1540b2f0d4d1e628bbcb6b39ae5ea1584875dac64a7e7b12c3103e0068d1cb6f7c00fb0254dcdfafc414"; got != want {
		t.Errorf("written as %s; want %s", got, want)
	}
	if back, err := textsOf(mustHex(t, got), 3, 4096); err != nil || !slices.Equal(back, texts) {
		t.Errorf("read as %q, %v", back, err)
	}
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWords writes texts of everything: words in each case, beginnings of words, signs and any byte.
func TestWords(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	l := theWords()
	for range 2000 {
		var texts []string
		for range 1 + r.IntN(4) {
			var b []byte
			for range r.IntN(40) {
				w := l.words[r.IntN(len(l.words))]
				switch r.IntN(8) {
				case 0:
					b = append(b, byte(r.IntN(256)))
				case 1:
					b = append(b, byte(r.IntN(128)))
				case 2:
					b = append(b, strings.ToUpper(w)...)
				case 3:
					b = append(b, w[:r.IntN(len(w))]...)
				case 4:
					b = append(b, strings.ToUpper(w[:1])+w[1:]...)
				default:
					b = append(append(b, ' '), w...)
				}
			}
			texts = append(texts, string(b))
		}
		packed := wordsOf(texts)
		got, err := textsOf(packed, len(texts), 1<<16)
		if err != nil || !slices.Equal(got, texts) {
			t.Fatalf("%q comes back as %q, %v", texts, got, err)
		}
		if n := len(texts[0]); n > 0 {
			if _, err := textsOf(packed, len(texts), n-1); err == nil {
				t.Fatalf("%d bytes are read where %d may be", n, n-1)
			}
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add(wordsOf([]string{"The heron stands.", "by the canal"}), uint8(2))
	f.Add([]byte{}, uint8(1))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		texts, err := textsOf(b, int(n), 4096)
		if err != nil {
			return
		}
		if again, err := textsOf(wordsOf(texts), int(n), 4096); err != nil || !slices.Equal(again, texts) {
			t.Errorf("%q comes back as %q, %v", texts, again, err)
		}
	})
}
