package catalog

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// fault is what becomes of the call of the driver that is to fail.
type fault string

const (
	refused fault = "refused"  // an error of the statement alone
	gaveUp  fault = "gave up"  // one with which SQLite gives up the transaction
	damaged fault = "damaged"  // a row whose values are of no type that was stored
	dropped fault = "dropped"  // refused, and so is everything after it until the fault is lifted
	noFault fault = "no fault" // calls are counted
)

var errFault = errors.New("injected")

// faults stands between database/sql and SQLite and has the n-th call fail: a connect, a statement, a step to the next row,
// the look at a result. The statements are SQLite's own, so that everything else happens as it does.
type faults struct {
	mu   sync.Mutex
	kind fault
	left int    // calls until the one that fails
	hit  string // what failed
	all  int    // calls since arm
	// spared, where set, is asked which statements of the writer are not counted: those of its housekeeping.
	spared func(query string) bool
}

// arm has the n-th call from now on fail.
func (f *faults) arm(kind fault, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind, f.left, f.hit, f.all = kind, n, "", 0
}

// lift ends the fault and returns what it hit, "" for nothing.
func (f *faults) lift() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind = noFault
	return f.hit
}

func (f *faults) call(kind fault, what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all++
	switch {
	case f.kind == dropped && f.hit != "":
		return errFault
	case f.kind == noFault || f.kind == "" || (f.kind == damaged) != (kind == damaged):
		return nil
	}
	if f.left--; f.left != 0 {
		return nil
	}
	f.hit = what
	if f.kind == gaveUp {
		return fmt.Errorf("%w: %w", errFault, sqlite3.Error{Code: sqlite3.ErrIoErr})
	}
	return errFault
}

// wrap is Options.wrap.
func (f *faults) wrap(conn driver.Conn, writes bool) (driver.Conn, error) {
	if err := f.call(refused, "connect"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &faultyConn{conn.(*sqlite3.SQLiteConn), f, writes}, nil
}

type faultyConn struct {
	*sqlite3.SQLiteConn
	f      *faults
	writes bool
}

func (c *faultyConn) counted(query string) bool {
	return !c.writes || c.f.spared == nil || !c.f.spared(query)
}

func (c *faultyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.counted("BEGIN") {
		if err := c.f.call(refused, "BEGIN"); err != nil {
			return nil, err
		}
	}
	return c.SQLiteConn.BeginTx(ctx, o)
}

func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !c.counted(query) {
		return c.SQLiteConn.ExecContext(ctx, query, args)
	}
	if err := c.f.call(refused, query); err != nil {
		return nil, err
	}
	res, err := c.SQLiteConn.ExecContext(ctx, query, args)
	return faultyResult{res, c.f}, err
}

func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !c.counted(query) {
		return c.SQLiteConn.QueryContext(ctx, query, args)
	}
	if err := c.f.call(refused, query); err != nil {
		return nil, err
	}
	rows, err := c.SQLiteConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return &faultyRows{rows, c.f, query}, nil
}

type faultyRows struct {
	driver.Rows
	f     *faults
	query string
}

func (r *faultyRows) Next(dst []driver.Value) error {
	if err := r.f.call(refused, "next row of "+r.query); err != nil {
		return err
	}
	if err := r.Rows.Next(dst); err != nil {
		return err
	}
	if r.f.call(damaged, "values of "+r.query) != nil {
		for i := range dst {
			dst[i] = struct{}{}
		}
	}
	return nil
}

type faultyResult struct {
	driver.Result
	f *faults
}

func (r faultyResult) LastInsertId() (int64, error) {
	if err := r.f.call(refused, "last row"); err != nil {
		return 0, err
	}
	return r.Result.LastInsertId()
}

func (r faultyResult) RowsAffected() (int64, error) {
	if err := r.f.call(refused, "rows affected"); err != nil {
		return 0, err
	}
	return r.Result.RowsAffected()
}

// inStep is how an error begins that names the step which was under way.
var inStep = regexp.MustCompile(`(^|\n)(sqlite: [a-z][a-z ]+: |bring the schema from version |read the (schema|migrations)).*(injected|Scan error)`)

// wantTold wants an error that says which step failed with the fault, and nothing of keys and names of databases.
func wantTold(t *testing.T, what, hit string, o *Options, kind fault, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s came through although this %s: %s", what, kind, hit)
		return
	case kind != damaged && !errors.Is(err, errFault), !inStep.MatchString(err.Error()):
		t.Errorf("%s: %v; want the step, and what failed: %s", what, err, hit)
	}
	for _, secret := range []string{"key=", "file:", hex.EncodeToString(o.Key.Bytes()), string(o.Key.Bytes())} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error quotes how the database is opened", what)
		}
	}
}
