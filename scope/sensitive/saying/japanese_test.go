package saying_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/saying"
)

// TestJapaneseTold checks that the ways in which Japanese tells a secret are found, and which part of the text it is.
func TestJapaneseTold(t *testing.T) {
	for name, tc := range map[string]struct{ text, value string }{
		"groups of digits":                     {"社内Wi-Fiのパスワードは 9638-2454 です", "9638-2454"},
		"a word in capitals and a number":      {"DBのパスワードは BANANA-6590", "BANANA-6590"},
		"a plain word beside its user":         {"ユーザー名 admin、パスワード kazesatou", "kazesatou"},
		"a plain word that logs in":            {"パスワード kazesatou でログインできます", "kazesatou"},
		"kana and a number":                    {"BIOSのパスワードは おにぎり97", "おにぎり97"},
		"kana behind a space":                  {"・パスワード さくらもち", "さくらもち"},
		"kana that ends as verbs do":           {"複合機のパスワードはわたあめです", "わたあめ"},
		"kana that holds a short word of talk": {"サーバーのパスワードは みずようかん です。", "みずようかん"},
		"kana that ends as will does":          {"USBメモリのパスワードは ほうれんそう", "ほうれんそう"},
		"short kana":                           {"本番データベースのパスワードは すずめ です。", "すずめ"},
		"kana that it became":                  {"パスワードをこたつみかんに変更しました", "こたつみかん"},
		"characters that it became":            {"パスワードを「猫又温泉」に統一する", "猫又温泉"},
		"characters that are typed":            {"ユーザー名 share、パスワード「百花繚乱」を入力", "百花繚乱"},
		"characters in brackets":               {"パスワード変更(新:「富士山頂」）", "富士山頂"},
		"characters before the word":           {"「夏祭」がパスワードです", "夏祭"},
		"digits before the word":               {"6452-9420が暗証番号です", "6452-9420"},
		"an answer":                            {"秘密の質問の答えは 佐々木 です", "佐々木"},
		"an answer behind its question":        {"秘密の質問：ペットの名前は？ 答え：「小樽」", "小樽"},
		"an English word":                      {"passwordは 9638-2454 です", "9638-2454"},
		"the name of a setting":                {"requirepassは maple46 に設定した", "maple46"},
		"the key of a network":                 {"無線LANの暗号化キーは hunter_sendai9", "hunter_sendai9"},
		"a key shared beforehand":              {"VPNの事前共有鍵は tanuki53", "tanuki53"},
		"announced, next line":                 {"お世話になっております。パスワードは下記の通りです。\nhotaru1264\nよろしくお願いいたします。", "hotaru1264"},
		"announced, next sentence":             {"APIキーが発行されました。112146d9792289ef8dd70b3544e500dcaf900024", "112146d9792289ef8dd70b3544e500dcaf900024"},
		"announced, an id":                     {"アクセストークンを発行したので共有します。\n37f29eee-e4a9-4dc5-ad5f-12dd3916115c", "37f29eee-e4a9-4dc5-ad5f-12dd3916115c"},
		"announced, kept":                      {"リカバリーキーを保存しておいて。CQ7M-J5Z7-8JZW-R6PP-R44Q-VD5G", "CQ7M-J5Z7-8JZW-R6PP-R44Q-VD5G"},
		"a login that enters":                  {"監視ツールには admin / 2624-9487 でログインする", "2624-9487"},
		"a login in brackets":                  {"プレビュー環境はBasic認証がかかっています（preview / 3874-1440）", "3874-1440"},
		"a login by と":                         {"管理画面は admin と 「猫又温泉」 で入れます。", "猫又温泉"},
		"a login by で":                         {"NASのログインは admin で coffee です", "coffee"},
		"a login, wide stroke":                 {"VPNアカウント：sato／6673-8623", "6673-8623"},
		"what opens an archive":                {"添付のZIPは sendai9113 で解凍してください。", "sendai9113"},
		"what opens a paper":                   {"PDFを開くには「桜吹雪」と入力してください。", "桜吹雪"},
		"what a machine asks for":              {"複合機にログインするときは Monday7 と入力してください。", "Monday7"},
		"a keypad":                             {"サーバー室の入り口のキーパッドは 5168# です", "5168#"},
		"a number and a remark":                {"PINコード:3593(変更しないでください)", "3593"},
		"digits that are the word":             {"3420が暗証番号です。", "3420"},
		"a dial":                               {"ポストのダイヤルは 2743", "2743"},
		"a secret of a network":                {"VPN接続用の共有シークレットは saturn81 です。", "saturn81"},
		"news of it":                           {"パスワード変わりました → 「neko sakura51」", "neko sakura51"},
		"told in the next sentence":            {"パスワードを教えます。pistachio9 です。", "pistachio9"},
		"what it is at first":                  {"パスワードの初期値は 0016-9006 です", "0016-9006"},
		"in a letter":                          {"パスワードは8522-7060にてお願いいたします。", "8522-7060"},
		"what opens an archive, named":         {"圧縮ファイルの解凍キーは cobra99", "cobra99"},
		"what lets somebody join":              {"電話会議の参加コードは 3204 です", "3204"},
		"typed by an administrator":            {"管理者でログインするには admin と kagawa77 を入力", "kagawa77"},
		"an assignment of digits":              {"id=admin, password=7652-7813 でログインする", "7652-7813"},
		"digits of a token":                    {"fastlyのアクセストークンは9206567530です。", "9206567530"},
		"a lock's number":                      {"オートロックの番号は6736", "6736"},
		"a safe that opens":                    {"事務所の金庫は 1651 で開きます。", "1651"},
		"a box for keys":                       {"スペアキーはキーボックス（番号 2987）に入っています。", "2987"},
		"a table with strokes":                 {"環境/ID/パスワード\n本番/admin/39986567", "39986567"},
		"Latin letters":                        {"wifi no password wa HUNTER-8422 desu", "HUNTER-8422"},
		"Latin letters throughout":             {"pasuwa-do ha kotatsu@071 desu", "kotatsu@071"},
	} {
		t.Run(name, func(t *testing.T) {
			ms := saying.Scan(tc.text)
			for _, m := range ms {
				if tc.text[m.Start:m.End] == tc.value {
					return
				}
			}
			t.Errorf("Scan(%q) = %v; want %q", tc.text, ms, tc.value)
		})
	}
}

// TestJapaneseTalk holds what looks like it and tells nothing.
func TestJapaneseTalk(t *testing.T) {
	for _, text := range []string{
		"label: \"新しいパスワード\", type: \"password\"",
		"現在のパスワードをバリデーションし、新しいメールアドレスを保存します。",
		"すべての自動読み込みパスをトラッキングし、`true`に設定されています。",
		"この付録は、パス、ジェネリクス、トレイト境界を含みます。",
		"`use`キーワードでパスをスコープに持ち込む",
		"そのパスは*adder*です",
		"パスワードは INFRA-1234 で対応中",
		"パスワードを変更しました。\nご確認ください",
		"パスワードを発行してください。\nlogout",
		"パスワード リセット",
		"パスワード manager",
		"フリーダイヤルは 0800-123-4567 です",
		"金庫の型番は 1234 です",
		"倉庫の電話番号は 1234 です",
		"ログイン: Google / GitHub / GitLab",
		"管理者 / 編集者 / admin / editor でログイン",
		"ファイルは vim で開く",
		"PDFは「プレビュー」で開きます",
		"「スタート」ボタンを押すとロックが解除されます",
		"そのパスはファイル`mod.rs`です",
		"`/photos/1?user_id=2`というパスが渡されると",
		"すべての鍵およびパスワードは置き換え可能であり、機密データを守る。",
		"パスワードを pre-breached としています。",
		"[主キー（primary key）](https://ja.wikipedia.org/wiki/%E4%B8%BB%E3%82%AD%E3%83%BC)です",
		"パスワード生成ツール（https://1password.com/jp/password-generator/）",
		"接続文字列: postgres://USER:PASSWORD@HOST:5432/DB",
		"認証済みのIPv4/IPv6アドレスとネットワークのリストです",
		"`match`キーワードに続けて式を並べます。値は`coin`です。",
		"パスワードはわかるようにしておく",
		"パスが`HIT`なのは、パスがキャッシュにあり、再検証の前だからです",
		"ハッシュ化されたパスワードはプログラム(hash)で作れます",
		"ユーザーアカウントパスワードかもしれませんし、医療データかもしれません",
		"プロフィールに関する情報 (パスワード、プロフィール データ、権限)",
		"[アプリ パスワード](/azure/active-directory/howto-mfa#app-passwords)を使います",
		"一時鍵 (AES/DES/Rijndael の中間鍵など)",
		"SSH鍵をed25519に統一する",
		"パスワードの初期値は空です",
		"パスワードはまだです",
		"パスワードはおすすめです",
		"password wa himitsu desu",
		"password wa nan desu ka",
	} {
		if ms := saying.Scan(text); len(ms) > 0 {
			t.Errorf("Scan(%q) found %q by %s", text, text[ms[0].Start:ms[0].End], ms[0].Rule)
		}
	}
}

// TestPartsEndAmidQuote: wherever the search for the parts of a value ends, a quote that begins there breaks nothing.
func TestPartsEndAmidQuote(t *testing.T) {
	for n := 60; n < 100; n++ {
		saying.Scan("鍵の最初の" + strings.Repeat("a", n) + " 「適合する」")
	}
}
