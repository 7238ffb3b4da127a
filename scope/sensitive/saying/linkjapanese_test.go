package saying_test

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/saying"
)

// TestLinkedInJapanese: what stands between a Japanese cue and its value. All values are invented.
func TestLinkedInJapanese(t *testing.T) {
	for _, tc := range []struct{ way, text, value string }{
		{"with regard to", "展開用のパスワードにつきましては、zenmai41をお使いください。", "zenmai41"},
		{"spoken to somebody", "圧縮ファイルのパスワードね「Zenmai41」", "Zenmai41"},
		{"cells of a table", "<tr><th>パスワード</th><td>zenmai-41</td></tr>", "zenmai-41"},
		{"a term and its text", "<dt>パスワード</dt>\n<dd>zenmai-41</dd>", "zenmai-41"},
		{"in bold", "<p>パスワード：<b>zenmai-41</b></p>", "zenmai-41"},
		{"as code", "<li>パスワード <code>zenmai41</code></li>", "zenmai41"},
		{"in tortoise-shell brackets", "PIN〔7702〕を入れる", "7702"},
		{"in square brackets", "暗証番号[7702]で開く", "7702"},
		{"in double angle brackets", "圧縮用パスワード《zenmai41》", "zenmai41"},
		{"in double angle brackets, with a colon", "パスワード：《zenmai41》", "zenmai41"},
		{"given in brackets", "保守パスワード(=zenmai-fuki)は変えない", "zenmai-fuki"},
		{"Chinese characters, kana and a number", "パスワード:雪解け水音8", "雪解け水音8"},
		{"two turns of a dial", "郵便受けのダイヤルは左4右9", "左4右9"},
		{"each digit in brackets", "暗証番号は「7」「7」「0」「2」です", "7」「7」「0」「2"},
		{"noted below", "合言葉は下に書いておきます\nつくしんぼ", "つくしんぼ"},
		{"kana with a copula inside, and a number", "踏み台のパスワードは あきだいこん58 です。", "あきだいこん58"},
		{"kana and a number behind a comma", "NASのパスワード、どんぐり58 で合ってますか？", "どんぐり58"},
		{"kana and a number behind a space", "社内マスターパスワード どんぐり58 を控えておく", "どんぐり58"},
		{"kana and a number that goes on", "このパスワード どんぐり58 は来月使えなくなる", "どんぐり58"},
		{"kana and a number, set", "パスワードに どんぐり58 を設定した", "どんぐり58"},
		{"kana and a number, far", "パスワードを失念したので どんぐり58 にリセットしてもらった。", "どんぐり58"},
		{"drawn, far", "パスワードを失念したので KWmq7Txv9p にリセットしてもらった。", "KWmq7Txv9p"},
		{"kana and a number in brackets", "保守パスワード【どんぐり58】", "どんぐり58"},
		{"words and a number in brackets", "保守パスワード【Nagoya_Autumn6】", "Nagoya_Autumn6"},
		{"triples that go on", "このパスワード Nagoya-Friday-Autumn は来月使えなくなる", "Nagoya-Friday-Autumn"},
		{"behind a letter", "Redisのパスワードは現状A系もB系もlantern-river-walnutです", "lantern-river-walnut"},
		{"before a new one", "「Donguri58」が新しいパスワードです。", "Donguri58"},
		{"a member of an object", `{"パスワード": "おひさま", "備考": ""}`, "おひさま"},
		{"a comment of HTML", "<!-- パスワード: walnut -->", "walnut"},
		{"a comment of code", "/* 踏み台パスワード: walnut */", "walnut"},
		{"kana in brackets", "保守パスワード【おひさま】", "おひさま"},
		{"kana in bold", "パスワード:**カエデノハ**", "カエデノハ"},
		{"a word to be noted", "社内マスターパスワード walnut を控えておく", "walnut"},
		{"a member of an object, numbered", `{"利用者": "ota", "パスワード": "どんぐり58"}`, "どんぐり58"},
		{"a block of code", "ZIPは `donguri-58` がパスです", "donguri-58"},
		{"what one enters with", "管理画面には donguri58 でログインしてください", "donguri58"},
		{"a block of code, announced", "パスワードは以下。\n```\ndonguri58\n```", "donguri58"},
		{"kana behind a sentence", "太田さん、パスワードです。どんぐり58", "どんぐり58"},
		{"what it became, in the next sentence", "パスワードのみ変更。どんぐり58 にしました。", "どんぐり58"},
		{"the key of a network by its remark", "暗号化キー（WPA3）：Friday-Nagoya-lantern", "Friday-Nagoya-lantern"},
		{"before a new one, again", "「Donguri58」が新しいパスワードです。", "Donguri58"},
	} {
		t.Run(tc.way, func(t *testing.T) {
			var got []string
			for _, m := range saying.Scan(tc.text) {
				if got = append(got, tc.text[m.Start:m.End]); got[len(got)-1] == tc.value {
					return
				}
			}
			t.Errorf("found %q in %q, want %q", got, tc.text, tc.value)
		})
	}
}

// TestLinkedInJapaneseIsLetPass: what stands in the same places and is no value.
func TestLinkedInJapaneseIsLetPass(t *testing.T) {
	for _, text := range []string{
		"例では `resnet-v2-1` がパスです。", "続いて監査チームのメンバー `hanako_kansa_1` でログインしてみます。",
		"合言葉はいつでもいい。", "合言葉は全員で決める。", "合言葉は呪文とも言う。", "合言葉は鍵になる。", "パスワードもらえますか？", "パスワードもう変えた", "パスワードはセキュリティの入口。", "保守パスワード【オプション】", "<!-- パスワード: 必須 -->", "/* パスワード：変更不可 */",
		`{"ラベル": "パスワード", "必須": true}`, `{"パスワード": {"型": "文字列"}}`, `{"パスワード": "必須項目です"}`, "暗号化キー（AES-256）：KMSで管理", "パスワードは以下。\n```\n$ cat secret.txt\n```",
		"パスワードはぜんぶで12文字です", "パスワードはおよそ30日で失効する", "パスワードをリセットした回数はA系が12、B系が30です", "パスワード【必須】", "パスワード【SHA256】で保存", "このパスワード画面 バージョン12 は古い", "パスワードはステップ12で入力",
		"秘密鍵のパスは ~/.ssh/id_rsa_build です。", "# 署名鍵のパス\nSIGN_KEY_PATH=/srv/app/sign.pem", "本人確認：パスワード＋SMS", "パスワード欄：type=password、autocomplete=new-password",
		"form: { password: \"パスワード\", submit: \"ログイン\" }", "ユーザー名: 〇〇〇〇　パスワード: ××××", "合言葉：後日発表", "合言葉は会議で決めておきましょう。", "合言葉は一度も言われなかった。",
		"書式は postgres://ユーザー:パスワード@ホスト/データベース です。", "キーは `cart:{id}:items` の形式です。", "電話は1〔内線〕です",
		"bin/setup [管理者メール] [管理者パスワード] [DB名（例 app_v5）]", "#----------\n# メンバー管理 / パスワード変更\n#----------", "ログインして\npnpm run test:browser-e2e\nを実行", "認証情報は docker login -u AWS --password-stdin https://4471.registry.lan で渡す",
	} {
		for _, m := range saying.Scan(text) {
			t.Errorf("%s found %q in %q", m.Rule, text[m.Start:m.End], text)
		}
	}
}
