package storage

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/keyring"
)

// pages returns every page of the closed store's database in the clear, free pages among them.
func pages(t *testing.T, dir string) string {
	t.Helper()
	twin := t.TempDir()
	for _, name := range []string{catalogFile, keyring.KeyFileName, "keys.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(twin, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	execSQL(t, twin, `PRAGMA journal_mode = DELETE; PRAGMA rekey = ''`) // writes each page anew, decrypted
	b, err := os.ReadFile(filepath.Join(twin, catalogFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// holding names the files of the folder that hold one of the byte strings. RocksDB's manifest is left out: it names the
// first and last row of table files that are long gone, and no value.
func holding(t *testing.T, dir string, parts ...[]byte) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), "MANIFEST-") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if bytes.Contains(b, p) {
				out = append(out, path)
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPurgeLeavesNoTrace purges canaries of every scope and then looks, with the keys in hand, for what they said: in
// every page of the database and its full-text tables, in its log, for the keys of their vectors in RocksDB's files,
// and in the snapshots of the vector indexes.
func TestPurgeLeavesNoTrace(t *testing.T) {
	r := newRig(t)
	var words []string
	var ids []memory.ID
	for i, sc := range scope.All() {
		m, own := canary(sc)
		m.Session, m.Author = "", "" // of sessions and users, not of the memory
		if _, err := r.Put(t.Context(), memory.Put{Memory: m, Audit: memory.Audit{Action: "remember"}}); err != nil {
			t.Fatal(err)
		}
		if err := r.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: ramp(i)}}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
		if sc != scope.Private { // what is private is sealed even with the database's key
			words = append(words, own[0], own[1], own[2], own[8], own[9])
		}
	}
	rows, err := r.catalog.RowsOf(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	var keys [][]byte
	for _, row := range rows {
		keys = append(keys, vectorKey(row, "mini"))
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(holding(t, r.dir, keys...)) == 0 {
		t.Fatal("no file names the vectors even before the purge: the test proves nothing")
	}
	r.apart(t, func() {
		if all := pages(t, r.dir); !containsAny(all, words[:1]) {
			t.Fatal("the pages do not show a canary even before the purge: the test proves nothing")
		}
	})

	if err := r.Purge(t.Context(), ids, "", memory.Audit{Action: "purge"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := r.catalog.Traces(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("traces of %v are still noted, %v", left, err)
	}
	if files := holding(t, r.dir, keys...); len(files) > 0 {
		t.Errorf("%v name vectors of purged memories", files)
	}
	if info, err := os.Stat(filepath.Join(r.dir, catalogFile+"-wal")); err == nil && info.Size() > 8*pageSizeOf {
		t.Errorf("the log still holds %d bytes", info.Size())
	}
	for name, x := range r.vectors.indexes {
		for _, row := range rows {
			if x.Has(row) {
				t.Errorf("%v still holds row %d", name, row)
			}
		}
	}
	r.apart(t, func() {
		all := pages(t, r.dir)
		for _, w := range words {
			if strings.Contains(strings.ToLower(all), w) {
				t.Errorf("a page of the database holds %q", w)
			}
		}
	})
	if f, err := r.Check(t.Context()); err != nil || len(f) > 0 {
		t.Errorf("check: %+v, %v", f, err)
	}
}

// pageSizeOf is what a page takes: the scrub's own last commit may stand in the log.
const pageSizeOf = 4096 + 24

// TestScrubbingGoesOn checks that what a purge left to do is done by the next process, by itself.
func TestScrubbingGoesOn(t *testing.T) {
	r := newRig(t)
	row := r.row(t, scope.Project)
	if err := r.Purge(t.Context(), []memory.ID{r.ms[scope.Project].ID}, "", memory.Audit{Action: "purge"}); err != nil {
		t.Fatal(err)
	}
	if left, err := r.catalog.Traces(t.Context()); err != nil || fmt.Sprint(left) != fmt.Sprint([]int64{row}) {
		t.Fatalf("traces = %v, %v; want row %d", left, err, row)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.Store, err = Open(t.Context(), Options{Dir: r.dir, ScrubAfter: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		left, err := r.catalog.Traces(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal("the traces stay")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
