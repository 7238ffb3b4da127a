package storage

import (
	"encoding/binary"
	"math/bits"

	"github.com/elderzan/elderzan/memory"
)

// Packed vectors
//
// The components of a direction gather about 0: where the largest is 151, most are below 50, and less than eight bits are
// what numbers so distributed need, fewer where some stand out as in vectors of real texts. Rice's code takes hardly more.
// A number x becomes 2x, or -2x-1 where it is negative; what is above its lower bits is written as that many zeros and a
// one, and the lower bits follow. How many those are is chosen by vector and stands in its first byte. Bits fill each byte
// from the lowest. A zero byte is added where the length is odd.

// Lower bits that a packed vector may have. Fewer than riceMin would have the zeros of one number pass what is read at a
// time; more than riceMax never help, as no number is above 2 × packedTop.
const (
	packedTop = 151
	riceMin   = 4
	riceMax   = 8
)

// packVector writes the numbers that whole makes of the components.
func packVector(values []float32, whole func(float32) uint32) []byte {
	var numbers [memory.Dim]uint32
	var size [riceMax + 1]int
	for i, c := range values {
		x := whole(c)
		u := x<<1 ^ uint32(int32(x)>>31)
		numbers[i] = u
		for k := riceMin; k <= riceMax; k++ {
			size[k] += int(u>>k) + 1 + k
		}
	}
	k := riceMin
	for more := riceMin + 1; more <= riceMax; more++ {
		if size[more] < size[k] {
			k = more
		}
	}
	b := append(make([]byte, 0, 2+size[k]/8+8), byte(k))
	buffer, filled := uint64(0), 0
	for _, u := range numbers[:len(values)] {
		high := int(u >> k)
		buffer |= (uint64(u)&(1<<k-1)<<1 | 1) << (filled + high)
		for filled += high + 1 + k; filled >= 8; filled -= 8 {
			b = append(b, byte(buffer))
			buffer >>= 8
		}
	}
	if filled > 0 {
		b = append(b, byte(buffer))
	}
	if len(b)%2 != 0 {
		b = append(b, 0)
	}
	return b
}

// maxPacked is the largest length of a packed vector: with riceMax lower bits a number takes at most two more.
const maxPacked = 2 + memory.Dim*(riceMax+2)/8

// unpackVector reads what packVector wrote into dst and brings it to length 1. It reports whether b was that.
func unpackVector(b []byte, dst []float32) bool {
	if len(b) < 2 || len(b) > maxPacked || b[0] < riceMin || b[0] > riceMax {
		return false
	}
	k := int(b[0])
	var buffer [maxPacked + 8]byte // so that eight bytes can be read wherever a number begins
	end := 8 * copy(buffer[:], b[1:])
	const most = 2 * packedTop >> riceMin // zeros that a number begins with
	low := uint32(1)<<k - 1
	at, sum := 0, int64(0)
	for i := 0; i < len(dst); {
		if at >= end {
			return false
		}
		// As many numbers as the word holds for certain are taken from it: each waits for the length of the one before,
		// and reading memory for each would make that longer.
		word := binary.LittleEndian.Uint64(buffer[at>>3:]) >> (at & 7)
		left := 64 - at&7
		for left > most+riceMax && i < len(dst) {
			high := bits.TrailingZeros64(word)
			if high > most {
				return false
			}
			word >>= high + 1
			u := uint32(high)<<k | uint32(word)&low
			word >>= k
			x := int32(u>>1) ^ -int32(u&1)
			dst[i] = float32(x)
			sum += int64(x) * int64(x)
			left -= high + 1 + k
			at += high + 1 + k
			i++
		}
	}
	return at <= end && end-at < 16 && shorten(dst, sum)
}
