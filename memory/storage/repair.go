package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// Repair checks the store and mends what can be mended from the record: terms and tables from the text, vectors by
// having the memory embedded again, indexes from what is stored, strays by removing them. It returns what a second
// check still finds: damage to the record itself, which only a backup mends. Calls go on meanwhile.
func (s *Store) Repair(ctx context.Context) (mended int, left []Finding, err error) {
	before, err := s.Check(ctx)
	if err != nil {
		return 0, nil, err
	}
	left = before
	for range repairPasses {
		if !slices.ContainsFunc(left, func(f Finding) bool { return f.Severity == Drift }) {
			break
		}
		for _, f := range left {
			if err := s.mend(ctx, f); err != nil {
				return 0, nil, fmt.Errorf("repair %s: %w", f.Kind, err)
			}
		}
		was := len(left)
		if left, err = s.Check(ctx); err != nil {
			return 0, nil, err
		}
		mended += max(was-len(left), 0)
	}
	return max(mended, len(before)-len(left)), left, nil
}

// repairPasses is how often Repair goes through: what replaces a damaged file shows what it lacks in the next pass.
const repairPasses = 3

// mend repairs one finding. Mending what is whole, or was mended with another finding, does nothing.
func (s *Store) mend(ctx context.Context, f Finding) error {
	switch f.Kind {
	case KindTerms:
		return s.renew(ctx, []int64{f.Row}, func(*catalog.Tx) error { return nil })
	case KindFullText:
		if f.Row == 0 {
			return s.renewFullText(ctx)
		}
		return s.mendWords(ctx, f.Row)
	case KindTags:
		return s.mendWords(ctx, f.Row)
	case KindHashes:
		return s.write(ctx, func(tx *catalog.Tx) error { return tx.MendHash(f.Row) })
	case KindVector:
		return s.embedAgain(ctx, f.Row)
	case KindUnembedded:
		return s.embedAgain(ctx, f.Row)
	case KindArchive:
		if f.Engine == "memory" {
			return s.mendCold(ctx, f.Row)
		}
		return s.embedAgain(ctx, f.Row)
	case KindTable:
		return s.mendTables(ctx)
	case KindStray, KindValue:
		return s.dropValue(ctx, f)
	case KindVectorIndex:
		return s.mendVectorIndex(ctx, f)
	case KindWordIndex:
		return s.mendWordIndex(ctx, f.Row)
	case KindAuditTree:
		return s.rebuildTree(ctx)
	case KindLink:
		return s.mendLink(ctx, f.Row)
	case KindOutbox:
		return s.mendOutbox(ctx, f)
	case KindSchema:
		return s.write(ctx, func(tx *catalog.Tx) error { return tx.MendSchema() })
	case KindOrphan:
		return s.write(ctx, func(tx *catalog.Tx) error { return tx.DropOrphans() })
	}
	return nil // KindDatabase, KindRecord, KindAudit: a backup's business
}

// mendWords puts the words on record of a row into the full-text table and the table of tags.
func (s *Store) mendWords(ctx context.Context, row int64) error {
	return s.write(ctx, func(tx *catalog.Tx) error {
		r, ok, err := tx.ByRow(row)
		if err != nil {
			return err
		}
		if !ok || !inFullText(&r.Memory) {
			return tx.DropWords(row)
		}
		l, err := s.openLex(&r)
		if err != nil {
			return nil //nolint:nilerr // a finding of its own: KindTerms
		}
		return tx.PutWords(row, l.words())
	})
}

// renewFullText fills the full-text table from nothing, as one transaction.
func (s *Store) renewFullText(ctx context.Context) error {
	return s.write(ctx, func(tx *catalog.Tx) error {
		if err := tx.ClearFullText(); err != nil {
			return err
		}
		return tx.EachTerms(func(r *catalog.Record) error {
			if !inFullText(&r.Memory) {
				return nil
			}
			l, err := s.openLex(r)
			if err != nil {
				return nil //nolint:nilerr // a finding of its own: KindTerms
			}
			return tx.PutWords(r.Row, l.words())
		})
	})
}

// embedAgain drops every vector of a row and has it embedded anew.
func (s *Store) embedAgain(ctx context.Context, row int64) error {
	return s.write(ctx, func(tx *catalog.Tx) error {
		_, ok, err := tx.ByRow(row)
		if err != nil || !ok {
			return err
		}
		var t txn
		if err := s.dropVectors(tx, &t, row); err != nil {
			return err
		}
		if err := s.txns.prepare(tx, &t); err != nil {
			return err
		}
		return tx.PutJob(row)
	})
}

// dropValue removes a value from RocksDB that nothing on record wants or that cannot be read. A vector may be that of a memory which
// was purged: no file must go on holding it.
func (s *Store) dropValue(ctx context.Context, f Finding) error {
	err := s.catalog.Exclusive(ctx, func() error {
		b := kv.NewBatch()
		b.Delete(kv.Family(f.kv), f.key)
		return kvError("remove a stray value", s.kv.Write(b, true))
	})
	row, _, ok := parseVectorKey(f.key)
	if err != nil || !ok || kv.Family(f.kv) != kv.Vectors {
		return err
	}
	return s.write(ctx, func(tx *catalog.Tx) error {
		_, there, err := tx.ByRow(row)
		if err != nil || there {
			return err
		}
		tx.After(s.scrubber.wake)
		return tx.NoteTrace(row)
	})
}

// mendVectorIndex brings what FAISS holds of a vector to what is on record, while no writer is at work.
func (s *Store) mendVectorIndex(ctx context.Context, f Finding) error {
	return s.catalog.Exclusive(ctx, func() error {
		refs, err := s.catalog.VectorsByRows(ctx, []int64{f.Row})
		if err != nil {
			return err
		}
		set := s.vectors
		if err := set.remove(indexName{f.ref.Space, f.ref.Class}, f.Row); err != nil {
			return err
		}
		for _, ref := range refs {
			if ref.Space != f.ref.Space || ref.Class != f.ref.Class {
				continue
			}
			v, err := s.txns.value(ref)
			var damaged *memory.CorruptError
			if errors.As(err, &damaged) {
				return nil // a finding of its own: KindVector
			}
			if err != nil {
				return err
			}
			return set.put(indexName{ref.Space, ref.Class}, []int64{ref.Row}, [][]float32{v.values})
		}
		return nil
	})
}

// mendCold brings what RAM says of a row's vectors in the archive to what is on record.
func (s *Store) mendCold(ctx context.Context, row int64) error {
	return s.catalog.Exclusive(ctx, func() error {
		cold, err := s.catalog.ColdByRows(ctx, []int64{row})
		if err != nil {
			return err
		}
		s.cold.drop(row, "")
		for _, v := range cold {
			s.cold.put(indexName{v.Space, v.Class}, row)
		}
		return nil
	})
}

func (s *Store) mendWordIndex(ctx context.Context, row int64) error {
	return s.catalog.Exclusive(ctx, func() error {
		records, err := s.catalog.WholeByRows(ctx, []int64{row})
		if err != nil {
			return err
		}
		if len(records) == 0 {
			s.dropWords(row)
			return nil
		}
		doc, err := s.document(&records[0])
		if err != nil {
			return nil //nolint:nilerr // a finding of its own: KindTerms or KindRecord
		}
		s.putWords(doc)
		return nil
	})
}

// mendLink drops what a memory says of one that never was. One that counted as superseded by it is active again.
func (s *Store) mendLink(ctx context.Context, row int64) error {
	return s.write(ctx, func(tx *catalog.Tx) error {
		r, ok, err := tx.ByRow(row)
		if err != nil || !ok {
			return err
		}
		before, err := s.open(&r)
		if err != nil {
			return nil //nolint:nilerr // a finding of its own: KindRecord
		}
		after := before
		for _, id := range []*memory.ID{&after.Supersedes, &after.SupersededBy} {
			if *id == "" {
				continue
			}
			_, there, err := tx.ByID(*id)
			if err != nil {
				return err
			}
			if !there {
				*id = ""
			}
		}
		if after.State == memory.Superseded && after.SupersededBy == "" {
			after.State = memory.Active
		}
		if after.State == before.State && after.Supersedes == before.Supersedes && after.SupersededBy == before.SupersededBy {
			return nil
		}
		return s.revise(tx, &r, &before, &after)
	})
}

// mendOutbox tells the cloud where the memory is, or that it is gone, as if it had just changed.
func (s *Store) mendOutbox(ctx context.Context, f Finding) error {
	return s.write(ctx, func(tx *catalog.Tx) error {
		last, told, err := tx.LastEvent(f.ID)
		if err != nil {
			return err
		}
		r, ok, err := tx.ByID(f.ID)
		if err != nil {
			return err
		}
		var is *memory.Memory
		if ok {
			is = &r.Memory
		}
		was := memory.Memory{ID: f.ID, State: memory.Active}
		if told && last.Op != catalog.Delete {
			was.Scope, was.Team, was.Version = last.Scope, last.Team, last.Version
		}
		if targetOf(&was) == targetOf(is) {
			return nil
		}
		return s.emit(tx, &was, is)
	})
}
