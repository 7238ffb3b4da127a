package storage

import (
	"context"
	"time"

	"github.com/elderzan/elderzan/memory"
)

var _ memory.Ager = (*Store)(nil)

// Due implements memory.Ager.
func (s *Store) Due(ctx context.Context, now, forgottenBefore time.Time, n int) (expired, forgotten []memory.ID, err error) {
	if err := s.usable(); err != nil {
		return nil, nil, err
	}
	if expired, err = s.catalog.Expired(ctx, now, n); err != nil {
		return nil, nil, catalogError(err)
	}
	forgotten, err = s.catalog.Forgotten(ctx, forgottenBefore, n)
	return expired, forgotten, catalogError(err)
}
