package rank

import (
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// What memories promise puts them in the order in which Rank does where their texts tell nothing.
func TestPromiseIsTheRanksOrder(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	cs := []memory.Candidate{
		{Lexical: 3, Own: 2, Cover: .4, Near: .5, Dense: .2, HasVector: true},
		{Lexical: 9, Own: 8, Cover: .9, Near: .9, Dense: .7, HasVector: true},
		{Dense: .65, HasVector: true},
		{Lexical: 9, Own: 9, Cover: .9, Near: .9, Dense: -.1, HasVector: true},
		{Lexical: 1, Near: .1, Dense: .1, HasVector: true},
	}
	for name, turn := range map[string]bool{"notes": false, "turns": true} {
		ps := make([]memory.Prospect, len(cs))
		set := memory.CandidateSet{Candidates: make([]memory.Candidate, len(cs))}
		for i, c := range cs {
			ps[i] = memory.Prospect{Candidate: c, Turn: turn}
			c.Memory = &memory.Memory{ID: memory.ID(string(rune('a' + i))), Session: string(rune('a' + i)), Content: "the ship sails " + string(rune('a'+i)), Project: string(rune('a' + i)), CreatedAt: time.Date(2026, 1, 1+5*i, 0, 0, 0, 0, time.UTC)}
			if turn {
				c.Memory.Content = "Ada: " + c.Memory.Content
			}
			set.Candidates[i] = c
		}
		promised := r.Promise(memory.RankQuery{Text: "where does the heron stand"}, ps)
		ranked := r.Rank(memory.RankQuery{Text: "where does the heron stand", Limit: 9, Apart: true, Loose: true}, set)
		if len(ranked) != len(cs) {
			t.Fatalf("%d ranked", len(ranked))
		}
		last := 1e9
		for _, c := range ranked {
			p := promised[c.Memory.ID[0]-'a']
			if p > last+1 { // what texts are like makes up for less
				t.Errorf("%s: %s promises %.2f and stands behind one that promises %.2f", name, c.Memory.ID, p, last)
			}
			last = min(last, p)
		}
	}
	// Of what has no vector that says something, words tell.
	ps := []memory.Prospect{{Candidate: memory.Candidate{Lexical: 1, Cover: .1}}, {Candidate: memory.Candidate{Lexical: 5, Cover: .8}}}
	if p := r.Promise(memory.RankQuery{Text: "heron"}, ps); p[1] <= p[0] {
		t.Errorf("Promise = %v", p)
	}
}
