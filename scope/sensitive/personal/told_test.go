package personal_test

import "testing"

// TestToldOf gives what a text says of a person in so many words, and what only looks like it.
func TestToldOf(t *testing.T) {
	for name, tc := range map[string]struct {
		rule, text string
		want       bool
	}{
		"an address, number first":        {"postal-address", "Note: the customer's home address is 3226 Calle Norte, Puerto Alto, 2529 Cagayan", true},
		"an address, number behind":       {"postal-address", "address: Ilkanpolku 75, 77204 Oulu", true},
		"an address before its name":      {"postal-address", "9909 Jones Knoll Suite 752, Kerntown, AR 34079 is my address", true},
		"an address in a key":             {"postal-address", `{"home_address": "Ilkanpolku 75, 77204 Oulu"}`, true},
		"an address in a column":          {"postal-address", "name,address,city\nA. Kern,Ilkanpolku 75, 77204 Oulu", true},
		"an address in another script":    {"postal-address", "her home address is 대전광역시 북구 반포대9거리 444", true},
		"an address of a network":         {"postal-address", "home address: 10.0.0.1 port 80 on the bridge", false},
		"an address of memory":            {"postal-address", "the address is 0x7ffe of page 12, then 14", false},
		"a rule about addresses":          {"postal-address", "my address field must have 5 lines at most", false},
		"issues to address":               {"postal-address", "we address 5 Critical findings, then ship", false},
		"a town someone lives in":         {"postal-address", "大阪市北区梅田2丁目5-25 の301号室に住んでいる", true},
		"a town, no one lives there":      {"postal-address", "大阪市北区梅田2丁目5-25 で会議がある", false},
		"the seat of a company":           {"postal-address", "株式会社北灯の本社は東京都千代田区丸の内1-1-1", false},
		"born, in a key":                  {"date-of-birth", `{"date_of_birth": "1987-06-03"}`, true},
		"born, in a key with humps":       {"date-of-birth", `{"dateOfBirth": "1987-06-03"}`, true},
		"born, in a column":               {"date-of-birth", "name,DOB,city\nA. Kern,05/03/86,Lyon", true},
		"born, the date first":            {"date-of-birth", "05/13/65 is my DOB", true},
		"born, in French":                 {"date-of-birth", "date de naissance : 12/04/1988", true},
		"a phone, any country's":          {"phone-number", "the customer's mobile number is 944549710", true},
		"a phone of few digits":           {"phone-number", "phone: +298 12 34 56", true},
		"a phone before its name":         {"phone-number", "0724 722 003 is my mobile number", true},
		"a phone of a customer, Japanese": {"phone-number", "お客様の電話番号は 090-8765-4321 です", true},
		"a customers' line, Japanese":     {"phone-number", "お客様相談室 03-3456-7891", false},
		"the number of a company":         {"phone-number", "company number 01234567 at the register", false},
		"the number of one, Japanese":     {"phone-number", "法人番号 5835678256246 の会社", false},
		"a plate, Japanese":               {"jp-plate", "車のナンバーは 品川 300 あ 12-34", true},
		"an account in brackets":          {"jp-bank-account-type", "みずほ銀行 渋谷支店(普)7654321", true},
		"a number of someone":             {"own-number", "the customer's Vreemdelingenkaart is 80417263", true},
		"a number that counts":            {"own-number", "his total score is 80417263", false},
		"years and a premium":             {"patient-number", "health insurance premium 340.50 EUR per month in 2024", false},
		"a count that rose":               {"vehicle-registration", "vehicle registrations rose to 2817654 last year", false},
		"assets, no phone":                {"phone-number", "assets reached 1234567890 euros", false},
		"a paradox":                       {"date-of-birth", "birthday paradox: 23 people, 365 days", false},
		"born, the date as":               {"date-of-birth", "we need 12/03/1984 as date of birth", true},
		"an account and its holder":       {"jp-bank-account", "本店営業部 当座 0012345 名義 サトウハナコ", true},
		"an order's key":                  {"phone-number", `{"orderNumber":"3615829470"}`, false},
		"a version, no birth":             {"date-of-birth", "DOB field is optional since 3.2.1", false},
		"a day in her life":               {"own-number", "her talk is at 2024-05-17 10:30", false},
		"a screen":                        {"own-number", "my monitor is 2560x1440, 144 Hz", false},
		"a customer's network":            {"ip-address", "customer IP 81.2.69.142", true},
		"a parcel":                        {"postal-address", "Send the parcel to 14 Larch Close, Hove BN3 7QP", true},
		"born, by an era in short":        {"date-of-birth", "生年月日:S62.6.3", true},
		"born, in a column of words":      {"date-of-birth", "name,birthday,city\nA. Kern,08 July 1982,Lyon", true},
		"an extension":                    {"phone-number", "mobile number 226-521-2997x220 was dialled", true},
		"a code of goods":                 {"payment-card", "JANコード 4901234567894 の在庫", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := has(tc.text, tc.rule); got != tc.want {
				t.Errorf("%q: found %v, want %s: %v", tc.text, rules(tc.text), tc.rule, tc.want)
			}
		})
	}
}
