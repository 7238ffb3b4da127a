package vector

/*
#include <stdlib.h>
#include "quant.h"
*/
import "C"

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"unsafe"
)

// What vector instructions the arithmetic on codes uses where the processor has them.
const (
	scalar = 0
	avx2   = 1
	avx512 = 2
)

// limitKernels has the arithmetic on codes use no more than these instructions, and returns what of them it uses on this
// processor. It is for tests, and must not be called beside anything else.
func limitKernels(most int) int {
	C.ez_limit(C.int(most))
	return int(C.ez_instructions())
}

// rotation is a random rotation of the space, dim × dim, outside the Go heap.
type rotation struct {
	ptr *C.float
	dim int
}

func allocRotation(dim int) (*rotation, error) {
	ptr := C.malloc(C.size_t(dim) * C.size_t(dim) * 4)
	if ptr == nil {
		return nil, errors.New("vector: no memory for a rotation")
	}
	return &rotation{(*C.float)(ptr), dim}, nil
}

// newRotation draws a rotation. Nobody who makes vectors can know it.
func newRotation(dim int) (*rotation, error) {
	r, err := allocRotation(dim)
	if err != nil {
		return nil, err
	}
	var seed [4]byte
	_, _ = rand.Read(seed[:]) // never fails
	var msg *C.char
	if err := failed(C.ez_rotation_random(C.int(dim), C.int(binary.LittleEndian.Uint32(seed[:])>>1), r.ptr, &msg), msg); err != nil {
		r.free()
		return nil, err
	}
	return r, nil
}

func (r *rotation) free() { C.free(unsafe.Pointer(r.ptr)) }

func (r *rotation) values() []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(r.ptr)), r.dim*r.dim)
}

// back turns a rotated vector into the unit vector that it comes from.
func (r *rotation) back(y []float32) []float32 {
	x := make([]float32, r.dim)
	var sum float64
	for i, m := range r.values() {
		x[i%r.dim] += m * y[i/r.dim]
	}
	for _, c := range x {
		sum += float64(c) * float64(c)
	}
	for i := range x {
		x[i] /= float32(math.Sqrt(sum))
	}
	return x
}

// codec turns vectors into codes and back. It is immutable.
type codec struct {
	ptr  *C.ez_codec
	dim  int
	bits int
	rot  *rotation
}

func newCodec(bits int, rot *rotation) (*codec, error) {
	c := &codec{dim: rot.dim, bits: bits, rot: rot}
	var msg *C.char
	return c, failed(C.ez_codec_new(C.int(rot.dim), C.int(bits), rot.ptr, &c.ptr, &msg), msg)
}

func (c *codec) free() { C.ez_codec_free(c.ptr) }

func (c *codec) size() int { return int(C.ez_codec_size(c.ptr)) }

func (c *codec) rotate(vecs []float32) []float32 {
	out := make([]float32, len(vecs))
	C.ez_rotate(c.ptr, floats(vecs), C.int64_t(len(vecs)/c.dim), floats(out))
	return out
}

func (c *codec) encode(vecs []float32) (batch, error) {
	n := len(vecs) / c.dim
	b := batch{codes: make([]byte, n*c.size()), scale: make([]float32, n)}
	if n == 0 {
		return b, nil
	}
	spread := make([]float32, n)
	var msg *C.char
	err := failed(C.ez_encode(c.ptr, floats(c.rotate(vecs)), C.int64_t(n), octets(b.codes), floats(b.scale), floats(spread), &msg), msg)
	for i, s := range spread {
		b.spread = max(b.spread, s)
		b.skew = max(b.skew, float32(math.Abs(1-square(vecs[i*c.dim:(i+1)*c.dim]))/2))
	}
	return b, err
}

// decode returns the rotated vectors that codes stand for.
func (c *codec) decode(codes []byte) ([]float32, error) {
	out := make([]float32, len(codes)/c.size()*c.dim)
	var msg *C.char
	return out, failed(C.ez_decode(c.ptr, octets(codes), C.int64_t(len(codes)/c.size()), floats(out), &msg), msg)
}

func square(v []float32) float64 {
	var sum float64
	for _, c := range v {
		sum += float64(c) * float64(c)
	}
	return sum
}

// quantised is rows of codes. For a query q and a row's vector x, the inner product that its code estimates is wrong by
// no more than spread times the length of q, and far less but for bad luck: see margin.
type quantised struct {
	codec  *codec
	ptr    *C.ez_rows
	spread float32 // the largest of any row so far
	skew   float32 // how far half a row's squared length is from ½, at most

	last atomic.Pointer[question] // asked last
}

func newQuantised(c *codec) (*quantised, error) {
	q := &quantised{codec: c, ptr: C.ez_rows_new(c.ptr)}
	if q.ptr == nil {
		return nil, errors.New("vector: no memory for rows")
	}
	return q, nil
}

func (q *quantised) free() { C.ez_rows_free(q.ptr) }

func (q *quantised) bytes() int64 { return int64(C.ez_rows_bytes(q.ptr)) }

func (q *quantised) encode(vecs []float32) (batch, error) { return q.codec.encode(vecs) }

func (q *quantised) widen(b batch) {
	q.spread, q.skew = max(q.spread, b.spread), max(q.skew, b.skew)
}

func (q *quantised) add(b batch, first, end int) error {
	if first == end {
		return nil
	}
	q.widen(b)
	var msg *C.char
	return failed(C.ez_rows_add(q.ptr, C.int64_t(end-first), octets(b.codes[first*q.codec.size():]), floats(b.scale[first:]), &msg), msg)
}

func (q *quantised) set(row int, b batch, i int) error {
	q.widen(b)
	var msg *C.char
	return failed(C.ez_rows_set(q.ptr, C.int64_t(row), octets(b.codes[i*q.codec.size():]), C.float(b.scale[i]), &msg), msg)
}

func (q *quantised) reserve(rows int) error {
	var msg *C.char
	return failed(C.ez_rows_reserve(q.ptr, C.int64_t(rows), &msg), msg)
}

func (q *quantised) shrink(from, to []int64, rows int) error {
	var msg *C.char
	return failed(C.ez_rows_shrink(q.ptr, ints(from), ints(to), C.int64_t(len(from)), C.int64_t(rows), &msg), msg)
}

// codes copies n rows from row on.
func (q *quantised) codes(row, n int) ([]byte, []float32, error) {
	codes, scale := make([]byte, n*q.codec.size()), make([]float32, n)
	var msg *C.char
	err := failed(C.ez_rows_get(q.ptr, C.int64_t(row), C.int64_t(n), octets(codes), floats(scale), &msg), msg)
	return codes, scale, err
}

// A row of a snapshot is its scale and its code.
func (q *quantised) rowBytes() int { return 4 + q.codec.size() }

func (q *quantised) read(first int, out []byte) error {
	n, size := len(out)/q.rowBytes(), q.codec.size()
	codes, scale, err := q.codes(first, n)
	if err != nil {
		return err
	}
	for i := range n {
		row := out[i*q.rowBytes():]
		binary.LittleEndian.PutUint32(row, math.Float32bits(scale[i]))
		copy(row[4:], codes[i*size:(i+1)*size])
	}
	return nil
}

func (q *quantised) write(rows []byte) error {
	n, size := len(rows)/q.rowBytes(), q.codec.size()
	b := batch{codes: make([]byte, 0, n*size), scale: make([]float32, n)}
	for i := range n {
		row := rows[i*q.rowBytes() : (i+1)*q.rowBytes()]
		b.scale[i] = math.Float32frombits(binary.LittleEndian.Uint32(row))
		if s := float64(b.scale[i]); math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("%w: a row's scale is no number", errSnapshot)
		}
		b.codes = append(b.codes, row[4:]...)
	}
	return q.add(b, 0, n)
}

// luck is how improbable a wrong answer must be: see margin.
type luck float64

const (
	certain luck = 9 // 2.6e-18 for each vector that belongs into the answer
	likely  luck = 4 // 3.4e-4
	guessed luck = 2
)

// rounding is more than what float32 arithmetic adds to the error of an estimate.
const rounding = 2e-5

// margin returns how far the estimated similarity of a row to a query may be from the true one.
//
// Write a rotated vector's code, times its scale, as y + e with e at right angles to y, and the rotated query as
// z = αy + w. The estimate is then <z,y> + <w,e>, and |e| is the row's spread. So |<w,e>| ≤ |z| spread, whatever the
// vectors: that is the margin of SQ8, and of SQ4 in few dimensions. For 4 bits it would let too many through. But the
// rotation is random and the grid of the codes is fixed: once y is known, all directions of w at right angles to it are
// equally probable, and <w,e> exceeds |z| spread t with a probability below exp(-(dim-1)t²/2), as does a component of
// a random unit vector of dim-1 dimensions. With t = l/√(dim-1) that is exp(-l²/2) for each vector that belongs into
// the answer, whatever was stored and asked, as long as nobody chose it knowing the rotation.
func (q *quantised) margin(l luck) float32 {
	return float32(math.Sqrt(1+unitTolerance)*float64(q.spread)*q.share(l)) + q.skew + rounding
}

// share is t in margin's words.
func (q *quantised) share(l luck) float64 {
	if q.codec.bits == 4 || l < certain {
		return min(1, float64(l)/math.Sqrt(float64(q.codec.dim-1)))
	}
	return 1
}

// marginAt is margin for a row of this spread, if its similarity to a is no less than c: then w, the part of the query at
// right angles to the row's vector, is shorter than the query. What is less similar by its estimate and this is less similar
// than c, since w grows more slowly than the similarity falls.
func (q *quantised) marginAt(a *question, spread, c float32, l luck) float32 {
	along := max(0, float64(c-a.bias-q.skew))
	across := math.Sqrt(max(0, a.square-along*along/(1+2*float64(q.skew))))
	return float32(across*float64(spread)*q.share(l)) + q.skew + rounding
}

// spreadOf is the spread of a row whose code, times its scale, is of this squared length. It is no less than what encoding
// found, but for rounding.
func (q *quantised) spreadOf(square float32) float32 {
	const rounded = 1e-6
	return min(q.spread, float32(math.Sqrt(max(0, float64(square)-1+2*float64(q.skew)+rounded))))
}

// question is a query made ready for rows of one codec. It is immutable but for loss.
type question struct {
	vec         []float32
	z           []float32 // rotated
	packed      []byte
	alpha, beta C.float
	rest        float64 // length of what packing lost
	loss        float32 // by how much more than margin an estimate of scan may be wrong
	bias        float32 // what the query's length adds to a similarity
	square      float64 // the query's squared length
}

// ask makes a query ready. The last one is kept: it mostly comes again, first for the nearest and then for what it has in common
// with rows found otherwise, and rotating it means reading a matrix of a few megabytes.
func (q *quantised) ask(vec []float32) *question {
	a := q.last.Load()
	if a == nil || !slices.Equal(a.vec, vec) {
		a = q.codec.ask(slices.Clone(vec))
		q.last.Store(a)
	}
	// A scaled code is at most √(1+spread²) long, and so no more of what packing lost can tell. Rows may come with more.
	now := *a
	now.loss = float32(a.rest * math.Sqrt(1+unitTolerance+float64(q.spread)*float64(q.spread)))
	return &now
}

func (c *codec) ask(vec []float32) *question {
	a := &question{vec: vec, z: c.rotate(vec), packed: make([]byte, C.ez_codec_query_size(c.ptr)), square: square(vec)}
	a.bias = float32(1-a.square) / 2
	var rest C.float
	C.ez_pack(c.ptr, floats(a.z), unsafe.Pointer(unsafe.SliceData(a.packed)), &a.alpha, &a.beta, &rest)
	a.rest = float64(rest)
	return a
}

// scan estimates the inner products of the rows [first, first+len(out)).
func (q *quantised) scan(a *question, first int, out []float32) error {
	var msg *C.char
	return failed(C.ez_scan(q.ptr, unsafe.Pointer(unsafe.SliceData(a.packed)), a.alpha, a.beta, C.int64_t(first),
		C.int64_t(first+len(out)), floats(out), &msg), msg)
}

// scanList is scan for the rows listed.
func (q *quantised) scanList(a *question, list []int64, out []float32) error {
	var msg *C.char
	return failed(C.ez_scan_list(q.ptr, unsafe.Pointer(unsafe.SliceData(a.packed)), a.alpha, a.beta, ints(list),
		C.int64_t(len(list)), floats(out), &msg), msg)
}

// dots is scanList without the loss. Where spreads is not nil, it gets those of the rows.
func (q *quantised) dots(a *question, list []int64, out, spreads []float32) error {
	var msg *C.char
	err := failed(C.ez_dots(q.ptr, floats(a.z), ints(list), C.int64_t(len(list)), floats(out), floats(spreads), &msg), msg)
	for i, square := range spreads {
		spreads[i] = q.spreadOf(square)
	}
	return err
}
