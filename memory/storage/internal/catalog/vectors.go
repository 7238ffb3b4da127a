package catalog

import (
	"context"
	"database/sql"
	"time"

	"github.com/elderzan/elderzan/security"
)

// VectorRef says which vector a memory has in a space. The bytes are in another engine.
type VectorRef struct {
	Row     int64
	Space   string
	Version int            // of the memory it was made from
	Class   security.Class // of the key that seals it
	Seq     int64          // given by PutVectors; grows with every vector stored and is never reused
	Sum     []byte         // checksum of the values
}

// PutVectors records vectors, each in place of the one its memory had in that space, and sets their Seq.
func (tx *Tx) PutVectors(vs []VectorRef) error {
	if len(vs) == 0 {
		return nil
	}
	var last int64
	_, err := tx.row("count vectors", `INSERT INTO counters (name, n) VALUES ('vectors', ?1)
		ON CONFLICT (name) DO UPDATE SET n = n + ?1 RETURNING n`, []any{len(vs)}, &last)
	if err != nil {
		return err
	}
	tx.changed = true
	for i := range vs {
		v := &vs[i]
		v.Seq = last - int64(len(vs)-1-i)
		_, err := tx.exec("write vector", `INSERT OR REPLACE INTO vectors (row, space, version, class, seq, sum) VALUES (?, ?, ?, ?, ?, ?)`,
			v.Row, v.Space, v.Version, int64(v.Class), v.Seq, v.Sum)
		if err != nil {
			return err
		}
	}
	return nil
}

// DropVectors forgets every vector of row, in the archive or not, and what was found by them.
func (tx *Tx) DropVectors(row int64) error {
	if err := tx.dropNear(row); err != nil {
		return err
	}
	if _, err := tx.exec("delete vectors", `DELETE FROM vectors WHERE row = ?`, row); err != nil {
		return err
	}
	if _, err := tx.exec("delete cold vectors", `DELETE FROM cold WHERE row = ?`, row); err != nil {
		return err
	}
	return tx.Touch(row, TouchedVectors)
}

// VectorsOf returns the vectors of row in every space.
func (tx *Tx) VectorsOf(row int64) ([]VectorRef, error) {
	if err := tx.w.db.fail("read vectors"); err != nil {
		return nil, wrap("read vectors", err)
	}
	rows, err := tx.w.conn.QueryContext(tx.w.base, selectVectors+` WHERE row = ? ORDER BY space`, row)
	if err != nil {
		return nil, wrap("read vectors", err)
	}
	var out []VectorRef
	err = eachVector(rows, func(v VectorRef) error {
		out = append(out, v)
		return nil
	})
	return out, err
}

// LogTx records that the distributed transaction id is decided: it happened.
func (tx *Tx) LogTx(id []byte, at time.Time) error {
	_, err := tx.exec("log transaction", `INSERT INTO txlog (tx, at) VALUES (?, ?)`, id, at.UnixMilli())
	return err
}

// ForgetTx drops the decisions on transactions that no engine can ask for any more.
func (tx *Tx) ForgetTx(ids [][]byte) error {
	for _, id := range ids {
		if _, err := tx.exec("forget transaction", `DELETE FROM txlog WHERE tx = ?`, id); err != nil {
			return err
		}
	}
	return nil
}

// Decided returns the ids of the transactions that are decided and not forgotten.
func (v *View) Decided(ctx context.Context) ([][]byte, error) {
	rows, err := v.query(ctx, "read transactions", `SELECT tx FROM txlog ORDER BY at, tx`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, wrap("read transactions", err)
		}
		out = append(out, id)
	}
	return out, wrap("read transactions", rows.Err())
}

const selectVectors = `SELECT row, space, version, class, seq, sum FROM vectors`

// Vectors calls fn for each vector on record, by row and space; fn's first error ends it.
func (v *View) Vectors(ctx context.Context, fn func(VectorRef) error) error {
	rows, err := v.query(ctx, "read vectors", selectVectors+` ORDER BY row, space`)
	if err != nil {
		return err
	}
	return eachVector(rows, fn)
}

func eachVector(rows *sql.Rows, fn func(VectorRef) error) error {
	defer rows.Close()
	for rows.Next() {
		var v VectorRef
		if err := rows.Scan(&v.Row, &v.Space, &v.Version, &v.Class, &v.Seq, &v.Sum); err != nil {
			return wrap("read vectors", err)
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return wrap("read vectors", rows.Err())
}

// LastVector returns the largest Seq given so far.
func (v *View) LastVector(ctx context.Context) (int64, error) {
	var n int64
	_, err := v.row(ctx, "read counter", `SELECT n FROM counters WHERE name = 'vectors'`, nil, &n)
	return n, err
}

// VectorsByRows returns the vectors of rows, by row and space.
func (v *View) VectorsByRows(ctx context.Context, rows []int64) ([]VectorRef, error) {
	found, err := v.query(ctx, "read vectors", selectVectors+` WHERE row IN (SELECT value FROM json_each(?)) ORDER BY row, space`, jsonList(rows))
	if err != nil {
		return nil, err
	}
	var out []VectorRef
	err = eachVector(found, func(ref VectorRef) error {
		out = append(out, ref)
		return nil
	})
	return out, err
}
