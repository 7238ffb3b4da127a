package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestEarlyComesFirst has the Go runtime tell in which order packages are made ready: a client's pipe must not wait for
// those with tables.
func TestEarlyComesFirst(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "elderzan", "--version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	trace := string(out)
	early := strings.Index(trace, "init github.com/elderzan/elderzan/cmd/internal/early ")
	if early < 0 {
		t.Fatalf("the package is not in the trace:\n%s", trace)
	}
	for _, heavy := range []string{"github.com/santhosh-tekuri/jsonschema/v6", "github.com/zricethezav/gitleaks/v8/detect/codec"} {
		if at := strings.Index(trace, "init "+heavy+" "); at < 0 || at < early {
			t.Errorf("%s is made ready before, or is gone and this test is idle:\n%s", heavy, trace)
		}
	}
}
