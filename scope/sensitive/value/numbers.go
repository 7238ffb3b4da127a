package value

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

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

// seed reports whether a number is what a generator of random numbers starts from.
func (p place) seed() bool {
	return figures(p.s) && (strings.HasSuffix(strings.ToLower(Assigned(p.text, p.start)), "seed") || wordBefore(p.text, p.start) == "seed")
}

// number reports whether a word is a number in hexadecimal: an address, an error.
func (p place) number() bool {
	return len(p.s) <= 18 && (strings.HasPrefix(p.s, "0x") || strings.HasPrefix(p.s, "0X"))
}

// id reports whether a hexadecimal number stands behind a word for an id.
func (p place) id() bool {
	return len(p.s) >= 8 && (strings.Trim(p.s, "0123456789abcdef") == "" || strings.Trim(p.s, "0123456789ABCDEF") == "") && idWords.Has(wordBefore(p.text, len(strings.TrimRight(p.text[:RunStart(p.text, p.start)], "\"'`"))))
}

// postal reports whether digits are said to be those of a place: the zip code for the warehouse is 60607.
func (p place) postal() bool {
	const reach = 48
	return strings.Trim(p.s, "0123456789-") == "" && postalWords.Contains(p.text[max(0, p.start-reach):p.start])
}

var postalWords = keyword.New([]string{"zip code", "zipcode", "postal code", "post code", "postcode", "area code", "郵便番号", "市外局番"})

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
	"文書番号", "契約番号", "契約書", "見積書", "請求書", "注文書", "仕様書", "報告書", "議事録", "チケット", "課題", "案件", "ロット", "ロット番号", "便名", "号機", "資産番号", "備品番号",
	"教室番号", "教室", "会議室", "座席番号", "座席", "列車番号", "チャンネルID", "ワークスペースID", "メッセージID", "リクエストID", "トレースID", "プロジェクトID", "テナントID", "リソースID", "コミットID", "ドキュメントID", "ファイルID", "レコードID", "チームID", "銘柄コード", "証券コード", "商品コード", "品目コード", "地域コード", "国コード", "都道府県コード", "勘定科目コード", "郵便追跡番号", "送り状番号", "コンテナ番号", "席番", "席番号", "棚番"}

// labels stand right before what is the number of a thing: a parcel, a paper, a ticket.
var labels = keyword.NewList(`parcel shipment consignment tracking doi isbn issn arxiv orcid pmid sku ean upc gtin vin imo flight train bus route room platform track gate seat row page pages pp chapter vol volume no nr figure fig table item lot batch profile model series grade sheet order invoice ticket case article
	migration partition offset revision build firmware observation finding requirement clause section annex drawing dwg asset po cr ncr rfc pr issue bug jira
	cage asin ksuid nanoid cuid ulid snowflake nachverfolgung sendungsnummer colis
	ports pids pid ppid pipeline job jobs tasks pods tickets issues orders invoices serial eori lei isin kvk cusip codes errno`)

// smallNumbers stand before the number of a thing of which a house has many.
var smallNumbers = keyword.NewList(`locker box shelf rack slot bay desk floor zone lane drawer cabinet cell unit`)

// thingID reports whether digits are a group of the id of a thing of which nobody makes a secret: "meeting ID 824 5510 7733", 会議ID.
func (p place) thingID() bool {
	if strings.Trim(p.s, "0123456789-") != "" {
		return false
	}
	const reach = 64
	before := p.text[max(0, p.start-reach):p.start]
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		before = before[i+1:]
	}
	return thingIDs.MatchString(before)
}

var thingIDs = pattern.New(`(?i)(?:\b(?:meeting|webinar|conference|event|job|build|pipeline|run|task|pod|process|thread|installation|ticket|trial|article|product|device|dashboard|campaign|segment|incident|change)s? ids?|\beid|(?:会議|ミーティング|ウェビナー|Teams、|Zoom、|Meet、|ジョブ|プロセス|タスク|ビルド|イベント|デバイス|商品|記事|チケット|インシデント)(?:の)?(?:ID|番号)|(?:http|error|exit|status|response|reason|return) codes?|(?:エラー|終了|状態|ステータス|イベント)コード|ポート(?:番号)?)(?: is| was|は| は)?[ :：]{0,2}(?:[\d-]+(?:, ?| and | or | |、|と| と |や){1,2})*$`)

// weekdays reports whether a word is a span of days: Mon-Fri.
func weekdays(s string) bool {
	a, b, ok := strings.Cut(strings.ToLower(s), "-")
	return ok && days.Has(a) && days.Has(b)
}

var days = keyword.NewList(`mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday`)

// lastFour reports whether digits are the end of a number whose rest is masked or is not told: ****-1234, 下4桁 1234.
func (p place) lastFour() bool {
	if len(p.s) != 4 || !figures(p.s) {
		return false
	}
	return maskBefore.MatchString(p.text[max(0, p.start-24):p.start])
}

var maskBefore = pattern.New(`(?:[*•●＊]{2}|[*•●＊xX]{3})[ -]?$|下[4４四]桁[はがの]?[ :：「]{0,2}$`)

// rowsBehind matches what a number counts.
var rowsBehind = pattern.New(`^ (?:rows|records|entries|lines|users|people|customers|patients|requests|items|files|bytes|samples|tests|events|messages|votes|pages|rooms|seats|tokens)\b`)

// counts reports whether digits count what stands behind them: 1234567 rows.
func (p place) counts() bool {
	return figures(p.s) && rowsBehind.MatchString(p.text[p.end:min(len(p.text), p.end+16)])
}

// registered reports whether a word is the number under which a public register has a company, a security, a trial or a container of
// ships: an LEI, whose two last digits are a check, an ISIN, a Japanese invoice issuer's T and 13 digits, ISO 6346.
func registered(s string) bool {
	switch len(s) {
	case len("NCT04368728"): // as many as of a container
		return strings.HasPrefix(s, "NCT") && figures(s[3:]) || strings.Trim(s[:3], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && strings.IndexByte("UJZ", s[3]) >= 0 && figures(s[4:])
	case len("T5835678256246"):
		return s[0] == 'T' && figures(s[1:])
	case len("213800KUD8LAJWSQ9D15"):
		return figures(s[18:]) && mod97(s)
	}
	return false
}

// mod97 reports whether s, with its letters as numbers from 10, leaves 1 over 97: ISO 17442.
func mod97(s string) bool {
	r := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c):
			r = (r*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			r = (r*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return r == 1
}

// unfilled reports whether a word is a number of which zeros or the letter X stand for the figures: TK0000000, 123-45-XXXX.
func unfilled(s string) bool {
	figure := strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
	return len(s)-len(figure) <= 4 && len(figure) > 5 && strings.Trim(figure, "0-") == "" || strings.Contains(s, "XX") && strings.ContainsAny(s, "0123456789") && strings.Trim(s, "0123456789X-") == ""
}

// ipv4 reports whether a word is an address of a network: 172.16.4.9.
func ipv4(s string) bool {
	a, err := netip.ParseAddr(strings.TrimSuffix(s, "."))
	return err == nil && a.Is4()
}

// issue reports whether digits are the number of an issue in a Japanese sentence: #4821で対応.
func (p place) issue() bool {
	return figures(p.s) && len(p.s) < 6 && p.start > 1 && p.text[p.start-1] == '#' && p.text[p.start-2] >= 0x80
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

// accounts reports whether s begins a number of an account written in groups, which the layer for such numbers judges: GB82 WEST 1234.
func (p place) accounts() bool {
	text, start, s := p.text, p.start, p.s
	rest := text[start+len(s):]
	return len(s) == 4 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && figures(s[2:]) && len(rest) > 10 && rest[0] == ' ' && rest[5] == ' ' && figures(rest[6:10])
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

// year reports whether s is one of a notice of copyright, or one that something happened in.
func (p place) year() bool {
	text, start, s := p.text, p.start, p.s
	if len(s) != len("2003") && len(s) != len("2003-2004") || !figures(s) || s[:2] != "19" && s[:2] != "20" || len(s) > 4 && (s[4] != '-' || s[5:7] != "19" && s[5:7] != "20") {
		return false
	}
	if len(s) == 4 && dating.Contains(strings.ToLower(text[max(0, start-8):start])) && (p.end == len(text) || strings.IndexByte(" .,;)\n", text[p.end]) >= 0) { // leaked in 2022
		return true
	}
	before := text[max(0, start-600):start]
	return notice.Contains(before[strings.LastIndex(before, "\n\n")+1:])
}

// dating stand right before a year.
var dating = keyword.New([]string{" in ", " since ", " of ", " until ", " from ", " by ", " before ", " after ", " during "})

var notice = keyword.New([]string{"copyright", "©", "(c)"})

// thingJapanese reports whether before ends in a word of Japanese for a thing, whose ID is no part of a login: 取引ID, メール送信パターンID.
func thingJapanese(before string) bool {
	r, size := utf8.DecodeLastRuneInString(before)
	if size == 0 || r < 0x30A0 || r > 0x9FFF { // katakana or Chinese characters
		return false
	}
	return !loginJapanese.Contains(before)
}

// loginJapanese are words for who has an ID, or what it opens.
var loginJapanese = keyword.New([]string{"ログイン", "ユーザ", "アカウント", "会員", "利用者", "管理", "顧客", "社員", "職員", "学生", "患者", "クライアント", "アクセス", "キー", "認証", "セッション", "秘密", "入館", "端末", "ゲスト", "アップル", "マイ", "ネット", "接続"})

// labelled reports whether what stands at start is the number of a thing.
func (p place) labelled() bool {
	text, start := p.text, p.start
	head := strings.TrimRight(text[max(0, start-40):start], " 　:：No.№")
	for _, link := range []string{"は", "が"} {
		head = strings.TrimSuffix(head, link)
	}
	for _, p := range labelsJapanese {
		if strings.HasSuffix(head, p) {
			return true
		}
	}
	if name, ok := strings.CutSuffix(head, "ID"); ok && thingJapanese(name) {
		return true
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

// idWords stand before a hexadecimal number that is an id or a digest.
var idWords = keyword.NewList(`id ids object commit revision rev sha sha1 sha256 md5 hash digest checksum trace span request session uid uuid etag build image container serial fingerprint thumbprint keyid`)

// colour reports whether what stands at start is a colour as style sheets have it: #2F6F4F.
func (p place) colour() bool {
	text, start, s := p.text, p.start, p.s
	return start > 0 && text[start-1] == '#' && (len(s) == 6 || len(s) == 8) && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// lastDigits reports whether a number of four digits is told as the end of a longer one that is kept back, as shops and banks tell a card
// by: "Visa, ending in 4242", カード番号の下4桁は4242. The end of a code that is typed is none.
func (p place) lastDigits() bool {
	if len(p.s) != 4 || strings.Trim(p.s, "0123456789") != "" || p.end < len(p.text) && isDigit(p.text[p.end]) {
		return false
	}
	before := lineBefore(p.text, p.start)
	return lastFour.MatchString(before) && !typedCodes.Contains(" "+before)
}

var (
	lastFour   = pattern.New("(?i)(?:\\bend(?:s|ing)(?: in| with)?:? [`'\"*•x.]*|\\b(?:last|final)[ -](?:four|4)(?: digits?| numbers?)?(?: (?:of|on|for) [^.;:\\n]{1,40}?)?(?: (?:is|are|was|were))?:? ?[`'\"*•]*|(?:下|末尾|最後の?|後ろ)\\s*(?:[4４四]\\s*(?:桁|ケタ|けた)(?:の数字)?)?\\s*(?:は|が|：|:)?\\s*[「`'\"*•]*)$")
	typedCodes = keyword.New([]string{" pin", "password", "passcode", "code", "combination", "暗証", "パスワード", "コード", "パスコード", "pw"})
)
