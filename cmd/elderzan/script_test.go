package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

var update = flag.Bool("update", false, "write what commands print now into the scripts that compare it")

// TestScripts plays the transcripts of testdata/script. Each has a data folder of its own, $ELDERZAN_DATA, and stops
// the engine that it has started; one that does not fails.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SERVER_MEMORY", serverMemory(t))
			return setUpScript(t, env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"json":     scriptJSON,
			"samejson": scriptSameJSON,
			"crash":    scriptCrash,
			"waitfor":  scriptWaitFor,
		},
	})
}

// setUpScript gives a script its folders, and looks for processes that it has left behind.
func setUpScript(t *testing.T, env *testscript.Env) error {
	for _, name := range []string{"home", "work"} {
		if err := os.MkdirAll(filepath.Join(env.WorkDir, name), 0o700); err != nil {
			return err
		}
	}
	env.Setenv("ELDERZAN_DATA", filepath.Join(env.WorkDir, "data"))
	env.Setenv("ELDERZAN_MODEL", modelFolder(""))
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Defer(func() {
		for _, dir := range []string{"data", "other", "third"} {
			wantNoProcesses(t, filepath.Join(env.WorkDir, dir))
		}
	})
	return nil
}

// scriptWaitFor is the command `waitfor FILE PATTERN`: it waits until what a command in the background writes matches.
func scriptWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE PATTERN")
	}
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	path, got := ts.MkAbs(args[0]), []byte(nil)
	if !await(commandTime, func() bool {
		got, _ = os.ReadFile(path) // it may not be there yet
		return want.Match(got)
	}) {
		ts.Fatalf("%s is not %s but %s", args[0], args[1], got)
	}
}

// scriptCrash is the command `crash`: it ends the engine of $ELDERZAN_DATA as a crash would.
func scriptCrash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: crash")
	}
	dir := ts.Getenv("ELDERZAN_DATA")
	pid := link.ReadPID(dir)
	ts.Check(syscall.Kill(pid, syscall.SIGKILL))
	if !await(commandTime, func() bool { return ended(dir, pid) }) {
		ts.Fatalf("process %d does not end", pid)
	}
}

// scriptJSON is the command `json NAME PATH…`: it puts a member of the JSON that the last command has printed into the
// environment variable NAME. The elements of PATH are names and numbers.
func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: json NAME PATH…")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, key := range args[1:] {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(at) {
				ts.Fatalf("no element %s", key)
			}
			v = at[i]
		}
	}
	if v == nil {
		ts.Fatalf("nothing at %v", args[1:])
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// scriptSameJSON is the command `samejson A B`: the files hold the same JSON values, one a line, in any order.
func scriptSameJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: samejson A B")
	}
	var lines [2][]string
	for i, name := range args {
		for line := range strings.Lines(ts.ReadFile(name)) {
			var v any
			ts.Check(json.Unmarshal([]byte(line), &v))
			b, err := json.Marshal(v) // with sorted names
			ts.Check(err)
			lines[i] = append(lines[i], string(b))
		}
		slices.Sort(lines[i])
	}
	if slices.Equal(lines[0], lines[1]) == neg {
		ts.Fatalf("%s and %s: equal is %v:\n%s\n\n%s", args[0], args[1], !neg == false, strings.Join(lines[0], "\n"), strings.Join(lines[1], "\n"))
	}
}
