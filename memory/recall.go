package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// DefaultMaxTokens is the budget of a recall that states none: about 4 KB of text.
const DefaultMaxTokens = 1000

// Budget a recall may state, in tokens. With the smallest an answer has room to say that nothing fits.
const (
	MinMaxTokens = 64
	MaxMaxTokens = 100_000
)

// candidatesPerSource is how many memories each source proposes: on dialogue, 100 hold 95–97 % of the evidence.
const candidatesPerSource = 100

// faint is the score below which a memory has too little to do with the question to take an agent's context for it. On
// dialogues with known answers none of the evidence among the best ten scores below .01, and a question about something
// else altogether has nothing above it.
const faint = 0.002

// How long a recall waits for the vectors of memories that were stored a moment ago: long enough for the model to be
// loaded for them, and, while nothing at all has a vector, on a slow machine, too: a first question in other words than
// the memory's would find nothing.
const (
	settleTime      = 300 * time.Millisecond
	settleTimeFirst = 3 * time.Second
)

// settleFew is up to how many waiting memories a recall waits for: with more, their words must do.
const settleFew = 8

// RecallInput is an agent's need for context.
type RecallInput struct {
	Query     string
	Limit     int // 1 to MaxLimit
	Mode      Mode
	Filter    Filter
	MaxTokens int // of what Form counts; 0 means DefaultMaxTokens for the whole answer, with an estimate of what stands beside the texts
	Explain   bool
	// Form writes a memory as the caller will send it, and Frame is what is sent around them: all of it counts against MaxTokens.
	// Without Form, titles and texts alone count. Neither matters without MaxTokens.
	Form      func(*Recalled) string
	Frame     string
	LocalOnly bool // never show Query to a remote embedder, such as when it is the text of a memory
}

// Recalled is one memory that came back.
type Recalled struct {
	Ranked
	Cut bool // whether Memory.Content was shortened to keep the budget
}

// RecallResult answers a recall, best first.
type RecallResult struct {
	Memories  []Recalled
	Degraded  bool   // some source could not be asked; the reason is in Note
	Truncated bool   // the budget left something out
	Note      string // what to know or try next, when there is something to say
	Took      time.Duration
}

// Recall returns what matters for a need: at most in.Limit memories that together keep the token budget.
// If the embedder is down it answers from words alone and sets Degraded. Errors: *InputError, ErrDenied, and those
// of the store. A query that looks sensitive is never shown to a remote embedder.
func (s *Service) Recall(ctx context.Context, c Caller, in RecallInput) (RecallResult, error) {
	start := time.Now()
	if err := checkRecall(&in); err != nil {
		return RecallResult{}, err
	}
	if err := s.authorize(ctx, c, "recall", nil); err != nil {
		return RecallResult{}, err
	}
	if s.indexer != nil {
		defer s.indexer.Foreground()()
	}
	var res RecallResult
	rows, err := s.embedQuery(ctx, in, &res)
	if err != nil {
		return RecallResult{}, err
	}
	rank := RankQuery{Text: in.Query, Project: c.Project, Now: s.now(), Limit: in.Limit, Explain: in.Explain, Apart: !s.feature(c, FeatureMerge), Loose: !s.feature(c, FeatureOppose)}
	query := CandidateQuery{Text: in.Query, Vectors: vectorsOf(rows), Tokens: tokensOf(rows), Filter: in.Filter, Mode: in.Mode, Limit: max(candidatesPerSource, in.Limit)}
	if p, ok := s.ranker.(Prospector); ok && in.Mode == Fast {
		query.Want = in.Limit
		query.Promise = func(ps []Prospect) []float64 { return p.Promise(rank, ps) }
	}
	set, err := s.store.Candidates(ctx, query)
	if err != nil {
		return RecallResult{}, fmt.Errorf("recall: %w", err)
	}
	if keep := s.limits(c, "recall"); keep != nil {
		set.Candidates = slices.DeleteFunc(set.Candidates, func(x Candidate) bool { return !keep(x.Memory) })
	}
	set.Candidates = dropExpired(set.Candidates, s.now())
	_, end := s.step.Begin(ctx, "recall rank")
	ranked := s.ranker.Rank(rank, set)
	shown := s.leaveOutFaint(c, &in, ranked)
	question := in.Query
	if !s.feature(c, FeaturePart) {
		question = "" // long texts are shown from their beginning
	}
	res.Memories, res.Truncated = s.budget(shown, question, &in)
	end(nil)
	s.countUse(c, res.Memories)
	if len(res.Memories) == 0 {
		note := "nothing matches; try other words, fewer filters, mode=accurate, or search with states=[\"archived\"]"
		if len(ranked) > 0 {
			note = "nothing here answers that; try other words, or mode=accurate for what is faintly near"
		}
		res.Note = strings.TrimPrefix(res.Note+"; "+note, "; ")
	}
	res.Took = time.Since(start)
	return res, nil
}

func checkRecall(in *RecallInput) error {
	if strings.TrimSpace(in.Query) == "" {
		return &InputError{Field: "query", Problem: "is empty", Hint: "say in words what you need to know"}
	}
	switch in.Mode {
	case "":
		in.Mode = Balanced
	case Fast, Balanced, Accurate:
	default:
		return &InputError{Field: "mode", Problem: "is unknown", Hint: "use fast, balanced or accurate"}
	}
	if in.MaxTokens != 0 && (in.MaxTokens < MinMaxTokens || in.MaxTokens > MaxMaxTokens) {
		return &InputError{Field: "max_tokens", Problem: fmt.Sprintf("is %d", in.MaxTokens),
			Hint: fmt.Sprintf("give a number from %d to %d", MinMaxTokens, MaxMaxTokens)}
	}
	return firstError(checkLimit(in.Limit), checkText("query", in.Query, MaxQueryBytes), checkFilter(&in.Filter))
}

// embedQuery returns the question's vectors and tokens, or none where there is nothing to compare them with.
func (s *Service) embedQuery(ctx context.Context, in RecallInput, res *RecallResult) (map[string]Embedding, error) {
	if s.indexer != nil && in.Mode != Fast {
		limit := settleTime
		if len(s.store.Spaces()) == 0 {
			limit = settleTimeFirst
		}
		s.indexer.Settle(ctx, settleFew, limit)
	}
	if len(s.store.Spaces()) == 0 {
		if s.indexer != nil && s.indexer.Failing() {
			res.Degraded, res.Note = true, "answered from words alone: nothing could be embedded yet; `elderzan status` says why"
		}
		return nil, nil
	}
	localOnly := in.LocalOnly
	if s.remote && !localOnly {
		m := Memory{Content: in.Query}
		d, err := s.classify(ctx, &m, "")
		if err != nil {
			return nil, err
		}
		localOnly = d.Sensitive
	}
	rows, degraded, err := s.embedder.Query(ctx, in.Query, localOnly)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		res.Degraded, res.Note = true, "answered from words alone: "+embedderTrouble(err)
		return nil, nil
	}
	switch res.Degraded = degraded; {
	case degraded && localOnly:
		res.Note = "the question looks sensitive and was not shown to the embedding server: found by words and by the model inside"
	case degraded:
		res.Note = "an embedding model does not answer: found by words and by the others; `elderzan doctor` says why"
	}
	return rows, nil
}

// vectorsOf are the vectors of a question by embedding space.
func vectorsOf(rows map[string]Embedding) map[string][]float32 {
	out := make(map[string][]float32, len(rows))
	for space, r := range rows {
		out[space] = r.Vector
	}
	return out
}

// tokensOf are its tokens, in the spaces that tell of them.
func tokensOf(rows map[string]Embedding) map[string]Tokens {
	out := make(map[string]Tokens, len(rows))
	for space, r := range rows {
		if len(r.Tokens.Rows) > 0 {
			out[space] = r.Tokens
		}
	}
	return out
}

// embedderTrouble puts an embedder's error into words for the caller; its detail may hold what the log alone may see.
func embedderTrouble(err error) string {
	if errors.Is(err, ErrNotEmbedding) {
		return err.Error()
	}
	return "the embedder does not answer; `elderzan doctor` says why"
}

// leaveOutFaint returns what is worth an agent's context. All is when the caller wants everything, in accurate mode, and
// when the caller's own filter says what belongs to the answer. What says something else of the same as a memory that
// stays, stays with it.
func (s *Service) leaveOutFaint(c Caller, in *RecallInput, ranked []Ranked) []Ranked {
	f := &in.Filter
	picked := len(f.IDs) > 0 || len(f.Scopes) > 0 || len(f.Kinds) > 0 || len(f.Tags) > 0 || len(f.Sessions) > 0 || len(f.States) > 0 ||
		!f.Since.IsZero() || !f.Until.IsZero()
	if picked || in.Mode == Accurate || !s.feature(c, FeatureFaint) {
		return ranked
	}
	stay := make([]Ranked, 0, len(ranked))
	beside := map[ID]bool{}
	for i := range ranked {
		r := &ranked[i]
		if r.Score < faint && !beside[r.Memory.ID] {
			continue
		}
		stay = append(stay, *r)
		for _, id := range r.Differs {
			beside[id] = true
		}
	}
	return stay
}

func dropExpired(cs []Candidate, now time.Time) []Candidate {
	kept := cs[:0]
	for _, c := range cs {
		if c.Memory.ExpiresAt.IsZero() || c.Memory.ExpiresAt.After(now) {
			kept = append(kept, c)
		}
	}
	return kept
}

// memoryOverhead is what a result costs beside its text, in tokens: id, scores, dates and field names.
const memoryOverhead = 60

// minPart is the shortest part of a memory that is worth returning behind others, in tokens.
const minPart = 60

// Tokens counts what a text takes of a budget.
func (s *Service) Tokens(text string) int { return s.tokens(text) }

// size tells what an answer may take, and what a result takes of it.
type size struct {
	limit  int
	frame  string              // stands around the results
	least  int                 // no result takes less
	most   func(*Recalled) int // at the most: no text has more tokens than bytes
	tokens func(*Recalled) int // counted
}

// size returns what in allows, and how results are counted against it.
func (s *Service) size(in *RecallInput) size {
	if in.MaxTokens > 0 && in.Form != nil { // a separator goes with each
		return size{
			limit:  in.MaxTokens,
			frame:  in.Frame,
			least:  memoryOverhead,
			most:   func(r *Recalled) int { return len(in.Form(r)) + 1 },
			tokens: func(r *Recalled) int { return s.tokens(in.Form(r)) + 1 },
		}
	}
	limit, overhead := in.MaxTokens, 0
	if limit == 0 {
		limit, overhead = DefaultMaxTokens, memoryOverhead
	}
	return size{
		limit:  limit,
		least:  overhead,
		most:   func(r *Recalled) int { return len(r.Memory.Title) + len(r.Memory.Content) + overhead },
		tokens: func(r *Recalled) int { return s.tokens(r.Memory.Title) + s.tokens(r.Memory.Content) + overhead },
	}
}

// budget keeps the best memories that fit what in allows. One that does not fit is shortened to half of what is left, or to all of
// it where none follows, if a useful part of it fits; smaller ones behind it may still be taken.
func (s *Service) budget(ranked []Ranked, question string, in *RecallInput) (kept []Recalled, truncated bool) {
	all, of := make([]Recalled, len(ranked)), s.size(in)
	most := len(of.frame)
	for i := range ranked {
		all[i].Ranked = ranked[i]
		most += of.most(&all[i])
	}
	if most <= of.limit { // nothing needs to be counted, which would cost more than the ranking
		return all, false
	}
	left := of.limit - s.tokens(of.frame)
	for i := range all {
		r := &all[i]
		if left <= of.least {
			return kept, true
		}
		cost := of.tokens(r)
		if cost > left {
			truncated = true
			r.Cut = true
			if !s.cut(r, question, left, of, len(kept) > 0, i+1 < len(all)) {
				continue
			}
			cost = of.tokens(r)
		}
		left -= cost
		kept = append(kept, *r)
	}
	return kept, truncated
}

// cut shortens the content of r until it fits left, to what fits of the part that answers the question, at the end of a word
// where there is one. It reports whether a part fits; behind others it must be worth while, and before others it leaves them half.
func (s *Service) cut(r *Recalled, question string, left int, of size, behind, before bool) bool {
	own := *r.Memory // others may hold the same
	r.Memory = &own
	text, title := own.Content, own.Title
	own.Content, own.Title = "", ""
	bare := of.tokens(r)
	if bare >= left || behind && left-bare < minPart {
		return false
	}
	if half := bare + (left-bare)/2; before && half-bare >= minPart {
		left = half
	}
	if own.Title = title; of.tokens(r) >= left {
		own.Title = ""
	}
	fits := func(prefix, text string) int {
		low, high := 0, min(len(text), maxTokenBytes*(left-bare))
		for low < high {
			mid := (low + high + 1) / 2
			if own.Content = prefix + clip(text, mid); of.tokens(r) <= left {
				low = mid
			} else {
				high = mid - 1
			}
		}
		return low
	}
	n := fits("", text)
	if from := s.passageFrom(text, question, n); from > 0 && from < len(text) {
		part := text[from:]
		if k := fits("…", part); k > 0 {
			own.Content = "…" + clip(part, k)
			return true
		}
	}
	own.Content = clip(text, n)
	return own.Content != ""
}

// passageFrom is where the part begins that answers a question; without a question the text's beginning.
func (s *Service) passageFrom(text, question string, bytes int) int {
	if question == "" {
		return 0
	}
	return s.passage(text, question, bytes)
}

// maxTokenBytes is how many bytes a token has at most, on the mean, in what is worth returning.
const maxTokenBytes = 16

// clip returns at most n bytes of text and an ellipsis, whole runes only and rather whole words.
func clip(text string, n int) string {
	if n >= len(text) {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	if i := strings.LastIndexAny(text[:n], " \n\t"); i > n*3/4 {
		n = i
	}
	if n == 0 {
		return ""
	}
	return text[:n] + "…"
}

func (s *Service) countUse(c Caller, ms []Recalled) {
	ids := make([]ID, len(ms))
	for i := range ms {
		ids[i] = ms[i].Memory.ID
	}
	s.store.CountUse(ids, s.now())
	s.journal.Recalled(c, ids)
}
