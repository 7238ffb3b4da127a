package storage

import (
	"bytes"
	"context"
	"fmt"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// metaTerms is where the catalogue keeps by which rules the terms on record were made, and under which generation of
// the keys they are hashed and sealed, as "RULES/GENERATION".
const metaTerms = "terms-version"

func termsVersion(generation uint32) string {
	return fmt.Sprintf("%d/%d", inverted.AnalysisVersion, generation)
}

// rulesOf returns the rules that a value of metaTerms names; 0 for none.
func rulesOf(version []byte) (rules int) {
	if _, err := fmt.Sscanf(string(version), "%d/", &rules); err != nil {
		return 0
	}
	return rules
}

// metaAnalysing is how far the renewal of terms has come.
const metaAnalysing = "terms-renewing"

// checkTerms notes by which rules terms are made where there are none yet. Where there are some by other rules, the store
// answers with them, and the renewal makes them anew in the background.
func (s *Store) checkTerms(ctx context.Context) error {
	was, err := s.catalog.Meta(ctx, metaTerms)
	if err != nil || len(was) > 0 {
		return err
	}
	if _, row, err := s.catalog.Marks(ctx); err != nil || row > 0 {
		return err
	}
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		if err := tx.SetMeta(metaArchived, []byte{archiveForm}); err != nil { // there is nothing that an older version archived
			return err
		}
		return tx.SetMeta(metaTerms, []byte(termsVersion(s.generation)))
	})
}

// noteTerms writes down that all terms are made by the present rules, and are hashed and sealed under the present keys.
func (s *Store) noteTerms(ctx context.Context) error {
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaTerms, []byte(termsVersion(s.generation))) })
}

// analysed is what a memory was when its terms were made, and the terms.
type analysed struct {
	body  []byte
	trust memory.Trust
	terms lex
}

// analyse makes the terms of the memories of rows anew. One that is damaged is left out.
func (s *Store) analyse(ctx context.Context, rows []int64) (map[int64]analysed, error) {
	records, err := s.catalog.ByRows(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]analysed, len(records))
	for i := range records {
		r := &records[i]
		if m, err := s.open(r); err == nil {
			out[r.Row] = analysed{r.Body, m.Trust, lex{terms: inverted.Analyse(&m), tags: m.Tags}}
		}
	}
	return out, ctx.Err()
}

// renew stores the terms of the memories of rows anew, here, in the full-text table and in the inverted index, and what
// mark does in the same transaction. Writers wait only for what touches the database: the analysis goes before.
func (s *Store) renew(ctx context.Context, rows []int64, mark func(*catalog.Tx) error) error {
	known, err := s.analyse(ctx, rows)
	if err != nil {
		return err
	}
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		records, err := tx.ByRows(rows)
		if err != nil {
			return err
		}
		for i := range records {
			if err := s.renewOne(tx, &records[i], known); err != nil {
				return err
			}
		}
		return mark(tx)
	})
}

func (s *Store) renewOne(tx *catalog.Tx, r *catalog.Record, known map[int64]analysed) error {
	if !r.Intact() {
		return nil // storing it anew would give damage a checksum; the checker names it
	}
	m, err := s.open(r)
	if err != nil {
		s.opts.Logger.Error("a memory is damaged; run `elderzan doctor --repair`", "id", r.Memory.ID, "error", err)
		return nil
	}
	var terms *lex
	if k, ok := known[r.Row]; ok && k.trust == m.Trust && bytes.Equal(k.body, r.Body) { // it was not changed meanwhile
		terms = &k.terms
	}
	d, err := s.draft(&m, r.TextVersion, terms)
	if err != nil {
		return err
	}
	d.record.Row = r.Row
	if err := tx.Update(&d.record, d.words, inFullText(&m)); err != nil {
		return err
	}
	doc := d.doc(r.Row)
	tx.After(func() { s.putWords(doc) })
	return nil
}

// recordWords returns the words that the full-text table has of a record, from its terms; nil for none.
func (s *Store) recordWords(r *catalog.Record) (*catalog.Words, error) {
	if !inFullText(&r.Memory) {
		return nil, nil
	}
	l, err := s.openLex(r)
	if err != nil {
		return nil, err
	}
	return l.words(), nil
}
