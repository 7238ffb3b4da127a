// Command licences lists the licences of the Go modules that are linked into the programs, as their own files state
// them, in security/LICENCES.md. With -check it writes nothing and fails where the list is stale. A module without a
// licence that this project may be shipped with is an error either way.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

const (
	file = "security/LICENCES.md"
	// enough is how many percent of a licence's file have to be known text.
	enough = 75
)

// allowed are the licences that ask for no more than to be named, or, the Mozilla one, for changes to files under it.
var allowed = map[string]bool{
	"MIT": true, "MIT-0": true, "BSD-2-Clause": true, "BSD-3-Clause": true, "Apache-2.0": true, "MPL-2.0": true, "ISC": true,
	"CC0-1.0": true, "Unlicense": true, "0BSD": true, "Zlib": true, "BSD-2-Clause-FreeBSD": true, "BlueOak-1.0.0": true,
}

type module struct{ Path, Version, Dir string }

func main() {
	check := flag.Bool("check", false, "write nothing; fail if the list is stale")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	list, err := modules("./cmd/elderzan", "./cmd/pipe", "./cmd/kms")
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("# Licences of what is linked in\n\nWritten by `make licences` from the modules' own files. Libraries in C and C++ and the weights are in the bill of\nmaterials of `make dist`.\n\n| module | version | licence |\n|---|---|---|\n")
	var bad []error
	for _, m := range list {
		ids, err := licences(m.Dir)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s %s: %w", m.Path, m.Version, err))
			continue
		}
		fmt.Fprintf(&out, "| %s | %s | %s |\n", m.Path, m.Version, strings.Join(ids, ", "))
	}
	if len(bad) > 0 {
		return errors.Join(bad...)
	}
	if !check {
		return os.WriteFile(file, out.Bytes(), 0o644)
	}
	have, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, out.Bytes()) {
		return fmt.Errorf("%s is stale: run make licences", file)
	}
	return nil
}

// modules lists the modules that packages link in, without our own, by path.
func modules(packages ...string) ([]module, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, packages...)...)
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	found := map[string]module{}
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p struct {
			Module *struct {
				module
				Main    bool
				Replace *module
			}
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Module == nil || p.Module.Main {
			continue
		}
		m := p.Module.module
		if p.Module.Replace != nil {
			m = *p.Module.Replace
		}
		found[m.Path] = m
	}
	return slices.SortedFunc(maps.Values(found), func(a, b module) int { return strings.Compare(a.Path, b.Path) }), nil
}

// licences returns the licences that the files in dir state.
func licences(dir string) ([]string, error) {
	ids := map[string]bool{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !(strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "LICENCE") || strings.HasPrefix(name, "COPYING") || strings.HasPrefix(name, "UNLICENSE")) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		cover := licensecheck.Scan(text)
		for _, m := range cover.Match {
			if cover.Percent >= enough || m.Type != licensecheck.Unknown && !m.IsURL && m.End-m.Start > 500 {
				ids[m.ID] = true
			}
		}
	}
	out := slices.Sorted(maps.Keys(ids))
	if len(out) == 0 {
		return nil, errors.New("no licence that is known in its folder")
	}
	for _, id := range out {
		if !allowed[id] {
			return nil, fmt.Errorf("licence %s is not among those that may be shipped", id)
		}
	}
	return out, nil
}
