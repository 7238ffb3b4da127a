package sensitive_test

import (
	"os"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
)

// TestSayings holds the detector to the sentences of testdata/sayings.txt, English and Japanese: each secret said is
// found, and talk about secrets is let pass.
func TestSayings(t *testing.T) {
	b, err := os.ReadFile("testdata/sayings.txt")
	if err != nil {
		t.Fatal(err)
	}
	d := sensitive.New(sensitive.Options{})
	var said, talk tally
	for i, line := range strings.Split(string(b), "\n") {
		label, text, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		text = strings.NewReplacer(`\n`, "\n", "‖", "").Replace(text)
		found, err := d.Detect(t.Context(), scope.Input{Content: text})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case label == "s":
			said.all++
			if len(found) > 0 {
				said.right++
			} else {
				t.Errorf("line %d: nothing found in %q", i+1, text)
			}
		default:
			talk.all++
			if len(found) == 0 {
				talk.right++
			} else {
				t.Errorf("line %d: found %s in %q", i+1, found[0].Rule, text)
			}
		}
	}
	t.Logf("found %d of %d secrets said; let pass %d of %d texts that talk about secrets", said.right, said.all, talk.right, talk.all)
}

// TestRounds keeps what the rounds of texts of likely/train taught: nearly all of the secrets found, few false alarms. The
// figures that say how far this carries to new texts are in COVERAGE.md.
func TestRounds(t *testing.T) {
	b, err := os.ReadFile("likely/train/rounds.txt")
	if err != nil {
		t.Fatal(err)
	}
	d := sensitive.New(sensitive.Options{})
	counts := map[string]*tally{"s": {}, "c": {}}
	for _, line := range strings.Split(string(b), "\n") {
		label, text, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		text = strings.NewReplacer(`\n`, "\n", `\t`, "\t", "‖", "").Replace(text)
		found, err := d.Detect(t.Context(), scope.Input{Content: text})
		if err != nil {
			t.Fatal(err)
		}
		c := counts[label]
		c.all++
		if (len(found) > 0) == (label == "s") {
			c.right++
		}
	}
	t.Logf("found %d of %d secrets said; let pass %d of %d others", counts["s"].right, counts["s"].all, counts["c"].right, counts["c"].all)
	if counts["s"].rate() < 0.93 || counts["c"].rate() < 0.97 {
		t.Errorf("%.3f of the secrets found, %.3f of the others let pass; want 0.93 and 0.97", counts["s"].rate(), counts["c"].rate())
	}
}
