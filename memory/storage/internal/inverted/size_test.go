package inverted

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// zipf makes turns as long as LoCoMo's: 13 terms of a vocabulary that grows with the texts, and a mark of their own.
func zipf(rnd *rand.Rand, row int64) Doc {
	d := Doc{Row: row, Project: fmt.Sprint("conv-", row/600), Session: "one", Tags: []string{"chat"}, Turn: true,
		Scope: scope.Project, State: memory.Active, At: row * 60_000}
	for range 13 {
		d.Body = append(d.Body, fmt.Sprintf("term%d", int(math.Pow(60_000, rnd.Float64()*rnd.Float64()+rnd.Float64()*.3))))
	}
	d.Labels = []string{fmt.Sprintf("zq%07dx", row), "caroline", "caroline", "caroline", "8", "may", "2023"}
	return d
}

func filled(n int) *Index {
	rnd := rand.New(rand.NewPCG(1, 2))
	x := New(Options{})
	for i := range int64(n) {
		x.Put(zipf(rnd, i))
	}
	return x
}

// The index must fit the memory it may use: 250 bytes a turn for the postings, 45 for the columns.
func TestBytesPerDocument(t *testing.T) {
	const n = 50_000
	st := filled(n).Stats()
	columns, rest := st.ColumnBytes/n, (st.Bytes-st.ColumnBytes)/n
	t.Logf("%d B of columns, %d B of terms and postings a document; %d terms, %d postings", columns, rest, st.Terms, st.Postings)
	if columns > 47 || rest > 250 {
		t.Errorf("%d and %d bytes a document; want at most 47 and 250", columns, rest)
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{3_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := filled(n)
			rnd := rand.New(rand.NewPCG(3, 4))
			var qs [][]Term
			for i := range int64(100) {
				qs = append(qs, Words(slices.Compact(zipf(rnd, i).Body[:6])))
			}
			sel := x.Select(memory.Filter{})
			for i := 0; b.Loop(); i++ {
				x.Search(qs[i%len(qs)], sel, 100)
			}
		})
	}
}

func BenchmarkSelect(b *testing.B) {
	for _, n := range []int{3_000, 100_000} {
		x := filled(n)
		for name, f := range map[string]memory.Filter{"all": {}, "project": {Projects: []string{"conv-1"}}} {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				for b.Loop() {
					x.Select(f)
				}
			})
		}
	}
}

func BenchmarkPut(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	docs := make([]Doc, 20_000)
	for i := range docs {
		docs[i] = zipf(rnd, int64(i))
	}
	x := New(Options{})
	for i := 0; b.Loop(); i++ {
		d := docs[i%len(docs)]
		d.Row = int64(i)
		x.Put(d)
	}
}
