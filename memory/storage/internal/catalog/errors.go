package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/pages"
)

var (
	// ErrNoPage reports a damaged database of which no page can be read under its key: it is another key's, or its salt is lost.
	ErrNoPage = pages.ErrKey
	// ErrClosed reports a call after Close.
	ErrClosed = errors.New("catalog: closed")
	// ErrExists reports an id that another memory has.
	ErrExists = errors.New("catalog: a memory with this id exists")
	// ErrNewer reports a database that a newer build has written.
	ErrNewer = errors.New("catalog: the data was written by a newer version of elderzan; install that version or a later one")
)

// plain keeps of a driver's error what cannot hold the data source name.
func plain(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) {
		return e
	}
	return errors.New("connect to the database: bad parameters")
}

// wrap gives an engine's error its meaning for the caller and names the step that was under way.
func wrap(step string, err error) error {
	if err == nil {
		return nil
	}
	var corrupt *memory.CorruptError
	for _, known := range []error{memory.ErrFull, memory.ErrReadOnly, ErrNewer, ErrClosed, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return err
		}
	}
	switch {
	case errors.As(err, &corrupt):
		return err
	case err.Error() == "sql: database is closed": // database/sql has no sentinel for it
		return ErrClosed
	}
	var e sqlite3.Error
	if errors.As(err, &e) {
		return wrapSQLite(step, e, err)
	}
	switch {
	case isFull(err):
		return fmt.Errorf("%w: sqlite: %s; free some space and repeat the call", memory.ErrFull, step)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: sqlite: %s; make the folder writable or choose another with --data", memory.ErrReadOnly, step)
	}
	return fmt.Errorf("sqlite: %s: %w", step, err)
}

func wrapSQLite(step string, e sqlite3.Error, err error) error {
	switch {
	case e.Code == sqlite3.ErrFull, e.Code == sqlite3.ErrIoErr && isFull(e.SystemErrno):
		return fmt.Errorf("%w: sqlite: %s; free some space and repeat the call", memory.ErrFull, step)
	case e.Code == sqlite3.ErrReadonly, e.Code == sqlite3.ErrPerm,
		e.Code == sqlite3.ErrCantOpen && (e.SystemErrno == syscall.EACCES || e.SystemErrno == syscall.EROFS):
		return fmt.Errorf("%w: sqlite: %s; make the folder writable or choose another with --data", memory.ErrReadOnly, step)
	case e.Code == sqlite3.ErrNotADB, e.Code == sqlite3.ErrCorrupt, e.Code == sqlite3.ErrError && brokenSchema(e.Error()):
		return &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("%s: %w", step, e)}
	}
	return fmt.Errorf("sqlite: %s: %w", step, err)
}

// brokenSchema reports whether SQLite's text says that a table, or what one stands on, is not there. Our own statements name
// none that the migrations do not make.
func brokenSchema(text string) bool {
	for _, part := range []string{"no such table", "no such fts5 table", "no such column", "vtable constructor failed", "invalid fts5 file format"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// rolledBack reports whether SQLite gives up the whole transaction, and not only the statement, on such an error.
func rolledBack(err error) bool {
	if errors.Is(err, memory.ErrFull) {
		return true
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrNomem, sqlite3.ErrInterrupt, sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return true
	}
	return false
}

// exists turns a violated constraint on memories.id into ErrExists.
func exists(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrConstraintUnique && strings.HasSuffix(e.Error(), "memories.id") {
		return ErrExists
	}
	return err
}
