package storage

import (
	"context"
	"fmt"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
)

// Bulk is a memory that comes with its vectors, such as from another store. Vectors need no id.
type Bulk struct {
	Memory  memory.Memory
	Vectors []memory.Vector
}

// PutBulk stores new memories and their vectors as one transaction, each with its own audit entry made from audit, and
// returns how many: one whose text an active memory of the project holds already is passed over. A memory without
// vectors waits for its embedding like any other. It is for filling a store, some hundred at a time: a failure
// undoes the whole call, and others' writes wait for it.
func (s *Store) PutBulk(ctx context.Context, items []Bulk, audit memory.Audit) (stored int, err error) {
	prepared := make([]bulkItem, len(items))
	for i := range items {
		if prepared[i], err = s.prepareBulk(&items[i]); err != nil {
			return 0, err
		}
	}
	err = s.write(ctx, func(tx *catalog.Tx) error {
		stored = 0
		var t txn
		for i := range prepared {
			ok, err := s.putBulk(tx, &t, &prepared[i], audit)
			if err != nil {
				return err
			}
			if ok {
				stored++
			}
		}
		return s.txns.prepare(tx, &t)
	})
	if err != nil {
		return 0, err
	}
	return stored, nil
}

type bulkItem struct {
	memory  memory.Memory
	draft   *draft
	vectors []memory.Vector
}

func (s *Store) prepareBulk(b *Bulk) (bulkItem, error) {
	m := b.Memory
	if m.ID == "" {
		m.ID = memory.NewID()
	}
	if _, err := memory.ParseID(string(m.ID)); err != nil {
		return bulkItem{}, err
	}
	if !m.Scope.Valid() {
		return bulkItem{}, &memory.InputError{Field: "scope", Problem: "is not decided", Hint: "use PRIVATE, PROJECT, SHARED or GLOBAL"}
	}
	m.Version = max(1, m.Version)
	s.normalize(&m)
	for i := range b.Vectors {
		if err := checkVector(&b.Vectors[i]); err != nil {
			return bulkItem{}, fmt.Errorf("%s: %w", m.ID, err)
		}
	}
	d, err := s.draft(&m, m.Version, nil)
	return bulkItem{memory: m, draft: d, vectors: b.Vectors}, err
}

// putBulk stores one memory unless its text is there already.
func (s *Store) putBulk(tx *catalog.Tx, t *txn, b *bulkItem, audit memory.Audit) (bool, error) {
	r := &b.draft.record
	if b.memory.State == memory.Active {
		if _, _, there, err := tx.ActiveByHash(r.Hash); there || err != nil {
			return false, err
		}
	}
	if err := tx.Insert(r, b.draft.words); err != nil {
		return false, err
	}
	if err := s.changed(tx, nil, &b.memory); err != nil {
		return false, err
	}
	tx.TouchSession(&b.memory)
	audit.Subject, audit.To = b.memory.ID, b.memory.Scope
	s.stamp(&audit)
	if err := tx.Audit(audit); err != nil {
		return false, err
	}
	for i := range b.vectors {
		v := &b.vectors[i]
		ref := catalog.VectorRef{Row: r.Row, Space: v.Space, Version: b.memory.Version}
		if err := s.storeVector(tx, t, &b.memory, ref, storedVector{values: v.Values, tokens: maxsim.Pack(nil, v.Tokens)}); err != nil {
			return false, err
		}
	}
	if len(b.vectors) == 0 {
		if err := tx.PutJob(r.Row); err != nil {
			return false, err
		}
	}
	doc := b.draft.doc(r.Row)
	tx.After(func() { s.putWords(doc) })
	return true, nil
}
