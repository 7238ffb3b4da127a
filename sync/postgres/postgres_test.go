package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

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
	var g errgroup.Group
	for range 4 { // at once
		g.Go(func() error { return postgres.Init(t.Context(), options(c, c.AdminURL("postgres"))) })
	}
	if err := g.Wait(); err != nil {
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
	t.Run("hostile", func(t *testing.T) { testHostile(t, c, a, b) })
	t.Run("another team's row of GLOBAL", func(t *testing.T) { testAnothersGlobal(t, c, a, b) })
	t.Run("stubborn", func(t *testing.T) { testStubborn(t, c, a) })
	t.Run("claims of old", func(t *testing.T) { testClaimsOfOld(t, c, a, b) })
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
