package storage

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Looking at the archive in a row finds what looking at each vector for itself does, whatever is chosen: PRIVATE vectors and those
// of another space among them, damaged ones passed over.
func TestScanCold(t *testing.T) {
	r := newRig(t)
	const n, k = 1500, 20
	rnd := rand.New(rand.NewPCG(9, 9))
	var items []Bulk
	for i := range n {
		m := memory.Memory{ID: memory.NewID(), Scope: scope.Project, Project: "atlas", State: memory.Archived, Content: fmt.Sprintf("Heron %d stands in the marsh.", i)}
		if i%7 == 3 {
			m.Scope = scope.Private
		}
		space := "mini"
		if i%11 == 5 {
			space = "other"
		}
		items = append(items, Bulk{Memory: m, Vectors: []memory.Vector{{Space: space, Version: 1, Values: randomVector(rnd, .4)}}})
	}
	if _, err := r.PutBulk(t.Context(), items, memory.Audit{Action: "import"}); err != nil {
		t.Fatal(err)
	}
	r.apart(t, func() {
		execSQL(t, r.dir, `UPDATE cold SET code = CAST(substr(code, 1, 40) || x'77' || substr(code, 42) AS BLOB) WHERE row % 13 = 1`)
		execSQL(t, r.dir, `UPDATE cold SET code = x'' WHERE row % 97 = 2`)
		execSQL(t, r.dir, `UPDATE cold SET code = zeroblob(70000) WHERE row % 97 = 3`)
	})
	rows := r.cold.all()
	for name, of := range map[string]func(row int64) bool{
		"all":     func(int64) bool { return true },
		"half":    func(row int64) bool { return row%2 == 0 },
		"a tenth": func(row int64) bool { return row%10 == 0 },
		"the end": func(row int64) bool { return row > n/2 },
		"few":     func(row int64) bool { return row%100 == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			var chosen rowSet
			for _, row := range rows {
				if of(row) {
					chosen = chosen.add([]int64{row})
				}
			}
			query := randomVector(rnd, 1)
			vs, err := r.catalog.ColdByRows(t.Context(), slices.Collect(chosen.all()))
			if err != nil {
				t.Fatal(err)
			}
			want := newColdBest(k)
			for i := range vs {
				if c, ok := r.coldCosine(&vs[i], query); ok && vs[i].Space == "mini" {
					want.add(vs[i].Row, c)
				}
			}
			got, err := r.scanCold(t.Context(), "mini", query, chosen, len(rows), k)
			if err != nil || len(got) != len(want.best()) {
				t.Fatalf("%d hits, %v; want %d", len(got), err, len(want.best()))
			}
			for i, h := range want.best() {
				if got[i].row != h.row || math.Abs(float64(got[i].cosine-h.cosine)) > 1e-6 {
					t.Errorf("hit %d is %v; want %v", i, got[i], h)
				}
			}
		})
	}
}
