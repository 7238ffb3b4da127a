package gitleaks

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
)

// TestMatchesMissesNothing has gitleaks look at the windows in which no rule is said to match.
func TestMatchesMissesNothing(t *testing.T) {
	s := &Scanner{}
	if _, err := s.Scan(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	rows, err := corpus.Committed("..")
	if err != nil {
		t.Fatal(err)
	}
	passed, matched := 0, 0
	for _, r := range rows {
		text := r.Text
		windows, _ := s.windows(text)
		for _, w := range append(windows, window{0, len(text)}) {
			part := text[w.start:w.end]
			if s.matches(part) {
				matched++
				continue
			}
			passed++
			if found := s.detect(t.Context(), part, w); len(found) > 0 {
				t.Errorf("passed over: %+v in %q", found, text)
			}
		}
	}
	if passed == 0 || matched == 0 {
		t.Errorf("%d windows passed over, %d with a match", passed, matched)
	}
}
