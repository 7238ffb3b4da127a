package value_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// fake builds a value from parts, so that no scanner takes this file's examples for secrets.
func fake(parts ...string) string { return strings.Join(parts, "") }

func TestPlaceholder(t *testing.T) {
	for s, want := range map[string]bool{
		"":                                     true,
		"<your-password>":                      true,
		"********":                             true,
		"////////":                             true,
		"#-------":                             true,
		"パスワード":                                true,
		"〇〇〇〇":                                 true,
		"××××":                                 true,
		"xxxxxxxx":                             true,
		"****1234":                             true,
		"...":                                  true,
		"changeme":                             true,
		"YOUR_API_KEY_HERE":                    true,
		"your_azure_key":                       true,
		"my-token":                             true,
		"[REDACTED]":                           true,
		"{token}":                              true,
		fake("AKIAIOSFODNN7", "EXAMPLE"):       true,
		fake("a1b2c3d4-90ab-", "EXAMPLE11111"): true,
		"null":                                 true,
		"put-your-key-here":                    true,
		"11111111-2222-3333-4444-555555555555": true,
		"11111111-2222-3333-4444-555555555556": false,
		"XXXX_PUT_YOUR_TOKEN_HERE_XXXXXXXXXX":  true,
		"app-1-SlackConfigurationTokenHere":    true,
		"Wint3rIsHere":                         false,
		"sha256~<some-token-here>":             true,
		fake("ops_eyJ", "zaWduSW5BZGRy..."):    true,
		fake("eyJzaWdu", "..[Redacted]"):       true,
		"Wint3r-is-here":                       false,
		"hunter2":                              false,
		"Gravel!6172":                          false,
		fake("9f8e7d6c", "5b4a39281706f5e4"):   false,
		"xander":                               false,
		"yourself9":                            false,
		fake("sk-live-", "93hfk29dkxl20fkw8"):  false,
	} {
		if got := value.Placeholder(s); got != want {
			t.Errorf("Placeholder(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestReference(t *testing.T) {
	for s, want := range map[string]bool{
		"":                            true,
		"$DB_PASSWORD":                true,
		"$MYSQL_PASSWORD":             true,
		"Config.Base64":               true,
		"Mr.Whiskers1":                false,
		"${DB_PASSWORD}":              true,
		"%PASSWORD%":                  true,
		"{{ vault_password }}":        true,
		"process.env.DB_PASSWORD":     true,
		"os.environ[\"X\"]":           true,
		"getPassword()":               true,
		"user.password":               true,
		"Config::TOKEN":               true,
		"user->password":              true,
		"DB_PASSWORD":                 true,
		"./secrets/db.txt":            true,
		"server.key":                  true,
		"/etc/ssl/private":            true,
		"vault:secret/db":             true,
		"ENC[AES256_GCM,data:x]":      true,
		"op://vault/item/field":       true,
		":password":                   true,
		"@password":                   true,
		"&config.Secret":              true,
		"<%= @token %>":               true,
		"$BASE_URL/login":             true,
		"%env(DB_PASSWORD)%":          true,
		`\$_POST["password"]`:         true,
		"Digest::SHA256.hexdigest":    true,
		"prefix-${var.x}-suffix":      true,
		"m{{h}o)p${e]n>-_$#one}}":     false,
		`C:\keys\db.txt`:              true,
		"hunter2":                     false,
		"$2y$10$abcdefg":              false,
		"P@ss.word1":                  false,
		"Tr0ub4dor&3":                 false,
		"$uper$ecret!":                false,
		"a.b1c2d3e4f5g6h7":            false,
		fake("A1B2", "C3D4-E5F6G7H8"): false,
	} {
		if got := value.Reference(s); got != want {
			t.Errorf("Reference(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestRandomTellsDrawnValuesFromNames(t *testing.T) {
	for _, s := range []string{fake("aL1dvnyzv0Zz", "yA0xIfl4c7xU"), fake("z2ototgunpys2f20qe6", "su48iq1s0ksy2"), fake("6ca6b0b9658d7dbc", "036095e68de96039"), fake("ECD2TXSMGZZL", "Q5VII4Y2LXQN")} {
		if p := value.Random(s); p < 0.7 {
			t.Errorf("Random(%q) = %.2f, want at least 0.7", s, p)
		}
	}
	for _, s := range []string{"", "password", "getUserByName", "connection-timeout", "internationalization", "aaaaaaaaaaaaaaaa", "111111111111", "パスワード"} {
		if p := value.Random(s); p > 0.6 {
			t.Errorf("Random(%q) = %.2f, want at most 0.6", s, p)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for s, want := range map[string]bool{
		"getUserByName":                      true,
		"max_retry_count":                    true,
		"useLayoutEffect":                    true,
		"AES128-GCM-SHA256":                  true,
		"github.com/acme/tool":               true,
		"TestServerLogLevelDoesNotLeak":      true,
		fake("aL1dvnyzv0Zz", "yA0xIfl4c7xU"): false,
		fake("9f8e7d6c5b4a", "39281706f5e4"): false,
		"!!":                                 false,
		"12345678":                           false,
	} {
		if got := value.Identifier(s); got != want {
			t.Errorf("Identifier(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestForms(t *testing.T) {
	const uuid = "550e8400-e29b-41d4-a716-446655440000"
	for name, tc := range map[string]struct {
		is   func(string) bool
		s    string
		want bool
	}{
		"uuid":                    {value.UUID, uuid, true},
		"uuid, wrong length":      {value.UUID, uuid[1:], false},
		"uuid, wrong hyphen":      {value.UUID, strings.Replace(uuid, "-", "0", 1), false},
		"uuid, wrong digit":       {value.UUID, "g" + uuid[1:], false},
		"digest of 40":            {value.Digest, strings.Repeat("a1", 20), true},
		"digest, short commit":    {value.Digest, "e86db7cf72", true},
		"digest of 41":            {value.Digest, strings.Repeat("a1", 20) + "b", false},
		"digest in mixed case":    {value.Digest, strings.Repeat("aB1c", 8), false},
		"digest without letters":  {value.Digest, strings.Repeat("1", 40), false},
		"alphabet":                {value.Alphabet, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", true},
		"alphabet, too short":     {value.Alphabet, "abcdefg", false},
		"alphabet, a value":       {value.Alphabet, fake("aL1dvnyzv0ZzyA0x", "Ifl4c7xUaL1dvnyz"), false},
		"dotted":                  {value.Dotted, "keySize.maximumBits", true},
		"dotted, one part":        {value.Dotted, "keySize", false},
		"versioned":               {value.Versioned, "jackson-core-2.15.0", true},
		"versioned with v":        {value.Versioned, "tool@v1.2.3", true},
		"versioned, no version":   {value.Versioned, "jackson-core", false},
		"versioned, ends in dash": {value.Versioned, "jackson-", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.is(tc.s); got != tc.want {
				t.Errorf("%q: %v, want %v", tc.s, got, tc.want)
			}
		})
	}
}

func TestWordShare(t *testing.T) {
	if got := value.WordShare("rewriteValueMasked"); got < 0.8 {
		t.Errorf("a name: %.2f, want at least 0.8", got)
	}
	if got := value.WordShare(fake("aL1dvnyzv0Zz", "yA0xIfl4c7xU")); got > 0.3 {
		t.Errorf("a drawn value: %.2f, want at most 0.3", got)
	}
	if got := value.WordShare("--"); got != 0 {
		t.Errorf("no letters: %.2f, want 0", got)
	}
}

func TestShapeOf(t *testing.T) {
	sh := value.ShapeOf("aB1-é")
	if sh.Lower != 1 || sh.Upper != 1 || sh.Digit != 1 || sh.Other != 1 || sh.High != 2 || sh.Hex || sh.LongestLetters != 2 {
		t.Errorf("got %+v", sh)
	}
}

// FuzzJudgements checks that no judgement breaks on any value, and that the probabilities are some.
func FuzzJudgements(f *testing.F) {
	for _, s := range []string{"", "$", "${", "a.b", "((", "%%", "$2y$10$x", "A-B_C", "…", "/", "C:\\", "@a", "&b", "x'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		value.Placeholder(s)
		value.Reference(s)
		value.Identifier(s)
		value.Dotted(s)
		value.Versioned(s)
		value.Alphabet(s)
		value.Bracketed(s)
		for _, end := range []int{len(s) / 2, len(s)} {
			for _, start := range []int{0, end / 3, end - 1} {
				if start >= 0 && start < end {
					value.Otherwise(s, start, end)
				}
			}
		}
		if p := value.Random(s); p < 0 || p > 1 {
			t.Errorf("Random(%q) = %v", s, p)
		}
		if p := value.WordShare(s); p < 0 || p > 1 {
			t.Errorf("WordShare(%q) = %v", s, p)
		}
		if c := value.Surprise(s); c < 0 || c > 12 {
			t.Errorf("Surprise(%q) = %v", s, c)
		}
	})
}
