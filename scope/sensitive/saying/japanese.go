package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

func hasJapanese(text string) bool {
	for i := 0; i+2 < len(text); i++ {
		if text[i] >= 0xE3 && text[i] <= 0xEF {
			return true
		}
	}
	return false
}

// scanJapanese reads what stands after, and before, each Japanese cue word.
func scanJapanese(text string, l *lexicon, out []match.Match) []match.Match {
	lastEnd, cues := -1, 0
	l.set.Each(text, func(h keyword.Hit) bool {
		c := &l.cues[h.Word]
		if h.End == lastEnd || ascii(c.word) && !japaneseNear(text, h) || keyword.InsideKatakana(text, h) && !l.whole(text, h, c.word) {
			return true
		}
		lastEnd = h.End
		if cues++; cues > mostCues {
			out = append(out, match.TooDense(len(text)))
			return false
		}
		if c.class == secret && networkKey(text, h) {
			c = &cue{word: c.word, class: password, kind: "password"}
		}
		if m, ok := afterJapanese(text, h.End, c); ok {
			out = append(out, m)
		} else if m, ok := aheadJapanese(text, h.Start, h.End, c); ok {
			out = append(out, m)
		} else if v, conf := announcedJapanese(text, h.End, c); conf > 0 {
			out = append(out, match.Match{Rule: "ja-" + c.kind + "-announced", Kind: match.Credential, Start: v.start, End: v.end, Confidence: conf})
		}
		return true
	})
	return out
}

// compounds are katakana words that short cues are joined to: ログインパス, アクセスキー. Behind others they are the end
// of another word: コンパス, スキー.
var compounds = []string{"ログイン", "ルート", "アカウント", "ゲスト", "マスター", "アクセス", "シークレット", "ライセンス", "リカバリー", "プロダクト", "セキュリティ", "サービス", "アプリ", "ネットワーク", "ユーザー", "サーバー", "サーバ", "デプロイ", "プライベート", "ルーター", "メール"}

// whole reports whether a hit among katakana is a cue all the same: a long cue ends a compound, a short one does behind a
// known word, and behind any cue another cue may follow: トークン in トークンキー.
func (l *lexicon) whole(text string, h keyword.Hit, word string) bool {
	if keyword.KatakanaBefore(text, h.Start) && utf8.RuneCountInString(word) <= 2 {
		known := false
		for _, c := range compounds {
			known = known || strings.HasSuffix(text[:h.Start], c)
		}
		if !known {
			return false
		}
	}
	if !keyword.KatakanaAfter(text, h.End) {
		return true
	}
	found := false
	l.set.Each(text[h.End:min(len(text), h.End+30)], func(next keyword.Hit) bool {
		found = found || next.Start == 0
		return !found
	})
	return found
}

// japaneseNear reports whether a Latin cue ("PIN", "PW") stands as a word in Japanese text.
func japaneseNear(text string, h keyword.Hit) bool {
	if h.Start > 0 && alnum(text[h.Start-1]) || h.End < len(text) && alnum(text[h.End]) {
		return false
	}
	if rest, ok := strings.CutPrefix(text[h.End:], " "); ok && hasAnyPrefix(rest, []string{"は", "が", "を", "の"}) {
		return true
	}
	if rest := strings.TrimLeft(text[h.End:min(len(text), h.End+8)], ":：= "); rest != "" && rest[0] >= 0xE3 { // PW: どんぐり95
		return true
	}
	return h.End < len(text) && text[h.End] >= 0xE3 || h.Start > 0 && text[h.Start-1] >= 0x80
}

// afterJapanese reads "パスワードは X です", "パスワード：X", "本番のAPIキーを X に変更".
func afterJapanese(text string, i int, c *cue) (match.Match, bool) {
	if v, conf := bracketedJapanese(text, i, c); conf > 0 {
		return match.Match{Rule: "ja-" + c.kind, Kind: match.Credential, Start: v.start, End: v.end, Confidence: conf}, true
	}
	if c.word == "パス" && pathJapanese(text, i) {
		return match.Match{}, false
	}
	i = skipRemark(text, i)
	if c.word == "秘密の質問" {
		i = skipQuestion(text, i)
	}
	if c.word == "秘密の質問" && strings.HasPrefix(text[i:], "「") { // 秘密の質問「初めて飼ったペット」→ …
		if end := strings.Index(text[i:min(len(text), i+90)], "」"); end > 0 {
			i += end + len("」")
		}
	}
	start := i
	i, news := skipNews(text, i)
	linked, object, of, pointed, last := false, false, false, false, ""
	if j, ok := cell(text, i); ok {
		i, linked = j, true
	}
	if j, ok := memberJapanese(text, i); ok {
		i, linked = j, true
	}
	for range 4 { // links come in rows: "は「", "】: "
		j := skipTags(text, skipSpace(text, skipWide(text, i), 8))
		if called(text, j) { // zipのパスね「Kiri_2207」
			i, linked = j+len("ね"), true
			break
		}
		hit := ""
		for _, l := range linksJapanese {
			if strings.HasPrefix(text[j:], l) && !(l == "も" && hasAnyPrefix(text[j+len(l):], notToo)) {
				hit = l
				break
			}
		}
		if hit == "" {
			i = j
			break
		}
		if (last == "は" || last == "が") && strings.Contains("はがもをにでの", hit) { // パスワードははなび
			i = j
			break
		}
		linked, last = true, hit
		object = object || hit == "を" || hit == "に" || hit == "で"
		of = of || hit == "の"
		pointed = hit == ":" || hit == "=" || hit == "→" || hit == "⇒" || hit == "->" || hit == "=>"
		i = j + len(hit)
	}
	i = skipTags(text, skipFillers(text, i))
	if i >= len(text) {
		return match.Match{}, false
	}
	v, ok := valueJapanese(text, i)
	conf := 0.0
	if ok {
		conf = judgeJapanese(text, v, c, linked || v.quoted && accountBefore(text, start), object)
		if conf == 0 && pointed && c.class == password {
			conf = kana(text, v)
		}
		if conf == 0 && (linked || setApart(text, start)) && !of && c.class == password {
			v, conf = kanaSaid(text, v)
			if conf > 0 && (!linked || last == "、") && !endedJapanese(text[v.next:]) || c.word == "パス" && !enterNear(text, start) {
				conf = 0
			}
		}
		if object && text[v.start] >= 0x80 && !changedJapanese(text[v.next:]) && !(v.quoted && hasAnyPrefix(strings.TrimLeft(text[v.next:], " "), []string{"を入力", "と入力"})) || !v.quoted && category(text[v.start:v.end]) || news && !closedJapanese(text[v.next:]) {
			conf = 0
		}
	}
	if conf == 0 || of && !v.quoted && text[v.start] >= 0x80 {
		if v, conf = farJapanese(text, start, c); conf == 0 {
			return match.Match{}, false
		}
	}
	return match.Match{Rule: "ja-" + c.kind, Kind: match.Credential, Start: v.start, End: v.end, Confidence: conf}, true
}

// category reports whether s is a kind of data, which stands beside a word for a secret in a list: パスワード、カード番号、健康記録.
func category(s string) bool {
	return hasAnySuffix(s, "番号", "情報", "記録", "データ", "証明書", "アドレス", "カード", "ユーザー名", "ユーザ名", "氏名", "住所")
}

// headNouns, between a cue and a value, make the value one of something else: "パスワードの長さ: 12".
var headNouns = []string{"長さ", "期限", "文字数", "桁数", "ポリシー", "強度", "回数", "方式", "アルゴリズム", "ハッシュ", "暗号", "種類", "形式", "保存先", "管理", "環境変数", "ファイル", "名前", "ID", "バージョン", "ライブラリ", "。", "！", "？"}

// farJapanese reads a value that stands apart from its cue in the same sentence: "パスワードは全員 X で統一",
// "パスワード変更しました→X". The value must look like one, and an arrow, a colon or the words after it must confirm it.
func farJapanese(text string, i int, c *cue) (found, float64) {
	const reach, runs = 100, 3
	for at, n := i, 0; n < runs; n++ {
		end := at
		for end < len(text) && end-i < reach && text[end] != '\n' && (text[end] >= 0x80 || !alnum(text[end])) {
			end++
		}
		if end >= len(text) || !alnum(text[end]) || hasAny(text[i:end], headNouns) || value.InPath(text, end) {
			return found{}, 0
		}
		v, ok := valueJapanese(text, kanaBack(text, i, end))
		if !ok || v.quoted {
			return found{}, 0
		}
		if conf := judgeFar(text, i, v, c); conf > 0 || v.end-v.start > len("A") { // ずっとA系もB系もX
			return v, conf
		}
		at = v.end
	}
	return found{}, 0
}

// kanaBack returns where the word begins that goes on with the digit at end: a word in kana behind a space, or end itself.
func kanaBack(text string, i, end int) int {
	if space := strings.LastIndexAny(text[i:end], " 　") + 1; digit(text[end]) && space > 0 {
		if at := i + space; numberedKana(text, at) > end {
			return at
		}
		if at := i + strings.LastIndex(text[i:end], "　") + len("　"); numberedKana(text, at) > end {
			return at
		}
	}
	return end
}

// judgeFar judges a value that stands apart from its cue, which ends at i.
func judgeFar(text string, i int, v found, c *cue) float64 {
	end := v.start
	s := text[v.start:v.end]
	sh := value.ShapeOf(s)
	gap := strings.TrimRight(text[i:end], " \u3000")
	pointed := strings.HasSuffix(gap, "→") || strings.HasSuffix(gap, ":") || strings.HasSuffix(gap, "⇒") || strings.HasSuffix(gap, "=")
	rest := strings.TrimLeft(text[v.next:], " \t")
	if value.Placeholder(s) || linkTarget(text, v) || value.Reference(s) || measured(s) || technical(s) || hasAnyPrefix(rest, refusals) || !pointed && (rest == "" || !hasAnyPrefix(rest, confirmations)) {
		return 0
	}
	switch c.class {
	case password:
		if kanaNumbered(s) && !hasAny(s, instead) {
			return 0.7
		}
		if sh.Digit > 0 && sh.Lower+sh.Upper > 1 && len(s) >= 5 || tripled(s) {
			return 0.75
		}
	case pin:
		if sh.Digit >= 4 && sh.Digit >= len(s)-2 && !unitFollows(text, v.next) {
			return 0.75
		}
	case secret:
		if len(s) >= 10 && looksMade(s, sh) {
			return 0.75
		}
	}
	return 0
}

// confirmations are the endings that leave no doubt that a value stood before them.
var confirmations = []string{"です", "でした", "となります", "になります", "に変更", "に設定", "に更新", "に変わ", "になり", "になった", "で統一", "でログイン", "と入力", "だよ", "だった", "にしました", "のまま", "にリセット", "に戻", "に差し替え", "に統一", "に再設定", "に切り替え", "を設定", "を控え"}

// technical reports whether s is a term such as UTF-8, SHA256, RS256, argon2id or OAuth2.
func technical(s string) bool {
	if talk.Has(strings.ToLower(s)) {
		return true
	}
	i := 0
	for i < len(s) && (upper(s[i]) || s[i] == '-' || s[i] == '_') {
		i++
	}
	if i >= 2 && i < len(s) && strings.Trim(s[i:], "0123456789-_") == "" && !shouted(s) {
		return true
	}
	switch strings.ToLower(strings.TrimRight(s, "0123456789.-")) {
	case "oauth", "http", "tls", "sha", "base", "argon", "ipv", "uuidv", "utf-", "s", "ec", "ed", "curve", "nistp", "k", "postgres", "python", "node", "java", "log", "web":
		return true
	}
	return false
}

// shouted reports whether s is a word in capitals with a number of four digits or more behind a hyphen, as passwords are and no standard
// is: BANANA-6590.
func shouted(s string) bool {
	word, number, ok := strings.Cut(s, "-")
	return ok && len(word) >= 4 && len(number) >= 4 && plain(word) && strings.Trim(number, "0123456789") == "" && !standards.Has(strings.ToLower(word))
}

// standards are words that a number follows in the name of one.
var standards = keyword.NewList(`camellia chacha salsa poly twofish blowfish argon scrypt bcrypt pbkdf ripemd whirlpool secp brainpool curve shake keccak blake ecdsa eddsa ascii windows ieee ticket issue error event alert build release version order invoice jira proj project task card bugs test docs team user http hmac core infra story epic item code auth port rfc iso jis doc docs feat hotfix case part page step rule`)

func hasAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// skipRemark steps over a remark in brackets: "パスワード(本番)は".
func skipRemark(text string, i int) int {
	for _, p := range [][2]string{{"(", ")"}, {"（", "）"}, {"【", "】"}, {"[", "]"}} {
		if strings.HasPrefix(text[i:], p[0]) {
			if end := strings.Index(text[i:min(len(text), i+60)], p[1]); end > 0 {
				return i + end + len(p[1])
			}
		}
	}
	return i
}

func skipWide(text string, i int) int {
	for strings.HasPrefix(text[i:], "\u3000") {
		i += 3
	}
	return i
}

// fillersJapanese may stand between the link and the value: "は新しく", "は現在".
var fillersJapanese = []string{"新しく", "現在", "今", "いま", "たしか", "確か", "とりあえず", "一旦", "いったん", "全部", "共通で", "引き続き", "変わらず", "前と同じ", "以前と同じ", "多分", "たぶん", "小文字で", "大文字で", "全環境共通で", "昨日から", "今日から", "先週から", "今週から", "今月から", "来週から", "今年から", "正しくは", "次の", "以下の", "こちら", "こちらです", "です", ":", "、", "：", " "}

func skipFillers(text string, i int) int {
	for range 4 {
		j := i
		for _, f := range fillersJapanese {
			if strings.HasPrefix(text[j:], f) {
				j += len(f)
			}
		}
		if j = skipSpace(text, skipWide(text, j), 16); j == i {
			break
		}
		i = j
	}
	return i
}

// valueJapanese reads a quoted value, a run of ASCII, or, for passphrases, a short run of Japanese.
func valueJapanese(text string, i int) (found, bool) {
	for strings.HasPrefix(text[i:], "**") || strings.HasPrefix(text[i:], "(") {
		if i++; i >= len(text) {
			return found{}, false
		}
		if text[i] == '*' {
			i++
		}
	}
	if i >= len(text) {
		return found{}, false
	}
	if text[i] == '"' && hasAnyPrefix(text[i+1:], []string{", ", ": ", "," + "\n", ")", "}"}) { // the quote closes what holds the cue
		return found{}, false
	}
	for _, q := range [][2]string{{"「", "」"}, {"『", "』"}, {"【", "】"}, {"〈", "〉"}, {"《", "》"}, {"≪", "≫"}, {"〔", "〕"}, {"“", "”"}, {`"`, `"`}, {"'", "'"}, {"`", "`"}} {
		if !strings.HasPrefix(text[i:], q[0]) {
			continue
		}
		from := i + len(q[0])
		end := strings.Index(text[from:min(len(text), from+200)], q[1])
		if end <= 0 || strings.ContainsRune(text[from:from+end], '\n') {
			return found{}, false
		}
		return found{start: from, end: from + end, next: from + end + len(q[1]), quoted: true, words: len(strings.Fields(text[from : from+end]))}, true
	}
	j := i
	for j < len(text) && j-i < reachValue && text[j] > ' ' && text[j] < 0x80 && text[j] != '<' && text[j] != '"' {
		if text[j] == ',' && (j+1 >= len(text) || space(text[j+1])) || text[j] == '(' && j > i && j+1 < len(text) && text[j+1] >= 0x80 { // 3593(変更しないで)
			break
		}
		j++
	}
	if j > i {
		f := found{start: i, end: j, next: j}
		for f.end > f.start && strings.IndexByte(".,;:)]}'`*", text[f.end-1]) >= 0 {
			f.end--
		}
		f.end = triples(text, f.start, f.end)
		f.next = max(f.next, f.end)
		return f, f.end > f.start
	}
	if end := numberedKana(text, i); end > i {
		return found{start: i, end: end, next: end}, true
	}
	for j < len(text) && j-i < 45 {
		r, size := utf8.DecodeRuneInString(text[j:])
		if r < 0x80 || stop(r) || strings.HasPrefix(text[j:], "です") || strings.HasPrefix(text[j:], "だ") {
			break
		}
		j += size
	}
	if kanaOnly(text[i:j]) || sung(text[i:j]) {
		for j < len(text) && digit(text[j]) { // さくらもち7
			j++
		}
	}
	return found{start: i, end: j, next: j}, j > i
}

// endings confirm that what stood before them was a value.
var endings = []string{"です", "でした", "だ", "である", "。", "、", "」", "』", "．", ",", ".", "で統一", "で通", "で解除", "に変更", "に変え", "に変わ", "に設定", "に更新", "になり", "になっ", "になる", "にし", "に決", "に統一", "に戻", "にリセット",
	"に差し替え", "へ変更", "と設定", "と入力", "を入力", "を使", "を設定", "を指定", "を登録", "でお願い", "でログイン", "でサインイン", "で入", "で開", "で接続", "で固定", "と書い", "と登録", "と共有", "となって", "となり", "とのこと", "らしい", "っぽい",
	"にて", "でござ", "で、", "から変更", "なので", "だから", "だった", "だよ", "だっけ", "ね", "よ", "って", "という", "と言", "と伝え", "と覚え", "(", "（", "←", "※", "有効期限", "期限", "・", "/", "|", ")", "）", "と", "のまま", "のはず", "とする", "から", "まで", "も", "を"}

// refusals say that what stood before them was a method, a place or an amount.
var refusals = []string{"で共有", "で届", "に届", "ごとに", "しか", "でハッシュ", "で暗号", "で管理", "で保護", "で署名", "で検証", "で生成", "で保存", "で配布", "に保存", "に格納", "に保管", "に記載", "に書か", "に入れ", "に置", "に含め", "に依存", "に渡", "に登録", "から取得", "から読", "から注入",
	"経由", "を参照", "を使って", "を利用", "で渡", "で取得", "で定義", "で上書", "で指定", "文字", "桁", "日", "分", "時間", "回", "ヶ月", "か月", "ビット", "バイト", "以上", "以下", "種類", "個", "件", "年", "%", "つ", "秒", "ヘッダ", "フィールド", "環境変数", "に対応", "形式", "方式", "アルゴリズム"}

func judgeJapanese(text string, v found, c *cue, linked, object bool) float64 {
	s := text[v.start:v.end]
	if value.Placeholder(s) || value.Bracketed(text[v.start:]) || value.Reference(s) && !(c.class == password && value.Words(strings.ToLower(s))) || technical(s) && !v.quoted && c.class != pin {
		return 0
	}
	sh := value.ShapeOf(s)
	rest := strings.TrimLeft(text[v.next:], " \t*")
	if first, _, ok := strings.Cut(s, "/"); ok && technical(first) && !v.quoted { // AES/DES
		return 0
	}
	if s[0] == '[' && !v.quoted && strings.IndexByte(s, ']') < 0 { // [管理者パスワード] [DB名]
		return 0
	}
	if hashBegins(s) || templateAddress(s) || linkTarget(text, v) || assigned(s) || added(s) || c.class == secret && keyed(s) {
		return 0
	}
	if c.class == password && !v.quoted && strings.Count(s, "-") == 1 && plain(strings.ReplaceAll(s, "-", "")) && describes(s) {
		return 0
	}
	if strings.Contains(s, "://") && !strings.Contains(s, "@") || c.word == "セッションID" && !linked && value.UUID(s) { // パス is a path too, such an id names what a log speaks of
		return 0
	}
	if sh.High > 0 {
		return judgeWords(s, rest, v, c, linked)
	}
	if hasAnyPrefix(rest, refusals) && !(strings.HasPrefix(rest, "を使って") && (sh.Digit > 0 || c.class == password && hasAnySuffix(strings.TrimRight(text[:v.start], " "), "には", "として") && !describes(s) && !Manager(s) && sh.Lower > 0)) {
		return 0
	}
	confirmed := rest == "" || rest[0] == '\n' || rest[0] == '\r' || commentEnds(rest) || hasAnyPrefix(rest, endings)
	if object && !confirmed {
		return 0
	}
	wordy := sh.Lower+sh.Upper == sh.Len
	switch c.class {
	case pin:
		code := strings.Trim(s, "#*")
		csh := value.ShapeOf(code)
		if csh.Digit >= 3 && csh.Digit+strings.Count(code, "-")+strings.Count(code, " ") == csh.Len && (csh.Digit <= 14 || strings.Contains(code, "-") && csh.Digit <= 32) || csh.Digit >= 2 && csh.Len >= 4 && !measured(code) && !value.Identifier(code) {
			return 0.85
		}
		if csh.Digit > 0 && csh.Upper > 0 && csh.Lower >= 3 && csh.Len >= 6 && confirmed && !technical(code) { // 暗証番号 Kaminari9
			return 0.7
		}
		if linked && confirmed && csh.Len >= 8 && csh.Len <= 24 && csh.Digit > 0 && csh.Lower+csh.Upper > 0 && hasAny(c.word, []string{"バックアップ", "リカバリ", "復旧", "回復", "予備"}) && !technical(code) {
			return 0.76
		}
		if linked && csh.Lower >= 3 && csh.High == 0 && hasAnyPrefix(rest, closing) && !describes(firstWord(code)) && !technical(code) { // 暗証番号は Velvet です
			return 0.6
		}
		return 0
	case password:
		switch {
		case len(s) < 3, measured(s) && !v.quoted && !(confirmed && numberGroup(s)), sh.Digit == sh.Len && len(s) < 4:
			return 0
		case wordy && (talk.Has(strings.ToLower(s)) || len(s) < 4):
			return 0
		case !linked && wordy && !(v.quoted && hasAnyPrefix(rest, opening)) && !besideAccount(text, v, rest):
			return 0
		case shouted(s) && !confirmed && !v.quoted:
			return 0
		case wordy && !confirmed && !v.quoted, value.Identifier(s) && sh.Digit == 0 && !confirmed && !v.quoted && !tripled(s):
			return 0
		}
		return 0.9
	}
	if looksMade(s, sh) && len(s) >= 8 {
		return 0.9
	}
	if linked && licence(c.word) && numberGroups(s) {
		return 0.75
	}
	if linked && confirmed && sh.Digit == sh.Len && sh.Len >= 8 && hasAny(c.word, []string{"API", "トークン", "アクセスキー"}) && !(sh.Len == 8 && year(s[:4])) {
		return 0.7
	}
	if len(s) >= 6 && sh.Digit > 0 && sh.Lower+sh.Upper > 0 && confirmed && linked && !measured(s) && !(value.Identifier(s) && sh.Digit < 3) {
		return 0.75
	}
	if v.quoted && linked && len(s) >= 8 && !plain(s) && !value.Identifier(s) && v.words == 1 {
		return 0.7
	}
	return 0
}

// talkJapanese are parts of what is said of passwords rather than as one.
var talkJapanese = []string{"ダメ", "だめ", "バラバラ", "ばらばら", "要確認", "機密", "配布", "起動", "面倒", "読み込", "頻度", "聞いて", "必ず", "どのくらい", "認証", "定義", "郵送", "口頭", "書面", "別送", "窓口", "担当", "各自", "任意", "お届け", "発行", "通知", "パスワード", "必要", "不要", "文字", "無効", "有効", "正しく", "間違", "入力", "変更", "忘れ", "再設定", "設定", "なし", "未", "非公開", "秘密", "安全", "強", "弱", "環境", "保存", "管理", "共有", "別", "同じ", "以上",
	"ハッシュ", "暗号", "必須", "任意", "不明", "教え", "禁止", "書か", "ログ", "期限", "こと", "もの", "ため", "ない", "できる", "される", "した", "する", "れる", "よう", "場合", "どこ", "何", "誰",
	"廃止", "予定", "社外", "社内", "金庫", "の裏", "毎月", "毎年", "既定", "初期値", "共通", "自動", "推測", "覚え", "印刷", "届き", "届く", "表示", "使え", "使い", "異な", "違い", "違う", "変わ", "見つか", "一致", "古い", "短い", "短す", "長い", "長す", "新し", "期間", "当日", "後日", "追って", "発表", "非推奨", "可変", "固定", "複雑", "簡単", "個別", "個人", "全員", "全社", "本番", "人事", "総務", "情シス", "英数", "記号", "半角", "全角", "確認用", "大文字", "小文字", "生体"}

// judgeWords judges a value written in Japanese: only for passwords and passphrases, quoted or closed by a copula.
func judgeWords(s, rest string, v found, c *cue, linked bool) float64 {
	phrase := strings.HasSuffix(c.word, "フレーズ")
	if c.class != password || utf8.RuneCountInString(s) > 24 {
		return 0
	}
	if v.quoted && hasAnyPrefix(strings.TrimLeft(rest, " "), []string{"を入力", "と入力", "で解凍", "で開"}) && !talks(s) && !adjectives.Has(s) {
		return 0.76
	}
	if kanaNumbered(s) && !hasAny(s, instead) && (v.quoted || !hasAnyPrefix(rest, refusals)) {
		return 0.7
	}
	answer := hasAny(c.word, []string{"答え", "回答", "秘密の質問", "旧姓"})
	if !linked && !(v.quoted && (phrase || hasAnyPrefix(rest, opening) || hasAnyPrefix(rest, closing))) || !(answer && v.quoted) && talks(s) {
		return 0
	}
	if answer && linked && utf8.RuneCountInString(s) >= 2 && utf8.RuneCountInString(s) <= 12 && !predicate(s, true) && wholeJapanese(rest) {
		return 0.7
	}
	passphrase := strings.HasPrefix(c.word, "合") || strings.HasPrefix(c.word, "あい") || phrase
	closed := strings.HasPrefix(rest, "です") || strings.HasPrefix(rest, "でした") || strings.HasPrefix(rest, "だ") || strings.HasPrefix(rest, "」") || strings.HasPrefix(rest, "に変") || strings.HasPrefix(rest, "にし")
	switch {
	case v.quoted && phrase && (strings.HasPrefix(rest, "で") || strings.HasPrefix(rest, "が必要")):
		return 0.75
	case v.quoted && hasAnyPrefix(rest, []string{"}", ",", "\n"}) && kanaOnly(s) && utf8.RuneCountInString(s) <= 10 && !hasAny(s, kanaTalk) && !hasAny(s, instead) && !predicate(s, false): // {"パスワード": "あおぞら"}
		return 0.65
	case v.quoted && (closed || rest == "" || hasAnyPrefix(rest, endings)):
		return 0.75
	case closed && value.ShapeOf(s).Digit > 0 && kanaOnly(strings.TrimRight(s, "0123456789")):
		return 0.7
	case passphrase && !predicate(s, phrase) && (closed || !clause(s)) && (closed || rest == "" || rest[0] == '\n' || strings.HasPrefix(rest, "。")):
		return 0.7
	}
	return 0
}

// predicate reports whether s is said of a passphrase rather than as one: 古いまま, 使えません, シンプル, 既定では空. A 合言葉 may hold
// particles, 山と川, what is called a phrase has none that a sentence has.
func predicate(s string, phrase bool) bool {
	for _, end := range []string{"ます", "ません", "ましょう", "でしょう", "ください", "ている", "ておく", "てある", "られる", "なかった", "まま", "すぎ", "やすい", "にくい", "らしい"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	if r, size := utf8.DecodeRuneInString(s); size == len(s) && r < 0x30A0 { // the beginning of まだ
		return true
	}
	return adjectives.Has(s) || elsewhere(s) || phrase && hasAny(s, []string{"は", "が", "を", "には", "では", "ごと", "に", "用", "で"})
}

// clause reports whether s ends as a verb or an adjective does and has a particle before that: みんなで決める, なんでもいい.
func clause(s string) bool {
	last, size := utf8.DecodeLastRuneInString(s)
	if !strings.ContainsRune("るうくすむぶつぬぐい", last) {
		return false
	}
	_, first := utf8.DecodeRuneInString(s)
	return len(s) > first+size && strings.ContainsAny(s[first:len(s)-size], "でとにがを")
}

func hasAnySuffix(s string, suffixes ...string) bool {
	for _, p := range suffixes {
		if strings.HasSuffix(s, p) {
			return true
		}
	}
	return false
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
