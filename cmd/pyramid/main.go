// Command pyramid counts the tests of this module by their layer, from the source: unit tests of one package alone,
// integration tests that join packages or start servers, and end-to-end tests that drive the program. `make test` prints it
// before the tests run. With names of coverage profiles it prints instead what share of the statements of each package they
// say was run.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The layers.
const (
	unit = iota
	integration
	endToEnd
	layers
)

var names = [layers]string{"unit", "integration", "end to end"}

// counts are tests, with the examples of tables not counted, and targets of fuzzing.
type counts struct {
	tests [layers]int
	fuzz  int
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pyramid:", err)
		os.Exit(1)
	}
}

func run(profiles []string) error {
	if len(profiles) > 0 {
		return statements(os.Stdout, profiles)
	}
	c, err := count(".")
	if err != nil {
		return err
	}
	for i, n := range c.tests {
		fmt.Printf("%-12s %5d tests\n", names[i], n)
	}
	fmt.Printf("%-12s %5d targets, their seeds run with the tests\n", "fuzzing", c.fuzz)
	return nil
}

// count walks a module's folder.
func count(root string) (c counts, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && rel != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case strings.HasSuffix(rel, ".txtar") && strings.HasPrefix(rel, "cmd/elderzan/testdata/script/"):
			c.tests[endToEnd]++ // a transcript is a test
		case strings.HasSuffix(rel, "_test.go"):
			return c.file(path, rel)
		}
		return nil
	})
	return c, err
}

func (c *counts) file(path, rel string) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil {
			continue
		}
		switch name := fn.Name.Name; {
		case name == "TestMain" || name == "TestScripts":
		case strings.HasPrefix(name, "Fuzz"):
			c.fuzz++
		case strings.HasPrefix(name, "Test"):
			c.tests[layer(rel, fn)]++
		}
	}
	return nil
}

// joined are packages whose tests join several packages or start servers.
var joined = []string{"memory/storage/", "sync/postgres/", "sync/synctest/", "sync/sealed/", "cmd/internal/", "cmd/dist/", "tools/"}

// alone are those below them that do not.
var alone = []string{"memory/storage/internal/", "cmd/internal/metrics/", "cmd/internal/chart/", "cmd/internal/report/", "cmd/internal/rollout/", "cmd/internal/migrate/", "cmd/internal/link/", "cmd/internal/clients/"}

// layer tells what a test is by where it stands; in cmd/elderzan by whether it starts the program.
func layer(rel string, fn *ast.FuncDecl) int {
	in := func(list []string) bool {
		for _, p := range list {
			if strings.HasPrefix(rel, p) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.HasPrefix(rel, "cmd/elderzan/"):
		if drives(fn) {
			return endToEnd
		}
		return integration
	case in(joined) && !in(alone):
		return integration
	}
	return unit
}

// drives reports whether a test makes a folder for the program to work on.
func drives(fn *ast.FuncDecl) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			switch id.Name {
			case "newFolder", "folderAt", "newTeamOf", "startDashboard":
				found = true
			}
		}
		return !found
	})
	return found
}
