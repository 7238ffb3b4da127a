package catalog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// cloudModel is what the catalogue should know of the cloud.
type cloudModel struct {
	events []modelEvent
	rows   map[string]map[memory.ID]CloudRow // by place
}

type modelEvent struct {
	Event
	synced bool
}

func (m *cloudModel) changed(p CloudPlace, n int) []memory.ID {
	var out []memory.ID
	for _, e := range m.events {
		if !e.synced && e.Scope == p.Scope && slices.Contains(p.Teams, e.Team) && m.rows[string(p.Key)][e.Memory].Pending == nil && !slices.Contains(out, e.Memory) {
			out = append(out, e.Memory)
		}
	}
	return out[:min(n, len(out))]
}

func (m *cloudModel) those(p CloudPlace, n int, is func(CloudRow) bool) []memory.ID {
	var out []memory.ID
	for _, id := range slices.Sorted(maps.Keys(m.rows[string(p.Key)])) {
		if is(m.rows[string(p.Key)][id]) {
			out = append(out, id)
		}
	}
	return out[:min(n, len(out))]
}

// TestCloudQueue emits events of several places, seals, holds and settles them at random, and wants what waits to be
// what it should, in its order.
func TestCloudQueue(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	d := open(t, options(t))
	places := []CloudPlace{
		{Key: []byte("team"), Scope: scope.Shared, Teams: []string{"", "core"}},
		{Key: []byte("other"), Scope: scope.Shared, Teams: []string{"others"}},
		{Key: make([]byte, 16), Scope: scope.Global, Teams: []string{""}},
	}
	m := cloudModel{rows: map[string]map[memory.ID]CloudRow{}}
	var ids []memory.ID
	for range 12 {
		ids = append(ids, memory.NewID())
	}
	for step := range 400 {
		p, id := places[rng.IntN(len(places))], ids[rng.IntN(len(ids))]
		if err := d.Write(t.Context(), func(tx *Tx) error { return m.step(tx, rng, p, id) }); err != nil {
			t.Fatal(err)
		}
		if step%5 != 0 {
			continue
		}
		p, n := places[rng.IntN(len(places))], 1+rng.IntN(len(ids))
		changed, err1 := d.CloudChanged(t.Context(), p, n)
		pending, err2 := d.CloudPending(t.Context(), p, n)
		held, err3 := d.CloudHeld(t.Context(), p, n)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		for what, lists := range map[string][2][]memory.ID{
			"changed": {changed, m.changed(p, n)},
			"pending": {pending, m.those(p, n, func(r CloudRow) bool { return r.Pending != nil })},
			"held":    {held, m.those(p, n, func(r CloudRow) bool { return r.Held != "" })},
		} {
			if !slices.Equal(lists[0], lists[1]) {
				t.Fatalf("step %d, up to %d of %s: %v, want %v", step, n, what, lists[0], lists[1])
			}
		}
	}
}

// step does one thing to id in p.
func (m *cloudModel) step(tx *Tx, rng *rand.Rand, p CloudPlace, id memory.ID) error {
	switch rng.IntN(5) {
	case 0, 1:
		e := Event{At: time.Now(), Op: Update, Memory: id, Version: 1, Scope: p.Scope, Team: p.Teams[rng.IntN(len(p.Teams))], Source: "here"}
		if err := tx.Emit(e); err != nil {
			return err
		}
		seq, err := tx.LastSeq()
		e.Seq = seq
		m.events = append(m.events, modelEvent{Event: e})
		return err
	case 2, 3:
		r := CloudRow{Version: 1}
		if rng.IntN(2) == 0 {
			r.Pending = []byte("sealed")
		}
		if rng.IntN(3) == 0 {
			r.Held = "no key"
		}
		if m.rows[string(p.Key)] == nil {
			m.rows[string(p.Key)] = map[memory.ID]CloudRow{}
		}
		m.rows[string(p.Key)][id] = r
		return tx.PutCloudRow(p, id, r)
	default:
		seq, err := tx.CloudWaiting(p, id)
		if err != nil || seq == 0 {
			return err
		}
		for i, e := range m.events {
			if e.Memory == id && e.Seq <= seq && e.Scope == p.Scope && slices.Contains(p.Teams, e.Team) {
				m.events[i].synced = true
			}
		}
		return tx.CloudDone(p, id, seq)
	}
}

// TestCloudQueueHasIndexes wants what each round of syncing asks for to be found without walking through what was synced
// long ago.
func TestCloudQueueHasIndexes(t *testing.T) {
	d := open(t, options(t))
	for query, index := range map[string]string{cloudChanged: "outbox_pending", cloudPending: "cloud_pending", cloudHeld: "cloud_held"} {
		plan := plan(t, d, query)
		outer, inner := fmt.Sprint(plan[:1]), fmt.Sprint(plan[1:])
		if !strings.Contains(outer, index) || strings.Contains(inner, "SCAN e") || strings.Contains(inner, "SCAN r") || strings.Contains(inner, "TEMP B-TREE") {
			t.Errorf("%s\n%s", query, strings.Join(plan, "\n"))
		}
	}
}

// plan returns the steps that SQLite takes for a query, the outermost first.
func plan(t *testing.T, d *DB, query string) (steps []string) {
	t.Helper()
	rows, err := d.query(t.Context(), "explain", `EXPLAIN QUERY PLAN `+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
