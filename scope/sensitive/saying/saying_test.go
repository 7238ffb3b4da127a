package saying_test

import (
	"os"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/saying"
)

// TestFindsTheValue checks not only that a secret is found but that the span is the value and nothing else.
func TestFindsTheValue(t *testing.T) {
	for name, tc := range map[string]struct{ text, value string }{
		"groups of digits, Korean":  {"비밀번호는 3102-7178입니다.", "3102-7178"},
		"a token, Korean":           {"액세스 토큰: LdGcr8CcV2iy3qne", "LdGcr8CcV2iy3qne"},
		"a key, Chinese":            {"API密钥:aa8084b5-c58c-431e-a9dc-e09a07d9d001", "aa8084b5-c58c-431e-a9dc-e09a07d9d001"},
		"a code sent, Chinese":      {"验证码是 26867", "26867"},
		"a code sent, Korean":       {"인증번호는 60853 입니다", "60853"},
		"a door's code, French":     {"Le digicode est 81996", "81996"},
		"a token, French":           {"Le jeton d'accès est cdac1d09-a99f-421f-a7ca-1181b505ba54", "cdac1d09-a99f-421f-a7ca-1181b505ba54"},
		"a key, Spanish":            {"Clave API: 7e96f54f-d365-41da-ac2f-a085d8268e68", "7e96f54f-d365-41da-ac2f-a085d8268e68"},
		"sentence":                  {"the db password is Gravel!6172, user is app", "Gravel!6172"},
		"comparison":                {`if (password == "letMeIn-dachshund") {`, "letMeIn-dachshund"},
		"comparison by a word":      {`if ($password eq "kob0ldking") {`, "kob0ldking"},
		"words and a dot, prose":    {"sudo password for the pi: Himbeer.torte", "Himbeer.torte"},
		"words and a dot, shell":    {"PGPASSWORD=teapot.storm psql -h db", "teapot.storm"},
		"words and a dot, option":   {"sshpass -p 'brass.monkey' ssh admin@192.168.4.1", "brass.monkey"},
		"a shell's secure string":   {"ConvertTo-SecureString -AsPlainText \"dsjUE#gds8s\" -Force", "dsjUE#gds8s"},
		"behind two of its options": {"ConvertTo-SecureString -String -Force dsjUE#gds8s", "dsjUE#gds8s"},
		"a new machine's root":      {"rootpw --plaintext kickSt4rtMe", "kickSt4rtMe"},
		"a new user's":              {"useradd -m -p saltwater bob", "saltwater"},
		"a bind in code":            {`$conn = ldap_bind($ds, "cn=admin,dc=acme", "Kiefern.Nadel9");`, "Kiefern.Nadel9"},
		"a network's key":           {"The wifi is called Attic5G and the key is seventeen-small-owls.", "seventeen-small-owls"},
		"a long phrase":             {"passphrase for the backup disk: copper lantern drifting over maple hills", "copper"},
		"a quoted word before":      {`prod redis had "please" as password`, "please"},
		"plain word":                {"The wifi password is sunshine.", "sunshine"},
		"remark between":            {"the password for the grafana on the new box is marble64", "marble64"},
		"verb of change":            {"I changed the grafana password to Violet_Sky_2 today", "Violet_Sky_2"},
		"possessive":                {"the password's hunter2", "hunter2"},
		"possessive, adverbs":       {"Dad has the account and the password's still always Pancakes4Ever", "Pancakes4Ever"},
		"address with a password":   {"our newsletter sign-in is ads@brindle.test with Popcorn_Tuesday9", "Popcorn_Tuesday9"},
		"phrase, Japanese":          {"復号用フレーズ「青い猫が三匹走る」を忘れないように", "青い猫が三匹走る"},
		"agreed word, Japanese":     {"合言葉は「海より深い谷」で通じる", "海より深い谷"},
		"question":                  {"The password for Bob's account? It's tigerlily5", "tigerlily5"},
		"value first":               {"hunter2 is the password", "hunter2"},
		"phrase first":              {`Use "correct horse battery staple" as the master passphrase`, "correct horse battery staple"},
		"no verb":                   {"ssh root@10.2.8.4 with password Granite-lemon-Heron", "Granite-lemon-Heron"},
		"assignment":                {"DB_PASSWORD=hunter2", "hunter2"},
		"quoted assignment":         {`password = "velvet$torm"`, "velvet$torm"},
		"JSON":                      {`{"passwd": "saxophone"}`, "saxophone"},
		"YAML":                      {"db:\n  password: open_sesame\n", "open_sesame"},
		"YAML on the next line":     {"password:\n  open_sesame1\n", "open_sesame1"},
		"XML":                       {"<password>velvetRope1</password>", "velvetRope1"},
		"XML attribute":             {`<add key="DbPassword" value="Trombone5" />`, "Trombone5"},
		"table":                     {"| password | Kazoo123 |", "Kazoo123"},
		"Markdown":                  {"**Password:** `eXoplanet9`", "eXoplanet9"},
		"connection string":         {"Server=sql1;User Id=crm;Password=Gr33nLeaf;", "Gr33nLeaf"},
		"address":                   {"postgres://app:walnut_ferry8@db.internal:5432/app", "walnut_ferry8"},
		"address with an @":         {"postgres://app:Meadow@417@db.internal/app", "Meadow@417"},
		"token in an address":       {"https://x9f8e7d6c5b4a3210fedc@github.com/acme/app", "x9f8e7d6c5b4a3210fedc"},
		"curl":                      {"curl -u svc:Walnut_31 https://build.internal", "svc:Walnut_31"},
		"mysql":                     {"mysql -u root -pSunF1sh orders", "SunF1sh"},
		"pgpass":                    {"db1:5432:app:ops:Ukulele55", "Ukulele55"},
		"dictated":                  {"capital R, small u and a dash", "capital R, small u"},
		"letters by words":          {"m as in mike, Q for quebec", "m as in mike, Q for quebec"},
		"telephone alphabet":        {"kilo seven tango whiskey mike", "kilo seven tango whiskey mike"},
		"dictated, Japanese":        {"大文字のエス、小文字のエル", "大文字のエス、小文字のエル"},
		"digits, one by one":        {"the pin is on the card: 6 2 0 9", "6 2 0 9"},
		"digits, in words":          {"dial five five nine two on the padlock", "five five nine two"},
		"digits, Japanese":          {"裏門は、ろく、いち、はち、さん の順", "ろく、いち、はち、さん"},
		"listed":                    {"backup codes:\n7c2e1-90bd4\n11fa0-3c77e\n", "7c2e1-90bd4\n11fa0-3c77e"},
		"listed with numbers":       {"backup codes:\n1. 7c2e1-90bd4\n2. 11fa0-3c77e\nthat is all", "7c2e1-90bd4\n2. 11fa0-3c77e"},
		"in parts":                  {`root login: join "Harbour" and "-Fog-31"`, `Harbour" and "-Fog-31`},
		"phrase behind a colon":     {"The signing laptop boots with the sentence: Seven geese hate Mondays.", "Seven geese hate Mondays"},
		"phrase, joined":            {"It needs the shared HMAC, which is the string nine-otters-in-a-canoe.", "nine-otters-in-a-canoe"},
		"phrase, quoted":            {`the vault opens with the words "old barn owl"`, "old barn owl"},
		"phrase to type, Japanese":  {"「四時のお茶と六時の嵐」を打てば開きます", "四時のお茶と六時の嵐"},
		"codes in a row":            {"these one-time codes work: `2183 1905`, `3761 7193`", "2183 1905`, `3761 7193"},
		"shaped as passwords are":   {"検証機は Kenkyu!Sagi4、利用者側は空", "Kenkyu!Sagi4"},
		"dictated, Latin letters":   {"大文字のK、小文字でb", "大文字のK、小文字でb"},
		"in parts, plain":           {"pin is two parts, the first half 48 and the second half 71", "48 and the second half 71"},
		"in parts, signs":           {"wifi: starts with Kelp!x and ends with 71", "Kelp!x and ends with 71"},
		"pair of a usual account":   {"sa / Birnen-mus で接続", "Birnen-mus"},
		"pair, Japanese":            {"例の件、root と ゆきうさぎ45# で入れました", "ゆきうさぎ45#"},
		"netrc":                     {"machine h login ops password Accordion7", "Accordion7"},
		"call":                      {`client.setPassword("timpani44")`, "timpani44"},
		"pair":                      {"Note: the wiki login is admin / walnut-comet-harbor", "walnut-comet-harbor"},
		"bare pair":                 {"root/Triangle99 on the lab switch", "Triangle99"},
		"PIN":                       {"the PIN for the print room is 8140", "8140"},
		"door code":                 {"door code 604417# for the east lab", "604417#"},
		"combination":               {"The combination for the bike lock is 4-8-15", "4-8-15"},
		"deed":                      {"The safe opens with 23-41-07", "23-41-07"},
		"keypad":                    {"Enter 5580 at the keypad", "5580"},
		"API key":                   {"the API key for the parcel tracker is y3RnjDQl2Kvf8THRXfEuzcrJaBnx7IfD", "y3RnjDQl2Kvf8THRXfEuzcrJaBnx7IfD"},
		"password-like word":        {"staging creds rotated, now it was marlin then Osprey_71", "Osprey_71"},
		"Japanese":                  {"検証DBのパスワードは lighthouse_basil3 です", "lighthouse_basil3"},
		"Japanese, quoted":          {"本番DBのパスワードは「fennel-otter」", "fennel-otter"},
		"Japanese, changed":         {"DBのパスワードを Tanuki77 に変更しました", "Tanuki77"},
		"Japanese, value first":     {"hunter2がパスワードです", "hunter2"},
		"Japanese, apart":           {"共有アカウントのパスワードは全員 Tanuki77 で統一", "Tanuki77"},
		"Japanese, arrow":           {"パスワード変更しました→Tanuki77", "Tanuki77"},
		"Japanese watchword":        {"合言葉はひらけごまです", "ひらけごま"},
		"Japanese PIN":              {"暗証番号は4827です", "4827"},
		"Japanese key":              {"APIキーは H5mMDdwin86TkVYCM7l8GQlchbkER0Af です", "H5mMDdwin86TkVYCM7l8GQlchbkER0Af"},
		"Japanese pair":             {"運用アカウントは ops、パスワードは r3dw00d です", "r3dw00d"},
		"Japanese remark":           {"パスワード(本番)は Tanuki77 です", "Tanuki77"},
		"Japanese, ahead, key":      {"「Zx81Kq0pLm22Vt5aQ」というAPIキー", "Zx81Kq0pLm22Vt5aQ"},
		"Korean":                    {"비밀번호는 Lynx4402 입니다", "Lynx4402"},
		"Chinese":                   {"密码是Lynx4402", "Lynx4402"},
		"Russian":                   {"пароль: рысь4402", "рысь4402"},
		"German":                    {"Passwort lautet Luchs4402", "Luchs4402"},
		"French":                    {"mot de passe : Lynx4402", "Lynx4402"},
		"spelled":                   {"the password is spelled h u n t e r 2", "h"},
		"starts with":               {"my password starts with Wint9", "Wint9"},
		"code block":                {"The password:\n```\nhunter2\n```", "hunter2"},
		"phrase without quotes":     {"SSH key passphrase: marsh wren 12", "marsh"},
		"comma in a call":           {`System.setProperty("DB_PASSWORD", "hunter2")`, "hunter2"},
		"label on a line":           {"Password\nhunter2", "hunter2"},
		"token after an operator":   {"deploy token = Zx81Kq0pLm22Vt5", "Zx81Kq0pLm22Vt5"},
		"address with a slash":      {"postgres://app:Meadow/417@db.internal/app", "Meadow/417"},
		"address, example":          {"https://username:password@shop.com", "password"},
		"value on an earlier line":  {"notes\nhunter2 is the password", "hunter2"},
		"PIN first":                 {"4827 is the pin", "4827"},
		"key first":                 {"y3RnjDQl2Kvf8THRXfEuzcrJaBnx7IfD is the API key", "y3RnjDQl2Kvf8THRXfEuzcrJaBnx7IfD"},
		"pair with and":             {"log in with ann@corp.dev and Banjo_2024", "Banjo_2024"},
		"filler word":               {"password now hunter2", "hunter2"},
		"PIN in Japanese text":      {"PINは4827にしてある", "4827"},
		"Japanese, far PIN":         {"暗証番号は全員5580です", "5580"},
		"Japanese, far key":         {"APIキーは新規発行しZx81Kq0pLm22Vt5aQです", "Zx81Kq0pLm22Vt5aQ"},
		"Japanese, bold":            {"パスワード：**Tanuki77**", "Tanuki77"},
		"Japanese, wide space":      {"パスワード\u3000Tanuki77", "Tanuki77"},
		"Japanese, short key":       {"シークレットは ab12cd です", "ab12cd"},
		"Japanese, quoted phrase":   {"パスフレーズは「ほしふるよる」です", "ほしふるよる"},
		"Japanese, code of letters": {"認証コードはAB12です", "AB12"},
		"remark with a verb":        {"token (prod) is Zx81Kq0pLm22Vt5", "Zx81Kq0pLm22Vt5"},
		"remark and an arrow":       {"password for the wiki -> Osprey71", "Osprey71"},
		"remark and a colon":        {"password for the wiki: Osprey71", "Osprey71"},
		"remark and an equals":      {"password for wiki = Osprey71", "Osprey71"},
		"verb with a colon":         {"the password is: Osprey71", "Osprey71"},
		"literal with a prefix":     {`password = b"Osprey71"`, "Osprey71"},
		"value between commas":      {"user=ops,password=Osprey71,host=db", "Osprey71"},
		"query":                     {"?user=ops&password=Osprey71&x=1", "Osprey71"},
		"ends in a mark":            {"the password is Osprey71!", "Osprey71!"},
		"digits":                    {"the password is 19890412", "19890412"},
		"quoted with":               {`log in with password "Tambourine1"`, "Tambourine1"},
		"mixed case word":           {"the password is openSesame", "openSesame"},
		"word and number":           {"the password is hunter 2", "hunter"},
		"capital code":              {`the pin is "HERON"`, "HERON"},
		"mixed code":                {"the entry code is B7K2", "B7K2"},
		"UUID token":                {"token = 230f5e9a-d337-47e5-a02d-df26b9891455", "230f5e9a-d337-47e5-a02d-df26b9891455"},
		"short token said":          {"the token is ab12cd9", "ab12cd9"},
		"quoted secret":             {`client_secret: "ab#12cd!9"`, "ab#12cd!9"},
		"secret, password-like":     {"user mailer, secret Heron-8812", "Heron-8812"},
		"unknown code":              {"the cabinet code is 1472", "1472"},
		"network key":               {`wifi at home, key "acorns4life"`, "acorns4life"},
		"user and password":         {"username 'user' password 'password'", "password"},
		"half a quote":              {"password = \"Osprey71 and more", "Osprey71"},
		"basic authorization":       {"Authorization: Basic c3ZjOldhbG51dF8zMQ==", "c3ZjOldhbG51dF8zMQ=="},
		"authorization, unquoted":   {"Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA91", "2YotnFZFEjr1zCsicMWpAA91"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range saying.Scan(tc.text) {
				got = append(got, tc.text[m.Start:m.End])
				if got[len(got)-1] == tc.value {
					return
				}
			}
			t.Errorf("found %q in %q, want %q", got, tc.text, tc.value)
		})
	}
}

func TestTalkIsLetPass(t *testing.T) {
	for _, text := range []string{
		"", "password", "password:", "password is", "パスワード", "パスワードは", "the password is stored in the vault", "passwords are hashed with argon2id", "password: ${DB_PASSWORD}",
		"const dbPassword = process.env.DB_PASS;", "the API key is read from the environment", "token := r.Header.Get(\"Authorization\")", "max_tokens: 4096", "tokenizer: bpe_base",
		"passwordPolicy: strict12", "password_hash = bcrypt.hash(pw)", "the PIN is four digits", "PIN 3 characters", "exit code is 137", "error code: 1045", "The code is 400 lines long.",
		"publicToken = \"ZecwkMRu2vQuZ19cy0rNoJjSRbW38sVzAGT5XolHAdn\"", "https://host:9000/ @anything", "postgres://user:<password>@host/db", "mongodb://$USER:$PASS@host", "user@host:/path",
		"パスワードは60日ごとに見直すこと。", "パスワードの長さは12文字です", "APIキーを画面に出さないこと。", "パスワードのハッシュにはscryptを選んだ。", "合言葉を使った認証は廃止予定。", "pCtx->token == 0",
		"[username[:password]@]host", "password *uint16", "`password`, `pwd`, `pass`", "<input type=\"password\" name=\"password\">", "mail.password=\nmail.host=", "login: username / password",
		"default logins (e.g., guest/guest or admin/admin)", "press any key", "enter the building at 10", "curl -u \"$USER:$PASS\" https://x", "docker login -u ci --password-stdin", "Authorization: Bearer $TOKEN",
		"password is v1.2.3", "password: 10:30", "password: 12/05/2024", "the token is 90s old", "secret is 3.5 MB", "password > x", "password >", "x-token: ", "password=\nother=", "password 'password'", "the password is auto-generated",
		"the password is user's choice", "\"password\": \"Password\"", "password \"is not set\"", "Password: string", "password: 8 characters", "the code is", "no code is 1472", "https://host.name:8080@x", "https://shortuser@host",
		"disk is unlocked with care 12", "パスワードはargon2idです", "パスワードはSHA256で", "パスワードはHTTP2です", "パスワードは12文字です", "暗証番号は4桁です", "トークンはJWTです", "シークレットはab12を使ってください形式です", "「ab」というパスワード", "あいうというAPIキー",
		"root:x:0:0:root:/root:/bin/bash", "login with ann and bob", "the account is ann, 12 people", "-token=abc", "csrf-token=abc123def456", "pw = &PipeWriter{r}", "password = getpw(name)", "pass the salt", "tests pass 100",
		"the check digit of the card number uses weights 6, 5, 4, 3, 2, 7, 6, 5", "the card number's digits are multiplied by 3 7 1 3 7 1", "番号の検査用数字の重みは6、5、4、3、2、7です",
		"if (type == password && kind === 'password') {", "if (password !== 'required') {", "password == \"new-password\"", "connection string: Server=tcp:db.acme.lan;User Id=app;Password=***;", "the seed for the simulation is 8273645519283",
		"gcloud secrets delete SECRET [GCLOUD_WIDE_FLAG9x2 ...]", "smtp_password: \"%SMTP_PASSWORD%\"", "秘密鍵は id_ed25519 という名前で置く。", "ID/PW は 1Password に登録済みです。", "the password is in KeePassXC, the other password: keepassxc",
		"client.post(url, json={\"password\": password}).json()[\"token\"]", "static const char *password_prompt = \"Enter passphrase: \";", "Authorization: Basic base64(client_id:client_secret)", "pass: 12.5kHz, stop: 15kHz", "(Closes: #1001900, login: crash / #1001896)",
		"VAPID public key is B7Xk2pQ9vLm4Zr7Tw1Ys8Ub3Nc6Hd0Gf5J", "cache key: 7Xk2pQ9vLm4Zr7Tw1Ys8Ub3Nc6Hd0Gf5J", "the password is user.secret", "the password for it: login.acme.dev",
		"ConvertTo-SecureString -AsPlainText $env:SMTP_PASS -Force", "ConvertTo-SecureString -AsPlainText -Force",
		"`ctrl` キーを押し続けて、`again!` を見ます。", "鍵は最初のスレッドです。`join`を呼び、`loop`します。", "コード: 残りは `join`、`loop` です",
		"https://registry.acme.io:4443/team/app@sha256:35f1ea3d0ae9dc9b058dd8d224f1bb7e053bc58615778f9317c27b73c86dd806",
	} {
		if ms := saying.Scan(text); len(ms) > 0 {
			t.Errorf("found %s %q in %q", ms[0].Rule, text[ms[0].Start:ms[0].End], text)
		}
	}
}

// TestSentences runs the grammar over the sentences of the detector's own test: no talk may be taken for a secret, and
// most secrets of these sentences are the grammar's to find.
func TestSentences(t *testing.T) {
	b, err := os.ReadFile("../testdata/sayings.txt")
	if err != nil {
		t.Fatal(err)
	}
	said, found := 0, 0
	for _, line := range strings.Split(string(b), "\n") {
		label, text, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		text = strings.NewReplacer(`\n`, "\n", "‖", "").Replace(text)
		ms := saying.Scan(text)
		switch {
		case label == "s":
			if said++; len(ms) > 0 {
				found++
			}
		case len(ms) > 0:
			t.Errorf("found %s in %q", ms[0].Rule, text)
		}
	}
	if share := float64(found) / float64(said); share < 0.7 {
		t.Errorf("the grammar found %d of %d secrets said", found, said)
	}
}

// TestTalkInOtherLanguages: what is said of passwords in other languages tells none.
func TestTalkInOtherLanguages(t *testing.T) {
	for _, text := range []string{"Das Passwort ist falsch.", "Passwort vergessen?", "Mot de passe oublié ?", "La contraseña es incorrecta.", "La contraseña es obligatoria.", "令牌将在15分钟后过期。", "토큰은 15분 후에 만료됩니다."} {
		if ms := saying.Scan(text); len(ms) > 0 {
			t.Errorf("Scan(%q) found %q by %s", text, text[ms[0].Start:ms[0].End], ms[0].Rule)
		}
	}
}

func TestLexiconOfAProject(t *testing.T) {
	l := saying.NewLexicon([]string{"launch phrase", "", "合図"})
	for _, text := range []string{"the launch phrase is heron-9", "launch_phrase=heron9", "合図はheron9です"} {
		if len(l.Scan(text)) == 0 {
			t.Errorf("nothing found in %q", text)
		}
		if text != "launch_phrase=heron9" && len(saying.Scan(text)) > 0 {
			t.Errorf("%q is found without the project's words too: the test shows nothing", text)
		}
	}
	if ms := l.Scan("we launch a phrase"); len(ms) > 0 {
		t.Errorf("found %v", ms)
	}
}

func TestTooManyCuesAreTooDense(t *testing.T) {
	ms := saying.Scan(strings.Repeat("bearer authorization cookie x- curl mysql login auth ", 3000))
	for _, m := range ms {
		if m.Rule == match.Dense {
			return
		}
	}
	t.Errorf("%d matches and no %s: the budget did not end", len(ms), match.Dense)
}

// FuzzScan checks that spans are valid and that no text breaks the grammar.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "password", "password is", "password: \"", "pin (", "パスワードは「", "合言葉は山", "://a:b@", "curl -u ", "token, \"", "|pass|", "pw's ", "PIN→", "secret ```\n", "a:1:b:c:d", "X is the password", "password\n\n*", "p\xffassword=\xff"} {
		f.Add(s)
	}
	l := saying.NewLexicon([]string{"phrase", "鍵"})
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		bound.Within(t, bound.Limit, false, func() { ms = append(saying.Scan(text), l.Scan(text)...) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Kind == "" || m.Confidence <= 0 || m.Confidence > 1 {
				t.Errorf("bad match %+v in %d bytes", m, len(text))
			}
		}
	})
}
