package makeup_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/makeup"
)

func TestOf(t *testing.T) {
	for text, want := range map[string]makeup.Makeup{
		"":                      {},
		"a plain sentence":      {Longest: 8},
		"room 12, floor 3":      {Digits: 3, Longest: 5},
		"passportNumber":        {Longest: 14, Humps: true},
		"GitHub and McDonald":   {Longest: 8, Humps: true},
		"Git Hub":               {Longest: 3},
		"snake_case\tkebab-ab1": {Digits: 1, Longest: 10, Joins: true},
		"%41 one\nlonger":       {Digits: 2, Longest: 6, Percent: true, Marks: true},
		"what? this!":           {Longest: 5, Marks: true},
		"鍵は山":                   {Longest: 9, High: true},
	} {
		if got := makeup.Of(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

// FuzzOf compares the one pass with plain searches.
func FuzzOf(f *testing.F) {
	f.Add("aB 1_%鍵")
	f.Fuzz(func(t *testing.T, text string) {
		got := makeup.Of(text)
		var want makeup.Makeup
		run := 0
		for i := range len(text) {
			c := text[i]
			if run++; c <= ' ' {
				run = 0
			}
			want.Longest = max(want.Longest, run)
			if strings.IndexByte("0123456789", c) >= 0 {
				want.Digits++
			}
			want.High = want.High || c >= 0x80
			want.Humps = want.Humps || i > 0 && c >= 'A' && c <= 'Z' && text[i-1] >= 'a' && text[i-1] <= 'z'
		}
		want.Joins, want.Percent, want.Marks = strings.ContainsAny(text, "-_"), strings.Contains(text, "%"), strings.ContainsAny(text, "!#%&$?")
		if got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	})
}
