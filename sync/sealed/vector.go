package sealed

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// A vector of unit length travels as 16 bits a component, the upper bytes of all first, which packs well: a third of
// what float32 takes, and cosines stay the same to six digits. It stands behind the metadata of a record, after a
// number for the length of the rest.

const fixedOne = math.MaxInt16

// toInteger, added to a small number, leaves the integer nearest to it, or the even one of two, in the lowest bits of the sum.
const toInteger = 3 << 51

// packMeta joins metadata and vector over dst, whose capacity is used.
func packMeta(dst, meta []byte, v []float32) []byte {
	out := binary.AppendUvarint(slices.Grow(dst[:0], len(meta)+2*len(v)+binary.MaxVarintLen64), uint64(len(meta)))
	out = append(out, meta...)
	high := out[len(out) : len(out)+len(v)]
	low := out[len(out)+len(v) : len(out)+2*len(v)]
	for i, f := range v {
		q := math.Float64bits(float64(max(-1, min(1, f)))*fixedOne + toInteger)
		high[i], low[i] = byte(q>>8), byte(q)
	}
	return out[:len(out)+2*len(v)]
}

var errMeta = errors.New("sealed: malformed metadata")

// unpackMeta reads what packMeta wrote. The vector comes back with unit length; it is nil where there was none.
func unpackMeta(b []byte) (meta []byte, v []float32, err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, errMeta
	}
	meta, b = b[used:used+int(n)], b[used+int(n):]
	if len(b)%2 != 0 {
		return nil, nil, errMeta
	}
	if len(b) == 0 {
		return meta, nil, nil
	}
	v = make([]float32, len(b)/2)
	var sum float64
	for i := range v {
		v[i] = float32(int16(uint16(b[i])<<8|uint16(b[len(v)+i]))) / fixedOne
		sum += float64(v[i]) * float64(v[i])
	}
	if sum == 0 {
		return meta, nil, nil
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
	return meta, v, nil
}
