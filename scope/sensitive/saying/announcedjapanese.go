package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// announcesJapanese say, between a cue and the end of its sentence, that the value comes next; announcesPlain say it so that a plain word
// is one too.
var (
	announcesPlain    = []string{"お知らせ", "お伝え", "下記", "以下", "次の通り", "次のとおり", "の通り", "のとおり", "こちら", "これ", "ご連絡", "ご案内", "教えます", "伝えます", "送ります", "お送り", "共有", "貼って", "貼ります", "覚えて", "記憶", "メモ", "保存", "記録", "控え", "書いてお", "書いと", "書きます", "書きました"}
	announcesJapanese = append([]string{"発行", "変更", "再設定", "リセット", "更新", "設定", "作成", "生成", "です", "決ま", "届き", "渡し"}, announcesPlain...)
)

// refusesAnnounced say that what comes next is no value: a wish, a question, something to be done.
var refusesAnnounced = []string{"ください", "下さい", "ません", "ない", "たい", "場合", "とき", "際", "方法", "手順", "には", "必要", "こと", "？", "?", "べき", "しよう", "ましょう"}

// announcedJapanese reads a value that stands alone on the rest of a line or on the next one, behind a sentence that says so:
// パスワードは下記の通りです。⏎X, APIキーが発行されました。X.
func announcedJapanese(text string, i int, c *cue) (found, float64) {
	const reach = 100
	line := text[i:min(len(text), i+reach)]
	n, ended := -1, ""
	for _, end := range []string{"。", "\n", "：", ":", "！"} {
		if at := strings.Index(line, end); at >= 0 && (n < 0 || at < n) {
			n, ended = at, end
		}
	}
	if n < 0 || !hasAny(line[:n], announcesJapanese) || strings.ContainsAny(line[:n], "0123456789`|") {
		return found{}, 0
	}
	if hasAny(line[:n], refusesAnnounced) && !hasAny(line[:n], []string{"覚えてください", "保存してください", "記憶してください", "メモしてください", "おいてください", "ておいて"}) {
		return found{}, 0
	}
	if ended == ":" && strings.HasPrefix(line[n:], "://") {
		return found{}, 0
	}
	at, breaks := i+n+len(ended), strings.Count(ended, "\n")
	for at < len(text) && (space(text[at]) || strings.HasPrefix(text[at:], "\u3000")) && breaks < 3 {
		if text[at] == '\n' {
			breaks++
		}
		if text[at] >= 0x80 {
			at += len("\u3000") - 1
		}
		at++
	}
	if fence, rest, ok := strings.Cut(text[at:], "\n"); ok && strings.HasPrefix(fence, "```") && strings.Trim(fence[3:], "abcdefghijklmnopqrstuvwxyz \r") == "" { // a block of code
		at = len(text) - len(strings.TrimLeft(rest, " \t"))
	}
	if at >= len(text) {
		return found{}, 0
	}
	return aloneJapanese(text, at, c, hasAny(line[:n], announcesPlain))
}

// aloneJapanese judges the rest of a line as a value. Where it was not said in so many words that one comes, it must look made up.
func aloneJapanese(text string, at int, c *cue, plainly bool) (found, float64) {
	const longest = 200
	rest, _, _ := strings.Cut(text[at:min(len(text), at+longest)], "\n")
	for _, mark := range []string{"・", "- ", "* ", "→", "■", "●"} {
		if cut, ok := strings.CutPrefix(rest, mark); ok {
			at += len(rest) - len(strings.TrimLeft(cut, " \u3000"))
			rest = strings.TrimLeft(cut, " \u3000")
			break
		}
	}
	rest = strings.TrimRight(rest, " \u3000\r。")
	v, ok := valueJapanese(text, at)
	if !ok || v.next < at+len(rest) && !hasAnyPrefix(strings.TrimLeft(text[v.next:], " "), closing) && !changedJapanese(text[v.next:]) && !strings.HasPrefix(text[v.next:], " と ") && !strings.HasPrefix(text[v.next:], "、") || strings.Contains(text[v.start:v.end], "://") {
		return found{}, 0
	}
	s := text[v.start:v.end]
	sh := value.ShapeOf(s)
	if sh.High > 0 {
		if conf := kana(text, v); conf > 0 && plainly && c.class == password {
			return v, conf
		}
		if !plainly && !v.quoted && !kanaNumbered(s) {
			return found{}, 0
		}
		return v, judgeWords(s, "", v, c, true)
	}
	wordy := sh.Lower+sh.Upper == sh.Len
	if c.class == password && (wordy && !plainly && !mixedCase(s) || describes(s) || meta.Has(strings.ToLower(s)) || sh.Digit == sh.Len && sh.Len < 6) {
		return found{}, 0
	}
	if c.class == pin && sh.Digit < 4 {
		return found{}, 0
	}
	if c.class == secret && value.UUID(s) && plainly {
		return v, 0.76
	}
	return v, judgeJapanese(text, v, c, true, false)
}

// triples returns the end of what stands between start and end, or, where that is words joined by hyphens and so is what follows it
// behind a space, the end of all of them: Spring-Vega-hammer otter-Thursday-Ranger.
func triples(text string, start, end int) int {
	const most = 4
	if strings.Count(text[start:end], "-") < 2 || !tripled(text[start:end]) {
		return end
	}
	for n := 1; n < most && end+1 < len(text) && text[end] == ' '; n++ {
		next := end + 1
		for next < len(text) && (letter(text[next]) || text[next] == '-') {
			next++
		}
		if !tripled(text[end+1 : next]) {
			break
		}
		end = next
	}
	return end
}

// tripled reports whether s is three words or four joined by hyphens, as passphrases are made of.
func tripled(s string) bool {
	return mixedWords(s) || phrased(s) || strings.Count(s, "-") >= 2 && capitals(s) && !describes(s)
}
