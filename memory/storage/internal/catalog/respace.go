package catalog

import "context"

// wantedSpace is the space that the vector of memory m should be in, by the rule of memory.LocalOnly.
const wantedSpace = `CASE WHEN m.scope = 1 OR m.flags & 1 THEN ?2 ELSE ?1 END`

const outdated = ` FROM memories m WHERE m.row > ?3
	AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.row = m.row AND v.space = ` + wantedSpace + `)
	AND NOT EXISTS (SELECT 1 FROM cold c JOIN spaces s ON s.num = c.space WHERE c.row = m.row AND s.name = ` + wantedSpace + `)
	AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.row = m.row)`

// Outdated lists up to n rows after a row, rising, whose memories have neither a vector in the space that they should
// be in, the one for local memories or the open one, nor a job.
func (v *View) Outdated(ctx context.Context, open, local string, after int64, n int) ([]int64, error) {
	rows, err := v.query(ctx, "read vectors", `SELECT m.row`+outdated+` ORDER BY m.row LIMIT ?4`, open, local, after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return nil, wrap("read vectors", err)
		}
		out = append(out, row)
	}
	return out, wrap("read vectors", rows.Err())
}

// CountOutdated counts what Outdated lists, and all memories.
func (v *View) CountOutdated(ctx context.Context, open, local string) (left, total int, err error) {
	_, err = v.row(ctx, "count", `SELECT (SELECT count(*)`+outdated+`), (SELECT count(*) FROM memories)`, []any{open, local, 0}, &left, &total)
	return left, total, err
}

// OtherSpaces lists up to n vectors that are in another space than they should be.
func (v *View) OtherSpaces(ctx context.Context, open, local string, n int) ([]VectorRef, error) {
	rows, err := v.query(ctx, "read vectors", `SELECT x.row, x.space, x.version, x.class, x.seq, x.sum FROM vectors x JOIN memories m ON m.row = x.row
		WHERE x.space <> `+wantedSpace+` LIMIT ?3`, open, local, n)
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

// DropVector forgets the vector of row in one space.
func (tx *Tx) DropVector(row int64, space string) error {
	_, err := tx.exec("delete vectors", `DELETE FROM vectors WHERE row = ? AND space = ?`, row, space)
	return err
}
