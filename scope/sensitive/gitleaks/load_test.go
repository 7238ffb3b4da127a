package gitleaks

import (
	"testing"

	"github.com/zricethezav/gitleaks/v8/config"
)

func TestBrokenRulesAreReported(t *testing.T) {
	for name, rules := range map[string]string{
		"no TOML":         "[[rules]",
		"wrong type":      "title = \"x\"\nrules = 3",
		"rule without id": "[[rules]]\nregex = \"x\"",
	} {
		t.Run(name, func(t *testing.T) {
			var s Scanner
			s.once.Do(func() { s.err = s.load(rules) })
			if _, err := s.Scan(t.Context(), "password"); err == nil {
				t.Error("no error")
			}
		})
	}
}

// TestEveryRuleButOneIsThere fails when a newer gitleaks adds or drops rules, so that COVERAGE.md stays true.
func TestEveryRuleButOneIsThere(t *testing.T) {
	var s Scanner
	if err := s.load(config.DefaultConfig); err != nil {
		t.Fatal(err)
	}
	if n := len(s.detector.Config.Rules); n != 221 {
		t.Errorf("%d rules, want 221; bring COVERAGE.md up to date", n)
	}
	if _, there := s.detector.Config.Rules[generic]; there {
		t.Errorf("%s is there", generic)
	}
	for id, r := range s.detector.Config.Rules {
		if r.Regex != nil && r.Path != nil {
			t.Errorf("%s asks for a file name", id)
		}
	}
}
