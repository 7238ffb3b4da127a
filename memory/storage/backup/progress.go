package backup

import "sync"

// progress counts bytes for Options.Progress.
type progress struct {
	mu    sync.Mutex
	tell  func(done, total int64)
	done  int64
	total int64
}

func (r *Repository) progress(total int64) *progress {
	p := &progress{tell: r.o.Progress, total: total}
	p.add(0)
	return p
}

func (p *progress) add(n int64) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.tell(p.done, p.total)
}
