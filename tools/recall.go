package tools

import (
	"context"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// defaultRecallBytes is what a recall without a budget of its own may be as JSON.
const defaultRecallBytes = 4 << 10

type recallResult struct {
	Memories  []hit   `json:"memories"`
	Degraded  bool    `json:"degraded"`
	Truncated bool    `json:"truncated"`
	TookMS    float64 `json:"took_ms"`
	Note      string  `json:"note,omitempty"`
}

func (s *surface) recall(ctx context.Context, c *call) (any, error) {
	a := c.args
	in := memory.RecallInput{
		Query: a.text("query"), Limit: a.whole("limit", memory.DefaultLimit), Mode: memory.Mode(a.word("mode")), Filter: a.filter(),
		Explain: a.flag("explain"),
	}
	if a.has("max_tokens") {
		if in.MaxTokens = a.whole("max_tokens", 0); in.MaxTokens == 0 {
			in.MaxTokens = -1 // zero would mean the default; the service refuses it like any other value out of bounds
		}
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	res, err := c.service.Recall(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	out := recallResult{Memories: []hit{}, Degraded: res.Degraded, Truncated: res.Truncated, TookMS: milliseconds(res.Took), Note: res.Note}
	for i := range res.Memories {
		out.Memories = append(out.Memories, found(&res.Memories[i], in.Explain))
	}
	if in.MaxTokens == 0 {
		out.fit(defaultRecallBytes)
	}
	if slices.ContainsFunc(out.Memories, func(h hit) bool { return len(h.Differs) > 0 }) && out.Note == "" {
		out.Note = "results with differs_from say something else of the same: compare their dates; revise or supersede what is no longer true"
	}
	if out.Truncated && out.Note == "" {
		out.Note = "some were left out or cut; for more pass max_tokens, for one in full search with its id in ids"
	}
	return out, nil
}

// found is a recalled memory. Where it came from in detail is told to those who ask why.
func found(r *memory.Recalled, explain bool) hit {
	h := brief(&r.Memory)
	score := round(r.Score)
	h.Score, h.Cut, h.Merged, h.Differs = &score, r.Cut, r.Merged, r.Differs
	if explain {
		h.Why, h.Provenance.Session = r.Why, r.Memory.Session
	}
	return h
}

// noteBytes is what the rest of a result takes, its note included.
const noteBytes = 256

// fit drops the last memories until the result is at most limit bytes; what stands beside the texts, such as many
// tags, is not in the service's budget. The best one always stays.
func (r *recallResult) fit(limit int) {
	left := limit - noteBytes
	for i := range r.Memories {
		left -= len(encode(r.Memories[i])) + 1
		if left < 0 && i > 0 {
			r.Memories, r.Truncated = r.Memories[:i], true
			return
		}
	}
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
