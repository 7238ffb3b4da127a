package storage

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
)

// randomVector is a unit vector of normally distributed components; with a share, all but about that share of them are 0.
func randomVector(r *rand.Rand, share float64) []float32 {
	v := make([]float32, memory.Dim)
	sum := 0.0
	for i := range v {
		if r.Float64() < share {
			v[i] = float32(r.NormFloat64())
			sum += float64(v[i]) * float64(v[i])
		}
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// A code is short, has length 1, is near what was written, and tells of any byte that has changed.
func TestVectorCode(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 7))
	for name, tc := range map[string]struct {
		share float64
		bytes int // at most, on the mean
		least float64
	}{
		"normal":      {1, 385, .995},
		"half of it":  {.5, 330, .996},
		"sparse":      {.1, 160, .996},
		"few numbers": {.02, 60, .99},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 200
			sum := 0
			for range n {
				v := randomVector(r, tc.share)
				b := vectorCode(v)
				sum += len(b)
				got := codeValues(b)
				if got == nil {
					t.Fatal("what was written is no code")
				}
				if c := product(v, got); c < tc.least || math.Abs(product(got, got)-1) > 1e-5 {
					t.Fatalf("cosine %.4f with what was written, length %.6f", c, product(got, got))
				}
				q := randomVector(r, 1)
				if c, ok := codeCosine(b, q); !ok || math.Abs(float64(c)-product(q, got)) > 1e-5 {
					t.Fatalf("codeCosine = %v, %t; want %v", c, ok, product(q, got))
				}
				at := r.IntN(len(b))
				b[at] ^= 1 << r.IntN(8)
				if codeValues(b) != nil {
					t.Fatalf("byte %d of %d was changed unnoticed", at, len(b))
				}
			}
			if sum > n*tc.bytes {
				t.Errorf("%d bytes on the mean; want at most %d", sum/n, tc.bytes)
			}
		})
	}
	for i := range memory.Dim {
		if got := codeValues(vectorCode(unit(i))); got == nil || got[i] != 1 {
			t.Fatalf("the axis %d is not itself: %v", i, got)
		}
	}
}

// Many codes at once are what each is alone, damaged ones among them, however many there are.
func TestCodeCosines(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{0, 1, 2, 7, 8, 9, 15, 16, 17, 50} {
		var buf []byte
		var codes []vector.Code
		var damaged []bool
		for i := range n {
			b := vectorCode(randomVector(r, []float64{1, .5, .1, .02}[i%4]))
			bad := i%5 == 3
			if bad { // as one that a wrong writer made would be: its checksum is right
				b[codeHead+8+r.IntN(len(b)-codeHead-8)] ^= 1 << r.IntN(8)
				if i%2 == 0 {
					binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
				}
			}
			codes, damaged = append(codes, vector.Code{Start: int32(len(buf)), Size: int32(len(b))}), append(damaged, bad)
			buf = append(buf, b...)
		}
		q := randomVector(r, 1)
		got := make([]float32, n)
		codeCosines(buf, codes, q, func(i int, cosine float32, ok bool) {
			if ok {
				got[i] = cosine
			}
		})
		for i, c := range codes {
			want, ok := codeCosine(buf[c.Start:c.Start+c.Size], q)
			if ok == damaged[i] || math.Abs(float64(got[i]-want)) > 1e-6 {
				t.Errorf("of %d, code %d: %v; alone %v, %t", n, i, got[i], want, ok)
			}
		}
	}
}

// The distributions are part of the format: codes of older versions are read by them.
func TestDistributions(t *testing.T) {
	var b bytes.Buffer
	for i := range distributions() {
		sum := uint32(0)
		for _, f := range distributions()[i].frequency {
			b.Write([]byte{byte(f), byte(f >> 8)})
			sum += f
		}
		if sum != 1<<codeBits {
			t.Errorf("distribution %d adds up to %d", i, sum)
		}
	}
	if got := crc32.ChecksumIEEE(b.Bytes()); got != 0x195c38a8 {
		t.Errorf("the distributions have the checksum %#x", got)
	}
}

// FuzzVectorCode: whatever is read, nothing panics, and what is a code has length 1. The checksum is made to fit, so that
// what is behind it is read.
func FuzzVectorCode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, share := range []float64{1, .3, .01} {
		f.Add(vectorCode(randomVector(r, share))[4:])
	}
	f.Add(make([]byte, codeHead+8))
	f.Fuzz(func(t *testing.T, rest []byte) {
		b := append(make([]byte, 4, 4+len(rest)), rest...)
		sum := crc32.Checksum(rest, castagnoli)
		b[0], b[1], b[2], b[3] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
		if v := codeValues(b); v != nil && math.Abs(product(v, v)-1) > 1e-4 {
			t.Errorf("the length is %v", product(v, v))
		}
	})
}
