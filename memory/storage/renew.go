package storage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// renewal brings to the present state, in the background, what an older build or an older generation of the keys has
// left: terms, when the rules of analysis have changed; vectors of archived memories that are not in the archive; after a rotation everything that is sealed or hashed under an
// older generation: memories' hashes and PRIVATE texts, the values of RocksDB, the snapshots of the vector indexes.
// SQLite itself is written anew before it is opened (rekeyCatalog). Each part can be cut short anywhere: what says that
// it is done is written last, questions are answered with older terms until then, and all older keys open what they
// sealed until Store.RetireKeys.
type renewal struct {
	store  *Store
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	active bool
	status memory.Renewal
	err    error // why it stopped
}

// The parts of a renewal.
const (
	partTerms    = "terms"
	partMemories = "memories"
	partValues   = "values"
	partIndexes  = "indexes"
	partArchive  = "archive"
)

const (
	// metaRenewed is where the catalogue keeps which generation everything is sealed under.
	metaRenewed = "keys-renewed"
	// metaRenewing is how far the renewal of memories has come.
	metaRenewing = "keys-renewing"
	// metaArchived says, where it is there, that nothing is left of what older versions archived to be moved, and how this was
	// archived: the form 1 had texts packed by zstd alone, and hashes of them.
	metaArchived = "archived"
	// renewBatch is how many memories are sealed or analysed anew in one transaction: writers wait for one.
	renewBatch = 64
	// renewRest is how many times as long as it worked the renewal rests.
	renewRest = 1
	// analyseRest is that of analysing anew: nothing waits for it but better answers.
	analyseRest = 2
)

// renewed is the value of metaRenewing and of metaAnalysing.
type renewed struct {
	Generation uint32 `json:"generation"`
	Rules      int    `json:"rules,omitempty"` // of analysis; 0 where only seals and hashes are made anew
	Row        int64  `json:"row"`             // up to which memories are done
}

// newRenewal returns a renewal that is under way and does nothing before start.
func newRenewal(s *Store) *renewal {
	return &renewal{store: s, done: make(chan struct{}), active: true, cancel: func() {}}
}

func (w *renewal) start() {
	s := w.store
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() {
		defer close(w.done)
		err := w.run(ctx)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.active, w.err = err != nil, err
		if err == nil {
			w.status = memory.Renewal{}
		} else if ctx.Err() == nil {
			w.status.Err = err.Error()
			s.opts.Logger.Error("renewing what an older version or key has left has stopped; it goes on at the next start", "part", w.status.Part, "error", err)
		}
	}()
}

func (w *renewal) close() {
	if w == nil {
		return
	}
	w.cancel()
	<-w.done
}

// pending reports whether something may still be under an older key.
func (w *renewal) pending() bool {
	if w == nil { // the store is being opened
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active
}

// now returns how far it has come.
func (w *renewal) now() memory.Renewal {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// analysing reports whether terms are being made anew.
func (w *renewal) analysing() bool { return w != nil && w.now().Part == partTerms }

func (w *renewal) set(part string, done, total int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = memory.Renewal{Part: part, Done: done, Total: total}
}

func (w *renewal) run(ctx context.Context) error {
	s := w.store
	if err := w.terms(ctx); err != nil {
		return err
	}
	if err := w.archive(ctx); err != nil {
		return err
	}
	want := fmt.Sprint(s.generation)
	have, err := s.catalog.Meta(ctx, metaRenewed)
	if err != nil || string(have) == want || s.generation == 1 {
		return err
	}
	for _, part := range []func(context.Context) error{w.memories, w.values, w.indexes} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	s.step(StepRenewed)
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaRenewed, []byte(want)) })
}

// terms analyses every memory anew, and hashes and seals it, when its terms were made by other rules of analysis.
func (w *renewal) terms(ctx context.Context) error {
	s := w.store
	was, err := s.catalog.Meta(ctx, metaTerms)
	if err != nil || rulesOf(was) == inverted.AnalysisVersion {
		return err
	}
	begin := s.opts.Now()
	s.opts.Logger.Info("memories are analysed anew by the rules of this version; questions are answered meanwhile, with the older words at first")
	to := renewed{Generation: s.generation, Rules: inverted.AnalysisVersion}
	err = w.each(ctx, partTerms, metaAnalysing, to, analyseRest, func(rows []int64, mark func(*catalog.Tx) error) error {
		return s.renew(ctx, rows, mark)
	})
	if err != nil {
		return err
	}
	s.step(StepAnalysed)
	if err := s.noteTerms(ctx); err != nil {
		return err
	}
	s.opts.Logger.Info("memories were analysed anew", "took", s.opts.Now().Sub(begin))
	return nil
}

// archiveForm is how this version archives.
const archiveForm = 2

// archiveMoved reports whether nothing of what is archived is in other tables and engines than the archive's.
func archiveMoved(ctx context.Context, v *catalog.View) (bool, error) {
	done, err := v.Meta(ctx, metaArchived)
	return len(done) > 0, err
}

// archive moves what older versions archived: they left its vectors in RocksDB and the indexes, its words in the
// full-text table, and its text longer than need be.
func (w *renewal) archive(ctx context.Context) error {
	s := w.store
	form, err := s.catalog.Meta(ctx, metaArchived)
	if err != nil || len(form) > 0 && form[0] >= archiveForm {
		return err
	}
	for after := int64(0); ; {
		rows, err := s.catalog.ArchivedAfter(ctx, after, renewBatch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		w.set(partArchive, 0, 0)
		begin := time.Now()
		if err := s.archiveAnew(ctx, rows); err != nil {
			return err
		}
		s.step(StepArchived)
		after = rows[len(rows)-1]
		if err := rest(ctx, analyseRest*time.Since(begin)); err != nil {
			return err
		}
	}
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaArchived, []byte{archiveForm}) })
}

// archiveAnew brings those of rows that are archived to how this version archives, as one transaction.
func (s *Store) archiveAnew(ctx context.Context, rows []int64) error {
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		records, err := tx.ByRows(rows)
		if err != nil {
			return err
		}
		var t txn
		for i := range records {
			r := &records[i]
			if r.Memory.State != memory.Archived {
				continue
			}
			if err := tx.DropWords(r.Row); err != nil {
				return err
			}
			if err := s.repack(tx, r); err != nil {
				return err
			}
			if err := s.moveVectors(tx, &t, r.Row, &r.Memory); err != nil {
				return err
			}
		}
		return s.txns.prepare(tx, &t)
	})
}

// repack writes the text of an archived memory as this version does, where that is shorter. A damaged one stays as it is.
func (s *Store) repack(tx *catalog.Tx, r *catalog.Record) error {
	if !r.Intact() {
		return nil
	}
	m, err := s.open(r)
	if err != nil {
		return nil //nolint:nilerr // a finding of the checker's
	}
	known, err := s.openLex(r)
	if err != nil {
		return nil //nolint:nilerr // a finding of the checker's
	}
	d, err := s.draft(&m, r.TextVersion, &known)
	if err != nil || len(d.record.Body)+len(d.record.Lex) >= len(r.Body)+len(r.Lex) {
		return err
	}
	d.record.Row = r.Row
	return tx.UpdateAttributes(&d.record)
}

// memories hashes every memory anew, and seals the PRIVATE ones.
func (w *renewal) memories(ctx context.Context) error {
	s := w.store
	err := w.each(ctx, partMemories, metaRenewing, renewed{Generation: s.generation}, renewRest, func(rows []int64, mark func(*catalog.Tx) error) error {
		return s.reseal(ctx, rows, mark)
	})
	if err != nil {
		return err
	}
	return s.noteTerms(ctx)
}

// each calls do with all memories that were not done yet, in batches, by rising row; do has mark run in the transaction in
// which it changes them, and after each batch it rests times as long as that took. How far it came is kept under key; what
// was done to another state than to does not count.
func (w *renewal) each(ctx context.Context, part, key string, to renewed, times int, do func(rows []int64, mark func(*catalog.Tx) error) error) error {
	s := w.store
	var at renewed
	b, err := s.catalog.Meta(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &at); err != nil || at.Generation != to.Generation || at.Rules != to.Rules {
		at = to
	}
	rows, err := s.catalog.AllRows(ctx)
	if err != nil {
		return err
	}
	done, _ := slices.BinarySearch(rows, at.Row+1)
	for done < len(rows) {
		w.set(part, done, len(rows))
		n := min(renewBatch, len(rows)-done)
		begin := time.Now()
		at.Row = rows[done+n-1]
		mark, err := json.Marshal(at)
		if err != nil {
			return err
		}
		if err := do(rows[done:done+n], func(tx *catalog.Tx) error { return tx.SetMeta(key, mark) }); err != nil {
			return err
		}
		done += n
		if err := rest(ctx, time.Duration(times)*time.Since(begin)); err != nil {
			return err
		}
	}
	return nil
}

// reseal hashes and seals the memories of rows anew; their terms stay as they are.
func (s *Store) reseal(ctx context.Context, rows []int64, mark func(*catalog.Tx) error) error {
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		records, err := tx.ByRows(rows)
		if err != nil {
			return err
		}
		for i := range records {
			if err := s.resealOne(tx, &records[i]); err != nil {
				return err
			}
			if err := s.resealCold(tx, records[i].Row); err != nil {
				return err
			}
		}
		return mark(tx)
	})
}

func (s *Store) resealOne(tx *catalog.Tx, r *catalog.Record) error {
	if !r.Intact() {
		return nil // sealing it anew would give damage a checksum; the checker names it
	}
	m, err := s.open(r)
	if err != nil {
		return nil //nolint:nilerr // a finding of the checker's
	}
	known, err := s.openLex(r)
	if err != nil {
		return nil //nolint:nilerr // a finding of the checker's
	}
	d, err := s.draft(&m, r.TextVersion, &known)
	if err != nil {
		return err
	}
	if bytes.Equal(d.record.Hash, r.Hash) && !m.Scope.Sealed() {
		return nil
	}
	d.record.Row = r.Row
	return tx.UpdateAttributes(&d.record)
}

// values seals RocksDB's values anew. One that does not open is the checker's business.
func (w *renewal) values(ctx context.Context) error {
	w.set(partValues, 0, 0)
	_, err := w.store.kv.Reseal(ctx)
	var damaged *memory.CorruptError
	if err = kvError("seal anew", err); errors.As(err, &damaged) {
		w.store.opts.Logger.Error("a value could not be sealed anew; run `elderzan doctor --repair`", "error", err)
		return nil
	}
	return err
}

// indexes writes every snapshot anew.
func (w *renewal) indexes(ctx context.Context) error {
	w.set(partIndexes, 0, 0)
	return w.store.saveAll(ctx)
}

// saveAll writes a snapshot of every index.
func (s *Store) saveAll(ctx context.Context) error {
	v := s.vectors
	v.mu.Lock()
	for name := range v.indexes {
		v.dirty[name] = true
	}
	v.mu.Unlock()
	return s.snapshot(ctx, true)
}

// rest waits, unless ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// olderKeys returns the keys for a purpose of the generations before the current one, newest first.
func olderKeys(ring *keyring.Keyring, p keyring.Purpose) ([]security.Secret, error) {
	var out []security.Secret
	generations := ring.Generations()
	for i := len(generations) - 1; i >= 0; i-- {
		if generations[i] == ring.Generation() {
			continue
		}
		key, err := ring.KeyAt(p, generations[i])
		if err != nil {
			return nil, err
		}
		out = append(out, key)
	}
	return out, nil
}

// twin finds the active memory with the text of r. While memories are being hashed anew it may be hashed under an older
// key.
func (s *Store) twin(tx *catalog.Tx, r *catalog.Record, content string) (id memory.ID, row int64, ok bool, err error) {
	id, row, ok, err = tx.ActiveByHash(r.Hash)
	if ok || err != nil || !s.renewal.pending() {
		return id, row, ok, err
	}
	for _, key := range s.olderHashKeys {
		id, row, ok, err = tx.ActiveByHash(hashUnder(key, r.Memory.Project, content))
		if ok || err != nil {
			return id, row, ok, err
		}
	}
	return "", 0, false, nil
}

// hashFits reports whether hash is that of the text, under the current key or, while memories are being hashed anew,
// under an older one. An archived memory has none, or that of before it was archived.
func (s *Store) hashFits(hash []byte, m *memory.Memory) bool {
	if len(hash) == 0 && m.State == memory.Archived || bytes.Equal(hash, s.hashContent(m.Project, m.Content)) {
		return true
	}
	if s.renewal.pending() {
		for _, key := range s.olderHashKeys {
			if bytes.Equal(hash, hashUnder(key, m.Project, m.Content)) {
				return true
			}
		}
	}
	return false
}

// KeyStatus says what the store's keys are and what is sealed under older ones.
type KeyStatus struct {
	Generation uint32         `json:"generation"`
	ID         string         `json:"id"`
	Source     string         `json:"source"` // where the master key is kept
	Held       []uint32       `json:"held"`   // generations that can still be opened
	Retired    []uint32       `json:"retired,omitempty"`
	SQLite     uint32         `json:"sqlite"` // generation that the database is under
	Older      int            `json:"older"`  // values in RocksDB that are under older generations
	Renewal    memory.Renewal `json:"renewal"`
	Retirable  bool           `json:"retirable"`         // whether older generations can be retired now
	NotYet     string         `json:"not_yet,omitempty"` // why not
}

// openKeyring opens the keyring as it is on the disk now.
func (s *Store) openKeyring(ctx context.Context) (*keyring.Keyring, error) {
	return keyring.Open(ctx, keyring.Options{Dir: s.opts.Dir, Source: s.opts.KeySource})
}

// KeyStatus reads the values of RocksDB to count those under older keys.
func (s *Store) KeyStatus(ctx context.Context) (KeyStatus, error) {
	if err := s.usable(); err != nil {
		return KeyStatus{}, err
	}
	ring, err := s.openKeyring(ctx)
	if err != nil {
		return KeyStatus{}, err
	}
	defer ring.Close()
	st := KeyStatus{
		Generation: ring.Generation(), ID: ring.ID().String(), Source: ring.Source(), Held: ring.Generations(), SQLite: s.sqliteGeneration,
	}
	for _, g := range ring.GenerationsFor(keyring.Audit) {
		if !slices.Contains(st.Held, g) {
			st.Retired = append(st.Retired, g)
		}
	}
	s.renewal.mu.Lock()
	active := s.renewal.active
	st.Renewal = s.renewal.status
	s.renewal.mu.Unlock()
	if active && st.Renewal.Part == "" {
		st.Renewal.Part = partMemories
	}
	checked, err := s.kv.Check(ctx, func(*kv.CorruptError) error { return nil })
	if err != nil {
		return st, kvError("check", err)
	}
	st.Older = checked.Older
	switch {
	case st.Generation != s.generation:
		st.NotYet = "the key was rotated and the store is not opened under it yet; run: elderzan stop"
	case active:
		st.NotYet = "data is being sealed anew in the background"
	case st.SQLite != st.Generation:
		st.NotYet = "the database is under an older key, as there was no room to write it anew; free some space and run: elderzan stop"
	case st.Older > 0:
		st.NotYet = "values in RocksDB are under an older key; run: elderzan doctor --repair"
	case len(st.Held) < 2:
		st.NotYet = "there is no older key"
	default:
		st.Retirable = true
	}
	return st, nil
}

// RotateKeys makes a new master key. The store goes on under the older one, which the new one opens; opened the next time,
// it writes SQLite anew under the new key and then, in the background, everything else. Every key of the store is derived
// from the master key: all are new with it.
func (s *Store) RotateKeys(ctx context.Context, audit memory.Audit) error {
	if err := s.usable(); err != nil {
		return err
	}
	ring, err := s.openKeyring(ctx)
	if err != nil {
		return err
	}
	defer ring.Close()
	if ring.Generation() != s.generation {
		return fmt.Errorf("%w: the key was rotated already and the store is not opened under it yet; run: elderzan stop", ErrKeys)
	}
	if s.renewal.pending() {
		return fmt.Errorf("%w: data is being renewed after the last rotation, or by the rules of a newer version; see: elderzan keys status", ErrKeys)
	}
	was := ring.ID()
	if err := ring.Rotate(ctx); err != nil {
		if isFull(err, "") || isReadOnly(err, "") {
			return fileError("write the new key", err)
		}
		return err
	}
	audit.Action, audit.Reason = "key-rotate", fmt.Sprintf("from key %s to %s, generation %d", was, ring.ID(), ring.Generation())
	return s.Note(ctx, audit)
}

// ErrKeys reports a step with the keys that cannot be taken now.
var ErrKeys = errors.New("storage: not possible with the keys as they are")

// keptForever are the keys of retired generations that are kept: the audit log and backup repositories are read with them.
var keptForever = []keyring.Purpose{keyring.Audit, keyring.Checkpoints, keyring.Backup}

// RetireKeys forgets the master keys before the current one, once nothing is sealed under them any more. Backups that
// were made before the rotation can then be opened with a copy of the older key alone. It returns an error wrapping
// ErrKeys where something is left to do first.
func (s *Store) RetireKeys(ctx context.Context, audit memory.Audit) error {
	st, err := s.KeyStatus(ctx)
	if err != nil {
		return err
	}
	if !st.Retirable {
		return fmt.Errorf("%w: %s", ErrKeys, st.NotYet)
	}
	if err := s.saveAll(ctx); err != nil {
		return err
	}
	ring, err := s.openKeyring(ctx)
	if err != nil {
		return err
	}
	defer ring.Close()
	if err := ring.Retire(ctx, keptForever...); err != nil {
		return err
	}
	audit.Action, audit.Reason = "key-retire", fmt.Sprintf("generations before %d", ring.Generation())
	return s.Note(ctx, audit)
}

// WaitRenewed waits until everything is sealed under the current keys, and all terms are made by the current rules.
func (s *Store) WaitRenewed(ctx context.Context) error {
	select {
	case <-s.renewal.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.renewal.mu.Lock()
	defer s.renewal.mu.Unlock()
	if s.renewal.active {
		return fmt.Errorf("renewing has stopped: %w", s.renewal.err)
	}
	return nil
}
