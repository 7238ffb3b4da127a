package minilm

import "golang.org/x/sys/cpu"

//go:generate go run gen/gemm.go -isa avx2 -out gemm_avx2_amd64.s -stubs gemm_avx2_amd64.go -pkg minilm
//go:generate go run gen/gemm.go -isa avx512 -out gemm_avx512_amd64.s -stubs gemm_avx512_amd64.go -pkg minilm
//go:generate go run gen/widen.go -out widen_amd64.s -stubs widen_amd64.go -pkg minilm

// available lists the kernels that this processor can run, the fastest first.
func available() []*kernels {
	var list []*kernels
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C
	if avx2 && cpu.X86.HasAVX512F {
		list = append(list, &kernels{name: "avx512", rows: 12, cols: 32, gemm: checked(gemmAVX512, 32), widen: widenAsm})
	}
	if avx2 {
		list = append(list, &kernels{name: "avx2", rows: 6, cols: 16, gemm: checked(gemmAVX2, 16), widen: widenAsm})
	}
	return append(list, &portable)
}

type gemmAsm func(rows, k int, a *float32, lda int, b *float32, panel int, c *float32, ldc int)

// checked makes a kernel panic rather than read or write outside of its slices.
func checked(asm gemmAsm, cols int) func(rows, k int, a []float32, lda int, b []float32, panel int, c []float32, ldc int) {
	return func(rows, k int, a []float32, lda int, b []float32, panel int, c []float32, ldc int) {
		_ = a[(rows-1)*lda+k-1]
		_ = b[(cols/panelCols-1)*panel+k*panelCols-1]
		_ = c[(rows-1)*ldc+cols-1]
		asm(rows, k, &a[0], lda*4, &b[0], panel*4, &c[0], ldc*4)
	}
}

func widenAsm(dst []float32, src []uint16) {
	if blocks := len(src) / 16; blocks > 0 {
		_ = dst[blocks*16-1]
		widenF16C(&dst[0], &src[0], blocks)
	}
}
