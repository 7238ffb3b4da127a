package keyword_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

func TestGate(t *testing.T) {
	newGate := func() *keyword.Gate {
		return keyword.NewGate(keyword.New([]string{"token", ""}), keyword.New([]string{"パスワード", "passphrase"}), keyword.New(nil), keyword.New([]string{"Token", "x"}))
	}
	for name, tc := range map[string]struct {
		text string
		want uint64
	}{
		"nothing":              {"", 0},
		"no word":              {"what stands here", 0},
		"a word of two sets":   {"the TOKEN", 1 | 8},
		"a word's beginning":   {"a passphase", 2},
		"another script":       {"このパスワードは", 2},
		"too short to be sure": {"passport", 0},
		"all":                  {"x passphrase token", 1 | 2 | 8},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newGate().In(tc.text); got != tc.want {
				t.Errorf("In(%q) = %b, want %b", tc.text, got, tc.want)
			}
		})
	}
}

// FuzzGate looks for a word that a set finds and its gate does not.
func FuzzGate(f *testing.F) {
	f.Add("he,she,his,hers", "password,pass", "ushers pass")
	f.Add("パスワード,鍵", "ー,", "パスワー鍵ド")
	f.Fuzz(func(t *testing.T, one, two, text string) {
		lists := [][]string{strings.Split(one, ","), strings.Split(two, ",")}
		in := keyword.NewGate(keyword.New(lists[0]), keyword.New(lists[1])).In(text)
		for i, words := range lists {
			if keyword.New(words).Contains(text) && in&(1<<i) == 0 {
				t.Errorf("%q holds one of %q, which the gate denies", text, words)
			}
		}
	})
}
