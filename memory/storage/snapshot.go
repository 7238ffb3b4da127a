package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/security/keyring"
)

// snapshotDir holds hard links of what a snapshot under way consists of. What a crash leaves there, the next one removes.
const snapshotDir = "snapshot.tmp"

// SnapshotOptions says what goes into a snapshot; the zero value takes all that cannot be made anew.
type SnapshotOptions struct {
	// Indexes has the snapshots of the vector indexes taken along, as far as they are on disk. They are derived from the
	// rest: without them the first open takes longer.
	Indexes bool
	// Follow has the snapshot tell what changed since the one of which Snapshot.Kept was last called, and makes it light
	// enough for one every few seconds: counts are those of the indexes, and logs that are short are taken as they are.
	// One caller may follow a store.
	Follow bool
}

// Snapshot is the store at one moment, as files. It is valid while the function that SnapshotTo gave it to runs.
type Snapshot struct {
	At        time.Time
	Pause     time.Duration // how long writers were held up
	Files     []SnapshotFile
	Memories  int
	Vectors   int
	AuditHead int64 // number of the newest audit entry; 0 where there is none
	Schema    int
	Engines   map[string]string // versions, by engine

	store  *Store
	frozen *catalog.Frozen
}

// Kept says that the caller of SnapshotTo has all of a snapshot with SnapshotOptions.Follow: later ones tell what changed
// since this one, whose Mark is their Since.
func (p *Snapshot) Kept() {
	if c := p.frozen.Changes; c != nil {
		p.store.catalog.Followed(c.Mark)
	}
}

// SnapshotFile is one file of a Snapshot.
type SnapshotFile struct {
	Name string // relative to the data folder, with slashes
	Size int64
	// Identity is "" or names the content: files of two snapshots of one process with the same identity are the same.
	Identity string
	// Mark names the state of a file that changes in place, in a snapshot with SnapshotOptions.Follow. Since is the Mark of
	// the earlier state that Changed compares it with; 0 means that nothing is known of what changed.
	Mark, Since uint64

	open    func() (SnapshotReader, error)
	changes *catalog.Changes
}

// SnapshotReader reads a file of a snapshot. ReadAt may be called from several goroutines.
type SnapshotReader interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// Open reads the file's Size bytes, as they are on disk: encrypted where they hold anything that needs it. The caller
// closes it.
func (f *SnapshotFile) Open() (SnapshotReader, error) { return f.open() }

// Changed reports whether one of the bytes from up to, and without, to may differ from what it was at Since.
func (f *SnapshotFile) Changed(from, to int64) bool { return f.changes.Any(from, to) }

// snapshots lets one snapshot run at a time, counts commits, and ends what runs when the store closes.
type snapshots struct {
	one     sync.Mutex
	commits atomic.Uint64

	mu     sync.Mutex
	closed bool
	cancel context.CancelFunc
	busy   sync.WaitGroup
}

func (p *snapshots) note(at Step) {
	if at == StepCommitted {
		p.commits.Add(1)
	}
}

// enter admits a snapshot; the context ends with the store.
func (p *snapshots) enter(ctx context.Context) (context.Context, func(), error) {
	p.one.Lock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.one.Unlock()
		return nil, nil, ErrClosed
	}
	ctx, p.cancel = context.WithCancel(ctx)
	cancel := p.cancel
	p.busy.Add(1)
	return ctx, func() { cancel(); p.busy.Done(); p.one.Unlock() }, nil
}

func (p *snapshots) close() {
	p.mu.Lock()
	p.closed = true
	if p.cancel != nil {
		p.cancel()
	}
	p.mu.Unlock()
	p.busy.Wait()
}

// Revision grows with every change to what a snapshot would hold, since the store was opened.
func (s *Store) Revision() uint64 {
	if s.usable() != nil {
		return 0
	}
	n := s.snaps.commits.Load()
	if m, err := s.kv.Metrics(); err == nil {
		n += m.Sequence
	}
	return n
}

// Dir returns the data folder.
func (s *Store) Dir() string { return s.opts.Dir }

// SnapshotTo gives fn the store as it is at one moment after the call began, and so with everything that was
// acknowledged before. Calls go on meanwhile; writers are held up for Snapshot.Pause. The master key is not part of it.
// One snapshot is taken at a time. fn must not close the store and should end when its context does.
//
// The moment is one of the record's writer: no transaction is open and every decided one is finished, unless RocksDB
// would not take it. Then its intent is in RocksDB and its id in SQLite, so that the copy finishes it when it is
// opened, as the store itself would. RocksDB is copied within that moment: earlier, the copy could lack the values of a
// transaction that the record knows; later, it could hold those of one that the record does not.
func (s *Store) SnapshotTo(ctx context.Context, o SnapshotOptions, fn func(context.Context, *Snapshot) error) (err error) {
	ctx, leave, err := s.snaps.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	dir := s.path(snapshotDir)
	if err := os.RemoveAll(dir); err != nil {
		return fileError("remove an old snapshot", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fileError("make the folder of the snapshot", err)
	}
	defer func() {
		if rerr := os.RemoveAll(dir); rerr != nil {
			err = errors.Join(err, fileError("remove the snapshot's links", rerr))
		}
	}()
	snap, err := s.freeze(ctx, o, dir)
	if err != nil {
		return catalogError(err)
	}
	defer func() { err = errors.Join(err, snap.frozen.Close()) }()
	if err := snap.describe(ctx, dir, o.Follow); err != nil {
		return catalogError(err)
	}
	return fn(ctx, snap)
}

// freeze holds the moment.
func (s *Store) freeze(ctx context.Context, o SnapshotOptions, dir string) (*Snapshot, error) {
	if err := s.flushKV(o.Follow); err != nil { // beside the writers: in the moment itself there is little left to flush
		return nil, kvError("flush", err)
	}
	if o.Follow {
		s.catalog.Track()
	}
	snap := &Snapshot{store: s, Schema: catalog.SchemaVersion()}
	f, err := s.catalog.Freeze(ctx, func() error {
		snap.At = s.opts.Now().UTC()
		s.txns.retry()
		if err := s.kv.Snapshot(filepath.Join(dir, kvDir)); err != nil {
			return kvError("checkpoint", err)
		}
		for _, name := range []string{keyring.CheckFileName, readyFile} {
			if err := os.Link(s.path(name), filepath.Join(dir, name)); err != nil {
				return fileError("link "+name, err)
			}
		}
		if o.Follow {
			snap.Memories, snap.Vectors = s.index.Len(), s.vectors.len()+s.cold.len()
		}
		if !o.Indexes {
			return nil
		}
		return s.linkIndexes(filepath.Join(dir, vectorsDir))
	})
	if err != nil {
		return nil, err
	}
	snap.frozen, snap.Pause = f, f.Pause
	return snap, nil
}

// keptLog is how much of RocksDB's log may be part of a snapshot for a follower: each flush makes table files, which are
// merged with others into new ones, all of which have to be copied again.
const keptLog = 2 << 20

func (s *Store) flushKV(follow bool) error {
	if follow {
		if n, err := s.kv.LogSize(); err != nil || n <= keptLog {
			return err
		}
	}
	return s.kv.Flush()
}

// linkIndexes links the snapshots of the vector indexes: what they hold is on record, as they were written before.
func (s *Store) linkIndexes(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fileError("make the folder of the snapshot", err)
	}
	names, err := filepath.Glob(s.path(vectorsDir) + "/*.faiss")
	if err != nil {
		return err
	}
	names = append(names, filepath.Join(s.path(vectorsDir), wordsFile))
	for _, name := range names {
		err := os.Link(name, filepath.Join(dir, filepath.Base(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // one may be replaced just now
			return fileError("link the vector index", err)
		}
	}
	return nil
}

// describe lists the files and counts what they hold, where that is not counted.
func (p *Snapshot) describe(ctx context.Context, dir string, counted bool) error {
	f := p.frozen
	db := SnapshotFile{Name: catalogFile, Size: f.Size, changes: f.Changes, open: func() (SnapshotReader, error) { return section{f.Database(), nil}, nil }}
	if c := f.Changes; c != nil {
		db.Mark, db.Since = c.Mark, c.Since
	}
	p.Files = []SnapshotFile{db}
	if f.LogSize > 0 {
		p.Files = append(p.Files, SnapshotFile{Name: catalogFile + catalog.LogSuffix, Size: f.LogSize, open: openPart(p.store.path(catalogFile+catalog.LogSuffix), f.LogSize)})
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		p.Files = append(p.Files, SnapshotFile{
			Name: filepath.ToSlash(name), Size: info.Size(), Identity: identity(name, info), open: openPart(path, info.Size()),
		})
		return nil
	})
	if err != nil {
		return fileError("list the snapshot", err)
	}
	p.Engines = map[string]string{"sqlite": sqliteVersion(), "rocksdb": rocksVersion(filepath.Join(dir, kvDir))}
	if !counted {
		c, err := f.Count(ctx)
		if err != nil {
			return err
		}
		for _, n := range c.ByState {
			p.Memories += n
		}
		if p.Vectors, err = f.CountVectors(ctx); err != nil {
			return err
		}
	}
	p.AuditHead, err = f.LastAudit(ctx)
	return err
}

// Purge is the removal of a memory for good.
type Purge struct {
	ID  memory.ID
	At  time.Time
	Seq int64 // of its audit entry
}

// Purges lists the removals that audit entries after the one numbered after tell of, in order; 0 means all.
func (p *Snapshot) Purges(ctx context.Context, after int64) ([]Purge, error) {
	var out []Purge
	err := p.frozen.AuditOf(ctx, ActionPurge, after, func(seq int64, at time.Time, subject memory.ID) error {
		out = append(out, Purge{ID: subject, At: at, Seq: seq})
		return nil
	})
	return out, catalogError(err)
}

// ActionPurge is the audit action of a removal for good.
const ActionPurge = "purge"

// section is a SnapshotReader; file may be nil.
type section struct {
	*io.SectionReader
	file *os.File
}

func (s section) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

func openPart(path string, size int64) func() (SnapshotReader, error) {
	return func() (SnapshotReader, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, fileError("read the snapshot", err)
		}
		return section{io.NewSectionReader(f, 0, size), f}, nil
	}
}

// writtenOnce matches files that never change: RocksDB's table files, and snapshots of indexes, which are replaced.
var writtenOnce = regexp.MustCompile(`^(kv/[0-9]+\.sst|vectors/[^/]+)$`)

func identity(name string, info fs.FileInfo) string {
	if !writtenOnce.MatchString(filepath.ToSlash(name)) {
		return ""
	}
	return fmt.Sprintf("%s %d %d %v", name, info.Size(), info.ModTime().UnixNano(), inode(info))
}

func sqliteVersion() string {
	v, _, _ := sqlite3.Version()
	return v
}

var rocksLine = regexp.MustCompile(`(?m)^\s*rocksdb_version=(\S+)`)

// rocksVersion reads the version that RocksDB notes in its file of options; "" where there is none.
func rocksVersion(dir string) string {
	names, err := filepath.Glob(filepath.Join(dir, "OPTIONS-*"))
	if err != nil || len(names) == 0 {
		return ""
	}
	b, err := os.ReadFile(names[len(names)-1])
	if err != nil {
		return ""
	}
	if m := rocksLine.FindSubmatch(b); m != nil {
		return string(m[1])
	}
	return ""
}
