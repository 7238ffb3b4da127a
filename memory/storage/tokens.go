package storage

import (
	"context"
	"errors"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
)

// tokenMatch is what the tokens of a memory say of a question.
type tokenMatch struct{ match, sharp float64 }

// tokenMatches compares the question's tokens with those of rows, in each space that has a question. A row that has none
// there, or none that can be read, is left out.
func (s *Store) tokenMatches(ctx context.Context, q *memory.CandidateQuery, run *inverted.Run, rows []int64) (map[int64]tokenMatch, error) {
	out := map[int64]tokenMatch{}
	for _, space := range s.vectors.bySize(q.Vectors) {
		tokens := q.Tokens[space]
		question := maxsim.NewQuestion(tokens.Rows, run.TokenWeights(q.Text, tokens.Spans))
		if question == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		left := slices.DeleteFunc(slices.Clone(rows), func(row int64) bool { _, ok := out[row]; return ok })
		keys := make([][]byte, len(left))
		for i, row := range left {
			keys[i] = vectorKey(row, space)
		}
		values, err := s.kv.MultiGet(kv.Vectors, keys)
		var damaged *kv.CorruptError
		if err != nil && !errors.As(err, &damaged) {
			return nil, kvError("read tokens", err)
		}
		s.txns.decided(keys, values)
		for i, b := range values {
			_, packed := cutTokens(b)
			if match, sharp, ok := question.Match(packed); ok {
				out[left[i]] = tokenMatch{match, sharp}
			}
		}
	}
	return out, nil
}
