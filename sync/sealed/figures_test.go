package sealed_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
	"github.com/elderzan/elderzan/sync/sealed"
	"github.com/elderzan/elderzan/sync/synctest"
)

// sample makes memories as they are: a few sentences, and a vector whose first half is dense and second half sparse.
func sample(n int) []memsync.Payload {
	rng := rand.New(rand.NewPCG(7, 7))
	words := strings.Fields("the deploy of service runs from release branch after tests pass and we keep config in repository under ops because staging differs from production when cache is cold use retry with backoff never log tokens ask platform team before changing limits")
	out := make([]memsync.Payload, n)
	for i := range out {
		var text strings.Builder
		for range 30 + rng.IntN(90) {
			text.WriteString(words[rng.IntN(len(words))] + " ")
		}
		v := make([]float32, memory.Dim)
		var sum float64
		for j := range memory.Dim / 2 {
			v[j] = float32(rng.NormFloat64() * .04)
		}
		for range 25 {
			v[memory.Dim/2+rng.IntN(memory.Dim/2)] = float32(rng.NormFloat64() * .1)
		}
		for _, f := range v {
			sum += float64(f) * float64(f)
		}
		for j := range v {
			v[j] /= float32(math.Sqrt(sum))
		}
		out[i] = memsync.Payload{Text: text.String(), Title: "note", Tags: []string{"ops"}, Meta: []byte(`{"a":{"k":"note","p":"atlas","u":"ada"},"s":115292150460684697,"d":"0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10"}`), Vector: v, Space: "minilm+lexical"}
	}
	return out
}

// outbox is the data folder of a device that has nothing but changes to push, in their order.
type outbox struct {
	blind
	order           []memory.ID
	rows            map[memory.ID]memsync.Row
	bodies          [][]byte // as they were sealed
	sealed, settled int
}

func newOutbox(t *testing.T, p memsync.Place, payloads []memsync.Payload) *outbox {
	t.Helper()
	o := &outbox{blind: blind{synctest.NewLocal(time.Now)}, rows: map[memory.ID]memsync.Row{}}
	for i := range payloads {
		m := memory.Memory{
			ID: memory.NewID(), Content: payloads[i].Text, Title: payloads[i].Title, Tags: payloads[i].Tags, Scope: scope.Shared,
			Kind: "note", Project: "atlas", Author: "ada", State: memory.Active, Version: 1,
		}
		c, err := memsync.NewChange(p, &m, memsync.ChangeInfo{Seq: 1, At: time.Now(), Vector: payloads[i].Vector, Space: payloads[i].Space})
		if err != nil {
			t.Fatal(err)
		}
		o.order, o.rows[m.ID] = append(o.order, m.ID), memsync.Row{LocalVersion: 1, Seq: 1, Change: c}
	}
	return o
}

func (o *outbox) Changed(_ context.Context, _ memsync.Place, n int) ([]memory.ID, error) {
	return o.order[o.sealed:min(o.sealed+n, len(o.order))], nil
}

func (o *outbox) Sealed(_ context.Context, _ memsync.Place, n int) ([]memory.ID, error) {
	return o.order[o.settled:min(o.settled+n, o.sealed)], nil
}

func (o *outbox) Rows(_ context.Context, _ memsync.Place, ids []memory.ID) (map[memory.ID]memsync.Row, error) {
	out := make(map[memory.ID]memsync.Row, len(ids))
	for _, id := range ids {
		out[id] = o.rows[id]
	}
	return out, nil
}

func (o *outbox) Write(_ context.Context, _ memsync.Place, b memsync.Batch) error {
	for _, it := range b.Items {
		r := o.rows[it.ID]
		if r.Pending = it.Pending; it.Pending != nil {
			o.sealed++
			o.bodies = append(o.bodies, it.Pending.Record)
		} else {
			o.settled++
			r.State, r.Seq = it.State, 0
		}
		o.rows[it.ID] = r
	}
	return nil
}

// TestFigures measures what sealing costs: in time, on the wire, and beside a plain insert of the same bytes.
func TestFigures(t *testing.T) {
	const batch = 200
	parts, each := 2, 2*batch
	if os.Getenv("ELDERZAN_LONG") != "" {
		parts, each = 8, 10*batch
	}
	pg := pgtest.Start(t)
	seats, place := newSeats(t, pg, 1)
	plain := pg.Connect(t, pg.AdminURL("postgres"))
	if _, err := plain.Exec(t.Context(), `CREATE TABLE plain (id uuid PRIMARY KEY, body bytea)`); err != nil {
		t.Fatal(err)
	}
	payloads := sample(parts * each)
	var sealing, together, pushing, inserting time.Duration
	var wire, naive int
	var shares []float64
	for part := range slices.Chunk(payloads, each) {
		sealing += sealOneByOne(t, seats[0].sealer, part)
		o := newOutbox(t, place, part)
		engine := seats[0].engine(place, o, batch)
		began := time.Now()
		rep, err := engine.Round(t.Context())
		if err != nil || rep.Pushed != each {
			t.Fatalf("%+v, %v", rep, err)
		}
		both := time.Since(began)
		records, ids := make([]memsync.Record, each), make([][16]byte, each)
		for i, id := range o.order {
			ids[i] = uuid.New()
			records[i] = memsync.Record{ID: memory.ID(uuid.UUID(ids[i]).String()), Version: 1, Body: o.bodies[i]}
			wire += len(o.bodies[i]) + 40
			naive += naiveSize(t, id, part[i])
		}
		var push, insert time.Duration
		for i := 0; i < each; i += batch {
			began = time.Now()
			if _, err := seats[0].remote.Push(t.Context(), place, records[i:i+batch]); err != nil {
				t.Fatal(err)
			}
			push += time.Since(began)
			began = time.Now()
			if _, err := plain.Exec(t.Context(), `INSERT INTO plain SELECT * FROM unnest($1::uuid[], $2::bytea[])`, ids[i:i+batch], o.bodies[i:i+batch]); err != nil {
				t.Fatal(err)
			}
			insert += time.Since(began)
		}
		together, pushing, inserting = together+both, pushing+push, inserting+insert
		shares = append(shares, insert.Seconds()/both.Seconds())
	}
	n := parts * each
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	slices.Sort(shares)
	t.Logf("a record: sealing on one core %.0f µs; the engine seals and pushes in %.0f µs; pushing what is sealed %.0f µs; plain insert of the same bytes %.0f µs",
		per(sealing), per(together), per(pushing), per(inserting))
	t.Logf("the insert takes %.2f of the push, %.2f of sealing and push (in parts %.2f)", inserting.Seconds()/pushing.Seconds(), inserting.Seconds()/together.Seconds(), shares)
	t.Logf("%d bytes a record on the wire, %.0f %% of naive JSON", wire/n, 100*float64(wire)/float64(naive))
	if share := float64(wire) / float64(naive); share > .35 {
		t.Errorf("%.2f of naive JSON on the wire", share)
	}
}

// sealOneByOne returns how long sealing payloads one after the other takes.
func sealOneByOne(t *testing.T, s *sealed.Sealer, payloads []memsync.Payload) time.Duration {
	t.Helper()
	began := time.Now()
	for i := range payloads {
		if _, _, err := s.Seal(memory.ID(uuid.NewString()), memsync.State{}, payloads[i]); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(began)
}

// naiveSize is how long a memory is as JSON, as somebody would send it who gives it no thought.
func naiveSize(t *testing.T, id memory.ID, p memsync.Payload) int {
	t.Helper()
	b, err := json.Marshal(struct {
		memory.Memory
		Embedding []float32 `json:"embedding"`
	}{memory.Memory{ID: id, Content: p.Text, Title: p.Title, Tags: p.Tags, Scope: scope.Shared, Kind: "note", Project: "atlas", Author: "ada", State: memory.Active, Trust: memory.TrustAgent}, p.Vector})
	if err != nil {
		t.Fatal(err)
	}
	return len(b)
}
