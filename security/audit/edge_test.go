package audit

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// reference is the tree as tlog itself builds it, with every hash stored.
type reference []tlog.Hash

func (r *reference) add(t *testing.T, n int64, leaf tlog.Hash) {
	t.Helper()
	hashes, err := tlog.StoredHashesForRecordHash(n, leaf, r)
	if err != nil {
		t.Fatal(err)
	}
	*r = append(*r, hashes...)
}

func (r *reference) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = (*r)[n]
	}
	return out, nil
}

// TestEdge compares each root and each tile with those of tlog's own tree, over more than two levels of tiles.
func TestEdge(t *testing.T) {
	const size = tileWidth*tileWidth + 3*tileWidth + 5
	var ref reference
	var e edge
	stored := map[TileID][]byte{}
	for n := int64(0); n < size; n++ {
		leaf := tlog.RecordHash(fmt.Appendf(nil, "%d", n))
		ref.add(t, n, leaf)
		var dirty [levels]bool
		for _, tile := range e.append(leaf, nil, &dirty) {
			if len(tile.Data) != tileWidth*HashSize {
				t.Fatalf("tile %v has %d bytes", tile.TileID, len(tile.Data))
			}
			stored[tile.TileID] = tile.Data
		}
		for level, grew := range dirty {
			if grew {
				last := e.last(level)
				stored[last.TileID] = last.Data
			}
		}
		if n < 2000 || n%997 == 0 || n > size-10 {
			want, err := tlog.TreeHash(n+1, &ref)
			if err != nil || e.root() != want {
				t.Fatalf("root of %d entries: got %v, want %v (%v)", n+1, e.root(), want, err)
			}
		}
	}
	checked := 0
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		want, err := tlog.ReadTileData(tile, &ref)
		if err != nil {
			t.Fatal(err)
		}
		got := stored[TileID{tile.L, tile.N}]
		if tile.L == 0 && tile.W < tileWidth {
			got = e.last(0).Data // the one tile that is not stored
		}
		if !bytes.Equal(got, want) {
			t.Errorf("tile %s differs", tile.Path())
		}
		checked++
	}
	if checked != len(stored)+1 {
		t.Errorf("%d tiles are stored, want %d", len(stored), checked-1)
	}
}

// TestEdgeCopies appends to two copies of an edge in turn: neither disturbs the original.
func TestEdgeCopies(t *testing.T) {
	var e edge
	var dirty [levels]bool
	for n := range 300 {
		e.append(tlog.RecordHash(fmt.Appendf(nil, "%d", n)), nil, &dirty)
	}
	root, last := e.root(), e.last(0).Data
	for try := range 2 {
		c := e
		for n := range 300 {
			c.append(tlog.RecordHash(fmt.Appendf(nil, "try %d: %d", try, n)), nil, &dirty)
		}
		if e.root() != root || !bytes.Equal(e.last(0).Data, last) || e.size != 300 {
			t.Fatal("the original changed with its copy")
		}
	}
}
