package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// readerLife is how long a login of Reader works when nobody ends it.
const readerLife = time.Hour

// Reader makes a login that reads what a team keeps in the cloud, for when no device of the team is left. o is as for
// Init; end takes the login away.
func Reader(ctx context.Context, o Options, team uuid.UUID) (login, password string, end func(context.Context) error, err error) {
	login, password = NewLogin()
	verifier, err := scramVerifier(password)
	if err != nil {
		return "", "", nil, err
	}
	provision := func(ctx context.Context, do func(*pgx.Conn) error) error {
		conn, end, err := connectAdmin(ctx, o)
		if err != nil {
			return err
		}
		defer end()
		if _, err := conn.Exec(ctx, `SET ROLE elderzan_provisioner`); err != nil {
			return failure("make a login", err)
		}
		return failure("make a login", pgx.BeginFunc(ctx, conn, func(pgx.Tx) error { return do(conn) }))
	}
	err = provision(ctx, func(conn *pgx.Conn) error {
		var known bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM elderzan.heads WHERE tenant = $1)`, team).Scan(&known); err != nil {
			return err
		}
		if !known {
			return errNoTeam
		}
		if _, err := conn.Exec(ctx, `SELECT elderzan.make_login($1, $2, $3)`, login, verifier, time.Now().Add(readerLife)); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, `INSERT INTO elderzan.logins (tenant, login, admitted) VALUES ($1, $2, true)`, team, login)
		return err
	})
	if err != nil {
		return "", "", nil, err
	}
	return login, password, func(ctx context.Context) error {
		return provision(ctx, func(conn *pgx.Conn) error {
			if _, err := conn.Exec(ctx, `DELETE FROM elderzan.logins WHERE login = $1`, login); err != nil {
				return err
			}
			_, err := conn.Exec(ctx, `DROP ROLE `+pgx.Identifier{login}.Sanitize())
			return err
		})
	}, nil
}

var errNoTeam = errors.New("the database holds no team with that id; it stands on the sheet that `elderzan team recovery create` printed")
