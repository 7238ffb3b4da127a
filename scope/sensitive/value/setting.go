package value

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// letter reports whether a word is a single letter or figure, and none of several that are told one by one.
func (p place) letter() bool {
	if len(p.s) != 1 {
		return false
	}
	const told = 4
	near := strings.Fields(p.text[max(0, p.start-2*told):min(len(p.text), p.end+2*told)])
	figures := 0
	for _, w := range near {
		if len(w) == 1 && isDigit(w[0]) {
			figures++
		}
	}
	return figures < told
}

// elided reports whether the rest of a word is left out: "eyJhbGciOi...".
func (p place) elided() bool {
	const beginning = 12
	rest := p.text[p.end:]
	return len(p.s) <= beginning && p.quoted() && (strings.HasPrefix(rest, "...") || strings.HasPrefix(rest, "…"))
}

// codeName reports whether a word between backquotes is a name of code: words with at most a digit behind them, in small letters or joined.
func (p place) codeName() bool {
	if p.start == 0 || p.end >= len(p.text) || p.text[p.start-1] != '`' || p.text[p.end] != '`' {
		return false
	}
	word := strings.TrimRight(p.s, "0123456789")
	if len(p.s)-len(word) > 1 {
		return false
	}
	return strings.Trim(word, "abcdefghijklmnopqrstuvwxyz_") == "" && (strings.Contains(word, "_") && Identifier(p.s) || len(p.s) > len(word) && len(word) <= len("string"))
}

// chapter reports whether a word is the number of a chapter or a requirement at the start of a line: V3.4, **C.10**.
func (p place) chapter() bool {
	before := strings.TrimRight(p.text[max(0, p.start-6):p.start], "*|# ")
	if before != "" && before[len(before)-1] != '\n' && p.start > 6 {
		return false
	}
	rest := strings.TrimLeft(p.s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return len(p.s)-len(rest) == 1 && strings.Contains(rest, ".") && strings.Trim(rest, "0123456789.") == "" && len(rest) <= 8
}

// dotFile reports whether a word is the name of a file that begins with a dot: .bashrc.
func (p place) dotFile() bool {
	return p.start > 0 && p.text[p.start-1] == '.' && (p.start == 1 || p.text[p.start-2] == ' ' || p.text[p.start-2] == '`' || p.text[p.start-2] == '/' || p.text[p.start-2] >= 0x80) && strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// called reports whether a word is a function that is spoken of: jose_jwk_eql().
func (p place) called() bool {
	return strings.HasPrefix(p.text[p.end:], "()") && identifier(p.s) && !p.quoted()
}

// headed reports whether a plain word stands in a heading that begins with one of marks.
func (p place) headed(marks ...string) bool {
	for i := 0; i < len(p.s); i++ {
		if !isLetter(p.s[i]) {
			return false
		}
	}
	line := p.text[max(0, p.start-96):p.start]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	for _, m := range marks {
		if head := strings.TrimLeft(line, m); len(head) < len(line) && strings.HasPrefix(line, m) && strings.HasPrefix(head, " ") && !strings.ContainsAny(head, ":=\"'`") {
			return true
		}
	}
	return false
}

// title reports whether a word of Japanese says right before that this is the name of something.
func (p place) title() bool {
	head := strings.TrimRight(p.text[max(0, p.start-18):p.start], "「『\"' ")
	for _, link := range []string{"は", "が", ":", "：", "を", "="} {
		if name, ok := strings.CutSuffix(head, link); ok {
			return (strings.HasSuffix(name, "名") || strings.HasSuffix(name, "名前") || strings.HasSuffix(name, "SSID") || strings.HasSuffix(name, "のID")) && !strings.HasSuffix(name, "署名") && !strings.HasSuffix(name, "匿名")
		}
	}
	return false
}

// people reports whether a word stands in a list of who took part, or wrote or does something.
func (p place) people() bool {
	clause := p.text[max(0, p.start-80):p.start]
	clause = clause[strings.LastIndexAny(clause, ".\n;!?")+1:]
	clause = clause[strings.LastIndex(clause, "。")+1:]
	at := -1
	roles.Each(clause, func(h keyword.Hit) bool {
		at = h.End
		return true
	})
	return at >= 0 && !strings.ContainsAny(p.s, "0123456789!#$+") && !secretWords.Contains(clause[at:])
}

var (
	roles       = keyword.New([]string{"参加者", "出席者", "担当者は", "担当は", "担当:", "担当：", "作成者", "執筆者", "レビュアー", "報告者", "attendees", "participants", "present:", "reviewers", "reviewed by", "assignee", "co-authored"})
	secretWords = keyword.New([]string{"パス", "鍵", "キー", "番号", "コード", "pass", "pin", "code", "key", "login", "pw"})
)

// symbol reports whether a word is a name behind a colon, as Ruby and SQL write them: range_key: :created_at.
func (p place) symbol() bool {
	if p.start > 2 && p.text[p.start-1] == '\'' && p.text[p.start-2] == ':' && p.text[p.start-3] == ' ' { // :'name' of psql
		return Identifier(p.s)
	}
	return p.start > 1 && p.text[p.start-1] == ':' && (p.text[p.start-2] == ' ' || p.text[p.start-2] == '(') && strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// deferred reports whether Japanese says that the value is told another time or nowhere: 別途連絡.
func (p place) deferred() bool {
	for _, w := range []string{"別途", "別送", "別紙", "別便", "後日", "後ほど", "追って", "省略", "非公開", "未定", "未設定", "同上", "前回と同", "以前と同", "口頭", "参照", "社内限"} {
		if strings.HasPrefix(p.text[p.start:], w) {
			return true
		}
	}
	return false
}

// listed reports whether a plain word in quotes is one of three or more: 'Notes', 'Expires', 'Created'.
func (p place) listed() bool {
	if p.start == 0 || p.end >= len(p.text) || p.text[p.start-1] != p.text[p.end] || !p.quoted() {
		return false
	}
	for i := 0; i < len(p.s); i++ {
		if !isLetter(p.s[i]) && p.s[i] != '_' {
			return false
		}
	}
	const reach = 48
	around, q := p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)], p.text[p.end:p.end+1]
	return strings.Count(around, q+", "+q)+strings.Count(around, q+",\n"+q) >= 2
}

// person reports whether a word is one of three names or more in a row: ask Ines, Rui, Odile.
func (p place) person() bool {
	if !isUpper(p.s[0]) || len(p.s) < 3 || strings.Trim(p.s[1:], "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	const reach = 40
	return threePersons.MatchString(p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)])
}

var threePersons = pattern.New(`\b[A-Z][a-z]+, (?:and )?[A-Z][a-z]+(?:, (?:and )?| and )[A-Z][a-z]+\b`)

// elsewhere reports whether the line says right before where to look: "Kennwort: siehe KeePass, Eintrag …".
func (p place) elsewhere() bool {
	line := p.text[max(0, p.start-64):p.start]
	line = strings.ToLower(line[strings.LastIndexByte(line, '\n')+1:])
	at := strings.LastIndexAny(line, ":=(")
	words := strings.Fields(line[at+1:] + strings.ToLower(p.s))
	return at >= 0 && len(words) > 0 && pointers.Has(strings.Trim(words[0], "'\"`<[(")) && !strings.ContainsAny(p.s, "!#$+")
}

var pointers = keyword.NewList(`see siehe cf cf. voir véase ver vedi zie s. stored kept lives ask get from`)

// named reports whether a word is the name of a value or a part of its address: $NAME, ${{ … }}, <name>, %NAME%, vault:secret/data/db.
func (p place) named() bool {
	if p.start > 0 && strings.IndexByte("$<{%", p.text[p.start-1]) >= 0 {
		return true
	}
	word := p.text[max(0, p.start-80):p.start]
	word = word[strings.LastIndexAny(word, " \n\"'=")+1:]
	if i := strings.IndexByte(word, ':'); i > 0 && strings.Contains(word, "/") && stores.Has(word[:i]) {
		return true
	}
	return word == "" && strings.HasPrefix(p.text[p.end:], ":/") && stores.Has(p.s)
}

var stores = keyword.NewList(`vault op ssm arn kms awssm gcpsm sops ref file secret secrets keyring keychain enc pass gopass`)

// reference reports whether a word names a value.
func (p place) reference() bool { return Reference(p.s) && !strings.Contains(p.s, "$") }

// noun reports whether a word in small letters stands behind an article: it is what the sentence speaks of.
func (p place) noun() bool {
	text, start, s := p.text, p.start, p.s
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	for _, a := range []string{" the ", " a ", " an "} {
		if strings.HasSuffix(text[:start], a) {
			return true
		}
	}
	return false
}

// fragment reports whether what stands between start and end is no word of Japanese: one character, or Chinese characters whose
// word goes on in hiragana, as verbs do: 紛れ込む, 抜く. Particles and what ends a sentence may follow a
func (p place) fragment() bool {
	text, start, end := p.text, p.start, p.end
	r, n := utf8.DecodeRuneInString(text[start:end])
	if r < 0x3000 {
		return false
	}
	if n == end-start {
		return true
	}
	last, _ := utf8.DecodeLastRuneInString(text[start:end])
	if next, _ := utf8.DecodeRuneInString(text[end:]); last < 0x3400 || next < 0x3041 || next > 0x3096 {
		return false
	}
	for _, p := range particles {
		if strings.HasPrefix(text[end:], p) {
			return false
		}
	}
	return true
}

var particles = strings.Fields("です でし だ で と って に を が は も の ね よ から まで なの らしい じゃ とか な")

// stored reports whether a closing quote and words for keeping stand at end: what the quotes hold is the name of a place.
func (p place) stored() bool {
	text, end := p.text, p.end
	rest := text[end:min(len(text), end+48)]
	if i := strings.Index(rest, "」"); i >= 0 && i <= 24 {
		rest = rest[i+len("」"):]
	} else if i := strings.Index(rest, "』"); i >= 0 && i <= 24 {
		rest = rest[i+len("』"):]
	} else {
		return false
	}
	for _, p := range []string{"に入", "に保", "に記", "にあ", "に登録", "に置", "に書", "にメモ", "にまとめ", "の項", "という項目", "という名前", "アイテム", "を参照", "を見", "と書か", "フォルダ", "画面", "ボタン", "ページ", "タブ", "を押", "を選", "をクリック", "と表示", "とだけ", "と出", "というログ", "というエラー", "欄"} {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	return false
}

// user reports whether what stands between start and end is who is addressed at a host, git@host, and no password before one,
// user:password@host.
func (p place) user() bool {
	text, start, end := p.text, p.start, p.end
	if end+1 >= len(text) || text[end] != '@' || !isLetter(text[end+1]) && (text[end+1] < '0' || text[end+1] > '9') {
		return false
	}
	return start == 0 || strings.IndexByte(" \t\n(\"'`", text[start-1]) >= 0 || strings.HasSuffix(text[:start], "://")
}

// bracketed reports whether what stands at start is a word of a description in angle brackets: <the password from 1Password>.
func (p place) bracketed() bool {
	text, start := p.text, p.start
	before, after := text[max(0, start-60):start], text[start:min(len(text), start+80)]
	open, shut := strings.LastIndexByte(before, '<'), strings.IndexByte(after, '>')
	if open < 0 || shut < 0 || strings.ContainsAny(before[open+1:], "<>\n=/\"") || strings.ContainsAny(after[:shut], "<\n=/\"") {
		return false
	}
	return strings.Contains(before[open:], " ") || strings.Contains(after[:shut], " ")
}

// memberName reports whether what stands between start and end is the name of a member of an object in JSON or an array in
// PHP: "minLength": 12, 'keyField' => 'id'.
func (p place) memberName() bool {
	text, start, end := p.text, p.start, p.end
	return start > 0 && end < len(text) && text[start-1] == '"' && text[end] == '"' && strings.HasPrefix(strings.TrimLeft(text[end+1:min(len(text), end+4)], " "), ":") ||
		start > 0 && end < len(text) && text[start-1] == '\'' && text[end] == '\'' && strings.HasPrefix(strings.TrimLeft(text[end+1:min(len(text), end+12)], " "), "=>")
}

// sampled reports whether what stands at start is announced as an example.
func (p place) sampled() bool {
	text, start := p.text, p.start
	head := strings.TrimRight(text[max(0, start-24):start], " 　:：、(（「")
	for _, p := range []string{"例", "例えば", "たとえば", "e.g.", "for example", "for example,"} {
		if strings.HasSuffix(head, p) {
			return true
		}
	}
	return false
}
