package recalleval

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
)

// Corpus is a set with its index and, when they could be had, its vectors.
type Corpus struct {
	Set     *Set
	Index   *inverted.Index
	Vectors [][]float32        // by memory; nil without an embedder
	Tokens  [][]byte           // by memory, packed
	Queries []memory.Embedding // by question
	Space   string             // of the vectors
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
// of both and of its neighbours.
func (c *Corpus) Candidates(q int, pooled bool, limit int) memory.CandidateSet {
	sel := c.Index.Select(c.Filter(q, pooled))
	run := c.Index.Begin(inverted.Question(c.Set.Questions[q].Text), sel, inverted.Thorough)
	defer run.End()
	hits := run.Best(limit)
	if c.Vectors != nil {
		hits = append(hits, run.Score(c.nearest(q, sel, hits, limit))...)
	}
	rows := make([]int64, len(hits))
	for i, h := range hits {
		rows[i] = h.Row
	}
	set := memory.CandidateSet{Candidates: make([]memory.Candidate, len(hits)), Exact: true}
	tokens, matches := c.question(q, run), map[int64]float64{}
	beside := run.Beside(rows)
	for i, b := range beside {
		h := hits[i]
		set.Candidates[i] = memory.Candidate{
			Memory: &c.Set.Memories[h.Row], Lexical: h.Score, Own: h.Own, Cover: h.Cover, Near: h.Near,
			HasVector: c.Vectors != nil, Dense: c.cosine(q, h.Row), Space: c.Space,
			Before: memory.Neighbour{Own: b.BeforeOwn, Dense: c.cosine(q, b.Before)},
			Behind: memory.Neighbour{Own: b.BehindOwn, Dense: c.cosine(q, b.Behind)},
		}
		if tokens != nil {
			x := &set.Candidates[i]
			x.Match, x.Sharp, x.HasTokens = tokens.Match(c.Tokens[h.Row])
			matches[h.Row] = x.Match
		}
	}
	for i, b := range beside {
		x := &set.Candidates[i]
		x.Before.Match, x.Behind.Match = matches[b.Before], matches[b.Behind]
	}
	return set
}

// question returns the tokens of question q; nil without an embedder.
func (c *Corpus) question(q int, run *inverted.Run) *maxsim.Question {
	if c.Queries == nil {
		return nil
	}
	t := &c.Queries[q].Tokens
	return maxsim.NewQuestion(t.Rows, run.TokenWeights(c.Set.Questions[q].Text, t.Spans))
}

// nearest returns the rows nearest to question q that are not among hits.
func (c *Corpus) nearest(q int, sel *inverted.Selection, hits []inverted.Hit, limit int) (more []int64) {
	dense := make([]float64, len(c.Vectors))
	rows := slices.Collect(sel.Rows())
	for _, r := range rows {
		dense[r] = c.cosine(q, r)
	}
	slices.SortFunc(rows, func(a, b int64) int { return cmp.Compare(dense[b], dense[a]) })
	for _, r := range rows[:min(limit, len(rows))] {
		if !slices.ContainsFunc(hits, func(h inverted.Hit) bool { return h.Row == r }) {
			more = append(more, r)
		}
	}
	return more
}

// cosine is that of question q and row; 0 for no row and without vectors.
func (c *Corpus) cosine(q int, row int64) float64 {
	if row < 0 || c.Vectors == nil {
		return 0
	}
	return dot(c.Queries[q].Vector, c.Vectors[row])
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

// Join returns the memories of a and b and the questions of a: one store that holds both. Their ids must differ, as those
// of dialogue and of notes do; Merge numbers sets of one kind anew.
func Join(a, b *Set) *Set {
	return &Set{Name: a.Name + " beside " + b.Name, Memories: append(slices.Clone(a.Memories), b.Memories...), Questions: a.Questions}
}

// Merge returns the memories and questions of all sets, numbered anew.
func Merge(name string, sets ...*Set) *Set {
	out := &Set{Name: name}
	for _, s := range sets {
		first := len(out.Memories)
		for _, m := range s.Memories {
			m.ID = memory.ID(fmt.Sprintf("00000000-0000-7000-9000-%012x", len(out.Memories)))
			out.Memories = append(out.Memories, m)
		}
		for _, q := range s.Questions {
			q.Relevant = slices.Clone(q.Relevant)
			for i := range q.Relevant {
				q.Relevant[i] += first
			}
			out.Questions = append(out.Questions, q)
		}
	}
	return out
}
