package saying

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// chosen finds words shaped as people shape passwords and as nothing else is shaped in prose: small letters, capitals, digits and
// a mark inside, "Kenkyu!Sagi4". What they are for need not be said. Code and settings, where marks are operators, are left out.
func chosen(text string, out []match.Match) []match.Match {
	for i := 0; i < len(text) && len(out) < match.Enough; {
		if !alnum(text[i]) {
			i++
			continue
		}
		j := i
		for j < len(text) && (alnum(text[j]) || strings.IndexByte("!#%&$?_-.@^~+*=/:(<>[{\\", text[j]) >= 0) {
			j++
		}
		s := strings.TrimRight(text[i:j], "!?.:-(")
		if len(s) >= 8 && len(s) <= 24 && shapedByHand(s) && proseBefore(text, i) && proseAfter(text, i+len(s)) {
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
	return c == ' ' || c == '\n' || c == '"' || c == '`' || c == '(' && i > 1 && text[i-2] == ' ' || c >= 0x80
}

func proseAfter(text string, i int) bool {
	return i >= len(text) || strings.IndexByte(" \n.,;!?\"`)", text[i]) >= 0 || text[i] >= 0x80
}

// saidWith is a phrase behind what it opens: "the laptop boots with the sentence: My 3 goats hate Mondays", "which is the string
// nine-otters-in-a-canoe".
var saidWith = pattern.New(`(?i)^(?:boots?|unlocks?|opens?|decrypts?|starts?|wakes?(?: up)?|mounts?|signs?|logs? (?:on|in)|lets? (?:me|you|us|him|her|them) in|which is|that is|is|expects?|wants?|needs?|takes?|accepts?|type|enter|say|uses?|with)\b(?: [a-z]+){0,3}? (?:the|this|our|my|a)? ?(?:sentence|phrase|word|words|line|string|passphrase|motto|rhyme|verse|proverb|saying)s?(?: is|,| of)?:? ["'“` + "`" + `]?([A-Za-z0-9][^".”\n` + "`" + `]{5,60})`)

var saidWithWords = keyword.New([]string{"sentence", "phrase", "string ", "words", "word ", "the line", "motto", "rhyme", "proverb", "saying"})

var saidVerbs = keyword.New([]string{"boot", "unlock", "open", "decrypt", "start", "wake", "mount", "sign", "log on", "logs on", "log in", "logs in", "let", "which is", "that is", " is ", "expect", "want", "need", "take", "accept", "type", "enter", "say ", "use", "with"})

// saidThings make such a phrase one that opens something.
var saidThings = keyword.New([]string{"boot", "unlock", "decrypt", "passw", "passphrase", "login", "log in", "logs in", "laptop", "disk", "drive", "vault", "safe", "gate", "door", "keypad", "hmac", "secret", "signing", "wallet", "backup", "restic", "borg", "luks", "prompt", "account", "admin", "root", "vpn", "wifi", "wi-fi", "volume", "archive", "export it as", "export as"})

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
		if !budget.Spend(to - end) {
			return out
		}
		s := text[start:end]
		if utf8.RuneCountInString(s) < 3 || value.Placeholder(s) || value.Reference(s) || strings.Contains(s, "パスワード") || strings.Contains(s, "ボタン") || strings.Contains(s, "設定") || strings.Contains(s, "ください") {
			continue
		}
		if rest := text[end:to]; deedsJapanese.MatchString(rest) && !hasAny(rest[:min(len(rest), 90)], interfaceJapanese) {
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
