package storage

import (
	"errors"
	"log/slog"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/keyring"
)

// Options says which store to open. Dir is required; the zero value of the rest works.
type Options struct {
	Dir           string           // data folder; made with mode 0700 if it is not there
	KeySource     keyring.Source   // where the master key is kept; nil means the file master.key in Dir
	Source        string           // names this device in events for the cloud; "" means an id made at the first start
	Limits        IndexLimits      // from how many vectors on an index has which form
	ReplayFrom    int              // memories from which on the indexes are opened from their snapshots and what changed since, not by looking at all of the record; 0 means 20,000
	SnapshotEvery int              // vectors stored between two snapshots of their index; 0 means 2,000
	AuditBlock    int              // entries of the audit log that are packed together; 0 means 256
	UseFlush      time.Duration    // how long counted uses may stay in memory; 0 means 5 s
	ScrubAfter    time.Duration    // how long the traces of purged memories may stay; 0 means 3 s
	Patrol        PatrolOptions    // the check in the background
	Mend          bool             // make anew what is missing or damaged and can be: keys.json, tables, RocksDB with what can be read of it; what was there is set aside
	Salvage       bool             // with Mend, what can be read of a damaged database takes its place although something is lost for good
	Logger        *slog.Logger     // nil means silence
	Now           func() time.Time // nil means time.Now
	Step          memory.Step      // is told of the parts of a recall: words, vectors, reading; nil means nobody is
	// CloudChanged, where set, is called after each commit that carries an event for the cloud. It must not wait.
	CloudChanged func()
	// Committed, where set, is told what each durable change has made look different, once whoever reads finds it so and
	// before the call that made it returns. It must neither wait nor call the store.
	Committed func(memory.Commit)

	// Crash, where set, is told of each durable step before or after it, as the step's name says. For tests that
	// kill the process there.
	Crash func(Step)
	// Fail, where set, is asked before each operation of an engine ("sqlite", "rocksdb" or "faiss"); an error it
	// returns is the operation's. For tests that fail the n-th call.
	Fail func(engine, op string) error
}

// PatrolOptions says how the check in the background goes about.
type PatrolOptions struct {
	Rate  int64         // bytes read a second; 0 means 1 MiB, negative turns it off
	Every time.Duration // from the beginning of a round to that of the next; 0 means 24 h
	After time.Duration // rest after the start; 0 means a minute
}

func (p *PatrolOptions) defaults() {
	if p.Rate == 0 {
		p.Rate = patrolRate
	}
	if p.Every <= 0 {
		p.Every = patrolEvery
	}
	if p.After <= 0 {
		p.After = patrolFirst
	}
}

// IndexLimits are the sizes from which vectors are searched by shorter codes of them: see internal/vector. Answers stay
// exact in accurate mode whatever they are.
type IndexLimits struct {
	SQ8   int // vectors from which a byte a component is held in RAM; 0 means 12,000
	SQ4   int // half a byte; 0 means 16,000
	IVFPQ int // half a byte, and inverted lists for the modes that need not be exact; 0 means 160,000
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("storage: Options.Dir is required")
	}
	if o.ReplayFrom <= 0 {
		o.ReplayFrom = 20_000
	}
	if o.SnapshotEvery <= 0 {
		o.SnapshotEvery = 2000
	}
	if o.UseFlush <= 0 {
		o.UseFlush = 5 * time.Second
	}
	if o.ScrubAfter <= 0 {
		o.ScrubAfter = 3 * time.Second
	}
	o.Patrol.defaults()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

func (o *Options) failing(engine string) func(op string) error {
	if o.Fail == nil {
		return nil
	}
	return func(op string) error { return o.Fail(engine, op) }
}
