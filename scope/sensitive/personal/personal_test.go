package personal_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/personal"
)

// rules returns the ids of what was found.
func rules(text string) []string {
	var out []string
	for _, m := range personal.Scan(text) {
		out = append(out, m.Rule)
	}
	return out
}

func has(text, rule string) bool {
	for _, r := range rules(text) {
		if r == rule {
			return true
		}
	}
	return false
}

// TestNumbersNearTheirWord gives each kind of number beside a word that names it. The numbers are documentation and test
// numbers of their countries.
func TestNumbersNearTheirWord(t *testing.T) {
	for _, tc := range []struct{ rule, text string }{
		{"us-ssn", "my SSN is 536-22-8741"},
		{"us-ssn", "social security number: 536228741"},
		{"us-ssn-last4", "SSN ending in 8741"},
		{"us-itin", "ITIN 912-70-1234"},
		{"us-ein", "EIN 12-3456789"},
		{"jp-my-number", "マイナンバーは 1234-5678-9018 です"},
		{"jp-health-insurance", "保険証の番号は 12345678"},
		{"jp-health-insurance", "健康保険証 43-105526"},
		{"jp-pension-number", "厚生年金の整理番号は 3369-028322"},
		{"jp-driving-licence", "免許証番号は 4587 1257 2023"},
		{"jp-membership", "社員番号：604283"},
		{"jp-membership", "学籍番号はB13671です"},
		{"line-id", "LINE IDは neko.sumo です"},
		{"line-id", "LINEのID: hikari_9171"},
		{"card-security-code", "カード裏面の3桁は 035 です"},
		{"date-of-birth", "1988.7.4生まれ、男性"},
		{"date-of-birth", "伯父は昭和四十八年十一月二日生まれ"},
		{"date-of-birth", "大正14年8月30日生の曾祖母"},
		{"date-of-birth", "生年月日：平成三年六月十八日"},
		{"passport", "passeport : b12045"},
		{"cz-number", "č. pojištěnce 8552114417"},
		{"iq-number", "بطاقة الهوية 28512031177412"},
		{"date-of-birth", "父は 1975/12/27 生まれです"},
		{"date-of-birth", "田中（H22.10.18生まれ）"},
		{"jp-pension-number", "基礎年金番号 1234-567890"},
		{"jp-residence-card", "在留カード AB12345678CD"},
		{"jp-driving-licence", "運転免許証番号 301234567890"},
		{"passport", "passport number K12345678"},
		{"driving-licence", "driver's license D4558291"},
		{"uk-nino", "NI number QQ 12 34 56 C"},
		{"uk-utr", "UTR 12345 67890"},
		{"es-nif", "DNI 12345678Z"},
		{"it-fiscal-code", "codice fiscale RSSMRA85T10A562S"},
		{"it-vat", "partita IVA 12345678901"},
		{"it-identity-card", "carta d'identità CA12345AA"},
		{"pl-pesel", "PESEL 44051401359"},
		{"fi-hetu", "henkilötunnus 131052-308T"},
		{"kr-rrn", "주민등록번호 900101-1234568"},
		{"cn-resident-id", "身份证 11010519491231002X"},
		{"tw-id", "national id A123456789"},
		{"hk-id", "HKID A123456(3)"},
		{"sg-nric", "NRIC S1234567D"},
		{"my-mykad", "MyKad 850412-14-5678"},
		{"th-national-id", "Thai ID 1-2345-67890-12-3"},
		{"th-national-id", norm.NFKC.String("เลขประจำตัวประชาชน: 3456789012347")},
		{"kr-rrn", "alien registration number 900101-5234563"},
		{"sg-uen", "unique entity number T16RF0037C"},
		{"vat-id", "VAT code 01333550_323"},
		{"vat-id", "USt-IdNr. DE-136-695-976"},
		{"in-gstin", "GSTIN ABCDE1234F"},
		{"se-personnummer", "org.nr 212000-0142"},
		{"id-number", "tax id: 98765432106"},
		{"id-number", "identification number 1234567890121"},
		{"mac-address", "MAC address 0012.3456.789a"},
		{"mac-address", "Device MAC: 3C:52:82:1F:9A:07"},
		{"mac-address", "hardware address 3c-52-82-1f-9a-07"},
		{"vehicle-registration", "the plate number is ABJ-123XY for this vehicle"},
		{"phone-number", "telefon: 0-532-123-45-67"},
		{"phone-number", "cep telefonu: 0532 123 45 67"},
		{"in-aadhaar", "Aadhaar 2345 6789 0123"},
		{"in-pan", "PAN card ABCPE1234F"},
		{"in-voter-id", "voter id ABC1234567"},
		{"in-gstin", "GSTIN 22AAAAA0000A1Z5"},
		{"ca-sin", "SIN 046 454 286"},
		{"br-cpf", "CPF 529.982.247-25"},
		{"br-cnpj", "CNPJ 11.222.333/0001-81"},
		{"mx-curp", "CURP HEGG560427MVZRRL04"},
		{"cl-rut", "RUT 12.345.678-5"},
		{"nl-bsn", "BSN 111222333"},
		{"be-national-number", "rijksregisternummer 85.07.30-033.28"},
		{"fr-nir", "numéro de sécurité sociale 1 85 05 78 006 084 91"},
		{"de-tax-id", "Steuer-ID 86095742719"},
		{"de-social-insurance", "Sozialversicherungsnummer 12 150780 J 009"},
		{"ch-ahv", "AHV 756.1234.5678.97"},
		{"se-personnummer", "personnummer 811218-9876"},
		{"dk-cpr", "CPR 010190-1234"},
		{"no-fodselsnummer", "fødselsnummer 01019012345"},
		{"pt-nif", "NIF 123 456 789"},
		{"ie-pps", "PPS 1234567T"},
		{"tr-tckn", "TC kimlik no 10000000146"},
		{"ru-passport-inn", "СНИЛС 112-233-445 95"},
		{"za-id", "South African ID 8001015009087"},
		{"ng-nin", "BVN 22123456789"},
		{"au-tfn", "tax file number 123 456 782"},
		{"au-abn", "ABN 51 824 753 556"},
		{"au-acn", "ACN 004 085 616"},
		{"vn-id", "CCCD 012345678901"},
		{"id-nik", "NIK 3171234567890123"},
		{"id-number", "national id AB 123 456 789"},
		{"us-bank-account", "account number 4471820093"},
		{"us-routing-number", "routing 021000021"},
		{"uk-sort-code", "sort code 20-45-12"},
		{"jp-bank-account", "口座番号 1234567"},
		{"bank-code", "IFSC HDFC0001234"},
		{"card-security-code", "CVV 737"},
		{"uk-nhs", "NHS number 943 476 5919"},
		{"au-medicare", "Medicare 2123 45670 1"},
		{"us-medicare", "Medicare MBI 1EG4-TE5-MK73"},
		{"us-npi", "NPI 1234567893"},
		{"patient-number", "patient ID 00-445-8812"},
		{"phone-number", "call me on 0171 2345678"},
		{"phone-number", "+44 20 7946 0958"},
		{"phone-number", "(503) 555-0147"},
		{"phone-number", "携帯は090-1234-5678"},
		{"phone-number", "phone: 0044 20 7946 0958"},
		{"email-address", "write to jane.q.public@fastmail.net"},
		{"date-of-birth", "born on March 3, 1990"},
		{"date-of-birth", "DOB: 04/12/1987"},
		{"date-of-birth", "昭和60年4月12日生まれ"},
		{"date-of-birth", "生年月日は1985年4月12日"},
		{"postal-address", "my home address is 742 Evergreen Terrace"},
		{"postal-address", "10 Main Street, Springfield, OR 97403"},
		{"postal-address", "post code SW1A 1AA"},
		{"postal-address", "〒150-0001"},
		{"postal-address", "東京都千代田区丸の内1-2-3"},
		{"postal-address", "Adresse: Hauptstraße 12"},
		{"ip-address", "my home IP address is 203.0.113.7"},
		{"mac-address", "her laptop mac address 00:1B:44:11:3A:B7"},
		{"iban", "IBAN GB82 WEST 1234 5698 7654 32"},
		{"iban", "DE89370400440532013000"},
		{"payment-card", "4111 1111 1111 1111"},
		{"payment-card", "card 4111 1111 1111 1112"},
		{"payment-card", "378282246310005"},
		{"bitcoin-address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
		{"bitcoin-address", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
		{"ethereum-address", "wallet 0x52908400098527886E0F7030069857D2E4169EE7"},
		{"ethereum-private-key", "private key: 0x" + strings.Repeat("4c0883a6", 8)},
		{"seed-phrase", "seed phrase: apple tiger orbit maple canyon velvet hammer lunar piano frost igloo zebra"},
		{"seed-phrase", "apple tiger orbit maple canyon velvet hammer lunar piano frost igloo zebra"},
	} {
		t.Run(tc.rule+"/"+tc.text, func(t *testing.T) {
			if !has(tc.text, tc.rule) {
				t.Errorf("found %v, want %s", rules(tc.text), tc.rule)
			}
		})
	}
}

// TestNumbersAlone gives numbers whose shape and check digit speak for themselves, in a sentence that does not.
func TestNumbersAlone(t *testing.T) {
	for _, number := range []string{"536-22-8741", "536 22 8741", "912-70-1234", "AB123456C", "12345678Z", "X1234567L", "RSSMRA85T10A562S", "131052-308T", "900101-1234568", "11010519491231002X",
		"A123456789", "S1234567D", "2345 6789 0124", "ABCPE1234F", "123-456-782", "529.982.247-25", "11.222.333/0001-81", "HEGG560427MVZRRL04", "85.07.30-033.28", "756.1234.5678.97",
		"811218-9876", "8001015009087", "51 824 753 556", "943 476 5919", "2123 45670 1", "AB1234563"} {
		t.Run(number, func(t *testing.T) {
			if got := rules("it says " + number + " on the slip"); len(got) == 0 {
				t.Errorf("nothing found")
			}
		})
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"build":                 "build 20250811093045 took 9m",
		"version":               "version 7.2.18.2025 came out on 2025-08-11",
		"order":                 "order 7781204 left, bill 2025-000318",
		"timestamp":             "2025-03-04T12:44:01.123Z took 1532 ms",
		"UUID":                  "id 550e8400-e29b-41d4-a716-446655440000",
		"wrong SSN area":        "code 000-12-3456",
		"card with bad digit":   "the number 4111 1111 1111 1112 is wrong",
		"zeros":                 "0000 0000 0000 0000",
		"long digits":           "12345678901234567890123456789",
		"IBAN talk":             "IBANs have up to 34 characters",
		"not an IBAN":           "GB00 WEST 1234 5698 7654 32",
		"ports":                 "port 9042 is for cassandra and 9200 for search",
		"phone talk":            "the phone field of the profile page may stay blank",
		"votes of reviewers":    "oauth2: fix a comment\n\nRun-TryBot: Ann Moore <ann.moore@gmail.com>\nAuto-Submit: Bo Lind <bo@lind.se>\nTrust: Cy Hart <cy@hart.org>",
		"machine addresses":     "noreply@example.com and git@github.com and ci@build.internal",
		"commit trailer":        "Signed-off-by: Ann Example <ann@kernel.org>",
		"package at version":    "next@14.3.0-canary.77",
		"address talk":          "The address field accepts 200 characters.",
		"street without home":   "Wall Street fell by 300 points",
		"IP of a gateway":       "the gateway's IP address is 10.0.0.1",
		"sentence of 12 words":  "the quick brown fox jumps over the lazy dog and runs away",
		"birthday talk":         "The date of birth is optional.",
		"range":                 "The range 4111-4999 is reserved for tests.",
		"ISBN":                  "ISBN 978-3-16-148410-0",
		"decimal":               "pi is 3.14159265358979",
		"hash in a hash":        "0x52908400098527886E0F7030069857D2E4169EE7 is the commit",
		"dates with hyphens":    "from 2024-05-17 to 2024-06-30",
		"requests per second":   "we serve 1200 requests a second",
		"at signs":              "@types/node and user@ and @home",
		"twelve words and mark": "alpha beta gamma delta epsilon zeta eta theta iota kappa (lambda) omega",
	} {
		t.Run(name, func(t *testing.T) {
			if got := rules(text); len(got) > 0 {
				t.Errorf("found %v", got)
			}
		})
	}
}

func TestTooManyCuesAreTooDense(t *testing.T) {
	if got := rules(strings.Repeat("passport 1a ssn 2b national id 3c account number 4d ", 4000)); len(got) == 0 || got[len(got)-1] == "" {
		t.Errorf("found %d", len(got))
	} else if !strings.Contains(strings.Join(got, " "), match.Dense) {
		t.Errorf("the budget did not end")
	}
}

// FuzzScan checks that spans are valid and that no text breaks a rule.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "シークレット:6HRKQ-NFF9W-Q22Z3-BR2DL", "4111 1111 1111 1111", "GB82 WEST 1234", "+1 (", "a@b.c", "ssn 1", "マイナンバー1", "born 1/1/", "〒1", "1A1zP1", "RSSMRA85T10A562S", "0x", "seed: a b c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		bound.Within(t, bound.Limit, false, func() { ms = personal.Scan(text) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Kind == "" || m.Confidence <= 0 || m.Confidence > 1 {
				t.Errorf("bad match %+v in %d bytes", m, len(text))
			}
		}
	})
}
