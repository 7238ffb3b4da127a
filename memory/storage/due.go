package storage

import (
	"context"
	"encoding/json"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
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

// metaDays is where the catalogue keeps up to which row there were memories at the end of which day. What was imported
// may be old and new here: it has been here as long as its row.
const metaDays = "days"

// day is the newest row at a moment.
type day struct {
	At  time.Time `json:"at"`
	Row int64     `json:"row"`
}

// daysEvery is the time between two entries, daysKept how many there are at most.
const (
	daysEvery = 24 * time.Hour
	daysKept  = 400
)

// Unused implements memory.Ager.
func (s *Store) Unused(ctx context.Context, now, before time.Time, n int) ([]memory.ID, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if err := s.flushUses(ctx); err != nil { // what was used a moment ago counts
		return nil, catalogError(err)
	}
	upTo, err := s.rowBefore(ctx, now, before)
	if err != nil || upTo == 0 {
		return nil, catalogError(err)
	}
	ids, err := s.catalog.Unused(ctx, before, memory.KeepImportance, upTo, n)
	return ids, catalogError(err)
}

// rowBefore returns the newest row that was there before a moment, 0 where that is not known, and notes today's.
func (s *Store) rowBefore(ctx context.Context, now, before time.Time) (int64, error) {
	b, err := s.catalog.Meta(ctx, metaDays)
	if err != nil {
		return 0, err
	}
	var days []day
	if len(b) > 0 && json.Unmarshal(b, &days) != nil {
		days = nil // counted anew
	}
	upTo := int64(0)
	for _, d := range days {
		if !d.At.After(before) {
			upTo = max(upTo, d.Row)
		}
	}
	if len(days) > 0 && now.Sub(days[len(days)-1].At) < daysEvery {
		return upTo, nil
	}
	_, row, err := s.catalog.Marks(ctx)
	if err != nil {
		return 0, err
	}
	days = append(days, day{now, row})
	if b, err = json.Marshal(days[max(0, len(days)-daysKept):]); err != nil {
		return 0, err
	}
	return upTo, s.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaDays, b) })
}
