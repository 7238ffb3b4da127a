package minilm

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Embed returns the unit vector of each text, in order. Of a text longer than MaxTokens tokens the beginning counts, or
// with Options.Windows the mean of windows of it: as many as that, evenly spread, the first and the last among them.
// An empty text has a vector too. When ctx ends it returns its error after the pass under way, of at most 512 tokens
// (about 0.1 s).
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	l, release, err := m.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var ids [][]int32 // of the parts of all texts
	owner := make([]int, 0, len(texts))
	for i, text := range texts {
		parts := m.parts(l.tokens, text)
		ids = append(ids, parts...)
		for range parts {
			owner = append(owner, i)
		}
	}
	parts := make([][]float32, len(ids))
	list := passes(ids)
	err = m.each(ctx, list, func(s *scratch, p pass) error {
		if len(list) == 1 {
			defer m.sharing(s, ids)()
		}
		x, err := l.weights.forward(m.kernels, s, l.file, ids[p.from:p.to])
		if err != nil {
			return err
		}
		row := 0
		for i := p.from; i < p.to; i++ {
			parts[i] = pool(x[row*hidden:], len(ids[i]))
			row += len(ids[i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return merge(parts, owner, len(texts)), nil
}

// sharing gives the pass of short texts a second goroutine until the function that it returns is called.
func (m *Model) sharing(s *scratch, ids [][]int32) (end func()) {
	rows := 0
	for _, text := range ids {
		rows += len(text)
	}
	if !m.pair || rows > pairRows {
		return func() {}
	}
	start, two := time.Now(), m.habit.choose() && m.paired.CompareAndSwap(false, true)
	if two {
		s.pair = newPair(func() { m.paired.Store(false) })
	}
	return func() {
		if two {
			s.pair.end()
			s.pair = nil
		}
		m.habit.note(two, rows, time.Since(start))
	}
}

// parts returns the tokens of text, or of windows of it when it is long and the options ask for more than one.
func (m *Model) parts(k *tokenizer, text string) [][]int32 {
	if m.windows == 1 || len(text) <= MaxTokens-2 { // a token has a byte at least
		return [][]int32{k.ids(text)}
	}
	spans := spread(windows(text, k.encode(text, len(text))), m.windows)
	ids := make([][]int32, len(spans))
	for i, s := range spans {
		ids[i] = k.ids(text[s.Start:s.End])
	}
	return ids
}

// merge adds up the vectors of each text's parts and gives the sums length one.
func merge(parts [][]float32, owner []int, texts int) [][]float32 {
	vectors := make([][]float32, texts)
	for i, v := range parts {
		if sum := vectors[owner[i]]; sum != nil {
			add(sum, v)
		} else {
			vectors[owner[i]] = v
		}
	}
	if len(parts) > texts {
		for _, v := range vectors {
			normalise(v)
		}
	}
	return vectors
}

// ids returns the tokens of text with the marks of its ends, at most MaxTokens.
func (t *tokenizer) ids(text string) []int32 {
	tokens := t.encode(text, MaxTokens-2)
	ids := make([]int32, 0, len(tokens)+2)
	ids = append(ids, idStart)
	for _, k := range tokens {
		ids = append(ids, k.id)
	}
	return append(ids, idEnd)
}

// pass is a range of texts that are computed together.
type pass struct{ from, to int }

// passes groups texts, in order, up to maxRows tokens.
func passes(ids [][]int32) []pass {
	var list []pass
	from, rows := 0, 0
	for i := range ids {
		if rows > 0 && rows+len(ids[i]) > maxRows {
			list = append(list, pass{from, i})
			from, rows = i, 0
		}
		rows += len(ids[i])
	}
	if from < len(ids) {
		list = append(list, pass{from, len(ids)})
	}
	return list
}

// each runs f over the passes on the goroutines that the options allow, and returns the first error, or ctx's if it ends
// before the last has begun.
func (m *Model) each(ctx context.Context, list []pass, f func(*scratch, pass) error) error {
	var next atomic.Int64
	work, ctx := errgroup.WithContext(ctx)
	for range min(m.threads, len(list)) {
		work.Go(func() error {
			s := m.scratch.Get().(*scratch)
			defer m.scratch.Put(s)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return nil
				}
				if err := f(s, list[i]); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return work.Wait()
}

// Span is a part of a text: text[Start:End], in bytes.
type Span struct{ Start, End int }

// EmbedTokens returns a unit vector for each token of text, as the last layer has it in its context, and the part of
// the text that the token stands for. Like Embed it sees the first MaxTokens tokens.
func (m *Model) EmbedTokens(ctx context.Context, text string) ([][]float32, []Span, error) {
	l, release, err := m.acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	tokens := l.tokens.encode(text, MaxTokens-2)
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	x, err := l.weights.forward(m.kernels, s, l.file, [][]int32{l.tokens.ids(text)})
	if err != nil {
		return nil, nil, err
	}
	vectors := make([][]float32, len(tokens))
	spans := make([]Span, len(tokens))
	backing := make([]float32, len(tokens)*hidden)
	for i, k := range tokens {
		v := backing[i*hidden : (i+1)*hidden : (i+1)*hidden]
		copy(v, x[(i+1)*hidden:]) // row 0 is the mark of the start
		normalise(v)
		vectors[i], spans[i] = v, Span{k.start, k.end}
	}
	return vectors, spans, nil
}
