package storage

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
	"github.com/elderzan/elderzan/scope"
)

// What is read of a vector's bytes has length 1, is near what was written, and is written the same again.
func TestVectorBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for _, w := range widths {
		for n := range 50 {
			v := make([]float32, memory.Dim)
			sum := 0.0
			for i := range v {
				v[i] = float32(r.NormFloat64())
				if n%3 == 0 { // few large components, as of texts with few words
					v[i] = float32(math.Pow(float64(v[i]), 5))
				}
				sum += float64(v[i]) * float64(v[i])
			}
			for i := range v {
				v[i] /= float32(math.Sqrt(sum))
			}
			b := storedBytes(v, nil, w)
			parts, ok := partsOf(b)
			if !ok || parts.width != w || len(parts.tokens) > 0 || w != warmWidth && len(b) != w.size() {
				t.Fatalf("width %d: %d bytes, taken for width %d", w, len(b), parts.width)
			}
			if most := map[bool]int{true: 670, false: 775}[n%3 == 0]; w == warmWidth && len(b) > most {
				t.Errorf("packed, vector %d takes %d bytes; want %d at most", n, len(b), most)
			}
			got := vectorValues(b)
			if !bytes.Equal(storedBytes(got, nil, w), b) {
				t.Errorf("width %d: what was read is written otherwise", w)
			}
			var dot, square float64
			for i := range v {
				dot += float64(v[i]) * float64(got[i])
				square += float64(got[i]) * float64(got[i])
			}
			least := map[width]float64{warmWidth: .9996, coldWidth: .9994, formerWidth: .999995, fullWidth: .9999999}[w]
			if math.Abs(square-1) > 1e-5 || dot < least {
				t.Errorf("width %d: squared length %.7f, cosine with what was written %.7f", w, square, dot)
			}
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 7), make([]byte, formerWidth.size()), make([]byte, coldWidth.size())} {
		if v := vectorValues(b); v != nil {
			t.Errorf("%d bytes of nothing are a vector", len(b))
		}
	}
}

// The numbers of a packed vector come back whatever they are, the few large and the many small.
func TestPackedNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for n := range 200 {
		most := 1 << (n % 9) // of nearly all
		v := make([]float32, memory.Dim)
		for i := range v {
			v[i] = float32(r.IntN(2*most) - most)
			if r.IntN(50) == 0 {
				v[i] = float32(r.IntN(2*packedTop+1) - packedTop)
			}
		}
		v[r.IntN(len(v))] = []float32{packedTop, -packedTop}[n%2]
		for i := range v {
			v[i] = max(min(v[i], packedTop), -packedTop)
		}
		b := storedBytes(v, nil, warmWidth)
		got := vectorValues(b)
		if got == nil || len(b) > maxPacked+packedTail {
			t.Fatalf("numbers up to %d: %d bytes are no vector", most, len(b))
		}
		var square float64
		for _, c := range v {
			square += float64(c * c)
		}
		for i := range v {
			if math.Abs(float64(got[i])*math.Sqrt(square)-float64(v[i])) > .01 {
				t.Fatalf("numbers up to %d: %g came back as %g", most, v[i], float64(got[i])*math.Sqrt(square))
			}
		}
	}
}

// Tokens behind a vector come back and leave it alone, and what is neither is taken for neither.
func TestTokensBehindVectors(t *testing.T) {
	packed := maxsim.Pack(nil, tokenRows(1))
	for _, w := range widths {
		alone := storedBytes(ramp(2), nil, w)
		b := storedBytes(ramp(2), packed, w)
		p, ok := partsOf(b)
		want := packed
		if w == coldWidth {
			want = nil
		}
		if !ok || !bytes.Equal(p.vector, vectorBytes(ramp(2), w)) || !bytes.Equal(p.tokens, want) || p.width != w {
			t.Errorf("width %d: %d and %d bytes; want %d of tokens", w, len(p.vector), len(p.tokens), len(want))
		}
		if !slices.Equal(vectorValues(b), vectorValues(alone)) || !bytes.Equal(vectorSum(b), vectorSum(alone)) {
			t.Errorf("width %d: another vector with tokens behind it", w)
		}
	}
	for _, w := range []width{warmWidth, formerWidth} {
		with := storedBytes(ramp(2), packed, w)
		for name, b := range map[string][]byte{
			"two bytes more":  append(slices.Clone(with), 0, 0),
			"half a token":    append(slices.Clone(with[:len(with)-17]), byte(w)),
			"another width":   append(slices.Clone(with[:len(with)-1]), 11),
			"the width alone": {byte(w)},
			"nothing":         {0, 0, byte(w)},
			"another length":  {9, 0, byte(w)},
		} {
			if p, _ := partsOf(b); vectorValues(b) != nil || len(p.tokens) > 0 {
				t.Errorf("width %d, %s: %d bytes of a vector, %d of tokens", w, name, len(p.vector), len(p.tokens))
			}
		}
	}
}

// Bytes that are no vector's are told, and of what is one nothing is lost when it is written again.
func FuzzStoredVector(f *testing.F) {
	for _, w := range widths {
		f.Add(storedBytes(ramp(2), maxsim.Pack(nil, tokenRows(1)), w))
		f.Add(storedBytes(unit(3), nil, w))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v := vectorValues(b)
		if v == nil {
			return
		}
		p, ok := partsOf(b)
		if !ok || len(p.vector)+len(p.tokens) > len(b) {
			t.Fatalf("a vector without parts: %+v", p)
		}
		if p.width == fullWidth {
			return // any numbers are
		}
		again := storedBytes(v, p.tokens, p.width)
		if got := vectorValues(again); got == nil || !bytes.Equal(storedBytes(got, p.tokens, p.width), again) {
			t.Error("what was read is written otherwise")
		}
	})
}

// A vector goes with its memory to the archive, under whichever key, is found there, and is made anew when the memory comes
// back; until then its code serves.
func TestArchivedVectors(t *testing.T) {
	r := newRig(t)
	for i, sc := range scope.All() {
		id, row := r.ms[sc].ID, r.row(t, sc)
		want := func(archived bool) {
			t.Helper()
			cold, err := r.catalog.ColdByRows(t.Context(), []int64{row})
			if err != nil || len(cold) != len(r.cold.of(row)) || (len(cold) == 1) != archived {
				t.Errorf("%s: %d vectors in the archive, %d listed, %v; want %t", sc, len(cold), len(r.cold.of(row)), err, archived)
			}
			_, err = r.kv.Get(kv.Vectors, vectorKey(row, "mini"))
			held := false
			for _, x := range r.vectors.all() {
				held = held || x.Has(row)
			}
			if errors.Is(err, kv.ErrNotFound) != archived || held == archived {
				t.Errorf("%s: in RocksDB %v, in FAISS %t; want it in the archive alone: %t", sc, err, held, archived)
			}
		}
		found := func(mode memory.Mode) bool {
			t.Helper()
			set, err := r.Candidates(t.Context(), memory.CandidateQuery{Vectors: map[string][]float32{"mini": unit(i)}, Mode: mode,
				Filter: memory.Filter{Scopes: []scope.Scope{sc}}})
			return err == nil && set.Exact && set.Pending == 0 && len(set.Candidates) == 1 && set.Candidates[0].Dense > .99
		}
		state := func(st memory.State) {
			t.Helper()
			_, err := r.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
				m.State = st
				return memory.Audit{Action: "revise"}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want(false)
		state(memory.Archived)
		want(true)
		if !found(memory.Accurate) || found(memory.Fast) {
			t.Errorf("%s: accurate mode must find it, fast mode must not", sc)
		}
		r.apart(t, func() {})
		want(true)
		if vs, err := r.vectorsOfRows(t.Context(), []int64{row}); err != nil || len(vs[row]["mini"]) != memory.Dim {
			t.Errorf("%s: its vector is %v, %v", sc, vs, err)
		}
		state(memory.Active)
		want(false)
		if !found(memory.Fast) {
			t.Errorf("%s: it is not found before it is embedded anew", sc)
		}
		jobs, err := r.Jobs(t.Context(), 10)
		if err != nil || len(jobs) != 1 || jobs[0].ID != id {
			t.Fatalf("%s: jobs %v, %v after the return", sc, jobs, err)
		}
		err = r.PutVectors(t.Context(), []memory.Vector{{ID: id, Version: jobs[0].Version, Space: "mini", Values: unit(i)}})
		if err != nil {
			t.Fatal(err)
		}
		want(false)
	}
	found, err := r.Check(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
}

// What an older version archived, its text as it is and its words in the full-text table, is archived anew in the background.
func TestArchivedAnew(t *testing.T) {
	r := newRig(t)
	id := r.add(t, "The heron stands in the marsh, and waits for fish, and stands in the marsh, and waits for fish.", scope.Project, unit(7))
	if _, err := r.Change(t.Context(), id, "", func(m *memory.Memory) (memory.Audit, error) {
		m.State = memory.Archived
		return memory.Audit{Action: "archive"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.WaitRenewed(t.Context()), r.catalog.SettleWords(t.Context())); err != nil {
		t.Fatal(err)
	}
	row := int64(0)
	r.inTx(t, func(tx *catalog.Tx) error {
		rec, _, err := tx.ByID(id)
		if err != nil {
			return err
		}
		m, err := r.Store.open(&rec)
		if err != nil {
			return err
		}
		l, err := r.openLex(&rec)
		if err != nil {
			return err
		}
		if rec.Body, err = encodeBody(&m); err != nil {
			return err
		}
		row, rec.Lex = rec.Row, l.encode(rec.Body)
		return errors.Join(tx.UpdateAttributes(&rec), tx.PutWords(rec.Row, l.words()))
	})
	r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM meta WHERE key = 'archived'`) })
	if err := r.WaitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := r.catalog.WholeByRows(t.Context(), []int64{row})
	if err != nil || len(records) != 1 || records[0].Body[0] == bodyPlain {
		t.Errorf("its text is %v, %v; want it packed", records, err)
	}
	err = r.catalog.FullTextRows(t.Context(), func(got int64) error {
		if got == row {
			t.Error("its words are in the full-text table")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	p, err := r.Search(t.Context(), memory.SearchQuery{Text: "waits fish", Filter: memory.Filter{States: []memory.State{memory.Archived}}})
	if err != nil || len(p.Memories) != 1 || p.Memories[0].ID != id {
		t.Errorf("a search of the archive gives %v, %v", p.Memories, err)
	}
	if found, err := r.Check(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
}
