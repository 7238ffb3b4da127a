package main

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// TestCloudScripts plays the transcripts of testdata/cloud, with a database at $CLOUD whose authority is $CA. Each is a team
// of its own: this machine's folder is $ELDERZAN_DATA, the colleague's is other.
func TestCloudScripts(t *testing.T) {
	pg := pgtest.Start(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "cloud"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("CLOUD", pg.AdminURL("postgres"))
			env.Setenv("CA", pg.CAFile())
			return setUpScript(t, env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"json":  scriptJSON,
			"until": scriptUntil,
		},
	})
}

// scriptUntil is the command `until PATTERN COMMAND…`: it runs the command again and again until what it prints matches.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND…")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	if !await(soon, func() bool {
		err := ts.Exec(args[1], args[2:]...)
		return err == nil && want.MatchString(ts.ReadFile("stdout"))
	}) {
		ts.Fatalf("%v does not print %s; last: %s%s", args[1:], args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}
