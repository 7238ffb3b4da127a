package projectctx

import (
	"testing"

	"github.com/elderzan/elderzan/scope"
)

// BenchmarkGuess takes a turn of a conversation, the most common memory there is.
func BenchmarkGuess(b *testing.B) {
	g := New(Options{})
	in := scope.Input{Content: "[1:56 pm on 8 May, 2023] Caroline: I went to a support group yesterday and it was so powerful, people shared their stories and I felt less alone in all of this.", Project: "conv-26"}
	b.SetBytes(int64(len(in.Content)))
	for b.Loop() {
		g.Guess(in)
	}
}
