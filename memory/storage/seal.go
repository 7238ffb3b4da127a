package storage

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/security"
)

// draft is a memory ready to be written: everything that costs time is done before the writer's turn comes.
type draft struct {
	record catalog.Record
	words  *catalog.Words // nil for a memory that the full-text table does not hold
	lex    lex
	doc    func(row int64) inverted.Doc
	plain  []byte // the encoded body, neither packed nor sealed
}

// normalize brings m to what the record keeps: times in UTC and whole milliseconds, defaults where nothing is said.
func (s *Store) normalize(m *memory.Memory) {
	now := s.opts.Now()
	if m.State == "" {
		m.State = memory.Active
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = now
	}
	if m.UpdatedAt.IsZero() {
		m.UpdatedAt = m.CreatedAt
	}
	for _, t := range []*time.Time{&m.OccurredAt, &m.CreatedAt, &m.UpdatedAt, &m.ExpiresAt, &m.ForgottenAt} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Millisecond)
		}
	}
	if m.Trust == "" {
		m.Trust = memory.TrustAgent
	}
}

// draft prepares the normalised memory m for writing. known, where not nil, are the terms of the same text.
func (s *Store) draft(m *memory.Memory, textVersion int, known *lex) (*draft, error) {
	plain, err := encodeBody(m)
	if err != nil {
		return nil, err
	}
	d := &draft{plain: plain}
	if known != nil {
		d.lex = *known
	} else {
		d.lex = lex{terms: inverted.Analyse(m), tags: m.Tags}
	}
	r := &d.record
	r.Memory, r.TextVersion = bare(*m), textVersion
	r.Body, r.Lex = plain, d.lex.encode(plain)
	if m.State == memory.Archived {
		r.Body, r.Hash = packBody(plain), []byte{} // its text may be another's too
	} else {
		r.Hash = s.hashContent(m.Project, m.Content)
	}
	if inFullText(m) {
		d.words = d.lex.words()
	}
	if m.Scope.Sealed() {
		if err := s.sealRecord(r); err != nil {
			return nil, err
		}
	}
	attributes := *m
	d.doc = func(row int64) inverted.Doc { return inverted.NewDoc(row, &attributes, d.lex.terms) }
	return d, nil
}

// inFullText reports whether the tables fts and tags hold what m says: neither what is private nor what is archived, where the
// words in RAM serve searches.
func inFullText(m *memory.Memory) bool { return !m.Scope.Sealed() && m.State != memory.Archived }

// bare returns m without what the catalogue must not see.
func bare(m memory.Memory) memory.Memory {
	m.Content, m.Title, m.Tags, m.Metadata, m.Rules = "", "", nil, nil, nil
	return m
}

// The places that parts of a memory are sealed for.
const (
	placeBody = "memories.body"
	placeLex  = "memories.lex"
)

func sealedPlace(part string, m *memory.Memory) []byte {
	return security.Place([]byte(part), []byte(m.ID), binary.AppendUvarint(nil, uint64(m.Version)))
}

func (s *Store) sealRecord(r *catalog.Record) (err error) {
	if r.Body, err = s.private.Seal(nil, r.Body, sealedPlace(placeBody, &r.Memory)); err != nil {
		return fmt.Errorf("seal memory: %w", err)
	}
	if r.Lex, err = s.private.Seal(nil, r.Lex, sealedPlace(placeLex, &r.Memory)); err != nil {
		return fmt.Errorf("seal memory: %w", err)
	}
	return nil
}

// unsealed returns a part of r in the clear, or a *memory.CorruptError.
func (s *Store) unsealed(r *catalog.Record, part string, b []byte) ([]byte, error) {
	if !r.Memory.Scope.Sealed() {
		return b, nil
	}
	plain, err := s.private.Open(nil, b, sealedPlace(part, &r.Memory))
	if err != nil {
		return nil, &memory.CorruptError{ID: r.Memory.ID, Engine: "sqlite", Err: err}
	}
	return plain, nil
}

// open returns the whole memory of r, which must have its body.
func (s *Store) open(r *catalog.Record) (memory.Memory, error) {
	m := r.Memory
	plain, err := s.unsealed(r, placeBody, r.Body)
	if err != nil {
		return memory.Memory{}, err
	}
	if err := decodeBody(plain, &m); err != nil {
		return memory.Memory{}, &memory.CorruptError{ID: m.ID, Engine: "sqlite", Err: err}
	}
	return m, nil
}

// openLex returns the terms of r, which must have them and its body.
func (s *Store) openLex(r *catalog.Record) (lex, error) {
	terms, err := s.unsealed(r, placeLex, r.Lex)
	if err != nil {
		return lex{}, err
	}
	var plain []byte
	if len(terms) > 0 && terms[0] == lexQuoted {
		packed, err := s.unsealed(r, placeBody, r.Body)
		if err == nil {
			plain, err = unpackBody(packed)
		}
		if err != nil {
			return lex{}, &memory.CorruptError{ID: r.Memory.ID, Engine: "sqlite", Err: err}
		}
	}
	l, err := decodeLex(terms, plain)
	if err != nil {
		return lex{}, &memory.CorruptError{ID: r.Memory.ID, Engine: "sqlite", Err: err}
	}
	return l, nil
}

// document returns what the inverted index holds of r.
func (s *Store) document(r *catalog.Record) (inverted.Doc, error) {
	l, err := s.openLex(r)
	if err != nil {
		return inverted.Doc{}, err
	}
	m := r.Memory
	m.Tags = l.tags
	return inverted.NewDoc(r.Row, &m, l.terms), nil
}

// vectorClass is the key class of the vectors of m.
func vectorClass(m *memory.Memory) security.Class {
	if m.LocalOnly() {
		return security.ClassPrivate
	}
	return security.ClassStore
}
