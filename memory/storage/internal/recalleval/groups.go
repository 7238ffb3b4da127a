package recalleval

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
)

// Groups describes the candidates of every question, first under its own project, then over everything. names are the
// features'. workers is how many questions are worked on at once.
func (c *Corpus) Groups(now time.Time, limit int, weight float64, workers int) (names []string, groups []Group) {
	groups = make([]Group, 2*len(c.Set.Questions))
	place := c.Set.Places()
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				groups[i] = c.group(i/2, i%2 == 1, now, limit, place)
				groups[i].Weight = weight
			}
		})
	}
	for i := range groups {
		next <- i
	}
	close(next)
	wg.Wait()
	names, _, _ = rank.Features(memory.RankQuery{}, memory.CandidateSet{})
	return names, groups
}

func (c *Corpus) group(q int, pooled bool, now time.Time, limit int, place map[memory.ID]int) Group {
	set := c.Candidates(q, pooled, limit)
	question := c.Set.Questions[q]
	_, rows, turns := rank.Features(memory.RankQuery{Text: question.Text, Now: now}, set)
	g := Group{Rows: rows, Turns: turns, Relevant: make([]bool, len(rows)), Question: question, Pooled: pooled, Memories: make([]int, len(rows))}
	for i := range set.Candidates {
		g.Memories[i] = place[set.Candidates[i].Memory.ID]
		g.Relevant[i] = slices.Contains(question.Relevant, g.Memories[i])
	}
	return g
}

// Order returns the group's memories by the scores that weights give them, best first.
func (g *Group) Order(weights *Weights) []int {
	scores, order := make([]float64, len(g.Rows)), make([]int, len(g.Rows))
	for i := range g.Rows {
		order[i] = i
		scores[i] = weights.Score(g, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	for i, k := range order {
		order[i] = g.Memories[k]
	}
	return order
}

// Measure counts what comes back under weights, which may differ by project; under its own project and over all.
func Measure(groups []Group, weights func(project string) *Weights) (within, pooled Tally) {
	for i := range groups {
		g := &groups[i]
		t := &within
		if g.Pooled {
			t = &pooled
		}
		t.Add(g.Question, g.Order(weights(g.Question.Project)))
	}
	return within, pooled
}

// Projects lists the projects of the groups' questions, sorted.
func Projects(groups []Group) []string {
	var out []string
	for i := range groups {
		out = append(out, groups[i].Question.Project)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// CrossFit fits weights for every project of groups from the groups of the projects of other folds, and from extra; the
// weights of project "" come from all. folds is into how many parts the projects are split; 0 means one for each.
func CrossFit(groups, extra []Group, folds int, use Columns, o FitOptions) map[string]*Weights {
	out := map[string]*Weights{}
	projects := Projects(groups)
	if folds == 0 {
		folds = len(projects)
	}
	fold := map[string]int{}
	for i, p := range projects {
		fold[p] = i % folds
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, max(o.Workers, 1))
	for left := -1; left < folds; left++ { // -1 leaves none out
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			var train []*Group
			for i := range extra {
				train = append(train, &extra[i])
			}
			for i := range groups {
				if fold[groups[i].Question.Project] != left {
					train = append(train, &groups[i])
				}
			}
			w := Fit(train, use, o)
			mu.Lock()
			defer mu.Unlock()
			if left < 0 {
				out[""] = &w
			}
			for p, f := range fold {
				if f == left {
					out[p] = &w
				}
			}
		})
	}
	wg.Wait()
	return out
}

// Refine finds, for every project of groups, the weights of use beside those that bases has for it, from the groups of the other
// projects; those of project "" come from all. What bases says of other columns stays.
func Refine(groups []Group, bases map[string]*Weights, use Columns, o FitOptions) map[string]*Weights {
	out := map[string]*Weights{}
	for _, left := range append(Projects(groups), "") {
		var train []*Group
		for i := range groups {
			if groups[i].Question.Project != left {
				train = append(train, &groups[i])
			}
		}
		if o.Base = bases[left]; o.Base == nil {
			o.Base = bases[""]
		}
		w := Fit(train, use, o)
		out[left] = &w
	}
	return out
}
