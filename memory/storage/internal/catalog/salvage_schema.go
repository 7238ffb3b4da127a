package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/elderzan/elderzan/memory/storage/internal/pages"
)

// derived are the tables that are filled again from the rest: their rows are not taken over.
var derived = map[string]bool{
	"fts": true, "fts_terms": true, "fts_data": true, "fts_idx": true, "fts_docsize": true, "fts_config": true, "fts_content": true,
	"tags": true, "hashes": true, "touched": true, "goose_db_version": true, "sqlite_sequence": true, "sqlite_stat4": true, "sqlite_stat1": true,
}

// versions is the table in which goose keeps the schema's version.
var versions = pages.Table{Name: "goose_db_version", Required: 4,
	Columns: []pages.Column{{Type: "INTEGER", RowID: true}, {Type: "INTEGER"}, {Type: "INTEGER"}, {Type: "TEXT"}}}

// sequences is the table in which SQLite keeps the largest row ids that were given.
var sequences = pages.Table{Name: "sqlite_sequence", Required: 2, Columns: []pages.Column{{Type: "TEXT", NotNull: true}, {Type: "INTEGER"}}}

// migrateTo makes the schema of an earlier version, or of this one, in an empty database.
func migrateTo(ctx context.Context, db *sql.DB, version int64) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("make the schema of version %d: %w", version, err)
	}
	return nil
}

// tableForms describes the tables and indexes of a database as their records have them, by name, and the columns of the tables in that
// order. Those of FTS5 are left out: what has their form is known by other marks.
func tableForms(ctx context.Context, q querier) (forms []pages.Table, columns map[string][]string, err error) {
	parts, err := schemaNames(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	columns = map[string][]string{}
	for _, p := range parts {
		t := pages.Table{Name: p.name, Skip: derived[p.name] || p.kind == "index", WithoutRow: p.kind == "index" || strings.HasSuffix(p.sql, "WITHOUT ROWID")}
		var cols []string
		if t.WithoutRow {
			cols, err = indexColumns(ctx, q, &t, p.kind)
		} else {
			cols, err = rowColumns(ctx, q, &t)
		}
		if err != nil {
			return nil, nil, err
		}
		columns[p.name] = cols
		forms = append(forms, t)
	}
	return forms, columns, nil
}

// schemaNames lists the tables and indexes that have a tree of their own, but for those of FTS5 and of SQLite itself.
func schemaNames(ctx context.Context, q querier) ([]part, error) {
	rows, err := q.QueryContext(ctx, `SELECT type, name, coalesce(sql, '') FROM sqlite_schema
		WHERE rootpage > 0 AND type IN ('table', 'index') AND name NOT LIKE 'fts\_%' ESCAPE '\' AND name NOT IN ('sqlite_sequence', 'goose_db_version')`)
	if err != nil {
		return nil, wrap("read the schema", err)
	}
	defer rows.Close()
	var out []part
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.kind, &p.name, &p.sql); err != nil {
			return nil, wrap("read the schema", err)
		}
		out = append(out, p)
	}
	return out, wrap("read the schema", rows.Err())
}

// rowColumns describes a table with row ids.
func rowColumns(ctx context.Context, q querier, t *pages.Table) (names []string, err error) {
	rows, err := q.QueryContext(ctx, `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk FROM pragma_table_info(?) ORDER BY cid`, t.Name)
	if err != nil {
		return nil, wrap("read the schema", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var c pages.Column
		var given bool
		var pk int
		if err := rows.Scan(&name, &c.Type, &c.NotNull, &given, &pk); err != nil {
			return nil, wrap("read the schema", err)
		}
		c.RowID = pk == 1 && c.Type == "INTEGER"
		t.Columns, names = append(t.Columns, c), append(names, name)
		if c.NotNull && !given || c.RowID {
			t.Required = len(t.Columns)
		}
	}
	return names, wrap("read the schema", rows.Err())
}

// indexColumns describes an index, or a table WITHOUT ROWID, which is its own: the columns of the key come first.
func indexColumns(ctx context.Context, q querier, t *pages.Table, kind string) (names []string, err error) {
	query := `SELECT coalesce(x.name, ''), coalesce(i.type, 'INTEGER'), coalesce(i."notnull" OR i.pk > 0, 1), i.dflt_value IS NOT NULL
		FROM pragma_index_xinfo(?1) x LEFT JOIN sqlite_schema s ON s.name = ?1 LEFT JOIN pragma_table_info(s.tbl_name) i ON i.name = x.name ORDER BY x.seqno`
	if kind == "table" {
		query = `SELECT x.name, i.type, i."notnull" OR i.pk > 0, i.dflt_value IS NOT NULL FROM pragma_index_list(?1) l, pragma_index_xinfo(l.name) x
			JOIN pragma_table_info(?1) i ON i.name = x.name WHERE l.origin = 'pk' ORDER BY x.seqno`
	}
	rows, err := q.QueryContext(ctx, query, t.Name)
	if err != nil {
		return nil, wrap("read the schema", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var c pages.Column
		var given bool
		if err := rows.Scan(&name, &c.Type, &c.NotNull, &given); err != nil {
			return nil, wrap("read the schema", err)
		}
		t.Columns, names = append(t.Columns, c), append(names, name)
		if c.NotNull && !given {
			t.Required = len(t.Columns)
		}
	}
	return names, wrap("read the schema", rows.Err())
}
