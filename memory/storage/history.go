package storage

import (
	"context"
	"errors"
	"time"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// HistorySpan is a length of time that the history of metrics is kept by, and for how long.
type HistorySpan struct{ Span, Keep time.Duration }

// HistorySpans are minutes for two days, hours for five weeks and days for three years: at most 2,880, 840 and 1,096 rows.
var HistorySpans = []HistorySpan{
	{time.Minute, 48 * time.Hour}, {time.Hour, 35 * 24 * time.Hour}, {24 * time.Hour, 3 * 365 * 24 * time.Hour},
}

// HistoryRow is what was measured in a span of time from At on, as its writer words it.
type HistoryRow struct {
	At   time.Time
	Data []byte
}

// AddHistory has merge add what was measured at a time to what is known of that minute, hour and day; old is nil for the
// first. Rows that are too old go in the same transaction.
func (s *Store) AddHistory(ctx context.Context, at time.Time, merge func(old []byte) ([]byte, error)) error {
	return s.write(ctx, func(tx *catalog.Tx) error {
		for _, h := range HistorySpans {
			span := int64(h.Span / time.Second)
			begin := at.Unix() - at.Unix()%span
			old, _, err := tx.Measured(span, begin)
			if err != nil {
				return err
			}
			data, err := merge(old)
			if err != nil {
				return err
			}
			if err := errors.Join(tx.PutMeasured(catalog.Measured{Span: span, At: begin, Data: data}), tx.DropMeasured(span, at.Add(-h.Keep).Unix())); err != nil {
				return err
			}
		}
		return nil
	})
}

// History lists what was measured by a span of HistorySpans since a time, in order.
func (s *Store) History(ctx context.Context, span time.Duration, since time.Time) ([]HistoryRow, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	rows, err := s.catalog.History(ctx, int64(span/time.Second), since.Unix())
	if err != nil {
		return nil, catalogError(err)
	}
	out := make([]HistoryRow, 0, len(rows))
	for _, r := range rows {
		out = append(out, HistoryRow{At: time.Unix(r.At, 0).UTC(), Data: r.Data})
	}
	return out, nil
}

// Used counts the active memories that recall has ever returned, as far as their uses are on record.
func (s *Store) Used(ctx context.Context) (int, error) {
	if err := s.usable(); err != nil {
		return 0, err
	}
	n, err := s.catalog.Used(ctx)
	return n, catalogError(err)
}
