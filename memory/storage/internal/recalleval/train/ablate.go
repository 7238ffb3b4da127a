package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage/internal/recalleval"
)

// ablate prints, for every stage, what is found without it: weights are fitted anew from what is left, and asked about what was
// left out of the fit. With them, what the stage costs a question.
func ablate(dialogue, notes *recalleval.Corpus, priors map[string]float64) error {
	workers := runtime.GOMAXPROCS(0)
	names, dg := dialogue.Groups(now, candidates, 1, workers)
	_, ng := notes.Groups(now, candidates, notesWeight, workers)
	all, err := timed(dialogue, nil)
	if err != nil {
		return err
	}
	fmt.Printf("| without | dialogue | over all | multi-hop | notes | keywords | µs |\n|---|---|---|---|---|---|---|\n")
	for _, s := range append([]rank.Stage{""}, rank.Stages()...) {
		use := columns(names, priors, "tokens")
		for i, n := range names {
			if slices.Contains(s.Features(), n) {
				use.Turns[i], use.Notes[i] = false, false
			}
		}
		within, pooled, own := leftOut(dg, hybridOnly(ng), use, workers)
		cost := all
		if s != "" {
			without, err := timed(dialogue, []rank.Stage{s})
			if err != nil {
				return err
			}
			cost = all - without
		}
		name := string(s)
		if name == "" {
			name = "nothing"
		}
		fmt.Printf("| %s | %.3f | %.3f | %.3f | %.3f | %.3f | %d |\n", name, within.Mean("").R10, pooled.Mean("").R10, within.Mean("multi-hop").R10,
			own.Mean("notes").R10, own.Mean("keywords").R10, cost.Microseconds())
	}
	return nil
}

// leftOut fits for each conversation and part of the notes without it, and asks about it: dialogue within the conversation and
// over all, notes within their project.
func leftOut(dg, ng []recalleval.Group, use recalleval.Columns, workers int) (within, pooled, notes recalleval.Tally) {
	o := recalleval.FitOptions{Workers: workers}
	by := recalleval.CrossFit(dg, ng, 0, use, o)
	within, pooled = recalleval.Measure(dg, func(p string) *recalleval.Weights { return by[p] })
	by = recalleval.CrossFit(ng, dg, noteFolds, use, o)
	notes, _ = recalleval.Measure(ng, func(p string) *recalleval.Weights { return by[p] })
	return within, pooled, notes
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
