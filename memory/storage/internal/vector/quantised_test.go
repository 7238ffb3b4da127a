package vector

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// rowsOf returns random unit vectors and rows of their codes.
func rowsOf(t *testing.T, r *rand.Rand, dim, bits, n int) (*quantised, []float32) {
	t.Helper()
	rot, err := newRotation(dim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rot.free)
	c, err := newCodec(bits, rot)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.free)
	q, err := newQuantised(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.free)
	var vecs []float32
	for range n {
		vecs = append(vecs, randomUnit(r, dim)...)
	}
	b, err := q.encode(vecs)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.add(b, 0, n); err != nil {
		t.Fatal(err)
	}
	return q, vecs
}

func inner(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// On all widths, as the kernels read blocks and must not read over: what is estimated is what codes and scales say, it is
// no more wrong than promised, and the kernels agree.
func TestEstimates(t *testing.T) {
	const n = 9
	r := rand.New(rand.NewPCG(8, 8))
	for _, dim := range []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 200, 255, 256, 257, 768, 2000} {
		for _, bits := range []int{4, 8} {
			q, vecs := rowsOf(t, r, dim, bits, n)
			query := randomUnit(r, dim)
			list := []int64{8, 0, 3, 3, 7, 1, 2, 4, 5, 6}
			scan, listed, dots := make([]float32, n), make([]float32, len(list)), make([]float32, len(list))
			var plain [3][]float32
			for _, kernels := range []int{scalar, avx2, avx512} {
				limitKernels(kernels)
				a := q.ask(query)
				if err := errors.Join(q.scan(a, 0, scan), q.scanList(a, list, listed), q.dots(a, list, dots, nil)); err != nil {
					t.Fatal(err)
				}
				if kernels == scalar {
					plain = [3][]float32{slices.Clone(scan), slices.Clone(listed), slices.Clone(dots)}
					continue
				}
				again, spreads := make([]float32, len(list)), make([]float32, len(list))
				if err := q.dots(a, list, again, spreads); err != nil || !slices.Equal(again, dots) {
					t.Fatalf("dim %d, %d bits: with spreads %v, %v; want %v", dim, bits, again, err, dots)
				}
				for i, row := range list {
					one, err := q.encode(vecs[int(row)*dim : int(row+1)*dim])
					if err != nil {
						t.Fatal(err)
					}
					if got := spreads[i]; got < one.spread-1e-6 || got > one.spread+.002 {
						t.Errorf("dim %d, %d bits: spread %g of a row that has %g", dim, bits, got, one.spread)
					}
					truth := inner(query, vecs[int(row)*dim:int(row+1)*dim])
					if off := math.Abs(float64(dots[i]) - truth); off > float64(q.spread)+1e-5 || off > float64(q.margin(certain)) {
						t.Errorf("dim %d, %d bits: estimate %g of %g with spread %g", dim, bits, dots[i], truth, q.spread)
					}
					at := q.marginAt(a, spreads[i], float32(truth), certain)
					if off := math.Abs(float64(dots[i]) - truth); off > float64(at) || at > q.margin(certain) {
						t.Errorf("dim %d, %d bits: estimate %g of %g; the row's margin is %g, that of all %g", dim, bits, dots[i], truth, at, q.margin(certain))
					}
					if off := math.Abs(float64(listed[i] - dots[i])); off > float64(a.loss)+1e-5 || listed[i] != scan[row] {
						t.Errorf("dim %d, %d bits: scan %g, list %g, dots %g, loss %g", dim, bits, scan[row], listed[i], dots[i], a.loss)
					}
					for what, pair := range map[string][2]float32{
						"scan": {scan[row], plain[0][row]}, "list": {listed[i], plain[1][i]}, "dots": {dots[i], plain[2][i]},
					} {
						// The question is rounded to steps: one number that lies between two may fall to either side. A step is √12
						// times what rounding loses of one number, and a code stands for less than 3/√dim.
						if step := 11 * float64(a.loss) / float64(dim); math.Abs(float64(pair[0]-pair[1])) > 1e-4+step {
							t.Errorf("dim %d, %d bits: %s gives %g with vector instructions, %g without", dim, bits, what, pair[0], pair[1])
						}
					}
				}
			}
			codes, scale, err := q.codes(2, 1)
			if err != nil {
				t.Fatal(err)
			}
			y, err := q.codec.decode(codes)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := float64(dots[6]), float64(scale[0])*inner(q.codec.rotate(query), y); math.Abs(got-want) > 1e-4 {
				t.Errorf("dim %d, %d bits: estimate %g, by hand %g", dim, bits, got, want)
			}
			if back := q.codec.rot.back(y); inner(back, vecs[2*dim:3*dim]) < 0.8 {
				t.Errorf("dim %d, %d bits: the code stands for a vector of similarity %g", dim, bits, inner(back, vecs[2*dim:3*dim]))
			}
		}
	}
}

// The margin says that errors are as those of a random direction. It would be too small if they were larger, and useless
// if they were far smaller.
func TestMarginIsThatOfARandomDirection(t *testing.T) {
	const dim, n, queries = 768, 400, 25
	r := rand.New(rand.NewPCG(9, 9))
	for _, bits := range []int{4, 8} {
		q, vecs := rowsOf(t, r, dim, bits, n)
		one := float64(q.spread) / math.Sqrt(dim-1)
		var sum, most float64
		for range queries {
			query := randomUnit(r, dim)
			// Vectors that are far from random: along an axis, and nearly those that are stored.
			switch r.IntN(3) {
			case 0:
				clear(query)
				query[r.IntN(dim)] = 1
			case 1:
				copy(query, vecs[dim*r.IntN(n):])
			}
			list, est := make([]int64, n), make([]float32, n)
			for i := range list {
				list[i] = int64(i)
			}
			if err := q.dots(q.ask(query), list, est, nil); err != nil {
				t.Fatal(err)
			}
			for i := range est {
				off := math.Abs(float64(est[i])-inner(query, vecs[i*dim:(i+1)*dim])) / one
				sum, most = sum+off*off, max(most, off)
			}
		}
		rms := math.Sqrt(sum / (n * queries))
		if rms < 0.6 || rms > 1.1 || most > 6 {
			t.Errorf("%d bits: errors of %.2f on average and %.2f at most, in units of the margin's", bits, rms, most)
		}
	}
}

// A vector is encoded the same whether alone or among others: Matches depends on it.
func TestEncodingDoesNotDependOnNeighbours(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, kernels := range []int{scalar, avx2, avx512} {
		limitKernels(kernels)
		for _, dim := range []int{5, 64, 768} {
			q, vecs := rowsOf(t, r, dim, 4, 11)
			all, _, err := q.codes(0, 11)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 11 {
				b, err := q.encode(vecs[i*dim : (i+1)*dim])
				if err != nil || !slices.Equal(b.codes, all[i*len(b.codes):(i+1)*len(b.codes)]) {
					t.Errorf("dim %d: vector %d alone has another code: %v", dim, i, err)
				}
			}
		}
	}
}

// Many rows are looked at in parts, each of which says of a row what it says of the row alone, wherever a look begins.
func TestScanInParts(t *testing.T) {
	const dim, n = 768, 700
	r := rand.New(rand.NewPCG(3, 3))
	q, _ := rowsOf(t, r, dim, 4, n)
	a, list := q.ask(randomUnit(r, dim)), make([]int64, n)
	for i := range list {
		list[i] = int64(i)
	}
	want := make([]float32, n)
	if err := q.scanList(a, list, want); err != nil {
		t.Fatal(err)
	}
	for _, first := range []int{0, 1, 255, 256, 300, n - 1} {
		got := make([]float32, n-first)
		if err := q.scan(a, first, got); err != nil || !slices.Equal(got, want[first:]) {
			t.Errorf("from row %d on: %v, or other estimates than row by row", first, err)
		}
	}
}

func TestRowErrorsAreReported(t *testing.T) {
	q, vecs := rowsOf(t, rand.New(rand.NewPCG(1, 1)), 4, 4, 3)
	a, one := q.ask(vecs[:4]), make([]float32, 1)
	b, err := q.encode(vecs[:4])
	if err != nil {
		t.Fatal(err)
	}
	_, _, getErr := q.codes(2, 2)
	_, zeroErr := q.encode(make([]float32, 4))
	for what, err := range map[string]error{
		"set": q.set(3, b, 0), "get": getErr, "read": q.read(3, make([]byte, q.rowBytes())), "scan": q.scan(a, 3, one),
		"list": q.scanList(a, []int64{-1}, one), "dots": q.dots(a, []int64{3}, one, nil), "shrink": q.shrink([]int64{0}, []int64{8}, 1),
		"grow": q.shrink(nil, nil, 4), "reserve": q.reserve(math.MaxInt64), "zero": zeroErr,
	} {
		if err == nil {
			t.Errorf("%s out of range gave no error", what)
		}
	}
}

func TestMarginCountsLengths(t *testing.T) {
	q, _ := rowsOf(t, rand.New(rand.NewPCG(1, 1)), 768, 4, 1)
	q.skew = 0
	before := q.margin(certain)
	q.skew = 0.004
	if got := q.margin(certain) - before; math.Abs(float64(got)-0.004) > 1e-6 {
		t.Errorf("lengths that differ by 0.008 widen the margin by %g", got)
	}
	if likely, guess := q.margin(likely), q.margin(guessed); !(before+0.004 >= likely && likely > guess) {
		t.Errorf("margins %g, %g, %g", before, likely, guess)
	}
	a := q.ask(randomUnit(rand.New(rand.NewPCG(1, 1)), 768))
	far, near, none := q.marginAt(a, q.spread, 0, certain), q.marginAt(a, q.spread, .9, certain), q.marginAt(a, q.spread, float32(math.Inf(-1)), certain)
	if near-q.skew > (far-q.skew)/2 || none < far || q.marginAt(a, q.spread, 2, certain) < q.skew {
		t.Errorf("margins at .9, 0 and below anything: %g, %g, %g", near, far, none)
	}
}
