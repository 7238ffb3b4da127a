package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/elderzan/elderzan/cmd/internal/clients"
)

// reference describes every command and setting from the code.
func reference() string {
	var b strings.Builder
	b.WriteString("# Reference\n\nMade from the code by `go test ./cmd/elderzan -run TestReference -update`.\n\n## Commands\n\n`--data DIR`, `--json` and `--in-process` go with every command.\n")
	root := newRoot(&app{in: os.Stdin, out: io.Discard, err: io.Discard})
	root.InitDefaultHelpCmd()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c != root && c.Runnable() {
			fmt.Fprintf(&b, "\n### elderzan %s\n\n%s.\n", strings.TrimPrefix(c.UseLine(), "elderzan "), strings.TrimSuffix(c.Short, "."))
			var flags []string
			c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
				if f.Name == "help" || f.Hidden {
					return
				}
				name := "--" + f.Name
				if f.Shorthand != "" {
					name = "-" + f.Shorthand + ", " + name
				}
				value, usage := pflag.UnquoteUsage(f)
				if value != "" {
					name += " " + strings.ToUpper(value)
				}
				if f.Name == "user" { // its default is whoever makes the reference
					usage += "; default whoever asks"
				}
				flags = append(flags, fmt.Sprintf("- `%s`: %s\n", name, usage))
			})
			if len(flags) > 0 {
				b.WriteString("\n" + strings.Join(flags, ""))
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	b.WriteString("\n## Settings\n\nIn `config.toml` of the data folder; the environment wins: `ELDERZAN_` and the key in capitals, with `_` for `.`.\n\n| key | default | what it does |\n|---|---|---|\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "| `%s` | `%v` | %s |\n", s.key, s.value, strings.ReplaceAll(s.help, "|", "\\|"))
	}
	b.WriteString("\n## Features\n\nTurned on and off with `elderzan flags`.\n\n| feature | what it does |\n|---|---|\n")
	for _, f := range features {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.Name, f.Help)
	}
	return b.String()
}

// TestReference compares the reference with the code; -update writes it.
func TestReference(t *testing.T) {
	path := filepath.Join("guides", "reference.md")
	want := []byte(reference())
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says (%v): go test ./cmd/elderzan -run TestReference -update", path, err)
	}
}

var spoken = regexp.MustCompile("(?m)(?:^ *|`|=[A-Za-z]+ )elderzan ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)((?: --?[a-z-]+)*)")

// clientList is a list of clients in a comment of a guide: "# or cursor, vscode, …".
var clientList = regexp.MustCompile(`(?m)^ *elderzan setup [a-z-]+ +# or (.+)$`)

// TestGuides holds every command that a guide or the README names against the commands that there are.
func TestGuides(t *testing.T) {
	root := newRoot(&app{in: os.Stdin, out: io.Discard, err: io.Discard})
	texts := map[string]string{}
	for _, name := range guideNames {
		text, err := guide(name)
		if err != nil || !strings.HasPrefix(text, "# ") {
			t.Errorf("guide %s: %v", name, err)
		}
		texts[name] = text
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	texts["README"] = string(readme)
	commands, lists := 0, 0
	for name, text := range texts {
		for _, m := range clientList.FindAllStringSubmatch(text, -1) {
			lists++
			for _, c := range strings.Split(m[1], ", ") {
				if _, ok := clients.ByName(c); !ok {
					t.Errorf("%s: setup knows no client %q", name, c)
				}
			}
		}
		for _, m := range spoken.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(m[1])
			cmd, _, err := root.Find(words)
			if err != nil || cmd == root {
				t.Errorf("%s: no command elderzan %s", name, m[1])
				continue
			}
			commands++
			for _, flag := range strings.Fields(m[2]) {
				long := strings.TrimLeft(flag, "-")
				if len(long) > 1 && cmd.Flags().Lookup(long) == nil && root.PersistentFlags().Lookup(long) == nil {
					t.Errorf("%s: elderzan %s has no %s", name, m[1], flag)
				}
			}
			if cmd.HasSubCommands() && len(words) > strings.Count(cmd.CommandPath(), " ") && !cmd.Runnable() {
				t.Errorf("%s: elderzan %s: no such command", name, m[1])
			}
		}
	}
	if lists < 2 {
		t.Errorf("only %d lists of clients were found in the guides", lists)
	}
	if commands < 50 {
		t.Errorf("only %d commands were found in the guides", commands)
	}
	entries, err := guides.ReadDir("guides")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(guideNames, strings.TrimSuffix(e.Name(), ".md")) {
			t.Errorf("%s is in no list", e.Name())
		}
	}
}
