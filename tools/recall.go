package tools

import (
	"context"
	"encoding/json"
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
	written := forms{explain: in.Explain, whole: map[*memory.Memory]json.RawMessage{}}
	if a.has("max_tokens") {
		if in.MaxTokens = a.whole("max_tokens", 0); in.MaxTokens == 0 {
			in.MaxTokens = -1 // zero would mean the default; the service refuses it like any other value out of bounds
		}
		in.Form = func(r *memory.Recalled) string { return string(written.of(r)) }
		in.Frame = fullFrame
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	res, err := c.service.Recall(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	out := recallAnswer{recallResult: recallResult{Degraded: res.Degraded, Truncated: res.Truncated, TookMS: milliseconds(res.Took), Note: res.Note}}
	for i := range res.Memories {
		out.written = append(out.written, written.of(&res.Memories[i]))
	}
	switch {
	case in.MaxTokens == 0:
		out.fit(defaultRecallBytes)
	case out.Truncated && len(out.written) == 0:
		out.Note = noteTooLittle
	}
	shown := res.Memories[:len(out.written)]
	if slices.ContainsFunc(shown, func(r memory.Recalled) bool { return len(r.Differs) > 0 }) && out.Note == "" {
		out.Note = noteDiffers
	}
	if out.Truncated && out.Note == "" {
		out.Note = noteLeftOut
	}
	if in.MaxTokens != 0 {
		return out.keep(in.MaxTokens, c.service.Tokens), nil
	}
	return out.encode(), nil
}

// forms writes recalled memories as they are sent, each once: that takes longer than finding its place.
type forms struct {
	explain bool
	whole   map[*memory.Memory]json.RawMessage // of those that are not cut
}

func (f *forms) of(r *memory.Recalled) json.RawMessage {
	if b, ok := f.whole[r.Memory]; ok {
		return b
	}
	b := encode(found(r, f.explain))
	if !r.Cut { // what is cut changes until it fits
		f.whole[r.Memory] = b
	}
	return b
}

// recallAnswer is a recallResult whose memories are written.
type recallAnswer struct {
	recallResult
	written []json.RawMessage
}

// encode writes all of it.
func (r *recallAnswer) encode() json.RawMessage {
	r.Memories = []hit{}
	frame, size := encode(r.recallResult), len(r.written)
	for _, m := range r.written {
		size += len(m)
	}
	const open = `{"memories":[`
	out := append(make(json.RawMessage, 0, len(frame)+size), open...)
	for i, m := range r.written {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, m...)
	}
	return append(out, frame[len(open):]...)
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
func (r *recallAnswer) fit(limit int) {
	left := limit - noteBytes
	for i, m := range r.written {
		left -= len(m) + 1
		if left < 0 && i > 0 {
			r.written, r.Truncated = r.written[:i], true
			return
		}
	}
}

// keep writes the result as at most limit tokens, which the service has seen to but for an unusual note and for tokens that
// are others where texts meet: the note goes first, then the last memories.
func (r *recallAnswer) keep(limit int, tokens func(string) int) json.RawMessage {
	for {
		text := r.encode()
		switch {
		case len(text) <= limit || tokens(string(text)) <= limit: // no text has more tokens than bytes
			return text
		case r.Note != "":
			r.Note = ""
		case len(r.written) > 0:
			r.written, r.Truncated = r.written[:len(r.written)-1], true
		default:
			return text
		}
	}
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
