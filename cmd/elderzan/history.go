package main

import (
	"context"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/memory/storage"
)

// historyPoints reads what was measured since a time; a row that cannot be read is left out.
func historyPoints(ctx context.Context, s *storage.Store, span time.Duration, since time.Time) ([]metrics.Point, error) {
	rows, err := s.History(ctx, span, since)
	if err != nil {
		return nil, err
	}
	out := make([]metrics.Point, 0, len(rows))
	for _, r := range rows {
		if p, err := metrics.Decode(r.At, r.Data); err == nil {
			out = append(out, p)
		}
	}
	return out, nil
}

// history is what the dashboard draws.
func (w *webPage) history(ctx context.Context, span time.Duration, since time.Time) ([]metrics.Point, error) {
	st, err := w.h.current(ctx)
	if err != nil {
		return nil, err
	}
	return historyPoints(ctx, st.store, span, since)
}
