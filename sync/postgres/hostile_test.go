package postgres_test

import (
	"context"
	"errors"
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

// testHostile has a member, and somebody who was only invited, do what takes no right to any row.
func testHostile(t *testing.T, c *pgtest.Cluster, a, b tenant) {
	login, password := postgres.NewLogin()
	if err := a.remote.Invite(t.Context(), login, password, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	guest := c.Connect(t, c.URL(login, password, "postgres"))
	member := c.Connect(t, a.url)
	t.Run("drop what depends on the role", func(t *testing.T) { testDropOwned(t, c, guest, b) })
	t.Run("hold the line of GLOBAL", func(t *testing.T) { testHoldLine(t, guest, b) })
	t.Run("estimates", func(t *testing.T) { testEstimates(t, c, member, b) })
	t.Run("another's device", func(t *testing.T) {
		if err := a.remote.Admit(t.Context(), login, a.device, false, false); !errors.Is(err, memsync.ErrRefused) {
			t.Errorf("a login for a device that has one: %v, want a refusal", err)
		}
		if err := a.remote.Admit(t.Context(), login, uuid.New(), false, false); err != nil {
			t.Errorf("a login for a new device: %v", err)
		}
	})
}

// testDropOwned has somebody drop what depends on the roles they belong to: neither policies nor rights may go with it.
func testDropOwned(t *testing.T, c *pgtest.Cluster, guest *pgx.Conn, b tenant) {
	ctx, admin := t.Context(), c.Connect(t, c.AdminURL("postgres"))
	state := func() (s string) {
		t.Helper()
		err := admin.QueryRow(ctx, `SELECT concat_ws(E'\n', (SELECT string_agg(p::text, E'\n' ORDER BY p::text) FROM pg_policies p WHERE schemaname = 'elderzan'),
			(SELECT string_agg(relname || relacl::text, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'elderzan'::regnamespace),
			(SELECT string_agg(attrelid::regclass || attname || attacl::text, ' ' ORDER BY attrelid, attname) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'elderzan'::regnamespace)),
			(SELECT string_agg(proname || proacl::text, ' ' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'elderzan'::regnamespace),
			(SELECT nspacl::text FROM pg_namespace WHERE nspname = 'elderzan'), (SELECT datacl::text FROM pg_database WHERE datname = current_database()))`).Scan(&s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := state()
	for _, role := range []string{"elderzan_member", "elderzan_owner", "elderzan_provisioner", b.login} {
		for _, stmt := range []string{`DROP OWNED BY ` + role, `DROP OWNED BY ` + role + ` CASCADE`, `REASSIGN OWNED BY ` + role + ` TO CURRENT_USER`} {
			_, err := guest.Exec(ctx, stmt) // whether it is refused or in vain
			if after := state(); after != before {
				t.Fatalf("%s (%v) went through:\n%s\n\n%s", stmt, err, before, after)
			}
		}
	}
	if _, err := b.remote.Pull(ctx, memsync.Shared(b.team), "", 1); err != nil {
		t.Error(err)
	}
}

// testHoldLine has somebody who may not write begin a batch that changes nothing, and leave it open.
func testHoldLine(t *testing.T, guest *pgx.Conn, b tenant) {
	ctx := t.Context()
	record, _, err := memsync.Plain{}.Seal(memory.NewID(), memsync.State{}, memsync.Payload{Text: "for all", Meta: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	for _, stmt := range []string{
		`UPDATE elderzan.globals SET version = 2 WHERE false`, `UPDATE elderzan.records SET version = 2 WHERE false`,
		`INSERT INTO elderzan.globals (tenant, row, version, body) SELECT gen_random_uuid(), gen_random_uuid(), 1, '' WHERE false`,
		`SELECT 1 FROM elderzan.push_globals('{}', '{}', '{}')`, `SELECT 1 FROM elderzan.cool('0', 0, 1)`, `SELECT elderzan.warm(NULL, 1)`,
	} {
		tx, err := guest.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, stmt); err == nil {
			t.Errorf("%s: went through", stmt)
		}
		short, cancel := context.WithTimeout(ctx, soon)
		if _, err := b.remote.Push(short, memsync.Global(), []memsync.Record{{ID: memory.NewID(), Version: 1, Body: record}}); err != nil {
			t.Errorf("%s: another team's push: %v", stmt, err)
		}
		cancel()
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// soon is how long a push may take that nobody holds up.
const soon = 20 * time.Second

// testEstimates asks the planner how many rows another team has, and a team that does not exist.
func testEstimates(t *testing.T, c *pgtest.Cluster, member *pgx.Conn, b tenant) {
	ctx, admin := t.Context(), c.Connect(t, c.AdminURL("postgres"))
	var many []memsync.Record
	for range 1000 {
		many = append(many, memsync.Record{ID: memory.NewID(), Version: 1, Body: body(1, "theirs")})
	}
	if _, err := b.remote.Push(ctx, memsync.Shared(b.team), many); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"records", "entries", "wraps", "joins", "globals_cold"} {
		if _, err := admin.Exec(ctx, `ANALYZE elderzan.`+table); err != nil {
			t.Fatal(err)
		}
	}
	explain := func(where string) string {
		t.Helper()
		rows, err := member.Query(ctx, `EXPLAIN SELECT 1 FROM elderzan.records WHERE `+where)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	of := func(team uuid.UUID) string {
		return strings.ReplaceAll(explain(`tenant = '`+team.String()+`'`), team.String(), "")
	}
	theirs := of(b.team)
	at := strings.LastIndex(theirs, "records_")
	if at < 0 {
		t.Fatalf("no partition in\n%s", theirs)
	}
	partition := theirs[at:][:len("records_0")]
	for tries := 0; ; tries++ {
		nobody := of(uuid.New())
		if !strings.Contains(nobody, partition) {
			if tries == 1000 {
				t.Fatalf("no team is in %s", partition)
			}
			continue
		}
		if nobody != theirs {
			t.Errorf("the planner tells of a team with 1000 rows:\n%s\nof none:\n%s", theirs, nobody)
		}
		break
	}
	if low, high := explain(`body < '\x455a524301030300'`), explain(`body < '\xff'`); strings.ReplaceAll(low, `\x455a524301030300`, `\xff`) != high {
		t.Errorf("the planner tells of what records begin with:\n%s\n%s", low, high)
	}
	var known int
	if err := admin.QueryRow(ctx, `SELECT count(*) FROM pg_stats WHERE schemaname = 'elderzan' AND tablename ~ '^(records|entries|wraps|joins|globals_cold)'
		AND attname <> 'scope'`).Scan(&known); err != nil || known > 0 {
		t.Errorf("the planner knows of %d columns, %v", known, err)
	}
}
