package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/elderzan/elderzan/memory"
)

// Usage is what a team keeps in the cloud in one scope.
type Usage struct {
	Team  string `json:"team_id"`
	Scope string `json:"scope"` // SHARED, GLOBAL, or "GLOBAL cold"
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"` // of the records, without what the database adds
}

const usageQuery = `SELECT tenant::text, scope, rows, bytes FROM (
	SELECT tenant, 'SHARED' AS scope, count(*) AS rows, coalesce(sum(octet_length(body)), 0)::bigint AS bytes FROM elderzan.records %[1]s GROUP BY tenant
	UNION ALL SELECT tenant, 'GLOBAL', count(*), coalesce(sum(octet_length(body)), 0)::bigint FROM elderzan.globals %[1]s GROUP BY tenant
	UNION ALL SELECT tenant, 'GLOBAL cold', count(*), coalesce(sum(octet_length(body)), 0)::bigint FROM elderzan.globals_cold %[1]s GROUP BY tenant) u
	ORDER BY tenant, CASE scope WHEN 'SHARED' THEN 1 WHEN 'GLOBAL' THEN 2 ELSE 3 END`

// Usage counts the team's rows and bytes by scope; a scope with none is left out.
func (r *Remote) Usage(ctx context.Context) ([]Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := r.db.pool.Query(ctx, fmt.Sprintf(usageQuery, "WHERE tenant = $1"), r.team)
	if err != nil {
		return nil, failure("count", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Usage])
	return out, failure("count", err)
}

// UsageOfAll is Usage for every team of the database. o names a role that row-level security does not bind.
func UsageOfAll(ctx context.Context, o Options) ([]Usage, error) {
	conn, end, err := connectAdmin(ctx, o)
	if err != nil {
		return nil, err
	}
	defer end()
	var sees bool
	if err := conn.QueryRow(ctx, `SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user`).Scan(&sees); err != nil {
		return nil, failure("count", err)
	}
	if !sees {
		return nil, errors.New("row-level security hides the teams from this role; count as a superuser or a role with BYPASSRLS")
	}
	rows, err := conn.Query(ctx, fmt.Sprintf(usageQuery, ""))
	if err != nil {
		return nil, failure("count", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Usage])
	return out, failure("count", err)
}

// coldBatch is how many rows one statement moves.
const coldBatch = 1000

// Cool moves the team's rows of GLOBAL that were not changed for longer than older into cold storage, the oldest first,
// as long as the rest takes more than keep bytes. It returns how many went and how many bytes those take.
func (r *Remote) Cool(ctx context.Context, older time.Duration, keep int64) (rows, bytes int64, err error) {
	for {
		var n, b int64
		call, cancel := context.WithTimeout(ctx, callTimeout)
		err := r.db.pool.QueryRow(call, `SELECT moved, bytes FROM elderzan.cool(make_interval(secs => $1), $2, $3)`, older.Seconds(), keep, coldBatch).Scan(&n, &b)
		cancel()
		if err != nil {
			return rows, bytes, failure("move to cold storage", err)
		}
		rows, bytes = rows+n, bytes+b
		if n < coldBatch {
			return rows, bytes, nil
		}
	}
}

// Warm brings rows of the team back from cold storage, those named or, for none, all. Everybody pulls them anew.
func (r *Remote) Warm(ctx context.Context, ids []memory.ID) (rows int64, err error) {
	var named []uuid.UUID // nil means all
	for _, id := range ids {
		u, err := uuid.Parse(string(id))
		if err != nil {
			return 0, fmt.Errorf("warm: %w", err)
		}
		named = append(named, u)
	}
	for {
		var n int64
		call, cancel := context.WithTimeout(ctx, callTimeout)
		err := r.db.pool.QueryRow(call, `SELECT elderzan.warm($1, $2)`, named, coldBatch).Scan(&n)
		cancel()
		if err != nil {
			return rows, failure("bring back from cold storage", err)
		}
		if rows += n; n < coldBatch {
			return rows, nil
		}
	}
}
