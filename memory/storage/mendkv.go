package storage

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// salvagedDir is where what can be read of RocksDB is put together until it takes its place.
const salvagedDir = kvDir + ".salvaged"

// mendKV has RocksDB, which open has opened with the result err, be whole: what cannot be read is set aside, and what can takes its
// place; failing that, an empty one. Repair sees by the record what is missing of the vectors, or too old; the rest stands in no
// other engine. It reads everything, since what nobody could read while the store is being opened would keep it closed.
func (s *Store) mendKV(ctx context.Context, o kv.Options, err error, open func(mustExist bool) error) error {
	if err == nil {
		if err = s.readKV(ctx); err == nil {
			return nil
		}
	}
	if !errors.Is(err, kv.ErrMissing) && !errors.Is(err, kv.ErrCorrupt) {
		return err
	}
	if s.kv != nil {
		if cerr := s.kv.Close(); cerr != nil {
			s.opts.Logger.Warn("RocksDB, which is damaged, does not close", "error", cerr)
		}
		s.kv = nil
	}
	var lost error
	// One that was put together by a process that died before it took its place is all there is.
	_, there := os.Lstat(s.path(kvDir))
	_, ready := os.Lstat(s.path(salvagedDir))
	if there == nil || ready != nil {
		var damaged []kv.Family
		damaged, lost = kv.Salvage(s.path(kvDir), s.path(salvagedDir), o)
		s.step(StepSalvaged)
		if err := s.setAside(kvDir, err); err != nil {
			return err
		}
		s.step(StepSetAside)
		s.tellSalvaged(damaged, lost)
	}
	if lost != nil {
		return open(false)
	}
	if err := errors.Join(os.Rename(s.path(salvagedDir), s.path(kvDir)), syncFolder(s.opts.Dir)); err != nil {
		return fileError("put what is left of RocksDB in place", err)
	}
	if err := open(true); err != nil {
		return err
	}
	return s.readKV(ctx)
}

func (s *Store) tellSalvaged(damaged []kv.Family, lost error) {
	if lost != nil {
		s.opts.Logger.Error("nothing can be read of RocksDB: drafts, states of sessions and feature flags are gone, vectors are made anew", "error", lost)
		return
	}
	s.opts.Logger.Warn("what can be read of RocksDB was taken over", "damaged", damaged)
}

// readKV reads all of RocksDB. Values that do not authenticate are dropped, but for vectors, which Repair judges by the record: of an
// intent that is lost the transaction is either not decided, and never was, or the vectors on record are not those that are stored.
func (s *Store) readKV(ctx context.Context) error {
	b := kv.NewBatch()
	_, err := s.kv.Check(ctx, func(bad *kv.CorruptError) error {
		if bad.Family != kv.Vectors {
			s.opts.Logger.Warn("a damaged value is dropped", "error", bad)
			b.Delete(bad.Family, bad.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.kv.Write(b, true)
}

// mendTables replaces RocksDB, of which a file cannot be read, while the store is open: the damaged one is set aside, what can be read
// is taken over, and the next pass has made anew what is missing of the vectors.
func (s *Store) mendTables(ctx context.Context) error {
	aside := s.aside(kvDir)
	for {
		err := s.catalog.Exclusive(ctx, func() error {
			s.txns.retry()
			damaged, lost, err := s.kv.Renew(aside, s.path(salvagedDir))
			if err == nil {
				s.opts.Logger.Warn("RocksDB was damaged; the damaged one was set aside", "as", aside)
				s.tellSalvaged(damaged, lost)
			}
			return err
		})
		if !errors.Is(err, kv.ErrBusy) {
			return kvError("make RocksDB anew", err)
		}
		if err := rest(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}
