package memory

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// LinkerOptions tunes a Linker. Alike is required; the zero value of the rest works.
type LinkerOptions struct {
	Alike    func(a, b *Memory) bool // whether two texts say nearly the same
	Min      float64                 // cosine from which texts are compared at all; 0 means 0.85
	Batch    int                     // vectors looked at in one go; 0 means 16
	Logger   *slog.Logger            // nil means silence
	Interval time.Duration           // between two looks for work that nobody announced; 0 means a minute
}

// nearest is how many neighbours of a memory are compared with it.
const nearest = 8

// Linker finds near-duplicates as memories get their vectors, and links them. It works in the background, a fiftieth of
// the time while calls are being answered. What it has looked at is on record: a crash makes it forget nothing.
type Linker struct {
	kin    Kin
	finder Finder
	o      LinkerOptions
	wake   chan struct{}
	busy   func() bool
	cancel context.CancelFunc
	done   chan struct{} // nil until Start
}

// NewLinker returns a Linker that does not work yet.
func NewLinker(kin Kin, f Finder, o LinkerOptions) *Linker {
	if o.Min == 0 {
		o.Min = 0.85
	}
	if o.Batch <= 0 {
		o.Batch = 16
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Interval <= 0 {
		o.Interval = time.Minute
	}
	return &Linker{kin: kin, finder: f, o: o, wake: make(chan struct{}, 1)}
}

// Start starts the worker, once. busy tells whether calls are being answered; nil means never.
func (l *Linker) Start(ctx context.Context, busy func() bool) {
	if busy == nil {
		busy = func() bool { return false }
	}
	l.busy, l.done = busy, make(chan struct{})
	ctx, l.cancel = context.WithCancel(ctx)
	go l.run(ctx)
}

// Wake says that vectors were stored.
func (l *Linker) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Close stops the worker and waits for it.
func (l *Linker) Close() error {
	if l.done == nil {
		return nil
	}
	l.cancel()
	<-l.done
	return nil
}

func (l *Linker) run(ctx context.Context) {
	defer close(l.done)
	for ctx.Err() == nil {
		start := time.Now()
		n, err := l.Step(ctx)
		if err != nil && ctx.Err() == nil {
			l.o.Logger.Warn("look for near-duplicates", "error", err)
		}
		pause, wake := l.o.Interval, l.wake
		if n > 0 && err == nil {
			if !l.busy() {
				continue
			}
			pause, wake = restShare*time.Since(start), nil
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// Step looks at one batch of vectors and returns how many memories that was; 0 means that there is nothing to do.
func (l *Linker) Step(ctx context.Context) (int, error) {
	ids, upTo, err := l.kin.Unlinked(ctx, l.o.Batch)
	if err != nil {
		return 0, fmt.Errorf("link: %w", err)
	}
	if upTo == 0 || len(ids) == 0 {
		return 0, nil
	}
	ms, err := l.finder.Get(ctx, ids)
	if err != nil {
		return 0, fmt.Errorf("link: %w", err)
	}
	var pairs []Pair
	for i := range ms {
		found, err := l.compare(ctx, &ms[i])
		if err != nil {
			return 0, err
		}
		pairs = append(pairs, found...)
	}
	if err := l.kin.Link(ctx, pairs, upTo); err != nil {
		return 0, fmt.Errorf("link: %w", err)
	}
	return len(ids), nil
}

// compare returns the pairs of m with memories of its project and scope that say nearly the same.
func (l *Linker) compare(ctx context.Context, m *Memory) ([]Pair, error) {
	if m.State != Active {
		return nil, nil
	}
	f := Filter{Projects: []string{m.Project}}
	f.Scopes = append(f.Scopes, m.Scope)
	near, err := l.kin.Near(ctx, m.ID, f, nearest)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	var out []Pair
	for i := range near {
		n := &near[i]
		if n.Cosine >= l.o.Min && l.o.Alike(m, &n.Memory) {
			out = append(out, Pair{A: m.ID, B: n.Memory.ID, Kind: PairNear, Weight: n.Cosine})
		}
	}
	return out, nil
}
