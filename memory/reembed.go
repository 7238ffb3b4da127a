package memory

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Spaces says in which embedding space each memory's vector should be.
type Spaces struct {
	Open  string // of memories whose text a remote provider may see
	Local string // of those that stay in this process
}

// Respacer is the store as a change of the embedding model sees it. Safe for concurrent use.
type Respacer interface {
	// Outdated returns up to n memories without a vector in the space they should be in and without a job, with a
	// place after which to go on; after is 0 at first. None means that there are no more.
	Outdated(ctx context.Context, want Spaces, after int64, n int) (jobs []Job, next int64, err error)
	// CountOutdated counts the memories that Outdated returns, and all.
	CountOutdated(ctx context.Context, want Spaces) (left, total int, err error)
	// DropOtherSpaces removes up to n vectors that are in another space than they should be, and says how many it did.
	DropOtherSpaces(ctx context.Context, want Spaces, n int) (int, error)
	PutVectors(ctx context.Context, vs []Vector) error
}

// ReembedderOptions tunes a Reembedder; the zero value works.
type ReembedderOptions struct {
	Batch  int          // memories per transaction; 0 means 16
	Busy   func() bool  // whether calls are being answered; nil means never
	Done   func() error // called once when everything is in its space and nothing else is left; nil for nobody
	Logger *slog.Logger // nil means silence
}

// Reembedder embeds what was stored before the model was changed, in the background; until it is through, vectors of
// either model answer. What is left to do is seen from what is stored, so that a crash costs one batch.
type Reembedder struct {
	store    Respacer
	embedder Embedder
	want     Spaces
	o        ReembedderOptions
	cancel   context.CancelFunc
	done     chan struct{}

	mu     sync.Mutex
	ended  bool
	failed error // why the last batch failed; nil where it did not
}

// StartReembedder starts the worker. Close stops it.
func StartReembedder(ctx context.Context, store Respacer, e Embedder, want Spaces, o ReembedderOptions) *Reembedder {
	if o.Batch <= 0 {
		o.Batch = 16
	}
	if o.Busy == nil {
		o.Busy = func() bool { return false }
	}
	if o.Done == nil {
		o.Done = func() error { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Reembedder{store: store, embedder: e, want: want, o: o, cancel: cancel, done: make(chan struct{})}
	go r.run(ctx)
	return r
}

// Close stops the worker and waits for it. A batch under way is finished or dropped as a whole.
func (r *Reembedder) Close() error {
	r.cancel()
	<-r.done
	return nil
}

// Status reports whether everything is done, and otherwise what the last batch failed with.
func (r *Reembedder) Status() (ended bool, failed error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended, r.failed
}

func (r *Reembedder) run(ctx context.Context) {
	defer close(r.done)
	for wait := retryFirst; ctx.Err() == nil; wait = min(2*wait, retryLast) {
		err := r.pass(ctx)
		if err == nil {
			err = r.o.Done()
		}
		r.mu.Lock()
		r.ended, r.failed = err == nil, err
		r.mu.Unlock()
		if err == nil || ctx.Err() != nil {
			return
		}
		r.o.Logger.Warn("embedding anew is tried again", "after", wait, "error", err)
		pause(ctx, wait)
	}
}

// pass goes through all memories once, then drops what the older model left. A batch that fails is left for the next pass.
func (r *Reembedder) pass(ctx context.Context) error {
	var first error
	for after := int64(0); ; {
		jobs, next, err := r.store.Outdated(ctx, r.want, after, r.o.Batch)
		if err != nil {
			return fmt.Errorf("embed anew: %w", err)
		}
		if len(jobs) == 0 {
			break
		}
		begin := time.Now()
		if err := r.embed(ctx, jobs); err != nil {
			if ctx.Err() != nil {
				return err
			}
			if first == nil {
				first = err
			}
			pause(ctx, retryFirst)
		} else if first == nil {
			r.mu.Lock()
			r.failed = nil
			r.mu.Unlock()
		}
		after = next
		if r.o.Busy() {
			pause(ctx, restShare*time.Since(begin))
		}
	}
	if first != nil {
		return first
	}
	for {
		n, err := r.store.DropOtherSpaces(ctx, r.want, r.o.Batch)
		if err != nil {
			return fmt.Errorf("drop vectors of the former model: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

// embed embeds one batch and stores its vectors.
func (r *Reembedder) embed(ctx context.Context, jobs []Job) error {
	var vectors []Vector
	for _, localOnly := range []bool{false, true} {
		var texts []string
		var of []Job
		for _, j := range jobs {
			if j.LocalOnly == localOnly {
				texts, of = append(texts, j.Text), append(of, j)
			}
		}
		if len(texts) == 0 {
			continue
		}
		rows, space, err := r.embedder.Documents(ctx, texts, localOnly)
		if err == nil && len(rows) != len(texts) {
			err = fmt.Errorf("embedder returned %d vectors for %d texts", len(rows), len(texts))
		}
		if err != nil {
			return fmt.Errorf("embed anew: %w", err)
		}
		for i, j := range of {
			vectors = append(vectors, Vector{ID: j.ID, Version: j.Version, Space: space, Values: rows[i].Vector, Tokens: rows[i].Tokens.Rows})
		}
	}
	if err := r.store.PutVectors(ctx, vectors); err != nil {
		return fmt.Errorf("embed anew: %w", err)
	}
	return nil
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
