package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How often the collector runs. Much of the heap lives as long as the engine, so that a small share of it is room enough
// at most times. While calls come thick and fast that share is used up many times a second, and marking what lives takes a
// tenth of the processor: then the heap may grow by a fixed amount instead.
const (
	engineGCPercent = 25       // of what lives
	busyRoom        = 14 << 20 // bytes, while the collector runs in short succession
	shortSuccession = 500 * time.Millisecond
)

// tuneCollector sets the collector of an engine, and goes on to after each of its runs.
func tuneCollector() {
	debug.SetGCPercent(engineGCPercent)
	c := &gcTuner{last: time.Now(), percent: engineGCPercent}
	c.watch()
}

type gcTuner struct {
	last    time.Time // run of the collector
	percent int       // as set
	told    func()    // of each run; nil for nobody
}

// canary is garbage at once: what is to happen after a run of the collector hangs on it.
type canary struct{ _ *byte }

func (c *gcTuner) watch() { runtime.SetFinalizer(new(canary), func(*canary) { c.ran() }) }

func (c *gcTuner) ran() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	now := time.Now()
	want := gcPercent(live[0].Value.Uint64(), now.Sub(c.last))
	if want > c.percent+c.percent/8 || want < c.percent-c.percent/8 { // setting it stops the process for a moment
		debug.SetGCPercent(want)
		c.percent = want
	}
	c.last = now
	if c.told != nil {
		c.told()
	}
	c.watch()
}

// gcPercent returns the share of live bytes by which the heap may grow, in percent, when the last two runs of the collector
// were since apart.
func gcPercent(live uint64, since time.Duration) int {
	if since > shortSuccession || live == 0 {
		return engineGCPercent
	}
	return int(min(max(busyRoom*100/live, engineGCPercent), 400))
}
