package storage

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
)

// width is how many bits the numbers have that a vector's components are stored as. What is stored is the vector: every
// index and every exact search works with the values that come back from it.
type width int

const (
	warmWidth   width = 9  // packed (vectorpack.go); of 1,000 that are nearest by float32, 995 are by these
	coldWidth   width = 8  // of archived memories, as older versions wrote it; 993
	formerWidth width = 12 // as older versions wrote it, like the next
	fullWidth   width = 32 // float32
)

// top is what the largest component is written as. A packed one is as long as its numbers are large, so that
// it need not be all that the width holds.
func (w width) top() int {
	if w == warmWidth {
		return packedTop
	}
	return 1<<(w-1) - 1
}

// A vector's bytes are its direction in whole numbers: the largest component is written as the width's top, and the
// length of all is brought to 1 on reading. Of 12 bits two numbers stand in three bytes, the lower
// bits first.
//
// Behind a vector its tokens may stand as package maxsim packs them. Packed vectors are of different lengths: behind them
// and their tokens two bytes tell how long the vector is, and one the width. Of the other widths a vector alone tells its
// width by its length, an even number of bytes; with tokens a byte with the width stands behind them. So a number of bytes
// that is odd says that the last one is a width.

var widths = [...]width{warmWidth, coldWidth, formerWidth, fullWidth}

// size is the length of a vector's bytes that are not packed.
func (w width) size() int { return memory.Dim * int(w) / 8 }

// packedTail is what stands behind a packed vector and its tokens.
const packedTail = 3

// stored is a value of the family Vectors in its parts.
type stored struct {
	width  width
	vector []byte
	tokens []byte // packed; empty for none
}

// storedBytes writes a vector with packed tokens behind it, of which archived memories have none.
func storedBytes(values []float32, tokens []byte, w width) []byte {
	if w == coldWidth {
		tokens = nil
	}
	b := vectorBytes(values, w)
	n := len(b)
	b = append(b, tokens...)
	if w == warmWidth {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	}
	if w == warmWidth || len(tokens) > 0 {
		b = append(b, byte(w))
	}
	return b
}

// partsOf parts a value that storedBytes or an older version wrote; it reports false for what is none.
func partsOf(b []byte) (stored, bool) {
	if len(b)%2 == 0 {
		for _, w := range widths[1:] {
			if len(b) == w.size() {
				return stored{width: w, vector: b}, true
			}
		}
		return stored{}, false
	}
	last := len(b) - 1
	w, end, n := width(b[last]), last, 0
	switch {
	case w == warmWidth && len(b) > packedTail:
		end = len(b) - packedTail
		n = int(binary.LittleEndian.Uint16(b[end:]))
	case w != warmWidth && slices.Contains(widths[:], w) && last > w.size():
		n = w.size()
	default:
		return stored{}, false
	}
	if n > end || n%2 != 0 || (end-n)%maxsim.Packed != 0 {
		return stored{}, false
	}
	return stored{w, b[:n], b[n:end]}, true
}

// tokensOf returns the packed tokens of a stored value, empty where it has none.
func tokensOf(b []byte) []byte {
	p, _ := partsOf(b)
	return p.tokens
}

// vectorBytes writes a vector of memory.Dim components. Of what is read of it it writes the same bytes again.
func vectorBytes(values []float32, w width) []byte {
	if w == fullWidth {
		b := make([]byte, 0, w.size())
		for _, c := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(c))
		}
		return b
	}
	top := float32(0)
	for _, c := range values {
		top = max(top, c, -c)
	}
	unit := float64(w.top()) / float64(top)
	whole := func(c float32) uint32 { return uint32(int32(math.RoundToEven(float64(c) * unit))) }
	if w == warmWidth {
		return packVector(values, whole)
	}
	b := make([]byte, 0, w.size())
	if w == coldWidth {
		for _, c := range values {
			b = append(b, byte(whole(c)))
		}
		return b
	}
	for i := 0; i+1 < len(values); i += 2 {
		pair := whole(values[i])&0xfff | whole(values[i+1])<<12
		b = append(b, byte(pair), byte(pair>>8), byte(pair>>16))
	}
	return b
}

// vectorValues reads the vector of a stored value; nil where it is nothing of the kind.
func vectorValues(b []byte) []float32 {
	out := make([]float32, memory.Dim)
	if !readVector(b, out) {
		return nil
	}
	return out
}

// readVector reads the vector of a stored value into dst, which has memory.Dim places. It reports whether it is one; where it
// is not, dst holds zeros or what it held.
func readVector(b []byte, dst []float32) bool {
	dst = dst[:memory.Dim]
	p, _ := partsOf(b)
	b = p.vector
	switch p.width {
	case warmWidth:
		if unpackVector(b, dst) {
			return true
		}
		clear(dst)
	case fullWidth:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		return true
	case formerWidth:
		sum := int64(0)
		for i := 0; i < len(dst); i += 2 {
			pair := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
			x, y := int32(pair<<20)>>20, int32(pair<<8)>>20
			dst[i], dst[i+1] = float32(x), float32(y)
			sum += int64(x*x) + int64(y*y)
			b = b[3:]
		}
		return shorten(dst, sum)
	case coldWidth:
		sum := int64(0)
		for i := range dst {
			x := int32(int8(b[i]))
			dst[i] = float32(x)
			sum += int64(x * x)
		}
		return shorten(dst, sum)
	}
	return false
}

// shorten brings v, whose squared length is sum, to length 1.
func shorten(v []float32, sum int64) bool {
	if sum == 0 {
		return false
	}
	scale := float32(1 / math.Sqrt(float64(sum)))
	for i := range v {
		v[i] *= scale
	}
	return true
}

// vectorSum is the checksum on record of the vector of a stored value. Tokens need none: they are sealed into one value with them.
func vectorSum(b []byte) []byte {
	p, _ := partsOf(b)
	sum := sha256.Sum256(p.vector)
	return sum[:catalog.SumSize]
}
