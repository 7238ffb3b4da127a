package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// numberGroup reports whether s is two to four groups of digits joined by hyphens, none so short that it is the month of a date or the
// area of a telephone: 9638-2454.
func numberGroup(s string) bool {
	groups := strings.Split(s, "-")
	if len(groups) < 2 || len(groups) > 4 || groups[0] == "0120" || groups[0] == "0570" || groups[0] == "0800" {
		return false
	}
	for _, g := range groups {
		if len(g) < 3 || len(g) > 6 || strings.Trim(g, "0123456789") != "" {
			return false
		}
	}
	return true
}

// kanaNumbered reports whether s is a word in kana with a number of two digits or more behind it, as passwords are: おにぎり97.
func kanaNumbered(s string) bool {
	word := strings.TrimRight(s, "0123456789")
	if len(s)-len(word) < 2 || !kanaOnly(word) || hasAny(word, kanaTalk) || talks(word) {
		return false
	}
	return !hasAnySuffix(word, "ステップ", "レベル", "ページ", "バージョン", "フェーズ", "ポート", "ビット", "は", "が", "を", "で", "に", "も", "と", "から", "まで", "など", "だけ", "ごと", "より", "あと", "およそ", "やく")
}

// numberedKana returns the end of the word in kana with a number of two to four digits behind it that begins at i, or i.
func numberedKana(text string, i int) int {
	const most = 16
	j := i
	for n := 0; n < most && j < len(text); n++ {
		r, size := utf8.DecodeRuneInString(text[j:])
		if r < 0x3041 || r > 0x30FF {
			break
		}
		j += size
	}
	k := j
	for k < len(text) && digit(text[k]) {
		k++
	}
	if k-j < 2 || k-j > 4 || k < len(text) && (letter(text[k]) || text[k] == '.' && k+1 < len(text) && digit(text[k+1])) || !kanaNumbered(text[i:k]) {
		return i
	}
	return k
}

// talks reports whether s is what is said of passwords rather than one. Words of two kana are parts of many others, so that they count at
// the end alone: みずようかん.
func talks(s string) bool {
	for _, w := range talkJapanese {
		if r, _ := utf8.DecodeRuneInString(w); len(w) <= len("よう") && r < 0x3100 {
			if strings.HasSuffix(s, w) {
				return true
			}
		} else if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// templateAddress reports whether s is an address with words in the place of who logs in: postgres://USER:PASSWORD@HOST/DB.
func templateAddress(s string) bool {
	_, rest, ok := strings.Cut(s, "://")
	login, _, at := strings.Cut(rest, "@")
	_, pass, colon := strings.Cut(login, ":")
	return ok && at && colon && (value.Placeholder(pass) || strings.EqualFold(pass, "password") || plain(pass) && pass == strings.ToUpper(pass))
}

// linkTarget reports whether a value is where a link in Markdown leads: [主キー](https://…).
func linkTarget(text string, v found) bool {
	return strings.HasSuffix(text[:v.start], "](") && (strings.Contains(text[v.start:v.end], "://") || strings.IndexByte("/#.", text[v.start]) >= 0)
}

// endsWhole follow, in Japanese, a value that was said to be one; wholesJapanese hold the rest.
var endsWhole = []string{"。", "、", "，", "」", "』", ")", "）", "となり", "となっ", "と入力", "と入れ", "を入力", "で解除", "を使", "で大丈夫", "でいける", "でOK", "だそう", "ということ", "とのこと", "とする", "とします", "にて", "でござ", "で、", "(", "（", "から変更", "へ変更", "です", "で。", "で開", "！", "!", "🙏", "ね", "よ"}

// wholeJapanese reports whether rest, behind a word, leaves no doubt that it was said as a value.
func wholeJapanese(rest string) bool {
	rest = strings.TrimLeft(rest, " \t*`|")
	return rest == "" || commentEnds(rest) || rest[0] == '\n' || rest[0] == '\r' || hasAnyPrefix(rest, endsWhole) || hasAnyPrefix(rest, wholesJapanese)
}

// changedJapanese reports whether rest says that something became what stood before it: パスワードを「猫又温泉」に統一する.
func changedJapanese(rest string) bool {
	return hasAnyPrefix(strings.TrimLeft(rest, " "), []string{"に変更", "に変え", "に変わ", "に統一", "に設定", "に再設定", "に更新", "に決", "にリセット", "にした", "にしま", "にして", "へ変更", "から変更", "から変え"})
}

// accountsJapanese announce, in the same sentence, who logs in.
var accountsJapanese = []string{"ユーザー", "ユーザ名", "アカウント", "ログイン", "ID", "SSID", "・", "【", "■", "●", "用"}

// besideAccount reports whether a plain word right behind a cue is a value all the same: who logs in was told before it, and the
// sentence ends behind it: ユーザー名 admin、パスワード kazesatou.
func besideAccount(text string, v found, rest string) bool {
	const reach = 80
	s := text[v.start:v.end]
	if describes(s) || meta.Has(strings.ToLower(s)) || Manager(s) || value.Identifier(s) && mixedCase(s) && lower(s[0]) {
		return false
	}
	if hasAnyPrefix(rest, opening) || hasAnyPrefix(rest, closing) || hasAnyPrefix(rest, []string{"を入力", "と入力", "を控え", "を覚え", "をメモ"}) {
		return true
	}
	line := text[max(0, v.start-reach):v.start]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	ended := rest == "" || rest[0] == '\n' || rest[0] == '\r' || hasAnyPrefix(rest, []string{"。", "」で", "で。", "」"})
	return ended && hasAny(line, accountsJapanese)
}

// commentEnds reports whether a comment of code or of HTML ends at the start of rest.
func commentEnds(rest string) bool {
	return strings.HasPrefix(rest, "-->") || strings.HasPrefix(rest, "*/")
}

// skipQuestion steps over a question that a colon parts from what it is the question of: 秘密の質問：ペットの名前は？ 答え：…
func skipQuestion(text string, i int) int {
	const reach = 90
	if !strings.HasPrefix(text[i:], ":") && !strings.HasPrefix(text[i:], "：") {
		return i
	}
	line, _, _ := strings.Cut(text[i:min(len(text), i+reach)], "\n")
	for _, end := range []string{"？", "?"} {
		if n := strings.Index(line, end); n > 0 {
			return i + n + len(end)
		}
	}
	return i
}

// setApart reports whether a wide space or two, or an account told before, sets apart what follows a cue with nothing else between:
// ・パスワード　さくらもち, ユーザー名 admin、パスワード つくしんぼ.
func setApart(text string, i int) bool {
	if strings.HasPrefix(text[i:], "\t") {
		return true
	}
	if rest, ok := strings.CutPrefix(text[i:min(len(text), i+60)], " "); ok {
		word, _, _ := strings.Cut(rest, "\n")
		word, after, _ := strings.Cut(strings.TrimRight(word, " 。"), " ")
		if hiragana(word) && after == "" || kanaOnly(word) && hasAnyPrefix(after, closing) {
			return true
		}
	}
	return accountBefore(text, i)
}

// accountBefore reports whether the line of a cue that ends at i told before who logs in, or asks to remember.
func accountBefore(text string, i int) bool {
	const reach = 72
	line := text[max(0, i-reach):i]
	return hasAny(line[strings.LastIndexByte(line, '\n')+1:], []string{"ユーザー", "ユーザ名", "アカウント", "ログイン", "ID", "SSID", "メモ", "覚え", "引き継ぎ", "引継ぎ", "申し送り"})
}

// endedJapanese reports whether a clause ends at rest, or somebody enters with what stood before it.
func endedJapanese(rest string) bool {
	rest = strings.TrimLeft(rest, " \t")
	return rest == "" || rest[0] == '\n' || rest[0] == '\r' || commentEnds(rest) || hasAnyPrefix(rest, []string{"。", "で", "を入力", "を覚え", "と入力", "に"}) || hasAnyPrefix(rest, closing)
}

// enterNear reports whether the sentence before a パス that ends at i speaks of entering.
func enterNear(text string, i int) bool {
	const reach = 60
	before := text[max(0, i-reach):i]
	return hasAny(before[sentenceStart(before):], enterJapanese) || hasAny(text[i:min(len(text), i+reach)], []string{"ログイン", "だよ", "です", "にしと"})
}

// hiragana reports whether s is three letters of hiragana or more and nothing else.
func hiragana(s string) bool {
	n := 0
	for _, r := range s {
		if r < 0x3041 || r > 0x3096 {
			return false
		}
		n++
	}
	return n >= 3
}

// pathsJapanese make a パス behind them one of files or addresses, and enterJapanese one that lets somebody in.
var (
	pathsJapanese = []string{"読み込み", "相対", "絶対", "ファイル", "ディレクトリ", "フォルダ", "インポート", "モジュール", "検索", "ライブラリ", "クリップ", "リクエスト", "ベース", "フル", "サブ", "公開", "名前付き", "アセット", "マウント", "ソース", "クラス", "ルーティング", "URL", "API", "HTTP", "出力", "入力", "実行", "移動", "リソース", "依存", "ビルド", "コード", "レンダー", "描画"}
	enterJapanese = []string{"ログイン", "Wi-Fi", "WiFi", "wifi", "無線", "ID", "解凍", "ZIP", "zip", "アカウント", "ユーザ", "管理者", "管理画面", "DB", "root", "admin", "VPN", "PC", "スマホ", "NAS", "SSH"}
)

// pathJapanese reports whether a パス that ends at i is the path of a file, a module or an address.
func pathJapanese(text string, i int) bool {
	const reach = 60
	before := text[max(0, i-reach) : i-len("パス")]
	if hasAnySuffix(before, pathsJapanese...) {
		return true
	}
	rest := strings.TrimLeft(text[i:min(len(text), i+24)], " はをにがもの:：（(`「")
	if hasAnyPrefix(rest, []string{"~/", "./", "../", "$HOME/"}) || len(rest) > 3 && letter(rest[0]) && (rest[1:3] == `:\` || rest[1:3] == ":/" && rest[3] != '/') {
		return true
	}
	rest = strings.TrimLeft(text[i:min(len(text), i+24)], " はをにがもの:（(")
	marked := strings.HasPrefix(rest, "`") || strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "*") || strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "、") || strings.HasPrefix(rest, "\"/")
	return marked && !hasAny(before[sentenceStart(before):], enterJapanese)
}
