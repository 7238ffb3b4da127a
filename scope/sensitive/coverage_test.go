package sensitive_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
)

// TestCoverageIsTrue measures the corpora of the repository and compares with the table in COVERAGE.md, which
// `go run ./scope/sensitive/measure -write` writes; and holds the detector to what it has reached on them.
func TestCoverageIsTrue(t *testing.T) {
	rows, err := corpus.Committed(".")
	if err != nil {
		t.Fatal(err)
	}
	d := sensitive.New(sensitive.Options{})
	table, err := corpus.Measure(t.Context(), func(ctx context.Context, text string) ([]string, error) {
		found, err := d.Detect(ctx, scope.Input{Content: text})
		rules := make([]string, 0, len(found))
		for _, f := range found {
			rules = append(rules, f.Rule)
		}
		return rules, err
	}, rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), table.String()) {
		t.Errorf("COVERAGE.md tells something else; write it anew: go run ./scope/sensitive/measure -write\n%s", table)
	}
	if all := table.All(); all.Said < 1500 || all.Clean < 1000 || all.Recall() < 0.95 || all.Alarms() > 0.02 {
		t.Errorf("%+v: recall %.3f, false alarms %.3f; want 0.95 and 0.02", all, all.Recall(), all.Alarms())
	}
}
