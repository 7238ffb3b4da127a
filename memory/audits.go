package memory

import (
	"context"
	"errors"
	"fmt"
)

// AuditRecord is an entry of the audit log with its number, which starts at 1 and has no gaps.
type AuditRecord struct {
	Seq int64
	Audit
}

// Audits reads the audit log; *storage.Store is one.
type Audits interface {
	// AuditTail returns the newest n entries, the newest first, each verified to follow from the one before.
	AuditTail(ctx context.Context, n int) ([]AuditRecord, error)
}

var errNoAudits = errors.New("memory: this service cannot read the audit log")

// AuditTail returns the newest n entries of the audit log, the newest first. They hold no text of any memory. Errors:
// ErrDenied, *CorruptError where the log was tampered with, and those of the store.
func (s *Service) AuditTail(ctx context.Context, c Caller, n int) ([]AuditRecord, error) {
	if err := checkLimit(n); err != nil {
		return nil, err
	}
	if err := s.authorize(ctx, c, "audit", nil); err != nil {
		return nil, err
	}
	if s.audits == nil {
		return nil, errNoAudits
	}
	out, err := s.audits.AuditTail(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return out, nil
}
