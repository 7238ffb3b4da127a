package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// Someone who dictates a password says which case a letter has: "capital K, small a, seven, hyphen", 「大文字のケー、小文字のエー」.
// Nobody else says so of single letters twice in a row, so that no word for a password is needed.
var caseWords = keyword.New([]string{"capital ", "capital-", "uppercase ", "upper case ", "upper-case ", "lowercase ", "lower case ", "lower-case ", "small ", "大文字", "小文字", " as in ", " for "})

// dictatedReach is how far apart, in bytes, two such remarks may stand.
const dictatedReach = 90

// dictated finds values spelled out loud.
func dictated(text string, out []match.Match) []match.Match {
	first, last, n := -1, -1, 0
	caseWords.Each(text, func(h keyword.Hit) bool {
		start, end, ok := letterSaid(text, h)
		if !ok {
			return true
		}
		if n == 0 || start-last > dictatedReach || strings.IndexByte(text[min(last, start):start], '\n') >= 0 {
			first, n = start, 0
		}
		n, last = n+1, end
		if n == 2 {
			out = append(out, match.Match{Rule: "dictated", Kind: match.Credential, Start: first, End: end, Confidence: 0.75})
		}
		return len(out) < match.Enough
	})
	return out
}

// letterSaid reports whether a hit says how one letter is to be written: "capital K", "m as in mike", 大文字のケー.
func letterSaid(text string, h keyword.Hit) (start, end int, ok bool) {
	w := text[h.Start:h.End]
	if w == " as in " || w == " for " { // m as in mike, N for November
		if h.Start == 0 || !letter(text[h.Start-1]) || h.Start > 1 && (alnum(text[h.Start-2]) || text[h.Start-2] >= 0x80 || text[h.Start-2] == '\'') || h.End >= len(text) {
			return 0, 0, false
		}
		word := text[h.End:wordEnd(text, h.End)]
		return h.Start - 1, h.End + len(word), len(word) > 2 && lowered(word[0]) == lowered(text[h.Start-1])
	}
	if w[0] < 0x80 {
		if h.Start > 0 && alnum(text[h.Start-1]) || h.End >= len(text) || !letter(text[h.End]) || h.End+1 < len(text) && (alnum(text[h.End+1]) || text[h.End+1] == '\'' || text[h.End+1] == '-' || text[h.End+1] >= 0x80) {
			return 0, 0, false
		}
		return h.Start, h.End + 1, true
	}
	i := h.End
	for _, p := range []string{"の", "で", "、", " "} {
		i += len(text[i:]) - len(strings.TrimPrefix(text[i:], p))
	}
	for _, l := range lettersJapanese {
		if strings.HasPrefix(text[i:], l) && !keyword.KatakanaAfter(text, i+len(l)) {
			return h.Start, i + len(l), true
		}
	}
	if i < len(text) && letter(text[i]) && (i+1 >= len(text) || !alnum(text[i+1])) {
		return h.Start, i + 1, true
	}
	return 0, 0, false
}

// lettersJapanese are the names of the Latin letters in Japanese.
var lettersJapanese = strings.Fields(`エー エイ ビー シー ディー デー イー エフ ジー エイチ エッチ アイ ジェイ ジェー ケー ケイ エル エム エヌ オー ピー キュー アール エス ティー テー ユー ブイ ヴイ ダブリュー ダブル エックス ワイ ゼット`)

// alphabetWords are how letters are named over the telephone.
const alphabetList = `alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray x-ray yankee zulu`

var alphabetWords = keyword.NewList(alphabetList)

// radio finds values told letter by letter: in the alphabet of the telephone, or as single letters, with numbers and the names of
// signs among them: "kilo seven tango whiskey", "capital T, r, u, m, p, dash, seven". Four letters at least, or three by name and a
// digit, out of the order of the alphabet, in which such words name things; and with single letters a digit, a sign or a case.
func radio(text string, out []match.Match) []match.Match {
	start, end, letters, others, words, ordered := -1, 0, 0, 0, 0, true
	prev := byte(0)
	flush := func() {
		if (letters >= 4 || words == 3 && others > 0) && !ordered && !talk.Has(strings.ToLower(strings.ReplaceAll(text[max(0, start):end], " ", ""))) && !strings.Contains(strings.ToLower(strings.ReplaceAll(text[max(0, start):end], " ", "")), "password") && (words == letters || others > 0) {
			out = append(out, match.Match{Rule: "dictated", Kind: match.Credential, Start: start, End: end, Confidence: 0.7})
		}
		start, letters, others, words, ordered, prev = -1, 0, 0, 0, true, 0
	}
	for i := 0; i < len(text); {
		if !alnum(text[i]) {
			if c := text[i]; c >= 0x80 || strings.IndexByte(".\n;=(/[<*+_{|", c) >= 0 {
				flush()
			}
			i++
			continue
		}
		j := i
		for j < len(text) && (alnum(text[j]) || text[j] == '-' && j+1 < len(text) && letter(text[j+1]) && j-i > 1 || text[j] == '\'') {
			j++
		}
		if j > i+1 && !radioWords.Maybe(text[i:min(j, i+12)]) {
			flush()
			i = j
			continue
		}
		w := strings.ToLower(text[i:min(j, i+12)])
		named := alphabetWords.Has(w)
		switch {
		case named || j == i+1 && letter(text[i]):
			if start < 0 {
				start = i
			}
			ordered = ordered && (prev == 0 || w[0] == prev+1)
			prev, end = w[0], j
			letters++
			if named {
				words++
			}
		case spokenDigits.Has(w) || j == i+1 || signWords.Has(w):
			if start < 0 {
				start = i
			}
			end = j
			if w != "and" && w != "then" {
				others++
			}
		default:
			flush()
		}
		i = j
	}
	flush()
	return out
}

// signWords name signs, and the case of what follows.
var signWords = keyword.NewList(signList)

const signList = `dash hyphen minus dot point underscore bang exclamation hash hashtag pound star asterisk slash plus at percent dollar ampersand equals question mark sign capital cap upper lower uppercase lowercase upper-case lower-case small big comma colon then and`

// radioWords are all that count there.
var radioWords = keyword.NewList(alphabetList + " " + spokenDigitWords + " " + signList)

// digitsJapanese are the digits as they are said, longer names first.
var digitsJapanese = strings.Fields(`きゅう キュウ ゼロ ぜろ れい まる マル いち イチ さん サン よん ヨン ろく ロク なな ナナ しち シチ はち ハチ に ニ ご ゴ し シ く ク 一 二 三 四 五 六 七 八 九 零 〇`)

// spokenThings are what such numbers open.
var spokenThings = keyword.New([]string{"番号", "暗証", "コード", "ロック", "鍵", "カギ", "金庫", "ドア", "扉", "門", "ゲート", "玄関", "パス", "解除", "シャッター", "エレベーター", "入口", "裏口", "開", "入室", "キーパッド", "テンキー", "駐輪", "駐車", "倉庫", "ロッカー", "ボックス", "アラーム", "警備", "米印", "シャープ", "いげた", "ピン", "読み上げ", "カード", "口座", "レジ", "回す", "合わせ"})

// spokenJapanese finds numbers said digit by digit: 「さん、はち、いち、いち」. Four in a row with something between them,
// which do not count up, where the text speaks of what they open.
func spokenJapanese(text string, out []match.Match) []match.Match {
	for i := 0; i < len(text) && len(out) < match.Enough; {
		if text[i] < 0xE3 || i > 0 && kanaBefore(text, i) {
			i++
			continue
		}
		end, n, counts := i, 0, true
		for at, prev := i, -1; at < len(text) && n < 24; {
			k, size := digitJapanese(text[at:])
			if size == 0 {
				break
			}
			counts = counts && (prev < 0 || k == prev+1)
			n, prev, end = n+1, k, at+size
			next := skipPause(text, end)
			if next == end && !kanjiDigit(text[at:end]) {
				break
			}
			at = next
		}
		for _, p := range []string{"年", "月", "日", "時", "分", "人", "円", "個", "回", "件", "階", "号", "歳", "度", "万", "億", "番線", "丁目", "番地", "つ", "本", "台"} {
			if strings.HasPrefix(text[end:], p) {
				n = 0
			}
		}
		if strings.Trim(text[i:end], "〇、 ") == "" { // the mask of a form
			n = 0
		}
		if n >= 10 && kanjiDigit(text[i:]) || n >= 4 && !counts && spokenThings.Contains(text[max(0, i-150):min(len(text), end+90)]) {
			out = append(out, match.Match{Rule: "spoken-digits", Kind: match.Credential, Start: i, End: end, Confidence: 0.75})
		}
		i = max(end, i+1)
	}
	return out
}

// kanaBefore reports whether a kana or Chinese character stands right before i, so that a digit there is part of a word.
func kanaBefore(text string, i int) bool {
	s := text[max(0, i-3):i]
	return len(s) == 3 && s[0] >= 0xE3 && s[0] <= 0xE9 && !strings.HasSuffix(s, "、") && !strings.HasSuffix(s, "・") && !strings.HasSuffix(s, "。") && !strings.HasSuffix(s, "「") && !strings.HasSuffix(s, "　") && s != "は" && s != "が" && s != "で"
}

// kanjiDigit reports whether a digit is a Chinese character: those need no pause, 「一八七〇」, but are no number of years or people.
func kanjiDigit(s string) bool { return s >= "一" || s == "〇" }

// digitJapanese reads a digit at the start of s: its value and length in bytes, 0 if there is none.
func digitJapanese(s string) (value, size int) {
	for i, d := range digitsJapanese {
		if strings.HasPrefix(s, d) {
			return digitValues[i], len(d)
		}
	}
	return 0, 0
}

var digitValues = []int{9, 9, 0, 0, 0, 0, 0, 1, 1, 3, 3, 4, 4, 6, 6, 7, 7, 7, 7, 8, 8, 2, 2, 5, 5, 4, 4, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0}

// skipPause steps over what people put between digits.
func skipPause(text string, i int) int {
	for range 3 {
		for _, p := range []string{"、", "・", " ", "　", ",", "-", "の"} {
			if strings.HasPrefix(text[i:], p) {
				i += len(p)
				break
			}
		}
	}
	return i
}

// lettersSaid finds values spelled in kana: 「えす、おー、びー、はいふん、ろく」. Four names of letters, signs and digits with a pause
// between them, three of letters.
func lettersSaid(text string, out []match.Match) []match.Match {
	for i := 0; i < len(text) && len(out) < match.Enough; {
		if text[i] < 0xE3 || i > 0 && kanaBefore(text, i) {
			i++
			continue
		}
		end, n, letters := i, 0, 0
		for at := i; at < len(text) && n < 40; {
			size := nameOf(text[at:], lettersJapanese)
			if size == 0 {
				size = nameOf(text[at:], lettersHiragana)
			}
			if size > 0 {
				letters++
			} else if size = nameOf(text[at:], signsJapanese); size == 0 {
				_, size = digitJapanese(text[at:])
			}
			if size == 0 {
				break
			}
			n, end = n+1, at+size
			next := skipPause(text, end)
			if next == end {
				break
			}
			at = next
		}
		if n >= 4 && letters >= 3 {
			out = append(out, match.Match{Rule: "dictated", Kind: match.Credential, Start: i, End: end, Confidence: 0.7})
		}
		i = max(end, i+1)
	}
	return out
}

// nameOf returns the length of the one of names that s begins with, 0 if there is none.
func nameOf(s string, names []string) int {
	for _, n := range names {
		if strings.HasPrefix(s, n) {
			return len(n)
		}
	}
	return 0
}

var (
	lettersHiragana = strings.Fields(`えー えい びー しー でぃー でー いー えふ じー えいち えっち あい じぇい じぇー けー けい える えむ えぬ おー ぴー きゅー あーる えす てぃー てー ゆー ぶい だぶりゅー えっくす わい ぜっと`)
	signsJapanese   = strings.Fields(`ハイフン はいふん アンダーバー アンダースコア ドット どっと ピリオド スラッシュ シャープ アットマーク アット びっくりマーク びっくり ビックリマーク 感嘆符 ドル パーセント アンド プラス マイナス イコール アスタリスク 米印 クエスチョン はてな 大文字 小文字 数字 スペース 空白`)
)

// listCues announce a list of codes, one a line.
var listCues = keyword.New([]string{"recovery", "backup", "back-up", "scratch", "rescue", "emergency", "one-time", "one time", "2fa", "mfa", "two-factor", "otp", "codes", "keys", "vouchers", "pins", "リカバリー", "バックアップ", "復旧", "復元", "回復", "予備", "緊急", "ワンタイム", "コード", "認証"})

// listedReach is how far before a list, in bytes, what announces it may stand.
const listedReach = 160

// listed finds codes below what announces them: two lines or more that hold nothing but groups of letters and digits.
func listed(text string, out []match.Match) []match.Match {
	if strings.Count(text, "\n") < 2 {
		return out
	}
	first, end, n := -1, 0, 0
	flush := func() {
		if n >= 2 && listCues.Contains(text[max(0, first-listedReach):first]) {
			out = append(out, match.Match{Rule: "listed-codes", Kind: match.Credential, Start: first, End: end, Confidence: 0.75})
		}
		first, n = -1, 0
	}
	for at := 0; at < len(text) && len(out) < match.Enough; {
		stop := strings.IndexByte(text[at:], '\n')
		if stop < 0 {
			stop = len(text) - at
		}
		line := text[at : at+stop]
		s := strings.TrimSpace(strings.TrimLeft(line, " \t-*•・"))
		if i := strings.IndexAny(s, ".)"); i > 0 && i <= 2 && strings.Trim(s[:i], "0123456789") == "" { // a number of the list
			s = strings.TrimSpace(s[i+1:])
		}
		switch {
		case grouped(s):
			if n == 0 {
				first = at + strings.Index(line, s)
			}
			n++
			end = at + strings.Index(line, s) + len(s)
		case strings.TrimSpace(line) != "" || n == 0:
			flush()
		}
		at += stop + 1
	}
	flush()
	return out
}

// grouped reports whether s is groups of four to ten letters and digits with digits among them: 2734-2741-4622, 840e0 a72bc.
func grouped(s string) bool {
	if len(s) < 6 || len(s) > 64 {
		return false
	}
	groups, digits := 0, 0
	for _, g := range strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == ' ' }) {
		sh := value.ShapeOf(g)
		if sh.Len < 3 || sh.Len > 10 || sh.Other+sh.High > 0 {
			return false
		}
		digits += sh.Digit
		groups++
	}
	return groups >= 1 && digits >= 2 && (groups >= 2 || digits >= 3) && !calendar(s) && !(groups == 1 && value.Identifier(s))
}
