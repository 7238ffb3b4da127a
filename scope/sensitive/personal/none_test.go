package personal_test

import (
	"slices"
	"testing"
)

// TestNone: what stands right around a number, or how it is written, makes it no one's. Beside each kind stands what is someone's.
func TestNone(t *testing.T) {
	for name, tc := range map[string]struct {
		rule, text string
		want       bool
	}{
		"zeros behind an X":              {"passport", "Passport: X0000000", false},
		"zeros behind another letter":    {"de-identity-card", "Personalausweisnummer: T00000000", true},
		"zeros of a card's number":       {"jp-residence-card", "在留カード XX00000000XX", false},
		"zeros of an account":            {"iban", "IBAN XX00 0000 0000 0000 0000 00", false},
		"an account":                     {"iban", "IBAN DE00 1234 0000 0000 0000 00", true},
		"zeros between letters A":        {"uk-nino", "national_insurance: AA000000A", false},
		"zeros behind two letters":       {"passport", "passport number EM000000", true},
		"zeros of a place":               {"postal-address", "〒000-0000", false},
		"a place":                        {"postal-address", "〒150-0001", true},
		"an issue's, Japanese":           {"jp-health-insurance", "保険証番号の入力チェックは#4821で対応します。", false},
		"fixed by an issue":              {"bank-account", "account number check fixed by #4821", false},
		"an account with a sign":         {"bank-account", "account number #48217755", true},
		"a version like a phone":         {"phone-number", "212.448.0199 is the version of the fork", false},
		"a phone":                        {"phone-number", "212.448.0199 is the sister of the fork", true},
		"letters X":                      {"in-pan", "PAN XXXXX1234X", false},
		"few letters X":                  {"us-medicare", "MBI 9XX9-XX9-XX99", true},
		"a prescriber's zeros":           {"us-dea", "旅券番号:XX0000000", false},
		"a phone's zeros":                {"phone-number", "phone: +00 000 0000 0000", false},
		"a mobile's zeros":               {"phone-number", "phone: +81 90-0000-0000", false},
		"a phone's nines":                {"phone-number", "Phone: 999-999-9999", false},
		"a version":                      {"driving-licence", "driver's license scanner 4.12.1188", false},
		"a number with dots":             {"vn-number", "Tax code MST: 01.00.112.437", true},
		"firmware":                       {"passport", "passport scanner firmware 20240517", false},
		"a number of eight digits":       {"passport", "passport 20240517", true},
		"a version with a v":             {"personal-number", "national ID api v20240517", false},
		"a picture's size":               {"driving-licence", "driver license plate reader v4, 1920x1080", false},
		"a port":                         {"driving-licence", "the driver license reader runs on port 48291", false},
		"a licence":                      {"driving-licence", "the driver license is D4829177", true},
		"an address with a port":         {"personal-number", "national id service at 10.20.30.40:8443", false},
		"a path":                         {"personal-number", "the residence permit page moved to /docs/123456", false},
		"an address of the web":          {"passport", "passport, see https://larkspur.example/help/482910", false},
		"behind a stroke":                {"bank-account", "account no/IBAN: 1/48291077", true},
		"a pull request":                 {"passport", "passport (PR 482910)", false},
		"an issue":                       {"passport", "PASSPORT-48291: validate the number", false},
		"a form":                         {"patient-number", "the health insurance form 1095-A", false},
		"a form of an insurer":           {"patient-number", "the health insurance claim form CMS-1500 is new", false},
		"a policy":                       {"patient-number", "the health insurance policy CM-15004", true},
		"a range":                        {"patient-number", "member ids range from 100000 to 999999", false},
		"a job's":                        {"personal-number", "the ID number of the job is 4471882", false},
		"a sample in brackets":           {"jp-bank-account", "口座番号 1234567(例)", false},
		"an account, Japanese":           {"jp-bank-account", "口座番号 1234567(普通)", true},
		"a sample of a tax number":       {"tax-number", "tax number 48291077 (example)", false},
		"a year, Japanese":               {"jp-health-insurance", "健康保険証の番号は保存しない(2025年4月1日から)", false},
		"a year of a card, Japanese":     {"jp-number", "マイナンバーカードは2025年に1億枚", false},
		"an RMA":                         {"phone-number", "RMA number 88-1203-4471 for the supply", false},
		"a D-U-N-S number":               {"phone-number", "our D-U-N-S number is 15-048-3782", false},
		"a part":                         {"phone-number", "Part no. 555-123-4567", false},
		"a project's":                    {"phone-number", "the project number is 81471882035", false},
		"lines of code":                  {"patient-number", "member id checks, now at L49-50", false},
		"a house's":                      {"phone-number", "+44 20 7946 0311 (switchboard)", false},
		"a sister's":                     {"phone-number", "+44 20 7946 0311 (my sister)", true},
		"a sample's address":             {"email-address", "reply to h.suzuki@office.sample", false},
		"made on a day":                  {"date-of-birth", "2021年4月9日生産の部品", false},
		"a part with a letter":           {"phone-number", "Part number: 415-233-1209-B", false},
		"a ticket":                       {"phone-number", "ticket 415-233-1209 was closed", false},
		"a SKU":                          {"phone-number", "SKU 415-233-1209 is sold out", false},
		"a line":                         {"phone-number", "private line 415-233-1209", true},
		"a bare number":                  {"phone-number", "415-233-1209", true},
		"how many":                       {"phone-number", "number of rows 48291077", false},
		"the number of someone":          {"phone-number", "number of my sister: 0664 1234567", true},
		"codes of places":                {"postal-address", "postcodes SW1A 1AA and EC1A 1BB work", false},
		"the default of a form":          {"postal-address", "postal code SW1A 1AA is the default of the form", false},
		"a code of someone's":            {"postal-address", "send it to postcode SW1A 1AA", true},
		"a code of someone's, default":   {"postal-address", "my postcode SW1A 1AA is the default of the form", true},
		"a bound of births":              {"date-of-birth", "the birthdate must be before 2007-01-01", false},
		"a bound of births, Japanese":    {"date-of-birth", "生年月日は2007年4月1日以前であること", false},
		"a default of births":            {"date-of-birth", "date of birth defaults to 1985-01-01", false},
		"a birth that nobody knows":      {"date-of-birth", "dob: 1970-01-01", false},
		"a birth":                        {"date-of-birth", "dob: 1970-02-11", true},
		"a birth, Japanese":              {"date-of-birth", "生年月日は2007年4月1日です", true},
		"born again":                     {"date-of-birth", "the born-again build of 2024-05-17", false},
		"a birth with a word in between": {"date-of-birth", "she was born in Oslo on 2004-05-17", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := slices.Contains(rules(tc.text), tc.rule); got != tc.want {
				t.Errorf("%s in %q: %v, want %v", tc.rule, tc.text, got, tc.want)
			}
		})
	}
}
