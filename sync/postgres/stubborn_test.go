package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
	"github.com/elderzan/elderzan/sync/synctest"
)

// device is a folder that syncs GLOBAL with somebody's login.
type device struct {
	local  *synctest.Local
	engine *memsync.Engine
}

func newDevice(n tenant) device {
	l := synctest.NewLocal(time.Now)
	return device{l, memsync.NewEngine(memsync.Global(), l, n.remote, memsync.Plain{}, memsync.Options{Device: uuid.NewString(), Patience: -1})}
}

func (d device) round(t *testing.T) memsync.Report {
	t.Helper()
	rep, err := d.engine.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// testAnothersGlobal has a team put rows under its own name that bear the id of another team's row of GLOBAL and continue its
// history: nobody may see anything but the other team's.
func testAnothersGlobal(t *testing.T, c *pgtest.Cluster, a, b tenant) {
	ctx := t.Context()
	writer, reader := newDevice(a), newDevice(b)
	m := memory.Memory{ID: memory.NewID(), Content: "what everybody relies on", Scope: scope.Global, State: memory.Active}
	writer.local.Put(m, false)
	writer.round(t)
	reader.round(t)
	first, err := b.remote.Fetch(ctx, memsync.Global(), []memory.ID{m.ID})
	if err != nil || len(first) != 1 {
		t.Fatalf("fetch: %v, %v", first, err)
	}
	_, seen, err := memsync.Plain{}.Open(m.ID, first[0].Body, memsync.State{})
	if err != nil {
		t.Fatal(err)
	}
	forged, _, err := memsync.Plain{}.Seal(m.ID, seen, memsync.Payload{Text: "what the other team says", Meta: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	conn := c.Connect(t, b.url)
	forge := func(when string) {
		t.Helper()
		for what, stmts := range map[string][]string{
			"by hand": {
				fmt.Sprintf(`INSERT INTO elderzan.globals (tenant, row, version, body) VALUES ('%s', '%s', 1, '\x%x')`, b.team, m.ID, first[0].Body),
				fmt.Sprintf(`UPDATE elderzan.globals SET version = 2, body = '\x%x' WHERE tenant = '%s' AND row = '%s'`, forged, b.team, m.ID),
			},
			"by the function": {
				fmt.Sprintf(`SELECT elderzan.push_globals(ARRAY['%s']::uuid[], ARRAY[1], ARRAY['\x%x'::bytea])`, m.ID, first[0].Body),
				fmt.Sprintf(`SELECT elderzan.push_globals(ARRAY['%s']::uuid[], ARRAY[2], ARRAY['\x%x'::bytea])`, m.ID, forged),
			},
		} {
			for _, s := range stmts {
				tag, err := conn.Exec(ctx, s)
				if err == nil && tag.RowsAffected() > 0 {
					t.Errorf("%s, %s: %.60s went through", when, what, s)
				}
			}
		}
	}
	forge("while it is there")
	reader.round(t)
	if got, _, _ := reader.local.Get(m.ID); got.Content != m.Content {
		t.Errorf("the reader's copy says %q", got.Content)
	}
	if _, _, err := a.remote.Cool(ctx, 0, 0); err != nil {
		t.Fatal(err)
	}
	forge("while it is in the cold")
	// Somebody else's device changes it: it learns that the row is not its own to change, wherever the row is.
	got, _, _ := reader.local.Get(m.ID)
	got.Content = "changed by a reader"
	reader.local.Put(got, false)
	if rep := reader.round(t); rep.Refused != 1 || reader.local.Waiting() != 0 {
		t.Errorf("a change of another team's cold row: %+v, %d wait", rep, reader.local.Waiting())
	}
	if n, err := a.remote.Warm(ctx, nil); err != nil || n == 0 {
		t.Errorf("warm: %d, %v", n, err)
	}
	if page, err := b.remote.Fetch(ctx, memsync.Global(), []memory.ID{m.ID}); err != nil || len(page) != 1 {
		t.Errorf("fetch: %d rows, %v; want one", len(page), err)
	}
}

// testStubborn has a device that is to be removed keep its login locked.
func testStubborn(t *testing.T, c *pgtest.Cluster, a tenant) {
	ctx := t.Context()
	m := tenant{team: a.team, device: uuid.New()}
	m.login, m.password = postgres.NewLogin()
	m.url = c.URL(m.login, m.password, "postgres")
	if err := a.remote.Invite(ctx, m.login, m.password, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := a.remote.Admit(ctx, m.login, m.device, true, false); err != nil {
		t.Fatal(err)
	}
	// A guest that a member invites is let in by that member alone, and by nobody under a name that a manager gave.
	guest, password := postgres.NewLogin()
	if err := a.remote.Invite(ctx, guest, password, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	m.open(t, c)
	if err := m.remote.Admit(ctx, guest, uuid.New(), false, false); !errors.Is(err, memsync.ErrRefused) {
		t.Errorf("another's guest is let in: %v, want a refusal", err)
	}
	own, password := postgres.NewLogin()
	if err := m.remote.Invite(ctx, own, password, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := a.remote.Admit(ctx, own, uuid.New(), true, false); !errors.Is(err, memsync.ErrRefused) {
		t.Errorf("a manager lets in another's guest: %v, want a refusal", err)
	}
	asks := uuid.New()
	if err := m.remote.Admit(ctx, own, asks, false, false); err != nil {
		t.Fatal(err)
	}
	if err := a.remote.Admit(ctx, guest, asks, true, false); err != nil {
		t.Errorf("the device whose name a member took: %v", err)
	}
	if conn, err := c.TryConnect(ctx, c.URL(own, password, "postgres")); err == nil {
		_ = conn.Close(ctx)
		t.Error("who was let in under another's name still connects")
	}
	// Whoever asks to join holds their login locked: the inviter's round must not stand still for it.
	asking, password := postgres.NewLogin()
	if err := a.remote.Invite(ctx, asking, password, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	stuck := c.Connect(t, c.URL(asking, password, "postgres"))
	for _, s := range []string{`BEGIN`, `ALTER ROLE CURRENT_USER PASSWORD 'other'`} {
		if _, err := stuck.Exec(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	short, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	if err := a.remote.Admit(short, asking, uuid.New(), false, false); err != nil {
		t.Errorf("admit: %v", err)
	}
	// A member puts rubbish into the chain; a manager takes it out, and nobody else anything.
	member := c.Connect(t, m.url)
	for seq := 7; seq < 9; seq++ {
		if _, err := member.Exec(ctx, `INSERT INTO elderzan.entries (tenant, seq, entry) VALUES ($1, $2, 'rubbish')`, a.team, seq); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.remote.Strike(ctx, 0, [][]byte{[]byte("rubbish")}); !errors.Is(err, memsync.ErrRefused) {
		t.Errorf("a member takes entries out: %v, want a refusal", err)
	}
	if n, err := a.remote.Strike(ctx, 8, [][]byte{[]byte("rubbish"), []byte("other")}); err != nil || n != 1 {
		t.Errorf("a manager takes %d out, %v; want what is there and behind the number", n, err)
	}
	held := c.Connect(t, m.url)
	for _, s := range []string{`SET idle_in_transaction_session_timeout = 0`, `BEGIN`, `ALTER ROLE CURRENT_USER SET search_path = pg_temp`, `ALTER ROLE CURRENT_USER PASSWORD 'other'`} {
		if _, err := held.Exec(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.remote.Ask(ctx, []byte("once more")); err != nil {
		t.Error(err)
	}
	if err := a.remote.Dismiss(short, m.device); err != nil {
		t.Errorf("dismiss: %v", err)
	}
	joins, err := a.remote.Joins(ctx)
	if err != nil || slices.ContainsFunc(joins, func(j memsync.Join) bool { return j.Login == m.login }) {
		t.Errorf("who was dismissed still asks to join: %v, %v", joins, err)
	}
	if _, err := held.Exec(ctx, `COMMIT`); err == nil {
		t.Error("who was dismissed is still connected")
	}
	if conn, err := c.TryConnect(ctx, m.url); err == nil {
		_ = conn.Close(ctx)
		t.Error("who was dismissed connects again")
	}
	if _, err := c.TryConnect(ctx, c.URL(m.login, "other", "postgres")); err == nil {
		t.Error("who was dismissed connects with another password")
	}
}

// testClaimsOfOld updates a database in which two teams have rows of GLOBAL with one id.
func testClaimsOfOld(t *testing.T, c *pgtest.Cluster, a, b tenant) {
	ctx, admin := t.Context(), c.Connect(t, c.AdminURL("postgres"))
	both, cold := uuid.New(), uuid.New()
	for _, s := range []string{
		`DELETE FROM elderzan.goose_db_version WHERE version_id >= 6`, `DROP POLICY strike ON elderzan.entries`, `DROP FUNCTION elderzan.strike`, `DROP TRIGGER claim ON elderzan.globals`, `DROP FUNCTION elderzan.claim, elderzan.anothers`,
		`DROP INDEX elderzan.globals_row`, `DROP TABLE elderzan.claims`, `ALTER TABLE elderzan.logins DROP inviter`, `SET session_replication_role = replica`,
		fmt.Sprintf(`INSERT INTO elderzan.globals (tenant, row, version, at, body) SELECT t, r, 1, at, decode('455a4731' || repeat('00', 60), 'hex') FROM (VALUES
			('%[1]s'::uuid, '%[3]s'::uuid, now() - interval '1 day'), ('%[2]s', '%[3]s', now()), ('%[2]s', '%[4]s', now())) v (t, r, at)`, a.team, b.team, both, cold),
		fmt.Sprintf(`INSERT INTO elderzan.globals_cold (tenant, row, version, at, body) VALUES ('%s', '%s', 1, now() - interval '2 years', 'x')`, a.team, cold),
	} {
		if _, err := admin.Exec(ctx, s); err != nil {
			t.Fatalf("%.60s: %v", s, err)
		}
	}
	for range 2 {
		if err := postgres.Init(ctx, options(c, c.AdminURL("postgres"))); err != nil {
			t.Fatal(err)
		}
	}
	var kept string
	err := admin.QueryRow(ctx, `SELECT string_agg(concat_ws(' ', src, tenant = $1, row = $3), ', ' ORDER BY src) FROM (
		SELECT 'cold' AS src, tenant, row FROM elderzan.globals_cold UNION ALL SELECT 'warm', tenant, row FROM elderzan.globals) g WHERE row IN ($2, $3)`, a.team, both, cold).Scan(&kept)
	if err != nil || kept != "cold t t, warm t f" {
		t.Errorf("kept: %q, %v; want those of the team that was first", kept, err)
	}
	if ok, err := b.remote.Admitted(ctx); err != nil || !ok {
		t.Errorf("after the update: %v, %v", ok, err)
	}
}
