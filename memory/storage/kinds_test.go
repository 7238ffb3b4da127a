package storage_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/scope"
)

// shelf is a store with memories of every scope and the vectors they were given.
type shelf struct {
	*storage.Store
	dir string
	ms  []memory.Memory
	vec map[memory.ID][]float32
}

// near returns a unit vector near base.
func near(r *rand.Rand, base []float32, share float32) []float32 {
	v := storagetest.UnitVector(r.Uint64())
	var sum float32
	for i := range v {
		v[i] = share*base[i] + (1-share)*v[i]
		sum += v[i] * v[i]
	}
	for i := range v {
		v[i] /= sqrt(sum)
	}
	return v
}

func sqrt(x float32) float32 {
	y := x
	for range 20 {
		y = (y + x/y) / 2
	}
	return y
}

func newShelf(t *testing.T, r *rand.Rand, n int, limits storage.IndexLimits) *shelf {
	t.Helper()
	s := &shelf{dir: filepath.Join(t.TempDir(), "data"), vec: map[memory.ID][]float32{}}
	s.open(t, limits)
	var items []storage.Bulk
	for i := range n {
		m := storagetest.Memory(fmt.Sprintf("badger number %d", i))
		m.Scope = scope.All()[r.IntN(4)]
		m.Project = []string{"", "atlas", "borealis", "rare"}[min(r.IntN(40)/13, 3)]
		m.CreatedAt = m.CreatedAt.AddDate(0, 0, r.IntN(60))
		if r.IntN(20) == 0 {
			m.State = memory.Archived
		}
		for _, tag := range []string{"red", "green", "blue"} {
			if r.IntN(3) == 0 {
				m.Tags = append(m.Tags, tag)
			}
		}
		s.ms = append(s.ms, m)
		s.vec[m.ID] = near(r, storagetest.UnitVector(uint64(r.IntN(20))), .6)
		items = append(items, storage.Bulk{Memory: m, Vectors: []memory.Vector{{Space: "mini", Version: 1, Values: s.vec[m.ID]}}})
	}
	for some := range slices.Chunk(items, 200) {
		if stored, err := s.PutBulk(t.Context(), some, storagetest.Audit("import")); err != nil || stored != len(some) {
			t.Fatalf("PutBulk = %d, %v; want %d", stored, err, len(some))
		}
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shelf) open(t *testing.T, limits storage.IndexLimits) {
	t.Helper()
	var err error
	if s.Store, err = storage.Open(t.Context(), storage.Options{Dir: s.dir, Limits: limits}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
}

// kinds are limits by which n vectors have each form.
func kinds(n int) map[string]storage.IndexLimits {
	return map[string]storage.IndexLimits{
		"flat":   {},
		"sq8":    {SQ8: n / 4},
		"sq4":    {SQ8: n / 8, SQ4: n / 6},
		"ivf,pq": {SQ8: n / 8, SQ4: n / 7, IVFPQ: n / 6},
	}
}

// A filter hides nothing that matches, whatever form an index has: the answer of accurate mode is what comparing
// every vector gives, and in the other modes no match is left out where there is room for all.
func TestKindsAgainstBruteForce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const n = 1200
	for kind, limits := range kinds(n) {
		t.Run(kind, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			s := newShelf(t, r, n, limits)
			if st, err := s.Stats(t.Context()); err != nil || st.IndexKind != kind {
				t.Fatalf("the index is %q, %v; want %q", st.IndexKind, err, kind)
			}
			for round := range 25 {
				s.compare(t, r, round)
			}
			storagetest.NoFindings(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s.open(t, limits) // from its snapshots
			if st, err := s.Stats(t.Context()); err != nil || st.IndexKind != kind || st.Vectors != n {
				t.Errorf("opened again, the index is %q of %d, %v; want %q of %d", st.IndexKind, st.Vectors, err, kind, n)
			}
			for round := range 8 {
				s.compare(t, r, 100+round)
			}
		})
	}
}

func someFilter(r *rand.Rand, ms []memory.Memory) memory.Filter {
	var f memory.Filter
	maybe := func(do func()) {
		if r.IntN(3) == 0 {
			do()
		}
	}
	maybe(func() { f.Scopes = []scope.Scope{scope.All()[r.IntN(4)], scope.All()[r.IntN(4)]} })
	maybe(func() { f.Projects = [][]string{{""}, {"atlas", "rare"}, {"rare"}}[r.IntN(3)] })
	maybe(func() { f.Tags = [][]string{{"red"}, {"green", "blue"}}[r.IntN(2)] })
	maybe(func() { f.States = []memory.State{memory.Archived, memory.Active}[r.IntN(2):] })
	maybe(func() { f.Since = ms[0].CreatedAt.AddDate(0, 0, r.IntN(60)-30) })
	maybe(func() { f.Until = ms[0].CreatedAt.AddDate(0, 0, r.IntN(60)) })
	if r.IntN(8) == 0 {
		f.IDs = []memory.ID{ms[r.IntN(len(ms))].ID, ms[r.IntN(len(ms))].ID}
	}
	return f
}

// slack is more than what is stored makes of a cosine: six times the deviation of the sum of 768 errors of up to half a step,
// which is .3 of a mean component in the archive, and in the others a hundredth of the largest.
func slack(f *memory.Filter, mode memory.Mode) float64 {
	if slices.Contains(f.States, memory.Archived) || len(f.States) == 0 && mode == memory.Accurate {
		return .02
	}
	return .002
}

func (s *shelf) compare(t *testing.T, r *rand.Rand, round int) {
	t.Helper()
	query := near(r, s.vec[s.ms[r.IntN(len(s.ms))].ID], .6)
	f := someFilter(r, s.ms)
	for _, mode := range []memory.Mode{memory.Accurate, memory.Balanced, memory.Fast} {
		const k = 100
		want := s.nearest(query, f, mode, k)
		set, err := s.Candidates(t.Context(), memory.CandidateQuery{Vectors: map[string][]float32{"mini": query}, Filter: f, Mode: mode, Limit: k})
		if err != nil {
			t.Fatal(err)
		}
		got := map[memory.ID]float64{}
		for _, c := range set.Candidates {
			got[c.Memory.ID] = c.Dense
		}
		if len(got) != len(want) {
			t.Errorf("round %d: %s with %+v gave %d; want %d", round, mode, f, len(got), len(want))
		}
		if mode != memory.Accurate && len(want) == k {
			continue // these may take others than the nearest
		}
		for i, h := range want {
			if _, ok := got[h.id]; !ok && (len(want) < k || h.cosine > want[k-1].cosine+slack(&f, mode)) {
				t.Errorf("round %d: %s with %+v hides the %d-th nearest of %d, at %.4f", round, mode, f, i+1, len(want), h.cosine)
			}
		}
		if mode == memory.Accurate && !set.Exact {
			t.Errorf("round %d: accurate is not exact", round)
		}
	}
}

type hit struct {
	id     memory.ID
	cosine float64
}

// nearest compares the query with every vector that passes the filter.
func (s *shelf) nearest(query []float32, f memory.Filter, mode memory.Mode, k int) []hit {
	if mode == memory.Accurate && len(f.States) == 0 {
		f.States = []memory.State{memory.Active, memory.Archived}
	}
	var hits []hit
	for i := range s.ms {
		m := &s.ms[i]
		if !passes(&f, m) {
			continue
		}
		var dot float64
		for j, c := range s.vec[m.ID] {
			dot += float64(c) * float64(query[j])
		}
		hits = append(hits, hit{m.ID, dot})
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(b.cosine, a.cosine) })
	return hits[:min(len(hits), k)]
}

// passes is the filter written in the plainest way.
func passes(f *memory.Filter, m *memory.Memory) bool {
	states := f.States
	if len(states) == 0 {
		states = []memory.State{memory.Active}
	}
	for _, tag := range f.Tags {
		if !slices.Contains(m.Tags, tag) {
			return false
		}
	}
	return (len(f.IDs) == 0 || slices.Contains(f.IDs, m.ID)) && (len(f.Scopes) == 0 || slices.Contains(f.Scopes, m.Scope)) &&
		(len(f.Projects) == 0 || slices.Contains(f.Projects, m.Project)) && slices.Contains(states, m.State) &&
		(f.Since.IsZero() || !m.At().Before(f.Since)) && (f.Until.IsZero() || m.At().Before(f.Until))
}
