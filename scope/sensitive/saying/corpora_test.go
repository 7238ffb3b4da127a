package saying_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/saying"
)

// TestCorpora scans every text of the repository's corpora: spans lie in the text, cut no character, and are found again where the
// text stands below another line.
func TestCorpora(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	texts, found := 0, 0
	for _, f := range append(files, "../likely/train/rounds.txt", "../likely/train/talks.txt", "../likely/train/says.txt") {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			text := strings.NewReplacer(`\n`, "\n", `\t`, "\t", "‖", "", "s\t", "", "c\t", "").Replace(strings.TrimSuffix(line, "\n"))
			ms := saying.Scan(text)
			texts++
			for _, m := range ms {
				if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || !utf8.ValidString(text[m.Start:m.End]) {
					t.Fatalf("match %+v in %q", m, text)
				}
			}
			if len(ms) == 0 {
				continue
			}
			found++
			if again := saying.Scan("The weather was fine.\n\n" + text); len(again) == 0 {
				t.Errorf("%s is not found below another line: %q", ms[0].Rule, text)
			}
		}
	}
	if texts < 4000 || found < 1000 {
		t.Errorf("%d texts, secrets in %d; the corpora are not where they were", texts, found)
	}
}
