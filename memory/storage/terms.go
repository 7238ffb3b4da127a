package storage

import (
	"context"
	"fmt"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// metaTerms is where the catalogue keeps by which rules the terms on record were made, and under which generation of
// the keys they are hashed and sealed, as "RULES/GENERATION".
const metaTerms = "terms-version"

func termsVersion(generation uint32) string {
	return fmt.Sprintf("%d/%d", inverted.AnalysisVersion, generation)
}

// renewTerms analyses, hashes and seals every memory anew when the rules of analysis have changed since. A crash in
// between costs nothing but the time: the version is written last. After a rotation of the keys alone, the renewal does
// in the background what is left to do.
func (s *Store) renewTerms(ctx context.Context) error {
	version := termsVersion(s.generation)
	was, err := s.catalog.Meta(ctx, metaTerms)
	if err != nil || string(was) == version {
		return err
	}
	rules, generation := 0, uint32(0)
	if _, err := fmt.Sscanf(string(was), "%d/%d", &rules, &generation); err == nil && rules == inverted.AnalysisVersion {
		s.renewFrom = generation
		return nil
	}
	var rows []int64
	err = s.catalog.Whole(ctx, func(r *catalog.Record) error {
		rows = append(rows, r.Row)
		return nil
	})
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		n := min(fillBatch, len(rows))
		if err := s.renew(ctx, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaTerms, []byte(version)) })
}

// renew analyses the memories of rows again and stores their terms, here and in the full-text table.
func (s *Store) renew(ctx context.Context, rows []int64) error {
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		records, err := tx.ByRows(rows)
		if err != nil {
			return err
		}
		for i := range records {
			r := &records[i]
			m, err := s.open(r)
			if err != nil {
				s.opts.Logger.Error("a memory is damaged; run `elderzan doctor --repair`", "id", r.Memory.ID, "error", err)
				continue
			}
			d, err := s.draft(&m, r.TextVersion, nil)
			if err != nil {
				return err
			}
			d.record.Row = r.Row
			if err := tx.Update(&d.record, d.words, m.Scope.Sealed()); err != nil {
				return err
			}
		}
		return nil
	})
}

// recordWords returns the words of a record that is not sealed, from its terms.
func (s *Store) recordWords(r *catalog.Record) (*catalog.Words, error) {
	l, err := s.openLex(r)
	if err != nil {
		return nil, err
	}
	return l.words(), nil
}
