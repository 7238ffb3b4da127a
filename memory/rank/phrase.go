package rank

import (
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory/analysis"
)

// phraseReach is how many words behind the first word of a pair its second may stand.
const phraseReach = 3

// maxStems bounds the words of a question that form pairs; below 32.
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

// pairing looks for a question's pairs of words in a text that is read word by word.
type pairing struct {
	q     *question
	at    [maxStems]int // where each stem was seen last, counted in words from 1; 0 for not at all
	found uint32        // of the pairs, a bit each
}

// read takes the n-th word, from 1, in lower case.
func (p *pairing) read(n int, word []byte) {
	if !p.q.initials[word[0]] {
		return
	}
	k := p.q.stemAt(word)
	if k < 0 {
		return
	}
	p.at[k] = n
	for i, pair := range p.q.pairs {
		if pair[1] == k && p.at[pair[0]] > 0 && n-p.at[pair[0]] <= phraseReach {
			p.found |= 1 << i
		}
	}
}

// share returns which share of the pairs the text holds, in their order and close to each other.
func (p *pairing) share() float64 {
	if len(p.q.pairs) == 0 {
		return 0
	}
	return float64(bits.OnesCount32(p.found)) / float64(len(p.q.pairs))
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
