package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

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
	_, another := postgres.NewLogin()
	if err := guest.remote.SetPassword(ctx, another); err != nil {
		t.Fatal(err)
	}
	if conn, err := c.TryConnect(ctx, c.URL(guest.login, another, "postgres")); err != nil {
		t.Errorf("with the new password: %v", err)
	} else if err := conn.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := c.TryConnect(ctx, guest.url); err == nil {
		t.Error("who knows the password of the invite still connects")
	}
	guest.url = c.URL(guest.login, another, "postgres")
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
