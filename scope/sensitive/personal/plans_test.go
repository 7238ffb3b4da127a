package personal

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// byLibrary is what validPhone said when it asked the library that the plans are written from.
func byLibrary(s, region string) bool {
	n, err := phonenumbers.Parse(s, region)
	if err != nil {
		return false
	}
	if region == "" {
		return phonenumbers.IsValidNumber(n) || phonenumbers.IsPossibleNumber(n) && countDigits(s) >= 10
	}
	return phonenumbers.IsValidNumberForRegion(n, region)
}

// TestPlansAgreeWithTheLibrary compares the plans with the library they come from: on an example number of each region, written
// within the country and from outside, and on numbers drawn from those by changing digits.
func TestPlansAgreeWithTheLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	same, all := 0, 0
	compare := func(s, region string) {
		all++
		if validPhone(s, region) == byLibrary(s, region) {
			same++
		}
	}
	examples := 0
	for region := range phonenumbers.GetSupportedRegions() {
		n := phonenumbers.GetExampleNumber(region)
		if n == nil {
			continue
		}
		examples++
		outside, within := phonenumbers.Format(n, phonenumbers.INTERNATIONAL), phonenumbers.Format(n, phonenumbers.NATIONAL)
		if !validPhone(outside, "") {
			t.Errorf("%s: %s is not valid", region, outside)
		}
		if !validPhone(within, region) {
			t.Errorf("%s: %s is not valid there", region, within)
		}
		for range 20 {
			compare(changed(rnd, outside), "")
			compare(changed(rnd, within), region)
		}
	}
	if examples < 200 {
		t.Fatalf("%d examples; want one of each region", examples)
	}
	t.Logf("%d of %d numbers judged as by the library", same, all)
	if same*100 < all*97 {
		t.Errorf("%d of %d numbers judged as by the library, want 97 %%", same, all)
	}
}

// changed changes one to three digits of a number, or takes its last one away.
func changed(rnd *rand.Rand, s string) string {
	b := []byte(s)
	if rnd.IntN(4) == 0 {
		return s[:len(s)-1]
	}
	for range 1 + rnd.IntN(3) {
		at := rnd.IntN(len(b))
		if i := at + strings.IndexAny(s[at:], "0123456789"); i >= at {
			b[i] = byte('0' + rnd.IntN(10))
		}
	}
	return string(b)
}
