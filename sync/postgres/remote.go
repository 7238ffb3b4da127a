package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
)

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// callTimeout bounds one exchange: a connection that says nothing is one that broke.
const callTimeout = 30 * time.Second

// Remote is a team's part of the database, and GLOBAL. It is a memsync.Remote.
type Remote struct {
	db   *DB
	team uuid.UUID
}

var _ memsync.Remote = (*Remote)(nil)

// Remote returns the cloud of a team.
func (d *DB) Remote(team uuid.UUID) *Remote { return &Remote{d, team} }

// table returns the table of a place. There is none for anything but SHARED and GLOBAL.
func table(p memsync.Place) (string, error) {
	switch p.Scope() {
	case scope.Shared:
		return "elderzan.records", nil
	case scope.Global:
		return "elderzan.globals", nil
	}
	return "", memsync.ErrLocalOnly
}

// Push implements memsync.Remote.
func (r *Remote) Push(ctx context.Context, p memsync.Place, records []memsync.Record) ([]memsync.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	name, err := table(p)
	if err != nil {
		return nil, err
	}
	rows, versions, bodies := make([][16]byte, len(records)), make([]int64, len(records)), make([][]byte, len(records))
	at := make(map[[16]byte]int, len(records)) // pgx takes forty times as long over a uuid.UUID, which it passes as text
	for i, rec := range records {
		if rows[i], err = uuid.Parse(string(rec.ID)); err != nil {
			return nil, fmt.Errorf("push: %w", err)
		}
		versions[i], bodies[i], at[rows[i]] = int64(rec.Version), rec.Body, i
	}
	out := make([]memsync.Outcome, len(records))
	taken, err := r.db.pool.Query(ctx, `SELECT `+strings.Replace(name, ".", ".push_", 1)+`($1, $2, $3)`, rows, versions, bodies)
	if err == nil {
		var ids [][16]byte
		if ids, err = pgx.CollectRows(taken, pgx.RowTo[[16]byte]); err == nil {
			for _, id := range ids {
				out[at[id]] = memsync.Accepted
			}
		}
	}
	if pgCode(err) == "42501" { // the policies let this login read alone
		for i := range out {
			out[i] = memsync.Refused
		}
		return out, nil
	}
	if err != nil {
		return nil, failure("push", err)
	}
	return out, r.fates(ctx, name, p, records, rows, out)
}

// fates finds out what became of the records that were not taken now: the same bytes may be there from an earlier push.
func (r *Remote) fates(ctx context.Context, name string, p memsync.Place, records []memsync.Record, rows [][16]byte, out []memsync.Outcome) error {
	var open [][16]byte
	for i := range out {
		if out[i] == 0 {
			open = append(open, rows[i])
		}
	}
	if len(open) == 0 {
		return nil
	}
	found, err := r.db.pool.Query(ctx, `SELECT row, version, sha256(body) FROM `+name+` WHERE row = ANY ($1) AND tenant = $2`, open, r.team)
	if err != nil {
		return failure("push", err)
	}
	type fate struct {
		version int64
		sum     []byte
	}
	have := map[[16]byte]fate{}
	var row [16]byte
	var f fate
	if _, err := pgx.ForEachRow(found, []any{&row, &f.version, &f.sum}, func() error {
		have[row] = f
		return nil
	}); err != nil {
		return failure("push", err)
	}
	if p.Scope() == scope.Global {
		if err := r.anothers(ctx, rows, out); err != nil {
			return err
		}
	}
	for i := range out {
		if out[i] != 0 {
			continue
		}
		f, ok := have[rows[i]]
		sum := sha256.Sum256(records[i].Body)
		switch {
		case ok && f.version == int64(records[i].Version) && string(f.sum) == string(sum[:]):
			out[i] = memsync.Accepted
		default:
			out[i] = memsync.Stale
		}
	}
	return nil
}

// anothers settles the rows of GLOBAL that are another team's, also those in cold storage, which nobody else sees.
func (r *Remote) anothers(ctx context.Context, rows [][16]byte, out []memsync.Outcome) error {
	theirs, err := r.db.pool.Query(ctx, `SELECT elderzan.anothers($1)`, rows)
	if err != nil {
		return failure("push", err)
	}
	ids, err := pgx.CollectRows(theirs, pgx.RowTo[[16]byte])
	if err != nil {
		return failure("push", err)
	}
	for i := range out {
		if out[i] == 0 && slices.Contains(ids, rows[i]) {
			out[i] = memsync.Refused
		}
	}
	return nil
}

// Pull implements memsync.Remote.
func (r *Remote) Pull(ctx context.Context, p memsync.Place, cursor string, limit int) (memsync.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	batch, tenant, row, err := parseCursor(cursor)
	if err != nil {
		return memsync.Page{}, err
	}
	query := `SELECT tenant, row, version, batch, body FROM elderzan.records WHERE tenant = $1 AND (batch, row) > ($2, $3) AND $4::uuid IS NOT NULL ORDER BY batch, row LIMIT $5`
	if p.Scope() == scope.Global {
		query = `SELECT tenant, row, version, batch, body FROM elderzan.globals WHERE $1::uuid IS NOT NULL AND (batch, tenant, row) > ($2, $4, $3) ORDER BY batch, tenant, row LIMIT $5`
	}
	if _, err := table(p); err != nil {
		return memsync.Page{}, err
	}
	rows, err := r.db.pool.Query(ctx, query, r.team, batch, row, tenant, limit+1)
	if err != nil {
		return memsync.Page{}, failure("pull", err)
	}
	page := memsync.Page{Cursor: cursor}
	var rec struct {
		tenant, row    [16]byte
		version, batch int64
		body           []byte
	}
	n, size := 0, 0
	_, err = pgx.ForEachRow(rows, []any{&rec.tenant, &rec.row, &rec.version, &rec.batch, &rec.body}, func() error {
		n, size = n+1, size+len(rec.body)
		if n > limit || n > 1 && size > maxPage { // the rest comes with the next page
			page.More = true
			return nil
		}
		page.Records = append(page.Records, memsync.Record{ID: memory.ID(uuid.UUID(rec.row).String()), Version: uint64(rec.version), Body: append([]byte(nil), rec.body...)})
		page.Cursor = fmt.Sprintf("%d/%s/%s", rec.batch, uuid.UUID(rec.tenant), uuid.UUID(rec.row))
		return nil
	})
	if err != nil {
		return memsync.Page{}, failure("pull", err)
	}
	return page, nil
}

// maxPage is how many bytes of rows are held at once.
const maxPage = 32 << 20

// collect reads rows of one value each, or fails where they are more than anybody has.
func collect(rows pgx.Rows) ([][]byte, error) {
	var out [][]byte
	size := 0
	var b []byte
	_, err := pgx.ForEachRow(rows, []any{&b}, func() error {
		if size += len(b) + 24; size > maxPage {
			return errTooMuch
		}
		out = append(out, append([]byte(nil), b...))
		return nil
	})
	return out, err
}

var errTooMuch = errors.New("postgres: the server sends more than a team has")

func parseCursor(s string) (batch int64, tenant, row uuid.UUID, err error) {
	if s == "" {
		return -1, uuid.Nil, uuid.Nil, nil
	}
	parts := strings.Split(s, "/")
	if len(parts) == 3 {
		if batch, err = strconv.ParseInt(parts[0], 10, 64); err == nil {
			if tenant, err = uuid.Parse(parts[1]); err == nil {
				row, err = uuid.Parse(parts[2])
			}
		}
	}
	if len(parts) != 3 || err != nil {
		return 0, uuid.Nil, uuid.Nil, errors.New("postgres: the cursor on record is damaged")
	}
	return batch, tenant, row, nil
}

// Fetch implements memsync.Remote.
func (r *Remote) Fetch(ctx context.Context, p memsync.Place, ids []memory.ID) ([]memsync.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	name, err := table(p)
	if err != nil {
		return nil, err
	}
	rows := make([][16]byte, len(ids))
	for i, id := range ids {
		if rows[i], err = uuid.Parse(string(id)); err != nil {
			return nil, fmt.Errorf("fetch: %w", err)
		}
	}
	found, err := r.db.pool.Query(ctx, `SELECT row, version, body FROM `+name+` WHERE row = ANY ($1) AND (tenant = $2 OR $3)`, rows, r.team, p.Scope() == scope.Global)
	if err != nil {
		return nil, failure("fetch", err)
	}
	var out []memsync.Record
	size := 0
	var id [16]byte
	var version int64
	var body []byte
	_, err = pgx.ForEachRow(found, []any{&id, &version, &body}, func() error {
		if size += len(body); len(out) == 0 || size <= maxPage { // what is left out is asked for again
			out = append(out, memsync.Record{ID: memory.ID(uuid.UUID(id).String()), Version: uint64(version), Body: append([]byte(nil), body...)})
		}
		return nil
	})
	return out, failure("fetch", err)
}

// Watch implements memsync.Remote. It calls changed once when it has begun to listen.
func (r *Remote) Watch(ctx context.Context, changed func()) error {
	c, err := r.db.hijack(ctx)
	if err != nil {
		return failure("listen", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.Close(ctx) // what was said on it is of no use any more
	}()
	if err := listen(ctx, c); err != nil {
		return failure("listen", err)
	}
	changed()
	for {
		wait, cancel := context.WithTimeout(ctx, watchPing)
		_, err := c.WaitForNotification(wait)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			changed()
		case errors.Is(err, context.DeadlineExceeded):
			ping, cancel := context.WithTimeout(ctx, callTimeout)
			err := c.Ping(ping)
			cancel()
			if err != nil {
				return failure("listen", err)
			}
		default:
			return failure("listen", err)
		}
	}
}

// hijack takes a connection out of the pool for good.
func (d *DB) hijack(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return conn.Hijack(), nil
}

// listen has the connection told of what is new for this login.
func listen(ctx context.Context, c *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var channel string
	if err := c.QueryRow(ctx, `SELECT elderzan.channel()`).Scan(&channel); err != nil {
		return err
	}
	_, err := c.Exec(ctx, `LISTEN `+pgx.Identifier{channel}.Sanitize())
	return err
}

// watchPing is how long a silent connection is trusted.
const watchPing = time.Minute
