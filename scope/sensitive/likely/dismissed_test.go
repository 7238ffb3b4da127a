package likely

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// TestDismissed: what a word is otherwise counts more than its score.
func TestDismissed(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string // the word between brackets of this kind: ⟦word⟧
		score float64
		want  bool
	}{
		"a password":                {"use ⟦Tr4ktor-Blau⟧ there", 2, false},
		"a plain word":              {"it wakes up with ⟦otterpop⟧", 2, false},
		"keys to press":             {"press ⟦Ctrl+Shift+P⟧", 5, true},
		"keys in small letters":     {`bind("⟦ctrl+k⟧")`, 5, true},
		"a sum":                     {"with ⟦otter+pop⟧", 5, false},
		"how tokens begin":          {"tokens begin with ⟦npm_⟧", 5, true},
		"where a secret is kept":    {"token: ⟦ssm⟧:/prod/db/password", 5, true},
		"an everyday program":       {"then ⟦black⟧ was run", 2, true},
		"an everyday word":          {"the pw is ⟦black⟧", 4, false},
		"a digit told by itself":    {"type 4 4 ⟦9⟧ 1 7", 5, false},
		"a version of Debian":       {"was ⟦2.9-21+deb11u1⟧", 5, true},
		"a name of code, Japanese":  {"スレッドの`⟦num2⟧`に保持する", 5, true},
		"one of several words":      {"`⟦http_basic_authenticate_with⟧`を使う", 5, true},
		"no name of code":           {"使うのは`⟦Tr4ktor-Blau⟧`です", 5, false},
		"a requirement's number":    {"**⟦C.32⟧** | ファームウェアを検証する。", 5, true},
		"a chapter's number":        {"⟦V14.5⟧ リクエストヘッダ", 5, true},
		"a file that is not listed": {"設定には .⟦bashrc⟧ を編集します", 5, true},
		"a network's name":          {"Wi-FiのSSIDは ⟦office-5g⟧ です", 5, true},
		"a key's name":              {"APIキーの名前は ⟦production-web⟧ です", 5, true},
		"an id's name":              {"APIキーのIDは ⟦key-01⟧ です", 5, true},
		"a request's number":        {"お問い合わせ番号は ⟦20240517-001⟧ です", 5, true},
		"what a field says":         {"暗証番号の欄には「⟦確認用⟧」と書かれています。", 5, true},
		"yes, Japanese":             {"項目：パスワード\n必須：⟦はい⟧", 5, true},
		"a name, Japanese":          {"レルム名は⟦kita-lab⟧です", 5, true},
		"a signature, Japanese":     {"署名は⟦kita-lab⟧です", 5, false},
		"one who took part":         {"出席者は中村、⟦Schröder⟧", 5, true},
		"a place to look":           {`Kennwort: siehe Bitwarden, "⟦Scanner⟧ 1"`, 5, true},
		"a serial number":           {"Serial number of the safe: ⟦SF-55120-KD⟧", 5, true},
		"a symbol":                  {"range_key: :⟦updated_at⟧", 5, true},
		"later, Japanese":           {"PW: ⟦後日連絡⟧", 5, true},
		"one of a list":             {"columns 'Notes', '⟦Expires⟧', 'Created'", 2, true},
		"one of two":                {"columns '⟦Otters⟧', 'Created'", 2, false},
		"a claim":                   {"check '⟦aud⟧' first", 5, true},
		"a section":                 {"see ⟦9.2.4⟧ there", 5, true},
		"a pull request":            {"from ⟦hpke-pq#28⟧", 5, true},
		"a number beside a text":    {"| Verify that tokens are rejected after they have expired. | ⟦770⟧ |", 5, true},
		"a number in a table":       {"| door | ⟦770⟧ |", 5, false},
		"a function":                {"use ⟦jose_jwk_eql⟧() there", 5, true},
		"a heading":                 {"## Token ⟦widgetry⟧", 5, true},
		"a comment":                 {"# password: ⟦widgetry⟧", 2, false},
		"an API":                    {"supports ⟦v5-custom-fields⟧ now", 2, true},
		"a release of a system":     {"not on ⟦centos10⟧ yet", 2, true},
		"cut short":                 {`"⟦eyJhbGciOi⟧..."`, 5, true},
		"what it is like":           {"a ⟦Tr0ub4dor-style⟧ password", 5, true},
		"something about a secret":  {"private key ⟦renewal⟧", 2, true},
		"one letter":                {"takes 2 ⟦s⟧", 5, true},
		"an issue":                  {"see ⟦BIL-7⟧", 2, true},
		"one of several issues":     {"CNJR-2154 and ⟦CNJR-3536⟧", 5, true},
		"a package upgraded":        {"Update dependency jnr:⟦jnr-unixsocket⟧ to v0.38.23", 5, true},
		"a title in an address":     {"https://docs.corp.example/api/⟦password-grant#realm-support⟧", 5, true},
		"a parameter in an address": {"https://docs.corp.example/api?pw=⟦velvet-hammer⟧", 2, false},
		"a maker of something":      {"keep it in '⟦NewAuthStore⟧'", 5, true},
		"a member of an API":        {"test ⟦httpKeysAPI.Get⟧", 5, true},
		"a language's version":      {"compiled with ⟦go1.7⟧", 5, true},
		"what a change is about":    {"⟦etcdhttp⟧: always strip the password hash", 2, true},
		"a word before a colon":     {"the pw is ⟦otterpop⟧: always strip the hash", 2, false},
		"what is called with":       {"find('⟦new_message⟧')", 2, true},
		"a package of the trade":    {"with ⟦go-grpc-middleware⟧ there", 2, true},
		"how a file is opened":      {"open('key.pem', '⟦rb⟧')", 2, true},
		"a key of an array":         {"'⟦valueField⟧' => 'name'", 5, true},
		"a parameter of a token":    {`"apv", "⟦p2s⟧"`, 5, true},
		"a cipher of a token":       {"use ⟦A256CBC-HS512⟧", 5, true},
		"an advisory":               {"update per ⟦RUSTSEC-2023-0044⟧", 5, true},
		"a power":                   {"down to ⟦2¹²⁸⟧ tries", 5, true},
		"a method":                  {"Cache ⟦Relation#to_sql⟧", 5, true},
		"an option":                 {"the tool takes --⟦hostpubmd5⟧ now", 5, true},
		"bytes of CBOR":             {"challenge = ⟦h'39c0e7521417ba54⟧'", 5, true},
		"one of several settings":   {"pwgen.words.lang, ⟦pwgen.words.sep⟧", 5, true},
		"words joined by dots":      {"use ⟦velvet.hammer⟧", 4, false},
		"a service of a keychain":   {"security find-generic-password -a backup -s ⟦resticGCS⟧ -w", 5, true},
		"an argument":               {"login -s ⟦resticGCS⟧", 2, false},
		"an underlined heading":     {"Dynamic Password ⟦Hashers⟧\n-------------", 5, true},
		"a module with its version": {"uses ⟦yaml.v3⟧", 5, true},
		"a member of a list":        {`['password', '⟦updatedAt⟧']`, 5, true},
		"a question in code":        {"guard('⟦is_authenticated⟧')", 2, true},
		"a branch":                  {"merged ⟦KAFKA-8901-delete-offsets⟧", 5, true},
		"a dependency":              {"- dependency-name: ⟦webauthn4j-core⟧", 5, true},
		"one of a cast":             {"Alice writes to ⟦Bob⟧ again", 5, true},
		"a name alone":              {"the pw is ⟦Bob⟧", 2, false},
		"a name with a number":      {"Use new ⟦x509util⟧", 2, true},
		"what is handed on":         {"pass ⟦msgid⟧ for common errors", 2, true},
		"what is entered":           {"the pass ⟦msgid⟧ for the gate", 2, false},
		"an algorithm of a class":   {"to ⟦FlexiKey.argon2⟧", 5, true},
		"a part of a directory":     {"uid=⟦olga⟧,ou=people", 5, true},
		"an ordinary word":          {"passwords tend to be ⟦cumbersome⟧ for users", 2, true},
		"an ordinary word, quoted":  {`the password is "⟦cumbersome⟧"`, 2, false},
		"said of secrets":           {"the passphrase is ⟦unexposed⟧", 3.5, true},
		"said of secrets, quoted":   {`the passphrase is "⟦unexposed⟧"`, 3.5, false},
		"a sum of descriptions":     {"now ⟦computed+optional⟧", 5, true},
		"an issue, too sure":        {"see ⟦BIL-7⟧", 4, false},
		"a vulnerability":           {"⟦CVE-2024-3094⟧ was a backdoor", 5, true},
		"a quantity":                {"down to ⟦95ms⟧", 5, true},
		"a name in code":            {"⟦BroadcastInt16x8⟧ returns", 2, true},
		"a placeholder":             {"use ⟦changeme⟧ there", 5, true},
		"a uuid":                    {"id ⟦550e8400-e29b-41d4-a716-446655440000⟧", 5, true},
		"a digest":                  {"⟦e86db7cf72⟧ broke it", 5, true},
		"a package":                 {"⟦jackson-core-2.15.0⟧ is out", 5, true},
		"a file":                    {"see ⟦notes.md⟧", 5, true},
		"an alphabet":               {"⟦ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789⟧", 5, true},
		"a public name":             {"public_key = ⟦pebblestone⟧", 5, true},
		"a description":             {"the password is ⟦stored⟧", 2, true},
		"a digest behind its sum":   {"SHA256:⟦swordfish⟧", 5, true},
		"a digest of a lock file":   {"⟦sha512-swordfish⟧", 5, true},
		"an address":                {"at ⟦0x7ffee4c0⟧", 5, true},
		"a commit":                  {"commit ⟦deadbeefcafe⟧", 2, true},
		"a version":                 {"since ⟦v1.22.3⟧", 5, true},
		"a host":                    {"on ⟦db.prod.internal⟧", 2, true},
		"a certificate":             {"-----BEGIN CERTIFICATE-----\n⟦swordfish⟧", 5, true},
		"a variable":                {"$⟦swordfish⟧", 5, true},
		"an address in a vault":     {"vault:secret/data/⟦swordfish⟧", 5, true},
		"a seed":                    {"seed=⟦20240611⟧", 5, true},
		"an item, Japanese":         {"1Passwordの「⟦受注⟧／検証」に入っています", 5, true},
		"a button, Japanese":        {"『⟦受注⟧』ボタン", 5, true},
		"a phrase, Japanese":        {"合図は「⟦受注⟧」です", 5, false},
		"an image":                  {"gcr.io/base/⟦static-debian12⟧@sha256:ab", 5, true},
		"a drawing":                 {"⟦2.8V17h-2v-4.2a3⟧", 5, true},
		"a published example":       {"Basic ⟦QWxhZGRpbjpvcGVuIHNlc2FtZQ==⟧", 5, true},
		"a member's name":           {`{"⟦minlength9x⟧": 12}`, 7, true},
		"a member's value":          {`{"pw": "⟦minlength9x⟧"}`, 5, false},
		"a number of papers":        {"検査成績書 ⟦No.Q25-0117⟧", 7, true},
		"an example":                {"ID、例:⟦taro2024⟧", 5, true},
		"an example's neighbour":    {"例の件 ⟦taro2024⟧", 5, false},
		"a cipher":                  {"暗号化方式:⟦AES-256-GCM⟧", 5, true},
		"a keeper of passwords":     {"Bitwardenと⟦1Password⟧の2択", 5, true},
		"a part of a path":          {"Vaultは⟦group_vars⟧/all/vault.ymlに統合", 5, true},
		"a part of an address":      {"https://⟦otterbank⟧/all/vault.yml", 5, false},
		"a product":                 {"ログは⟦CloudWatch⟧ Logsに", 2, true},
		"a product, too sure":       {"ログは⟦CloudWatch⟧ Logsに", 4, false},
		"a product in quotes":       {"it says '⟦CloudWatch⟧'", 2, false},
		"one hump":                  {"ログは⟦Kupferdach⟧ Logsに", 2, false},
		"an insurance's id":         {"Medicaid ID 8812 ⟦334⟧ 019", 2, false},
		"a region":                  {"in ⟦eu-central-1⟧ only", 5, true},
		"an interface":              {"⟦wg0⟧ on the router", 5, true},
		"a short version":           {"since ⟦v1.4⟧", 5, true},
		"a version and a half":      {"since ⟦v1.4-rc2⟧", 5, true},
		"a word like a version":     {"use ⟦v1.4-otter⟧", 2, false},
		"who logs in at a host":     {"then ⟦deploy⟧@10.20.4.17", 5, true},
		"a password at a host":      {"deploy:⟦kestrel⟧@10.20.4.17", 5, false},
		"an id asked for":           {"ec2 stop --instance-ids ⟦i-04c2otter⟧", 5, true},
		"a key id asked for":        {"kms sign --key-id ⟦i-04c2otter⟧", 5, false},
		"a secret asked for":        {"x --client-secret ⟦otterpop⟧", 5, false},
		"a description in brackets": {"-p '<the one from ⟦Otterbank⟧>'", 5, true},
		"a tag":                     {"<b>⟦Otterbank⟧</b>", 5, false},
		"a year of a notice":        {"Copyright 1999, ⟦2003⟧ Ole", 5, true},
		"years of a notice":         {"Copyright: 1999, Ole\n  ⟦2003-2004⟧, Kern", 5, true},
		"a year":                    {"PIN 1999 or ⟦2003⟧", 5, false},
		"a part of an account":      {"send it to ⟦DE89⟧ 3704 0044 0532", 5, true},
		"a part of an example":      {"key = ⟦wJalrXUtnFEMI⟧/K7MDENG/bPxRfiCYEXAMPLEKEY", 5, true},
		"a program":                 {"then ⟦mosquitto⟧ was restarted", 5, true},
		"a program in quotes":       {"it says \"⟦mosquitto⟧\"", 5, false},
		"an id of a thing":          {"the video id is ⟦jjyNtbv86s6⟧", 2, true},
		"an id of an account":       {"the login id is ⟦jjyNtbv86s6⟧", 2, false},
		"a paper of an office":      {"closed with ⟦CR-2024-1187⟧", 5, true},
		"a model, Japanese":         {"型番 ⟦RX-78GP02A⟧ を手配", 5, true},
		"a serial":                  {"serial=⟦0311DBFFFE7EF9A8592C92C2D8F667FFA024⟧", 5, true},
		"a part of a number":        {"of 1,⟦204⟧ people", 5, true},
		"a count, Japanese":         {"回答者⟦204⟧人", 5, true},
		"a number of its own":       {"the code is ⟦204⟧", 5, false},
		"a ticket, Japanese":        {"対応票⟦48140⟧を閉じた", 5, true},
		"a paper":                   {"doi:10.1109/SP.⟦2012⟧.44", 5, true},
		"a parcel":                  {"parcel ⟦JJD00039526370572⟧ left", 5, true},
		"a substance":               {"分子式 ⟦C9H8O4⟧", 5, true},
		"an owner's":                {"⟦JavaScript's⟧ operator", 2, true},
		"everyone's":                {"the worst password is ⟦qwerty⟧", 5, true},
		"a digest in a lock file":   {"integrity sha1-⟦swordfish⟧", 5, true},
		"an unclosed quote":         {"『⟦受注⟧ボタン", 2, false},
		"a member in code":          {"call ⟦config.password⟧", 2, true},
		"a member, too sure":        {"PWは⟦Asahi.no.yama⟧", 4, true},
		"words, a dot and a digit":  {"the cat, ⟦Mr.Whiskers1⟧", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			before, rest, _ := strings.Cut(tc.text, "⟦")
			word, after, ok := strings.Cut(rest, "⟧")
			if !ok {
				t.Fatal("no word in the text")
			}
			if got := dismissed(before+word+after, len(before), word, tc.score, value.PublicBlocks(before+word+after)); got != tc.want {
				t.Errorf("dismissed(%q) = %v, want %v", word, got, tc.want)
			}
		})
	}
}

// TestMembersOfObjects: a rare word in the place of a member's value is a name more often than a secret.
func TestMembersOfObjects(t *testing.T) {
	for text, want := range map[string]bool{`"source": "x`: true, `"source":"x`: true, `source "x`: false, `say "x`: false, `"x`: false} {
		if got := member(text, len(text)-1); got != want {
			t.Errorf("member(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestClasses(t *testing.T) {
	for s, want := range map[string]class{
		"swordfish": wordClass, "Ærlig": wordClass, "winter-cod-liver": joinedClass, "velvet.hammer": joinedClass, "bergluft2019": mixedClass, "Kwik!": mixedClass,
		"4711": numberClass, "2-5-8-0": numberClass, "42": countClass, "1.25": countClass, "さくら": foreignClass, "비밀": foreignClass,
	} {
		if got := classOf(s); got != want {
			t.Errorf("classOf(%q) = %v, want %v", s, got, want)
		}
	}
}
