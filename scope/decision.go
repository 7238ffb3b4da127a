package scope

import "context"

// Input is a text to classify, with everything that would be stored beside it: a secret in a tag is as much a
// secret as one in the content.
type Input struct {
	Title    string
	Content  string
	Tags     []string
	Metadata map[string]any // JSON values
	Project  string         // name of the project the text was written in; "" when unknown
	Root     string         // absolute folder of that project; "" when unknown
}

// Field names the part of an Input that a Finding points into.
type Field string

// The fields of an Input. A finding in the metadata names its key: "metadata.key".
const (
	FieldContent  Field = "content"
	FieldTitle    Field = "title"
	FieldTag      Field = "tag"
	FieldMetadata Field = "metadata"
)

// Finding is one place that looks sensitive. It never holds the secret itself.
type Finding struct {
	Rule       string  `json:"rule"`       // stable id, such as "github-pat" or "en-password-is"
	Kind       string  `json:"kind"`       // "credential", "personal", "financial", "health", "key" …
	Field      Field   `json:"field"`      // where in the Input
	Start      int     `json:"start"`      // byte offset in the original text of the field
	End        int     `json:"end"`        // byte offset one past the last
	Confidence float64 `json:"confidence"` // in (0, 1]
	Preview    string  `json:"preview"`    // masked: kind and length, never characters of the secret that help to guess it
}

// Guess is what a detector that names one of several classes answers.
type Guess struct {
	Name       string   // the class, such as "decision" or a project's name; "" when there is none
	Confidence float64  // in [0, 1]
	Signals    []string // what spoke for it, in words, without the text itself
}

// SensitiveDetector finds secrets and personal data. It returns findings in the order of fields and offsets; an
// empty result means that nothing was found. It is safe for concurrent use.
type SensitiveDetector interface {
	Detect(ctx context.Context, in Input) ([]Finding, error)
}

// Raiser may call a text sensitive that no detector does; it is asked about no other, so it can lower nothing. It is safe for
// concurrent use.
type Raiser interface {
	Raise(in Input, d Decision) (raise bool, confidence float64, reason string)
}

// Guesser names the project context or the knowledge type of a text. It is safe for concurrent use.
type Guesser interface {
	Guess(in Input) Guess
}

// Decision is what the Classifier answers about an Input.
type Decision struct {
	Scope      Scope     // where the memory belongs
	Confidence float64   // in [0, 1], calibrated: the share of such decisions a person would agree with
	Sensitive  bool      // whether anything in Findings asks for PRIVATE
	Findings   []Finding // what was found, without the secrets
	Knowledge  Guess     // knowledge type: "decision", "preference" …
	Project    Guess     // project context
	Suggest    Scope     // a wider scope that would fit if the user agrees; 0 when there is none
	Reasons    []string  // in words, without the text
}

// Rules lists the ids of the rules in d.Findings, each once, in order of appearance. The caller owns the slice.
func (d Decision) Rules() []string {
	seen := make(map[string]bool, len(d.Findings))
	var out []string
	for _, f := range d.Findings {
		if !seen[f.Rule] {
			seen[f.Rule] = true
			out = append(out, f.Rule)
		}
	}
	return out
}
