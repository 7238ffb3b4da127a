package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// opening follow, in Japanese, a word that lets somebody in.
var opening = []string{"でログイン", "でサインイン", "で入", "で開", "で解凍", "で解除", "で接続", "でつな", "で通"}

// closing leave no doubt that what they end was about a value: "… がパスワードです".
var closing = []string{"です", "でした", "だよ", "だった", "だ。", "だと", "になり", "になっ", "となり", "となっ", "ね", "らしい"}

// aheadJapanese reads "hunter2 がパスワードです", "「x」というパスワード", "1234を暗証番号に設定". The cue stands between i and end.
func aheadJapanese(text string, i, end int, c *cue) (match.Match, bool) {
	from := max(0, i-120)
	head := strings.TrimRight(text[from:i], " \u3000")
	if ga := strings.LastIndex(head, "が"); ga >= 0 && hasAnySuffix(head, "の", "新しい", "正しい") && len(head)-ga < 40 && !strings.ContainsAny(head[ga:], "、。「」\n") { // が本番のDBの
		head = head[:ga+len("が")]
	}
	for _, link := range []string{"というのが", "という", "といった", "っていう", "が", "を", "との"} {
		body, ok := strings.CutSuffix(head, link)
		if !ok {
			continue
		}
		start, stop, quoted := valueBefore(body)
		if !quoted && strings.Trim(body[start:stop], "0123456789") == "" && link == "が" {
			if at := kanaStart(body, true); at < start {
				start, stop = at, len(strings.TrimRight(body, " "))
			}
		}
		s := body[start:stop]
		if c.word == "パス" && (strings.HasPrefix(s, "/") || strings.HasSuffix(strings.TrimRight(body, " "), "`") && !hasAny(text[from+sentenceStart(body):i], enterJapanese)) { // `my-model-1` がパスです
			return match.Match{}, false
		}
		closed := link != "を" && hasAnyPrefix(strings.TrimLeft(text[end:], " "), closing)
		if !judgeAhead(s, quoted, closed, c) {
			return match.Match{}, false
		}
		return match.Match{Rule: "ja-" + c.kind + "-ahead", Kind: match.Credential, Start: from + start, End: from + stop, Confidence: 0.75}, true
	}
	return match.Match{}, false
}

// valueBefore returns where the word or the quoted phrase begins and ends that body ends with.
func valueBefore(body string) (start, end int, quoted bool) {
	body = strings.TrimRight(body, " \u3000")
	for _, q := range [][2]string{{"「", "」"}, {"『", "』"}, {`"`, `"`}, {"'", "'"}, {"`", "`"}} {
		inner, ok := strings.CutSuffix(body, q[1])
		if !ok {
			continue
		}
		if open := strings.LastIndex(inner, q[0]); open >= 0 {
			return open + len(q[0]), len(inner), true
		}
		body, quoted = inner, true
		break
	}
	start = len(body)
	for start > 0 && body[start-1] > ' ' && body[start-1] < 0x80 && !quote(body[start-1]) {
		start--
	}
	return start, len(body), quoted
}

// judgeAhead reports whether a word that a cue follows is its value. closed says that the sentence does not go on behind the cue.
func judgeAhead(s string, quoted, closed bool, c *cue) bool {
	sh := value.ShapeOf(s)
	if len(s) < 4 || value.Placeholder(s) || value.Reference(s) && !value.Words(strings.ToLower(s)) || measured(s) && !numberGroup(s) {
		return false
	}
	switch {
	case numberGroup(s), sh.Digit == sh.Len && sh.Len >= 6:
		return c.class != secret && closed
	case c.class == secret:
		return len(s) >= 10 && looksMade(s, sh)
	case c.class == password && closed && kanaOnly(strings.TrimRight(s, "0123456789")) && !hasAny(s, kanaTalk) && !predicate(s, false) && !DescribesJapanese(s) && !hasAny(s, instead):
		return true
	case c.class == password && closed && quoted && sh.High > 0 && !DescribesJapanese(s) && !hasAny(s, instead):
		return true
	case c.class == password && closed && !technical(s) && !Manager(s) && !describes(firstWord(s)): // whatever the word is
		return sh.High == 0 && (quoted || !strings.Contains(s, " ")) && sh.Lower > 0 || quoted && kanaOnly(s)
	case sh.High > 0:
		return false
	}
	return sh.Digit > 0 && (sh.Lower+sh.Upper > 0 && !technical(s) || c.class == pin && sh.Digit >= 4) && !(value.Identifier(s) && sh.Digit < 2 && c.class != password) || sh.Other > 0 && quoted && c.class == password && !value.Identifier(s)
}

// bracketedJapanese judges a value in brackets right behind its cue: パスワード（Kiri_2207）でログイン. A remark about the cue stands there
// as often: パスワード(本番)は.
func bracketedJapanese(text string, i int, c *cue) (found, float64) {
	at := skipSpace(text, i, 2)
	for _, p := range [][2]string{{"(", ")"}, {"（", "）"}, {"[", "]"}, {"［", "］"}, {"〔", "〕"}, {"《", "》"}, {"≪", "≫"}, {"{", "}"}, {"【", "】"}} {
		if !strings.HasPrefix(text[at:], p[0]) {
			continue
		}
		start := at + len(p[0])
		given := p[0] == "《" || p[0] == "≪" || p[0] == "〔"            // which hold values and readings, no remarks
		if hasAnyPrefix(text[start:], []string{"=", "＝", ":", "："}) { // パスワード（＝X）
			given = true
			_, width := utf8.DecodeRuneInString(text[start:])
			start = skipSpace(text, start+width, 2)
		}
		n := strings.Index(text[start:min(len(text), start+60)], p[1])
		if n < 4 || c.class == secret {
			return found{}, 0
		}
		s := text[start : start+n]
		sh := value.ShapeOf(s)
		rest := text[start+n+len(p[1]):]
		if c.class == password && !hasAny(s, instead) && (kanaNumbered(s) || p[0] == "【" && kanaOnly(s) && endedJapanese(rest) && !DescribesJapanese(s) && !hasAny(s, kanaTalk) && !predicate(s, false)) {
			return found{start: start, end: start + n, next: start + n + len(p[1])}, 0.7
		}
		if given = given || p[0] == "【" && n >= 6 && sh.Digit > 0 && endedJapanese(rest); sh.High > 0 || strings.Contains(s, " ") || value.Placeholder(s) || value.Reference(s) && !value.Words(strings.ToLower(s)) || measured(s) || technical(s) || describes(s) || Manager(s) {
			return found{}, 0
		}
		digits := sh.Digit == sh.Len && sh.Digit <= 10
		made := !value.Numbered(s) && (digits || passwordLike(s) || sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && !value.Identifier(s) || sh.Digit == 0 && mixedCase(s) && !value.Identifier(s))
		if !made && !(c.class == password && (given || hasAnyPrefix(rest, opening))) {
			return found{}, 0
		}
		return found{start: start, end: start + n, next: start + n + len(p[1])}, 0.7
	}
	return found{}, 0
}

// newsJapanese, between a cue and an operator, say what happened to the secret: パスワード変更：X.
var newsJapanese = []string{"変更後", "変更済み", "変更済", "変更", "更新", "再発行", "再設定", "リセット", "初期化", "変わりました", "変えました", "変えた", "変更しました", "更新しました", "決まりました", "再発行しました"}

// skipNews steps over one of newsJapanese that an operator follows.
func skipNews(text string, i int) (int, bool) {
	for _, w := range newsJapanese {
		if !strings.HasPrefix(text[i:], w) {
			continue
		}
		j := skipSpace(text, i+len(w), 2)
		for _, now := range []string{"(新", "（新", "(変更後", "（変更後"} { // パスワード変更（新：X）
			if rest, ok := strings.CutPrefix(text[j:], now); ok && (strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "：")) {
				return j + len(now), true
			}
		}
		for _, op := range []string{":", "：", "→", "⇒", "=>", "->"} {
			if strings.HasPrefix(text[j:], op) {
				return i + len(w), true
			}
		}
		break
	}
	return i, false
}

// closedJapanese reports whether the line or the clause ends at the start of rest.
func closedJapanese(rest string) bool {
	rest = strings.TrimLeft(rest, " \t*`")
	return rest == "" || commentEnds(rest) || rest[0] == '\n' || rest[0] == '\r' || hasAnyPrefix(rest, []string{"です", "。", "、", "に", "」", "(", ")", "）"})
}

// kanaOnly reports whether s is hiragana and katakana, with の between kanji at most: three letters or more.
func kanaOnly(s string) bool {
	letters, kanji := 0, 0
	for _, r := range s {
		switch {
		case r >= 0x3041 && r <= 0x30FF:
			letters++
		case r >= 0x4E00 && r <= 0x9FFF:
			kanji++
		default:
			return false
		}
	}
	return letters >= 3 && letters >= kanji
}

// networksJapanese, right before a value that somebody connects with, make it the password of a network: 実家のWi-Fiは X で繋がる.
var networksJapanese = keyword.New([]string{"Wi-Fi", "WiFi", "wifi", "無線", "ワイファイ", "SSID", "ルーター", "ルータ", "VPN", "L2TP", "IPsec", "RADIUS"})

var connectsJapanese = keyword.New([]string{"で繋が", "でつなが", "で接続", "でつなぐ", "で繋ぐ"})

// networkKey reports whether a key is that of a network, which people choose as they do passwords: 無線LANの暗号化キーは X.
func networkKey(text string, h keyword.Hit) bool {
	const reach = 60
	word := text[h.Start:h.End]
	if word != "キー" && word != "鍵" && word != "暗号化キー" && word != "共有鍵" && word != "シークレット" {
		return false
	}
	before := text[max(0, h.Start-reach):h.Start]
	remark := strings.TrimLeft(text[h.End:min(len(text), h.End+8)], "(（ ") // 暗号化キー（WPA2）
	return networksJapanese.Contains(before[sentenceStart(before):]) || strings.HasPrefix(remark, "WPA") || strings.HasPrefix(remark, "WEP")
}

// connecting finds what networksJapanese and connectsJapanese describe.
func connecting(text string, out []match.Match, budget *match.Budget) []match.Match {
	connectsJapanese.Each(text, func(h keyword.Hit) bool {
		const reach = 64
		from := max(0, h.Start-reach)
		if !budget.Spend((h.Start - from) / 4) {
			return false
		}
		start, end, _ := valueBefore(text[from:h.Start])
		s := text[from+start : from+end]
		sh := value.ShapeOf(s)
		made := sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && !value.Numbered(s) || mixedCase(s) && !value.Identifier(s) || strings.Count(s, "-") >= 2
		if len(s) < 6 || !made || sh.High > 0 || measured(s) || technical(s) || value.Placeholder(s) || value.Reference(s) || !networksJapanese.Contains(text[from:from+start]) {
			return true
		}
		out = append(out, match.Match{Rule: "ja-connects", Kind: match.Credential, Start: from + start, End: from + end, Confidence: 0.7})
		return len(out) < match.Enough
	})
	return out
}

// keyDeedsJapanese say, behind a drawn value, that it is used as a key, and keyNearJapanese, before it, for what.
var (
	keyDeedsJapanese = []string{"を使", "で署名", "で暗号", "で復号", "で認証", "を付け", "をキーに", "をソルト", "を渡"}
	keyNearJapanese  = keyword.New([]string{"署名", "暗号", "復号", "認証", "ログイン", "秘密"})
	openJapanese     = keyword.New([]string{"コミット", "指紋", "フィンガープリント", "ダイジェスト", "公開", "ハッシュ値", "チェックサム", "キャッシュ", "イメージ", "証明書"})
)

// keyDeedJapanese reports whether a drawn value in a Japanese sentence is used as a key: Cookieの署名に 5f8c… を使っている.
func keyDeedJapanese(before, after string) bool {
	if hasAnyPrefix(strings.TrimLeft(after, " `」"), []string{"で認証", "で署名", "で復号"}) && !openJapanese.Contains(before) { // Xには … で認証する
		return true
	}
	return hasAnyPrefix(strings.TrimLeft(after, " "), keyDeedsJapanese) && keyNearJapanese.Contains(before) && !openJapanese.Contains(before) && !openJapanese.Contains(after)
}

// instead are words of what stands in the place of a password that is told elsewhere, or of none.
var instead = []string{"空欄", "空白", "空のまま", "未入力", "記入なし", "メール", "にて", "まで", "から", "ください", "参照", "連絡", "こちら", "下記", "上記", "別途", "リセット", "リンク", "オプション", "テスト", "フィールド", "システム", "サーバ", "アプリ", "ユーザ", "リスト", "トークン", "キー", "フォーム", "ボタン", "ページ", "チェック", "エラー", "ポリシー", "なるべく", "とても", "なければ",
	"かどうか", "について", "という", "それぞれ", "そのまま", "ください", "します", "しました", "です", "ます", "パス", "マスク", "アルファベット", "ランダム", "デフォルト", "シート", "チャット", "チーム", "ルーター", "ラベル", "スマホ", "リクエスト", "グループ", "プロジェクト", "クライアント", "ブラウザ", "レベル", "バージョン"}

// adjectives are what is said, in katakana, of what secrets are like.
var adjectives = keyword.NewList(`疑似 偽 仮 模擬 平文 実際 新規 既存 正しい 空 空文字 例 正解 シンプル ユニーク ランダム デフォルト オプション セキュア クリア プレーン ワンタイム ローカル グローバル パブリック プライベート スタンダード ベーシック マスト オフ オン ブランク ヌル はい いいえ あり なし 自由 オフライン オンライン スコープ コントローラ コントローラー バリデーション ローテーション セッション`)

// DescribesJapanese reports whether a word says what a secret is like, or where it is, rather than what it is.
func DescribesJapanese(s string) bool {
	return adjectives.Has(s) || talks(s) || elsewhere(s)
}

// elsewhere reports whether s is one of instead, with a particle or two behind it.
func elsewhere(s string) bool {
	for _, w := range instead {
		if strings.HasPrefix(s, w) && len(s) <= len(w)+len("にて") {
			return true
		}
	}
	return false
}

// RefusedJapanese reports whether what follows a word says that it was a method, a place or an amount: Cookieに保存.
func RefusedJapanese(rest string) bool { return hasAnyPrefix(rest, refusals) }

// kana judges a value in kana behind an operator, to the end of its line: パスワード：カエルの王様.
func kana(text string, v found) float64 {
	s := strings.TrimRight(text[v.start:v.end], "0123456789")
	n := utf8.RuneCountInString(s)
	if n >= 4 && n <= 16 && len(s) < v.end-v.start && !v.quoted && sung(s) && !DescribesJapanese(s) && closedJapanese(text[v.next:]) { // パスワード：朝焼け小道5
		return 0.6
	}
	if v.quoted || n < 4 || n > 16 || !kanaOnly(s) || hasAny(s, instead) || DescribesJapanese(s) || !closedJapanese(text[v.next:]) {
		return 0
	}
	return 0.6
}

// sung reports whether s is Chinese characters and kana, as lines of songs are: 雪解け水.
func sung(s string) bool {
	letters, han := 0, 0
	for _, r := range s {
		switch {
		case r >= 0x3041 && r <= 0x3096:
			letters++
		case r >= 0x4E00 && r <= 0x9FFF:
			han++
		default:
			return false
		}
	}
	return letters >= 1 && han >= 1
}

// forDeedJapanese is what is used to decrypt, unpack or enter something: 復号には X を使ってください.
var forDeedJapanese = pattern.New(`(?:復号|解凍|解錠|展開|ログイン|サインイン|接続|認証|解除|暗号化)(?:に|には|の際は|の際には|するときは|する時は|するには) ?「?([!-~]{6,64})」? ?(?:を使|を入|と入|を指定|で)`)

var forDeedWords = keyword.New([]string{"復号に", "解凍に", "解錠に", "展開に", "ログインに", "サインインに", "接続に", "認証に", "解除に", "暗号化に", "復号の", "解凍の", "ログインの", "接続の", "復号する", "解凍する", "ログインする", "接続する"})

// forDeeds finds what forDeedJapanese describes, unless it is a method, a program or a protocol.
func forDeeds(text string, out []match.Match, budget *match.Budget) []match.Match {
	forDeedWords.Each(text, func(h keyword.Hit) bool {
		const reach = 120
		to := min(len(text), h.End+reach)
		if !budget.Spend(to - h.Start) {
			return false
		}
		m := forDeedJapanese.FindStringSubmatchIndex(text[h.Start:to])
		if m == nil || m[0] != 0 {
			return true
		}
		start, end := h.Start+m[2], h.Start+m[3]
		s := text[start:end]
		sh := value.ShapeOf(s)
		made := passwordLike(s) || drawn(s) || sh.Digit >= 2 && sh.Lower >= 3 && !value.Numbered(s) && !value.Versioned(s) || strings.Count(s, "-") >= 2 && !describes(s)
		if !made || measured(s) || technical(s) || value.Placeholder(s) || value.Reference(s) || Manager(s) || value.Otherwise(text, start, end) >= value.Strong && !drawn(s) {
			return true
		}
		out = append(out, match.Match{Rule: "ja-for-deed", Kind: match.Credential, Start: start, End: end, Confidence: 0.65})
		return len(out) < match.Enough
	})
	return out
}

// dial is a number told digit by digit behind what it opens: ポストのダイヤルは 1→2→9.
var dial = pattern.New(`^(?:の番号|番号|錠)?(?:は|が|を|:|：)? ?「?(\d(?:(?: ?→ ?|、|・|」、?「)\d){2,8})`)

var dials = keyword.New([]string{"ダイヤル", "暗証番号", "暗証", "金庫", "南京錠", "ロッカー", "ポスト"})

// dialled finds what dial describes.
func dialled(text string, out []match.Match, budget *match.Budget) []match.Match {
	dials.Each(text, func(h keyword.Hit) bool {
		if !budget.Spend(16) {
			return false
		}
		if m := dial.FindStringSubmatchIndex(text[h.End:min(len(text), h.End+64)]); m != nil {
			out = append(out, match.Match{Rule: "ja-dialled", Kind: match.Credential, Start: h.End + m[2], End: h.End + m[3], Confidence: 0.65})
		}
		return len(out) < match.Enough
	})
	return out
}

// wholesJapanese end a word in kana that was said as a password: ひまわりです, さくらもちに変えた.
var wholesJapanese = []string{"です", "でした", "だよ", "だった", "だと", "だから", "だって", "だっけ", "なので", "のまま", "に変", "に設定", "に統一", "に再設定", "に初期化", "に戻", "に決", "で統一", "にしと", "にて", "でござ", "とする", "とします", "となり", "となっ", "にリセット", "にして", "にした", "にしま", "になり", "になっ", "でお願い", "でログイン", "らしい", "で入", "で解凍", "で開", "でサイン", "で接続", "で繋", "でつな", "を入れ", "を試", "にな"}

// kanaSaid judges a word in kana in a sentence: パスワードはひまわりです. What is said of passwords is written in kana as well, so that
// pronouns, adverbs, and what ends as verbs and adjectives do are let pass.
func kanaSaid(text string, v found) (found, float64) {
	if v.quoted || text[v.start] < 0xE3 {
		return v, 0
	}
	line := text[v.start:min(len(text), v.start+90)]
	if nl := strings.IndexByte(line, '\n'); nl >= 0 {
		line = line[:nl]
	}
	end, closed := len(line), false
	for _, w := range wholesJapanese {
		if i := strings.Index(line, w); i > 0 && i < end {
			end, closed = i, true
		}
	}
	if i := strings.IndexAny(line, "。、」』,. （("); i >= 0 && i < end {
		end, closed = i, true
	}
	closed = closed || v.start+len(line) == len(text) || text[v.start+len(line)] == '\n'
	s := line[:end]
	n := utf8.RuneCountInString(s)
	if !closed || n < 3 || n > 12 || !kanaOnly(s) || inflectedHan(s) || hasAny(s, instead) || DescribesJapanese(s) || hasAny(s, kanaTalk) || predicate(s, false) {
		return v, 0
	}
	if inflected(s, n, line[end:], v.start > 0 && text[v.start-1] == ' ') {
		return v, 0
	}
	return found{start: v.start, end: v.start + end, next: v.start + end}, 0.6
}

// inflected reports whether a word of n kana ends as verbs and adjectives do, or in a particle. A noun may end so too where a copula stands
// behind it, which no verb has before it, or where it was set apart: わたあめです.
func inflected(s string, n int, rest string, apart bool) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	if r >= 0x30A0 {
		return false
	}
	rest = strings.TrimLeft(rest, " ")
	copula := hasAnyPrefix(rest, []string{"です", "でした", "だよ", "だった"}) || apart
	switch {
	case hasAnySuffix(s, "せん", "だけ", "ため", "わけ", "まで", "けれ", "おすすめ", "しい", "ない", "たい", "すい", "くい", "さい", "ぽい", "らい"):
		return true
	case strings.ContainsRune("れけせえめへ", r):
		return !copula
	case strings.ContainsRune("るかくた", r):
		return !copula || n < 4
	case r == 'う' && n >= 5 && !hasAnySuffix(s, "るそう", "たそう", "だそう", "いそう", "よう", "ろう", "しょう"):
		return !copula
	case r == 'い':
		return !copula || n < 5
	}
	return strings.ContainsRune("るたてかうくなずでにはがをとよね", r)
}

// inflectedHan reports whether s has Chinese characters that kana goes on, as verbs are written: 置き換え可能であり. Words joined by の are
// no such: カエルの王様.
func inflectedHan(s string) bool {
	han := false
	for _, r := range s {
		han = han || r >= 0x4E00 && r <= 0x9FFF
	}
	last, _ := utf8.DecodeLastRuneInString(s)
	return han && (!strings.Contains(s, "の") || last < 0x30A0)
}

// kanaTalk are words in kana that stand where a password could, and are none.
var kanaTalk = []string{"これ", "それ", "あれ", "どれ", "ここ", "そこ", "どこ", "どちら", "そちら", "あちら", "いつも", "まだ", "もう", "ひみつ", "ないしょ", "みんな", "おなじ", "たぶん", "バラバラ", "ばらばら", "まちまち", "このまま", "あと", "のち", "すべて", "ぜんぶ", "あなた", "わたし", "もちろん", "やはり", "やっぱり", "つまり", "わからん", "あかん", "いかん", "いらん", "なんでも", "ちゃん", "なん", "とくに", "ちゃんと", "とりあえず", "それなり",
	"キャッシュ", "プログラム", "プロフィール", "クラウド", "ドキュメント", "コンソール", "フォルダ", "メモ", "マニュアル", "ストア", "マネージャ", "ボルト", "ウィキ", "ツール", "サイト", "ダミー", "サンプル", "プレースホルダ", "コピー", "リセット", "ケース", "ルール", "タイプ", "コード", "ユーザー", "ソルト", "ソース", "データ", "サービス", "セッション", "クッキー", "ヘッダ", "スクリプト", "バックアップ", "ローテーション", "ライフサイクル", "コスト", "リスク", "ベンダー", "スタッフ", "ゲスト", "セキュリティ", "アカウント", "パソコン", "メンバー", "リーダー", "クリック", "ダウンロード", "アップロード", "インストール", "ビジネス"}
