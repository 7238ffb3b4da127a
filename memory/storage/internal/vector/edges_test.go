package vector

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestReadsAfterClose asks a closed index for what needs no answer from FAISS: it holds nothing, and says so.
func TestReadsAfterClose(t *testing.T) {
	x, err := New(Options{Dim: 2, Kind: SQ4, Source: newShelf(2).source})
	if err != nil {
		t.Fatal(err)
	}
	v := []float32{1, 0}
	if err := errors.Join(x.Put([]int64{1}, [][]float32{v}), x.Close()); err != nil {
		t.Fatal(err)
	}
	if st := x.Stats(); x.Bytes() != 0 || x.IDs() != nil || x.Len() != 0 || x.Has(1) || st.Rows != 0 || st.Bytes != 0 {
		t.Errorf("a closed index holds %d bytes, %v, %+v", x.Bytes(), x.IDs(), st)
	}
	_, matchErr := x.Matches(1, v)
	_, codeErr := x.codeMatches(1, v)
	_, resumeErr := x.resume(&proposals{}, 0)
	_, applyErr := x.apply(&body{}, []int64{1}, v, batch{})
	for name, err := range map[string]error{
		"Put of nothing": x.Put(nil, nil), "Matches": matchErr, "codeMatches": codeErr, "resume": resumeErr, "apply": applyErr,
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v; want ErrClosed", name, err)
		}
	}
}

// TestExchangedMeanwhile hands in rows that were encoded, and proposals that were made, for rows of before a rebuild: neither
// is taken for the present ones'.
func TestExchangedMeanwhile(t *testing.T) {
	g := newSynthetic(5, 16, 3)
	x, _ := stocked(t, g, 50, Options{Kind: SQ4})
	if done, err := x.apply(&body{}, []int64{99}, g.vector(), batch{}); done || err != nil || x.Has(99) {
		t.Errorf("apply = %t, %v; want it to be done anew", done, err)
	}
	if ok, err := x.resume(&proposals{body: &body{}}, 0); ok || err != nil {
		t.Errorf("resume = %t, %v; want the search to begin anew", ok, err)
	}
	if _, err := x.codeMatches(99, g.vector()); !errors.Is(err, ErrNotFound) {
		t.Errorf("codeMatches of an unknown id: %v; want ErrNotFound", err)
	}
}

// TestRoughAndFloor searches without reading a full vector, and for nothing below a similarity.
func TestRoughAndFloor(t *testing.T) {
	g := newSynthetic(5, 64, 20)
	x, s := stocked(t, g, 2000, Options{Kind: SQ8})
	q := s.vecs[70]
	read := s.read
	got, err := x.SearchWith(t.Context(), q, 10, nil, SearchOptions{Mode: Fast, Rough: true})
	if err != nil || len(got.Hits) != 10 || got.Hits[0].ID != 70 || got.Exact || s.read != read {
		t.Errorf("rough = %+v, %v; %d full vectors were read", got, err, s.read-read)
	}
	for i, h := range got.Hits {
		if math.Abs(float64(h.Cosine)-cosine(q, s.vecs[h.ID])) > 0.05 {
			t.Errorf("hit %d: %v; want about %.3f", i, h, cosine(q, s.vecs[h.ID]))
		}
	}
	all := bruteForce(s.vecs, q, 1000, everything)
	floor := all[20].Cosine + 1e-4
	for _, mode := range []Mode{Accurate, Balanced} {
		got, err := x.SearchWith(t.Context(), q, 100, nil, SearchOptions{Mode: mode, Floor: floor})
		above := slices.DeleteFunc(slices.Clone(got.Hits), func(h Hit) bool { return h.Cosine < floor })
		if err != nil || !sameHits(s.vecs, q, above, all[:len(above)]) || mode == Accurate && len(above) != 20 {
			t.Errorf("%s above %.3f: %d hits, %v; want 20", mode, floor, len(above), err)
		}
	}
	// Fewer full vectors may be read than hits are wanted: the rest is as the codes tell.
	got, err = x.SearchWith(t.Context(), q, 60, nil, SearchOptions{Mode: Fast, Candidates: 20})
	if err != nil || len(got.Hits) != 60 || got.Hits[0].ID != 70 {
		t.Errorf("60 of which 20 are ranked: %d hits, %v", len(got.Hits), err)
	}
}

// TestManyFreshRows searches lists beside which more rows are fresh than a search takes from the lists: of these the nearest
// are looked at, and found.
func TestManyFreshRows(t *testing.T) {
	g := newSynthetic(3, 32, 100)
	x, s := stocked(t, g, 2000, Options{Kind: IVFPQ})
	if err := x.relist(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	putMore(t, g, x, s, 2000, 3500)
	if st := x.Stats(); st.Fresh != 1500 {
		t.Fatalf("%+v; want 1500 fresh rows", st)
	}
	fastFinds(t, "fresh", x, s, 2000, 2700, 3499)
	even := NewBitmap(3500)
	for id := int64(0); id < 3500; id += 2 {
		even.Add(id)
	}
	r, err := x.SearchWith(t.Context(), s.vecs[2701], 5, even, SearchOptions{Mode: Fast})
	if err != nil || len(r.Hits) != 5 || slices.ContainsFunc(r.Hits, func(h Hit) bool { return h.ID%2 == 1 }) {
		t.Errorf("of even ids: %v, %v", r.Hits, err)
	}
}

// TestWorkEndsWithItsContext has background work begin with a context that has ended: nothing is exchanged.
func TestWorkEndsWithItsContext(t *testing.T) {
	g := newSynthetic(3, 32, 10)
	x, s := stocked(t, g, 400, Options{Kind: SQ8})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, run := range map[string]func() error{
		"convert": func() error { return x.convert(ctx, SQ4) },
		"exchange": func() error {
			x.begin(true)
			defer x.endLog()
			return x.exchange(ctx, x.body)
		},
		"relist": func() error { return x.relist(ctx, true) },
		"Search": func() error { _, err := x.Search(ctx, s.vecs[1], 5, nil); return err },
		"rank": func() error {
			_, _, err := x.rank(ctx, s.vecs[1], 5, &proposals{list: []proposal{{id: 1}}}, effort{exact: true})
			return err
		},
	} {
		if err := run(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v; want context.Canceled", name, err)
		}
	}
	if _, err := x.train(t.Context(), x.body, x.body.rows.(*quantised).codec, []int64{1, 2, 9999}); err == nil {
		t.Error("lists are trained on two vectors")
	}
	if st := x.Stats(); st.Kind != SQ8 || st.Lists != 0 || st.Rows != 400 {
		t.Errorf("left behind: %+v", st)
	}
	wantExact(t, g, x, s)
}

// TestSnapshotWritersFail has the disk fail at each part of a snapshot of each kind, and wants the disk's error, and the next
// snapshot whole.
func TestSnapshotWritersFail(t *testing.T) {
	for _, kind := range quantisedKinds {
		x, s := stocked(t, newSynthetic(4, 4, 2), 300, Options{Kind: kind})
		whole := payloadSize(t, x)
		for after := 0; after < whole; after += 1 + whole/60 {
			v, err := x.beginView()
			if err != nil {
				t.Fatal(err)
			}
			err = x.writeRows(&failingDisk{after}, v)
			x.endView()
			if !errors.Is(err, errDisk) {
				t.Errorf("%s, after %d of %d bytes: %v; want the disk's error", kind, after, whole, err)
			}
		}
		y := reread(t, x, Options{Source: s.source, Kind: kind})
		if y.Len() != x.Len() || y.Kind() != x.Kind() {
			t.Errorf("%s: %d rows of %s come back", kind, y.Len(), y.Kind())
		}
	}
}

func payloadSize(t *testing.T, x *Index) int {
	t.Helper()
	v, err := x.beginView()
	if err != nil {
		t.Fatal(err)
	}
	defer x.endView()
	var b bytes.Buffer
	if err := x.writeRows(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// TestNoRows does with no rows what is done with many.
func TestNoRows(t *testing.T) {
	q, vecs := rowsOf(t, rand.New(rand.NewPCG(1, 1)), 4, 4, 3)
	b, err := q.encode(nil)
	if err != nil || len(b.codes) != 0 || len(b.scale) != 0 {
		t.Errorf("no vectors become %v, %v", b, err)
	}
	x := newTestIndex(t, 4)
	before := q.bytes()
	err = errors.Join(q.add(b, 0, 0), x.body.rows.(*native).add(batch{vecs: vecs}, 1, 1))
	if err != nil || q.bytes() != before || x.body.rows.bytes() != 0 {
		t.Errorf("adding none: %v; %d bytes became %d", err, before, q.bytes())
	}
	odd := make([]byte, q.rowBytes())
	binary.LittleEndian.PutUint32(odd, math.Float32bits(float32(math.NaN())))
	if err := q.write(odd); !errors.Is(err, errSnapshot) {
		t.Errorf("a scale that is no number: %v; want errSnapshot", err)
	}
}

// TestNear compares codes: one of another processor may differ by a step, here and there.
func TestNear(t *testing.T) {
	a := bytes.Repeat([]byte{0x55}, 200)
	for name, tc := range map[string]struct {
		change func(b []byte)
		want   bool
	}{
		"same":           {func([]byte) {}, true},
		"a step":         {func(b []byte) { b[7]++ }, true},
		"two steps":      {func(b []byte) { b[7] += 2 }, false},
		"here and there": {func(b []byte) { b[7]++; b[90]--; b[150] += 0x10 }, true},
		"everywhere": {func(b []byte) {
			for i := range b {
				b[i]++
			}
		}, false},
		"the high one": {func(b []byte) { b[9] -= 0x20 }, false},
	} {
		b := bytes.Clone(a)
		tc.change(b)
		if got := near(a, b, 4); got != tc.want {
			t.Errorf("%s: %t; want %t", name, got, tc.want)
		}
	}
}

// TestOctets wants the bytes of a bitmap alike on machines of either order.
func TestOctets(t *testing.T) {
	words := []uint64{0x8000000000000001, 2}
	want := []byte{1, 0, 0, 0, 0, 0, 0, 0x80, 2, 0, 0, 0, 0, 0, 0, 0}
	if got := octetsOf(words, false); !bytes.Equal(got, want) {
		t.Errorf("copied: % x", got)
	}
	if got := octetsOf(words, little); !bytes.Equal(got, want) {
		t.Errorf("this machine's: % x", got)
	}
}
