package memory

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// IndexerOptions tunes an Indexer; the zero value works.
type IndexerOptions struct {
	Batch   int           // memories per transaction; 0 means 16
	Quiet   time.Duration // after the last foreground call, the worker works at full speed again; 0 means 150 ms
	Logger  *slog.Logger  // nil means silence
	OnBatch func(n int, took time.Duration)
	Looker  Looker // is asked about each memory again when its vector is there; nil means nobody is
	Remote  bool   // the embedder may ask a remote provider
}

// restShare is how many times as long as it worked background work rests while people wait for answers: it then takes a fiftieth
// of the time, so that the processors belong to those who wait. A caller who leaves Quiet between two calls lets it work at full speed.
const restShare = 49

// retry bounds how long a failed batch waits: doubled from the first to the second.
const (
	retryFirst = time.Second
	retryLast  = time.Minute
)

// Indexer is the worker that embeds what was stored. Jobs live in the record, so that a crash loses none; the
// Indexer only decides when to work on them: at once when nothing else is going on, slowly while calls are being
// answered. It is safe for concurrent use.
type Indexer struct {
	store    Indexes
	embedder Embedder
	opts     IndexerOptions

	wake chan struct{} // holds one token when there may be work

	mu         sync.Mutex
	added      uint64        // memories announced by Wake
	settled    uint64        // value of added when the jobs last ran out
	idle       chan struct{} // closed when the jobs run out; replaced by Wake
	foreground int           // calls being answered now
	lastCall   time.Time     // when the last of them ended
	urgent     int           // callers that wait for the jobs to run out
	failures   int           // batches failed in a row
	due        time.Time     // when the jobs that failed last come due; zero when none did

	cancel context.CancelFunc
	done   chan struct{}
}

// unknownBacklog stands for the jobs found at start, which nobody has counted: many.
const unknownBacklog = 1 << 20

// NewIndexer starts the worker. Close stops it.
func NewIndexer(ctx context.Context, store Indexes, e Embedder, o IndexerOptions) *Indexer {
	if o.Batch <= 0 {
		o.Batch = 16
	}
	if o.Quiet <= 0 {
		o.Quiet = 150 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	x := &Indexer{
		store: store, embedder: e, opts: o, wake: make(chan struct{}, 1), idle: make(chan struct{}),
		added: unknownBacklog, cancel: cancel, done: make(chan struct{}),
	}
	x.wake <- struct{}{}
	go x.run(ctx)
	return x
}

// Close stops the worker and waits for it. A batch under way is finished or dropped as a whole.
func (x *Indexer) Close() error {
	x.cancel()
	<-x.done
	return nil
}

// Wake says that one more memory waits.
func (x *Indexer) Wake() {
	x.mu.Lock()
	if x.added == x.settled {
		x.idle = make(chan struct{})
	}
	x.added++
	x.mu.Unlock()
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Foreground marks a call that someone waits for. The caller calls the returned func when it has answered.
func (x *Indexer) Foreground() (end func()) {
	x.mu.Lock()
	x.foreground++
	x.mu.Unlock()
	return func() {
		x.mu.Lock()
		x.foreground--
		x.lastCall = time.Now()
		x.mu.Unlock()
	}
}

// Settle waits until no job waits, if at most few do, and no longer than limit.
func (x *Indexer) Settle(ctx context.Context, few int, limit time.Duration) {
	x.mu.Lock()
	waiting, idle := x.added-x.settled, x.idle
	x.mu.Unlock()
	if waiting == 0 || waiting > uint64(few) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	x.waitIdle(ctx, idle)
}

// WaitIdle waits until no job waits, or ctx is done. It returns ErrNotEmbedding when jobs are left that failed and
// will be tried again later, or when the Indexer was closed meanwhile.
func (x *Indexer) WaitIdle(ctx context.Context) error {
	x.mu.Lock()
	waiting, idle := x.added-x.settled, x.idle
	x.mu.Unlock()
	if waiting > 0 {
		x.waitIdle(ctx, idle)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if time.Now().Before(x.due) || x.added != x.settled && isClosed(x.done) {
		return ErrNotEmbedding
	}
	return nil
}

// Failing reports whether the last attempt at a batch failed.
func (x *Indexer) Failing() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failures > 0
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (x *Indexer) waitIdle(ctx context.Context, idle <-chan struct{}) {
	x.mu.Lock()
	x.urgent++
	x.mu.Unlock()
	select {
	case x.wake <- struct{}{}: // a resting worker looks up and finds someone waiting
	default:
	}
	select {
	case <-idle:
	case <-ctx.Done():
	case <-x.done:
	}
	x.mu.Lock()
	x.urgent--
	x.mu.Unlock()
}

func (x *Indexer) run(ctx context.Context) {
	defer close(x.done)
	for {
		x.mu.Lock()
		added := x.added
		x.mu.Unlock()
		read := time.Now()
		jobs, err := x.store.Jobs(ctx, x.opts.Batch)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			x.opts.Logger.Error("read embedding jobs", "error", err)
			x.rest(ctx, x.backOff())
		case len(jobs) == 0:
			x.ranOut(added)
			select {
			case <-x.wake:
			case <-ctx.Done():
				return
			case <-time.After(x.untilDue(read)): // jobs that failed come due without a Wake
			}
		default:
			x.work(ctx, jobs)
		}
	}
}

// untilDue returns how long there is nothing to do, unless something is added, when the jobs ran out at read.
func (x *Indexer) untilDue(read time.Time) time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.due.Before(read) {
		return retryLast
	}
	return min(max(time.Until(x.due), 0), retryLast) + time.Millisecond // past due, whatever the store rounds to
}

func (x *Indexer) ranOut(added uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.settled != added {
		x.settled = added
		if x.added == added {
			close(x.idle)
		}
	}
}

// work embeds one batch and stores its vectors.
func (x *Indexer) work(ctx context.Context, jobs []Job) {
	start := time.Now()
	vectors := make([]Vector, 0, len(jobs))
	for len(jobs) > 0 && ctx.Err() == nil {
		step := x.step(jobs)
		began := time.Now()
		kept, rows, space, err := x.embed(ctx, step)
		if err != nil {
			if ctx.Err() == nil {
				x.fail(ctx, step, err)
			}
			break
		}
		for i, j := range kept {
			vectors = append(vectors, Vector{ID: j.ID, Version: j.Version, Space: space, Values: rows[i].Vector, Tokens: rows[i].Tokens.Rows})
		}
		jobs = jobs[len(step):]
		x.giveWay(ctx, time.Since(began))
	}
	if len(vectors) == 0 || ctx.Err() != nil {
		return
	}
	put := time.Now()
	if err := x.store.PutVectors(ctx, vectors); err != nil {
		if ctx.Err() == nil {
			x.opts.Logger.Error("store vectors", "count", len(vectors), "error", err)
			x.rest(ctx, x.backOff())
		}
		return
	}
	x.mu.Lock()
	x.failures = 0
	x.mu.Unlock()
	took := time.Since(put)
	if x.opts.OnBatch != nil {
		x.opts.OnBatch(len(vectors), time.Since(start))
	}
	x.giveWay(ctx, took)
}

// embed makes the vectors of a step. Where memories are judged again by their vectors, that comes first, with a vector made on this
// machine: what it makes PRIVATE is left out, and waits for an embedding as that.
func (x *Indexer) embed(ctx context.Context, step []Job) (kept []Job, rows []Embedding, space string, err error) {
	looks := ""
	if x.opts.Looker != nil {
		if looks, err = x.opts.Looker.Looks(ctx); err != nil {
			return nil, nil, "", err
		}
	}
	if looks == "" {
		rows, space, err = x.documents(ctx, step, step[0].LocalOnly)
		return step, rows, space, err
	}
	local, space, err := x.documents(ctx, step, true)
	if err != nil {
		return nil, nil, "", err
	}
	for i, j := range step {
		void := false
		if space == looks {
			if void, err = x.opts.Looker.LookAgain(ctx, j.ID, j.Version, local[i].Vector, space); err != nil {
				return nil, nil, "", err
			}
		}
		if !void {
			kept, rows = append(kept, j), append(rows, local[i])
		}
	}
	if len(kept) == 0 || step[0].LocalOnly || !x.opts.Remote {
		return kept, rows, space, nil
	}
	rows, space, err = x.documents(ctx, kept, false)
	return kept, rows, space, err
}

func (x *Indexer) documents(ctx context.Context, jobs []Job, localOnly bool) ([]Embedding, string, error) {
	texts := make([]string, len(jobs))
	for i, j := range jobs {
		texts[i] = j.Text
	}
	rows, space, err := x.embedder.Documents(ctx, texts, localOnly)
	if err == nil && len(rows) != len(texts) {
		err = fmt.Errorf("embedder returned %d vectors for %d texts", len(rows), len(texts))
	}
	return rows, space, err
}

// step returns the jobs to embed in one go: as many as may go the same way, but one while someone waits for an
// answer, and one after a failure, so that a text that cannot be embedded holds up no other.
func (x *Indexer) step(jobs []Job) []Job {
	x.mu.Lock()
	failing := x.failures > 0
	x.mu.Unlock()
	n := 1
	for n < len(jobs) && jobs[n].LocalOnly == jobs[0].LocalOnly && !failing && !x.busy() {
		n++
	}
	return jobs[:n]
}

// Busy reports whether calls are being answered, so that background work had better rest.
func (x *Indexer) Busy() bool { return x.busy() }

func (x *Indexer) busy() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.urgent == 0 && (x.foreground > 0 || time.Since(x.lastCall) < x.opts.Quiet)
}

// giveWay rests after worked while calls are being answered, and no longer.
func (x *Indexer) giveWay(ctx context.Context, worked time.Duration) {
	for left := restShare * worked; left > 0 && x.busy() && ctx.Err() == nil; left -= x.opts.Quiet {
		x.rest(ctx, min(left, x.opts.Quiet))
	}
}

func (x *Indexer) fail(ctx context.Context, jobs []Job, cause error) {
	wait := x.backOff()
	ids := make([]ID, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
	}
	x.opts.Logger.Warn("embedding failed; will retry", "count", len(jobs), "after", wait, "error", cause)
	due := time.Now().Add(wait)
	x.mu.Lock()
	x.due = due
	x.mu.Unlock()
	if err := x.store.FailJobs(ctx, ids, due); err != nil && ctx.Err() == nil {
		x.opts.Logger.Error("delay embedding jobs", "error", err)
		x.rest(ctx, wait)
	}
}

// backOff counts a failure and returns how long to wait after it.
func (x *Indexer) backOff() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	wait := min(retryFirst<<min(x.failures, 10), retryLast)
	x.failures++
	return wait
}

// rest waits for d, or until someone needs the jobs done.
func (x *Indexer) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return
		case <-ctx.Done():
			return
		case <-x.wake:
			x.mu.Lock()
			urgent := x.urgent
			x.mu.Unlock()
			if urgent > 0 {
				return
			}
		}
	}
}
