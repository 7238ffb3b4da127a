package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mattn/go-sqlite3"
)

// SchemaFault is a table, an index or a trigger that is not as the migrations make it.
type SchemaFault struct {
	Type, Name string
	Problem    string // "is missing", "is altered" or "is not ours"
	Lost       bool   // it is a table that nothing else can fill again
}

// refilled are the tables that are filled again from the rest, or whose loss costs no memory and no promise.
var refilled = map[string]bool{
	"fts": true, "fts_terms": true, "tags": true, "hashes": true, "jobs": true, "vectors": true, "spaces": true, "cold": true, "usage": true, "requests": true,
	"touched": true, "history": true, "links": true,
}

// part is a line of sqlite_schema.
type part struct{ kind, name, sql string }

// bare connects to a database in RAM, without a key.
type bare struct{}

func (bare) Connect(context.Context) (driver.Conn, error) {
	return (&sqlite3.SQLiteDriver{}).Open("file::memory:")
}
func (bare) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

// wantedSchema is what the migrations make of an empty database.
var wantedSchema = sync.OnceValues(func() (map[string]part, error) {
	ctx := context.Background()
	db := sql.OpenDB(bare{})
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection has a database of its own
	if err := migrate(ctx, db, true); err != nil {
		return nil, err
	}
	return schemaParts(ctx, db)
})

// schemaParts reads the schema but for what SQLite and FTS5 keep for themselves, by name.
func schemaParts(ctx context.Context, q querier) (map[string]part, error) {
	rows, err := q.QueryContext(ctx, `SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'fts\_%' ESCAPE '\' OR name = 'fts_terms'`)
	if err != nil {
		return nil, wrap("read the schema", err)
	}
	defer rows.Close()
	parts := map[string]part{}
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.kind, &p.name, &p.sql); err != nil {
			return nil, wrap("read the schema", err)
		}
		parts[p.name] = p
	}
	return parts, wrap("read the schema", rows.Err())
}

// Schema compares the schema with what the migrations make. Tables of somebody else are let be; indexes and triggers are not,
// as they take part in every change.
func (v *View) Schema(ctx context.Context) ([]SchemaFault, error) {
	if err := v.db.fail("read the schema"); err != nil {
		return nil, wrap("read the schema", err)
	}
	return schemaFaults(ctx, v.q)
}

func schemaFaults(ctx context.Context, q querier) (faults []SchemaFault, err error) {
	want, err := wantedSchema()
	if err != nil {
		return nil, err
	}
	have, err := schemaParts(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w, h := want[name], have[name]
		lost := w.kind == "table" && !refilled[name]
		switch {
		case h.kind == "":
			faults = append(faults, SchemaFault{Type: w.kind, Name: name, Problem: "is missing", Lost: lost})
		case h != w:
			faults = append(faults, SchemaFault{Type: w.kind, Name: name, Problem: "is altered", Lost: lost})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if h := have[name]; want[name].kind == "" && (h.kind == "index" || h.kind == "trigger") {
			faults = append(faults, SchemaFault{Type: h.kind, Name: name, Problem: "is not ours"})
		}
	}
	return faults, nil
}

// MendSchema makes what Schema finds as the migrations make it, but for tables that nothing can fill again. Tables that it makes
// are empty: the caller fills them.
func (tx *Tx) MendSchema() error {
	return mendSchema(tx.w.base, tx.w.conn, func(statement string) error {
		_, err := tx.exec("mend the schema", statement)
		return err
	})
}

func mendSchema(ctx context.Context, q querier, exec func(statement string) error) error {
	want, err := wantedSchema()
	if err != nil {
		return err
	}
	faults, err := schemaFaults(ctx, q)
	if err != nil {
		return err
	}
	// Tables come first, then what stands on them.
	slices.SortStableFunc(faults, func(a, b SchemaFault) int { return order(a.Type) - order(b.Type) })
	var statements []string
	for _, f := range faults {
		if f.Lost {
			continue
		}
		if f.Problem != "is missing" {
			statements = append(statements, fmt.Sprintf(`DROP %s IF EXISTS "%s"`, f.Type, f.Name))
		}
		if w := want[f.Name]; w.sql != "" {
			statements = append(statements, w.sql)
		}
		if f.Name == "fts" { // as the first migration does
			statements = append(statements, `INSERT INTO fts (fts, rank) VALUES ('automerge', 0)`, `INSERT INTO fts (fts, rank) VALUES ('crisismerge', 512)`)
		}
	}
	for _, s := range statements {
		if err := exec(s); err != nil {
			return err
		}
	}
	return nil
}

func order(kind string) int {
	if kind == "table" {
		return 0
	}
	return 1
}

// Orphans counts, by table, the rows that belong to a memory, or a user, that is not there.
func (v *View) Orphans(ctx context.Context) (map[string]int, error) {
	rows, err := v.query(ctx, "look for orphans", `SELECT "table", count(*) FROM pragma_foreign_key_check GROUP BY 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var table string
		var n int
		if err := rows.Scan(&table, &n); err != nil {
			return nil, wrap("look for orphans", err)
		}
		out[table] = n
	}
	return out, wrap("look for orphans", rows.Err())
}

// DropOrphans removes the rows that View.Orphans counts; texts not while there is a memory without one, whose it may be.
func (tx *Tx) DropOrphans() error {
	rows, err := tx.w.conn.QueryContext(tx.w.base, `SELECT s.name, k."table", k."from", k."to" FROM sqlite_schema s, pragma_foreign_key_list(s.name) k WHERE s.type = 'table'`)
	if err != nil {
		return wrap("drop orphans", err)
	}
	defer rows.Close()
	var statements []string
	for rows.Next() {
		var child, parent, from, to string
		if err := rows.Scan(&child, &parent, &from, &to); err != nil {
			return wrap("drop orphans", err)
		}
		statements = append(statements, fmt.Sprintf(`DELETE FROM "%s" WHERE "%s" NOT IN (SELECT "%s" FROM "%s")`, child, from, to, parent))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil { // a connection does nothing else while it lists
		return wrap("drop orphans", err)
	}
	for _, q := range statements {
		if strings.HasPrefix(q, `DELETE FROM "texts"`) {
			q += ` AND NOT EXISTS (SELECT 1 FROM memories m LEFT JOIN texts t ON t.row = m.row WHERE t.row IS NULL)`
		}
		if _, err := tx.exec("drop orphans", q); err != nil {
			return err
		}
	}
	return nil
}
