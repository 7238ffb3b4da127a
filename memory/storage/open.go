package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/arena"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// Files and folders of a data folder, beside those of the keyring.
const (
	lockFile    = "store.lock"
	readyFile   = "store.format" // there once the first start is through; holds the layout's number
	catalogFile = "catalog.db"
	headFile    = "catalog.head" // how far the audit log went; see internal/catalog
	kvDir       = "kv"
	vectorsDir  = "vectors"
)

// layout is the number of the folder's layout.
const layout = "1\n"

// Open opens the store in o.Dir, which it makes if it is not there, settles what a crash left half done, and fills the
// indexes in RAM. The caller closes it.
//
// Errors: ErrLocked; the keyring's for a missing, wrong or damaged key; *memory.CorruptError for a damaged or missing
// engine; memory.ErrFull; memory.ErrReadOnly; ErrNewer.
func Open(ctx context.Context, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	arena.Limit()
	s := &Store{opts: o, recent: newRecent[*recentMemory](recentBytes, recentOverhead), tokens: newRecent[recentTokens](recentTokenBytes, recentTokenOverhead)}
	s.index = inverted.New(inverted.Options{Untidy: func() { s.keeper.wake(s.keeper.full) }})
	s.txns = &manager{store: s, pending: map[string]*pendingValue{}}
	s.keeper = newKeeper(s)
	s.uses.counts = map[memory.ID]catalog.Use{}
	s.scrubber = newScrubber(s)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.renewal = newRenewal(s)
	s.keeper.start()
	s.renewal.start()
	s.patrol = startPatrol(s)
	s.scrubber.start()
	return s, nil
}

func (s *Store) start(ctx context.Context) error {
	if err := os.MkdirAll(s.path(vectorsDir), 0o700); err != nil {
		return fileError("make the data folder", err)
	}
	if err := s.takeLock(); err != nil {
		return err
	}
	ready, err := s.isReady()
	if err != nil {
		return err
	}
	ring, err := s.openKeys(ctx, ready)
	if err != nil {
		return err
	}
	defer ring.Close()
	if !ready {
		s.step(StepKeysMade)
	}
	if err := s.openEngines(ctx, ring, ready); err != nil {
		return err
	}
	if !ready {
		s.step(StepEnginesMade)
		if err := writeDurably(s.path(readyFile), []byte(layout)); err != nil {
			return fileError("mark the data folder as ready", err)
		}
		s.step(StepReady)
	}
	if n := s.catalog.Lost(); n > 0 {
		s.opts.Logger.Error("the newest changes are gone from the database, whose log is damaged; restore them: `elderzan restore`", "changes", n)
	}
	if err := s.recover(ctx); err != nil {
		return err
	}
	if err := s.openCold(ctx); err != nil {
		return err
	}
	if err := s.openVectorIndexes(ctx); err != nil {
		return err
	}
	return catalogError(errors.Join(s.tellStrays(ctx), s.writeMended(ctx)))
}

func (s *Store) path(name string) string { return filepath.Join(s.opts.Dir, name) }

// takeLock makes this process the only one that has the folder open. The lock goes with the process.
func (s *Store) takeLock() error {
	f, err := os.OpenFile(s.path(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fileError("open the lock of the data folder", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		if errors.Is(err, unix.EWOULDBLOCK) {
			return ErrLocked
		}
		return fileError("lock the data folder", err)
	}
	s.lock = f
	return nil
}

// isReady reports whether the first start of this folder went through.
func (s *Store) isReady() (bool, error) {
	b, err := os.ReadFile(s.path(readyFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fileError("read the layout of the data folder", err)
	case string(b) == layout:
		return true, nil
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(string(b), "\n")); err == nil && n > 1 && n < 100 {
		return false, fmt.Errorf("%w (layout %q, this build knows %q)", ErrNewer, b, layout)
	}
	if !s.opts.Mend {
		return false, &memory.CorruptError{Engine: readyFile, Err: errors.New("it does not hold the number of a layout")}
	}
	// What it stands for is written again: that the folder was complete once, which its engines are asked for next.
	return true, fileError("write the layout of the data folder anew", writeDurably(s.path(readyFile), []byte(layout)))
}

// openKeys makes a master key only where there is nothing yet that one could have sealed.
func (s *Store) openKeys(ctx context.Context, ready bool) (*keyring.Keyring, error) {
	create := !ready
	for _, name := range []string{catalogFile, kvDir} {
		_, err := os.Lstat(s.path(name))
		create = create && errors.Is(err, fs.ErrNotExist)
	}
	if _, err := os.Lstat(s.path(keyring.CheckFileName)); s.opts.Mend && !create && errors.Is(err, fs.ErrNotExist) {
		if err := s.mendKeys(ctx, err); err != nil {
			return nil, err
		}
	}
	o := keyring.Options{Dir: s.opts.Dir, Source: s.opts.KeySource, Create: create}
	ring, err := keyring.Open(ctx, o)
	if s.opts.Mend && !create && errors.Is(err, keyring.ErrCorrupt) {
		if merr := s.mendKeys(ctx, err); merr == nil { // else it is the master key that is damaged
			ring, err = keyring.Open(ctx, o)
		}
	}
	if err != nil {
		return nil, err
	}
	return ring, s.useKeys(ring)
}

// useKeys derives what outlives the keyring.
func (s *Store) useKeys(ring *keyring.Keyring) (err error) {
	if s.private, err = ring.Sealer(keyring.Private); err != nil {
		return err
	}
	s.generation = ring.Generation()
	if s.hashKey, err = ring.Key(keyring.ContentHash); err != nil {
		return err
	}
	if s.olderHashKeys, err = olderKeys(ring, keyring.ContentHash); err != nil {
		return err
	}
	if s.cursorKey, err = ring.Key(keyring.Tokens); err != nil {
		return err
	}
	if s.checkpoints, err = newAuditKeys(ring); err != nil {
		return err
	}
	audit := map[uint32]security.Secret{}
	for _, g := range ring.GenerationsFor(keyring.Audit) {
		if audit[g], err = ring.KeyAt(keyring.Audit, g); err != nil {
			return err
		}
	}
	s.auditKey = func(generation uint32) (security.Secret, error) {
		key, ok := audit[generation]
		if !ok {
			return key, fmt.Errorf("%w: %d", security.ErrGeneration, generation)
		}
		return key, nil
	}
	sealer, err := ring.Sealer(keyring.Vectors)
	if err != nil {
		return err
	}
	s.vectors = &vectorSet{
		dir: s.path(vectorsDir), opts: &s.opts, pool: vector.NewPool(vector.PoolOptions{}),
		sealers: map[security.Class]*security.Sealer{security.ClassStore: sealer, security.ClassPrivate: s.private},
		indexes: map[indexName]*vector.Index{}, rows: map[indexName]rowSet{}, dirty: map[indexName]bool{},
		saved: map[indexName]savedVector{}, mended: s.mendedAtStart,
		full: s.fullVectors, rebuilt: func() { s.keeper.wake(s.keeper.full) },
	}
	s.features.pool = s.vectors.pool
	return nil
}

// openEngines opens SQLite and RocksDB, side by side, since each waits for the disk, and fills the inverted index,
// which needs SQLite alone.
func (s *Store) openEngines(ctx context.Context, ring *keyring.Keyring, ready bool) error {
	var g errgroup.Group
	g.Go(func() error { return s.openKV(ctx, ring, ready) })
	g.Go(func() error {
		for _, step := range []func(context.Context) error{
			func(ctx context.Context) error { return s.openCatalog(ctx, ring, !ready) }, s.identify, s.checkTerms, s.openWords,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// openCatalog opens the database. After a rotation it is still under an older generation of its key: then it is written
// anew under the current one first.
func (s *Store) openCatalog(ctx context.Context, ring *keyring.Keyring, create bool) error {
	audit, err := s.auditKey(ring.Generation())
	if err != nil {
		return err
	}
	o := catalog.Options{
		Path: s.path(catalogFile), Head: s.path(headFile), AuditKey: audit, AuditGeneration: ring.Generation(), AuditKeyOf: s.auditKey, AuditBlock: s.opts.AuditBlock, Create: create, Mend: s.opts.Mend,
		ReadCacheKiB: readCache(s.path(catalogFile)), Words: s.recordWords, Changed: func(row int64) { s.recent.changed(row) }, Fail: s.opts.failing("sqlite"),
		Committed: s.opts.Committed, Step: func(op string) { s.step(Step(op)) },
	}
	if s.opts.Mend && !create {
		err = s.finishSalvage()
	}
	if err == nil {
		err = s.openUnderAny(ctx, ring, o)
	}
	if s.opts.Mend && !create {
		err = s.mendCatalog(ctx, ring, o, err)
	}
	if err != nil || s.sqliteGeneration == ring.Generation() {
		return err
	}
	if o.Key, err = ring.KeyAt(keyring.SQLite, s.sqliteGeneration); err != nil {
		return err
	}
	return s.rekeyCatalog(ctx, ring, o)
}

// openUnderAny opens the database under the key of the newest generation that it can be read under.
func (s *Store) openUnderAny(ctx context.Context, ring *keyring.Keyring, o catalog.Options) (err error) {
	generations := ring.Generations()
	slices.Reverse(generations)
	for _, g := range generations {
		if o.Key, err = ring.KeyAt(keyring.SQLite, g); err != nil {
			return err
		}
		s.catalog, err = catalog.Open(ctx, o)
		if !catalog.IsDamage(err) {
			s.sqliteGeneration = g
			break
		}
	}
	return err
}

// readCache is how many KiB of pages a reading connection of a database keeps: twice those that lead to the rows, a
// two hundredth of all, since a question reads hundreds of the others in between. Each page that is not there is read,
// authenticated and decrypted.
func readCache(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return int(min(max(info.Size()>>10/100, 2<<10), 16<<10))
}

// blockCache is how many bytes of blocks RocksDB keeps of the files in a folder: twice the index and the filters, which are
// a two hundredth of all. Vectors are asked for at random, so that keeping more of them saves few reads.
func blockCache(dir string) int64 {
	n, err := folderBytes(dir)
	if err != nil {
		return 0 // a new one; the default
	}
	return min(max(n/100, 2<<20), 8<<20)
}

// rekeyCatalog writes the open database anew under the current key and opens it. Where there is no room for the copy it
// stays as it is, and the next start tries again.
func (s *Store) rekeyCatalog(ctx context.Context, ring *keyring.Keyring, o catalog.Options) error {
	to, err := ring.Key(keyring.SQLite)
	if err != nil {
		return err
	}
	if err := s.catalog.Close(); err != nil {
		return err
	}
	begin := s.opts.Now()
	err = catalog.Rekey(ctx, o, to)
	switch {
	case errors.Is(err, memory.ErrFull):
		s.opts.Logger.Warn("the database stays under its older key: there is no room to write it anew", "error", err)
	case err != nil:
		return err
	default:
		o.Key, s.sqliteGeneration = to, ring.Generation()
		s.opts.Logger.Info("the database is written anew under the new key", "took", s.opts.Now().Sub(begin))
	}
	s.catalog, err = catalog.Open(ctx, o)
	return err
}

func (s *Store) openKV(ctx context.Context, ring *keyring.Keyring, mustExist bool) error {
	store, err := ring.Sealer(keyring.KV)
	if err != nil {
		return err
	}
	o := kv.Options{
		Keys: kv.Keys{Store: store, Private: s.private}, Fail: s.opts.failing("rocksdb"), BlockCacheBytes: blockCache(s.path(kvDir)),
	}
	open := func(mustExist bool) error {
		if !mustExist { // RocksDB would let everybody look into its folder
			if err := os.MkdirAll(s.path(kvDir), 0o700); err != nil {
				return err
			}
		}
		o.MustExist = mustExist
		s.kv, err = kv.Open(s.path(kvDir), o)
		return err
	}
	err = open(mustExist)
	if s.opts.Mend && mustExist {
		err = s.mendKV(ctx, o, err, open)
	}
	return kvError("open", err)
}

// setAside renames what cannot be opened, so that nothing is lost should it be of use to somebody after all.
func (s *Store) setAside(name string, why error) error {
	aside := s.aside(name)
	switch err := os.Rename(s.path(name), aside); {
	case errors.Is(err, fs.ErrNotExist):
		s.opts.Logger.Warn("made anew, as it was missing", "engine", name)
		s.mendedAtStart(name, "missing; made anew")
	case err != nil:
		return fileError("set "+name+" aside", err)
	default:
		s.opts.Logger.Warn("made anew; the damaged one was set aside", "engine", name, "as", aside, "damage", why)
		s.mendedAtStart(name, "damaged; set aside as "+filepath.Base(aside))
	}
	return nil
}

// aside is what a damaged file or folder is renamed to.
func (s *Store) aside(name string) string {
	return s.path(name) + ".damaged-" + s.opts.Now().UTC().Format("20060102T150405.000")
}

// metaSource is where the catalogue keeps this device's id.
const metaSource = "source"

// identify finds out, or decides at the first start, what this device is called in events.
func (s *Store) identify(ctx context.Context) error {
	if s.opts.Source != "" {
		s.source = s.opts.Source
		return nil
	}
	b, err := s.catalog.Meta(ctx, metaSource)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		b = []byte(uuid.NewString())
		if err := s.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaSource, b) }); err != nil {
			return err
		}
	}
	s.source = string(b)
	return nil
}

// Flush brings everything that is kept in memory or in logs to where it stays: counted uses, snapshots of the vector
// indexes, the logs of SQLite and RocksDB. Nothing depends on it; it makes the next open quicker.
func (s *Store) Flush(ctx context.Context) error {
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.flushUses(ctx); err != nil {
		return catalogError(err)
	}
	if err := errors.Join(s.catalog.SettleWords(ctx), s.catalog.Checkpoint(ctx)); err != nil {
		return catalogError(err)
	}
	if err := s.kv.Flush(); err != nil {
		return kvError("flush", err)
	}
	return s.snapshot(ctx, false)
}

// Settle waits until the vector indexes have the form that suits their size. Calls go on meanwhile.
func (s *Store) Settle(ctx context.Context) error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.vectors.settle(ctx)
}

// Close writes what is kept in memory only, snapshots among it, and closes the engines. It waits for background work;
// calls under way end with their result or with ErrClosed. A second call returns what the first did.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.snaps.close()
		s.scrubber.close()
		s.patrol.close()
		s.renewal.close()
		err := s.keeper.close()
		s.step(StepClosingIndexes)
		err = errors.Join(err, s.lastSnapshot())
		s.closed.Store(true)
		err = errors.Join(err, s.catalog.Close())
		s.result = errors.Join(err, s.release())
	})
	return s.result
}

// lastSnapshot saves the indexes unless reading what changed on open takes less.
func (s *Store) lastSnapshot() error {
	n := s.vectors.len()
	s.keeper.mu.Lock()
	few := n >= s.opts.ReplayFrom && s.keeper.since < n/replayShare && s.vectors.savedList() != nil
	s.keeper.mu.Unlock()
	if few && !s.wordsDue(s.index.Len()) {
		return nil
	}
	return s.snapshot(context.Background(), false)
}

// release closes whatever is open.
func (s *Store) release() error {
	var errs []error
	if s.catalog != nil {
		errs = append(errs, s.catalog.Close())
	}
	errs = append(errs, s.features.close())
	if s.vectors != nil {
		errs = append(errs, s.vectors.close())
	}
	if s.kv != nil {
		errs = append(errs, kvError("close", s.kv.Close()))
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// writeDurably writes a small file so that after a crash it is there as a whole or not at all.
func writeDurably(path string, b []byte) error {
	temp := path + ".tmp"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
