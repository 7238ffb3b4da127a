package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// Options says what to measure. Dir and Ranker are required.
type Options struct {
	Dir      string        // data folder; what an earlier run left there is taken up
	Ranker   memory.Ranker // of the recall that is measured
	Sizes    []int         // memories; nil means 1,000, 10,000 and 100,000
	Queries  int           // for each mode and size; 0 means 200
	Writes   int           // single durable writes at each size; 0 means 200
	Seed     uint64        // of everything made up; 0 means 1
	Clusters int           // of the vectors; 0 means a two hundredth of the largest size

	// Progress, where set, is told of what takes long.
	Progress func(what string, done, total int)
	// Measured, where set, is given each size's report when it is there.
	Measured func(Report)
}

func (o *Options) progress(what string, done, total int) {
	if o.Progress != nil {
		o.Progress(what, done, total)
	}
}

// Mode is how one mode of recall did.
type Mode struct {
	Mode    memory.Mode
	P50     time.Duration
	P95     time.Duration
	Max     time.Duration
	CPU     time.Duration // of the whole process, a question
	Overlap float64       // share of the ten of accurate mode that are among this mode's ten
}

// Report is what one size came to.
type Report struct {
	Memories  int
	Fill      time.Duration // of the memories added for this size; 0 where they were there
	Settle    time.Duration // until the indexes had the form for it
	Open      time.Duration // of the store, opened again
	FirstFast time.Duration // from the beginning of that to the first fast answer
	Modes     []Mode
	Write     Mode // single durable writes
	Resident  int64
	Disk      map[string]int64
	IndexKind string
}

type run struct {
	opts    Options
	lib     *library
	service *memory.Service
}

// Run measures at each size in turn; the store grows from one to the next.
func Run(ctx context.Context, o Options) ([]Report, error) {
	if len(o.Sizes) == 0 {
		o.Sizes = []int{1000, 10_000, 100_000}
	}
	slices.Sort(o.Sizes)
	o.Queries, o.Writes = max(o.Queries, 0), max(o.Writes, 0)
	if o.Queries == 0 {
		o.Queries = 200
	}
	if o.Writes == 0 {
		o.Writes = 200
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Clusters == 0 {
		o.Clusters = max(40, o.Sizes[len(o.Sizes)-1]/200)
	}
	b := &run{opts: o, lib: newLibrary(o.Seed, o.Clusters)}
	var out []Report
	for _, size := range o.Sizes {
		r, err := b.size(ctx, size)
		if err != nil {
			return out, err
		}
		out = append(out, r)
		if o.Measured != nil {
			o.Measured(r)
		}
	}
	return out, nil
}

// size brings the store to a size and measures it, opened anew.
func (b *run) size(ctx context.Context, size int) (r Report, err error) {
	r.Memories = size
	if err := b.grow(ctx, size, &r); err != nil {
		return r, err
	}
	begun := time.Now()
	s, err := b.open(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r.Open = time.Since(begun)
	if _, err := b.ask(ctx, memory.Fast, 0, size); err != nil {
		return r, err
	}
	r.FirstFast = time.Since(begun)
	if err := s.Settle(ctx); err != nil {
		return r, err
	}
	if r.Modes, err = b.modes(ctx, size); err != nil {
		return r, err
	}
	if r.Resident, err = resident(); err != nil {
		return r, err
	}
	if r.Write, err = b.writes(ctx, s, size); err != nil {
		return r, err
	}
	st, err := s.Stats(ctx)
	if err != nil {
		return r, err
	}
	r.IndexKind = st.IndexKind
	r.Disk, err = diskOf(b.opts.Dir)
	return r, err
}

// grow fills the store up to size unless it is there.
func (b *run) grow(ctx context.Context, size int, r *Report) (err error) {
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	st, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	have := 0
	for _, n := range st.ByScope {
		have += n
	}
	if have > size {
		return fmt.Errorf("bench: %s holds %d memories already, more than %d", b.opts.Dir, have, size)
	}
	if r.Fill, err = b.fill(ctx, s, have, size); err != nil {
		return err
	}
	begun := time.Now()
	if err := s.Settle(ctx); err != nil {
		return err
	}
	r.Settle = time.Since(begun)
	return s.Flush(ctx)
}

// open opens the store and puts a service over it that asks nobody for vectors.
func (b *run) open(ctx context.Context) (*storage.Store, error) {
	s, err := storage.Open(ctx, storage.Options{Dir: b.opts.Dir})
	if err != nil {
		return nil, err
	}
	b.service, err = memory.NewService(memory.Options{
		Store: s, Embedder: given{}, Classifier: unclassified{}, Ranker: b.opts.Ranker,
		// Made-up texts have little to do with their questions, and what is compared is the ten that come first.
		Feature: func(_ memory.Caller, name string) bool { return name != memory.FeatureFaint },
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// given is an embedder for questions whose vectors are there.
type given struct{}

type vectorKey struct{}

func (given) Query(ctx context.Context, _ string, _ bool) (map[string]memory.Embedding, bool, error) {
	v, _ := ctx.Value(vectorKey{}).([]float32)
	return map[string]memory.Embedding{Space: {Vector: v}}, false, nil
}

func (given) Documents(context.Context, []string, bool) ([]memory.Embedding, string, error) {
	return nil, Space, errors.ErrUnsupported
}

// unclassified is a classifier that recall has no use for.
type unclassified struct{}

func (unclassified) Classify(context.Context, scope.Input) (scope.Decision, error) {
	return scope.Decision{}, errors.ErrUnsupported
}

func diskOf(dir string) (map[string]int64, error) {
	out := map[string]int64{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		n, err := folderBytes(dir + "/" + e.Name())
		if err != nil {
			return nil, err
		}
		out[e.Name()] = n
	}
	return out, nil
}
