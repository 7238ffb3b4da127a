package catalog

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
)

// RekeySuffix is what the name of a copy under another key has after that of the database, until it takes its place.
const RekeySuffix = "-rekey"

// rekeyPages is how many pages are copied at a time, with a look at the context in between.
const rekeyPages = 4096

// Rekey writes the closed database of o anew under the key to and puts the result in its place by one rename, so that
// after a crash there is either one, whole. o.Step is told of "sqlite-rekeyed", when the copy is on the disk, and of
// "sqlite-rekey-placed". Nobody may have the database open. Errors are those of Open; with any, the database is as it was.
func Rekey(ctx context.Context, o Options, to security.Secret) (err error) {
	d := &DB{opts: o}
	if err := d.fail("rekey"); err != nil {
		return wrap("rekey", err)
	}
	temp := o.Path + RekeySuffix
	if err := removeCopy(temp); err != nil {
		return wrap("rekey", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeCopy(temp))
		}
	}()
	if err := copyUnder(ctx, o, to, temp); err != nil {
		return wrap("rekey", err)
	}
	if err := checkCopy(o, to, temp); err != nil {
		return err
	}
	// The last connection has folded the log in and removed it. One that is left would be taken for the copy's.
	if info, err := os.Stat(o.Path + LogSuffix); err == nil && info.Size() > 0 {
		return wrap("rekey", errors.New("the log of the database is still there; somebody has it open"))
	}
	if err := syncFile(temp); err != nil {
		return wrap("rekey", err)
	}
	d.step("sqlite-rekeyed")
	for _, suffix := range []string{LogSuffix, "-shm"} {
		if err := os.Remove(o.Path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrap("rekey", err)
		}
	}
	if err := os.Rename(temp, o.Path); err != nil {
		return wrap("rekey", err)
	}
	if err := syncFile(filepath.Dir(o.Path)); err != nil {
		return wrap("rekey", err)
	}
	d.step("sqlite-rekey-placed")
	return nil
}

func removeCopy(temp string) error {
	for _, suffix := range []string{"", LogSuffix, "-shm", "-journal"} {
		if err := os.Remove(temp + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// rawConn opens one connection outside of database/sql.
func rawConn(o Options) (*sqlite3.SQLiteConn, error) {
	return (&connector{opts: o, writes: true}).connect()
}

// copyUnder copies the database page by page to temp.
func copyUnder(ctx context.Context, o Options, to security.Secret, temp string) (err error) {
	from, err := rawConn(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	into, err := rawConn(Options{Path: temp, Key: to, CacheKiB: o.CacheKiB})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	b, err := into.Backup("main", from, "main")
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		if err = ctx.Err(); err == nil {
			done, err = b.Step(rekeyPages)
		}
	}
	return errors.Join(err, b.Finish())
}

// checkCopy reads every page of the copy, each of which is authenticated on the way.
func checkCopy(o Options, to security.Secret, temp string) (err error) {
	conn, err := rawConn(Options{Path: temp, Key: to, CacheKiB: o.CacheKiB})
	if err != nil {
		return wrap("rekey", err)
	}
	defer func() { err = errors.Join(err, wrap("rekey", conn.Close())) }()
	rows, err := conn.Query("PRAGMA quick_check(1)", nil)
	if err != nil {
		return wrap("rekey", err)
	}
	defer rows.Close()
	line := make([]driver.Value, 1)
	if err := rows.Next(line); err != nil {
		return wrap("rekey", err)
	}
	if text := fmt.Sprint(line[0]); text != "ok" {
		return &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("the database is damaged and was not copied: %s", text)}
	}
	return nil
}

// syncFile syncs a file or folder.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
