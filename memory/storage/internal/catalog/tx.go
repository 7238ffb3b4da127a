package catalog

import (
	"database/sql"
	"errors"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// Tx is the writer's transaction as one request sees it. It is valid only inside the function given to DB.Write.
type Tx struct {
	w       *writer
	chain   chain
	changed bool
	after   []func()
	undos   []func()
	touches []*memory.Memory // stored in a session
	late    map[int64]*Words // by row: words that wait for settleWords; nil where none wait any more
	told    memory.Commit
}

// Told is what Options.Committed will be told of this request; the caller adds to it.
func (tx *Tx) Told() *memory.Commit { return &tx.told }

// After has fn run once the transaction is durable and before Write returns, in the order of the commits. fn runs
// on a goroutine of the catalogue and must not call Write.
func (tx *Tx) After(fn func()) { tx.after = append(tx.after, fn) }

// OnUndo has fn run if what this request did is undone. The functions run in reverse order.
func (tx *Tx) OnUndo(fn func()) { tx.undos = append(tx.undos, fn) }

func (tx *Tx) apply() {
	for _, fn := range tx.after {
		fn()
	}
}

func (tx *Tx) undo() {
	if tx == nil {
		return
	}
	for i := len(tx.undos) - 1; i >= 0; i-- {
		tx.undos[i]()
	}
	tx.undos = nil
}

// exec runs a statement that changes something.
func (tx *Tx) exec(op, query string, args ...any) (sql.Result, error) {
	if err := tx.w.db.fail(op); err != nil {
		return nil, wrap(op, err)
	}
	tx.changed = true
	res, err := tx.w.conn.ExecContext(tx.w.base, query, args...)
	return res, wrap(op, err)
}

// changedRow has Options.Changed be told of row.
func (tx *Tx) changedRow(row int64) {
	if changed := tx.w.db.opts.Changed; changed != nil {
		tx.After(func() { changed(row) })
	}
}

// row runs a query for one row and reports whether there was one.
func (tx *Tx) row(op, query string, args []any, dst ...any) (bool, error) {
	if err := tx.w.db.fail(op); err != nil {
		return false, wrap(op, err)
	}
	err := tx.w.conn.QueryRowContext(tx.w.base, query, args...).Scan(dst...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, wrap(op, err)
}

// Insert stores a new memory and sets r.Row. words must be nil for a record that fts and tags do not hold.
func (tx *Tx) Insert(r *Record, words *Words) error {
	args, err := r.columns()
	if err != nil {
		return err
	}
	res, err := tx.exec("insert memory", insertMemory, args...)
	if err != nil {
		return exists(err)
	}
	if r.Row, err = res.LastInsertId(); err != nil {
		return wrap("insert memory", err)
	}
	if _, err := tx.exec("insert text", `INSERT INTO texts (row, body) VALUES (?, ?)`, r.Row, r.Body); err != nil {
		return err
	}
	tx.waitHash(r.Row, r.knownBy())
	tx.wait(r.Row, words)
	return nil
}

// Update replaces the record of r.Row. listed says whether what was there before had entries in fts and tags; without words
// it has none any more.
func (tx *Tx) Update(r *Record, words *Words, listed bool) error {
	args, err := r.columns()
	if err != nil {
		return err
	}
	if err := tx.rehash(r.Row, r.knownBy()); err != nil {
		return err
	}
	if _, err := tx.exec("update memory", updateMemory, append(args, r.Row)...); err != nil {
		return err
	}
	if err := tx.Touch(r.Row, TouchedMemory); err != nil {
		return err
	}
	if _, err := tx.exec("update text", `UPDATE texts SET body = ? WHERE row = ?`, r.Body, r.Row); err != nil {
		return err
	}
	if tx.waits(r.Row) {
		tx.wait(r.Row, words)
		return nil
	}
	if listed {
		if err := tx.dropWords(r.Row); err != nil {
			return err
		}
		if words == nil {
			tx.w.merging = true // so that the place of what went comes back
		}
	}
	if words == nil && r.Memory.Scope.Sealed() { // what was public before must not stay in a segment
		tx.After(tx.w.noteDeletion)
	}
	return tx.putWords(r.Row, words)
}

// UpdateAttributes is Update for a record whose words did not change.
func (tx *Tx) UpdateAttributes(r *Record) error {
	args, err := r.columns()
	if err != nil {
		return err
	}
	if err := tx.rehash(r.Row, r.knownBy()); err != nil {
		return err
	}
	if _, err := tx.exec("update memory", updateMemory, append(args, r.Row)...); err != nil {
		return err
	}
	if err := tx.Touch(r.Row, TouchedMemory); err != nil {
		return err
	}
	_, err = tx.exec("update text", `UPDATE texts SET body = ? WHERE row = ?`, r.Body, r.Row)
	return err
}

// Delete removes the memory of row with all that hangs on it. Its requests stay, so that a repeated call is known.
func (tx *Tx) Delete(row int64, sealed bool) error {
	switch {
	case tx.waits(row):
		tx.wait(row, nil)
	case !sealed:
		if err := tx.dropWords(row); err != nil {
			return err
		}
		tx.After(tx.w.noteDeletion)
	}
	if err := tx.rehash(row, nil); err != nil {
		return err
	}
	if _, err := tx.exec("delete memory", `DELETE FROM memories WHERE row = ?`, row); err != nil {
		return err
	}
	return tx.Touch(row, TouchedMemory)
}

// ByID reads the whole record of id; ok is false when there is none.
func (tx *Tx) ByID(id memory.ID) (r Record, ok bool, err error) {
	key, err := idBytes(id)
	if err != nil {
		return Record{}, false, nil //nolint:nilerr // no memory has an id of another form
	}
	if err := tx.w.db.fail("read memory"); err != nil {
		return Record{}, false, wrap("read memory", err)
	}
	rows, err := tx.w.conn.QueryContext(tx.w.base, selectWhole+` WHERE m.id = ?`, key)
	if err != nil {
		return Record{}, false, wrap("read memory", err)
	}
	recs, err := scanRecords(rows, 1)
	if err != nil || len(recs) == 0 {
		return Record{}, false, err
	}
	return recs[0], true, nil
}

// ByRows reads the whole records of rows, as far as they exist.
func (tx *Tx) ByRows(rows []int64) ([]Record, error) {
	if err := tx.w.db.fail("read memories"); err != nil {
		return nil, wrap("read memories", err)
	}
	found, err := tx.w.conn.QueryContext(tx.w.base, selectWhole+` WHERE m.row IN (SELECT value FROM json_each(?))`, jsonList(rows))
	if err != nil {
		return nil, wrap("read memories", err)
	}
	return scanRecords(found, len(rows))
}

// Request looks up a request that was answered before.
func (tx *Tx) Request(key string) (id memory.ID, duplicate, ok bool, err error) {
	if key == "" {
		return "", false, false, nil
	}
	var mem []byte
	ok, err = tx.row("read request", `SELECT memory, duplicate FROM requests WHERE key = ?`, []any{requestHash(key)}, &mem, &duplicate)
	return idOf(mem), duplicate, ok, err
}

// PutRequest records that the request key was answered with the memory id.
func (tx *Tx) PutRequest(key string, id memory.ID, duplicate bool, at time.Time) error {
	if key == "" {
		return nil
	}
	mem, err := idBytes(id)
	if err != nil {
		return err
	}
	_, err = tx.exec("insert request", `INSERT OR REPLACE INTO requests (key, memory, duplicate, at) VALUES (?, ?, ?, ?)`,
		requestHash(key), mem, duplicate, at.UnixMilli())
	return err
}

// PutJob has the memory of row wait for its embedding; a job that is there starts over.
func (tx *Tx) PutJob(row int64) error {
	_, err := tx.exec("insert job", `INSERT OR REPLACE INTO jobs (row, attempts, not_before) VALUES (?, 0, 0)`, row)
	return err
}

// DropJob removes the job of row, if it has one.
func (tx *Tx) DropJob(row int64) error {
	_, err := tx.exec("delete job", `DELETE FROM jobs WHERE row = ?`, row)
	return err
}

// DelayJob counts an attempt against the job of a memory and keeps it back until after.
func (tx *Tx) DelayJob(id memory.ID, after time.Time) error {
	key, err := idBytes(id)
	if err != nil {
		return nil //nolint:nilerr // no memory has an id of another form
	}
	_, err = tx.exec("delay job", `UPDATE jobs SET attempts = attempts + 1, not_before = ? WHERE row = (SELECT row FROM memories WHERE id = ?)`,
		after.UnixMilli(), key)
	return err
}

// TouchSession records that a memory was stored in a session. The batch writes it once for all its requests.
func (tx *Tx) TouchSession(m *memory.Memory) {
	if m.Session != "" {
		tx.touches = append(tx.touches, m)
	}
}

// sessionTouch is what the requests of a batch did in one session.
type sessionTouch struct {
	first    *memory.Memory
	from, to int64 // Unix milliseconds
	memories int
}

// touchSessions writes what the requests of a batch did in their sessions.
func (w *writer) touchSessions(batch []*request) error {
	var order []*sessionTouch
	touched := map[string]*sessionTouch{}
	for _, r := range batch {
		if r.err != nil {
			continue
		}
		for _, m := range r.tx.touches {
			at := m.CreatedAt.UnixMilli()
			t := touched[m.Session]
			if t == nil {
				t = &sessionTouch{first: m, from: at, to: at}
				touched[m.Session], order = t, append(order, t)
			}
			t.from, t.to, t.memories = min(t.from, at), max(t.to, at), t.memories+1
		}
	}
	for _, t := range order {
		m := t.first
		err := w.exec("touch session", `INSERT INTO sessions (id, client, user, project, status, started_at, last_at, memories, num)
			VALUES (?, ?, ?, ?, 'open', ?, ?, ?, (SELECT coalesce(max(num), 0) + 1 FROM sessions))
			ON CONFLICT (id) DO UPDATE SET last_at = max(last_at, excluded.last_at), memories = memories + excluded.memories`,
			m.Session, m.Client, m.Author, m.Project, t.from, t.to, t.memories)
		if err != nil {
			return err
		}
	}
	return nil
}

// AddUses adds to the counts of how often memories were returned, and when last. Where each is set, it is told of those that exist.
func (tx *Tx) AddUses(uses map[memory.ID]Use, each func(id memory.ID, row int64)) error {
	for id, u := range uses {
		key, err := idBytes(id)
		if err != nil {
			continue // no memory has an id of another form
		}
		tx.changed = true
		var row int64
		known, err := tx.row("count use", `INSERT INTO usage (row, uses, last_at) SELECT row, ?, ? FROM memories WHERE id = ?
			ON CONFLICT (row) DO UPDATE SET uses = uses + excluded.uses, last_at = max(last_at, excluded.last_at) RETURNING row`,
			[]any{u.Count, u.Last.UnixMilli(), key}, &row)
		if err != nil {
			return err
		}
		if known {
			tx.changedRow(row)
			if each != nil {
				each(id, row)
			}
		}
	}
	return nil
}

// SetMeta stores a value under a name of the store's choosing.
func (tx *Tx) SetMeta(key string, value []byte) error {
	_, err := tx.exec("write meta", `INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)`, key, value)
	return err
}
