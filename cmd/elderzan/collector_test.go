package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGCPercent(t *testing.T) {
	for name, tc := range map[string]struct {
		live  uint64
		since time.Duration
		want  int
	}{
		"at rest":                     {40 << 20, time.Minute, engineGCPercent},
		"busy":                        {40 << 20, 100 * time.Millisecond, 35},
		"busy, and little lives":      {1 << 20, 0, 400},
		"busy, and nothing is known":  {0, 0, engineGCPercent},
		"busy, with a great heap":     {1 << 30, 0, engineGCPercent},
		"busy, with a very small one": {1, 0, 400},
	} {
		t.Run(name, func(t *testing.T) {
			if got := gcPercent(tc.live, tc.since); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

// TestTheCollectorIsFollowed runs the collector until what hangs on its runs has seen two in short succession.
func TestTheCollectorIsFollowed(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	seen := make(chan struct{}, 64)
	c := &gcTuner{last: time.Now(), percent: engineGCPercent, told: func() { seen <- struct{}{} }}
	c.watch()
	for range 2 {
		for done := false; !done; {
			runtime.GC()
			select {
			case <-seen:
				done = true
			default:
			}
		}
	}
}
