package vector

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Rebuild tells of a piece of work done in the background.
type Rebuild struct {
	Step     string // "convert", "train", "compact", "extend" or "drop"
	From, To Kind
	Rows     int // vectors the index had at the end
	Took     time.Duration
	Err      error // why it came to nothing; what was there before goes on serving
}

// keeper runs one piece of work after another on a thread of its own, of low priority, for as long as some is due.
type keeper struct {
	mu      sync.Mutex
	running bool
	closed  bool
	cancel  context.CancelFunc
	done    chan struct{} // closed when the work under way has ended
	err     error         // of the last piece of work
	calm    int           // changes to wait for after a failure
	stop    int32         // other than 0 once FAISS is to stop training
}

// afterFailure is how many changes must come before failed work is tried again.
const afterFailure = 1000

// wake starts background work if some is due. It must not be called with mu held.
func (x *Index) wake() {
	x.mu.RLock()
	due := x.due() != nil
	x.mu.RUnlock()
	if due {
		x.keeper.start(x, false)
	}
}

// start starts the goroutine unless it runs. After a failure it waits for changes unless forced.
func (k *keeper) start(x *Index, force bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running || k.closed {
		return
	}
	if k.calm > 0 && !force {
		k.calm--
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	k.running, k.cancel, k.done, k.err = true, cancel, make(chan struct{}), nil
	go x.keep(ctx)
}

// keep works until nothing is due. Its thread ends with it: one with a changed priority must not be used again.
func (x *Index) keep(ctx context.Context) {
	runtime.LockOSThread()
	lowPriority()
	threadInit()
	for {
		x.mu.RLock()
		work := x.due()
		x.mu.RUnlock()
		if work == nil {
			x.keeper.finish(nil)
			x.wake() // a change that came since the look found the keeper at work
			return
		}
		if err := x.do(ctx, work); err != nil {
			x.keeper.finish(err)
			return
		}
	}
}

// do runs one piece of work and tells of it.
func (x *Index) do(ctx context.Context, work *work) error {
	start := time.Now()
	from := x.Kind()
	err := ctx.Err()
	if err == nil {
		if err = work.run(ctx); err != nil && ctx.Err() != nil {
			err = ctx.Err() // FAISS has words of its own for having been stopped
		}
	}
	if x.rebuilt != nil {
		x.rebuilt(Rebuild{Step: work.step, From: from, To: x.Kind(), Rows: x.Len(), Took: time.Since(start), Err: err})
	}
	return err
}

// finish marks the goroutine as ended.
func (k *keeper) finish(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running, k.err = false, err
	if err != nil {
		k.calm = afterFailure
	}
	k.cancel()
	close(k.done)
}

// close ends the work under way, soon, and lets no other start.
func (k *keeper) close() {
	k.mu.Lock()
	k.closed = true
	done, running := k.done, k.running
	if running {
		k.cancel()
		atomic.StoreInt32(&k.stop, 1)
	}
	k.mu.Unlock()
	if running {
		<-done
	}
}

// wait returns when the work that is under way, if any, has ended.
func (k *keeper) wait(ctx context.Context) (worked bool, err error) {
	k.mu.Lock()
	done, running, err := k.done, k.running, k.err
	k.mu.Unlock()
	if !running {
		return false, err
	}
	select {
	case <-done:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	}
}

// Settle waits until the index has the kind that fits it and no background work is due, and returns what kept the last
// piece of work from succeeding. It tries again what had failed before. Searches and changes go on meanwhile.
func (x *Index) Settle(ctx context.Context) error {
	x.mu.RLock()
	due := x.due() != nil
	x.mu.RUnlock()
	if due {
		x.keeper.start(x, true)
	}
	for {
		if worked, err := x.keeper.wait(ctx); !worked || err != nil {
			return err
		}
	}
}

// yield makes a Put wait while a Flat index that is far too large for that is being converted.
func (x *Index) yield() {
	x.mu.RLock()
	over := x.body != nil && x.pinned == 0 && x.source != nil && x.body.kind == Flat && len(x.body.ids) >= 3*x.limits.SQ8
	x.mu.RUnlock()
	if over {
		_, _ = x.keeper.wait(context.Background()) // the keeper's own context ends it, on Close too
	}
}
