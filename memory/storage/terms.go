package storage

import (
	"context"
	"strconv"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// metaTerms is where the catalogue keeps by which rules the terms on record were made.
const metaTerms = "terms-version"

// renewTerms analyses every memory anew when the rules of analysis changed since its terms were stored. A crash in
// between costs nothing but the time: the version is written last.
func (s *Store) renewTerms(ctx context.Context) error {
	version := strconv.Itoa(inverted.AnalysisVersion)
	was, err := s.catalog.Meta(ctx, metaTerms)
	if err != nil || string(was) == version {
		return err
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
