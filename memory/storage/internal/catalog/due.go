package catalog

import (
	"context"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// Expired returns up to n ids of active and archived memories that expire at now or before, the most overdue first.
func (v *View) Expired(ctx context.Context, now time.Time, n int) ([]memory.ID, error) {
	return v.ids(ctx, "find expired memories",
		`SELECT id FROM memories WHERE expires_at IS NOT NULL AND state IN (1, 3) AND expires_at <= ? ORDER BY expires_at LIMIT ?`, now, n)
}

// Forgotten returns up to n ids of memories that were forgotten before a moment, the longest forgotten first.
func (v *View) Forgotten(ctx context.Context, before time.Time, n int) ([]memory.ID, error) {
	return v.ids(ctx, "find forgotten memories",
		`SELECT id FROM memories WHERE state = 4 AND forgotten_at < ? ORDER BY forgotten_at LIMIT ?`, before, n)
}

func (v *View) ids(ctx context.Context, op, query string, at time.Time, n int) ([]memory.ID, error) {
	rows, err := v.query(ctx, op, query, at.UnixMilli(), n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []memory.ID
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, wrap(op, err)
		}
		out = append(out, idOf(b))
	}
	return out, wrap(op, rows.Err())
}
