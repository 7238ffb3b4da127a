package minilm

// kernels are the inner loops, chosen once for the processor.
type kernels struct {
	name string
	rows int // most rows of A in one call of gemm
	cols int // columns of C in one call of gemm: 16 or 32

	// gemm computes c[r*ldc+j] = Σ a[r*lda+i] · B[i][j] over i < k, for r < rows and j < cols. B lies in panels of 16
	// columns: column j of row i is b[(j/16)*panel+i*16+j%16].
	gemm func(rows, k int, a []float32, lda int, b []float32, panel int, c []float32, ldc int)

	// widen converts half-precision numbers; len(dst) = len(src) is a multiple of 16.
	widen func(dst []float32, src []uint16)
}

const panelCols = 16

// matmul computes C = A·B for any number of rows; cols is a multiple of k.cols. The lengths of the tiles are evened
// out, since short ones leave the multipliers waiting for one another.
func (k *kernels) matmul(rows, depth, cols int, a []float32, lda int, b []float32, c []float32, ldc int) {
	if rows == 0 {
		return
	}
	panel := depth * panelCols
	tiles := (rows + k.rows - 1) / k.rows
	for j := 0; j < cols; j += k.cols {
		bj := b[j/panelCols*panel:]
		for t := range tiles {
			from, to := t*rows/tiles, (t+1)*rows/tiles
			k.gemm(to-from, depth, a[from*lda:], lda, bj, panel, c[from*ldc+j:], ldc)
		}
	}
}

// portable are the kernels in Go.
var portable = kernels{name: "portable", rows: 4, cols: 16, gemm: gemmPortable, widen: widenPortable}

func gemmPortable(rows, k int, a []float32, lda int, b []float32, _ int, c []float32, ldc int) {
	for r := range rows {
		ar := a[r*lda : r*lda+k]
		for j := 0; j < panelCols; j += 4 {
			var s0, s1, s2, s3 float32
			at := j
			for _, x := range ar {
				row := b[at : at+4 : at+4]
				s0 += x * row[0]
				s1 += x * row[1]
				s2 += x * row[2]
				s3 += x * row[3]
				at += panelCols
			}
			cr := c[r*ldc+j : r*ldc+j+4]
			cr[0], cr[1], cr[2], cr[3] = s0, s1, s2, s3
		}
	}
}

func widenPortable(dst []float32, src []uint16) {
	for i, h := range src {
		dst[i] = widenHalf(h)
	}
}
