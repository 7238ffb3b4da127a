package catalog

import "context"

// Measured is one row of the history of metrics: what was measured in Span seconds from At on.
type Measured struct {
	Span, At int64
	Data     []byte
}

// History lists the rows of a span that begin at or after since, in order of time.
func (v *View) History(ctx context.Context, span, since int64) ([]Measured, error) {
	rows, err := v.query(ctx, "read history", `SELECT span, at, data FROM history WHERE span = ? AND at >= ? ORDER BY at`, span, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Measured
	for rows.Next() {
		var m Measured
		if err := rows.Scan(&m.Span, &m.At, &m.Data); err != nil {
			return nil, wrap("read history", err)
		}
		out = append(out, m)
	}
	return out, wrap("read history", rows.Err())
}

// Used counts the active memories that recall has ever returned.
func (v *View) Used(ctx context.Context) (n int, err error) {
	_, err = v.row(ctx, "count used memories", `SELECT count(*) FROM usage u JOIN memories m ON m.row = u.row WHERE m.state = 1 AND u.uses > 0`, nil, &n)
	return n, err
}

// Measured reads one row; ok is false where there is none.
func (tx *Tx) Measured(span, at int64) (data []byte, ok bool, err error) {
	ok, err = tx.row("read history", `SELECT data FROM history WHERE span = ? AND at = ?`, []any{span, at}, &data)
	return data, ok, err
}

// PutMeasured writes one row in place of the one that may be there.
func (tx *Tx) PutMeasured(m Measured) error {
	_, err := tx.exec("write history", `INSERT OR REPLACE INTO history (span, at, data) VALUES (?, ?, ?)`, m.Span, m.At, string(m.Data))
	return err
}

// DropMeasured removes the rows of a span that begin before a time.
func (tx *Tx) DropMeasured(span, before int64) error {
	_, err := tx.exec("write history", `DELETE FROM history WHERE span = ? AND at < ?`, span, before)
	return err
}
