package tools

import (
	"context"
	"strings"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

type classifyResult struct {
	Scope      string         `json:"scope"`
	Confidence float64        `json:"confidence"`
	Sensitive  bool           `json:"detected_sensitive"`
	Detectors  []detection    `json:"detectors"`
	Knowledge  string         `json:"knowledge_type"`
	Project    projectContext `json:"project_context"`
	Suggested  string         `json:"suggested_scope,omitempty"`
	Reasons    []string       `json:"reasons"`
}

type detection struct {
	Rule       string  `json:"rule"`
	Kind       string  `json:"kind"`
	Field      string  `json:"field,omitempty"` // where it is, if not in the content
	Span       [2]int  `json:"span"`
	Confidence float64 `json:"confidence"`
}

type projectContext struct {
	Project    string   `json:"project"`
	Confidence float64  `json:"confidence"`
	Signals    []string `json:"signals"`
}

func (s *surface) classify(ctx context.Context, c *call) (any, error) {
	a := c.args
	in := memory.ClassifyInput{Content: a.text("content"), Title: a.word("title"), Tags: a.list("tags"), Metadata: a.object("metadata")}
	if err := a.err(); err != nil {
		return nil, err
	}
	d, err := c.service.Classify(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	parts := scope.Input{Content: in.Content, Title: in.Title, Tags: in.Tags, Metadata: in.Metadata}
	out := classifyResult{
		Scope: d.Scope.String(), Confidence: round(d.Confidence), Sensitive: d.Sensitive, Detectors: []detection{},
		Knowledge: d.Knowledge.Name, Suggested: suggested(d), Reasons: orEmpty(veil(parts, d.Findings, d.Reasons)),
		Project: projectContext{
			Project: d.Project.Name, Confidence: round(d.Project.Confidence), Signals: orEmpty(veil(parts, d.Findings, d.Project.Signals)),
		},
	}
	for _, f := range d.Findings {
		found := detection{Rule: f.Rule, Kind: f.Kind, Span: [2]int{f.Start, f.End}, Confidence: round(f.Confidence)}
		if f.Field != scope.FieldContent {
			found.Field, _, _ = strings.Cut(string(f.Field), ".") // a key of metadata can be a secret itself
		}
		out.Detectors = append(out.Detectors, found)
	}
	return out, nil
}

// minVeiled is the shortest secret that veil looks for; anything shorter would black out parts of words.
const minVeiled = 4

// veil takes what was found in a text out of words about it. The classifier promises not to quote the text; an answer
// that repeats a secret is bad enough to check the promise.
func veil(in scope.Input, findings []scope.Finding, words []string) []string {
	out := words
	for _, f := range findings {
		for _, secret := range quoted(in, f) {
			for i, w := range out {
				if len(secret) >= minVeiled && strings.Contains(w, secret) {
					out = append([]string(nil), out...)
					out[i] = strings.ReplaceAll(w, secret, "["+f.Kind+"]")
				}
			}
		}
	}
	return out
}

// quoted returns what f may have found: of content, title and tags the part it names, of metadata, whose parts it counts in
// another form, the key and every text below it.
func quoted(in scope.Input, f scope.Finding) []string {
	within := func(text string) []string {
		if f.Start < 0 || f.End > len(text) || f.Start >= f.End {
			return nil
		}
		return []string{text[f.Start:f.End]}
	}
	switch f.Field {
	case scope.FieldContent:
		return within(in.Content)
	case scope.FieldTitle:
		return within(in.Title)
	case scope.FieldTag: // of one of them
		var out []string
		for _, t := range in.Tags {
			out = append(out, within(t)...)
		}
		return out
	}
	_, key, _ := strings.Cut(string(f.Field), ".")
	return append(leaves(in.Metadata[key]), key)
}

// leaves returns the texts in a value of JSON.
func leaves(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			out = append(out, leaves(e)...)
		}
	case map[string]any:
		for k, e := range v {
			out = append(append(out, k), leaves(e)...)
		}
	}
	return out
}
