package value_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

func TestNamesInCode(t *testing.T) {
	for name, tc := range map[string]struct {
		is   func(string) bool
		yes  []string
		nope []string
	}{
		"qualified": {value.Qualified,
			[]string{"simd/archsimd.BroadcastInt16x8", "crypto/hpke.MLKEM768X25519", "math/bits.Add64", "net/http.HTTP2Config", "strings.ToValidUTF8", "std::vector", "encoding/json.Marshal"},
			[]string{"", "Len64", "horse.Battery71", "a.b", "bits.", ".Len64", "Acme.Len64", "srv/prod." + fake("aL1dvnyzv0Zz", "yA0xIfl4c7xU"), "winter.sommer2019"}},
		"numbered": {value.Numbered,
			[]string{"Uint64", "complex128", "Broadcast1To32", "GenerateKey1024", "AVX512VAES", "TLS_AES_128_GCM_SHA256", "HTTP2Config", "tcp4", "UUIDv7", "PBKDF2-HMAC-SHA256"},
			[]string{"", "64", "Len", "hunter2", "sommer2019", "Tr0ub4dor", "Tr4ktor-Blau", "Tr4ktor", "Kx7Qm2", fake("aL1dvnyzv0Zz", "yA0xIfl4c7xU"), "Key777", "a!b1", "KIWI12-FROG34"}},
		"typed": {value.Typed,
			[]string{"int8", "tcp4", "complex128", "C9H8O4", "NaCl2"},
			[]string{"", "int", "8", "admin1", "hunter2", "Xy2", "HO"}},
		"pattern": {value.Pattern,
			[]string{`xk[abc]_[A-Za-z0-9]{40}`, `\d{4}`, `(?:a|b)c`, `[0-9]+`},
			[]string{"", "[redacted]", "pa[ss]word1", `C:\data`, "what(?)"}},
		"quantity": {value.Quantity,
			[]string{"95ms", "16GB", "3.5k", "2x", "32B"},
			[]string{"", "95", "ms", "4rabbits", "7up!"}},
		"standard": {value.Standard,
			[]string{"CVE-2024-3094", "MIL-STD-1815", "RFC8032", "ISO-27001", "800-38A", "CWE-79"},
			[]string{"", "CVE", "KIWI-2024-77", "4711", "80-38A", "x-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range tc.yes {
				if !tc.is(s) {
					t.Errorf("%q: false, want true", s)
				}
			}
			for _, s := range tc.nope {
				if tc.is(s) {
					t.Errorf("%q: true, want false", s)
				}
			}
		})
	}
}

func TestPublicBlock(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want bool
	}{
		"certificate":           {"-----BEGIN CERTIFICATE-----\nMIIB", true},
		"public key":            {"x\n-----BEGIN PUBLIC KEY-----\nMFkw\nAAAA", true},
		"private key":           {"-----BEGIN PRIVATE KEY-----\nMIIB", false},
		"behind its end":        {"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\nx", false},
		"private behind public": {"-----BEGIN CERTIFICATE-----\nM\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nM", false},
		"encrypted message":     {"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl", true},
		"no block":              {"MIIB", false},
		"far behind its start":  {"-----BEGIN CERTIFICATE-----\n" + strings.Repeat("MIIBMIIB\n", 400), false},
		"second of two":         {"-----BEGIN CERTIFICATE-----\nM\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\nM", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := value.PublicBlocks(tc.text).Hold(tc.text, len(tc.text)); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestPublished(t *testing.T) {
	if !value.Published(fake("2b7e151628aed2a6", "abf7158809cf4f3c")) || value.Published(fake("2b7e151628aed2a6", "abf7158809cf4f3d")) {
		t.Error("the example of FIPS 197 is one, its neighbour is not")
	}
}

// TestNoNames covers what ends a judgement early.
func TestNoNames(t *testing.T) {
	for _, s := range []string{"tool#x", "v.", "ab.9", "int8x!", "Key-9", "snake_case8", "lower_case_9"} {
		if value.Numbered(s) && value.Qualified(s) {
			t.Errorf("%q is taken for a name twice over", s)
		}
	}
	if text := "-----BEGIN CERTIFICATE-----\n" + "a"; value.PublicBlocks(text).Hold(text, 0) {
		t.Error("what stands before a block is taken for a part of it")
	}
}
