package recalleval

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestTally(t *testing.T) {
	q := Question{Category: "multi-hop", Relevant: []int{3, 9}}
	far := make([]int, 25)
	for i := range far {
		far[i] = 100 + i
	}
	far[19], far[24] = 3, 9
	for name, tc := range map[string]struct {
		ranked []int
		want   Figures
	}{
		"both at once":     {[]int{9, 3, 1}, Figures{1, 1, 1, 1}},
		"one late":         {[]int{1, 3, 2, 4, 5, 6, 7, 8, 10, 9}, Figures{.5, 1, .5, 1}},
		"none":             {[]int{1, 2}, Figures{0, 0, 0, 1}},
		"nothing ranked":   {nil, Figures{0, 0, 0, 1}},
		"beyond the 20th":  {far[5:], Figures{0, 0, 1. / 15, 1}},
		"at the 20th only": {far, Figures{0, 0, 1. / 20, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var tally Tally
			tally.Add(q, tc.ranked)
			for _, c := range []string{"", "multi-hop"} {
				if got := tally.Mean(c); got != tc.want {
					t.Errorf("%q: %+v; want %+v", c, got, tc.want)
				}
			}
			if got := tally.Mean("temporal"); got != (Figures{}) {
				t.Errorf("a category without questions: %+v", got)
			}
		})
	}
}

const sample = `[{"sample_id":"conv-1","conversation":{"speaker_a":"Ann",
 "session_2":[{"dia_id":"D2:1","speaker":"Bo","text":"later"}],"session_2_date_time":"9:05 am on 2 June, 2023",
 "session_1":[{"dia_id":"D1:1","speaker":"Ann","text":"hello"},{"dia_id":"D1:2","speaker":"Bo","text":"look","blip_caption":"a dog"}],
 "session_1_date_time":"1:56 pm on 8 May, 2023"},
 "qa":[{"question":"Who greets?","category":4,"evidence":["D1:1"]},{"question":"Both?","category":1,"evidence":["D1:2; D2:1","D1:2"]},
 {"question":"Nothing?","category":5,"evidence":[]}]}]`

func TestLoadLoCoMo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.json")
	if err := os.WriteFile(path, []byte(sample), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := LoadLoCoMo(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Memories) != 3 || len(set.Questions) != 2 {
		t.Fatalf("%d memories, %d questions; want 3 and 2", len(set.Memories), len(set.Questions))
	}
	m := set.Memories[1]
	if want := "zq0000001x [1:56 pm on 8 May, 2023] Bo: look [shares a dog]"; m.Content != want {
		t.Errorf("content %q; want %q", m.Content, want)
	}
	if want := time.Date(2023, 5, 8, 13, 58, 0, 0, time.UTC); !m.At().Equal(want) {
		t.Errorf("at %v; want %v", m.At(), want)
	}
	if q := set.Questions[1]; !slices.Equal(q.Relevant, []int{1, 2}) || q.Category != "multi-hop" || q.Project != "conv-1" {
		t.Errorf("question %+v", q)
	}
	if err := os.WriteFile(path, []byte(`[{"conversation":{"session_1":3}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + ".absent"} {
		if _, err := LoadLoCoMo(p); err == nil {
			t.Errorf("%s was read", p)
		}
	}
}

// Fit must find the features that tell the answer, their signs, for turns and notes apart, and leave alone those it may
// not touch.
func TestFit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var groups []Group
	for i := range 600 {
		turns := i%2 == 0
		g := Group{Weight: 1, Question: Question{Project: string(rune('a' + i%3)), Relevant: []int{0}}}
		best, at := math.Inf(-1), 0
		for j := range 20 {
			row := []float64{rnd.Float64(), rnd.Float64(), rnd.Float64(), 7, rnd.Float64()}
			s := 8*row[0] - 4*row[1]
			if !turns {
				s = 6 * row[2]
			}
			if s += rnd.Float64(); s > best {
				best, at = s, j
			}
			g.Rows, g.Turns = append(g.Rows, row), append(g.Turns, turns)
			g.Relevant = append(g.Relevant, false)
			g.Memories = append(g.Memories, j)
		}
		g.Relevant[at], g.Question.Relevant = true, []int{at}
		groups = append(groups, g)
	}
	groups = append(groups, Group{Weight: 1, Rows: [][]float64{{1, 1, 1, 1, 1}}, Turns: []bool{true}, Relevant: []bool{false}, Memories: []int{0}}, Group{Weight: 1})
	use := Columns{Turns: []bool{true, true, true, true, false}, Notes: []bool{true, false, true, true, false}}
	var all []*Group
	for i := range groups {
		all = append(all, &groups[i])
	}
	w := Fit(all, use, FitOptions{})
	if w.Turns[0] < 4 || w.Turns[1] > -2 || math.Abs(w.Turns[2]) > 1 || w.Turns[3] != 0 || w.Turns[4] != 0 {
		t.Errorf("weights of turns %v; want about (+, -, 0), then 0 and 0", w.Turns)
	}
	if math.Abs(w.Notes[0]) > 1 || w.Notes[1] != 0 || w.Notes[2] < 3 || w.Notes[4] != 0 {
		t.Errorf("weights of notes %v; want about (0, 0, +, 0, 0)", w.Notes)
	}
	by := CrossFit(groups, nil, 0, use, FitOptions{Rounds: 60, Workers: 2})
	if len(by) != 4 {
		t.Fatalf("fits of %d projects; want three and the one of all", len(by))
	}
	within, pooled := Measure(groups[:600], func(p string) *Weights { return by[p] })
	if within.Mean("").MRR < .8 || pooled.Mean("").N != 0 {
		t.Errorf("left-out MRR %.2f over %d; want at least 0.8", within.Mean("").MRR, within.Mean("").N)
	}
	use.Positive = []bool{false, true, false, false, false}
	if got := Fit(all, use, FitOptions{}); got.Turns[1] != 0 || got.Turns[0] < 4 {
		t.Errorf("a weight that must not be negative is %v", got.Turns)
	}
	use.Positive = nil
	if got := Fit(nil, use, FitOptions{}); got.Turns[0] != 0 || got.Notes[2] != 0 {
		t.Errorf("fit of nothing: %v", got)
	}
}
