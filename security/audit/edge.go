package audit

import "golang.org/x/mod/sumdb/tlog"

// levels is how many levels of tiles a log of 2^56 entries has.
const levels = 7

// edge is the right edge of the tree: all that an append needs to know of the log. It is a value: an edge that was
// copied stays what it was, whatever is appended to the copy, as long as only one copy at a time is appended to.
type edge struct {
	size int64
	// peaks[k] is the root of the perfect subtree of 2^k entries that ends the tree of the highest bits of size down
	// to k; it counts where bit k of size is set.
	peaks [levels * tileHeight]tlog.Hash
	// partial[l] holds the hashes of the last tile of level l, which is not full.
	partial [levels][]tlog.Hash
}

// append adds a leaf, and to tiles each tile that it fills. dirty collects the levels above 0 whose last tile grew.
func (e *edge) append(leaf tlog.Hash, tiles []Tile, dirty *[levels]bool) []Tile {
	h := leaf
	n := e.size
	for k := 0; ; k++ {
		if k%tileHeight == 0 { // h is the root of a whole number of full tiles: a hash in a tile of the next level
			tiles = e.push(k/tileHeight, n, h, tiles, dirty)
		}
		if n&1 == 0 {
			e.peaks[k] = h
			break
		}
		h = tlog.NodeHash(e.peaks[k], h)
		n >>= 1
	}
	e.size++
	return tiles
}

// push adds hash n of a level to the level's last tile.
func (e *edge) push(level int, n int64, h tlog.Hash, tiles []Tile, dirty *[levels]bool) []Tile {
	e.partial[level] = append(e.partial[level], h)
	dirty[level] = level > 0
	if len(e.partial[level]) < tileWidth {
		return tiles
	}
	tiles = append(tiles, Tile{TileID{level, n >> tileHeight}, tileData(e.partial[level])})
	e.partial[level] = nil // another array: older copies of the edge still read this one
	dirty[level] = false
	return tiles
}

// last returns the last tile of a level, which is not full.
func (e *edge) last(level int) Tile {
	return Tile{TileID{level, e.size >> (tileHeight * (level + 1))}, tileData(e.partial[level])}
}

// unfilled returns the tiles above level 0 that are not full.
func (e *edge) unfilled() []Tile {
	var out []Tile
	for level := 1; level < levels; level++ {
		if len(e.partial[level]) > 0 {
			out = append(out, e.last(level))
		}
	}
	return out
}

func tileData(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*HashSize)
	for i := range hashes {
		out = append(out, hashes[i][:]...)
	}
	return out
}

func tileHashes(data []byte) []tlog.Hash {
	out := make([]tlog.Hash, len(data)/HashSize)
	for i := range out {
		copy(out[i][:], data[i*HashSize:])
	}
	return out
}

// root returns the tree's root, and for an empty tree what RFC 6962 defines.
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		empty, _ := tlog.TreeHash(0, nil) // reads nothing
		return empty
	}
	var h tlog.Hash
	first := true
	for k := 0; e.size>>k != 0; k++ {
		switch {
		case e.size>>k&1 == 0:
		case first:
			h, first = e.peaks[k], false
		default:
			h = tlog.NodeHash(e.peaks[k], h)
		}
	}
	return h
}
