package storage

import (
	"context"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// AuditEntry is an entry of the audit log with its number, which starts at 1 and has no gaps.
type AuditEntry struct {
	Seq int64
	memory.Audit
}

// AuditHead returns the number of the newest entry that is committed; 0 where there is none.
func (s *Store) AuditHead() int64 { return s.catalog.AuditHead() }

// AuditLog calls fn for each entry after the one numbered after, in order, each verified to follow from the one before
// (from 0, that is the whole chain). It ends at fn's first error, and with a *memory.CorruptError at an entry that
// does not follow.
func (s *Store) AuditLog(ctx context.Context, after int64, fn func(AuditEntry) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	return catalogError(s.catalog.AuditLog(ctx, after, s.auditKey, func(e catalog.AuditEntry) error {
		return fn(AuditEntry{Seq: e.Seq, Audit: e.Audit})
	}))
}

var _ memory.Audits = (*Store)(nil)

// AuditTail implements memory.Audits.
func (s *Store) AuditTail(ctx context.Context, n int) ([]memory.AuditRecord, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	var out []memory.AuditRecord
	err := s.AuditLog(ctx, max(0, s.catalog.AuditHead()-int64(n)), func(e AuditEntry) error {
		out = append(out, memory.AuditRecord{Seq: e.Seq, Audit: e.Audit})
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(out)
	return out[:min(len(out), n)], nil
}
