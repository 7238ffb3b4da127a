package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

var (
	phoneInternational = pattern.New(`^(?:\+|00)\d{1,3}(?:[ .\-/]?\(?\d{1,5}\)?){2,6}`)
	phoneNational      = pattern.New(`^(?:0[ \-])?\(?\d{2,5}\)?(?:[ .\-/]?\d{2,5}){1,4}\b`)
	phoneUS            = pattern.New(`^(?:\+?1[ .\-]?)?(?:\(\d{3}\) ?|\d{3}[.\-])\d{3}[.\-]\d{4}\b`)
	phoneJapan         = pattern.New(`^0\d{1,4}-\d{1,4}-\d{4}\b|^0[5789]0[ -]?\d{4}[ -]?\d{4}\b|^\(0\d{1,4}\)\d{1,4}-\d{4}`)
	phoneTold          = pattern.New(`(?i)(?:phone|mobile|cell|handy|telefon|telefono|teléfono|téléphone|telefone|telepono|telefoon|puhelin|tel|cep|cep telefonu|whatsapp|mobil|mobiel|móvil|celular|cellulare|portable|gsm|телефон|мобильный|携帯|電話|手机|電話號碼|휴대폰|전화)(?:[ _-]?(?:number|no|nummer|nr|num|番号|번호|号码))?\.?['"]?\s*(?:is|was|=|:|->|,|：|は|が|を[^。\n\d]{1,20}。|of (?:my|the) [a-z]+ (?:is|-|:))?\s*['"]?[(+]*$`)
	phoneToldBehind    = pattern.New(`(?i)^['"]? (?:is|was) (?:my|his|her|our|their|the [a-z]+'s|[a-z]+'s) (?:[a-z]+ )?(?:phone|mobile|cell|tel|telephone|whatsapp|landline|number)\b`)
	extension          = pattern.New(`^x\d{1,6}\b`)
	dateShape          = pattern.New(`^(?:19|20)\d{2}[ .\-/]?(?:0[1-9]|1[0-2])[ .\-/]?(?:0[1-9]|[12]\d|3[01])|^\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)\d{2}$`)
)

// phoneWords say that a number near them is a phone number.
var phoneWords = keyword.New([]string{"phone", "telephone", "tel", "tel.", "mobile", "cell", "cellphone", "fax", "call", "sms", "text", "whatsapp", "ring", "dial", "hotline", "contact", "number",
	"téléphone", "telefon", "teléfono", "telefono", "handy", "móvil", "cep", "電話", "携帯", "ファックス", "番号", "连絡", "連絡", "手机", "전화", "휴대폰", "reach", "reached", "pager", "private line", "direct line", "landline", "wants a call", "her line", "his line"})

// phoneRegions are the plans tried for national numbers near one of phoneWords; the international form needs none.
var phoneRegions = []string{"US", "JP", "GB", "DE", "FR", "IN", "AU", "BR", "CN", "KR", "IT", "ES", "NL", "CA", "MX"}

// maxPhones bounds how many numbers of a text go to the phone library, which costs some 10 µs a number and plan.
const maxPhones = 64

// phones finds phone numbers: international ones that the library holds valid, American and Japanese ones by their
// usual spelling, and other national ones near a word such as "call".
func phones(text string, out []match.Match) []match.Match {
	tried := 0
	eachPhone(text, func(start, end int) int {
		if tried++; tried > maxPhones {
			return len(text)
		}
		n, conf := phoneAt(text, start, end)
		if n == 0 {
			return 0
		}
		out = append(out, match.Match{Rule: "phone-number", Kind: match.Personal, Start: start, End: start + n, Confidence: conf})
		return start + n
	})
	return out
}

// eachPhone visits the runs of phone characters that hold seven digits or more. visit returns the offset from which to
// go on, or 0 to go on behind the first group.
func eachPhone(text string, visit func(start, end int) int) {
	for i := 0; i < len(text); {
		c := text[i]
		if !digit(c) && !(c == '+' && i+1 < len(text) && digit(text[i+1])) && !(c == '(' && i+1 < len(text) && (digit(text[i+1]) || text[i+1] == '+')) || i > 0 && alnum(text[i-1]) {
			i++
			continue
		}
		if c == '(' && i+5 < len(text) && strings.IndexByte(text[i:min(len(text), i+8)], ')') < 0 { // a remark that begins with a number
			i++
			continue
		}
		j, digits := i, 0
		for j < len(text) && j-i < 40 {
			c := text[j]
			if digit(c) {
				digits++
			} else if c != ' ' && c != '-' && c != '.' && c != '(' && c != ')' && c != '+' && c != '/' || j+1 < len(text) && separator(c) && separator(text[j+1]) && text[j+1] != '(' && c != ')' {
				break
			}
			j++
		}
		next := 0
		if digits >= phoneDigits {
			next = visit(i, j)
		}
		if next > i {
			i = next
			continue
		}
		for i++; i < len(text) && digit(text[i]); i++ {
		}
	}
}

func separator(c byte) bool {
	return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')'
}

// phoneAt returns the length of the phone number that begins the run, and how sure that is.
func phoneAt(text string, start, end int) (int, float64) {
	if start > 1 && (text[start-1] == '-' || text[start-1] == '.' || text[start-1] == '/' || text[start-1] == '_') || versionBefore(text[max(0, start-16):start]) {
		return 0, 0
	}
	s := text[start:end]
	if len(s) >= 11 && s[3] == '-' && s[6] == '-' && digitsOnly(s[:3]+s[4:6]+s[7:11]) && (len(s) == 11 || !digit(s[11])) { // an American social security number
		return 0, 0
	}
	if public(text[max(0, start-40):start], s) || counted(text, start, end) || thingBefore.MatchString(text[max(0, start-32):start]) || blank(s) || exchange.MatchString(text[start+len(strings.TrimRight(s, " .-/(+")):min(len(text), end+24)]) || thingBehind.MatchString(text[end:min(len(text), end+32)]) {
		return 0, 0
	}
	fits := func(re *pattern.Pattern) (string, bool) {
		m := re.FindString(s)
		return m, m != "" && (!embedded(text, start, start+len(m)) || extension.MatchString(text[start+len(m):min(len(text), start+len(m)+8)]))
	}
	if m, ok := fits(phoneUS); ok && usPhone(m) {
		return len(m), 0.85
	}
	if m, ok := fits(phoneJapan); ok && countDigits(m) >= 10 && (validPhone(m, "JP") || japanesePhone(m)) {
		return len(m), 0.85
	}
	behind := phoneToldBehind.MatchString(text[start+len(strings.TrimRight(s, " .-/(+")) : min(len(text), end+60)])
	cue := behind || phoneCue(text[max(0, start-40):start])
	if m, ok := fits(phoneInternational); ok {
		number := m
		if strings.HasPrefix(m, "00") {
			number = "+" + m[2:]
		}
		if (number == m || cue) && validPhone(number, "") {
			return len(m), 0.9
		}
	}
	if !cue {
		return 0, 0
	}
	m, ok := fits(phoneNational)
	if ok && countedNumber(text, start, start+len(m)) {
		return 0, 0
	}
	told := ok && (behind || phoneTold.MatchString(text[max(0, start-60):start]))
	if !ok && s[0] == '+' && phoneTold.MatchString(text[max(0, start-60):start]) {
		m, ok = fits(phoneInternational)
		told = ok
	}
	if n := countDigits(m); !ok || n < 8 && !told || n > 13 && !told || strings.Count(m, ".") == 1 || dateShape.MatchString(m) {
		return 0, 0
	}
	for _, region := range phoneRegions {
		if validPhone(m, region) {
			return len(m), 0.8
		}
	}
	if told { // whatever country's it is
		return len(m), 0.7
	}
	return 0, 0
}

// versionBefore reports whether before ends in what makes a number one of something else: "version ", "v", "==", "$", "#", "2-".
func versionBefore(before string) bool {
	s := strings.TrimRight(before, " \t\r\n")
	if s == "" {
		return false
	}
	rest := ""
	switch c := s[len(s)-1]; c {
	case '$', '#':
		return true
	case '-':
		return len(s) > 1 && (digit(s[len(s)-2]) || s[len(s)-2] == '.')
	case 'v', 'V':
		return len(s) == 1 || !alnum(s[len(s)-2]) && s[len(s)-2] != '_'
	case '<', '>':
		rest = s[:len(s)-1]
	case '=':
		if len(s) < 2 || strings.IndexByte("=<>", s[len(s)-2]) < 0 {
			return false
		}
		rest = s[:len(s)-2]
	case 'n', 'N', 'e', 'E', 'd', 'D':
		l := strings.ToLower(s)
		return strings.HasSuffix(l, "version") || strings.HasSuffix(l, "release") || strings.HasSuffix(l, "build")
	default:
		return strings.HasSuffix(s, "バージョン")
	}
	rest = strings.TrimRight(rest, " \t\r\n")
	return rest != "" && (alnum(rest[len(rest)-1]) || rest[len(rest)-1] == '_' || rest[len(rest)-1] == ')')
}

func phoneCue(before string) bool {
	found := false
	before = fold(before).text
	phoneWords.Each(before, func(h keyword.Hit) bool {
		found = wholeWord(before, h) && !otherNumber(before[:h.Start], before[h.Start:h.End]) && !numberOf.MatchString(before[h.Start:])
		return !found
	})
	return found
}

// numberOf matches "number of rows", where the number counts.
var numberOf = pattern.New(`(?i)^number of [a-z]+s\b`)

// otherNumber reports whether the word before "number" makes it the one of an order or a case.
func otherNumber(before, word string) bool {
	if word != "番号" && !strings.EqualFold(word, "number") {
		return false
	}
	if s := strings.TrimRight(before, " "); word != "番号" {
		return things.Has(strings.ToLower(strings.Trim(s[strings.LastIndexByte(s, ' ')+1:], `"'{([<,;`)))
	}
	for _, p := range []string{"注文", "受注", "伝票", "請求", "請求書", "管理", "整理", "問い合わせ", "追跡", "受付", "予約", "品", "型", "チケット", "案件", "申請", "決裁", "製造", "部品", "商品", "契約", "登録", "便", "バージョン", "ポート", "行", "ページ", "発注", "会議", "法人", "事業者", "株式", "企業"} {
		if strings.HasSuffix(before, p) {
			return true
		}
	}
	return false
}

// thingBefore matches what makes the number behind it the one of a thing, however much that looks like a phone number: "Part no. 555-123-4567".
var thingBefore = pattern.New(`(?i)\b(?:part|order|sku|ticket|model|serial|invoice|drawing|lot|batch|catalog(?:ue)?|confirmation|tracking|article|item|asset|rma|po|nsn|firmware|revision|d-?u-?n-?s|ean|upc|isbn|barcode|build)(?: ?(?:no\.?|number|num\.?|id|#))?['"]?(?: is| was)?[ :#=]{0,3}['"]?$`)

// thingBehind matches what says so behind a number.
var thingBehind = pattern.New(`^['"]?(?:is|was|are|were) (?:the|a|an|our|its) (?:[a-z]+'s )?(?:version|build|release|revision|order|part|ticket|invoice|serial|sku|case|tracking|model)\b`)

// exchange matches what says behind a number that it is that of a house and no person's.
var exchange = pattern.New(`(?i)^ ?[(（](?:the )?(?:switchboard|reception|front desk|main (?:office|line|number)|headquarters|zentrale|standard|代表|大代表|受付)[)）]`)

var things = keyword.NewList(`rma asset contract claim container registration prime random magic sequence nsn drawing d-u-n-s duns sku lucky atomic house street company charity magic patent serial file matter docket policy form clause meeting order invoice ticket tracking case reference confirmation booking reservation part item model version build serial issue job batch lot flight train room line port page row process request purchase po quote stock article product catalog catalogue track project tenant cluster node shard organization workspace`)

// hotlines say that a number is there for everybody to call.
var hotlines = keyword.New([]string{"hotline", "helpline", "help line", "toll-free", "toll free", "freephone", "customer service", "customer support", "support line", "service line", "front desk", "reception", "switchboard", "press office", "代表電話", "代表番号", "フリーダイヤル", "お客様相談", "お客様窓口", "お客様センター", "お客様サポート", "お客様サービス", "コールセンター", "相談窓口", "サポート窓口", "受付窓口", "カスタマー"})

// counted reports whether the digits of a number count up as no one's do, where the text speaks of examples: 03-1234-5678.
func counted(text string, start, end int) bool {
	return strings.Contains(compact(text[start:end]), "1234567") && exampleWords.Contains(strings.ToLower(text[max(0, start-80):min(len(text), end+80)]))
}

var exampleWords = keyword.New([]string{"example", "e.g.", "format", "placeholder", "sample", "dummy", "test", "regex", "pattern", "例", "入力", "形式", "書式", "ハイフン", "テスト", "ダミー", "サンプル"})

// public reports whether a phone number is no one's: toll-free, announced as a hotline, or zeros in place of digits.
func public(before, s string) bool {
	d := compact(s)
	d = strings.TrimPrefix(strings.TrimPrefix(d, "+"), "1")
	for _, p := range []string{"800", "888", "877", "866", "855", "844", "833"} {
		if len(d) == 10 && strings.HasPrefix(d, p) {
			return true
		}
	}
	for _, p := range []string{"0120", "0800", "0808", "0570", "0990"} {
		if len(d) >= 9 && len(d) <= 11 && strings.HasPrefix(d, p) && !japaneseMobile(before, s) {
			return true
		}
	}
	if len(s) >= 9 && s[4] == '-' && digitsOnly(s[:4]) && digitsOnly(s[5:9]) && (s[:2] == "19" || s[:2] == "20") && (s[5:7] == "19" || s[5:7] == "20") { // years
		return true
	}
	return hotlines.Contains(strings.ToLower(before)) || strings.Count(d, "0") >= 8 && len(d) <= 13 || len(d) >= 7 && allSame(d)
}

// japaneseMobile reports whether s, which begins like a toll-free number, is a mobile one of Japan: 080-8986-4449, 080 0123 4567, and
// without separators in Japanese text.
func japaneseMobile(before, s string) bool {
	if !strings.HasPrefix(s, "080") || len(s) < 11 {
		return false
	}
	if s[3] == '-' || s[3] == ' ' {
		return digitsOnly(s[4:8])
	}
	return digitsOnly(s[:11]) && strings.ContainsFunc(before, func(r rune) bool { return r >= 0x3040 })
}

func validPhone(s, region string) bool {
	d := compact(s)
	if region != "" {
		return nationalPhone(d, region)
	}
	valid, possible := internationalPhone(d)
	return valid || possible && len(d) >= 10
}

// usPhone accepts numbers of the North American plan, the reserved 555-01xx ones and those of the made-up area 555 included.
func usPhone(s string) bool {
	d := compact(s)
	if len(d) == 11 && d[0] == '1' {
		d = d[1:]
	}
	return len(d) == 10 && d[0] >= '2' && (d[3] >= '2' || d[:3] == "555")
}

// japanesePhone accepts the shape of a mobile or landline number when the library does not know the range.
func japanesePhone(s string) bool {
	d := compact(s)
	return len(d) == 11 && (strings.HasPrefix(d, "090") || strings.HasPrefix(d, "080") || strings.HasPrefix(d, "070") || strings.HasPrefix(d, "050")) ||
		len(d) == 10 && d[0] == '0' && d[1] != '0' && strings.Count(s, "-") == 2
}
