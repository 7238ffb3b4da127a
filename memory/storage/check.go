package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// Severity says how bad a finding is.
type Severity int

// The severities.
const (
	Drift  Severity = iota + 1 // derived data disagrees with the record; answers may be incomplete until it is mended
	Damage                     // the record itself is damaged; only a backup brings back what is lost
)

// String returns "drift" or "damage".
func (s Severity) String() string {
	if s == Damage {
		return "damage"
	}
	return "drift"
}

// Kind names what a finding is about.
type Kind string

// The kinds of findings.
const (
	KindDatabase    Kind = "database"     // SQLite finds damage in its file
	KindRecord      Kind = "record"       // a memory's checksum, seal or form is wrong
	KindTerms       Kind = "terms"        // the terms or the content hash on record are not those of the text
	KindFullText    Kind = "full-text"    // the full-text table differs from the terms on record
	KindTags        Kind = "tags"         // the table of tags differs from the record
	KindHashes      Kind = "hashes"       // the table by which texts are known again differs from the record
	KindVector      Kind = "vector"       // a vector on record is missing from RocksDB, damaged, or under another key
	KindStray       Kind = "stray"        // RocksDB holds a vector or an intent that nothing on record wants
	KindValue       Kind = "value"        // a value in RocksDB does not authenticate
	KindTable       Kind = "table"        // a file of RocksDB cannot be read
	KindVectorIndex Kind = "vector-index" // FAISS differs from the vectors on record
	KindWordIndex   Kind = "word-index"   // the inverted index differs from the record
	KindUnembedded  Kind = "unembedded"   // a memory has neither a vector nor a job
	KindOutbox      Kind = "outbox"       // the newest event of a memory does not say where it is
	KindAudit       Kind = "audit"        // the audit log does not authenticate
	KindAuditTree   Kind = "audit-tree"   // the hashes stored over the audit log are damaged
	KindLink        Kind = "link"         // a memory says that another one came before or after it which never was
	KindSchema      Kind = "schema"       // a table, an index or a trigger of SQLite is missing or not as it was made
	KindOrphan      Kind = "orphan"       // a table holds rows of a memory that is gone
	KindArchive     Kind = "archive"      // the vector of an archived memory is damaged, of another text, or not where it should be
)

// Finding is one place where the store is not as it should be.
type Finding struct {
	Kind     Kind
	Severity Severity
	Engine   string    // "sqlite", "rocksdb", "faiss" or "inverted"
	ID       memory.ID // "" where it is about no one memory
	Row      int64     // of that memory, or of what should have been one; 0 where it is about none
	Detail   string    // never the text
	Advice   string    // what to do

	key []byte // of a stray or damaged value in RocksDB
	ref catalog.VectorRef
	kv  string // family of key
}

// String describes the finding in one line.
func (f Finding) String() string {
	about := ""
	if f.ID != "" {
		about = " of " + string(f.ID)
	}
	return fmt.Sprintf("%s: %s%s (%s): %s; %s", f.Severity, f.Kind, about, f.Engine, f.Detail, f.Advice)
}

const (
	adviseRepair  = "run `elderzan doctor --repair`"
	adviseSalvage = adviseRestore + ", or take over what can be read: `elderzan doctor --repair --salvage`"
	adviseRestore = "bring a backup back: `elderzan restore --replace`"
)

// checker is one run of Check.
type checker struct {
	store    *Store
	findings []Finding
	refs     map[int64][]catalog.VectorRef // vectors on record, by row
	cold     map[int64]bool                // rows with a vector in the archive
	suspects map[int64]bool                // rows on which an engine outside SQLite disagreed
}

func (c *checker) add(f Finding) {
	if f.Severity == 0 {
		f.Severity = Drift
	}
	if f.Engine == "" {
		f.Engine = "sqlite"
	}
	if f.Advice == "" {
		f.Advice = adviseRepair
	}
	c.findings = append(c.findings, f)
}

// Check compares everything that is stored with everything else and returns what does not fit; none means that all is
// well. It reads every memory and every vector, while calls go on: what one of the engines in RAM or RocksDB seems to
// have wrong is looked at again while no writer is at work, so that no change under way is taken for damage.
// The number of findings stays in Stats.
func (s *Store) Check(ctx context.Context) ([]Finding, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	c := &checker{store: s}
	if err := c.run(ctx); err != nil {
		return nil, catalogError(err)
	}
	err := s.noteCheck(ctx, len(c.findings))
	if errors.Is(err, memory.ErrFull) || errors.Is(err, memory.ErrReadOnly) {
		s.opts.Logger.Warn("what the check found is not noted", "error", err) // who checks a disk in trouble wants to know all the same
		err = nil
	}
	return c.findings, err
}

func (c *checker) run(ctx context.Context) error {
	head := c.store.catalog.AuditHead()
	c.refs, c.cold, c.suspects = map[int64][]catalog.VectorRef{}, map[int64]bool{}, map[int64]bool{}
	err := c.store.catalog.Snapshot(ctx, func(v *catalog.View) error { return c.record(ctx, v, head) })
	if errors.Is(err, errTable) {
		return nil // the rest is looked at when it is there again
	}
	if catalog.IsDamage(err) {
		// Where parts of the record cannot be read, the rest cannot be compared with anything.
		c.add(Finding{Kind: KindDatabase, Severity: Damage, Detail: damageOf(err), Advice: adviseSalvage})
		return nil
	}
	if err != nil {
		return err
	}
	err = c.values(ctx)
	if catalog.IsDamage(err) {
		// Where a file of RocksDB cannot be read, what it holds cannot be compared with anything either.
		c.add(Finding{Kind: KindTable, Engine: "rocksdb", Detail: damageOf(err)})
		return c.tree(ctx)
	}
	if err != nil {
		return err
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	return c.tree(ctx)
}

// damageOf is what err, a *memory.CorruptError, says of the damage: what to do about it a finding says itself.
func damageOf(err error) string {
	var c *memory.CorruptError
	if errors.As(err, &c) {
		return c.Err.Error()
	}
	return err.Error()
}

// settle looks at the suspects again while no writer is at work.
func (c *checker) settle(ctx context.Context) error {
	rows := make([]int64, 0, len(c.suspects))
	for row := range c.suspects {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	for len(rows) > 0 {
		n := min(fillBatch, len(rows))
		batch := rows[:n]
		err := c.store.catalog.Exclusive(ctx, func() error { return c.engines(ctx, batch, c.add) })
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// checkNote is what is kept of the newest check.
type checkNote struct {
	At       time.Time `json:"at"`
	Findings int       `json:"findings"`
}

const metaCheck = "last-check"

func (s *Store) noteCheck(ctx context.Context, findings int) error {
	b, err := json.Marshal(checkNote{At: s.opts.Now().UTC(), Findings: findings})
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaCheck, b) })
}

// lastCheck returns what the newest check found, and when; a zero time where there was none.
func (s *Store) lastCheck(ctx context.Context) (int, time.Time, error) {
	b, err := s.catalog.Meta(ctx, metaCheck)
	if err != nil || len(b) == 0 {
		return 0, time.Time{}, err
	}
	var n checkNote
	if err := json.Unmarshal(b, &n); err != nil {
		return 0, time.Time{}, errors.New("storage: the note of the last check is malformed; run `elderzan doctor` for a new one")
	}
	return n.Findings, n.At, nil
}
