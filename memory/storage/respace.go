package storage

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

var _ memory.Respacer = (*Store)(nil)

// Outdated implements memory.Respacer.
func (s *Store) Outdated(ctx context.Context, want memory.Spaces, after int64, n int) ([]memory.Job, int64, error) {
	if err := s.usable(); err != nil {
		return nil, 0, err
	}
	rows, err := s.catalog.Outdated(ctx, want.Open, want.Local, after, n)
	if err != nil || len(rows) == 0 {
		return nil, after, catalogError(err)
	}
	jobs, err := s.jobsOf(ctx, rows)
	if err != nil {
		return nil, after, err
	}
	if len(jobs) == 0 { // nothing of it can be read: what follows may be
		return s.Outdated(ctx, want, rows[len(rows)-1], n)
	}
	return jobs, rows[len(rows)-1], nil
}

// jobsOf are the memories of rows as they would be embedded, without those that are damaged.
func (s *Store) jobsOf(ctx context.Context, rows []int64) ([]memory.Job, error) {
	records, err := s.catalog.ByRows(ctx, rows)
	if err != nil {
		return nil, catalogError(err)
	}
	jobs := make([]memory.Job, 0, len(records))
	for i := range records {
		m, err := s.open(&records[i])
		if err != nil {
			s.opts.Logger.Error("a damaged memory is not embedded anew; run `elderzan doctor`", "id", records[i].Memory.ID, "error", err)
			continue
		}
		jobs = append(jobs, memory.Job{ID: m.ID, Text: m.EmbeddingText(), LocalOnly: m.LocalOnly(), Version: m.Version})
	}
	return jobs, nil
}

// WithoutTokens returns up to n memories whose vector in a space has no tokens, in the order and with the place to go on after
// of Outdated. Archived memories need none.
func (s *Store) WithoutTokens(ctx context.Context, space string, after int64, n int) ([]memory.Job, int64, error) {
	if err := s.usable(); err != nil {
		return nil, 0, err
	}
	for {
		rows, next, err := s.tokenless(ctx, space, after, n)
		if err != nil || len(rows) == 0 {
			return nil, after, err
		}
		jobs, err := s.jobsOf(ctx, rows)
		if err != nil || len(jobs) > 0 {
			return jobs, next, err
		}
		after = next
	}
}

// tokenless returns up to n rows behind after with a vector alone, and the last row it looked at. What does not authenticate
// is passed over: the checker has it made anew.
func (s *Store) tokenless(ctx context.Context, space string, after int64, n int) (rows []int64, last int64, err error) {
	last = after
	for {
		err := s.kv.ScanAfter(kv.Vectors, nil, vectorKey(last+1, ""), func(key, value []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			row, in, _ := parseVectorKey(key)
			if in != space {
				return nil
			}
			last = row
			if p, ok := partsOf(value); ok && len(p.tokens) == 0 && p.width > coldWidth {
				rows = append(rows, row)
			}
			if len(rows) == n {
				return kv.ErrStop
			}
			return nil
		})
		var damaged *kv.CorruptError
		if !errors.As(err, &damaged) {
			return rows, last, kvError("look for tokens", err)
		}
		if last, _, _ = parseVectorKey(damaged.Key); len(rows) == n {
			return rows, last, nil
		}
	}
}

// CountOutdated implements memory.Respacer.
func (s *Store) CountOutdated(ctx context.Context, want memory.Spaces) (left, total int, err error) {
	if err := s.usable(); err != nil {
		return 0, 0, err
	}
	left, total, err = s.catalog.CountOutdated(ctx, want.Open, want.Local)
	return left, total, catalogError(err)
}

// DropOtherSpaces implements memory.Respacer.
func (s *Store) DropOtherSpaces(ctx context.Context, want memory.Spaces, n int) (int, error) {
	if err := s.usable(); err != nil {
		return 0, err
	}
	refs, err := s.catalog.OtherSpaces(ctx, want.Open, want.Local, n)
	if err != nil {
		return 0, catalogError(err)
	}
	if len(refs) == 0 {
		return s.dropColdElsewhere(ctx, want, n)
	}
	dropped := 0
	err = s.write(ctx, func(tx *catalog.Tx) error {
		var t txn
		dropped = 0
		for _, old := range refs {
			now, err := tx.VectorsOf(old.Row)
			if err != nil {
				return err
			}
			for _, ref := range now {
				if ref.Space != old.Space || ref.Seq != old.Seq || ref.Class != old.Class {
					continue // changed since
				}
				t.remove(ref)
				if err := tx.DropVector(ref.Row, ref.Space); err != nil {
					return err
				}
				dropped++
			}
		}
		return s.txns.prepare(tx, &t)
	})
	if err == nil && dropped == 0 {
		return len(refs), nil // they have changed meanwhile: look again
	}
	return dropped, err
}

// dropColdElsewhere is DropOtherSpaces for vectors in the archive.
func (s *Store) dropColdElsewhere(ctx context.Context, want memory.Spaces, n int) (int, error) {
	cold, err := s.catalog.ColdElsewhere(ctx, want.Open, want.Local, n)
	if err != nil || len(cold) == 0 {
		return 0, catalogError(err)
	}
	err = s.write(ctx, func(tx *catalog.Tx) error {
		for i := range cold {
			v := &cold[i]
			now, err := tx.ColdOf(v.Row)
			if err != nil {
				return err
			}
			same := func(c catalog.ColdVector) bool { return c.Space == v.Space && bytes.Equal(c.Code, v.Code) }
			if !slices.ContainsFunc(now, same) {
				continue // changed since
			}
			if err := tx.DropCold(v.Row, v.Space); err != nil {
				return err
			}
			tx.After(func() { s.cold.drop(v.Row, v.Space) })
		}
		return nil
	})
	return len(cold), err // what has changed meanwhile is looked at again
}

// metaEmbedding is where the catalogue keeps which models the vectors are of, in a form of the caller's.
const metaEmbedding = "embedding-models"

// EmbeddingModels returns what SetEmbeddingModels stored; nil where it has not.
func (s *Store) EmbeddingModels(ctx context.Context) ([]byte, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	b, err := s.catalog.Meta(ctx, metaEmbedding)
	return b, catalogError(err)
}

// SetEmbeddingModels keeps a note of which models the vectors are of, with an audit entry.
func (s *Store) SetEmbeddingModels(ctx context.Context, b []byte, audit memory.Audit) error {
	s.stamp(&audit)
	return s.write(ctx, func(tx *catalog.Tx) error {
		if err := tx.SetMeta(metaEmbedding, b); err != nil || audit.Action == "" {
			return err
		}
		return tx.Audit(audit)
	})
}
