package matters

import (
	"slices"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// FuzzSenses puts a word that has more than one sense between other texts: whatever these are, spans are valid and time is bounded.
func FuzzSenses(f *testing.F) {
	var words []string
	for w := range sensesBy() {
		words = append(words, w)
	}
	slices.Sort(words)
	for i := range words {
		f.Add(uint8(i), "my ", " last year")
		f.Add(uint8(i), "the ", " of the build")
		f.Add(uint8(i), "彼は", "\xff")
	}
	f.Fuzz(func(t *testing.T, word uint8, before, after string) {
		text := before + words[int(word)%len(words)] + after
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		bound.Within(t, bound.Limit, false, func() { ms = Scan(text) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Kind == "" {
				t.Errorf("bad match %+v in %d bytes", m, len(text))
			}
		}
	})
}
