package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
	"github.com/elderzan/elderzan/sync/synctest"
)

// proxied starts a proxy before the cluster and returns it with its port.
func proxied(t *testing.T, c *pgtest.Cluster) (*toxiproxy.Proxy, int) {
	t.Helper()
	port := pgtest.FreePort(t)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "pg", fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("127.0.0.1:%d", c.Port))
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p, port
}

// TestFaults has one device write through cuts, resets, latency and restarts of the server, and another one read.
func TestFaults(t *testing.T) {
	memories := 100 // five versions each
	if os.Getenv("ELDERZAN_LONG") != "" {
		memories = 1000
	}
	c := start(t)
	proxy, port := proxied(t, c)
	owner := found(t, c)
	reader := tenant{team: owner.team, device: uuid.New()}
	reader.login, reader.password = postgres.NewLogin()
	reader.url = c.URL(reader.login, reader.password, "postgres")
	if err := owner.remote.Invite(t.Context(), reader.login, reader.password, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	reader.open(t, c)
	if err := reader.remote.Ask(t.Context(), []byte("please")); err != nil {
		t.Fatal(err)
	}
	if err := owner.remote.Admit(t.Context(), reader.login, reader.device, true, false); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*tenant{&owner, &reader} {
		n.url = strings.Replace(n.url, fmt.Sprint(c.Port), fmt.Sprint(port), 1)
		n.open(t, c)
	}
	writes, reads := synctest.NewLocal(time.Now), synctest.NewLocal(time.Now)
	writer := memsync.NewEngine(memsync.Global(), writes, owner.remote, memsync.Plain{}, memsync.Options{Device: "w", Batch: 50, Patience: -1})
	follower := memsync.NewEngine(memsync.Global(), reads, reader.remote, memsync.Plain{}, memsync.Options{Device: "r", Batch: 50, Patience: -1})
	f := &faults{t: t, seen: map[memory.ID]string{}, reads: reads}
	toxic := func(name, kind, attributes string, toxicity float64) {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":%q,"type":%q,"toxicity":%g,"attributes":%s}`, name, kind, toxicity, attributes))); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(names ...string) {
		for _, n := range names {
			if err := proxy.Toxics.RemoveToxic(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
	}
	trouble := []struct {
		name       string
		begin, end func()
	}{
		{"latency of 500 ms", func() { toxic("slow", "latency", `{"latency":500}`, 1) }, func() { remove("slow") }},
		{"resets", func() { toxic("reset", "limit_data", `{"bytes":40000}`, 1) }, func() { remove("reset") }},
		{"cut", func() { proxy.Stop() }, func() {
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
		}},
		{"restart of the server", func() { c.Down(t) }, func() { c.Up(t) }},
		{"one reset in ten", func() { toxic("rst", "reset_peer", `{"timeout":5}`, 0.1) }, func() { remove("rst") }},
	}
	events := 0
	var ids []memory.ID
	for range memories {
		ids = append(ids, memory.NewID())
	}
	for version, tr := range trouble {
		for _, id := range ids {
			writes.Put(memory.Memory{ID: id, Content: fmt.Sprintf("version %d", version+1), Scope: scope.Global, State: memory.Active}, false)
			events++
		}
		tr.begin()
		f.rounds(writer, follower)
		tr.end()
		f.rounds(writer, follower)
	}
	until := time.Now().Add(2 * time.Minute)
	for writes.Waiting() > 0 || !f.complete(ids, len(trouble)) {
		if time.Now().After(until) {
			t.Fatalf("%d events wait, or are not on the other side", writes.Waiting())
		}
		f.rounds(writer, follower)
	}
	admin := c.Connect(t, c.AdminURL("postgres"))
	var rows, distinct int
	if err := admin.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT row) FROM elderzan.globals`).Scan(&rows, &distinct); err != nil {
		t.Fatal(err)
	}
	if rows != memories || distinct != memories || len(reads.IDs()) != memories {
		t.Errorf("%d rows, %d of them different, %d on the other side; want %d", rows, distinct, len(reads.IDs()), memories)
	}
	t.Logf("%d events: all delivered, none doubled; %d of %d rounds met trouble", events, f.failed, f.all)
}

// faults counts rounds and watches the order of what arrives.
type faults struct {
	t           *testing.T
	seen        map[memory.ID]string
	reads       *synctest.Local
	all, failed int
}

func (f *faults) rounds(engines ...*memsync.Engine) {
	f.t.Helper()
	for _, e := range engines {
		ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
		rep, err := e.Round(ctx)
		cancel()
		f.all++
		if err != nil {
			f.failed++
			if !errors.Is(err, memsync.ErrOffline) && !errors.Is(err, context.DeadlineExceeded) {
				f.t.Errorf("a fault of the network is told as %v", err)
			}
		}
		if rep.Conflicts > 0 || rep.Held > 0 || rep.Refused > 0 {
			f.t.Errorf("%+v", rep)
		}
	}
	for _, id := range f.reads.IDs() {
		m, _, _ := f.reads.Get(id)
		if m.Content < f.seen[id] {
			f.t.Errorf("%s went from %q back to %q", id, f.seen[id], m.Content)
		}
		f.seen[id] = m.Content
	}
}

func (f *faults) complete(ids []memory.ID, version int) bool {
	for _, id := range ids {
		if m, _, ok := f.reads.Get(id); !ok || m.Content != fmt.Sprintf("version %d", version) {
			return false
		}
	}
	return true
}

// TestDiskFull has the server's disk fill up under a device that writes, and be given room again: nothing is lost or
// doubled, and the device tells that it waits.
func TestDiskFull(t *testing.T) {
	memories := 400
	if os.Getenv("ELDERZAN_LONG") != "" {
		memories = 5000
	}
	c := pgtest.StartSmall(t, 48)
	if err := postgres.Init(t.Context(), options(c, c.AdminURL("postgres"))); err != nil {
		t.Fatal(err)
	}
	admin := c.Connect(t, c.AdminURL("postgres"))
	for _, q := range []string{
		`CREATE TABLESPACE small LOCATION '` + c.Small() + `'`,
		`ALTER TABLE elderzan.globals SET TABLESPACE small`,
		`CREATE TABLE public.filler (b bytea) TABLESPACE small`,
		`ALTER TABLE public.filler ALTER b SET STORAGE EXTERNAL`,
	} {
		if _, err := admin.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	owner := found(t, c)
	local := synctest.NewLocal(time.Now)
	writer := memsync.NewEngine(memsync.Global(), local, owner.remote, memsync.Plain{}, memsync.Options{Device: "w", Batch: 100, Patience: -1})
	text := strings.Repeat("words that take room ", 8)
	put := func() {
		for i := range memories {
			local.Put(memory.Memory{ID: memory.NewID(), Content: fmt.Sprintf("%d %s", i, text), Scope: scope.Global, State: memory.Active}, false)
		}
	}
	put()
	if _, err := writer.Round(t.Context()); err != nil || local.Waiting() != 0 {
		t.Fatalf("with room: %v, %d wait", err, local.Waiting())
	}
	full := false
	for range 100 { // each a little less than what is left, until not even a page is
		if _, err := admin.Exec(t.Context(), `INSERT INTO public.filler SELECT decode(repeat('00', 60000), 'hex') FROM generate_series(1, 16)`); err != nil {
			if full = strings.Contains(err.Error(), "53100"); full {
				break
			}
			t.Fatal(err)
		}
	}
	if !full {
		t.Fatal("the disk does not fill up")
	}
	for { // and the rest, page by page
		if _, err := admin.Exec(t.Context(), `INSERT INTO public.filler VALUES (decode(repeat('00', 1500), 'hex'))`); err != nil {
			break
		}
	}
	put()
	for range 3 {
		if _, err := writer.Round(t.Context()); !errors.Is(err, memsync.ErrOffline) || !strings.Contains(err.Error(), "53100") {
			t.Fatalf("with a full disk: %v; want that it is told and tried again", err)
		}
	}
	if local.Waiting() == 0 {
		t.Fatal("nothing waits")
	}
	if _, err := admin.Exec(t.Context(), `DROP TABLE public.filler`); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "everything is delivered", func() bool {
		_, err := writer.Round(t.Context())
		return err == nil && local.Waiting() == 0
	})
	var rows, distinct int
	if err := admin.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT row) FROM elderzan.globals`).Scan(&rows, &distinct); err != nil {
		t.Fatal(err)
	}
	if rows != 2*memories || distinct != rows {
		t.Errorf("%d rows, %d of them different; want %d", rows, distinct, 2*memories)
	}
}
