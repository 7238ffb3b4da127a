package main

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// paragraph is one paragraph of a doc comment.
type paragraph struct {
	pkg  string // import path
	name string // declared name; "" for the package's own comment
	text string
}

// minParagraph leaves out one-line remarks, which say too little to be asked for.
const minParagraph = 80

// readCorpus collects the doc comments of the standard library that is installed here, in a stable order, and
// spreads the selection over all packages.
func readCorpus(ctx context.Context, limit int) ([]paragraph, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	root := filepath.Join(strings.TrimSpace(string(out)), "src")
	var all []paragraph
	seen := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "internal", "vendor", "testdata", "cmd":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, p := range fileParagraphs(path, filepath.ToSlash(pkg)) {
			if !seen[p.text] {
				seen[p.text] = true
				all = append(all, p)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the standard library's documentation: %w", err)
	}
	return spread(all, limit), nil
}

// fileParagraphs returns the paragraphs of the exported declarations' comments; a file that does not parse has none.
func fileParagraphs(path, pkg string) []paragraph {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	var out []paragraph
	add := func(name string, c *ast.CommentGroup) {
		for text := range strings.SplitSeq(c.Text(), "\n\n") {
			if text = strings.Join(strings.Fields(text), " "); len(text) >= minParagraph {
				out = append(out, paragraph{pkg: pkg, name: name, text: text})
			}
		}
	}
	add("", f.Doc)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				add(d.Name.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if t, ok := s.(*ast.TypeSpec); ok && t.Name.IsExported() {
					add(t.Name.Name, cmp.Or(t.Doc, d.Doc))
				}
			}
		}
	}
	return out
}

// spread picks limit elements at even distances.
func spread(all []paragraph, limit int) []paragraph {
	if limit <= 0 || limit >= len(all) {
		return all
	}
	out := make([]paragraph, 0, limit)
	for i := range limit {
		out = append(out, all[i*len(all)/limit])
	}
	return slices.Clip(out)
}
