package tools

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

type rememberResult struct {
	ID             memory.ID      `json:"id"`
	Scope          string         `json:"scope"`
	Kind           string         `json:"kind"`
	Project        string         `json:"project"`
	Classification classification `json:"classification"`
	DuplicateOf    memory.ID      `json:"duplicate_of,omitempty"`
	Warnings       []string       `json:"warnings"`
}

// classification is the part of a decision that matters to someone who has the text.
type classification struct {
	Scope      string   `json:"scope"`
	Confidence float64  `json:"confidence"`
	Sensitive  bool     `json:"detected_sensitive"`
	Rules      []string `json:"rules"`
	Reasons    []string `json:"reasons"`
	Suggested  string   `json:"suggested_scope,omitempty"`
}

func (s *surface) remember(ctx context.Context, c *call) (any, error) {
	a := c.args
	in := memory.RememberInput{
		Content: a.text("content"), Title: a.word("title"), Kind: a.word("kind"), Tags: a.list("tags"), Scope: a.scope("scope"),
		Project: a.word("project"), Team: a.word("team"), OccurredAt: a.time("occurred_at"), ExpiresIn: a.span("expires_in"),
		Supersedes: a.id("supersedes"), Metadata: a.object("metadata"), Override: a.flag("override_auto_classification"),
		Wait: a.flag("wait"), Ask: c.ask,
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	res, err := c.service.Remember(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	m := &res.Memory
	c.links = append(c.links, mcp.NewResourceLink(memoryURI(m.ID), "memory", "", mimeJSON))
	d := res.Decision
	return rememberResult{
		ID: m.ID, Scope: m.Scope.String(), Kind: m.Kind, Project: m.Project, DuplicateOf: res.DuplicateOf, Warnings: orEmpty(res.Warnings),
		Classification: classification{
			Scope: d.Scope.String(), Confidence: round(d.Confidence), Sensitive: d.Sensitive, Rules: orEmpty(d.Rules()),
			Reasons: orEmpty(veil(scope.Input{Content: in.Content, Title: in.Title, Tags: in.Tags, Metadata: in.Metadata}, d.Findings, d.Reasons)), Suggested: suggested(d),
		},
	}, nil
}

func suggested(d scope.Decision) string {
	if !d.Suggest.Valid() {
		return ""
	}
	return d.Suggest.String()
}
