package backup_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/scope"
)

var update = flag.Bool("update", false, "pack a data folder and a repository as this build writes them into testdata/format-NAME.tgz")

// goldenName names what -update packs. A change of a format takes the next number and leaves the older files alone.
const goldenName = "5"

const goldenFile = "testdata/format-" + goldenName + ".tgz"

// TestGoldenFolders opens the data folder and the repository of every format there ever was: everything can be read,
// checked, restored and written to.
func TestGoldenFolders(t *testing.T) {
	if *update {
		pack(t, goldenFile)
	}
	files, err := filepath.Glob("testdata/format-*.tgz")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, file, dir)
			data, repo := filepath.Join(dir, "data"), filepath.Join(dir, "backups")
			before := open(t, data)
			wantGolden := func(t *testing.T, s *storage.Store) {
				t.Helper()
				wantGolden(t, s)
				if filepath.Base(file) >= "format-5.tgz" { // since then one has an archived memory
					wantArchived(t, s)
				}
			}
			wantGolden(t, before)
			if _, err := before.Put(t.Context(), memory.Put{Memory: memory.Memory{Content: "Old folders are written to.", Scope: scope.Project}}); err != nil {
				t.Errorf("Put into an old folder: %v", err)
			}
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, data)
			wantGolden(t, again)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			s, _ := restored(t, repository(t, backup.Options{Folder: repo, DataDir: data}), "")
			wantGolden(t, s)
		})
	}
}

// wantGolden checks that s holds what pack has put in, whole.
func wantGolden(t *testing.T, s *storage.Store) {
	t.Helper()
	if found, err := s.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Check: %v, %v", found, err)
	}
	page, err := s.Search(t.Context(), memory.SearchQuery{Limit: 100, Sort: memory.SortOldest, Filter: memory.Filter{
		States: []memory.State{memory.Active, memory.Superseded, memory.Archived, memory.Forgotten},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for i := range page.Memories {
		got[page.Memories[i].Content] = true
	}
	for _, want := range goldenTexts {
		if !got[want] {
			t.Errorf("%q is not there", want)
		}
	}
	set, err := s.Candidates(t.Context(), memory.CandidateQuery{
		Vectors: map[string][]float32{"mini": storagetest.UnitVector(3)}, Mode: memory.Accurate, Limit: 1,
	})
	if err != nil || len(set.Candidates) != 1 || set.Candidates[0].Dense < 0.99 || set.Candidates[0].Memory.Content != goldenTexts[2] {
		t.Errorf("Candidates by vector: %+v, %v; want that of %q", set, err, goldenTexts[2])
	}
}

// wantArchived checks that the archived memory is there.
func wantArchived(t *testing.T, s *storage.Store) {
	t.Helper()
	page, err := s.Search(t.Context(), memory.SearchQuery{Text: "egret", Limit: 9, Filter: memory.Filter{States: []memory.State{memory.Archived}}})
	if err != nil || len(page.Memories) != 1 || page.Memories[0].Content != goldenArchived {
		t.Errorf("Search = %+v, %v; want the archived memory", page, err)
	}
}

const goldenArchived = "An egret was archived beside the heron, 2 of them; it couldn't be SEEN from the Mill. 沼"

// goldenTexts are what a golden folder holds: a local, a shared and a private memory, and one without a vector.
var goldenTexts = []string{
	"The old heron stands in the marsh.", "The team counts herons in the marsh.", "The private marsh is behind the mill.", "Nobody has embedded the marsh reeds.",
}

// pack makes a data folder and a repository and packs both.
func pack(t *testing.T, file string) {
	base := t.TempDir()
	data, repo := filepath.Join(base, "data"), filepath.Join(base, "backups")
	s, err := storage.Open(t.Context(), storage.Options{Dir: data, AuditBlock: 4}) // so that something is packed
	if err != nil {
		t.Fatal(err)
	}
	if err := storagetest.Prepare(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	archived := memory.Memory{ID: memory.NewID(), Content: goldenArchived, Title: "Egret", Tags: []string{"bird"}, Scope: scope.Project, State: memory.Archived}
	if _, err := s.Put(t.Context(), memory.Put{Memory: archived, Audit: memory.Audit{Action: "remember"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	create(t, repository(t, backup.Options{Folder: repo, DataDir: data, Create: true, Build: "golden"}), s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := writeTar(base, file); err != nil {
		t.Fatal(err)
	}
}

func writeTar(base, file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	defer func() { err = errors.Join(err, w.Close(), z.Close(), f.Close()) }()
	return filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.HasPrefix(e.Name(), "LOG") || strings.HasSuffix(e.Name(), ".lock") {
			return err // RocksDB's own log tells of the machine; a lock holds nothing
		}
		name, err := filepath.Rel(base, path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(b)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
}

func unpack(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !filepath.IsLocal(h.Name) {
			t.Fatal(fmt.Errorf("%s leads out of the folder", h.Name))
		}
		path := filepath.Join(dir, h.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
