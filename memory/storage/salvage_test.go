package storage

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/scope"
)

// library returns a closed folder with memories of every scope, some of which are too long for a page, and the memories.
func library(t *testing.T) (dir string, ms []memory.Memory) { return libraryOf(t, Options{}) }

func libraryOf(t *testing.T, o Options) (dir string, ms []memory.Memory) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	o.Dir = dir
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.NewChaCha8([32]byte{7})
	for i := range 300 {
		noise := make([]byte, 300)
		if i%50 == 7 {
			noise = make([]byte, 9000)
		}
		_, _ = r.Read(noise) // of ChaCha8, which has no end
		m := memory.Memory{ID: memory.NewID(), Content: fmt.Sprintf("Note %d: %s", i, base64.StdEncoding.EncodeToString(noise)), Title: "A note",
			Scope: scope.All()[i%4], Project: "atlas", Team: "platform", Tags: []string{fmt.Sprint("tag", i%7)}}
		st, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: memory.Audit{Action: "remember", Subject: m.ID}})
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, st.Memory)
		if i < 20 {
			if err := s.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: unit(i)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	purged := ms[100]
	ms = slices.Delete(ms, 100, 101)
	for _, err := range []error{
		s.Purge(t.Context(), []memory.ID{purged.ID}, "", memory.Audit{Action: ActionPurge}), s.catalog.SettleWords(t.Context()),
		s.Scrub(t.Context()), s.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir, ms
}

// treePage is a page of the closed database, as SQLite tells.
type treePage struct {
	number int64
	cells  int
}

// treePages lists pages of a table or index by their kind: leaf, internal or overflow.
func treePages(t *testing.T, dir, name, kind string) (out []treePage) {
	t.Helper()
	db := rawSQL(t, dir)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT pageno, ncell FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY pageno`, name, kind)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p treePage
		if err := rows.Scan(&p.number, &p.cells); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	if rows.Err() != nil || len(out) == 0 {
		t.Fatalf("%s has no %s page: %v", name, kind, rows.Err())
	}
	return out
}

// hurtPage flips a bit of a page of the database file.
func hurtPage(t *testing.T, dir string, page int64) {
	t.Helper()
	hurtByte(t, dir, (page-1)*4096+1234)
}

func hurtByte(t *testing.T, dir string, at int64) {
	t.Helper()
	path := filepath.Join(dir, catalogFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 16
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSalvage damages pages of the database of each kind. Without consent nothing is given up: what loses nothing is mended, and the rest
// refused with what would be lost and the command. With it every memory whose pages are whole is there byte for byte, the others are
// named, and the checker finds nothing.
func TestSalvage(t *testing.T) {
	good, ms := library(t)
	middle := func(ps []treePage) treePage { return ps[len(ps)/2] }
	leaf := func(name string, loses bool) func(*testing.T, string) int {
		return func(t *testing.T, dir string) int {
			p := middle(treePages(t, dir, name, "leaf"))
			hurtPage(t, dir, p.number)
			if !loses {
				return 0
			}
			return p.cells
		}
	}
	inner := func(name string) func(*testing.T, string) int {
		return func(t *testing.T, dir string) int {
			hurtPage(t, dir, treePages(t, dir, name, "internal")[0].number)
			return 0
		}
	}
	for name, tc := range map[string]struct {
		hurt   func(*testing.T, string) int // returns how many memories are lost
		giveUp bool                         // something of the record is lost
	}{
		"leaf of memories": {leaf("memories", true), true},
		"first leaf, memories": {func(t *testing.T, dir string) int {
			p := treePages(t, dir, "memories", "leaf")[0]
			hurtPage(t, dir, p.number)
			return p.cells
		}, true},
		"leaf of texts":        {leaf("texts", true), true},
		"inner page, memories": {inner("memories"), false},
		"inner page, texts":    {inner("texts"), false},
		"inner page, audit":    {inner("audit"), false},
		"leaf of the audit":    {leaf("audit", false), true},
		"leaf of meta":         {leaf("meta", false), true},
		"leaf of the outbox":   {leaf("outbox", false), true},
		"leaf of an index":     {leaf("sqlite_autoindex_memories_1", false), false},
		"leaf of hashes":       {leaf("hashes", false), false},
		"leaf of vectors":      {leaf("vectors", false), false},
		"the full text":        {leaf("fts_data", false), false},
		"schema":               {leaf("sqlite_schema", false), true},
		"first page":           {func(t *testing.T, dir string) int { hurtByte(t, dir, 2000); return 0 }, false},
		"salt":                 {func(t *testing.T, dir string) int { hurtByte(t, dir, 5); return 0 }, false},
		"overflow": {func(t *testing.T, dir string) int {
			hurtPage(t, dir, treePages(t, dir, "texts", "overflow")[0].number)
			return 1
		}, true},
		"inner and leaf": {func(t *testing.T, dir string) int {
			lost := middle(treePages(t, dir, "texts", "leaf"))
			all := []treePage{lost}
			for _, name := range []string{"texts", "memories", "fts_data"} {
				all = append(all, treePages(t, dir, name, "internal")[0])
			}
			for _, p := range all {
				hurtPage(t, dir, p.number)
			}
			return lost.cells
		}, true},
		"cut off": {func(t *testing.T, dir string) int {
			path := filepath.Join(dir, catalogFile)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			from := info.Size() / 4096 * 3 / 4
			lost := 0
			for _, name := range []string{"memories", "texts"} {
				for _, kind := range []string{"leaf", "overflow"} {
					if name == "memories" && kind == "overflow" {
						continue
					}
					for _, p := range treePages(t, dir, name, kind) {
						if p.number > from {
							lost += max(1, p.cells)
						}
					}
				}
			}
			if err := os.Truncate(path, from*4096+100); err != nil {
				t.Fatal(err)
			}
			return -lost // at the most
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			chmodAll(t, dir)
			lost := tc.hurt(t, dir)
			wantConsent(t, dir, tc.giveUp)
			s, err := Open(t.Context(), Options{Dir: dir, Mend: true, Salvage: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			wantSalvaged(t, s, ms, lost)
			if _, left, err := s.Repair(t.Context()); err != nil || len(left) > 0 {
				t.Errorf("Repair leaves %v, %v", left, err)
			}
			if aside, err := filepath.Glob(filepath.Join(dir, "catalog.db.damaged-*")); err != nil || len(aside) == 0 {
				t.Errorf("set aside: %v, %v", aside, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(t.Context(), Options{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			if found, err := s.Check(t.Context()); err != nil || len(found) > 0 {
				t.Errorf("Check finds %v, %v", found, err)
			}
			if n := len(s.Mended()); n == 0 {
				t.Error("nothing is noted of it")
			}
			if st, err := s.Put(t.Context(), memory.Put{Memory: memory.Memory{ID: memory.NewID(), Content: "A new heron.", Scope: scope.Project}}); err != nil || st.DuplicateOf != "" {
				t.Errorf("Put: %v, %v", st.DuplicateOf, err)
			}
		})
	}
}

// TestSalvagePackedAudit damages a database whose audit log is packed for the most part: the entries of blocks that are whole come back
// in their places, and the others are told.
func TestSalvagePackedAudit(t *testing.T) {
	const block = 32
	good, ms := libraryOf(t, Options{AuditBlock: block})
	for name, tc := range map[string]struct {
		table  string
		which  func(n int) int
		losing bool // memories
	}{
		"leaf of memories":   {"memories", func(n int) int { return n / 2 }, true},
		"first leaf, blocks": {"audit_packed", func(int) int { return 0 }, false},
		"last leaf, blocks":  {"audit_packed", func(n int) int { return n - 1 }, false},
		"leaf of the rows":   {"audit", func(int) int { return 0 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			chmodAll(t, dir)
			leaves := treePages(t, dir, tc.table, "leaf")
			hurt := leaves[tc.which(len(leaves))]
			hurtPage(t, dir, hurt.number)
			wantConsent(t, dir, true)
			s, err := Open(t.Context(), Options{Dir: dir, Mend: true, Salvage: true, AuditBlock: block})
			if err != nil {
				t.Fatal(err)
			}
			lost, entries := 0, int64(0)
			switch {
			case tc.losing:
				lost = hurt.cells
			case tc.table == "audit_packed":
				entries = int64(hurt.cells) * block
			default:
				entries = int64(hurt.cells)
			}
			wantSalvaged(t, s, ms, lost)
			if s.Salvaged().Audit != entries {
				t.Errorf("%d entries are lost; want %d", s.Salvaged().Audit, entries)
			}
			there := map[memory.ID]bool{}
			if err := s.AuditLog(t.Context(), 0, func(e AuditEntry) error { there[e.Subject] = true; return nil }); err != nil {
				t.Fatal(err)
			}
			if n := len(there); n < 300-int(entries) || entries > 0 && n > 302-int(entries) {
				t.Errorf("the log speaks of %d memories; %d entries are lost", n, entries)
			}
			if err := s.Close(); err != nil { // packs them again
				t.Fatal(err)
			}
			if s, err = Open(t.Context(), Options{Dir: dir, AuditBlock: block}); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if found, err := s.Check(t.Context()); err != nil || len(found) > 0 {
				t.Errorf("Check finds %v, %v", found, err)
			}
			wantSalvaged(t, s, ms[:0], 0)
		})
	}
}

func chmodAll(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600) // CopyFS opens them to all; the keyring refuses that
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantConsent opens a folder to be mended without consent to lose anything.
func wantConsent(t *testing.T, dir string, giveUp bool) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(dir, catalogFile))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{Dir: dir, Mend: true})
	var refused *SalvageError
	switch {
	case err == nil: // it is mended, or nothing of what is damaged is read on opening
		whole := s.Salvaged() == nil || s.Salvaged().Whole()
		if err := s.Close(); err != nil || !whole {
			t.Errorf("without consent %+v is salvaged; Close: %v", s.Salvaged(), err)
		}
	case !errors.As(err, &refused) || !giveUp || !strings.Contains(err.Error(), "elderzan doctor --repair --salvage"):
		t.Errorf("Open: %v; want a SalvageError with the command to type: %v", err, giveUp)
	default:
		after, err := os.ReadFile(filepath.Join(dir, catalogFile))
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("the refusal has changed the database, %v", err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, catalogFile+catalog.SalvageSuffix+"*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// wantSalvaged wants the store to hold all memories but as many as lost says (where that is negative, at the most), and to name those.
func wantSalvaged(t *testing.T, s *Store, ms []memory.Memory, lost int) {
	t.Helper()
	var named []memory.ID
	if s.Salvaged() != nil {
		named = s.Salvaged().Lost
		t.Log(s.Salvaged())
	}
	gone, stray := 0, false
	for i, m := range ms {
		got, err := s.Get(t.Context(), []memory.ID{m.ID})
		switch {
		case errors.Is(err, memory.ErrNotFound):
			gone++
			stray = stray || i < 20 // with a vector
			if !slices.Contains(named, m.ID) {
				t.Errorf("%s is lost and not named", m.ID)
			}
		case err != nil || got[0].Content != m.Content || got[0].Title != m.Title || !slices.Equal(got[0].Tags, m.Tags) || got[0].Scope != m.Scope:
			t.Errorf("memory %s: %v", m.ID, err)
		case slices.Contains(named, m.ID):
			t.Errorf("%s is named as lost and is there", m.ID)
		}
	}
	if gone != lost && (lost >= 0 || gone > -lost) || gone != len(named) {
		t.Errorf("%d memories are lost, %d named; want %d", gone, len(named), lost)
	}
	told := slices.ContainsFunc(s.Mended(), func(m Mended) bool { return m.What == kvDir && strings.Contains(m.Detail, "vectors") })
	if told != stray {
		t.Errorf("vectors of lost memories are there: %v, and told: %v", stray, told)
	}
	err := s.AuditLog(t.Context(), 0, func(AuditEntry) error { return nil })
	if r, verr := s.VerifyAudit(t.Context(), nil); err != nil || verr != nil || len(r.Faults) > 0 {
		t.Errorf("the audit log: %v, %v, %v", r.Faults, err, verr)
	}
}
