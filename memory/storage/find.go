package storage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
)

// Get implements memory.Finder.
func (s *Store) Get(ctx context.Context, ids []memory.ID) ([]memory.Memory, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	records, err := s.catalog.ByIDs(ctx, ids)
	if err != nil {
		return nil, catalogError(err)
	}
	byID := make(map[memory.ID]*catalog.Record, len(records))
	for i := range records {
		byID[records[i].Memory.ID] = &records[i]
	}
	out := make([]memory.Memory, 0, len(ids))
	var missing []memory.ID
	for _, id := range ids {
		r := byID[id]
		if r == nil {
			missing = append(missing, id)
			continue
		}
		m, err := s.open(r)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	if len(missing) > 0 {
		return nil, &memory.NotFoundError{IDs: distinct(missing)}
	}
	return out, nil
}

// Candidates implements memory.Finder. Words and vectors each propose q.Limit memories (0 means memory.DefaultLimit)
// among all that the filter lets through, and each is asked about those that the other proposed; in fast mode a
// quarter more than q.Limit come back in all, or those that promise most where q.Promise tells. In accurate mode a filter without states lets archived memories through as well, and the vector search is exact; in the others it may
// miss some of the nearest once there are too many vectors to look at each.
func (s *Store) Candidates(ctx context.Context, q memory.CandidateQuery) (memory.CandidateSet, error) {
	if err := s.usable(); err != nil {
		return memory.CandidateSet{}, err
	}
	if q.Limit <= 0 {
		q.Limit = memory.DefaultLimit
	}
	if q.Mode == memory.Accurate && len(q.Filter.States) == 0 {
		q.Filter.States = []memory.State{memory.Active, memory.Archived}
	}
	sel, err := s.selected(ctx, q.Filter)
	if err != nil {
		return memory.CandidateSet{}, err
	}
	set := memory.CandidateSet{Exact: true, Pending: s.waiting(sel)}
	if sel.Len() == 0 {
		return set, nil
	}
	found, err := s.propose(ctx, q, sel)
	if err != nil {
		return memory.CandidateSet{}, err
	}
	set.Exact = found.exact
	if set.Candidates, err = s.load(ctx, q.Filter, found); err != nil {
		return memory.CandidateSet{}, err
	}
	return set, s.usable() // an index that was closed meanwhile has left its part out
}

// selected returns the rows that the filter lets through.
func (s *Store) selected(ctx context.Context, f memory.Filter) (*inverted.Selection, error) {
	sel := s.index.Select(f)
	if len(f.IDs) == 0 {
		return sel, nil
	}
	found, err := s.catalog.RowsOf(ctx, f.IDs)
	if err != nil {
		return nil, catalogError(err)
	}
	rows := make([]int64, 0, len(found))
	for _, row := range found {
		rows = append(rows, row)
	}
	sel.Keep(rows)
	return sel, nil
}

// proposed is what the sources say of the rows that any of them proposes.
type proposed struct {
	words  map[int64]inverted.Hit // names all rows: an empty hit for each that only its vector proposed
	near   map[int64]similarity
	beside map[int64]inverted.Beside
	tokens map[int64]tokenMatch
	exact  bool // no vector is nearer than those proposed

	readTokens map[int64]recentTokens // read for this question, since the moment tokensAt
	tokensAt   uint64
}

// manyVectors is from how many rows on words and vectors are asked side by side; below, handing over takes longer than it saves.
const manyVectors = 5000

// propose asks words and vectors, side by side where there are many, and each about what the other proposes and about the neighbours of all.
func (s *Store) propose(ctx context.Context, q memory.CandidateQuery, sel *inverted.Selection) (p proposed, err error) {
	var g errgroup.Group
	vectors := func() (err error) {
		ctx, end := s.opts.Step.Begin(ctx, "recall vectors")
		defer func() { end(err) }()
		p.near, p.exact, err = s.nearest(ctx, q.Vectors, sel, q.Limit, vectorMode(q.Mode))
		return err
	}
	if sel.Len() < manyVectors {
		if err := vectors(); err != nil {
			return p, err
		}
	} else {
		g.Go(vectors)
	}
	_, end := s.opts.Step.Begin(ctx, "recall words")
	var terms []inverted.Term
	if strings.TrimSpace(q.Text) != "" {
		terms = inverted.Question(q.Text)
	}
	run := s.index.Begin(terms, sel, wordEffort(q.Mode))
	defer run.End()
	best := run.Best(q.Limit)
	p.words = make(map[int64]inverted.Hit, len(best)+q.Limit) // with what the vectors propose
	for _, h := range best {
		p.words[h.Row] = h
	}
	end(nil)
	if err := g.Wait(); err != nil {
		return p, err
	}
	var noWords []int64
	for row := range p.near {
		if _, ok := p.words[row]; !ok {
			noWords = append(noWords, row)
		}
	}
	for _, h := range run.Score(noWords) {
		p.words[h.Row] = h
	}
	noVector := p.surround(run)
	rest, err := s.similarities(ctx, q.Vectors, noVector, vectorMode(q.Mode))
	if err != nil {
		return p, err
	}
	for row, sim := range rest {
		p.near[row] = sim
	}
	if q.Mode == memory.Fast { // reading tokens takes longer than it has
		if most := q.Limit + q.Limit/4; q.Promise == nil {
			p.prune(most, alike)
		} else {
			p.prune(min(most, fastTimes*q.Want+fastBeside), q.Promise)
		}
		return p, nil
	}
	return p, s.matchTokens(ctx, &q, run, &p)
}

// rows lists all rows that a source proposes, in their order.
func (p *proposed) rows() []int64 {
	rows := slices.AppendSeq(make([]int64, 0, len(p.words)), maps.Keys(p.words))
	slices.Sort(rows)
	return rows
}

// surround finds the neighbours of all rows, and returns the rows and neighbours whose vectors were not asked about.
func (p *proposed) surround(run *inverted.Run) (noVector []int64) {
	rows := p.rows()
	p.beside = make(map[int64]inverted.Beside, len(rows))
	want := func(row int64) {
		if _, ok := p.near[row]; row >= 0 && !ok {
			noVector = append(noVector, row)
		}
	}
	for i, b := range run.Beside(rows) {
		p.beside[rows[i]] = b
		want(rows[i])
		want(b.Before)
		want(b.Behind)
	}
	slices.Sort(noVector)
	return slices.Compact(noVector)
}

// neighbours returns what the sources say of those before and behind row.
func (p *proposed) neighbours(row int64) (before, behind memory.Neighbour) {
	b := p.beside[row]
	if b.Before >= 0 {
		before = memory.Neighbour{Own: b.BeforeOwn, Dense: p.near[b.Before].cosine, Match: p.tokens[b.Before].match}
	}
	if b.Behind >= 0 {
		behind = memory.Neighbour{Own: b.BehindOwn, Dense: p.near[b.Behind].cosine, Match: p.tokens[b.Behind].match}
	}
	return before, behind
}

// Fast mode reads so many times what is wanted, and so many beside, of what promises most: half of that gives the same ten
// at a million memories, but texts tell more of some questions than they do there.
const (
	fastTimes  = 3
	fastBeside = 16
)

// prune leaves the n rows that promise most. Reading a memory costs more than finding it.
func (p *proposed) prune(n int, promise func([]memory.Prospect) []float64) {
	if len(p.words) <= n {
		return
	}
	rows := p.rows()
	prospects := make([]memory.Prospect, len(rows))
	for i, row := range rows {
		prospects[i] = memory.Prospect{Candidate: p.candidate(row), Turn: p.beside[row].Turn}
	}
	worth := make(map[int64]float64, len(rows))
	for i, w := range promise(prospects) {
		worth[rows[i]] = w
	}
	slices.SortFunc(rows, func(a, b int64) int { return cmp.Or(cmp.Compare(worth[b], worth[a]), cmp.Compare(b, a)) })
	for _, row := range rows[n:] {
		delete(p.words, row)
	}
}

// alike counts words and vector alike.
func alike(ps []memory.Prospect) []float64 {
	best, closest := 1e-9, 1e-9
	for i := range ps {
		best, closest = max(best, ps[i].Lexical), max(closest, ps[i].Dense)
	}
	out := make([]float64, len(ps))
	for i := range ps {
		out[i] = ps[i].Lexical/best + ps[i].Dense/closest
	}
	return out
}

// candidate is what the sources say of a row.
func (p *proposed) candidate(row int64) memory.Candidate {
	hit := p.words[row]
	sim, has := p.near[row]
	c := memory.Candidate{Lexical: hit.Score, Own: hit.Own, Cover: hit.Cover, Near: hit.Near, Dense: sim.cosine, Space: sim.space, HasVector: has}
	c.Before, c.Behind = p.neighbours(row)
	if t, ok := p.tokens[row]; ok {
		c.Match, c.Sharp, c.HasTokens = t.match, t.sharp, true
	}
	return c
}

// wordEffort is how far words are searched in a mode; as far as it goes where none is named.
func wordEffort(m memory.Mode) inverted.Effort {
	switch m {
	case memory.Fast:
		return inverted.Quick
	case memory.Balanced:
		return inverted.Usual
	}
	return inverted.Thorough
}

// vectorMode is how vectors are searched in a mode; exactly where none is named.
func vectorMode(m memory.Mode) vector.Mode {
	switch m {
	case memory.Fast:
		return vector.Fast
	case memory.Balanced:
		return vector.Balanced
	}
	return vector.Accurate
}

// load reads the memories proposed. One that changed meanwhile and no longer passes the filter is left out.
func (s *Store) load(ctx context.Context, f memory.Filter, p proposed) ([]memory.Candidate, error) {
	rows := p.rows()
	ctx, end := s.opts.Step.Begin(ctx, "recall read")
	read, err := s.read(ctx, rows)
	end(err)
	if err != nil {
		return nil, catalogError(err)
	}
	out := make([]memory.Candidate, 0, len(read))
	for _, row := range rows {
		m, ok := read[row]
		if !ok || !matches(&f, &m.memory) {
			continue
		}
		if t, ok := p.readTokens[row]; ok {
			s.keepTokens(p.tokensAt, row, &m.memory, t)
		}
		c := p.candidate(row)
		c.Memory, c.Uses, c.LastUsed = &m.memory, m.uses, m.lastUsed
		u := s.uses.pending(m.memory.ID)
		c.Uses += u.Count
		if u.Last.After(c.LastUsed) {
			c.LastUsed = u.Last
		}
		out = append(out, c)
	}
	return out, nil
}

// read returns the memories of rows, by row, without those that are damaged or gone. They are shared: nobody writes to them.
func (s *Store) read(ctx context.Context, rows []int64) (map[int64]*recentMemory, error) {
	found := make(map[int64]*recentMemory, len(rows))
	moment := s.recent.begin()
	missing := s.recent.find(rows, found)
	if len(missing) == 0 {
		return found, nil
	}
	parts, err := s.records(ctx, missing)
	if err != nil {
		return nil, err
	}
	for _, records := range parts {
		for i := range records {
			r := &records[i]
			m, err := s.open(r)
			if err != nil {
				s.opts.Logger.Error("a memory is damaged; run `elderzan doctor --repair`", "id", r.Memory.ID, "error", err)
				continue
			}
			read := &recentMemory{memory: m, uses: r.Uses, lastUsed: r.LastUsed}
			s.keepMemory(moment, r.Row, read, len(r.Body))
			found[r.Row] = read
		}
	}
	return found, nil
}

// manyRows is from how many rows on two readers share the reading: decrypting pages, or unpacking vectors, takes most of the time.
const manyRows = 32

// records reads the records of rows in two parts, side by side where there are many.
func (s *Store) records(ctx context.Context, rows []int64) (parts [2][]catalog.Record, err error) {
	if len(rows) < manyRows {
		parts[0], err = s.catalog.ByRows(ctx, rows)
		return parts, err
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, part := range [][]int64{rows[:len(rows)/2], rows[len(rows)/2:]} {
		g.Go(func() (err error) {
			parts[i], err = s.catalog.ByRows(ctx, part)
			return err
		})
	}
	return parts, g.Wait()
}

// matches reports whether m passes every field of f.
func matches(f *memory.Filter, m *memory.Memory) bool {
	at := m.At()
	return (len(f.IDs) == 0 || slices.Contains(f.IDs, m.ID)) &&
		(len(f.Scopes) == 0 || slices.Contains(f.Scopes, m.Scope)) &&
		(len(f.Projects) == 0 || slices.Contains(f.Projects, m.Project)) &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, m.Kind)) &&
		(len(f.Sessions) == 0 || slices.Contains(f.Sessions, m.Session)) &&
		(len(f.States) == 0 && m.State == memory.Active || slices.Contains(f.States, m.State)) &&
		!slices.ContainsFunc(f.Tags, func(t string) bool { return !slices.Contains(m.Tags, t) }) &&
		(f.Since.IsZero() || !at.Before(f.Since)) && (f.Until.IsZero() || at.Before(f.Until))
}
