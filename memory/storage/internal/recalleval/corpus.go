package recalleval

import (
	"cmp"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// Corpus is a set with its index and, when they could be had, its vectors.
type Corpus struct {
	Set     *Set
	Index   *inverted.Index
	Vectors [][]float32 // by memory; nil without an embedder
	Queries [][]float32 // by question
}

// NewCorpus indexes a set.
func NewCorpus(set *Set, o inverted.Options) *Corpus {
	c := &Corpus{Set: set, Index: inverted.New(o)}
	for i := range set.Memories {
		m := &set.Memories[i]
		c.Index.Put(inverted.NewDoc(int64(i), m, inverted.Analyse(m)))
	}
	return c
}

// Filter is what a question is asked under: its own project, or everything.
func (c *Corpus) Filter(q int, pooled bool) memory.Filter {
	if pooled || c.Set.Questions[q].Project == "-" {
		return memory.Filter{}
	}
	return memory.Filter{Projects: []string{c.Set.Questions[q].Project}}
}

// Candidates gathers what may answer question q as the store does: the best of each source, each with the scores
// of both.
func (c *Corpus) Candidates(q int, pooled bool, limit int) memory.CandidateSet {
	sel := c.Index.Select(c.Filter(q, pooled))
	terms := inverted.Question(c.Set.Questions[q].Text)
	hits := c.Index.Search(terms, sel, limit)
	var dense []float64
	if c.Vectors != nil {
		hits, dense = c.addDense(q, hits, terms, sel, limit)
	}
	set := memory.CandidateSet{Candidates: make([]memory.Candidate, len(hits)), Exact: true}
	for i, h := range hits {
		set.Candidates[i] = memory.Candidate{
			Memory: c.Set.Memories[h.Row], Lexical: h.Score, Own: h.Own, Cover: h.Cover, HasVector: dense != nil,
		}
		if dense != nil {
			set.Candidates[i].Dense = dense[h.Row]
		}
	}
	return set
}

// addDense joins the nearest rows to the hits and returns all cosines by row.
func (c *Corpus) addDense(q int, hits []inverted.Hit, terms []inverted.Term, sel *inverted.Selection, limit int) ([]inverted.Hit, []float64) {
	dense := make([]float64, len(c.Vectors))
	rows := slices.Collect(sel.Rows())
	for _, r := range rows {
		dense[r] = dot(c.Queries[q], c.Vectors[r])
	}
	slices.SortFunc(rows, func(a, b int64) int { return cmp.Compare(dense[b], dense[a]) })
	var more []int64
	for _, r := range rows[:min(limit, len(rows))] {
		if !slices.ContainsFunc(hits, func(h inverted.Hit) bool { return h.Row == r }) {
			more = append(more, r)
		}
	}
	return append(hits, c.Index.Score(terms, sel, more)...), dense
}

func dot(a, b []float32) float64 {
	var s float32
	for i, x := range a {
		s += x * b[i]
	}
	return float64(s)
}

// Run ranks the candidates of every question and counts what comes back. rank gets the question and its candidates
// and returns memories' indexes, best first. took is the time of rank alone.
func (c *Corpus) Run(pooled bool, limit int, rank func(q int, set memory.CandidateSet) []int) (t Tally, took time.Duration) {
	for q := range c.Set.Questions {
		set := c.Candidates(q, pooled, limit)
		begin := time.Now()
		order := rank(q, set)
		took += time.Since(begin)
		t.Add(c.Set.Questions[q], order)
	}
	return t, took / time.Duration(max(1, len(c.Set.Questions)))
}

// Indexes returns the memories of ranked by their index in the set.
func (c *Corpus) Indexes(ranked []memory.Ranked, place map[memory.ID]int) []int {
	out := make([]int, len(ranked))
	for i := range ranked {
		out[i] = place[ranked[i].Memory.ID]
	}
	return out
}

// Places maps the ids of a set to indexes.
func (s *Set) Places() map[memory.ID]int {
	m := make(map[memory.ID]int, len(s.Memories))
	for i := range s.Memories {
		m[s.Memories[i].ID] = i
	}
	return m
}

// Join returns the memories of a and b and the questions of a: one store that holds both.
func Join(a, b *Set) *Set {
	return &Set{Name: a.Name + " beside " + b.Name, Memories: append(slices.Clone(a.Memories), b.Memories...), Questions: a.Questions}
}
