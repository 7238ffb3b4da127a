package saying

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// class groups cue words by what may follow them.
type class uint8

const (
	password class = iota // any value but talk, placeholders and references
	pin                   // digits, or a short mixed code
	secret                // a value that looks made: digits and letters, or random
	weak                  // common words ("key", "auth"): an operator and a random value are needed
)

// cue is a word for a secret.
type cue struct {
	word  string
	class class
	kind  string // prefix of the rule ids
}

// The cue words, per class. A space stands for a space, a hyphen, an underscore or nothing.
const (
	passwordWords = `password|pass word|passwd|passwrd|psswd|pswrd|psword|psswrd|pssword|paswd|paswrd|pasword|passworsd|passowrd|passwrod|passsword|passwort|passphrase|pass phrase|passcode|pswd|pword|passw|p@ssword|p@ssw0rd|passw0rd|pa$$word|pa$$w0rd|pa55word|p/w|p.w.|kennwort|wachtwoord|mot de passe|contraseña|contrasena|senha|parola|lösenord|
		adgangskode|passord|salasana|hasło|heslo|jelszó|şifre|sifre|пароль|Пароль|ПАРОЛЬ|пароля|密码|密碼|口令|비밀번호|암호|mật khẩu|kata sandi|pwd|pw|pass|passe|
		sudo pass|security question|login pass|secret word|security word|secret phrase|code word|codeword|key phrase|keyphrase|magic word|safe word|safeword|password phrase|security answer|psk|
		wpa passphrase|storepass|keypass|psw|paswword|passwod|bindpw|rootpw|preshared key|pre-shared key|radius secret|radius key|tacacs key|secret question|recovery question|recovery answer|security question answer|secret question answer|redis auth|community string|secret answer|duress word|wifi key|wi-fi key|wlan key|network key|maiden name`
	pinWords = `pin|pin code|pincode|pin number|door code|gate code|alarm code|entry code|entrance code|access code|lock code|locker code|safe code|unlock code|garage code|
		keypad code|building code|security code|verification code|one time code|otp|otp code|2fa code|mfa code|sms code|backup code|backup codes|recovery code|recovery codes|
		rescue code|scratch code|voicemail code|lockbox code|combination|combo|padlock|passkey code|invite code|activation code|confirmation code|pairing code|unlock pattern|
		puk|tan|keycode|key code|one-time code|one-time password|one-time pin|two-factor code|authenticator code|login code|sign-in code|gate pin|door pin|luggage lock|bike lock|door lock|
		entry number|access number|screen lock|lock screen code|vault code|room code|house code|storage code|manager code|override code|till code|timer code|user code|panel code|disarm code|copier code|lift code|elevator code|duress code|digicode|验证码|驗證碼|인증번호|인증 번호|staff code|cleaner code|webinar host key|zoom host key|meeting host key`
	secretWords = `api key|api keys|apikey|api token|api secret|access key|access keys|secret key|secret access key|private key|signing key|encryption key|decryption key|auth key|master key|
		license key|licence key|product key|unlock key|activation key|serial key|service key|account key|shared key|ssh key|deploy key|webhook key|session key|root key|admin key|host key|
		storage key|subscription key|integration key|write key|server key|app key|application key|consumer key|consumer secret|client secret|client key|app secret|
		shared secret|authenticator|registration key|jsessionid|phpsessid|sessid|pepper|webhook secret|signing secret|totp secret|totp seed|otp secret|2fa secret|mfa secret|hmac secret|jwt secret|cookie secret|session secret|
		secret|secrets|token|tokens|access token|auth token|bearer token|refresh token|id token|session token|oauth token|personal access token|pat|bearer|jwt|credential|credentials|
		creds|cred|connection string|conn string|connstr|dsn|database url|db url|webhook url|webhook|seed phrase|mnemonic|recovery key|recovery phrase|unseal key|wallet key|
		jeton|jeton d'accès|clé api|clé d'api|clé secrète|clave api|clave de api|clave secreta|token de acceso|zugriffstoken|zugangstoken|api-schlüssel|API密钥|API 密钥|访问令牌|令牌|密钥|API 키|액세스 토큰|토큰|비밀 키|비밀키|encryption salt|salt|session id|sessionid|session cookie|cookie|authorization|basic auth|license|licence|serial number|nonce key|sas token|gift card|gift card code|voucher code|invite token|enrolment key|enrollment key|service account key`
	weakWords = `schlüssel|clé|clave|llave|code de la porte|código|chiave|chave|key|auth|seed|login|hash key|code`
)

// The Japanese words. They are matched as they stand.
const (
	passwordJapanese = `パスワード|ぱすわーど|パスコード|パスフレーズ|秘密の質問の答え|秘密の答え|秘密の質問の回答|秘密の質問|母の旧姓|合言葉|合い言葉|あいことば|暗号フレーズ|暗号化フレーズ|復号フレーズ|復号用フレーズ|復元フレーズ|復旧フレーズ|回復フレーズ|解除フレーズ|リカバリーフレーズ|シードフレーズ|パス|PW|ＰＷ|暗証|password|passwd|passphrase|pass|pwd|passcode|requirepass|rootpw|bindpw|アプリパスワード|事前共有鍵|事前共有キー|WPAキー|WEPキー|ネットワークセキュリティキー|ネットワークキー|解凍キー`
	pinJapanese      = `暗証番号|暗証コード|認証コード|確認コード|PINコード|PIN|ピン番号|暗証ナンバー|入館コード|入室番号|入館番号|入室コード|入室の数字|入館の数字|解錠番号|ドアの番号|部屋の数字|解錠コード|ロック番号|ドアコード|鍵番号|ホストキー|認証番号|参加コード|参加番号|会議コード|鍵ボックスの番号|ホストコード|ワンタイムパスワード|バックアップコード|リカバリーコード|
		復旧コード|ダイヤル番号|金庫の番号|解除コード|オートロック|キーボックスの番号|ドアのコード|玄関のコード|門のコード|ロッカーの番号|宅配ボックスの番号|ポストの番号|スーツケースの番号|倉庫の番号|駐輪場の番号|鍵の番号|南京錠|キーボックス|ロッカー番号|暗証キー|セキュリティコード|解除番号|ダイヤルロック|ダイヤル錠|チェーンロック|裏の3桁|裏の三桁|部門コード|リカバリコード|復旧キー|回復コード|ワンタイムコード|PUKコード|PUK|予備コード|予備のコード|バックアップ用コード|バックアップ用のコード|復旧用コード|ホストキー|キーパッド|テンキー|スマートロック|セキュリティ番号|画面ロック|スマホのロック`
	secretJapanese = `APIキー|API鍵|APIトークン|アクセスキー|アクセストークン|シークレット|シークレットキー|秘密鍵|秘密キー|トークン|認証トークン|認証キー|認証情報|クレデンシャル|署名鍵|署名シークレット|暗号化キー|
		暗号鍵|共有鍵|共通鍵|復号キー|セットアップキー|手動入力キー|シード|ライセンスキー|プロダクトキー|シリアル番号|シリアル|シリアルキー|接続文字列|接続情報|マスターキー|リカバリーキー|リカバリキー|回復キー|セッションID|Webhook URL|ベアラートークン|鍵|キー|シークレットトークン|
		サービスアカウントキー|デプロイキー|クッキー|認証ヘッダ|認証ヘッダー|Authorizationヘッダ|Authorizationヘッダー`
)

type lexicon struct {
	cues []cue
	set  *keyword.Set
}

var english = sync.OnceValue(func() *lexicon {
	l := &lexicon{}
	for _, g := range []struct {
		words string
		class class
		kind  string
	}{{passwordWords, password, "password"}, {pinWords, pin, "code"}, {secretWords, secret, "secret"}, {weakWords, weak, "key"}} {
		for _, w := range split(g.words) {
			for _, v := range variants(w) {
				l.cues = append(l.cues, cue{v, g.class, g.kind})
			}
		}
	}
	l.build()
	return l
})

var japanese = sync.OnceValue(func() *lexicon {
	l := &lexicon{}
	for _, g := range []struct {
		words string
		class class
		kind  string
	}{{passwordJapanese, password, "password"}, {pinJapanese, pin, "code"}, {secretJapanese, secret, "secret"}} {
		for _, w := range split(g.words) {
			l.cues = append(l.cues, cue{w, g.class, g.kind})
		}
	}
	l.build()
	return l
})

func (l *lexicon) build() {
	words := make([]string, len(l.cues))
	for i, c := range l.cues {
		words[i] = c.word
	}
	l.set = keyword.New(words)
}

func split(words string) []string {
	var out []string
	for _, w := range strings.Split(words, "|") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// variants spells the spaces of a cue in the ways that text, settings and code do.
func variants(w string) []string {
	if !strings.Contains(w, " ") {
		return []string{w}
	}
	out := []string{w}
	for _, sep := range []string{"-", "_", "", "."} {
		out = append(out, strings.ReplaceAll(w, " ", sep))
	}
	return out
}
