package storage

import (
	"context"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// AuditEntry is an entry of the audit log with its number, which starts at 1 and has no gaps.
type AuditEntry struct {
	Seq int64
	memory.Audit
}

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
