package embed

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"
)

var (
	// ErrClosed reports a call on a closed Batcher.
	ErrClosed = errors.New("embed: batcher is closed")
	// ErrInput reports a text that the embedder will refuse however often it is asked.
	ErrInput = errors.New("embed: text refused")
)

// BatcherOptions configure a Batcher. The zero value is ready to use.
type BatcherOptions struct {
	Texts   int // most texts of one batch; 0 means 32
	Bytes   int // bytes of text after which a batch is full; 0 means 8 KiB, about 0.5 s of a local model
	Queue   int // texts that may wait in each of the two queues; 0 means 1024
	Workers int // batches under way at once, besides one more for questions alone; 0 means 1
}

// Batcher gathers the texts of many callers into batches. There are two queues: questions, which someone waits for,
// and documents. Workers take questions first, and one more worker takes nothing else, so that a question never
// waits for a batch of documents. No call is delayed to fill a batch: what arrives while the workers are busy goes
// together. A full queue makes callers wait until there is room or their context ends. It is safe for concurrent use.
type Batcher struct {
	opts  BatcherOptions
	inner [classes]Embedder // by class
	room  [classes]*semaphore.Weighted

	mu     sync.Mutex
	work   sync.Cond // signalled when queues or closed change
	queues [classes][]*request
	counts BatcherMetrics
	closed bool

	ctx    context.Context // of the batches; ended by Close
	cancel context.CancelFunc
	done   sync.WaitGroup
}

type class int

const (
	question class = iota
	document
	classes
)

// NewBatcher starts the workers over inner. Close stops them.
func NewBatcher(inner Embedder, o BatcherOptions) (*Batcher, error) {
	if inner == nil {
		return nil, errors.New("embed: a batcher needs an embedder")
	}
	o.Texts, o.Bytes = orDefault(o.Texts, 32), orDefault(o.Bytes, 8<<10)
	o.Queue, o.Workers = orDefault(o.Queue, 1024), orDefault(o.Workers, 1)
	b := &Batcher{opts: o, inner: [classes]Embedder{question: ForQueries(inner), document: ForDocuments(inner)}}
	for c := range b.room {
		b.room[c] = semaphore.NewWeighted(int64(o.Queue))
	}
	b.work.L = &b.mu
	b.ctx, b.cancel = context.WithCancel(context.Background())
	for range o.Workers {
		b.done.Go(func() { b.run(classes) })
	}
	b.done.Go(func() { b.run(document) })
	return b, nil
}

func orDefault(n, usual int) int {
	if n <= 0 {
		return usual
	}
	return n
}

// Space returns the inner embedder's.
func (b *Batcher) Space() string { return b.inner[question].Space() }

// Dim returns the inner embedder's.
func (b *Batcher) Dim() int { return b.inner[question].Dim() }

// Embed embeds texts that someone waits for.
func (b *Batcher) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return vectorsOf(b.embed(ctx, question, texts))
}

// EmbedTokens embeds texts that someone waits for, with their tokens where the inner embedder tells of them.
func (b *Batcher) EmbedTokens(ctx context.Context, texts []string) ([]Embedding, error) {
	return b.embed(ctx, question, texts)
}

// ForQueries is b itself.
func (b *Batcher) ForQueries() Embedder { return b }

// ForDocuments is the view whose texts let questions pass.
func (b *Batcher) ForDocuments() Embedder { return background{b} }

type background struct{ *Batcher }

// Embed embeds texts that nobody waits for.
func (b background) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return vectorsOf(b.embed(ctx, document, texts))
}

// EmbedTokens embeds texts that nobody waits for, with their tokens where the inner embedder tells of them.
func (b background) EmbedTokens(ctx context.Context, texts []string) ([]Embedding, error) {
	return b.embed(ctx, document, texts)
}

// ForQueries is the view for texts that someone waits for.
func (b background) ForQueries() Embedder { return b.Batcher }

// Close ends the batches under way, refuses what waits with ErrClosed, and waits for the workers.
func (b *Batcher) Close() error {
	b.mu.Lock()
	b.closed = true
	for c := range b.queues {
		for _, r := range b.queues[c] {
			r.finish(ErrClosed)
		}
		b.queues[c] = nil
	}
	b.mu.Unlock()
	b.cancel()
	b.work.Broadcast()
	b.done.Wait()
	return nil
}

// BatcherMetrics says what a Batcher holds and did.
type BatcherMetrics struct {
	QueuedQuestions int   // texts waiting now
	QueuedDocuments int   // texts waiting now
	Batches         int64 // since the start
	Texts           int64 // in those batches
	Failed          int64 // batches that failed
}

// Metrics returns the figures.
func (b *Batcher) Metrics() BatcherMetrics {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.counts
	for _, r := range b.queues[question] {
		m.QueuedQuestions += len(r.texts) - r.taken
	}
	for _, r := range b.queues[document] {
		m.QueuedDocuments += len(r.texts) - r.taken
	}
	return m
}

// embed queues texts and waits for what becomes of them.
func (b *Batcher) embed(ctx context.Context, c class, texts []string) ([]Embedding, error) {
	if err := ctx.Err(); err != nil || len(texts) == 0 {
		return nil, err
	}
	weight := int64(min(len(texts), b.opts.Queue))
	if err := b.room[c].Acquire(ctx, weight); err != nil {
		return nil, ctx.Err()
	}
	defer b.room[c].Release(weight)
	r := &request{texts: texts, rows: make([]Embedding, len(texts)), left: len(texts), done: make(chan struct{})}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, ErrClosed
	}
	b.queues[c] = append(b.queues[c], r)
	b.mu.Unlock()
	b.work.Broadcast()
	select {
	case <-r.done:
		if r.err != nil {
			return nil, r.err
		}
		return r.rows, nil
	case <-ctx.Done():
		b.abandon(c, r, ctx.Err())
		return nil, ctx.Err()
	}
}

// abandon takes a request that nobody waits for out of its queue, and ends the batches that only it needed.
func (b *Batcher) abandon(c class, r *request, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, q := range b.queues[c] {
		if q == r {
			b.queues[c] = append(b.queues[c][:i], b.queues[c][i+1:]...)
			break
		}
	}
	r.finish(err)
}
