package catalog

import "context"

// What changed of a row; see migrations.
const (
	TouchedMemory  = 1
	TouchedVectors = 2
)

// Touch notes that what indexes hold of a row is not what it was.
func (tx *Tx) Touch(row int64, what int) error {
	tx.changedRow(row)
	_, err := tx.exec("note change", `INSERT INTO touched (row, what) VALUES (?, ?)`, row, what)
	return err
}

// TrimTouched drops what every saved index has: the changes up to seq.
func (tx *Tx) TrimTouched(seq int64) error {
	_, err := tx.exec("trim changes", `DELETE FROM touched WHERE seq <= ? AND seq < (SELECT max(seq) FROM touched)`, seq)
	return err
}

// Marks returns the number of the newest change and of the newest row.
func (v *View) Marks(ctx context.Context) (seq, row int64, err error) {
	_, err = v.row(ctx, "read marks", `SELECT coalesce((SELECT max(seq) FROM touched), 0), coalesce((SELECT max(row) FROM memories), 0)`, nil, &seq, &row)
	return seq, row, err
}

// Touched lists the rows of which something of a kind changed after seq, each once, rising.
func (v *View) Touched(ctx context.Context, seq int64, what int) ([]int64, error) {
	rows, err := v.query(ctx, "read changes", `SELECT DISTINCT row FROM touched WHERE seq > ? AND what = ? ORDER BY row`, seq, what)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return nil, wrap("read changes", err)
		}
		out = append(out, row)
	}
	return out, wrap("read changes", rows.Err())
}

// TermsAfter is Terms for the rows after one.
func (v *View) TermsAfter(ctx context.Context, row int64, fn func(*Record) error) error {
	rows, err := v.query(ctx, "read terms", selectWhole+` WHERE m.row > ? ORDER BY m.row`, row)
	if err != nil {
		return err
	}
	return eachRecord(rows, fn)
}

// TermsByRows is Terms for some rows.
func (v *View) TermsByRows(ctx context.Context, list []int64, fn func(*Record) error) error {
	rows, err := v.query(ctx, "read terms", selectWhole+` WHERE m.row IN (SELECT value FROM json_each(?)) ORDER BY m.row`, jsonList(list))
	if err != nil {
		return err
	}
	return eachRecord(rows, fn)
}
