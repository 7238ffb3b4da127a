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

// width is how many bits a component of a stored vector takes. What is stored is the vector: every index and every exact
// search works with the values that come back from it.
type width int

const (
	warmWidth width = 12 // of 1,000 that are nearest by float32, 999 are by these
	coldWidth width = 8  // of archived memories; 990
	fullWidth width = 32 // float32, as older versions wrote it
)

// A vector's bytes are its direction in whole numbers: the largest component is written as the largest signed number of
// the width, and the length of all is brought to 1 on reading. Of 12 bits two numbers stand in three bytes, the lower
// bits first. How many bytes there are tells the width.
//
// Behind a vector its tokens may stand as package maxsim packs them, and then one byte that says the width. A vector alone
// has an even number of bytes, one with tokens an odd number.

var widths = [...]width{warmWidth, coldWidth, fullWidth}

// widthFor returns the width for the vectors of a memory in its tier.
func widthFor(m *memory.Memory) width {
	if m.State == memory.Archived {
		return coldWidth
	}
	return warmWidth
}

// size is the length of a vector's bytes.
func (w width) size() int { return memory.Dim * int(w) / 8 }

// withTokens appends packed tokens to the bytes of a vector; archived memories do without.
func withTokens(vector, tokens []byte, w width) []byte {
	if len(tokens) == 0 || w == coldWidth {
		return vector
	}
	return append(append(vector, tokens...), byte(w))
}

// cutTokens parts a stored value into the bytes of its vector and the tokens packed behind it, which it may lack.
func cutTokens(b []byte) (vector, tokens []byte) {
	if len(b)%2 == 0 {
		return b, nil
	}
	last := len(b) - 1
	w := width(b[last])
	if !slices.Contains(widths[:], w) || last <= w.size() || (last-w.size())%maxsim.Packed != 0 {
		return nil, nil
	}
	return b[:w.size()], b[w.size():last]
}

// widthOf returns the width of a vector's bytes, and 0 for what is none.
func widthOf(b []byte) width {
	b, _ = cutTokens(b)
	for _, w := range widths {
		if len(b) == w.size() {
			return w
		}
	}
	return 0
}

// vectorBytes writes a vector of memory.Dim components. Of what vectorValues makes of them it writes the same bytes again.
func vectorBytes(values []float32, w width) []byte {
	b := make([]byte, 0, w.size())
	if w == fullWidth {
		for _, c := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(c))
		}
		return b
	}
	top := float32(0)
	for _, c := range values {
		top = max(top, c, -c)
	}
	unit := float64(int(1)<<(w-1)-1) / float64(top)
	whole := func(c float32) uint32 { return uint32(int32(math.RoundToEven(float64(c) * unit))) }
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

// vectorValues reads what vectorBytes wrote; nil where it is nothing of the kind.
func vectorValues(b []byte) []float32 {
	out := make([]float32, memory.Dim)
	if !readVector(b, out) {
		return nil
	}
	return out
}

// readVector reads a vector's bytes into dst, which has memory.Dim places. It reports whether they are a vector's, and leaves
// dst alone where they are not.
func readVector(b []byte, dst []float32) bool {
	dst = dst[:memory.Dim]
	b, _ = cutTokens(b)
	switch widthOf(b) {
	case fullWidth:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		return true
	case warmWidth:
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

// vectorSum is the checksum on record of a vector's bytes. Tokens need none: they are sealed into one value with them.
func vectorSum(b []byte) []byte {
	b, _ = cutTokens(b)
	sum := sha256.Sum256(b)
	return sum[:catalog.SumSize]
}
