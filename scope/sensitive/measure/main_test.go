package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	lines = "## passwords\ns\tthe db password is Gravel!6172\ns\tnothing to see here\n## talk\nc\tthe password expires\nc\tpin: 4827\n"
	likes = "## moods\ns\tso the staging box root pw got reset, it's now Tr4ktor-Blau\n" // found by the trained layer alone
)

func file(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	text := file(t, dir, "a.txt", lines)
	jsonl := file(t, dir, "a.jsonl", `{"text":"pin: 4827","sensitive":true,"kind":"pins"}`+"\n"+`{"text":"the password expires","label":"clean","kind":"talk"}`+"\n")
	for name, tc := range map[string]struct {
		args []string
		want []string
		not  []string
	}{
		"lines":  {[]string{text}, []string{"| passwords | 2 | 50.0 % | 0 | – |", "| talk | 0 | – | 2 | 50.0 % |"}, []string{"nothing to see"}},
		"misses": {[]string{"-misses", text}, []string{"sensitive\tpasswords\t\tnothing to see here", "clean\ttalk\t"}, nil},
		"JSON":   {[]string{jsonl}, []string{"| pins | 1 | 100.0 % |", "| talk | 0 | – | 1 | 0.0 % |"}, nil},
		"rules":  {[]string{"-rules-only", text}, []string{"| passwords | 2 | 50.0 % |"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := run(t.Context(), tc.args, &out); err != nil {
				t.Fatal(err)
			}
			for _, w := range tc.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("output lacks %q:\n%s", w, out.String())
				}
			}
			for _, w := range tc.not {
				if strings.Contains(out.String(), w) {
					t.Errorf("output holds %q:\n%s", w, out.String())
				}
			}
		})
	}
}

// TestWriteMakesTheTableAnew leaves everything around the table as it was.
func TestWriteMakesTheTableAnew(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "testdata/fresh.txt", lines)
	file(t, dir, "testdata/sayings.txt", likes)
	file(t, dir, "likely/train/rounds.txt", "")
	page := file(t, dir, "COVERAGE.md", "before\n<!-- table: go run ./scope/sensitive/measure -write -->\nold\n<!-- end of table -->\nafter\n")
	if err := run(t.Context(), []string{"-write", "-dir", dir}, os.Stderr); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	if !strings.HasPrefix(got, "before\n") || !strings.HasSuffix(got, "after\n") || strings.Contains(got, "old") || !strings.Contains(got, "| moods | 1 |") {
		t.Errorf("COVERAGE.md became\n%s", got)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	bad := file(t, dir, "bad.txt", "x\tneither\n")
	broken := file(t, dir, "bad.jsonl", "{\n")
	whole := t.TempDir()
	for _, f := range []string{"testdata/fresh.txt", "testdata/sayings.txt", "likely/train/rounds.txt"} {
		file(t, whole, f, lines)
	}
	file(t, whole, "COVERAGE.md", "no place\n")
	for name, args := range map[string][]string{
		"no file":            {},
		"unknown flag":       {"-x"},
		"absent":             {filepath.Join(dir, "absent.txt")},
		"a wrong label":      {bad},
		"broken JSON":        {broken},
		"no corpora":         {"-write", "-dir", dir},
		"no place for it":    {"-write", "-dir", whole},
		"no page to write":   {"-write", "-dir", filepath.Join(dir, "none")},
		"misses, absent too": {"-misses", filepath.Join(dir, "absent.txt")},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if got := status(t.Context(), args, &out, &out); got != 1 || !strings.Contains(out.String(), "measure: ") {
				t.Errorf("status %d, output %q; want 1 and a complaint", got, out.String())
			}
		})
	}
}

// TestTheContextEndsIt, whatever it is doing.
func TestTheContextEndsIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	text := file(t, dir, "testdata/fresh.txt", lines)
	file(t, dir, "testdata/sayings.txt", likes)
	file(t, dir, "likely/train/rounds.txt", "")
	for name, args := range map[string][]string{"a file": {text}, "the table": {"-write", "-dir", dir}} {
		t.Run(name, func(t *testing.T) {
			if err := run(ctx, args, os.Stderr); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want context.Canceled", err)
			}
		})
	}
	if got := status(t.Context(), []string{text}, io.Discard, os.Stderr); got != 0 {
		t.Errorf("status %d of a run that went well, want 0", got)
	}
}
