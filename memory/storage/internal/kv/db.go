package kv

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/linxGnu/grocksdb"
)

// DB is an open database. It is safe for concurrent use. Slices that it returns belong to the caller.
type DB struct {
	keys     atomic.Pointer[Keys]
	fail     func(op string) error
	tailLost atomic.Bool

	// Operations under way are counted and not held by a read lock: a function given to Scan may call the database
	// again, which would wait for ever on a lock that Close waits for.
	mu       sync.Mutex
	closed   bool
	inFlight int
	busy     sync.WaitGroup

	// broken is set by the first write that RocksDB fails: from then on it takes none, until Heal opens it anew.
	broken atomic.Bool
	down   error // why Heal could not; nothing is open then
	dir    string
	opts   Options

	// writing is held for reading by each write, and for writing by Reseal between reading values and writing them
	// back: a newer value would be lost otherwise.
	writing sync.RWMutex

	db       *grocksdb.DB
	families []*grocksdb.ColumnFamilyHandle // in the order of Families
	native   *native
	read     *grocksdb.ReadOptions
	scan     *grocksdb.ReadOptions
	lazy     *grocksdb.WriteOptions
	synced   *grocksdb.WriteOptions
}

// Open opens the database in the folder dir, and creates it there with all families unless opts.MustExist is set.
// It returns an error wrapping ErrLocked if it is open already, ErrMissing, or ErrCorrupt. The caller closes it.
func Open(dir string, opts Options) (*DB, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	d := &DB{fail: opts.Fail, dir: dir, opts: opts}
	d.keys.Store(&opts.Keys)
	if err := d.failing(OpOpen); err != nil {
		return nil, err
	}
	if err := makePrivate(dir, opts.MustExist); err != nil {
		return nil, err
	}
	if err := d.load(); err != nil {
		return nil, err
	}
	d.read = grocksdb.NewDefaultReadOptions()
	d.read.SetVerifyChecksums(true)
	d.scan = grocksdb.NewDefaultReadOptions()
	d.scan.SetVerifyChecksums(true)
	d.scan.SetFillCache(false) // a scan over everything would push out what is read by key
	d.lazy = grocksdb.NewDefaultWriteOptions()
	d.synced = grocksdb.NewDefaultWriteOptions()
	d.synced.SetSync(true)
	return d, nil
}

// load opens the folder. A log that ends within a record was torn by a power cut, or a damaged length only makes it
// look so; RocksDB cannot tell. So the first try takes no such log, and the second one says that it did.
func (d *DB) load() error {
	err := d.open(d.dir, d.opts, grocksdb.AbsoluteConsistencyRecovery)
	if errors.Is(err, ErrCorrupt) && d.open(d.dir, d.opts, grocksdb.TolerateCorruptedTailRecordsRecovery) == nil {
		d.tailLost.Store(true)
		return nil
	}
	return err
}

func (d *DB) open(dir string, opts Options, mode grocksdb.WALRecoveryMode) error {
	n := newNative(opts)
	n.db.SetWALRecoveryMode(mode)
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = string(f)
	}
	var err error
	if d.db, d.families, err = grocksdb.OpenDbColumnFamilies(n.db, dir, names, n.family); err != nil {
		n.destroy()
		return translate("open "+dir, err)
	}
	d.native = n
	return nil
}

// TailLost reports whether the end of the write-ahead log could not be read when the database was opened. What was
// written last is then missing: after a power cut only what was written without sync, after damage to the file
// perhaps more. The caller should check its data against the record.
func (d *DB) TailLost() bool { return d.tailLost.Load() }

// begin admits an operation on the open database; the caller must call the function it returns when done.
func (d *DB) begin(op string) (end func(), err error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	if err := d.failing(op); err != nil {
		d.leave()
		return nil, err
	}
	return d.leave, nil
}

func (d *DB) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	if d.down != nil {
		return d.down
	}
	d.busy.Add(1)
	d.inFlight++
	return nil
}

func (d *DB) leave() {
	d.mu.Lock()
	d.inFlight--
	d.mu.Unlock()
	d.busy.Done()
}

// wrote notes what RocksDB said to a write. After the first failure it takes no other write, whatever becomes of the
// disk, and syncing its log would abort the process.
func (d *DB) wrote(op string, err error) error {
	if err != nil {
		d.broken.Store(true)
	}
	return translate(op, err)
}

// Broken reports whether a write has failed, so that none is taken until Heal.
func (d *DB) Broken() bool { return d.broken.Load() }

// Heal opens the database anew if a write has failed, since RocksDB takes no other write after that. It does so only
// while no operation is under way, and returns ErrBusy otherwise. What was written without sync before is kept as far as
// the log reaches. With another error nothing is open: every operation returns that error until a later Heal works.
func (d *DB) Heal() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return ErrClosed
	case !d.broken.Load():
		return nil
	case d.inFlight > 0:
		return ErrBusy
	}
	if d.down == nil {
		d.free()
	}
	if d.down = d.load(); d.down == nil {
		d.broken.Store(false)
	}
	return d.down
}

// Renew begins anew with nothing, where the files are damaged beyond what reading by key can pass over: the folder is
// renamed to aside, and what can still be read of the families to keep is written to the new one. As Heal it does so only
// while no operation is under way, and returns ErrBusy otherwise.
func (d *DB) Renew(aside string, keep ...Family) error {
	kept := d.readable(keep)
	d.mu.Lock()
	if d.closed || d.inFlight > 0 {
		defer d.mu.Unlock()
		if d.closed {
			return ErrClosed
		}
		return ErrBusy
	}
	if d.down == nil {
		d.free()
	}
	if err := os.Rename(d.dir, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		// As it was, so that what is to be kept is still read by the next attempt.
		defer d.mu.Unlock()
		d.down = d.load()
		d.broken.Store(d.down != nil)
		return fmt.Errorf("kv: begin anew: %w", err)
	}
	d.opts.MustExist = false
	if d.down = makePrivate(d.dir, false); d.down == nil {
		d.down = d.load()
	}
	err := d.down
	d.broken.Store(err != nil)
	d.mu.Unlock()
	if err != nil || kept.Len() == 0 {
		return err
	}
	return d.Write(kept, true)
}

// readable collects what can be read of families.
func (d *DB) readable(keep []Family) *Batch {
	b := NewBatch()
	for _, f := range keep {
		var keys [][]byte
		_ = d.ScanKeys(f, nil, func(key []byte) error { // what comes after damage is lost
			keys = append(keys, slices.Clone(key))
			return nil
		})
		for _, key := range keys {
			if value, class, err := d.GetClass(f, key); err == nil {
				b.PutClass(f, key, value, class)
			}
		}
	}
	return b
}

// free closes what open has opened.
func (d *DB) free() {
	for _, h := range d.families {
		h.Destroy()
	}
	d.db.Close()
	d.native.destroy()
}

func (d *DB) failing(op string) error {
	if d.fail == nil {
		return nil
	}
	if err := d.fail(op); err != nil {
		return fmt.Errorf("kv: %s: %w", op, err)
	}
	return nil
}

func (d *DB) handle(f Family) *grocksdb.ColumnFamilyHandle { return d.families[f.index()] }

// Close waits for the operations under way and closes the database. What was written without sync is synced first.
// It is safe to call more than once, but not from a function given to Scan. An error means that the last writes
// without sync may be lost in a power cut.
func (d *DB) Close() error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return nil
	}
	d.busy.Wait()
	err := d.failing(OpClose)
	if err == nil && !d.broken.Load() {
		err = translate("sync the log", d.db.FlushWAL(true))
	}
	if d.down == nil {
		d.free()
	}
	d.read.Destroy()
	d.scan.Destroy()
	d.lazy.Destroy()
	d.synced.Destroy()
	return err
}
