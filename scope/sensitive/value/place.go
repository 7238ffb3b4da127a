package value

import (
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// Doubt says how firmly the form of a word and the place that it stands in speak against it being a secret.
type Doubt uint8

// The doubts, each above the one before it.
const (
	None    Doubt = iota
	Some          // it is a secret only if much says so
	Strong        // only if nearly everything does
	Certain       // it is none
)

// Otherwise returns how firmly what stands between start and end of text is something other than a secret: the one list of
// what a layer that goes by looks must not take for one.
func Otherwise(text string, start, end int) Doubt {
	p := place{text, start, end, text[start:end]}
	if Public(text, start, end) {
		return Certain
	}
	for _, j := range judgements {
		if j.is(p) {
			return j.doubt
		}
	}
	return None
}

// place is a word and the text it stands in.
type place struct {
	text       string
	start, end int
	s          string
}

// judgements are what a word can be instead of a secret, the firmest first.
var judgements = [...]struct {
	doubt Doubt
	is    func(p place) bool
}{
	{Certain, place.letter},
	{Certain, place.elided},
	{Certain, looks(Shortcut)},
	{Certain, looks(prefix)},
	{Certain, place.fragment},
	{Certain, looks(Standard)},
	{Certain, looks(Typed)},
	{Certain, looks(Quantity)},
	{Certain, looks(Region)},
	{Certain, looks(drawing)},
	{Certain, looks(Published)},
	{Certain, func(p place) bool { return Published(p.drawn()) }},
	{Certain, func(p place) bool { return Placeholder(p.s) && !figures(p.s) }},
	{Certain, looks(UUID)},
	{Certain, func(p place) bool { return len(p.s) > shortDigest && Digest(p.s) }},
	{Certain, looks(Versioned)},
	{Certain, looks(File)},
	{Certain, looks(Alphabet)},
	{Certain, looks(paperNumber)},
	{Certain, looks(Version)},
	{Certain, looks(hostName)},
	{Certain, place.seed},
	{Certain, place.stored},
	{Certain, place.image},
	{Certain, place.memberName},
	{Certain, place.year},
	{Certain, place.accounts},
	{Certain, place.number},
	{Certain, place.id},
	{Certain, place.named},

	{Strong, place.sampled},
	{Strong, looks(Digest)},
	{Strong, looks(Cipher)},
	{Strong, func(p place) bool { return File(p.path()) }},
	{Strong, looks(Device)},
	{Strong, looks(versioned)},
	{Strong, place.user},
	{Strong, place.optionID},
	{Strong, place.bracketed},
	{Strong, func(p place) bool { return p.program() == Strong }},
	{Strong, looks(DocumentNumber)},
	{Strong, place.colour},
	{Strong, place.partOfNumber},
	{Strong, place.labelled},
	{Strong, place.fingerprint},
	{Strong, looks(Likened)},
	{Strong, looks(claims.Has)},
	{Strong, looks(envName)},
	{Strong, looks(section)},
	{Strong, looks(pull)},
	{Strong, place.cell},
	{Strong, place.called},
	{Strong, func(p place) bool { return p.headed("##", "==") }},
	{Strong, place.numbered},
	{Strong, place.title},
	{Strong, place.people},
	{Strong, place.elsewhere},
	{Strong, func(p place) bool {
		return p.reference() && !strings.ContainsAny(p.s, "0123456789") && !Words(strings.ToLower(p.s))
	}},

	{Strong, place.symbol},
	{Strong, place.deferred},
	{Some, place.noun},
	{Some, looks(served)},
	{Some, func(p place) bool { return p.headed("#", "=") }},
	{Some, place.listed},
	{Some, place.named3},
	{Some, func(p place) bool { return p.program() == Some }},
	{Some, func(p place) bool { return strings.HasSuffix(p.s, "'s") }},
	{Some, func(p place) bool { return Numbered(p.s) && !strings.ContainsAny(p.s, "!#$+") }},
	{Some, func(p place) bool { return Qualified(p.around()) }},
	{Some, func(p place) bool { return camel(p.s) && !p.quoted() }},
	{Some, place.identified},
	{Some, func(p place) bool { return issue.MatchString(p.s) }},
	{Some, place.reference},
}

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

// shortDigest is how long the beginning of a commit's name is at most, which a key may be too.
const shortDigest = 12

// looks is a judgement on the word alone.
func looks(is func(string) bool) func(place) bool { return func(p place) bool { return is(p.s) } }

// claims are the members of a token that say who it is for, and of its head.
var claims = keyword.NewList(`iss sub aud exp nbf iat jti azp acr amr nonce kid x5u x5c x5t jku jwk typ cty alg crit cnf htm htu ath`)

// section reports whether s is the number of a section: 9.2.4.
func section(s string) bool {
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if p == "" || len(p) > 2 || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return len(parts) == 3 || len(parts) == 4
}

// pull reports whether s is a request or an issue of a repository: hpke-pq#28.
func pull(s string) bool {
	name, number, ok := strings.Cut(s, "#")
	return ok && len(name) > 2 && number != "" && len(number) <= 6 && strings.Trim(number, "0123456789") == "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-/.") == ""
}

// served reports whether s is words of which one is the version of an API: v5-custom-fields.
func served(s string) bool {
	found := false
	parts := strings.Split(s, "-")
	for _, p := range parts {
		v := len(p) >= 2 && len(p) <= 3 && p[0] == 'v' && strings.Trim(p[1:], "0123456789") == ""
		if found = found || v; !v && strings.Trim(p, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return found && len(parts) > 1
}

// cell reports whether a word is a number in a row of a table beside a cell that holds a sentence.
func (p place) cell() bool {
	if strings.Trim(p.s, "0123456789.") != "" || !strings.HasSuffix(strings.TrimRight(p.text[:p.start], " *"), "|") || !strings.HasPrefix(strings.TrimLeft(p.text[p.end:], " *"), "|") {
		return false
	}
	const reach, sentence = 1200, 48
	row := p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)]
	at := min(p.start, reach)
	from := strings.LastIndexByte(row[:at], '\n') + 1
	if n := strings.IndexByte(row[at:], '\n'); n >= 0 {
		row = row[:at+n]
	}
	for _, c := range strings.Split(row[from:], "|") {
		if len(strings.TrimSpace(c)) >= sentence {
			return true
		}
	}
	return false
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

// fingerprint reports whether a word is one of the groups in which people write the fingerprint of a key.
func (p place) fingerprint() bool {
	line := p.text[max(0, p.start-72):p.start]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	if len(p.s) != 4 || !ShapeOf(p.s).Hex || !digests.Contains(line) && !pgp.Contains(line) {
		return false
	}
	groups := 0
	for _, w := range strings.Fields(line[strings.LastIndexAny(line, ":=")+1:] + p.s + p.text[p.end:min(len(p.text), p.end+48)]) {
		if len(w) == 4 && ShapeOf(w).Hex {
			groups++
		}
	}
	return groups >= 4
}

// Likened reports whether s says of something what it is like: Tr0ub4dor-style.
func Likened(s string) bool {
	i := strings.LastIndexByte(s, '-')
	return i > 0 && likenesses.Has(strings.ToLower(s[i+1:]))
}

var likenesses = keyword.NewList(`style like type based only free proof safe ready compatible compliant encoded encrypted hashed formatted sized bit byte`)

// numbered reports whether the name of what follows says that it is the number of a thing: "Serial number of the lock: SN-88214-AC".
func (p place) numbered() bool {
	before := p.text[max(0, p.start-64):p.start]
	before = before[strings.LastIndexAny(before, "\n.,;")+1:]
	name, ok := strings.CutSuffix(strings.TrimRight(before, " \"'`"), ":")
	if !ok {
		name, ok = strings.CutSuffix(strings.TrimRight(before, " \"'`"), " is")
	}
	return ok && numbers.Contains(name) && !strings.ContainsAny(p.s, "!#$+")
}

var numbers = keyword.New([]string{"serial number", "serial no", "part number", "part no", "model number", "model no", "order number", "order no", "product number", "item number", "invoice number", "reference number", "case number", "ticket number", "tracking number", "asset tag", "batch number", "lot number", "firmware", "seriennummer", "bestellnummer", "rechnungsnummer"})

// title reports whether a word of Japanese says right before that this is the name of something.
func (p place) title() bool {
	head := strings.TrimRight(p.text[max(0, p.start-18):p.start], "「『\"' ")
	for _, link := range []string{"は", "が", ":", "：", "を", "="} {
		if name, ok := strings.CutSuffix(head, link); ok {
			return strings.HasSuffix(name, "名") && !strings.HasSuffix(name, "署名") && !strings.HasSuffix(name, "匿名")
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
		if !isLetter(p.s[i]) {
			return false
		}
	}
	const reach = 48
	around, q := p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)], p.text[p.end:p.end+1]
	return strings.Count(around, q+", "+q)+strings.Count(around, q+",\n"+q) >= 2
}

// named3 reports whether a word is one of three names or more in a row: ask Ines, Rui, Odile.
func (p place) named3() bool {
	if !isUpper(p.s[0]) || len(p.s) < 3 || strings.Trim(p.s[1:], "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	const reach = 40
	return row.MatchString(p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)])
}

var row = pattern.New(`\b[A-Z][a-z]+, (?:and )?[A-Z][a-z]+(?:, (?:and )?| and )[A-Z][a-z]+\b`)

// elsewhere reports whether the line says right before where to look: "Kennwort: siehe KeePass, Eintrag …".
func (p place) elsewhere() bool {
	line := p.text[max(0, p.start-64):p.start]
	line = strings.ToLower(line[strings.LastIndexByte(line, '\n')+1:])
	at := strings.LastIndexAny(line, ":=(")
	words := strings.Fields(line[at+1:] + strings.ToLower(p.s))
	return at >= 0 && len(words) > 0 && pointers.Has(strings.Trim(words[0], "'\"`<[(")) && !strings.ContainsAny(p.s, "!#$+")
}

var pointers = keyword.NewList(`see siehe cf cf. voir véase ver vedi zie s. stored kept lives ask get from`)

// Shortcut reports whether s is keys to press together: Ctrl+Shift+P, ctrl+k.
func Shortcut(s string) bool {
	keys := strings.Split(strings.ToLower(s), "+")
	for _, k := range keys[:len(keys)-1] {
		if !modifiers.Has(k) {
			return false
		}
	}
	return len(keys) > 1
}

var modifiers = keyword.NewList(`ctrl control alt option opt cmd command meta super win shift fn`)

// prefix reports whether s is how tokens of a kind begin, and no more: npm_, sk_live_.
func prefix(s string) bool {
	return strings.HasSuffix(s, "_") && len(s) <= 12 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// paperNumber reports whether s is a number that says so: No.Q25-0117.
func paperNumber(s string) bool {
	return strings.HasPrefix(s, "No.") && strings.ContainsAny(s, "0123456789")
}

// Version reports whether s is the number of a version: v1.22.3, 2.10-12+deb12u2.
func Version(s string) bool {
	if len(s) > 4 && s[0] == 'v' && isDigit(s[1]) && strings.Count(s, ".") >= 2 {
		return true
	}
	if !isDigit(s[0]) || !strings.Contains(s, ".") {
		return false
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r >= '0' && r <= '9' || strings.ContainsRune(".+~:-", r) })
	for _, w := range words {
		if !builds.Has(w) {
			return false
		}
	}
	return len(words) > 0
}

// builds are what numbers of versions hold beside figures.
var builds = keyword.NewList(`deb u ubuntu rc alpha beta a b dev pre post preview snapshot dfsg ds el fc git bpo build p r final ga sp esr lts amd arm x`)

// hostName reports whether s is the name of a host: db.prod.internal.
func hostName(s string) bool { return strings.Count(s, ".") >= 2 && host.MatchString(s) }

// figures reports whether s is digits and hyphens.
func figures(s string) bool { return strings.Trim(s, "0123456789-") == "" }

// seed reports whether a number is what a generator of random numbers starts from.
func (p place) seed() bool {
	return figures(p.s) && strings.HasSuffix(strings.ToLower(Assigned(p.text, p.start)), "seed")
}

// number reports whether a word is a number in hexadecimal: an address, an error.
func (p place) number() bool {
	return len(p.s) <= 18 && (strings.HasPrefix(p.s, "0x") || strings.HasPrefix(p.s, "0X"))
}

// id reports whether a hexadecimal number stands behind a word for an id.
func (p place) id() bool {
	return len(p.s) >= 8 && (strings.Trim(p.s, "0123456789abcdef") == "" || strings.Trim(p.s, "0123456789ABCDEF") == "") && idWords.Has(wordBefore(p.text, RunStart(p.text, p.start)))
}

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

// RunStart returns where the run of base64 characters begins that holds start: a word of a digest is part of one.
func RunStart(text string, start int) int {
	i := start
	for i > 0 && start-i < 128 && (isLetter(text[i-1]) || isDigit(text[i-1]) || text[i-1] == '/' || text[i-1] == '+') {
		i--
	}
	return i
}

// Assigned returns the name that the value at start is assigned to, or "".
func Assigned(text string, start int) string {
	i := start
	for i > 0 && start-i < 8 && strings.IndexByte(" \t\"'`([{=:>", text[i-1]) >= 0 {
		i--
	}
	if !strings.ContainsAny(text[i:start], "=:") {
		return ""
	}
	end := i
	for i > 0 && end-i < 64 && (isLetter(text[i-1]) || isDigit(text[i-1]) || text[i-1] == '_' || text[i-1] == '-') {
		i--
	}
	return text[i:end]
}

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
	for _, p := range []string{"に入", "に保", "に記", "にあ", "に登録", "に置", "に書", "にメモ", "にまとめ", "の項", "という項目", "という名前", "アイテム", "を参照", "を見", "フォルダ", "画面", "ボタン", "ページ", "タブ", "を押", "を選", "をクリック", "と表示", "とだけ", "と出", "というログ", "というエラー", "欄"} {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	return false
}

// drawing reports whether s is a piece of the path of a drawing: 2.8V17h-2v-4.2a3.
func drawing(s string) bool {
	return strings.Count(s, ".")+strings.Count(s, "-") >= 3 && strings.ContainsAny(s, "MmLlHhVvCcSsQqTtAaZz") && strings.Trim(s, "0123456789.-MmLlHhVvCcSsQqTtAaZz") == ""
}

// around returns the name that text[start:end] is part of.
func (p place) around() string {
	text, start, end := p.text, p.start, p.end
	from := start
	for from > 0 && start-from < 64 && nameByte(text[from-1]) {
		from--
	}
	for n := end; end < len(text) && end-n < 64 && nameByte(text[end]); {
		end++
	}
	return strings.Trim(text[from:end], ".:/")
}

func nameByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '.' || c == '/' || c == '_' || c == ':'
}

// partOfNumber reports whether digits are a part of a larger number, 1,204, or count something in Japanese, 48人.
func (p place) partOfNumber() bool {
	text, start, end := p.text, p.start, p.end
	if text[start] < '0' || text[start] > '9' || text[end-1] < '0' || text[end-1] > '9' {
		return false
	}
	if start > 1 && (text[start-1] == ',' || text[start-1] == '.') && text[start-2] >= '0' && text[start-2] <= '9' && end-start == 3 {
		return true
	}
	for _, p := range []string{"人", "名", "件", "個", "回", "台", "枚", "本", "円", "万", "歳", "才", "年", "月", "日", "時", "分", "秒", "階", "位", "点", "度", "番線", "号車", "ページ", "頁", "章", "節", "%", "％", "割", "倍", "文字", "桁", "行", "列", "社", "店", "冊", "通", "杯", "匹", "組", "期", "世帯", "キロ", "メートル", "グラム", "ミリ", "センチ"} {
		if strings.HasPrefix(text[end:], p) {
			return true
		}
	}
	return false
}

// labelsJapanese stand before the number of a thing or a document, with a space or a colon between.
var labelsJapanese = []string{"型番", "品番", "図番", "管理番号", "受付番号", "整理番号", "伝票番号", "注文番号", "発注番号", "請求書番号", "製造番号", "製品番号", "部品番号", "機番", "追跡番号", "案件番号", "申請番号", "チケット番号", "問い合わせ番号", "問合せ番号", "議事録番号",
	"文書番号", "契約番号", "契約書", "見積書", "請求書", "注文書", "仕様書", "報告書", "議事録", "チケット", "課題", "案件", "ロット", "ロット番号", "便名", "号機", "資産番号", "備品番号"}

// labels stand right before what is the number of a thing: a parcel, a paper, a ticket.
var labels = keyword.NewList(`parcel shipment consignment tracking doi isbn issn arxiv orcid pmid sku ean upc gtin vin imo flight train bus route room platform track gate seat row page pages pp chapter vol volume no nr figure fig table item lot batch profile model series grade sheet order invoice ticket case article
	migration partition offset revision build firmware observation finding requirement clause section annex drawing dwg asset po cr ncr rfc pr issue bug jira`)

// smallNumbers stand before the number of a thing of which a house has many.
var smallNumbers = keyword.NewList(`locker box shelf rack slot bay desk floor zone lane drawer cabinet cell unit`)

// versioned reports whether s is the number of a version: v1.4, v2.10.3-rc1.
func versioned(s string) bool {
	if len(s) < 4 || s[0] != 'v' || s[1] < '0' || s[1] > '9' || !strings.Contains(s, ".") {
		return false
	}
	head, tail, _ := strings.Cut(s[1:], "-")
	tail = strings.TrimRight(tail, "0123456789.")
	return strings.Trim(head, "0123456789.") == "" && (tail == "" || releases.Has(tail))
}

var releases = keyword.NewList(`rc alpha beta dev pre preview snapshot patch post`)

// user reports whether what stands between start and end is who is addressed at a host, git@host, and no password before one,
// user:password@host.
func (p place) user() bool {
	text, start, end := p.text, p.start, p.end
	if end+1 >= len(text) || text[end] != '@' || !isLetter(text[end+1]) && (text[end+1] < '0' || text[end+1] > '9') {
		return false
	}
	return start == 0 || strings.IndexByte(" \t\n(\"'`", text[start-1]) >= 0 || strings.HasSuffix(text[:start], "://")
}

// optionID reports whether what stands at start is what a command is told by an option that asks for an id: --instance-ids i-04c2.
func (p place) optionID() bool {
	text, start := p.text, p.start
	before := strings.TrimRight(text[max(0, start-64):start], " =\"'")
	if len(before) == 0 || start > 0 && strings.IndexByte(" =\"'", text[start-1]) < 0 {
		return false
	}
	word := before[strings.LastIndexAny(before, " \n\t")+1:]
	if !strings.HasPrefix(word, "--") {
		return false
	}
	return optionWords.Has(word[strings.LastIndexByte(word, '-')+1:]) && !strings.Contains(word, "key-id") && !strings.Contains(word, "secret") && !strings.Contains(word, "client")
}

var optionWords = keyword.NewList(`id ids arn arns name names region zone zones cluster project namespace tag tags type version format`)

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

// accounts reports whether s begins a number of an account written in groups, which the layer for such numbers judges: GB82 WEST 1234.
func (p place) accounts() bool {
	text, start, s := p.text, p.start, p.s
	rest := text[start+len(s):]
	return len(s) == 4 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && figures(s[2:]) && len(rest) > 10 && rest[0] == ' ' && rest[5] == ' ' && figures(rest[6:10])
}

// drawn returns the run of base64 that text[start:end] is part of.
func (p place) drawn() string {
	text, start, end := p.text, p.start, p.end
	const most = 64
	from := start
	for from > 0 && start-from < most && base64Byte(text[from-1]) {
		from--
	}
	for n := end; end < len(text) && end-n < most && base64Byte(text[end]); {
		end++
	}
	return text[from:end]
}

func base64Byte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '/' || c == '+' || c == '='
}

// quoted reports whether text[start:end] stands between quotes of any kind.
func (p place) quoted() bool {
	text, start, end := p.text, p.start, p.end
	return start > 0 && strings.IndexByte("\"'`", text[start-1]) >= 0 || strings.HasSuffix(text[:start], "「") || strings.HasSuffix(text[:start], "『") || end < len(text) && strings.IndexByte("\"'`", text[end]) >= 0
}

// memberName reports whether what stands between start and end is the name of a member of an object in JSON: "minLength": 12.
func (p place) memberName() bool {
	text, start, end := p.text, p.start, p.end
	return start > 0 && end < len(text) && text[start-1] == '"' && text[end] == '"' && strings.HasPrefix(strings.TrimLeft(text[end+1:min(len(text), end+4)], " "), ":")
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

// path returns the path that text[start:end] is a part of, or "" if it is part of none.
func (p place) path() string {
	text, start, end := p.text, p.start, p.end
	const most = 96
	from, to := start, end
	for from > 0 && start-from < most && pathByte(text[from-1]) {
		from--
	}
	for to < len(text) && to-end < most && pathByte(text[to]) {
		to++
	}
	if s := strings.TrimRight(text[from:to], "."); strings.Contains(s, "/") && !strings.Contains(s, "//") {
		return s
	}
	return ""
}

func pathByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '.' || c == '/' || c == '_' || c == '-'
}

// camel reports whether s is words that capitals join and nothing else, as names in code and of products are: CloudWatch.
func camel(s string) bool {
	humps := 0
	for i := 0; i < len(s); i++ {
		if !isLetter(s[i]) {
			return false
		}
		if i > 0 && s[i] < 'a' && s[i-1] >= 'a' {
			humps++
		}
	}
	return humps > 0 && Identifier(s) && WordShare(s) >= 0.8
}

// identified reports whether what stands at start is said to be the id of a thing: "the video id is …", "dashboard uid …".
func (p place) identified() bool {
	text, start := p.text, p.start
	words := strings.Fields(strings.ToLower(strings.TrimRight(text[max(0, start-48):start], " :=\"'`")))
	k := len(words) - 1
	if k >= 0 && (words[k] == "is" || words[k] == "was") {
		k--
	}
	if k < 1 || words[k] != "id" && words[k] != "ids" && words[k] != "uid" && words[k] != "uuid" && words[k] != "digest" && words[k] != "revision" && words[k] != "commit" {
		return false
	}
	return !accountIDs.Has(strings.Trim(words[k-1], "(\"'`,"))
}

var accountIDs = keyword.NewList(`login user client account apple admin access key secret session application app member my your his her the`)

// year reports whether s is one of a notice of copyright.
func (p place) year() bool {
	text, start, s := p.text, p.start, p.s
	if len(s) != len("2003") && len(s) != len("2003-2004") || !figures(s) || s[:2] != "19" && s[:2] != "20" || len(s) > 4 && (s[4] != '-' || s[5:7] != "19" && s[5:7] != "20") {
		return false
	}
	before := text[max(0, start-600):start]
	return notice.Contains(before[strings.LastIndex(before, "\n\n")+1:])
}

var notice = keyword.New([]string{"copyright", "©", "(c)"})

// labelled reports whether what stands at start is the number of a thing.
func (p place) labelled() bool {
	text, start := p.text, p.start
	head := strings.TrimRight(text[max(0, start-40):start], " 　:：No.№")
	for _, p := range labelsJapanese {
		if strings.HasSuffix(head, p) {
			return true
		}
	}
	for _, p := range []string{"票", "号", "番線", "第", "型番", "品番", "伝票", "受付番号", "会員", "整理番号"} {
		if strings.HasSuffix(text[:start], p) {
			return true
		}
	}
	run := start
	for run > 0 && start-run < 48 && text[run-1] > ' ' && text[run-1] < 0x80 {
		run--
	}
	if strings.HasPrefix(strings.ToLower(text[run:start]), "doi:") || strings.HasPrefix(text[run:], "10.") && strings.Contains(text[run:start], "/") {
		return true
	}
	if ShapeOf(p.s).LongestLetters > 5 { // a word, no number
		return false
	}
	return labels.Has(wordBefore(text, start)) || smallNumbers.Has(wordBefore(text, start)) && len(p.s) <= 3 && figures(p.s)
}

// image reports whether a word ends the name of a container image: a digest or a tag follows it.
func (p place) image() bool {
	text, end := p.text, p.end
	return strings.HasPrefix(text[end:], "@sha256:") || strings.HasPrefix(text[end:], "@sha512:")
}

// issue is how trackers name what they track: BIL-7.
var issue = pattern.New(`^[A-Z][A-Z0-9]{1,9}-[0-9]{1,6}$`)

// idWords stand before a hexadecimal number that is an id or a digest.
var idWords = keyword.NewList(`id ids object commit revision rev sha sha1 sha256 md5 hash digest checksum trace span request session uid uuid etag build image container serial fingerprint thumbprint keyid`)

// wordBefore returns the word before start in small letters, or "".
func wordBefore(text string, start int) string {
	s := strings.TrimRight(text[max(0, start-24):start], " :=\t")
	return strings.ToLower(s[strings.LastIndexAny(s, " \n\t\"'(=:,")+1:])
}

var host = pattern.New(`^[a-z0-9-]+(?:\.[a-z0-9-]+)+\.(?:com|org|net|io|dev|internal|local|lan|example|de|jp|co|eu|uk|fr|test)$`)

// colour reports whether what stands at start is a colour as style sheets have it: #2F6F4F.
func (p place) colour() bool {
	text, start, s := p.text, p.start, p.s
	return start > 0 && text[start-1] == '#' && (len(s) == 6 || len(s) == 8) && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
