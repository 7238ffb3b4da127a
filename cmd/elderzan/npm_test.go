package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// npmInstall returns a folder of the user's cache with the packages of npm, each NAME@VERSION, which are installed the
// first time. name is the folder's.
func npmInstall(t testing.TB, name string, packages ...string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "elderzan", name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), name+"-new-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // npm itself tries for long where it reaches nothing
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", append([]string{"install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund",
		"--loglevel=error"}, packages...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s cannot be installed: is npm there (make deps), and does it reach its registry? %v\n%s", strings.Join(packages, ", "), err, out)
	}
	if err := os.Rename(fresh, dir); err != nil { // another test run may have been faster
		if _, there := os.Stat(dir); there != nil {
			t.Fatal(errors.Join(err, there))
		}
	}
	return dir
}
