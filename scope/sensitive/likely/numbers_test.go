package likely_test

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/likely"
)

// TestNumbersOfThings: what stands behind the name of a thing is its number.
func TestNumbersOfThings(t *testing.T) {
	for _, text := range []string{
		"ASIN B07XJ8C8F5", "container TCLU4480129", "出席は18名、教室番号は C-310。", "チャンネルIDは C07QZ81LMW です。", "the fixture uses seed 9812773441120938", "証券コード 4471", "席番は 7-C-40", "ES2019が使える環境", "id: '64be1f77bcf86cd799439a52'", "取引IDがM21AA03だとする", "Sendungsnummer CX998127734AT",
	} {
		if ms := likely.Scan(text); len(ms) > 0 {
			t.Errorf("found %q in %q", text[ms[0].Start:ms[0].End], text)
		}
	}
	if text := "the TOTP seed is JBSW9QK4XR2TZ7LM"; len(likely.Scan(text)) == 0 { // a seed that is drawn
		t.Errorf("found nothing in %q", text)
	}
}
