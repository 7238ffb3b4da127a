package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// patrol reads everything that is stored, little by little, and compares it: the pages of SQLite's file, each memory with
// its checksum and seal, what RocksDB and the indexes hold of it. A round takes as long as its rate makes it; how far it
// has come is on record, so that a restart goes on. What it finds is in Stats and the alerts; `doctor --repair` mends it.
type patrol struct {
	store  *Store
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	state patrolState
}

// patrolState is how far a round has come; it is kept under metaPatrol.
type patrolState struct {
	Began time.Time    `json:"began"`
	Ended time.Time    `json:"ended,omitzero"` // of the round; zero while it is under way
	Page  int64        `json:"page"`           // to go on with; 0 when the pages are done
	Row   int64        `json:"row"`            // up to which memories are done
	Found map[Kind]int `json:"found,omitempty"`
	Bytes int64        `json:"bytes"` // read in this round
}

const (
	metaPatrol      = "patrol"
	patrolPages     = 64               // pages looked at in one go: 256 KiB
	patrolRows      = 32               // memories
	patrolRowBytes  = 4 << 10          // what a memory counts for with its vector, beside its text
	patrolNote      = 30 * time.Second // between two notes of how far it has come
	patrolFirst     = time.Minute      // after the start, before it begins
	patrolRate      = 1 << 20          // bytes a second
	patrolEvery     = 24 * time.Hour
	checkpointEvery = time.Hour // between two signatures under the audit log
)

// startPatrol starts the patrol; it does nothing where it is turned off.
func startPatrol(s *Store) *patrol {
	ctx, cancel := context.WithCancel(context.Background())
	p := &patrol{store: s, cancel: cancel, done: make(chan struct{})}
	if s.opts.Patrol.Rate < 0 {
		close(p.done)
		return p
	}
	go func() {
		defer close(p.done)
		if rest(ctx, s.opts.Patrol.After) == nil {
			p.run(ctx)
		}
	}()
	return p
}

func (p *patrol) close() {
	p.cancel()
	<-p.done
}

func (p *patrol) run(ctx context.Context) {
	s := p.store
	b, err := s.catalog.Meta(ctx, metaPatrol)
	if err == nil && len(b) > 0 {
		var st patrolState
		if json.Unmarshal(b, &st) == nil {
			p.set(st)
		}
	}
	for ctx.Err() == nil {
		if st := p.get(); !st.Ended.IsZero() || st.Began.IsZero() {
			if wait := s.opts.Patrol.Every - s.opts.Now().Sub(st.Began); !st.Began.IsZero() && wait > 0 {
				if err := rest(ctx, min(wait, checkpointEvery)); err != nil {
					return
				}
				p.sign(ctx)
				continue
			}
			p.set(patrolState{Began: s.opts.Now().UTC(), Page: 1})
		}
		if err := p.round(ctx); err != nil && ctx.Err() == nil {
			s.opts.Logger.Warn("the patrol has stopped and begins again later", "error", err)
			if rest(ctx, checkpointEvery) != nil {
				return
			}
		}
	}
	if st := p.get(); st.Ended.IsZero() && !st.Began.IsZero() {
		if err := p.note(context.WithoutCancel(ctx), st); err != nil {
			s.opts.Logger.Warn("the patrol begins its round again at the next start", "error", err)
		}
	}
}

func (p *patrol) get() patrolState {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.state
	st.Found = maps.Clone(st.Found)
	return st
}

func (p *patrol) set(st patrolState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = st
}

func (p *patrol) note(ctx context.Context, st patrolState) error {
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	return p.store.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaPatrol, b) })
}

// sign brings the signed tree over the audit log up to date.
func (p *patrol) sign(ctx context.Context) {
	if _, err := p.store.CheckpointAudit(ctx); err != nil && ctx.Err() == nil {
		p.store.opts.Logger.Error("the audit log cannot be signed; run `elderzan audit verify`", "error", err)
	}
}

// round goes on with a round to its end.
func (p *patrol) round(ctx context.Context) error {
	noted := time.Now()
	st := p.get()
	for ctx.Err() == nil {
		read, more, err := p.step(ctx, &st)
		if err != nil {
			return err
		}
		st.Bytes += read
		p.set(st)
		if !more {
			break
		}
		if time.Since(noted) > patrolNote {
			noted = time.Now()
			if err := p.note(ctx, st); err != nil {
				return err
			}
		}
		if err := rest(ctx, time.Duration(float64(read)/float64(p.store.opts.Patrol.Rate)*float64(time.Second))); err != nil {
			return nil // how far it has come is noted by run
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	p.sign(ctx)
	st.Ended = p.store.opts.Now().UTC()
	if n := st.total(); n > 0 {
		p.store.opts.Logger.Error("the patrol has found damage or drift; run `elderzan doctor`", "findings", n)
	}
	if err := p.store.noteCheck(ctx, st.total()); err != nil {
		return err
	}
	if err := p.note(ctx, st); err != nil {
		return err
	}
	p.set(st)
	return nil
}

func (st *patrolState) total() int {
	n := 0
	for _, k := range st.Found {
		n += k
	}
	return n
}

func (st *patrolState) add(k Kind) {
	if st.Found == nil {
		st.Found = map[Kind]int{}
	}
	st.Found[k]++
}

// step looks at the next piece and reports how much that was and whether there is more.
func (p *patrol) step(ctx context.Context, st *patrolState) (read int64, more bool, err error) {
	s := p.store
	if st.Page > 0 {
		bad, next, err := s.catalog.CheckPages(ctx, st.Page, patrolPages)
		if err != nil {
			return 0, false, catalogError(err)
		}
		for range bad {
			st.add(KindDatabase)
		}
		st.Page = next
		return patrolPages * 4096, true, nil
	}
	rows, err := s.catalog.RowsAfter(ctx, st.Row, patrolRows)
	if err != nil || len(rows) == 0 {
		return 0, false, catalogError(err)
	}
	records, err := s.catalog.WholeByRows(ctx, rows)
	if catalog.IsDamage(err) { // a page of them; which memories are behind it `doctor` tells
		st.add(KindDatabase)
		st.Row = rows[len(rows)-1]
		return patrolRows * patrolRowBytes, true, nil
	}
	if err != nil {
		return 0, false, catalogError(err)
	}
	c := &checker{store: s, suspects: map[int64]bool{}}
	for i := range records {
		read += patrolRowBytes + int64(len(records[i].Body)+len(records[i].Lex))
		if m, _, ok := c.one(&records[i]); ok && !s.hashFits(records[i].Hash, &m) {
			c.add(Finding{Kind: KindTerms, ID: m.ID, Row: records[i].Row})
		}
	}
	if err := c.engines(ctx, rows, func(f Finding) { c.suspects[f.Row] = true }); err != nil {
		return 0, false, catalogError(err)
	}
	if err := c.settle(ctx); err != nil {
		return 0, false, catalogError(err)
	}
	for _, f := range c.findings {
		st.add(f.Kind)
	}
	st.Row = rows[len(rows)-1]
	return read, true, nil
}

// PatrolStatus says what the patrol is at and what its newest round has found.
type PatrolStatus struct {
	Began    time.Time
	Ended    time.Time // zero while the round is under way
	Findings map[Kind]int
	Bytes    int64 // read in this round
}

// Patrol returns the status of the patrol; zero before its first round.
func (s *Store) Patrol() PatrolStatus {
	st := s.patrol.get()
	return PatrolStatus{Began: st.Began, Ended: st.Ended, Findings: st.Found, Bytes: st.Bytes}
}

// Alert puts findings into words; "" where there are none.
func (p PatrolStatus) Alert() string {
	n, kinds := 0, []string{}
	for _, k := range slices.Sorted(maps.Keys(p.Findings)) {
		n += p.Findings[k]
		kinds = append(kinds, fmt.Sprintf("%d %s", p.Findings[k], k))
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("the check in the background has found %d places that are not as they should be (%s); run `elderzan doctor`, then `elderzan doctor --repair`", n, strings.Join(kinds, ", "))
}
