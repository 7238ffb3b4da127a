package sensitive_test

import (
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"strings"
)

const hostileSize = 64 << 10

// fill repeats s up to the size of a hostile text.
func fill(s string) string { return strings.Repeat(s, hostileSize/len(s)+1)[:hostileSize] }

// hostile texts of 64 KiB are built to cost as much as they can.
func hostile() map[string]string {
	rnd := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, hostileSize)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range random {
		random[i] = alphabet[rnd.IntN(len(alphabet))]
	}
	words := []string{"password", "token", "secret", "api_key", "aws", "github", "slack", "ssn", "card", "iban", "phone", "curl -u", "Authorization: Bearer", "sk-", "AKIA", "eyJ", "xoxb-", "-----BEGIN",
		"=", ":", "is", "4111", "1111", "パスワードは", "マイナンバー", "://", "@", "a1b2c3d4e5f6", "\n", "\"", "'", "%41%42", "&amp;", "\\n", "pat", "key-", "1//0", "0x", "$2a$", "SG."}
	var mix strings.Builder
	for mix.Len() < hostileSize {
		mix.WriteString(words[rnd.IntN(len(words))])
		mix.WriteByte(" -_=:/.\"\n"[rnd.IntN(9)])
	}
	texts := map[string]string{
		"one long word":     fill("a"),
		"digits":            fill("4"),
		"spaced digits":     fill("4 1 1-1 "),
		"number groups":     fill("4111 1111 1111 1112 "),
		"passwords":         fill("password is "),
		"assignments":       fill("password=x9y8z7 "),
		"cues only":         fill("password token secret api_key "),
		"equals":            fill("a=b=c="),
		"quotes":            fill("password=\"a"),
		"random base64":     string(random),
		"nested base64":     fill("WVdKalpHVm1aMmhwYW10c2JXNXZjSEZ5YzNSMWRuZDRlWG89 "),
		"percent":           fill("%25%36%31"),
		"entities":          fill("&lt;&#x41;&amp;"),
		"escapes":           fill(`\\\\n\"`),
		"zero width":        fill("p\u200bassword\u200d:x "),
		"combining":         fill("e\u0301\u0301\u0301"),
		"cyrillic":          fill("pаsswоrd "),
		"key blocks":        fill("-----BEGIN RSA PRIVATE KEY----- "),
		"addresses":         fill("https://user:pa"),
		"at signs":          fill("a@b.c"),
		"curl":              fill("curl -H 'x' -u a: "),
		"hyphens":           fill("-a_b.c/"),
		"phones":            fill("+81 90-1234-567"),
		"dates":             fill("born on 12/12/"),
		"japanese":          fill("パスワードは「山」合言葉は"),
		"prefixes":          fill("sk-ghp_xoxb-AKIAeyJglpat-SG."),
		"everything":        mix.String()[:hostileSize],
		"gitleaks lines":    fill("aws_secret_token_key = 'a1b2c3d4e5f6g7h8' "),
		"dictated":          fill("capital K, small a for alpha "),
		"letters, Japanese": fill("大文字のケー、小文字の"),
		"digits, Japanese":  fill("いち、さん、に、"),
		"spaced digits 2":   fill("pin 7 1 9 2 "),
		"quoted deeds":      fill("「あいう」と打てば"),
		"phrases":           fill("unlocks with the phrase: "),
		"in parts":          fill("the first half \"ab1\" pin "),
		"code lists":        fill("codes `1234 5678` 1234-5678\n"),
		"pairs, Japanese":   fill("admin と さくら8で入"),
		"numbers, Japanese": fill("錠 さくら88で入"),
		"public blocks":     fill("-----BEGIN CERTIFICATE----- a1B2c3D4e5F6g7H8 "),
		"short lines":       fill("a1B2c3D4e5F6g7\n"),
		"telephone":         fill("kilo alpha tango zulu "),
		"dotted names":      fill("a.b1.C2/d3:E4#"),
		"many credentials":  fill("adafruit adobe airtable algolia asana atlassian beamer bitbucket codecov coinbase confluent a1b2c3d4e5f6 "),
	}
	maps.Copy(texts, hostileByLayer())
	maps.Copy(texts, hostileByForm(mix.String()))
	return texts
}

// hostileByLayer are texts each of which keeps one layer busy: with what it looks for, or nearly.
func hostileByLayer() map[string]string {
	return map[string]string{
		"a cue on each word":         fill("password: token= secret -> pin is "),
		"cues without spaces":        fill("password:x9y8z7w6,token=secret;"),
		"cues on one line":           fill("the password of a is b, "),
		"a question each":            fill("what is the password? it is a1. "),
		"values said":                fill("the pin is 4711, the token is a1B2c3D4e5F6, "),
		"connection strings":         fill("Server=a;User Id=b;Password=c1;"),
		"shell":                      fill("mysql -u root -pA1b2 "),
		"exports":                    fill("export TOKEN=$(cat a1) "),
		"typed":                      fill("type \"a b\" to log in "),
		"keys used":                  fill("signed with a1b2c3d4e5f6a7b8 "),
		"logins":                     fill("admin / a1B2!c3 root:x1 "),
		"credentials for":            fill("creds admin/a1b2 "),
		"drawn, with vendors":        fill("stripe a1B2c3D4e5F6g7H8 "),
		"commits":                    fill("fixed in a1b2c3d4e5f6 "),
		"commits that did":           fill("a1b2c3d fixed the b. "),
		"checksums":                  fill("md5 of a.tar is 0123456789abcdef0123456789abcdef "),
		"hexadecimal and words":      fill("key 0123456789abcdef0123456789abcdef "),
		"UUIDs":                      fill("token 0f8fad5b-d9cb-469f-a165-70867728950e "),
		"vault":                      "$ANSIBLE_VAULT;1.1;AES256\n" + fill("0123456789abcdef ")[:hostileSize-26],
		"vaults":                     fill("$ANSIBLE_VAULT;1.1\n0123456789abcdef\n"),
		"sealed":                     fill("Ag0123456789abcdefABCDEF0123456789abcdefABCDEF "),
		"names with digests":         fill("a-0123456789abcdef0123456789abcdef "),
		"addresses of people":        fill("john.doe@corp.com "),
		"addresses in notices":       fill("copyright a john@corp.com "),
		"homes":                      fill("my address is 12 Main Street "),
		"telephones":                 fill("tel +1 202-555-0199 "),
		"accounts":                   fill("iban DE89 3704 0044 0532 0130 00 "),
		"cards":                      fill("card 4111 1111 1111 1111 "),
		"national numbers":           fill("ssn 123-45-6789 "),
		"registers":                  fill("licence number is A1234567 "),
		"owners":                     fill("my wife's number is 12 345 "),
		"hosts of people":            fill("customer ip 10.1.2.3 "),
		"seed words":                 fill("seed phrase abandon ability able "),
		"wallets":                    fill("wallet 0x52908400098527886E0F7030069857D2E4169EE7 "),
		"matters":                    fill("my diagnosis is cancer. "),
		"matters of systems":         fill("the diagnosis table "),
		"matters, Japanese":          fill("私は入院。"),
		"matters, Japanese, no stop": fill("私は入院、"),
		"people":                     fill("Mr Smith (42), "),
		"cues, Japanese":             fill("パスワード暗証番号トークン鍵"),
		"values said, Japanese":      fill("パスワードはsakura8、"),
		"quoted, Japanese":           fill("「さくら8」が鍵、"),
		"homes, Japanese":            fill("住所は東京都港区1-2-3 "),
		"LINE":                       fill("LINE IDは neko "),
		"rare words":                 fill("xyzzyq wvutsr plughq "),
		"rare words near cues":       fill("pw xyzzyq login Wvutsr1 "),
	}
}

// hostileByForm are texts whose form makes work: encodings within encodings, lines, tables, nesting, and what holds no end.
// inner is a text that is encoded.
func hostileByForm(inner string) map[string]string {
	wrap := func(s string, times int) string {
		size := hostileSize
		for range times {
			size = size / 4 * 3
		}
		s = s[:size]
		for range times {
			s = base64.RawStdEncoding.EncodeToString([]byte(s))
		}
		return s
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	hexadecimal := make([]byte, hostileSize)
	for i := range hexadecimal {
		hexadecimal[i] = "0123456789abcdef"[rnd.IntN(16)]
	}
	lines := []byte(string(hexadecimal))
	for i := 64; i < len(lines); i += 65 {
		lines[i] = '\n'
	}
	return map[string]string{
		"base64 of everything":       wrap(inner, 1),
		"base64 twice of everything": wrap(inner, 2),
		"base64 of cues":             wrap(fill("the password is x1y2 "), 1),
		"base64 of credentials":      wrap(fill("adobe asana beamer a1b2c3d4e5f6 "), 1),
		"many pieces of base64":      fill(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("password: a1b2c3 ", 40))) + " "),
		"hexadecimal":                string(hexadecimal),
		"lines of hexadecimal":       string(lines),
		"spaces":                     fill(" "),
		"blank lines":                fill("\n"),
		"letters":                    fill("a b "),
		"humps":                      fill("aB"),
		"points":                     fill("a. "),
		"capitals":                   fill("PASSWORD_TOKEN_"),
		"underscores":                fill("a_"),
		"table":                      fill("| password | a1b2c3d4 | x |\n"),
		"table of one line":          fill("| password | a1b2c3d4 "),
		"columns":                    fill("user\tpassword\na\tb1c2d3\n"),
		"JSON":                       fill(`{"password":{"token":["a1b2c3d4",`),
		"JSON in JSON":               fill(`{\"password\":\"a1b2c3d4\",`),
		"XML":                        fill("<password><a token='a1b2c3d4'>x</a>"),
		"YAML":                       fill("- password:\n    token: a1b2c3d4\n"),
		"entities of quotes":         fill("&quot;password&quot;:&quot;a1b2c3d4&quot;,"),
		"addresses and queries":      fill("https://a.b/c?token=a1b2c3d4&x=y "),
		"addresses in a row":         fill("https://a.b/c?token=a1b2c3d4,"),
		"quoted words":               fill(`"a" 'b' ` + "`c` 「d」 "),
		"brackets":                   fill("(([{<"),
		"times":                      fill("2024-01-02T03:04:05Z 10.0.0.1 "),
		"full width":                 fill("ｐａｓｓｗｏｒｄ：ａ１"),
		"zero width in values":       fill("password: a\u200b1\u200db2 "),
		"log":                        fill("2024-01-02 03:04:05 INFO auth user=a token=b1c2 ip=10.0.0.1 id=0f8fad5b\n"),
	}
}
