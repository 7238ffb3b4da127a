// Package bound holds tests and fuzz targets to limits of cost that a loaded machine does not change: it counts the
// processor time of the calling thread, and of several tries the best.
package bound

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// tries is how often a call that was too slow is measured again, so that a collection of garbage or a page fault is not
// taken for the cost of a text, which is there each time.
const tries = 3

// Limit is what a call of one layer, or of the whole detector, may cost on a text of up to 64 KiB: twenty times the goal.
const Limit = time.Second

// Within calls f and fails t if even the best of three calls used more than limit of processor time. Under the race
// detector, which slows everything down, race being true, it only calls f.
func Within(t testing.TB, limit time.Duration, race bool, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	best := time.Duration(1<<63 - 1)
	for range tries {
		start := thread(t)
		f()
		if best = min(best, thread(t)-start); race || best <= limit {
			return
		}
	}
	t.Errorf("the best of %d calls used %v of processor time, want at most %v", tries, best, limit)
}

// thread is the processor time that the calling thread has used.
func thread(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
