package kv

import (
	"errors"
	"runtime"

	"github.com/linxGnu/grocksdb"
)

// Options tells how to open a database. Keys must be set; the zero value of the rest works.
type Options struct {
	Keys             Keys
	MustExist        bool  // fail with ErrMissing instead of creating the database
	WriteBufferBytes int64 // memtables of all families together; 0 means 8 MiB
	BlockCacheBytes  int64 // uncompressed blocks, indexes and filters kept; 0 means 8 MiB
	MaxOpenFiles     int   // table files kept open; 0 means 256

	// Fail, if not nil, is called before each operation that touches the disk, with its name (see Ops); an error it
	// returns becomes that of the operation, which is then not carried out. Tests fail the n-th call with it.
	Fail func(op string) error
}

// The operations Options.Fail is called for.
const (
	OpOpen       = "open"
	OpGet        = "get"
	OpScan       = "scan"
	OpWrite      = "write"      // a write without sync
	OpSync       = "write-sync" // a write with sync, or Sync
	OpFlush      = "flush"
	OpCompact    = "compact"
	OpCheckpoint = "checkpoint"
	OpClose      = "close"
)

// Ops lists the operations that Options.Fail is called for. The caller owns the slice.
func Ops() []string {
	return []string{OpOpen, OpGet, OpScan, OpWrite, OpSync, OpFlush, OpCompact, OpCheckpoint, OpClose}
}

const (
	defaultWriteBuffer = 8 << 20
	defaultBlockCache  = 8 << 20
	defaultOpenFiles   = 256
	blockSize          = 4 << 10
	vectorBlock        = 8 << 10  // ten vectors: a smaller index than blocks of 4 KiB need
	deletionWindow     = 1024     // entries of a table file among which
	deletionTrigger    = 256      // deletions have it compacted
	tableSize          = 64 << 20 // of a table file; few of them, as each opens with its index
)

func (o Options) withDefaults() (Options, error) {
	if err := o.Keys.check(); err != nil {
		return o, err
	}
	if o.WriteBufferBytes < 0 || o.BlockCacheBytes < 0 || o.MaxOpenFiles < 0 {
		return o, errors.New("kv: options must not be negative")
	}
	if o.WriteBufferBytes == 0 {
		o.WriteBufferBytes = defaultWriteBuffer
	}
	if o.BlockCacheBytes == 0 {
		o.BlockCacheBytes = defaultBlockCache
	}
	if o.MaxOpenFiles == 0 {
		o.MaxOpenFiles = defaultOpenFiles
	}
	return o, nil
}

// native holds the C objects that a database is opened with; they live as long as it does.
type native struct {
	db     *grocksdb.Options
	family []*grocksdb.Options
	table  *grocksdb.BlockBasedTableOptions
	vector *grocksdb.BlockBasedTableOptions // of the family Vectors
	cache  *grocksdb.Cache
}

func newNative(o Options) *native {
	n := &native{cache: grocksdb.NewLRUCache(uint64(o.BlockCacheBytes))}
	n.table, n.vector = n.blocks(blockSize), n.blocks(vectorBlock)
	n.db = n.options(o, n.table)
	for _, f := range families {
		table := n.table
		if f == Vectors {
			table = n.vector
		}
		n.family = append(n.family, n.options(o, table))
	}
	return n
}

func (n *native) blocks(size int) *grocksdb.BlockBasedTableOptions {
	t := grocksdb.NewDefaultBlockBasedTableOptions()
	t.SetBlockCache(n.cache)
	t.SetBlockSize(size)
	t.SetCacheIndexAndFilterBlocks(true) // counts them into the cache's ceiling
	t.SetPinL0FilterAndIndexBlocksInCache(true)
	t.SetFormatVersion(5)
	t.SetFilterPolicy(grocksdb.NewBloomFilterFull(10))
	// Of many vectors the index is larger than the cache: in parts, only those that are asked stay, and a miss reads 4 KiB.
	t.SetIndexType(grocksdb.KTwoLevelIndexSearchIndexType)
	t.SetPartitionFilters(true)
	t.SetMetadataBlockSize(blockSize)
	t.SetPinTopLevelIndexAndFilter(true)
	t.SetCacheIndexAndFilterBlocksWithHighPriority(true)
	return t
}

// options are used for the database and for each family: RocksDB reads from each what concerns it.
func (n *native) options(o Options, table *grocksdb.BlockBasedTableOptions) *grocksdb.Options {
	opts := grocksdb.NewDefaultOptions()
	opts.SetCreateIfMissing(!o.MustExist)
	opts.SetCreateIfMissingColumnFamilies(true)
	opts.SetParanoidChecks(true)

	opts.SetCompression(grocksdb.LZ4Compression)
	opts.SetBlockBasedTableFactory(table)
	opts.SetMaxOpenFiles(o.MaxOpenFiles)
	opts.SetMaxBackgroundJobs(min(2, runtime.NumCPU()))

	// One ceiling over all memtables. A family that is hardly written must not hold back the log for ever.
	opts.SetDbWriteBufferSize(uint64(o.WriteBufferBytes))
	opts.SetWriteBufferSize(uint64(o.WriteBufferBytes / 2))
	opts.SetMaxWriteBufferNumber(2)
	opts.SetArenaBlockSize(64 << 10)
	opts.SetMaxTotalWalSize(uint64(4 * o.WriteBufferBytes))
	opts.SetTargetFileSizeBase(tableSize)
	opts.SetLevelCompactionDynamicLevelBytes(true)
	opts.SetOptimizeFiltersForHits(true) // what is asked for is there, nearly always: the last level needs no filter
	opts.SetBytesPerSync(1 << 20)
	// What is archived or purged leaves marks, and its values under them: where they are many they are compacted away.
	opts.AddCompactOnDeletionCollectorFactory(deletionWindow, deletionTrigger)

	// The info log grows without use otherwise, and at higher levels it names keys.
	opts.SetInfoLogLevel(grocksdb.WarnInfoLogLevel)
	opts.SetKeepLogFileNum(1)
	opts.SetMaxLogFileSize(1 << 20)
	opts.SetStatsDumpPeriodSec(0)
	opts.SetStatsPersistPeriodSec(0)
	opts.SetMaxManifestFileSize(1 << 20)
	return opts
}

func (n *native) destroy() {
	for _, o := range n.family {
		o.Destroy()
	}
	n.db.Destroy()
	n.table.Destroy()
	n.vector.Destroy()
	n.cache.Destroy()
}
