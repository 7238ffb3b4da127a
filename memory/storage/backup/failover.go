package backup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/keyring"
)

// FailoverOptions says which store is opened and what takes its place. Store.Dir is required.
type FailoverOptions struct {
	Store   storage.Options
	Replica string     // folder of the replica; "" means none
	Crash   func(Step) // see Options

	Fail func(op, path string) error // see Options
}

// Failover tells that the replica was opened in place of the store.
type Failover struct {
	Restored
	Cause error // why the store did not open
	// Vectors is set where RocksDB alone was damaged: then it alone was exchanged, no memory is lost, and what is newer
	// than the replica is embedded again.
	Vectors bool
	// Age is how old the replica was. Unless Vectors is set, what was acknowledged within that time before the failover
	// is in Aside alone, as far as it can be read.
	Age time.Duration

	note memory.Audit
}

// Warning puts it into words for a person.
func (f *Failover) Warning() string {
	if f.Vectors {
		return fmt.Sprintf("RocksDB in %s was damaged (%v): that of its replica of %s was put in its place, and no memory is lost; "+
			"the damaged files are kept, untouched, in %s", f.Dir, f.Cause, f.Time.UTC().Format(time.RFC3339), f.Aside)
	}
	return fmt.Sprintf("the store in %s was damaged (%v): its replica of %s, %s old, was opened instead; the damaged files are kept, untouched, in %s: "+
		"look for what was remembered after that moment, then remove them", f.Dir, f.Cause, f.Time.UTC().Format(time.RFC3339), f.Age.Round(time.Second), f.Aside)
}

// SetAside lists the folders in the data folder dir that hold a database which a failover has set aside. What was acknowledged
// shortly before it may be in there alone.
func SetAside(dir string) []string {
	found, err := filepath.Glob(filepath.Join(dir, damagedPrefix+"*", "catalog.db"))
	if err != nil {
		return nil // a data folder whose name is no pattern
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

// damagedPrefix begins the names of folders that a failover sets aside.
const damagedPrefix = "damaged-"

// OpenOrFailover opens the store. Where it does not open because it is damaged or gone, the newest whole state of the
// replica is verified and put in its place, the damaged files are moved aside within the data folder, untouched, and
// the result is opened, with an entry in the audit log; the Failover is then not nil and the caller should warn loudly.
// Where RocksDB alone is damaged, it alone is exchanged, and what it lacks of the record is mended before this returns.
//
// A wrong or missing master key, a lock, a full disk and a newer format are no reason for that: their error is returned,
// as is the store's own where the replica cannot take its place, together with why.
//
// An exchange of the folder's store that a crash cut short is finished first.
func OpenOrFailover(ctx context.Context, o FailoverOptions) (*storage.Store, *Failover, error) {
	dir := o.Store.Dir
	if err := finish(dir, o); err != nil {
		return nil, nil, err
	}
	cause, err := gone(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if cause == nil {
		s, err := storage.Open(ctx, o.Store)
		if err == nil || o.Replica == "" || !damagedFolder(ctx, o.Store, err) {
			return s, nil, err
		}
		cause = err
	}
	for {
		f, err := failover(ctx, o, cause)
		if err != nil {
			return nil, nil, fmt.Errorf("%w; and its replica cannot take its place: %w", cause, err)
		}
		if o.Store.Logger != nil {
			o.Store.Logger.Error("FAILOVER: "+f.Warning(), "cause", cause)
		}
		s, err := storage.Open(ctx, o.Store)
		if err == nil && f.Vectors {
			err = fit(ctx, s, f)
		}
		if err == nil {
			return s, f, nil
		}
		if !f.Vectors || !damagedFolder(ctx, o.Store, err) {
			return nil, f, err
		}
		cause = &whole{err} // RocksDB was not all that is damaged
	}
}

// whole is a cause for exchanging the whole store.
type whole struct{ error }

func (w *whole) Unwrap() error { return w.error }

// fit brings a RocksDB of another moment to what the record says.
func fit(ctx context.Context, s *storage.Store, f *Failover) error {
	_, _, err := s.Repair(ctx)
	if err == nil {
		err = s.Note(ctx, f.note)
	}
	if err != nil {
		err = errors.Join(err, s.Close())
	}
	return err
}

// finish does what is left of an exchange that was cut short, or removes what one left that had not begun to move files.
func finish(dir string, o FailoverOptions) error {
	d := disk{o.Fail}
	begun, err := d.exists(filepath.Join(dir, swapFile))
	if err != nil {
		return fileError("look for", filepath.Join(dir, swapFile), err)
	}
	stage := filepath.Join(dir, stageDir)
	left, err := d.exists(stage)
	if err != nil {
		return fileError("look for", stage, err)
	}
	if !begun && !left {
		return nil
	}
	unlock, err := storage.Lock(dir) // whoever is at an exchange just now holds it
	if err != nil {
		return err
	}
	if err = d.finishSwap(dir, o.step); err == nil {
		err = fileError("remove", stage, d.removeAll(stage))
	}
	return errors.Join(err, unlock())
}

func (o *FailoverOptions) step(at Step) {
	if o.Crash != nil {
		o.Crash(at)
	}
}

var errGone = errors.New("the store is gone")

// gone returns errGone where the data folder holds no store although the replica shows that there was one. Opening it
// would begin an empty store with a new key.
func gone(ctx context.Context, o FailoverOptions) (cause, err error) {
	if o.Replica == "" {
		return nil, nil
	}
	if holds, err := storage.Holds(o.Store.Dir); holds || err != nil {
		return nil, err
	}
	r := &Repository{o: Options{Folder: o.Replica, Fail: o.Fail}}
	if there, err := r.made(); !there || err != nil {
		return nil, err
	}
	entries, err := r.entries()
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	return errGone, ctx.Err()
}

// damagedFolder reports whether err of Open is about damage in the folder, and the key is at hand: without it the
// replica is of no use either.
func damagedFolder(ctx context.Context, o storage.Options, err error) bool {
	keyTrouble := errors.Is(err, keyring.ErrMissing) || errors.Is(err, keyring.ErrCorrupt)
	if !storage.Damaged(err) && !keyTrouble {
		return false
	}
	source := o.KeySource
	if source == nil {
		source = keyring.NewFileSource(o.Dir)
	}
	key, err := source.Load(ctx)
	key.Wipe()
	return err == nil // so it is keys.json that is missing or damaged, not the key
}

// failover puts the newest state of the replica that is whole in place of the store.
func failover(ctx context.Context, o FailoverOptions, cause error) (*Failover, error) {
	begin := time.Now()
	dir := o.Store.Dir
	if err := (disk{o.Fail}).mkdirAll(dir); err != nil {
		return nil, fileError("make", dir, err)
	}
	r, err := Open(ctx, Options{Folder: o.Replica, DataDir: dir, KeySource: o.Store.KeySource, Logger: o.Store.Logger, Now: o.Store.Now, Crash: o.Crash, Fail: o.Fail})
	if err != nil {
		return nil, err
	}
	r.opening = o.Store
	unlock, err := r.lock(false)
	if err != nil {
		return nil, err
	}
	defer unlock()
	ids, err := r.entries()
	if err != nil {
		return nil, err
	}
	var tried []error
	for i := len(ids) - 1; i >= 0; i-- {
		f, err := r.take(ctx, ids[i], dir, cause)
		if err == nil {
			f.Took = time.Since(begin)
			return f, nil
		}
		tried = append(tried, err)
		if errors.As(err, new(*diskError)) || !storage.Damaged(err) && !errors.As(err, new(*DamageError)) {
			break // an older state would fail as well, and must not take the place of this one
		}
	}
	if len(tried) == 0 {
		return nil, fmt.Errorf("%w: %s holds none", ErrNoBackup, o.Replica)
	}
	return nil, errors.Join(tried...)
}

// take puts one state in place. Nothing of dir is touched before that state was read, verified and opened as a whole.
func (r *Repository) take(ctx context.Context, id, dir string, cause error) (*Failover, error) {
	m, err := r.manifest(id)
	if err != nil {
		return nil, err
	}
	now := r.o.Now().UTC()
	f := &Failover{Restored: Restored{Info: m.info(), Dir: dir}, Cause: cause, Age: now.Sub(m.Time)}
	f.note = memory.Audit{Action: "failover", Reason: fmt.Sprintf("the store was damaged (%s); replica %s, %s old", brief(cause), m.ID, f.Age.Round(time.Second))}
	files := storage.DataFiles()
	if f.Vectors = onlyVectors(cause); f.Vectors {
		files = []string{storage.VectorsFolder}
	}
	return f, r.restoreInto(ctx, m, dir, damagedPrefix, files, f.note, &f.Restored)
}

// onlyVectors reports whether the damage is in RocksDB. It is opened beside SQLite, whose damage would be in the error
// too or be found by the next open, which then exchanges the whole store.
func onlyVectors(cause error) bool {
	var c *memory.CorruptError
	return errors.As(cause, &c) && c.Engine == "rocksdb" && !errors.As(cause, new(*whole))
}

// brief names the engine behind an error without its words, which the audit log does not need.
func brief(cause error) string {
	var c *memory.CorruptError
	switch {
	case errors.As(cause, &c):
		return c.Engine
	case errors.Is(cause, errGone):
		return "it was gone"
	case errors.Is(cause, keyring.ErrCorrupt), errors.Is(cause, keyring.ErrMissing):
		return keyring.CheckFileName
	}
	return "input or output error"
}
