package rank

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

var start = time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)

func newRanker(t *testing.T) *Ranker {
	t.Helper()
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// candidate is a note that the words and the vector of a question find about equally well.
func candidate(n int, text string) memory.Candidate {
	return memory.Candidate{
		Memory: &memory.Memory{ID: memory.ID(fmt.Sprintf("00000000-0000-7000-8000-%012d", n)), Content: text, Scope: scope.Project,
			Project: "p", Session: fmt.Sprint("s", n), Trust: memory.TrustAgent, State: memory.Active, CreatedAt: start},
		Lexical: 5, Own: 5, Cover: .5, Dense: .4, HasVector: true, Space: "x",
	}
}

func order(rs []memory.Ranked) (ids []string) {
	for _, r := range rs {
		ids = append(ids, strings.TrimLeft(string(r.Memory.ID)[24:], "0"))
	}
	return ids
}

// Of two memories that differ in one thing, the second must come first (or, where less says so, last).
func TestWhatSpeaksForAMemory(t *testing.T) {
	now := start.AddDate(0, 0, 30)
	for name, tc := range map[string]struct {
		question string
		project  string
		texts    [2]string
		change   func(c *memory.Candidate)
		lower    bool
	}{
		"more of the words":   {change: func(c *memory.Candidate) { c.Lexical, c.Own, c.Cover = 7, 7, .9 }},
		"nearer in meaning":   {change: func(c *memory.Candidate) { c.Dense = .7 }},
		"this project":        {project: "here", change: func(c *memory.Candidate) { c.Memory.Project = "here" }},
		"newer":               {change: func(c *memory.Candidate) { c.Memory.OccurredAt = start.AddDate(0, 0, 29) }},
		"important":           {change: func(c *memory.Candidate) { c.Memory.Importance = 1 }},
		"pinned":              {change: func(c *memory.Candidate) { c.Memory.Pinned = true }},
		"used":                {change: func(c *memory.Candidate) { c.Uses = 40 }},
		"untrusted":           {change: func(c *memory.Candidate) { c.Memory.Trust = memory.TrustUntrusted }, lower: true},
		"date asked for":      {question: "what was deployed on 3 March 2025?", change: func(c *memory.Candidate) { c.Memory.OccurredAt = time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC) }},
		"says when":           {question: "when does the job run?", texts: [2]string{"the job is run by cron", "the job runs on Monday evening"}, change: func(*memory.Candidate) {}},
		"says how many":       {question: "how many workers are there?", texts: [2]string{"there are some workers", "there are 12 workers"}, change: func(*memory.Candidate) {}},
		"said by that person": {question: "what did Anna paint?", texts: [2]string{"Bo: a lake at dawn", "Anna: a lake at dusk"}, change: func(*memory.Candidate) {}},
		"repetition":          {texts: [2]string{"words here", strings.Repeat("database port ", 12)}, change: func(*memory.Candidate) {}, lower: true},
		"an untrusted memory cannot pin itself": {change: func(c *memory.Candidate) {
			c.Memory.Trust, c.Memory.Pinned, c.Memory.Importance, c.Uses = memory.TrustUntrusted, true, 1, 99
		}, lower: true},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.question == "" {
				tc.question = "which database port?"
			}
			if tc.texts[0] == "" {
				tc.texts = [2]string{"alpha bravo charlie delta", "echo foxtrot golf hotel"}
			}
			cs := []memory.Candidate{candidate(1, tc.texts[0]), candidate(2, tc.texts[1])}
			tc.change(&cs[1])
			want := []string{"2", "1"}
			if tc.lower {
				want = []string{"1", "2"}
			}
			q := memory.RankQuery{Text: tc.question, Project: tc.project, Now: now, Limit: 5, Explain: true}
			got := newRanker(t).Rank(q, memory.CandidateSet{Candidates: cs})
			if !slices.Equal(order(got), want) {
				t.Errorf("order %v; want %v", order(got), want)
			}
		})
	}
}

// The answer often stands beside the turn that repeats the question.
func TestNeighboursOfADialogue(t *testing.T) {
	turn := func(n, minute int, text string, lexical, own, dense float64) memory.Candidate {
		c := candidate(n, text)
		c.Memory.Session, c.Memory.OccurredAt = "talk", start.Add(time.Duration(minute)*time.Minute)
		c.Lexical, c.Own, c.Dense = lexical, own, dense
		return c
	}
	cs := []memory.Candidate{
		turn(1, 0, "Bo: What did you paint at the lake, Anna?", 6, 6, .5),
		turn(2, 1, "Anna: A sunrise, with two herons", 5.5, 0, .35),
		turn(3, 300, "Bo: nice paint", 3, 3, .35),
	}
	got := newRanker(t).Rank(memory.RankQuery{Text: "What did Anna paint?", Now: start, Limit: 3}, memory.CandidateSet{Candidates: cs})
	if o := order(got); o[0] != "2" || o[2] != "3" {
		t.Errorf("order %v; want the answer first and the unrelated turn last", o)
	}
}

func randomSet(rnd *rand.Rand, n int) []memory.Candidate {
	words := strings.Fields("alpha bravo charlie delta echo 5 not port 7 Monday")
	cs := make([]memory.Candidate, n)
	for i := range cs {
		var text []string
		for range 1 + rnd.IntN(6) {
			text = append(text, words[rnd.IntN(len(words))])
		}
		c := candidate(i+1, strings.Join(text, " "))
		c.Memory.Session = fmt.Sprint(rnd.IntN(3))
		c.Memory.CreatedAt = start.Add(time.Duration(rnd.IntN(500)) * time.Minute)
		c.Memory.Trust = []memory.Trust{memory.TrustUser, memory.TrustAgent, memory.TrustUntrusted}[rnd.IntN(3)]
		c.Lexical, c.Dense, c.HasVector = rnd.Float64()*9, rnd.Float64()*2-1, rnd.IntN(4) > 0
		cs[i] = c
	}
	return cs
}

func TestRankProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	r := newRanker(t)
	for range 200 {
		cs := randomSet(rnd, rnd.IntN(40))
		q := memory.RankQuery{Text: "which port on Monday, not 5?", Now: start, Limit: rnd.IntN(45), Explain: true}
		before := slices.Clone(cs)
		got := r.Rank(q, memory.CandidateSet{Candidates: cs})
		if !reflect.DeepEqual(before, cs) {
			t.Fatal("Rank changed its input")
		}
		if len(got) > q.Limit {
			t.Fatalf("%d results; the limit is %d", len(got), q.Limit)
		}
		seen := map[memory.ID]bool{}
		for i, x := range got {
			for _, id := range append([]memory.ID{x.Memory.ID}, x.Merged...) {
				if seen[id] {
					t.Fatalf("%s twice", id)
				}
				seen[id] = true
			}
			if x.Score <= 0 || x.Score >= 1 || i > 0 && got[i-1].Score < x.Score {
				t.Fatalf("scores %v then %v", got[max(i-1, 0)].Score, x.Score)
			}
		}
		if q.Limit >= len(cs) && len(seen) != len(cs) {
			t.Fatalf("%d of %d candidates came back", len(seen), len(cs))
		}
		rnd.Shuffle(len(cs), func(i, j int) { cs[i], cs[j] = cs[j], cs[i] })
		if again := r.Rank(q, memory.CandidateSet{Candidates: cs}); !slices.Equal(order(again), order(got)) {
			t.Fatalf("another order of candidates gave %v; want %v", order(again), order(got))
		}
	}
}

func TestNearDuplicates(t *testing.T) {
	const long = "the release is built by the workflow on the main branch, signed by the build key, and copied to the mirror before anyone is told "
	for name, tc := range map[string]struct {
		a, b   string
		change func(b *memory.Memory)
		merged bool
	}{
		"the same":              {"we deploy from main with make release", "We deploy from main, with make release.", nil, true},
		"one word more of many": {long + "today", long + "now", nil, true},
		"another number":        {"the staging port of the ledger is 5432", "the staging port of the ledger is 5433", nil, false},
		"a number in words":     {"keep two replicas of each volume in the cluster", "keep three replicas of each volume in the cluster", nil, false},
		"not":                   {"we do use feature branches in this repository today", "we do not use feature branches in this repository today", nil, false},
		"another text":          {"we deploy from main", "we never met before", nil, false},
		"another project":       {"we deploy from main", "we deploy from main", func(m *memory.Memory) { m.Project = "q" }, false},
		"another scope":         {"we deploy from main", "we deploy from main", func(m *memory.Memory) { m.Scope = scope.Shared }, false},
		"Japanese":              {"本番のポートは東京にある", "本番のポートは大阪にある", nil, false},
		"Japanese, the same":    {"本番のポートは東京にある", "本番のポートは東京にある。", nil, true},
		"long tails differ":     {strings.Repeat("same words again ", 200) + "a", strings.Repeat("same words again ", 200) + "b", nil, false},
		"signs alone":           {"!!!", "???", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			cs := []memory.Candidate{candidate(1, tc.a), candidate(2, tc.b)}
			if tc.change != nil {
				tc.change(cs[1].Memory)
			}
			got := newRanker(t).Rank(memory.RankQuery{Text: "x", Limit: 5}, memory.CandidateSet{Candidates: cs})
			if merged := len(got) == 1 && len(got[0].Merged) == 1; merged != tc.merged || !merged && len(got) != 2 {
				t.Errorf("merged %v; want %v", merged, tc.merged)
			}
		})
	}
}

func TestWhoStandsForDuplicates(t *testing.T) {
	cs := []memory.Candidate{candidate(1, "we deploy from main"), candidate(2, "we deploy from main"), candidate(3, "We deploy from main!")}
	cs[0].Memory.Trust, cs[0].Lexical = memory.TrustUntrusted, 9
	cs[1].Memory.Trust = memory.TrustUser
	cs[2].Memory.CreatedAt = start.Add(time.Hour)
	got := newRanker(t).Rank(memory.RankQuery{Text: "x", Limit: 5, Explain: true}, memory.CandidateSet{Candidates: cs})
	if len(got) != 1 || got[0].Memory.ID != cs[1].Memory.ID || len(got[0].Merged) != 2 {
		t.Fatalf("got %v merged %v; want the user's own, for two others", order(got), got[0].Merged)
	}
	if why := strings.Join(got[0].Why, "; "); !strings.Contains(why, "stands for 2") {
		t.Errorf("why = %q; want the merged ones mentioned", why)
	}
}

func TestExplain(t *testing.T) {
	c := candidate(1, "Anna: I painted it in May")
	c.Memory.Trust, c.HasVector = memory.TrustUntrusted, false
	rep := candidate(2, strings.Repeat("anna may ", 12))
	rep.Lexical = 1
	q := memory.RankQuery{Text: "When did Anna paint in May?", Now: start, Limit: 2, Explain: true}
	got := newRanker(t).Rank(q, memory.CandidateSet{Candidates: []memory.Candidate{c, rep}})
	why := strings.Join(got[0].Why, "; ")
	for _, want := range []string{"untrusted", "not embedded", "time asked about"} {
		if !strings.Contains(why, want) {
			t.Errorf("why = %q; want %q in it", why, want)
		}
	}
	if why := strings.Join(got[1].Why, "; "); !strings.Contains(why, "repeats itself") {
		t.Errorf("why = %q; want the repetition in it", why)
	}
	q.Explain = false
	if got := newRanker(t).Rank(q, memory.CandidateSet{Candidates: []memory.Candidate{c}}); got[0].Why != nil {
		t.Errorf("reasons %v that nobody asked for", got[0].Why)
	}
}

func TestRankOfNothing(t *testing.T) {
	r := newRanker(t)
	if got := r.Rank(memory.RankQuery{Text: "x", Limit: 5}, memory.CandidateSet{}); got != nil {
		t.Errorf("no candidates gave %v", got)
	}
	if got := r.Rank(memory.RankQuery{Text: "x"}, memory.CandidateSet{Candidates: randomSet(rand.New(rand.NewPCG(1, 1)), 3)}); got != nil {
		t.Errorf("limit 0 gave %v", got)
	}
	zero := []memory.Candidate{{Memory: &memory.Memory{ID: "a"}}, {Memory: &memory.Memory{ID: "b"}}}
	if got := r.Rank(memory.RankQuery{Limit: 5}, memory.CandidateSet{Candidates: zero}); len(got) != 2 {
		t.Errorf("two candidates without anything gave %d", len(got))
	}
}

func TestWeights(t *testing.T) {
	for name, tc := range map[string]struct{ raw, wrong string }{
		"no JSON":         {"{", "rank: weights"},
		"unknown feature": {`{"words":{"turns":{"lexicel":1}}}`, "lexicel"},
		"unknown field":   {`{"words":{"weights":{"lexical":1}}}`, "weights"},
		"in notes":        {`{"hybrid":{"notes":{"ovn":1}}}`, "ovn"},
		"unknown prior":   {`{"priors":{"magic":1}}`, "magic"},
	} {
		if _, err := New(Options{Weights: []byte(tc.raw)}); err == nil || !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%s: error %v; want one with %q", name, err, tc.wrong)
		}
	}
	var f weightsFile
	if err := json.Unmarshal(reviewedWeights, &f); err != nil || f.Note == "" {
		t.Fatalf("the built-in weights: %v, note %q", err, f.Note)
	}
	for _, m := range []modelFile{f.Hybrid, f.Words} {
		for _, part := range []map[string]float64{m.Turns, m.Notes} {
			for name := range part {
				if _, ok := f.Priors[name]; ok {
					t.Errorf("%s is a prior and learned", name)
				}
			}
		}
	}
	for name, w := range f.Priors {
		if w < 0 != slices.Contains([]string{"untrusted", "repeated"}, name) {
			t.Errorf("the prior %s is %v", name, w)
		}
	}
}

func TestFeatures(t *testing.T) {
	names, rows, _ := Features(memory.RankQuery{Text: "which port?", Now: start}, memory.CandidateSet{Candidates: randomSet(rand.New(rand.NewPCG(1, 1)), 7)})
	if len(names) != int(numFeatures) || len(rows) != 7 || slices.Contains(names, "") {
		t.Fatalf("%d names, %d rows", len(names), len(rows))
	}
	for _, row := range rows {
		for i, v := range row {
			if v < -3 || v > 3 {
				t.Errorf("%s = %v is out of proportion", names[i], v)
			}
		}
	}
}

func BenchmarkRank(b *testing.B) {
	r, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	cs := randomSet(rand.New(rand.NewPCG(1, 1)), 150)
	for i := range cs {
		cs[i].Memory.Content = fmt.Sprintf("zq%dx [1:56 pm on 8 May, 2023] Caroline: %s and then I went to the lake with my two friends last week", i, cs[i].Memory.Content)
	}
	q := memory.RankQuery{Text: "What did Caroline do at the lake in May 2023?", Now: start, Limit: 10}
	for b.Loop() {
		r.Rank(q, memory.CandidateSet{Candidates: cs})
	}
}

// What says something else of the same stands side by side and says so, but what is trusted less gains no place by it.
func TestRankOpposes(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		"The staging database of the ledger listens on port 5433.",
		"The production gateway answers on another machine.",
		"The staging database of the ledger listens on port 6000.",
		"The staging database of the ledger is called lime.",
	}
	var cs []memory.Candidate
	for i, text := range texts {
		cs = append(cs, memory.Candidate{Memory: &memory.Memory{ID: memory.ID(rune('a' + i)), Content: text, Trust: memory.TrustAgent},
			Lexical: 10 - float64(i), Own: 10 - float64(i), Cover: .5})
	}
	order := func(cs []memory.Candidate) (ids string, differs []int) {
		for _, x := range r.Rank(memory.RankQuery{Text: "port of the staging database", Limit: 10, Explain: true}, memory.CandidateSet{Candidates: cs}) {
			ids += string(x.Memory.ID)
			differs = append(differs, len(x.Differs))
		}
		return ids, differs
	}
	if ids, differs := order(cs); ids != "acbd" && ids != "acdb" || differs[0] != 1 || differs[1] != 1 || differs[2] != 0 {
		t.Errorf("order %s, differs %v; want a and c first, differing", ids, differs)
	}
	cs[2].Memory.Trust = memory.TrustUntrusted
	ids, differs := order(cs)
	if strings.HasPrefix(ids, "ac") || differs[0] != 1 {
		t.Errorf("order %s, differs %v; want an untrusted one to stay where it is", ids, differs)
	}
}

// What the tokens of a memory and of those beside it say counts where the memory has tokens itself.
func TestTokenFeatures(t *testing.T) {
	cs := []memory.Candidate{candidate(1, "Mia: one"), candidate(2, "Mia: two"), candidate(3, "Mia: three")}
	for i := range cs[:2] {
		cs[i].HasTokens, cs[i].Match, cs[i].Sharp = true, .2*float64(i+1), .1
	}
	cs[0].Behind.Match, cs[1].Before.Match, cs[2].Before.Match = .4, .2, .4
	names, rows, _ := Features(memory.RankQuery{Text: "who?", Now: start}, memory.CandidateSet{Candidates: cs})
	for name, want := range map[string][3]float64{
		"match": {.2, .4, 0}, "match_best": {.5, 1, 0}, "match_before": {0, .2, 0}, "match_behind": {.4, 0, 0},
	} {
		f := slices.Index(names, name)
		for i := range want {
			if rows[i][f] != want[i] {
				t.Errorf("%s of %d is %v; want %v", name, i, rows[i][f], want[i])
			}
		}
	}
}

// What is longer than the embedder sees at once is judged by its words as well; a turn never is.
func TestLongMemories(t *testing.T) {
	text := strings.Repeat("the engine keeps what was said, and the office keeps its plants. ", 30)
	cs := []memory.Candidate{candidate(1, "a note"), candidate(2, text), candidate(3, text), candidate(4, "Mia: "+text)}
	cs[1].Cover, cs[2].Cover = 0, 1
	names, rows, _ := Features(memory.RankQuery{Text: "who?", Now: start}, memory.CandidateSet{Candidates: cs})
	for i, want := range [][4]float64{{}, {1, 0, .4, 0}, {1, 1, .4, 0}, {}} {
		for k, name := range []string{"long", "long_cover", "long_dense", "long_match"} {
			if got := rows[i][slices.Index(names, name)]; got != want[k] {
				t.Errorf("%s of candidate %d is %v; want %v", name, i, got, want[k])
			}
		}
	}
	if got := order(newRanker(t).Rank(memory.RankQuery{Text: "who?", Now: start, Limit: 9, Apart: true}, memory.CandidateSet{Candidates: cs[1:3]})); got[0] != "3" {
		t.Errorf("the one with the question's words is behind the one without: %v", got)
	}
}

// What is yielded is what reading all texts first and sorting gives, and who asks for a few has a few read.
func TestOrdered(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("Anna: Bo: I went last week to Lyon? “two” never `three` quick deploy gateway 2024 we 昨日 私 Berlin birthday \"x\" not")
	ranker := newRanker(t)
	read, of := 0, 0
	for range 200 {
		cs := make([]memory.Candidate, 60)
		for i := range cs {
			text := make([]string, r.IntN(40))
			for k := range text {
				text[k] = words[r.IntN(len(words))]
			}
			cs[i] = memory.Candidate{
				Memory:  &memory.Memory{ID: memory.ID(fmt.Sprintf("m%02d", i)), Content: strings.Join(text, " "), CreatedAt: time.Unix(int64(r.IntN(5)), 0)},
				Lexical: r.Float64(), Own: r.Float64(), Cover: float64(r.IntN(3)) / 2, Dense: r.Float64(), HasVector: r.IntN(4) > 0,
				Match: r.Float64(), Sharp: r.Float64(), HasTokens: r.IntN(4) > 0,
			}
		}
		q := readQuestion([]string{"When did Anna go to Lyon last week?", "How many quick deploys?", "who never went"}[r.IntN(3)], time.Unix(1e9, 0))
		rq := memory.RankQuery{Now: time.Unix(1e9, 0)}
		model := func(i int) *model {
			if cs[i].HasVector && cs[i].HasTokens {
				return &ranker.models.tokens
			}
			return &ranker.models.words
		}
		all := describe(&q, &rq, cs, nil)
		var want []float64
		for i := range cs {
			all.read(i)
			want = append(want, model(i).logit(&all.vs[i], &all.ts[i]))
		}
		slices.SortFunc(want, func(a, b float64) int { return cmp.Compare(b, a) })
		lazy := describe(&q, &rq, cs, nil)
		var got []float64
		for j := range lazy.ordered(model) {
			if got = append(got, j.logit); len(got) == 10 {
				for i := range lazy.ts {
					if of++; lazy.ts[i].words > 0 {
						read++
					}
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("scores in order %v; want %v", got, want)
		}
	}
	if read == 0 || read*3 > of*2 {
		t.Errorf("%d of %d texts were read for ten", read, of)
	}
}
