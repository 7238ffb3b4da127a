package minilm

import "context"

// Windows are of windowTokens tokens, and each begins windowStride after the one before, give or take the words that
// are kept whole: a sentence of usual length is complete in one of them.
const (
	windowTokens = 200
	windowStride = 150
)

// Windows cuts a text into overlapping parts that Embed sees whole, in order, and leaves nothing out. A text that Embed
// sees whole anyway is one window. Windows begin and end between words, except inside of very long ones; the last one
// reaches back so that it is as long as the others.
func (m *Model) Windows(ctx context.Context, text string) ([]Span, error) {
	l, release, err := m.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return windows(text, l.tokens.encode(text, len(text))), nil
}

func windows(text string, tokens []token) []Span {
	if len(tokens) <= MaxTokens-2 {
		return []Span{{0, len(text)}}
	}
	var spans []Span
	from := 0
	for from+windowTokens < len(tokens) {
		to := wordStart(tokens, from+windowTokens)
		spans = append(spans, Span{tokens[from].start, tokens[to].start})
		from = wordStart(tokens, from+windowStride)
	}
	from = wordStart(tokens, len(tokens)-windowTokens)
	spans = append(spans, Span{tokens[from].start, len(text)})
	spans[0].Start = 0
	return spans
}

// wordStart returns the first token of the word, with the signs that stand at it, that token i is part of; i itself
// when that is further back than windows overlap.
func wordStart(tokens []token, i int) int {
	for k := i; k > i-(windowTokens-windowStride); k-- {
		if tokens[k-1].end < tokens[k].start {
			return k
		}
	}
	return i
}

// spread returns n of the spans, evenly spaced from the first to the last, or all when there are no more.
func spread(spans []Span, n int) []Span {
	if len(spans) <= n {
		return spans
	}
	chosen := make([]Span, n)
	for i := range chosen {
		chosen[i] = spans[i*(len(spans)-1)/(n-1)]
	}
	return chosen
}
