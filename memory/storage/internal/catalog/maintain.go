package catalog

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	pageSize       = 4096
	walCheckEvery  = 16              // batches between looks at the length of the log
	idleWAL        = 1 << 20         // bytes of log that an idle writer folds in
	keptWAL        = 256 << 10       // bytes of log that one leaves
	mergeAfter     = 16              // segments after which the writer merges although it is busy
	mergePages     = 64              // pages a merge between batches may write for each 16 segments there are
	idleMergePages = 256             // and one in idle time
	purgeIdle      = 2 * time.Second // idle time before deleted terms are rewritten away
	wordsIdle      = 200 * time.Millisecond
	logIdle        = 10 * time.Second // idle time before a long log is cut
	packLast       = 8                // blocks of the audit log packed on close at most
	requestsEvery  = 10 * time.Minute
	requestsStep   = 2000 // looked at in one go
	requestsKept   = 24 * time.Hour
)

// maintenance is the writer's own housekeeping: words that wait, checkpoints, merges of the full-text index, forgotten
// requests. The full-text index writes one segment a commit that touches it; merging them within commits is what made
// the slowest writes slow.
type maintenance struct {
	batches   int          // since the log was looked at
	unsettled bool         // words wait that RAM does not know of
	segments  int          // written since the last merge
	merging   bool         // there may be something to merge
	whole     atomic.Int32 // merges of the whole index under way: see DB.Merge
	deletions atomic.Int64 // entries purged or hidden whose terms may still stand in a segment
	purging   bool         // a merge of everything is under way
	requests  time.Time    // when old requests were last looked for
	expired   []byte       // key of the last request that was looked at since; nil when all were
	packed    int64        // number of the last packed entry of the audit log
	unsound   bool         // an entry behind it does not follow: see packStep
	active    time.Time    // end of the last batch
	relaxed   bool         // commits may not be synced: see unsynced
	trouble   error        // what the last maintenance failed with
}

// noteDeletion says that terms were deleted that nobody may read any more; they stand in a segment until it is merged.
func (w *writer) noteDeletion() { w.deletions.Add(1) }

// betweenBatches keeps the log and the number of segments within bounds while requests keep coming.
func (w *writer) betweenBatches() {
	w.active = time.Now()
	w.batches++
	most := lateWords
	if w.whole.Load() > 0 {
		most = lateMost
	}
	if len(w.late) >= most {
		for range settleBusy {
			if w.trouble = w.settleStep(); w.trouble != nil || !w.wordsWait() {
				break
			}
		}
	}
	if w.batches >= walCheckEvery {
		w.batches = 0
		w.trouble = w.checkpoint(w.db.opts.WALLimit)
	}
	if w.segments >= mergeAfter {
		w.segments = 0
		if _, err := w.merge(w.busyMerge()); err != nil {
			w.trouble = err
		}
	}
}

// busyMerge is how many pages to merge although requests wait. Many segments want many: a full-text index takes 2,000, and
// then nothing any more ("disk full").
func (w *writer) busyMerge() int { return mergePages * max(1, w.segmentCount()/mergeAfter) }

// segmentCount returns how many segments the full-text index has, 0 where that cannot be told. It stands at the beginning of
// FTS5's structure record, behind a cookie, a mark of newer versions and the number of levels.
func (w *writer) segmentCount() int {
	var head []byte
	err := w.conn.QueryRowContext(w.base, `SELECT substr(block, 1, 32) FROM fts_data WHERE id = 10`).Scan(&head)
	if err != nil || len(head) < 4 {
		return 0
	}
	head = bytes.TrimPrefix(head[4:], []byte{0xff, 0, 0, 1})
	for _, b := range head { // the levels: at most 64, one byte
		head = head[1:]
		if b < 0x80 {
			break
		}
	}
	n := 0
	for _, b := range head { // SQLite's varints begin with the upper bits
		n = n<<7 | int(b&0x7f)
		if b < 0x80 {
			return n
		}
	}
	return 0
}

// tidy does one piece of what is left to do in idle time and returns when to be called again; 0 means not before the
// next batch.
func (w *writer) tidy() time.Duration {
	next, err := w.tidyStep()
	w.trouble = err
	if err != nil {
		return fullPause
	}
	return next
}

func (w *writer) tidyStep() (time.Duration, error) {
	w.endLeft()
	if w.whole.Load() > 0 {
		return wordsIdle, w.checkpoint(idleWAL)
	}
	if w.packs() {
		return time.Millisecond, w.packStep()
	}
	if w.wordsWait() {
		if wait := wordsIdle - time.Since(w.active); wait > 0 {
			return wait, nil
		}
		err := w.settleStep()
		if err != nil { // there may be too many segments
			_, merr := w.merge(w.busyMerge())
			err = errors.Join(err, merr)
		}
		return time.Millisecond, err
	}
	if w.merging {
		more, err := w.merge(idleMergePages)
		w.merging = more && err == nil
		return time.Millisecond, err
	}
	w.segments = 0
	if w.deletions.Load() > 0 || w.purging {
		if wait := purgeIdle - time.Since(w.active); wait > 0 {
			return wait, w.checkpoint(idleWAL)
		}
		w.deletions.Store(0)
		more, err := w.merge(-idleMergePages)
		w.purging = more || err != nil
		return time.Millisecond, err
	}
	if w.expired != nil || time.Since(w.requests) > requestsEvery {
		return time.Millisecond, w.expireRequests()
	}
	if err := w.checkpoint(idleWAL); err != nil {
		return 0, err
	}
	return w.cutLog()
}

// cutLog empties a long log some seconds into idle time: a busy writer writes it from the beginning again and again, which
// spares the file system its growth, and an idle one leaves it as long as it ever was.
func (w *writer) cutLog() (time.Duration, error) {
	info, err := os.Stat(w.db.opts.Path + LogSuffix)
	if err != nil || info.Size() <= keptWAL {
		return 0, nil //nolint:nilerr // without a log there is nothing to cut
	}
	if wait := logIdle - time.Since(w.active); wait > 0 {
		return wait, nil
	}
	// Whoever reads an older state keeps the log: a request that comes meanwhile must not wait for that.
	if err := w.exec("checkpoint", `PRAGMA busy_timeout = 0`); err != nil {
		return 0, err
	}
	done, err := w.truncate()
	if terr := w.exec("checkpoint", `PRAGMA busy_timeout = `+strconv.Itoa(busyTimeout)); err == nil {
		err = terr
	}
	if done {
		return 0, err
	}
	return logIdle, err
}

// expireRequests drops the old ones among the next requests.
func (w *writer) expireRequests() error {
	if w.expired == nil {
		w.requests, w.expired = time.Now(), []byte{}
	}
	if err := w.db.fail("expire requests"); err != nil {
		return wrap("expire requests", err)
	}
	var last []byte
	err := w.conn.QueryRowContext(w.base, `SELECT max(key) FROM (SELECT key FROM requests WHERE key > ? ORDER BY key LIMIT ?)`, w.expired, requestsStep).Scan(&last)
	if err != nil {
		return wrap("expire requests", err)
	}
	if last != nil {
		w.observe()
		err = w.exec("expire requests", `DELETE FROM requests WHERE key > ? AND key <= ? AND at < ?`, w.expired, last, w.requests.Add(-requestsKept).UnixMilli())
	}
	w.expired = last
	return err
}

// merge has the full-text index merge segments and write about pages pages; fewer than none merges everything into
// one segment, in steps. It reports whether there may be more to do.
//
// A merge changes nothing that anybody was promised, so that it need not be synced: the next commit syncs the log.
func (w *writer) merge(pages int) (more bool, err error) {
	err = w.unsynced("merge", func() error {
		before, err := w.totalChanges()
		if err != nil {
			return err
		}
		if err := w.exec("merge", `INSERT INTO fts (fts, rank) VALUES ('merge', ?)`, pages); err != nil {
			return err
		}
		after, err := w.totalChanges()
		more = after-before >= 2 // below that the merge found nothing to do
		return err
	})
	return more && err == nil, err
}

// unsynced runs fn, whose commits are synced with the next one that is.
func (w *writer) unsynced(op string, fn func() error) (err error) {
	w.observe()
	w.relaxed = true
	if err := w.exec(op, `PRAGMA synchronous = NORMAL`); err != nil {
		return err
	}
	defer func() {
		if serr := w.syncAgain(op); err == nil {
			err = serr
		}
	}()
	return fn()
}

// syncAgain ends what unsynced began. What it could not end it must before anybody is promised anything.
func (w *writer) syncAgain(op string) error {
	if !w.relaxed {
		return nil
	}
	err := w.exec(op, `PRAGMA synchronous = FULL`)
	w.relaxed = err != nil
	return err
}

func (w *writer) totalChanges() (n int64, err error) {
	err = w.conn.QueryRowContext(w.base, `SELECT total_changes()`).Scan(&n)
	return n, wrap("merge", err)
}

// checkpoint folds the log into the database file when it is longer than limit bytes. Readers do not wait for it, and
// it does not wait for them.
func (w *writer) checkpoint(limit int64) error {
	var busy, logged, folded int64
	err := w.conn.QueryRowContext(w.base, `PRAGMA wal_checkpoint(NOOP)`).Scan(&busy, &logged, &folded)
	if err != nil || (logged-folded)*pageSize <= limit {
		return wrap("checkpoint", err)
	}
	if err := w.db.fail("checkpoint"); err != nil {
		return wrap("checkpoint", err)
	}
	w.db.track.look(logged)
	w.db.step("sqlite-checkpoint")
	err = w.conn.QueryRowContext(w.base, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &logged, &folded)
	return wrap("checkpoint", err)
}

// Checkpoint folds the log into the database file.
func (d *DB) Checkpoint(ctx context.Context) error {
	return d.Exclusive(ctx, func() error { return d.writer.checkpoint(0) })
}

// Truncate folds the log into the database file and empties it, so that no older page stands in it any more. It reports
// whether it could: a reader that began before keeps the log.
func (d *DB) Truncate(ctx context.Context) (done bool, err error) {
	err = d.Exclusive(ctx, func() (err error) { done, err = d.writer.truncate(); return err })
	return done, err
}

func (w *writer) truncate() (done bool, err error) {
	if err := w.db.fail("checkpoint"); err != nil {
		return false, wrap("checkpoint", err)
	}
	w.db.step("sqlite-checkpoint")
	var busy, logged, folded int64
	if err := w.conn.QueryRowContext(w.base, `PRAGMA wal_checkpoint(NOOP)`).Scan(&busy, &logged, &folded); err != nil {
		return false, wrap("checkpoint", err)
	}
	w.db.track.look(logged)
	err = w.conn.QueryRowContext(w.base, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &folded)
	return err == nil && busy == 0, wrap("checkpoint", err)
}

// Merge merges the whole full-text index into one segment, which also drops the words of what was deleted. An idle
// writer does so by itself; this waits for it. Meanwhile new words wait: each segment more would have FTS5 begin anew, and
// with requests that keep coming it would never end.
func (d *DB) Merge(ctx context.Context) error {
	w := d.writer
	w.whole.Add(1)
	defer w.whole.Add(-1)
	for step := 0; ; step++ {
		more := false
		err := d.Exclusive(ctx, func() (err error) {
			if step == 0 {
				if err := w.settleWords(); err != nil {
					return err
				}
			}
			w.deletions.Store(0)
			// Changes of older memories add segments as well: where it does not end, it does more at a time until it does.
			more, err = w.merge(-idleMergePages << min(step/64, 12))
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}
