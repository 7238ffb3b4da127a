package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

var cardWords = keyword.New([]string{"card", "visa", "mastercard", "amex", "american express", "jcb", "diners", "debit", "credit", "カード", "信用卡", "카드"})

// cards finds payment cards: the right length for the issuer's range and a valid Luhn digit; near the word "card" a
// number of a card's length and range is enough.
func cards(text string, out []match.Match) []match.Match {
	for i := 0; i < len(text); {
		if !digit(text[i]) || i > 0 && (alnum(text[i-1]) || text[i-1] == '.') {
			i++
			continue
		}
		start, end := i, cardEnd(text, i)
		for i < len(text) && digit(text[i]) {
			i++
		}
		if end == 0 {
			continue
		}
		if conf := cardConfidence(text, start, end); conf > 0 {
			out = append(out, match.Match{Rule: "payment-card", Kind: match.Financial, Start: start, End: end, Confidence: conf})
			i = max(i, end)
		}
	}
	return out
}

// cardEnd returns the end of the longest run of digits from start, in groups of at least three joined by one kind of
// separator, that could be a card; 0 if there is none.
func cardEnd(text string, start int) int {
	n, best, group := 0, 0, 0
	var sep byte
	for i := start; i <= len(text) && n <= 19; i++ {
		if i < len(text) && digit(text[i]) {
			n++
			group++
			continue
		}
		ends := i == len(text) || !alnum(text[i]) && !(text[i] == '-' && i+1 < len(text) && digit(text[i+1]) && sep == 0 && n >= 12)
		if n >= cardDigits && n <= 19 && ends && issued(compact(text[start:i])) {
			best = i
			if luhn(compact(text[start:i])) {
				return i
			}
		}
		if group < 3 || i >= len(text) || text[i] != ' ' && text[i] != '-' && text[i] != '.' || sep != 0 && text[i] != sep || i+1 >= len(text) || !digit(text[i+1]) {
			break
		}
		sep, group = text[i], 0
	}
	return best
}

func cardConfidence(text string, start, end int) float64 {
	digits := compact(text[start:end])
	if allSame(digits) || testCards.Has(digits) && testWords.Contains(strings.ToLower(text[max(0, start-120):min(len(text), end+120)])) {
		return 0
	}
	cue := cardWords.Contains(text[max(0, start-60):min(len(text), end+30)])
	switch {
	case !luhn(digits):
		if cue {
			return 0.8
		}
		return 0
	case !cue && digitsOnly(text[start:end]) && identifierBefore(text, start):
		return 0
	}
	return 0.95
}

// testCards are the numbers that payment providers publish for tests; with one of testWords near they are no one's card.
var (
	testCards = keyword.NewList(`4242424242424242 4000056655665556 5555555555554444 2223003122003222 5200828282828210 5105105105105100 378282246310005 371449635398431 6011111111111117 6011000990139424 3056930009020004 36227206271667 3566002020360505
		6200000000000005 4000000000000002 4000000000009995 4000000000000077 4000000000003220 4000002500003155 4111111111111111 4012888888881881 4222222222222 30569309025904 38520000023237 3530111333300000 5431111111111111 4000000000000069 4000000000000127 4000000000000119 4000000000009987 4000000000009979 4000000000003063
		4000000000000341 4000000000000101 4000000000000259 4000000000001976 4000002760003184 4000003800000446 4000008260000000 5555444433331111 370000000000002 4111111145551142 4988438843884305 4166676667666746
		4646464646464644 4000620000000007 4000060000000006 4293189100000008 4977949494949497 2222400070000005 2222410740360010 5555341244441115 5577000055770004 5136333333333335 5585558555855583 5454545454545454
		5500000000000004 36006666333344 6011601160116611 6445644564456445 3569990010095841 4005519200000004 4009348888881881 4012000033330026 4012000077777777 4217651111111119 4500600000000061 4444333322221111
		4917610000000000 4532759734545858 5409889944179029 6304000000000000 378734493671000 6011000400000000 30000000000004 3528000700000000`)
	// textbookIBANs are the examples that the registry of IBANs and encyclopedias give for their countries.
	textbookIBANs = keyword.NewList(`GB82WEST12345698765432 GB29NWBK60161331926819 GB33BUKB20201555555555 DE89370400440532013000 FR1420041010050500013M02606 FR7630006000011234567890189 NL91ABNA0417164300 CH9300762011623852957 BE68539007547034
		ES9121000418450200051332 IT60X0542811101000000123456 AT611904300234573201 SE4550000000058398257466 NO9386011117947 DK5000400440116243 PL61109010140000071219812874 IE29AIBK93115212345678 FI2112345600000785
		PT50000201231234567890154 LU280019400644750000 CZ6508000000192000145399 GR1601101250000000012300695 TR330006100519786457841326 SA0380000000608010167519 HU42117730161111101800000000 RO49AAAA1B31007593840000 BR1800360305000010009795493C1 SK3112000000198742637541`)
	testWords = keyword.New([]string{"test", "docs", "documentation", "sandbox", "always succeed", "always decline", "always fail", "sample", "fixture", "dummy", "stripe", "テスト", "サンドボックス", "ドキュメント", "見本", "例"})
)

// identifierBefore reports whether a number is labelled as an id, a time or a build.
func identifierBefore(text string, start int) bool {
	before := strings.ToLower(text[max(0, start-24):start])
	for _, w := range []string{"id ", "id=", "id:", "id\":", "build ", "timestamp", "time=", "nonce", "request ", "order ", "invoice", "serial", "trace", "janコード", "jan code", " ean", "gtin", " upc", "isbn", "barcode", "バーコード", "商品コード"} {
		if strings.Contains(before, w) {
			return true
		}
	}
	return false
}

// issued reports whether the digits lie in the ranges and have the length of a card network.
func issued(d string) bool {
	n := len(d)
	p2, p3, p4 := num(d[:2]), num(d[:3]), num(d[:4])
	switch {
	case d[0] == '4':
		return n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720:
		return n == 16
	case p2 == 34 || p2 == 37:
		return n == 15
	case p4 >= 3528 && p4 <= 3589:
		return n >= 16 && n <= 19
	case p3 >= 300 && p3 <= 305 || p4 == 3095 || p2 == 36 || p2 == 38 || p2 == 39:
		return n >= 14 && n <= 19
	case p4 == 6011 || p2 == 65 || p3 >= 644 && p3 <= 649 || p2 == 62 || p2 == 60 || p2 == 81 || p2 == 82:
		return n >= 16 && n <= 19
	case p2 == 50 || p2 >= 56 && p2 <= 58 || p2 == 63 || p2 == 67:
		return n >= 12 && n <= 19
	case p4 >= 2200 && p4 <= 2204, p4 == 9792, p4 == 1220, p4 == 1354, p4 == 1800, p4 == 2131:
		return n >= 15 && n <= 19
	}
	return false
}

// ibans finds international bank account numbers by their length and remainder modulo 97; near the word IBAN the shape
// is enough.
func ibans(text string, out []match.Match) []match.Match {
	for i := 0; i+14 < len(text); i++ {
		if !letter(text[i]) || !letter(text[i+1]) || !digit(text[i+2]) || !digit(text[i+3]) || i > 0 && alnum(text[i-1]) {
			continue
		}
		want := ibanLength[strings.ToUpper(text[i:i+2])]
		end, n := i, 0
		for end < len(text) && n < want {
			switch c := text[end]; {
			case alnum(c):
				n++
			case (c == ' ' || c == '-') && n >= 4 && end+1 < len(text) && alnum(text[end+1]):
			default:
				n = want + 1
			}
			end++
		}
		if n != want || want == 0 || end < len(text) && alnum(text[end]) {
			continue
		}
		cue := strings.Contains(strings.ToLower(text[max(0, i-40):i]), "iban")
		if textbookIBANs.Has(compact(text[i:end])) && testWords.Contains(strings.ToLower(text[max(0, i-120):min(len(text), end+120)])) {
			i = end
			continue
		}
		if s := compact(text[i:end]); !blank(s) && (cue && countDigits(s) >= 10 || mod97(s)) {
			out = append(out, match.Match{Rule: "iban", Kind: match.Financial, Start: i, End: end, Confidence: 0.95})
			i = end
		}
	}
	return out
}

func mod97(iban string) bool {
	s := iban[4:] + iban[:4]
	r := 0
	for i := 0; i < len(s); i++ {
		if digit(s[i]) {
			r = (r*10 + int(s[i]-'0')) % 97
		} else {
			r = (r*100 + int(s[i]-'A') + 10) % 97
		}
	}
	return r == 1
}

var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28,
	"CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18,
	"GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32,
	"LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
	"PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25,
	"SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}
