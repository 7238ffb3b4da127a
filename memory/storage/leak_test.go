package storage

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
	"github.com/elderzan/elderzan/scope"
)

// canary returns a memory whose every text is found nowhere by chance, and those texts.
func canary(sc scope.Scope) (memory.Memory, []string) {
	word := func(part string) string { return "zq" + strings.ToLower(sc.String()) + part + "wvx" }
	m := memory.Memory{
		ID: memory.NewID(), Content: "The word is " + word("content") + ".", Title: word("title"), Tags: []string{word("tag")}, Scope: sc,
		Project: word("project"), Team: word("team"), Kind: word("kind"), Session: word("session"), Author: word("author"),
		Metadata: map[string]any{word("key"): word("value")}, Rules: []string{word("rule")},
	}
	var words []string
	for _, part := range []string{"content", "title", "tag", "project", "team", "kind", "session", "author", "key", "value", "rule"} {
		words = append(words, word(part))
	}
	return m, words
}

// TestNothingReadable looks for canaries in every file of the folder, while the store is open and after, in what was
// logged, and in the errors.
func TestNothingReadable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var logged bytes.Buffer
	s, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})), SnapshotEvery: 1})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for i, sc := range scope.All() {
		m, own := canary(sc)
		words = append(words, own...)
		if _, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: memory.Audit{Action: "remember", User: own[0]}}); err != nil {
			t.Fatal(err)
		}
		if err := s.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: ramp(i), Tokens: tokenRows(i)}}); err != nil {
			t.Fatal(err)
		}
		_, dupErr := s.Put(t.Context(), memory.Put{Memory: m})
		_, editErr := s.Change(t.Context(), m.ID, "", func(m *memory.Memory) (memory.Audit, error) {
			m.State = "no such state"
			return memory.Audit{}, nil
		})
		if text := fmt.Sprint(dupErr, editErr); containsAny(text, words) {
			t.Errorf("an error quotes a text: %s", text)
		}
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantUnreadable(t, dir, words)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantUnreadable(t, dir, words)
	if containsAny(logged.String(), words) {
		t.Error("the log quotes a text")
	}
}

// ramp returns a unit vector whose bytes are found nowhere by chance.
func ramp(i int) []float32 {
	v := unit(i)
	for j := range 8 {
		v[100+j] = 0.001 * float32(1+i+j)
	}
	return v
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(strings.ToLower(text), w) {
			return true
		}
	}
	return false
}

func wantUnreadable(t *testing.T, dir string, words []string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[e.IsDir()]; info.Mode().Perm()&^want != 0 && !strings.Contains(path, "/"+kvDir+"/") { // nobody comes to what is in there
			t.Errorf("%s has mode %v; want at most %v", path, info.Mode().Perm(), want)
		}
		if e.IsDir() {
			return nil
		}
		files++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lower := bytes.ToLower(b)
		for _, w := range words {
			if bytes.Contains(lower, []byte(w)) {
				t.Errorf("%s holds %q in the clear", path, w)
			}
		}
		for i := range 4 {
			if bytes.Contains(b, vectorBytes(ramp(i), fullWidth)[4*100:4*108]) || bytes.Contains(b, vectorBytes(ramp(i), warmWidth)[150:162]) {
				t.Errorf("%s holds a vector in the clear", path)
			}
			if bytes.Contains(b, maxsim.Pack(nil, tokenRows(i))[:12]) {
				t.Errorf("%s holds tokens in the clear", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 8 {
		t.Fatalf("only %d files were looked at", files)
	}
}

// TestPrivateWithinTheDatabase reads the whole database with its key: what a PRIVATE memory says must not be there, nor
// must it be after it was not private for a while and the deleted words were merged away.
func TestPrivateWithinTheDatabase(t *testing.T) {
	r := newRig(t)
	secret, _ := canary(scope.Private)
	if _, err := r.Put(t.Context(), memory.Put{Memory: secret}); err != nil {
		t.Fatal(err)
	}
	turncoat, _ := canary(scope.Shared)
	open, _ := canary(scope.Project)
	for _, m := range []memory.Memory{turncoat, open} {
		if _, err := r.Put(t.Context(), memory.Put{Memory: m}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.Change(t.Context(), turncoat.ID, "", func(m *memory.Memory) (memory.Audit, error) {
		m.Scope = scope.Private
		return memory.Audit{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.catalog.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	dump := dumpSQL(t, r.dir)
	for _, m := range []memory.Memory{secret, turncoat} {
		for _, text := range []string{m.Content, m.Title, m.Tags[0], analysis.Terms(m.Title)[0], analysis.Terms(m.Tags[0])[0], "zqprivatekeywvx", "zqsharedvaluewvx"} {
			if strings.Contains(dump, text) {
				t.Errorf("the database holds %q of a private memory", text)
			}
		}
	}
	if !strings.Contains(dump, open.Title) || !strings.Contains(dump, analysis.Terms(open.Title)[0]) {
		t.Error("the dump does not even show what is not private: it proves nothing")
	}
}

// dumpSQL returns every value of every table, the full-text index's own among them.
func dumpSQL(t *testing.T, dir string) string {
	t.Helper()
	db := rawSQL(t, dir)
	defer db.Close()
	var b strings.Builder
	for _, table := range column(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'goose%'`) {
		dumpTable(t, db, table, &b)
	}
	return b.String()
}

func dumpTable(t *testing.T, db *sql.DB, table string, b *strings.Builder) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, dst := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dst[i] = &values[i]
		}
		if err := rows.Scan(dst...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			fmt.Fprintf(b, "%v|", v)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func column(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
