package storage

import (
	"context"
	"errors"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// fillBatch is how many vectors, or memories, are read at a time.
const fillBatch = 512

// fillWords fills the inverted index from the terms on record.
func (s *Store) fillWords(ctx context.Context) error {
	docs := make([]inverted.Doc, 0, fillBatch)
	err := s.catalog.Whole(ctx, func(r *catalog.Record) error {
		doc, ok := s.readable(r)
		if !ok {
			return nil
		}
		docs = append(docs, doc)
		if len(docs) == fillBatch {
			s.index.PutAll(docs)
			docs = docs[:0]
		}
		return nil
	})
	s.index.PutAll(docs)
	return err
}

// readable returns what the inverted index is to hold of r, and false where its terms are damaged: one damaged memory must
// not keep the others from being read, and the checker names it. Without its text no word finds it, but lists hold it,
// so that who reads them is told of the damage.
func (s *Store) readable(r *catalog.Record) (inverted.Doc, bool) {
	doc, err := s.document(r)
	if err == nil {
		return doc, true
	}
	s.opts.Logger.Error("a memory or its terms are damaged; run `elderzan doctor --repair`", "id", r.Memory.ID, "error", err)
	if _, err := s.open(r); err == nil {
		return inverted.Doc{}, false
	}
	m := r.Memory
	return inverted.NewDoc(r.Row, &m, inverted.Terms{}), true
}

// fillVectors loads the snapshots and brings the indexes to what the record says: vectors that are not on record any
// more go, those stored after the snapshot come from RocksDB.
func (s *Store) fillVectors(ctx context.Context) error {
	v := s.vectors
	byName := map[indexName][]catalog.VectorRef{}
	err := s.catalog.Vectors(ctx, func(ref catalog.VectorRef) error {
		name := indexName{ref.Space, ref.Class}
		byName[name] = append(byName[name], ref)
		return nil
	})
	if err != nil {
		return err
	}
	keep := map[indexName]bool{}
	for name, refs := range byName {
		keep[name] = true
		if err := s.fillIndex(ctx, name, refs); err != nil {
			return err
		}
	}
	v.applied, err = s.catalog.LastVector(ctx)
	if err != nil {
		return err
	}
	if v.applied >= int64(s.opts.ReplayFrom) {
		// What is on record of the snapshots does not fit them, such as after a crash behind one: unless they are saved anew,
		// every start would look at all of the record.
		v.unsaved()
		s.keeper.wake(s.keeper.full)
	}
	return v.discard(keep)
}

func (s *Store) fillIndex(ctx context.Context, name indexName, refs []catalog.VectorRef) error {
	v := s.vectors
	x, generation, err := v.load(name, len(refs))
	if err != nil {
		return err
	}
	v.mu.Lock() // an index may be given another form from now on, which it tells of
	v.indexes[name] = x
	v.mu.Unlock()
	wanted := make(map[int64]bool, len(refs))
	var newer []catalog.VectorRef
	for _, ref := range refs {
		wanted[ref.Row] = true
		if ref.Seq > generation || !x.Has(ref.Row) {
			newer = append(newer, ref)
		}
	}
	var gone, held []int64
	for _, row := range x.IDs() {
		if wanted[row] {
			held = append(held, row)
		} else {
			gone = append(gone, row)
		}
	}
	if _, err := x.Remove(gone); err != nil {
		return err
	}
	v.mu.Lock()
	v.rows[name] = v.rows[name].add(held)
	if len(newer) > 0 || len(gone) > 0 {
		v.dirty[name] = true
	}
	v.mu.Unlock()
	for len(newer) > 0 && ctx.Err() == nil {
		n := min(fillBatch, len(newer))
		if err := s.replay(name, newer[:n]); err != nil {
			return err
		}
		newer = newer[n:]
	}
	return ctx.Err()
}

// replay reads vectors from RocksDB into their index. One that is damaged is left out: its memory is found by words
// until the checker has it embedded anew.
func (s *Store) replay(name indexName, refs []catalog.VectorRef) error {
	keys := make([][]byte, len(refs))
	for i, ref := range refs {
		keys[i] = vectorKey(ref.Row, ref.Space)
	}
	found, err := s.kv.MultiGet(kv.Vectors, keys)
	var damaged *kv.CorruptError
	if err != nil && !errors.As(err, &damaged) {
		return kvError("read vectors", err)
	}
	rows, values := make([]int64, 0, len(refs)), make([][]float32, 0, len(refs))
	for i, ref := range refs {
		vec, err := checkedVector(ref, found[i])
		if err != nil {
			s.opts.Logger.Error("a stored vector is damaged; run `elderzan doctor --repair`", "error", err)
			if err := s.vectors.remove(name, ref.Row); err != nil {
				return err
			}
			continue
		}
		rows, values = append(rows, ref.Row), append(values, vec)
	}
	return s.vectors.put(name, rows, values)
}
