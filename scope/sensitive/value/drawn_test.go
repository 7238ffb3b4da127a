package value_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// TestOtherwiseDrawn: what a drawn value is named and stands in says that it is no secret.
func TestOtherwiseDrawn(t *testing.T) {
	hex, mixed := fake("9f2c41d07be8", "a36510ffc4d29b817e60"), fake("kT8v2QmZ", "x4Rw9LpB7nYc")
	for name, tc := range map[string]struct {
		text string // ⟦ and ⟧ around the value
		want bool
	}{
		"alone":                        {"⟦" + mixed + "⟧", false},
		"a range of commits":           {"⟦af07f9c..70ab189d⟧", true},
		"a key of OpenPGP":             {"pub ⟦4096R/91B6861BD3E7A937⟧", true},
		"a user by a UUID":             {"user ⟦558298e2-14b0-44d7-9acd-8acde5f6db1d⟧ not found", true},
		"a vendor's UUID":              {"heroku ⟦558298e2-14b0-44d7-9acd-8acde5f6db1d⟧", false},
		"a JPEG":                       {"/⟦9j/4AAQ" + mixed + "⟧", true},
		"a data URI, first a slash":    {"base64,/⟦" + mixed + "⟧", true},
		"a digest, first a sign":       {"contentHash: \"+⟦" + mixed + "⟧", true},
		"a digest by two words":        {"Digest: sha-256=⟦" + mixed + "⟧", true},
		"a token":                      {"token = ⟦" + mixed + "⟧", false},
		"a commit":                     {"commit ⟦" + hex + "⟧", true},
		"an object of a repository":    {"see ⟦commit/" + hex + "⟧", true},
		"a digest by its name":         {"checksum: ⟦" + mixed + "⟧", true},
		"a client's id":                {"client_id: ⟦" + mixed + "⟧", false},
		"a picture":                    {"logo ⟦iVBORw0KGgo" + mixed + "⟧", true},
		"a data URI":                   {"base64,⟦" + mixed + "⟧", true},
		"a key of SSH":                 {"⟦AAAAC3NzaC1" + mixed + "⟧ me", true},
		"a call":                       {"⟦" + mixed + "⟧(1)", true},
		"a slug":                       {"⟦" + mixed + "⟧ is the slug", true},
		"a mailbox":                    {"⟦" + mixed + "⟧@mail.example", true},
		"part of an address":           {"https://host.example/a?b=⟦" + mixed + "⟧", true},
		"a key in an address":          {"https://host.example/a?key=⟦" + mixed + "⟧", false},
		"a volume":                     {"attach ⟦vol-" + hex + "⟧", true},
		"an event of a shop":           {"got ⟦evt_" + mixed + "⟧", true},
		"a message of a model":         {"got ⟦msg_" + mixed + "⟧", true},
		"a record of a vendor":         {"Salesforce record ⟦" + mixed + "⟧", true},
		"a batch by its id":            {"sendgrid batch id ⟦" + mixed + "⟧", true},
		"a client's id, said":          {"asana client id ⟦" + mixed + "⟧", false},
		"a zone that is set":           {"zone=⟦" + mixed + "⟧", false},
		"a file of a model":            {"got file-⟦" + mixed + "Qw7e⟧", true},
		"a user of a login's service":  {"auth0|⟦" + hex + "⟧", true},
		"a pod with its kind":          {"⟦pod/web-5x6kdlzv9-7vpm9⟧ restarted", true},
		"a completion of a model":      {"got ⟦chatcmpl-" + mixed + "⟧", true},
		"a name and a drawn value":     {"got ⟦clerk-" + mixed + "⟧", false},
		"a container of a ship":        {"⟦MSKU7215348⟧", true},
		"an id that a library drew":    {"nanoid ⟦" + mixed + "⟧", true},
		"a key for browsers":           {"⟦sb_publishable_" + mixed + "abcdefgh⟧", true},
		"a key that is no such":        {"⟦sb_secret_" + mixed + "abcdefgh⟧", false},
		"an intent of a shop":          {"got ⟦pi_" + mixed + "⟧", true},
		"cut in the middle":            {"nextToken ⟦4AEA6u7J...The⟧ full token", true},
		"a constant of a module":       {"key === ⟦wysihtml5.ENTER_KEY⟧ && x", true},
		"a pod":                        {"⟦web-5x6kdlzv9-7vpm9⟧ restarted", true},
		"a pod's name with vowels":     {"⟦web-5x6kdaze9-7vpm9⟧ restarted", false},
		"a file by its digest":         {"rm ⟦node_modules/.cache/" + hex + ".json⟧", true},
		"a package by its digest":      {"⟦app-04782171abf23636.apk⟧", true},
		"an address of a program":      {"at ⟦0x7ffd2c41d07b⟧", true},
		"a test vector":                {"plaintext 00 ciphertext ⟦" + hex + "⟧", true},
		"a member of a public key":     {`{"kty":"EC","x":"⟦` + mixed + `⟧"}`, true},
		"a member of a private key":    {`{"kty":"EC","d":"⟦` + mixed + `⟧"}`, false},
		"a cached build":               {"got ⟦" + hex + hex + "/1024⟧", true},
		"an HMAC":                      {"the HMAC of the body was ⟦" + hex + "⟧", true},
		"something in the Nix store":   {"⟦nix/store/" + mixed + "⟧", true},
		"a comparison":                 {"⟦" + mixed + "==1x⟧", true},
		"two halves joined by a colon": {"user:⟦" + mixed + "⟧", false},
	} {
		t.Run(name, func(t *testing.T) {
			start := strings.Index(tc.text, "⟦")
			text := strings.Replace(tc.text, "⟦", "", 1)
			end := strings.Index(text, "⟧")
			text = strings.Replace(text, "⟧", "", 1)
			s := text[start:end]
			if got := value.OtherwiseDrawn(text, start, end, value.ShapeOf(s), value.Random(s)); got != tc.want {
				t.Errorf("OtherwiseDrawn(%q of %q) = %v, want %v", s, text, got, tc.want)
			}
		})
	}
}
