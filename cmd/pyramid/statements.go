package main

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/cover"
)

// module is the path before packages, which the table does without.
const module = "github.com/elderzan/elderzan/"

// share is how many statements there are and how many of them some test ran.
type share struct{ ran, all int }

func (s share) String() string {
	return fmt.Sprintf("%5.1f %% of %5d", 100*float64(s.ran)/float64(max(s.all, 1)), s.all)
}

// statements prints for each package what share of its statements the tests of all packages of its profile ran, which is
// what a package counts for that is mostly tested through the one above it; and for each profile the sum without what only
// tests use.
func statements(w io.Writer, profiles []string) error {
	for _, name := range profiles {
		files, err := cover.ParseProfiles(name)
		if err != nil {
			return fmt.Errorf("read coverage: %w", err)
		}
		packages, sum := map[string]share{}, share{}
		for _, f := range files {
			pkg := strings.TrimPrefix(path.Dir(f.FileName), module)
			s := packages[pkg]
			for _, b := range f.Blocks {
				s.all += b.NumStmt
				if b.Count > 0 {
					s.ran += b.NumStmt
				}
			}
			packages[pkg] = s
		}
		for _, pkg := range slices.Sorted(maps.Keys(packages)) {
			if strings.HasSuffix(pkg, "test") {
				continue
			}
			s := packages[pkg]
			sum.ran, sum.all = sum.ran+s.ran, sum.all+s.all
			fmt.Fprintf(w, "%-46s %v statements\n", pkg, s)
		}
		fmt.Fprintf(w, "%-46s %v statements\n", path.Base(name)+" in all", sum)
	}
	return nil
}
