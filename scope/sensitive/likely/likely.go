// Package likely finds words that stand where secrets stand: "try sommer2019 if the box asks for a password". It is a
// linear model over the shape of a word and the words around it, trained on invented texts (see train), and catches
// ways of saying a secret that no rule of the other layers spells out. It knows no secret itself: rare words are
// reduced to their shape before the model sees them.
package likely

import (
	_ "embed"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/saying"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

//go:generate go run ./train -dir .

//go:embed weights.bin
var weights []byte // one signed byte a bucket, in units of 1/unit

// unit is how many steps of a weight make one nat.
const unit = 24

// A class of words is judged by one threshold: more is asked of what could be any rare word or name.
type class uint8

const (
	wordClass    class = iota // letters only: Albatros, swordfish
	joinedClass               // words joined by marks: velvet.hammer, winter-cod-liver
	mixedClass                // letters with digits or signs: bergluft2019, Kwik!
	numberClass               // digits, perhaps with hyphens: 4711, 2-5-8-0
	countClass                // a number of one or two digits, or with dots
	foreignClass              // other scripts
	classes
)

// From which score, in nats, a word of each class counts, near a word for a secret and away from one. They were set on
// the rounds of testdata and on paragraphs and commit messages of other projects, so that about one text in a hundred is found by mistake;
// away from such a word on chat and notes in Japanese too, which are full of names.
var (
	thresholdNear = [classes]float64{wordClass: 0.3, joinedClass: -0.7, mixedClass: -0.3, numberClass: 0.1, countClass: 2.2, foreignClass: -0.7}
	thresholdFar  = [classes]float64{wordClass: 2.6, joinedClass: 1.4, mixedClass: 1.4, numberClass: 1.5, countClass: 2, foreignClass: 1.2}
)

func classOf(s string) class {
	letters, digits, joins, others := 0, 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 0xE0 && letters+digits == 0 && i == 0: // Japanese, Korean; not the letters of Europe
			if r, _ := utf8.DecodeRuneInString(s); r >= 0x3000 {
				return foreignClass
			}
			letters++
		case letter(c) || c >= 0x80:
			letters++
		case c >= '0' && c <= '9':
			digits++
		case c == '-' || c == '_' || c == '.' || c == '\'':
			joins++
		default:
			others++
		}
	}
	switch {
	case letters+digits+others < 3, letters == 0 && others == 0 && (digits+joins < 3 || strings.Contains(s, ".")):
		return countClass
	case letters == 0:
		return numberClass
	case digits+others > 0:
		return mixedClass
	case joins > 0:
		return joinedClass
	}
	return wordClass
}

var tokens = sync.Pool{New: func() any { return new([]feature.Token) }}

// enough is how many findings a text needs at most: one makes it sensitive.
const enough = 64

// Scan returns the words of text that are likely secrets. Its cost is linear.
func Scan(text string) []match.Match {
	var out, rare []match.Match // rare are plain words away from talk of secrets
	end, public := 0, value.PublicBlocks(text)
	Each(text, func(start, stop int, near bool, score float64) {
		least := &thresholdFar
		if near {
			least = &thresholdNear
		}
		if start < end || len(out)+len(rare) >= enough || score < least[classOf(text[start:stop])] || !near && score < sure && member(text, start) || dismissed(text, start, text[start:stop], score, public) {
			return
		}
		end = stop
		m := match.Match{Rule: "likely-secret", Kind: match.Credential, Start: start, End: stop, Confidence: confidence(score)}
		if !near && classOf(text[start:stop]) == wordClass {
			rare = append(rare, m)
			return
		}
		out = append(out, m)
	})
	if len(rare) < foreignText {
		out = append(out, rare...)
		slices.SortFunc(out, func(a, b match.Match) int { return a.Start - b.Start })
	}
	return out
}

// foreignText is how many plain words that nothing announces say that a text is in a language the model does not know, rather
// than that it holds so many secrets.
const foreignText = 2

// member reports whether what stands at start is the value of a member of a JSON object: "source": "server-memory". Its name
// says what it is, so that with no word for a secret near it a rare word is one of the many names that such values are.
func member(text string, start int) bool {
	before, quoted := strings.CutSuffix(text[max(0, start-8):start], "\"")
	return quoted && strings.HasSuffix(strings.TrimRight(before, " "), "\":")
}

// dismissed reports whether a word is something else whatever its score says.
func dismissed(text string, start int, s string, score float64, public value.Blocks) bool {
	if strings.HasPrefix(s, "Ctrl+") || strings.HasPrefix(s, "Alt+") || strings.HasPrefix(s, "Cmd+") || strings.HasPrefix(s, "Shift+") {
		return true
	}
	if len(s) == 1 || fragment(text, start, start+len(s)) || score < sure && noun(text, start, s) || saying.Famous(text, start, s) || value.Standard(s) || value.Typed(s) || score < sure && strings.HasSuffix(s, "'s") || value.Published(s) || drawing(s) || value.Quantity(s) || score < sure && (value.Numbered(s) && !strings.ContainsAny(s, "!#$+") || value.Qualified(around(text, start, start+len(s)))) || digits(s) && strings.HasSuffix(strings.ToLower(name(text, start)), "seed") || stored(text, start+len(s)) || image(text, start+len(s)) {
		return true
	}
	if memberName(text, start, start+len(s)) || strings.HasPrefix(s, "No.") && strings.ContainsAny(s, "0123456789") {
		return true
	}
	if score < beyond && (sampled(text, start) || value.Cipher(s) || saying.Manager(s) || value.File(path(text, start, start+len(s)))) || score < sure && camel(s) && !quoted(text, start, start+len(s)) {
		return true
	}
	if value.Region(s) || score < beyond && (value.Device(s) || versioned(s) || user(text, start, start+len(s)) || optionID(text, start) || bracketed(text, start)) || year(text, start, s) || accounts(text, start, s) || value.Published(drawn(text, start, start+len(s))) || score < beyond && !quoted(text, start, start+len(s)) && programs.Has(strings.ToLower(s)) || score < sure && identified(text, start) || score < beyond && value.DocumentNumber(s) {
		return true
	}
	if score < beyond && (colour(text, start, s) || partOfNumber(text, start, start+len(s)) || labelled(text, start)) {
		return true
	}
	run := runStart(text, start)
	return value.Placeholder(s) && !digits(s) || value.UUID(s) || value.Digest(s) || score < sure && issue.MatchString(s) || value.Versioned(s) || value.File(s) || value.Alphabet(s) || saying.Harmless(name(text, run)) ||
		score < sure && plain(s) && saying.Describes(s) || published(text, run, s, public) || reference(text, start, s, score)
}

// noun reports whether a word in small letters stands behind an article: it is what the sentence speaks of.
func noun(text string, start int, s string) bool {
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
// word goes on in hiragana, as verbs do: 紛れ込む, 抜く. Particles and what ends a sentence may follow a value.
func fragment(text string, start, end int) bool {
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
func stored(text string, end int) bool {
	rest := text[end:min(len(text), end+48)]
	if i := strings.Index(rest, "」"); i >= 0 && i <= 24 {
		rest = rest[i+len("」"):]
	} else if i := strings.Index(rest, "』"); i >= 0 && i <= 24 {
		rest = rest[i+len("』"):]
	} else {
		return false
	}
	for _, p := range []string{"に入", "に保", "に記", "にあ", "に登録", "に置", "に書", "にメモ", "にまとめ", "の項", "という項目", "という名前", "アイテム", "を参照", "を見", "フォルダ", "画面", "ボタン", "ページ", "タブ", "を押", "を選", "をクリック", "と表示", "欄"} {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	return false
}

// drawing reports whether s is a piece of the path of a drawing: 2.8V17h-2v-4.2a3.
func drawing(s string) bool {
	return strings.Count(s, ".")+strings.Count(s, "-") >= 3 && strings.Trim(s, "0123456789.-MmLlHhVvCcSsQqTtAaZz") == ""
}

// around returns the name that text[start:end] is part of.
func around(text string, start, end int) string {
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
	return letter(c) || c >= '0' && c <= '9' || c == '.' || c == '/' || c == '_' || c == ':'
}

// partOfNumber reports whether digits are a part of a larger number, 1,204, or count something in Japanese, 48人.
func partOfNumber(text string, start, end int) bool {
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
	"文書番号", "契約番号", "契約書", "見積書", "請求書", "注文書", "仕様書", "報告書", "議事録", "ロット", "ロット番号", "便名", "号機", "資産番号", "備品番号"}

// labels stand right before what is the number of a thing: a parcel, a paper, a ticket.
var labels = keyword.NewList(`parcel shipment consignment tracking doi isbn issn arxiv orcid pmid sku ean upc gtin vin imo flight train bus route room platform track gate seat row page pages pp chapter vol volume no nr figure fig table item lot batch order invoice ticket case article
	migration partition offset revision build firmware observation finding requirement clause section annex drawing dwg asset po cr ncr rfc pr issue bug jira`)

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
func user(text string, start, end int) bool {
	if end+1 >= len(text) || text[end] != '@' || !letter(text[end+1]) && (text[end+1] < '0' || text[end+1] > '9') {
		return false
	}
	return start == 0 || strings.IndexByte(" \t\n(\"'`", text[start-1]) >= 0 || strings.HasSuffix(text[:start], "://")
}

// optionID reports whether what stands at start is what a command is told by an option that asks for an id: --instance-ids i-04c2.
func optionID(text string, start int) bool {
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
func bracketed(text string, start int) bool {
	before, after := text[max(0, start-60):start], text[start:min(len(text), start+80)]
	open, shut := strings.LastIndexByte(before, '<'), strings.IndexByte(after, '>')
	if open < 0 || shut < 0 || strings.ContainsAny(before[open+1:], "<>\n=/\"") || strings.ContainsAny(after[:shut], "<\n=/\"") {
		return false
	}
	return strings.Contains(before[open:], " ") || strings.Contains(after[:shut], " ")
}

// accounts reports whether s begins a number of an account written in groups, which the layer for such numbers judges: GB82 WEST 1234.
func accounts(text string, start int, s string) bool {
	rest := text[start+len(s):]
	return len(s) == 4 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && digits(s[2:]) && len(rest) > 10 && rest[0] == ' ' && rest[5] == ' ' && digits(rest[6:10])
}

// drawn returns the run of base64 that text[start:end] is part of.
func drawn(text string, start, end int) string {
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
	return letter(c) || c >= '0' && c <= '9' || c == '/' || c == '+' || c == '='
}

// quoted reports whether text[start:end] stands between quotes of any kind.
func quoted(text string, start, end int) bool {
	return start > 0 && strings.IndexByte("\"'`", text[start-1]) >= 0 || strings.HasSuffix(text[:start], "「") || strings.HasSuffix(text[:start], "『") || end < len(text) && strings.IndexByte("\"'`", text[end]) >= 0
}

// memberName reports whether what stands between start and end is the name of a member of an object in JSON: "minLength": 12.
func memberName(text string, start, end int) bool {
	return start > 0 && end < len(text) && text[start-1] == '"' && text[end] == '"' && strings.HasPrefix(strings.TrimLeft(text[end+1:min(len(text), end+4)], " "), ":")
}

// sampled reports whether what stands at start is announced as an example.
func sampled(text string, start int) bool {
	head := strings.TrimRight(text[max(0, start-24):start], " 　:：、(（「")
	for _, p := range []string{"例", "例えば", "たとえば", "e.g.", "for example", "for example,"} {
		if strings.HasSuffix(head, p) {
			return true
		}
	}
	return false
}

// path returns the path that text[start:end] is a part of, or "" if it is part of none.
func path(text string, start, end int) string {
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
	return letter(c) || c >= '0' && c <= '9' || c == '.' || c == '/' || c == '_' || c == '-'
}

// camel reports whether s is words that capitals join and nothing else, as names in code and of products are: CloudWatch.
func camel(s string) bool {
	humps := 0
	for i := 0; i < len(s); i++ {
		if !letter(s[i]) {
			return false
		}
		if i > 0 && s[i] < 'a' && s[i-1] >= 'a' {
			humps++
		}
	}
	return humps > 0 && value.Identifier(s) && value.WordShare(s) >= 0.8
}

// identified reports whether what stands at start is said to be the id of a thing: "the video id is …", "dashboard uid …".
func identified(text string, start int) bool {
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
func year(text string, start int, s string) bool {
	if len(s) != len("2003") && len(s) != len("2003-2004") || !digits(s) || s[:2] != "19" && s[:2] != "20" || len(s) > 4 && (s[4] != '-' || s[5:7] != "19" && s[5:7] != "20") {
		return false
	}
	before := text[max(0, start-600):start]
	return notice.Contains(before[strings.LastIndex(before, "\n\n")+1:])
}

var notice = keyword.New([]string{"copyright", "©", "(c)"})

// labelled reports whether what stands at start is the number of a thing.
func labelled(text string, start int) bool {
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
	return labels.Has(wordBefore(text, start))
}

// image reports whether a word ends the name of a container image: a digest or a tag follows it.
func image(text string, end int) bool {
	return strings.HasPrefix(text[end:], "@sha256:") || strings.HasPrefix(text[end:], "@sha512:")
}

// plain reports whether s is letters, perhaps joined: any rare word or name.
func plain(s string) bool { return !strings.ContainsAny(s, "0123456789!#$+") }

// digits reports whether s is digits and hyphens.
func digits(s string) bool { return strings.Trim(s, "0123456789-") == "" }

// published reports whether what stands at start is a digest, a version or a host.
func published(text string, start int, s string, public value.Blocks) bool {
	before := text[max(0, start-10):start]
	for _, p := range []string{"SHA256:", "sha256:", "h1:", "MD5:", "md5:", "sha1-", "sha256-", "sha384-", "sha512-"} {
		if strings.HasSuffix(before, p) {
			return true
		}
	}
	for _, p := range []string{"sha1-", "sha256-", "sha384-", "sha512-"} {
		if strings.HasPrefix(text[start:], p) {
			return true
		}
	}
	if len(s) <= 18 && (strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")) { // an address, an error number
		return true
	}
	if len(s) >= 8 && (strings.Trim(s, "0123456789abcdef") == "" || strings.Trim(s, "0123456789ABCDEF") == "") && idWords.Has(wordBefore(text, start)) {
		return true
	}
	if public.Hold(text, start) {
		return true
	}
	if len(s) > 4 && s[0] == 'v' && s[1] >= '0' && s[1] <= '9' && strings.Count(s, ".") >= 2 {
		return true
	}
	return strings.Count(s, ".") >= 2 && host.MatchString(s)
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

// runStart returns where the run of base64 characters begins that holds start: a word of a digest is part of one.
func runStart(text string, start int) int {
	i := start
	for i > 0 && start-i < 128 && (letter(text[i-1]) || text[i-1] >= '0' && text[i-1] <= '9' || text[i-1] == '/' || text[i-1] == '+') {
		i--
	}
	return i
}

// name returns the name that the value at start is assigned to, or "".
func name(text string, start int) string {
	i := start
	for i > 0 && start-i < 8 && strings.IndexByte(" \t\"'`([{=:>", text[i-1]) >= 0 {
		i--
	}
	if !strings.ContainsAny(text[i:start], "=:") {
		return ""
	}
	end := i
	for i > 0 && end-i < 64 && (letter(text[i-1]) || text[i-1] == '_' || text[i-1] == '-' || text[i-1] >= '0' && text[i-1] <= '9') {
		i--
	}
	return text[i:end]
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// colour reports whether what stands at start is a colour as style sheets have it: #2F6F4F.
func colour(text string, start int, s string) bool {
	return start > 0 && text[start-1] == '#' && (len(s) == 6 || len(s) == 8) && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// reference reports whether what stands at start is the name of a value: $NAME, ${{ … }}, <name>, %NAME%.
func reference(text string, start int, s string, score float64) bool {
	if start > 0 && strings.IndexByte("$<{%", text[start-1]) >= 0 {
		return true
	}
	word := text[max(0, start-80):start]
	word = word[strings.LastIndexAny(word, " \n\"'=")+1:]
	if i := strings.IndexByte(word, ':'); i > 0 && strings.Contains(word, "/") && storesOf.Has(word[:i]) {
		return true // vault:secret/data/db#password
	}
	return value.Reference(s) && !strings.Contains(s, "$") && (score < sure || score < beyond && !strings.ContainsAny(s, "0123456789"))
}

// sure is the score, in nats, from which a name with a digit counts as a password: "Ringo.Musi9".
const sure = 3

// beyond is the score, in nats, from which even a name without one does: "PWはAsahi.no.yama".
const beyond = 6

var storesOf = keyword.NewList(`vault op ssm arn kms awssm gcpsm sops ref file secret secrets keyring keychain enc pass gopass`)

// Each calls visit for every word that could be a secret, with how likely it is: the log-odds by the model.
func Each(text string, visit func(start, end int, near bool, score float64)) {
	buf := tokens.Get().(*[]feature.Token)
	*buf = feature.Tokens(text, (*buf)[:0])
	feature.Each(text, *buf, func(c feature.Candidate) {
		sum := 0
		for _, f := range c.Features {
			sum += int(int8(weights[f]))
		}
		t := (*buf)[c.Token]
		visit(t.Start, t.End, c.Near, float64(sum)/unit)
	})
	if cap(*buf) < 1<<15 {
		tokens.Put(buf)
	}
}

func confidence(score float64) float64 { return min(0.75, max(0.5, 1/(1+math.Exp(-score/2)))) }
