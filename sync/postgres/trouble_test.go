package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// calls are all that a device asks of the database.
func calls(ctx context.Context, n *tenant) map[string]func() error {
	shared, id := memsync.Shared(n.team), memory.NewID()
	login, password := postgres.NewLogin()
	wraps := []memsync.Wrap{{Device: n.device, Epoch: 7, Body: []byte("wrap")}}
	return map[string]func() error{
		"push": func() error {
			_, err := n.remote.Push(ctx, shared, []memsync.Record{{ID: id, Version: 1, Body: body(1, "x")}})
			return err
		},
		"pull":    func() error { _, err := n.remote.Pull(ctx, shared, "", 10); return err },
		"fetch":   func() error { _, err := n.remote.Fetch(ctx, shared, []memory.ID{id}); return err },
		"entries": func() error { _, err := n.remote.Entries(ctx, 0); return err },
		"append":  func() error { return n.remote.Append(ctx, 99, []byte("entry"), n.device, wraps) },
		"grant":   func() error { return n.remote.Grant(ctx, n.device, wraps) },
		"wraps":   func() error { _, err := n.remote.Wraps(ctx, n.device, 1); return err },
		"ask":     func() error { return n.remote.Ask(ctx, []byte("please")) },
		"joins":   func() error { _, err := n.remote.Joins(ctx); return err },
		"invite":  func() error { return n.remote.Invite(ctx, login, password, time.Now().Add(time.Hour)) },
		"admit":   func() error { return n.remote.Admit(ctx, "ez_00000000000000000000000000000000", n.device, true, true) },
		"dismiss": func() error { return n.remote.Dismiss(ctx, uuid.New()) },
		"rights":  func() error { return n.remote.SetRights(ctx, uuid.New(), true, true) },
		"login":   func() error { _, err := n.remote.Admitted(ctx); return err },
		"usage":   func() error { _, err := n.remote.Usage(ctx); return err },
		"cool":    func() error { _, _, err := n.remote.Cool(ctx, time.Hour, 0); return err },
		"warm":    func() error { _, err := n.remote.Warm(ctx, nil); return err },
	}
}

// administration is what a person does who sets a database up.
func administration(ctx context.Context, o postgres.Options) map[string]func() error {
	login, password := postgres.NewLogin()
	return map[string]func() error{
		"init":   func() error { return postgres.Init(ctx, o) },
		"found":  func() error { return postgres.Found(ctx, o, uuid.New(), uuid.New(), login, password) },
		"reader": func() error { _, _, _, err := postgres.Reader(ctx, o, uuid.New()); return err },
		"usage":  func() error { _, err := postgres.UsageOfAll(ctx, o); return err },
		"pins":   func() error { _, err := postgres.ServerPins(ctx, o); return err },
	}
}

// TestTrouble has the database be in every state but the right one: each call says what is wrong.
func TestTrouble(t *testing.T) {
	c := start(t)
	a, b := found(t, c), found(t, c)
	t.Run("directory", func(t *testing.T) { testDirectory(t, a) })
	t.Run("what was never asked", func(t *testing.T) { testMistakes(t, a, b) })
	t.Run("reader of a lost team", func(t *testing.T) { testReader(t, c, a) })
	t.Run("too few rights", func(t *testing.T) {
		for name, call := range administration(t.Context(), options(c, a.url)) {
			if err := call(); (err == nil) != (name == "pins") {
				t.Errorf("%s by a member: %v", name, err)
			}
		}
		if _, err := postgres.UsageOfAll(t.Context(), options(c, a.url)); err == nil || !strings.Contains(err.Error(), "BYPASSRLS") {
			t.Errorf("usage of all by a member: %v", err)
		}
	})
	t.Run("addresses that are none", func(t *testing.T) {
		for name, call := range administration(t.Context(), options(c, "mysql://x/y")) {
			if err := call(); !errors.Is(err, postgres.ErrURL) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	admin := c.Connect(t, c.AdminURL("postgres"))
	run := func(statements ...string) {
		t.Helper()
		for _, q := range statements {
			if _, err := admin.Exec(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("an older schema", func(t *testing.T) {
		tables := []string{"records", "globals_cold", "entries", "wraps", "joins", "logins"}
		for _, tbl := range tables {
			run(`ALTER TABLE elderzan.` + tbl + ` RENAME TO newer_` + tbl)
		}
		for name, call := range calls(t.Context(), &a) {
			if err := call(); !errors.Is(err, memsync.ErrRefused) || !strings.Contains(err.Error(), "elderzan cloud update") {
				t.Errorf("%s: %v; want that the schema is to be updated", name, err)
			}
		}
		for _, tbl := range tables {
			run(`ALTER TABLE elderzan.newer_` + tbl + ` RENAME TO ` + tbl)
		}
	})
	t.Run("cut while it watches", func(t *testing.T) {
		ends := make(chan error, 1)
		heard := make(chan struct{}, 8)
		go func() { ends <- a.remote.Watch(t.Context(), func() { heard <- struct{}{} }) }()
		<-heard
		run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + a.login + `'`)
		select {
		case err := <-ends:
			if !errors.Is(err, memsync.ErrOffline) {
				t.Errorf("the watch ended with %v", err)
			}
		case <-time.After(2 * time.Minute):
			t.Fatal("the watch goes on without its connection")
		}
	})
	t.Run("away", func(t *testing.T) {
		c.Down(t)
		for name, call := range calls(t.Context(), &a) {
			if err := call(); !errors.Is(err, memsync.ErrOffline) {
				t.Errorf("%s: %v; want that the cloud is away", name, err)
			}
		}
		if err := a.remote.Watch(t.Context(), func() { t.Error("it heard something") }); !errors.Is(err, memsync.ErrOffline) {
			t.Errorf("watch: %v", err)
		}
		for name, call := range administration(t.Context(), options(c, c.AdminURL("postgres"))) {
			if err := call(); !errors.Is(err, memsync.ErrOffline) {
				t.Errorf("%s: %v; want that the cloud is away", name, err)
			}
		}
	})
}

// testDirectory carries a team's chain, keys and wishes, once and once more.
func testDirectory(t *testing.T, a tenant) {
	ctx, other := t.Context(), uuid.New()
	wraps := []memsync.Wrap{{Device: a.device, Epoch: 1, Body: []byte("one")}, {Device: other, Epoch: 1, Body: []byte("two")}}
	if err := a.remote.Append(ctx, 0, []byte("genesis"), a.device, wraps); err != nil {
		t.Fatal(err)
	}
	if err := a.remote.Append(ctx, 0, []byte("another"), a.device, nil); !errors.Is(err, memsync.ErrTaken) {
		t.Errorf("a place that is taken: %v", err)
	}
	if err := a.remote.Append(ctx, 1, []byte("next"), other, wraps[:1]); !errors.Is(err, memsync.ErrRefused) {
		t.Errorf("wraps in the name of another device: %v", err)
	}
	if err := a.remote.Append(ctx, 1, []byte("next"), a.device, nil); err != nil {
		t.Error(err)
	}
	if got, err := a.remote.Entries(ctx, 0); err != nil || len(got) != 2 || string(got[1]) != "next" {
		t.Errorf("entries: %q, %v", got, err)
	}
	if got, err := a.remote.Entries(ctx, 1); err != nil || len(got) != 1 {
		t.Errorf("entries from the second on: %q, %v", got, err)
	}
	for range 2 {
		if err := a.remote.Grant(ctx, a.device, []memsync.Wrap{{Device: a.device, Epoch: 2, Body: []byte("three")}}); err != nil {
			t.Error(err)
		}
	}
	if got, err := a.remote.Wraps(ctx, a.device, 1); err != nil || len(got) != 2 || string(got[0]) != "one" || string(got[1]) != "three" {
		t.Errorf("wraps: %q, %v", got, err)
	}
	if got, err := a.remote.Wraps(ctx, a.device, 2); err != nil || len(got) != 1 {
		t.Errorf("wraps from the second epoch on: %q, %v", got, err)
	}
}

// testMistakes hands over what nobody of ours would.
func testMistakes(t *testing.T, a, b tenant) {
	ctx, shared := t.Context(), memsync.Shared(a.team)
	if _, err := a.remote.Push(ctx, shared, []memsync.Record{{ID: "x", Version: 1}}); err == nil {
		t.Error("an id that is none was pushed")
	}
	if _, err := a.remote.Push(ctx, shared, []memsync.Record{{ID: memory.NewID(), Version: 1, Body: []byte("plain text")}}); err == nil || !strings.Contains(err.Error(), "23514") {
		t.Errorf("plaintext: %v", err)
	}
	if _, err := a.remote.Fetch(ctx, shared, []memory.ID{"x"}); err == nil {
		t.Error("an id that is none was fetched")
	}
	if _, err := a.remote.Fetch(ctx, memsync.Place{}, nil); !errors.Is(err, memsync.ErrLocalOnly) {
		t.Errorf("fetch from nowhere: %v", err)
	}
	if _, err := a.remote.Pull(ctx, memsync.Place{}, "", 1); !errors.Is(err, memsync.ErrLocalOnly) {
		t.Errorf("pull from nowhere: %v", err)
	}
	if _, err := a.remote.Warm(ctx, []memory.ID{"x"}); err == nil {
		t.Error("an id that is none was warmed")
	}
	for _, cursor := range []string{"x", "1/2/3", "x/" + uuid.Nil.String() + "/" + uuid.Nil.String(), "1/" + uuid.Nil.String() + "/x"} {
		if _, err := a.remote.Pull(ctx, shared, cursor, 1); err == nil || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
	if _, err := b.db.Remote(a.team).Admitted(ctx); !errors.Is(err, postgres.ErrUnsafe) {
		t.Errorf("a login of another team: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := a.remote.Pull(ended, shared, "", 1); !errors.Is(err, context.Canceled) && !errors.Is(err, memsync.ErrOffline) {
		t.Errorf("when nobody waits any more: %v", err)
	}
	if err := a.remote.Watch(ended, func() {}); err == nil {
		t.Error("a watch began when nobody waits any more")
	}
}

// testReader reads a team without a device of it.
func testReader(t *testing.T, c *pgtest.Cluster, a tenant) {
	ctx, o := t.Context(), options(c, c.AdminURL("postgres"))
	if _, _, _, err := postgres.Reader(ctx, o, uuid.New()); err == nil || !strings.Contains(err.Error(), "no team with that id") {
		t.Errorf("a team that never was: %v", err)
	}
	login, password, end, err := postgres.Reader(ctx, o, a.team)
	if err != nil {
		t.Fatal(err)
	}
	reader := tenant{team: a.team, url: c.URL(login, password, "postgres")}
	reader.open(t, c)
	if _, err := reader.remote.Pull(ctx, memsync.Shared(a.team), "", 10); err != nil {
		t.Error(err)
	}
	if got, err := reader.remote.Push(ctx, memsync.Shared(a.team), []memsync.Record{{ID: memory.NewID(), Version: 1, Body: body(1, "x")}}); err != nil || got[0] != memsync.Refused {
		t.Errorf("a reader wrote: %v, %v", got, err)
	}
	reader.db.Close()
	if err := end(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := c.TryConnect(ctx, reader.url); err == nil {
		t.Error("the login is still there")
	}
	if err := end(ctx); err == nil {
		t.Error("it ended twice")
	}
}

// TestNotSetUp opens a database that nobody has set up, and sets one up where something stands in the way.
func TestNotSetUp(t *testing.T) {
	c := pgtest.Start(t)
	ctx, admin := t.Context(), c.Connect(t, c.AdminURL("postgres"))
	if _, err := admin.Exec(ctx, `CREATE ROLE somebody LOGIN PASSWORD 'pw'`); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(ctx, options(c, c.URL("somebody", "pw", "postgres")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Remote(uuid.New()).Admitted(ctx); !errors.Is(err, postgres.ErrUnsafe) || !strings.Contains(err.Error(), "elderzan cloud init") {
		t.Errorf("a database without the roles: %v", err)
	}
	for _, q := range []string{`CREATE ROLE elderzan_owner NOLOGIN`, `CREATE SCHEMA elderzan AUTHORIZATION elderzan_owner`, `CREATE TABLE elderzan.logins (x int)`} {
		if _, err := admin.Exec(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	if err := postgres.Init(ctx, options(c, c.AdminURL("postgres"))); err == nil || !strings.Contains(err.Error(), "bring the schema up to date") {
		t.Errorf("a table in the way: %v", err)
	}
	if _, err := admin.Exec(ctx, `DROP TABLE elderzan.logins`); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Init(ctx, options(c, c.AdminURL("postgres"))); err != nil {
		t.Errorf("out of the way: %v", err)
	}
}

// TestAddresses has settings be wrong: each error says what to write instead, and repeats no password.
func TestAddresses(t *testing.T) {
	const pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for address, want := range map[string]string{
		"postgres://a:hunter2@host:x y/db":                      "not an address",
		"hunter2":                                               "not an address",
		"mysql://a:hunter2@host/db":                             "begins with",
		"postgres:///db":                                        "no host",
		"postgres://a:hunter2@host/db?host=/tmp":                "no host",
		"postgres://a:hunter2@host":                             "no database",
		"postgres://host/db":                                    "no login",
		"postgres://a:hunter2@host/db?sslmode=require":          "sslmode=verify-full",
		"postgres://a:hunter2@host/db?sslrootcert=/tmp/ca.crt":  "cloud_ssl_cert_path",
		"postgres://a:hunter2@host:70000/db":                    "cannot be read",
		"postgres://a:hunter2@one:1,two:2/db?sslmode=verify-ca": "sslmode=verify-full",
	} {
		_, err := postgres.Open(t.Context(), postgres.Options{URL: func() string { return address }})
		if !errors.Is(err, postgres.ErrURL) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %q", address, err, want)
		}
	}
	for what, pins := range map[string][]string{"one": {pin}, "no pin": {"abc", pin}, "another hash": {"sha1/AAAA", pin}, "too short": {"sha256/AAAA", pin}} {
		if _, err := postgres.Open(t.Context(), postgres.Options{URL: func() string { return "postgres://a:b@host/db" }, Pins: pins}); err == nil || !strings.Contains(err.Error(), "cloud_tls_pins") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
