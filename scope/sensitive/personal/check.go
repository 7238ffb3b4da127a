package personal

import "strings"

// luhn reports whether the digits of s pass the Luhn check.
func luhn(s string) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		if !digit(s[i]) {
			return false
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return len(s) > 1 && sum%10 == 0
}

// weighted returns the weighted sum of the first len(weights) digits of s.
func weighted(s string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		if i < len(s) {
			sum += int(s[i]-'0') * w
		}
	}
	return sum
}

func digitsOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}

// verhoeff reports whether s passes the Verhoeff check of Aadhaar.
func verhoeff(s string) bool {
	if !digitsOnly(s) {
		return false
	}
	c := 0
	for i := 0; i < len(s); i++ {
		c = verhoeffMul[c][verhoeffPerm[i%8][s[len(s)-1-i]-'0']]
	}
	return c == 0
}

var verhoeffMul = [10][10]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
	{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
	{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
}

var verhoeffPerm = [8][10]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
	{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
}

// date reports whether year (two digits or four), month and day could be a date.
func date(month, day int) bool { return month >= 1 && month <= 12 && day >= 1 && day <= 31 }

func num(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// myNumber checks the Japanese individual number (12 digits).
func myNumber(s string) bool {
	if len(s) != 12 || !digitsOnly(s) {
		return false
	}
	sum := 0
	for i := 0; i < 11; i++ {
		n := 11 - i // position from the right, the check digit being position 0
		q := n + 1
		if n >= 7 {
			q = n - 5
		}
		sum += int(s[i]-'0') * q
	}
	r := sum % 11
	want := 0
	if r > 1 {
		want = 11 - r
	}
	return int(s[11]-'0') == want
}

func usSSN(s string) bool {
	if len(s) != 9 || !digitsOnly(s) {
		return false
	}
	if s == "078051120" || s == "123456789" { // printed in advertisements, and void since
		return false
	}
	area, group, serial := num(s[:3]), num(s[3:5]), num(s[5:])
	return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

func usITIN(s string) bool {
	if len(s) != 9 || !digitsOnly(s) || s[0] != '9' {
		return false
	}
	g := num(s[3:5])
	return g >= 50 && g <= 65 || g >= 70 && g <= 88 || g >= 90 && g <= 92 || g >= 94
}

func ukNHS(s string) bool {
	if len(s) != 10 || !digitsOnly(s) {
		return false
	}
	want := 11 - weighted(s, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return want%11 == int(s[9]-'0') && want != 10
}

func ukNINO(s string) bool {
	if len(s) < 8 || len(s) > 9 || !letter(s[0]) || !letter(s[1]) || !digitsOnly(s[2:8]) {
		return false
	}
	return !strings.ContainsAny(s[:1], "DFIQUV") && !strings.ContainsAny(s[1:2], "DFIOQUV") && !strings.Contains("BG GB NK KN NT TN ZZ", s[:2])
}

const nifLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

func esNIF(s string) bool {
	if len(s) < 8 || len(s) > 9 || !letter(s[len(s)-1]) {
		return false
	}
	body := s[:len(s)-1]
	switch body[0] {
	case 'X', 'Y', 'Z':
		body = string('0'+body[0]-'X') + body[1:]
	}
	return digitsOnly(body) && nifLetters[num(body)%23] == s[len(s)-1]
}

// itFiscalCode checks the Italian codice fiscale.
func itFiscalCode(s string) bool {
	if len(s) != 16 || !letter(s[15]) {
		return false
	}
	const odd = "BAKPLCQDREVOSFTGUHMINJWZYX" // odd value v of a character is the index of its letter here
	sum := 0
	for i := 0; i < 15; i++ {
		c := s[i]
		n := int(c - 'A')
		if digit(c) {
			n = int(c - '0')
		}
		if i%2 == 1 {
			sum += n
		} else {
			sum += strings.IndexByte(odd, byte('A'+n))
		}
	}
	return byte('A'+sum%26) == s[15]
}

func plPESEL(s string) bool {
	return len(s) == 11 && digitsOnly(s) && (10-weighted(s, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10 == int(s[10]-'0') && date(num(s[2:4])%20, num(s[4:6]))
}

func fiHETU(s string) bool {
	if len(s) != 10 && len(s) != 11 {
		return false
	}
	body, last := s[:6], s[len(s)-4:]
	return digitsOnly(body) && date(num(body[2:4]), num(body[:2])) && digitsOnly(last[:3]) &&
		"0123456789ABCDEFHJKLMNPRSTUVWXY"[num(body+last[:3])%31] == last[3]
}

func krRRN(s string) bool {
	return len(s) == 13 && digitsOnly(s) && date(num(s[2:4]), num(s[4:6])) && s[6] >= '0' && s[6] <= '9'
}

func krRRNChecked(s string) bool {
	return krRRN(s) && (11-weighted(s, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11)%10 == int(s[12]-'0')
}

func sgNRIC(s string) bool {
	if len(s) != 9 || !digitsOnly(s[1:8]) {
		return false
	}
	sum := weighted(s[1:], 2, 7, 6, 5, 4, 3, 2)
	switch s[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == s[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == s[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == s[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == s[8]
	case 'M':
		return "KLJNPQRTUWX"[10-(sum+3)%11] == s[8]
	}
	return false
}

func auTFN(s string) bool {
	return len(s) == 9 && digitsOnly(s) && weighted(s, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0
}

func auABN(s string) bool {
	return len(s) == 11 && digitsOnly(s) && (weighted(s, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)-10)%89 == 0
}

func auACN(s string) bool {
	return len(s) == 9 && digitsOnly(s) && (10-weighted(s, 8, 7, 6, 5, 4, 3, 2, 1)%10)%10 == int(s[8]-'0')
}

func auMedicare(s string) bool {
	return (len(s) == 10 || len(s) == 11) && digitsOnly(s) && s[0] >= '2' && s[0] <= '6' && weighted(s, 1, 3, 7, 9, 1, 3, 7, 9)%10 == int(s[8]-'0')
}

func brCPF(s string) bool {
	if len(s) != 11 || !digitsOnly(s) || allSame(s) {
		return false
	}
	a := weighted(s, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	b := weighted(s, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	return a == int(s[9]-'0') && b == int(s[10]-'0')
}

func brCNPJ(s string) bool {
	if len(s) != 14 || !digitsOnly(s) || allSame(s) {
		return false
	}
	a := weighted(s, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2) % 11
	b := weighted(s, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2) % 11
	check := func(r int) int {
		if r < 2 {
			return 0
		}
		return 11 - r
	}
	return check(a) == int(s[12]-'0') && check(b) == int(s[13]-'0')
}

func nlBSN(s string) bool {
	return len(s) == 9 && digitsOnly(s) && weighted(s, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
}

func frNIR(s string) bool {
	if len(s) != 15 || (s[0] != '1' && s[0] != '2') {
		return false
	}
	s = strings.NewReplacer("2A", "19", "2B", "18").Replace(s)
	if !digitsOnly(s) {
		return false
	}
	return 97-num(s[:13])%97 == num(s[13:])
}

// deTaxID checks the German tax id by ISO 7064 mod 11,10.
func deTaxID(s string) bool {
	if len(s) != 11 || !digitsOnly(s) || s[0] == '0' {
		return false
	}
	p := 10
	for i := 0; i < 10; i++ {
		sum := (int(s[i]-'0') + p) % 10
		if sum == 0 {
			sum = 10
		}
		p = sum * 2 % 11
	}
	return (11-p)%10 == int(s[10]-'0')
}

func sePersonnummer(s string) bool {
	if len(s) == 12 {
		s = s[2:]
	}
	return len(s) == 10 && digitsOnly(s) && date(num(s[2:4]), num(s[4:6])%60) && luhn(s)
}

func dkCPR(s string) bool { return len(s) == 10 && digitsOnly(s) && date(num(s[2:4]), num(s[:2])) }

func noFodselsnummer(s string) bool {
	if len(s) != 11 || !digitsOnly(s) {
		return false
	}
	a := (11 - weighted(s, 3, 7, 6, 1, 8, 9, 4, 5, 2)%11) % 11
	b := (11 - weighted(s, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	return a == int(s[9]-'0') && b == int(s[10]-'0')
}

func beNationalNumber(s string) bool {
	if len(s) != 11 || !digitsOnly(s) {
		return false
	}
	want := num(s[9:])
	return 97-num(s[:9])%97 == want || 97-num("2"+s[:9])%97 == want
}

func chAHV(s string) bool {
	if len(s) != 13 || !strings.HasPrefix(s, "756") || !digitsOnly(s) {
		return false
	}
	return (10-weighted(s, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)%10)%10 == int(s[12]-'0')
}

func cnResidentID(s string) bool {
	if len(s) != 18 || !digitsOnly(s[:17]) || !date(num(s[10:12]), num(s[12:14])) {
		return false
	}
	return "10X98765432"[weighted(s, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)%11] == s[17]
}

func twID(s string) bool {
	if len(s) != 10 || !letter(s[0]) || !digitsOnly(s[1:]) || s[1] != '1' && s[1] != '2' {
		return false
	}
	n := strings.IndexByte("ABCDEFGHJKLMNPQRSTUVXYWZIO", s[0]) + 10
	return (n/10+n%10*9+weighted(s[1:], 8, 7, 6, 5, 4, 3, 2, 1, 1))%10 == 0
}

func zaID(s string) bool {
	return len(s) == 13 && digitsOnly(s) && date(num(s[2:4]), num(s[4:6])) && s[10] <= '2' && luhn(s)
}

func ptNIF(s string) bool {
	if len(s) != 9 || !digitsOnly(s) {
		return false
	}
	r := weighted(s, 9, 8, 7, 6, 5, 4, 3, 2) % 11
	want := 0
	if r > 1 {
		want = 11 - r
	}
	return want == int(s[8]-'0')
}

func iePPS(s string) bool {
	if len(s) != 8 && len(s) != 9 || !digitsOnly(s[:7]) || !letter(s[7]) {
		return false
	}
	sum := weighted(s, 8, 7, 6, 5, 4, 3, 2)
	if len(s) == 9 && s[8] != 'W' {
		sum += int(s[8]-'A'+1) * 9
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == s[7]
}

func trTCKN(s string) bool {
	if len(s) != 11 || !digitsOnly(s) || s[0] == '0' {
		return false
	}
	odd := weighted(s, 1, 0, 1, 0, 1, 0, 1, 0, 1)
	even := weighted(s, 0, 1, 0, 1, 0, 1, 0, 1)
	return ((odd*7-even)%10+10)%10 == int(s[9]-'0') && (odd+even+int(s[9]-'0'))%10 == int(s[10]-'0')
}

func abaRouting(s string) bool {
	return len(s) == 9 && digitsOnly(s) && weighted(s, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0 && (s[0] <= '3' || s[0] == '6' || s[0] == '7' || s[0] == '8')
}

func clRUT(s string) bool {
	if len(s) < 8 || len(s) > 9 || !digitsOnly(s[:len(s)-1]) {
		return false
	}
	sum, w := 0, 2
	for i := len(s) - 2; i >= 0; i-- {
		sum += int(s[i]-'0') * w
		if w++; w > 7 {
			w = 2
		}
	}
	return "0K987654321"[sum%11] == s[len(s)-1]
}

func mxCURP(s string) bool {
	return len(s) == 18 && digitsOnly(s[4:10]) && date(num(s[6:8]), num(s[8:10])) && (s[10] == 'H' || s[10] == 'M' || s[10] == 'X')
}

func deaNumber(s string) bool {
	return len(s) == 9 && digitsOnly(s[2:]) && (weighted(s[2:], 1, 0, 1, 0, 1)+2*weighted(s[2:], 0, 1, 0, 1, 0, 1))%10 == int(s[8]-'0')
}

func npi(s string) bool {
	return len(s) == 10 && digitsOnly(s) && (s[0] == '1' || s[0] == '2') && luhn("80840"+s)
}

// The checks below are for numbers that stand alone: they ask for more than those for numbers near a cue.

// fiHETULong checks a Finnish personal identity code with its century sign removed or kept as a letter.
func fiHETULong(s string) bool {
	if len(s) == 11 {
		s = s[:6] + s[7:]
	}
	return len(s) == 10 && fiHETU(s)
}

func krRRNCentury(s string) bool { return krRRN(s) && s[6] >= '1' && s[6] <= '8' }

func aadhaar(s string) bool { return len(s) == 12 && s[0] >= '2' && verhoeff(s) }

func inPAN(s string) bool { return len(s) == 10 && strings.ContainsAny(s[3:4], "ABCFGHJLPT") }

func anyCase(string) bool { return true }

func caSIN(s string) bool { return len(s) == 9 && luhn(s) && s[0] != '0' && s[0] != '8' }

func usDEA(s string) bool { return deaNumber(s) && strings.ContainsAny(s[:1], "ABCFGMPRX") }

// deVAT checks the last digit of a German VAT id: ISO 7064, mod 11, 10.
func deVAT(s string) bool {
	if len(s) != 11 || !strings.HasPrefix(s, "DE") {
		return false
	}
	product := 10
	for _, c := range s[2:10] {
		sum := (int(c-'0') + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = 2 * sum % 11
	}
	return (11-product)%10 == int(s[10]-'0')
}

// ukDriver accepts a British driver number: the second and third digits are a month, 50 more for women, and the next two a day.
func ukDriver(s string) bool {
	if len(s) != 16 {
		return false
	}
	month, day := int(s[6]-'0')*10+int(s[7]-'0'), int(s[8]-'0')*10+int(s[9]-'0')
	return (month >= 1 && month <= 12 || month >= 51 && month <= 62) && day >= 1 && day <= 31
}
