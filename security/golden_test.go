package security

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What the first release of each format wrote opens for ever.
func TestFirstFormatsOpen(t *testing.T) {
	s := newTestSealer(t, ClassPrivate, 3)
	place := Place([]byte("golden"), []byte("place"))
	const want = "the build runs on Tuesdays"
	for name, tc := range map[string]struct {
		seal func() ([]byte, error)
		open func([]byte) ([]byte, error)
	}{
		"value-v1.hex": {
			func() ([]byte, error) { return s.Seal(nil, []byte(want), place) },
			func(b []byte) ([]byte, error) { return s.Open(nil, b, place) },
		},
		"stream-v1.hex": {
			func() ([]byte, error) { return sealStream(t, s, []byte(want), place), nil },
			func(b []byte) ([]byte, error) { return openStream(s, b, place) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			if *update {
				b, err := tc.seal()
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(hex.EncodeToString(b)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := hex.DecodeString(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tc.open(b); err != nil || !bytes.Equal(got, []byte(want)) {
				t.Errorf("the golden file opens as %q, %v; want %q", got, err, want)
			}
		})
	}
}
