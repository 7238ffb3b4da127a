package embedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// ModelFolder returns the folder of the embedding model's files: $ELDERZAN_MODEL as `make env` prints it, else bin/model
// of the checkout that the test runs in. Without either the test fails and says how to get them.
func ModelFolder(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("ELDERZAN_MODEL"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if model := filepath.Join(dir, "bin", "model"); exists(model) {
			return model
		}
		dir = filepath.Dir(dir)
	}
	tb.Fatal(`the embedding model's files are needed: run "make deps", then eval "$(make -s env)"`)
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
