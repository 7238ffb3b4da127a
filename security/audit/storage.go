package audit

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"
)

// HashSize is the length of a hash in a tile, in bytes.
const HashSize = tlog.HashSize

// tileHeight is the height of a tile; a full one holds 2^tileHeight hashes.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// TileID names a tile: hashes of 256 neighbouring subtrees of 256^Level entries each.
type TileID struct {
	Level int   // from 0
	Index int64 // from 0, within the level
}

// Tile is a piece of the tree: 1 to 256 hashes, one after the other. One at level 0 is full and never changes; one
// of a higher level is written again with more hashes until it is full.
type Tile struct {
	TileID
	Data []byte
}

// Batch is an append, to be stored as a whole.
type Batch struct {
	First      int64 // number of the first of Entries
	Entries    [][]byte
	Tiles      []Tile
	Checkpoint []byte // replaces the one before

	next   edge
	number uint64
}

// Storage keeps a log. Implementations pass audittest.Run. Methods may be called by several goroutines, Commit by one
// at a time.
type Storage interface {
	// Checkpoint returns the newest checkpoint, or nil if nothing was ever committed.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Entries calls fn for each entry that is there from number first on and before end, in order. An entry that is
	// not there is passed over. fn must not keep entry; its first error ends the call and is returned.
	Entries(ctx context.Context, first, end int64, fn func(n int64, entry []byte) error) error
	// Tile returns a tile's data, which the caller owns. It returns an error wrapping ErrNotFound if there is none.
	Tile(ctx context.Context, id TileID) ([]byte, error)
	// Commit stores all of b, durably, or nothing. It keeps none of b's slices. A tile that is there is replaced. It
	// returns an error wrapping ErrConflict, and stores nothing, if b.Entries is not empty and entry b.First is there
	// already, or the one before it is not.
	Commit(ctx context.Context, b Batch) error
}

// TileOf makes the index-th tile of level 0 from the entries, for a storage that keeps the tiles above it alone. It returns
// ErrNotFound where one of the entries is missing.
func TileOf(ctx context.Context, storage Storage, index int64) ([]byte, error) {
	first := index << tileHeight
	next := first
	data := make([]byte, 0, tileWidth*HashSize)
	err := storage.Entries(ctx, first, first+tileWidth, func(n int64, entry []byte) error {
		if n == next {
			h := tlog.RecordHash(entry)
			data = append(data, h[:]...)
			next++
		}
		return nil
	})
	if err == nil && next != first+tileWidth {
		err = ErrNotFound
	}
	return data, err
}
