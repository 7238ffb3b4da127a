package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed provision.sql
var provision string

// Init makes or updates the schema and its roles, and is harmless when all is there. o.URL names a role that may make
// roles and schemas, such as the superuser of the cluster.
func Init(ctx context.Context, o Options) error {
	conn, end, err := connectAdmin(ctx, o)
	if err != nil {
		return err
	}
	defer end()
	if err := takeTurn(ctx, conn); err != nil {
		return err
	}
	for _, stmt := range roles {
		if _, err := conn.Exec(ctx, stmt); err != nil {
			return failure("make roles", err)
		}
	}
	db := stdlib.OpenDB(*conn.Config(), stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SET ROLE elderzan_owner; SET search_path = elderzan, pg_temp`)
		return err
	}))
	defer db.Close()
	if err := migrate(ctx, db); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `GRANT CREATE ON SCHEMA elderzan TO elderzan_provisioner`); err != nil {
		return failure("provision", err)
	}
	if _, err := conn.Exec(ctx, provision); err != nil {
		return failure("provision", err)
	}
	_, err = conn.Exec(ctx, `REVOKE CREATE ON SCHEMA elderzan FROM elderzan_provisioner`)
	return failure("provision", err)
}

// takeTurn has those who set the same database up at once do it one after the other, for as long as the connection lasts. Any
// login can hold the lock as well, so that nobody waits for it for ever.
func takeTurn(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SET lock_timeout = '30s'; SELECT pg_advisory_lock(hashtextextended('elderzan init', 0)); RESET lock_timeout`)
	if pgCode(err) == "55P03" {
		_, err = conn.Exec(ctx, `RESET lock_timeout`)
	}
	return failure("wait for others", err)
}

// roles are made before the schema; every statement may be repeated.
var roles = []string{
	`DO $$ BEGIN
		IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'elderzan_owner') THEN CREATE ROLE elderzan_owner NOLOGIN; END IF;
		IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'elderzan_provisioner') THEN CREATE ROLE elderzan_provisioner NOLOGIN CREATEROLE; END IF;
		IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'elderzan_member') THEN CREATE ROLE elderzan_member NOLOGIN; END IF;
		IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
			EXECUTE format('GRANT elderzan_owner, elderzan_provisioner TO %I', current_user);
		END IF;
		EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
		EXECUTE format('GRANT CONNECT ON DATABASE %I TO elderzan_member, elderzan_owner', current_database());
		CREATE SCHEMA IF NOT EXISTS elderzan AUTHORIZATION elderzan_owner;
		REVOKE ALL ON SCHEMA elderzan FROM PUBLIC;
		REVOKE CREATE ON SCHEMA public FROM PUBLIC;
		GRANT USAGE ON SCHEMA elderzan TO elderzan_member, elderzan_provisioner;
	END $$`,
	`GRANT elderzan_member TO elderzan_provisioner WITH ADMIN OPTION`,
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("postgres: read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("postgres: bring the schema up to date: %w", err)
	}
	return nil
}

// Found makes the login of a team's first device. o is as for Init.
func Found(ctx context.Context, o Options, team, device uuid.UUID, login, password string) error {
	conn, end, err := connectAdmin(ctx, o)
	if err != nil {
		return err
	}
	defer end()
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SET ROLE elderzan_provisioner`); err != nil {
		return failure("found the team", err)
	}
	_, err = conn.Exec(ctx, `SELECT elderzan.found($1, $2, $3, $4)`, team, login, verifier, device)
	return failure("found the team", err)
}

// NewLogin returns a fresh login and its password.
func NewLogin() (login, password string) {
	var b [48]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime ends the program instead
	return "ez_" + hex.EncodeToString(b[:16]), base64.RawURLEncoding.EncodeToString(b[16:])
}

// scramVerifier is what the server keeps of a password: made here, the server never sees the password itself.
func scramVerifier(password string) (string, error) {
	const rounds = 4096
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, b64(salt), b64(stored[:]), b64(mac(salted, "Server Key"))), nil
}
