package minilm

import "golang.org/x/sys/cpu"

//go:generate go run gen/gemm.go -isa avx2 -out gemm_avx2_amd64.s -stubs gemm_avx2_amd64.go -pkg minilm
//go:generate go run gen/gemm.go -isa avx512 -out gemm_avx512_amd64.s -stubs gemm_avx512_amd64.go -pkg minilm
//go:generate go run gen/vector.go -out vector_amd64.s -stubs vector_amd64.go -pkg minilm
//go:generate go run gen/widen.go -out widen_amd64.s -stubs widen_amd64.go -pkg minilm

// available lists the kernels that this processor can run, the fastest first.
func available() []*kernels {
	var list []*kernels
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C
	vectors := kernels{widen: widenAsm, gelu: geluAsm, softmax: softmaxAsm}
	if avx2 && cpu.X86.HasAVX512F {
		k := vectors
		k.name, k.rows, k.cols, k.gemm = "avx512", 12, 32, checked(gemmAVX512, 32)
		list = append(list, &k)
	}
	if avx2 {
		k := vectors
		k.name, k.rows, k.cols, k.gemm = "avx2", 6, 16, checked(gemmAVX2, 16)
		list = append(list, &k)
	}
	return append(list, &portable)
}

type gemmAsm func(rows, k int, a *float32, lda int, b *float32, panel int, bias *float32, c *float32, ldc int)

// checked makes a kernel panic rather than read or write outside of its slices.
func checked(asm gemmAsm, cols int) gemm {
	return func(rows, k int, a []float32, lda int, b []float32, panel int, bias, c []float32, ldc int) {
		_ = a[(rows-1)*lda+k-1]
		_ = b[(cols/panelCols-1)*panel+k*panelCols-1]
		_ = bias[cols-1]
		_ = c[(rows-1)*ldc+cols-1]
		asm(rows, k, &a[0], lda*4, &b[0], panel*4, &bias[0], &c[0], ldc*4)
	}
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

func widenAsm(dst []float32, src []uint16) {
	if blocks := len(src) / 16; blocks > 0 {
		_ = dst[blocks*16-1]
		widenF16C(&dst[0], &src[0], blocks)
	}
}
