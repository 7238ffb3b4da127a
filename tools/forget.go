package tools

import (
	"context"
	"fmt"

	"github.com/elderzan/elderzan/memory"
)

// previewBytes is how much of a memory a list of what would be forgotten shows.
const previewBytes = 120

type forgetResult struct {
	Forgotten    []memory.ID `json:"forgotten"`
	WouldForget  []preview   `json:"would_forget"`
	Total        int         `json:"total"`
	Until        string      `json:"recoverable_until,omitempty"`
	NeedsConfirm bool        `json:"needs_confirmation"`
	Note         string      `json:"note,omitempty"`
}

// preview is enough of a memory to know it by.
type preview struct {
	ID   memory.ID `json:"id"`
	Text string    `json:"text"`
}

func (s *surface) forget(ctx context.Context, c *call) (any, error) {
	a := c.args
	in := memory.ForgetInput{
		IDs: a.idOrIDs(), Query: a.word("query"), Confirm: a.flag("confirm"), Reason: a.word("reason"), Purge: a.flag("purge"),
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	if in.Purge && !in.Confirm && len(in.IDs) > 0 {
		yes, res, err := s.confirmPurge(ctx, c, in.IDs)
		if !yes || err != nil {
			return res, err
		}
	}
	res, err := c.service.Forget(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	out := forgetResult{Forgotten: orEmpty(res.Forgotten), WouldForget: previews(res.WouldForget), Total: len(res.Forgotten), Until: stamp(res.Until)}
	if len(in.IDs) == 0 {
		out.Total = res.Total
	}
	switch rest := out.Total - len(out.Forgotten); {
	case len(out.WouldForget) > 0:
		out.NeedsConfirm = true
		out.Note = "nothing was forgotten yet; if the person agrees, repeat with confirm=true, or give the ids to forget"
	case out.Total == 0:
		out.Note = "nothing matches the query"
	case rest > 0:
		out.Note = fmt.Sprintf("%d more match; repeat the call for them", rest)
	}
	return out, nil
}

// confirmPurge asks before what cannot be undone. Where nobody can be asked, it answers with what would be purged.
func (s *surface) confirmPurge(ctx context.Context, c *call, ids []memory.ID) (bool, any, error) {
	if c.ask != nil {
		if yes, err := c.ask(ctx, fmt.Sprintf("purging %d memories for good (first %s)", len(ids), ids[0]), nil); yes || err != nil {
			return yes, nil, err
		}
	}
	ms, err := c.service.Get(ctx, c.caller, ids)
	if err != nil {
		return false, nil, err
	}
	return false, forgetResult{
		Forgotten: []memory.ID{}, WouldForget: previews(ms), Total: len(ms), NeedsConfirm: true,
		Note: "nothing was purged: that cannot be undone; repeat with confirm=true if the person agrees, or without purge to keep them recoverable",
	}, nil
}

func previews(ms []memory.Memory) []preview {
	out := []preview{}
	for i := range ms {
		text := ms[i].Title
		if text == "" {
			text = ms[i].Content
		}
		text, _ = clip(text, previewBytes)
		out = append(out, preview{ID: ms[i].ID, Text: text})
	}
	return out
}
