package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/cmd/internal/early"
)

// TestHelpIsTheProgramsOwn compares the help that is printed before the commands are made ready with theirs.
func TestHelpIsTheProgramsOwn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	root := newRoot(&app{in: os.Stdin, out: &out, err: &out})
	root.SetArgs([]string{"--help"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../internal/early/help.txt", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != early.Help {
		t.Error("the commands have changed; write their help anew: go test ./cmd/elderzan -run TestHelp -update")
	}
}

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
