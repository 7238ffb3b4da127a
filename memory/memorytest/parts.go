package memorytest

import (
	"cmp"
	"context"
	"hash/fnv"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Space is the embedding space of Embedder.
const Space = "words"

// Embedder makes a bag of hashed words of each text. Its zero value works; it is safe for concurrent use as long as
// the fields stay as they are.
type Embedder struct {
	Fail func(texts []string, localOnly bool) error // nil never fails
}

// Documents implements memory.Embedder.
func (e *Embedder) Documents(ctx context.Context, texts []string, localOnly bool) ([]memory.Embedding, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if e.Fail != nil {
		if err := e.Fail(texts, localOnly); err != nil {
			return nil, "", err
		}
	}
	out := make([]memory.Embedding, len(texts))
	for i, t := range texts {
		out[i].Vector = bag(t)
	}
	return out, Space, nil
}

// Query implements memory.Embedder.
func (e *Embedder) Query(ctx context.Context, text string, localOnly bool) (map[string]memory.Embedding, bool, error) {
	rows, _, err := e.Documents(ctx, []string{text}, localOnly)
	if err != nil {
		return nil, false, err
	}
	return map[string]memory.Embedding{Space: rows[0]}, false, nil
}

func bag(text string) []float32 {
	v := make([]float32, memory.Dim)
	for _, w := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New32a()
		h.Write([]byte(strings.Trim(w, ".,;:!?")))
		v[h.Sum32()%memory.Dim]++
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		v[0], sum = 1, 1
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

var password = regexp.MustCompile(`(?i)password is (\S+)`)

// Classifier finds "password is …" in any field and makes such a text PRIVATE; anything else is PROJECT.
type Classifier struct {
	Fail func() error // nil never fails
}

// Classify implements memory.Classifier.
func (c Classifier) Classify(ctx context.Context, in scope.Input) (scope.Decision, error) {
	if err := ctx.Err(); err != nil {
		return scope.Decision{}, err
	}
	if c.Fail != nil {
		if err := c.Fail(); err != nil {
			return scope.Decision{}, err
		}
	}
	d := scope.Decision{
		Scope: scope.Project, Confidence: 0.75, Knowledge: scope.Guess{Name: "note", Confidence: 0.5}, Reasons: []string{"nothing sensitive was found"},
		Project: scope.Guess{Name: in.Project, Confidence: 1, Signals: []string{"working folder"}},
	}
	fields := map[scope.Field]string{scope.FieldContent: in.Content, scope.FieldTitle: in.Title, scope.FieldTag: strings.Join(in.Tags, " ")}
	for _, f := range []scope.Field{scope.FieldTitle, scope.FieldContent, scope.FieldTag} {
		if at := password.FindStringSubmatchIndex(fields[f]); at != nil {
			d.Findings = append(d.Findings, scope.Finding{Rule: "password-is", Kind: "credential", Field: f, Start: at[2], End: at[3], Confidence: 0.9})
		}
	}
	if strings.Contains(in.Content, "@example.com") {
		d.Findings = append(d.Findings, scope.Finding{Rule: "email", Kind: "personal", Field: scope.FieldContent, Confidence: 0.9})
	}
	if len(d.Findings) > 0 {
		d.Scope, d.Sensitive, d.Confidence, d.Reasons = scope.Private, true, 0.9, []string{"holds a credential or personal data"}
	}
	return d, nil
}

// Ranker orders by the mean of both scores.
type Ranker struct{}

// Rank implements memory.Ranker.
func (Ranker) Rank(q memory.RankQuery, set memory.CandidateSet) []memory.Ranked {
	words := float64(len(strings.Fields(q.Text)))
	var out []memory.Ranked
	for _, c := range set.Candidates {
		r := memory.Ranked{Candidate: c, Score: min(1, max(0, (c.Dense+c.Lexical/max(words, 1))/2))}
		if q.Explain {
			r.Why = []string{"words and meaning"}
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b memory.Ranked) int { return cmp.Compare(b.Score, a.Score) })
	return out[:min(len(out), q.Limit)]
}
