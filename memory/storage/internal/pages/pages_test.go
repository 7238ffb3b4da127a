package pages

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // SQLite writes what is read here

	"github.com/elderzan/elderzan/security"
)

var testTables = []Table{
	{Name: "t", Required: 4, Columns: []Column{{Type: "INTEGER", RowID: true}, {Type: "TEXT", NotNull: true}, {Type: "BLOB"}, {Type: "REAL", NotNull: true}}},
	{Name: "w", Required: 2, WithoutRow: true, Columns: []Column{{Type: "TEXT", NotNull: true}, {Type: "INTEGER", NotNull: true}}},
}

func secret(fill byte) security.Secret { return security.NewSecret(bytes.Repeat([]byte{fill}, 32)) }

// written makes a database with a row in two that stands in the file and one in two that stands in the log, and leaves it open: what it
// returns is what SQLite reads of it.
func written(t *testing.T) (path string, want map[string][]any) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "test.db")
	key := secret(7)
	db, err := sql.Open("sqlite3", fmt.Sprintf("file:%s?cipher=sqlcipher&legacy=4&key=x'%s'&_journal_mode=WAL", path, hex.EncodeToString(key.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing is read afterwards
	db.SetMaxOpenConns(1)
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`PRAGMA wal_autocheckpoint = 0`)
	run(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b BLOB, r REAL NOT NULL) STRICT`)
	run(`CREATE TABLE w (k TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID`)
	run(`CREATE INDEX t_a ON t (a)`)
	for half := range 2 {
		for i := range 400 {
			var blob any
			if i%3 > 0 {
				blob = bytes.Repeat([]byte{byte(i)}, i*(i%40))
			}
			run(`INSERT INTO t (id, a, b, r) VALUES (?, ?, ?, ?)`, (i-100)*2+half, strings.Repeat("é", i%200), blob, float64(i)/4)
			run(`INSERT INTO w (k, n) VALUES (?, ?)`, fmt.Sprint(i, " ", half, strings.Repeat("k", i)), int64(i)<<uint(i%60))
		}
		if half == 0 {
			run(`PRAGMA wal_checkpoint(TRUNCATE)`)
		}
	}
	run(`DELETE FROM t WHERE id % 7 = 0`)
	run(`UPDATE t SET a = 'changed' WHERE id % 11 = 0`)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `DELETE FROM t`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	want = map[string][]any{}
	rows, err := db.QueryContext(t.Context(), `SELECT 't' || id, a, b, r FROM t UNION ALL SELECT 'w' || k, n, NULL, 0.0 FROM w`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var a, b, r any
		if err := rows.Scan(&name, &a, &b, &r); err != nil {
			t.Fatal(err)
		}
		want[name] = []any{a, b, r}
	}
	if rows.Err() != nil || len(want) < 1000 {
		t.Fatal(len(want), rows.Err())
	}
	return path, want
}

// read walks a database.
func read(t *testing.T, path string, key security.Secret, salts ...[]byte) (map[string][]any, Report, error) {
	t.Helper()
	f, err := Open(path, key, salts...)
	if err != nil {
		return nil, Report{}, err
	}
	defer f.Close()
	got := map[string][]any{}
	report, err := f.Walk(t.Context(), testTables, func(r Found) error {
		name, values := "", []any(nil)
		if r.Table == "t" {
			number := r.Values[3]
			if n, ok := number.(int64); ok { // SQLite writes whole numbers so
				number = float64(n)
			}
			name, values = fmt.Sprint("t", r.ID), []any{r.Values[1], r.Values[2], number}
		} else {
			name, values = fmt.Sprint("w", r.Values[0]), []any{r.Values[1], nil, 0.0}
		}
		if _, twice := got[name]; twice {
			t.Errorf("%s comes twice", name)
		}
		got[name] = values
		return nil
	})
	return got, report, err
}

// TestWalk reads what SQLite reads, of the file and of the log.
func TestWalk(t *testing.T) {
	path, want := written(t)
	got, report, err := read(t, path, secret(7))
	if err != nil || report.Bad > 0 || len(report.Lost) > 0 || report.Unclaimed > 0 {
		t.Fatalf("Walk: %+v, %v", report, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows, and not those that SQLite reads (%d)", len(got), len(want))
	}
}

// TestWrongKey reads nothing, and never takes a key for damage or the other way round.
func TestWrongKey(t *testing.T) {
	path, want := written(t)
	if _, _, err := read(t, path, secret(8)); !errors.Is(err, ErrKey) {
		t.Errorf("Open under another key: %v; want ErrKey", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	salt := bytes.Clone(b[:SaltSize])
	b[3] ^= 1
	if err := errors.Join(os.WriteFile(path, b, 0o600), os.Remove(path+"-wal")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t, path, secret(7)); !errors.Is(err, ErrKey) {
		t.Errorf("Open without the salt: %v; want ErrKey", err)
	}
	got, report, err := read(t, path, secret(7), nil, salt)
	if err != nil || report.Bad != 0 || len(got) == 0 || len(got) >= len(want) {
		t.Errorf("with the salt from elsewhere: %d rows, %+v, %v; want those in the file", len(got), report, err)
	}
	if _, _, err := read(t, path, secret(8), salt); !errors.Is(err, ErrKey) {
		t.Errorf("Open under another key: %v; want ErrKey", err)
	}
}

// FuzzDecode decodes anything without a panic, and takes no more memory than what it is given.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{3, 1, 19, 5, 'a', 'b', 'c'})
	f.Add([]byte{0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := decode(b)
		size := 0
		for _, v := range values {
			switch v := v.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			}
		}
		if err == nil && size > len(b) {
			t.Errorf("%d bytes hold %d", len(b), size)
		}
	})
}

// FuzzPage takes anything for a page of a tree without a panic.
func FuzzPage(f *testing.F) {
	f.Add(int64(2), []byte{tableLeaf, 0, 0, 0, 1, 15, 0, 0, 0, 15})
	f.Add(int64(1), bytes.Repeat([]byte{indexInner, 0xff}, 60))
	f.Fuzz(func(_ *testing.T, n int64, b []byte) {
		page := make([]byte, Size)
		copy(page, b)
		x, ok := parse(n, page)
		if !ok {
			return
		}
		file := &File{} // of no pages: nothing goes on elsewhere
		for _, cell := range x.cells {
			x.child(cell)
			if x.kind != tableInner {
				_, _ = file.row(&x, cell)
			}
		}
	})
}
