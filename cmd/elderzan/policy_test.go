package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
)

func writePolicy(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, policyFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPolicyFile(t *testing.T) {
	data, root := t.TempDir(), t.TempDir()
	key, err := allowKey(data, true)
	if err != nil || len(key) != 32 {
		t.Fatalf("key of %d bytes, %v", len(key), err)
	}
	writePolicy(t, root, `default_scope = "PRIVATE"
cues = ["launch phrase"]
allow = ["`+scope.AllowDigest(key, "Gravel!6172")+`"]
[[patterns]]
name = "badge"
kind = "personal"
pattern = '\bBADGE-\d{4}\b'
`)
	rules := newPolicies(data, slog.New(slog.DiscardHandler))
	c := scope.NewClassifier(scope.Options{Sensitive: sensitive.New(sensitive.Options{Policy: rules.of}), Policy: rules.of})
	for name, tc := range map[string]struct {
		text, root, project string
		want                scope.Scope
		sensitive           bool
	}{
		"default":                {"the build is green", root, "apollo", scope.Private, false},
		"own cue":                {"the launch phrase is heron-9", root, "apollo", scope.Private, true},
		"own pattern":            {"ask BADGE-1234 at the desk", root, "apollo", scope.Private, true},
		"allowed":                {"the db password is Gravel!6172", root, "apollo", scope.Private, false},
		"elsewhere":              {"ask BADGE-1234 at the desk", t.TempDir(), "gemini", scope.Project, false},
		"not allowed elsewhere":  {"the db password is Gravel!6172", t.TempDir(), "gemini", scope.Private, true},
		"known by the project":   {"ask BADGE-1234 at the desk", "", "apollo", scope.Private, true},
		"neither folder or name": {"ask BADGE-1234 at the desk", "", "", scope.Project, false},
	} {
		t.Run(name, func(t *testing.T) {
			rules.of(scope.Input{Project: "apollo", Root: root}) // the project was seen
			d, err := c.Classify(t.Context(), scope.Input{Content: tc.text, Root: tc.root, Project: tc.project})
			if err != nil || d.Scope != tc.want || d.Sensitive != tc.sensitive {
				t.Errorf("%v, sensitive %v, %v; want %v, %v", d.Scope, d.Sensitive, err, tc.want, tc.sensitive)
			}
		})
	}
}

// TestPolicyFileIsReadAgain also wants a broken file to close and not to open.
func TestPolicyFileIsReadAgain(t *testing.T) {
	data, root := t.TempDir(), t.TempDir()
	var log strings.Builder
	rules := newPolicies(data, slog.New(slog.NewTextHandler(&log, nil)))
	in := scope.Input{Root: root, Project: "apollo"}
	look := func() *scope.Policy {
		rules.mu.Lock()
		if s := rules.byRoot[root]; s != nil {
			s.checked = time.Time{}
		}
		rules.mu.Unlock()
		return rules.of(in)
	}
	if p := look(); p != nil {
		t.Fatal("a policy without a file")
	}
	writePolicy(t, root, `cues = ["launch phrase"]`)
	if p := look(); len(p.Cues()) != 1 || p.Default() != 0 {
		t.Errorf("cues %v, default %v", p.Cues(), p.Default())
	}
	for name, broken := range map[string]string{
		"syntax": "cues = [", "cloud": `default_scope = "GLOBAL"`, "unknown key": `scope = "PRIVATE"`, "pattern": "[[patterns]]\nname='x'\npattern='('", "no key": `allow = ["` + strings.Repeat("ab", 32) + `"]`,
	} {
		writePolicy(t, root, broken+"\n# "+name)
		if p := look(); p.Default() != scope.Private {
			t.Errorf("%s: default %v, want PRIVATE", name, p.Default())
		}
	}
	if !strings.Contains(log.String(), "policy file is wrong") {
		t.Error("nothing in the log")
	}
}
