//go:build ignore

// Command vector writes the activation functions of package minilm; see the go:generate lines in kernel_amd64.go. They
// follow gelu, exp and softmax of math.go step by step, eight numbers at a time.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// eight declares a constant vector of eight times the same four bytes.
func eight(name string, value Constant) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, value)
	}
	return m
}

var (
	expCoefficients  []Mem // highest power first
	tailCoefficients []Mem
	one, log2e, low  Mem
	exponentBias     Mem
)

func constants() {
	for i, c := range []float32{0.000154035297, 0.00133361165, 0.00961817249, 0.0555045713, 0.240226462, 0.693147182, 1} {
		expCoefficients = append(expCoefficients, eight("exp"+string(rune('a'+i)), F32(c)))
	}
	for i, c := range []float32{1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592} {
		tailCoefficients = append(tailCoefficients, eight("tail"+string(rune('a'+i)), F32(c)))
	}
	one = expCoefficients[6]
	log2e = eight("log2e", F32(float32(math.Log2E)))
	low = eight("low", F32(-87))
	exponentBias = eight("bias", U32(127))
}

// exp returns e^x for x ≤ 0, and clobbers x.
func exp(x reg.VecVirtual) reg.VecVirtual {
	VMAXPS(low, x, x)
	VMULPS(log2e, x, x)
	whole, result := YMM(), YMM()
	VROUNDPS(Imm(0), x, whole)
	VSUBPS(whole, x, x)
	VMOVUPS(expCoefficients[0], result)
	for _, c := range expCoefficients[1:] {
		VFMADD213PS(c, x, result)
	}
	VCVTPS2DQ(whole, whole)
	VPADDD(exponentBias, whole, whole)
	VPSLLD(Imm(23), whole, whole)
	VMULPS(whole, result, result)
	return result
}

func gelu() {
	TEXT("geluAVX2", NOSPLIT, "func(x *float32, blocks int)")
	Doc("geluAVX2 replaces blocks × 8 numbers, blocks ≥ 1, by their x·Φ(x).")
	Pragma("noescape")
	absolute := eight("absolute", U32(0x7FFFFFFF))
	root := eight("root", F32(float32(math.Sqrt2/2)))
	slope := eight("slope", F32(0.3275911))
	half := eight("half", F32(0.5))
	minus := eight("minus", U32(0x80000000))
	p := Load(Param("x"), GP64())
	blocks := Load(Param("blocks"), GP64())
	Label("gelu")
	x, z, t := YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: p}, x)
	VMULPS(root, x, z)
	VANDPS(absolute, z, z)
	VMOVUPS(slope, t)
	VFMADD213PS(one, z, t) // 1 + slope·z
	unit := YMM()
	VMOVUPS(one, unit)
	VDIVPS(t, unit, t)
	VMULPS(z, z, z)
	VXORPS(minus, z, z)
	e := exp(z)
	tail := YMM()
	VMOVUPS(tailCoefficients[0], tail)
	for _, c := range tailCoefficients[1:] {
		VFMADD213PS(c, t, tail)
	}
	VMULPS(t, tail, tail)
	VMULPS(half, tail, tail)
	VMULPS(e, tail, tail)
	VMULPS(x, tail, tail) // x·(1-Φ(|x|))
	positive := YMM()
	VSUBPS(tail, x, positive)
	VBLENDVPS(x, tail, positive, positive) // by the sign of x
	VMOVUPS(positive, Mem{Base: p})
	ADDQ(Imm(32), p)
	DECQ(blocks)
	JNZ(LabelRef("gelu"))
	VZEROUPPER()
	RET()
}

func softmax() {
	TEXT("softmaxAVX2", NOSPLIT, "func(x *float32, blocks int, scale float32)")
	Doc("softmaxAVX2 replaces each of blocks × 8 numbers, blocks ≥ 1, by its share of Σ e^(scale·x).")
	Pragma("noescape")
	start := Load(Param("x"), GP64())
	blocks := Load(Param("blocks"), GP64())
	scale := YMM()
	everywhere("scale", scale)
	top := YMM()
	VMOVUPS(Mem{Base: start}, top)
	each("top", start, blocks, func(p reg.Register) { VMAXPS(Mem{Base: p}, top, top) })
	across(top, VMAXPS)
	sum := YMM()
	VXORPS(sum, sum, sum)
	each("share", start, blocks, func(p reg.Register) {
		x := YMM()
		VMOVUPS(Mem{Base: p}, x)
		VSUBPS(top, x, x)
		VMULPS(scale, x, x)
		e := exp(x)
		VMOVUPS(e, Mem{Base: p})
		VADDPS(e, sum, sum)
	})
	across(sum, VADDPS)
	inverse := YMM()
	VMOVUPS(one, inverse)
	VDIVPS(sum, inverse, inverse)
	each("divide", start, blocks, func(p reg.Register) {
		x := YMM()
		VMULPS(Mem{Base: p}, inverse, x)
		VMOVUPS(x, Mem{Base: p})
	})
	VZEROUPPER()
	RET()
}

// everywhere loads a parameter into all places of v.
func everywhere(param string, v reg.VecVirtual) {
	address, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(address.Addr, v)
}

// each runs body for each block of eight numbers.
func each(label string, start, blocks reg.Register, body func(p reg.Register)) {
	p, n := GP64(), GP64()
	MOVQ(start, p)
	MOVQ(blocks, n)
	Label(label)
	body(p)
	ADDQ(Imm(32), p)
	DECQ(n)
	JNZ(LabelRef(label))
}

// across leaves in all eight places of v what op makes of the eight.
func across(v reg.VecVirtual, op func(...Op)) {
	other := YMM()
	VPERM2F128(Imm(1), v, v, other)
	op(other, v, v)
	VPERMILPS(Imm(0x4E), v, other)
	op(other, v, v)
	VPERMILPS(Imm(0xB1), v, other)
	op(other, v, v)
}

// norm follows addNorm of math.go, but adds up 32 numbers at a time.
func norm() {
	TEXT("normAVX2", NOSPLIT, "func(x, y, gain, bias *float32, blocks int, n, epsilon float32)")
	Doc("normAVX2 adds y to x, of blocks × 32 = n numbers, blocks ≥ 1, and brings the sum to mean 0 and deviation 1, times gain, plus",
		"bias. epsilon is added to the square of the deviation.")
	Pragma("noescape")
	x, y := Load(Param("x"), GP64()), Load(Param("y"), GP64())
	gain, bias := Load(Param("gain"), GP64()), Load(Param("bias"), GP64())
	blocks := Load(Param("blocks"), GP64())
	count, epsilon := YMM(), YMM()
	everywhere("n", count)
	everywhere("epsilon", epsilon)
	// The rows stay in L1: three passes cost less than keeping them in registers.
	mean := reduced("sum", blocks, []reg.Register{x, y}, func(p []reg.Register, at int, sum reg.VecVirtual) {
		v := YMM()
		VMOVUPS(Mem{Base: p[0], Disp: at}, v)
		VADDPS(Mem{Base: p[1], Disp: at}, v, v)
		VMOVUPS(v, Mem{Base: p[0], Disp: at})
		VADDPS(v, sum, sum)
	})
	VDIVPS(count, mean, mean)
	scale := reduced("square", blocks, []reg.Register{x}, func(p []reg.Register, at int, sum reg.VecVirtual) {
		v := YMM()
		VMOVUPS(Mem{Base: p[0], Disp: at}, v)
		VSUBPS(mean, v, v)
		VFMADD231PS(v, v, sum)
	})
	VDIVPS(count, scale, scale)
	VADDPS(epsilon, scale, scale)
	VSQRTPS(scale, scale)
	unit := YMM()
	VMOVUPS(one, unit)
	VDIVPS(scale, unit, scale)
	rows("scale", blocks, []reg.Register{x, gain, bias}, func(p []reg.Register, at int) {
		v := YMM()
		VMOVUPS(Mem{Base: p[0], Disp: at}, v)
		VSUBPS(mean, v, v)
		VMULPS(scale, v, v)
		factor := YMM()
		VMOVUPS(Mem{Base: p[1], Disp: at}, factor)
		VFMADD213PS(Mem{Base: p[2], Disp: at}, factor, v)
		VMOVUPS(v, Mem{Base: p[0], Disp: at})
	})
	VZEROUPPER()
	RET()
}

// rows runs body for each eight numbers of blocks × 32, behind each of the pointers.
func rows(label string, blocks reg.Register, pointers []reg.Register, body func(p []reg.Register, at int)) {
	n := GP64()
	MOVQ(blocks, n)
	var at []reg.Register
	for _, p := range pointers {
		q := GP64()
		MOVQ(p, q)
		at = append(at, q)
	}
	Label(label)
	for i := range 4 {
		body(at, 32*i)
	}
	for _, q := range at {
		ADDQ(Imm(128), q)
	}
	DECQ(n)
	JNZ(LabelRef(label))
}

// reduced returns, in all places, the total of what body adds to a sum.
func reduced(label string, blocks reg.Register, pointers []reg.Register, body func(p []reg.Register, at int, sum reg.VecVirtual)) reg.VecVirtual {
	var sums [4]reg.VecVirtual
	for i := range sums {
		sums[i] = YMM()
		VXORPS(sums[i], sums[i], sums[i])
	}
	rows(label, blocks, pointers, func(p []reg.Register, at int) { body(p, at, sums[at/32]) })
	VADDPS(sums[1], sums[0], sums[0])
	VADDPS(sums[3], sums[2], sums[2])
	VADDPS(sums[2], sums[0], sums[0])
	across(sums[0], VADDPS)
	return sums[0]
}

func main() {
	ConstraintExpr("amd64")
	constants()
	gelu()
	softmax()
	norm()
	Generate()
}
