package storage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
)

var _ memory.Indexes = (*Store)(nil)

// maxSpace bounds the name of an embedding space in bytes: it is part of a key.
const maxSpace = 200

// Jobs implements memory.Indexes. Jobs that FailJobs has delayed are left out until they are due.
func (s *Store) Jobs(ctx context.Context, n int) ([]memory.Job, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	records, err := s.catalog.Jobs(ctx, n, s.opts.Now())
	if err != nil {
		return nil, catalogError(err)
	}
	jobs := make([]memory.Job, 0, len(records))
	for i := range records {
		m, err := s.open(&records[i])
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, memory.Job{ID: m.ID, Text: m.EmbeddingText(), LocalOnly: m.LocalOnly(), Version: m.Version})
	}
	return jobs, nil
}

// FailJobs implements memory.Indexes. Ids without a job are passed over.
func (s *Store) FailJobs(ctx context.Context, ids []memory.ID, after time.Time) error {
	return s.write(ctx, func(tx *catalog.Tx) error {
		for _, id := range ids {
			if err := tx.DelayJob(id, after); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutVectors implements memory.Indexes. A vector of a text that has changed since, or of a memory that is gone, is
// dropped, and its job stays. A memory keeps one vector in each space.
func (s *Store) PutVectors(ctx context.Context, vs []memory.Vector) error {
	copies := make([]storedVector, len(vs))
	for i := range vs {
		if err := checkVector(&vs[i]); err != nil {
			return err
		}
		copies[i] = storedVector{values: append([]float32(nil), vs[i].Values...), tokens: maxsim.Pack(nil, vs[i].Tokens)}
	}
	return s.write(ctx, func(tx *catalog.Tx) error {
		var t txn
		for i := range vs {
			if err := s.putVector(tx, &t, &vs[i], copies[i]); err != nil {
				return err
			}
		}
		return s.txns.prepare(tx, &t)
	})
}

// putVector adds one vector to t unless it is stale, and removes its job.
func (s *Store) putVector(tx *catalog.Tx, t *txn, v *memory.Vector, stored storedVector) error {
	r, ok, err := tx.ByID(v.ID)
	if err != nil || !ok || v.Version < r.TextVersion || v.Version > r.Memory.Version {
		return err
	}
	ref := catalog.VectorRef{Row: r.Row, Space: v.Space, Version: v.Version}
	if err := s.storeVector(tx, t, &r.Memory, ref, stored); err != nil {
		return err
	}
	return tx.DropJob(r.Row)
}

func checkVector(v *memory.Vector) error {
	if v.Space == "" || len(v.Space) > maxSpace {
		return &memory.InputError{Field: "space", Problem: fmt.Sprintf("has %d bytes, not 1 to %d", len(v.Space), maxSpace)}
	}
	if len(v.Values) != memory.Dim {
		return &memory.InputError{Field: "vector", Problem: fmt.Sprintf("has %d components, not %d", len(v.Values), memory.Dim),
			Hint: "set embedding.dimensions to 768"}
	}
	if len(v.Tokens)%memory.TokenDim != 0 {
		return &memory.InputError{Field: "vector", Problem: fmt.Sprintf("has tokens of %d numbers in all, which are not %d each", len(v.Tokens), memory.TokenDim)}
	}
	var sum float64
	for _, c := range v.Values {
		sum += float64(c) * float64(c)
	}
	if !(math.Abs(sum-1) <= 0.01) { // not >, which NaN would pass
		return &memory.InputError{Field: "vector", Problem: "is not of unit length"}
	}
	return nil
}

// fullVectors returns where the indexes of a space find full vectors: in RocksDB, or in a decided transaction that is
// not in place yet. What does not authenticate is as good as lost: the checker names it.
func (s *Store) fullVectors(space string) vector.Source {
	read := func(ids []int64, dst []float32) error {
		keys := make([][]byte, len(ids))
		for i, id := range ids {
			keys[i] = vectorKey(id, space)
		}
		values, err := s.kv.MultiGet(kv.Vectors, keys)
		var damaged *kv.CorruptError
		if err != nil && !errors.As(err, &damaged) {
			return kvError("read vectors", err)
		}
		s.txns.decided(keys, values)
		for i, b := range values {
			readVector(b, dst[i*memory.Dim:])
		}
		return nil
	}
	return func(ctx context.Context, ids []int64, dst []float32) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(ids) < manyRows {
			return read(ids, dst)
		}
		var g errgroup.Group
		half := len(ids) / 2
		g.Go(func() error { return read(ids[half:], dst[half*memory.Dim:]) })
		return errors.Join(read(ids[:half], dst), g.Wait())
	}
}
