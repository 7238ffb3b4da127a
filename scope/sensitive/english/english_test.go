package english_test

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/english"
)

func TestWord(t *testing.T) {
	for _, w := range []string{"humbling", "Rejections", "tranquil", "congrats", "How's", "I'll", "that’ll", "dairy-free", "nerve-wracking", "a"} {
		if !english.Word(w) {
			t.Errorf("%q is no word", w)
		}
	}
	for _, w := range []string{"", "-", "bergluft", "tsukimi", "hunter2", "velvet-bergluft", "'", "xkcd", "free-", "ll'humbling"} {
		if english.Word(w) {
			t.Errorf("%q is a word", w)
		}
	}
}
