package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// pieceWords say that a value is told in parts.
var pieceWords = keyword.New([]string{"put together", "put them together", "join them", "join the two", "join", "joined together", "glue", "concatenate", "combine", "one after the other", "one after another", "in that order", "in this order", "back to back", "run together",
	"first half", "second half", "other half", "first part", "second part", "third part", "last part", "first bit", "second bit", "the rest is", "followed by", "and then the", "comes first", "goes first", "prefix it with", "starts with", "ends with", "begins with", "first four", "last four", "first three", "last three", "first two", "last two",
	"前半", "後半", "つなげ", "繋げ", "つない", "繋い", "くっつけ", "続けて", "合わせて", "上2桁", "上二桁", "下2桁", "下二桁", "上4桁", "下4桁", "上四桁", "下四桁", "最初の", "残り", "のあとに", "の後に"})

// pieceCues are what such a value opens. One must stand in the same text, near the parts.
var pieceCues = keyword.New([]string{"password", "passwort", "passphrase", "passcode", "pass", "pw", "pwd", "pin", "code", "combination", "login", "log in", "log into", "root", "admin", "unlock", "unlocks", "opens", "secret", "token", "api key", "key", "credential", "wifi", "wi-fi", "vpn", "safe", "vault", "door", "gate", "alarm", "locker",
	"パスワード", "パス", "暗証", "番号", "コード", "ログイン", "鍵", "キー", "金庫", "解除", "ロック", "認証", "トークン", "シークレット"})

// How far, in bytes, the parts and the word for the secret may stand from the word for parts.
const (
	pieceReach    = 90
	pieceCueReach = 200
)

// pieces finds values told in parts: "the first half is Zephyr-, the second 6602", 「前半は kuma、後半は 88」. A part must be
// quoted or hold digits or signs, and there must be two of them.
func pieces(text string, out []match.Match) []match.Match {
	done := 0
	pieceWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.Start > 0 && alnum(text[h.Start]) && alnum(text[h.Start-1]) {
			return true
		}
		word := text[h.Start:h.End]
		if word == "続けて" && goesOn(text[:h.Start]) {
			return true
		}
		if word == "JOIN" || strings.HasPrefix(text[h.End:], " names ") { // of tables
			return true
		}
		if !standsNear(pieceCues, text, max(0, h.Start-pieceCueReach), min(len(text), h.End+pieceCueReach)) {
			return true
		}
		from, to := max(done, h.Start-pieceReach), min(len(text), h.End+pieceReach)
		done = to
		first, last, n := -1, 0, 0
		for i := from; i < to; {
			start, end, next := partAt(text, i, to)
			if next > i && end > start && !(text[start-min(start, 1)] == '`' && (everyday(word) && lettersOnly(text[start:end]) || !parted(word) && codeWords(text[start:end]))) {
				if first < 0 {
					first = start
				}
				last = end
				n++
			}
			i = max(next, i+1)
		}
		if n >= 2 {
			out = append(out, match.Match{Rule: "told-in-parts", Kind: match.Credential, Start: first, End: last, Confidence: 0.6})
		}
		return len(out) < match.Enough
	})
	return out
}

// goesOn reports whether before ends in what makes 続けて a verb of its own, as in 押し続けて and 何度も続けて, and not "followed by".
func goesOn(before string) bool {
	for _, stem := range []string{"し", "も", "り", "い", "き", "ち", "み", "び", "え", "け", "せ", "ね", "め", "れ", "べ", "げ"} {
		if strings.HasSuffix(before, stem) {
			return true
		}
	}
	return false
}

// parted reports whether a word says of each part which it is, so that even names of code beside it are parts.
func parted(word string) bool {
	return hasAny(word, []string{"half", "part", "bit", "半", "前", "後"})
}

// codeWords reports whether s is a name or a command of a program, without a digit: SecretRef, gopass sync.
func codeWords(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .()-") == "" && (strings.Contains(s, " ") || mixedCase(s) || strings.ToUpper(s) == s)
}

// everyday reports whether a word for parts stands in any text, so that names of code beside it are no parts of a secret.
func everyday(word string) bool {
	return word == "最初の" || word == "残り" || word == "続けて" || word == "合わせて" || word == "の後に" || word == "のあとに" || word == "つない" || word == "繋い"
}

// lettersOnly reports whether s is a name of code without a digit: join, props.key.
func lettersOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if !letter(s[i]) && s[i] != '.' && s[i] != '(' && s[i] != ')' {
			return false
		}
	}
	return true
}

// standsNear reports whether a word of s stands on its own in text between from and to.
func standsNear(s *keyword.Set, text string, from, to int) bool {
	found := false
	part := text[from:to]
	s.Each(part, func(h keyword.Hit) bool {
		found = !(h.Start > 0 && letter(part[h.Start-1]) && letter(part[h.Start])) && !(h.End < len(part) && letter(part[h.End]) && letter(part[h.End-1]) && part[h.End] != 's')
		return !found
	})
	return found
}

// partAt reads a part of a value at i: a quoted word, or one with digits that measures nothing. next is where to read on.
func partAt(text string, i, to int) (start, end, next int) {
	if closing, size := openQuote(text, i); size > 0 && (i == 0 || !alnum(text[i-1])) {
		if i+size > to { // the part ends amid the quote
			return 0, 0, to
		}
		if n := strings.Index(text[i+size:to], closing); n > 0 && n <= 40 && strings.IndexByte(text[i+size:i+size+n], '\n') < 0 {
			s := text[i+size : i+size+n]
			if !value.Reference(s) && !value.Placeholder(s) && !describes(firstWord(s)) && !strings.ContainsAny(s, "<>{}[]|_") && !strings.HasPrefix(s, "--") && !(closing == "`" && (strings.Contains(s, ": ") || strings.ContainsAny(s, "/!") && value.ShapeOf(s).Digit == 0 || strings.Contains(s, "、") || value.ShapeOf(s).High > 0 && value.ShapeOf(s).Digit == 0 || value.Otherwise(text, i+size, i+size+n) >= value.Some)) {
				return i + size, i + size + n, i + size + n + len(closing)
			}
			return 0, 0, i + size + n + len(closing)
		}
		return 0, 0, i + size
	}
	if !alnum(text[i]) || i > 0 && (alnum(text[i-1]) || text[i-1] >= 0x80 && text[i-1] < 0xE3) {
		return 0, 0, i + 1
	}
	if i > 0 && text[i-1] == '#' && digit(text[i]) || strings.HasSuffix(text[:i], "Change-Id: ") { // an issue, a change of Gerrit
		return 0, 0, i + wordLength(text[i:to])
	}
	j := i
	for j < to && text[j] > ' ' && text[j] < 0x80 && strings.IndexByte("\"'`,;()", text[j]) < 0 {
		j++
	}
	s := strings.TrimRight(text[i:j], ".:!?*")
	sh := value.ShapeOf(s)
	made := sh.Digit == sh.Len && sh.Len >= 2 && sh.Len <= 4 || sh.Digit > 0 && sh.Lower+sh.Upper > 0 || strings.ContainsAny(s, "!@#$%^&*") && sh.Lower+sh.Upper > 1
	if !made || measured(s) || technical(s) || value.Reference(s) || value.Versioned(s) || value.File(s) || unitFollows(text, i+len(s)) {
		return 0, 0, j
	}
	return i, i + len(s), j
}

// wordLength returns how many bytes of s lie before its first space, one at least.
func wordLength(s string) int {
	if n := strings.IndexAny(s, " \t\n"); n > 0 {
		return n
	}
	return max(1, len(s))
}
