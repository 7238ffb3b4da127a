//go:build ignore

// Command gemm writes the matrix kernels of package minilm; see the go:generate lines in kernel_amd64.go.
//
// A kernel computes a tile C[rows][32 or 16] = A[rows][k] · B[k][…] + bias[…], where B lies in panels of 16 columns, k rows of
// 16 floats each. All accumulators live in registers; each step of k loads one row of B and broadcasts one float of
// each row of A. There is one loop for each number of rows, so that no text pays for rows of padding.
package main

import (
	"flag"
	"fmt"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type isa struct {
	name    string
	rows    int // most rows of a tile
	vectors int // vectors across a tile
	bytes   int // bytes of a vector
	panels  int // panels of 16 columns across a tile
	vector  func() reg.VecVirtual
}

var isas = map[string]isa{
	"avx2":   {name: "gemmAVX2", rows: 6, vectors: 2, bytes: 32, panels: 1, vector: YMM},
	"avx512": {name: "gemmAVX512", rows: 12, vectors: 2, bytes: 64, panels: 2, vector: ZMM},
}

var choice = flag.String("isa", "avx2", "instruction set")

func main() {
	flag.Parse()
	set := isas[*choice]
	ConstraintExpr("amd64")
	TEXT(set.name, NOSPLIT, "func(rows, k int, a *float32, lda int, b *float32, panel int, bias *float32, c *float32, ldc int)")
	Doc(fmt.Sprintf("%s computes C[rows][%d] = A[rows][k] · B + bias for 1 ≤ rows ≤ %d and k ≥ 1. lda and ldc are the bytes from row",
		set.name, 16*set.panels, set.rows),
		"to row, panel the bytes from one panel of B to the next.")
	Pragma("noescape")
	for rows := 1; rows <= set.rows; rows++ {
		CMPQ(Load(Param("rows"), GP64()), Imm(uint64(rows)))
		JEQ(LabelRef("rows" + strconv.Itoa(rows)))
	}
	RET()
	for rows := 1; rows <= set.rows; rows++ {
		Label("rows" + strconv.Itoa(rows))
		tile(set, rows)
	}
	Generate()
}

// tile writes the loop for one number of rows.
func tile(set isa, rows int) {
	k := Load(Param("k"), GP64())
	lda := Load(Param("lda"), GP64())
	a := rowBases(Load(Param("a"), GP64()), lda, rows)
	b := []reg.Register{Load(Param("b"), GP64())}
	if set.panels == 2 {
		second := GP64()
		MOVQ(b[0], second)
		panel := Load(Param("panel"), GP64())
		ADDQ(panel, second)
		b = append(b, second)
	}
	bias := Load(Param("bias"), GP64())
	sums := make([][]reg.VecVirtual, rows)
	for r := range sums {
		for j := range set.vectors {
			v := set.vector()
			VMOVUPS(Mem{Base: bias, Disp: j * set.bytes}, v)
			sums[r] = append(sums[r], v)
		}
	}
	loop := "loop" + strconv.Itoa(rows)
	Label(loop)
	columns := make([]reg.VecVirtual, set.vectors)
	for j := range columns {
		columns[j] = set.vector()
		panel, within := j*set.bytes/64, j*set.bytes%64
		VMOVUPS(Mem{Base: b[panel], Disp: within}, columns[j])
	}
	for r := range sums {
		x := set.vector()
		VBROADCASTSS(rowAt(a, lda, r), x)
		for j := range columns {
			VFMADD231PS(columns[j], x, sums[r][j])
		}
	}
	for _, base := range a {
		ADDQ(Imm(4), base)
	}
	for _, base := range b {
		ADDQ(Imm(64), base)
	}
	DECQ(k)
	JNZ(LabelRef(loop))
	store(set, sums)
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

func rowAt(bases []reg.Register, lda reg.Register, r int) Mem {
	m := Mem{Base: bases[r/3]}
	if r%3 > 0 {
		m.Index, m.Scale = lda, uint8(r%3)
	}
	return m
}

func store(set isa, sums [][]reg.VecVirtual) {
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	for r := range sums {
		for j, v := range sums[r] {
			VMOVUPS(v, Mem{Base: c, Disp: j * set.bytes})
		}
		if r+1 < len(sums) {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}
