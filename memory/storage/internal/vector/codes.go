package vector

/*
#include "codes.h"
*/
import "C"

import "math"

// CodeForm says how codes of whole numbers by an asymmetric numeral system are laid out; see codes.h.
type CodeForm struct {
	Dim, Group     int // numbers of a code, and of a group of them
	Groups, States int // the bytes at which the groups' distributions and the states stand
	Top            int
	Slots          []uint32 // of 16 distributions, 1 << 12 each
}

// Room is how many bytes from a code's beginning on may be read, whatever its size.
func (f *CodeForm) Room() int { return f.States + 8 + 2*f.Dim + 4 }

// Code is where a code stands in a buffer.
type Code struct{ Start, Size int32 }

// Cosines reads many codes of buf side by side and returns the cosines of their numbers and the unit vector query, appended to
// dst; NaN for what is no code. Behind each code's beginning the buffer must have Room bytes. It reports false where the processor
// lacks the instructions for it. Safe for concurrent use.
func (f *CodeForm) Cosines(dst []float32, buf []byte, codes []Code, query []float32) ([]float32, bool) {
	if len(codes) == 0 {
		return dst, true
	}
	start, size, out := make([]int32, len(codes)), make([]int32, len(codes)), make([]float32, len(codes))
	for i, c := range codes {
		if c.Start < 0 || int(c.Start)+f.Room() > len(buf) || len(query) != f.Dim || len(f.Slots) != 16<<12 {
			panic("vector: a code without room behind it") // would be read past the buffer's end
		}
		start[i], size[i] = c.Start, c.Size
	}
	form := C.ez_code_form{C.int32_t(f.Dim), C.int32_t(f.Group), C.int32_t(f.Groups), C.int32_t(f.States), C.int32_t(f.Top)}
	ok := C.ez_code_cosines(&form, (*C.uint32_t)(&f.Slots[0]), (*C.uint8_t)(&buf[0]), (*C.int32_t)(&start[0]), (*C.int32_t)(&size[0]),
		C.int64_t(len(codes)), floats(query), floats(out))
	if ok == 0 {
		return dst, false
	}
	return append(dst, out...), true
}

// NoCosine reports whether c is what Cosines says of what is no code.
func NoCosine(c float32) bool { return math.IsNaN(float64(c)) }
