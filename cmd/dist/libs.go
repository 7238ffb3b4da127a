package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// library is a shared library of Debian's that the program needs at run time.
type library struct {
	name, path   string // libx.so.1 and the file behind it
	pkg, version string // Debian's package
	copyright    string // file with its licence
}

// ofEverySystem are the parts of glibc: mixing two of them breaks programs, so the system's own serve.
var ofEverySystem = []string{"linux-vdso", "ld-linux", "libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libresolv.so"}

// librariesOf returns what the dynamic linker loads for a program, without glibc.
func librariesOf(ctx context.Context, exe string) ([]library, error) {
	out, err := exec.CommandContext(ctx, "ldd", exe).Output()
	if err != nil {
		return nil, fmt.Errorf("ldd: %w", err)
	}
	var libs []library
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if slices.ContainsFunc(ofEverySystem, func(p string) bool { return strings.HasPrefix(filepath.Base(f[0]), p) }) {
			continue
		}
		if len(f) < 3 || f[1] != "=>" || !filepath.IsAbs(f[2]) {
			return nil, fmt.Errorf("%s is not there: make deps", f[0])
		}
		l := library{name: f[0]}
		if l.path, err = filepath.EvalSymlinks(f[2]); err != nil {
			return nil, err
		}
		if l.pkg, l.version, err = packageOf(ctx, f[2], l.path); err != nil {
			return nil, err
		}
		if file := filepath.Join("/usr/share/doc", l.pkg, "copyright"); fileExists(file) {
			l.copyright = file
		}
		libs = append(libs, l)
	}
	return libs, nil
}

// packageOf asks dpkg, under each of the file's names, which package it came with.
func packageOf(ctx context.Context, names ...string) (pkg, version string, err error) {
	for _, name := range names {
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
	}
	return "", "", fmt.Errorf("no package holds %s", names[0])
}

func fileExists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
