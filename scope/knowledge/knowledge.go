// Package knowledge names what kind of knowledge a text holds: a best practice, a decision, a convention, a how-to, a
// preference, an event, a lesson, a task, a reference, a fact about a person or about a project. It reads the words that
// such texts are written with, in English and Japanese.
package knowledge

import (
	"math"
	"strings"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// The knowledge types.
const (
	BestPractice = "best-practice" // what one should do anywhere
	Decision     = "decision"      // what was chosen, and why
	Convention   = "convention"    // how things are done here
	HowTo        = "how-to"        // steps to reach something
	Preference   = "preference"    // what a person likes
	Event        = "event"         // what happened, or will, at a time
	Lesson       = "lesson"        // what was learned from a problem
	Task         = "task"          // what is to be done
	Reference    = "reference"     // where to find something, or a definition
	Person       = "person"        // who someone is and does
	ProjectFact  = "project-fact"  // how a project is
)

// Guesser is a scope.Guesser. The zero value is ready; it is safe for concurrent use.
type Guesser struct{}

var _ scope.Guesser = Guesser{}

// New returns a Guesser.
func New() Guesser { return Guesser{} }

// maxText bounds how much of a text is read, in bytes.
const maxText = 16 << 10

var table = func() (t struct {
	set     *keyword.Set
	class   []int
	weights []float64
}) {
	var words []string
	for i, c := range classes {
		for weight, list := range c.words {
			for _, w := range strings.Split(list, "|") {
				if w = strings.Trim(w, "\n\t"); w != "" {
					words = append(words, w)
					t.class = append(t.class, i)
					t.weights = append(t.weights, weight)
				}
			}
		}
	}
	t.set = keyword.New(words)
	return t
}

// Guess names the knowledge type of a text; the name is empty when nothing speaks for any.
func (Guesser) Guess(in scope.Input) scope.Guess {
	text := in.Title + ". " + in.Content
	if len(text) > maxText {
		text = text[:maxText]
	}
	text = " " + strings.Join(strings.Fields(text), " ") + " "
	t := load()
	scores := make([]float64, len(classes))
	seen := make(map[int]bool)
	t.set.Each(text, func(h keyword.Hit) bool {
		if !seen[h.Word] {
			seen[h.Word] = true
			scores[t.class[h.Word]] += t.weights[h.Word]
		}
		return true
	})
	for i, c := range classes {
		if scores[i] > 0 && c.start > 0 {
			scores[i] += c.start * startsWith(text, c.starts)
		} else if c.start > 0 {
			scores[i] = c.start * startsWith(text, c.starts)
		}
	}
	best, total := 0, math.Exp(1) // the last for "none of them"
	for i, s := range scores {
		total += math.Exp(2*s) - 1
		if s > scores[best] {
			best = i
		}
	}
	if scores[best] <= 0 {
		return scope.Guess{}
	}
	return scope.Guess{Name: classes[best].name, Confidence: (math.Exp(2*scores[best]) - 1) / total, Signals: []string{"it is worded like " + inWords(classes[best].name)}}
}

// inWords writes a class in a sentence: "an event", "a best practice".
func inWords(class string) string {
	article := "a "
	if strings.ContainsRune("aeiou", rune(class[0])) {
		article = "an "
	}
	return article + strings.ReplaceAll(class, "-", " ")
}

func startsWith(text string, starts string) float64 {
	body := strings.TrimLeft(text, " .")
	for s := range strings.SplitSeq(starts, "|") {
		if s != "" && len(body) > len(s) && strings.EqualFold(body[:len(s)], s) {
			return 1
		}
	}
	return 0
}
