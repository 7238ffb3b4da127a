package entropy_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/entropy"
	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// Values drawn for this test, in halves so that no scanner takes them for someone's.
var (
	base62 = "aL1dvnyzv0Zz" + "yA0xIfl4c7xU"
	base36 = "z2ototgunpys2f20qe6" + "su48iq1s0ksy2"
	long64 = "Xk2pQ9vLm4Zr7Tw1Ys8Ub3Nc6Hd0" + "Gf5JqAzW"
	hex32  = "9f8e7d6c5b4a3928" + "1706f5e4d3c2b1a0"
	hex40  = hex32 + "d41f8ab0"
	uuid   = "230f5e9a-d337-47e5-" + "a02d-df26b9891455"
)

func TestFinds(t *testing.T) {
	for name, tc := range map[string]struct{ text, rule string }{
		"beside a cue":               {"our deploy token got " + base62, "random-near-cue"},
		"beside a vendor":            {"use " + base36 + " with mixpanel", "random-near-vendor"},
		"a short one, tight":         {"apikey 9aZ3kQ7" + "xW2pB", "random-near-cue"},
		"behind an everyday word":    {"key " + base62, "random-near-cue"},
		"alone":                      {"  \"" + base62 + "\"\n", "random-alone"},
		"a stock password alone":     {"letmein2024", "random-alone"},
		"assigned":                   {"zyloq = '" + base62 + "'", "random-assigned"},
		"in a short text":            {"zyloq " + base62, "random-assigned"},
		"in a long text":             {strings.Repeat("plain words go here and there ", 4) + long64 + strings.Repeat(" and go on", 9), "random-text"},
		"hexadecimal with a cue":     {"todoist secret " + hex40, "hex-near-cue"},
		"hexadecimal at a vendor":    {"wandb " + hex40, "hex-near-vendor"},
		"UUID with a cue":            {"token: " + uuid, "hex-near-cue"},
		"query parameter":            {"https://api.host.com/v1?api_key=" + base62, "random-near-cue"},
		"Japanese cue":               {"トークンを " + base36 + " に更新", "random-near-cue"},
		"Japanese, for connecting":   {"sauceに接続するときは " + uuid + " を使ってください", "hex-near-cue"},
		"a typed declaration":        {`let acme_key: &str = "` + hex40 + `";`, "hex-near-cue"},
		"a question after it":        {"is " + hex32 + " still a valid infura key?", "hex-near-vendor"},
		"a login of SonarQube":       {"- name: SONAR_LOGIN\n  value: " + hex40, "hex-near-cue"},
		"a stock password in digits": {"P@55w0rd1", "stock-password"},
		"private JWK":                {`{"kty":"EC","x":"a","d":"` + long64 + `"} token`, "random-near-cue"},
		"token behind its name":      {"coda-token-" + uuid, "hex-near-cue"},
		"name and cue in a word":     {"codakey-" + uuid, "hex-near-cue"},
		"name, digit and cue":        {"acme2TOKEN-" + uuid, "hex-near-cue"},
		"vendor of three words":      {"the-odds-api:" + hex32, "hex-near-vendor"},
		"a long one with slashes":    {"token aB3dE6fG7hIj/Kl9mN0pQr1sT/uV3wX5yZ7aB", "random-near-cue"},
		"a vendor, then a value":     {"mixpanel service " + base36, "random-near-vendor"},
		"key and letters, a vendor":  {"airtable = key" + "haLmvVtTRpqWzb", "random-near-vendor"},
		"key and letters, a colon":   {"Airtable: key" + "BmWxQrTpLsVnYd", "random-near-vendor"},
		"a vendor's integration":     {"our mixpanel integration uses " + hex32, "hex-near-vendor"},
		"another's, a longer value":  {"the webflow integration uses " + hex32 + hex32, "hex-near-vendor"},
		"half of a pair":             {"client_id = " + base62, "random-near-cue"},
		"name and value in a word":   {"WEATHERLY_API_KEY=" + base36, "random-near-cue"},
	} {
		t.Run(name, func(t *testing.T) {
			ms := entropy.Scan(tc.text)
			if len(ms) == 0 || ms[0].Rule != tc.rule {
				t.Errorf("found %v, want %s", ms, tc.rule)
			}
		})
	}
}

func TestLetsPass(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":             "",
		"prose":               "the token is validated by the gateway before internationalization",
		"commit":              "Fixed in commit " + hex40 + ".",
		"bare commit":         hex40,
		"commit at a host":    "github " + hex40,
		"record id":           "task id " + uuid + " is finished",
		"digest":              "sha256:" + hex32 + hex32,
		"md5":                 "md5 " + hex32 + " etag matches",
		"go.sum":              "github.com/pkg/errors v0.9.1 h1:" + long64 + "AbC=",
		"integrity":           "sha512-" + long64 + long64 + "==",
		"image":               "data:image/png;base64," + "iVBORw0KGgo" + long64,
		"public key":          "ssh-rsa AAAAB3NzaC1" + long64,
		"public key, named":   "public_key = \"" + base62 + "\"",
		"foreign key":         "foreignKey=" + base62,
		"path":                "https://host.com/assets/" + base62 + "/logo.svg",
		"identifier":          "TestServerLogLevelDoesNotLeakBetweenNewProtocolRequests2",
		"call":                "token := fips140hash" + "UnwrapNew2(h)",
		"placeholder":         "api_key = YOUR_API_KEY_1234_HERE",
		"alphabet":            "key = ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
		"version":             "token-lib jackson-core-2.15.0",
		"algorithm":           "cipher = 'AEAD-AES128-GCM-SHA256'",
		"host":                "vault token host secrets-01.eu-west-1.internal.acme.io",
		"e-mail":              "token sent to x7k2p9q4m1@host.com",
		"comparison":          "key a1b2c3d4e5==f6g7h8i9",
		"settings name":       "secret ELDERZAN_V2_API_TOKEN_1",
		"certificate":         "-----BEGIN CERTIFICATE-----\n" + long64 + long64 + "\n-----END CERTIFICATE-----",
		"sealed":              "kind: SealedSecret\nencryptedData:\n  token: Ag" + long64 + long64,
		"public JWK":          `{"kty":"EC","crv":"P-256","kid":"2024-06","x":"` + long64 + `","y":"` + long64 + `"}`,
		"public JWK, spaced":  `{"kty": "EC", "x": "` + long64 + `"}`,
		"test vector":         "KEY = " + hex32 + "\nPLAINTEXT = " + hex32 + "\nCIPHERTEXT = " + hex32,
		"number in code":      "const magic = 0x9E3779B9" + "7F4A7C15",
		"qualified name":      "simd/archsimd.BroadcastInt16x8",
		"example of a norm":   "Authorization: Basic QWxhZGRpbjpv" + "cGVuIHNlc2FtZQ==",
		"a word in key":       "monkey-" + uuid,
		"key of a row":        "RowKey-" + uuid,
		"path to a UUID":      "key at /srv/data/" + uuid,
		"cloud resource":      "key vol-0a1b2c3d4e5f67890",
		"name of a URL":       "see www.host.com/" + base62,
		"commit words":        "token rev " + hex40,
		"path of short parts": "assets.v2/img/aB3dE6fG7.h1J8kL9mN0.png7x",
		"capital algorithm":   "AES256-GCM96-SHA3842",
		"a name, no value":    "x=y9 " + "a1/b2/c3/d4e5f6g7h8",
		"key and words":       "airtable = keyPublicExamples",
		"a vendor's image":    "our sentry image uses " + hex32,
		"a call of a name":    "getUserByName2Of3AndThen4(x)",
		"an address in a URL": "https://host.com/a?state=" + base62,
		"too many breaks":     "token\n\n\n" + "plain",
		"far away from cues":  "token. " + strings.Repeat("word ", 30) + hex32,
		"id of a sheet":       "sheet id 1" + long64,
		"key of a cache":      "cache key: deps-" + hex32 + "-" + base62,
		"object of a shop":    "Stripe event evt_1" + base62 + " came twice",
		"proof for a CA":      "_acme-challenge.shop TXT \"" + long64 + "\"",
		"proof for a search":  "site-verification=" + long64,
		"a store's path":      "x=/nix/store/" + base36 + "-openssl-3.3.2",
		"a digest and a size": "remote cache " + hex32 + hex32 + "/142",
		"a room's event":      "in the room, event $" + long64,
		"session at vendor":   "request_id=" + uuid,
	} {
		t.Run(name, func(t *testing.T) {
			if ms := entropy.Scan(text); len(ms) > 0 {
				t.Errorf("found %s %q", ms[0].Rule, text[ms[0].Start:ms[0].End])
			}
		})
	}
}

// FuzzScan checks that spans are valid and that no text breaks a rule.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "token " + base62, "a=b=c==", "key=" + hex32, "://x?key=" + base36, strings.Repeat("a1", 3000), "トークン" + base62} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		bound.Within(t, bound.Limit, false, func() { ms = entropy.Scan(text) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Confidence <= 0 || m.Confidence > 1 {
				t.Errorf("bad match %+v in %d bytes", m, len(text))
			}
		}
	})
}
