package embed

import (
	"context"
	"errors"
)

// request is one call's texts. Its fields belong to the Batcher's lock, and to the caller once done is closed.
type request struct {
	texts   []string
	rows    []Embedding
	taken   int // texts in batches so far
	left    int // texts without a vector
	err     error
	done    chan struct{} // closed when there is nothing more to wait for
	over    bool          // done is closed
	batches []*batch      // under way, with texts of this request
}

// finish ends the wait for r; only the first call counts.
func (r *request) finish(err error) {
	if r.over {
		return
	}
	r.over, r.err = true, err
	close(r.done)
	for _, b := range r.batches {
		if b.waiting--; b.waiting == 0 {
			b.cancel()
		}
	}
	r.batches = nil
}

// piece is a range of a request's texts.
type piece struct {
	*request
	from, to int
}

// batch is what one call of the inner embedder is asked.
type batch struct {
	class   class
	pieces  []piece
	texts   []string
	waiting int // requests that still want it
	cancel  context.CancelFunc
}

// run takes batches of the classes below end, the most urgent first, until the Batcher is closed.
func (b *Batcher) run(end class) {
	for {
		ctx, cancel := context.WithCancel(b.ctx)
		t := b.take(end, cancel)
		if t == nil {
			cancel()
			return
		}
		rows, err := checked(ctx, b.inner[t.class], t.texts, b.Dim())
		if err != nil && len(t.pieces) > 1 && errors.Is(err, ErrInput) {
			b.apart(ctx, t)
		} else {
			b.settle(t, rows, err)
		}
		cancel()
	}
}

// take waits for work and returns a batch of it, or nil when the Batcher is closed.
func (b *Batcher) take(end class, cancel context.CancelFunc) *batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed {
		for c := question; c < end; c++ {
			if len(b.queues[c]) > 0 {
				return b.fill(c, cancel)
			}
		}
		b.work.Wait()
	}
	return nil
}

// fill moves texts from a queue, in order, to a batch: as many as fit, at least one.
func (b *Batcher) fill(c class, cancel context.CancelFunc) *batch {
	t := &batch{class: c, cancel: cancel}
	bytes := 0
	for len(b.queues[c]) > 0 {
		r := b.queues[c][0]
		from := r.taken
		for r.taken < len(r.texts) && b.fits(t, bytes, r.texts[r.taken]) {
			bytes += len(r.texts[r.taken])
			t.texts = append(t.texts, r.texts[r.taken])
			r.taken++
		}
		if r.taken > from {
			t.pieces = append(t.pieces, piece{r, from, r.taken})
			t.waiting++
			r.batches = append(r.batches, t)
		}
		if r.taken < len(r.texts) {
			break
		}
		b.queues[c] = b.queues[c][1:]
	}
	b.counts.Batches++
	b.counts.Texts += int64(len(t.texts))
	return t
}

func (b *Batcher) fits(t *batch, bytes int, text string) bool {
	return len(t.texts) == 0 || len(t.texts) < b.opts.Texts && bytes+len(text) <= b.opts.Bytes
}

// settle hands the rows of a batch, or its error, to the requests.
func (b *Batcher) settle(t *batch, rows []Embedding, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.counts.Failed++
	}
	row := 0
	for _, p := range t.pieces {
		n := p.to - p.from
		if err != nil {
			b.fail(p.request, t.class, err)
		} else {
			b.deliver(t, p, rows[row:row+n])
		}
		row += n
	}
}

// deliver gives a request the rows of one piece.
func (b *Batcher) deliver(t *batch, p piece, rows []Embedding) {
	if p.over {
		return
	}
	copy(p.rows[p.from:p.to], rows)
	p.left -= len(rows)
	for i, q := range p.batches {
		if q == t {
			p.batches = append(p.batches[:i], p.batches[i+1:]...)
			break
		}
	}
	if p.left == 0 {
		p.finish(nil)
	}
}

// fail ends a request, of which the rest may still be queued.
func (b *Batcher) fail(r *request, c class, err error) {
	if len(b.queues[c]) > 0 && b.queues[c][0] == r {
		b.queues[c] = b.queues[c][1:]
	}
	if b.closed {
		err = ErrClosed
	}
	r.finish(err)
}

// apart asks again for each request of a batch that was refused, so that one bad text fails nobody else.
func (b *Batcher) apart(ctx context.Context, t *batch) {
	row := 0
	for _, p := range t.pieces {
		texts := t.texts[row : row+p.to-p.from]
		row += len(texts)
		rows, err := checked(ctx, b.inner[t.class], texts, b.Dim())
		b.settle(&batch{class: t.class, pieces: []piece{p}, texts: texts}, rows, err)
	}
}
