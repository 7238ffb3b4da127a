package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// Links between a cue and its value, longer ones first. A link that holds を announces a change or a use, so what
// follows the value must confirm it.
var linksJapanese = []string{
	"を覚えておいてください", "を覚えておいて", "を覚えて", "を保存しておいて", "を保存してください", "を保存して", "を記憶して", "をメモして", "を控えて",
	"は、下記の通り", "は以下の通り", "は次の通り", "は以下", "は次", "の初期値は", "の既定値は", "の値は", "の中身は", "の文字列は", "として", "としては", "なんですけど、", "なんですが、", "なんだけど、", "ですけど、", "だけど、", "ですが、", "ですが", "につきましては、", "につきましては", "については、", "については", "に関しましては、", "に関しては、", "に関しては", "答えは", "答えが", "答え", "回答は", "って", "とは",
	"は", "が", "も", "を", "に", "で", "の", "=", ":", "→", "⇒", "=>", "->", "・", "-", "|", "、", ",", "〉", "】", "]", ">", ")",
}

// notToo begin, behind も, words of which も is a part: もらって, もう, もし.
var notToo = []string{"ら", "う", "し", "と", "の", "ち", "っと", "ろ"}

// called reports whether at i a cue ends as one speaks of it to somebody, and what it is follows in brackets: パスワードね「…」.
func called(text string, i int) bool {
	rest, ok := strings.CutPrefix(text[i:], "ね")
	return ok && hasAnyPrefix(strings.TrimLeft(rest, "、 "), []string{"「", "『"})
}

// memberJapanese returns where the value of a member of a JSON object begins whose name ends at i: "パスワード": "…".
func memberJapanese(text string, i int) (int, bool) {
	rest, ok := strings.CutPrefix(text[i:], `"`)
	if rest = strings.TrimLeft(rest, " "); !ok || !strings.HasPrefix(rest, ":") {
		return i, false
	}
	return skipSpace(text, len(text)-len(rest)+1, 2), true
}

// skipTags steps over tags that say how a text looks: パスワード：<b>X</b>, パスワード</strong>：X.
func skipTags(text string, i int) int {
	const most, longest = 3, 60
	for range most {
		if !strings.HasPrefix(text[i:], "<") {
			break
		}
		tag, _, ok := strings.Cut(text[i+1:min(len(text), i+longest)], ">")
		name, _, _ := strings.Cut(strings.TrimPrefix(tag, "/"), " ")
		if !ok || !tagsOfText.Has(name) {
			break
		}
		i = skipSpace(text, i+len("<>")+len(tag), 2)
	}
	return i
}

// tagsOfText are tags of HTML that hold text.
var tagsOfText = keyword.NewList(`b strong em i u code kbd samp span mark font label p div li br br/`)

// assigned reports whether s gives a setting or an attribute a value that is no secret: type=password, SSH_KEY_PATH=/home/ope/.ssh/id_rsa.
func assigned(s string) bool {
	name, v, ok := strings.Cut(s, "=")
	if !ok || len(name) < 3 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != "" {
		return false
	}
	v = strings.Trim(v, "\"'")
	return value.Reference(v) || value.Placeholder(v) || describes(firstWord(v)) || strings.HasPrefix(v, "/")
}

// added reports whether s is what else is asked for: パスワード＋SMS.
func added(s string) bool {
	rest, ok := strings.CutPrefix(s, "+")
	return ok && plain(rest) && (rest == strings.ToUpper(rest) || technical(rest))
}

// keyed reports whether s has a name in braces where each value has its own: user:{id}:session.
func keyed(s string) bool {
	_, rest, open := strings.Cut(s, "{")
	name, _, shut := strings.Cut(rest, "}")
	return open && shut && plain(name)
}
