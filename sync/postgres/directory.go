package postgres

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	memsync "github.com/elderzan/elderzan/sync"
)

// Entries returns the chain from the entry numbered from on.
func (r *Remote) Entries(ctx context.Context, from uint64) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := r.db.pool.Query(ctx, `SELECT entry FROM elderzan.entries WHERE tenant = $1 AND seq >= $2 ORDER BY seq`, r.team, int64(from))
	if err != nil {
		return nil, failure("read the membership chain", err)
	}
	out, err := collect(rows)
	return out, failure("read the membership chain", err)
}

// Append stores an entry as number seq with its wraps, all of it or nothing. It returns memsync.ErrTaken if there is another.
func (r *Remote) Append(ctx context.Context, seq uint64, entry []byte, author uuid.UUID, wraps []memsync.Wrap) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := pgx.BeginFunc(ctx, r.db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO elderzan.entries (tenant, seq, entry) VALUES ($1, $2, $3)`, r.team, int64(seq), entry); err != nil {
			return err
		}
		return r.putWraps(ctx, tx, author, wraps)
	})
	if pgCode(err) == "23505" {
		return memsync.ErrTaken
	}
	return failure("change the team", err)
}

// Strike takes entries out, where they stand at the number from or behind, and returns how many went.
func (r *Remote) Strike(ctx context.Context, from uint64, entries [][]byte) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	sums := make([][]byte, len(entries))
	for i, e := range entries {
		sum := sha256.Sum256(e)
		sums[i] = sum[:]
	}
	err = r.db.pool.QueryRow(ctx, `SELECT elderzan.strike($1, $2)`, int64(from), sums).Scan(&n)
	return n, failure("mend the membership chain", err)
}

func (r *Remote) putWraps(ctx context.Context, tx pgx.Tx, author uuid.UUID, wraps []memsync.Wrap) error {
	for _, w := range wraps {
		if _, err := tx.Exec(ctx, `INSERT INTO elderzan.wraps (tenant, device, epoch, author, wrap) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			r.team, w.Device, int64(w.Epoch), author, w.Body); err != nil {
			return err
		}
	}
	return nil
}

// Grant stores further wraps.
func (r *Remote) Grant(ctx context.Context, author uuid.UUID, wraps []memsync.Wrap) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return failure("grant keys", pgx.BeginFunc(ctx, r.db.pool, func(tx pgx.Tx) error { return r.putWraps(ctx, tx, author, wraps) }))
}

// Wraps returns what is wrapped to a device from an epoch on, by epoch; several members may have wrapped one key.
func (r *Remote) Wraps(ctx context.Context, device uuid.UUID, from uint64) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := r.db.pool.Query(ctx, `SELECT wrap FROM elderzan.wraps WHERE tenant = $1 AND device = $2 AND epoch >= $3 ORDER BY epoch`, r.team, device, int64(from))
	if err != nil {
		return nil, failure("read keys", err)
	}
	out, err := collect(rows)
	return out, failure("read keys", err)
}

// Ask stores this login's wish to join.
func (r *Remote) Ask(ctx context.Context, request []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := r.db.pool.Exec(ctx, `INSERT INTO elderzan.joins (tenant, request) VALUES ($1, $2) ON CONFLICT (tenant, login) DO UPDATE SET request = excluded.request`, r.team, request)
	return failure("ask to join", err)
}

// Joins lists the wishes to join.
func (r *Remote) Joins(ctx context.Context) ([]memsync.Join, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := r.db.pool.Query(ctx, `SELECT login, request FROM elderzan.joins WHERE tenant = $1`, r.team)
	if err != nil {
		return nil, failure("read who asks to join", err)
	}
	var out []memsync.Join
	size := 0
	var j memsync.Join
	_, err = pgx.ForEachRow(rows, []any{&j.Login, &j.Request}, func() error {
		if size += len(j.Request) + 64; size > maxPage {
			return errTooMuch
		}
		out = append(out, j)
		return nil
	})
	return out, failure("read who asks to join", err)
}

// Invite makes a login that may read the chain and ask to join until then.
func (r *Remote) Invite(ctx context.Context, login, password string, until time.Time) error {
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	return r.call(ctx, "invite", `SELECT elderzan.invite($1, $2, $3)`, login, verifier, until)
}

// SetPassword changes the password of this login, for the connections to come.
func (r *Remote) SetPassword(ctx context.Context, password string) error {
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	return r.call(ctx, "change the password", `ALTER ROLE CURRENT_USER PASSWORD '`+verifier+`'`) // base64 and punctuation: nothing to quote
}

// Admit lets a login in as device.
func (r *Remote) Admit(ctx context.Context, login string, device uuid.UUID, writes, manages bool) error {
	return r.call(ctx, "admit", `SELECT elderzan.admit($1, $2, $3, $4)`, login, device, writes, manages)
}

// Dismiss ends the login of a device, at once.
func (r *Remote) Dismiss(ctx context.Context, device uuid.UUID) error {
	return r.call(ctx, "remove", `SELECT elderzan.dismiss($1)`, device)
}

// SetRights changes what a device's login may do.
func (r *Remote) SetRights(ctx context.Context, device uuid.UUID, writes, manages bool) error {
	return r.call(ctx, "change rights", `SELECT elderzan.set_rights($1, $2, $3)`, device, writes, manages)
}

func (r *Remote) call(ctx context.Context, step, query string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := r.db.pool.Exec(ctx, query, args...)
	return failure(step, err)
}

// Admitted reports whether this login was let in.
func (r *Remote) Admitted(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var tenant *uuid.UUID
	if err := r.db.pool.QueryRow(ctx, `SELECT elderzan.tenant()`).Scan(&tenant); err != nil {
		return false, failure("look for the login", err)
	}
	if tenant != nil && *tenant != r.team {
		return false, fmt.Errorf("%w: the login belongs to another team", ErrUnsafe)
	}
	return tenant != nil, nil
}
