package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// published offers a module of made-up texts by a proxy that is a folder, and returns it as a source.
func published(t *testing.T, files map[string]string) source {
	t.Helper()
	const path, version = "example.test/prose", "v1.0.0"
	proxy := t.TempDir()
	at := filepath.Join(proxy, path, "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	z, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(z)
	var lines []string
	for name, text := range files {
		name = path + "@" + version + "/" + name
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, text)
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(text)), name))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z.Close()
	for ext, text := range map[string]string{".info": `{"Version":"` + version + `"}`, ".mod": "module " + path + "\n"} {
		if err := os.WriteFile(filepath.Join(at, version+ext), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"GOPROXY": "file://" + proxy, "GONOSUMDB": "*", "GONOPROXY": "none", "GOPRIVATE": "", "GOFLAGS": "-modcacherw", "GOMODCACHE": t.TempDir(), "GOTOOLCHAIN": "local",
	} {
		t.Setenv(name, value)
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return source{module: path + "@" + version, sum: "h1:" + base64.StdEncoding.EncodeToString(sum[:]), limit: 1000}
}

var prosePages = map[string]string{
	"go.mod":                "module example.test/prose\n",
	"README.md":             "The login page asks for a password.\n\nTokens of frobnitz7 expire after a day.\n\nshort\n",
	"doc/long.md":           strings.Repeat("a line of a long part\n", 13),
	"doc/binary.md":         "\xff\xfe\x00 not a text",
	"doc/huge.md":           strings.Repeat("x", 1<<20+1),
	"main.go":               "package main // the entry of it all\n",
	"main_test.go":          "package main // a test holds what is made to be found\n",
	"testdata/secret.md":    "the password is made to be found",
	"logo.png":              "no text at all, by its name",
	"locale/locale_de.ini":  "ignored = by the name of its folder\n",
	"locale/messages.ini":   "pw = Your password, <b>%s</b>, was reset\nok = OK\nno line of a setting\n",
	"vendor/other/other.md": "what others wrote is left out",
}

func TestMined(t *testing.T) {
	s := published(t, prosePages)
	read := func(s source) (out []string) {
		t.Helper()
		if err := mined([]source{s}, func(_, p string) { out = append(out, p) }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := read(s)
	six := strings.TrimSpace(strings.Repeat("a line of a long part\n", 6))
	want := []string{"The login page asks for a password.", "Tokens of frobnitz7 expire after a day.", six, six, "a line of a long part", "package main // the entry of it all"}
	if !slices.Equal(all, want) {
		t.Errorf("read %q, want %q", all, want)
	}
	if got := read(s.part("", 2)); !slices.Equal(got, []string{want[0], want[3]}) {
		t.Errorf("two at even distances: %q", got)
	}
	if got := read(s.part("locale", 10, "messages.ini")); !slices.Equal(got, []string{"Your password, , was reset"}) {
		t.Errorf("messages of a translation: %q", got)
	}
	if err := mined([]source{s.part("nowhere", 1)}, func(_, _ string) {}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestSourcesAreFixed: weights are learnt from nothing but what the list says.
func TestSourcesAreFixed(t *testing.T) {
	s := published(t, prosePages)
	wrong := s
	wrong.sum = "h1:other"
	if _, err := wrong.folder(); err == nil || !strings.Contains(err.Error(), "example.test/prose@v1.0.0: checksum "+s.sum+", want h1:other") {
		t.Errorf("a module that is not the one stated: %v", err)
	}
	missing := s
	missing.module = "example.test/prose@v9.0.0"
	if _, err := missing.folder(); err == nil || !strings.Contains(err.Error(), "fetch example.test/prose@v9.0.0: ") {
		t.Errorf("a version that is not there: %v", err)
	}
	if _, err := (source{sum: "go1.0", under: "src"}).folder(); err == nil || !strings.Contains(err.Error(), "standard library of go1.0") {
		t.Errorf("another release of Go: %v", err)
	}
	dir, err := (source{sum: runtime.Version(), under: "src"}).folder()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "strings", "strings.go")); err != nil {
		t.Error(err)
	}
	t.Setenv("PATH", "")
	if _, err := (source{sum: runtime.Version()}).folder(); err == nil || !strings.Contains(err.Error(), "go env GOROOT") {
		t.Errorf("without Go: %v", err)
	}
	if _, err := s.folder(); err == nil || !strings.Contains(err.Error(), "fetch example.test/prose") {
		t.Errorf("without Go: %v", err)
	}
	for _, s := range sources {
		if s.limit <= 0 || s.module != "" && !strings.HasPrefix(s.sum, "h1:") || s.module == "" && !strings.HasPrefix(s.sum, "go1.") {
			t.Errorf("%+v is not fixed", s)
		}
	}
}
