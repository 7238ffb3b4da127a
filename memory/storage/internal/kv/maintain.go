package kv

import (
	"errors"
	"fmt"
	"os"

	"github.com/linxGnu/grocksdb"
)

// Flush writes the memtables of all families to table files, which empties the write-ahead log.
func (d *DB) Flush() error {
	end, err := d.begin(OpFlush)
	if err != nil {
		return err
	}
	defer end()
	opts := grocksdb.NewDefaultFlushOptions()
	defer opts.Destroy()
	opts.SetWait(true)
	for i, h := range d.families {
		if err := d.db.FlushCF(h, opts); err != nil {
			return d.wrote("flush "+string(families[i]), err)
		}
	}
	return nil
}

// Compact rewrites the table files of the given families, all if none is given, and drops what was deleted or
// replaced. Reads and writes go on meanwhile.
func (d *DB) Compact(fs ...Family) error {
	end, err := d.begin(OpCompact)
	if err != nil {
		return err
	}
	defer end()
	if len(fs) == 0 {
		fs = families
	}
	opts := grocksdb.NewCompactRangeOptions()
	defer opts.Destroy()
	opts.SetBottommostLevelCompaction(grocksdb.KForce)
	for _, f := range fs {
		d.db.CompactRangeCFOpt(d.handle(f), grocksdb.Range{}, opts)
	}
	return nil
}

// CompactPrefixes is Compact for the keys of f that start with one of the prefixes.
func (d *DB) CompactPrefixes(f Family, prefixes [][]byte) error {
	end, err := d.begin(OpCompact)
	if err != nil {
		return err
	}
	defer end()
	opts := grocksdb.NewCompactRangeOptions()
	defer opts.Destroy()
	opts.SetBottommostLevelCompaction(grocksdb.KForce)
	for _, p := range prefixes {
		d.db.CompactRangeCFOpt(d.handle(f), grocksdb.Range{Start: p, Limit: successor(p)}, opts)
	}
	return nil
}

// Checkpoint makes a consistent copy of the database in the folder dir, which must not exist; its parent must. On the
// same file system it links the table files, so that it takes milliseconds and little space. Reads and writes go on.
// The copy opens with Open and the same keys. It returns an error wrapping os.ErrExist if dir exists.
func (d *DB) Checkpoint(dir string) error {
	end, err := d.begin(OpCheckpoint)
	if err != nil {
		return err
	}
	defer end()
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("kv: checkpoint into %s: %w; name a folder that does not exist", dir, os.ErrExist)
	}
	cp, err := d.db.NewCheckpoint()
	if err != nil {
		return translate("checkpoint", err)
	}
	defer cp.Destroy()
	return translate("checkpoint", cp.CreateCheckpoint(dir, 0)) // 0: flush first, so that no log is copied
}

// Metrics is a snapshot of what the database uses.
type Metrics struct {
	Families      map[Family]FamilyMetrics
	MemtableBytes uint64 // of all families
	CacheBytes    uint64 // block cache in use
	TableMemBytes uint64 // readers of table files, outside the cache
	Sequence      uint64 // grows with every change
}

// FamilyMetrics is a snapshot of one family.
type FamilyMetrics struct {
	Keys           uint64 // estimated
	LiveBytes      uint64 // estimated length of the live data on disk
	TableBytes     uint64 // table files on disk
	PendingCompact uint64 // bytes that compaction is behind
}

// Metrics returns a snapshot; it reads counters only. It returns ErrClosed after Close.
func (d *DB) Metrics() (Metrics, error) {
	if err := d.enter(); err != nil {
		return Metrics{}, err
	}
	defer d.leave()
	m := Metrics{Families: make(map[Family]FamilyMetrics, len(families)), Sequence: d.db.GetLatestSequenceNumber(), CacheBytes: d.native.cache.GetUsage()}
	for i, f := range families {
		prop := func(name string) uint64 {
			v, _ := d.db.GetIntPropertyCF("rocksdb."+name, d.families[i])
			return v
		}
		m.Families[f] = FamilyMetrics{
			Keys:           prop("estimate-num-keys"),
			LiveBytes:      prop("estimate-live-data-size"),
			TableBytes:     prop("total-sst-files-size"),
			PendingCompact: prop("estimate-pending-compaction-bytes"),
		}
		m.MemtableBytes += prop("cur-size-all-mem-tables")
		m.TableMemBytes += prop("estimate-table-readers-mem")
	}
	return m, nil
}
