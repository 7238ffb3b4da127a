// Package tokens counts what a text takes of a language model's context, by a real tokenizer: cl100k, whose vocabulary
// is compiled in, so that nothing is fetched. Other models count differently, but seldom more for what memories hold;
// a budget in these tokens is kept to the letter.
//
// The vocabulary is laid out at the first count, not before: about 0.1 s and 10 MB once. Every function is safe for
// concurrent use and takes time linear in the length of the text.
package tokens

import (
	"sync"
	"unicode"

	"github.com/tiktoken-go/tokenizer/codec"
)

var cl100k = sync.OnceValue(codec.NewCl100kBase)

// maxRun bounds the bytes without a blank, and the blanks in a row, that are counted together: the tokenizer's time
// grows with their square. A cut counts as one token, which is more than it may save.
const maxRun = 128

// Count returns the tokens of text.
func Count(text string) int { return countBy(cl100k().Count, text) }

// countBy is Count with the tokenizer given.
func countBy(count func(string) (int, error), text string) int {
	n := 0
	for {
		end := cut(text)
		c, err := count(text[:end])
		if err != nil { // the expression that splits texts gave up: no text has more tokens than bytes
			c = end
		}
		n += c
		if end == len(text) {
			return n
		}
		n++
		text = text[end:]
	}
}

// cut returns how much of text is counted at once: as far as no run is longer than maxRun.
func cut(text string) int {
	run, blank := 0, false
	for i, r := range text {
		if b := unicode.IsSpace(r); b != blank {
			run, blank = i, b
		}
		if i-run >= maxRun {
			return i
		}
	}
	return len(text)
}
