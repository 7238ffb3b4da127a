package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Options says which log to open.
type Options struct {
	Origin string         // name of the log, the same for ever; required
	Signer note.Signer    // nil opens the log for reading
	Known  note.Verifiers // keys whose checkpoints count; required
}

// Log is an open log. It is safe for concurrent use; a Storage has one Log that appends.
type Log struct {
	storage Storage
	opts    Options

	appending sync.Mutex
	prepared  uint64 // numbers the newest Batch; guarded by appending
	mu        sync.RWMutex
	edge      edge
	newest    Checkpoint
}

// Open opens the log in storage, which may be empty. It verifies the newest checkpoint and the end of the log against
// it, in a time that does not depend on the log's length; Verify looks at all of it.
//
// It returns an error wrapping ErrCheckpoint if the checkpoint is not this log's, and a *Fault if the end of the log is
// not what was signed.
func Open(ctx context.Context, storage Storage, opts Options) (*Log, error) {
	if opts.Origin == "" || opts.Known == nil {
		return nil, errors.New("audit: a log needs a name and the keys that may sign it")
	}
	l := &Log{storage: storage, opts: opts}
	return l, l.load(ctx)
}

// load reads the right edge of the tree.
func (l *Log) load(ctx context.Context) error {
	signed, err := l.storage.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("audit: read checkpoint: %w", err)
	}
	if signed == nil {
		return l.loadEmpty(ctx)
	}
	c, err := ParseCheckpoint(signed, l.opts.Origin, l.opts.Known)
	if err != nil {
		return err
	}
	e, err := l.readEdge(ctx, c.Size)
	if err != nil {
		return err
	}
	if e.root() != c.Root {
		// Entries or tiles: Verify tells which.
		return &Fault{First: c.Size &^ (tileWidth - 1), Last: c.Size - 1, Err: ErrAltered}
	}
	if err := l.checkEnd(ctx, c.Size); err != nil {
		return err
	}
	l.edge, l.newest = e, c
	return nil
}

// checkEnd checks that no entry follows the last one.
func (l *Log) checkEnd(ctx context.Context, size int64) error {
	return l.storage.Entries(ctx, size, size+1, func(n int64, _ []byte) error {
		return &Fault{First: n, Last: n, Err: ErrUnsigned}
	})
}

func (l *Log) loadEmpty(ctx context.Context) error {
	err := l.storage.Entries(ctx, 0, 1, func(int64, []byte) error { return ErrCheckpoint })
	if errors.Is(err, ErrCheckpoint) {
		return fmt.Errorf("%w: there are entries and none", ErrCheckpoint)
	}
	l.newest = Checkpoint{Origin: l.opts.Origin, Root: l.edge.root()}
	return err
}

// readEdge reads the edge of the tree of the first size entries, unverified.
func (l *Log) readEdge(ctx context.Context, size int64) (edge, error) {
	e := edge{size: size}
	first := size &^ (tileWidth - 1)
	next := first
	err := l.storage.Entries(ctx, first, size, func(n int64, entry []byte) error {
		if n != next {
			return &Fault{First: next, Last: n - 1, Err: ErrMissing}
		}
		e.partial[0] = append(e.partial[0], tlog.RecordHash(entry))
		next++
		return nil
	})
	if err == nil && next != size {
		err = &Fault{First: next, Last: size - 1, Err: ErrTruncated}
	}
	if err != nil {
		return edge{}, err
	}
	for level := 1; level < levels; level++ {
		width := int(size >> (level * tileHeight) & (tileWidth - 1))
		if width == 0 {
			continue
		}
		data, err := l.tile(ctx, TileID{level, size >> ((level + 1) * tileHeight)}, width)
		if err != nil {
			return edge{}, err
		}
		e.partial[level] = tileHashes(data[:width*HashSize])
	}
	return e, l.readPeaks(ctx, &e)
}

// readPeaks computes the peaks from the tiles.
func (l *Log) readPeaks(ctx context.Context, e *edge) error {
	var bits []int
	var indexes []int64
	for k := range e.peaks {
		if e.size>>k&1 == 1 {
			bits, indexes = append(bits, k), append(indexes, tlog.StoredHashIndex(k, e.size>>k-1))
		}
	}
	hashes, err := l.reader(ctx, e).ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, k := range bits {
		e.peaks[k] = hashes[i]
	}
	return nil
}

// tile reads a tile that must hold width hashes or more.
func (l *Log) tile(ctx context.Context, id TileID, width int) ([]byte, error) {
	data, err := l.storage.Tile(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && (len(data) < width*HashSize || len(data) > tileWidth*HashSize || len(data)%HashSize != 0) {
		span := int64(1) << ((id.Level + 1) * tileHeight)
		return nil, &Fault{First: id.Index * span, Last: (id.Index+1)*span - 1, Err: ErrTile}
	}
	if err != nil {
		return nil, fmt.Errorf("audit: read tile %d of level %d: %w", id.Index, id.Level, err)
	}
	return data, nil
}

// reader reads hashes of the tree whose edge is e.
func (l *Log) reader(ctx context.Context, e *edge) tlog.HashReader {
	read := map[TileID][]byte{}
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			t := tlog.TileForIndex(tileHeight, index)
			id := TileID{t.L, t.N}
			data := read[id]
			if len(data) < t.W*HashSize {
				var err error
				if last := e.size >> (tileHeight * (t.L + 1)); t.N == last {
					data = tileData(e.partial[t.L])
				} else if data, err = l.tile(ctx, id, t.W); err != nil {
					return nil, err
				}
				read[id] = data
			}
			h, err := tlog.HashFromTile(t, data, index)
			if err != nil {
				return nil, fmt.Errorf("audit: hash %d: %w", index, err)
			}
			out[i] = h
		}
		return out, nil
	})
}

// snapshot returns the edge and newest checkpoint as they stand.
func (l *Log) snapshot() (edge, Checkpoint) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.edge, l.newest
}

// Size returns how many entries the log has.
func (l *Log) Size() int64 {
	_, c := l.snapshot()
	return c.Size
}

// Newest returns the newest checkpoint, to be kept elsewhere. Its Note is nil while the log is empty; the caller must
// not change it.
func (l *Log) Newest() Checkpoint {
	_, c := l.snapshot()
	return c
}

// Append logs entries, all or none, and returns the number of the first. When it returns nil they are durable and a
// signed checkpoint covers them. It returns an error wrapping ErrEntry for one over MaxEntry, ErrReadOnly, or
// ErrConflict if the storage has another end than this Log knows.
func (l *Log) Append(ctx context.Context, entries ...[]byte) (int64, error) {
	l.appending.Lock()
	defer l.appending.Unlock()
	b, err := l.prepare(entries)
	if err != nil || len(entries) == 0 {
		return b.First, err
	}
	if err := l.storage.Commit(ctx, b); err != nil {
		return 0, fmt.Errorf("audit: commit: %w", err)
	}
	return b.First, l.advance(b)
}

// Prepare returns what is to be stored so that entries are logged, for a storage whose transaction holds more than the
// log. The log does not change: if the transaction commits, call Advance with the batch before the next Prepare; if
// not, forget the batch. Prepare and Advance must not be called while another goroutine appends. entries are not
// copied.
func (l *Log) Prepare(entries [][]byte) (Batch, error) {
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.prepare(entries)
}

func (l *Log) prepare(entries [][]byte) (Batch, error) {
	if l.opts.Signer == nil {
		return Batch{}, ErrReadOnly
	}
	e, _ := l.snapshot()
	b := Batch{First: e.size, Entries: entries}
	var dirty [levels]bool
	for _, entry := range entries {
		if len(entry) > MaxEntry {
			return Batch{}, fmt.Errorf("%w: %d bytes, at most %d", ErrEntry, len(entry), MaxEntry)
		}
		b.Tiles = e.append(tlog.RecordHash(entry), b.Tiles, &dirty)
	}
	for level, grew := range dirty {
		if grew {
			b.Tiles = append(b.Tiles, e.last(level))
		}
	}
	c := Checkpoint{Origin: l.opts.Origin, Size: e.size, Root: e.root()}
	if err := c.sign(l.opts.Signer); err != nil {
		return Batch{}, err
	}
	l.prepared++
	b.Checkpoint, b.next, b.number = c.Note, e, l.prepared
	return b, nil
}

// Advance tells the log that a batch of Prepare is stored. It returns an error wrapping ErrConflict if it is not the
// one that follows.
func (l *Log) Advance(b Batch) error {
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.advance(b)
}

func (l *Log) advance(b Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	// An older batch shares memory with the newest one, which overwrote it.
	if b.number == 0 || b.number != l.prepared || b.First != l.edge.size {
		return fmt.Errorf("%w: the batch begins at %d, the log ends at %d", ErrConflict, b.First, l.edge.size)
	}
	l.prepared++
	l.edge = b.next
	l.newest = Checkpoint{Origin: l.opts.Origin, Size: b.next.size, Root: b.next.root(), Note: b.Checkpoint}
	return nil
}
