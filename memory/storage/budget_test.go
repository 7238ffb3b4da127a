package storage_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/memory/tokens"
	"github.com/elderzan/elderzan/scope"
)

// TestRecallKeepsTheBudget asks a store with all its engines 1,000 times (10,000 with ELDERZAN_LONG) for whatever budget, in
// any mode, under any filter, and counts what comes back by the tokenizer itself.
func TestRecallKeepsTheBudget(t *testing.T) {
	seed, calls := uint64(time.Now().UnixNano()), 1000
	if os.Getenv("ELDERZAN_LONG") != "" {
		calls = 10_000
	}
	if s := os.Getenv("ELDERZAN_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("ELDERZAN_SEED: %v", err)
		}
	}
	t.Logf("ELDERZAN_SEED=%d", seed)
	b := newBudgets(t, rand.New(rand.NewPCG(seed, 1)))
	for n := range calls {
		b.ask(t, n)
	}
	t.Logf("%+v", b.met)
	for what, n := range b.met {
		if n == 0 {
			t.Errorf("in %d calls there was nothing %s", calls, what)
		}
	}
}

// budgets asks a service over a real store.
type budgets struct {
	*memory.Service
	r      *rand.Rand
	stored []memory.Memory
	text   map[memory.ID]*memory.Memory
	off    string         // the feature that is off
	met    map[string]int // how often what the test is for came about
}

// wordsOf are words of several scripts, some long, some without a blank, some that are no words.
var wordsOf = [][]string{
	strings.Fields("the deploy window opens every tuesday after review and the rollback takes nine minutes unless staging database port 5432 moves"),
	strings.Fields("私たち は 火曜日 に 新しい 版 を 配布 します データベース の 移行 が 終わる まで 待つ"),
	strings.Fields("我们 每周二 部署 新 版本 数据库 迁移 之前 请 先 检查 备份"),
	strings.Fields("우리는 화요일마다 새 버전을 배포합니다 데이터베이스 이전 전에 백업을 확인하세요"),
	strings.Fields("мы выкатываем версию по вторникам после проверки резервной копии"),
	strings.Fields("ننشر الإصدار الجديد كل ثلاثاء بعد مراجعة النسخة الاحتياطية"),
	strings.Fields("हम हर मंगलवार नया संस्करण जारी करते हैं"),
	{"🙂", "👩‍👩‍👧", "e\u0301", "\u200b", "…", "0x7fffdeadbeef", "https://example.com/a?b=c&d=%20", "func(x *T) { return x.y[i]++ }", "a/b/c-d_e.f", strings.Repeat("x", 90), "aGVsbG8gd29ybGQ=", "\t", "\n\n", "    "},
}

// words makes a text of about n bytes, in one script or in all.
func (b *budgets) words(n int) string {
	var s strings.Builder
	script := b.r.IntN(len(wordsOf) + 2)
	for s.Len() < n {
		from := wordsOf[script%len(wordsOf)]
		if script >= len(wordsOf) {
			from = wordsOf[b.r.IntN(len(wordsOf))]
		}
		s.WriteString(from[b.r.IntN(len(from))])
		if b.r.IntN(12) > 0 {
			s.WriteByte(' ')
		}
	}
	text := s.String()
	for n = min(n, len(text)); n > 0 && n < len(text) && !utf8.RuneStart(text[n]); {
		n--
	}
	return text[:n]
}

// pick returns one of all, at random.
func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// newBudgets fills a store: texts from a word to tens of kilobytes, turns of conversations, near-duplicates, memories that
// are archived, PRIVATE, expired, untrusted, or wait for their vectors.
func newBudgets(t *testing.T, r *rand.Rand) *budgets {
	t.Helper()
	b := &budgets{r: r, text: map[memory.ID]*memory.Memory{}, met: map[string]int{}}
	for _, what := range []string{"whole", "cut", "left out", "merged", "opposed", "nearly full", "cut inside", "without a title", "by default",
		string(memory.Fast), string(memory.Balanced), string(memory.Accurate), "with a vector", "with tokens", "archived", "PRIVATE"} {
		b.met[what] = 0
	}
	var items []storage.Bulk
	for n := range 240 {
		m := b.memory(n)
		item := storage.Bulk{Memory: m}
		if n%5 > 0 {
			e := embedded(m.EmbeddingText())
			item.Vectors = []memory.Vector{{Version: 1, Space: memorytest.Space, Values: e.Vector, Tokens: e.Tokens.Rows}}
		}
		items = append(items, item)
		b.stored = append(b.stored, m)
	}
	for i := range b.stored {
		b.text[b.stored[i].ID] = &b.stored[i]
	}
	store, err := storage.Open(t.Context(), storage.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.PutBulk(t.Context(), items, storagetest.Audit("import")); err != nil {
		t.Fatal(err)
	}
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.Service, err = memory.NewService(memory.Options{
		Store: store, Embedder: wordEmbedder{}, Classifier: memorytest.Classifier{}, Ranker: watched{ranker, b}, CountTokens: tokens.Count,
		Passage: analysis.Passage, Feature: func(_ memory.Caller, name string) bool { return name != b.off },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// memory makes the n-th memory; one in three nearly repeats one before it.
func (b *budgets) memory(n int) memory.Memory {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 7 * time.Minute)
	m := memory.Memory{
		ID: memory.NewID(), Scope: scope.All()[b.r.IntN(4)], Project: pick(b.r, "atlas", "atlas", "borealis", ""), Team: "platform",
		Kind: pick(b.r, "note", "decision", "preference"), Session: pick(b.r, "s1", "s2", "s3"), State: memory.Active,
		Trust: pick(b.r, memory.TrustUser, memory.TrustAgent, memory.TrustUntrusted), Pinned: b.r.IntN(9) == 0, Importance: b.r.Float64(),
		CreatedAt: at, UpdatedAt: at, Version: 1,
	}
	length := math.Exp(2 + 5*b.r.Float64()) // from 7 bytes to 1.1 kB
	if n%30 == 0 {
		length = 2000 + 14_000*b.r.Float64()
	}
	m.Content = fmt.Sprintf("%s n%d", b.words(int(length)), n)
	switch old := n - 1 - b.r.IntN(12); {
	case n%3 == 0 && old >= 0: // the same but for a word at its end, which may be a number
		o := b.stored[old]
		m.Content, m.Project, m.Scope = o.Content+pick(b.r, ".", " 7", " not", " please"), o.Project, o.Scope
	case n%4 == 0:
		m.Content = pick(b.r, "Mia: ", "[9:05 am on 3 May, 2025] Tom: ") + m.Content
	}
	if b.r.IntN(2) == 0 {
		m.Title = b.words(1 + b.r.IntN(300))
	}
	m.Tags = slices.Compact(slices.Sorted(slices.Values([]string{pick(b.r, "ops", "db", "chat"), pick(b.r, "ops", "db", "chat")})))
	if b.r.IntN(10) == 0 {
		m.State = memory.Archived
	}
	if b.r.IntN(20) == 0 {
		m.ExpiresAt = at.Add(time.Hour)
	}
	return m
}

// question is words of a memory, a whole memory, words of any script, or a long text.
func (b *budgets) question() string {
	m := &b.stored[b.r.IntN(len(b.stored))]
	fields := strings.Fields(m.Content)
	at := b.r.IntN(len(fields))
	switch b.r.IntN(10) {
	case 0:
		return "when " + b.words(40)
	case 1:
		return "x" + b.words(b.r.IntN(memory.MaxQueryBytes-1))
	case 2, 3:
		return strings.ToValidUTF8(m.Content[:min(len(m.Content), memory.MaxQueryBytes)], "")
	}
	return strings.Join(fields[at:min(len(fields), at+1+b.r.IntN(8))], " ")
}

// filter lets all through half of the time.
func (b *budgets) filter() (f memory.Filter) {
	if b.r.IntN(2) == 0 {
		return f
	}
	if b.r.IntN(3) == 0 {
		f.Projects = []string{pick(b.r, "atlas", "borealis", ""), "elsewhere"}
	}
	if b.r.IntN(4) == 0 {
		f.Scopes = scope.All()[:1+b.r.IntN(4)]
	}
	if b.r.IntN(4) == 0 {
		f.Kinds = []string{pick(b.r, "note", "decision")}
	}
	if b.r.IntN(4) == 0 {
		f.Tags = []string{pick(b.r, "ops", "db")}
	}
	if b.r.IntN(4) == 0 {
		f.Sessions = []string{"s1", "s2"}
	}
	if b.r.IntN(4) == 0 {
		f.States = []memory.State{memory.Active, memory.Archived}
	}
	if b.r.IntN(4) == 0 {
		f.Since = b.stored[b.r.IntN(len(b.stored))].CreatedAt
	}
	if b.r.IntN(4) == 0 {
		for range 1 + b.r.IntN(5) {
			f.IDs = append(f.IDs, b.stored[b.r.IntN(len(b.stored))].ID)
		}
	}
	return f
}

func (b *budgets) ask(t *testing.T, n int) {
	t.Helper()
	in := memory.RecallInput{
		Query: b.question(), Limit: 1 + b.r.IntN(40), Filter: b.filter(), Explain: b.r.IntN(4) == 0,
		Mode: pick(b.r, memory.Fast, memory.Balanced, memory.Accurate),
	}
	if strings.TrimSpace(in.Query) == "" {
		in.Query = "deploy"
	}
	b.off = ""
	if b.r.IntN(4) == 0 {
		b.off = pick(b.r, memory.FeatureMerge, memory.FeatureOppose, memory.FeatureFaint, memory.FeaturePart)
	}
	budget := memory.DefaultMaxTokens
	if b.r.IntN(6) > 0 { // small ones as often as large ones
		in.MaxTokens = int(memory.MinMaxTokens * math.Pow(memory.MaxMaxTokens/memory.MinMaxTokens, b.r.Float64()*b.r.Float64()))
		budget = in.MaxTokens
	} else {
		b.met["by default"]++
	}
	res, err := b.Recall(t.Context(), memory.Caller{User: "mia", Client: "test", Project: pick(b.r, "atlas", "")}, in)
	if err != nil {
		t.Fatalf("call %d: Recall(%+v): %v", n, in, err)
	}
	used, cut := 0, false
	for i := range res.Memories {
		m := &res.Memories[i]
		used += tokens.Count(m.Memory.Title) + tokens.Count(m.Memory.Content)
		cut = cut || m.Cut
		b.wantPart(t, n, m)
	}
	if used > budget || len(res.Memories) > in.Limit {
		t.Fatalf("call %d: %d tokens in %d memories; want at most %d in %d: %+v", n, used, len(res.Memories), budget, in.Limit, in)
	}
	if cut && !res.Truncated {
		t.Fatalf("call %d: a memory was cut, but the result does not say so: %+v", n, in)
	}
	if len(res.Memories) > 0 {
		b.met[string(in.Mode)]++
	}
	if res.Truncated && !cut {
		b.met["left out"]++
	}
	if used*10 > budget*9 {
		b.met["nearly full"]++
	}
}

// wantPart checks that a memory that came back is what was stored, or a part of it that says so.
func (b *budgets) wantPart(t *testing.T, n int, m *memory.Recalled) {
	t.Helper()
	whole := b.text[m.Memory.ID]
	part := strings.TrimSuffix(strings.TrimPrefix(m.Memory.Content, "…"), "…")
	switch {
	case !m.Cut && (m.Memory.Content != whole.Content || m.Memory.Title != whole.Title):
		t.Fatalf("call %d: %s was shortened without saying so", n, m.Memory.ID)
	case m.Memory.Content == "" || !utf8.ValidString(m.Memory.Content) || !strings.Contains(whole.Content, part) || m.Memory.Title != "" && m.Memory.Title != whole.Title:
		t.Fatalf("call %d: %q is no part of %s", n, m.Memory.Content, m.Memory.ID)
	}
	for what, is := range map[string]bool{
		"whole": !m.Cut, "cut": m.Cut, "cut inside": m.Cut && strings.HasPrefix(m.Memory.Content, "…"), "without a title": m.Memory.Title != whole.Title,
		"merged": len(m.Merged) > 0, "opposed": len(m.Differs) > 0, "archived": m.Memory.State == memory.Archived, "PRIVATE": m.Memory.Scope == scope.Private,
	} {
		if is {
			b.met[what]++
		}
	}
}

// watched is a ranker that notes what the engines told.
type watched struct {
	*rank.Ranker
	b *budgets
}

func (w watched) Rank(q memory.RankQuery, set memory.CandidateSet) []memory.Ranked {
	for i := range set.Candidates {
		if set.Candidates[i].HasVector {
			w.b.met["with a vector"]++
		}
		if set.Candidates[i].HasTokens {
			w.b.met["with tokens"]++
		}
	}
	return w.Ranker.Rank(q, set)
}

// wordEmbedder makes vectors of hashed words, and tokens of the same.
type wordEmbedder struct{}

func (wordEmbedder) Query(_ context.Context, text string, _ bool) (map[string]memory.Embedding, bool, error) {
	return map[string]memory.Embedding{memorytest.Space: embedded(text)}, false, nil
}

func (wordEmbedder) Documents(_ context.Context, texts []string, _ bool) ([]memory.Embedding, string, error) {
	out := make([]memory.Embedding, len(texts))
	for i, text := range texts {
		out[i] = embedded(text)
	}
	return out, memorytest.Space, nil
}

func embedded(text string) (e memory.Embedding) {
	rows, _, _ := (&memorytest.Embedder{}).Documents(context.Background(), []string{text}, true) // never fails
	e.Vector = rows[0].Vector
	at := 0
	for word := range strings.FieldsSeq(text) {
		from := at + strings.Index(text[at:], word)
		at = from + len(word)
		h := fnv.New64a()
		h.Write([]byte(word))
		r := rand.New(rand.NewPCG(h.Sum64(), 1))
		row := make([]int8, memory.TokenDim)
		for i := range row {
			row[i] = int8(r.IntN(255) - 127)
		}
		row[r.IntN(len(row))] = 127
		e.Tokens.Rows = append(e.Tokens.Rows, row...)
		e.Tokens.Spans = append(e.Tokens.Spans, [2]int{from, at})
	}
	return e
}
