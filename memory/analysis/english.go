package analysis

import (
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/kljensen/snowball/english"
)

// Stem reduces an English word in lower case to the term that Terms gives for it. Other words stay as they are.
func Stem(word string) string { return stem(word) }

// stem reduces an English word, in lower case, to what its forms have in common. Other words stay as they are.
func stem(word string) string {
	if len(word) < 3 || len(word) > 32 {
		return word
	}
	for i := 0; i < len(word); i++ {
		if c := word[i]; c < 'a' || c > 'z' {
			return word
		}
	}
	slot := &stems[maphash.String(stemSeed, word)%uint64(len(stems))]
	if known := slot.Load(); known != nil && known.word == word {
		return known.stem
	}
	known := &stemmed{strings.Clone(word), english.Stem(baseForm(word), true)}
	slot.Store(known)
	return known.stem
}

// stems remembers the stems of words met before: texts are made of few words, and to stem one takes a microsecond. A
// word takes the place of another that falls on its slot, so that the memory this takes is bounded.
var (
	stems    [4096]atomic.Pointer[stemmed]
	stemSeed = maphash.MakeSeed()
)

type stemmed struct{ word, stem string }

// contraction returns the word that an apostrophe and what follows it belong to, as in "Anna's" or "doesn't".
func contraction(head, tail string) (base string, ok bool) {
	switch strings.ToLower(tail) {
	case "s", "re", "ve", "ll", "d", "m":
		return head, true
	case "t":
		switch strings.ToLower(head) {
		case "can":
			return "can", true
		case "won":
			return "will", true
		case "shan":
			return "shall", true
		case "ain":
			return "is", true
		}
		if n := len(head); n > 2 && head[n-1]|0x20 == 'n' {
			return head[:n-1], true
		}
	}
	return "", false
}

// stopWord reports whether a word is so frequent, or so empty, that it tells nothing about a text. The list holds
// articles, pronouns, prepositions, conjunctions, auxiliaries with what an apostrophe leaves of them, and a few adverbs.
func stopWord(word string) bool {
	switch word {
	case "a", "an", "the", "this", "that", "these", "those", "such", "same", "other", "another", "each", "every",
		"either", "neither", "both", "some", "any", "all", "own":
		return true
	case "i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves", "you", "your", "yours", "yourself",
		"yourselves", "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they",
		"them", "their", "theirs", "themselves", "one", "ones", "someone", "something", "anyone", "anything":
		return true
	case "who", "whom", "whose", "which", "what", "when", "where", "why", "how", "whether", "whatever", "whichever":
		return true
	case "of", "in", "on", "at", "to", "for", "from", "by", "with", "without", "about", "into", "onto", "upon", "as",
		"than", "during", "through", "between", "among", "per", "via", "while", "until", "since", "because", "if",
		"then", "else", "and", "or", "nor", "but", "so", "though", "although", "however":
		return true
	case "be", "am", "is", "are", "was", "were", "been", "being", "do", "does", "did", "doing", "done", "have", "has",
		"had", "having", "can", "could", "will", "would", "shall", "should", "may", "might", "must", "ought":
		return true
	case "not", "no", "there", "here", "too", "also", "very", "just", "only", "even", "quite", "rather", "really",
		"still", "yet", "ever", "again", "more", "most", "much", "many", "few", "several", "etc", "eg", "ie":
		return true
	case "s", "t", "d", "m", "ll", "re", "ve", "im", "ive", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt",
		"werent", "cant", "wont", "couldnt", "wouldnt", "shouldnt", "hasnt", "havent", "hadnt":
		return true
	}
	return false
}

// questionWord reports whether a word belongs to the way a question is put and seldom to its answer.
func questionWord(word string) bool {
	switch word {
	case "tell", "told", "say", "says", "said", "mention", "mentions", "mentioned", "describe", "describes", "described",
		"explain", "explained", "remember", "remembers", "remind", "recall", "know", "knows", "known", "please", "show",
		"kind", "kinds", "type", "types", "sort", "sorts", "according", "regarding", "concerning", "related", "like",
		"get", "got", "anybody", "somebody", "everything", "things", "thing", "stuff":
		return true
	}
	return false
}

// baseForm returns the base of an irregular verb form or plural, and any other word unchanged. Forms that are as often
// something else are not listed: rose, lay, wound, bore, ground, and lives and leaves, which are verbs more often.
func baseForm(word string) string {
	if base := baseOfVerb(word); base != "" {
		return base
	}
	switch word {
	case "children":
		return "child"
	case "people", "persons":
		return "person"
	case "men":
		return "man"
	case "women":
		return "woman"
	case "feet":
		return "foot"
	case "teeth":
		return "tooth"
	case "geese":
		return "goose"
	case "mice":
		return "mouse"
	case "wives":
		return "wife"
	case "knives":
		return "knife"
	case "shelves":
		return "shelf"
	case "indices", "indexes":
		return "index"
	case "matrices":
		return "matrix"
	case "vertices":
		return "vertex"
	case "criteria":
		return "criterion"
	case "better", "best":
		return "good"
	case "worse", "worst":
		return "bad"
	}
	return word
}
