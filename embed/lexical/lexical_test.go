package lexical_test

import (
	"fmt"
	"strings"
	"testing"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/embedtest"
	"github.com/elderzan/elderzan/embed/lexical"
)

var _ embedding.Embedder = (*lexical.Embedder)(nil)

func newEmbedder(t *testing.T) *lexical.Embedder {
	t.Helper()
	e, err := lexical.New(lexical.Options{Terms: func(s string) []string { return strings.Fields(strings.ToLower(s)) }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSuite(t *testing.T) {
	embedtest.Run(t, func(t *testing.T) embedtest.Embedder { return newEmbedder(t) }, embedtest.Options{})
}

func TestTermsAreRequired(t *testing.T) {
	if _, err := lexical.New(lexical.Options{}); err == nil {
		t.Error("New without Terms succeeded")
	}
}

func TestSpaceNamesTheRules(t *testing.T) {
	a := newEmbedder(t)
	b, err := lexical.New(lexical.Options{Terms: strings.Fields, TermsVersion: 2})
	if err != nil {
		t.Fatal(err)
	}
	if a.Space() == b.Space() {
		t.Errorf("two versions of the terms share the space %q", a.Space())
	}
}

// The vectors are stored: their values may not move without a new version.
func TestVectorsStay(t *testing.T) {
	v, err := newEmbedder(t).Embed(t.Context(), []string{"engine replay log log 2024"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i, x := range v[0] {
		if x > 0.25 || x < -0.25 {
			fmt.Fprintf(&b, "%d:%.4f ", i, x)
		}
	}
	const want = "11:-0.2924 52:-0.2924 62:0.2924 83:-0.2924 223:0.4494 234:-0.2924 311:0.4951 379:0.2924 "
	if got := b.String(); got != want {
		t.Errorf("largest dimensions = %q, want %q", got, want)
	}
}

func TestClosenessFollowsWords(t *testing.T) {
	for name, tc := range map[string]struct{ text, near, far string }{
		"shared words":        {"deploy payment service", "payment service broke", "green tea garden"},
		"misspelling":         {"kubernetes", "kubernets", "strawberry"},
		"prefix":              {"postgres", "postgresql", "strawberry"},
		"the word counts":     {"postgres", "postgres", "postgresql"},
		"more shared words":   {"alpha beta gamma", "alpha beta delta", "alpha delta epsilon"},
		"sub-linear repeats":  {"alpha beta", "alpha beta beta beta", "beta beta beta beta"},
		"numbers are apart":   {"2024", "2024 budget", "2023"},
		"scripts of no space": {"東京 議事", "議事 録", "北京 大学"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := newEmbedder(t).Embed(t.Context(), []string{tc.text, tc.near, tc.far})
			if err != nil {
				t.Fatal(err)
			}
			near, far := dot(v[0], v[1]), dot(v[0], v[2])
			if near <= far+0.05 {
				t.Errorf("cosine with %q is %.3f, with %q %.3f", tc.near, near, tc.far, far)
			}
		})
	}
}

func TestTextWithoutTermsIsFarFromOthers(t *testing.T) {
	v, err := newEmbedder(t).Embed(t.Context(), []string{"", "  ", "engine replay log", "green tea"})
	if err != nil {
		t.Fatal(err)
	}
	if d := dot(v[0], v[1]); d < 0.999 {
		t.Errorf("two texts without terms have cosine %v", d)
	}
	for i := 2; i < 4; i++ {
		if d := dot(v[0], v[i]); d > 0.2 || d < -0.2 {
			t.Errorf("a text without terms has cosine %v with text %d", d, i)
		}
	}
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
