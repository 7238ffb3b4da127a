package inverted

import (
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/dialogue"
)

// Terms is what the store keeps beside a memory so that the index can be filled without the text.
type Terms struct {
	Body   []string // see Doc.Body
	Title  []string
	Labels []string
	Turn   bool
}

// AnalysisVersion names the rules of Analyse; stored Terms of another version are to be made anew.
const AnalysisVersion = analysis.Version<<8 | 2

// speakerWeight is how often a speaker's name counts as a label: questions about a person mean what that person said.
const speakerWeight = 3

// Analyse returns the terms of a memory. What stands before the speaker of a turn describes it; it is not lent. Of an
// untrusted memory each term counts once, wherever and however often it stands: repeating a word, or saying it in title
// and tags as well, does not raise it.
func Analyse(m *memory.Memory) Terms {
	turn := dialogue.Parse(m.Content, m.Metadata)
	t := Terms{Body: analysis.Terms(turn.Body), Title: analysis.Terms(m.Title), Turn: turn.Speaker != ""}
	t.Labels = analysis.Terms(turn.Head)
	for range speakerWeight {
		t.Labels = append(t.Labels, analysis.Terms(turn.Speaker)...)
	}
	for _, tag := range m.Tags {
		t.Labels = append(t.Labels, analysis.Terms(tag)...)
	}
	if m.Trust == memory.TrustUntrusted {
		t.once()
	}
	return t
}

// once leaves each term one place: in the body, else among the labels.
func (t *Terms) once() {
	seen := map[string]bool{}
	keep := func(terms []string) []string {
		return slices.DeleteFunc(terms, func(term string) bool {
			again := seen[term]
			seen[term] = true
			return again
		})
	}
	t.Body = keep(t.Body)
	t.Labels, t.Title = keep(append(t.Labels, t.Title...)), nil
}

// NewDoc joins a row, a memory's attributes and its terms. It does not look at the memory's text.
func NewDoc(row int64, m *memory.Memory, t Terms) Doc {
	return Doc{
		Row: row, Body: t.Body, Title: t.Title, Labels: t.Labels, Turn: t.Turn,
		Project: m.Project, Session: m.Session, Kind: m.Kind, Tags: m.Tags, Scope: m.Scope, State: m.State,
		At: m.At().UnixMilli(), Updated: m.UpdatedAt.UnixMilli(),
	}
}

// Question returns the terms of a question, each once.
func Question(text string) []Term { return Words(analysis.Query(text)) }
