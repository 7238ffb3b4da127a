package catalog

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// LinkKind says what two memories have to do with each other.
type LinkKind int64

// The kinds of link.
const (
	Near     LinkKind = 1 // near-duplicates; the weight is their cosine
	Together LinkKind = 2 // recalled together; the weight is how often
)

// Link joins two memories, in no order.
type Link struct {
	A, B   int64 // rows
	Kind   LinkKind
	Weight float64
	At     time.Time
}

func (l *Link) ordered() (a, b int64) { return min(l.A, l.B), max(l.A, l.B) }

// PutLinks records links. A Near link replaces the one that is there, a Together link adds to it. Links of a memory with
// itself, or with one that is gone, are passed over.
func (tx *Tx) PutLinks(links []Link) error {
	for i := range links {
		l := &links[i]
		a, b := l.ordered()
		if a == b {
			continue
		}
		_, err := tx.exec("write link", `INSERT INTO links (a, b, kind, weight, at)
			SELECT x.row, y.row, ?3, ?4, ?5 FROM memories x, memories y WHERE x.row = ?1 AND y.row = ?2
			ON CONFLICT (a, kind, b) DO UPDATE SET at = max(at, excluded.at),
				weight = CASE kind WHEN 2 THEN weight + excluded.weight ELSE excluded.weight END`,
			a, b, int64(l.Kind), l.Weight, l.At.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

// dropNear forgets what row was a near-duplicate of, and tells of those.
func (tx *Tx) dropNear(row int64) error {
	tx.changed = true
	return tx.tellOthers("delete links", `DELETE FROM links WHERE kind = 1 AND (a = ?1 OR b = ?1)
		RETURNING (SELECT id FROM memories m WHERE m.row = CASE a WHEN ?1 THEN b ELSE a END)`, row)
}

// TellNear tells of the near-duplicates of row, beside which it is shown or not shown any more.
func (tx *Tx) TellNear(row int64) error {
	return tx.tellOthers("read links", `SELECT m.id FROM memories m JOIN (SELECT b AS row FROM links WHERE a = ?1 AND kind = 1
		UNION ALL SELECT a FROM links WHERE b = ?1 AND kind = 1) l USING (row)`, row)
}

// tellOthers runs a statement whose answer is ids of memories beside which something changes.
func (tx *Tx) tellOthers(op, query string, row int64) error {
	if err := tx.w.db.fail(op); err != nil {
		return wrap(op, err)
	}
	rows, err := tx.w.conn.QueryContext(tx.w.base, query, row)
	if err != nil {
		return wrap(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return wrap(op, err)
		}
		tx.told.Aside(idOf(id))
	}
	return wrap(op, rows.Err())
}

// LinksOf returns the links of row, of any kind, the strongest of each kind first and at most n of each.
func (v *View) LinksOf(ctx context.Context, row int64, n int) ([]Link, error) {
	rows, err := v.query(ctx, "read links", `SELECT a, b, kind, weight, at FROM (
		SELECT a, b, kind, weight, at, row_number() OVER (PARTITION BY kind ORDER BY weight DESC, at DESC, a, b) AS place
		FROM (SELECT * FROM links WHERE a = ?1 UNION ALL SELECT * FROM links WHERE b = ?1)) WHERE place <= ?2
		ORDER BY kind, place`, row, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Link
	for rows.Next() {
		var l Link
		var at int64
		if err := rows.Scan(&l.A, &l.B, &l.Kind, &l.Weight, &at); err != nil {
			return nil, wrap("read links", err)
		}
		l.At = time.UnixMilli(at).UTC()
		out = append(out, l)
	}
	return out, wrap("read links", rows.Err())
}

// VectorsAfter returns up to n vectors that were stored after the one numbered seq, in that order.
func (v *View) VectorsAfter(ctx context.Context, seq int64, n int) ([]VectorRef, error) {
	rows, err := v.query(ctx, "read vectors", selectVectors+` WHERE seq > ? ORDER BY seq LIMIT ?`, seq, n)
	if err != nil {
		return nil, err
	}
	var out []VectorRef
	err = eachVector(rows, func(ref VectorRef) error {
		out = append(out, ref)
		return nil
	})
	return out, err
}

// metaTrace begins the names under which meta holds the rows whose traces are still to be removed.
const metaTrace = "trace/"

// NoteTrace notes that the memory of row is gone and its traces are not.
func (tx *Tx) NoteTrace(row int64) error {
	return tx.SetMeta(metaTrace+strconv.FormatInt(row, 10), []byte{})
}

// DropTraces notes that nothing is left of rows.
func (tx *Tx) DropTraces(rows []int64) error {
	for _, row := range rows {
		if _, err := tx.exec("delete meta", `DELETE FROM meta WHERE key = ?`, metaTrace+strconv.FormatInt(row, 10)); err != nil {
			return err
		}
	}
	return nil
}

// Traces returns the rows of the memories that are gone and whose traces are not.
func (v *View) Traces(ctx context.Context) ([]int64, error) {
	rows, err := v.query(ctx, "read meta", `SELECT key FROM meta WHERE key >= ?1 AND key < ?1 || x'ff' ORDER BY key`, metaTrace)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, wrap("read meta", err)
		}
		if row, err := strconv.ParseInt(strings.TrimPrefix(key, metaTrace), 10, 64); err == nil {
			out = append(out, row)
		}
	}
	return out, wrap("read meta", rows.Err())
}
