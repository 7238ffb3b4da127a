package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// tenant is a team's first device in a test.
type tenant struct {
	team, device    uuid.UUID
	login, password string
	url             string
	db              *postgres.DB
	remote          *postgres.Remote
}

func options(c *pgtest.Cluster, url string) postgres.Options {
	return postgres.Options{URL: func() string { return url }, CA: c.CA}
}

func found(t *testing.T, c *pgtest.Cluster) tenant {
	t.Helper()
	n := tenant{team: uuid.New(), device: uuid.New()}
	n.login, n.password = postgres.NewLogin()
	n.url = c.URL(n.login, n.password, "postgres")
	if err := postgres.Found(t.Context(), options(c, c.AdminURL("postgres")), n.team, n.device, n.login, n.password); err != nil {
		t.Fatal(err)
	}
	n.open(t, c)
	return n
}

func (n *tenant) open(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	db, err := postgres.Open(t.Context(), options(c, n.url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	n.db, n.remote = db, db.Remote(n.team)
}

// body is something that looks like a sealed record.
func body(version int, text string) []byte {
	b := append([]byte("EZRC\x01\x03\x03"), make([]byte, 240)...)
	return append(b, fmt.Sprintf("%d %s", version, text)...)
}

func start(t *testing.T) *pgtest.Cluster {
	t.Helper()
	c := pgtest.Start(t)
	if err := postgres.Init(t.Context(), options(c, c.AdminURL("postgres"))); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Init(t.Context(), options(c, c.AdminURL("postgres"))); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	return c
}

func TestPostgres(t *testing.T) {
	c := start(t)
	a, b := found(t, c), found(t, c)
	t.Run("push and pull", func(t *testing.T) { testPushPull(t, a) })
	t.Run("global", func(t *testing.T) { testGlobal(t, a, b) })
	t.Run("cold", func(t *testing.T) { testCold(t, c, a, b) })
	t.Run("unsafe logins", func(t *testing.T) { testUnsafe(t, c) })
	t.Run("matrix", func(t *testing.T) { testMatrix(t, c, a, b) })
	t.Run("cursor", func(t *testing.T) { testCursor(t, c, a) })
	t.Run("invite and dismiss", func(t *testing.T) { testInvite(t, c, a) })
	t.Run("transport", func(t *testing.T) { testTransport(t, c, a) })
}

func testPushPull(t *testing.T, a tenant) {
	ctx, p := t.Context(), memsync.Shared(a.team)
	id, other := memory.NewID(), memory.NewID()
	push := func(want memsync.Outcome, id memory.ID, version int, text string) {
		t.Helper()
		got, err := a.remote.Push(ctx, p, []memsync.Record{{ID: id, Version: uint64(version), Body: body(version, text)}})
		if err != nil || got[0] != want {
			t.Errorf("push %d %q: %v, %v; want %v", version, text, got, err, want)
		}
	}
	push(memsync.Accepted, id, 1, "x")
	push(memsync.Accepted, id, 1, "x") // once more
	push(memsync.Stale, id, 1, "y")
	push(memsync.Stale, id, 3, "z")
	push(memsync.Accepted, id, 2, "y")
	push(memsync.Stale, id, 1, "x") // late
	push(memsync.Stale, other, 2, "without a first")
	page, err := a.remote.Pull(ctx, p, "", 10)
	if err != nil || len(page.Records) != 1 || page.Records[0].Version != 2 || page.More {
		t.Fatalf("pull: %+v, %v", page, err)
	}
	if again, err := a.remote.Pull(ctx, p, page.Cursor, 10); err != nil || len(again.Records) != 0 || again.Cursor != page.Cursor {
		t.Errorf("pull again: %+v, %v", again, err)
	}
	var many []memsync.Record
	for range 25 {
		many = append(many, memsync.Record{ID: memory.NewID(), Version: 1, Body: body(1, "")})
	}
	if _, err := a.remote.Push(ctx, p, many); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for more := true; more; {
		page, err = a.remote.Pull(ctx, p, page.Cursor, 10)
		if err != nil {
			t.Fatal(err)
		}
		seen, more = seen+len(page.Records), page.More
	}
	if seen != 25 {
		t.Errorf("pulled %d of one batch in pages, want 25", seen)
	}
	if _, err := a.remote.Push(ctx, memsync.Place{}, many); !errors.Is(err, memsync.ErrLocalOnly) {
		t.Errorf("push to no place: %v", err)
	}
	if got, err := a.remote.Fetch(ctx, p, []memory.ID{id, other}); err != nil || len(got) != 1 || got[0].Version != 2 {
		t.Errorf("fetch: %v, %v", got, err)
	}
}

func testGlobal(t *testing.T, a, b tenant) {
	ctx, id := t.Context(), memory.NewID()
	rec, next, err := memsync.Plain{}.Seal(id, memsync.State{}, memsync.Payload{Text: "for all", Meta: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.remote.Push(ctx, memsync.Global(), []memsync.Record{{ID: id, Version: 1, Body: rec}}); err != nil || got[0] != memsync.Accepted {
		t.Fatalf("push: %v, %v", got, err)
	}
	page, err := b.remote.Pull(ctx, memsync.Global(), "", 10)
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("the other team pulls: %+v, %v", page, err)
	}
	rec2, _, err := memsync.Plain{}.Seal(id, next, memsync.Payload{Text: "mine now", Meta: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.remote.Push(ctx, memsync.Global(), []memsync.Record{{ID: id, Version: 2, Body: rec2}}); err != nil || got[0] != memsync.Refused {
		t.Errorf("the other team overwrites: %v, %v", got, err)
	}
	if page, err := a.remote.Pull(ctx, memsync.Shared(a.team), "", 1000); err != nil {
		t.Error(err)
	} else {
		for _, r := range page.Records {
			if r.ID == id {
				t.Error("GLOBAL came with SHARED")
			}
		}
	}
}

// testCold moves old rows of GLOBAL out of the way and brings them back, one by a push and the others by command.
func testCold(t *testing.T, c *pgtest.Cluster, a, b tenant) {
	ctx, admin := t.Context(), c.Connect(t, c.AdminURL("postgres"))
	var ids []memory.ID
	states := map[memory.ID]memsync.State{}
	var records []memsync.Record
	for range 10 {
		id := memory.NewID()
		rec, next, err := memsync.Plain{}.Seal(id, memsync.State{}, memsync.Payload{Text: "old news", Meta: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		ids, records, states[id] = append(ids, id), append(records, memsync.Record{ID: id, Version: 1, Body: rec}), next
	}
	if _, err := a.remote.Push(ctx, memsync.Global(), records); err != nil {
		t.Fatal(err)
	}
	usage := func(scope string) int64 {
		t.Helper()
		us, err := a.remote.Usage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range us {
			if u.Scope == scope && u.Team == a.team.String() {
				return u.Rows
			}
		}
		return 0
	}
	before := usage("GLOBAL")
	year := 365 * 24 * time.Hour
	if n, _, err := a.remote.Cool(ctx, year, 0); err != nil || n != 0 {
		t.Errorf("%d rows are old, %v; want none yet", n, err)
	}
	if _, err := admin.Exec(ctx, `SET session_replication_role = replica`); err != nil { // no trigger says when they were changed
		t.Fatal(err)
	}
	if _, err := admin.Exec(ctx, `UPDATE elderzan.globals SET at = now() - interval '2 years' WHERE row = ANY ($1)`, ids[:6]); err != nil {
		t.Fatal(err)
	}
	if n, _, err := a.remote.Cool(ctx, year, 1<<40); err != nil || n != 0 {
		t.Errorf("below the limit %d rows went, %v", n, err)
	}
	if n, _, err := b.remote.Cool(ctx, year, 0); err != nil || n != 0 {
		t.Errorf("another team moved %d rows, %v", n, err)
	}
	n, bytes, err := a.remote.Cool(ctx, year, 0)
	if err != nil || n != 6 || bytes < 6*60 || usage("GLOBAL") != before-6 || usage("GLOBAL cold") != 6 {
		t.Fatalf("%d rows and %d bytes went, %v; %d and %d are where they were and in the cold", n, bytes, err, usage("GLOBAL"), usage("GLOBAL cold"))
	}
	seen := func() map[memory.ID]uint64 {
		t.Helper()
		out := map[memory.ID]uint64{}
		page := memsync.Page{More: true}
		for page.More {
			if page, err = b.remote.Pull(ctx, memsync.Global(), page.Cursor, 100); err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				out[r.ID] = r.Version
			}
		}
		return out
	}
	if got := seen(); got[ids[0]] != 0 || got[ids[9]] != 1 {
		t.Errorf("version %d of a cold row and %d of another are pulled", got[ids[0]], got[ids[9]])
	}
	rec, _, err := memsync.Plain{}.Seal(ids[0], states[ids[0]], memsync.Payload{Text: "news again", Meta: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.remote.Push(ctx, memsync.Global(), []memsync.Record{{ID: ids[0], Version: 2, Body: rec}}); err != nil || got[0] != memsync.Accepted {
		t.Errorf("a push to a cold row: %v, %v", got, err)
	}
	if got := seen(); got[ids[0]] != 2 {
		t.Errorf("version %d is pulled, want 2", got[ids[0]])
	}
	if n, err := b.remote.Warm(ctx, ids); err != nil || n != 0 {
		t.Errorf("another team brought %d rows back, %v", n, err)
	}
	if n, err := a.remote.Warm(ctx, ids[1:2]); err != nil || n != 1 {
		t.Errorf("one by name: %d, %v", n, err)
	}
	if n, err := a.remote.Warm(ctx, nil); err != nil || n != 4 || usage("GLOBAL cold") != 0 {
		t.Errorf("all: %d, %v, %d are left", n, err, usage("GLOBAL cold"))
	}
	got := seen()
	for _, id := range ids[1:] {
		if got[id] != 1 {
			t.Errorf("%s is pulled with version %d", id, got[id])
		}
	}
	all, err := postgres.UsageOfAll(ctx, options(c, c.AdminURL("postgres")))
	if err != nil || len(all) < 2 || !slices.ContainsFunc(all, func(u postgres.Usage) bool {
		return u.Team == a.team.String() && u.Scope == "GLOBAL" && u.Rows == before
	}) {
		t.Errorf("usage of all: %+v, %v", all, err)
	}
}

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
	tables := []string{"records", "globals", "globals_cold", "entries", "wraps", "joins", "logins", "heads", "records_0", "records_1", "records_2", "records_3", "records_4", "records_5", "records_6", "records_7"}
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
				if n := affected(ctx, conn, q); n > 0 && !(tbl == "globals" && (strings.HasPrefix(verb, "select") || verb == "copy out")) {
					t.Errorf("%s: %s on %s touched %d rows", name, verb, tbl, n)
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

// testCursor has a slow writer commit after a quick one that began later, and looks whether the cursor passes it over.
func testCursor(t *testing.T, c *pgtest.Cluster, a tenant) {
	ctx, p := t.Context(), memsync.Shared(a.team)
	page := memsync.Page{}
	for more := true; more; {
		var err error
		if page, err = a.remote.Pull(ctx, p, page.Cursor, 100); err != nil {
			t.Fatal(err)
		}
		more = page.More
	}
	slow := c.Connect(t, a.url)
	tx, err := slow.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO elderzan.records (tenant, row, version, body) VALUES ($1, gen_random_uuid(), 1, $2)`, a.team, body(1, "slow")); err != nil {
		t.Fatal(err)
	}
	quick := make(chan error, 1)
	go func() {
		_, err := a.remote.Push(ctx, p, []memsync.Record{{ID: memory.NewID(), Version: 1, Body: body(1, "quick")}})
		quick <- err
	}()
	for range 3 {
		if page, err = a.remote.Pull(ctx, p, page.Cursor, 100); err != nil || len(page.Records) != 0 {
			t.Fatalf("pulled before the slow one committed: %+v, %v", page, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-quick; err != nil {
		t.Fatal(err)
	}
	if page, err = a.remote.Pull(ctx, p, page.Cursor, 100); err != nil || len(page.Records) != 2 {
		t.Errorf("pulled %d, %v; want both", len(page.Records), err)
	}
}

func testInvite(t *testing.T, c *pgtest.Cluster, a tenant) {
	ctx := t.Context()
	guest := tenant{team: a.team, device: uuid.New()}
	guest.login, guest.password = postgres.NewLogin()
	guest.url = c.URL(guest.login, guest.password, "postgres")
	if err := a.remote.Invite(ctx, guest.login, guest.password, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	guest.open(t, c)
	if ok, err := guest.remote.Admitted(ctx); err != nil || ok {
		t.Errorf("before: %v, %v", ok, err)
	}
	if page, err := guest.remote.Pull(ctx, memsync.Shared(a.team), "", 10); err != nil || len(page.Records) != 0 {
		t.Errorf("a guest pulls %d records, %v", len(page.Records), err)
	}
	if page, err := guest.remote.Pull(ctx, memsync.Global(), "", 10); err != nil || len(page.Records) != 0 {
		t.Errorf("a guest pulls %d of GLOBAL, %v", len(page.Records), err)
	}
	if err := guest.remote.Ask(ctx, []byte("please")); err != nil {
		t.Fatal(err)
	}
	joins, err := a.remote.Joins(ctx)
	if err != nil || len(joins) != 1 || joins[0].Login != guest.login {
		t.Fatalf("joins: %v, %v", joins, err)
	}
	if err := a.remote.Admit(ctx, guest.login, guest.device, true, false); err != nil {
		t.Fatal(err)
	}
	rec := memsync.Record{ID: memory.NewID(), Version: 1, Body: body(1, "from the guest")}
	if got, err := guest.remote.Push(ctx, memsync.Shared(a.team), []memsync.Record{rec}); err != nil || got[0] != memsync.Accepted {
		t.Errorf("admitted: %v, %v", got, err)
	}
	if err := guest.remote.Dismiss(ctx, a.device); err == nil {
		t.Error("an editor dismissed the owner")
	}
	if err := a.remote.SetRights(ctx, guest.device, false, false); err != nil {
		t.Fatal(err)
	}
	rec.ID = memory.NewID()
	if got, err := guest.remote.Push(ctx, memsync.Shared(a.team), []memsync.Record{rec}); err != nil || got[0] != memsync.Refused {
		t.Errorf("a reader wrote: %v, %v", got, err)
	}
	if err := a.remote.Dismiss(ctx, guest.device); err != nil {
		t.Fatal(err)
	}
	if page, err := guest.remote.Pull(ctx, memsync.Shared(a.team), "", 10); err == nil && len(page.Records) != 0 {
		t.Error("who was dismissed still reads, on the connection that was open")
	}
	if _, err := c.TryConnect(ctx, guest.url); err == nil {
		t.Error("who was dismissed still connects")
	}
}

func testTransport(t *testing.T, c *pgtest.Cluster, a tenant) {
	ctx := t.Context()
	try := func(o postgres.Options) error {
		db, err := postgres.Open(ctx, o)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.Remote(a.team).Admitted(ctx)
		return err
	}
	pins, err := postgres.ServerPins(ctx, options(c, a.url))
	if err != nil || len(pins) != 2 {
		t.Fatalf("pins: %v, %v", pins, err)
	}
	strange := "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	expires := time.Time{}
	good := options(c, a.url)
	good.Pins, good.OnExpiry = []string{strange, pins[1]}, func(at time.Time) { expires = at }
	if err := try(good); err != nil || time.Until(expires) < time.Hour {
		t.Errorf("the backup pin alone fits: %v, expires %v", err, expires)
	}
	for name, change := range map[string]func(*postgres.Options){
		"no pin fits":    func(o *postgres.Options) { o.Pins = []string{strange, strange} },
		"one pin":        func(o *postgres.Options) { o.Pins = pins[:1] },
		"other CA":       func(o *postgres.Options) { o.CA = nil },
		"CA is no PEM":   func(o *postgres.Options) { o.CA = []byte("x") },
		"sslmode prefer": func(o *postgres.Options) { o.URL = func() string { return a.url + "?sslmode=prefer" } },
		"sslmode off":    func(o *postgres.Options) { o.URL = func() string { return a.url + "?sslmode=disable" } },
		"wrong name": func(o *postgres.Options) {
			o.URL = func() string { return strings.Replace(a.url, "localhost", "127.0.0.2", 1) }
		},
		"not postgres": func(o *postgres.Options) { o.URL = func() string { return "http://x/y" } },
		"no login":     func(o *postgres.Options) { o.URL = func() string { return "postgres://localhost/x" } },
		"wrong password": func(o *postgres.Options) {
			o.URL = func() string { return c.URL(a.login, "secretpassword", "postgres") }
		},
	} {
		o := options(c, a.url)
		change(&o)
		err := try(o)
		if err == nil {
			t.Errorf("%s: connected", name)
		} else if strings.Contains(err.Error(), a.password) || strings.Contains(err.Error(), "secretpassword") || strings.Contains(err.Error(), a.login) {
			t.Errorf("%s: the error tells too much: %v", name, err)
		}
	}
}
