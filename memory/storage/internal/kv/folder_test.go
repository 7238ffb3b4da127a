package kv

import (
	"os"
	"path/filepath"
	"testing"
)

// The folder is closed to other users when it is new, and when a version that left it open had made it.
func TestFolderIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kv")
	want := func(when string) {
		t.Helper()
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v, %v; want 0700", when, info.Mode().Perm(), err)
		}
	}
	for _, when := range []string{"new", "wide"} {
		db, err := Open(dir, Options{Keys: testKeys(t)})
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if err := db.Close(); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		want(when)
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
