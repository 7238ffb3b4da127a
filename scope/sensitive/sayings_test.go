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
