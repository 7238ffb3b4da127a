package kv

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/security"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Values as the first release of the format wrote them stay readable: packed and not, of either class.
func TestFirstFormatOpens(t *testing.T) {
	keys := testKeys(t)
	long := strings.Repeat("the meeting was moved to Thursday; ", 20)
	for name, tc := range map[string]struct {
		f     Family
		class security.Class
		value string
	}{
		"packed-v1.hex":  {Workspace, security.ClassStore, long},
		"plain-v1.hex":   {Vectors, security.ClassStore, long},
		"private-v1.hex": {SessionState, security.ClassPrivate, "short"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			if *update {
				b, err := keys.seal(tc.f, []byte("key"), []byte(tc.value), tc.class)
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
			got, class, err := keys.open(tc.f, []byte("key"), b)
			if err != nil || string(got) != tc.value || class != tc.class {
				t.Errorf("the golden value opens as %q, %s, %v; want %q, %s", got, class, err, tc.value, tc.class)
			}
		})
	}
}
