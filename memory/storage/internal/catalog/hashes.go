package catalog

import (
	"context"
	"slices"

	"github.com/elderzan/elderzan/memory"
)

// Late hashes
//
// By its hash a text is known again. Hashes follow no order, so that an index over them has a page for each new memory to
// be written in the commit that acknowledges it, which is half of all the pages. So the table hashes gets the rows that
// wait together with their words (words.go), and until then the writer has them in RAM, where it finds them as well. What
// waits follows from the record and the counter "words": after a crash it is read again. Archived memories have no hash: the
// same text may be remembered again.

// prefixSize is how many bytes of a hash stand in the table hashes.
const prefixSize = 8

// lateHashes are the beginnings of the hashes of rows that wait. There may be many: words wait while the full-text index is merged.
type lateHashes struct {
	rows   map[string][]int64 // by prefix
	prefix map[int64]string   // by row
}

func (l *lateHashes) add(row int64, prefix string) {
	if l.rows == nil {
		l.rows, l.prefix = map[string][]int64{}, map[int64]string{}
	}
	l.rows[prefix], l.prefix[row] = append(l.rows[prefix], row), prefix
}

// drop forgets the hash of a row, and returns what it was.
func (l *lateHashes) drop(row int64) (prefix string, ok bool) {
	if prefix, ok = l.prefix[row]; !ok {
		return "", false
	}
	delete(l.prefix, row)
	if left := slices.DeleteFunc(l.rows[prefix], func(r int64) bool { return r == row }); len(left) > 0 {
		l.rows[prefix] = left
	} else {
		delete(l.rows, prefix)
	}
	return prefix, true
}

func prefixOf(hash []byte) string { return string(hash[:min(len(hash), prefixSize)]) }

// ActiveByHash finds the active memory with this hash of project and text.
func (tx *Tx) ActiveByHash(hash []byte) (id memory.ID, row int64, ok bool, err error) {
	var key []byte
	prefix := prefixOf(hash)
	for _, late := range tx.w.hashes.rows[prefix] {
		ok, err = tx.row("find duplicate", `SELECT id, row FROM memories WHERE row = ? AND hash = ? AND state = 1`, []any{late, hash}, &key, &row)
		if ok || err != nil {
			return idOf(key), row, ok, err
		}
	}
	ok, err = tx.row("find duplicate", `SELECT m.id, m.row FROM hashes h CROSS JOIN memories m ON m.row = h.row WHERE h.prefix = ? AND m.hash = ? AND m.state = 1`,
		[]any{[]byte(prefix), hash}, &key, &row)
	return idOf(key), row, ok, err
}

// GaveWay finds the memory with this hash of project and text that is superseded by that one; of several the one with the
// lowest id.
func (tx *Tx) GaveWay(hash []byte, by memory.ID) (id memory.ID, ok bool, err error) {
	winner, err := idBytes(by)
	if err != nil {
		return "", false, err
	}
	prefix := prefixOf(hash)
	find := func(query string, args ...any) error {
		var key []byte
		found, err := tx.row("find who gave way", query, args, &key)
		if got := idOf(key); found && (!ok || got < id) {
			id, ok = got, true
		}
		return err
	}
	for _, late := range tx.w.hashes.rows[prefix] {
		if err := find(`SELECT id FROM memories WHERE row = ? AND hash = ? AND state = 2 AND superseded_by = ?`, late, hash, winner); err != nil {
			return "", false, err
		}
	}
	err = find(`SELECT m.id FROM hashes h CROSS JOIN memories m ON m.row = h.row
		WHERE h.prefix = ? AND m.hash = ? AND m.state = 2 AND m.superseded_by = ? ORDER BY m.id LIMIT 1`, []byte(prefix), hash, winner)
	return id, ok, err
}

// knownBy is the hash by which the text of r is known again; nil where it is not.
func (r *Record) knownBy() []byte {
	if r.Memory.State == memory.Archived {
		return nil
	}
	return r.Hash
}

// waitHash has the hash of a row wait for the table, if there is one.
func (tx *Tx) waitHash(row int64, hash []byte) {
	if hash == nil {
		return
	}
	w := tx.w
	w.hashes.add(row, prefixOf(hash))
	tx.OnUndo(func() { w.hashes.drop(row) })
}

// rehash brings what is known of the row's hash to a new one, nil for none, before the record changes.
func (tx *Tx) rehash(row int64, hash []byte) error {
	w := tx.w
	if tx.waits(row) {
		if was, ok := w.hashes.drop(row); ok {
			tx.OnUndo(func() { w.hashes.add(row, was) })
		}
		tx.waitHash(row, hash)
		return nil
	}
	var old []byte
	ok, err := tx.row("read hash", `SELECT hash FROM memories WHERE row = ? AND state <> 3`, []any{row}, &old)
	if err != nil || ok && hash != nil && prefixOf(old) == prefixOf(hash) {
		return err
	}
	if _, err := tx.exec("delete hash", `DELETE FROM hashes WHERE prefix = ? AND row = ?`, []byte(prefixOf(old)), row); err != nil || hash == nil {
		return err
	}
	_, err = tx.exec("insert hash", `INSERT OR IGNORE INTO hashes (prefix, row) VALUES (?, ?)`, []byte(prefixOf(hash)), row)
	return err
}

// settleHashes puts the hashes of the rows up to last that wait into the table.
func (tx *Tx) settleHashes(last int64) error {
	_, err := tx.exec("settle hashes", `INSERT OR IGNORE INTO hashes (prefix, row) SELECT substr(hash, 1, ?), row FROM memories WHERE row > ? AND row <= ? AND state <> 3 ORDER BY 1`,
		prefixSize, tx.w.db.settled.Load(), last)
	return err
}

// readHashes reads the hashes of the rows that wait, on open.
func (w *writer) readHashes() error {
	rows, err := w.conn.QueryContext(w.base, `SELECT row, substr(hash, 1, ?) FROM memories WHERE row > ? AND state <> 3 ORDER BY row`, prefixSize, w.db.settled.Load())
	if err != nil {
		return wrap("read hashes", err)
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var prefix []byte
		if err := rows.Scan(&row, &prefix); err != nil {
			return wrap("read hashes", err)
		}
		w.hashes.add(row, string(prefix))
	}
	return wrap("read hashes", rows.Err())
}

// MendHash makes what the table holds of row anew from the record.
func (tx *Tx) MendHash(row int64) error {
	if _, err := tx.exec("delete hash", `DELETE FROM hashes WHERE row = ?`, row); err != nil || tx.waits(row) {
		return err
	}
	_, err := tx.exec("insert hash", `INSERT OR IGNORE INTO hashes (prefix, row) SELECT substr(hash, 1, ?), row FROM memories WHERE row = ? AND state <> 3`, prefixSize, row)
	return err
}

// Hashes calls fn for each entry of the table hashes, which is sound where fits says so and the row is there.
func (v *View) Hashes(ctx context.Context, fn func(row int64, fits bool) error) error {
	rows, err := v.query(ctx, "read hashes", `SELECT h.row, coalesce(h.prefix = substr(m.hash, 1, ?), 0) FROM hashes h LEFT JOIN memories m ON m.row = h.row`, prefixSize)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var fits bool
		if err := rows.Scan(&row, &fits); err != nil {
			return wrap("read hashes", err)
		}
		if err := fn(row, fits); err != nil {
			return err
		}
	}
	return wrap("read hashes", rows.Err())
}
