package topic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Options tells a Keeper what it works with. Store is required.
type Options struct {
	Store  memory.ClusterStore
	Count  func() int       // memories with a vector, from memory; nil means unknown
	Busy   func() bool      // whether calls are being answered; nil means never
	Most   int              // newest memories that topics are made of; 0 means 8,000
	Every  time.Duration    // between two looks whether a refresh is due; 0 means 2 minutes
	Logger *slog.Logger     // nil means silence
	Now    func() time.Time // nil means time.Now
}

// defaultMost bounds a refresh to some seconds on one core and 50 MB.
const defaultMost = 8000

// Keeper keeps the topics. It is safe for concurrent use.
type Keeper struct {
	o      Options
	cancel context.CancelFunc
	done   chan struct{}

	refreshing sync.Mutex // held while topics are made

	mu   sync.Mutex
	kept *kept // nil until it is read
}

// Open returns a Keeper and starts its worker. Close stops it.
func Open(ctx context.Context, o Options) *Keeper {
	if o.Count == nil {
		o.Count = func() int { return 0 }
	}
	if o.Busy == nil {
		o.Busy = func() bool { return false }
	}
	if o.Most <= 0 {
		o.Most = defaultMost
	}
	if o.Every <= 0 {
		o.Every = 2 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	k := &Keeper{o: o, done: make(chan struct{})}
	ctx, k.cancel = context.WithCancel(ctx)
	go k.run(ctx)
	return k
}

// Close stops the worker and waits for it.
func (k *Keeper) Close() error {
	k.cancel()
	<-k.done
	return nil
}

func (k *Keeper) run(ctx context.Context) {
	defer close(k.done)
	tick := time.NewTicker(k.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if k.o.Busy() || !k.due(ctx) {
			continue
		}
		if err := k.Refresh(ctx); err != nil && ctx.Err() == nil {
			k.o.Logger.Warn("refresh topics", "error", err)
		}
	}
}

// due reports whether a tenth of the memories, and ten at least, came or went since the last refresh.
func (k *Keeper) due(ctx context.Context) bool {
	was, err := k.load(ctx)
	if err != nil {
		return false
	}
	n := min(k.o.Count(), k.o.Most)
	if was == nil {
		return n >= minMemories
	}
	change := n - was.Count
	return max(change, -change) >= max(10, was.Count/10)
}

// Refresh makes the topics anew.
func (k *Keeper) Refresh(ctx context.Context) error {
	_, err := k.refresh(ctx)
	return err
}

func (k *Keeper) refresh(ctx context.Context) (*kept, error) {
	k.refreshing.Lock()
	defer k.refreshing.Unlock()
	before, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	c, err := k.o.Store.Clusters(ctx, k.o.Most, func(space string, vecs [][]float32) [][]float32 { return seeds(before, space, vecs) })
	if err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	now := arrange(before, &c, k.o.Now())
	b, err := msgpack.Marshal(now)
	if err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	if err := k.o.Store.SaveTopics(ctx, b); err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	k.mu.Lock()
	k.kept = now
	k.mu.Unlock()
	return now, nil
}

// load returns what is kept; nil where there was no refresh yet. What cannot be read is made anew.
func (k *Keeper) load(ctx context.Context) (*kept, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept != nil {
		return k.kept, nil
	}
	b, err := k.o.Store.LoadTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	if b == nil {
		return nil, nil // there are none yet
	}
	var was kept
	if err := msgpack.Unmarshal(b, &was); err != nil {
		return nil, nil //nolint:nilerr // of another version: as if there were none
	}
	k.kept = &was
	return k.kept, nil
}

// Get reads memories with the rights of whoever asks.
type Get func(ctx context.Context, ids []memory.ID) ([]memory.Memory, error)

// bestShown is how many memories stand for a topic.
const bestShown = 3

// Topics returns the topics, named from what their memories say now. What is not active any more, or has become PRIVATE or
// sensitive, has no part in it. The first call makes the topics, if there are memories enough. Spots are only filled where
// spots is set: they cost a look at each.
func (k *Keeper) Topics(ctx context.Context, get Get, spots bool) (memory.TopicMap, error) {
	was, err := k.load(ctx)
	if err != nil {
		return memory.TopicMap{}, err
	}
	if was == nil {
		if was, err = k.refresh(ctx); err != nil {
			return memory.TopicMap{}, err
		}
	}
	out, err := k.named(ctx, was, get)
	if err != nil || !spots {
		return out, err
	}
	out.Spots, err = spotsOf(ctx, was, get)
	return out, err
}

func (k *Keeper) named(ctx context.Context, was *kept, get Get) (memory.TopicMap, error) {
	out := memory.TopicMap{At: was.At, Memories: was.Count}
	groups := make([][]memory.Memory, len(was.Groups))
	for i, g := range was.Groups {
		ms, err := present(ctx, g.Sources, get)
		if err != nil {
			return memory.TopicMap{}, err
		}
		groups[i] = ms
	}
	for i, ts := range terms(groups) {
		g := &was.Groups[i]
		if len(groups[i]) == 0 {
			continue
		}
		out.Topics = append(out.Topics, memory.Topic{
			ID: g.ID, Name: name(ts), Terms: ts, Size: g.Size, Best: groups[i][:min(len(groups[i]), bestShown)], X: g.X, Y: g.Y,
		})
	}
	return out, nil
}

// spotsOf returns the spots of the memories that may be shown.
func spotsOf(ctx context.Context, was *kept, get Get) ([]memory.Spot, error) {
	var out []memory.Spot
	for start := 0; start < len(was.Spots); start += memory.MaxBatch {
		part := was.Spots[start:min(start+memory.MaxBatch, len(was.Spots))]
		ids := make([]memory.ID, len(part))
		for i, s := range part {
			ids[i] = s.ID
		}
		ms, err := present(ctx, ids, get)
		if err != nil {
			return nil, err
		}
		shown := map[memory.ID]bool{}
		for i := range ms {
			shown[ms[i].ID] = true
		}
		for _, s := range part {
			if shown[s.ID] {
				out = append(out, memory.Spot{ID: s.ID, Topic: was.Groups[s.Group].ID, X: s.X, Y: s.Y})
			}
		}
	}
	return out, nil
}

// present reads those of ids that may be shown.
func present(ctx context.Context, ids []memory.ID, get Get) ([]memory.Memory, error) {
	var ms []memory.Memory
	for len(ids) > 0 {
		found, err := get(ctx, ids)
		var gone *memory.NotFoundError
		if errors.As(err, &gone) {
			ids = without(ids, gone.IDs)
			continue
		}
		if err != nil {
			return nil, err
		}
		ms = found
		break
	}
	shown := ms[:0]
	for _, m := range ms {
		if m.State == memory.Active && m.Scope != scope.Private && !m.LocalOnly() {
			shown = append(shown, m)
		}
	}
	return shown, nil
}

func without(ids, gone []memory.ID) []memory.ID {
	drop := make(map[memory.ID]bool, len(gone))
	for _, id := range gone {
		drop[id] = true
	}
	var out []memory.ID
	for _, id := range ids {
		if !drop[id] {
			out = append(out, id)
		}
	}
	return out
}
