package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// library is a library of Debian's that is linked into the program.
type library struct {
	name         string // libx.a
	pkg, version string // Debian's package
	copyright    string // file with its licence
}

// librariesIn returns the libraries that a folder has links to.
func librariesIn(ctx context.Context, dir string) ([]library, error) {
	links, err := filepath.Glob(filepath.Join(dir, "lib*.a"))
	if err != nil || len(links) == 0 {
		return nil, errors.Join(fmt.Errorf("no libraries in %s: make build", dir), err)
	}
	var libs []library
	for _, link := range links {
		l := library{name: filepath.Base(link)}
		path, err := filepath.EvalSymlinks(link)
		if err != nil {
			return nil, err
		}
		if l.pkg, l.version, err = packageOf(ctx, path); err != nil {
			return nil, err
		}
		if file := filepath.Join("/usr/share/doc", l.pkg, "copyright"); fileExists(file) {
			l.copyright = file
		}
		libs = append(libs, l)
	}
	return libs, nil
}

// ofEverySystem are the parts of glibc: mixing two of them breaks programs, so the system's own serve.
var ofEverySystem = []string{"linux-vdso", "ld-linux", "libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libresolv.so"}

// loadedBy returns what the dynamic linker loads for a program besides glibc.
func loadedBy(ctx context.Context, exe string) (names []string, err error) {
	out, err := exec.CommandContext(ctx, "ldd", exe).Output()
	if err != nil {
		return nil, fmt.Errorf("ldd: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		name := filepath.Base(strings.Fields(line)[0])
		if !slices.ContainsFunc(ofEverySystem, func(p string) bool { return strings.HasPrefix(name, p) }) {
			names = append(names, name)
		}
	}
	return names, nil
}

// packageOf asks dpkg, under each of the file's names, which package it came with.
func packageOf(ctx context.Context, name string) (pkg, version string, err error) {
	for _, at := range []string{name, strings.TrimPrefix(name, "/usr"), filepath.Join("/usr", name)} {
		out, err := exec.CommandContext(ctx, "dpkg-query", "-S", at).Output()
		if err != nil {
			continue
		}
		pkg, _, _ = strings.Cut(string(out), ":")
		v, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Version}\n", pkg).Output()
		if err != nil {
			return "", "", fmt.Errorf("version of %s: %w", pkg, err)
		}
		version, _, _ = strings.Cut(string(v), "\n")
		return pkg, version, nil
	}
	return "", "", fmt.Errorf("no package holds %s", name)
}

func fileExists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
