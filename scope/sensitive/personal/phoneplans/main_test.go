package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlansAreCommitted holds that the detector's plans are what the library says today: a newer library is followed by
// `go generate`.
func TestPlansAreCommitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plans.txt")
	if err := write(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../plans.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("plans.txt is not what the library gives: go generate ./scope/sensitive/personal")
	}
	regions := make(map[string]bool)
	for line := range strings.Lines(string(got)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 5 {
			regions[f[0]] = true
			for i, s := range f {
				if s == "" || strings.ContainsAny(s, " \n") {
					t.Errorf("%s: field %d is %q", f[0], i, s)
				}
			}
		}
	}
	if len(regions) < 240 || !regions["DE"] || !regions["JP"] {
		t.Errorf("%d regions", len(regions))
	}
}

func TestWriteFails(t *testing.T) {
	if err := write(filepath.Join(t.TempDir(), "nowhere", "plans.txt")); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a folder that is not there: %v", err)
	}
}
