package storage

import (
	"strconv"
	"testing"
	"time"
)

// Three years of one measurement an hour, and two days of one a minute, stay within their bound and lose no count.
func TestHistory(t *testing.T) {
	s := newRig(t).Store
	start := time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)
	add := func(at time.Time) {
		t.Helper()
		if err := s.AddHistory(t.Context(), at, func(old []byte) ([]byte, error) {
			n := 0
			if old != nil {
				n, _ = strconv.Atoi(string(old))
			}
			return []byte(strconv.Itoa(n + 1)), nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for m := range 300 {
		add(start.Add(time.Duration(m) * time.Minute))
	}
	for _, tc := range []struct {
		span time.Duration
		rows int
	}{{time.Minute, 300}, {time.Hour, 5}, {24 * time.Hour, 1}} {
		rows, err := s.History(t.Context(), tc.span, time.Time{})
		sum := 0
		for _, r := range rows {
			n, _ := strconv.Atoi(string(r.Data))
			sum += n
		}
		if err != nil || len(rows) != tc.rows || sum != 300 {
			t.Errorf("%v: %d rows with %d, %v; want %d with 300", tc.span, len(rows), sum, err, tc.rows)
		}
	}
	later := start.Add(60 * time.Hour)
	add(later) // two days on, the minutes are gone and the hours are not
	if rows, err := s.History(t.Context(), time.Minute, time.Time{}); err != nil || len(rows) != 1 || !rows[0].At.Equal(later.Truncate(time.Minute)) {
		t.Errorf("%d minutes, %v", len(rows), err)
	}
	if rows, err := s.History(t.Context(), time.Hour, later.Add(-time.Hour)); err != nil || len(rows) != 1 {
		t.Errorf("hours since = %v, %v", rows, err)
	}
	add(start.Add(4 * 365 * 24 * time.Hour))
	if rows, err := s.History(t.Context(), 24*time.Hour, time.Time{}); err != nil || len(rows) != 1 {
		t.Errorf("days = %v, %v", rows, err)
	}
	for _, h := range HistorySpans {
		if n := h.Keep / h.Span; n > 3000 {
			t.Errorf("%v keeps %d rows", h.Span, n)
		}
	}
}
