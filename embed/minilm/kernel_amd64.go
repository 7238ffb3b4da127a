package minilm

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run gen/gemm.go -isa avx2 -out gemm_avx2_amd64.s -stubs gemm_avx2_amd64.go -pkg minilm
//go:generate go run gen/gemm.go -isa avx512 -out gemm_avx512_amd64.s -stubs gemm_avx512_amd64.go -pkg minilm
//go:generate go run gen/vector.go -out vector_amd64.s -stubs vector_amd64.go -pkg minilm
//go:generate go run gen/widen.go -out widen_amd64.s -stubs widen_amd64.go -pkg minilm

// available lists the kernels that this processor can run, the fastest first.
func available() []*kernels {
	var list []*kernels
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C
	vectors := kernels{widen: widenAsm, gelu: geluAsm, softmax: softmaxAsm, norm: normAsm}
	if avx2 && cpu.X86.HasAVX512F {
		k := vectors
		k.name, k.gemm, k.half = "avx512", checked(14, 32, gemmAVX512), checked(28, 16, gemmHalfAVX512)
		list = append(list, &k)
	}
	if avx2 {
		k := vectors
		k.name, k.gemm, k.half = "avx2", checked(6, 16, gemmAVX2), checked(6, 16, gemmHalfAVX2)
		list = append(list, &k)
	}
	return append(list, &portable)
}

type gemmAsm[B float32 | uint16] func(rows, k int, a *float32, lda int, b *B, panel int, bias *float32, c *float32, ldc int)

// checked makes a kernel panic rather than read or write outside of its slices.
func checked[B float32 | uint16](rows, cols int, asm gemmAsm[B]) gemm[B] {
	return gemm[B]{rows, cols, func(rows, k int, a []float32, lda int, b []B, panel int, bias, c []float32, ldc int) {
		_ = a[(rows-1)*lda+k-1]
		_ = b[(cols/panelCols-1)*panel+k*panelCols-1]
		_ = bias[cols-1]
		_ = c[(rows-1)*ldc+cols-1]
		asm(rows, k, &a[0], lda*4, &b[0], panel*int(unsafe.Sizeof(b[0])), &bias[0], &c[0], ldc*4)
	}}
}

func geluAsm(x []float32) {
	if blocks := len(x) / 8; blocks > 0 {
		geluAVX2(&x[0], blocks)
	}
}

func softmaxAsm(x []float32, n int, scale float32) {
	for i := n; i < len(x); i++ {
		x[i] = lowest
	}
	if blocks := len(x) / 8; blocks > 0 {
		softmaxAVX2(&x[0], blocks, scale)
	}
}

func normAsm(x, y, gain, bias []float32) {
	_, _, _, _ = x[hidden-1], y[hidden-1], gain[hidden-1], bias[hidden-1]
	normAVX2(&x[0], &y[0], &gain[0], &bias[0], hidden/32, hidden, normEpsilon)
}

func widenAsm(dst []float32, src []uint16) {
	if blocks := len(src) / 16; blocks > 0 {
		_ = dst[blocks*16-1]
		widenF16C(&dst[0], &src[0], blocks)
	}
}
