package sealed_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/envelope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
	"github.com/elderzan/elderzan/sync/sealed"
	"github.com/elderzan/elderzan/sync/sealed/sealedtest"
	"github.com/elderzan/elderzan/sync/synctest"
)

// seat is a member with a login of their own.
type seat struct {
	local  *synctest.Local
	remote *postgres.Remote
	sealer *sealed.Sealer
	device string
}

func (s *seat) engine(p memsync.Place, l memsync.Local, batch int) *memsync.Engine {
	return memsync.NewEngine(p, l, s.remote, s.sealer, memsync.Options{Device: s.device, Batch: batch, Patience: -1})
}

// noting is the data folder of somebody who only reads, which tells when a memory has come. It has nothing to send and
// need not be searched for it.
type noting struct {
	*synctest.Local
	came func(memory.ID)
}

func (n noting) Write(ctx context.Context, p memsync.Place, b memsync.Batch) error {
	err := n.Local.Write(ctx, p, b)
	for _, it := range b.Items {
		if err == nil && it.Apply != nil {
			n.came(it.ID)
		}
	}
	return err
}

func (noting) Changed(context.Context, memsync.Place, int) ([]memory.ID, error) { return nil, nil }
func (noting) Sealed(context.Context, memsync.Place, int) ([]memory.ID, error)  { return nil, nil }
func (noting) Held(context.Context, memsync.Place, int) ([]memory.ID, error)    { return nil, nil }

// TestLoad has a team of many write at once, one of them follow, and then writes now and then while somebody watches.
func TestLoad(t *testing.T) {
	members, each, single := 5, 40, 20
	if os.Getenv("ELDERZAN_LONG") != "" {
		members, each, single = 50, 2000, 300
	}
	pg := pgtest.Start(t)
	seats, place := newSeats(t, pg, members)
	payloads := sample(400)
	put := func(s *seat, i int) memory.ID {
		p := payloads[i%len(payloads)]
		m := memory.Memory{ID: memory.NewID(), Content: p.Text + strconv.Itoa(i), Title: p.Title, Tags: p.Tags, Scope: scope.Shared, State: memory.Active, Kind: "note"}
		s.local.Put(m, false)
		return m.ID
	}
	for i := range members * each {
		put(seats[i%members], i)
	}
	began := time.Now()
	var g errgroup.Group
	for _, s := range seats {
		g.Go(func() error { // without the pull: everybody would read everybody's rows
			for s.local.Waiting() > 0 {
				if _, err := s.engine(place, blind{s.local}, 200).Round(t.Context()); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	wrote := time.Since(began)

	// One reads everything, then watches.
	var mu sync.Mutex
	arrived := map[memory.ID]time.Time{}
	follower := &seat{local: synctest.NewLocal(time.Now), remote: seats[0].remote, sealer: seats[0].sealer, device: "follower"}
	engine := follower.engine(place, noting{follower.local, func(id memory.ID) {
		mu.Lock()
		defer mu.Unlock()
		arrived[id] = time.Now()
	}}, 1000)
	began = time.Now()
	if rep, err := engine.Round(t.Context()); err != nil || rep.Held != 0 || rep.Pulled != members*each {
		t.Fatalf("the follower: %+v, %v; want %d rows", rep, err, members*each)
	}
	read := time.Since(began)

	ctx, cancel := context.WithCancel(t.Context())
	news := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = follower.remote.Watch(ctx, func() { // taken up again when it broke
				select {
				case news <- struct{}{}:
				default:
				}
			})
		}
	}()
	defer func() { cancel(); <-done }()
	<-news // it listens
	lags := make([]time.Duration, 0, single)
	for i := range single {
		s := seats[i%members]
		id, at := put(s, i), time.Now()
		if _, err := s.engine(place, blind{s.local}, 200).Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		limit := time.After(time.Minute)
		for {
			mu.Lock()
			came, ok := arrived[id]
			mu.Unlock()
			if ok {
				lags = append(lags, came.Sub(at))
				break
			}
			select {
			case <-news:
				if _, err := engine.Round(t.Context()); err != nil {
					t.Fatal(err)
				}
			case <-limit:
				t.Fatal("nothing was heard of a new row within a minute")
			}
		}
	}
	slices.Sort(lags)
	t.Logf("%d members: %d memories written at %.0f rows/s and read by one at %.0f rows/s; from a write to another member, with all of it there: %v in the middle, %v at the 95th of a hundred",
		members, members*each, float64(members*each)/wrote.Seconds(), float64(members*each)/read.Seconds(),
		lags[len(lags)/2].Round(time.Millisecond), lags[len(lags)*95/100].Round(time.Millisecond))
}

// blind pulls nothing: its cursor is beyond everything.
type blind struct{ *synctest.Local }

func (b blind) Cursor(context.Context, memsync.Place) (string, error) {
	return "9000000000000000000/" + uuid.Nil.String() + "/" + uuid.Nil.String(), nil
}

// newSeats makes a team in the database, each member with a login.
func newSeats(t *testing.T, pg *pgtest.Cluster, n int) ([]*seat, memsync.Place) {
	t.Helper()
	admin := postgres.Options{URL: func() string { return pg.AdminURL("postgres") }, CA: pg.CA}
	if err := postgres.Init(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	id := uuid.New()
	open := func(login, password string) *postgres.Remote {
		db, err := postgres.Open(t.Context(), postgres.Options{URL: func() string { return pg.URL(login, password, "postgres") }, CA: pg.CA, Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db.Remote(id)
	}
	rings := sealedtest.Rings(t, id, n, 0)
	seats := make([]*seat, n)
	for i, r := range rings {
		login, password := postgres.NewLogin()
		if i == 0 {
			if err := postgres.Found(t.Context(), admin, id, r.Device(), login, password); err != nil {
				t.Fatal(err)
			}
		} else {
			if err := seats[0].remote.Invite(t.Context(), login, password, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if err := seats[0].remote.Admit(t.Context(), login, r.Device(), true, false); err != nil {
				t.Fatal(err)
			}
		}
		seats[i] = &seat{
			local: synctest.NewLocal(time.Now), remote: open(login, password), device: "d" + strconv.Itoa(i),
			sealer: sealed.NewSealer(envelope.New(r, r, envelope.Options{})),
		}
	}
	return seats, memsync.Shared(id)
}
