package minilm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/embed/embedtest"
)

func TestWindows(t *testing.T) {
	m, err := Open(embedtest.ModelFolder(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for name, tc := range map[string]struct {
		text  string
		count int
		words bool // cut between words
	}{
		"empty":                 {"", 1, true},
		"short":                 {"a short text", 1, true},
		"just whole":            {strings.Repeat("word ", 254), 1, true},
		"one too many":          {strings.Repeat("word ", 255), 2, true},
		"long":                  {"  " + strings.Repeat("The engine replays its log, twice. ", 100), 6, true},
		"no spaces":             {strings.Repeat("日本語の文章", 100), 4, false},
		"one word of pieces":    {strings.Repeat("zq", 49) + strings.Repeat(" zqzqzqzqzqzqzqzq", 60), 7, true},
		"only signs":            {strings.Repeat("-", 1000), 7, false},
		"unknown words":         {strings.Repeat(strings.Repeat("x", 150)+" ", 300), 2, true},
		"spaces at the end":     {strings.Repeat("word ", 300) + strings.Repeat(" ", 500), 2, true},
		"marks without a start": {strings.Repeat("e\u0301\u0301\u0301 ", 600), 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			spans, err := m.Windows(t.Context(), tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if len(spans) != tc.count {
				t.Errorf("%d windows, want %d: %v", len(spans), tc.count, spans)
			}
			checkWindows(t, m.loaded.tokens, tc.text, spans)
			for _, s := range spans[1:] {
				if tc.words && tc.text[s.Start-1] != ' ' {
					t.Errorf("window at %d begins inside of a word", s.Start)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Windows(ctx, "text"); !errors.Is(err, context.Canceled) {
		t.Errorf("Windows under a cancelled context: %v", err)
	}
}

// checkWindows checks that windows leave nothing out, overlap, and are seen whole.
func checkWindows(t *testing.T, k *tokenizer, text string, spans []Span) {
	t.Helper()
	if spans[0].Start != 0 || spans[len(spans)-1].End != len(text) {
		t.Fatalf("windows %v do not cover %d bytes", spans, len(text))
	}
	for i, s := range spans {
		if i > 0 && (s.Start > spans[i-1].End || s.Start <= spans[i-1].Start || s.End <= spans[i-1].End) {
			t.Fatalf("window %d is %v after %v", i, s, spans[i-1])
		}
		if n := len(k.encode(text[s.Start:s.End], MaxTokens)); n > MaxTokens-2 {
			t.Fatalf("window %d, %v, has %d tokens or more", i, s, n)
		}
	}
}

func TestEmbedAveragesWindows(t *testing.T) {
	m := open(t, available()[0], Options{Windows: 4})
	short := open(t, available()[0], Options{})
	if m.Space() == short.Space() {
		t.Errorf("with and without windows the space is %q", m.Space())
	}
	filler := strings.Repeat("The committee met again and approved the minutes of the last meeting. ", 80)
	const end = "The staging cluster runs on three servers in Helsinki and is rebuilt every night."
	long := filler + end
	texts := []string{"a short text", long, end}
	v, err := m.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := short.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if c := cosine(v[0], cut[0]); c < 0.999999 {
		t.Errorf("windows changed a short text: cosine %v", c)
	}
	with, without := cosine(v[1], v[2]), cosine(cut[1], cut[2])
	if with < without+0.03 {
		t.Errorf("cosine of a long text with its end is %.3f with windows, %.3f without", with, without)
	}
	all, err := m.Windows(t.Context(), long)
	if err != nil {
		t.Fatal(err)
	}
	chosen := spread(all, 4)
	if len(all) <= 4 || len(chosen) != 4 || chosen[0] != all[0] || chosen[3] != all[len(all)-1] {
		t.Errorf("of %v the windows %v count", all, chosen)
	}
	embedtest.Run(t, func(*testing.T) embedtest.Embedder { return m }, embedtest.Options{})
}
