package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// A purge takes a memory out of every engine, and the engines go on holding what they only marked as deleted: SQLite
// its words in a segment of the full-text index and its pages in the log, RocksDB its vector in a table file, FAISS
// its vector in a snapshot. The scrubber rewrites those. The purge's own transaction notes the rows that it has to do, so
// that a crash does not make it forget.

// ErrBusyLog is what Scrub returns when a reader keeps the log of SQLite from being emptied. Trying again later helps.
var ErrBusyLog = errors.New("storage: a reader holds on to an older state; the traces of purged memories stay for now")

// scrubWhole is how many purged rows make it quicker to rewrite all vectors than those around each.
const scrubWhole = 64

// Scrub removes what is left of purged memories from the files of every engine, until nothing but their ids in the audit
// log tells of them. The store does it by itself some seconds after a purge; this waits for it.
func (s *Store) Scrub(ctx context.Context) error {
	if err := s.usable(); err != nil {
		return err
	}
	rows, err := s.catalog.Traces(ctx)
	if err != nil || len(rows) == 0 {
		return catalogError(err)
	}
	if err := s.scrubVectors(rows); err != nil {
		return err
	}
	if err := s.snapshot(ctx, true); err != nil {
		return err
	}
	if err := s.catalog.Merge(ctx); err != nil {
		return catalogError(err)
	}
	done, err := s.catalog.Truncate(ctx)
	switch {
	case err != nil:
		return catalogError(err)
	case !done:
		return ErrBusyLog
	}
	return s.write(ctx, func(tx *catalog.Tx) error { return tx.DropTraces(rows) })
}

// scrubVectors has RocksDB rewrite the table files that hold vectors of rows, and all that is small.
func (s *Store) scrubVectors(rows []int64) error {
	if err := s.kv.Flush(); err != nil { // empties the log
		return kvError("scrub", err)
	}
	if err := s.kv.Compact(kv.Intents, kv.Archive, kv.Cache, kv.SessionState, kv.Workspace); err != nil {
		return kvError("scrub", err)
	}
	if len(rows) > scrubWhole {
		return kvError("scrub", s.kv.Compact(kv.Vectors))
	}
	prefixes := make([][]byte, len(rows))
	for i, row := range rows {
		prefixes[i] = binary.BigEndian.AppendUint64(nil, uint64(row))
	}
	return kvError("scrub", s.kv.CompactPrefixes(kv.Vectors, prefixes))
}

// scrubRetry is how long the scrubber waits after it failed.
const scrubRetry = time.Minute

// scrubber runs Scrub in the background.
type scrubber struct {
	store  *Store
	due    chan struct{} // holds one token when there is something to do
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newScrubber(s *Store) *scrubber {
	b := &scrubber{store: s, due: make(chan struct{}, 1)}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// start begins with what an earlier process left.
func (b *scrubber) start() {
	b.wake()
	b.done.Go(b.run)
}

func (b *scrubber) wake() {
	select {
	case b.due <- struct{}{}:
	default:
	}
}

// close ends the work under way; what is left to do is on record.
func (b *scrubber) close() {
	b.cancel()
	b.done.Wait()
}

func (b *scrubber) run() {
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-b.due:
		}
		wait := b.store.opts.ScrubAfter
		for b.rest(wait) {
			err := b.store.Scrub(b.ctx)
			if err == nil || b.ctx.Err() != nil {
				break
			}
			b.store.opts.Logger.Warn("the traces of purged memories stay for now", "error", fmt.Errorf("scrub: %w", err))
			wait = scrubRetry
		}
	}
}

// rest reports whether to go on.
func (b *scrubber) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-b.ctx.Done():
		return false
	}
}
