package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// What opens with a value when it is typed, and the words for typing it: 添付のZIPは tanuki88 で解凍, PDFを開くには Kaze-2210 と入力.
var (
	opensWith   = keyword.New([]string{"で解凍", "で開", "でログイン", "でログオン", "でサインイン", "と入力", "を入力", "で解除", "で解錠", "で開錠", "を押", "と押", "で接続", "でつなが", "で入れ", "で入り", "で入る"})
	opensThings = keyword.New([]string{"ZIP", "PDF", "ファイル", "添付", "圧縮", "PC", "パソコン", "端末", "サーバ", "ログイン", "ログオン", "金庫", "ロッカー", "キーパッド", "テンキー", "ドア", "玄関", "裏口", "入口", "入り口", "通用口", "扉", "倉庫", "アラーム", "警備", "警報", "防犯", "シャッター", "門", "ゲート", "錠", "複合機", "NAS", "ルータ", "カメラ", "Excel", "エクセル", "ブック", "共有フォルダ", "暗号化", "ロック", "スマホ", "タブレット", "管理画面", "Wi-Fi", "VPN"})
	opensLocks  = keyword.New([]string{"金庫", "ロッカー", "キーパッド", "テンキー", "ドア", "玄関", "裏口", "入口", "入り口", "通用口", "扉", "倉庫", "アラーム", "警備", "警報", "防犯", "シャッター", "門", "ゲート", "錠", "ロック", "スマホ", "タブレット"})
)

// openedJapanese finds what opensWith and opensThings describe: right before the words for typing stands the value, and before that は, with what
// opens in the same sentence.
func openedJapanese(text string, out []match.Match, budget *match.Budget) []match.Match {
	opensWith.Each(text, func(h keyword.Hit) bool {
		const reach = 110
		from := max(0, h.Start-reach)
		body := strings.TrimRight(text[from:h.Start], " ")
		start, end, quoted := valueBefore(body)
		if !quoted && strings.Trim(body[start:end], "0123456789") == "" && start > 0 && body[start-1] >= 0x80 {
			start = min(start, kanaStart(body, false))
		}
		if end-start < 3 || from+start == 0 {
			return true
		}
		if !budget.Spend((h.Start - from) / 4) {
			return false
		}
		head := strings.TrimRight(body[:start], " 「『\"'`\u3000")
		head = head[sentenceStart(head):]
		subject := hasAnySuffix(head, "は", "には", "：", ":", "、")
		if !subject || !opensThings.Contains(head) {
			return true
		}
		s := body[start:end]
		if !opensJapanese(s, quoted, quoted || strings.HasSuffix(body[:start], " ") && strings.HasPrefix(text[h.Start-1:], " "), !strings.HasPrefix(text[h.Start:], "で開") && !strings.HasSuffix(text[h.Start:h.End], "押"), opensLocks.Contains(head)) || hasAny(head, []string{"例", "サンプル"}) || value.Otherwise(text, from+start, from+end) >= value.Certain && !numberGroup(s) {
			return true
		}
		out = append(out, match.Match{Rule: "ja-opens", Kind: match.Credential, Start: from + start, End: from + end, Confidence: 0.76})
		return len(out) < match.Enough
	})
	return out
}

// kanaStart returns where the word in kana begins that body ends with, if a space stands before it, or, where first, nothing.
func kanaStart(body string, first bool) int {
	body = strings.TrimRight(body, " ")
	at := strings.LastIndexAny(body, " \n") + 1
	if (at > 0 || first) && kanaOnly(strings.TrimRight(body[at:], "0123456789")) {
		return at
	}
	return len(body)
}

// opensJapanese reports whether s may be what opens something. Into fields people type commands and answers too, so that a plain word is
// none unless it is one in kana that was set apart.
func opensJapanese(s string, quoted, apart, typed, lock bool) bool {
	sh := value.ShapeOf(s)
	if value.Placeholder(s) || technical(s) || Manager(s) || value.Versioned(s) || value.File(s) || strings.ContainsAny(s, "<>{}()=$/\\|") {
		return false
	}
	if sh.High > 0 {
		word := strings.TrimRight(s, "0123456789")
		if quoted && !DescribesJapanese(s) && !hasAny(s, instead) && utf8.RuneCountInString(s) <= 12 && typed {
			return true
		}
		return apart && (typed || !quoted) && !DescribesJapanese(s) && !hasAny(s, kanaTalk) && !hasAny(s, instead) && len(word) >= 9 && kanaOnly(word)
	}
	code := strings.Trim(s, "#*")
	if csh := value.ShapeOf(code); lock && (csh.Digit == csh.Len && csh.Len >= 3 && csh.Len <= 10 || numberGroup(code)) {
		return true
	}
	if measured(s) && !numberGroup(s) || value.Reference(s) && !value.Words(strings.ToLower(s)) {
		return false
	}
	return sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && len(s) >= 5 && !value.Digest(s) || numberGroup(s) || sh.Digit == sh.Len && sh.Len >= 6 && sh.Len <= 10 || strings.Count(s, "-") >= 2 && !describes(s) || sh.Lower >= 3 && strings.ContainsAny(s, "!@#%&")
}

// lockedNumber is the number of a lock behind what it locks: オートロックの番号は6736, 裏口のキーパッドは 5168# です,
// スペアキーはキーボックス（番号 2987）.
var lockedNumber = pattern.New(`^([^。\n0-9]{0,36}?)(?:は|が|を|：|:|→| |\x{3000}|（|番号|コード)「?([#*]?\d{3,8}(?:-\d{2,4}){0,2}[#*]?)」? ?(です|だ|で開|で入|で解|を押|と押|を入力|と入力|に変|に設定|になり|となり|\)|）|。|、|」|$|\r?\n|！|!)`)

// lockNouns are what a number opens; those of locksAlone do so without a word for the number.
var (
	lockNouns  = keyword.New([]string{"金庫", "ロッカー", "南京錠", "キーパッド", "テンキー", "オートロック", "玄関", "裏口", "勝手口", "通用口", "入口", "入り口", "ドア", "扉", "門", "ゲート", "倉庫", "物置", "シャッター", "ポスト", "宅配ボックス", "キーボックス", "スマートロック", "警備", "アラーム", "警報", "防犯", "スマホ", "携帯", "タブレット", "サーバー室", "サーバ室", "サーバールーム", "サーバルーム", "データセンター", "会議室", "事務所", "エレベーター", "駐輪場", "駐車場", "自転車", "スーツケース", "チェーン", "ダイヤル", "複合機", "機械警備", "セコム", "ALSOK", "マンション", "エントランス"})
	locksAlone = []string{"キーパッド", "テンキー", "オートロック", "南京錠", "ダイヤル", "ロック", "錠", "金庫"}
	lockWords  = []string{"番号", "コード", "数字", "ナンバー", "暗証", "開け方", "解除", "解錠", "開錠", "パス"}
	lockOthers = []string{"電話", "型番", "品番", "部屋", "管理", "製造", "郵便", "会員", "機種", "備品", "資産", "住所", "ポート", "台数", "サイズ", "重さ", "高さ", "幅", "内線", "シリアル", "受付", "整理", "料金", "価格", "定員", "面積", "エラー", "QR", "バー", "ソース", "コードレビュー", "カタログ", "注文", "プロジェクト", "口座", "社員", "IP"}
)

// locked finds what lockedNumber describes.
func locked(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	lockNouns.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || keyword.KatakanaBefore(text, h.Start) { // フリーダイヤル
			return true
		}
		const reach = 150
		to := min(len(text), h.End+reach)
		if !strings.ContainsAny(text[h.End:to], "0123456789") {
			return true
		}
		if !budget.Spend((to - h.End) / 2) {
			return false
		}
		m := lockedNumber.FindStringSubmatchIndex(text[h.End:to])
		if m == nil {
			return true
		}
		gap := text[h.Start : h.End+m[4]]
		end := text[h.End+m[6] : h.End+m[7]]
		opens := hasAnyPrefix(end, []string{"で開", "で入", "で解", "を押", "と押"})
		if hasAny(gap, lockOthers) || !hasAny(gap, lockWords) && !opens && !(hasAny(gap, locksAlone) && (strings.HasPrefix(end, "です") || strings.TrimSpace(end) == "")) {
			return true
		}
		start, stop := h.End+m[4], h.End+m[5]
		if n := strings.Trim(text[start:stop], "#*"); len(n) == 3 && !hasAny(gap, []string{"暗証", "番号", "ダイヤル"}) {
			return true
		}
		done = stop
		out = append(out, match.Match{Rule: "ja-locked", Kind: match.Credential, Start: start, End: stop, Confidence: 0.76})
		return len(out) < match.Enough
	})
	return out
}
