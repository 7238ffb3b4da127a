package memory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// Ager finds the memories whose time has come.
type Ager interface {
	// Due returns up to n ids of active or archived memories that have expired by now, and up to n of those forgotten
	// before forgottenBefore, each the most overdue first.
	Due(ctx context.Context, now, forgottenBefore time.Time, n int) (expired, forgotten []ID, err error)
	// Unused returns up to n ids of active PROJECT memories that nobody pinned, made before a moment and in the store since
	// then, and since returned never, or twice at most and not lately; the oldest first.
	Unused(ctx context.Context, now, before time.Time, n int) ([]ID, error)
	// PurgeForgotten is Writer.Purge for those of ids that are forgotten, and were so before a moment, as the transaction
	// finds them; it passes over the others and those that are gone. It returns how many it purged.
	PurgeForgotten(ctx context.Context, ids []ID, before time.Time, audit Audit) (purged int, err error)
}

// ArchiveAfter is how long a PROJECT memory may go unused, or hardly used, before it is archived.
const ArchiveAfter = 90 * 24 * time.Hour

// KeepImportance is the importance from which a memory is not archived for want of use.
const KeepImportance = .8

// Archive moves PROJECT memories that are hardly used to the archive, where their texts are compressed and recall in
// accurate mode and search by state still find them. One that recall then returns comes back by itself. It says how many.
func (s *Service) Archive(ctx context.Context, due Ager) (archived int, err error) {
	now := s.now().UTC()
	for {
		ids, err := due.Unused(ctx, now, now.Add(-ArchiveAfter), MaxBatch)
		if err != nil {
			return archived, fmt.Errorf("find what is unused: %w", err)
		}
		if len(ids) == 0 {
			return archived, nil
		}
		for _, id := range ids {
			done, err := s.archiveOne(ctx, id)
			if err != nil {
				return archived, err
			}
			if done {
				archived++
			}
		}
	}
}

// archiveOne archives a memory unless it has changed since it was found, and says whether it did.
func (s *Service) archiveOne(ctx context.Context, id ID) (bool, error) {
	_, err := s.store.Change(ctx, id, "", func(cur *Memory) (Audit, error) {
		a := s.audit(sweeper, "archive")
		a.Subject, a.From, a.To, a.Reason = id, cur.Scope, cur.Scope, "hardly used for 90 days"
		if cur.State != Active || cur.Scope != scope.Project || cur.Pinned {
			return a, errNotDue
		}
		cur.State = Archived
		return a, nil
	})
	return whetherDone("archive", err)
}

// sweeper is the caller that the audit log shows for what time alone does.
var sweeper = Caller{User: "elderzan", Client: "sweeper"}

// Sweep forgets the memories that have expired and purges those that were forgotten ForgetGrace ago. It says how many
// of each; on an error, how many until then. A memory that somebody changes meanwhile is left for the next time.
func (s *Service) Sweep(ctx context.Context, due Ager) (expired, purged int, err error) {
	for {
		now := s.now().UTC()
		before, done := now.Add(-ForgetGrace), expired+purged
		old, gone, err := due.Due(ctx, now, before, MaxBatch)
		if err != nil {
			return expired, purged, fmt.Errorf("find what is due: %w", err)
		}
		if len(old) == 0 && len(gone) == 0 {
			return expired, purged, nil
		}
		for _, id := range old {
			done, err := s.expireOne(ctx, id, now)
			if err != nil {
				return expired, purged, err
			}
			if done {
				expired++
			}
		}
		if len(gone) > 0 {
			a := s.audit(sweeper, "purge")
			a.Reason = "forgotten for as long as it could be brought back"
			n, err := due.PurgeForgotten(ctx, gone, before, a)
			if err != nil {
				return expired, purged, fmt.Errorf("purge: %w", err)
			}
			purged += n
		}
		if expired+purged == done { // all that was found has changed meanwhile
			return expired, purged, nil
		}
	}
}

// expireOne forgets a memory unless its expiry was moved since it was found, and says whether it did.
func (s *Service) expireOne(ctx context.Context, id ID, now time.Time) (bool, error) {
	_, err := s.store.Change(ctx, id, "", func(cur *Memory) (Audit, error) {
		a := s.audit(sweeper, "expire")
		a.Subject, a.From, a.To, a.Reason = id, cur.Scope, cur.Scope, "its time was over"
		if cur.ExpiresAt.IsZero() || cur.ExpiresAt.After(now) || cur.State != Active && cur.State != Archived {
			return a, errNotDue
		}
		cur.State, cur.ForgottenAt, cur.UpdatedAt = Forgotten, now.Truncate(time.Millisecond), now.Truncate(time.Millisecond)
		return a, nil
	})
	return whetherDone("expire", err)
}

// whetherDone tells a change that somebody else came before from one that did not succeed.
func whetherDone(step string, err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errNotDue), errors.Is(err, ErrNotFound):
		return false, nil
	}
	return false, fmt.Errorf("%s: %w", step, err)
}

var errNotDue = errors.New("memory: not due any more")

// sweepEvery is the time between two sweeps; recall leaves out what has expired meanwhile by itself.
const sweepEvery = 10 * time.Minute

// Sweeper sweeps at once and then every ten minutes, until Close.
type Sweeper struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// NewSweeper starts sweeping; log nil means silence.
func NewSweeper(ctx context.Context, s *Service, due Ager, log *slog.Logger) *Sweeper {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &Sweeper{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			expired, purged, err := s.Sweep(ctx, due)
			if err != nil && ctx.Err() == nil {
				log.Error("sweep", "error", err)
			}
			archived, aerr := s.Archive(ctx, due)
			if aerr != nil && ctx.Err() == nil {
				log.Error("archive", "error", aerr)
			}
			if expired+purged+archived > 0 {
				log.Info("swept", "expired", expired, "purged", purged, "archived", archived)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return w
}

// Close stops the sweeper and waits for it.
func (w *Sweeper) Close() error {
	w.cancel()
	<-w.done
	return nil
}
