package storage

import (
	"context"
	"errors"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

var _ memory.ClusterStore = (*Store)(nil)

// topicsKey is where the family cache keeps the topics.
var topicsKey = []byte("topics")

// Clusters implements memory.ClusterStore.
func (s *Store) Clusters(ctx context.Context, most int, seeds func(string, [][]float32) [][]float32) (memory.Clusters, error) {
	if err := s.usable(); err != nil {
		return memory.Clusters{}, err
	}
	space := s.largestSpace()
	rows, vecs, err := s.openVectors(ctx, space, most)
	if err != nil || len(vecs) == 0 {
		return memory.Clusters{}, err
	}
	out := memory.Clusters{Space: space, Centroids: seeds(space, vecs)}
	if len(out.Centroids) == 0 || len(out.Centroids) > len(vecs) {
		return memory.Clusters{}, nil
	}
	centroids := slices.Concat(out.Centroids...)
	nearest, err := vector.KMeans(memory.Dim, slices.Concat(vecs...), centroids)
	if err != nil {
		return memory.Clusters{}, err
	}
	for i := range out.Centroids {
		out.Centroids[i] = centroids[i*memory.Dim : (i+1)*memory.Dim]
	}
	records, err := s.catalog.ByRows(ctx, rows)
	if err != nil {
		return memory.Clusters{}, catalogError(err)
	}
	ids := make(map[int64]memory.ID, len(records))
	for i := range records {
		ids[records[i].Row] = records[i].Memory.ID
	}
	for i, row := range rows {
		if id := ids[row]; id != "" {
			out.Members = append(out.Members, memory.ClusterMember{
				ID: id, Cluster: int(nearest[i]), Vector: vecs[i], Cosine: product(vecs[i], out.Centroids[nearest[i]]),
			})
		}
	}
	return out, ctx.Err()
}

func product(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// largestSpace is the embedding space with the most vectors; "" where there is none.
func (s *Store) largestSpace() (best string) {
	sizes := s.vectors.spaces()
	for space, n := range sizes {
		if n > sizes[best] || n == sizes[best] && space < best {
			best = space
		}
	}
	return best
}

// openVectors reads the vectors of the newest most active memories that are neither PRIVATE nor sensitive.
func (s *Store) openVectors(ctx context.Context, space string, most int) ([]int64, [][]float32, error) {
	sel := s.index.Select(memory.Filter{Scopes: []scope.Scope{scope.Project, scope.Shared, scope.Global}})
	all := slices.Collect(sel.Rows())
	all = all[max(0, len(all)-most):]
	var rows []int64
	var vecs [][]float32
	for len(all) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		part := all[:min(fillBatch, len(all))]
		all = all[len(part):]
		refs, err := s.catalog.VectorsByRows(ctx, part)
		if err != nil {
			return nil, nil, catalogError(err)
		}
		for _, ref := range refs {
			if ref.Space != space || ref.Class != security.ClassStore {
				continue
			}
			b, err := s.kv.Get(kv.Vectors, vectorKey(ref.Row, space))
			if err != nil {
				var damaged *kv.CorruptError
				if errors.Is(err, kv.ErrNotFound) || errors.As(err, &damaged) {
					continue // the checker tells of it
				}
				return nil, nil, kvError("read vectors", err)
			}
			if v, err := checkedVector(ref, b); err == nil {
				rows, vecs = append(rows, ref.Row), append(vecs, v)
			}
		}
	}
	return rows, vecs, nil
}

// SaveTopics implements memory.ClusterStore.
func (s *Store) SaveTopics(ctx context.Context, value []byte) error {
	if err := errors.Join(ctx.Err(), s.usable()); err != nil {
		return err
	}
	b := kv.NewBatch()
	b.Put(kv.Cache, topicsKey, value)
	if err := s.kv.Write(b, false); err != nil {
		return kvError("write topics", err)
	}
	s.committed(memory.Commit{Topics: true})
	return nil
}

// LoadTopics implements memory.ClusterStore.
func (s *Store) LoadTopics(context.Context) ([]byte, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	b, err := s.kv.Get(kv.Cache, topicsKey)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	return b, kvError("read topics", err)
}
