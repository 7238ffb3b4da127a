package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// testUnsafe opens as whoever could read past the policies, and with a schema that does not force them.
func testUnsafe(t *testing.T, c *pgtest.Cluster) {
	ctx, admin := t.Context(), c.Connect(t, c.AdminURL("postgres"))
	refused := func(what, url string) {
		t.Helper()
		db, err := postgres.Open(ctx, options(c, url))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Remote(uuid.New()).Admitted(ctx); !errors.Is(err, postgres.ErrUnsafe) || !errors.Is(err, memsync.ErrRefused) {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
	refused("superuser", c.AdminURL("postgres"))
	for what, rights := range map[string]string{"bypassrls": "BYPASSRLS IN ROLE elderzan_member", "owner": "IN ROLE elderzan_owner, elderzan_member", "provisioner": "IN ROLE elderzan_provisioner"} {
		if _, err := admin.Exec(ctx, `CREATE ROLE unsafe_`+what+` LOGIN PASSWORD 'pw' `+rights); err != nil {
			t.Fatal(err)
		}
		refused(what, c.URL("unsafe_"+what, "pw", "postgres"))
	}
	n := found(t, c)
	if ok, err := n.remote.Admitted(ctx); err != nil || !ok {
		t.Errorf("a member: %v, %v", ok, err)
	}
	if _, err := admin.Exec(ctx, `ALTER TABLE elderzan.wraps NO FORCE ROW LEVEL SECURITY`); err != nil {
		t.Fatal(err)
	}
	refused("schema without FORCE", n.url)
	if _, err := admin.Exec(ctx, `ALTER TABLE elderzan.wraps FORCE ROW LEVEL SECURITY`); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(ctx, `CREATE DATABASE empty`); err != nil {
		t.Fatal(err)
	}
	refused("database without the schema", c.AdminURL("empty"))
}

// testMatrix tries every verb on every table from one team's credentials against another's rows, by raw SQL.
func testMatrix(t *testing.T, c *pgtest.Cluster, a, b tenant) {
	ctx := t.Context()
	id := memory.NewID()
	if _, err := b.remote.Push(ctx, memsync.Shared(b.team), []memsync.Record{{ID: id, Version: 1, Body: body(1, "theirs")}}); err != nil {
		t.Fatal(err)
	}
	if err := b.remote.Append(ctx, 0, []byte("entry"), b.device, []memsync.Wrap{{Device: b.device, Epoch: 1, Body: []byte("wrap")}}); err != nil {
		t.Fatal(err)
	}
	if err := b.remote.Ask(ctx, []byte("request")); err != nil {
		t.Fatal(err)
	}
	admin := c.Connect(t, c.AdminURL("postgres"))
	before := snapshot(t, admin, b.team)
	theirs, mine := "'"+b.team.String()+"'::uuid", "'"+a.team.String()+"'::uuid"
	setups := map[string]string{
		"plain": ``, "set role": `SET ROLE elderzan_member`, "tenant setting": `SET elderzan.tenant = ` + "'" + b.team.String() + "'",
		"row_security off": `SET row_security = off`, "own search_path": `SET search_path = pg_temp, elderzan`,
	}
	tables := []string{"records", "globals", "globals_cold", "claims", "entries", "wraps", "joins", "logins", "heads", "records_0", "records_1", "records_2", "records_3", "records_4", "records_5", "records_6", "records_7"}
	tried := 0
	for name, setup := range setups {
		conn, err := c.TryConnect(ctx, a.url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(ctx, setup); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, tbl := range tables {
			for verb, q := range map[string]string{
				"select":          `SELECT count(*) FROM elderzan.` + tbl + ` WHERE tenant = ` + theirs,
				"select by row":   `SELECT count(*) FROM elderzan.` + tbl + ` t WHERE t.tenant <> ` + mine,
				"update":          `UPDATE elderzan.` + tbl + ` SET tenant = tenant WHERE tenant = ` + theirs,
				"take over":       `UPDATE elderzan.` + tbl + ` SET tenant = ` + mine + ` WHERE tenant = ` + theirs,
				"give away":       `UPDATE elderzan.` + tbl + ` SET tenant = ` + theirs + ` WHERE tenant = ` + mine,
				"delete":          `DELETE FROM elderzan.` + tbl + ` WHERE tenant = ` + theirs,
				"delete all":      `DELETE FROM elderzan.` + tbl,
				"truncate":        `TRUNCATE elderzan.` + tbl,
				"copy out":        `COPY (SELECT * FROM elderzan.` + tbl + ` WHERE tenant = ` + theirs + `) TO STDOUT`,
				"drop":            `DROP TABLE elderzan.` + tbl,
				"disable":         `ALTER TABLE elderzan.` + tbl + ` DISABLE ROW LEVEL SECURITY`,
				"policy":          `CREATE POLICY mine ON elderzan.` + tbl + ` FOR ALL USING (true)`,
				"trigger":         `CREATE TRIGGER mine BEFORE INSERT ON elderzan.` + tbl + ` EXECUTE FUNCTION elderzan.tell()`,
				"lock":            `LOCK TABLE elderzan.` + tbl + ` IN ACCESS EXCLUSIVE MODE`,
				"select for lock": `SELECT count(*) FROM (SELECT 1 FROM elderzan.` + tbl + ` WHERE tenant = ` + theirs + ` FOR UPDATE) x`,
				"references":      `CREATE TEMP TABLE ref (t uuid REFERENCES elderzan.` + tbl + `)`,
			} {
				tried++
				n := affected(ctx, conn, q)
				if n > 0 && !(tbl == "globals" && (strings.HasPrefix(verb, "select") || verb == "copy out")) {
					t.Errorf("%s: %s on %s touched %d rows", name, verb, tbl, n)
				}
				if n >= 0 && !readsOrWrites[strings.Fields(q)[0]] { // it touches no row where it goes through
					t.Errorf("%s: %s on %s went through", name, verb, tbl)
				}
			}
		}
		for what, q := range map[string]string{
			"record in their name":    fmt.Sprintf(`INSERT INTO elderzan.records (tenant, row, version, body) VALUES (%s, gen_random_uuid(), 1, '\x%x')`, theirs, body(1, "forged")),
			"global in their name":    fmt.Sprintf(`INSERT INTO elderzan.globals (tenant, row, version, body) VALUES (%s, gen_random_uuid(), 1, '\x455a4731%0120d')`, theirs, 0),
			"upsert over their row":   fmt.Sprintf(`INSERT INTO elderzan.records (tenant, row, version, body) VALUES (%s, '%s', 2, '\x%x') ON CONFLICT (tenant, row) DO UPDATE SET version = 2, body = excluded.body`, theirs, id, body(2, "forged")),
			"entry in their chain":    `INSERT INTO elderzan.entries (tenant, seq, entry) VALUES (` + theirs + `, 1, 'x')`,
			"wrap in their name":      `INSERT INTO elderzan.wraps (tenant, device, epoch, author, wrap) VALUES (` + theirs + `, gen_random_uuid(), 1, gen_random_uuid(), 'x')`,
			"join in their name":      `INSERT INTO elderzan.joins (tenant, request) VALUES (` + theirs + `, 'x')`,
			"login":                   `INSERT INTO elderzan.logins (tenant, login) VALUES (` + theirs + `, session_user)`,
			"wrap by another device":  `INSERT INTO elderzan.wraps (tenant, device, epoch, author, wrap) VALUES (` + mine + `, gen_random_uuid(), 1, gen_random_uuid(), 'x')`,
			"other scope":             fmt.Sprintf(`INSERT INTO elderzan.records (tenant, row, version, scope, body) VALUES (%s, gen_random_uuid(), 1, 1, '\x%x')`, mine, body(1, "x")),
			"private in a record":     fmt.Sprintf(`INSERT INTO elderzan.records (tenant, row, version, body) VALUES (%s, gen_random_uuid(), 1, '\x%x')`, mine, append([]byte("EZRC\x01\x03\x01"), make([]byte, 240)...)),
			"plaintext as a record":   fmt.Sprintf(`INSERT INTO elderzan.records (tenant, row, version, body) VALUES (%s, gen_random_uuid(), 1, '\x%x')`, mine, strings.Repeat("plain text ", 30)),
			"first version 5":         fmt.Sprintf(`INSERT INTO elderzan.records (tenant, row, version, body) VALUES (%s, gen_random_uuid(), 5, '\x%x')`, mine, body(5, "x")),
			"own batch number":        fmt.Sprintf(`INSERT INTO elderzan.records (tenant, row, version, batch, body) VALUES (%s, gen_random_uuid(), 1, 0, '\x%x')`, mine, body(1, "x")),
			"role of the owner":       `SET ROLE elderzan_owner`,
			"role of the provisioner": `SET ROLE elderzan_provisioner`,
			"another's session":       `SET SESSION AUTHORIZATION ` + b.login,
			"a role":                  `CREATE ROLE mine`,
			"found":                   `SELECT elderzan.found(gen_random_uuid(), 'ez_00000000000000000000000000000000', 'x', gen_random_uuid())`,
			"make_login":              `SELECT elderzan.make_login('ez_00000000000000000000000000000000', 'x', now())`,
			"odd name":                `SELECT elderzan.invite('postgres', 'SCRAM-SHA-256$4096:AA==$AA==:AA==', now())`,
			"injection":               `SELECT elderzan.invite('ez_00000000000000000000000000000000', 'x'' SUPERUSER', now())`,
			"own table":               `CREATE TABLE elderzan.mine (x int)`,
			"own function":            `CREATE FUNCTION elderzan.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
			"public table":            `CREATE TABLE public.mine (x int)`,
			"server files":            `COPY (SELECT 1) TO PROGRAM 'true'`,
		} {
			tried++
			if n := affected(ctx, conn, q); n >= 0 {
				t.Errorf("%s: %s went through (%d)", name, what, n)
			}
		}
		push := func(table string, row string, version int, body []byte) string {
			return fmt.Sprintf(`SELECT count(*) FROM elderzan.push_%s(ARRAY[%s]::uuid[], ARRAY[%d], ARRAY['\x%x'::bytea])`, table, row, version, body)
		}
		for what, q := range map[string]string{
			"push over their row":     push("records", "'"+string(id)+"'", 2, body(2, "forged")),
			"push a first version 5":  push("records", "gen_random_uuid()", 5, body(5, "x")),
			"push PRIVATE":            push("records", "gen_random_uuid()", 1, append([]byte("EZRC\x01\x03\x01"), make([]byte, 240)...)),
			"push plaintext":          push("records", "gen_random_uuid()", 1, []byte(strings.Repeat("plain text ", 30))),
			"push SHARED into GLOBAL": push("globals", "gen_random_uuid()", 1, body(1, "x")),
			"push without a body":     `SELECT count(*) FROM elderzan.push_records(ARRAY[gen_random_uuid()], ARRAY[1], ARRAY[NULL::bytea])`,
			"push without a version":  push("records", "gen_random_uuid()", 0, body(1, "x")),
		} {
			tried++
			if n := affected(ctx, conn, q); n > 0 {
				t.Errorf("%s: %s wrote %d rows", name, what, n)
			}
		}
		// With row_security off the database refuses whatever a policy would have cut.
		if n := affected(ctx, conn, push("records", "gen_random_uuid()", 1, body(1, "mine"))); n != 1 && name != "row_security off" {
			t.Errorf("%s: a push into one's own team wrote %d rows, want 1", name, n)
		}
		if n := affected(ctx, conn, `SELECT elderzan.dismiss('`+b.device.String()+`')`); n > 0 && snapshot(t, admin, b.team) != before {
			t.Errorf("%s: dismissed another team's device", name)
		}
		_ = conn.Close(ctx) // it has served
	}
	if after := snapshot(t, admin, b.team); after != before {
		t.Errorf("the other team's rows changed:\n%s\n%s", before, after)
	}
	t.Logf("%d statements tried", tried)
}

// readsOrWrites are the statements that may go through and find no row.
var readsOrWrites = map[string]bool{"SELECT": true, "UPDATE": true, "DELETE": true, "COPY": true}

// affected runs q and undoes it; it returns how many rows it touched or counted, and −1 for an error.
func affected(ctx context.Context, conn *pgx.Conn, q string) int64 {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return -1
	}
	defer func() { _ = tx.Rollback(ctx) }() // whatever it did
	if strings.HasPrefix(q, "COPY (SELECT *") {
		var n counter
		if _, err := conn.PgConn().CopyTo(ctx, &n, q); err != nil {
			return -1
		}
		return int64(n)
	}
	if strings.HasPrefix(q, "SELECT count") {
		var n int64
		if err := tx.QueryRow(ctx, q).Scan(&n); err != nil {
			return -1
		}
		return n
	}
	tag, err := tx.Exec(ctx, q)
	if err != nil {
		return -1
	}
	return tag.RowsAffected()
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func snapshot(t *testing.T, admin *pgx.Conn, team uuid.UUID) string {
	t.Helper()
	var out string
	err := admin.QueryRow(t.Context(), `SELECT concat_ws(' ',
		(SELECT string_agg(row || version::text || md5(body), ',' ORDER BY row) FROM elderzan.records WHERE tenant = $1),
		(SELECT string_agg(seq::text || md5(entry), ',' ORDER BY seq) FROM elderzan.entries WHERE tenant = $1),
		(SELECT count(*) FROM elderzan.wraps WHERE tenant = $1), (SELECT count(*) FROM elderzan.joins WHERE tenant = $1),
		(SELECT count(*) FROM elderzan.globals WHERE tenant = $1), (SELECT count(*) FROM elderzan.globals_cold WHERE tenant = $1), (SELECT count(*) FROM elderzan.logins WHERE tenant = $1))`, team).Scan(&out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
