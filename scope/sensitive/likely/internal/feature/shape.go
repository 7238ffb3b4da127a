package feature

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// shapeOf tells the shape of a Latin word that is not in the vocabulary.
func shapeOf(s string) Shape {
	var low, up, dig, sign, other int
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case lower(c) || c >= 0x80:
			low++
		case upper(c):
			up++
		case digit(c):
			dig++
		case c == '-' || c == '_' || c == '.' || c == '\'':
			other++
		default:
			sign++
		}
	}
	n := len(s)
	switch {
	case n == 1 && dig == 0:
		return Letter
	case dig == n:
		return digits(n)
	case low+up == 0:
		return Numbers
	case dig > 0 && n >= 16 && value.ShapeOf(s).Hex:
		return Hex
	case n >= 12 && value.Random(s) >= 0.6 && !value.Identifier(s):
		return Drawn
	case sign > 0:
		return Strong
	case dig == 0:
		return letters(s, low, up, other)
	case up > 0:
		return CapDigit
	}
	return LowDigit
}

func digits(n int) Shape {
	switch {
	case n <= 3:
		return Digits3
	case n == 4:
		return Digits4
	case n <= 6:
		return Digits6
	case n <= 8:
		return Digits8
	}
	return DigitsN
}

func letters(s string, low, up, joins int) Shape {
	switch {
	case joins > 0 && up > 0:
		return JoinedUp
	case joins > 0:
		return Joined
	case up == 0 && (described(s) || inflected(s)):
		return Talk
	case up == 0:
		return Low
	case low == 0:
		return Upper
	case up == 1 && upper(s[0]):
		return Cap
	}
	return Mixed
}

// described reports whether a word ends as descriptions do.
func described(s string) bool {
	if len(s) < 6 {
		return false
	}
	for _, x := range []string{"tion", "tions", "sion", "ment", "ments", "ness", "able", "ible", "ally", "ized", "ised", "izing", "ising", "izes", "ates", "ated", "ating", "ically", "ility", "ious", "eous", "less", "ically", "ology", "ance", "ence", "ively"} {
		if len(s) > len(x)+2 && s[len(s)-len(x):] == x {
			return true
		}
	}
	return false
}

// inflected reports whether s, in small letters, is a form of a word of the vocabulary or of an everyday one: semicolons,
// recovers, glossaries, bloated. People make passwords of words, seldom of their forms.
func inflected(s string) bool {
	for _, e := range endings {
		stem, ok := strings.CutSuffix(s, e.ending)
		if !ok || len(stem) < 3 {
			continue
		}
		for _, restored := range e.restored {
			if w := stem + restored; of(w).listed() {
				return true
			}
		}
		if n := len(stem); e.doubles && n > 3 && stem[n-1] == stem[n-2] && of(stem[:n-1]).listed() {
			return true
		}
	}
	return false
}

// endings of the forms of English words, and what ends the word itself in their place.
var endings = []struct {
	ending   string
	restored []string
	doubles  bool // the last letter of the word may stand twice before it
}{
	{"ies", []string{"y"}, false}, {"es", []string{""}, false}, {"s", []string{""}, false},
	{"ied", []string{"y"}, false}, {"ed", []string{"", "e"}, true},
	{"ing", []string{"", "e"}, true}, {"ings", []string{"", "e"}, true},
	{"ers", []string{"", "e"}, true}, {"est", []string{"", "e"}, true}, {"ly", []string{"", "le"}, false},
}

// coarse groups shapes for features that must not be too fine.
func coarse(s Shape) uint32 {
	switch s {
	case Talk:
		return 7
	case Plain, PlainCap:
		return 8
	case Low, Joined, Letter:
		return 1
	case Cap, JoinedUp, Upper, Mixed:
		return 2
	case LowDigit, CapDigit, Strong:
		return 3
	case Digits3, Digits4, Digits6, Digits8, DigitsN, Numbers:
		return 4
	case Drawn, Hex:
		return 5
	case Kana, Han, HanDigits, Hira, Other:
		return 6
	}
	return 0
}

// spelling is how surprising the letters of a word are, in three steps, and how long it is, in four.
func spelling(s string) uint32 {
	x := value.Surprise(s)
	k := uint32(0)
	switch {
	case x > 3.3:
		k = 2
	case x > 2.7:
		k = 1
	}
	switch n := len(s); {
	case n <= 4:
		return k*4 + 0
	case n <= 7:
		return k*4 + 1
	case n <= 12:
		return k*4 + 2
	}
	return k*4 + 3
}

// cueGroups are words that speak of secrets and of what they open. Words of one group stand for each other.
var cueGroups = []string{
	`password passwords passwd passwrd passwort pswd pword passw pwd pw pass passcode kennwort wachtwoord contraseña contrasena senha parola lösenord adgangskode passord salasana hasło heslo passwörter wlan-passwort admin-passwort passe mdp пароль пароля şifre şifresi kata sandi 암호
	 	 パスワード パスコード パス 合言葉 storepass keypass requirepass userpwd pgpassword smtppassword psk hunter2-word mot motdepasse 密码 口令 비밀번호 unlockpw masterpw kodeord`,
	`passphrase passphrases パスフレーズ keyphrase フレーズ phrase mnemonic seed`,
	`pin pins pincode puk tan 暗証番号 暗証 ピン geheimzahl`,
	`code codes combination combo otp totp 2fa mfa código codice コード 番号 認証コード 確認コード ダイヤル code tresorcode türcode tuercode zugangscode sicherheitscode doorcode gatecode alarmcode kod kode koodi`,
	`secret secrets credential credentials creds cred シークレット 秘密 認証情報 geheim segredo`,
	`key keys apikey keystore psks キー 鍵 秘密鍵 schlüssel clé clave chiave chave llave`,
	`token tokens bearer jwt pat トークン apitoken`,
	`login logins logon signin username user users account accounts logged userid uname ログイン ユーザー ユーザ ユーザー名 アカウント benutzer usuario utilisateur admin root administrator sudo su id ids`,
	`log logs logging logged signing sign enter entering type typed unlock unlocks unlocked opens open unlocking locked lock access 入力 解除 解錠 入れ 開き 開く entsperren`,
	`wifi wi-fi wlan ssid vpn router hotspot network wpa ルーター ネットワーク wpa2 wpa3 eduroam psk-key wep 802.1x`,
	`ペット question answer maiden pet mother's mothers 質問 答え 旧姓 nickname hometown answers childhood questions`,
	`auth authentication authenticate basic credentialed 認証 authorization`,
	`intercom safe alarm garage locker vault gate door voicemail keypad padlock テンキー 扉 鍵盤 ロッカー キーボックス 通用門 金庫 玄関 オートロック 南京錠 ロック ドア barrier lift elevator turnstile suitcase keybox lockbox cabinet drawer shed entrance gates doors lockers padlocks tresor tür 電子錠 駐車場 倉庫 書庫 裏門 実家`,
	`sshpass curl wget mysql mysqldump psql redis-cli mongosh zip unzip 7z rar openssl htpasswd useradd chpasswd vncpasswd ldapsearch smbclient lftp xfreerdp keytool sqlplus luksopen cryptsetup ipmitool snmpwalk nmcli http rclone gpg net mount`,
	`jdbc postgres postgresql mongodb amqp redis ftp sftp ldap imap smtp dsn ssh identified authenticated requirepass userpassword`,
	`bcrypt scrypt argon2 hashsync hmac createhmac cipher aes fernet encrypt decrypt snmp community sasl pgpass getpass sudoers connectionstring`,
	`recovery backup scratch rescue リカバリー バックアップ 復旧`,
}
