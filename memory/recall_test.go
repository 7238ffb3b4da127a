package memory_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/memory/tokens"
	"github.com/elderzan/elderzan/scope"
)

func TestRecall(t *testing.T) {
	w := newWorld(t, nil)
	deploy := w.keep(t, memory.RememberInput{Content: "we deploy on tuesdays", Tags: []string{"ops"}}).Memory
	w.keep(t, memory.RememberInput{Content: "tabs not spaces", Kind: "convention"})
	gone := w.keep(t, memory.RememberInput{Content: "deploy key rotates", ExpiresIn: time.Minute}).Memory
	w.now = start.Add(time.Hour)

	res, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "deploy", Limit: 10, Explain: true})
	if err != nil || len(res.Memories) != 1 || res.Memories[0].Memory.ID != deploy.ID || res.Degraded || res.Truncated || res.Note != "" {
		t.Fatalf("Recall = %+v, %v; want %s alone, and nothing of %s, which has expired", res, err, deploy.ID, gone.ID)
	}
	if len(res.Memories[0].Why) == 0 || w.store.Uses(deploy.ID) != 1 {
		t.Errorf("why %v, uses %d", res.Memories[0].Why, w.store.Uses(deploy.ID))
	}
	res, err = w.Recall(t.Context(), mia, memory.RecallInput{Query: "zebra", Limit: 10})
	if err != nil || len(res.Memories) != 0 || !strings.Contains(res.Note, "nothing matches") {
		t.Errorf("Recall of nothing = %+v, %v", res, err)
	}
}

func TestRecallRefuses(t *testing.T) {
	w := newWorld(t, nil)
	names := make([]string, memory.MaxBatch+1)
	for name, tc := range map[string]struct {
		in    memory.RecallInput
		field string
	}{
		"blank query":      {memory.RecallInput{Query: " \n", Limit: 1}, "query"},
		"long query":       {memory.RecallInput{Query: strings.Repeat("x", memory.MaxQueryBytes+1), Limit: 1}, "query"},
		"limit zero":       {memory.RecallInput{Query: "x"}, "limit"},
		"limit too high":   {memory.RecallInput{Query: "x", Limit: memory.MaxLimit + 1}, "limit"},
		"unknown mode":     {memory.RecallInput{Query: "x", Limit: 1, Mode: "quick"}, "mode"},
		"budget too small": {memory.RecallInput{Query: "x", Limit: 1, MaxTokens: memory.MinMaxTokens - 1}, "max_tokens"},
		"budget negative":  {memory.RecallInput{Query: "x", Limit: 1, MaxTokens: -1}, "max_tokens"},
		"budget too large": {memory.RecallInput{Query: "x", Limit: 1, MaxTokens: memory.MaxMaxTokens + 1}, "max_tokens"},
		"unknown scope":    {memory.RecallInput{Query: "x", Limit: 1, Filter: memory.Filter{Scopes: []scope.Scope{99}}}, "scopes"},
		"unknown state":    {memory.RecallInput{Query: "x", Limit: 1, Filter: memory.Filter{States: []memory.State{"lost"}}}, "states"},
		"since after":      {memory.RecallInput{Query: "x", Limit: 1, Filter: memory.Filter{Since: start, Until: start}}, "since"},
		"too many ids":     {memory.RecallInput{Query: "x", Limit: 1, Filter: memory.Filter{IDs: make([]memory.ID, memory.MaxBatch+1)}}, "ids"},
		"too many kinds":   {memory.RecallInput{Query: "x", Limit: 1, Filter: memory.Filter{Kinds: names}}, "kinds"},
		"bad tag":          {memory.RecallInput{Query: "x", Limit: 1, Filter: memory.Filter{Tags: []string{"\xff"}}}, "tags"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Recall(t.Context(), mia, tc.in)
			wantInput(t, err, tc.field)
		})
	}
	full := memory.Filter{Scopes: scope.All(), States: []memory.State{memory.Active, memory.Superseded, memory.Archived, memory.Forgotten},
		Projects: []string{"a"}, Kinds: []string{"a"}, Tags: []string{"a"}, Sessions: []string{"a"}, Since: start, Until: start.Add(1)}
	if _, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "x", Limit: 1, Mode: memory.Fast, Filter: full, MaxTokens: memory.MinMaxTokens}); err != nil {
		t.Errorf("a full filter: %v", err)
	}
}

func TestRecallTrouble(t *testing.T) {
	vectored := func(w *world) { // one memory with a vector
		id := memory.NewID()
		w.store.Add(memory.Memory{ID: id, Content: "deploy", State: memory.Active, Scope: scope.Project})
		v := make([]float32, memory.Dim)
		v[0] = 1
		if err := w.store.PutVectors(context.Background(), []memory.Vector{{ID: id, Space: memorytest.Space, Values: v}}); err != nil {
			panic(err)
		}
	}
	ask := memory.RecallInput{Query: "deploy", Limit: 5}
	t.Run("embedder down", func(t *testing.T) {
		for name, tc := range map[string]struct {
			err  error
			note string
		}{
			"known":   {memory.ErrNotEmbedding, "embedder not available"},
			"unknown": {errors.New("POST https://user:key@host"), "`elderzan doctor` says why"},
		} {
			w := newWorld(t, func(w *world, _ *memory.Options) { vectored(w) })
			w.embed.Fail = func([]string, bool) error { return tc.err }
			res, err := w.Recall(t.Context(), mia, ask)
			if err != nil || !res.Degraded || len(res.Memories) != 1 || !strings.Contains(res.Note, tc.note) || strings.Contains(res.Note, "key@") {
				t.Errorf("%s: Recall = %+v, %v; want an answer from words with a note", name, res, err)
			}
		}
	})
	t.Run("one of two models", func(t *testing.T) {
		for _, ask := range []memory.RecallInput{{Query: "deploy", Limit: 5}, {Query: "deploy", Limit: 5, LocalOnly: true}, {Query: "else", Limit: 5}} {
			w := newWorld(t, func(w *world, o *memory.Options) { vectored(w); o.Embedder = halfEmbedder{} })
			res, err := w.Recall(t.Context(), mia, ask)
			want := "does not answer"
			if ask.LocalOnly {
				want = "looks sensitive"
			}
			if err != nil || !res.Degraded || !strings.Contains(res.Note, want) || len(res.Memories) == 0 && !strings.Contains(res.Note, "try") {
				t.Errorf("Recall = %+v, %v; want a note that one model was not asked", res, err)
			}
		}
	})
	t.Run("nothing embedded yet", func(t *testing.T) {
		w := newWorld(t, func(w *world, o *memory.Options) {
			w.embed.Fail = func([]string, bool) error { return memory.ErrNotEmbedding }
			o.Indexer = memory.NewIndexer(context.Background(), w.store, w.embed, memory.IndexerOptions{})
			t.Cleanup(func() { o.Indexer.Close() })
		})
		if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "deploy", Wait: true}); err != nil {
			t.Fatal(err)
		}
		res, err := w.Recall(t.Context(), mia, ask)
		if err != nil || !res.Degraded || len(res.Memories) != 1 || !strings.Contains(res.Note, "words alone") {
			t.Errorf("Recall = %+v, %v; want an answer from words with a note", res, err)
		}
	})
	t.Run("the first vector takes its time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var x *memory.Indexer
			w := newWorld(t, func(w *world, o *memory.Options) {
				w.embed.Fail = func([]string, bool) error { <-time.After(2 * time.Second); return nil } // a model that is being loaded
				x = memory.NewIndexer(t.Context(), w.store, w.embed, memory.IndexerOptions{})
				o.Indexer = x
			})
			synctest.Wait()
			if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "deploy"}); err != nil {
				t.Fatal(err)
			}
			res, err := w.Recall(t.Context(), mia, ask)
			if err != nil || len(w.store.Spaces()) == 0 || res.Degraded || len(res.Memories) != 1 {
				t.Errorf("Recall = %+v, %v with spaces %v; want an answer by the vector, too", res, err, w.store.Spaces())
			}
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("cancelled while embedding", func(t *testing.T) {
		w := newWorld(t, func(w *world, _ *memory.Options) { vectored(w) })
		ctx, cancel := context.WithCancel(t.Context())
		w.embed.Fail = func([]string, bool) error { cancel(); return ctx.Err() }
		if _, err := w.Recall(ctx, mia, ask); !errors.Is(err, context.Canceled) {
			t.Errorf("Recall = %v; want context.Canceled", err)
		}
	})
	t.Run("store", func(t *testing.T) {
		w := newWorld(t, func(w *world, _ *memory.Options) { w.store.Fail = failing("Candidates") })
		if _, err := w.Recall(t.Context(), mia, ask); !errors.Is(err, errDown) {
			t.Errorf("Recall = %v", err)
		}
	})
	t.Run("denied", func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *memory.Options) { o.Authorizer = deny{"recall"} })
		if _, err := w.Recall(t.Context(), mia, ask); !errors.Is(err, memory.ErrDenied) {
			t.Errorf("Recall = %v; want ErrDenied", err)
		}
	})
	t.Run("classifier down, remote embedder", func(t *testing.T) {
		w := newWorld(t, func(w *world, o *memory.Options) {
			vectored(w)
			o.RemoteEmbedding, o.Classifier = true, memorytest.Classifier{Fail: func() error { return errDown }}
		})
		if _, err := w.Recall(t.Context(), mia, ask); !errors.Is(err, errDown) {
			t.Errorf("Recall = %v; an unclassified question must not be embedded elsewhere", err)
		}
	})
	for name, tc := range map[string]struct {
		remote bool
		in     memory.RecallInput
		local  bool
	}{
		"harmless, remote":          {true, memory.RecallInput{Query: "deploy", Limit: 1}, false},
		"sensitive, remote":         {true, memory.RecallInput{Query: secret, Limit: 1}, true},
		"a memory's own, remote":    {true, memory.RecallInput{Query: "deploy", Limit: 1, LocalOnly: true}, true},
		"harmless, embedded model":  {false, memory.RecallInput{Query: "deploy", Limit: 1}, false},
		"sensitive, embedded model": {false, memory.RecallInput{Query: secret, Limit: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(w *world, o *memory.Options) { vectored(w); o.RemoteEmbedding = tc.remote })
			var local []bool
			w.embed.Fail = func(_ []string, l bool) error { local = append(local, l); return nil }
			if _, err := w.Recall(t.Context(), mia, tc.in); err != nil || len(local) != 1 || local[0] != tc.local {
				t.Errorf("embedded with localOnly %v, %v; want [%v]", local, err, tc.local)
			}
		})
	}
}

// halfEmbedder has another space that could not be asked.
type halfEmbedder struct{ *memorytest.Embedder }

func (halfEmbedder) Query(ctx context.Context, text string, localOnly bool) (map[string]memory.Embedding, bool, error) {
	rows, _, err := (&memorytest.Embedder{}).Query(ctx, text, localOnly)
	return rows, true, err
}

// letters is a tokeniser for which every letter counts, so that budgets are exact.
func letters(s string) int { return utf8.RuneCountInString(s) }

// Whatever is stored and asked for, the texts that come back keep the budget, are whole runes, and are the
// beginnings of what was stored.
func TestRecallKeepsTheBudget(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ELDERZAN_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d (set ELDERZAN_SEED to repeat)", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	alphabet := []string{"word ", "日本", "é", "x", "\n", "🙂", "longer-word-without-a-blank"}
	text := func(n int) string {
		var b strings.Builder
		for b.Len() < n {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	for round := range 1000 {
		count := [](func(string) int){tokens.Count, letters, nil}[round%3]
		w := newWorld(t, func(_ *world, o *memory.Options) { o.CountTokens = count })
		if count == nil {
			count = func(s string) int { return (len(s) + 3) / 4 }
		}
		stored := map[memory.ID]memory.Memory{}
		for i := range r.IntN(20) {
			m := memory.Memory{ID: memory.NewID(), Content: "needle " + fmt.Sprint(i) + text(r.IntN(4000)), State: memory.Active, Scope: scope.Project}
			if r.IntN(2) == 0 {
				m.Title = text(r.IntN(200))
			}
			stored[m.ID] = m
			w.store.Add(m)
		}
		in := memory.RecallInput{Query: "needle", Limit: 1 + r.IntN(20)}
		budget := memory.DefaultMaxTokens
		if r.IntN(3) > 0 {
			in.MaxTokens = memory.MinMaxTokens + r.IntN(3000)
			budget = in.MaxTokens
		}
		res, err := w.Recall(t.Context(), mia, in)
		if err != nil {
			t.Fatal(err)
		}
		used, cut := 0, false
		for _, m := range res.Memories {
			used += count(m.Memory.Content) + count(m.Memory.Title)
			whole := stored[m.Memory.ID]
			cut = cut || m.Cut
			if begin := strings.TrimSuffix(m.Memory.Content, "…"); !strings.HasPrefix(whole.Content, begin) || !utf8.ValidString(m.Memory.Content) || m.Memory.Content == "" {
				t.Fatalf("round %d: %q is not the beginning of what was stored", round, m.Memory.Content)
			}
			if !m.Cut && m.Memory.Content != whole.Content || m.Memory.Title != whole.Title && m.Memory.Title != "" {
				t.Fatalf("round %d: a memory was shortened without saying so", round)
			}
		}
		if used > budget || len(res.Memories) > in.Limit {
			t.Fatalf("round %d: %d tokens in %d memories; want at most %d in %d", round, used, len(res.Memories), budget, in.Limit)
		}
		if want := min(len(stored), in.Limit); (len(res.Memories) < want || cut) != res.Truncated {
			t.Fatalf("round %d: %d of %d memories, cut %v, but truncated %v", round, len(res.Memories), want, cut, res.Truncated)
		}
		if len(stored) > 0 && len(res.Memories) == 0 {
			t.Fatalf("round %d: nothing came back for a budget of %d", round, budget)
		}
	}
}

func TestRecallCuts(t *testing.T) {
	ones := strings.Repeat("one ", 12) // 48 letters
	for name, tc := range map[string]struct {
		title, content string
		budget         int
		want           string
		wantTitle      string
	}{
		"fits":                      {"", ones + "one two three four", 66, ones + "one two three four", ""},
		"at a word's end":           {"", ones + "one two three four five", 68, ones + "one two three four…", ""},
		"inside a long word":        {"", strings.Repeat("x", 78), 64, strings.Repeat("x", 63) + "…", ""},
		"whole runes":               {"", strings.Repeat("日", 78), 64, strings.Repeat("日", 63) + "…", ""},
		"title kept":                {"title", ones + "one two three four five", 68, ones + "one two three…", "title"},
		"title too long is dropped": {strings.Repeat("t", 70), ones + "one two three four five", 68, ones + "one two three four…", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *world, o *memory.Options) { o.CountTokens = letters })
			w.store.Add(memory.Memory{ID: memory.NewID(), Title: tc.title, Content: tc.content, State: memory.Active, Scope: scope.Project})
			res, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: tc.content[:3], Limit: 1, MaxTokens: tc.budget})
			if err != nil || len(res.Memories) != 1 {
				t.Fatalf("Recall = %+v, %v", res, err)
			}
			m := res.Memories[0]
			if m.Memory.Content != tc.want || m.Memory.Title != tc.wantTitle || m.Cut != (tc.want != tc.content) {
				t.Errorf("%q (title %q, cut %v); want %q (title %q)", m.Memory.Content, m.Memory.Title, m.Cut, tc.want, tc.wantTitle)
			}
		})
	}
}

// A feature that is off for a caller is off for that caller alone.
func TestRecallAsksForFeatures(t *testing.T) {
	var seen memory.RankQuery
	w := newWorld(t, func(w *world, o *memory.Options) {
		o.Ranker = spyingRanker{&seen}
		o.Feature = func(c memory.Caller, _ string) bool { return c.User == mia.User }
		o.Passage = func(string, string, int) int { return 100 }
	})
	w.keep(t, memory.RememberInput{Content: strings.Repeat("we deploy on tuesdays ", 100)})
	tom := mia
	tom.User = "tom"
	for _, c := range []memory.Caller{mia, tom} {
		on := c.User == mia.User
		res, err := w.Recall(t.Context(), c, memory.RecallInput{Query: "deploy", Limit: 10, MaxTokens: memory.MinMaxTokens})
		if err != nil || len(res.Memories) != 1 || strings.HasPrefix(res.Memories[0].Memory.Content, "…") != on || seen.Apart == on || seen.Loose == on {
			t.Errorf("%s: %+v, %v; ranked with %+v", c.User, res, err, seen)
		}
	}
}

// spyingRanker keeps what it was asked.
type spyingRanker struct{ seen *memory.RankQuery }

func (r spyingRanker) Rank(q memory.RankQuery, set memory.CandidateSet) []memory.Ranked {
	*r.seen = q
	return memorytest.Ranker{}.Rank(q, set)
}

// What has next to nothing to do with a question is left out, unless the caller asked for everything or said itself what
// belongs to the answer.
func TestRecallLeavesOutTheFaint(t *testing.T) {
	scores := map[string]float64{"we deploy on tuesdays": .9, "we deploy on fridays": .0001, "deploy keys are blue": .0001}
	var opposed bool
	w := newWorld(t, func(w *world, o *memory.Options) {
		o.Ranker = scoringRanker(func(all []memory.Ranked) {
			for i := range all {
				all[i].Score = scores[all[i].Memory.Content]
				if opposed && all[i].Score > .5 {
					all[i].Differs = []memory.ID{all[(i+1)%len(all)].Memory.ID}
				}
			}
		})
		o.Feature = func(c memory.Caller, name string) bool { return name != memory.FeatureFaint || c.User == mia.User }
	})
	for text := range scores {
		w.keep(t, memory.RememberInput{Content: text, Tags: []string{"ops"}})
	}
	tom := mia
	tom.User = "tom"
	for name, tc := range map[string]struct {
		c       memory.Caller
		in      memory.RecallInput
		opposed bool
		want    int
	}{
		"a question":           {mia, memory.RecallInput{}, false, 1},
		"of one project":       {mia, memory.RecallInput{Filter: memory.Filter{Projects: []string{mia.Project}}}, false, 1},
		"what differs from it": {mia, memory.RecallInput{}, true, 2},
		"everything":           {mia, memory.RecallInput{Mode: memory.Accurate}, false, 3},
		"a tag":                {mia, memory.RecallInput{Filter: memory.Filter{Tags: []string{"ops"}}}, false, 3},
		"a time":               {mia, memory.RecallInput{Filter: memory.Filter{Since: start.Add(-time.Hour)}}, false, 3},
		"with the feature off": {tom, memory.RecallInput{}, false, 3},
		"nothing near":         {mia, memory.RecallInput{}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			opposed = tc.opposed
			scores["we deploy on tuesdays"] = .9
			if tc.want == 0 {
				scores["we deploy on tuesdays"] = .001
			}
			tc.in.Query, tc.in.Limit = "deploy", 10
			res, err := w.Recall(t.Context(), tc.c, tc.in)
			if err != nil || len(res.Memories) != tc.want || (res.Note != "") != (tc.want == 0) {
				t.Fatalf("got %d memories, note %q, error %v; want %d", len(res.Memories), res.Note, err, tc.want)
			}
			if tc.want == 0 && !strings.Contains(res.Note, "mode=accurate") {
				t.Errorf("the note %q does not say how to see what is faintly near", res.Note)
			}
		})
	}
}

// scoringRanker has its scores changed, best first.
type scoringRanker func([]memory.Ranked)

func (r scoringRanker) Rank(q memory.RankQuery, set memory.CandidateSet) []memory.Ranked {
	all := memorytest.Ranker{}.Rank(q, set)
	r(all)
	slices.SortStableFunc(all, func(a, b memory.Ranked) int { return cmp.Compare(b.Score, a.Score) })
	return all
}
