package kv

import (
	"errors"
	"fmt"
	"os"
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
	d.scan = scanOptions()
	d.lazy = grocksdb.NewDefaultWriteOptions()
	d.synced = grocksdb.NewDefaultWriteOptions()
	d.synced.SetSync(true)
	return d, nil
}

func scanOptions() *grocksdb.ReadOptions {
	o := grocksdb.NewDefaultReadOptions()
	o.SetVerifyChecksums(true)
	o.SetFillCache(false) // a scan over everything would push out what is read by key
	return o
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

// Renew has what can be read of the database take its place, where the files are damaged beyond what reading by key can pass
// over: see Salvage, which makes the new one in the folder beside before the damaged one is renamed to aside. Where nothing can be
// read it begins anew with nothing; lost then says why. As Heal it does so only while no operation is under way, and returns
// ErrBusy otherwise. With another error the database is what it was.
func (d *DB) Renew(aside, beside string) (damaged []Family, lost, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return nil, nil, ErrClosed
	case d.inFlight > 0:
		return nil, nil, ErrBusy
	}
	if d.down == nil {
		d.free()
	}
	damaged, lost = Salvage(d.dir, beside, d.opts)
	if err = d.replace(aside, beside, lost == nil); err == nil && lost != nil {
		d.opts.MustExist = false
		err = makePrivate(d.dir, false)
	}
	d.down = d.load()
	d.broken.Store(d.down != nil)
	return damaged, lost, errors.Join(err, d.down)
}

// replace renames the folder of the database to aside, and beside, if there is one, to the folder; or does neither.
func (d *DB) replace(aside, beside string, one bool) error {
	err := os.Rename(d.dir, aside)
	moved := err == nil
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil && one {
		err = os.Rename(beside, d.dir)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("kv: begin anew: %w", errors.Join(err, os.RemoveAll(beside)))
	if moved {
		err = errors.Join(err, os.Rename(aside, d.dir))
	}
	return err
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
