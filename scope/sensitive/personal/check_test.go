package personal

import (
	"strings"
	"testing"
)

// TestChecks gives each check a number that is published as an example or made to fit, then the same number with its last
// digit or letter changed, then what is none at all.
func TestChecks(t *testing.T) {
	for name, tc := range map[string]struct {
		check func(string) bool
		good  []string
		bad   []string
	}{
		"luhn":               {luhn, []string{"4111111111111111", "79927398713"}, []string{"4111111111111112", "", "1", "41a1"}},
		"verhoeff":           {aadhaar, []string{"234567890124"}, []string{"234567890123", "134567890124", "2345", "23456789012x"}},
		"my number":          {myNumber, []string{"123456789018"}, []string{"123456789012", "12345678901", "12345678901x"}},
		"ssn":                {usSSN, []string{"536228741"}, []string{"000228741", "666228741", "900228741", "536008741", "536220000", "53622874", "53622874x"}},
		"itin":               {usITIN, []string{"912701234", "999881234"}, []string{"812701234", "912301234", "9127", "91270123x"}},
		"nhs":                {ukNHS, []string{"9434765919"}, []string{"9434765918", "943476591", "943476591x"}},
		"nino":               {ukNINO, []string{"AB123456C", "AB123456"}, []string{"QQ123456C", "BG123456C", "A1123456C", "AB12345", "AB12x456C"}},
		"nif":                {esNIF, []string{"12345678Z", "X1234567L"}, []string{"12345678A", "123", "123456789", "1234x678Z"}},
		"codice fiscale":     {itFiscalCode, []string{"RSSMRA85T10A562S"}, []string{"RSSMRA85T10A562T", "RSSMRA", "RSSMRA85T10A5629"}},
		"pesel":              {plPESEL, []string{"44051401359"}, []string{"44051401358", "4405140135", "44991401359"}},
		"hetu":               {fiHETULong, []string{"131052308T", "131052A308T"}, []string{"131052308X", "131352308T", "13105230", "13105A308TX9"}},
		"rrn":                {krRRNChecked, []string{"9001011234568"}, []string{"9001011234567", "9013011234568", "90010112345"}},
		"rrn, century":       {krRRNCentury, []string{"9001011234567"}, []string{"9001010234567", "9001019234567"}},
		"nric":               {sgNRIC, []string{"S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"}, []string{"S1234567A", "Z1234567D", "S123456D", "S12345x7D"}},
		"tfn":                {auTFN, []string{"123456782"}, []string{"123456783", "12345678", "12345678x"}},
		"abn":                {auABN, []string{"51824753556"}, []string{"51824753557", "5182475355", "5182475355x"}},
		"acn":                {auACN, []string{"004085616"}, []string{"004085617", "00408561", "00408561x"}},
		"medicare":           {auMedicare, []string{"2123456701"}, []string{"2123456711", "7123456701", "212345"}},
		"cpf":                {brCPF, []string{"52998224725"}, []string{"52998224726", "11111111111", "5299822472", "5299822472x"}},
		"cnpj":               {brCNPJ, []string{"11222333000181"}, []string{"11222333000182", "11111111111111", "1122"}},
		"bsn":                {nlBSN, []string{"111222333"}, []string{"111222334", "11122233", "11122233x"}},
		"nir":                {frNIR, []string{"185057800608491"}, []string{"185057800608492", "385057800608491", "1850578006084", "18505780060849x"}},
		"steuer-id":          {deTaxID, []string{"86095742719"}, []string{"86095742718", "06095742719", "8609574271"}},
		"personnummer":       {sePersonnummer, []string{"8112189876", "198112189876"}, []string{"8112189877", "8113189876", "811218987"}},
		"cpr":                {dkCPR, []string{"0101901234"}, []string{"3201901234", "010190123"}},
		"fodselsnummer":      {noFodselsnummer, []string{"01019012480"}, []string{"01019012481", "0101901248", "0101901248x"}},
		"rijksregister":      {beNationalNumber, []string{"85073003328"}, []string{"85073003329", "8507300332", "8507300332x"}},
		"ahv":                {chAHV, []string{"7561234567897"}, []string{"7561234567898", "1231234567897", "756123456789"}},
		"resident id":        {cnResidentID, []string{"11010519491231002X"}, []string{"110105194912310021", "11010519491331002X", "1101051949"}},
		"taiwan":             {twID, []string{"A123456789"}, []string{"A123456788", "A323456789", "1123456789", "A12345678"}},
		"south africa":       {zaID, []string{"8001015009087"}, []string{"8001015009088", "8013015009087", "800101500908"}},
		"portugal":           {ptNIF, []string{"123456789"}, []string{"123456788", "12345678", "12345678x"}},
		"pps":                {iePPS, []string{"1234567T", "1234567FA"}, []string{"1234567A", "123456", "12345678"}},
		"tckn":               {trTCKN, []string{"10000000146"}, []string{"10000000147", "00000000146", "1000000014"}},
		"rut":                {clRUT, []string{"123456785", "12345678" + "5"}, []string{"123456786", "123", "12x456785"}},
		"curp":               {mxCURP, []string{"HEGG560427MVZRRL04"}, []string{"HEGG561327MVZRRL04", "HEGG560427ZVZRRL04", "HEGG"}},
		"dea":                {usDEA, []string{"AB1234563"}, []string{"AB1234564", "ZB1234563", "AB12345"}},
		"npi":                {npi, []string{"1234567893"}, []string{"1234567894", "3234567893", "123456789"}},
		"routing":            {abaRouting, []string{"021000021"}, []string{"021000022", "421000021", "02100002"}},
		"sin":                {caSIN, []string{"123456782"}, []string{"123456783", "046454286", "13069254"}},
		"pan":                {inPAN, []string{"ABCPE1234F"}, []string{"ABCDE1234F", "ABCPE"}},
		"iban":               {mod97, []string{"GB82WEST12345698765432"}, []string{"GB82WEST12345698765433"}},
		"base 58":            {base58Check, []string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}, []string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "0", "1", "l"}},
		"american phone":     {usPhone, []string{"(503) 555-0147", "1-503-555-0147"}, []string{"(103) 555-0147", "555-0147", "503 155 0147"}},
		"japanese phone":     {japanesePhone, []string{"090-1234-5678", "03-1234-5678"}, []string{"090-1234", "1234567890", "00-1234-5678"}},
		"issued card number": {issued, []string{"4111111111111", "5105105105105100", "2223003122003222", "371449635398431", "3530111333300000", "30569309025904", "6011111111111117", "5019717010103742", "2200000000000004", "36227206271667"}, []string{"411111111111", "9111111111111111", "1234567890123456"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range tc.good {
				if !tc.check(s) {
					t.Errorf("%q is refused", s)
				}
			}
			for _, s := range tc.bad {
				if tc.check(s) {
					t.Errorf("%q is accepted", s)
				}
			}
		})
	}
}

func TestIBANLengthsAreThoseOfTheRegistry(t *testing.T) {
	for country, n := range ibanLength {
		if len(country) != 2 || n < 15 || n > 34 || strings.ToUpper(country) != country {
			t.Errorf("%s: %d", country, n)
		}
	}
}

// FuzzChecks checks that no check breaks on any text.
func FuzzChecks(f *testing.F) {
	f.Add("")
	f.Add("123456789")
	f.Add("ABCDEFGHIJKLMNOPQR")
	f.Fuzz(func(t *testing.T, s string) {
		s = compact(s)
		for i := range table().rules {
			r := &table().rules[i]
			for _, c := range []func(string) bool{r.check, r.valid, r.alone} {
				if c != nil {
					c(s)
				}
			}
		}
		base58Check(s)
		if len(s) >= 12 && digitsOnly(s) {
			_ = issued(s)
		}
	})
}
