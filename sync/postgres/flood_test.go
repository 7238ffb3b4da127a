package postgres_test

import (
	"strings"
	"testing"

	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// TestFlood has a server send more than there can be: rows too long, pages too long, and a chain without an end. Its owner
// replaces the tables by views, which say whatever they like.
func TestFlood(t *testing.T) {
	c := pgtest.Start(t)
	if err := postgres.Init(t.Context(), options(c, c.AdminURL("postgres"))); err != nil {
		t.Fatal(err)
	}
	a := found(t, c)
	admin := c.Connect(t, c.AdminURL("postgres"))
	run := func(stmt string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), stmt); err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
	show := func(table, columns, from string) {
		t.Helper()
		run(`CREATE OR REPLACE VIEW elderzan.` + table + ` AS SELECT ` + columns + ` FROM ` + from)
		run(`GRANT SELECT ON elderzan.` + table + ` TO elderzan_member`)
	}
	if ok, err := a.remote.Admitted(t.Context()); err != nil || !ok { // while the schema is whole
		t.Fatal(ok, err)
	}
	for _, table := range []string{"globals", "entries", "wraps", "joins"} {
		run(`ALTER TABLE elderzan.` + table + ` SET SCHEMA public`)
	}
	team := `'` + a.team.String() + `'::uuid AS tenant, `
	show("globals", team+`gen_random_uuid() AS row, 1::bigint AS version, n::bigint AS batch, decode(repeat('00', 1048000), 'hex') AS body`, `generate_series(1, 100) n`)
	page, err := a.remote.Pull(t.Context(), memsync.Global(), "", 90)
	if err != nil || len(page.Records) == 0 || len(page.Records) > 40 || !page.More {
		t.Errorf("a page of long rows: %d, more %v, %v", len(page.Records), page.More, err)
	}
	show("entries", team+`n::bigint AS seq, decode(repeat('00', 90000), 'hex') AS entry`, `generate_series(1, 1000) n`)
	if _, err := a.remote.Entries(t.Context(), 0); !tooMuch(err) {
		t.Errorf("a chain without an end: %v", err)
	}
	show("wraps", team+`'`+a.device.String()+`'::uuid AS device, n::bigint AS epoch, decode(repeat('00', 9000), 'hex') AS wrap`, `generate_series(1, 10000) n`)
	if _, err := a.remote.Wraps(t.Context(), a.device, 0); !tooMuch(err) {
		t.Errorf("keys without an end: %v", err)
	}
	show("joins", team+`n::text AS login, decode(repeat('00', 19000), 'hex') AS request`, `generate_series(1, 5000) n`)
	if _, err := a.remote.Joins(t.Context()); !tooMuch(err) {
		t.Errorf("wishes without an end: %v", err)
	}
	show("globals", team+`gen_random_uuid() AS row, 1::bigint AS version, 1::bigint AS batch, decode(repeat('00', 20000000), 'hex') AS body`, `generate_series(1, 1) n`)
	if _, err := a.remote.Pull(t.Context(), memsync.Global(), "", 90); err == nil { // which ends the connection
		t.Error("a row of 20 MB was read")
	}
}

func tooMuch(err error) bool {
	return err != nil && strings.Contains(err.Error(), "more than a team has")
}
