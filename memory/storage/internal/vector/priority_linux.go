package vector

import "golang.org/x/sys/unix"

// lowPriority lets every other thread of the machine go first. Where that is not allowed the work is merely in the way.
func lowPriority() { _ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 15) }
