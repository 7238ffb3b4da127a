package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// mined visits the texts of the sources, in an order that is always the same.
func mined(from []source, visit func(path, paragraph string)) error {
	type text struct{ path, paragraph string }
	for _, s := range from {
		dir, err := s.folder()
		if err != nil {
			return err
		}
		var all []text
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if left.Has(d.Name()) {
					return filepath.SkipDir
				}
				return nil
			}
			if rel := strings.TrimPrefix(path, dir); !d.Type().IsRegular() || !s.wants(rel) {
				return nil
			}
			b, err := os.ReadFile(path)
			if err != nil || len(b) > 1<<20 || !utf8.Valid(b) {
				return err
			}
			for _, p := range paragraphs(path, string(b)) {
				all = append(all, text{path, p})
			}
			return nil
		})
		if err != nil {
			return err
		}
		n := min(s.limit, len(all))
		for i := range n {
			t := all[i*len(all)/n]
			visit(t.path, t.paragraph)
		}
	}
	return nil
}

// left are folders that are left out: what they hold is made to be found, or is not prose.
var left = keyword.NewList(".git sensitive testdata vendor node_modules bin fixtures test-fixtures tests")

func wanted(path string) bool {
	if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/test/") || strings.Contains(path, "locale_") {
		return false
	}
	switch filepath.Ext(path) {
	case ".go", ".md", ".mdx", ".txt", ".html", ".js", ".s", ".c", ".h", ".sh", ".yaml", ".yml", ".toml", ".proto", ".ts", ".vue", ".conf", ".tmpl", ".css":
		return true
	}
	return false
}

var (
	blank  = regexp.MustCompile(`\n\s*\n`)
	markup = regexp.MustCompile(`<[^<>]*>|%\[?[0-9]*\]?[sdv]`)
)

// paragraphs cuts a text at blank lines, and long parts into a few lines each. Of translations each message is one.
func paragraphs(path, text string) []string {
	var out []string
	if filepath.Ext(path) == ".ini" {
		for line := range strings.Lines(text) {
			if _, m, ok := strings.Cut(strings.TrimSpace(line), "="); ok && len(m) > 8 {
				out = append(out, strings.TrimSpace(markup.ReplaceAllString(m, "")))
			}
		}
		return out
	}
	for _, p := range blank.Split(text, -1) {
		lines := strings.Split(p, "\n")
		for len(lines) > 0 {
			n := min(6, len(lines))
			if s := strings.TrimSpace(strings.Join(lines[:n], "\n")); len(s) > 8 && len(s) < 1500 {
				out = append(out, s)
			}
			lines = lines[n:]
		}
	}
	return out
}
