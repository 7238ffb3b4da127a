package tools

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/tokens"
	"github.com/elderzan/elderzan/scope"
)

// TestRecallKeepsMaxTokens asks the tool 1,000 times, through a client, and counts the text of each answer, all of it, by the
// tokenizer itself.
func TestRecallKeepsMaxTokens(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ELDERZAN_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("ELDERZAN_SEED: %v", err)
		}
	}
	t.Logf("ELDERZAN_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(w *world) { w.service.CountTokens, w.service.Ranker = tokens.Count, ranker })
	for n := range 150 {
		w.store.Add(budgeted(r, n))
	}
	met := map[string]int{"nothing fits": 0, "cut": 0, "left out": 0, "whole": 0, "nearly full": 0, "opposed": 0, "merged": 0}
	for n := range 1000 {
		most := int(memory.MinMaxTokens * math.Pow(memory.MaxMaxTokens/memory.MinMaxTokens, r.Float64()*r.Float64())) // small ones often
		query := budgetedWords(r, 1+r.IntN(60)) + " needle"
		if r.IntN(4) == 0 {
			query = "on which port does the needle listen that opens the staging database?"
		}
		args := map[string]any{
			"query": query, "limit": 1 + r.IntN(40), "max_tokens": most, "explain": r.IntN(3) == 0,
			"mode": []string{"fast", "balanced", "accurate"}[r.IntN(3)],
		}
		res := w.call("recall", args)
		if res.IsError {
			t.Fatalf("call %d: %v: %s", n, args, resultText(res))
		}
		text := resultText(res)
		used := tokens.Count(text)
		if used > most {
			t.Fatalf("call %d: %d tokens; want at most %d: %v\n%s", n, used, most, args, text)
		}
		out := decode[recallResult](t, text)
		if len(out.Memories) == 0 && !out.Truncated {
			t.Fatalf("call %d: nothing came back, and nothing says why: %s", n, text)
		}
		if most >= 2500 && len(out.Memories) == 0 {
			t.Errorf("call %d: nothing fits %d tokens: %s", n, most, text)
		}
		for _, h := range out.Memories {
			for what, is := range map[string]bool{"cut": h.Cut, "whole": !h.Cut, "opposed": len(h.Differs) > 0, "merged": len(h.Merged) > 0} {
				if is {
					met[what]++
				}
			}
		}
		for what, is := range map[string]bool{"nothing fits": len(out.Memories) == 0, "left out": out.Truncated, "nearly full": used*10 > most*9} {
			if is {
				met[what]++
			}
		}
	}
	t.Logf("%v", met)
	for what, n := range met {
		if n == 0 {
			t.Errorf("in 1,000 calls there was nothing %s", what)
		}
	}
}

// budgetedWords is a text of some words, a few of which JSON writes longer than they are.
func budgetedWords(r *rand.Rand, n int) string {
	words := strings.Fields(`the deploy window opens every tuesday after review "quoted" back\slash C:\path <tag> 🙂 私たちは火曜日に 新しい版を 5432 ção https://example.com/a?b=c&d=%20`)
	words = append(words, "\n\n", "\t", "a\u2028b", "\x01")
	var b strings.Builder
	for range n {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(8) > 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// budgeted is the n-th memory: from a word to some kilobytes; every third says nearly what a fixed one says.
func budgeted(r *rand.Rand, n int) memory.Memory {
	at := time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC)
	m := memory.Memory{
		ID: memory.NewID(), Content: "needle " + budgetedWords(r, int(math.Exp(1+5*r.Float64()))), Kind: "note", Project: "billing", Author: "mia", Client: "test-client",
		Scope: scope.Project, State: memory.Active, Trust: memory.TrustAgent, CreatedAt: at, UpdatedAt: at, OccurredAt: at, Version: 1,
	}
	switch {
	case n%3 == 0:
		m.Content = "the needle that opens the staging database listens on port " + fmt.Sprint(5432+n%2) + " and nobody moves it without a review"
	case r.IntN(2) == 0:
		m.Title = budgetedWords(r, 1+r.IntN(12))
	}
	for i := range r.IntN(6) {
		m.Tags = append(m.Tags, fmt.Sprintf("a-rather-long-tag-%d", i))
	}
	return m
}
