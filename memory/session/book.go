package session

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// Options tells a Book what it works with. Store is required.
type Options struct {
	Store  memory.SessionStore
	Kin    memory.Kin       // told which memories came back together; nil means nobody is
	Drafts memory.Drafts    // expired ones are dropped now and then; nil means none
	Every  time.Duration    // between two writes; 0 means 5 s
	Logger *slog.Logger     // nil means silence
	Now    func() time.Time // nil means time.Now
}

// pairsOf is how many of the best memories of a recall count as having come back together: those further down were seldom
// asked for.
const pairsOf = 4

// maxPairs bounds the pairs that wait for the next write.
const maxPairs = 4096

// draftsEvery is the time between two looks for expired drafts.
const draftsEvery = time.Hour

// Book keeps the book of sessions. It is safe for concurrent use.
type Book struct {
	o      Options
	wake   chan struct{} // holds one token when there is something to write
	now    chan struct{} // holds one token when that should not wait
	cancel context.CancelFunc
	done   chan struct{}

	saving sync.Mutex // held while what is new is written

	mu    sync.Mutex
	heard map[string]*memory.Session       // sessions of this process, open or waiting for vectors
	fresh map[string]*memory.SessionUpdate // what is new about each
	pairs map[[2]memory.ID]int
	wait  map[string]time.Time // sessions with memories that may have had no vector yet, and when the last was stored
}

// embedTime is how long a memory may wait for its vector and still count in what its session was about.
const embedTime = 10 * time.Minute

// Open returns a Book and starts its writer. Sessions that an earlier process left open are closed. Close writes what is
// new and stops.
func Open(ctx context.Context, o Options) *Book {
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Book{
		o: o, wake: make(chan struct{}, 1), now: make(chan struct{}, 1), done: make(chan struct{}),
		heard: map[string]*memory.Session{}, fresh: map[string]*memory.SessionUpdate{}, pairs: map[[2]memory.ID]int{},
		wait: map[string]time.Time{},
	}
	ctx, b.cancel = context.WithCancel(ctx)
	go b.run(ctx, o.Now())
	return b
}

// Touch notes that the caller's session is alive. Calls without a session are nobody's.
func (b *Book) Touch(c memory.Caller) { b.note(c, func(*memory.SessionUpdate) {}) }

// Remembered implements memory.Journal.
func (b *Book) Remembered(c memory.Caller, _ memory.ID) {
	// The memory itself names its session; what is left to do is what its vector will say.
	b.note(c, func(*memory.SessionUpdate) { b.wait[c.Session] = b.o.Now() })
}

// Embedded notes that memories got their vectors: what their sessions were about is worked out anew.
func (b *Book) Embedded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, last := range b.wait {
		if b.o.Now().Sub(last) > embedTime {
			delete(b.wait, id)
			continue
		}
		if s := b.heard[id]; s != nil {
			b.update(s)
		}
	}
	if len(b.fresh) > 0 {
		token(b.wake)
	}
}

// commandLine is the client whose every command is a connection of its own: a session only where it stored something.
const commandLine = "cli"

// Recalled implements memory.Journal.
func (b *Book) Recalled(c memory.Caller, ids []memory.ID) {
	at := b.o.Now().UTC().Truncate(time.Millisecond)
	if c.Client != commandLine {
		b.note(c, func(u *memory.SessionUpdate) {
			u.Recalls++
			for i := len(ids) - 1; i >= 0; i-- { // the best is the newest
				u.Recalled = append(u.Recalled, memory.SessionUse{ID: ids[i], Count: 1, At: at})
			}
		})
	}
	if b.o.Kin == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	best := ids[:min(len(ids), pairsOf)]
	for i, x := range best {
		for _, y := range best[i+1:] {
			pair := [2]memory.ID{min(x, y), max(x, y)}
			if _, known := b.pairs[pair]; known || len(b.pairs) < maxPairs {
				b.pairs[pair]++
			}
		}
	}
}

// Ended notes that a session's connection is gone. One that was never heard of is no session.
func (b *Book) Ended(id string) {
	b.mu.Lock()
	s := b.heard[id]
	if s == nil || !s.Open {
		b.mu.Unlock()
		return
	}
	s.Open, s.EndedAt = false, b.o.Now().UTC().Truncate(time.Millisecond)
	b.update(s)
	b.mu.Unlock()
	token(b.now)
}

// note changes what is new about the caller's session.
func (b *Book) note(c memory.Caller, change func(*memory.SessionUpdate)) {
	if c.Session == "" {
		return
	}
	now := b.o.Now().UTC().Truncate(time.Millisecond)
	b.mu.Lock()
	s := b.heard[c.Session]
	if s == nil {
		s = &memory.Session{ID: c.Session, StartedAt: now, Open: true}
		b.heard[c.Session] = s
	}
	s.Client, s.User, s.LastAt = c.Client, c.User, now
	if c.Project != "" {
		s.Project = c.Project
	}
	s.Open, s.EndedAt = true, time.Time{}
	change(b.update(s))
	b.mu.Unlock()
	token(b.wake)
}

// update returns what is new about s, with its newest metadata. It needs mu.
func (b *Book) update(s *memory.Session) *memory.SessionUpdate {
	u := b.fresh[s.ID]
	if u == nil {
		u = &memory.SessionUpdate{}
		b.fresh[s.ID] = u
	}
	recalls := u.Recalls
	u.Session = *s
	u.Recalls = recalls
	return u
}

func token(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

func (b *Book) run(ctx context.Context, started time.Time) {
	defer close(b.done)
	if err := b.o.Store.CloseSessions(ctx, started); err != nil && ctx.Err() == nil {
		b.o.Logger.Warn("close the sessions that were left open", "error", err)
	}
	flush, drafts := time.NewTimer(b.o.Every), time.NewTimer(b.o.Every)
	flush.Stop()
	defer flush.Stop()
	defer drafts.Stop()
	waiting := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-drafts.C:
			b.dropDrafts(ctx)
			drafts.Reset(draftsEvery)
			continue
		case <-b.wake:
			if !waiting {
				flush.Reset(b.o.Every)
				waiting = true
			}
			continue
		case <-flush.C:
		case <-b.now:
		}
		waiting = false
		if err := b.Save(ctx); err != nil && ctx.Err() == nil {
			b.o.Logger.Warn("sessions are not on record yet", "error", err)
			flush.Reset(10 * b.o.Every)
			waiting = true
		}
	}
}

func (b *Book) dropDrafts(ctx context.Context) {
	if b.o.Drafts == nil {
		return
	}
	n, err := b.o.Drafts.DropExpiredDrafts(ctx, b.o.Now())
	switch {
	case err != nil && ctx.Err() == nil:
		b.o.Logger.Warn("drop expired drafts", "error", err)
	case n > 0:
		b.o.Logger.Info("expired drafts were dropped", "count", n)
	}
}

// Save brings to the store what is new. On an error it is kept for the next time.
func (b *Book) Save(ctx context.Context) error {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	fresh, pairs := b.fresh, b.pairs
	b.fresh, b.pairs = map[string]*memory.SessionUpdate{}, map[[2]memory.ID]int{}
	b.mu.Unlock()
	if len(fresh) > 0 {
		us := make([]memory.SessionUpdate, 0, len(fresh))
		for _, u := range fresh {
			us = append(us, *u)
		}
		if err := b.o.Store.SaveSessions(ctx, us); err != nil {
			b.putBack(fresh, pairs)
			return err
		}
		b.forget()
	}
	if len(pairs) == 0 {
		return nil
	}
	ps := make([]memory.Pair, 0, len(pairs))
	for p, n := range pairs {
		ps = append(ps, memory.Pair{A: p[0], B: p[1], Kind: memory.PairTogether, Weight: float64(n)})
	}
	if err := b.o.Kin.Link(ctx, ps, 0); err != nil {
		b.putBack(nil, pairs)
		return err
	}
	return nil
}

// forget drops the sessions that are closed, saved and wait for no vector.
func (b *Book) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, s := range b.heard {
		last, waits := b.wait[id]
		if !s.Open && b.fresh[id] == nil && (!waits || b.o.Now().Sub(last) > embedTime) {
			delete(b.heard, id)
			delete(b.wait, id)
		}
	}
}

// putBack joins what could not be written with what is new since.
func (b *Book) putBack(fresh map[string]*memory.SessionUpdate, pairs map[[2]memory.ID]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, old := range fresh {
		u := b.fresh[id]
		if u == nil {
			b.fresh[id] = old
			continue
		}
		u.Recalls += old.Recalls
		u.Recalled = append(old.Recalled, u.Recalled...)
	}
	for p, n := range pairs {
		if len(b.pairs) < maxPairs {
			b.pairs[p] += n
		}
	}
}

// Close ends the open sessions, writes what is new and stops the writer. Connections that outlive this process open
// their sessions again at the next.
func (b *Book) Close(ctx context.Context) error {
	b.cancel()
	<-b.done
	b.mu.Lock()
	ids := make([]string, 0, len(b.heard))
	for id := range b.heard {
		ids = append(ids, id)
	}
	b.mu.Unlock()
	for _, id := range ids {
		b.Ended(id)
	}
	return b.Save(ctx)
}
