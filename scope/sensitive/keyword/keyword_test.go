package keyword_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

func hits(s *keyword.Set, text string) []keyword.Hit {
	var out []keyword.Hit
	s.Each(text, func(h keyword.Hit) bool {
		out = append(out, h)
		return true
	})
	return out
}

func TestEachFindsEveryOccurrence(t *testing.T) {
	for name, tc := range map[string]struct {
		words []string
		text  string
		want  []keyword.Hit
	}{
		"nothing in nothing":    {nil, "abc", nil},
		"empty words":           {[]string{"", "b"}, "abc", []keyword.Hit{{1, 1, 2}}},
		"any case":              {[]string{"Token"}, "tOkEn", []keyword.Hit{{0, 0, 5}}},
		"a word inside another": {[]string{"key", "api key"}, "api key", []keyword.Hit{{1, 0, 7}, {0, 4, 7}}},
		"overlapping":           {[]string{"aba"}, "ababa", []keyword.Hit{{0, 0, 3}, {0, 2, 5}}},
		"twice the same word":   {[]string{"x", "X"}, "x", []keyword.Hit{{1, 0, 1}, {0, 0, 1}}},
		"other scripts":         {[]string{"鍵"}, "秘密鍵", []keyword.Hit{{0, 6, 9}}},
		"suffix of a dead end":  {[]string{"abcd", "bc"}, "abcx", []keyword.Hit{{1, 1, 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hits(keyword.New(tc.words), tc.text); !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestEachStopsWhenTold(t *testing.T) {
	n := 0
	keyword.New([]string{"a"}).Each("aaaa", func(keyword.Hit) bool {
		n++
		return n < 2
	})
	if n != 2 {
		t.Errorf("visited %d hits, want 2", n)
	}
}

// TestManyWords finds words of a Set that has more states than the small table can name.
func TestManyWords(t *testing.T) {
	var words []string
	for i := range 40000 {
		words = append(words, fmt.Sprintf("%05d", i*7919%100000))
	}
	s := keyword.New(words)
	for i, w := range words {
		if i%97 == 0 && !slices.Contains(hits(s, "a "+w+" b"), keyword.Hit{Word: i, Start: 2, End: 7}) {
			t.Errorf("%s is not found", w)
		}
	}
}

func TestContains(t *testing.T) {
	s := keyword.New([]string{"secret"})
	if !s.Contains("a SECRET") || s.Contains("secre") {
		t.Error("Contains disagrees with the text")
	}
}

func TestKatakanaBorders(t *testing.T) {
	for name, tc := range map[string]struct {
		text, word string
		want       bool
	}{
		"on its own":      {"住宅ローンの話", "ローン", false},
		"in a longer one": {"クローンする", "ローン", true},
		"goes on":         {"キーボード", "キー", true},
		"other script":    {"鍵穴", "鍵", false},
		"at the ends":     {"キー", "キー", false},
	} {
		t.Run(name, func(t *testing.T) {
			at := strings.Index(tc.text, tc.word)
			if got := keyword.InsideKatakana(tc.text, keyword.Hit{Start: at, End: at + len(tc.word)}); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestSetIsSafeForConcurrentFirstUse(t *testing.T) {
	s := keyword.New([]string{"one", "two"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if len(hits(s, "one two one")) != 3 {
				t.Error("a concurrent scan missed a hit")
			}
		})
	}
	wg.Wait()
}

func TestList(t *testing.T) {
	l := keyword.NewList("one  two\n\tthree")
	if !l.Has("two") || !l.Has("three") || l.Has("One") || l.Has("") {
		t.Error("Has disagrees with the list")
	}
}

// TestEachAgainstPlainSearch has words and texts of few letters, where every word begins and ends inside others.
func TestEachAgainstPlainSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	spell := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "aBñ"[r.IntN(4)]
		}
		return string(b)
	}
	for range 3000 {
		words := make([]string, 1+r.IntN(5))
		for i := range words {
			words[i] = spell(1 + r.IntN(6))
		}
		agree(t, words, spell(r.IntN(40)))
	}
}

// TestEachInLanes has texts long enough for several scans side by side, with words that stand across the borders, some of
// them longer than a lane.
func TestEachInLanes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		b := make([]byte, 40+r.IntN(2400))
		for i := range b {
			b[i] = "ab"[r.IntN(1+r.IntN(2))]
		}
		text := string(b)
		words := make([]string, 1+r.IntN(6))
		for i := range words {
			at := r.IntN(len(text))
			words[i] = text[at:min(len(text), at+1+r.IntN(1+r.IntN(700)))]
		}
		agree(t, words, text)
	}
}

// FuzzEach compares the automaton with the plain search.
func FuzzEach(f *testing.F) {
	f.Add("he,she,his,hers", "ushers")
	f.Add("a,aa,aaa", "aaaa")
	f.Add("ab,"+strings.Repeat("ab", 20), strings.Repeat("ab", 40))
	f.Fuzz(func(t *testing.T, list, text string) { agree(t, strings.Split(list, ","), text) })
}

// agree checks that the automaton of words finds in text what the plain search finds.
func agree(t *testing.T, words []string, text string) {
	t.Helper()
	want, low := 0, asciiLower(text)
	for _, w := range words {
		for i := range len(low) {
			if w != "" && strings.HasPrefix(low[i:], asciiLower(w)) {
				want++
			}
		}
	}
	got := hits(keyword.New(words), text)
	if len(got) != want {
		t.Errorf("%d hits of %q in %q, want %d", len(got), words, text, want)
	}
	order := func(a, b keyword.Hit) int { return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start)) }
	if !slices.IsSortedFunc(got, order) {
		t.Errorf("hits of %q in %q come as %v", words, text, got)
	}
	for _, h := range got {
		if asciiLower(text[h.Start:h.End]) != asciiLower(words[h.Word]) {
			t.Errorf("hit %v is not %q", h, words[h.Word])
		}
	}
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
