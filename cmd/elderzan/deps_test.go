package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/elderzan/elderzan/"

// mayImport holds the allowed edges between our packages: imports point down only. A key stands for the package and
// everything below it; the longest matching key counts; "p/..." is p and all below it. A package may always import its parents and its children.
var mayImport = map[string][]string{
	"scope":                              {"scope/..."},
	"embed":                              {"embed/..."},
	"security":                           {"security/..."},
	"prompts":                            {},
	"memory/analysis":                    {},
	"memory/dialogue":                    {},
	"memory/tokens":                      {},
	"memory":                             {"scope"},
	"memory/rank":                        {"memory", "scope", "memory/analysis", "memory/dialogue"},
	"memory/session":                     {"memory", "scope"},
	"memory/topic":                       {"memory", "memory/analysis", "scope"},
	"memory/portable":                    {"memory", "scope"},
	"memory/portable/foreign":            {"memory", "scope", "memory/portable"},
	"memory/storage":                     {"memory", "memory/analysis", "scope", "security/..."},
	"memory/storage/internal":            {"memory", "memory/analysis", "memory/dialogue", "memory/storage/internal/...", "scope", "security"},
	"memory/storage/internal/kv":         {"security"},
	"memory/storage/internal/vector":     {"security"},
	"memory/storage/internal/recalleval": {"..."}, // measures and trains the ranking; the program does not import it
	"sync":                               {"memory", "scope"},
	"sync/sealed":                        {"memory", "scope", "security/..."}, // encryption under sync; the program and the simulation join the two by it
	"tools":                              {"memory", "scope", "prompts"},
	"cmd/internal":                       {"memory", "scope", "cmd/internal/..."},
	"cmd/elderzan":                       {"..."}, // wires everything
	"cmd/pipe":                           {"cmd/internal/attach", "cmd/internal/link"},
	"cmd/demo":                           {},
	"cmd/kms":                            {"security/keyring/kms/kmswire"},
	"cmd/dist":                           {},
	"cmd/pyramid":                        {},
	"cmd/pictures":                       {},
}

// TestImportsPointDown runs without the test cache's help: use -count=1 after adding an import.
func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from, ours := strings.CutPrefix(fields[0], module)
		if !ours {
			continue
		}
		packages++
		for _, path := range fields[1:] {
			if to, ours := strings.CutPrefix(path, module); ours && !allowed(from, to) {
				t.Errorf("%s must not import %s", from, to)
			}
		}
	}
	if packages < 10 {
		t.Fatalf("saw %d packages of ours; the list is not whole", packages)
	}
}

func allowed(from, to string) bool {
	if within(from, to) || within(to, from) {
		return true
	}
	best, rule := -1, []string(nil)
	for key, r := range mayImport {
		if within(from, key) && len(key) > best {
			best, rule = len(key), r
		}
	}
	for _, r := range rule {
		tree, below := strings.CutSuffix(r, "...")
		if to == r || below && within(to, strings.TrimSuffix(tree, "/")) {
			return true
		}
	}
	return false
}

// within reports whether path is key or lies below it; everything lies below "".
func within(path, key string) bool {
	return key == "" || path == key || strings.HasPrefix(path, key+"/")
}

func TestAllowed(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		want     bool
	}{
		{"memory", "scope", true},
		{"scope", "memory", false},
		{"embed/minilm", "memory", false},
		{"tools", "memory/storage", false},
		{"memory/storage", "memory/storage/internal/kv", true},
		{"memory/rank", "memory/storage", false},
		{"cmd/elderzan", "memory/storage", true},
		{"cmd/internal/attach", "tools", false},
	} {
		if got := allowed(tc.from, tc.to); got != tc.want {
			t.Errorf("allowed(%q, %q) = %v, want %v", tc.from, tc.to, got, tc.want)
		}
	}
}
