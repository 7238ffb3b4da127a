package audittest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/audit"
)

// Origin is the name of the logs that tests make.
const Origin = "elderzan/audit/test"

// Options returns options for a log that tests make, always with the same key.
func Options(t testing.TB) audit.Options {
	t.Helper()
	signer, known := Key(t, 1)
	return audit.Options{Origin: Origin, Signer: signer, Known: known}
}

// Key returns the n-th signing key of tests, and what knows it alone.
func Key(t testing.TB, n byte) (note.Signer, note.Verifiers) {
	t.Helper()
	signer, vkey, err := audit.NewSigner(Origin, security.NewSecret(bytes.Repeat([]byte{n}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	known, err := audit.Verifiers(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return signer, known
}

// Entry returns the n-th entry that tests log.
func Entry(n int) []byte { return fmt.Appendf(nil, "entry %d", n) }

// Run checks that open returns Storages which do all that audit.Storage says. Each must be empty.
func Run(t *testing.T, open func(t testing.TB) audit.Storage) {
	for _, c := range []struct {
		name string
		test func(*testing.T, audit.Storage)
	}{
		{"Empty", testEmpty},
		{"Commit", testCommit},
		{"Range", testRange},
		{"Conflict", testConflict},
		{"Growth", testGrowth},
		{"Proofs", testProofs},
		{"Concurrent", testConcurrent},
		{"Tampering", testTampering},
		{"Rebuild", testRebuild},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func openLog(t testing.TB, s audit.Storage) *audit.Log {
	t.Helper()
	l, err := audit.Open(t.Context(), s, Options(t))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fill logs entries up to number n.
func fill(t testing.TB, s audit.Storage, n int) *audit.Log {
	t.Helper()
	l := openLog(t, s)
	var batch [][]byte
	for i := int(l.Size()); i < n; i++ {
		batch = append(batch, Entry(i))
	}
	if _, err := l.Append(t.Context(), batch...); err != nil {
		t.Fatal(err)
	}
	return l
}

func entries(t testing.TB, s audit.Storage, first, end int64) (numbers []int64, data [][]byte) {
	t.Helper()
	err := s.Entries(t.Context(), first, end, func(n int64, e []byte) error {
		numbers, data = append(numbers, n), append(data, bytes.Clone(e))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return numbers, data
}

func testEmpty(t *testing.T, s audit.Storage) {
	if c, err := s.Checkpoint(t.Context()); c != nil || err != nil {
		t.Errorf("checkpoint %q, %v of an empty log", c, err)
	}
	if _, err := s.Tile(t.Context(), audit.TileID{}); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("tile of an empty log: got error %v, want %v", err, audit.ErrNotFound)
	}
	if n, _ := entries(t, s, 0, 10); n != nil {
		t.Errorf("entries %v of an empty log", n)
	}
	l := openLog(t, s)
	if c := l.Newest(); l.Size() != 0 || c.Note != nil {
		t.Errorf("empty log: size %d, checkpoint %q", l.Size(), c.Note)
	}
	wantWhole(t, s)
}

func testCommit(t *testing.T, s audit.Storage) {
	b := audit.Batch{
		Entries: [][]byte{[]byte("a"), {}, []byte("c")}, Checkpoint: []byte("first"),
		Tiles: []audit.Tile{{TileID: audit.TileID{Level: 1, Index: 2}, Data: []byte("tile")}},
	}
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for _, own := range [][]byte{b.Entries[0], b.Checkpoint, b.Tiles[0].Data} {
		own[0] = 'X'
	}
	n, data := entries(t, s, 0, 3)
	if !slices.Equal(n, []int64{0, 1, 2}) || string(data[0]) != "a" || len(data[1]) != 0 || string(data[2]) != "c" {
		t.Errorf("entries %v %q", n, data)
	}
	if c, err := s.Checkpoint(t.Context()); err != nil || string(c) != "first" {
		t.Errorf("checkpoint %q, %v", c, err)
	}
	tile, err := s.Tile(t.Context(), audit.TileID{Level: 1, Index: 2})
	if err != nil || string(tile) != "tile" {
		t.Fatalf("tile %q, %v", tile, err)
	}
	tile[0] = 'X'
	if again, err := s.Tile(t.Context(), audit.TileID{Level: 1, Index: 2}); err != nil || string(again) != "tile" {
		t.Errorf("tile %q, %v after the caller changed its copy", again, err)
	}
	for _, other := range []audit.TileID{{Level: 0, Index: 2}, {Level: 1, Index: 1}} {
		if _, err := s.Tile(t.Context(), other); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("tile %v: got error %v", other, err)
		}
	}
	b = audit.Batch{First: 3, Checkpoint: []byte("second"), Tiles: []audit.Tile{{TileID: audit.TileID{Level: 1, Index: 2}, Data: []byte("longer tile")}}}
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	tile, err = s.Tile(t.Context(), audit.TileID{Level: 1, Index: 2})
	if c, _ := s.Checkpoint(t.Context()); err != nil || string(tile) != "longer tile" || string(c) != "second" {
		t.Errorf("tile %q, checkpoint %q, %v after they were replaced", tile, c, err)
	}
}

func testRange(t *testing.T, s audit.Storage) {
	fill(t, s, 10)
	for _, c := range []struct{ first, end, want, count int64 }{{0, 10, 0, 10}, {3, 5, 3, 2}, {9, 20, 9, 1}, {5, 5, 0, 0}, {10, 11, 0, 0}, {100, 200, 0, 0}} {
		n, data := entries(t, s, c.first, c.end)
		if int64(len(n)) != c.count || c.count > 0 && (n[0] != c.want || !bytes.Equal(data[0], Entry(int(c.want)))) {
			t.Errorf("entries %d to %d: %v", c.first, c.end, n)
		}
	}
	stop := errors.New("stop")
	calls := 0
	err := s.Entries(t.Context(), 0, 10, func(int64, []byte) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("got error %v after %d calls, want %v after one", err, calls, stop)
	}
}

func testConflict(t *testing.T, s audit.Storage) {
	fill(t, s, 3)
	before, _ := s.Checkpoint(t.Context())
	for _, first := range []int64{0, 2, 4} {
		err := s.Commit(t.Context(), audit.Batch{
			First: first, Entries: [][]byte{[]byte("x")}, Checkpoint: []byte("x"),
			Tiles: []audit.Tile{{TileID: audit.TileID{Level: 3}, Data: []byte("x")}},
		})
		if !errors.Is(err, audit.ErrConflict) {
			t.Errorf("commit at %d of 3: got error %v, want %v", first, err, audit.ErrConflict)
		}
	}
	after, _ := s.Checkpoint(t.Context())
	_, err := s.Tile(t.Context(), audit.TileID{Level: 3})
	if n, _ := entries(t, s, 0, 9); len(n) != 3 || !bytes.Equal(before, after) || !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("a refused commit left something behind: %v, %q, %v", n, after, err)
	}
	// Of two logs on one storage the slower one is told.
	one, two := openLog(t, s), openLog(t, s)
	if _, err := one.Append(t.Context(), Entry(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Append(t.Context(), Entry(3)); !errors.Is(err, audit.ErrConflict) {
		t.Errorf("got error %v, want %v", err, audit.ErrConflict)
	}
	wantWhole(t, s)
}

// testGrowth appends in batches of many sizes, and opens the log anew in between.
func testGrowth(t *testing.T, s audit.Storage) {
	l := openLog(t, s)
	var seen []audit.Checkpoint
	total := 0
	for _, n := range []int{1, 1, 2, 3, 250, 1, 254, 1, 255, 256, 257, 700} {
		var batch [][]byte
		for range n {
			batch = append(batch, Entry(total))
			total++
		}
		first, err := l.Append(t.Context(), batch...)
		if err != nil || first != int64(total-n) {
			t.Fatalf("append %d: %d, %v", n, first, err)
		}
		seen = append(seen, l.Newest())
		reopened := openLog(t, s)
		if a, b := l.Newest(), reopened.Newest(); a.Root != b.Root || a.Size != b.Size || int(a.Size) != total {
			t.Fatalf("after %d entries the log opens with %d entries and root %v, want %v", total, b.Size, b.Root, a.Root)
		}
		if total%2 == 0 {
			l = reopened
		}
	}
	for i, old := range seen {
		for _, c := range seen[i:] {
			p, err := l.ProveConsistency(t.Context(), old.Size, c.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := audit.VerifyConsistency(old, c, p); err != nil {
				t.Errorf("from %d to %d: %v", old.Size, c.Size, err)
			}
		}
	}
	wantWhole(t, s, seen...)
}

func testProofs(t *testing.T, s audit.Storage) {
	l := fill(t, s, 1000)
	c := l.Newest()
	for _, n := range []int64{0, 1, 255, 256, 511, 767, 768, 998, 999} {
		p, err := l.ProveInclusion(t.Context(), n, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.VerifyInclusion(c, n, Entry(int(n)), p); err != nil {
			t.Errorf("entry %d: %v", n, err)
		}
		if err := audit.VerifyInclusion(c, n, []byte("another"), p); !errors.Is(err, audit.ErrProof) {
			t.Errorf("another entry at %d: got error %v", n, err)
		}
		if err := audit.VerifyInclusion(c, (n+1)%1000, Entry(int(n)), p); !errors.Is(err, audit.ErrProof) {
			t.Errorf("entry %d at another place: got error %v", n, err)
		}
	}
}

func testConcurrent(t *testing.T, s audit.Storage) {
	l := openLog(t, s)
	const writers, each = 4, 150
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				e := fmt.Appendf(nil, "writer %d entry %d", w, i)
				n, err := l.Append(t.Context(), e)
				if err != nil {
					t.Error(err)
					return
				}
				c := l.Newest()
				p, err := l.ProveInclusion(t.Context(), n, c.Size)
				if err != nil {
					t.Error(err)
					return
				}
				if err := audit.VerifyInclusion(c, n, e, p); err != nil {
					t.Errorf("entry %d: %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	if l.Size() != writers*each {
		t.Errorf("%d entries, want %d", l.Size(), writers*each)
	}
	wantWhole(t, s)
}

func verify(t testing.TB, s audit.Storage, elsewhere ...audit.Checkpoint) audit.Report {
	t.Helper()
	var signed [][]byte
	for _, c := range elsewhere {
		signed = append(signed, c.Note)
	}
	r, err := audit.Verify(t.Context(), s, Options(t), audit.VerifyOptions{Elsewhere: signed})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantWhole(t testing.TB, s audit.Storage, elsewhere ...audit.Checkpoint) {
	t.Helper()
	if r := verify(t, s, elsewhere...); r.Err() != nil || r.Entries != r.Checkpoint.Size {
		t.Errorf("%d of %d entries are sound: %v", r.Entries, r.Checkpoint.Size, r.Err())
	}
}

func testTampering(t *testing.T, s audit.Storage) {
	l := fill(t, s, 700)
	seen := l.Newest()
	for _, c := range []struct {
		name  string
		alter func(n int64, e []byte) []byte
		want  error
	}{
		{"altered", func(n int64, e []byte) []byte {
			if n == 300 {
				e[0] ^= 1
			}
			return e
		}, audit.ErrAltered},
		{"removed", func(n int64, e []byte) []byte {
			if n == 300 {
				return nil
			}
			return e
		}, audit.ErrMissing},
		{"exchanged", func(n int64, e []byte) []byte {
			switch n {
			case 300:
				return Entry(400)
			case 400:
				return Entry(300)
			}
			return e
		}, audit.ErrMoved},
		{"cut off", func(n int64, e []byte) []byte {
			if n >= 650 {
				return nil
			}
			return e
		}, audit.ErrTruncated},
	} {
		r := verify(t, &Tampered{Storage: s, AlterEntry: c.alter}, seen)
		if !errors.Is(r.Err(), c.want) {
			t.Errorf("%s: got %v, want %v", c.name, r.Err(), c.want)
		}
	}
	wantWhole(t, s, seen)
}

func testRebuild(t *testing.T, s audit.Storage) {
	fill(t, s, 700)
	damaged := &Tampered{Storage: s, AlterTile: func(id audit.TileID, data []byte) []byte {
		data[5] ^= 1
		return data
	}}
	if r := verify(t, damaged); !errors.Is(r.Err(), audit.ErrTile) || errors.Is(r.Err(), audit.ErrAltered) {
		t.Errorf("damaged tiles: got %v, want %v", r.Err(), audit.ErrTile)
	}
	if err := s.Commit(t.Context(), audit.Batch{First: 700, Tiles: []audit.Tile{{Data: make([]byte, 8192)}}, Checkpoint: mustCheckpoint(t, s)}); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, s); !errors.Is(r.Err(), audit.ErrTile) {
		t.Errorf("a tile of zeros: got %v, want %v", r.Err(), audit.ErrTile)
	}
	if err := audit.Rebuild(context.WithoutCancel(t.Context()), s, Options(t)); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, s)
}

func mustCheckpoint(t testing.TB, s audit.Storage) []byte {
	t.Helper()
	c, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}
