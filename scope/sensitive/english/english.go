// Package english knows the words of English, with their inflections, so that a rare word of a text can be told from one
// that is in no dictionary. It holds no words but their hashes, sorted: package gen makes them from the list of Debian's
// wamerican-large, which is SCOWL's (Copyright 2000-2019 Kevin Atkinson and others; free for any use with this notice).
package english

import (
	_ "embed"
	"encoding/binary"
	"hash/fnv"
	"sort"
	"strings"
)

//go:generate go run ./gen

// words.bin holds one number of 32 bits for each word, the lowest byte first, in ascending order. A word that is in no
// dictionary is taken for one in about 30,000 cases.
//
//go:embed words.bin
var words string

// Hash is what stands for a word, which has to be in small letters.
func Hash(word string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(word))
	return h.Sum32()
}

// Word reports whether s is an English word, or several joined by hyphens. Case does not count, and neither does what
// an apostrophe cuts off: how's, I'll.
func Word(s string) bool {
	parts := strings.Split(strings.ToLower(s), "-")
	for _, p := range parts {
		for _, mark := range []string{"'", "’"} {
			if head, tail, ok := strings.Cut(p, mark); ok && len(tail) <= len("ll") {
				p = head
			}
		}
		if !known(p) {
			return false
		}
	}
	return true
}

func known(word string) bool {
	if word == "" {
		return false
	}
	const size = 4
	want := Hash(word)
	at := func(i int) uint32 { return binary.LittleEndian.Uint32([]byte(words[i*size : (i+1)*size])) }
	i := sort.Search(len(words)/size, func(i int) bool { return at(i) >= want })
	return i < len(words)/size && at(i) == want
}
