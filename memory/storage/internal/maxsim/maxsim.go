// Package maxsim compares what the tokens of a question mean with what those of a memory mean: for each token of the
// question the nearest one of the memory counts (late interaction; Khattab and Zaharia, ColBERT, 2020). A memory that
// answers one part of a question well is found by it even where its text as a whole is about something else.
//
// A token is a direction in 64 whole numbers. Those of memories are packed into four bits each, for they are stored and
// read by the hundred.
package maxsim

/*
#cgo CFLAGS: -O2 -Wall -Wextra
#cgo LDFLAGS: -lm
#include "maxsim.h"
*/
import "C"

import (
	"cmp"
	"math"
	"slices"
	"unsafe"
)

// Dim is how many numbers a direction has.
const Dim = C.EZ_TOKEN_DIM

// Packed is how many bytes a packed direction takes.
const Packed = C.EZ_TOKEN_PACKED

// MaxTokens is how many tokens of a memory are packed, the first ones: those of all windows that a long text is embedded in.
const MaxTokens = 1280

// maxAsked is how many tokens of a question are compared, the ones that weigh most.
const maxAsked = 64

// Of a text of up to short tokens the first ones are packed, passage at the most, with which the ranker's weights were fitted. A
// longer one, which its vector does not see at once either, is compared passage by passage, each beginning stride behind the one
// before: what answers stands close together.
const (
	short   = 254
	passage = 64
	stride  = 32
)

// top is the largest packed number.
const top = 7

// Pack appends the directions of rows, of which there are Dim numbers each, to dst; those behind passage in a short text, and behind MaxTokens in a long one, are left out. The
// i-th byte of one holds its i-th number in the lower half and that Packed places behind in the upper, each raised by 8.
func Pack(dst []byte, rows []int8) []byte {
	last := MaxTokens
	if len(rows) <= short*Dim {
		last = passage
	}
	for n := 0; len(rows) >= Dim && n < last; n++ {
		row := rows[:Dim]
		rows = rows[Dim:]
		most := 1
		for _, v := range row {
			most = max(most, int(v), -int(v))
		}
		unit := float64(top) / float64(most)
		whole := func(v int8) byte { return byte(8 + int(math.RoundToEven(float64(v)*unit))) }
		for i := range Packed {
			dst = append(dst, whole(row[i])|whole(row[i+Packed])<<4)
		}
	}
	return dst
}

// Question is the tokens of a question. It belongs to one goroutine at a time.
type Question struct {
	rows   []int8
	scales []float64 // brings each direction to length 1
	shares []float64 // of each token's weight in all
	best   []float32
	plain  bool
}

// NewQuestion returns the tokens whose directions rows are, Dim numbers each, as far as their weights are above 0; nil where
// none is.
func NewQuestion(rows []int8, weights []float64) *Question {
	order := make([]int, 0, len(weights))
	for i, w := range weights {
		if w > 0 && (i+1)*Dim <= len(rows) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weights[b], weights[a]) })
	order = order[:min(len(order), maxAsked)]
	q := &Question{}
	all := 0.0
	for _, i := range order {
		row := rows[i*Dim : (i+1)*Dim]
		square := 0
		for _, v := range row {
			square += int(v) * int(v)
		}
		if square == 0 {
			continue
		}
		q.rows = append(q.rows, row...)
		q.scales = append(q.scales, 1/math.Sqrt(float64(square)))
		q.shares = append(q.shares, weights[i])
		all += weights[i]
	}
	if len(q.shares) == 0 {
		return nil
	}
	for i := range q.shares {
		q.shares[i] /= all
	}
	q.best = make([]float32, len(q.shares))
	return q
}

// Match compares the question with packed tokens: match is the mean, by weight, of the cosine of each of its tokens with the
// nearest, and sharp that of its cubes, in which a near one counts for more than several that are half as near. Of a long text
// the passage with the best match counts. Both are in [0, 1]; ok is false for what is no packed tokens.
func (q *Question) Match(packed []byte) (match, sharp float64, ok bool) {
	count := len(packed) / Packed
	if count == 0 || len(packed)%Packed != 0 {
		return 0, 0, false
	}
	for from := 0; ; from += stride {
		to := min(from+passage, count)
		if m, s := q.compare(packed[from*Packed:to*Packed], to-from); m > match || from == 0 {
			match, sharp = m, s
		}
		if to == count {
			return match, sharp, true
		}
	}
}

// compare is Match for count tokens, all of them together.
func (q *Question) compare(packed []byte, count int) (match, sharp float64) {
	plain := C.int(0)
	if q.plain {
		plain = 1
	}
	C.ez_maxsim_nearest((*C.int8_t)(unsafe.Pointer(&q.rows[0])), C.int(len(q.shares)), (*C.uint8_t)(unsafe.Pointer(&packed[0])), C.int(count),
		plain, (*C.float)(unsafe.Pointer(&q.best[0])))
	for i, s := range q.best {
		c := min(max(float64(s)*q.scales[i], 0), 1)
		match += q.shares[i] * c
		sharp += q.shares[i] * c * c * c
	}
	return min(match, 1), min(sharp, 1)
}
