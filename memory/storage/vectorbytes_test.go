package storage

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
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

// A vector goes with its memory to the archive in fewer bits, under whichever key, is found there, and is made anew when the
// memory comes back.
func TestArchivedVectors(t *testing.T) {
	r := newRig(t)
	for i, sc := range scope.All() {
		id, row := r.ms[sc].ID, r.row(t, sc)
		wantWidth := func(want width) {
			t.Helper()
			b, err := r.kv.Get(kv.Vectors, vectorKey(row, "mini"))
			if p, _ := partsOf(b); err != nil || p.width != want {
				t.Errorf("%s: width %d, %v; want %d", sc, p.width, err, want)
			}
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
		wantWidth(warmWidth)
		state(memory.Archived)
		wantWidth(coldWidth)
		set, err := r.Candidates(t.Context(), memory.CandidateQuery{Vectors: map[string][]float32{"mini": unit(i)}, Mode: memory.Accurate,
			Filter: memory.Filter{Scopes: []scope.Scope{sc}}})
		if err != nil || len(set.Candidates) != 1 || set.Candidates[0].Dense < .99 {
			t.Errorf("%s: the archive gives %v, %v", sc, set, err)
		}
		state(memory.Active)
		jobs, err := r.Jobs(t.Context(), 10)
		if err != nil || len(jobs) != 1 || jobs[0].ID != id {
			t.Fatalf("%s: jobs %v, %v after the return", sc, jobs, err)
		}
		err = r.PutVectors(t.Context(), []memory.Vector{{ID: id, Version: jobs[0].Version, Space: "mini", Values: unit(i)}})
		if err != nil {
			t.Fatal(err)
		}
		wantWidth(warmWidth)
	}
	found, err := r.Check(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
}
