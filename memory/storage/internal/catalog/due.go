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

// restUsed is how long after a moment a memory that was hardly used must have gone unused all the same, so that what came
// back from the archive does not go there again at once.
const restUsed = 60 * 24 * time.Hour

// Unused returns up to n ids of active PROJECT memories up to a row, neither pinned nor of the importance kept or more, that were made
// before a moment and were not returned since then, or twice at most and not lately; the oldest first.
func (v *View) Unused(ctx context.Context, before time.Time, kept float64, upTo int64, n int) ([]memory.ID, error) {
	rows, err := v.query(ctx, "find unused memories", `SELECT m.id FROM memories m LEFT JOIN usage u ON u.row = m.row
		WHERE m.row <= ?5 AND m.state = 1 AND m.scope = 2 AND m.created_at < ?1 AND m.flags & 4 = 0 AND m.importance < ?2
		AND (u.uses IS NULL OR u.last_at < ?1 OR u.uses <= 2 AND u.last_at < ?4) ORDER BY m.row LIMIT ?3`,
		before.UnixMilli(), kept, n, before.Add(restUsed).UnixMilli(), upTo)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []memory.ID
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, wrap("find unused memories", err)
		}
		out = append(out, idOf(b))
	}
	return out, wrap("find unused memories", rows.Err())
}
