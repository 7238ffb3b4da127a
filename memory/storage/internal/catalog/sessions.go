package catalog

import (
	"context"
	"database/sql"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// SessionRow is a session on record, with the number that names it in the other engines.
type SessionRow struct {
	memory.Session
	Num int64
}

// PutSession records what is new about a session and returns its number. Counts of questions are added, those of memories
// are TouchSession's.
func (tx *Tx) PutSession(s *memory.Session) (num int64, err error) {
	status := "closed"
	if s.Open {
		status = "open"
	}
	_, err = tx.exec("write session", `INSERT INTO sessions (id, client, user, project, status, started_at, last_at, ended_at, memories, recalls, num)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, (SELECT coalesce(max(num), 0) + 1 FROM sessions))
		ON CONFLICT (id) DO UPDATE SET client = excluded.client, user = excluded.user, status = excluded.status, recalls = recalls + excluded.recalls,
			project = CASE excluded.project WHEN '' THEN project ELSE excluded.project END, started_at = min(started_at, excluded.started_at),
			last_at = max(last_at, excluded.last_at), ended_at = excluded.ended_at`,
		s.ID, s.Client, s.User, s.Project, status, s.StartedAt.UnixMilli(), s.LastAt.UnixMilli(), milli(s.EndedAt), s.Recalls)
	if err != nil {
		return 0, err
	}
	_, err = tx.row("read session", `SELECT num FROM sessions WHERE id = ?`, []any{s.ID}, &num)
	return num, err
}

// CloseSessions ends every open session that was last heard of before a moment.
func (tx *Tx) CloseSessions(before time.Time) error {
	_, err := tx.exec("close sessions", `UPDATE sessions SET status = 'closed', ended_at = last_at WHERE status = 'open' AND last_at < ?`, before.UnixMilli())
	return err
}

const selectSession = `SELECT id, client, user, project, status, started_at, last_at, ended_at, memories, recalls, num FROM sessions`

// Sessions lists sessions, the last used first.
func (v *View) Sessions(ctx context.Context, f memory.SessionFilter) ([]SessionRow, error) {
	return v.sessions(ctx, selectSession+` WHERE (?1 = '' OR project = ?1) AND (?2 = 0 OR status = 'open') ORDER BY last_at DESC, num DESC LIMIT ?3`,
		f.Project, f.Open, f.Limit)
}

// Session returns one session; ok is false when there is none.
func (v *View) Session(ctx context.Context, id string) (s SessionRow, ok bool, err error) {
	all, err := v.sessions(ctx, selectSession+` WHERE id = ?`, id)
	if err != nil || len(all) == 0 {
		return SessionRow{}, false, err
	}
	return all[0], true, nil
}

// SessionsByNum returns the sessions of those numbers that exist, in no particular order.
func (v *View) SessionsByNum(ctx context.Context, nums []int64) ([]SessionRow, error) {
	return v.sessions(ctx, selectSession+` WHERE num IN (SELECT value FROM json_each(?))`, jsonList(nums))
}

func (v *View) sessions(ctx context.Context, query string, args ...any) ([]SessionRow, error) {
	rows, err := v.query(ctx, "read sessions", query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []SessionRow
	for rows.Next() {
		var s SessionRow
		var status string
		var started, last int64
		var ended sql.NullInt64
		err := rows.Scan(&s.ID, &s.Client, &s.User, &s.Project, &status, &started, &last, &ended, &s.Memories, &s.Recalls, &s.Num)
		if err != nil {
			return nil, wrap("read sessions", err)
		}
		s.Open, s.EndedAt = status == "open", timeOf(ended)
		s.StartedAt, s.LastAt = time.UnixMilli(started).UTC(), time.UnixMilli(last).UTC()
		out = append(out, s)
	}
	return out, wrap("read sessions", rows.Err())
}
