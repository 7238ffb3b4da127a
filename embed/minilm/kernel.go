package minilm

// kernels are the inner loops, chosen once for the processor.
type kernels struct {
	name string
	gemm gemm[float32]
	half gemm[uint16] // of an even k; without run where there is none

	// widen converts half-precision numbers; len(dst) = len(src) is a multiple of 16.
	widen func(dst []float32, src []uint16)

	// gelu replaces each number of x, of which there is a multiple of 8, by x·Φ(x).
	gelu func(x []float32)

	// softmax replaces each of the first n ≥ 1 numbers of x by its share of Σ e^(scale·x), and the others, up to a
	// multiple of 8, by next to nothing.
	softmax func(x []float32, n int, scale float32)

	// norm adds y to x and normalises the sum; see addNorm in math.go.
	norm func(x, y, gain, bias []float32)
}

// gemm multiplies a tile by numbers in single or half precision.
type gemm[B float32 | uint16] struct {
	rows int // most rows of A in one call
	cols int // columns of C in one call: 16 or 32

	// run computes c[r*ldc+j] = bias[j] + Σ a[r*lda+i] · B[i][j] over i < k, for r < rows and j < cols. B lies in panels
	// of 16 columns: column j of row i is b[(j/16)*panel+i*16+j%16].
	run func(rows, k int, a []float32, lda int, b []B, panel int, bias, c []float32, ldc int)
}

const panelCols = 16

// multiply computes C = A·B + bias for any number of rows; cols is a multiple of g.cols. The lengths of the tiles are evened
// out, since short ones leave the multipliers waiting for one another.
func (g *gemm[B]) multiply(rows, depth, cols int, a []float32, lda int, b []B, bias, c []float32, ldc int) {
	panel := depth * panelCols
	tiles := (rows + g.rows - 1) / g.rows
	for j := 0; j < cols; j += g.cols {
		bj := b[j/panelCols*panel:]
		for t := range tiles {
			from, to := t*rows/tiles, (t+1)*rows/tiles
			g.run(to-from, depth, a[from*lda:], lda, bj, panel, bias[j:], c[from*ldc+j:], ldc)
		}
	}
}

// portable are the kernels in Go.
var portable = kernels{
	name: "portable", gemm: gemm[float32]{4, 16, gemmPortable},
	widen: widenPortable, gelu: geluPortable, softmax: softmaxPortable, norm: addNorm,
}

// gemmPortable makes four columns of a row at a time: with more, compilers run out of registers and it gets slower.
func gemmPortable(rows, k int, a []float32, lda int, b []float32, _ int, bias, c []float32, ldc int) {
	for r := range rows {
		x := a[r*lda : r*lda+k]
		for j := 0; j < panelCols; j += 4 {
			s0, s1, s2, s3 := bias[j], bias[j+1], bias[j+2], bias[j+3]
			at := j
			for _, v := range x {
				row := b[at : at+4 : at+4]
				s0 += v * row[0]
				s1 += v * row[1]
				s2 += v * row[2]
				s3 += v * row[3]
				at += panelCols
			}
			out := c[r*ldc+j : r*ldc+j+4]
			out[0], out[1], out[2], out[3] = s0, s1, s2, s3
		}
	}
}

func widenPortable(dst []float32, src []uint16) {
	for i, h := range src {
		dst[i] = widenHalf(h)
	}
}

func geluPortable(x []float32) {
	for i, v := range x {
		x[i] = gelu(v)
	}
}

func softmaxPortable(x []float32, n int, scale float32) {
	softmax(x[:n], scale)
	clear(x[n:])
}
