package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Gathering and idling; see writer.gather and writer.run.
const (
	gatherWindow = time.Millisecond
	idleAfter    = 20 * time.Millisecond
	fullPause    = time.Second // between attempts at maintenance that fail
)

// The life of a request: the caller may take it back until the writer takes it.
const (
	queued int32 = iota
	taken
	withdrawn
)

// request is a function that waits for the writer: run in a transaction, or alone outside of any.
type request struct {
	run   func(*Tx) error
	alone func() error // instead of run
	state atomic.Int32
	done  chan error

	tx  *Tx   // of the attempt that counts
	err error // what run, or the commit, said
}

// finish answers the caller.
func (r *request) finish() { r.done <- r.err }

// writer owns the writing connection. One goroutine runs the requests and commits; a second one runs what waits for
// a commit (Tx.After) and answers, while the first is at the next batch already.
type writer struct {
	db     *DB
	conn   *sql.Conn
	base   context.Context  // without a deadline: nothing stops a statement half way
	chain  chain            // end of the audit log as committed
	head   atomic.Int64     // chain.seq for others to read; larger after a loss
	file   *headFile        // keeps head
	lost   int64            // see DB.Lost
	late   map[int64]*Words // by row, as committed: words that wait for settleWords
	hashes lateHashes       // hashes that wait for it, those of the newest batch included
	left   bool             // see endLeft

	queue   chan *request
	applied chan []*request
	stop    chan struct{}
	done    sync.WaitGroup
	closeMu sync.RWMutex // held for reading while a request is handed in
	closed  bool

	maintenance
}

func newWriter(ctx context.Context, d *DB) (*writer, error) {
	w := &writer{
		db: d, base: context.WithoutCancel(ctx), late: map[int64]*Words{}, queue: make(chan *request, maxBatch),
		applied: make(chan []*request, 4), stop: make(chan struct{}),
	}
	conn, err := d.writeDB.Conn(w.base)
	if err != nil {
		return nil, err
	}
	w.conn = conn
	if w.chain, err = readChain(w.base, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := w.readSettled(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := conn.QueryRowContext(w.base, `SELECT coalesce(max(last), 0) FROM audit_packed`).Scan(&w.packed); err != nil {
		return nil, errors.Join(wrap("read audit", err), conn.Close())
	}
	file, said, err := openHead(d.opts.Head)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w.file, w.lost = file, max(0, said-w.chain.seq)
	file.keepSalt(d.opts.Path)
	w.head.Store(max(w.chain.seq, said))
	w.done.Add(2)
	go w.run()
	go w.apply()
	return w, nil
}

// Write runs fn inside the writer's transaction and returns when what it did is durable, with everything it handed
// to Tx.After done. An error of fn undoes what fn did, and nothing else, and is returned as it is. fn runs on the
// writer's goroutine while others wait: it must be short, must not call Write, and must work from nothing but its
// Tx, since it is called again when the engine had to give up the first transaction. A panic of fn undoes its work and
// goes on in the caller.
//
// When ctx ends before fn was begun, fn does not run and the error is ctx's; after that the outcome is waited for.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	return d.hand(ctx, &request{run: fn, done: make(chan error, 1)})
}

// hand gives r to the writer and waits for what becomes of it.
func (d *DB) hand(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.writer.submit(ctx, r); err != nil {
		return err
	}
	var err error
	select {
	case err = <-r.done:
	case <-ctx.Done():
		if r.state.CompareAndSwap(queued, withdrawn) {
			return ctx.Err()
		}
		err = <-r.done
	}
	var p *panicked
	if errors.As(err, &p) {
		panic(p.value)
	}
	return err
}

// Exclusive runs fn while no transaction is open and everything that waited for a commit is done, and holds up every
// other writer meanwhile. fn must not call Write. The error is fn's.
func (d *DB) Exclusive(ctx context.Context, fn func() error) error {
	return d.hand(ctx, &request{alone: fn, done: make(chan error, 1)})
}

func (w *writer) submit(ctx context.Context, r *request) error {
	w.closeMu.RLock()
	defer w.closeMu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close lets the requests that were handed in finish, and stops both goroutines.
func (w *writer) close() error {
	w.closeMu.Lock()
	w.closed = true
	w.closeMu.Unlock()
	close(w.stop)
	w.done.Wait()
	return errors.Join(w.conn.Close(), w.file.close())
}

func (w *writer) run() {
	defer w.done.Done()
	defer close(w.applied)
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	lately := 0 // requests in a batch, slow to fall
	for {
		var first *request
		select {
		case first = <-w.queue:
		default:
			select {
			case first = <-w.queue:
			case <-idle.C:
				if more := w.tidy(); more > 0 {
					idle.Reset(more)
				}
				continue
			case <-w.stop:
				for len(w.queue) > 0 {
					w.commit(w.gather(<-w.queue, 0))
				}
				w.trouble = w.settleWords() // what is left is settled after the next start
				for i := 0; i < packLast && w.packs() && w.trouble == nil; i++ {
					w.trouble = w.packStep()
				}
				return
			}
		}
		batch := w.gather(first, lately)
		lately = max(len(batch), lately-1)
		w.commit(batch)
		w.betweenBatches()
		idle.Reset(idleAfter)
	}
}

// gather returns first and the requests that wait with it. When there were several before, more are about to arrive: the
// callers have only now got their answers. A commit costs much by itself and little for each request, so that a
// moment's wait until there are half as many as lately saves more than it costs. To wait for all of them would leave nothing to be
// made ready while this batch is on its way to the disk.
func (w *writer) gather(first *request, lately int) []*request {
	batch := w.drain([]*request{first})
	want := (lately + 1) / 2
	if len(batch) >= want {
		return batch
	}
	wait := time.NewTimer(gatherWindow)
	defer wait.Stop()
	for len(batch) < want {
		select {
		case r := <-w.queue:
			batch = append(batch, r)
		case <-wait.C:
			return w.drain(batch)
		}
	}
	return w.drain(batch)
}

func (w *writer) drain(batch []*request) []*request {
	for len(batch) < maxBatch {
		select {
		case r := <-w.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction, or, when the engine gives that up, each request in its own.
func (w *writer) commit(batch []*request) {
	var live, alone []*request
	for _, r := range batch {
		switch {
		case !r.state.CompareAndSwap(queued, taken):
		case r.alone != nil:
			alone = append(alone, r)
		default:
			live = append(live, r)
		}
	}
	w.commitAll(live)
	for _, r := range alone {
		w.settle()
		w.endLeft()
		r.err = r.call(r.alone)
		w.applied <- []*request{r}
	}
}

// settle waits until everything that waited for a commit is done.
func (w *writer) settle() {
	marker := &request{tx: &Tx{}, done: make(chan error, 1)}
	w.applied <- []*request{marker}
	<-marker.done
}

func (w *writer) commitAll(live []*request) {
	if len(live) == 0 {
		return
	}
	if !w.attempt(live) && len(live) > 1 {
		for _, r := range live {
			w.attempt([]*request{r})
		}
	}
	w.applied <- live
}

// errPartly reports that a request failed after it had changed something, in a transaction without savepoints.
var errPartly = errors.New("a request was left half done")

// attempt runs the requests in one transaction. It returns false when the transaction as a whole failed; then every
// request holds that error.
//
// A savepoint has SQLite copy each page before the request changes it, for the seldom one that fails half way. So the requests run
// without. When one of them leaves something behind, everything is taken back, and where there are others all of them run again,
// each under a savepoint of its own.
func (w *writer) attempt(batch []*request) bool {
	start := w.chain
	err := w.transact(batch, w.plain)
	if errors.Is(err, errPartly) {
		w.takeBack(batch, start)
		if len(batch) == 1 {
			return true // it holds its own error
		}
		err = w.transact(batch, w.savepoint)
	}
	if err == nil {
		return true
	}
	w.takeBack(batch, start)
	for _, r := range batch {
		r.tx, r.err = nil, err
	}
	return false
}

// takeBack undoes what the requests of a transaction did, in the database and elsewhere. start is the audit log's end before them.
func (w *writer) takeBack(batch []*request, start chain) {
	w.chain = start
	w.rollback()
	for _, r := range slices.Backward(batch) { // one may have built on what another did
		r.tx.undo()
	}
}

// rollback gives up what is left of a transaction. Mostly SQLite has done so already, which makes this an error of no
// interest; where it could not, endLeft tries again.
func (w *writer) rollback() {
	_, err := w.conn.ExecContext(w.base, "ROLLBACK")
	w.left = err != nil
}

// endLeft ends a transaction that rollback may have left open: the next one could not begin.
func (w *writer) endLeft() {
	if w.left {
		w.rollback()
		w.left = false
	}
}

// transact runs the requests in one transaction, each by one, and commits.
func (w *writer) transact(batch []*request, one func(*request) error) error {
	w.endLeft()
	if err := w.syncAgain("begin"); err != nil {
		return err
	}
	w.observe()
	if err := w.exec("begin", "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	changed := false
	for _, r := range batch {
		r.tx, r.err = &Tx{w: w, chain: w.chain}, nil
		if err := one(r); err != nil {
			return err
		}
		if r.err == nil {
			w.chain = r.tx.chain
			changed = changed || r.tx.changed
		}
	}
	if !changed {
		return w.exec("rollback", "ROLLBACK")
	}
	if err := w.touchSessions(batch); err != nil {
		return err
	}
	w.db.step("sqlite-before-commit")
	if err := w.exec("commit", "COMMIT"); err != nil {
		return err
	}
	w.advance()
	for _, r := range batch {
		if r.err == nil {
			w.keepLate(r.tx.late)
		}
	}
	w.db.step("sqlite-after-commit")
	return nil
}

// plain runs one request. An error of its own goes to r.err; the error returned is the transaction's.
func (w *writer) plain(r *request) error {
	r.err = r.call(func() error { return r.run(r.tx) })
	switch {
	case r.err == nil:
		return nil
	case rolledBack(r.err):
		return r.err
	case r.tx.changed:
		return errPartly
	}
	r.tx.undo()
	return nil
}

// savepoint is plain for a request that may leave something behind: an error of its own undoes what it did.
func (w *writer) savepoint(r *request) error {
	if err := w.exec("savepoint", "SAVEPOINT request"); err != nil {
		return err
	}
	r.err = r.call(func() error { return r.run(r.tx) })
	if r.err == nil {
		return w.exec("release", "RELEASE request")
	}
	if rolledBack(r.err) {
		return r.err
	}
	r.tx.undo()
	if err := w.exec("rollback", "ROLLBACK TO request"); err != nil {
		return err
	}
	return w.exec("release", "RELEASE request")
}

// panicked carries a panic of a request's function from the writer's goroutine to the caller's.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprint("panic: ", p.value) }

func (r *request) call(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v}
		}
	}()
	return fn()
}

func (w *writer) exec(op, query string, args ...any) error {
	if err := w.db.fail(op); err != nil {
		return wrap(op, err)
	}
	_, err := w.conn.ExecContext(w.base, query, args...)
	return wrap(op, err)
}

// apply does what waited for the commits and answers, in the order of the commits.
func (w *writer) apply() {
	defer w.done.Done()
	for batch := range w.applied {
		for _, r := range batch {
			if r.err == nil && r.tx != nil {
				r.tx.apply()
			}
		}
		w.tell(batch) // who hears of a change finds it
		for _, r := range batch {
			r.finish()
		}
	}
}

// tell says what the requests of a batch have changed to whoever wants to know.
func (w *writer) tell(batch []*request) {
	committed := w.db.opts.Committed
	if committed == nil {
		return
	}
	for _, r := range batch {
		if r.err == nil && r.tx != nil && !r.tx.told.Empty() {
			committed(r.tx.told)
		}
	}
}

// Waiting returns how many requests wait for the writer.
func (d *DB) Waiting() int { return len(d.writer.queue) }
