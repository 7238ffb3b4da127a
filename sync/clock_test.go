package sync

import (
	"testing"
	"time"
)

// TestStampTime: a stamp tells the moment that it was made of, and counts on from the one before where the clock does not.
func TestStampTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, int(7*time.Millisecond), time.UTC)
	first := stampOf(at, 0)
	if got := first.Time(); !got.Equal(at) {
		t.Errorf("a stamp of %v tells %v", at, got)
	}
	if next := stampOf(at.Add(-time.Hour), first); next <= first || !next.Time().Equal(at) {
		t.Errorf("with a clock that went back: %v after %v, which tells %v", next, first, next.Time())
	}
}
