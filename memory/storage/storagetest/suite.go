package storagetest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// Store is what the suite tests.
type Store interface {
	memory.Store
	memory.Indexes
	Check(ctx context.Context) ([]storage.Finding, error)
	Close() error
}

// Opener opens the store of a folder, and makes it at the first call. The suite closes it.
type Opener func(t testing.TB, dir string) Store

// Run runs the suite. Each test has a folder of its own.
func Run(t *testing.T, open Opener) {
	for name, test := range map[string]func(*testing.T, *suite){
		"Put":             testPut,
		"PutDuplicate":    testPutDuplicate,
		"PutSupersede":    testPutSupersede,
		"PutRepeated":     testPutRepeated,
		"PutRefused":      testPutRefused,
		"Change":          testChange,
		"ChangeUndone":    testChangeUndone,
		"ChangeRepeated":  testChangeRepeated,
		"ChangeTwin":      testChangeTwin,
		"ChangeScope":     testChangeScope,
		"ChangeTogether":  testChangeTogether,
		"Purge":           testPurge,
		"Get":             testGet,
		"Candidates":      testCandidates,
		"CandidatesModes": testCandidatesModes,
		"Filters":         testFilters,
		"Search":          testSearch,
		"SearchPages":     testSearchPages,
		"Jobs":            testJobs,
		"Vectors":         testVectors,
		"VectorsStale":    testVectorsStale,
		"VectorsSpaces":   testVectorsSpaces,
		"Uses":            testUses,
		"Stats":           testStats,
		"Canceled":        testCanceled,
		"Closed":          testClosed,
		"Together":        testTogether,
	} {
		t.Run(name, func(t *testing.T) {
			s := &suite{dir: t.TempDir(), opener: open}
			s.open(t)
			t.Cleanup(func() { s.close(t) })
			test(t, s)
			if name != "Closed" {
				NoFindings(t, s.Store)
				s.reopen(t)
				NoFindings(t, s.Store)
			}
		})
	}
}

// suite is one test's store.
type suite struct {
	Store
	dir    string
	opener Opener
}

func (s *suite) open(t testing.TB) {
	t.Helper()
	s.Store = s.opener(t, s.dir)
}

func (s *suite) close(t testing.TB) {
	t.Helper()
	if err := s.Store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// reopen closes the store and opens it again, which fills every index anew.
func (s *suite) reopen(t testing.TB) {
	t.Helper()
	s.close(t)
	s.open(t)
}

// put stores m, which must be new.
func (s *suite) put(t testing.TB, m memory.Memory) memory.Memory {
	t.Helper()
	st, err := s.Put(t.Context(), memory.Put{Memory: m, Audit: Audit("remember")})
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if st.DuplicateOf != "" {
		t.Fatalf("Put: duplicate of %s; want a new memory", st.DuplicateOf)
	}
	return st.Memory
}

// change applies edit, which must work.
func (s *suite) change(t testing.TB, id memory.ID, edit func(*memory.Memory)) memory.Memory {
	t.Helper()
	m, err := s.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
		edit(m)
		return Audit("revise"), nil
	})
	if err != nil {
		t.Fatalf("Change: %v", err)
	}
	return m
}

func (s *suite) get(t testing.TB, id memory.ID) memory.Memory {
	t.Helper()
	got, err := s.Get(t.Context(), []memory.ID{id})
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return got[0]
}

// embed stores a vector for each memory, made from seed and its place in the list.
func (s *suite) embed(t testing.TB, space string, seed uint64, ms ...memory.Memory) {
	t.Helper()
	vs := make([]memory.Vector, len(ms))
	for i, m := range ms {
		vs[i] = memory.Vector{ID: m.ID, Version: m.Version, Space: space, Values: UnitVector(seed + uint64(i)), Tokens: RandomTokens(seed + uint64(i)).Rows}
	}
	if err := s.PutVectors(t.Context(), vs); err != nil {
		t.Fatalf("PutVectors: %v", err)
	}
}

// candidates asks with text and, where space is set, a vector, and returns the answer by id.
func (s *suite) candidates(t testing.TB, q memory.CandidateQuery) (map[memory.ID]memory.Candidate, memory.CandidateSet) {
	t.Helper()
	set, err := s.Candidates(t.Context(), q)
	if err != nil {
		t.Fatalf("Candidates: %v", err)
	}
	by := map[memory.ID]memory.Candidate{}
	for _, c := range set.Candidates {
		if _, twice := by[c.Memory.ID]; twice {
			t.Errorf("Candidates: %s came twice", c.Memory.ID)
		}
		by[c.Memory.ID] = c
	}
	return by, set
}

// find lists the ids that a search finds.
func (s *suite) find(t testing.TB, q memory.SearchQuery) []memory.ID {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = memory.MaxLimit
	}
	p, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("Search: %v", err)
	}
	if p.NextCursor == "" && p.Total != len(p.Memories) {
		t.Errorf("Search: total %d with %d memories on the only page", p.Total, len(p.Memories))
	}
	var ids []memory.ID
	for _, m := range p.Memories {
		ids = append(ids, m.ID)
	}
	return ids
}

// NoFindings has the store check itself; every finding is an error.
func NoFindings(t testing.TB, s interface {
	Check(ctx context.Context) ([]storage.Finding, error)
}) {
	t.Helper()
	findings, err := s.Check(t.Context())
	if err != nil {
		t.Errorf("Check: %v", err)
	}
	for _, f := range findings {
		t.Errorf("Check finds %s", f)
	}
}

// Memory returns a new PROJECT memory with this content, made at a fixed day.
func Memory(content string) memory.Memory {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)
	return memory.Memory{
		ID: memory.NewID(), Content: content, Kind: "note", Scope: scope.Project, Project: "atlas", Session: "s-1", Author: "ada", Client: "test",
		Trust: memory.TrustAgent, State: memory.Active, Version: 1, Confidence: 0.75, CreatedAt: at, UpdatedAt: at,
	}
}

// Audit returns an entry for a change made by the suite.
func Audit(action string) memory.Audit {
	return memory.Audit{At: time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC), Action: action, User: "ada", Client: "test", Session: "s-1", Reason: "suite"}
}

// RandomTokens returns a few tokens of the text "a b c" with random directions, the same for the same seed.
func RandomTokens(seed uint64) memory.Tokens {
	r := rand.New(rand.NewPCG(seed, 3))
	t := memory.Tokens{Spans: [][2]int{{0, 1}, {2, 3}, {4, 5}}}
	for range t.Spans {
		row := make([]int8, memory.TokenDim)
		for i := range row {
			row[i] = int8(r.IntN(255) - 127)
		}
		row[r.IntN(len(row))] = 127
		t.Rows = append(t.Rows, row...)
	}
	return t
}

// UnitVector returns a random vector of length 1, the same for the same seed.
func UnitVector(seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 768))
	v := make([]float32, memory.Dim)
	var sum float64
	for i := range v {
		c := r.NormFloat64()
		v[i] = float32(c)
		sum += c * c
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}

// Secret returns a text that is not found by chance.
func Secret(name string) string { return fmt.Sprintf("zqx%skwvj canary %s pelican", name, name) }
