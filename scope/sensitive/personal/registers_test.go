package personal

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// TestEveryNameFindsItsNumber makes a number of each form of each register and says it by each of its names.
func TestEveryNameFindsItsNumber(t *testing.T) {
	const seed = 7
	rnd := rand.New(rand.NewPCG(seed, seed))
	forms := make(map[string]*syntax.Regexp)
	for line := range strings.Lines(registerText) {
		if f := strings.Split(line, "\t"); len(f) == 5 {
			re, err := syntax.Parse(strings.ReplaceAll(f[2], "@", anyNumber), syntax.Perl)
			if err != nil {
				t.Fatalf("%s: %v", f[0], err)
			}
			forms[f[0]] = re
			for _, name := range strings.Split(strings.TrimLeft(f[3], "^~"), "|") {
				name = strings.TrimLeft(name, "^~")
				number := ""
				for number == "" || f[4] == "2\n" && countDigits(number) < 2 || filler(number) || allSame(number) || countDigits(number) < 4 && f[4] == "3\n" {
					number = invent(re, rnd)
				}
				if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz ") == "" {
					name = strings.ToUpper(name)
				}
				text := norm.NFKC.String("In the record of Ms Kern the " + name + " is " + number + " now")
				if !namedBy(text, f[0]) {
					t.Errorf("seed %d: %s not found in %q", seed, f[0], text)
				}
			}
		}
	}
	if len(forms) < 100 {
		t.Errorf("%d registers, want 100 or more", len(forms))
	}
}

// namedBy reports whether the register of that rule finds a number in text.
func namedBy(text, rule string) bool {
	for _, m := range registered(text, fold(text), nil) {
		if m.Rule == rule {
			return true
		}
	}
	return false
}

// invent returns a string that re matches.
func invent(re *syntax.Regexp, rnd *rand.Rand) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		pair := rnd.IntN(len(re.Rune)/2) * 2
		return string(re.Rune[pair] + rnd.Int32N(re.Rune[pair+1]-re.Rune[pair]+1))
	case syntax.OpAlternate:
		return invent(re.Sub[rnd.IntN(len(re.Sub))], rnd)
	case syntax.OpRepeat, syntax.OpQuest, syntax.OpStar, syntax.OpPlus:
		least, most := re.Min, re.Max
		switch re.Op {
		case syntax.OpQuest:
			least, most = 0, 1
		case syntax.OpStar, syntax.OpPlus:
			least, most = 1, 2
		}
		var b strings.Builder
		for range least + rnd.IntN(most-least+1) {
			b.WriteString(invent(re.Sub[0], rnd))
		}
		return b.String()
	}
	var b strings.Builder
	for _, sub := range re.Sub {
		b.WriteString(invent(sub, rnd))
	}
	return b.String()
}

func TestRegisters(t *testing.T) {
	for name, tc := range map[string]struct {
		rule, text string
		want       bool
	}{
		"a key":                             {"personal-number", `{"name": "A. Kern", "national_id": "80417263"}`, true},
		"a key with humps":                  {"tax-number", `{"taxIdentificationNumber": "80417263"}`, true},
		"a key that begins with a capital":  {"passport", `"PassportNumber": "X8041726"`, true},
		"a name with accents":               {"es-number", "NUMERO DE LA SEGURIDAD SOCIAL 281234567840", true},
		"a name in Greek capitals":          {"gr-number", "ΑΜΚΑ 14060558070", true},
		"a name behind its number":          {"cl-number", "12.531.909-2 is my RUT", true},
		"a column":                          {"hr-number", "name,OIB,city\nA. Kern,33392005961,Split", true},
		"a column with a short name":        {"ec-number", "name,CI,city\nA. Kern,1714307103,Quito", true},
		"a short name in a sentence":        {"co-number", "her NIT is 213.123.432-1", true},
		"a short name that is a word":       {"co-number", "the nit on line 123456 is fixed", false},
		"two letters, not told":             {"ec-number", "CI failed in run 1714307103", false},
		"two letters, told":                 {"ec-number", "CI: 1714307103", true},
		"a date":                            {"personal-number", "identity cards are issued since 2016-01-15", false},
		"an address of a network":           {"personal-number", "the identity card reader is at 192.168.17.201", false},
		"zeros":                             {"tax-number", "leave the tax number at 00000000", false},
		"a sample":                          {"bank-account", "account numbers such as 4471820093112", false},
		"a number of no one":                {"us-ssn-named", "SSN 078-05-1120 is void", false},
		"such a number of someone":          {"us-ssn-named", "my ssn: 123-45-6789", true},
		"talk of a form":                    {"tax-number", "the tax number has 11 digits, see issue 123456", false},
		"talk of a form, Japanese":          {"jp-number", "療育手帳の番号は半角で入力 (12345)", false},
		"the counting number, told":         {"us-ssn-named", "Call Bob Stone. SSN: 123-45-6789.", true},
		"the counting number, a sample":     {"us-ssn-named", "the form shows a sample SSN: 123-45-6789", false},
		"an area that does not exist":       {"us-ssn-named", "SSN 666-12-9999 is refused", false},
		"a digit missing":                   {"us-ssn-named", "Bad SSN 123-45-678", false},
		"an element of XML":                 {"sv-number", "<nit>0614-050707-104-8</nit>", true},
		"a table":                           {"pe-number", "| Lena Brandt | RUC | 20503644968 |", true},
		"in Markdown":                       {"mz-number", "- BI: `110504162779A`", true},
		"a name inside of a number":         {"gb-number", "ABC NI 123456 X9999", false},
		"two letters, a short number":       {"tn-number", "MF 1234567 radio", false},
		"a plate of metal":                  {"plate-short", "plate thickness 12 mm, plate 4B", false},
		"a plate in short":                  {"plate-short", "plate 7ABC123, a blue Golf", true},
		"a lot":                             {"tax-number", "TIN whiskers on lot 123456", false},
		"a check digit in brackets":         {"hk-number", "HKID ag293013(9) was seen", true},
		"a plate of few digits":             {"plate", "my number plate is K1 ABC", true},
		"a plate, only talked of":           {"plate", "number plate recognition in v2 of the 2CV", false},
		"part of a longer number":           {"hr-number", "OIB 33392005961-335", false},
		"a number of another thing":         {"personal-number", "the national id of version 12345678", false},
		"a time":                            {"passport", "passport OCR took 1234567 microseconds", false},
		"rows":                              {"personal-number", "the national id table has 1234567 rows", false},
		"how many there are":                {"personal-number", "number of identity documents checked: 1234567", false},
		"how many there are, Japanese":      {"jp-number", "マイナンバーの申請件数は 98765432", false},
		"pieces, Japanese":                  {"jp-number", "パスポートを 3500000 冊", false},
		"part of a file's name":             {"personal-number", "national id: see 0042_20240517", false},
		"a number among words of lowercase": {"passport", "the passport is x8041726", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := namedBy(tc.text, tc.rule); got != tc.want {
				t.Errorf("%s in %q: %v, want %v", tc.rule, tc.text, got, tc.want)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"plain text 12":            "plain text 12",
		"passport_number":          "passport number",
		"Passport-Number":          "Passport Number",
		"passportNumber":           "passport Number",
		"GitHub and MySQL":         "GitHub and MySQL",
		`"PassportNumber": 1`:      `"Passport Number": 1`,
		"IdNr: 1":                  "IdNr: 1",
		"NUMÉRO de SÉCU":           "NUMERO de SECU",
		"ΑΜΚΑ":                     "αμκα",
		"Числo":                    "числo",
		"Søren Łódź":               "Soren lodz",
		"日本の個人番号":                  "日本の個人番号",
		"カード-番号 é":                 "カード 番号 e",
		"combining e\u0301 accent": "combining e accent",
	} {
		f := fold(text)
		if !strings.EqualFold(f.text, want) {
			t.Errorf("fold(%q) = %q, want %q", text, f.text, want)
		}
		if got := f.original(len(f.text)); got != len(text) {
			t.Errorf("fold(%q): the end comes from %d, want %d", text, got, len(text))
		}
		last := 0
		for i := range f.text {
			at := f.original(i)
			if at < last || at >= len(text) {
				t.Errorf("fold(%q): byte %d comes from %d, after one from %d", text, i, at, last)
			}
			last = at
		}
	}
}
