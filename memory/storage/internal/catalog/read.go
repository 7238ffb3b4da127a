package catalog

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// View reads the catalogue. That of a DB sees each time what is newest; that of DB.Snapshot one moment throughout.
type View struct {
	db *DB
	q  querier
}

// Snapshot calls fn with a View of this moment. Writers do not wait for it, but the log grows while it lasts.
func (d *DB) Snapshot(ctx context.Context, fn func(*View) error) error {
	if err := d.fail("snapshot"); err != nil {
		return wrap("snapshot", err)
	}
	tx, err := d.readDB.BeginTx(ctx, nil)
	if err != nil {
		return wrap("snapshot", err)
	}
	defer func() { _ = tx.Rollback() }() // it has read only
	return fn(&View{d, tx})
}

func (v *View) query(ctx context.Context, op, query string, args ...any) (*sql.Rows, error) {
	if err := v.db.fail(op); err != nil {
		return nil, wrap(op, err)
	}
	rows, err := v.q.QueryContext(ctx, query, args...)
	return rows, wrap(op, err)
}

// row reads one row into dst and reports whether there was one.
func (v *View) row(ctx context.Context, op, query string, args []any, dst ...any) (bool, error) {
	if err := v.db.fail(op); err != nil {
		return false, wrap(op, err)
	}
	err := v.q.QueryRowContext(ctx, query, args...).Scan(dst...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, wrap(op, err)
}

// ByIDs returns the records of ids that exist, in no particular order, without their terms.
func (v *View) ByIDs(ctx context.Context, ids []memory.ID) ([]Record, error) {
	rows, err := v.query(ctx, "read memories", selectRecord+` WHERE m.id IN (SELECT unhex(value) FROM json_each(?))`, idList(ids))
	if err != nil {
		return nil, err
	}
	return scanRecords(rows, len(ids))
}

// ByRows returns the records of rows that exist, in no particular order, without their terms.
func (v *View) ByRows(ctx context.Context, rows []int64) ([]Record, error) {
	found, err := v.query(ctx, "read memories", selectRecord+` WHERE m.row IN (SELECT value FROM json_each(?))`, jsonList(rows))
	if err != nil {
		return nil, err
	}
	return scanRecords(found, len(rows))
}

// RowsOf returns the rows of those of ids that exist.
func (v *View) RowsOf(ctx context.Context, ids []memory.ID) (map[memory.ID]int64, error) {
	rows, err := v.query(ctx, "read rows", `SELECT id, row FROM memories WHERE id IN (SELECT unhex(value) FROM json_each(?))`, idList(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[memory.ID]int64, len(ids))
	for rows.Next() {
		var id []byte
		var row int64
		if err := rows.Scan(&id, &row); err != nil {
			return nil, wrap("read rows", err)
		}
		out[idOf(id)] = row
	}
	return out, wrap("read rows", rows.Err())
}

// Whole calls fn for each record with everything that its checksum covers, by rising row.
func (v *View) Whole(ctx context.Context, fn func(*Record) error) error {
	rows, err := v.query(ctx, "read memories", selectWhole+` ORDER BY m.row`)
	if err != nil {
		return err
	}
	return eachRecord(rows, fn)
}

// WholeByRows is Whole for some rows.
func (v *View) WholeByRows(ctx context.Context, rows []int64) ([]Record, error) {
	found, err := v.query(ctx, "read memories", selectWhole+` WHERE m.row IN (SELECT value FROM json_each(?))`, jsonList(rows))
	if err != nil {
		return nil, err
	}
	return scanRecords(found, len(rows))
}

// Jobs returns the records of up to n memories that wait for an embedding and are due at now, oldest first.
func (v *View) Jobs(ctx context.Context, n int, now time.Time) ([]Record, error) {
	rows, err := v.query(ctx, "read jobs", selectRecord+` WHERE m.row IN (SELECT row FROM jobs WHERE not_before <= ? ORDER BY row LIMIT ?) ORDER BY m.row`,
		now.UnixMilli(), n)
	if err != nil {
		return nil, err
	}
	return scanRecords(rows, n)
}

// RowsAfter lists up to n rows after a row, rising.
func (v *View) RowsAfter(ctx context.Context, after int64, n int) ([]int64, error) {
	rows, err := v.query(ctx, "read rows", `SELECT row FROM memories WHERE row > ? ORDER BY row LIMIT ?`, after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return nil, wrap("read rows", err)
		}
		out = append(out, row)
	}
	return out, wrap("read rows", rows.Err())
}

// AllRows lists the rows of all memories, rising.
func (v *View) AllRows(ctx context.Context) ([]int64, error) {
	var out []int64
	err := v.eachRow(ctx, `SELECT row FROM memories ORDER BY row`, func(row int64) error {
		out = append(out, row)
		return nil
	})
	return out, err
}

// Meta returns the value that Tx.SetMeta stored, or nil.
func (v *View) Meta(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	_, err := v.row(ctx, "read meta", `SELECT value FROM meta WHERE key = ?`, []any{key}, &value)
	return value, err
}

// Counts is what the tables hold.
type Counts struct {
	ByScope map[scope.Scope]int  // active memories
	ByState map[memory.State]int // memories
	Jobs    int
	Outbox  int // events not synced
}

// Count counts what the tables hold. It reads every memory.
func (v *View) Count(ctx context.Context) (Counts, error) {
	c := Counts{ByScope: map[scope.Scope]int{}, ByState: map[memory.State]int{}}
	rows, err := v.query(ctx, "count", `SELECT scope, state, count(*) FROM memories GROUP BY scope, state`)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for rows.Next() {
		var sc, state int64
		var n int
		if err := rows.Scan(&sc, &state, &n); err != nil {
			return c, wrap("count", err)
		}
		if state < 1 || int(state) >= len(states) {
			continue
		}
		c.ByState[states[state]] += n
		if states[state] == memory.Active {
			c.ByScope[scope.Scope(sc)] += n
		}
	}
	if err := rows.Err(); err != nil {
		return c, wrap("count", err)
	}
	c.Jobs, c.Outbox, err = v.Queued(ctx)
	return c, err
}

// Queued counts what waits: embedding jobs, and events that are not synced.
func (v *View) Queued(ctx context.Context) (jobs, outbox int, err error) {
	_, err = v.row(ctx, "count", `SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM outbox WHERE synced = 0)`, nil, &jobs, &outbox)
	return jobs, outbox, err
}

// jsonList writes names or numbers as a JSON array, for json_each.
func jsonList[T string | int64](all []T) string {
	if all == nil {
		return "[]"
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic(err) // names and numbers always marshal
	}
	return string(b)
}

// idList writes ids as hexadecimal strings. What is no id is left out: no memory has it.
func idList(ids []memory.ID) string {
	all := make([]string, 0, len(ids))
	for _, id := range ids {
		if b, err := idBytes(id); err == nil {
			all = append(all, hex.EncodeToString(b))
		}
	}
	return jsonList(all)
}
