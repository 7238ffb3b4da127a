//go:build ignore

// Command gemm writes the matrix kernels of package minilm; see the go:generate lines in kernel_amd64.go.
//
// A kernel computes a tile C[rows][columns] = A[rows][k] · B[k][columns] + bias[columns], where B lies in panels of 16 columns, k
// rows of 16 numbers each, in single precision or, in a kernel of its own, in half precision. All accumulators live in
// registers; each step of k loads one row of B and broadcasts one float of each row of A. There is one loop for each number of
// rows, so that no text pays for rows of padding.
package main

import (
	"flag"
	"fmt"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// kernel is one function.
type kernel struct {
	name    string
	rows    int // most rows of a tile
	columns int // of a tile
	bytes   int // of a vector
	half    bool
}

var isas = map[string][]kernel{
	"avx2": {{name: "gemmAVX2", rows: 6, columns: 16, bytes: 32}, {name: "gemmHalfAVX2", rows: 6, columns: 16, bytes: 32, half: true}},
	// Of weights in half precision a tile is high rather than wide: a question fits into one, so that each weight is read
	// and widened once.
	"avx512": {{name: "gemmAVX512", rows: 14, columns: 32, bytes: 64}, {name: "gemmHalfAVX512", rows: 28, columns: 16, bytes: 64, half: true}},
}

// ahead is how many bytes of weights are fetched before they are needed: they come from far away.
const ahead = 2048

var choice = flag.String("isa", "avx2", "instruction set")

func main() {
	flag.Parse()
	ConstraintExpr("amd64")
	for _, k := range isas[*choice] {
		k.write()
	}
	Generate()
}

func (k kernel) write() {
	pointer, form := "*float32", "k ≥ 1"
	if k.half {
		pointer, form = "*uint16", "even k ≥ 2, B in half precision"
	}
	TEXT(k.name, NOSPLIT, "func(rows, k int, a *float32, lda int, b "+pointer+", panel int, bias *float32, c *float32, ldc int)")
	Doc(fmt.Sprintf("%s computes C[rows][%d] = A[rows][k] · B + bias for 1 ≤ rows ≤ %d and %s.", k.name, k.columns, k.rows, form),
		"lda and ldc are the bytes from row to row, panel those from one panel of B to the next.")
	Pragma("noescape")
	for rows := 1; rows <= k.rows; rows++ {
		CMPQ(Load(Param("rows"), GP64()), Imm(uint64(rows)))
		JEQ(LabelRef("rows" + strconv.Itoa(rows)))
	}
	RET()
	for rows := 1; rows <= k.rows; rows++ {
		Label("rows" + strconv.Itoa(rows))
		k.tile(rows)
	}
}

func (k kernel) vector() reg.VecVirtual {
	if k.bytes == 64 {
		return ZMM()
	}
	return YMM()
}

// tile writes the loop for one number of rows.
func (k kernel) tile(rows int) {
	depth := Load(Param("k"), GP64())
	lda := Load(Param("lda"), GP64())
	a := rowBases(Load(Param("a"), GP64()), lda, rows)
	b := []reg.Register{Load(Param("b"), GP64())}
	for range k.columns/16 - 1 {
		second := GP64()
		MOVQ(b[0], second)
		panel := Load(Param("panel"), GP64())
		ADDQ(panel, second)
		b = append(b, second)
	}
	bias := Load(Param("bias"), GP64())
	sums := make([][]reg.VecVirtual, rows)
	for r := range sums {
		for at := 0; at < 4*k.columns; at += k.bytes {
			v := k.vector()
			VMOVUPS(Mem{Base: bias, Disp: at}, v)
			sums[r] = append(sums[r], v)
		}
	}
	steps, size := 1, 64 // size: bytes of a row of a panel
	if k.half {
		SHRQ(Imm(1), depth)
		steps, size = 2, 32
	}
	loop := "loop" + strconv.Itoa(rows)
	Label(loop)
	if k.half {
		PREFETCHT0(Mem{Base: b[0], Disp: ahead})
	}
	for step := range steps {
		k.step(a, b, lda, sums, step, size)
	}
	for _, base := range a {
		ADDQ(Imm(uint64(4*steps)), base)
	}
	for _, base := range b {
		ADDQ(Imm(uint64(size*steps)), base)
	}
	DECQ(depth)
	JNZ(LabelRef(loop))
	k.store(sums)
}

// step writes one step of k.
func (k kernel) step(a, b []reg.Register, lda reg.Register, sums [][]reg.VecVirtual, step, size int) {
	columns := make([]reg.VecVirtual, len(sums[0]))
	for j := range columns {
		columns[j] = k.vector()
		column := j * k.bytes / 4
		m := Mem{Base: b[column/16], Disp: step*size + column%16*size/16}
		if k.half {
			VCVTPH2PS(m, columns[j])
		} else {
			VMOVUPS(m, columns[j])
		}
	}
	for r := range sums {
		m := rowAt(a, lda, r, 4*step)
		if k.bytes == 64 && len(columns) == 1 {
			VFMADD231PS_BCST(m, columns[0], sums[r][0])
			continue
		}
		x := k.vector()
		VBROADCASTSS(m, x)
		for j := range columns {
			VFMADD231PS(columns[j], x, sums[r][j])
		}
	}
}

// rowBases returns the addresses of every third row; rowAt reaches the two after each by index.
func rowBases(a, lda reg.Register, rows int) []reg.Register {
	bases := []reg.Register{a}
	for r := 3; r < rows; r += 3 {
		next := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: lda, Scale: 2}, next)
		ADDQ(lda, next)
		bases = append(bases, next)
	}
	return bases
}

func rowAt(bases []reg.Register, lda reg.Register, r, disp int) Mem {
	m := Mem{Base: bases[r/3], Disp: disp}
	if r%3 > 0 {
		m.Index, m.Scale = lda, uint8(r%3)
	}
	return m
}

func (k kernel) store(sums [][]reg.VecVirtual) {
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	for r := range sums {
		for j, v := range sums[r] {
			VMOVUPS(v, Mem{Base: c, Disp: j * k.bytes})
		}
		if r+1 < len(sums) {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}
