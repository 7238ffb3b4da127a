package feature

import (
	"strings"
	"sync"
)

// what is what the lists say of a word.
type what struct {
	cue   uint8 // group of cue words, 0 for none
	known bool  // a word of the vocabulary
	plain bool  // an everyday word
}

// listed reports whether a word is in the vocabulary or an everyday one.
func (w what) listed() bool { return w.known || w.plain }

// lexicon holds the words of all lists in one table: a text looks up each of its words, and what is not at hand takes longer to fetch
// than to compare.
type lexicon struct {
	slots []slot // open addressing by hash; a power of two, at most half full
	words []byte // what the slots point into: length, cue, lists, the word
}

type slot struct {
	hash uint32
	at   uint32 // offset in words plus one; 0 for none
}

const (
	inVocabulary = 1 << iota
	inEveryday
)

// lexiconHead is how many bytes stand before a word in words.
const lexiconHead = 3

var lists = sync.OnceValue(func() *lexicon {
	all := make(map[string]what, 1<<15)
	add := func(list string, as func(*what)) {
		for _, w := range strings.Fields(list) {
			if k := all[w]; len(w) < 256 {
				as(&k)
				all[w] = k
			}
		}
	}
	add(wordList, func(k *what) { k.known = true })
	add(nounList, func(k *what) { k.known = true })
	add(everydayList, func(k *what) { k.plain = true })
	for i, list := range cueGroups {
		add(list, func(k *what) { k.cue = uint8(i + 1) })
	}
	size := 1
	for size < 2*len(all) {
		size *= 2
	}
	l := &lexicon{slots: make([]slot, size)}
	for w, k := range all {
		h := hash(w)
		i := int(h) & (size - 1)
		for l.slots[i].at > 0 {
			i = (i + 1) & (size - 1)
		}
		l.slots[i] = slot{h, uint32(len(l.words)) + 1}
		in := byte(0)
		if k.known {
			in |= inVocabulary
		}
		if k.plain {
			in |= inEveryday
		}
		l.words = append(append(l.words, byte(len(w)), k.cue, in), w...)
	}
	return l
})

// find returns what the lists say of a word, whose hash is h.
func (l *lexicon) find(word []byte, h uint32) what {
	mask := len(l.slots) - 1
	for i := int(h) & mask; ; i = (i + 1) & mask {
		s := l.slots[i]
		if s.at == 0 {
			return what{}
		}
		if s.hash != h {
			continue
		}
		head := l.words[s.at-1:]
		if int(head[0]) == len(word) && string(head[lexiconHead:lexiconHead+int(head[0])]) == string(word) {
			return what{head[1], head[2]&inVocabulary != 0, head[2]&inEveryday != 0}
		}
	}
}

// folded is find of a word in small letters, which buf is there for; the lists hold none that it is too short for.
func (l *lexicon) folded(word string, buf *[64]byte) what {
	low := fold(word, buf)
	return l.find(low, hashBytes(low))
}

// of returns what the lists say of a word.
func of(word string) what { return lists().find([]byte(word), hash(word)) }
