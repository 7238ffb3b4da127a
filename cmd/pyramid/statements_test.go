package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	name := filepath.Join(t.TempDir(), "memory")
	profile := `mode: set
github.com/elderzan/elderzan/memory/rank/a.go:1.1,2.2 3 0
github.com/elderzan/elderzan/memory/rank/a.go:3.1,4.2 1 0
github.com/elderzan/elderzan/memory/a.go:1.1,2.2 4 1
github.com/elderzan/elderzan/memory/memorytest/a.go:1.1,2.2 9 0
github.com/elderzan/elderzan/memory/rank/a.go:1.1,2.2 3 1
`
	if err := os.WriteFile(name, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := statements(&out, []string{name}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range [][2]string{{"memory ", "100.0 % of     4"}, {"memory/rank ", "75.0 % of     4"}, {"memory in all ", "87.5 % of     8"}} {
		if len(lines) != 3 || !strings.HasPrefix(lines[i], want[0]) || !strings.Contains(lines[i], want[1]) {
			t.Fatalf("got\n%s\nwant in line %d %v", out.String(), i+1, want)
		}
	}
	if err := statements(&out, []string{name + ".gone"}); err == nil {
		t.Error("a profile that is not there is no error")
	}
}
