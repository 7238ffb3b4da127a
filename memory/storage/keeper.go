package storage

import (
	"context"
	"errors"
	"maps"
	"runtime/debug"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/arena"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// uses are the counts that have not reached the record yet.
type uses struct {
	mu     sync.Mutex
	counts map[memory.ID]catalog.Use
}

// CountUse implements memory.UseCounter.
func (s *Store) CountUse(ids []memory.ID, at time.Time) {
	if len(ids) == 0 || s.usable() != nil {
		return
	}
	s.uses.mu.Lock()
	for _, id := range ids {
		s.uses.add(id, catalog.Use{Count: 1, Last: at.UTC().Truncate(time.Millisecond)})
	}
	s.uses.mu.Unlock()
	s.keeper.wake(s.keeper.used)
}

// add needs mu.
func (u *uses) add(id memory.ID, by catalog.Use) {
	was := u.counts[id]
	was.Count += by.Count
	if by.Last.After(was.Last) {
		was.Last = by.Last
	}
	u.counts[id] = was
}

// pending returns what is counted of id and not on record.
func (u *uses) pending(id memory.ID) catalog.Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.counts[id]
}

// flushUses brings the counts to the record.
func (s *Store) flushUses(ctx context.Context) error {
	s.uses.mu.Lock()
	taken := maps.Clone(s.uses.counts)
	s.uses.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		// The counts leave memory when they are in the record, so that nobody sees them twice or not at all.
		tx.After(func() { s.uses.subtract(taken) })
		// Who is archived is told by the words in RAM: to read each memory from the record for it costs more than the counts. One
		// that is archived in this very moment comes back when it is used again.
		var archived []memory.ID
		err := tx.AddUses(taken, func(id memory.ID, row int64) {
			if s.index.Archived(row) {
				archived = append(archived, id)
			}
		})
		if err != nil {
			return err
		}
		return s.unarchive(tx, archived)
	})
}

// unarchive brings archived memories that recall returned back among the active ones. One whose text an active memory of
// the project holds stays where it is.
func (s *Store) unarchive(tx *catalog.Tx, used []memory.ID) error {
	for _, id := range used {
		r, ok, err := tx.ByID(id)
		if err != nil {
			return err
		}
		if !ok || r.Memory.State != memory.Archived {
			continue
		}
		before, err := s.open(&r)
		if err != nil {
			s.opts.Logger.Error("a memory is damaged; run `elderzan doctor --repair`", "id", id, "error", err)
			continue
		}
		after := before
		after.State = memory.Active
		var twin *memory.InputError
		switch err := s.revise(tx, &r, &before, &after); {
		case errors.As(err, &twin):
			continue
		case err != nil:
			return err
		}
		a := memory.Audit{Action: "unarchive", Subject: id, User: "elderzan", Client: "sweeper", From: after.Scope, To: after.Scope, Reason: "recall returned it"}
		s.stamp(&a)
		if err := tx.Audit(a); err != nil {
			return err
		}
	}
	return nil
}

func (u *uses) subtract(taken map[memory.ID]catalog.Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, t := range taken {
		left := u.counts[id]
		if left.Count -= t.Count; left.Count <= 0 {
			delete(u.counts, id)
		} else {
			u.counts[id] = left
		}
	}
}

// keeper does in the background what no caller waits for: counted uses reach the record, and snapshots of the vector
// indexes the disk.
type keeper struct {
	store  *Store
	used   chan struct{} // holds one token when there are uses to flush
	full   chan struct{} // holds one token when a snapshot is due
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	since int // vectors changed since the last snapshot
}

// newKeeper returns a keeper that takes note and does nothing before start.
func newKeeper(s *Store) *keeper {
	return &keeper{store: s, used: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan struct{})}
}

func (k *keeper) start() {
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel = cancel
	go k.run(ctx)
}

func (k *keeper) wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// countVectors notes that n vectors changed.
func (k *keeper) countVectors(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.since += n; k.since >= max(k.store.opts.SnapshotEvery, k.store.vectors.len()/replayShare) {
		k.since = 0
		k.wake(k.full)
	}
}

func (k *keeper) run(ctx context.Context) {
	defer close(k.done)
	release() // what opening has left behind
	flush := time.NewTimer(k.store.opts.UseFlush)
	flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.used:
			flush.Reset(k.store.opts.UseFlush)
		case <-flush.C:
			if err := k.store.flushUses(ctx); err != nil && ctx.Err() == nil {
				k.store.opts.Logger.Warn("uses are not on record yet", "error", err)
				flush.Reset(10 * k.store.opts.UseFlush)
			}
			release()
		case <-k.full:
			// Once begun it is finished: files that the record does not know of would have every start look at all of it.
			if err := k.store.snapshot(context.WithoutCancel(ctx), false); err != nil && ctx.Err() == nil {
				k.store.opts.Logger.Warn("no snapshot of the vector index; opening will take longer", "error", err)
			}
			release()
		}
	}
}

// release gives back to the system what questions have left behind, some seconds after the last one, and a snapshot. It
// takes a collection of garbage.
func release() {
	debug.FreeOSMemory()
	arena.Trim()
}

// close ends the background work and flushes the uses.
func (k *keeper) close() error {
	k.cancel()
	<-k.done
	err := k.store.flushUses(context.Background())
	if errors.Is(err, catalog.ErrClosed) {
		return nil
	}
	return err
}

// snapshot saves the indexes that changed; all of them, words too, where all is set.
func (s *Store) snapshot(ctx context.Context, all bool) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.step(StepSnapshot)
	err := s.saveIndexes(ctx, all)
	s.step(StepSnapshotted)
	return err
}
