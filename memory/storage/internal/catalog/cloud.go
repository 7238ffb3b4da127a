package catalog

import (
	"bytes"
	"context"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// CloudRow is what is known of a memory in a place of the cloud. The catalogue does not look into Base, Pending and
// Others; nil is none.
type CloudRow struct {
	Version uint64
	Epoch   uint64
	Hash    []byte
	Base    []byte
	Pending []byte
	Others  []byte
	Held    string
}

// CloudPlace says which events and rows belong together.
type CloudPlace struct {
	Key   []byte      // of cloud_rows
	Scope scope.Scope // of the events
	Teams []string    // names that events give the team; "" among them for none given
}

// where selects the events of a place that are not synced; it takes the scope and the teams.
const cloudEvents = `synced = 0 AND scope = ? AND team IN (SELECT value FROM json_each(?))`

// What a round asks for names its index: without statistics SQLite takes the primary key, or all events there ever were,
// and walks through whatever was synced long ago.
const (
	cloudChanged = `SELECT memory FROM outbox o INDEXED BY outbox_pending WHERE ` + cloudEvents + `
		AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.memory = o.memory AND e.seq < o.seq
			AND e.synced = 0 AND e.scope = o.scope AND e.team IN (SELECT value FROM json_each(?)))
		AND NOT EXISTS (SELECT 1 FROM cloud_rows r WHERE r.place = ? AND r.memory = o.memory AND r.pending IS NOT NULL)
		ORDER BY seq LIMIT ?`
	cloudPending = `SELECT memory FROM cloud_rows INDEXED BY cloud_pending WHERE place = ? AND pending IS NOT NULL ORDER BY memory LIMIT ?`
	cloudHeld    = `SELECT memory FROM cloud_rows INDEXED BY cloud_held WHERE place = ? AND held <> '' ORDER BY memory LIMIT ?`
)

// CloudChanged returns up to n memories with events of p that are not synced and without a pending version, the
// longest waiting first.
func (v *View) CloudChanged(ctx context.Context, p CloudPlace, n int) ([]memory.ID, error) {
	return v.cloudIDs(ctx, cloudChanged, int64(p.Scope), jsonList(p.Teams), jsonList(p.Teams), p.Key, n)
}

// CloudPending returns up to n memories with a pending version in p.
func (v *View) CloudPending(ctx context.Context, p CloudPlace, n int) ([]memory.ID, error) {
	return v.cloudIDs(ctx, cloudPending, p.Key, n)
}

// CloudHeld returns up to n memories whose newest version in p was not used.
func (v *View) CloudHeld(ctx context.Context, p CloudPlace, n int) ([]memory.ID, error) {
	return v.cloudIDs(ctx, cloudHeld, p.Key, n)
}

// CloudConflicts returns up to n memories with texts that wait for a decision, in any place.
func (v *View) CloudConflicts(ctx context.Context, n int) ([]memory.ID, error) {
	return v.cloudIDs(ctx, `SELECT DISTINCT memory FROM cloud_rows WHERE others IS NOT NULL ORDER BY memory LIMIT ?`, n)
}

// cloudOlder selects what stands in a place under an epoch before a given one, and waits for nothing.
const cloudOlder = `FROM cloud_rows r WHERE place = ? AND version > 0 AND epoch < ? AND pending IS NULL AND held = ''
	AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.memory = r.memory AND synced = 0)`

// CloudOlder returns up to n memories, by id from the one behind after on, that stand in p under an epoch before the
// given one and wait for nothing.
func (v *View) CloudOlder(ctx context.Context, p CloudPlace, epoch uint64, after memory.ID, n int) ([]memory.ID, error) {
	behind := []byte{}
	if after != "" {
		var err error
		if behind, err = idBytes(after); err != nil {
			return nil, err
		}
	}
	return v.cloudIDs(ctx, `SELECT memory `+cloudOlder+` AND memory > ? ORDER BY memory LIMIT ?`, p.Key, int64(epoch), behind, n)
}

// CloudOlderCount counts all that CloudOlder would list.
func (v *View) CloudOlderCount(ctx context.Context, p CloudPlace, epoch uint64) (n int, err error) {
	rows, err := v.query(ctx, "count cloud rows", `SELECT count(*) `+cloudOlder, p.Key, int64(epoch))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, wrap("count cloud rows", err)
		}
	}
	return n, wrap("count cloud rows", rows.Err())
}

func (v *View) cloudIDs(ctx context.Context, query string, args ...any) ([]memory.ID, error) {
	rows, err := v.query(ctx, "read cloud rows", query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []memory.ID
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, wrap("read cloud rows", err)
		}
		out = append(out, idOf(id))
	}
	return out, wrap("read cloud rows", rows.Err())
}

// CloudRows returns what is known of ids in p, as far as anything is.
func (v *View) CloudRows(ctx context.Context, p CloudPlace, ids []memory.ID) (map[memory.ID]CloudRow, error) {
	rows, err := v.query(ctx, "read cloud rows", `SELECT memory, version, epoch, hash, base, pending, others, held FROM cloud_rows
		WHERE place = ? AND memory IN (SELECT unhex(value) FROM json_each(?))`, p.Key, idList(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[memory.ID]CloudRow, len(ids))
	for rows.Next() {
		var id []byte
		var version, epoch int64
		var r CloudRow
		if err := rows.Scan(&id, &version, &epoch, &r.Hash, &r.Base, &r.Pending, &r.Others, &r.Held); err != nil {
			return nil, wrap("read cloud rows", err)
		}
		r.Version, r.Epoch = uint64(version), uint64(epoch)
		out[idOf(id)] = r
	}
	return out, wrap("read cloud rows", rows.Err())
}

// CloudWaiting is the newest event of a memory that is not synced.
type CloudWaiting struct {
	Seq int64
	At  time.Time
}

// CloudWaitingOf returns the newest event of p that is not synced of each of ids that has one.
func (v *View) CloudWaitingOf(ctx context.Context, p CloudPlace, ids []memory.ID) (map[memory.ID]CloudWaiting, error) {
	rows, err := v.query(ctx, "read events", `SELECT memory, max(seq), at FROM outbox WHERE `+cloudEvents+`
		AND memory IN (SELECT unhex(value) FROM json_each(?)) GROUP BY memory`, int64(p.Scope), jsonList(p.Teams), idList(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[memory.ID]CloudWaiting{}
	for rows.Next() {
		var id []byte
		var w CloudWaiting
		var at int64
		if err := rows.Scan(&id, &w.Seq, &at); err != nil {
			return nil, wrap("read events", err)
		}
		w.At = time.UnixMilli(at).UTC()
		out[idOf(id)] = w
	}
	return out, wrap("read events", rows.Err())
}

// HasJobs returns which of rows wait for an embedding.
func (v *View) HasJobs(ctx context.Context, rows []int64) (map[int64]bool, error) {
	found, err := v.query(ctx, "read jobs", `SELECT row FROM jobs WHERE row IN (SELECT value FROM json_each(?))`, jsonList(rows))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	out := map[int64]bool{}
	for found.Next() {
		var row int64
		if err := found.Scan(&row); err != nil {
			return nil, wrap("read jobs", err)
		}
		out[row] = true
	}
	return out, wrap("read jobs", found.Err())
}

// CloudWaiting returns the newest event of p and id that is not synced; 0 for none.
func (tx *Tx) CloudWaiting(p CloudPlace, id memory.ID) (seq int64, err error) {
	key, err := idBytes(id)
	if err != nil {
		return 0, err
	}
	_, err = tx.row("read event", `SELECT coalesce(max(seq), 0) FROM outbox WHERE memory = ? AND `+cloudEvents, []any{key, int64(p.Scope), jsonList(p.Teams)}, &seq)
	return seq, err
}

// PutCloudRow replaces what is known of a memory in p.
func (tx *Tx) PutCloudRow(p CloudPlace, id memory.ID, r CloudRow) error {
	key, err := idBytes(id)
	if err != nil {
		return err
	}
	if r.Hash == nil {
		r.Hash = []byte{}
	}
	var others []byte
	if _, err := tx.row("read cloud row", `SELECT others FROM cloud_rows WHERE place = ? AND memory = ?`, []any{p.Key, key}, &others); err != nil {
		return err
	}
	if !bytes.Equal(others, r.Others) { // they are shown beside the memory
		tx.told.Aside(id)
	}
	_, err = tx.exec("write cloud row", `INSERT OR REPLACE INTO cloud_rows (place, memory, version, epoch, hash, base, pending, others, held)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.Key, key, int64(r.Version), int64(r.Epoch), r.Hash, blob(r.Base), blob(r.Pending), blob(r.Others), r.Held)
	return err
}

func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// ClearCloudOthers drops the texts that wait for a decision beside a memory, in every place.
func (tx *Tx) ClearCloudOthers(id memory.ID) error {
	key, err := idBytes(id)
	if err != nil {
		return err
	}
	tx.told.Aside(id)
	_, err = tx.exec("write cloud row", `UPDATE cloud_rows SET others = NULL WHERE memory = ?`, key)
	return err
}

// CloudDone marks the events of p and id up to seq as synced, and drops those that newer ones have made pointless.
func (tx *Tx) CloudDone(p CloudPlace, id memory.ID, seq int64) error {
	key, err := idBytes(id)
	if err != nil {
		return err
	}
	if _, err := tx.exec("mark events", `UPDATE outbox SET synced = 1 WHERE memory = ? AND seq <= ? AND `+cloudEvents, key, seq, int64(p.Scope), jsonList(p.Teams)); err != nil {
		return err
	}
	_, err = tx.exec("compact events", `DELETE FROM outbox WHERE memory = ?1 AND synced = 1 AND seq < (SELECT max(seq) FROM outbox WHERE memory = ?1)`, key)
	return err
}

// LastSeq returns the number of the newest event of all.
func (tx *Tx) LastSeq() (seq int64, err error) {
	_, err = tx.row("read event", `SELECT coalesce(max(seq), 0) FROM outbox`, nil, &seq)
	return seq, err
}

// CloudArrived marks the events of id after seq as synced: they tell of a change that came from the cloud.
func (tx *Tx) CloudArrived(id memory.ID, seq int64) error {
	key, err := idBytes(id)
	if err != nil {
		return err
	}
	_, err = tx.exec("mark events", `UPDATE outbox SET synced = 1 WHERE memory = ? AND seq > ?`, key, seq)
	return err
}
