package tokens

import (
	"strings"
	"testing"
)

// TestSumsRefuse what is too short or not of the alphabet that a checksum is taken over.
func TestSumsRefuse(t *testing.T) {
	for name, tc := range map[string]struct {
		sum func(string) bool
		s   string
	}{
		"crc62, short":         {crc62, "ghp_abc"},
		"crc62, wrong":         {crc62, "ghp_" + strings.Repeat("a", 36)},
		"grafana, short":       {grafanaSum, "glsa_1"},
		"grafana, wrong":       {grafanaSum, "glsa_" + strings.Repeat("a", 32) + "_00000000"},
		"bech32, no name":      {bech32, "1qqqqqqq"},
		"bech32, short":        {bech32, "age1qqq"},
		"bech32, bad alphabet": {bech32, "age1" + strings.Repeat("b", 20)},
		"bech32, wrong":        {bech32, "age1" + strings.Repeat("q", 20)},
		"specimen":             {notUtopia, "P<UTOERIKSSON<<ANNA<MARIA"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.sum(tc.s) {
				t.Errorf("%q is accepted", tc.s)
			}
		})
	}
}

// TestShortest: a pattern that may hold white space, or that is none, has no shortest text.
func TestShortest(t *testing.T) {
	for pattern, want := range map[string]int{`ab[0-9]{4}c?`: 6, `(?:abc|de)f+`: 3, `a b`: 0, `a.b`: 0, `a\s+b`: 0, `a(`: 0, `\bab$`: 2, `a(?:x|y z)`: 0, `a* b*`: 0} {
		if got := shortest(pattern); got != want {
			t.Errorf("shortest(%q) = %d, want %d", pattern, got, want)
		}
	}
}
