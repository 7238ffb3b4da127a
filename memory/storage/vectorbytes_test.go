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
			b := vectorBytes(v, w)
			if len(b) != w.size() || widthOf(b) != w {
				t.Fatalf("width %d: %d bytes, taken for width %d", w, len(b), widthOf(b))
			}
			got := vectorValues(b)
			if !bytes.Equal(vectorBytes(got, w), b) {
				t.Errorf("width %d: what was read is written otherwise", w)
			}
			var dot, square float64
			for i := range v {
				dot += float64(v[i]) * float64(got[i])
				square += float64(got[i]) * float64(got[i])
			}
			least := map[width]float64{warmWidth: .999995, coldWidth: .9994, fullWidth: .9999999}[w]
			if math.Abs(square-1) > 1e-5 || dot < least {
				t.Errorf("width %d: squared length %.7f, cosine with what was written %.7f", w, square, dot)
			}
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 7), make([]byte, warmWidth.size()), make([]byte, coldWidth.size())} {
		if v := vectorValues(b); v != nil {
			t.Errorf("%d bytes of nothing are a vector", len(b))
		}
	}
}

// Tokens behind a vector come back and leave it alone, and what is neither is taken for neither.
func TestTokensBehindVectors(t *testing.T) {
	packed := maxsim.Pack(nil, tokenRows(1))
	for _, w := range widths {
		vector := vectorBytes(ramp(2), w)
		b := withTokens(slices.Clone(vector), packed, w)
		gotVector, gotTokens := cutTokens(b)
		want := packed
		if w == coldWidth {
			want = nil
		}
		if !bytes.Equal(gotVector, vector) || !bytes.Equal(gotTokens, want) || widthOf(b) != w {
			t.Errorf("width %d: %d and %d bytes; want %d and %d", w, len(gotVector), len(gotTokens), len(vector), len(want))
		}
		if !slices.Equal(vectorValues(b), vectorValues(vector)) || !bytes.Equal(vectorSum(b), vectorSum(vector)) {
			t.Errorf("width %d: another vector with tokens behind it", w)
		}
		if same := withTokens(slices.Clone(vector), nil, w); !bytes.Equal(same, vector) {
			t.Errorf("width %d: no tokens take %d bytes", w, len(same)-len(vector))
		}
	}
	warm := withTokens(vectorBytes(ramp(2), warmWidth), packed, warmWidth)
	for name, b := range map[string][]byte{
		"a byte more":     append(slices.Clone(warm), 0, 0),
		"half a token":    append(slices.Clone(warm[:len(warm)-17]), byte(warmWidth)),
		"another width":   append(slices.Clone(warm[:len(warm)-1]), 11),
		"no token":        append(vectorBytes(ramp(2), warmWidth), byte(warmWidth)),
		"the width alone": {byte(warmWidth)},
	} {
		if v, k := cutTokens(b); v != nil || k != nil || vectorValues(b) != nil {
			t.Errorf("%s: %d bytes of a vector, %d of tokens", name, len(v), len(k))
		}
	}
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
			if err != nil || widthOf(b) != want {
				t.Errorf("%s: width %d, %v; want %d", sc, widthOf(b), err, want)
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
