package storage

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
)

var _ memory.Kin = (*Store)(nil)

// metaLinked is where the catalogue keeps up to which vector near-duplicates were looked for.
const metaLinked = "linked"

// Unlinked implements memory.Kin.
func (s *Store) Unlinked(ctx context.Context, n int) ([]memory.ID, int64, error) {
	if err := s.usable(); err != nil {
		return nil, 0, err
	}
	b, err := s.catalog.Meta(ctx, metaLinked)
	if err != nil {
		return nil, 0, catalogError(err)
	}
	upTo, _ := binary.Varint(b)
	refs, err := s.catalog.VectorsAfter(ctx, upTo, n)
	if err != nil || len(refs) == 0 {
		return nil, upTo, catalogError(err)
	}
	rows := make([]int64, len(refs))
	for i, ref := range refs {
		rows[i] = ref.Row
	}
	records, err := s.catalog.ByRows(ctx, rows)
	if err != nil {
		return nil, upTo, catalogError(err)
	}
	ids := make([]memory.ID, 0, len(records))
	for i := range records {
		ids = append(ids, records[i].Memory.ID)
	}
	slices.Sort(ids)
	return ids, refs[len(refs)-1].Seq, nil
}

// Near implements memory.Kin.
func (s *Store) Near(ctx context.Context, id memory.ID, f memory.Filter, k int) ([]memory.Kindred, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	row, queries, err := s.ownVectors(ctx, id)
	if err != nil || len(queries) == 0 {
		return nil, err
	}
	sel, err := s.selected(ctx, f)
	if err != nil || sel.Len() == 0 {
		return nil, err
	}
	found, _, err := s.nearest(ctx, queries, sel, min(k+1, vector.MaxK), vector.Balanced)
	if err != nil {
		return nil, err
	}
	delete(found, row)
	rows := make([]int64, 0, len(found))
	for r := range found {
		rows = append(rows, r)
	}
	slices.Sort(rows)
	records, err := s.catalog.ByRows(ctx, rows)
	if err != nil {
		return nil, catalogError(err)
	}
	out := make([]memory.Kindred, 0, len(records))
	for i := range records {
		m, err := s.open(&records[i])
		if err != nil || !matches(&f, &m) {
			continue // damaged, which the checker tells, or changed meanwhile
		}
		out = append(out, memory.Kindred{Memory: m, Cosine: found[records[i].Row].cosine})
	}
	slices.SortFunc(out, func(a, b memory.Kindred) int {
		return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), cmp.Compare(a.Memory.ID, b.Memory.ID))
	})
	return out[:min(len(out), k)], nil
}

// ownVectors reads the vectors of a memory, by space.
func (s *Store) ownVectors(ctx context.Context, id memory.ID) (int64, map[string][]float32, error) {
	rows, err := s.catalog.RowsOf(ctx, []memory.ID{id})
	if err != nil {
		return 0, nil, catalogError(err)
	}
	row, ok := rows[id]
	if !ok {
		return 0, nil, &memory.NotFoundError{IDs: []memory.ID{id}}
	}
	vs, err := s.vectorsOfRows(ctx, []int64{row})
	return row, vs[row], err
}

// vectorsOfRows reads the vectors of rows, by row and space. Damaged ones are left out: the checker tells of them.
func (s *Store) vectorsOfRows(ctx context.Context, rows []int64) (map[int64]map[string][]float32, error) {
	refs, err := s.catalog.VectorsByRows(ctx, rows)
	if err != nil {
		return nil, catalogError(err)
	}
	keys := make([][]byte, len(refs))
	for i, ref := range refs {
		keys[i] = vectorKey(ref.Row, ref.Space)
	}
	values, err := s.kv.MultiGet(kv.Vectors, keys)
	var damaged *kv.CorruptError
	if err != nil && !errors.As(err, &damaged) {
		return nil, kvError("read vectors", err)
	}
	out := map[int64]map[string][]float32{}
	for i, ref := range refs {
		v, err := checkedVector(ref, values[i])
		if err != nil {
			continue
		}
		if out[ref.Row] == nil {
			out[ref.Row] = map[string][]float32{}
		}
		out[ref.Row][ref.Space] = v
	}
	return out, s.addCold(ctx, rows, out)
}

// addCold adds the vectors that rows have in the archive.
func (s *Store) addCold(ctx context.Context, rows []int64, out map[int64]map[string][]float32) error {
	if s.cold.len() == 0 {
		return nil
	}
	cold, err := s.catalog.ColdByRows(ctx, rows)
	if err != nil {
		return catalogError(err)
	}
	for i := range cold {
		c := &cold[i]
		v, err := s.coldValues(c)
		if err != nil {
			continue
		}
		if out[c.Row] == nil {
			out[c.Row] = map[string][]float32{}
		}
		out[c.Row][c.Space] = v
	}
	return nil
}

// Link implements memory.Kin.
func (s *Store) Link(ctx context.Context, pairs []memory.Pair, upTo int64) error {
	links, err := s.links(ctx, pairs)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *catalog.Tx) error {
		if err := tx.PutLinks(links); err != nil {
			return err
		}
		for _, p := range pairs {
			if p.Kind == memory.PairNear {
				tx.Told().Aside(p.A, p.B)
			}
		}
		if upTo == 0 {
			return nil
		}
		return tx.SetMeta(metaLinked, binary.AppendVarint(nil, upTo))
	})
}

func (s *Store) links(ctx context.Context, pairs []memory.Pair) ([]catalog.Link, error) {
	var ids []memory.ID
	for _, p := range pairs {
		ids = append(ids, p.A, p.B)
	}
	rows, err := s.catalog.RowsOf(ctx, distinct(ids))
	if err != nil {
		return nil, catalogError(err)
	}
	now := s.opts.Now()
	out := make([]catalog.Link, 0, len(pairs))
	for _, p := range pairs {
		a, okA := rows[p.A]
		b, okB := rows[p.B]
		if okA && okB {
			out = append(out, catalog.Link{A: a, B: b, Kind: linkKind(p.Kind), Weight: p.Weight, At: now})
		}
	}
	return out, nil
}

func linkKind(k memory.PairKind) catalog.LinkKind {
	if k == memory.PairTogether {
		return catalog.Together
	}
	return catalog.Near
}

// Linked implements memory.Kin.
func (s *Store) Linked(ctx context.Context, id memory.ID, n int) ([]memory.Pair, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	rows, err := s.catalog.RowsOf(ctx, []memory.ID{id})
	if err != nil {
		return nil, catalogError(err)
	}
	row, ok := rows[id]
	if !ok {
		return nil, &memory.NotFoundError{IDs: []memory.ID{id}}
	}
	links, err := s.catalog.LinksOf(ctx, row, n)
	if err != nil {
		return nil, catalogError(err)
	}
	others := make([]int64, len(links))
	for i, l := range links {
		others[i] = l.A + l.B - row
	}
	records, err := s.catalog.ByRows(ctx, others)
	if err != nil {
		return nil, catalogError(err)
	}
	byRow := make(map[int64]memory.ID, len(records))
	for i := range records {
		byRow[records[i].Row] = records[i].Memory.ID
	}
	out := make([]memory.Pair, 0, len(links))
	for i, l := range links {
		p := memory.Pair{A: id, B: byRow[others[i]], Kind: memory.PairNear, Weight: l.Weight, At: l.At.Truncate(time.Millisecond)}
		if l.Kind == catalog.Together {
			p.Kind = memory.PairTogether
		}
		if p.B != "" {
			out = append(out, p)
		}
	}
	return out, nil
}
