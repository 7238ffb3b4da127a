package minilm

import (
	"encoding/binary"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	embedding "github.com/elderzan/elderzan/embed"
)

var update = flag.Bool("update", false, "find the directions of projection.f16 anew")

// learned are the texts that the projection comes from, one a line, and those it is tried on.
const (
	learnedFrom = "../../memory/storage/internal/recalleval/testdata"
	triedOn     = "The children went swimming in the lake, and Tom's sister took pictures of a heron!"
)

// The rows stand at right angles to each other and have length 1, and hold much more of what tells tokens apart than any 64 of
// 384 dimensions would, which is a sixth.
func TestProjection(t *testing.T) {
	m := open(t, available()[0], Options{})
	if *update {
		writeProjection(t, m)
	}
	l := newProjection()
	rows := make([][]float64, l.out)
	for i := range rows {
		rows[i] = make([]float64, hidden)
		for j := range rows[i] {
			rows[i][j] = float64(widenHalf(l.w[i/panelCols*hidden*panelCols+j*panelCols+i%panelCols]))
		}
	}
	for i, a := range rows {
		for k, b := range rows[:i+1] {
			want := 0.0
			if i == k {
				want = 1
			}
			if got := product64(a, b); math.Abs(got-want) > 2e-3 {
				t.Errorf("rows %d and %d: product %v", i, k, got)
			}
		}
	}
	if len(projectionFile) != 2*(l.out*hidden+l.out) {
		t.Errorf("%d bytes", len(projectionFile))
	}
	kept, all := 0.0, 0.0
	states := tokenStates(t, m, triedOn)
	mean := make([]float64, hidden)
	for _, s := range states {
		for j, v := range s {
			mean[j] += v / float64(len(states))
		}
	}
	for _, s := range states {
		for j := range s {
			s[j] -= mean[j]
		}
		all += product64(s, s)
		for _, r := range rows {
			p := product64(s, r)
			kept += p * p
		}
	}
	if share := kept / all; share < .25 {
		t.Errorf("the projection keeps %.2f of what tells tokens apart", share)
	} else {
		t.Logf("kept %.2f", share)
	}
}

func product64(a, b []float64) (s float64) {
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

// tokenStates returns the tokens of text in all dimensions, each of length 1.
func tokenStates(t *testing.T, m *Model, text string) [][]float64 {
	t.Helper()
	l, release, err := m.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ids := marked(l.tokens.encode(text, MaxTokens-2))
	x, err := l.weights.forward(m.kernels, new(scratch), l.file, [][]int32{ids})
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]float64, len(ids)-2)
	for i := range out {
		row := x[(i+1)*hidden : (i+2)*hidden]
		normalise(row)
		for _, v := range row {
			out[i] = append(out[i], float64(v))
		}
	}
	return out
}

// writeProjection finds the directions that hold most of the tokens' lengths by repeated multiplication (orthogonal iteration).
func writeProjection(t *testing.T, m *Model) {
	t.Helper()
	square, mean, count := make([][]float64, hidden), make([]float64, hidden), 0.0
	for i := range square {
		square[i] = make([]float64, hidden)
	}
	for _, name := range []string{"notes.txt", "notes-more.txt", "questions.txt", "questions-more.txt"} {
		raw, err := os.ReadFile(filepath.Join(learnedFrom, name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			for _, s := range tokenStates(t, m, line) {
				count++
				for i, v := range s {
					mean[i] += v
					for j := range i + 1 {
						square[i][j] += v * s[j]
					}
				}
			}
		}
	}
	for i := range square {
		for j := range i + 1 {
			square[i][j] -= mean[i] * mean[j] / count
			square[j][i] = square[i][j]
		}
	}
	rows := make([][]float64, embedding.TokenDim)
	for i := range rows {
		rows[i] = make([]float64, hidden)
		rows[i][i] = 1
	}
	for range 100 {
		next := make([][]float64, len(rows))
		for i, r := range rows {
			next[i] = make([]float64, hidden)
			for j := range next[i] {
				next[i][j] = product64(square[j], r)
			}
			for range 2 { // once leaves what rounding brings
				for _, before := range next[:i] {
					share := product64(next[i], before)
					for j := range next[i] {
						next[i][j] -= share * before[j]
					}
				}
			}
			length := math.Sqrt(product64(next[i], next[i]))
			for j := range next[i] {
				next[i][j] /= length
			}
		}
		rows = next
	}
	var out []byte
	for _, r := range rows {
		for _, v := range r {
			out = binary.LittleEndian.AppendUint16(out, narrowHalf(float32(v)))
		}
	}
	for _, r := range rows {
		out = binary.LittleEndian.AppendUint16(out, narrowHalf(float32(product64(r, mean)/count)))
	}
	if err := os.WriteFile("projection.f16", out, 0o644); err != nil {
		t.Fatal(err)
	}
	projectionFile = out
}

// narrowHalf converts a number of size 2⁻¹⁴ to 1, or a smaller one, which becomes 0, to half precision, to nearest.
func narrowHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign, size := uint16(bits>>16)&0x8000, bits&0x7FFFFFFF
	if size < 113<<23 { // below the least normal number
		return sign
	}
	return sign | uint16((size-112<<23+0x1000)>>13)
}
