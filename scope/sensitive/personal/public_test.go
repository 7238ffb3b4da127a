package personal_test

import "testing"

// TestEveryonesNumbers: what is published, made up or of history is no one's secret; beside it stands what is someone's.
func TestEveryonesNumbers(t *testing.T) {
	const signer = "0x7b1e9d3c5a2f4b6d8e0f1c3a5b7d9e2f4a6c8b0d1e3f5a7c9b2d4f60a1b2c3d4"
	for name, tc := range map[string]struct {
		rule, text string
		want       bool
	}{
		"born, alive":                  {"date-of-birth", "born 10 December 1985", true},
		"born, in history":             {"date-of-birth", "Ada Lovelace, born 10 December 1815", false},
		"born, Japanese":               {"date-of-birth", "1984年11月3日生まれ", true},
		"born, Japanese, short":        {"date-of-birth", "妻（1984年11月3日生）", true},
		"born, Japanese, in history":   {"date-of-birth", "湯川秀樹は1907年1月23日生まれ", false},
		"a home":                       {"postal-address", "her flat is at 9 Larch Close, Didcot", true},
		"a home, Japanese":             {"postal-address", "住まい：川崎市多摩区登戸 1811-4", true},
		"a sample, Japanese":           {"postal-address", "住所の見本は千代田区○○1-2-3", false},
		"an address of a visitor":      {"ip-address", "his ip address is 81.2.69.142", true},
		"an address of no one":         {"ip-address", "the client ip address is 0.0.0.0", false},
		"an address in every house":    {"ip-address", "my ip address is 192.168.1.20", false},
		"a number":                     {"phone-number", "call Max on +43 664 1234567", true},
		"toll-free":                    {"phone-number", "report it at 1-877-382-4357", false},
		"toll-free, Japanese":          {"phone-number", "電話 0120-444-113", false},
		"a hotline":                    {"phone-number", "the hotline is +44 20 7946 0000", false},
		"a hotline, Japanese":          {"phone-number", "代表電話 03-1234-5678", false},
		"zeros":                        {"phone-number", "電話は03-0000-0000", false},
		"a file of an office":          {"phone-number", "the form's file number 143/221/80817", false},
		"an order":                     {"phone-number", "order number 4500-88172-11", false},
		"an order, Japanese":           {"phone-number", "注文番号 4500-88172", false},
		"a card":                       {"payment-card", "my card 4242 4242 4242 4242", true},
		"a test card":                  {"payment-card", "the docs say 4242 4242 4242 4242 always succeeds", false},
		"a test card, Japanese":        {"payment-card", "テストカード 4242 4242 4242 4242", false},
		"an office":                    {"email-address", "write to support@larkspur-mail.com", false},
		"a person":                     {"email-address", "write to adele.kern@larkspur-mail.com", true},
		"a key of a wallet":            {"ethereum-private-key", "metamask export of the deployer " + signer, true},
		"no wallet but the coin":       {"ethereum-address", "native token address 0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", false},
		"a hash on the chain":          {"ethereum-private-key", "the deployer's transaction " + signer, false},
		"seed words":                   {"seed-phrase", "1. fabric\n2. onion\n3. rather\n4. simple\n5. velvet\n6. tiger\n7. museum\n8. pencil\n9. garage\n10. orbit\n11. flight\n12. copper", true},
		"seed words that begin late":   {"seed-phrase", "1. one\n1. fabric\n2. onion\n3. rather\n4. simple\n5. velvet\n6. tiger\n7. museum\n8. pencil\n9. garage\n10. orbit\n11. flight\n12. copper\n", true},
		"a list of longer lines":       {"seed-phrase", "1. fabric and silk\n2. onion\n3. rather\n4. simple\n5. velvet\n6. tiger\n7. museum\n8. pencil\n9. garage\n10. orbit\n11. flight\n12. copper", false},
		"a list of numbers":            {"seed-phrase", "1. 4711\n2. 4712\n3. 4713\n4. 1\n5. 2\n6. 3\n7. 4\n8. 5\n9. 6\n10. 7\n11. 8\n12. 9", false},
		"seed words, Japanese":         {"seed-phrase", "復元フレーズ：あさひ くらげ みかん たいこ はしら こよみ つばさ ねむり さばく ゆかた かもめ ひだり", true},
		"few words, Japanese":          {"seed-phrase", "復元フレーズ：あさひ くらげ みかん", false},
		"a record":                     {"person-record", "Bed 6, Mr. Fitzwilliam Osei, 72, wants a call", true},
		"a record, years":              {"person-record", "Frau Adelheid Brenner (84) wohnt allein", true},
		"a record, Japanese":           {"person-record", "相談者 真鍋 さやか（34）、現在は別居", true},
		"a sample of one, Japanese":    {"person-record", "氏名：山田 太郎（34）", false},
		"a child":                      {"person-record", "Pick up Tabitha Rosenqvist (7) from the pool", true},
		"a title, no age":              {"person-record", "Mr. Osei asked 72 times", false},
		"an address of someone":        {"postal-address", "Mrs. Ncube, of 2 Manse Brae, Pitlochry", true},
		"an address of a shop":         {"postal-address", "the shop at 2 Manse Brae, Pitlochry", false},
		"an address of a body":         {"postal-address", "write to the Free Software Foundation, Inc., 51 Franklin Street, Boston, MA 02110", false},
		"the same of someone":          {"postal-address", "her address is 51 Franklin Street, Boston, MA 02110", true},
		"born, in short":               {"date-of-birth", "Perpetua (living), b. 6 May 1951 Ponta Delgada", true},
		"no birth":                     {"date-of-birth", "part b. of 6 May 1951", false},
		"a void number":                {"us-ssn", "SSN 078-05-1120 on a sample card", false},
		"a device":                     {"imei", "imei,owner\n350646237388778,ops", true},
		"a number in brackets":         {"phone-number", "daughter Efua (312-749-6024) wants a call", true},
		"a test card of another house": {"payment-card", "Adyen test cards: 5555 4444 3333 1111", false},
		"part of a card":               {"in-aadhaar", "Adyen test cards: 5555 4444 3333 1111", false},
		"groups of a card, no code":    {"card-security-code", "4242 4242 4242 4242 with any CVC; 4000 0000 0000 9995 fails", false},
		"an account":                   {"iban", "pay to DE89 3704 0044 0532 0130 00", true},
		"an account of a textbook":     {"iban", "the docs use DE89 3704 0044 0532 0130 00 as the example", false},
		"digits that count up":         {"phone-number", "電話番号の入力例: 03-1234-5678", false},
		"such digits of someone":       {"phone-number", "母の電話は 03-1234-5678", true},
		"years":                        {"phone-number", "call: copyright 2017-2020", false},
		"a licence to drive":           {"driving-licence", "license: D4558-29118-77", true},
		"a licence of a program":       {"driving-licence", "Copyright: 2009-2017 the authors\nLicense: Apache-2.0", false},
		"a counting number":            {"us-ssn", "the placeholder is 123-45-6789", false},
		"an author":                    {"email-address", "Copyright (c) 2008 Adele Kern <adele.kern@larkspur-mail.com>", false},
		"a further author":             {"email-address", "Copyright: 2008 Ole Kern <ole@kern.no>\n  2010-2012, Adele Kern <adele.kern@larkspur-mail.com>", false},
		"the end of a change":          {"email-address", "  * done\n -- Adele Kern <adele.kern@larkspur-mail.com>  Thu, 27 Feb 2020", false},
		"a year and no notice":         {"email-address", "2010 we met\n2012 adele.kern@larkspur-mail.com moved", true},
		"a mailing list":               {"email-address", "write to kern-devel@larkspur-mail.com or kern@googlegroups.com", false},
		"a list's host":                {"email-address", "write to kern@lists.larkspur-mail.com", false},
		"a made-up user":               {"email-address", "--member=test-user@larkspur-mail.com", false},
		"a person with such a name":    {"email-address", "testa.rossa@larkspur-mail.com", true},
		"words of a sentence, no wish": {"seed-phrase", "復元フレーズはたいせつなものですからなくさないようにしてください。", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := has(tc.text, tc.rule); got != tc.want {
				t.Errorf("%q: found %v, want %s: %v", tc.text, rules(tc.text), tc.rule, tc.want)
			}
		})
	}
}
