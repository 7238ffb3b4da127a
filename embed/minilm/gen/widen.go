//go:build ignore

// Command widen writes the conversion of half precision to single precision; see the go:generate lines in
// kernel_amd64.go.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	TEXT("widenF16C", NOSPLIT, "func(dst *float32, src *uint16, blocks int)")
	Doc("widenF16C converts blocks × 16 numbers, blocks ≥ 1.")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	blocks := Load(Param("blocks"), GP64())
	Label("loop")
	low, high := YMM(), YMM()
	VCVTPH2PS(Mem{Base: src}, low)
	VCVTPH2PS(Mem{Base: src, Disp: 16}, high)
	VMOVUPS(low, Mem{Base: dst})
	VMOVUPS(high, Mem{Base: dst, Disp: 32})
	for _, p := range []struct {
		base reg.Register
		size uint64
	}{{src, 32}, {dst, 64}} {
		ADDQ(Imm(p.size), p.base)
	}
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
	Generate()
}
