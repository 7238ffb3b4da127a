package backup

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory/storage"
)

// ReplicaOptions says where a replica is kept and how closely it follows. Repository.Folder is required.
type ReplicaOptions struct {
	Repository Options       // DataDir and Create are set by StartReplica
	Every      time.Duration // from one look for a change to the next; 0 means 3 s
	Share      float64       // of the time that following may take at most; 0 means 0.5. Where a round takes long, the store is followed at a longer distance.
	Keep       int           // states kept; 0 means 3
	IndexBytes int64         // of saved indexes that one round copies at most; 0 means 32 MiB, negative none
	Logger     *slog.Logger  // nil means silence
}

// ReplicaStatus says how far behind a replica is.
type ReplicaStatus struct {
	Folder  string
	ID      string        // newest backup; "" before the first
	Lag     time.Duration // age of the oldest change that the replica may lack; 0 where it has all
	Pause   time.Duration // how long the newest one held up writers
	Took    time.Duration // to make it
	Stored  int64         // bytes that it wrote
	Err     error         // why the last attempt failed; nil where it did not
	Updates int           // made since the start
}

// Replica keeps a repository close to an open store, for OpenOrFailover. It looks for a change every few seconds and
// makes a backup when there is one; what did not change is neither read nor written again, but for the first time. Saved
// indexes come along, a part of them each time, so that what takes the store's place opens as fast as it would.
type Replica struct {
	o      ReplicaOptions
	store  *storage.Store
	cancel context.CancelFunc
	done   chan struct{}
	nudge  chan chan error

	mu      sync.Mutex
	repo    *Repository
	status  ReplicaStatus
	at      uint64    // revision of the newest backup
	covered time.Time // when the newest backup's moment was, at the latest; zero before the first
}

// StartReplica begins to follow s. The caller closes the replica before the store. An unusable folder is not an error
// here: the status tells of it, and it is tried again.
func StartReplica(ctx context.Context, s *storage.Store, o ReplicaOptions) *Replica {
	if o.Every <= 0 {
		o.Every = 3 * time.Second
	}
	if o.Share <= 0 {
		o.Share = 0.5
	}
	if o.IndexBytes == 0 {
		o.IndexBytes = 32 << 20
	}
	if o.Keep <= 0 {
		o.Keep = 3
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Repository.DataDir, o.Repository.Create = s.Dir(), true
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &Replica{o: o, store: s, cancel: cancel, done: make(chan struct{}), nudge: make(chan chan error), covered: time.Now()}
	r.status.Folder = o.Repository.Folder
	go r.run(ctx)
	return r
}

func (r *Replica) run(ctx context.Context) {
	defer close(r.done)
	wait := time.NewTimer(0) // what happened while nothing followed is caught up with at once
	defer wait.Stop()
	caughtUp := false
	for {
		select {
		case <-ctx.Done():
			return
		case answer := <-r.nudge:
			answer <- r.follow(ctx)
		case <-wait.C:
			begin := time.Now()
			err := r.follow(ctx)
			took := time.Since(begin)
			pause := max(r.o.Every, time.Duration(float64(took)/r.o.Share)) - took
			if err == nil && !caughtUp { // the first round read everything; what came meanwhile must not wait as long
				pause, caughtUp = 0, true
			}
			wait.Reset(pause)
			if err != nil && ctx.Err() == nil {
				r.o.Logger.Warn("the replica is behind the store", "folder", r.o.Repository.Folder, "error", err)
			}
		}
	}
}

// Sync brings the replica to what the store holds now and returns when it is.
func (r *Replica) Sync(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case r.nudge <- answer:
	case <-r.done:
		return storage.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// follow makes a backup if the store has changed since the last one.
func (r *Replica) follow(ctx context.Context) error {
	revision := r.store.Revision() // before: what changes meanwhile counts as not covered
	r.mu.Lock()
	current := r.status.ID != "" && r.at == revision
	if current {
		r.covered = time.Now()
	}
	r.mu.Unlock()
	if current {
		return nil
	}
	begin := time.Now()
	info, err := r.update(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() == nil {
		r.status.Err = err
	}
	if err != nil {
		return err
	}
	r.at, r.covered = revision, begin
	r.status.ID, r.status.Pause, r.status.Took, r.status.Stored = info.ID, info.Pause, time.Since(begin), info.Stored
	r.status.Updates++
	return nil
}

func (r *Replica) update(ctx context.Context) (Info, error) {
	if r.repo == nil {
		repo, err := Open(ctx, r.o.Repository)
		if err != nil {
			return Info{}, err
		}
		r.repo = repo
	}
	info, err := r.repo.follow(ctx, r.store, r.o.Keep, r.o.IndexBytes)
	if errors.Is(err, ErrNoRepository) || errors.As(err, new(*DamageError)) {
		r.repo = nil // the folder may have been exchanged
	}
	return info, err
}

// Status says how far behind the replica is.
func (r *Replica) Status() ReplicaStatus {
	revision := r.store.Revision()
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.status
	if st.ID == "" || r.at != revision {
		st.Lag = time.Since(r.covered)
	}
	return st
}

// Close brings the replica up to date a last time, and ends it.
func (r *Replica) Close(ctx context.Context) error {
	err := r.Sync(ctx)
	r.cancel()
	<-r.done
	if errors.Is(err, storage.ErrClosed) {
		return nil
	}
	return err
}
