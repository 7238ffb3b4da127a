package catalog

import (
	"context"
	"errors"
	"maps"
)

// Late words
//
// The full-text table writes a segment, and its own books, at each commit, and the table of tags a page in two
// trees: for a few memories at a time that is more than all the rest of them. So a new memory's words and tags wait:
// its row is above the counter "words", and settleWords puts the words of many such rows into the tables at once, after
// lateWords of them and in idle time. Which words wait follows from the record and the counter alone, so that a crash
// loses none of them; RAM holds them to spare reading them again. Searches ask the index in RAM about the rows that
// wait (View.Settled).

const (
	lateWords  = 256    // rows that wait before they are settled between batches
	lateMost   = 20_000 // and while the full-text index is merged
	settleSize = 512    // rows settled in one transaction at most
	settleBusy = 4      // transactions between two batches at most
)

// waits reports whether the words of row are yet to come into fts and tags.
func (tx *Tx) waits(row int64) bool { return row > tx.w.db.settled.Load() }

// wait has words put into fts and tags later. nil says that the row has none to wait for.
func (tx *Tx) wait(row int64, words *Words) {
	if tx.late == nil {
		tx.late = map[int64]*Words{}
	}
	tx.late[row] = words
}

// keepLate takes over what a request left to wait, once that is committed.
func (w *writer) keepLate(late map[int64]*Words) {
	for row, words := range late {
		if words == nil {
			delete(w.late, row)
		} else {
			w.late[row] = words
		}
	}
}

// Settled returns the last row whose words and tags are in the tables; those of the rows after it wait.
func (d *DB) Settled() int64 { return d.settled.Load() }

// Settled returns the last row whose words and tags are in the tables, as this View sees them.
func (v *View) Settled(ctx context.Context) (row int64, err error) {
	_, err = v.row(ctx, "read counter", `SELECT n FROM counters WHERE name = 'words'`, nil, &row)
	return row, err
}

// SettleWords puts the words that wait now into the tables.
func (d *DB) SettleWords(ctx context.Context) error { return d.Exclusive(ctx, d.writer.settleWords) }

// readSettled finds out what waits on open: everything where the counter is missing. One beyond the last row that was ever given
// would have the words of new memories neither wait nor be there; it is set right.
func (w *writer) readSettled() error {
	var settled, last, given int64
	err := w.conn.QueryRowContext(w.base, `SELECT coalesce((SELECT n FROM counters WHERE name = 'words'), 0), (SELECT coalesce(max(row), 0) FROM memories),
		coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'memories'), 0)`).Scan(&settled, &last, &given)
	if err != nil {
		return wrap("read counter", err)
	}
	if given = max(given, last); settled > given {
		if err := w.exec("mend counter", `UPDATE counters SET n = ? WHERE name = 'words'`, given); err != nil {
			return err
		}
		settled = given
	}
	w.db.settled.Store(settled)
	w.unsettled = last > settled
	return w.readHashes()
}

// settleWords puts all words that wait into fts and tags. Like a merge it changes nothing that anybody was promised,
// and so is not synced by itself.
func (w *writer) settleWords() error {
	for w.wordsWait() {
		if err := w.settleStep(); err != nil {
			return err
		}
	}
	return nil
}

// wordsWait reports whether there is something to settle.
func (w *writer) wordsWait() bool { return w.unsettled || len(w.late) > 0 }

// settleStep settles the words of some rows, and keeps the log and the segments within bounds: after an import there may be
// many rows.
func (w *writer) settleStep() error {
	if err := w.unsynced("settle words", w.settleSome); err != nil {
		w.segments = mergeAfter // there may be too many
		return err
	}
	w.merging = true
	if w.segments++; w.segments < mergeAfter {
		return nil
	}
	w.segments = 0
	err := w.checkpoint(w.db.opts.WALLimit)
	_, merr := w.merge(w.busyMerge())
	w.trouble = errors.Join(err, merr) // what is settled is settled
	return nil
}

// settleSome settles the words of the next rows, as one transaction.
func (w *writer) settleSome() error {
	rows, err := w.waiting()
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		w.unsettled = false
		clear(w.late)
		w.hashes = lateHashes{}
		return nil
	}
	last := rows[len(rows)-1].row
	if err := w.exec("settle words", "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err = w.settleRows(rows, last); err == nil {
		w.db.step("sqlite-words")
		err = w.exec("settle words", "COMMIT")
	}
	if err != nil {
		w.rollback()
		return err
	}
	w.db.settled.Store(last)
	for _, r := range rows {
		w.hashes.drop(r.row)
	}
	maps.DeleteFunc(w.late, func(row int64, _ *Words) bool { return row <= last })
	return nil
}

// waitingRow is a row above the counter.
type waitingRow struct {
	row      int64
	unlisted bool // sealed or archived: the tables do not hold it
}

func (w *writer) waiting() ([]waitingRow, error) {
	found, err := w.conn.QueryContext(w.base, `SELECT row, sealed OR state = 3 FROM memories WHERE row > ? ORDER BY row LIMIT ?`, w.db.settled.Load(), settleSize)
	if err != nil {
		return nil, wrap("settle words", err)
	}
	defer found.Close()
	var rows []waitingRow
	for found.Next() {
		var r waitingRow
		if err := found.Scan(&r.row, &r.unlisted); err != nil {
			return nil, wrap("settle words", err)
		}
		rows = append(rows, r)
	}
	return rows, wrap("settle words", found.Err())
}

func (w *writer) settleRows(rows []waitingRow, last int64) error {
	tx := &Tx{w: w}
	forgotten, err := w.recall(tx, rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		words := w.late[r.row]
		if words == nil {
			words = forgotten[r.row]
		}
		if r.unlisted || words == nil {
			continue
		}
		if err := tx.putWords(r.row, words); err != nil {
			return err
		}
	}
	if err := tx.settleHashes(last); err != nil {
		return err
	}
	_, err = tx.exec("settle words", `INSERT OR REPLACE INTO counters (name, n) VALUES ('words', ?)`, last)
	return err
}

// recall makes the words of those rows that waited when the database was last closed or killed.
func (w *writer) recall(tx *Tx, rows []waitingRow) (map[int64]*Words, error) {
	var missing []int64
	for _, r := range rows {
		if !r.unlisted && w.late[r.row] == nil {
			missing = append(missing, r.row)
		}
	}
	if len(missing) == 0 || w.db.opts.Words == nil {
		return nil, nil
	}
	records, err := tx.ByRows(missing)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*Words, len(records))
	for i := range records {
		if words, err := w.db.opts.Words(&records[i]); err == nil && words != nil {
			out[records[i].Row] = words
		}
	}
	return out, nil
}

func (tx *Tx) putWords(row int64, w *Words) error {
	if w == nil {
		return nil
	}
	_, err := tx.exec("insert fts", `INSERT OR REPLACE INTO fts (rowid, title, content, tags) VALUES (?, ?, ?, ?)`, row, w.Title, w.Content, w.Labels)
	if err != nil {
		return err
	}
	for _, t := range w.Tags {
		if _, err := tx.exec("insert tag", `INSERT OR IGNORE INTO tags (tag, row) VALUES (?, ?)`, t, row); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) dropWords(row int64) error {
	if _, err := tx.exec("delete fts", `DELETE FROM fts WHERE rowid = ?`, row); err != nil {
		return err
	}
	_, err := tx.exec("delete tags", `DELETE FROM tags WHERE row = ?`, row)
	return err
}
