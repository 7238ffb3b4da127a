package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage/internal/recalleval"
)

// ablate prints to w, for every stage and every one of features, what is found without it: weights are fitted anew from what is left, and asked
// about what was left out of the fit. With them, what a stage costs a question.
func ablate(w io.Writer, all sets, priors map[string]float64, features []string) error {
	g := all.describe(true)
	took, err := timed(all.dialogue, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "| without | dialogue | over all | multi-hop | MRR | notes | over all | MRR | documents | over all | keywords | µs |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	row := func(of, name, cost string, without []string) {
		use := columns(g.names, priors, of)
		for i, n := range g.names {
			if slices.Contains(without, n) {
				use.Turns[i], use.Notes[i] = false, false
			}
		}
		f := g.leftOut(use)
		r10 := func(t *[2]recalleval.Tally, of string) (within, over float64) {
			return t[0].Mean(of).R10, t[1].Mean(of).R10
		}
		d, dAll := r10(&f.dialogue, "")
		n, nAll := r10(&f.notes, "notes")
		c, cAll := r10(&f.documents, "documents")
		_, k := r10(&f.notes, "keywords")
		fmt.Fprintf(w, "| %s | %.4f | %.4f | %.3f | %.3f | %.4f | %.4f | %.3f | %.3f | %.3f | %.3f | %s |\n", name, d, dAll, f.dialogue[0].Mean("multi-hop").R10,
			f.dialogue[0].Mean("").MRR, n, nAll, f.notes[1].Mean("notes").MRR, c, cAll, k, cost)
	}
	row("tokens", "nothing", fmt.Sprint(took.Microseconds()), nil)
	for _, f := range features {
		row("tokens", f, "", []string{f})
	}
	for _, s := range rank.Stages() {
		without, err := timed(all.dialogue, []rank.Stage{s})
		if err != nil {
			return err
		}
		if s == rank.StageEpisodes {
			continue // takes no part beside tokens
		}
		row("tokens", string(s), fmt.Sprint((took - without).Microseconds()), s.Features())
	}
	row("hybrid", "tokens", "", nil)
	row("hybrid", "tokens and episodes", "", rank.StageEpisodes.Features())
	return nil
}

// timed is how long ranking takes a question about dialogue over all, without the stages in off.
func timed(c *recalleval.Corpus, off []rank.Stage) (time.Duration, error) {
	r, err := rank.New(rank.Options{Off: off})
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	n := 0
	for q := 0; q < len(c.Set.Questions); q += 10 {
		set := c.Candidates(q, true, candidates)
		query := memory.RankQuery{Text: c.Set.Questions[q].Text, Now: now, Limit: 10}
		best := time.Duration(1 << 62)
		for range 5 {
			begin := time.Now()
			r.Rank(query, set)
			best = min(best, time.Since(begin))
		}
		sum += best
		n++
	}
	return sum / time.Duration(n), nil
}

// hybridOnly leaves out the questions that vectors say nothing of.
func hybridOnly(groups []recalleval.Group) []recalleval.Group {
	return slices.DeleteFunc(slices.Clone(groups), func(g recalleval.Group) bool { return rank.Foreign(g.Question.Text) })
}
