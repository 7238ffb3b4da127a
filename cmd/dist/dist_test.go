package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"bin/elderzan": 0o755, "share/doc/LICENSE": 0o644, "share/elderzan/x": 0o644} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("content of "+name), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestArchiveIsReproducible(t *testing.T) {
	when := time.Unix(1_700_000_000, 0).UTC()
	var archives [][]byte
	for range 2 { // two trees, made at different times
		to := filepath.Join(t.TempDir(), "a.tar.gz")
		if err := writeTar(to, tree(t), "elderzan-1", when); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, b)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the same tree packed twice gave different bytes")
	}
	z, err := gzip.NewReader(bytes.NewReader(archives[0]))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(when) || h.Uid != 0 || h.Gname != "root" {
			t.Errorf("%s: time %s, owner %d, group %s", h.Name, h.ModTime, h.Uid, h.Gname)
		}
		modes[h.Name] = h.Mode & 0o777
	}
	if modes["elderzan-1/bin/elderzan"] != 0o755 || modes["elderzan-1/share/doc/LICENSE"] != 0o644 || len(modes) != 7 {
		t.Errorf("modes in the archive = %v", modes)
	}
}

func TestBundle(t *testing.T) {
	r := release{tree: tree(t), version: "1.2.3", when: time.Unix(1_700_000_000, 0)}
	to := filepath.Join(t.TempDir(), "e.mcpb")
	if err := r.writeBundle(to); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(to)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	names := map[string]os.FileMode{}
	for _, f := range z.File {
		names[f.Name] = f.Mode()
	}
	f, err := z.Open("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var m manifest
	if err := json.NewDecoder(f).Decode(&m); err != nil {
		t.Fatal(err)
	}
	if mode, ok := names[m.Server.Entry]; !ok || mode&0o111 == 0 {
		t.Errorf("the program %s has mode %v, there: %v", m.Server.Entry, mode, ok)
	}
	if m.Version != "1.2.3" || m.Server.Start["command"] != "${__dirname}/"+m.Server.Entry || len(m.Tools) != 9 {
		t.Errorf("manifest = %+v", m)
	}
}

// What is linked in is named with its package; what a program loads besides glibc is found out.
func TestLibraries(t *testing.T) {
	dir := t.TempDir()
	if _, err := librariesIn(t.Context(), dir); err == nil {
		t.Error("a folder without libraries is taken")
	}
	if err := os.Symlink("/usr/lib/x86_64-linux-gnu/librocksdb.a", filepath.Join(dir, "librocksdb.a")); err != nil {
		t.Fatal(err)
	}
	libs, err := librariesIn(t.Context(), dir)
	if err != nil || len(libs) != 1 || libs[0].name != "librocksdb.a" || libs[0].pkg != "librocksdb-dev" || libs[0].version == "" || libs[0].copyright == "" {
		t.Errorf("libraries = %+v, %v; want librocksdb-dev with version and licence", libs, err)
	}
	loaded, err := loadedBy(t.Context(), "/bin/bash")
	if err != nil || len(loaded) != 1 || !strings.HasPrefix(loaded[0], "libtinfo") {
		t.Errorf("a shell loads %q, %v; want libtinfo alone besides glibc", loaded, err)
	}
}

func TestLinkedIn(t *testing.T) {
	t.Chdir("../..")
	got, err := linkedIn()
	if err != nil || !strings.HasPrefix(got["SQLITE_PACKAGE"], "better-sqlite3") {
		t.Errorf("linkedIn = %v, %v", got, err)
	}
}
