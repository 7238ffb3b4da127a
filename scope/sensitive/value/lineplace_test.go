package value_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// TestPlacesOnALine marks the word that is judged by « and ».
func TestPlacesOnALine(t *testing.T) {
	for _, tc := range []struct {
		text string
		want value.Doubt
	}{
		{"getent passwd «mara»", value.Strong},
		{"sudo passwd «mara»", value.Strong},
		{"the root passwd «mara»", value.None},
		{"curl -u «mara» https://ci.heron.test/", value.Strong},
		{"curl -u «mara»:x https://ci.heron.test/", value.None},
		{"mysql -u root -p «shop»", value.Strong},
		{"psql -h db1 -U app -W «shop»", value.Strong},
		{"mongo -u root -p «shop»", value.None},
		{"nobody remembers the password for the old «PDU»", value.Some},
		{"we reset the password of the shared «mailbox»", value.Some},
		{"the password for the router: «mailbox»", value.None},
		{"New password: «Retype» new password:", value.Strong},
		{"New password: «Retype» it", value.None},
		{"let pw = «nanoid»(20);", value.Some},
		{"the password is «otter»(all in small letters)", value.None},
		{"password = «Faker»::Internet.password", value.Strong},
		{`"password": "[parameters('«adminPassword»')]"`, value.Certain},
		{"key: name\nvalue: «shop»", value.Strong},
		{"key: password\nvalue: «otter»", value.None},
		{"part no. «7H-8167-22»", value.Strong},
		{"the gate opens with «7H-8167-22»", value.None},
		{"mara@heron.test,«2025-01-31»", value.Strong},
		{"«2025-13-31»", value.None},
		{"secret engine: «kv-v2»", value.Strong},
		{"keymap: «de-latin1»", value.Strong},
		{"shortcut key «F12» opens the debugger", value.Certain},
		{"Content-Security-Policy: script-src '«nonce-rYLsMVbspfaYkNASB0suxC»'", value.Certain},
		{"Sec-WebSocket-Key: «" + fake("kJrzHjjcdZBeH8t", "UYCLr7l==") + "»", value.Certain},
		{"credential helper: «osxkeychain»", value.Strong},
		{`password = keyring.get_password("shop", "«carol»")`, value.Strong},
		{`mysql -u app -p"$DB_PASSWORD" «shop»`, value.Strong},
		{"did:key:z6«MkgQDPRYbuxgj2Tj3GX7gG7EixjJQim4t3»", value.None},
		{"«did:key:z6MkgQDPRYbuxgj2Tj3GX7gG7EixjJQim4t3»", value.Certain},
		{"login with admin and «f6ae88cd92» on port 8443", value.Some},
		{"log in using admin/«032c5d7bf2»", value.Some},
		{"login is broken since commit «f6ae88cd92»", value.Certain},
		{"login is broken in «f6ae88cd92»", value.Certain},
		{"see «f6ae88cd92»", value.Strong},
		{"The password is delivered «out-of-band»", value.Some},
		{"The password is «otter-of-harbors»", value.Some},
		{"The password is «otter-on-harbor»", value.None},
		{"wifi: «guest-network-vlan»", value.Strong},
		{"connecting with user=etl password=*** host=«dw1»", value.Strong},
		{"username admin, password from vault, port «8443»", value.Strong},
		{"the PIN is «8443»", value.None},
		{"s/«.*/password=x/»", value.None},
	} {
		start := strings.Index(tc.text, "«")
		text := strings.Replace(tc.text, "«", "", 1)
		end := strings.Index(text, "»")
		text = strings.Replace(text, "»", "", 1)
		if got := value.Otherwise(text, start, end); got != tc.want {
			t.Errorf("%q in %q: %v, want %v", text[start:end], text, got, tc.want)
		}
	}
	for _, s := range []string{"[parameters('adminPassword')]", "$PW/"} {
		if !value.Reference(s) {
			t.Errorf("%q is taken for a value", s)
		}
	}
	for s, want := range map[string]bool{".*/password=x/": true, ".+": false, ".plain": false} {
		if value.Pattern(s) != want {
			t.Errorf("%q: %v, want %v", s, !want, want)
		}
	}
}
