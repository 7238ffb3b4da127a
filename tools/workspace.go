package tools

import (
	"context"
	"net/url"

	"github.com/elderzan/elderzan/memory"
)

// draft is working data as it is shown.
type draft struct {
	Key       string `json:"key"`
	Content   string `json:"content,omitempty"`
	Bytes     int    `json:"bytes"`
	UpdatedAt string `json:"updated_at"`
	ExpiresAt string `json:"expires_at"`
	Session   string `json:"session,omitempty"`
}

type workspaceResult struct {
	Drafts   []draft   `json:"drafts"`
	Memory   memory.ID `json:"memory,omitempty"`
	Scope    string    `json:"scope,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	Note     string    `json:"note,omitempty"`
}

func draftURI(key string) string { return "elderzan://workspace/" + url.PathEscape(key) }

func shown(d memory.Draft) draft {
	return draft{Key: d.Key, Content: d.Content, Bytes: d.Bytes, UpdatedAt: stamp(d.UpdatedAt), ExpiresAt: stamp(d.ExpiresAt), Session: d.Session}
}

func shownAll(ds []memory.Draft) []draft {
	out := []draft{}
	for _, d := range ds {
		one := shown(d)
		one.Session = ""
		out = append(out, one)
	}
	return out
}

func (s *surface) workspace(ctx context.Context, c *call) (any, error) {
	a := c.args
	key := a.word("key")
	in := memory.DraftInput{Key: key, Content: a.text("content"), Append: a.flag("append"), ExpiresIn: a.span("expires_in")}
	drop, promote := a.flag("drop"), a.flag("promote")
	switch {
	case key == "" && len(a.raw) > 0:
		a.fail("key", "is missing", "name the draft, or pass nothing at all to list the drafts")
	case drop && promote || (drop || promote) && a.has("content"):
		a.fail("content", "came together with drop or promote", "do one thing in a call")
	case (a.has("append") || a.has("expires_in")) && !a.has("content"):
		a.fail("content", "is missing", "pass the text to keep")
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	switch {
	case key == "":
		ds, err := c.service.Drafts(ctx, c.caller)
		out := workspaceResult{Drafts: shownAll(ds)}
		if len(ds) == 0 {
			out.Note = "nothing is in the workspace of this project; pass key and content to keep something"
		}
		return out, err
	case a.has("content"):
		d, err := c.service.SaveDraft(ctx, c.caller, in)
		d.Content = "" // the caller has it
		return workspaceResult{Drafts: []draft{shown(d)}}, err
	case promote:
		return s.promote(ctx, c, key)
	case drop:
		err := c.service.DropDraft(ctx, c.caller, key)
		return workspaceResult{Drafts: []draft{}, Note: "dropped"}, err
	}
	d, err := c.service.Draft(ctx, c.caller, key)
	return workspaceResult{Drafts: []draft{shown(d)}}, err
}

func (s *surface) promote(ctx context.Context, c *call, key string) (any, error) {
	res, err := c.service.PromoteDraft(ctx, c.caller, key, memory.RememberInput{})
	if err != nil {
		return nil, err
	}
	return workspaceResult{Drafts: []draft{}, Memory: res.Memory.ID, Scope: res.Memory.Scope.String(), Warnings: res.Warnings}, nil
}
