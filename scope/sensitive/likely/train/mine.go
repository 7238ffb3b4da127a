package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// mined visits texts from the machine that speak of software, mostly without a secret: sources and documentation of the project,
// of the Go toolchain and of the modules in use, and the translated messages of programs. Of each folder it visits at most limit, at
// even distances.
func mined(folders []string, limit int, visit func(path, paragraph string)) error {
	type text struct{ path, paragraph string }
	for _, dir := range folders {
		var all []text
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && left.Has(d.Name()) {
				return filepath.SkipDir
			}
			if err != nil || d.IsDir() || !wanted(path) {
				return nil //nolint:nilerr // what cannot be read is left out
			}
			b, err := read(path)
			if err != nil || len(b) > 1<<20 {
				return nil //nolint:nilerr // likewise
			}
			texts := []string{string(b)}
			if strings.HasSuffix(path, ".mo") {
				texts = messages(b)
			}
			for _, t := range texts {
				if !utf8.ValidString(t) {
					continue
				}
				for _, p := range paragraphs(t) {
					all = append(all, text{path, p})
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i := range min(limit, len(all)) {
			t := all[i*len(all)/min(limit, len(all))]
			visit(t.path, t.paragraph)
		}
	}
	return nil
}

// left are folders that are left out: what they hold is made to be found, or is not prose.
var left = keyword.NewList(".git sensitive testdata vendor node_modules bin")

// read reads a file, unpacked if it is compressed.
func read(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil || filepath.Ext(path) != ".gz" {
		return b, err
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	b, err = io.ReadAll(io.LimitReader(r, 1<<20))
	return roff.ReplaceAll(b, nil), err
}

// roff matches the commands and font changes of manual pages.
var roff = regexp.MustCompile(`(?m)^\.[A-Za-z]{1,2}[ \t]?|\\f[BIRP]|\\&|^\.\\".*$`)

func wanted(path string) bool {
	if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/testdata/") || strings.Contains(path, "gitleaks") || strings.Contains(path, "/test/") || strings.Contains(path, "betterleaks") {
		return false
	}
	switch filepath.Ext(path) {
	case ".go", ".md", ".txt", ".html", ".js", ".py", ".c", ".h", ".sh", ".yaml", ".yml", ".toml", ".proto", ".mo", ".ts", ".json", ".conf", ".gz":
		return true
	}
	return false
}

var blank = regexp.MustCompile(`\n\s*\n`)

// paragraphs cuts a text at blank lines, and long parts into a few lines each.
func paragraphs(text string) []string {
	var out []string
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

// messages reads the translations of a compiled gettext catalogue.
func messages(b []byte) []string {
	if len(b) < 28 || binary.LittleEndian.Uint32(b) != 0x950412de {
		return nil
	}
	n, at := int(binary.LittleEndian.Uint32(b[8:])), int(binary.LittleEndian.Uint32(b[16:]))
	var out []string
	for i := range n {
		e := at + i*8
		if e+8 > len(b) {
			break
		}
		size, off := int(binary.LittleEndian.Uint32(b[e:])), int(binary.LittleEndian.Uint32(b[e+4:]))
		if off+size <= len(b) && size > 8 {
			out = append(out, string(b[off:off+size]))
		}
	}
	return out
}
