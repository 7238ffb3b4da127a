package memorytest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Store keeps memories in RAM. Its zero value is empty and works. It is safe for concurrent use.
type Store struct {
	// Fail is asked before every operation, by the name of its method; its error is the operation's. Set it before
	// the first use. nil never fails.
	Fail func(op string) error

	mu       sync.Mutex
	memories []memory.Memory // in the order of their creation
	purged   map[string]bool // by key of the request
	keys     map[string]memory.ID
	audits   []memory.Audit
	jobs     []job
	vectors  map[memory.ID]memory.Vector
	uses     map[memory.ID]int
}

type job struct {
	memory.Job
	after    time.Time
	attempts int
}

var (
	_ memory.Store   = (*Store)(nil)
	_ memory.Indexes = (*Store)(nil)
)

// begin locks the store for an operation; the caller unlocks it when there is no error.
func (s *Store) begin(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Fail != nil {
		if err := s.Fail(op); err != nil {
			return err
		}
	}
	s.mu.Lock()
	return nil
}

// Put implements memory.Writer.
func (s *Store) Put(ctx context.Context, p memory.Put) (memory.Stored, error) {
	if err := s.begin(ctx, "Put"); err != nil {
		return memory.Stored{}, err
	}
	defer s.mu.Unlock()
	if m := s.find(s.keys[p.RequestKey]); p.RequestKey != "" && m != nil {
		return memory.Stored{ID: m.ID, Memory: clone(*m)}, nil
	}
	if m := s.twin(&p.Memory); m != nil {
		return memory.Stored{ID: m.ID, DuplicateOf: m.ID, Memory: clone(*m)}, nil
	}
	if p.Supersede != "" {
		old := s.find(p.Supersede)
		if old == nil {
			return memory.Stored{}, &memory.NotFoundError{IDs: []memory.ID{p.Supersede}}
		}
		old.State, old.SupersededBy = memory.Superseded, p.Memory.ID
		old.Version++
	}
	s.memories = append(s.memories, clone(p.Memory))
	s.note(p.RequestKey, p.Memory.ID, p.Audit)
	s.enqueue(&p.Memory)
	return memory.Stored{ID: p.Memory.ID, Memory: clone(p.Memory)}, nil
}

// Twin implements memory.Finder.
func (s *Store) Twin(ctx context.Context, m memory.Memory) (memory.ID, bool, error) {
	if err := s.begin(ctx, "Twin"); err != nil {
		return "", false, err
	}
	defer s.mu.Unlock()
	if twin := s.twin(&m); twin != nil {
		return twin.ID, true, nil
	}
	return "", false, nil
}

func (s *Store) twin(m *memory.Memory) *memory.Memory {
	for i := range s.memories {
		if t := &s.memories[i]; t.State == memory.Active && t.Content == m.Content && t.Project == m.Project {
			return t
		}
	}
	return nil
}

// Change implements memory.Writer.
func (s *Store) Change(ctx context.Context, id memory.ID, requestKey string, edit memory.Edit) (memory.Memory, error) {
	if err := s.begin(ctx, "Change"); err != nil {
		return memory.Memory{}, err
	}
	defer s.mu.Unlock()
	m := s.find(id)
	if m == nil {
		return memory.Memory{}, &memory.NotFoundError{IDs: []memory.ID{id}}
	}
	if _, repeated := s.keys[requestKey]; repeated && requestKey != "" {
		return clone(*m), nil
	}
	next := clone(*m)
	audit, err := edit(&next)
	if err != nil {
		return memory.Memory{}, err
	}
	next.Version = m.Version + 1
	if next.EmbeddingText() != m.EmbeddingText() || slices.ContainsFunc(s.jobs, func(j job) bool { return j.ID == id }) {
		s.enqueue(&next)
	}
	*m = clone(next)
	s.note(requestKey, id, audit)
	return next, nil
}

// Purge implements memory.Writer.
func (s *Store) Purge(ctx context.Context, ids []memory.ID, requestKey string, audit memory.Audit) error {
	if err := s.begin(ctx, "Purge"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, id := range ids {
		if s.find(id) == nil && !s.purged[memory.RequestKeyOf(requestKey, id)] {
			return &memory.NotFoundError{IDs: []memory.ID{id}}
		}
	}
	if s.purged == nil {
		s.purged = map[string]bool{}
	}
	for _, id := range ids {
		s.purged[memory.RequestKeyOf(requestKey, id)] = requestKey != ""
	}
	s.memories = slices.DeleteFunc(s.memories, func(m memory.Memory) bool { return slices.Contains(ids, m.ID) })
	s.jobs = slices.DeleteFunc(s.jobs, func(j job) bool { return slices.Contains(ids, j.ID) })
	s.audits = append(s.audits, audit)
	return nil
}

// Note implements memory.Writer.
func (s *Store) Note(ctx context.Context, audit memory.Audit) error {
	if err := s.begin(ctx, "Note"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.audits = append(s.audits, audit)
	return nil
}

func (s *Store) note(key string, id memory.ID, audit memory.Audit) {
	if s.keys == nil {
		s.keys = map[string]memory.ID{}
	}
	if key != "" {
		s.keys[key] = id
	}
	s.audits = append(s.audits, audit)
}

func (s *Store) enqueue(m *memory.Memory) {
	s.jobs = slices.DeleteFunc(s.jobs, func(j job) bool { return j.ID == m.ID }) // a memory waits once, as it is now
	s.jobs = append(s.jobs, job{Job: memory.Job{ID: m.ID, Text: m.EmbeddingText(), LocalOnly: m.LocalOnly(), Version: m.Version}})
}

func (s *Store) find(id memory.ID) *memory.Memory {
	for i := range s.memories {
		if s.memories[i].ID == id {
			return &s.memories[i]
		}
	}
	return nil
}

// Get implements memory.Finder.
func (s *Store) Get(ctx context.Context, ids []memory.ID) ([]memory.Memory, error) {
	if err := s.begin(ctx, "Get"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var (
		out    []memory.Memory
		absent []memory.ID
	)
	for _, id := range ids {
		if m := s.find(id); m != nil {
			out = append(out, clone(*m))
		} else {
			absent = append(absent, id)
		}
	}
	if len(absent) > 0 {
		return nil, &memory.NotFoundError{IDs: absent}
	}
	return out, nil
}

// Candidates implements memory.Finder. Every memory under the filter is one: the ranker sorts them out.
func (s *Store) Candidates(ctx context.Context, q memory.CandidateQuery) (memory.CandidateSet, error) {
	if err := s.begin(ctx, "Candidates"); err != nil {
		return memory.CandidateSet{}, err
	}
	defer s.mu.Unlock()
	states := []memory.State{memory.Active}
	if q.Mode == memory.Accurate {
		states = append(states, memory.Archived)
	}
	set := memory.CandidateSet{Exact: true}
	words := strings.Fields(strings.ToLower(q.Text))
	for i := range s.memories {
		m := &s.memories[i]
		if !matches(m, q.Filter, states) {
			continue
		}
		c := memory.Candidate{Memory: new(clone(*m)), Uses: s.uses[m.ID], Lexical: overlap(m, words)}
		if v, ok := s.vectors[m.ID]; ok {
			c.HasVector, c.Space = true, v.Space
			for j, x := range q.Vectors[v.Space] {
				c.Dense += float64(x) * float64(v.Values[j])
			}
		} else {
			set.Pending++
		}
		if c.Lexical > 0 || c.HasVector && len(q.Vectors) > 0 {
			set.Candidates = append(set.Candidates, c)
		}
	}
	return set, nil
}

// overlap counts the words that occur in m.
func overlap(m *memory.Memory, words []string) float64 {
	text := strings.ToLower(m.EmbeddingText())
	n := 0.0
	for _, w := range words {
		if strings.Contains(text, w) {
			n++
		}
	}
	return n
}

// Search implements memory.Finder. Its cursor is the number of the next match.
func (s *Store) Search(ctx context.Context, q memory.SearchQuery) (memory.Page, error) {
	if err := s.begin(ctx, "Search"); err != nil {
		return memory.Page{}, err
	}
	defer s.mu.Unlock()
	start := 0
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n < 0 {
			return memory.Page{}, &memory.InputError{Field: "cursor", Problem: "is not one of this search"}
		}
		start = n
	}
	words := strings.Fields(strings.ToLower(q.Text))
	var found []memory.Memory
	for i := range s.memories {
		m := &s.memories[i]
		if matches(m, q.Filter, []memory.State{memory.Active}) && overlap(m, words) == float64(len(words)) {
			found = append(found, clone(*m))
		}
	}
	slices.SortStableFunc(found, func(a, b memory.Memory) int {
		switch q.Sort {
		case memory.SortOldest:
			return cmp.Compare(a.ID, b.ID)
		case memory.SortUpdated:
			return b.UpdatedAt.Compare(a.UpdatedAt)
		}
		return cmp.Compare(b.ID, a.ID)
	})
	page := memory.Page{Total: len(found)}
	start = min(start, len(found))
	end := min(start+q.Limit, len(found))
	page.Memories = found[start:end]
	if end < len(found) {
		page.NextCursor = strconv.Itoa(end)
	}
	return page, nil
}

func matches(m *memory.Memory, f memory.Filter, states []memory.State) bool {
	if len(f.States) > 0 {
		states = f.States
	}
	for _, t := range f.Tags {
		if !slices.Contains(m.Tags, t) {
			return false
		}
	}
	return slices.Contains(states, m.State) && among(f.IDs, m.ID) && among(f.Scopes, m.Scope) && among(f.Projects, m.Project) &&
		among(f.Kinds, m.Kind) && among(f.Sessions, m.Session) &&
		(f.Since.IsZero() || !m.At().Before(f.Since)) && (f.Until.IsZero() || m.At().Before(f.Until))
}

func among[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

// Stats implements memory.Reporter.
func (s *Store) Stats(ctx context.Context) (memory.Stats, error) {
	if err := s.begin(ctx, "Stats"); err != nil {
		return memory.Stats{}, err
	}
	defer s.mu.Unlock()
	st := memory.Stats{ByScope: map[scope.Scope]int{}, ByState: map[memory.State]int{}, Pending: len(s.jobs), Vectors: len(s.vectors), IndexKind: "none", SchemaVersion: 1}
	for i := range s.memories {
		m := &s.memories[i]
		st.ByState[m.State]++
		if m.State == memory.Active {
			st.ByScope[m.Scope]++
		}
	}
	return st, nil
}

// Spaces implements memory.Reporter.
func (s *Store) Spaces() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for _, v := range s.vectors {
		out[v.Space]++
	}
	return out
}

// CountUse implements memory.UseCounter.
func (s *Store) CountUse(ids []memory.ID, _ time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses == nil {
		s.uses = map[memory.ID]int{}
	}
	for _, id := range ids {
		s.uses[id]++
	}
}

// Jobs implements memory.Indexes.
func (s *Store) Jobs(ctx context.Context, n int) ([]memory.Job, error) {
	if err := s.begin(ctx, "Jobs"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []memory.Job
	for _, j := range s.jobs {
		if len(out) < n && !j.after.After(time.Now()) {
			out = append(out, j.Job)
		}
	}
	return out, nil
}

// PutVectors implements memory.Indexes.
func (s *Store) PutVectors(ctx context.Context, vs []memory.Vector) error {
	if err := s.begin(ctx, "PutVectors"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.vectors == nil {
		s.vectors = map[memory.ID]memory.Vector{}
	}
	for _, v := range vs {
		s.vectors[v.ID] = v
		s.jobs = slices.DeleteFunc(s.jobs, func(j job) bool { return j.ID == v.ID && j.Version == v.Version })
	}
	return nil
}

// FailJobs implements memory.Indexes.
func (s *Store) FailJobs(ctx context.Context, ids []memory.ID, after time.Time) error {
	if err := s.begin(ctx, "FailJobs"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for i := range s.jobs {
		if slices.Contains(ids, s.jobs[i].ID) {
			s.jobs[i].after = after
			s.jobs[i].attempts++
		}
	}
	return nil
}

// Add puts memories straight into the store, each with a job for its embedding.
func (s *Store) Add(ms ...memory.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range ms {
		s.memories = append(s.memories, clone(m))
		s.enqueue(&m)
	}
}

// AddEmbedded puts memories straight into the store for whose embedding nothing waits any more.
func (s *Store) AddEmbedded(ms ...memory.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range ms {
		s.memories = append(s.memories, clone(m))
	}
}

// Audits returns the audit log so far. The caller owns the slice.
func (s *Store) Audits() []memory.Audit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.audits)
}

// Uses returns how often recall returned a memory.
func (s *Store) Uses(id memory.ID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uses[id]
}

// Waiting returns how many jobs wait, and how often one of them has failed at most.
func (s *Store) Waiting() (jobs, attempts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		attempts = max(attempts, j.attempts)
	}
	return len(s.jobs), attempts
}

// clone copies m so that its owner and the store share nothing.
func clone(m memory.Memory) memory.Memory {
	m.Tags, m.Rules = slices.Clone(m.Tags), slices.Clone(m.Rules)
	if m.Metadata != nil {
		b, err := json.Marshal(m.Metadata)
		if err != nil {
			panic(fmt.Sprintf("memorytest: metadata is no JSON: %v", err))
		}
		m.Metadata = nil
		if err := json.Unmarshal(b, &m.Metadata); err != nil {
			panic(err)
		}
	}
	return m
}
