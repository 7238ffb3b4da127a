package recalleval

import (
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/scope"
)

// Bounds on what an untrusted memory gains by stuffing: beside the same memory that says each word of the question once, its
// score rises by no more than stuffScore, and it passes no more than stuffPlaces of the others, for any question.
const (
	stuffScore  = .02
	stuffPlaces = 1
)

// stuffed are ways in which a text is made to match a question without saying more about it.
func stuffed(all string) map[string]memory.Memory {
	words := strings.Fields(all)
	return map[string]memory.Memory{
		"words twice":          {Content: filler + " " + all + ". " + all + "."},
		"words twenty times":   {Content: filler + strings.Repeat(" "+all+".", 20)},
		"in the title":         {Content: filler + " " + all + ".", Title: all},
		"title twice over":     {Content: filler + " " + all + ".", Title: all + " " + all},
		"in the tags":          {Content: filler + " " + all + ".", Tags: words[:min(len(words), memory.MaxTags)]},
		"title, tags and text": {Content: filler + strings.Repeat(" "+all+".", 9), Title: all + " " + all, Tags: words[:min(len(words), memory.MaxTags)]},
	}
}

// filler is what the untrusted memory is about; no question of the set is.
const filler = "Mistral falcons nest on the lighthouse of Quiberon each spring, the ornithologists wrote in 1987."

func TestStuffingGainsNothing(t *testing.T) {
	set, err := LoadNotes()
	if err != nil {
		t.Fatal(err)
	}
	r, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := len(set.Memories)
	set.Memories = append(set.Memories, memory.Memory{})
	c := NewCorpus(set, inverted.Options{})
	worst := map[string]float64{}
	for q := 0; q < len(set.Questions); q += 3 {
		question := set.Questions[q]
		try := func(m memory.Memory) (score float64, place int) {
			m.ID, m.Scope, m.Project, m.Session = "00000000-0000-7000-a000-000000000000", scope.Project, question.Project, "web"
			m.Trust, m.State, m.CreatedAt = memory.TrustUntrusted, memory.Active, asked.Add(-48*time.Hour)
			if m.Project == "-" {
				m.Project = "ledger-api"
			}
			set.Memories[n] = m
			c.Index.Put(inverted.NewDoc(int64(n), &m, inverted.Analyse(&m)))
			found := r.Rank(memory.RankQuery{Text: question.Text, Now: asked, Limit: 200}, c.Candidates(q, false, 100))
			for i := range found {
				if found[i].Memory.ID == m.ID {
					return found[i].Score, i
				}
			}
			return 0, len(found)
		}
		words := strings.TrimRight(question.Text, "?？")
		once, place := try(memory.Memory{Content: filler + " " + words + "."})
		for how, m := range stuffed(words) {
			score, higher := try(m)
			worst[how] = max(worst[how], score-once)
			if score > once+stuffScore || place-higher > stuffPlaces {
				t.Errorf("%q, %s: score %.3f at place %d; said once %.3f at %d", question.Text, how, score, higher+1, once, place+1)
			}
		}
	}
	for how, gain := range worst {
		t.Logf("%-22s gains at most %.3f", how, gain)
	}
}
