// Package slack lets the programs that this one starts sleep less exactly, which they then wake up less for.
//
// The monitor of Go's runtime sleeps 20 µs at a time while a program makes calls into the kernel or into C, thousands of times
// a second: 40 % of the processor time of a pipe that passes messages on, and 7 % of an engine's that stores them. The kernel
// adds to each sleep as much as the thread's timer slack, 50 µs by default. A thread's slack is that of the thread which
// started it, and stays over execve(2), so that it has to be set before a program starts: its monitor runs before any of
// its own code does. prctl(2), PR_SET_TIMERSLACK.
package slack

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// wide is the slack that timers get, in nanoseconds. Calls that block keep others from running until the monitor has noticed
// them, so that with a millisecond the processors stand idle.
const wide = 300_000

// Widen widens the slack of the calling goroutine's thread, which programs inherit that it starts before restore. The
// goroutine stays on its thread until then. Where the kernel will not do it, programs start as they would have.
func Widen() (restore func()) {
	runtime.LockOSThread()
	was, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, wide, 0, 0, 0) != nil {
		return runtime.UnlockOSThread
	}
	return func() {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(was), 0, 0, 0) // it could be set a moment ago
		runtime.UnlockOSThread()
	}
}
