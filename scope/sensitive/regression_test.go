package sensitive_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
)

// TestRegression: what a learnt model is held to is the corpus of sayings, with its labels.
func TestRegression(t *testing.T) {
	rows, err := corpus.Read(filepath.Join("testdata", "sayings.txt"))
	if err != nil {
		t.Fatal(err)
	}
	said := sensitive.Regression()
	if len(said) != len(rows) {
		t.Fatalf("%d texts; the corpus holds %d", len(said), len(rows))
	}
	for i, s := range said {
		if s.Text != rows[i].Text || s.Sensitive != rows[i].Sensitive() {
			t.Errorf("text %d is %q (%v); the corpus holds %q (%v)", i, s.Text, s.Sensitive, rows[i].Text, rows[i].Sensitive())
		}
	}
}

// TestPolicyOfPatternsAlone: formats of a project are found where it names no words of its own.
func TestPolicyOfPatternsAlone(t *testing.T) {
	p, err := scope.NewPolicy(scope.PolicyOptions{Patterns: []scope.PolicyRule{{Name: "badge", Pattern: `ZX-[0-9]{6}`}}})
	if err != nil {
		t.Fatal(err)
	}
	d := sensitive.New(sensitive.Options{Policy: func(scope.Input) *scope.Policy { return p }})
	found, err := d.Detect(t.Context(), scope.Input{Content: "the badge at the door says ZX-204817"})
	if err != nil || !slices.ContainsFunc(found, func(f scope.Finding) bool { return strings.HasSuffix(f.Rule, "badge") }) {
		t.Errorf("found %+v, %v; want the badge", found, err)
	}
}
