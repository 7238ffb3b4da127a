package tools

import (
	"context"
	"strings"

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
	Span       [2]int  `json:"span"`
	Confidence float64 `json:"confidence"`
}

type projectContext struct {
	Project    string   `json:"project"`
	Confidence float64  `json:"confidence"`
	Signals    []string `json:"signals"`
}

func (s *surface) classify(ctx context.Context, c *call) (any, error) {
	content := c.args.text("content")
	if err := c.args.err(); err != nil {
		return nil, err
	}
	d, err := c.service.Classify(ctx, c.caller, content)
	if err != nil {
		return nil, err
	}
	out := classifyResult{
		Scope: d.Scope.String(), Confidence: round(d.Confidence), Sensitive: d.Sensitive, Detectors: []detection{},
		Knowledge: d.Knowledge.Name, Suggested: suggested(d), Reasons: orEmpty(veil(content, d.Findings, d.Reasons)),
		Project: projectContext{
			Project: d.Project.Name, Confidence: round(d.Project.Confidence), Signals: orEmpty(veil(content, d.Findings, d.Project.Signals)),
		},
	}
	for _, f := range d.Findings {
		out.Detectors = append(out.Detectors, detection{Rule: f.Rule, Kind: f.Kind, Span: [2]int{f.Start, f.End}, Confidence: round(f.Confidence)})
	}
	return out, nil
}

// minVeiled is the shortest secret that veil looks for; anything shorter would black out parts of words.
const minVeiled = 4

// veil takes what was found in content out of words about it. The classifier promises not to quote the text; an answer
// that repeats a secret is bad enough to check the promise.
func veil(content string, findings []scope.Finding, words []string) []string {
	out := words
	for _, f := range findings {
		if f.Field != scope.FieldContent || f.Start < 0 || f.End > len(content) || f.End-f.Start < minVeiled {
			continue
		}
		secret := content[f.Start:f.End]
		for i, w := range out {
			if strings.Contains(w, secret) {
				out = append([]string(nil), out...)
				out[i] = strings.ReplaceAll(w, secret, "["+f.Kind+"]")
			}
		}
	}
	return out
}
