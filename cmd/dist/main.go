// Command dist makes what people download: a folder with the program, which needs glibc alone, and its weights, which
// runs on a bare Debian 12 without compilers; as an archive, and as an MCP bundle that clients install by
// themselves. Beside them stand a bill of materials (CycloneDX) and the checksums. The same commit gives the same bytes.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

type release struct {
	exe, kms, linked, model, out, version string
	when                                  time.Time // of every file

	name string // elderzan-VERSION-linux-amd64
	tree string // the folder that is packed
	libs []library
}

func main() {
	var r release
	var epoch int64
	flag.StringVar(&r.exe, "elderzan", "", "the program")
	flag.StringVar(&r.kms, "kms", "", "the program elderzan-kms, which needs no libraries")
	flag.StringVar(&r.linked, "linked", "bin/linked", "folder of the libraries that are linked into the program")
	flag.StringVar(&r.model, "model", "", "folder of the weights")
	flag.StringVar(&r.out, "out", "bin/dist", "folder for the results")
	flag.StringVar(&r.version, "version", "dev", "version in the names")
	flag.Int64Var(&epoch, "epoch", 0, "time of every file in the archives, in seconds since 1970")
	flag.Parse()
	r.when = time.Unix(epoch, 0).UTC()
	if err := r.make(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func (r *release) make(ctx context.Context) error {
	r.name = fmt.Sprintf("elderzan-%s-%s-%s", strings.TrimPrefix(r.version, "v"), runtime.GOOS, runtime.GOARCH)
	r.tree = filepath.Join(r.out, r.name)
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	var err error
	if r.libs, err = librariesIn(ctx, r.linked); err != nil {
		return fmt.Errorf("libraries: %w", err)
	}
	if loaded, err := loadedBy(ctx, r.exe); err != nil || len(loaded) > 0 {
		return errors.Join(fmt.Errorf("the program wants libraries that a bare system has not: %q", loaded), err)
	}
	if err := r.fill(ctx); err != nil {
		return err
	}
	bill := filepath.Join(r.out, r.name+".cdx.json")
	if err := r.writeBill(bill); err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	archive := filepath.Join(r.out, r.name+".tar.gz")
	if err := writeTar(archive, r.tree, r.name, r.when); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	bundle := filepath.Join(r.out, r.name+".mcpb")
	if err := r.writeBundle(bundle); err != nil {
		return fmt.Errorf("MCP bundle: %w", err)
	}
	return writeSums(filepath.Join(r.out, "SHA256SUMS"), archive, bundle, bill)
}

// fill lays out the folder as `make install` lays out a prefix, with the licences of what is linked in.
func (r *release) fill(ctx context.Context) error {
	files := map[string]string{
		"bin/elderzan":                    r.exe,
		"bin/elderzan-kms":                r.kms,
		"share/doc/elderzan/LICENSE":      "LICENSE",
		"share/doc/elderzan/README.md":    "README.md",
		"share/doc/elderzan/CHANGELOG.md": "CHANGELOG.md",
	}
	weights, err := os.ReadDir(r.model)
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	for _, w := range weights {
		files["share/elderzan/model/"+w.Name()] = filepath.Join(r.model, w.Name())
	}
	for _, l := range r.libs {
		if l.copyright != "" {
			files["share/doc/elderzan/licences/"+l.pkg+".txt"] = l.copyright
		}
	}
	for to, from := range files {
		if err := copyFile(filepath.Join(r.tree, filepath.FromSlash(to)), from); err != nil {
			return err
		}
	}
	return r.generated(ctx)
}

// generated adds what the program writes about itself; that it runs at all is a first check.
func (r *release) generated(ctx context.Context) error {
	share := filepath.Join(r.tree, "share")
	for file, args := range map[string][]string{
		"bash-completion/completions/elderzan":    {"completion", "bash"},
		"zsh/site-functions/_elderzan":            {"completion", "zsh"},
		"fish/vendor_completions.d/elderzan.fish": {"completion", "fish"},
		"man/man1/elderzan.1":                     {"man", filepath.Join(share, "man", "man1")},
	} {
		to := filepath.Join(share, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, filepath.Join(r.tree, "bin", "elderzan"), args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("elderzan %s: %w", args[0], err)
		}
		if args[0] == "man" {
			continue
		}
		if err := os.WriteFile(to, out, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from) // follows links: archives hold files
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if filepath.Base(filepath.Dir(to)) == "bin" {
		mode = 0o755
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// writeSums writes what `sha256sum -c` reads.
func writeSums(to string, files ...string) error {
	slices.Sort(files)
	var b strings.Builder
	for _, file := range files {
		sum, err := sumOf(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", sum, filepath.Base(file))
		fmt.Println(file)
	}
	return os.WriteFile(to, []byte(b.String()), 0o644)
}
