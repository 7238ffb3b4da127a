package vector

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
)

// reread writes a snapshot of x and reads it.
func reread(t testing.TB, x *Index, opts Options) *Index {
	t.Helper()
	y, err := ReadSnapshot(bytes.NewReader(written(t, x, testSnapshot(t, 5))), testSnapshot(t, 5), opts)
	if err != nil {
		t.Fatalf("ReadSnapshot: %v", err)
	}
	t.Cleanup(func() { _ = y.Close() })
	return y
}

func TestSnapshotKeepsTheKind(t *testing.T) {
	for _, kind := range quantisedKinds {
		t.Run(kind.String(), func(t *testing.T) {
			g := newSynthetic(4, 48, 10)
			x, s := stocked(t, g, 3000, Options{Kind: kind})
			putMore(t, g, x, s, 2900, 3100) // some fresh, some stale
			remove(t, x, s, 10, 60)
			y := reread(t, x, Options{Kind: kind, Source: s.source})
			a, b := x.Stats(), y.Stats()
			if a.Kind != b.Kind || a.Rows != b.Rows || a.Lists != b.Lists || a.Stale != b.Stale || a.Fresh != b.Fresh || b.Working {
				t.Errorf("it was %+v and is %+v", a, b)
			}
			wantExact(t, g, y, s)
			for id := int64(100); id < 150; id++ {
				q := g.query(s.vecs[id])
				before, err1 := x.SearchWith(t.Context(), q, 10, nil, SearchOptions{Mode: Fast})
				after, err2 := y.SearchWith(t.Context(), q, 10, nil, SearchOptions{Mode: Fast})
				if err1 != nil || err2 != nil || !slices.Equal(before.Hits, after.Hits) {
					t.Fatalf("fast answers %v, %v; before %v, %v", after, err2, before, err1)
				}
			}
			putMore(t, g, y, s, 3100, 3200)
			remove(t, y, s, 0, 10)
			wantExact(t, g, y, s)
			if _, err := ReadSnapshot(bytes.NewReader(written(t, x, testSnapshot(t, 5))), testSnapshot(t, 5), Options{}); !errors.Is(err, ErrNoSource) {
				t.Errorf("read without a source: %v, want ErrNoSource", err)
			}
		})
	}
}

func TestSnapshotOfAnotherKindIsConverted(t *testing.T) {
	g := newSynthetic(4, 16, 5)
	x, s := stocked(t, g, 500, Options{Kind: SQ8})
	for _, kind := range []Kind{Flat, SQ8, SQ4, IVFPQ} {
		y := reread(t, x, Options{Kind: kind, Source: s.source})
		settle(t, y)
		if y.Kind() != kind {
			t.Errorf("the kind is %s, want %s", y.Kind(), kind)
		}
		wantExact(t, g, y, s)
	}
}

func TestEveryByteOfAKindsSnapshotCounts(t *testing.T) {
	for kind, n := range map[Kind]int{SQ8: 5, SQ4: 5, IVFPQ: 256} {
		g := newSynthetic(4, 4, 2)
		x, s := stocked(t, g, n, Options{Kind: kind})
		raw := written(t, x, testSnapshot(t, 5))
		read := func(name string, raw []byte) {
			y, err := ReadSnapshot(bytes.NewReader(raw), testSnapshot(t, 5), Options{Source: s.source, Pool: x.pool})
			var bad *CorruptError
			if !errors.As(err, &bad) || y != nil {
				t.Errorf("%s, %s: got %v, want a CorruptError", kind, name, err)
			}
		}
		for i := 0; i < len(raw); i += 1 + len(raw)/500 {
			flipped := bytes.Clone(raw)
			flipped[i] ^= 1 << (i % 8)
			read("a flipped bit", flipped)
			read("cut short", raw[:i])
		}
	}
}

// payloadOf returns what a snapshot of an index of a kind seals.
func payloadOf(t testing.TB, kind Kind, n int) []byte {
	t.Helper()
	x, _ := stocked(t, newSynthetic(4, 4, 2), n, Options{Kind: kind})
	v, err := x.beginView()
	if err != nil {
		t.Fatal(err)
	}
	defer x.endView()
	var b bytes.Buffer
	if err := x.writeRows(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Well-sealed contents that only a bug of ours could write are refused without a crash.
func TestWellSealedNonsenseOfKinds(t *testing.T) {
	s := testSnapshot(t, 5)
	for _, kind := range quantisedKinds {
		g := newSynthetic(4, 4, 2)
		x, shelf := stocked(t, g, 256, Options{Kind: kind})
		good := payloadOf(t, kind, 256)
		read := func(payload []byte) (*Index, error) {
			return ReadSnapshot(bytes.NewReader(sealedAs(t, s, payload)), s, Options{Source: shelf.source, Pool: x.pool, Kind: kind})
		}
		y, err := read(good)
		if err != nil {
			t.Fatalf("%s: the good form: %v", kind, err)
		}
		_ = y.Close()
		step := 1 + len(good)/200
		for i := 0; i < len(good); i += step {
			var bad *CorruptError
			if _, err := read(good[:i]); !errors.As(err, &bad) {
				t.Errorf("%s: cut at %d: %v, want a CorruptError", kind, i, err)
			}
			for _, flip := range []byte{0xff, 0x80} {
				odd := bytes.Clone(good)
				odd[i] ^= flip
				if y, err := read(odd); err == nil {
					if _, err := y.Search(t.Context(), g.vector(), 5, nil); err != nil && !errors.Is(err, ErrVector) {
						t.Errorf("%s: byte %d exchanged: %v", kind, i, err)
					}
					_ = y.Close()
				}
			}
		}
	}
}

func TestSnapshotWhileRowsAndListsChange(t *testing.T) {
	for _, kind := range quantisedKinds {
		g := newSynthetic(4, 128, 5)
		x, s := stocked(t, g, 1200, Options{Kind: kind})
		want := reread(t, x, Options{Kind: kind, Source: s.source})
		ids := want.IDs()
		next := 1200
		m := &meddler{change: func() {
			putMore(t, g, x, s, next-700, next+100)
			if _, err := x.Remove([]int64{int64(next % 97), int64(next % 89)}); err != nil {
				t.Errorf("Remove: %v", err)
			}
			next += 100
		}}
		before := make(map[int64][]float32)
		for id, vec := range s.vecs {
			before[id] = vec
		}
		x.saving.Lock() // what WriteSnapshot does, without the seal, which writes too seldom for changes to come between
		v, err := x.beginView()
		if err == nil {
			err = x.writeRows(m, v)
		}
		x.endView()
		x.saving.Unlock()
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		s.vecs = before
		snap := testSnapshot(t, 1)
		y, err := ReadSnapshot(bytes.NewReader(sealedAs(t, snap, m.Bytes())), snap, Options{Kind: kind, Source: s.source})
		if err != nil {
			t.Fatalf("%s: ReadSnapshot: %v", kind, err)
		}
		if next < 1500 || !slices.Equal(y.IDs(), ids) {
			t.Errorf("%s: %d ids, want %d", kind, y.Len(), len(ids))
		}
		wantExact(t, g, y, s)
		_ = y.Close()
	}
}

func TestTableOfIDs(t *testing.T) {
	var tab table
	want := map[int64]int{}
	ids := []int64{0, 1, 255, 256, 257, 5000, lowIDs - 1, lowIDs, lowIDs + 1, 1 << 40, math.MaxInt64}
	for row, id := range ids {
		tab.set(id, row)
		tab.set(id, row+1)
		want[id] = row + 1
	}
	check := func() {
		t.Helper()
		for _, id := range append(ids, 2, 258, 1<<41, -1, -300) {
			row, ok := tab.get(id)
			if w, there := want[id]; ok != there || ok && row != w {
				t.Errorf("get(%d) = %d, %t; want %d, %t", id, row, ok, w, there)
			}
		}
		if tab.n != len(want) || tab.bytes() < int64(4*tab.n) {
			t.Errorf("%d ids in %d bytes, want %d", tab.n, tab.bytes(), len(want))
		}
	}
	check()
	for i, id := range ids {
		if i%2 == 0 {
			tab.drop(id)
			tab.drop(id)
			delete(want, id)
		}
	}
	tab.drop(999)
	check()
}
