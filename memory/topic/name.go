package topic

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
)

// termsOfName is how many terms a name is made of.
const termsOfName = 3

// termsShown is how many terms a topic is described by.
const termsShown = 8

// nameBytes is how much of a memory counts towards a name.
const nameBytes = 2000

// terms describes each group of memories by what tells it from the others: terms that many of its memories have and few of
// the rest. A term that a single memory of the group has says something about that memory, not about the topic.
func terms(groups [][]memory.Memory) [][]string {
	in := make([]map[string]*usage, len(groups)) // by group and term
	all := map[string]int{}
	total := 0
	for g, ms := range groups {
		in[g] = map[string]*usage{}
		for i := range ms {
			total++
			for term, word := range words(&ms[i]) {
				u := in[g][term]
				if u == nil {
					u = &usage{forms: map[string]int{}}
					in[g][term] = u
				}
				u.memories++
				u.forms[word]++
				all[term]++
			}
		}
	}
	out := make([][]string, len(groups))
	for g, ms := range groups {
		out[g] = best(in[g], all, len(ms), total)
	}
	return out
}

// usage is how a group uses a term.
type usage struct {
	memories int
	forms    map[string]int // the words behind it
}

func best(in map[string]*usage, all map[string]int, size, total int) []string {
	type scored struct {
		term  string
		score float64
	}
	var list []scored
	for term, u := range in {
		if u.memories < 2 {
			continue
		}
		share := float64(u.memories) / float64(size)
		rare := math.Log(float64(1+total) / float64(1+all[term]))
		own := float64(u.memories) / float64(all[term])
		list = append(list, scored{term, share * rare * own})
	}
	slices.SortFunc(list, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.term, b.term)) })
	var out []string
	for _, s := range list {
		word := common(in[s.term].forms)
		if s.score > 0 && len(out) < termsShown && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// common returns the form of a term that is used most.
func common(forms map[string]int) (best string) {
	for f, n := range forms {
		if n > forms[best] || n == forms[best] && (best == "" || f < best) {
			best = f
		}
	}
	return best
}

// words returns the terms of a memory that may name a topic, each with the word it comes from.
func words(m *memory.Memory) map[string]string {
	text := m.Title + "\n" + m.Content
	for len(text) > nameBytes {
		text = text[:nameBytes]
	}
	for !utf8.ValidString(text) && len(text) > 0 {
		text = text[:len(text)-1]
	}
	out := map[string]string{}
	for _, w := range analysis.Words(text) {
		word := strings.ToLower(text[w.Start:w.End])
		if telling(word) && out[w.Term] == "" {
			out[w.Term] = word
		}
	}
	for _, tag := range m.Tags {
		if word := strings.ToLower(tag); telling(word) {
			out[word] = word
		}
	}
	return out
}

// telling reports whether a word may stand in a name: a number or two letters of Latin script say too little.
func telling(word string) bool {
	letters, wide := 0, false
	for _, r := range word {
		if unicode.IsLetter(r) {
			letters++
		}
		wide = wide || r >= 0x2e80
	}
	return letters >= 3 || wide && letters >= 2
}

// name joins the first terms.
func name(terms []string) string {
	if len(terms) == 0 {
		return "other"
	}
	return strings.Join(terms[:min(len(terms), termsOfName)], ", ")
}
