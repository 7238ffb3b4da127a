package catalog

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/pressly/goose/v3"

	"github.com/elderzan/elderzan/memory"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// schemaVersion is the schema this build writes: the number of the newest migration.
var schemaVersion = sync.OnceValue(func() int64 {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		panic("catalog: no migrations in this build")
	}
	var newest int64
	if _, err := fmt.Sscanf(files[len(files)-1], "migrations/%d_", &newest); err != nil {
		panic("catalog: migration without a number: " + files[len(files)-1])
	}
	return newest
})

// migrate brings the schema up to date, one transaction per migration, so that a crash leaves a version that exists.
// It returns ErrNewer for a schema from the future. An empty database is only taken for a new one if create is set.
func migrate(ctx context.Context, db *sql.DB, create bool) error {
	have, err := currentVersion(ctx, db)
	switch {
	case err != nil:
		return err
	case have == schemaVersion():
		return nil
	case have == 0 && !create:
		return &memory.CorruptError{Engine: "sqlite", Err: errors.New("the database is empty")}
	case have > schemaVersion():
		return fmt.Errorf("%w (schema %d, this build knows %d)", ErrNewer, have, schemaVersion())
	}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema from version %d to %d: %w", have, schemaVersion(), err)
	}
	return nil
}

// currentVersion reads the schema's version as goose records it; a fresh database has 0. It also is the first read of
// the file, which tells a wrong key or a damaged first page.
func currentVersion(ctx context.Context, db *sql.DB) (int64, error) {
	var n int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'goose_db_version'`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read the schema: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	var v sql.NullInt64
	err = db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&v)
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return v.Int64, nil
}

// SchemaVersion returns the version of the schema this build writes.
func SchemaVersion() int { return int(schemaVersion()) }
