package main

import (
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// writeBill lists all that the archive holds: Go modules as the program itself names them, Debian's libraries, what is
// linked in from C++ and C, and the weights.
func (r *release) writeBill(to string) (err error) {
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: r.when.Format("2006-01-02T15:04:05Z"),
		Component: &cdx.Component{Type: cdx.ComponentTypeApplication, BOMRef: "elderzan", Name: "elderzan", Version: r.version},
	}
	components, err := r.components()
	if err != nil {
		return err
	}
	bom.Components = &components
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := cdx.NewBOMEncoder(f, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func (r *release) components() ([]cdx.Component, error) {
	modules, version, err := modulesOf(r.exe, r.kms)
	if err != nil {
		return nil, err
	}
	var out []cdx.Component
	add := func(kind cdx.ComponentType, name, version, purl string) {
		out = append(out, cdx.Component{Type: kind, BOMRef: purl, Name: name, Version: version, PackageURL: purl})
	}
	add(cdx.ComponentTypeLibrary, "go", version, "pkg:golang/stdlib@"+version)
	for _, m := range modules {
		add(cdx.ComponentTypeLibrary, m.Path, m.Version, fmt.Sprintf("pkg:golang/%s@%s", m.Path, m.Version))
	}
	for _, l := range r.libs {
		add(cdx.ComponentTypeLibrary, l.pkg+" ("+l.name+")", l.version, fmt.Sprintf("pkg:deb/debian/%s@%s#%s", l.pkg, l.version, l.name))
	}
	linked, err := linkedIn()
	if err != nil {
		return nil, err
	}
	add(cdx.ComponentTypeLibrary, "faiss", linked["FAISS_VERSION"], "pkg:deb/debian/faiss@"+linked["FAISS_VERSION"])
	add(cdx.ComponentTypeLibrary, "SQLite3 Multiple Ciphers", linked["SQLITE_PACKAGE"], "pkg:npm/"+linked["SQLITE_PACKAGE"])
	add(cdx.ComponentTypeMachineLearningModel, "all-MiniLM-L6-v2", linked["WEIGHTS_PACKAGE"], "pkg:npm/"+strings.Replace(linked["WEIGHTS_PACKAGE"], "@", "%40", 1))
	return out, nil
}

// modulesOf returns what programs are made of, each module once, by path, and the version of Go.
func modulesOf(programs ...string) (modules []*debug.Module, version string, err error) {
	known := map[string]*debug.Module{}
	for _, p := range programs {
		info, err := buildinfo.ReadFile(p)
		if err != nil {
			return nil, "", err
		}
		version = strings.TrimPrefix(info.GoVersion, "go")
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			known[m.Path] = m
		}
	}
	for _, path := range slices.Sorted(maps.Keys(known)) {
		modules = append(modules, known[path])
	}
	return modules, version, nil
}

// linkedIn reads the pinned versions where the set-up has them.
func linkedIn() (map[string]string, error) {
	file := filepath.Join("cmd", "deps", "common.sh")
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			value, _, _ = strings.Cut(value, " ")
			out[name] = value
		}
	}
	for _, name := range []string{"FAISS_VERSION", "SQLITE_PACKAGE", "WEIGHTS_PACKAGE"} {
		if out[name] == "" {
			return nil, fmt.Errorf("%s: no %s", file, name)
		}
	}
	return out, nil
}
