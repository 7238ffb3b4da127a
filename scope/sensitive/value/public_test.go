package value_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// TestPublic: what a random value is part of decides who may see it. Beside each case stands one that looks the same and is not.
func TestPublic(t *testing.T) {
	hex40 := "9f8e7d6c5b4a3928" + "1706f5e4d3c2b1a0" + "d41f8ab0"
	hex64 := hex40 + "17a9c05e" + "b2d4f6a8c0e1f305"
	base64 := "Xk2pQ9vLm4Zr7Tw1" + "Ys8Ub3Nc6Hd0Gf5J" + "qAzWaL1dvnyzv0Zz"
	for name, tc := range map[string]struct {
		text string // the value between brackets of this kind: ⟦value⟧
		want bool
	}{
		"a part of a resource's name":      {"with arn:aws:kms:eu-west-1:111122223333:⟦key/" + hex40 + "⟧", true},
		"behind such a name":               {"arn:aws:iam::1:role/x has ⟦" + hex40 + "⟧", false},
		"a secret's name":                  {"arn:aws:secretsmanager:eu-west-1:111122223333:⟦secret:prod/db-7GhTqk⟧", true},
		"its member":                       {"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-7GhTqk:⟦password⟧::", true},
		"a task":                           {"arn:aws:ecs:eu-west-1:111122223333:⟦task/prod/" + hex40[:32] + "⟧", true},
		"a secret glued to a name":         {"arn:aws:iam::111122223333:⟦user/ci/" + base64 + "⟧", false},
		"a password glued to a name":       {"arn:aws:iam::111122223333:user/⟦ci?Walnut-Grove31⟧", false},
		"a password as the last part":      {"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-7GhTqk:⟦Walnut-Grove31⟧", false},
		"a password behind no account":     {"arn:aws:s3:eu:⟦Walnut-Grove31⟧", false},
		"the id of a record":               {"\"_id\": ObjectId(\"⟦" + hex40[:24] + "⟧\")", true},
		"another call":                     {"login(\"⟦" + hex40[:24] + "⟧\")", false},
		"a commit":                         {"uses: actions/checkout@⟦" + hex40 + "⟧ # v4", true},
		"a commit with its action":         {"uses: ⟦actions/checkout@" + hex40 + "⟧", true},
		"a password before a host":         {"https://ci:⟦" + hex40 + "⟧@git.host", false},
		"a short one":                      {"actions/checkout@⟦" + hex40[:32] + "⟧", false},
		"the commit of a flake's input":    {"nixpkgs at '⟦github:NixOS/nixpkgs/" + hex40 + "⟧' (2024-01-25)", true},
		"a password behind a flake":        {"github:NixOS/nixpkgs/⟦Walnut-Grove31⟧", false},
		"what a bot writes for itself":     {"<!--renovate-debug:⟦eyJ" + base64 + "⟧-->", true},
		"a key for browsers":               {"the key is ⟦pk_" + "live_" + base64[:24] + "⟧", true},
		"a secret that begins like one":    {"courier ⟦pk_" + "test_" + strings.ToUpper(base64[:28]) + "⟧", false},
		"an advisory":                      {"fix leaking credentials ⟦GHSA-h4mf-4v27-hgg2⟧", true},
		"no advisory":                      {"the password ⟦GHSA-h4mf-4v27-Walnut⟧", false},
		"a time":                           {"[App password] ⟦2023-05-25T12:18:43+03:00⟧", true},
		"a time and more":                  {"password ⟦2023-05-25T12:18:43+Walnut⟧", false},
		"a trailer's address":              {"docs: a typo\n\nReviewed-on: https://review.host/c/⟦" + base64[:24] + "⟧", true},
		"a trailer's address with a key":   {"docs: a typo\n\nReviewed-on: https://review.host/c?key=⟦" + base64[:24] + "⟧", false},
		"a hook's address":                 {"Web-Hook: https://chat.host/⟦" + base64[:24] + "⟧", false},
		"the digest of an image":           {"image: ⟦reg/auth:2.4@sha256:" + hex64 + "⟧", true},
		"the digest of an image, alone":    {"image: reg/auth:2.4@sha256:⟦" + hex64 + "⟧", true},
		"an age key":                       {"age -r ⟦age1" + strings.Repeat("q7z9x8gf2t", 6)[:58] + "⟧", true},
		"an identity of nostr":             {"the bot is ⟦npub1" + strings.Repeat("q7z9x8gf2t", 6)[:58] + "⟧", true},
		"a secret of nostr":                {"the bot is ⟦nsec1" + strings.Repeat("q7z9x8gf2t", 6)[:58] + "⟧", false},
		"a key of minisign":                {"verify it with minisign -P ⟦RWQ" + base64 + "aaaaa⟧", true},
		"of which nobody says so":          {"the token is ⟦RWQ" + base64 + "aaaaa⟧", false},
		"the number of one":                {"minisign public key ⟦31D1B9674A2DAED2⟧", true},
		"a number":                         {"key ⟦31D1B9674A2DAED2⟧", false},
		"a key in DER":                     {"p=⟦MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" + base64 + "⟧", true},
		"a public key, so called":          {"VAPID public key for web push: ⟦B" + base64 + "⟧", true},
		"beside a public key":              {"the public key is in git, the other: ⟦B" + base64 + "⟧", false},
		"a private key beside it":          {"public key and private key ⟦B" + base64 + "⟧", false},
		"a member of a SealedSecret":       {"encryptedData:\n    password: ⟦Ag" + base64 + "⟧", true},
		"a member of a Secret":             {"data:\n    password: ⟦Ag" + base64 + "⟧", false},
		"a vault's line":                   {"$ANSIBLE_VAULT;1.1;AES256\n  " + hex64 + "\n  ⟦" + hex64 + "⟧", true},
		"a vault's last line":              {"$ANSIBLE_VAULT;1.2;AES256;dev\n  " + hex64 + "\n  ⟦6330⟧", true},
		"a short line of no vault":         {"$ANSIBLE_VAULT;1.1;AES256\n  ⟦6330⟧", false},
		"behind a vault":                   {"$ANSIBLE_VAULT;1.1;AES256\n  " + hex64 + "\ntoken: ⟦" + hex64 + "⟧", false},
		"an encrypted value":               {"commit ENC[PKCS7,⟦MII" + base64 + "⟧] only", true},
		"behind an encrypted value":        {"ENC[PKCS7,abc] ⟦MII" + base64 + "⟧", false},
		"an encrypted value of Jasypt":     {"secret='ENC(2048:⟦" + base64 + "⟧)'", true},
		"behind such a value":              {"ENC(2048:abc) ⟦MII" + base64 + "⟧", false},
		"an encrypted value of Jenkins":    {"<secret>{⟦AQAAABAAAA" + base64 + "⟧}</secret>", true},
		"a secure variable of a CI":        {"secure: \"⟦" + base64 + "⟧\"", true},
		"a setting that is called so":      {"secure: ⟦" + base64[:16] + "⟧", false},
		"a tag of a response":              {"etag: W/\"⟦cad3f6ab-fCejA5WMj5⟧\"", true},
		"a request's number":               {"cf-ray: ⟦4dd7e941fbb56a88-NRT⟧", true},
		"content of IPFS":                  {"pin ⟦Qm" + base64[:44] + "⟧", true},
		"a fingerprint":                    {"⟦MD5:" + strings.Repeat("0f:", 15) + "a1⟧ was it", true},
		"a fingerprint, said before":       {"Fingerprint=⟦" + strings.Repeat("0F:", 31) + "A1⟧", true},
		"a key in pairs":                   {"priv:\n  ⟦" + strings.Repeat("0f:", 15) + "a1⟧", false},
		"a record of the DNS":              {"v=DKIM1; k=ed25519; p=⟦" + base64 + "⟧", true},
		"behind such a record":             {"v=DKIM1; k=ed25519\ntoken=⟦" + base64 + "⟧", false},
		"a hidden service":                 {"at ⟦" + strings.Repeat("gdzafc7n", 7) + ".onion⟧", true},
		"a token":                          {"token ⟦" + base64 + "⟧", false},
		"the key of a cache is not public": {"api public key token ⟦" + base64 + "⟧", false},
	} {
		t.Run(name, func(t *testing.T) {
			before, rest, _ := strings.Cut(tc.text, "⟦")
			s, after, _ := strings.Cut(rest, "⟧")
			if got := value.Public(before+s+after, len(before), len(before)+len(s)); got != tc.want {
				t.Errorf("Public = %t, want %t", got, tc.want)
			}
		})
	}
}

func TestNamesOfThings(t *testing.T) {
	for name, tc := range map[string]struct {
		is  func(string) bool
		yes string
		no  string
	}{
		"devices":          {value.Device, "wg0 eth1 wlp3s0 enp0s31 ttyUSB0 nvme0n1 sda1", "kestrel7 wg tunafish9 en ttyUSB eth1234567"},
		"regions":          {value.Region, "us-east-1 eu-central-1 ap-northeast-1 europe-west4-b us-gov-west-1", "us-kestrel-1 us-east east-1 us-east-1-2 us us-horse1"},
		"document numbers": {value.DocumentNumber, "OBS-24-00317 CR-2024-1187 RE-2024-008812 C-20240415-07 NCR/2024/0452", "AB-1234-5678 BIL-7 KX-88-4411 Obs-24-00317 TOOLONG-24-1 A-2024-x7"},
		"ciphers":          {value.Cipher, "AES-256-GCM ChaCha20-Poly1305 ecdhe-rsa-aes128-gcm-sha256", "AES otter-256 1-2 sommer-aes-7 2024-25"},
		"quantities":       {value.Quantity, "150lx 55db 25Nm 12.5kHz 1920x1080 M6x25 4mwh", "150xyz lx 4otters x12 Mx3"},
		"words":            {value.Words, "brass.monkey teapot.storm one.two.six", "process.env config.password brass notes.md a.b Brass.monkey user.token one.two.six.ten"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range strings.Fields(tc.yes) {
				if !tc.is(s) {
					t.Errorf("%s is none", s)
				}
			}
			for _, s := range strings.Fields(tc.no) {
				if tc.is(s) {
					t.Errorf("%s is one", s)
				}
			}
		})
	}
}

func TestOpenKey(t *testing.T) {
	for before, want := range map[string]bool{"the public ": true, "\"cache-": true, "our Primary ": true, "the api ": false, "a private ": false, "": false, "notpublic ": false} {
		if got := value.OpenKey(before); got != want {
			t.Errorf("OpenKey(%q) = %t, want %t", before, got, want)
		}
	}
}
