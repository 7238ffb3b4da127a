package minilm

import (
	"context"
	"math"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	embedding "github.com/elderzan/elderzan/embed"
)

// Embed returns the unit vector of each text, in order. Of a text longer than MaxTokens tokens the beginning counts, or
// with Options.Windows the mean of windows of it: as many as that, evenly spread, the first and the last among them.
// An empty text has a vector too. When ctx ends it returns its error after the pass under way, of at most 512 tokens
// (about 0.1 s).
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return m.embed(ctx, texts, nil)
}

// EmbedTokens is Embed, and tells of the tokens of each text, or of all its windows that count when it is long, each token once:
// where the last layer has them in their context. They come from the same pass and cost little.
func (m *Model) EmbedTokens(ctx context.Context, texts []string) ([]embedding.Embedding, error) {
	out := make([]embedding.Embedding, len(texts))
	vectors, err := m.embed(ctx, texts, out)
	if err != nil {
		return nil, err
	}
	for i, v := range vectors {
		out[i].Vector = v
	}
	return out, nil
}

// embed returns the vectors of texts and, unless it is nil, fills in the tokens of tell.
func (m *Model) embed(ctx context.Context, texts []string, tell []embedding.Embedding) ([][]float32, error) {
	l, release, err := m.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var ids [][]int32 // of the parts of all texts
	var all []part
	owner := make([]int, 0, len(texts))
	for i, text := range texts {
		for _, p := range m.parts(l.tokens, text) {
			all, ids, owner = append(all, p), append(ids, p.ids), append(owner, i)
		}
	}
	parts, rows := make([][]float32, len(ids)), make([][]int8, len(ids))
	list := passes(ids)
	err = m.each(ctx, list, func(s *scratch, p pass) error {
		x, err := l.weights.forward(m.kernels, s, l.file, ids[p.from:p.to])
		if err != nil {
			return err
		}
		row := 0
		for i := p.from; i < p.to; i++ {
			n := len(ids[i])
			parts[i] = pool(x[row*hidden:], n)
			if tell != nil {
				rows[i] = l.weights.directions(m.kernels, s, x[(row+1+all[i].again)*hidden:(row+n-1)*hidden])
			}
			row += n
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range tell {
		tell[i].Tokens.Spans = [][2]int{}
	}
	for i, o := range owner {
		if tell != nil {
			t := &tell[o].Tokens
			t.Rows, t.Spans = append(t.Rows, rows[i]...), append(t.Spans, all[i].spans...)
		}
	}
	return merge(parts, owner, len(texts)), nil
}

// part is what is computed at once of a text.
type part struct {
	ids   []int32
	spans [][2]int // of its tokens in the text, but for those that the part before has too
	again int      // how many those are
}

// parts returns text as one part, or windows of it when it is long and the options ask for more than one.
func (m *Model) parts(k *tokenizer, text string) []part {
	if m.windows == 1 || len(text) <= MaxTokens-2 { // a token has a byte at least
		tokens := k.encode(text, MaxTokens-2)
		return []part{{ids: marked(tokens), spans: places(tokens, 0)}}
	}
	var list []part
	end := 0
	for _, s := range spread(windows(text, k.encode(text, len(text))), m.windows) {
		tokens := k.encode(text[s.Start:s.End], MaxTokens-2)
		again := 0
		for again < len(tokens) && s.Start+tokens[again].start < end {
			again++
		}
		list = append(list, part{marked(tokens), places(tokens[again:], s.Start), again})
		end = s.End
	}
	return list
}

// places are the parts of the text that tokens stand for, of which the text before them has at bytes.
func places(tokens []token, at int) [][2]int {
	out := make([][2]int, len(tokens))
	for i, t := range tokens {
		out[i] = [2]int{at + t.start, at + t.end}
	}
	return out
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

// marked returns the ids of tokens between the marks of the ends.
func marked(tokens []token) []int32 {
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
	work := func(ctx context.Context) error {
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
	}
	n := min(m.threads, len(list))
	if n == 1 { // a question: there is nobody to share it with
		return work(ctx)
	}
	g, ctx := errgroup.WithContext(ctx)
	for range n {
		g.Go(func() error { return work(ctx) })
	}
	return g.Wait()
}

// Span is a part of a text: text[Start:End], in bytes.
type Span struct{ Start, End int }

// directions reduces the states of tokens, hidden numbers each, to embedding.TokenDim whole numbers each: the direction in
// which a token lies from the mean one.
func (w *weights) directions(k *kernels, s *scratch, x []float32) []int8 {
	rows := len(x) / hidden
	if rows == 0 {
		return nil
	}
	y := grow(&s.wide, rows*embedding.TokenDim)
	w.tokens.apply(k, s, x, y, rows)
	out := make([]int8, len(y))
	for r := range rows {
		row := y[r*embedding.TokenDim:][:embedding.TokenDim]
		square, top := float32(0), float32(0)
		for _, v := range x[r*hidden : (r+1)*hidden] {
			square += v * v
		}
		length := float32(math.Sqrt(float64(square))) // what tells tokens apart is the way they point
		for i := range row {
			row[i] -= w.tokens.mean[i] * length
			top = max(top, row[i], -row[i])
		}
		if top == 0 {
			continue
		}
		scale := 127 / top
		for i, v := range row {
			out[r*embedding.TokenDim+i] = int8(math.RoundToEven(float64(v * scale)))
		}
	}
	return out
}
