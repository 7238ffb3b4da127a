package sensitive_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
)

// TestCalm: texts that stand near secrets and say none, by kind, and beside each kind such as look the same and do say one. HEX32 and the like
// stand for so many hexadecimal digits.
func TestCalm(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	hex := "9f8e7d6c5b4a3928" + "1706f5e4d3c2b1a0" + "d41f8ab0" + "17a9c05e" + "b2d4f6a8c0e1f305" + "6b1c"
	fill := strings.NewReplacer("HEX12", hex[:12], "HEX32", hex[:32], "HEX40", hex[:40], "HEX64", hex[2:66])
	for name, tc := range map[string]struct{ calm, secret []string }{
		"checksums of files and things": {
			[]string{
				"md5sum of keys.tar: HEX32", "SHA1 of the key file: HEX40", "MD5 of the password list: HEX32", "checksum of secrets.enc.yaml: HEX64", "sha256 of the token file is HEX64",
				"The SHA-256 of the private key backup archive is HEX64", "md5 checksum for the secrets bundle: HEX32", "hash of the wallet file: HEX64", "password-list.txt md5 = HEX32",
				"HEX64 is the sha256 of the credentials backup", "鍵ファイルのSHA-256は HEX64 です", "secrets.tar.gz のチェックサム: HEX64", "パスワード一覧のMD5: HEX32",
			},
			[]string{
				"the md5 of the admin password is HEX32", "the API key is HEX32, checksum verified", "sha256 secret key: HEX64", "auth token for the checksum service: HEX40", "secret of the hash service: HEX32",
				"md5 checksum ok. api_key=HEX32", "the webhook's sha256 signing secret is HEX64", "sha256 of the key file is done; the key is HEX64", "HMAC-SHA256 key: HEX64", "鍵ファイルのパスワードは HEX32 です",
			},
		},
		"options named alone": {
			[]string{"Add --secret-service-collection (#539)", "Add --password-hash-method (#12)", "cli: document --client-secret (GH-88)"},
			[]string{"run it with --client-secret Kestrel539marsh", "--password '(#Kestrel539!)'"},
		},
		"blanks and paths in Japanese": {
			[]string{"パスワード: （空欄のまま）", "パスワードは空白で構いません", "鍵のパスは ~/.ssh/deploy です", "証明書のパス：./certs/server.pem"},
			[]string{"パスワード：（Kawasemi204）", "パスは Kawasemi204 です", "ログインのパスは kumo-2210 です"},
		},
		"diagnoses of software": {
			[]string{"問題を診断しやすくするための修正が含まれています", "このような偽陽性を無効にするには、コメントを置いてください", "接続の診断コマンドを追加した", "リンターの偽陽性を減らした"},
			[]string{"母は先月、糖尿病と診断されました", "田中さんは検査で陽性だったそうです"},
		},
		"commits": {
			[]string{
				"fixed in HEX40: secret was logged", "The commit that broke the login is HEX40", "HEX40 でパスワードのテストが壊れた", "コミット HEX40 でパスワードのバグを修正", "HEX12 でトークンの不具合を直した",
				"The token leak was introduced by HEX40", "reverted HEX40 because the api key check failed", "HEX12 broke the password tests", "パスワードのバグは HEX40 で混入した", "リビジョン HEX40 でAPIキーの漏洩を修正",
			},
			[]string{
				"fixed: password is HEX40", "パスワード HEX12 でログインした", "トークン HEX40 でバグを再現できた", "the api key HEX40 broke the build", "commit the token HEX40 to the vault", "the secret was fixed to HEX40", "API key HEX32 でテストが壊れた",
			},
		},
		"templates": {
			[]string{
				"{{ .Values.auth.password | b64enc }}", "{{ .Values.redis.password | quote }}", "password: {{ .Values.auth.password | b64enc | quote }}", "token: {{- .Values.api.token | toString | b64enc -}}", "{{ vault_db_password | b64encode }}",
			},
			[]string{`password: {{ "Gravel!6172x" | b64enc }}`, `password: {{ .Values.auth.password | default "Gravel!6172x" | quote }}`, "| db password | Gravel!6172x |"},
		},
		"the end of a card's number": {
			[]string{"Card type: Visa, ending in 4242", "カード番号の下4桁は4242", "カードの末尾4桁は0119", "the card ending in 1881 was declined", "last four digits of the card: 0119"},
			[]string{"カードの暗証番号は4827、下4桁は4242", "暗証番号の末尾4桁は0119", "PIN of the card is 4827, card ending in 4242"},
		},
		"one letter again and again": {
			[]string{"password: qqqqqqqqqqqqq", "secret=ooooooooooo", "パスワードは wwwwwwwww です"},
			[]string{"password: qqqqqqqqq1q7", "password is zzzzTop88"},
		},
		"gzip in links": {
			[]string{"repro with the token: https://sandbox.host/?code=H4sIAAAAAAACAytITM5OTE9VyE3MzOPKzC3ILypRUErLLVHiSivNSwYLa2gqVCsAhfQCijLzSnLyNJQyUnNy8hVKMlKL3D", "https://play.host/#H4sIAAAAAAACAytITM5OTE9VyE3MzOPKzC3ILypRUErLLVHiSivNSwYLa2gqVCsAhfQC shows the password prompt twice"},
			[]string{"https://app.host/?token=" + "8fKs02LsQpz81MxnVbt7"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i, texts := range [][]string{tc.calm, tc.secret} {
				for _, text := range texts {
					found, err := d.Detect(t.Context(), scope.Input{Content: fill.Replace(text)})
					if err != nil || (len(found) > 0) != (i == 1) {
						t.Errorf("%s: found %v, %v", text, found, err)
					}
				}
			}
		})
	}
}
