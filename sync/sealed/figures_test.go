package sealed_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/postgres/pgtest"
	"github.com/elderzan/elderzan/sync/sealed"
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

// TestFigures measures what sealing costs: in time, on the wire, and beside a plain insert of the same bytes.
func TestFigures(t *testing.T) {
	n := 400
	if os.Getenv("ELDERZAN_LONG") != "" {
		n = 4000
	}
	pg := pgtest.Start(t)
	admin := postgres.Options{URL: func() string { return pg.AdminURL("postgres") }, CA: pg.CA}
	if err := postgres.Init(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	dev, id := device(t), uuid.New()
	login, password := postgres.NewLogin()
	if err := postgres.Found(t.Context(), admin, id, dev.ID(), login, password); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Options{URL: func() string { return pg.URL(login, password, "postgres") }, CA: pg.CA})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	remote := db.Remote(id)
	p := &peer{}
	tm, err := sealed.Found(t.Context(), p.options(remote), dev, id, "core", "ada")
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := tm.Sealer()
	if err != nil {
		t.Fatal(err)
	}
	plain := pg.Connect(t, pg.AdminURL("postgres"))
	if _, err := plain.Exec(t.Context(), `CREATE TABLE plain (id uuid PRIMARY KEY, body bytea)`); err != nil {
		t.Fatal(err)
	}
	payloads := sample(n)
	const batch = 200
	var sealing, together, pushing, inserting time.Duration // one record after the other; a batch on all cores
	var wire, naive int
	for len(payloads) > 0 {
		part := payloads[:min(batch, len(payloads))]
		payloads = payloads[len(part):]
		records, ids, bodies := make([]memsync.Record, len(part)), make([]uuid.UUID, len(part)), make([][]byte, len(part))
		began := time.Now()
		for i := range part {
			ids[i] = uuid.New()
			body, _, err := sealer.Seal(memory.ID(ids[i].String()), memsync.State{}, part[i])
			if err != nil {
				t.Fatal(err)
			}
			records[i], bodies[i] = memsync.Record{ID: memory.ID(ids[i].String()), Version: 1, Body: body}, body
		}
		sealing += time.Since(began)
		began = time.Now()
		var g errgroup.Group
		g.SetLimit(runtime.GOMAXPROCS(0))
		for i := range part {
			g.Go(func() error {
				_, _, err := sealer.Seal(records[i].ID, memsync.State{}, part[i])
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		together += time.Since(began)
		began = time.Now()
		if _, err := remote.Push(t.Context(), memsync.Shared(id), records); err != nil {
			t.Fatal(err)
		}
		pushing += time.Since(began)
		began = time.Now()
		if _, err := plain.Exec(t.Context(), `INSERT INTO plain SELECT * FROM unnest($1::uuid[], $2::bytea[])`, ids, bodies); err != nil {
			t.Fatal(err)
		}
		inserting += time.Since(began)
		for i := range part {
			wire += len(bodies[i]) + 40
			b, err := json.Marshal(struct {
				memory.Memory
				Embedding []float32 `json:"embedding"`
			}{memory.Memory{ID: records[i].ID, Content: part[i].Text, Title: part[i].Title, Tags: part[i].Tags, Scope: 3, Kind: "note", Project: "atlas", Author: "ada", State: memory.Active, Trust: memory.TrustAgent}, part[i].Vector})
			if err != nil {
				t.Fatal(err)
			}
			naive += len(b)
		}
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	t.Logf("a record: sealing %.0f µs, on all cores %.0f µs, pushing what is sealed %.0f µs, plain insert of the same bytes %.0f µs; the insert takes %.2f of the push, %.2f of sealing and push",
		per(sealing), per(together), per(pushing), per(inserting), inserting.Seconds()/pushing.Seconds(), inserting.Seconds()/(together+pushing).Seconds())
	t.Logf("%d bytes a record on the wire, %.0f %% of naive JSON", wire/n, 100*float64(wire)/float64(naive))
	if share := float64(wire) / float64(naive); share > .35 {
		t.Errorf("%.2f of naive JSON on the wire", share)
	}
}
