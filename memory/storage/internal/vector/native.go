package vector

/*
#cgo CXXFLAGS: -std=c++17 -fopenmp -Wall -Wextra -Wno-unused-parameter
#cgo LDFLAGS: -lopenblas -lgomp -lstdc++ -lm
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"github.com/DataIntelligenceCrew/go-faiss"
)

// native is the rows of a Flat index: FAISS's, of float32.
type native struct {
	index *faiss.IndexFlat
	ptr   unsafe.Pointer
	dim   int
}

func threadInit() { C.ez_thread_init() }

// blas names the processor that BLAS has its kernels for.
func blas() string { return C.GoString(C.ez_blas()) }

// blasThreads is on how many threads a call of BLAS runs.
func blasThreads() int { return int(C.ez_blas_threads()) }

func newNative(dim int) (*native, error) {
	index, err := faiss.NewIndexFlatL2(dim)
	if err != nil {
		return nil, fmt.Errorf("vector: make index: %w", err)
	}
	ptr, err := handle(index.Index)
	if err != nil {
		index.Delete()
		return nil, err
	}
	return &native{index: index, ptr: ptr, dim: dim}, nil
}

// handle returns the C pointer behind an index of go-faiss v0.2.0, a *FaissIndex, which is a C++ faiss::Index.
func handle(index faiss.Index) (unsafe.Pointer, error) {
	v := reflect.ValueOf(index)
	if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		if f := v.Elem().FieldByName("idx"); f.IsValid() && f.Kind() == reflect.Pointer && !f.IsNil() {
			return f.UnsafePointer(), nil
		}
	}
	return nil, errors.New("vector: this build's go-faiss keeps its index in another form than v0.2.0; build with that version")
}

func (n *native) free() { n.index.Delete() }

func (n *native) bytes() int64 { return n.index.Ntotal() * int64(n.rowBytes()) }

func (n *native) rowBytes() int { return 4 * n.dim }

func (n *native) encode(vecs []float32) (batch, error) { return batch{vecs: vecs}, nil }

func (n *native) add(b batch, first, end int) error {
	if first == end {
		return nil
	}
	return n.index.Add(b.vecs[first*n.dim : end*n.dim])
}

func (n *native) reserve(rows int) error {
	var msg *C.char
	return failed(C.ez_flat_reserve(n.ptr, C.int64_t(rows), &msg), msg)
}

func (n *native) set(row int, b batch, i int) error {
	var msg *C.char
	return failed(C.ez_flat_set(n.ptr, C.int64_t(row), floats(b.vecs[i*n.dim:]), &msg), msg)
}

// get copies len(out)/dim rows from row on into out.
func (n *native) get(row int, out []float32) error {
	var msg *C.char
	return failed(C.ez_flat_get(n.ptr, C.int64_t(row), C.int64_t(len(out)/n.dim), floats(out), &msg), msg)
}

func (n *native) read(first int, out []byte) error {
	vecs := make([]float32, len(out)/4)
	if err := n.get(first, vecs); err != nil {
		return err
	}
	for i, c := range vecs {
		binary.LittleEndian.PutUint32(out[4*i:], math.Float32bits(c))
	}
	return nil
}

func (n *native) write(rows []byte) error {
	vecs := make([]float32, len(rows)/4)
	for i := range vecs {
		vecs[i] = math.Float32frombits(binary.LittleEndian.Uint32(rows[4*i:]))
	}
	return n.add(batch{vecs: vecs}, 0, len(vecs)/n.dim)
}

// shrink moves rows and then keeps the first rows.
func (n *native) shrink(from, to []int64, rows int) error {
	var msg *C.char
	return failed(C.ez_flat_shrink(n.ptr, ints(from), ints(to), C.int64_t(len(from)), C.int64_t(rows), &msg), msg)
}

// searchRange finds the len(dist) nearest of the rows [first, end), nearest first; rows beyond what there is are -1.
func (n *native) searchRange(query []float32, first, end int, dist []float32, rows []int64) error {
	var msg *C.char
	return failed(C.ez_search_range(n.ptr, floats(query), C.int64_t(len(dist)), C.int64_t(first), C.int64_t(end),
		floats(dist), ints(rows), &msg), msg)
}

// searchRows is searchRange among the rows listed.
func (n *native) searchRows(query []float32, list []int64, dist []float32, rows []int64) error {
	var msg *C.char
	return failed(C.ez_search_rows(n.ptr, floats(query), C.int64_t(len(dist)), ints(list), C.int64_t(len(list)),
		floats(dist), ints(rows), &msg), msg)
}

func floats(x []float32) *C.float { return (*C.float)(unsafe.SliceData(x)) }

func ints(x []int64) *C.int64_t { return (*C.int64_t)(unsafe.SliceData(x)) }

func octets(x []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(x)) }

func failed(code C.int, msg *C.char) error {
	if code == 0 {
		return nil
	}
	defer C.free(unsafe.Pointer(msg))
	return fmt.Errorf("vector: faiss: %s", C.GoString(msg))
}
