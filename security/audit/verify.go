package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// maxFaults is how many faults a report names.
const maxFaults = 100

// maxDiffer is how many differing entries Verify keeps to find out which of them were moved.
const maxDiffer = 4096

// Report is what Verify found.
type Report struct {
	Entries    int64      // that were read and are sound
	Checkpoint Checkpoint // that they were checked against
	Faults     []*Fault   // the first 100; none means that the log is whole
}

// Err returns nil if the log is whole, and what is wrong with it otherwise, joined.
func (r *Report) Err() error {
	var errs []error
	for _, f := range r.Faults {
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}

func (r *Report) add(err error, first, last int64) {
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, &Fault{First: first, Last: last, Err: err})
	}
}

// VerifyOptions says what to check the log against besides its own newest checkpoint.
type VerifyOptions struct {
	Elsewhere [][]byte                // checkpoints that were kept elsewhere
	Progress  func(done, total int64) // called now and then; nil for nobody
}

// Verify reads all of the log and checks every entry and every tile against the newest checkpoint, and the log against
// the checkpoints kept elsewhere. What is wrong is in the report; the error is for what kept Verify from looking: the
// storage's own, or one wrapping ErrCheckpoint for a checkpoint that is not this log's. It works on logs that Open
// refuses. Entries that are appended meanwhile are not looked at.
func Verify(ctx context.Context, storage Storage, opts Options, how VerifyOptions) (Report, error) {
	v := &verifier{log: &Log{storage: storage, opts: opts}, how: how, roots: map[int64]tlog.Hash{}}
	signed, err := storage.Checkpoint(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: read checkpoint: %w", err)
	}
	if signed != nil {
		if v.report.Checkpoint, err = ParseCheckpoint(signed, opts.Origin, opts.Known); err != nil {
			return Report{}, err
		}
	} else {
		if err := v.log.loadEmpty(ctx); err != nil {
			return Report{}, err
		}
		v.report.Checkpoint = v.log.newest
	}
	elsewhere := make([]Checkpoint, len(how.Elsewhere))
	for i, signed := range how.Elsewhere {
		if elsewhere[i], err = ParseCheckpoint(signed, opts.Origin, opts.Known); err != nil {
			return Report{}, fmt.Errorf("checkpoint %d kept elsewhere: %w", i+1, err)
		}
		v.roots[elsewhere[i].Size] = tlog.Hash{}
	}
	if err := v.read(ctx); err != nil {
		return Report{}, err
	}
	v.compare(elsewhere)
	return v.report, v.readEnd(ctx)
}

// readEnd looks for entries after the signed end. Those that somebody logged meanwhile have a newer checkpoint.
func (v *verifier) readEnd(ctx context.Context) error {
	err := v.log.checkEnd(ctx, v.report.Checkpoint.Size)
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	signed, err := v.log.storage.Checkpoint(ctx)
	if err == nil && bytes.Equal(signed, v.report.Checkpoint.Note) {
		v.report.add(ErrUnsigned, f.First, f.Last)
	}
	return err
}

// verifier goes through a log once. It grows one tree over the entries as they are, and one over the leaves as the
// tiles have them: whichever has the signed root is the true one, and tells what is wrong with the other.
type verifier struct {
	log    *Log
	how    VerifyOptions
	report Report

	actual   edge                // over the entries as they are
	recorded edge                // over the stored leaves, and the entries where none are stored
	groups   edge                // over the roots of 256 entries each, as the tiles of level 1 have them
	apart    []int64             // first entries of those that are not what the entries give
	roots    map[int64]tlog.Hash // of actual, at the sizes of the checkpoints kept elsewhere

	differ  []difference
	missing []int64
	badTile []int64 // first entries of tiles that cannot be read, or are not what the entries give
	// badUpper says that a tile above level 0 is not what the stored leaves give.
	badUpper bool
}

// difference is an entry whose hash is not the stored leaf.
type difference struct {
	n              int64
	actual, stored tlog.Hash
}

func (v *verifier) read(ctx context.Context) error {
	size := v.report.Checkpoint.Size
	for first := int64(0); first < size; first += tileWidth {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.readTile(ctx, first, min(first+tileWidth, size)); err != nil {
			return err
		}
		if v.how.Progress != nil {
			v.how.Progress(min(first+tileWidth, size), size)
		}
	}
	v.note()
	return nil
}

// readTile reads the entries of one tile of level 0, and the tile.
func (v *verifier) readTile(ctx context.Context, first, end int64) error {
	leaves := make([]tlog.Hash, end-first)
	there := make([]bool, end-first)
	err := v.log.storage.Entries(ctx, first, end, func(n int64, entry []byte) error {
		if n < first || n >= end {
			return fmt.Errorf("audit: the storage returned entry %d for %d to %d", n, first, end)
		}
		leaves[n-first], there[n-first] = tlog.RecordHash(entry), true
		return nil
	})
	if err != nil {
		return err
	}
	stored := leaves
	if end-first == tileWidth {
		data, err := v.tile(ctx, TileID{0, first / tileWidth}, tileWidth)
		if err != nil {
			return err
		}
		if data != nil {
			stored = tileHashes(data)
		}
	}
	actual, recorded := v.grow(first, leaves, stored, there)
	return v.checkTiles(ctx, actual, recorded)
}

// tile reads a tile; nil stands for one that is missing or damaged, which is noted.
func (v *verifier) tile(ctx context.Context, id TileID, width int) ([]byte, error) {
	data, err := v.log.tile(ctx, id, width)
	var f *Fault
	if errors.As(err, &f) {
		v.badTile = append(v.badTile, f.First)
		return nil, nil
	}
	return data, err
}

// grow adds a tile's worth of leaves to both trees, compares them, and returns the tiles of either that were filled.
func (v *verifier) grow(first int64, leaves, stored []tlog.Hash, there []bool) (actual, recorded []Tile) {
	var dirty [levels]bool
	for i := range leaves {
		n := first + int64(i)
		v.note()
		switch {
		case !there[i]:
			v.missing = append(v.missing, n)
		case leaves[i] != stored[i]:
			if len(v.differ) < maxDiffer {
				v.differ = append(v.differ, difference{n, leaves[i], stored[i]})
			}
		default:
			v.report.Entries++
		}
		actual = v.actual.append(leaves[i], actual, &dirty)
		recorded = v.recorded.append(stored[i], recorded, &dirty)
	}
	if v.actual.size == v.report.Checkpoint.Size {
		actual, recorded = append(actual, v.actual.unfilled()...), append(recorded, v.recorded.unfilled()...)
	}
	return actual, recorded
}

// checkTiles compares the tiles above level 0 with what either tree gives.
func (v *verifier) checkTiles(ctx context.Context, actual, recorded []Tile) error {
	for i, t := range actual {
		if t.Level == 0 {
			continue
		}
		data, err := v.tile(ctx, t.TileID, len(t.Data)/HashSize)
		if err != nil {
			return err
		}
		if t.Level == 1 {
			v.group(t, data)
		}
		if data == nil {
			v.badUpper = true
			continue
		}
		first := t.Index << (tileHeight * (t.Level + 1))
		if !bytes.HasPrefix(data, t.Data) {
			v.badTile = append(v.badTile, first)
		}
		if !bytes.HasPrefix(data, recorded[i].Data) {
			v.badUpper = true
		}
	}
	return nil
}

// group adds the roots that a tile of level 1 has, of which actual is what the entries give; data is nil where there is none.
func (v *verifier) group(actual Tile, data []byte) {
	given, stored := tileHashes(actual.Data), tileHashes(data)
	var dirty [levels]bool
	for i, h := range given {
		if i < len(stored) && stored[i] != h {
			v.apart = append(v.apart, v.groups.size*tileWidth)
			h = stored[i]
		}
		v.groups.append(h, nil, &dirty)
	}
}

// grouped is the root of the tree over the groups and the entries behind them.
func (v *verifier) grouped() tlog.Hash {
	e := v.actual
	copy(e.peaks[tileHeight:], v.groups.peaks[:])
	return e.root()
}

// note keeps the root of the tree as it stands if a checkpoint kept elsewhere has this size.
func (v *verifier) note() {
	if _, ok := v.roots[v.actual.size]; ok {
		v.roots[v.actual.size] = v.actual.root()
	}
}

// Rebuild computes the tiles anew from the entries, once Verify has found ErrTile, and stores them. It returns an error
// wrapping ErrAltered, and stores nothing, if the entries are not what the newest checkpoint vouches for.
func Rebuild(ctx context.Context, storage Storage, opts Options) error {
	signed, err := storage.Checkpoint(ctx)
	if err != nil || signed == nil {
		return err
	}
	c, err := ParseCheckpoint(signed, opts.Origin, opts.Known)
	if err != nil {
		return err
	}
	var e edge
	var dirty [levels]bool
	var tiles []Tile
	err = storage.Entries(ctx, 0, c.Size, func(_ int64, entry []byte) error {
		tiles = e.append(tlog.RecordHash(entry), tiles, &dirty)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	if e.size != c.Size || e.root() != c.Root {
		return &Fault{First: 0, Last: c.Size - 1, Err: ErrAltered}
	}
	return storage.Commit(ctx, Batch{First: c.Size, Tiles: append(tiles, e.unfilled()...), Checkpoint: signed})
}
