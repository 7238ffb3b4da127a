package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// spokenDigits are the digits as people say them to a microphone.
const spokenDigitWords = `zero oh nought one two three four five six seven eight nine double triple ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety`

var (
	spokenDigits = keyword.NewList(spokenDigitWords)
	spokenWords  = keyword.New(strings.Fields(spokenDigitWords))
)

// spokenCues are what such a number opens.
var spokenCues = keyword.New([]string{"card", "cards", "number", "open", "opens", "hold", "star", "enter", "radio", "digits", "override", "till", "錠", "お入り", "social security", "ssn", "スマホ", "携帯", "アプリ", "通帳", "カード", "タブレット", "iPhone", "アイフォン", "シャッター", "tap", "dial", "dials", "dialling", "punch", "press", "screen", "padlock", "lockbox", "suitcase", "luggage", "暗証", "番号", "コード", "ロック", "金庫", "鍵", "解除", "ピン", "ダイヤル", "puk", "tan", "cvv", "cvc", "lock", "locks", "pin", "code", "password", "passcode", "pass code", "combination", "combo", "safe", "alarm", "garage", "gate", "door", "voicemail", "locker", "keypad", "vault", "unlock", "otp"})

// spokenLeast is how many digits in a row make a number that someone dictates.
const spokenLeast = 4

// spoken finds numbers said or written digit by digit, "two two eight four", "7 0 3 8", in texts that speak of what they open.
// Digits that count up are no such number.
func spoken(text string, out []match.Match, budget *match.Budget) []match.Match {
	start, run, prev, counts := -1, 0, -1, true
	reset := func() { start, run, prev, counts = -1, 0, -1, true }
	for i := 0; i < len(text); {
		c := text[i]
		if !alnum(c) {
			if c != ' ' && c != ',' && c != '-' && !strings.HasPrefix(text[i:], "・") && !strings.HasPrefix(text[i:], "、") && (c < 0x80 || c > 0xBF || i < 2 || text[i-1] < 0x80) {
				reset()
			}
			i++
			continue
		}
		j := i
		for j < len(text) && alnum(text[j]) {
			j++
		}
		one := j == i+1 && digit(c) && (j >= len(text) || text[j] != '.' || j+1 >= len(text) || !digit(text[j+1]))
		if w := text[i:j]; run > 0 && (w == "dash" || w == "hyphen" || w == "space" || w == "then" || w == "and") {
			i = j
			continue
		}
		if !one && (j-i > 9 || !spokenDigits.Has(strings.ToLower(text[i:j]))) {
			reset()
			i = j
			continue
		}
		if run == 0 {
			start = i
		}
		d := int(c - '0')
		if !one {
			d = digitWord(text[i:j])
		}
		counts = counts && (run == 0 || d == prev+1)
		run, prev, i = run+1, d, j
		if run < spokenLeast || counts || run > spokenLeast && run > 12 {
			continue
		}
		from, to := max(0, start-80), min(len(text), j+60)
		if !budget.Spend(to - from) {
			return out
		}
		if hasCue(text[from:to]) && !factors.Contains(strings.ToLower(text[from:start])) {
			out = append(out, match.Match{Rule: "spoken-digits", Kind: match.Credential, Start: start, End: j, Confidence: 0.75})
			reset()
		}
	}
	return out
}

// factors say that digits in a row are what those of another number are multiplied by, as where a check digit is explained.
var factors = keyword.New([]string{"weights ", "weights:", "weighted ", "multiplied by", "multipliers", "coefficients", "係数", "重み", "ウェイト"})

// digitWord is the digit that a word names, or a number that no other follows.
func digitWord(w string) int {
	for d, name := range []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		if strings.EqualFold(w, name) {
			return d
		}
	}
	return -9
}

func hasCue(part string) bool {
	found := false
	spokenCues.Each(part, func(h keyword.Hit) bool {
		found = !(h.Start > 0 && letter(part[h.Start-1])) && !(h.End < len(part) && letter(part[h.End]) && part[h.End] != 's')
		return !found
	})
	return found
}

// pairJapanese is a login said as a pair with what it does: 「admin と さくらもち88! で入れた」.
var pairJapanese = pattern.New(`([A-Za-z][A-Za-z0-9._@-]{1,30})(?: ?[と/／、・&＆] ?| / )「?([^\s「」、。/]{4,30}?)」?(?: ?)(?:で入|でログイン|でサインイン|で通|でいけ|で行け|でOK|でつな|で接続|って打|と打|を入れ|と入れ|でアクセス|で認証|です|だよ|だった|でした|のまま|になって|に変)`)

var pairEndings = keyword.New([]string{"で入", "でログイン", "でサインイン", "で通", "でいけ", "で行け", "でOK", "でつな", "で接続", "って打", "と打", "を入れ", "と入れ", "でアクセス", "で認証", "です", "だよ", "だった", "でした", "のまま", "になって", "に変"})

// saidPairs finds what pairJapanese describes: behind the name of a usual account any value counts, behind another one that
// holds letters and a digit or sign.
func saidPairs(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	pairEndings.Each(text, func(h keyword.Hit) bool {
		from := max(done, h.Start-80)
		if h.Start <= from {
			return true
		}
		for from < h.Start && text[from]&0xC0 == 0x80 {
			from++
		}
		if !budget.Spend(2 * (h.End - from)) {
			return false
		}
		for _, m := range pairJapanese.FindAllStringSubmatchIndex(text[from:h.End], 3) {
			user, s := strings.ToLower(text[from+m[2]:from+m[3]]), text[from+m[4]:from+m[5]]
			sh := value.ShapeOf(s)
			made := sh.Digit > 0 && sh.Digit < sh.Len && (sh.Other > 0 || sh.High > 0 || sh.Upper > 0 || accounts.Has(user)) || sh.Other > 0 && sh.High == 0 && accounts.Has(user) && sh.Lower+sh.Upper >= 4
			made = made || accounts.Has(user) && sh.High == 0 && sh.Lower >= 4 && !describes(s) && loginsJapanese.Contains(text[from:from+m[2]])
			if !made || value.Reference(s) && !value.Words(s) || value.Placeholder(s) || value.Versioned(s) || value.Numbered(s) || value.Quantity(s) || measured(s) || technical(s) || strings.HasPrefix(user, "ipv") || notUsers.Has(user) || strings.ContainsAny(s, "年月日時分回件個%％は()[]") {
				continue
			}
			done = h.End
			out = append(out, match.Match{Rule: "ja-login-pair", Kind: match.Credential, Start: from + m[4], End: from + m[5], Confidence: 0.65})
		}
		return len(out) < match.Enough
	})
	return out
}

// loginsJapanese announce a login.
var loginsJapanese = keyword.New([]string{"ログイン", "認証情報", "アカウント", "資格情報", "クレデンシャル"})

// accounts are names that accounts have everywhere.
var accounts = keyword.NewList(`root admin administrator guest sa postgres ubuntu oracle mysql sysadmin superuser operator jenkins deploy pi user ops svc test demo manager support backup monitor kanri kanrisha`)

// enteredWords follow, in Japanese, what is to be typed or what opens a login.
var enteredWords = keyword.New([]string{"と入力", "を入力", "って入力", "と入れ", "を入れ", "って入れ", "と打", "を打ち", "でログイン", "で入っ", "で入れ", "で開き", "で開く", "で開け", "で解凍", "で解除", "を直接打", "をそのまま", "を直接入", "を手で", "をコピペ", "を貼"})

// whoEnters, right before what somebody logs in with, make it the one who does.
var whoEnters = []string{"メンバー", "ユーザー", "ユーザ", "ユーザー名", "ユーザ名", "アカウント", "ロール", "管理者", "ログインID"}

// entered finds what is to be typed: "hokkaido88 と入力", "deploy / kumo-no-ito で入って".
func entered(text string, out []match.Match, budget *match.Budget) []match.Match {
	enteredWords.Each(text, func(h keyword.Hit) bool {
		if !budget.Spend(64) {
			return false
		}
		end := h.Start
		for end > 0 && (text[end-1] == ' ' || text[end-1] == '"' || text[end-1] == '\'') {
			end--
		}
		start := end
		for start > 0 && end-start < 48 && text[start-1] > ' ' && text[start-1] < 0x80 && text[start-1] != '"' && text[start-1] != '\'' {
			start--
		}
		s := text[start:end]
		sh := value.ShapeOf(s)
		pair := strings.HasSuffix(strings.TrimRight(text[max(0, start-3):start], " "), "/")
		made := sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && len(s) >= 6 || sh.Other == 0 && len(s) >= 8 && mixedCase(s) && value.Random(s) >= 0.9 && !value.Identifier(s)
		joined := pair && len(s) >= 5 && (strings.ContainsAny(s, "-_") || sh.Digit > 0 || sh.Upper > 0)
		if !made && !joined || value.Placeholder(s) || value.Reference(s) || value.Versioned(s) || value.Digest(s) && !(pair && len(s) >= 32) || measured(s) || technical(s) || strings.ContainsAny(s, "()<>{}=") {
			return true
		}
		if !pair && strings.HasPrefix(text[h.Start:], "でログイン") && hasAnySuffix(strings.TrimRight(text[:start], " `「"), whoEnters...) { // メンバー hanako_1 でログイン
			return true
		}
		conf := 0.65
		if value.Digest(s) {
			conf = 0.7
		}
		out = append(out, match.Match{Rule: "ja-entered", Kind: match.Credential, Start: start, End: end, Confidence: conf})
		return true
	})
	return out
}
