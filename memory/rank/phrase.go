package rank

import (
	"slices"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory/analysis"
)

// phraseReach is how many words behind the first word of a pair its second may stand.
const phraseReach = 3

// maxStems bounds the words of a question that form pairs.
const maxStems = 24

// readPairs returns the stems of a question's words that tell something, and which of them follow each other. Scripts
// without spaces form no pairs: there a word is one already.
func readPairs(text string) (stems []string, pairs [][2]int) {
	last := -1
	for _, term := range analysis.Query(text) {
		if len(stems) == maxStems {
			break
		}
		if r, _ := utf8.DecodeRuneInString(term); r >= 0x2E80 {
			last = -1
			continue
		}
		stems = append(stems, term)
		if n := len(stems) - 1; last >= 0 {
			pairs = append(pairs, [2]int{last, n})
		}
		last = len(stems) - 1
	}
	return stems, pairs
}

// phrases returns the share of the question's pairs of words that text holds in their order and close to each other.
func (q *question) phrases(text string) float64 {
	var at [maxStems]int // where each stem was seen last, counted in words from 1; 0 for not at all
	var buf [24]byte
	found := make([]bool, len(q.pairs))
	word := 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if !wordRune(r) {
			i += size
			continue
		}
		end := wordEnd(text, i)
		word++
		if k := q.stemAt(lowered(buf[:0], text[i:end])); k >= 0 {
			at[k] = word
			for n, p := range q.pairs {
				if p[1] == k && at[p[0]] > 0 && word-at[p[0]] <= phraseReach {
					found[n] = true
				}
			}
		}
		i = end
	}
	n := 0
	for _, f := range found {
		if f {
			n++
		}
	}
	return float64(n) / float64(len(q.pairs))
}

// stemAt returns which of the question's stems a word in lower case has; -1 for none. Only words that begin like one
// are reduced to their stem.
func (q *question) stemAt(word []byte) int {
	if n := len(word); n > 2 && word[n-1] == 's' && word[n-2] == '\'' {
		word = word[:n-2]
	}
	for k, s := range q.stems {
		if len(word) >= min(len(s), 3) && word[0] == s[0] && (len(s) < 2 || word[1] == s[1]) {
			stem := analysis.Stem(string(word))
			if stem == s {
				return k
			}
			return slices.Index(q.stems, stem)
		}
	}
	return -1
}
