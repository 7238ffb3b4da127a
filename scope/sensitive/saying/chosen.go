package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// shortestChosen is how long, in bytes, such a word is at least.
const shortestChosen = 8

// chosen finds words shaped as people shape passwords and as nothing else is shaped in prose: small letters, capitals, digits and
// a mark inside, "Kenkyu!Sagi4". What they are for need not be said. Code and settings, where marks are operators, are left out.
func chosen(text string, out []match.Match) []match.Match {
	for i := 0; i < len(text) && len(out) < match.Enough; {
		if !alnum(text[i]) {
			i++
			continue
		}
		j := i
		for j < len(text) && (alnum(text[j]) || strings.IndexByte("!#%&$?_-.@^~+*=(<>[{\\", text[j]) >= 0) {
			j++
		}
		if j-i < shortestChosen {
			i = j
			continue
		}
		s := strings.TrimRight(text[i:j], "!?.:-(")
		if len(s) >= shortestChosen && len(s) <= 24 && shapedByHand(s) && proseBefore(text, i) && proseAfter(text, i+len(s)) && value.Otherwise(text, i, i+len(s)) < value.Strong {
			out = append(out, match.Match{Rule: "password-shape", Kind: match.Credential, Start: i, End: i + len(s), Confidence: 0.55})
		}
		i = j
	}
	return out
}

// shapedByHand reports whether s holds two capitals or small letters of each case, a digit, and one mark between letters or digits.
func shapedByHand(s string) bool {
	sh := value.ShapeOf(s)
	if sh.Upper == 0 || sh.Lower < 2 || sh.Digit == 0 || strings.ContainsAny(s, "@^~+*=/:(<>[{\\.") {
		return false
	}
	marks := 0
	for i := 1; i+1 < len(s); i++ {
		if strings.IndexByte("!#%&$?", s[i]) >= 0 {
			if !alnum(s[i-1]) || !alnum(s[i+1]) || s[i] == '%' && digit(s[i-1]) || s[i] == '%' && s[i+1] >= '0' && s[i+1] <= '9' && i+2 < len(s) && (digit(s[i+2]) || s[i+2] >= 'A' && s[i+2] <= 'F') {
				return false
			}
			marks++
		}
	}
	return marks == 1 && !(strings.IndexByte(s, '#') > 0 && strings.Trim(s[strings.IndexByte(s, '#')+1:], "0123456789") == "" && value.Identifier(s[:strings.IndexByte(s, '#')]) && sh.Upper > 1) // PR#12
}

func proseBefore(text string, i int) bool {
	if i == 0 {
		return true
	}
	c := text[i-1]
	if c == '/' || c == ':' { // user/password, no path
		before := text[max(0, i-24) : i-1]
		before = before[strings.LastIndexAny(before, " \n\"「、。")+1:]
		return before != "" && !strings.ContainsAny(before, "/.=?&") && len(before) < 24
	}
	return c == ' ' || c == '\n' || c == '"' || c == '`' || c == '(' && i > 1 && text[i-2] == ' ' || c >= 0x80
}

func proseAfter(text string, i int) bool {
	return i >= len(text) || strings.IndexByte(" \n.,;!?\"`)", text[i]) >= 0 || text[i] >= 0x80
}

// saidWith is a phrase behind what it opens: "the laptop boots with the sentence: My 3 goats hate Mondays", "which is the string
// nine-otters-in-a-canoe".
var saidWith = pattern.New(`(?i)^(?:boots?|unlocks?|opens?|decrypts?|starts?|wakes?(?: up)?|mounts?|signs?|logs? (?:on|in)|lets? (?:me|you|us|him|her|them) in|which is|that is|is|expects?|wants?|needs?|takes?|accepts?|type|enter|says?|whispers?|gives?|uses?|with)\b(?: [a-z]+){0,3}? (?:the|this|our|my|a)? ?(?:(?:family|code|safe|magic|secret|pass|duress|watch|callback|agreed) ?)?(?:sentence|phrase|word|words|line|string|passphrase|motto|rhyme|verse|proverb|saying)s?(?: is|,| of)?:? ["'“` + "`" + `]?([A-Za-z0-9][^".”\n` + "`" + `]{5,60})`)

var saidWithWords = keyword.New([]string{"sentence", "phrase", "string ", "words", "word ", "the line", "motto", "rhyme", "proverb", "saying"})

var saidVerbs = keyword.New([]string{"boot", "unlock", "open", "decrypt", "start", "wake", "mount", "sign", "log on", "logs on", "log in", "logs in", "let", "whisper", "which is", "that is", " is ", "expect", "want", "need", "take", "accept", "type", "enter", "say ", "use", "with"})

// saidThings make such a phrase one that opens something.
var saidThings = keyword.New([]string{"boot", "unlock", "decrypt", "passw", "passphrase", "login", "log in", "logs in", "laptop", "disk", "drive", "vault", "safe", "gate", "door", "keypad", "hmac", "secret", "signing", "wallet", "backup", "restic", "borg", "luks", "prompt", "account", "family word", "code word", "safe word", "magic word", "secret word", "pass phrase", "duress", "callback", "agreed word", "teacher", "school", "concierge", "reception", "caller", "helpdesk", "bank", "admin", "root", "vpn", "wifi", "wi-fi", "volume", "archive", "export it as", "export as"})

// phrases finds what saidWith describes: a quoted or hyphenated phrase, or one behind a colon.
func phrases(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	saidWithWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.Start == 0 || letter(text[h.Start-1]) {
			return true
		}
		from := max(done, h.Start-60)
		if i := strings.LastIndexAny(text[from:h.Start], ".\n;"); i >= 0 {
			from += i + 1
		}
		to := min(len(text), h.End+90)
		if !standsNear(saidThings, text, max(0, h.Start-160), min(len(text), h.End+160)) || !budget.Spend(4*(to-from)) {
			return !budget.Spent()
		}
		done = h.End
		saidVerbs.Each(text[from:h.Start], func(v keyword.Hit) bool {
			at := from + v.Start
			for at < h.Start && text[at] == ' ' {
				at++
			}
			if at > from && letter(text[at-1]) {
				return true
			}
			m := saidWith.FindStringSubmatchIndex(text[at:to])
			if m == nil || at+m[2] < h.End {
				return true
			}
			start, end := at+m[2], at+m[3]
			s := strings.TrimRight(text[start:end], " ,'")
			quoted := strings.ContainsAny(text[h.End:start], "\"'“`")
			colon := strings.Contains(text[h.End:start], ":")
			joined := !strings.Contains(firstWord(s), " ") && strings.Count(firstWord(s), "-") >= 2
			if joined && !quoted {
				s = firstWord(s)
			}
			if !(quoted || joined || colon && strings.Count(s, " ") >= 2) || describes(firstWord(s)) && !quoted && !colon || value.Placeholder(s) || value.Reference(s) {
				return true
			}
			out = append(out, match.Match{Rule: "said-phrase", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.65})
			done = to
			return false
		})
		return len(out) < match.Enough
	})
	return out
}

// deedsJapanese follow, behind a quoted phrase, what is done with it, and what that leads to.
var deedsJapanese = pattern.New(`^(?:」|』|”)(?:を|と|って)?[^。\n]{0,24}?(?:打|入力|入れ|言|唱え|答え|伝え|書|回答)[^。\n]{0,16}?(?:開|解除|入れ|通|ログイン|つなが|起動|動|進|渡|見られ|復元|マウント|サインイン)`)

// numberDeeds are numbers that open something in Japanese: ダイヤルは1185に合わせて, 3702が裏口, 左から8、8、5で開きます.
var numberDeeds = pattern.New(`(?:ダイヤル|裏口|勝手口|通用口|玄関|金庫|倉庫|物置|錠|鍵|扉|ドア|門|ロッカー|レジ|箱|シャッター|ゲート)[^。\n]{0,60}?(\d[\d、・\- ]{1,10}\d)(?:に合わせ|を押|と押|で開|と回|と打|を入れ|と入れ|で入)|(\d{4,8})が(?:裏口|正面|玄関|金庫|倉庫|通用口|勝手口)|(?:左|右|上)から ?(\d[\d、・ ]{2,12}\d)(?:で開|に合わせ|と回|の順)|(?:錠|鍵|扉|ドア|門|金庫|ロッカー|ゲート|シャッター|玄関|裏口|通用口|キーパッド|テンキー)[^。\n]{0,24}?(\d(?:[、,・→ ]{1,3}[\d#＃*＊]){2,11}) ?の順|(?:錠|鍵|暗証|扉|ドア|門|金庫|キーパッド|テンキー)[^。\n]{0,24}?(\d(?:(?:と|、|,|・) ?\d){1,4})を?同時に`)

var numberDeedWords = keyword.New([]string{"に合わせ", "を押", "と押", "で開", "と回", "と打", "を入れ", "と入れ", "で入", "が裏口", "が正面", "が玄関", "が金庫", "が倉庫", "が通用口", "が勝手口", "の順", "を同時に", "同時に"})

// numbersOpening finds what numberDeeds describes.
func numbersOpening(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	numberDeedWords.Each(text, func(h keyword.Hit) bool {
		from := max(done, h.Start-120)
		// What comes before the deed decides nearly always, at no cost: each form of the pattern ends in a deed, and a number of
		// two digits at least, or their separator, stands right before it.
		last := h.Start - 1
		if last > from && text[last] == ' ' {
			last--
		}
		if last-from < 2 || !digit(text[last]) || !numberGoesOn(text[from:last]) {
			return true
		}
		for from < h.Start && text[from]&0xC0 == 0x80 {
			from++
		}
		if !budget.Spend(2 * (h.End - from)) {
			return false
		}
		m := numberDeeds.FindStringSubmatchIndex(text[from:h.End])
		if m == nil {
			return true
		}
		done = h.End
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 && (g == 10 || value.ShapeOf(text[from+m[g]:from+m[g+1]]).Digit >= 3) { // the last are buttons pressed together
				out = append(out, match.Match{Rule: "ja-number-deed", Kind: match.Credential, Start: from + m[g], End: from + m[g+1], Confidence: 0.65})
			}
		}
		return len(out) < match.Enough
	})
	return out
}

// numberGoesOn reports whether before ends in a digit or in what separates the digits of a number that opens something.
func numberGoesOn(before string) bool {
	c := before[len(before)-1]
	return digit(c) || c == '-' || c == ' ' || strings.HasSuffix(before, "、") || strings.HasSuffix(before, "・") || strings.HasSuffix(before, "と")
}

// typed reports whether a quoted value of letters with a digit or sign is what is to be typed, or whether it is to go into a field.
func typed(text string, start, end int, s string) bool {
	rest := strings.TrimPrefix(text[end:], "」")
	sh := value.ShapeOf(s)
	if !strings.Contains(s, " ") && sh.Lower+sh.Upper >= 3 && sh.Digit > 0 && !value.Identifier(s) && !value.Versioned(s) && hasAnyPrefix(rest, []string{"と打", "を打", "と入力", "を入力", "と入れ", "を入れ"}) {
		return true
	}
	before := strings.TrimSuffix(text[:start], "「")
	field := strings.HasSuffix(before, "枠に") || strings.HasSuffix(before, "欄に") || strings.HasSuffix(before, "窓に") || strings.HasSuffix(before, "欄には")
	if field && rehearsed.Has(strings.ToLower(s)) { // what a test types
		return false
	}
	return field && hasAny(rest[:min(len(rest), 90)], []string{"そのまま", "と入れ", "を入れ", "と打", "を打"})
}

// rehearsed are what testers type into a field.
var rehearsed = keyword.NewList(`test abc aaa aaaa foo bar dummy hoge hogehoge fuga テスト あああ ダミー ほげ`)

// interfaceJapanese are words for parts of a screen: what is quoted before them is written there for everybody.
var interfaceJapanese = []string{"ボタン", "画面", "項目", "入力欄", "メニュー", "タブ", "リンク", "一覧", "コマンド", "メール"}

// quotedDeeds finds 「…」 that opens something when typed or said: 「四時のお茶と六時の嵐」を全部ひらがなで打てば開きます.
func quotedDeeds(text string, out []match.Match, budget *match.Budget) []match.Match {
	for i := 0; i < len(text); {
		n := strings.Index(text[i:], "「")
		if n < 0 {
			return out
		}
		start := i + n + len("「")
		end := strings.Index(text[start:min(len(text), start+120)], "」")
		if end <= 0 {
			i = start
			continue
		}
		end += start
		i = end
		to := min(len(text), end+150)
		for to < len(text) && text[to]&0xC0 == 0x80 {
			to--
		}
		if !budget.Spend(3 * (to - end)) {
			return out
		}
		s := text[start:end]
		if utf8.RuneCountInString(s) < 3 || value.Placeholder(s) || value.Reference(s) || strings.Contains(s, "パスワード") || strings.Contains(s, "ボタン") || strings.Contains(s, "設定") || strings.Contains(s, "ください") {
			continue
		}
		if rest := text[end:to]; (deedsJapanese.MatchString(rest) || typed(text, start, end, s)) && !hasAny(rest[:min(len(rest), 90)], interfaceJapanese) {
			out = append(out, match.Match{Rule: "ja-said-phrase", Kind: match.Credential, Start: start, End: end, Confidence: 0.6})
		}
	}
	return out
}

// inlineCodes finds codes quoted in a row behind what announces them: "these one-time codes still work: `2183 1905`, `3761 7193`".
func inlineCodes(text string, out []match.Match) []match.Match {
	if strings.Count(text, "`") < 4 {
		return out
	}
	first, last, n := -1, 0, 0
	for i := 0; i < len(text); {
		open := strings.IndexByte(text[i:], '`')
		if open < 0 {
			break
		}
		open += i
		size := strings.IndexByte(text[open+1:min(len(text), open+66)], '`')
		if size < 0 {
			i = open + 1
			continue
		}
		s := text[open+1 : open+1+size]
		if grouped(s) && (n == 0 || open-last < 12) {
			if n == 0 {
				first = open + 1
			}
			n, last = n+1, open+1+size
			if n == 2 && listCues.Contains(text[max(0, first-listedReach):first]) {
				out = append(out, match.Match{Rule: "listed-codes", Kind: match.Credential, Start: first, End: last, Confidence: 0.7})
			}
		} else {
			n = 0
		}
		i = open + size + 2
	}
	return out
}

// signs are pictures that stand for a lock, a door or a network.
var signs = keyword.New([]string{"🔐", "🔑", "🔒", "🔓", "🚪", "🗝", "📶", "🛜"})

// pictured finds what stands behind such a picture: a number, or behind an arrow or a colon a word with signs in it.
func pictured(text string, out []match.Match) []match.Match {
	signs.Each(text, func(h keyword.Hit) bool {
		i := h.End
		for i < len(text) && i-h.End < 8 && (text[i] == ' ' || text[i] >= 0xF0 || text[i]&0xC0 == 0x80 || text[i] == ':') {
			i++
		}
		j := i
		for j < len(text) && (digit(text[j]) || text[j] == '-' || text[j] == '#' || text[j] == '*') {
			j++
		}
		if n := value.ShapeOf(text[i:j]).Digit; n >= 3 && n <= 10 && !calendar(text[i:j]) && !unitFollows(text, j) && (j == len(text) || !alnum(text[j]) && text[j] != '.' && text[j] != ':' && text[j] != '/') {
			out = append(out, match.Match{Rule: "pictured", Kind: match.Credential, Start: i, End: j, Confidence: 0.65})
			return len(out) < match.Enough
		}
		end := min(len(text), h.End+70)
		for _, arrow := range []string{"→", "➡", "=>", "->", ": "} {
			at := strings.Index(text[h.End:end], arrow)
			if at < 0 || strings.IndexByte(text[h.End:h.End+at], '\n') >= 0 {
				continue
			}
			start := skipSpace(text, h.End+at+len(arrow), 4)
			stop := start
			for stop < len(text) && text[stop] > ' ' && text[stop] < 0x80 {
				stop++
			}
			if s := strings.TrimRight(text[start:stop], ".,;"); len(s) >= 6 && (strings.Count(s, "-") >= 2 || passwordLike(s)) && !value.Reference(s) && !value.Placeholder(s) && !describes(s) {
				out = append(out, match.Match{Rule: "pictured", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.6})
				break
			}
		}
		return len(out) < match.Enough
	})
	return out
}
