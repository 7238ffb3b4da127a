package catalog

import (
	"context"
	"errors"

	"github.com/mattn/go-sqlite3"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Integrity asks SQLite to check the database file and the full-text index by its own lights, and returns what it
// finds, at most 100 lines; none means that all is well. Each page is decrypted and authenticated on the way.
func (v *View) Integrity(ctx context.Context) ([]string, error) {
	// FTS5 notices what other connections have merged since only when a query begins, and not in the integrity check,
	// which would take the segments that are gone for damage.
	var out []string
	if _, err := v.row(ctx, "integrity check", `SELECT count(*) FROM fts WHERE fts MATCH 'a'`, nil, new(int)); IsDamage(err) {
		out = append(out, "fts5: "+err.Error())
	} else if err != nil {
		return nil, err
	}
	rows, err := v.query(ctx, "integrity check", `PRAGMA integrity_check`)
	if IsDamage(err) && len(out) > 0 {
		return out, nil // it takes the full-text index for a part of the whole; the rest is checked when that is mended
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, wrap("integrity check", err)
		}
		if line != "ok" {
			out = append(out, line)
		}
	}
	if err := wrap("integrity check", rows.Err()); err != nil && (!IsDamage(err) || len(out) == 0) {
		return nil, err
	}
	return out, nil
}

// FullText calls fn for each occurrence of a term in the full-text table: the row it belongs to, the column ("title",
// "content" or "tags") and the term, in the order of the terms.
func (v *View) FullText(ctx context.Context, fn func(row int64, column, term string) error) error {
	rows, err := v.query(ctx, "read fts", `SELECT doc, col, term FROM fts_terms`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var column, term string
		if err := rows.Scan(&row, &column, &term); err != nil {
			return wrap("read fts", err)
		}
		if err := fn(row, column, term); err != nil {
			return err
		}
	}
	return wrap("read fts", rows.Err())
}

// FullTextRows calls fn for each row of the full-text table, terms or not.
func (v *View) FullTextRows(ctx context.Context, fn func(row int64) error) error {
	return v.eachRow(ctx, `SELECT id FROM fts_docsize`, fn)
}

// JobRows calls fn for each row that waits for an embedding.
func (v *View) JobRows(ctx context.Context, fn func(row int64) error) error {
	return v.eachRow(ctx, `SELECT row FROM jobs`, fn)
}

func (v *View) eachRow(ctx context.Context, query string, fn func(row int64) error) error {
	rows, err := v.query(ctx, "read rows", query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return wrap("read rows", err)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return wrap("read rows", rows.Err())
}

// Tags calls fn for each tag of each row in the table of tags.
func (v *View) Tags(ctx context.Context, fn func(row int64, tag string) error) error {
	rows, err := v.query(ctx, "read tags", `SELECT row, tag FROM tags`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var tag string
		if err := rows.Scan(&row, &tag); err != nil {
			return wrap("read tags", err)
		}
		if err := fn(row, tag); err != nil {
			return err
		}
	}
	return wrap("read tags", rows.Err())
}

// LastEvents calls fn for the newest event of each memory that has one.
func (v *View) LastEvents(ctx context.Context, fn func(Event) error) error {
	events, err := v.events(ctx, ` WHERE seq IN (SELECT max(seq) FROM outbox GROUP BY memory) ORDER BY seq`)
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

// ClearFullText empties the full-text table, whatever state it is in. The caller puts every record's words again.
func (tx *Tx) ClearFullText() error {
	_, err := tx.exec("clear fts", `INSERT INTO fts (fts) VALUES ('delete-all')`)
	var e sqlite3.Error
	if !IsDamage(err) && !(errors.As(err, &e) && e.Code == sqlite3.ErrError) {
		return err
	}
	// One of the tables that FTS5 keeps behind it is gone or emptied. To drop it all FTS5 asks for is its version.
	for _, q := range []string{
		`CREATE TABLE IF NOT EXISTS fts_config (k PRIMARY KEY, v) WITHOUT ROWID`, `INSERT OR REPLACE INTO fts_config (k, v) VALUES ('version', 4)`,
		`DROP TABLE fts`,
	} {
		if _, derr := tx.exec("drop fts", q); derr != nil {
			return errors.Join(err, derr)
		}
	}
	return tx.MendSchema()
}

// PutWords puts the words of a row that is not sealed into the tables fts and tags, in place of what is there; at the
// next SettleWords where they wait for that.
func (tx *Tx) PutWords(row int64, words *Words) error {
	if err := tx.DropWords(row); err != nil {
		return err
	}
	if tx.waits(row) {
		tx.wait(row, words)
		return nil
	}
	return tx.putWords(row, words)
}

// DropWords removes the words of a row from the tables fts and tags, where there should be none while they wait.
func (tx *Tx) DropWords(row int64) error {
	if tx.waits(row) {
		tx.wait(row, nil)
	}
	tx.w.merging = true // so that the place of what went comes back
	return tx.dropWords(row)
}

// ByRow reads the record with that row; ok is false when there is none.
func (tx *Tx) ByRow(row int64) (r Record, ok bool, err error) {
	recs, err := tx.ByRows([]int64{row})
	if err != nil || len(recs) == 0 {
		return Record{}, false, err
	}
	return recs[0], true, nil
}

// IsDamage reports whether err says that the database is damaged.
func IsDamage(err error) bool {
	var c *memory.CorruptError
	return errors.As(err, &c)
}

// EachTerms calls fn for each record with its terms and its body, by rising row.
func (tx *Tx) EachTerms(fn func(*Record) error) error {
	// The rows come first: a connection reads nothing else while it lists them.
	all, err := tx.rows()
	if err != nil {
		return err
	}
	for _, row := range all {
		r, ok, err := tx.ByRow(row)
		if err != nil {
			return err
		}
		if ok {
			if err := fn(&r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) rows() ([]int64, error) {
	rows, err := tx.w.conn.QueryContext(tx.w.base, `SELECT row FROM memories ORDER BY row`)
	if err != nil {
		return nil, wrap("read rows", err)
	}
	defer rows.Close()
	var all []int64
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return nil, wrap("read rows", err)
		}
		all = append(all, row)
	}
	return all, wrap("read rows", rows.Err())
}

// LastEvent returns the newest event of a memory; ok is false when there is none.
func (tx *Tx) LastEvent(id memory.ID) (e Event, ok bool, err error) {
	key, err := idBytes(id)
	if err != nil {
		return Event{}, false, nil //nolint:nilerr // no memory has an id of another form
	}
	var op, sc int64
	ok, err = tx.row("read event", `SELECT seq, op, version, scope, team FROM outbox WHERE memory = ? ORDER BY seq DESC LIMIT 1`,
		[]any{key}, &e.Seq, &op, &e.Version, &sc, &e.Team)
	e.Memory, e.Op, e.Scope = id, Op(op), scope.Scope(sc)
	return e, ok, err
}
