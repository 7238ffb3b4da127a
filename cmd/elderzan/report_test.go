package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/report"
)

// TestReportsOnSchedule has two weeks pass.
func TestReportsOnSchedule(t *testing.T) {
	dir := t.TempDir()
	st, done := openHere(t, dir)
	defer done()
	r := &reporter{config: reportConfig{Every: report.Weekly, Folder: filepath.Join(dir, "reports"), HTML: true}, st: st}
	now := time.Now()
	for _, step := range []struct {
		after time.Duration
		wrote bool
	}{{0, false}, {time.Hour, false}, {7*24*time.Hour + time.Hour, true}, {7*24*time.Hour + 2*time.Hour, false}, {15 * 24 * time.Hour, true}} {
		path, err := r.step(t.Context(), now.Add(step.after))
		if err != nil || (path != "") != step.wrote {
			t.Fatalf("after %v: %q, %v; want a report: %v", step.after, path, err, step.wrote)
		}
		if path == "" {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(b), "<h2>Security</h2>") || !strings.Contains(string(b), "The audit log is whole.") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if files, err := filepath.Glob(filepath.Join(dir, "reports", "*")); err != nil || len(files) != 2 {
		t.Errorf("reports = %v, %v", files, err)
	}
}
