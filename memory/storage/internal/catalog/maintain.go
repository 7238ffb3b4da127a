package catalog

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	pageSize       = 4096
	walCheckEvery  = 16              // batches between looks at the length of the log
	idleWAL        = 1 << 20         // bytes of log that an idle writer folds in
	mergeAfter     = 96              // commits after which the writer merges although it is busy
	mergePages     = 64              // pages a merge between batches may write
	idleMergePages = 256             // and one in idle time
	purgeIdle      = 2 * time.Second // idle time before deleted terms are rewritten away
	requestsEvery  = 10 * time.Minute
	requestsKept   = 24 * time.Hour
)

// maintenance is the writer's own housekeeping: checkpoints, merges of the full-text index, forgotten requests. The
// full-text index writes one segment a commit; merging them within commits is what made the slowest writes slow.
type maintenance struct {
	batches   int          // since the log was looked at
	segments  int          // commits since the last merge that found nothing to do
	merging   bool         // the last merge did something
	deletions atomic.Int64 // entries purged or hidden whose terms may still stand in a segment
	purging   bool         // a merge of everything is under way
	requests  time.Time    // when old requests were last dropped
	active    time.Time    // end of the last batch
	trouble   error        // what the last maintenance failed with
}

// noteDeletion says that terms were deleted that nobody may read any more; they stand in a segment until it is merged.
func (w *writer) noteDeletion() { w.deletions.Add(1) }

// betweenBatches keeps the log and the number of segments within bounds while requests keep coming.
func (w *writer) betweenBatches() {
	w.active = time.Now()
	w.batches++
	w.segments++
	w.merging = true
	if w.batches >= walCheckEvery {
		w.batches = 0
		w.trouble = w.checkpoint(w.db.opts.WALLimit)
	}
	if w.segments >= mergeAfter {
		w.segments = 0
		_, w.trouble = w.merge(mergePages)
	}
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
	if time.Since(w.requests) > requestsEvery {
		w.requests = time.Now()
		if err := w.exec("expire requests", `DELETE FROM requests WHERE at < ?`, w.requests.Add(-requestsKept).UnixMilli()); err != nil {
			return 0, err
		}
	}
	return 0, w.checkpoint(idleWAL)
}

// merge has the full-text index merge segments and write about pages pages; fewer than none merges everything into
// one segment, in steps. It reports whether there may be more to do.
//
// A merge changes nothing that anybody was promised, so that it need not be synced: the next commit syncs the log.
func (w *writer) merge(pages int) (more bool, err error) {
	if err := w.exec("merge", `PRAGMA synchronous = NORMAL`); err != nil {
		return false, err
	}
	defer func() {
		if serr := w.exec("merge", `PRAGMA synchronous = FULL`); err == nil {
			err = serr
		}
	}()
	before, err := w.totalChanges()
	if err != nil {
		return false, err
	}
	if err := w.exec("merge", `INSERT INTO fts (fts, rank) VALUES ('merge', ?)`, pages); err != nil {
		return false, err
	}
	after, err := w.totalChanges()
	return after-before >= 2, err // below that the merge found nothing to do
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
	w.db.step("sqlite-checkpoint")
	err = w.conn.QueryRowContext(w.base, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &logged, &folded)
	return wrap("checkpoint", err)
}

// Checkpoint folds the log into the database file.
func (d *DB) Checkpoint(ctx context.Context) error {
	return d.Exclusive(ctx, func() error { return d.writer.checkpoint(0) })
}

// Merge merges the whole full-text index into one segment, which also drops the words of what was deleted. An idle
// writer does so by itself; this waits for it.
func (d *DB) Merge(ctx context.Context) error {
	for {
		more := false
		err := d.Exclusive(ctx, func() (err error) {
			d.writer.deletions.Store(0)
			more, err = d.writer.merge(-idleMergePages)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}
