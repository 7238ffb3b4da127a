package vector

import (
	"errors"
	"runtime"
	"sync"
)

// PoolOptions sizes a Pool; the zero value works.
type PoolOptions struct {
	Workers int // calls at once; 0 means one a CPU, but two at most
}

// Pool bounds how many calls into FAISS run at once. One Pool serves any number of indexes. It is safe for concurrent use.
//
// A call runs on the goroutine that makes it: handing a search of a few thousand rows to another thread and back costs
// more than the search.
type Pool struct {
	slots chan struct{} // one is taken while a call runs

	mu     sync.RWMutex // held for reading while calls run
	closed bool
}

// ErrClosed reports a use of an Index or Pool after Close.
var ErrClosed = errors.New("vector: closed")

// NewPool returns a pool. The caller closes it after the indexes that use it.
func NewPool(opts PoolOptions) *Pool {
	n := opts.Workers
	if n <= 0 {
		n = min(2, runtime.GOMAXPROCS(0))
	}
	return &Pool{slots: make(chan struct{}, n)}
}

// Workers returns how many calls run at once.
func (p *Pool) Workers() int { return cap(p.slots) }

// Close waits for the calls under way and refuses further ones. It is safe to call more than once.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// do runs fn n times side by side, 1 to Workers, one of them on this goroutine, and returns when all have returned. fn must
// not call do.
func (p *Pool) do(n int, fn func()) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return ErrClosed
	}
	var others sync.WaitGroup
	for range n - 1 {
		others.Go(func() { p.run(fn) })
	}
	p.run(fn)
	others.Wait()
	return nil
}

// run runs fn in a slot, on a thread on which FAISS starts no threads of its own.
func (p *Pool) run(fn func()) {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	threadInit()
	fn()
}
