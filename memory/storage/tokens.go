package storage

import (
	"context"
	"errors"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
)

// tokenMatch is what the tokens of a memory say of a question.
type tokenMatch struct{ match, sharp float64 }

// matchTokens compares the question's tokens with those of all that is proposed, in each space that has a question. A row
// that has none there, or none that can be read, is left out.
func (s *Store) matchTokens(ctx context.Context, q *memory.CandidateQuery, run *inverted.Run, p *proposed) error {
	p.tokens, p.readTokens = make(map[int64]tokenMatch, len(p.words)), map[int64]recentTokens{}
	rows := p.rows()
	p.tokensAt = s.tokens.begin()
	found := make(map[int64]recentTokens, len(rows))
	s.tokens.find(rows, found)
	for _, space := range s.vectors.bySize(q.Vectors) {
		tokens := q.Tokens[space]
		question := maxsim.NewQuestion(tokens.Rows, run.TokenWeights(q.Text, tokens.Spans))
		if question == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		match := func(row int64, packed []byte) {
			if match, sharp, ok := question.Match(packed); ok {
				p.tokens[row] = tokenMatch{match, sharp}
			}
		}
		var left []int64
		for _, row := range rows {
			if _, ok := p.tokens[row]; ok {
				continue
			}
			if t, ok := found[row]; ok && t.space == space {
				match(row, t.packed)
			} else {
				left = append(left, row)
			}
		}
		keys := make([][]byte, len(left))
		for i, row := range left {
			keys[i] = vectorKey(row, space)
		}
		values, err := s.kv.MultiGet(kv.Vectors, keys)
		var damaged *kv.CorruptError
		if err != nil && !errors.As(err, &damaged) {
			return kvError("read tokens", err)
		}
		s.txns.decided(keys, values)
		for i, b := range values {
			packed := tokensOf(b)
			match(left[i], packed)
			if _, ok := p.tokens[left[i]]; ok {
				p.readTokens[left[i]] = recentTokens{space, packed}
			}
		}
	}
	return nil
}
