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

// What a result may have to say about itself.
const (
	noteDiffers   = "results with differs_from say something else of the same: compare their dates; revise or supersede what is no longer true"
	noteLeftOut   = "some were left out or cut; for more pass max_tokens, for one in full search with its id in ids"
	noteTooLittle = "max_tokens is too small for a single memory: pass more, such as 1000"
)

// fullFrame is what stands around the memories at the most, but for notes longer than the usual ones.
var fullFrame = string(encode(recallResult{Memories: []hit{}, TookMS: 99999.99, Note: noteDiffers}))

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
		in.Form = func(r *memory.Recalled) string { return string(encode(found(r, in.Explain))) }
		in.Frame = fullFrame
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
	switch {
	case in.MaxTokens == 0:
		out.fit(defaultRecallBytes)
	case out.Truncated && len(out.Memories) == 0:
		out.Note = noteTooLittle
	}
	if slices.ContainsFunc(out.Memories, func(h hit) bool { return len(h.Differs) > 0 }) && out.Note == "" {
		out.Note = noteDiffers
	}
	if out.Truncated && out.Note == "" {
		out.Note = noteLeftOut
	}
	if in.MaxTokens != 0 {
		out.keep(in.MaxTokens, c.service.Tokens)
	}
	return out, nil
}

// found is a recalled memory. Where it came from in detail is told to those who ask why.
func found(r *memory.Recalled, explain bool) hit {
	h := brief(r.Memory)
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

// keep makes the result as text at most limit tokens, which the service has seen to but for an unusual note and for tokens that
// are others where texts meet: the note goes first, then the last memories.
func (r *recallResult) keep(limit int, tokens func(string) int) {
	for {
		text := encode(r)
		switch {
		case len(text) <= limit || tokens(string(text)) <= limit: // no text has more tokens than bytes
			return
		case r.Note != "":
			r.Note = ""
		case len(r.Memories) > 0:
			r.Memories, r.Truncated = r.Memories[:len(r.Memories)-1], true
		default:
			return
		}
	}
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
