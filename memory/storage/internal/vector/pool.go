package vector

import (
	"errors"
	"runtime"
	"sync"
)

// PoolOptions sizes a Pool; the zero value works.
type PoolOptions struct {
	Workers int // goroutines, each with a thread of its own; 0 means one a CPU, but two at most
}

// Pool runs calls into FAISS on a few goroutines that are locked to operating-system threads. One Pool serves any
// number of indexes. It is safe for concurrent use.
type Pool struct {
	workers int
	jobs    chan func()
	done    sync.WaitGroup

	mu     sync.RWMutex // held for reading while a job is handed over
	closed bool
}

// ErrClosed reports a use of an Index or Pool after Close.
var ErrClosed = errors.New("vector: closed")

// NewPool starts a pool. The caller closes it after the indexes that use it.
func NewPool(opts PoolOptions) *Pool {
	n := opts.Workers
	if n <= 0 {
		n = min(2, runtime.GOMAXPROCS(0))
	}
	p := &Pool{workers: n, jobs: make(chan func())}
	p.done.Add(n)
	for range n {
		go p.work()
	}
	return p
}

func (p *Pool) work() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer p.done.Done()
	threadInit()
	for job := range p.jobs {
		job()
	}
}

// Workers returns how many calls run at once.
func (p *Pool) Workers() int { return p.workers }

// Close waits for the calls under way and ends the goroutines. It is safe to call more than once.
func (p *Pool) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.jobs)
	}
	p.mu.Unlock()
	p.done.Wait()
	return nil
}

// do runs fn on n goroutines of the pool, 1 to Workers, and returns when all have returned. fn must not call do.
func (p *Pool) do(n int, fn func()) error {
	var running sync.WaitGroup
	p.mu.RLock()
	if p.closed {
		p.mu.RUnlock()
		return ErrClosed
	}
	running.Add(n)
	for range n {
		p.jobs <- func() {
			defer running.Done()
			fn()
		}
	}
	p.mu.RUnlock()
	running.Wait()
	return nil
}
