package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

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
