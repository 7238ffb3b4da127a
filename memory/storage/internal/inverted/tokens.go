package inverted

import (
	"slices"
	"strings"
	"unicode"

	"github.com/elderzan/elderzan/memory/analysis"
)

// formWeight is what a token counts that is part of no term: a word that shapes the question more than it asks for something.
const formWeight = 1

// TokenWeights returns how much each token of the question text counts in a comparison of tokens; spans are the parts of text
// that they stand for. A token of a term counts by its rarity among the selected memories, one of another word a little, and a
// sign nothing.
func (r *Run) TokenWeights(text string, spans [][2]int) []float64 {
	asked := analysis.Query(text)
	words := slices.DeleteFunc(analysis.Words(text), func(w analysis.Word) bool { return !slices.Contains(asked, w.Term) })
	out := make([]float64, len(spans))
	for i, s := range spans {
		if s[0] < 0 || s[1] > len(text) || s[0] >= s[1] || !strings.ContainsFunc(text[s[0]:s[1]], speaks) {
			continue
		}
		out[i] = formWeight
		for _, w := range words {
			if w.Start < s[1] && s[0] < w.End {
				out[i] = max(out[i], r.Rarity(w.Term))
			}
		}
	}
	return out
}

func speaks(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
